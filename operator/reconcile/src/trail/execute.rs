//! Step 4, execute: makes the changes in order and says what really happened. Decides nothing.
//!
//! Never cut half-way: each call has its own time-out, the sequence has none.

use std::collections::BTreeMap;

use trail_operator_crds::OWNER_TAG;
use trail_operator_domain::arn;

use super::{Change, Input, Mark};
use crate::{aws::CloudTrail, aws_error::AwsError};

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Made, in order.
    pub done: Vec<Change>,
    /// Those that failed; what needed them was not tried.
    pub failed: Vec<Failure>,
    /// ARN of the trail where it is another than was expected: that of an organization's trail.
    pub arn: Option<String>,
}

/// A change that AWS did not make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which.
    pub change: Change,
    /// Why.
    pub error: AwsError,
}

/// Makes the changes. One that fails takes along only what needs it, so that no refused setting keeps a trail silent.
pub async fn execute<A: CloudTrail>(api: &A, input: &Input, changes: Vec<Change>) -> Applied {
    let mut applied = Applied::default();
    let mut trail_arn = input.arn.clone();
    for change in changes {
        if applied.failed.iter().any(|failure| needs(&change, &failure.change)) {
            continue;
        }
        match make(api, input, &trail_arn, &change).await {
            Ok(made) => {
                tracing::info!(operation = change.operation(), arn = %trail_arn, "changed AWS");
                if let Some(made) = made.filter(|made| *made != trail_arn) {
                    trail_arn.clone_from(&made);
                    applied.arn = Some(made);
                }
                applied.done.push(change);
            }
            Err(error) => {
                tracing::warn!(operation = change.operation(), arn = %trail_arn, %error, "AWS did not change");
                applied.failed.push(Failure { change, error });
            }
        }
    }
    applied
}

/// Whether `change` makes sense only after `failed`.
fn needs(change: &Change, failed: &Change) -> bool {
    match failed {
        Change::CreateTrail(..) | Change::DeleteTrail | Change::MarkOwner(Mark::Adopted, _) => true,
        // Insights and aggregation come after the events they need, and go before them.
        Change::PutEventSelectors(..)
        | Change::PutInsightSelectors(..)
        | Change::PutEventConfiguration(..) => {
            matches!(
                change,
                Change::PutEventSelectors(..)
                    | Change::PutInsightSelectors(..)
                    | Change::PutEventConfiguration(..)
            )
        }
        // The second is what AWS takes only after the first.
        Change::UpdateTrail(..) => matches!(change, Change::UpdateTrail(..)),
        Change::StopLogging => matches!(change, Change::RemoveOwnerTag),
        _ => false,
    }
}

/// Makes one change. Gives the ARN of a trail that was made.
async fn make<A: CloudTrail>(
    api: &A,
    input: &Input,
    trail_arn: &str,
    change: &Change,
) -> Result<Option<String>, AwsError> {
    let owner_tag = || BTreeMap::from([(OWNER_TAG.to_owned(), input.owner.clone())]);
    let done = match change {
        Change::CreateTrail(settings, tags) => {
            let created = api.create_trail(&input.trail_name, settings, tags).await?;
            return in_the_right_place(input, created).map(Some);
        }
        Change::UpdateTrail(_, update) => api.update_trail(trail_arn, update).await,
        Change::PutEventSelectors(_, selectors) => api.put_event_selectors(trail_arn, selectors).await,
        Change::PutInsightSelectors(_, insights) => api.put_insight_selectors(trail_arn, insights).await,
        Change::PutEventConfiguration(_, templates) => {
            api.put_event_configuration(trail_arn, templates).await
        }
        Change::StartLogging => api.start_logging(trail_arn).await,
        Change::StopLogging => api.stop_logging(trail_arn).await,
        Change::MarkOwner(..) => api.add_tags(trail_arn, &owner_tag()).await,
        Change::AddTags(_, tags) => api.add_tags(trail_arn, tags).await,
        Change::RemoveTags(_, tags) => api.remove_tags(trail_arn, tags).await,
        Change::RemoveOwnerTag => api.remove_tags(trail_arn, &owner_tag()).await,
        Change::DeleteTrail => api.delete_trail(trail_arn).await,
    };
    done.map(|()| None)
}

/// CreateTrail says where it made the trail. Elsewhere than meant is nothing to go on from; only an organization's trail
/// belongs to the management account, whoever made it (`cloudtrail.md` 10.2).
fn in_the_right_place(input: &Input, created: String) -> Result<String, AwsError> {
    let of_the_organization = input.settings.is_organization_trail
        && arn::account(&created)
            .is_some_and(|account| arn::trail(&input.region, account, &input.trail_name) == created);
    if created == input.arn || of_the_organization {
        return Ok(created);
    }
    tracing::error!(arn = %input.arn, created, "a trail was created in another place than meant");
    let message = format!("{created} was created instead of {}", input.arn);
    Err(AwsError::new("CreateTrail", "UnexpectedTrailArn", message))
}
