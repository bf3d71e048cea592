//! Metric filters of CloudWatch Logs (`cloudtrail.md` 5.1).

use std::{sync::Arc, time::Duration};

use aws_sdk_cloudwatchlogs::{
    error::BuildError,
    types::{self as sdk, MetricTransformation, StandardUnit},
};
use trail_operator_reconcile::{
    aws::{MetricFilter, MetricFilters},
    aws_error::AwsError,
};

use crate::{
    AlarmsInRegion,
    account_in_region::{change, send},
    error::{aws_error, not_built},
};

/// The most that AWS tells at once.
const PER_PAGE: i32 = 50;
/// A log group has at most a hundred filters; more pages than this are no answer.
const MAX_PAGES: usize = 10;

impl MetricFilters for AlarmsInRegion {
    async fn describe_metric_filters(
        &self,
        log_group: &str,
        max_age: Duration,
    ) -> Result<Arc<Vec<MetricFilter>>, AwsError> {
        let read = || async { list(self, log_group).await.map(Arc::new) };
        self.metric_filters().get(&log_group.to_owned(), max_age, read).await
    }

    async fn put_metric_filter(&self, log_group: &str, filter: &MetricFilter) -> Result<(), AwsError> {
        let transformation = transformation(filter).map_err(|error| not_built("PutMetricFilter", &error))?;
        let request = self
            .logs()
            .client
            .put_metric_filter()
            .log_group_name(log_group)
            .filter_name(&filter.name)
            .filter_pattern(&filter.pattern)
            .metric_transformations(transformation);
        let outdate = || self.metric_filters().outdate(&log_group.to_owned());
        change!(self.logs(), Write, "PutMetricFilter", request, outdate()).map(drop)
    }

    async fn delete_metric_filter(&self, log_group: &str, filter_name: &str) -> Result<(), AwsError> {
        let request =
            self.logs().client.delete_metric_filter().log_group_name(log_group).filter_name(filter_name);
        let outdate = || self.metric_filters().outdate(&log_group.to_owned());
        change!(self.logs(), Write, "DeleteMetricFilter", request, outdate()).map(drop)
    }
}

async fn list(here: &AlarmsInRegion, log_group: &str) -> Result<Vec<MetricFilter>, AwsError> {
    let mut filters = Vec::new();
    let mut page = None;
    for _ in 0..MAX_PAGES {
        let request = here
            .logs()
            .client
            .describe_metric_filters()
            .log_group_name(log_group)
            .limit(PER_PAGE)
            .set_next_token(page);
        let answer = send!(here.logs(), Read, "DescribeMetricFilters", request)?;
        filters.extend(answer.metric_filters.unwrap_or_default().into_iter().map(metric_filter));
        page = answer.next_token.filter(|token| !token.is_empty());
        if page.is_none() {
            return Ok(filters);
        }
    }
    let message = format!("more than {MAX_PAGES} pages of metric filters");
    Err(AwsError::new("DescribeMetricFilters", "EndlessPages", message))
}

fn transformation(filter: &MetricFilter) -> Result<MetricTransformation, BuildError> {
    MetricTransformation::builder()
        .metric_namespace(&filter.metric_namespace)
        .metric_name(&filter.metric_name)
        .metric_value(&filter.metric_value)
        .set_default_value(filter.default_value)
        .build()
}

fn metric_filter(filter: sdk::MetricFilter) -> MetricFilter {
    let others = others(&filter);
    let transformations = filter.metric_transformations.unwrap_or_default();
    let found = MetricFilter {
        name: filter.filter_name.unwrap_or_default(),
        pattern: filter.filter_pattern.unwrap_or_default(),
        others,
        ..MetricFilter::default()
    };
    match transformations.into_iter().next() {
        None => found,
        Some(first) => MetricFilter {
            metric_namespace: first.metric_namespace,
            metric_name: first.metric_name,
            metric_value: first.metric_value,
            default_value: first.default_value,
            ..found
        },
    }
}

