//! Metric filters, alarms and topics through the operator's own clients: what is put is what is read, what others add is
//! named, and what is not there has AWS's code.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use test_lab::{CallFilter, Lab};
use tokio::task::JoinSet;
use trail_operator_aws::{AlarmsInRegion, Clients};
use trail_operator_reconcile::aws::{
    AlarmDescription, AlarmSettings, Alarms as _, MetricFilter, MetricFilters as _, Tags, Topic, Topics as _,
};
use trail_operator_reconcile::aws_error::AwsError;
use trail_operator_reconcile::references::ActAs;

use crate::keeping::clients;
use crate::world::{AWAY, HOME, lab};

const GROUP: &str = "audit/trail";
/// Nothing is as old as that, so that what was not outdated is seen.
const AGE: Duration = Duration::from_hours(1);

/// An account with a log group, and the operator in it.
struct Place<'a> {
    lab: &'a Lab,
    account: &'static str,
    clients: Clients,
    here: AlarmsInRegion,
}

impl Place<'static> {
    async fn new(account: &'static str) -> Result<Self> {
        Self::of(lab(), account).await
    }
}

impl<'a> Place<'a> {
    /// In a lab that this test does not share.
    async fn of(lab: &'a Lab, account: &'static str) -> Result<Self> {
        let clients = clients(lab, account)?;
        let act_as = ActAs { account_id: account.to_owned(), role_arn: None, external_id: None };
        let here = clients.account(&act_as).await.alarms(HOME);
        let place = Self { lab, account, clients, here };
        place.aws("logs", "CreateLogGroup", &json!({"logGroupName": GROUP}))?;
        Ok(place)
    }

    /// Calls AWS as somebody else would.
    fn aws(&self, service: &str, operation: &str, params: &Value) -> Result<Value> {
        self.lab.aws(service, operation, params, self.account, HOME)
    }

    /// The same with an operator that has read nothing yet.
    async fn anew(&self) -> Result<AlarmsInRegion> {
        let act_as = ActAs { account_id: self.account.to_owned(), role_arn: None, external_id: None };
        self.clients.retain(|_| false);
        Ok(self.clients.account(&act_as).await.alarms(HOME))
    }
}

fn root_usage() -> MetricFilter {
    MetricFilter {
        name: "root-usage".into(),
        pattern: r#"{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS }"#.into(),
        metric_namespace: "Security".into(),
        metric_name: "RootUsage".into(),
        metric_value: "1".into(),
        default_value: None,
        others: vec![],
    }
}

fn alarm(account: &str) -> AlarmSettings {
    AlarmSettings {
        alarm_name: "security: root usage".into(),
        description: "The root user did something".into(),
        actions_enabled: true,
        alarm_actions: vec![format!("arn:aws:sns:{HOME}:{account}:alarms")],
        ok_actions: vec![format!("arn:aws:sns:{HOME}:{account}:calm")],
        insufficient_data_actions: vec![],
        metric_namespace: "Security".into(),
        metric_name: "RootUsage".into(),
        statistic: "Sum".into(),
        period_seconds: 300,
        evaluation_periods: 3,
        datapoints_to_alarm: 2,
        threshold: 1.5,
        comparison_operator: "GreaterThanOrEqualToThreshold".into(),
        treat_missing_data: "notBreaching".into(),
    }
}

fn tags<const N: usize>(tags: [(&str, &str); N]) -> Tags {
    tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
}

fn code<T>(result: Result<T, AwsError>) -> String {
    result.err().map_or("OK".to_owned(), |error| error.code)
}

async fn only_filter(here: &AlarmsInRegion) -> Result<MetricFilter> {
    let filters = here.describe_metric_filters(GROUP, AGE).await?;
    ensure!(filters.len() == 1, "{filters:?}");
    Ok(filters[0].clone())
}

async fn only_alarm(here: &AlarmsInRegion) -> Result<AlarmDescription> {
    let alarms = here.describe_alarms(AGE).await?;
    ensure!(alarms.len() == 1, "{alarms:?}");
    Ok(alarms[0].clone())
}

