//! Step 2, observe: what AWS says of the trail now. Reads AWS, judges nothing.
//!
//! `DescribeTrails` without names, since a name finds a trail only in its home Region, while a shadow of the same name
//! matters too (`cloudtrail.md` 1.3).

use std::collections::BTreeMap;

use trail_operator_crds::OWNER_TAG;

use super::Input;
use crate::{
    aws::{CloudTrail, TrailDescription, TrailStatus},
    aws_error::AwsError,
};

/// What AWS has under the name of the trail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// The trail with the declared ARN.
    pub trail: Option<ObservedTrail>,
    /// Home Region of another trail of that name which is visible here: one homed elsewhere, or an organization's.
    pub namesake: Option<String>,
}

/// The trail itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedTrail {
    /// Settings.
    pub description: TrailDescription,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Logging and delivery in the home Region.
    pub status: TrailStatus,
}

impl ObservedTrail {
    /// Value of the owner tag.
    pub fn owner(&self) -> Option<&str> {
        self.tags.get(OWNER_TAG).map(String::as_str)
    }
}

/// Asks AWS: one call when there is no trail, three when there is.
///
/// # Errors
/// The first call's that fails.
pub async fn observe<A: CloudTrail>(api: &A, input: &Input) -> Result<Observed, AwsError> {
    let trails = api.describe_trails().await?;
    let namesake = trails
        .iter()
        .find(|trail| trail.name == input.trail_name && trail.arn != input.arn)
        .map(|trail| trail.home_region.clone());
    let Some(description) = trails.into_iter().find(|trail| trail.arn == input.arn) else {
        return Ok(Observed { trail: None, namesake });
    };
    let tags = api.list_tags(&input.arn).await?;
    let status = api.get_trail_status(&input.arn).await?;
    Ok(Observed { trail: Some(ObservedTrail { description, tags, status }), namesake })
}