/// What the filter has beyond [`MetricFilter`].
fn others(filter: &sdk::MetricFilter) -> Vec<String> {
    let transformations = filter.metric_transformations();
    let has_dimensions = |one: &MetricTransformation| one.dimensions().is_some_and(|map| !map.is_empty());
    let has_unit = |one: &MetricTransformation| one.unit().is_some_and(|unit| *unit != StandardUnit::None);
    let given = |text: Option<&str>| text.is_some_and(|text| !text.is_empty());
    let members = [
        ("metricTransformations", transformations.len() > 1),
        ("dimensions", transformations.iter().any(has_dimensions)),
        ("unit", transformations.iter().any(has_unit)),
        ("applyOnTransformedLogs", filter.apply_on_transformed_logs()),
        ("fieldSelectionCriteria", given(filter.field_selection_criteria())),
        ("emitSystemFieldDimensions", !filter.emit_system_field_dimensions().is_empty()),
    ];
    members.into_iter().filter(|(_, has)| *has).map(|(name, _)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;
    use serde_json::{Value, json};

    use super::*;
    use crate::fake::{self, Log, Request, Response};

    const HOUR: Duration = Duration::from_hours(1);

    fn here(log: &Log, answer: impl Fn(&Request) -> Response + Send + Sync + 'static) -> AlarmsInRegion {
        fake::account(log, move |request| Some(answer(request))).alarms("us-east-1")
    }

    fn root_usage() -> MetricFilter {
        MetricFilter {
            name: "root-usage".to_owned(),
            pattern: "{ $.userIdentity.type = \"Root\" }".to_owned(),
            metric_namespace: "Security".to_owned(),
            metric_name: "RootUsage".to_owned(),
            metric_value: "1".to_owned(),
            default_value: None,
            others: Vec::new(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_filter_that_is_put_is_a_filter_that_is_read() {
        let log = Log::default();
        let kept = Mutex::new(Value::Null);
        let here = here(&log, move |request| match request.operation.as_str() {
            "PutMetricFilter" => {
                *kept.lock() = request.body.clone();
                Response::json(&json!({}))
            }
            _ => Response::json(&json!({"metricFilters": [*kept.lock()]})),
        });
        for default_value in [None, Some(0.0)] {
            let filter = MetricFilter { default_value, ..root_usage() };
            here.put_metric_filter("audit", &filter).await.unwrap();
            assert_eq!(*here.describe_metric_filters("audit", HOUR).await.unwrap(), [filter]);
        }
        assert_eq!(log.requests()[0].body["logGroupName"], "audit");
        assert_eq!(log.requests()[0].uri, "https://logs.us-east-1.amazonaws.com/");
        assert_eq!(log.told()[0], "logs PutMetricFilter OK");
    }

    #[tokio::test(start_paused = true)]
    async fn filters_are_put_together_from_all_pages() {
        let log = Log::default();
        let here = here(&log, |request| {
            let last = request.body["nextToken"] == "more";
            let (name, token) = if last { ("b", None) } else { ("a", Some("more")) };
            Response::json(&json!({"metricFilters": [{"filterName": name}], "nextToken": token}))
        });
        let filters = here.describe_metric_filters("audit", HOUR).await.unwrap();
        assert_eq!(filters.iter().map(|filter| filter.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        let bodies: Vec<_> = log.requests().into_iter().map(|request| request.body).collect();
        let expected = [
            json!({"logGroupName": "audit", "limit": 50}),
            json!({"logGroupName": "audit", "limit": 50, "nextToken": "more"}),
        ];
        assert_eq!(bodies, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn pages_without_end_are_no_answer() {
        let log = Log::default();
        let here = here(&log, |_| Response::json(&json!({"nextToken": "more"})));
        assert_eq!(here.describe_metric_filters("audit", HOUR).await.unwrap_err().code, "EndlessPages");
        assert_eq!(log.requests().len(), MAX_PAGES);
    }

    #[tokio::test(start_paused = true)]
    async fn filters_are_read_once_for_all_and_anew_after_each_write_to_their_group_even_a_failed_one() {
        let log = Log::default();
        let account = fake::account(&log, |request| {
            Some(match request.operation.as_str() {
                "DeleteMetricFilter" => Response::error("OperationAbortedException"),
                _ => Response::json(&json!({})),
            })
        });
        let here = account.alarms("us-east-1");
        let read = async || {
            for group in ["audit", "other"] {
                account.alarms("us-east-1").describe_metric_filters(group, HOUR).await.unwrap();
            }
        };
        read().await;
        read().await;
        here.put_metric_filter("audit", &root_usage()).await.unwrap();
        read().await;
        here.delete_metric_filter("audit", "root-usage").await.unwrap_err();
        read().await;
        let told: Vec<_> = log
            .requests()
            .iter()
            .map(|request| format!("{} {}", request.operation, request.body["logGroupName"]))
            .collect();
        let expected = [
            r#"DescribeMetricFilters "audit""#,
            r#"DescribeMetricFilters "other""#,
            r#"PutMetricFilter "audit""#,
            r#"DescribeMetricFilters "audit""#,
            r#"DeleteMetricFilter "audit""#,
            r#"DescribeMetricFilters "audit""#,
        ];
        assert_eq!(told, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn a_log_group_with_all_its_filters_is_no_reason_to_pause() {
        let log = Log::default();
        let here = here(&log, |request| match request.operation.as_str() {
            "PutMetricFilter" => Response::error("LimitExceededException"),
            _ => Response::json(&json!({})),
        });
        let error = here.put_metric_filter("audit", &root_usage()).await.unwrap_err();
        assert_eq!((error.code.as_str(), error.retry_after), ("LimitExceededException", None));
        here.describe_metric_filters("audit", HOUR).await.unwrap();
        assert_eq!(log.operations(), ["PutMetricFilter", "DescribeMetricFilters"]);
    }

    /// A filter as AWS tells it, with more members of it and of its transformation.
    async fn read(of_filter: Value, of_transformation: Value) -> MetricFilter {
        let mut transformation =
            json!({"metricNamespace": "Security", "metricName": "RootUsage", "metricValue": "1"});
        merge(&mut transformation, of_transformation);
        let mut filter = json!({
            "filterName": "root-usage", "filterPattern": root_usage().pattern, "logGroupName": "audit",
            "creationTime": 1_700_000_000_000_u64, "metricTransformations": [transformation],
        });
        merge(&mut filter, of_filter);
        let answer = json!({"metricFilters": [filter]});
        let here = here(&Log::default(), move |_| Response::json(&answer));
        here.describe_metric_filters("audit", HOUR).await.unwrap()[0].clone()
    }

    fn merge(into: &mut Value, members: Value) {
        let Value::Object(members) = members else { panic!("{members}") };
        into.as_object_mut().unwrap().extend(members);
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_no_place_here_is_named() {
        let nothing = json!({"unit": "None", "dimensions": {}});
        assert_eq!(read(json!({"applyOnTransformedLogs": false}), nothing).await, root_usage());
        for (member, value) in [("dimensions", json!({"user": "$.user"})), ("unit", json!("Count"))] {
            assert_eq!(read(json!({}), json!({member: value})).await.others, [member]);
        }
        let two = json!([{"metricNamespace": "a", "metricName": "b", "metricValue": "1"}, {}]);
        for (member, value) in [
            ("applyOnTransformedLogs", json!(true)),
            ("fieldSelectionCriteria", json!("@aws.region = \"eu-west-1\"")),
            ("emitSystemFieldDimensions", json!(["@aws.account"])),
            ("metricTransformations", two),
        ] {
            assert_eq!(read(json!({member: value}), json!({})).await.others, [member]);
        }
    }

    #[test]
    fn members_that_a_new_sdk_brings_are_noticed() {
        let transformation = transformation(&root_usage()).unwrap();
        let filter = sdk::MetricFilter::builder().build();
        let known = "MetricFilter { filter_name: None, filter_pattern: None, metric_transformations: None, \
                     creation_time: None, log_group_name: None, apply_on_transformed_logs: false, \
                     field_selection_criteria: None, emit_system_field_dimensions: None }";
        assert_eq!(format!("{filter:?}"), known);
        let known = "MetricTransformation { metric_name: \"RootUsage\", metric_namespace: \"Security\", \
                     metric_value: \"1\", default_value: None, dimensions: None, unit: None }";
        assert_eq!(format!("{transformation:?}"), known);
    }
}