#[tokio::test]
async fn a_filter_that_is_put_is_a_filter_that_is_read() -> Result<()> {
    let place = Place::new("430000000001").await?;
    let here = &place.here;
    for default_value in [None, Some(0.0), Some(-2.5)] {
        let filter = MetricFilter { default_value, ..root_usage() };
        here.put_metric_filter(GROUP, &filter).await?;
        assert_eq!(only_filter(here).await?, filter);
    }
    here.delete_metric_filter(GROUP, "root-usage").await?;
    assert_eq!(here.describe_metric_filters(GROUP, AGE).await?, Arc::new(vec![]));
    Ok(())
}

#[tokio::test]
async fn what_others_put_on_a_filter_is_named_until_it_is_put_again() -> Result<()> {
    let place = Place::new("430000000002").await?;
    let theirs = json!({
        "logGroupName": GROUP, "filterName": "root-usage", "filterPattern": root_usage().pattern,
        "metricTransformations": [{
            "metricNamespace": "Security", "metricName": "RootUsage", "metricValue": "1", "unit": "Count",
            "dimensions": {"user": "$.userIdentity.arn"},
        }],
        "applyOnTransformedLogs": true, "fieldSelectionCriteria": "@aws.region = \"eu-west-1\"",
        "emitSystemFieldDimensions": ["@aws.account"],
    });
    place.aws("logs", "PutMetricFilter", &theirs)?;
    let found = only_filter(&place.here).await?;
    let others = [
        "dimensions",
        "unit",
        "applyOnTransformedLogs",
        "fieldSelectionCriteria",
        "emitSystemFieldDimensions",
    ];
    assert_eq!(found, MetricFilter { others: others.map(str::to_owned).into(), ..root_usage() });
    place.here.put_metric_filter(GROUP, &root_usage()).await?;
    assert_eq!(only_filter(&place.here).await?, root_usage());
    Ok(())
}

#[tokio::test]
async fn a_log_group_takes_a_hundred_filters_and_they_are_all_told() -> Result<()> {
    let place = Place::new("430000000003").await?;
    for number in 0..99 {
        let transformation =
            json!({"metricNamespace": "Security", "metricName": "RootUsage", "metricValue": "1"});
        let params = json!({
            "logGroupName": GROUP, "filterName": format!("filter-{number}"), "filterPattern": "",
            "metricTransformations": [transformation],
        });
        place.aws("logs", "PutMetricFilter", &params)?;
    }
    let here = &place.here;
    here.put_metric_filter(GROUP, &root_usage()).await?;
    assert_eq!(here.describe_metric_filters(GROUP, AGE).await?.len(), 100);
    let one_more = MetricFilter { name: "one-more".into(), ..root_usage() };
    let error = here.put_metric_filter(GROUP, &one_more).await.err().context("the 101st was taken")?;
    assert_eq!((error.code.as_str(), error.retry_after), ("LimitExceededException", None));
    // Nothing pauses, and those that are there can be replaced.
    here.put_metric_filter(GROUP, &root_usage()).await?;
    assert_eq!(here.describe_metric_filters(GROUP, AGE).await?.len(), 100);
    Ok(())
}

#[tokio::test]
async fn an_alarm_that_is_put_is_an_alarm_that_is_read() -> Result<()> {
    let place = Place::new("430000000004").await?;
    let here = &place.here;
    let settings = alarm(place.account);
    let silent = AlarmSettings {
        description: String::new(),
        actions_enabled: false,
        alarm_actions: vec![],
        ok_actions: vec![],
        threshold: 0.0,
        datapoints_to_alarm: 3,
        ..settings.clone()
    };
    for settings in [settings, silent] {
        here.put_metric_alarm(&settings, &Tags::new()).await?;
        let expected = AlarmDescription {
            arn: format!("arn:aws:cloudwatch:{HOME}:{}:alarm:{}", place.account, settings.alarm_name),
            settings,
            others: vec![],
            state: "INSUFFICIENT_DATA".into(),
        };
        assert_eq!(only_alarm(here).await?, expected);
    }
    here.delete_alarm("security: root usage").await?;
    assert_eq!(here.describe_alarms(AGE).await?, Arc::new(vec![]));
    Ok(())
}

