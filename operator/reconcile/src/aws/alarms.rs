//! What keeping a metric filter and its alarm takes, in one account and Region. Names are those of the AWS APIs
//! (`cloudtrail.md` 5.1, 6.1).

use std::{future::Future, sync::Arc, time::Duration};

use super::Tags;
use crate::aws_error::AwsError;

/// Everything that keeping one metric filter and its alarm takes.
pub trait Alarming: MetricFilters + Alarms + Topics {}

impl<T: MetricFilters + Alarms + Topics> Alarming for T {}

/// The part of CloudWatch Logs that keeping a metric filter takes.
pub trait MetricFilters: Send + Sync {
    /// Every metric filter of a log group, `ResourceNotFoundException` where there is no such group.
    fn describe_metric_filters(
        &self,
        log_group: &str,
        max_age: Duration,
    ) -> impl Future<Output = Result<Arc<Vec<MetricFilter>>, AwsError>> + Send;
    /// Makes the filter, or replaces the one of that name.
    fn put_metric_filter(
        &self,
        log_group: &str,
        filter: &MetricFilter,
    ) -> impl Future<Output = Result<(), AwsError>> + Send;
    /// Deletes the filter. Its metric stays until it is old.
    fn delete_metric_filter(
        &self,
        log_group: &str,
        filter_name: &str,
    ) -> impl Future<Output = Result<(), AwsError>> + Send;
}

/// The part of CloudWatch that keeping an alarm takes.
pub trait Alarms: Send + Sync {
    /// Every metric alarm of the account in the Region.
    fn describe_alarms(
        &self,
        max_age: Duration,
    ) -> impl Future<Output = Result<Arc<Vec<AlarmDescription>>, AwsError>> + Send;
    /// Tags of an alarm. Where there is none, the code is `ResourceNotFound` or `ResourceNotFoundException`: AWS's
    /// reference has the one, its model the other. The same for changes of tags.
    fn list_tags(
        &self,
        alarm_arn: &str,
        max_age: Duration,
    ) -> impl Future<Output = Result<Tags, AwsError>> + Send;
    /// Makes the alarm with these tags, or replaces the settings of the one of that name, whose tags AWS leaves alone.
    fn put_metric_alarm(
        &self,
        settings: &AlarmSettings,
        tags: &Tags,
    ) -> impl Future<Output = Result<(), AwsError>> + Send;
    /// Sets tags, leaving others alone.
    fn tag_alarm(&self, alarm_arn: &str, tags: &Tags) -> impl Future<Output = Result<(), AwsError>> + Send;
    /// Takes tags off, leaving others alone.
    fn untag_alarm(
        &self,
        alarm_arn: &str,
        keys: &[String],
    ) -> impl Future<Output = Result<(), AwsError>> + Send;
    /// Deletes one alarm; `ResourceNotFound` where there is none.
    fn delete_alarm(&self, alarm_name: &str) -> impl Future<Output = Result<(), AwsError>> + Send;
}

/// The part of SNS that knowing whether anybody hears an alarm takes.
pub trait Topics: Send + Sync {
    /// A topic with its subscriptions; `NotFound` where there is none.
    fn describe_topic(
        &self,
        topic_arn: &str,
        max_age: Duration,
    ) -> impl Future<Output = Result<Topic, AwsError>> + Send;
}

/// A metric filter with its one metric transformation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetricFilter {
    /// `filterName`
    pub name: String,
    /// `filterPattern`
    pub pattern: String,
    /// `metricNamespace`
    pub metric_namespace: String,
    /// `metricName`
    pub metric_name: String,
    /// `metricValue`: a number, or a selector of one.
    pub metric_value: String,
    /// `defaultValue`: what the metric is told in a minute in which events came and none matched.
    pub default_value: Option<f64>,
    /// Members with a value that are none of the above, by name: dimensions, a unit, transformed logs and the like. On
    /// writing there are none.
    pub others: Vec<String>,
}

/// What can be set on an alarm on one metric. Empty where the alarm has none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlarmSettings {
    /// `AlarmName`
    pub alarm_name: String,
    /// `AlarmDescription`
    pub description: String,
    /// `ActionsEnabled`
    pub actions_enabled: bool,
    /// `AlarmActions`
    pub alarm_actions: Vec<String>,
    /// `OKActions`
    pub ok_actions: Vec<String>,
    /// `InsufficientDataActions`
    pub insufficient_data_actions: Vec<String>,
    /// `Namespace` of the metric.
    pub metric_namespace: String,
    /// `MetricName`
    pub metric_name: String,
    /// `Statistic`
    pub statistic: String,
    /// `Period` in seconds.
    pub period_seconds: i32,
    /// `EvaluationPeriods`
    pub evaluation_periods: i32,
    /// `DatapointsToAlarm`; AWS takes `EvaluationPeriods` where it is not given.
    pub datapoints_to_alarm: i32,
    /// `Threshold`
    pub threshold: f64,
    /// `ComparisonOperator`
    pub comparison_operator: String,
    /// `TreatMissingData`; AWS takes `missing` where it is not given.
    pub treat_missing_data: String,
}

/// An alarm as `DescribeAlarms` tells it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlarmDescription {
    /// `AlarmArn`
    pub arn: String,
    /// Everything that is set from here.
    pub settings: AlarmSettings,
    /// Members with a value that are none of those, by name: metric math, dimensions, a unit and the like.
    pub others: Vec<String>,
    /// `StateValue`: `OK`, `ALARM`, `INSUFFICIENT_DATA`.
    pub state: String,
}

/// A topic, and who listens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topic {
    /// `Owner`: the account.
    pub owner: String,
    /// `KmsMasterKeyId`; empty where messages are not encrypted by a key of KMS.
    pub kms_master_key_id: String,
    /// `SubscriptionsConfirmed`
    pub confirmed: u32,
    /// `SubscriptionsPending`
    pub pending: u32,
}
