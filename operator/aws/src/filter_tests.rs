//! What CloudWatch Logs itself says of a filter pattern, which needs no log group (`cloudtrail.md` 5.1).

use std::collections::BTreeSet;

use trail_operator_reconcile::aws_error::AwsError;

use crate::{AlarmsInRegion, account_in_region::send, error::aws_error};

impl AlarmsInRegion {
    /// The most messages that it takes at once.
    pub const MOST_MESSAGES: usize = 50;

    /// Which of these messages the pattern matches, by place from 0.
    ///
    /// # Errors
    /// What AWS answers, as for every call; `InvalidParameterException` where it takes the pattern for none.
    pub async fn test_metric_filter(
        &self,
        pattern: &str,
        messages: &[&str],
    ) -> Result<BTreeSet<usize>, AwsError> {
        let messages: Vec<_> = messages.iter().map(|message| (*message).to_owned()).collect();
        let count = messages.len();
        let request = self
            .logs()
            .client
            .test_metric_filter()
            .filter_pattern(pattern)
            .set_log_event_messages(Some(messages));
        let answer = send!(self.logs(), Read, "TestMetricFilter", request)?;
        let places = answer.matches.unwrap_or_default().into_iter().map(|found| {
            // AWS counts from 1.
            let place = usize::try_from(found.event_number - 1).ok().filter(|place| *place < count);
            place.ok_or_else(|| {
                let message = format!("the answer has a message {} of {count}", found.event_number);
                AwsError::new("TestMetricFilter", "ResponseError", message)
            })
        });
        places.collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::fake::{self, Log, Response};

    #[tokio::test(start_paused = true)]
    async fn messages_that_match_are_told_by_their_place() {
        let log = Log::default();
        let account = fake::account(&log, |_| {
            Some(Response::json(
                &json!({"matches": [{"eventNumber": 1, "eventMessage": "a"}, {"eventNumber": 3}]}),
            ))
        });
        let here = account.alarms("us-east-1");
        let matched = here.test_metric_filter("{ $.a = 1 }", &["a", "b", "c"]).await.unwrap();
        assert_eq!(matched.into_iter().collect::<Vec<_>>(), [0, 2]);
        let expected = json!({"filterPattern": "{ $.a = 1 }", "logEventMessages": ["a", "b", "c"]});
        assert_eq!(log.requests()[0].body, expected);
        assert_eq!(log.told(), ["logs TestMetricFilter OK"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_that_there_is_not_is_no_answer() {
        for number in [0, 2, -1] {
            let account = fake::account(&Log::default(), move |_| {
                Some(Response::json(&json!({"matches": [{"eventNumber": number}]})))
            });
            let error = account.alarms("us-east-1").test_metric_filter("", &["a"]).await.unwrap_err();
            assert_eq!(error.code, "ResponseError", "{number}");
        }
    }
}
