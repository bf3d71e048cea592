//! Step 2, observe: what AWS says of the trail now. Reads AWS, judges nothing.
//!
//! `DescribeTrails` without names, since a name finds a trail only in its home Region, while a shadow of the same name
//! matters too (`cloudtrail.md` 1.3); so one answer serves every trail of the account and Region.

use std::{collections::BTreeSet, time::Duration};

use trail_operator_crds::OWNER_TAG;
use trail_operator_domain::{arn, selectors::Selectors};

use super::{Freshness, Input, Recorded};
use crate::{
    aws::{Aws, Tags, TrailDescription, TrailSettings, TrailStatus},
    aws_error::{AwsError, Class},
};

/// What changes seldom and is dear to ask is asked anew after this.
const SLOW: Duration = Duration::from_hours(1);

/// What AWS has under the name of the trail, and of what the manifest points at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// The trail with the declared ARN.
    pub trail: Option<ObservedTrail>,
    /// Home Region of another trail of that name which is visible here: one homed elsewhere, or an organization's.
    pub namesake: Option<String>,
    /// ARN of the key that the manifest names; `None` when it names none, or the name could not be resolved.
    pub key_arn: Option<String>,
    /// Whether the declared bucket belongs to the account. `None` where that was not asked.
    pub bucket: Option<Result<(), AwsError>>,
    /// Answers that are missing.
    pub unread: Vec<AwsError>,
}

/// The trail itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedTrail {
    /// ARN.
    pub arn: String,
    /// `HomeRegion`
    pub home_region: String,
    /// Settings.
    pub settings: TrailSettings,
    /// Tags; `None` where they may not be read.
    pub tags: Option<Tags>,
    /// Selectors, Insights, aggregation.
    pub recorded: Recorded,
    /// Logging and delivery in the home Region.
    pub status: TrailStatus,
}

impl ObservedTrail {
    /// Value of the owner tag.
    pub fn owner(&self) -> Option<&str> {
        self.tags.as_ref()?.get(OWNER_TAG).map(String::as_str)
    }
}

impl Observed {
    /// An answer that is missing for a passing cause.
    pub fn unread_for_now(&self) -> Option<&AwsError> {
        let bucket = self.bucket.as_ref().and_then(|answer| answer.as_ref().err());
        self.unread.iter().chain(bucket).find(|error| error.class() == Class::Retry)
    }
}

/// Asks AWS. Where the trail is as it always was, most is answered by what was asked for its neighbours.
///
/// # Errors
/// When it cannot be learnt whether there is a trail, and whether it logs. Whatever else is missing is in `unread`.
pub async fn observe<A: Aws>(api: &A, input: &Input) -> Result<Observed, AwsError> {
    let (recent, slow) = match input.freshness {
        Freshness::AsUsual => (recent(input), SLOW),
        Freshness::AfterWrite => (Duration::ZERO, SLOW),
        Freshness::Requested => (Duration::ZERO, Duration::ZERO),
    };
    let trails = api.describe_trails(recent).await?;
    let found = trails.iter().find(|trail| is_the_trail(input, trail));
    let same_name = |trail: &&TrailDescription| trail.name == input.trail_name && Some(*trail) != found;
    let namesake = trails.iter().find(same_name).map(|trail| trail.home_region.clone());
    let mut unread = Vec::new();
    let trail = match found {
        Some(description) => Some(observe_trail(api, description, slow, &mut unread).await?),
        None => None,
    };
    let key_arn = key_arn(api, input, trail.as_ref(), slow, &mut unread).await;
    let bucket = bucket(api, input, trail.as_ref(), slow).await;
    Ok(Observed { trail, namesake, key_arn, bucket, unread })
}

/// An answer may be this old: short enough that nothing stays unseen for longer than the interval, long enough for
/// trails that are looked at together.
fn recent(input: &Input) -> Duration {
    let interval = Duration::from_secs(u64::try_from(input.interval_seconds).unwrap_or_default());
    (interval / 20).min(Duration::from_secs(10))
}

/// By ARN. An organization's trail carries the account of its management account, also where a delegated administrator
/// made it (`cloudtrail.md` 10.2).
fn is_the_trail(input: &Input, trail: &TrailDescription) -> bool {
    let of_the_organization = input.settings.is_organization_trail
        && trail.settings.is_organization_trail
        && trail.name == input.trail_name
        && trail.home_region == input.region;
    trail.arn == input.arn || of_the_organization
}

async fn observe_trail<A: Aws>(
    api: &A,
    description: &TrailDescription,
    slow: Duration,
    unread: &mut Vec<AwsError>,
) -> Result<ObservedTrail, AwsError> {
    let arn = &description.arn;
    let status = api.get_trail_status(arn).await?;
    // The two flags save a call each for every trail that has neither (`cloudtrail.md` 1.3).
    let selectors = if description.has_custom_event_selectors {
        noted(api.get_event_selectors(arn).await, unread)
    } else {
        Some(Selectors::Default)
    };
    let insights = if description.has_insight_selectors {
        noted(api.get_insight_selectors(arn).await, unread)
    } else {
        Some(<_>::default())
    };
    // AWS refuses templates on a trail without data events, so there are none to ask for.
    let aggregation = if selectors.as_ref().is_none_or(Selectors::record_data_events) {
        noted(api.get_event_configuration(arn, slow).await, unread)
    } else {
        Some(BTreeSet::new())
    };
    Ok(ObservedTrail {
        arn: arn.clone(),
        home_region: description.home_region.clone(),
        settings: description.settings.clone(),
        tags: description.tags.clone(),
        recorded: Recorded { selectors, insights, aggregation },
        status,
    })
}

fn noted<T>(answer: Result<T, AwsError>, unread: &mut Vec<AwsError>) -> Option<T> {
    answer.map_err(|error| unread.push(error)).ok()
}

/// What the declared name of the key stands for. Asked anew when AWS has another key, since the name may have been
/// given to that one.
async fn key_arn<A: Aws>(
    api: &A,
    input: &Input,
    trail: Option<&ObservedTrail>,
    slow: Duration,
    unread: &mut Vec<AwsError>,
) -> Option<String> {
    let name = &input.kms_key_id;
    if name.is_empty() {
        return None;
    }
    if arn::is_kms_key(name) {
        return Some(name.clone());
    }
    let known = api.describe_key(name, slow).await;
    let agrees = |key: &String| trail.is_none_or(|trail| trail.settings.kms_key_id == *key);
    if slow.is_zero() || known.as_ref().is_ok_and(agrees) {
        return noted(known, unread);
    }
    noted(api.describe_key(name, recent(input)).await, unread)
}

/// Asked before a trail is given a bucket, where the account does not name those that objects may point at: then it
/// must be the account's own.
async fn bucket<A: Aws>(
    api: &A,
    input: &Input,
    trail: Option<&ObservedTrail>,
    slow: Duration,
) -> Option<Result<(), AwsError>> {
    let is_there = trail.is_some_and(|trail| trail.settings.s3_bucket_name == input.settings.s3_bucket_name);
    if is_there || !input.allowed_resources.buckets.is_empty() {
        return None;
    }
    let answer = api.head_bucket(&input.settings.s3_bucket_name, &input.account_id, slow).await;
    // A bucket that was missing a moment ago may be there now.
    if answer.is_err() && !slow.is_zero() {
        return Some(api.head_bucket(&input.settings.s3_bucket_name, &input.account_id, recent(input)).await);
    }
    Some(answer)
}
