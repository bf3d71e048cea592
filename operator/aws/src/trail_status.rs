//! The answer of GetTrailStatus.

use aws_sdk_cloudtrail::{operation::get_trail_status::GetTrailStatusOutput, primitives::DateTime};
use jiff::Timestamp;
use trail_operator_reconcile::aws::TrailStatus;

pub(crate) fn trail_status(answer: GetTrailStatusOutput) -> TrailStatus {
    let error = |error: Option<String>| error.filter(|error| !error.is_empty());
    TrailStatus {
        is_logging: answer.is_logging.unwrap_or_default(),
        start_logging_time: time(answer.start_logging_time),
        latest_delivery_time: time(answer.latest_delivery_time),
        latest_delivery_error: error(answer.latest_delivery_error),
        latest_digest_delivery_time: time(answer.latest_digest_delivery_time),
        latest_digest_delivery_error: error(answer.latest_digest_delivery_error),
        latest_cloud_watch_logs_delivery_time: time(answer.latest_cloud_watch_logs_delivery_time),
        latest_cloud_watch_logs_delivery_error: error(answer.latest_cloud_watch_logs_delivery_error),
        latest_notification_time: time(answer.latest_notification_time),
        latest_notification_error: error(answer.latest_notification_error),
    }
}

pub(crate) fn time(time: Option<DateTime>) -> Option<Timestamp> {
    let time = time?;
    Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?).ok()
}
