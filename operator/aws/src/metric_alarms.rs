//! Alarms of CloudWatch (`cloudtrail.md` 6.1).

use std::{sync::Arc, time::Duration};

use aws_sdk_cloudwatch::types::{AlarmType, Tag};
use trail_operator_reconcile::{
    aws::{AlarmDescription, AlarmSettings, Alarms, Tags},
    aws_error::AwsError,
};

use crate::{
    AlarmsInRegion,
    account_in_region::{change, send},
    alarm_settings::{alarm_description, put_metric_alarm},
    error::aws_error,
};

/// The most that AWS tells at once.
const PER_PAGE: i32 = 100;
/// An account has 5000 alarms in a Region unless AWS grants it more; more pages than this are no answer.
const MAX_PAGES: usize = 500;

impl Alarms for AlarmsInRegion {
    async fn describe_alarms(&self, max_age: Duration) -> Result<Arc<Vec<AlarmDescription>>, AwsError> {
        self.alarms().get(&(), max_age, || async { list(self).await.map(Arc::new) }).await
    }

    async fn list_tags(&self, alarm_arn: &str, max_age: Duration) -> Result<Tags, AwsError> {
        let read = || async {
            let request = self.cloudwatch().client.list_tags_for_resource().resource_arn(alarm_arn);
            let answer = send!(self.cloudwatch(), Read, "ListTagsForResource", request)?;
            Ok(answer.tags.unwrap_or_default().into_iter().map(pair).collect())
        };
        self.tags().get(&name(alarm_arn), max_age, read).await
    }

    async fn put_metric_alarm(&self, settings: &AlarmSettings, tags: &Tags) -> Result<(), AwsError> {
        let tags = (!tags.is_empty()).then(|| sdk_tags(tags));
        let request = put_metric_alarm(&self.cloudwatch().client, settings).set_tags(tags);
        let outdate = || outdate(self, &settings.alarm_name);
        change!(self.cloudwatch(), Write, "PutMetricAlarm", request, outdate()).map(drop)
    }

    async fn tag_alarm(&self, alarm_arn: &str, tags: &Tags) -> Result<(), AwsError> {
        let request =
            self.cloudwatch().client.tag_resource().resource_arn(alarm_arn).set_tags(Some(sdk_tags(tags)));
        let outdate = || self.tags().outdate(&name(alarm_arn));
        change!(self.cloudwatch(), Write, "TagResource", request, outdate()).map(drop)
    }

    async fn untag_alarm(&self, alarm_arn: &str, keys: &[String]) -> Result<(), AwsError> {
        let request = self
            .cloudwatch()
            .client
            .untag_resource()
            .resource_arn(alarm_arn)
            .set_tag_keys(Some(keys.to_vec()));
        let outdate = || self.tags().outdate(&name(alarm_arn));
        change!(self.cloudwatch(), Write, "UntagResource", request, outdate()).map(drop)
    }

    async fn delete_alarm(&self, alarm_name: &str) -> Result<(), AwsError> {
        let request = self.cloudwatch().client.delete_alarms().alarm_names(alarm_name);
        let outdate = || outdate(self, alarm_name);
        change!(self.cloudwatch(), Write, "DeleteAlarms", request, outdate()).map(drop)
    }
}

async fn list(here: &AlarmsInRegion) -> Result<Vec<AlarmDescription>, AwsError> {
    let mut alarms = Vec::new();
    let mut page = None;
    for _ in 0..MAX_PAGES {
        let request = here
            .cloudwatch()
            .client
            .describe_alarms()
            .alarm_types(AlarmType::MetricAlarm)
            .max_records(PER_PAGE)
            .set_next_token(page);
        let answer = send!(here.cloudwatch(), Read, "DescribeAlarms", request)?;
        alarms.extend(answer.metric_alarms.unwrap_or_default().into_iter().map(alarm_description));
        page = answer.next_token.filter(|token| !token.is_empty());
        if page.is_none() {
            return Ok(alarms);
        }
    }
    Err(AwsError::new("DescribeAlarms", "EndlessPages", format!("more than {MAX_PAGES} pages of alarms")))
}

