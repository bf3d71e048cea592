//! What `CloudTrail` itself says of the digests of a trail in one Region.

use aws_sdk_cloudtrail::operation::get_trail_status::GetTrailStatusOutput;
use trail_operator_integrity::Delivery;
use trail_operator_reconcile::aws_error::AwsError;

use crate::{AccountInRegion, account_in_region::send, error::aws_error, trail_status::time};

impl AccountInRegion {
    /// When the latest digest was delivered here, and when logging was stopped if it is.
    ///
    /// # Errors
    /// What AWS answers, as for every call.
    pub async fn digest_delivery(&self, arn: &str) -> Result<Delivery, AwsError> {
        send!(self, Read, "GetTrailStatus", self.client().get_trail_status().name(arn))
            .map(|answer| delivery(&answer))
    }
}

fn delivery(answer: &GetTrailStatusOutput) -> Delivery {
    let stopped = answer.stop_logging_time.filter(|_| answer.is_logging != Some(true));
    Delivery { latest_digest: time(answer.latest_digest_delivery_time), stopped: time(stopped) }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::fake::{self, Log, Response};

    #[tokio::test(start_paused = true)]
    async fn a_trail_that_logs_again_is_not_stopped() {
        for (is_logging, stopped) in [(true, None), (false, Some(1_700_000_000))] {
            let log = Log::default();
            let account = fake::account(&log, move |_| {
                Some(Response::json(&json!({
                    "IsLogging": is_logging, "StopLoggingTime": 1_700_000_000, "LatestDigestDeliveryTime": 1_600_000_000,
                })))
            });
            let delivery = account.cloud_trail("eu-west-1").digest_delivery("arn").await.unwrap();
            let time = |second| Timestamp::from_second(second).unwrap();
            assert_eq!(
                delivery,
                Delivery { latest_digest: Some(time(1_600_000_000)), stopped: stopped.map(time) }
            );
        }
    }
}