#[tokio::test]
async fn what_others_put_on_an_alarm_is_named_until_it_is_put_again() -> Result<()> {
    let place = Place::new("430000000005").await?;
    let settings = alarm(place.account);
    let here = &place.here;
    let common = json!({
        "AlarmName": settings.alarm_name, "EvaluationPeriods": 3, "Threshold": 1.5,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    });
    let metric = json!({
        "Namespace": "Security", "MetricName": "RootUsage", "Period": 300, "Unit": "Count",
        "Dimensions": [{"Name": "user", "Value": "a"}], "ExtendedStatistic": "p99",
        "EvaluateLowSampleCountPercentile": "ignore",
    });
    let math = json!({"Metrics": [{"Id": "e1", "Expression": "TIME_SERIES(1)", "Period": 300}]});
    let of_metric = ["ExtendedStatistic", "Dimensions", "Unit", "EvaluateLowSampleCountPercentile"];
    for (theirs, others) in [(metric, &of_metric[..]), (math, &["Metrics"])] {
        let members = [&common, &theirs].into_iter().filter_map(Value::as_object).flatten();
        let params = members.map(|(name, value)| (name.clone(), value.clone())).collect();
        place.aws("cloudwatch", "PutMetricAlarm", &Value::Object(params))?;
        let found = only_alarm(&place.anew().await?).await?;
        assert_eq!(found.others, others);
        assert_eq!((found.settings.statistic.as_str(), found.settings.threshold), ("", 1.5));
        assert_eq!(found.settings.datapoints_to_alarm, 3, "as many as there are periods");
    }
    here.put_metric_alarm(&settings, &Tags::new()).await?;
    let found = only_alarm(here).await?;
    assert_eq!((found.settings, found.others), (settings, vec![]));
    Ok(())
}

#[tokio::test]
async fn tags_come_with_a_new_alarm_and_by_themselves_afterwards() -> Result<()> {
    let place = Place::new("430000000006").await?;
    let here = &place.here;
    let settings = alarm(place.account);
    let first = tags([("owner", "a"), ("stage", "")]);
    here.put_metric_alarm(&settings, &first).await?;
    let arn = only_alarm(here).await?.arn;
    assert_eq!(here.list_tags(&arn, AGE).await?, first);
    here.put_metric_alarm(&settings, &tags([("owner", "b")])).await?;
    assert_eq!(
        here.list_tags(&arn, AGE).await?,
        first,
        "AWS leaves the tags of an alarm that is there alone"
    );
    here.tag_alarm(&arn, &tags([("owner", "b"), ("team", "c")])).await?;
    assert_eq!(here.list_tags(&arn, AGE).await?, tags([("owner", "b"), ("stage", ""), ("team", "c")]));
    here.untag_alarm(&arn, &["stage".into(), "team".into()]).await?;
    assert_eq!(here.list_tags(&arn, AGE).await?, tags([("owner", "b")]));
    Ok(())
}

#[tokio::test]
async fn more_alarms_than_a_page_are_all_told() -> Result<()> {
    let place = Place::new("430000000007").await?;
    for number in 0..101 {
        let params = json!({
            "AlarmName": format!("alarm-{number}"), "Namespace": "Security", "MetricName": "RootUsage",
            "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1,
            "ComparisonOperator": "GreaterThanThreshold",
        });
        place.aws("cloudwatch", "PutMetricAlarm", &params)?;
    }
    assert_eq!(place.here.describe_alarms(AGE).await?.len(), 101);
    Ok(())
}

