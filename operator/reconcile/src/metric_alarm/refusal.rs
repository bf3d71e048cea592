//! What AWS's refusals mean for a filter, an alarm and a topic: what can be done, and the sentence. Pure.
//!
//! Sources: `cloudtrail.md` 5.1 (CloudWatch Logs), 6.1 (CloudWatch). What is not of theirs alone is judged as for every call.

use super::Input;
use crate::{
    aws_error::{AwsError, Class},
    reason::Reason,
};

/// What can be done about it, why, and what to tell.
pub(super) fn judge(error: &AwsError, input: &Input) -> (Class, Reason, String) {
    let place = &input.place;
    let (account, region) = (&place.account_id, &place.region);
    let own = match (error.operation, error.code.as_str()) {
        (_, "ResourceNotFoundException") => Some((
            Class::Wait,
            Reason::LogGroupUnusable,
            format!(
                "there is no log group '{}' in account {account} and {region}; make it, so that the Trail can send events there",
                place.log_group_name
            ),
        )),
        ("PutMetricFilter", "LimitExceededException") => Some((
            Class::Wait,
            Reason::QuotaExceeded,
            format!(
                "log group '{}' has as many metric filters as AWS takes (100), and it raises that for nobody; delete some, or put several patterns into one filter",
                place.log_group_name
            ),
        )),
        ("PutMetricAlarm", "LimitExceeded" | "LimitExceededFault") => Some((
            Class::Wait,
            Reason::QuotaExceeded,
            format!("account {account} has as many alarms in {region} as AWS lets it; delete some, or have the quota raised"),
        )),
        ("PutMetricFilter", "InvalidParameterException") => Some((
            Class::Reject,
            Reason::InvalidPattern,
            "CloudWatch Logs does not take the filter: most likely its pattern; `kubectl cloudtrail pattern test --aws` asks for its own words".into(),
        )),
        ("PutMetricFilter", "InvalidOperationException") => Some((
            Class::Wait,
            Reason::LogGroupUnusable,
            format!(
                "log group '{}' takes no metric filters: only groups of log class Standard do; send the Trail's events to such a group",
                place.log_group_name
            ),
        )),
        (
            "PutMetricAlarm",
            "ValidationError" | "InvalidParameterValue" | "InvalidParameterCombination" | "MissingParameter",
        ) => Some((
            Class::Reject,
            Reason::InvalidConfiguration,
            "CloudWatch does not take the alarm; correct spec.alarm".into(),
        )),
        (operation, "AuthorizationError" | "AuthorizationErrorException") => Some((
            Class::Wait,
            Reason::AccessDenied,
            format!("the operator's identity may not call {operation} in account {account}; allow it (see docs/install.md)"),
        )),
        _ => None,
    };
    match own {
        Some((class, reason, sentence)) => (class, reason, format!("{}: {sentence}", error.code)),
        None => (error.class(), error.reason(), error.explain(&input.subject())),
    }
}
