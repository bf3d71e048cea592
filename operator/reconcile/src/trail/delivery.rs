//! What `GetTrailStatus` says about logging and delivery, as a condition and as status. Pure.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use trail_operator_crds::{LoggingStatus, condition};

use crate::{
    aws::{TrailSettings, TrailStatus},
    conditions::{Fact, Status, whole_seconds},
    reason::Reason,
};

/// Times in status follow AWS at most this often, unless something else is written anyway.
const REFRESH: SignedDuration = SignedDuration::from_hours(1);

/// CloudTrail's word for a failure is an error code; more than this of it is none.
const MAX_ERROR: usize = 128;

/// The `Logging` condition.
///
/// Errors count only where delivery is declared: one of a topic that was taken off would never be followed by a success.
pub fn logging(status: &TrailStatus, settings: &TrailSettings, declared: bool) -> Fact {
    let fact = |status, reason, message: String| Fact::new(condition::LOGGING, status, reason, message);
    if !status.is_logging {
        let message =
            if declared { "logging is switched off in AWS" } else { "logging is switched off, as declared" };
        return fact(Status::False, Reason::Stopped, message.into());
    }
    if let Some(failure) = failure(status, settings) {
        return fact(Status::False, Reason::DeliveryFailing, failure);
    }
    if status.latest_delivery_time.is_none() {
        return fact(
            Status::Unknown,
            Reason::AwaitingFirstDelivery,
            "CloudTrail is on and has not delivered a log file yet; the first takes some minutes after the first event"
                .into(),
        );
    }
    fact(Status::True, Reason::Delivering, "CloudTrail is on and delivers".into())
}

/// The first destination that CloudTrail says it cannot reach, in CloudTrail's own word.
fn failure(status: &TrailStatus, settings: &TrailSettings) -> Option<String> {
    let events = !settings.cloud_watch_logs_log_group_arn.is_empty();
    let notifications = !settings.sns_topic_arn.is_empty();
    [
        (true, "log files to the bucket", &status.latest_delivery_error),
        (
            settings.enable_log_file_validation,
            "digest files to the bucket",
            &status.latest_digest_delivery_error,
        ),
        (events, "events to the log group", &status.latest_cloud_watch_logs_delivery_error),
        (notifications, "notifications to the topic", &status.latest_notification_error),
    ]
    .into_iter()
    .find_map(|(declared, what, error)| {
        let error: String = error.as_deref().filter(|_| declared)?.chars().take(MAX_ERROR).collect();
        (!error.is_empty()).then(|| format!("CloudTrail cannot deliver {what}: {error}"))
    })
}

/// `status.logging` as AWS says.
pub fn logging_status(status: &TrailStatus) -> LoggingStatus {
    let time = |time: Option<Timestamp>| time.map(|time| Time(whole_seconds(time)));
    LoggingStatus {
        is_logging: status.is_logging,
        start_logging_time: time(status.start_logging_time),
        latest_delivery_time: time(status.latest_delivery_time),
        latest_digest_delivery_time: time(status.latest_digest_delivery_time),
        latest_cloud_watch_logs_delivery_time: time(status.latest_cloud_watch_logs_delivery_time),
        latest_notification_time: time(status.latest_notification_time),
    }
}

/// Whether the new figures say something that the old ones do not: anything but times that moved a little.
pub fn worth_writing(old: Option<&LoggingStatus>, new: &LoggingStatus) -> bool {
    let Some(old) = old else { return true };
    let times = |status: &LoggingStatus| {
        [
            status.latest_delivery_time.clone(),
            status.latest_digest_delivery_time.clone(),
            status.latest_cloud_watch_logs_delivery_time.clone(),
            status.latest_notification_time.clone(),
        ]
    };
    let stale = times(old).into_iter().zip(times(new)).any(|(old, new)| match (old, new) {
        (Some(old), Some(new)) => new.0.duration_since(old.0).abs() >= REFRESH,
        (None, None) => false,
        _ => true,
    });
    stale || old.is_logging != new.is_logging || old.start_logging_time != new.start_logging_time
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Option<Timestamp> {
        Timestamp::from_second(1_800_000_000 + second).ok()
    }

    fn delivering() -> TrailStatus {
        TrailStatus {
            is_logging: true,
            start_logging_time: at(0),
            latest_delivery_time: at(300),
            ..TrailStatus::default()
        }
    }

    #[test]
    fn logging_is_true_only_when_on_and_delivering() {
        let off = TrailStatus { is_logging: false, ..delivering() };
        let new = TrailStatus { latest_delivery_time: None, ..delivering() };
        let failing =
            TrailStatus { latest_digest_delivery_error: Some("AccessDenied".into()), ..delivering() };
        for (status, expected, reason) in [
            (delivering(), Status::True, Reason::Delivering),
            (off, Status::False, Reason::Stopped),
            (new, Status::Unknown, Reason::AwaitingFirstDelivery),
            (failing.clone(), Status::False, Reason::DeliveryFailing),
        ] {
            let fact = logging(&status, &settings(), true);
            assert_eq!((fact.status, fact.reason), (expected, reason), "{status:?}");
        }
        assert!(
            logging(&failing, &settings(), true).message.contains("digest files to the bucket: AccessDenied")
        );
    }

    fn settings() -> TrailSettings {
        TrailSettings { enable_log_file_validation: true, ..TrailSettings::default() }
    }

    #[test]
    fn what_is_not_to_be_delivered_cannot_fail() {
        let leftover = TrailStatus { latest_notification_error: Some("NotFound".into()), ..delivering() };
        assert_eq!(logging(&leftover, &settings(), true).reason, Reason::Delivering);
        let declared = TrailSettings { sns_topic_arn: "topic".into(), ..settings() };
        assert_eq!(logging(&leftover, &declared, true).reason, Reason::DeliveryFailing);
    }

    #[test]
    fn times_are_written_once_an_hour_and_everything_else_at_once() {
        let old = logging_status(&delivering());
        let later =
            |second| logging_status(&TrailStatus { latest_delivery_time: at(second), ..delivering() });
        assert!(!worth_writing(Some(&old), &old));
        assert!(!worth_writing(Some(&old), &later(300 + 3599)));
        assert!(worth_writing(Some(&old), &later(300 + 3600)));
        let first_digest = TrailStatus { latest_digest_delivery_time: at(1), ..delivering() };
        assert!(worth_writing(Some(&old), &logging_status(&first_digest)));
        let restarted = TrailStatus { start_logging_time: at(9), ..delivering() };
        assert!(worth_writing(Some(&old), &logging_status(&restarted)));
        assert!(worth_writing(None, &old));
    }
}