/// An alarm that is made or deleted changes the list, and tags come and go with it.
fn outdate(here: &AlarmsInRegion, alarm_name: &str) {
    here.alarms().outdate(&());
    here.tags().outdate(&alarm_name.to_owned());
}

/// Of `arn:aws:cloudwatch:us-east-1:111122223333:alarm:NAME`; a name may have colons.
fn name(alarm_arn: &str) -> String {
    alarm_arn.splitn(7, ':').last().unwrap_or_default().to_owned()
}

/// A value may be empty, but not absent.
fn sdk_tags(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

fn pair(tag: Tag) -> (String, String) {
    (tag.key.unwrap_or_default(), tag.value.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        alarm_settings::example,
        fake::{self, Log, Request, Response},
    };

    const ARN: &str = "arn:aws:cloudwatch:us-east-1:111122223333:alarm:root: usage";
    const OTHER: &str = "arn:aws:cloudwatch:us-east-1:111122223333:alarm:other";
    const HOUR: Duration = Duration::from_hours(1);

    fn here(log: &Log, answer: impl Fn(&Request) -> Response + Send + Sync + 'static) -> AlarmsInRegion {
        fake::account(log, move |request| Some(answer(request))).alarms("us-east-1")
    }

    fn nothing(_: &Request) -> Response {
        Response::cbor(&json!({}))
    }

    #[tokio::test(start_paused = true)]
    async fn an_alarm_that_is_put_is_an_alarm_that_is_read() {
        let log = Log::default();
        let kept = Mutex::new(Value::Null);
        let here = here(&log, move |request| match request.operation.as_str() {
            "PutMetricAlarm" => {
                *kept.lock() = request.body.clone();
                nothing(request)
            }
            _ => Response::cbor(&json!({"MetricAlarms": [*kept.lock()]})),
        });
        let silent =
            AlarmSettings { actions_enabled: false, alarm_actions: vec![], threshold: 0.5, ..example() };
        for settings in [example(), silent] {
            here.put_metric_alarm(&settings, &Tags::new()).await.unwrap();
            let [alarm] = &here.describe_alarms(HOUR).await.unwrap()[..] else { panic!() };
            assert_eq!(alarm.settings, settings);
            assert!(alarm.others.is_empty(), "{:?}", alarm.others);
        }
        let uri = &log.requests()[0].uri;
        assert!(uri.starts_with("https://monitoring.us-east-1.amazonaws.com/service/"), "{uri}");
        assert_eq!(log.told()[0], "cloudwatch PutMetricAlarm OK");
    }

    #[tokio::test(start_paused = true)]
    async fn everything_is_sent_and_tags_where_there_are_any() {
        let log = Log::default();
        let here = here(&log, nothing);
        let settings = AlarmSettings { actions_enabled: false, alarm_actions: vec![], ..example() };
        let tags = Tags::from([("a".to_owned(), "1".to_owned()), ("b".to_owned(), String::new())]);
        here.put_metric_alarm(&settings, &tags).await.unwrap();
        here.put_metric_alarm(&settings, &Tags::new()).await.unwrap();
        let mut expected = json!({
            "AlarmName": "root: usage", "AlarmDescription": "", "ActionsEnabled": false, "AlarmActions": [],
            "OKActions": [], "InsufficientDataActions": [], "Namespace": "Security", "MetricName": "RootUsage",
            "Statistic": "Sum", "Period": 300, "EvaluationPeriods": 1, "DatapointsToAlarm": 1, "Threshold": 1.0,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold", "TreatMissingData": "notBreaching",
        });
        assert_eq!(log.requests()[1].body, expected);
        expected["Tags"] = json!([{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}]);
        assert_eq!(log.requests()[0].body, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn alarms_are_put_together_from_all_pages() {
        let log = Log::default();
        let here = here(&log, |request| {
            let last = request.body["NextToken"] == "more";
            let (name, token) = if last { ("b", "") } else { ("a", "more") };
            Response::cbor(&json!({"MetricAlarms": [{"AlarmName": name}], "NextToken": token}))
        });
        let alarms = here.describe_alarms(HOUR).await.unwrap();
        let names: Vec<_> = alarms.iter().map(|alarm| alarm.settings.alarm_name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        let bodies: Vec<_> = log.requests().into_iter().map(|request| request.body).collect();
        let expected = [
            json!({"AlarmTypes": ["MetricAlarm"], "MaxRecords": 100}),
            json!({"AlarmTypes": ["MetricAlarm"], "MaxRecords": 100, "NextToken": "more"}),
        ];
        assert_eq!(bodies, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn pages_without_end_are_no_answer() {
        let log = Log::default();
        let here = here(&log, |_| Response::cbor(&json!({"NextToken": "more"})));
        assert_eq!(here.describe_alarms(HOUR).await.unwrap_err().code, "EndlessPages");
        assert_eq!(log.requests().len(), MAX_PAGES);
    }

    #[tokio::test(start_paused = true)]
    async fn alarms_are_read_once_for_all_and_anew_after_each_write_even_a_failed_one() {
        let log = Log::default();
        let account = fake::account(&log, |request| {
            Some(match request.operation.as_str() {
                "DeleteAlarms" => Response::cbor_error("ResourceNotFound"),
                _ => nothing(request),
            })
        });
        let here = account.alarms("us-east-1");
        let read = async || account.alarms("us-east-1").describe_alarms(HOUR).await.unwrap();
        read().await;
        read().await;
        here.put_metric_alarm(&example(), &Tags::new()).await.unwrap();
        read().await;
        assert_eq!(here.delete_alarm("root: usage").await.unwrap_err().code, "ResourceNotFound");
        read().await;
        here.tag_alarm(ARN, &Tags::new()).await.unwrap();
        read().await;
        let expected = [
            "DescribeAlarms",
            "PutMetricAlarm",
            "DescribeAlarms",
            "DeleteAlarms",
            "DescribeAlarms",
            "TagResource",
        ];
        assert_eq!(log.operations(), expected);
        assert_eq!(log.requests()[3].body, json!({"AlarmNames": ["root: usage"]}));
    }

    #[tokio::test(start_paused = true)]
    async fn tags_of_an_alarm_are_read_anew_after_each_write_to_it() {
        let log = Log::default();
        let here = here(&log, |request| match request.operation.as_str() {
            "ListTagsForResource" => Response::cbor(&json!({"Tags": [{"Key": "a", "Value": "1"}]})),
            _ => nothing(request),
        });
        let tags = Tags::from([("a".to_owned(), "1".to_owned())]);
        let read = async || {
            for arn in [ARN, OTHER] {
                assert_eq!(here.list_tags(arn, HOUR).await.as_ref(), Ok(&tags));
            }
        };
        read().await;
        read().await;
        here.tag_alarm(ARN, &tags).await.unwrap();
        read().await;
        here.untag_alarm(ARN, &["b".to_owned()]).await.unwrap();
        read().await;
        here.put_metric_alarm(&example(), &tags).await.unwrap();
        read().await;
        here.delete_alarm("root: usage").await.unwrap();
        read().await;
        let reads = log.requests().into_iter().filter(|request| request.operation == "ListTagsForResource");
        let asked: Vec<_> = reads.map(|request| request.body["ResourceARN"].clone()).collect();
        assert_eq!(asked, [ARN, OTHER, ARN, ARN, ARN, ARN]);
        let tag = json!({"ResourceARN": ARN, "Tags": [{"Key": "a", "Value": "1"}]});
        let untag = json!({"ResourceARN": ARN, "TagKeys": ["b"]});
        assert_eq!([&log.requests()[2].body, &log.requests()[4].body], [&tag, &untag]);
    }

    #[tokio::test(start_paused = true)]
    async fn throttling_of_alarms_does_not_pause_metric_filters() {
        use trail_operator_reconcile::aws::MetricFilters as _;

        let log = Log::default();
        let here = here(&log, |request| match request.operation.as_str() {
            "DescribeAlarms" => Response::cbor_error("Throttling"),
            _ => Response::json(&json!({})),
        });
        let error = here.describe_alarms(HOUR).await.unwrap_err();
        assert!(error.code == "Throttling" && error.retry_after.is_some(), "{error:?}");
        assert_eq!(here.delete_alarm("root: usage").await.unwrap_err().code, "NotBefore");
        here.describe_metric_filters("audit", HOUR).await.unwrap();
        assert_eq!(log.operations(), ["DescribeAlarms", "DescribeMetricFilters"]);
    }
}