#[tokio::test]
async fn fifteen_filters_and_alarms_at_once_are_put_within_seconds_and_never_throttled() -> Result<()> {
    let limited = Lab::start()?;
    let place = Place::of(&limited, "430000000010").await?;
    limited.limits(true)?;
    let start = Instant::now();
    let mut pairs = JoinSet::new();
    for number in 0..15 {
        let (here, name) = (place.here.clone(), format!("control-{number}"));
        let settings = AlarmSettings { alarm_name: name.clone(), ..alarm(place.account) };
        pairs.spawn(async move {
            here.describe_metric_filters(GROUP, Duration::ZERO).await?;
            here.describe_alarms(Duration::ZERO).await?;
            here.put_metric_filter(GROUP, &MetricFilter { name, ..root_usage() }).await?;
            here.put_metric_alarm(&settings, &Tags::new()).await?;
            here.describe_metric_filters(GROUP, AGE).await?;
            here.describe_alarms(AGE).await.map(drop)
        });
    }
    while let Some(pair) = pairs.join_next().await {
        pair??;
    }
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert_eq!(place.here.describe_alarms(AGE).await?.len(), 15);
    let mut calls = limited.calls(CallFilter::default())?.calls;
    calls.retain(|call| call.code.as_ref().is_some_and(|code| code != ""));
    assert!(calls.is_empty(), "{calls:?}");
    Ok(())
}

#[tokio::test]
async fn what_is_not_there_has_the_code_of_aws() -> Result<()> {
    let place = Place::new("430000000008").await?;
    let here = &place.here;
    assert_eq!(code(here.describe_metric_filters("none", AGE).await), "ResourceNotFoundException");
    assert_eq!(code(here.put_metric_filter("none", &root_usage()).await), "ResourceNotFoundException");
    assert_eq!(code(here.delete_metric_filter(GROUP, "none").await), "ResourceNotFoundException");
    assert_eq!(code(here.delete_alarm("none").await), "ResourceNotFound");
    let arn = format!("arn:aws:cloudwatch:{HOME}:{}:alarm:none", place.account);
    assert_eq!(code(here.list_tags(&arn, AGE).await), "ResourceNotFound");
    assert_eq!(code(here.tag_alarm(&arn, &tags([("a", "b")])).await), "ResourceNotFound");
    let broken = MetricFilter { pattern: "{ $.a = }".into(), ..root_usage() };
    assert_eq!(code(here.put_metric_filter(GROUP, &broken).await), "InvalidParameterException");
    let wrong = AlarmSettings { period_seconds: 45, ..alarm(place.account) };
    assert_eq!(code(here.put_metric_alarm(&wrong, &Tags::new()).await), "ValidationError");
    Ok(())
}

#[tokio::test]
async fn a_topic_says_who_listens() -> Result<()> {
    let place = Place::new("430000000009").await?;
    let here = &place.here;
    let arn = |name: &str| format!("arn:aws:sns:{HOME}:{}:{name}", place.account);
    assert_eq!(code(here.describe_topic(&arn("none"), AGE).await), "NotFound");
    let attributes = json!({"KmsMasterKeyId": "alias/aws/sns"});
    place.aws("sns", "CreateTopic", &json!({"Name": "alarms", "Attributes": attributes}))?;
    let expected = Topic {
        owner: place.account.into(),
        kms_master_key_id: "alias/aws/sns".into(),
        confirmed: 0,
        pending: 0,
    };
    assert_eq!(here.describe_topic(&arn("alarms"), AGE).await?, expected);
    for (protocol, endpoint) in
        [("email", "a@example.com"), ("sms", "+4915112345678"), ("email", "b@example.com")]
    {
        let params = json!({"TopicArn": arn("alarms"), "Protocol": protocol, "Endpoint": endpoint});
        place.aws("sns", "Subscribe", &params)?;
    }
    assert_eq!(
        here.describe_topic(&arn("alarms"), AGE).await?,
        expected,
        "what was read an hour ago will do"
    );
    let listened = Topic { confirmed: 1, pending: 2, ..expected };
    assert_eq!(here.describe_topic(&arn("alarms"), Duration::ZERO).await?, listened);
    // Wherever the alarm is.
    let act_as = ActAs { account_id: place.account.into(), role_arn: None, external_id: None };
    let away = place.clients.account(&act_as).await.alarms(AWAY);
    assert_eq!(away.describe_topic(&arn("alarms"), Duration::ZERO).await?, listened);
    Ok(())
}
