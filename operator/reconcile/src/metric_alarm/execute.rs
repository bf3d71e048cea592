//! Step 4, execute: makes the changes in order. Decides nothing.

use std::collections::BTreeMap;

use trail_operator_crds::{AlarmPlace, OWNER_TAG};

use super::Change;
use crate::{aws::Alarming, aws_error::AwsError};

/// What was really done, also where it stopped half-way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Applied {
    /// Made, in this order.
    pub done: Vec<Change>,
    /// The one that was not, and why. Those after it were not tried.
    pub failed: Option<(Change, AwsError)>,
}

/// Makes the changes in this place and for this owner, up to the first that fails: an alarm without its filter, or half a change of names, helps nobody.
pub async fn execute<A: Alarming>(api: &A, place: &AlarmPlace, owner: &str, changes: Vec<Change>) -> Applied {
    let mut applied = Applied::default();
    for change in changes {
        match make(api, place, owner, &change).await {
            Ok(()) => applied.done.push(change),
            Err(error) => {
                applied.failed = Some((change, error));
                break;
            }
        }
    }
    applied
}

async fn make<A: Alarming>(
    api: &A,
    place: &AlarmPlace,
    owner: &str,
    change: &Change,
) -> Result<(), AwsError> {
    let arn = trail_operator_domain::arn::alarm(&place.region, &place.account_id, &place.alarm_name);
    match change {
        Change::PutMetricFilter(_, filter) => api.put_metric_filter(&place.log_group_name, filter).await,
        Change::PutMetricAlarm(_, settings, tags) => api.put_metric_alarm(settings, tags).await,
        Change::MarkOwner(..) => {
            api.tag_alarm(&arn, &BTreeMap::from([(OWNER_TAG.to_owned(), owner.to_owned())])).await
        }
        Change::TagResource(_, tags) => api.tag_alarm(&arn, tags).await,
        Change::UntagResource(_, keys) => api.untag_alarm(&arn, keys).await,
        Change::RemoveOwnerTag => gone(api.untag_alarm(&arn, &[OWNER_TAG.to_owned()]).await),
        Change::DeleteAlarm(place) => gone(api.delete_alarm(&place.alarm_name).await),
        Change::DeleteMetricFilter(place) => {
            gone(api.delete_metric_filter(&place.log_group_name, &place.filter_name).await)
        }
    }
}

/// What is not there need not be deleted.
fn gone(result: Result<(), AwsError>) -> Result<(), AwsError> {
    result.or_else(|error| match error.code.as_str() {
        "ResourceNotFound" | "ResourceNotFoundException" => Ok(()),
        _ => Err(error),
    })
}
