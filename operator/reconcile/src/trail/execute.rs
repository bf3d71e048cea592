//! Step 4, execute: makes the changes in order and says what really happened. Decides nothing.
//!
//! Never cut half-way: each call has its own time-out, the sequence has none.

use std::collections::BTreeMap;

use trail_operator_crds::OWNER_TAG;

use super::{Change, Input};
use crate::{aws::CloudTrail, aws_error::AwsError};

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Made, in order.
    pub done: Vec<Change>,
    /// The one that failed; those after it were not tried.
    pub failed: Option<Failure>,
}

/// A change that AWS did not make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which.
    pub change: Change,
    /// Why.
    pub error: AwsError,
}

/// Makes the changes until one fails.
pub async fn execute<A: CloudTrail>(api: &A, input: &Input, changes: Vec<Change>) -> Applied {
    let mut applied = Applied::default();
    for change in changes {
        match make(api, input, &change).await {
            Ok(()) => {
                tracing::info!(operation = change.operation(), arn = %input.arn, "changed AWS");
                applied.done.push(change);
            }
            Err(error) => {
                tracing::warn!(operation = change.operation(), arn = %input.arn, %error, "AWS did not change");
                applied.failed = Some(Failure { change, error });
                break;
            }
        }
    }
    applied
}

async fn make<A: CloudTrail>(api: &A, input: &Input, change: &Change) -> Result<(), AwsError> {
    let owner_tag = || BTreeMap::from([(OWNER_TAG.to_owned(), input.owner.clone())]);
    let arn = &input.arn;
    match change {
        Change::CreateTrail(settings) => {
            let created = api.create_trail(&input.trail_name, settings, &owner_tag()).await?;
            in_the_right_place(input, &created)
        }
        Change::RestoreOwnerTag => api.add_tags(arn, &owner_tag()).await,
        Change::UpdateTrail(_, update) => api.update_trail(arn, update).await,
        Change::StartLogging => api.start_logging(arn).await,
        Change::StopLogging => api.stop_logging(arn).await,
        Change::RemoveOwnerTag => api.remove_tags(arn, &owner_tag()).await,
        Change::DeleteTrail => api.delete_trail(arn).await,
    }
}

/// CreateTrail says where it made the trail. Elsewhere than meant is nothing to go on from.
fn in_the_right_place(input: &Input, created: &str) -> Result<(), AwsError> {
    if created == input.arn {
        return Ok(());
    }
    tracing::error!(arn = %input.arn, created, "a trail was created in another place than meant");
    let message = format!("{created} was created instead of {}", input.arn);
    Err(AwsError { operation: "CreateTrail", code: "UnexpectedTrailArn".into(), message })
}
