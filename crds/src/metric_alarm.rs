//! Kind `MetricAlarm`: a metric filter on a trail's log group, together with the alarm on its metric.
//!
//! AWS facts: `cloudtrail.md` 5.1 (metric filters), 6.1 (alarms).

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::CostShare;
use crate::trail::{AdoptionPolicy, Drift, ManagementPolicy};

/// A metric filter and its alarm.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "trail-operator.dev",
    version = "v1alpha1",
    kind = "MetricAlarm",
    plural = "metricalarms",
    shortname = "ctalarm",
    category = "cloudtrail",
    namespaced,
    status = "MetricAlarmStatus",
    derive = "PartialEq",
    doc = "A metric filter on the log group of a trail, together with the alarm on its metric: kept together, and judged together by whether the alarm would really ring.",
    validation = Rule::new("size(self.metadata.name) <= 128")
        .message("`metadata.name` must have at most 128 characters: it is part of the owner tag in AWS"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status"),
    printcolumn(name = "Rings", type_ = "string", json_path = ".status.conditions[?(@.type=='WouldRing')].status"),
    printcolumn(name = "State", type_ = "string", json_path = ".status.alarmState"),
    printcolumn(name = "Trail", type_ = "string", json_path = ".spec.trailRef.name"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].reason", priority = 1),
    printcolumn(name = "Preset", type_ = "string", json_path = ".spec.preset", priority = 1),
    printcolumn(name = "Matched", type_ = "integer", json_path = ".status.backtest.matched", priority = 1),
    printcolumn(name = "Message", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].message", priority = 1)
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.preset) || (has(self.filter) && has(self.filter.pattern) && has(self.metric) && has(self.metric.namespace) && has(self.metric.name) && has(self.alarm))")
        .message("needs `preset`, or else `filter.pattern`, `metric.namespace`, `metric.name` and `alarm`")
        .reason(Reason::FieldValueInvalid),
    validation = Rule::new("has(self.preset) || !has(self.presetRevision)")
        .message("`presetRevision` means nothing without `preset`: remove it, or name the preset")
        .reason(Reason::FieldValueInvalid)
)]
pub struct MetricAlarmSpec {
    /// The Trail, in this namespace, whose log group is watched. Account and Region come from it. Immutable.
    #[x_kube(validation = Rule::new("self == oldSelf")
        .message("is immutable: make a new MetricAlarm for another Trail, and delete this one when that one is Ready"))]
    pub trail_ref: LocalTrailRef,

    /// What fills everything that is not set below, such as 'CIS-5.0.0/4.3' or 'SecurityHub/CloudWatch.1'.
    /// `kubectl cloudtrail presets` lists them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub preset: Option<String>,

    /// Revision of the preset. When unset, the newest at the time this manifest was last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16))]
    #[x_kube(validation = Rule::new("self.matches('^[0-9]{4}-[0-9]{2}$')").message("must be a year and a month, such as '2026-11'"))]
    pub preset_revision: Option<String>,

    /// The metric filter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,

    /// The metric that the filter tells its matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<Metric>,

    /// The alarm on the metric.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarm: Option<Alarm>,

    /// Tags of the alarm (filters have none). Only tags that were set from here are ever removed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 48), extend("additionalProperties" = {"type": "string", "maxLength": 256}))]
    #[x_kube(validation = Rule::new("self.all(k, size(k) >= 1 && size(k) <= 128 && k.matches('^[\\\\p{L}\\\\p{Z}\\\\p{N}_.:/=+@-]+$') && !k.lowerAscii().startsWith('aws:') && !k.startsWith('trail-operator.dev/'))")
        .message("keys must have 1 to 128 letters, digits, blanks or '_.:/=+@-', and must not begin with 'aws:' or 'trail-operator.dev/', which belong to AWS and to this operator"),
        validation = Rule::new("self.all(k, self[k].matches('^[\\\\p{L}\\\\p{Z}\\\\p{N}_.:/=+@-]*$'))")
        .message("values must consist of letters, digits, blanks or '_.:/=+@-'"))]
    pub tags: BTreeMap<String, String>,

    /// What to do with a filter or an alarm of that name that exists in AWS and was not made from here.
    #[serde(default)]
    pub adoption_policy: AdoptionPolicy,

    /// What happens to the filter and the alarm in AWS when this object is deleted: both stay, or both go.
    #[serde(default)]
    pub deletion_policy: AlarmDeletionPolicy,

    /// Whether AWS is changed, or only looked at.
    #[serde(default)]
    pub management_policy: ManagementPolicy,

    /// Nothing is read or changed in AWS while this is true. Deletion still works.
    #[serde(default)]
    pub suspend: bool,
}

/// Reference to a Trail of the same namespace.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct LocalTrailRef {
    /// Name of the Trail.
    #[schemars(length(min = 1, max = 128))]
    pub name: String,
}

/// A metric filter.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Name of the filter; `<namespace>/<name>` of this object when unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    #[x_kube(validation = Rule::new("self.matches('^[^:*]+$')").message("must not contain ':' or '*'"))]
    pub name: Option<String>,

    /// Which events count, as a filter pattern of CloudWatch Logs such as '{ $.userIdentity.type = "Root" }'.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub pattern: Option<String>,
}

/// The metric of a filter.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Metric {
    /// Namespace of the metric. Not AWS's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    #[x_kube(validation = Rule::new("self.matches('^[^:*$]+$') && !self.startsWith('AWS/')")
        .message("must not contain ':', '*' or '$', and must not begin with 'AWS/', which belongs to AWS's services"))]
    pub namespace: Option<String>,

    /// Name of the metric.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    #[x_kube(validation = Rule::new("self.matches('^[^:*$]+$')").message("must not contain ':', '*' or '$'"))]
    pub name: Option<String>,

    /// What each matching event counts for: a number, or where it stands in the event, such as '$.size'; '1' when unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 100))]
    #[x_kube(validation = Rule::new("self.matches('^([+-]?[0-9]{1,15}([.][0-9]{1,9})?|[$].+)$')")
        .message("must be a number such as '1', in quotes, or a selector such as '$.size'"))]
    pub value: Option<String>,

    /// What a minute counts for in which events came and none matched: a number. Nothing when unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    #[x_kube(validation = Rule::new("self.matches('^[+-]?[0-9]{1,15}([.][0-9]{1,9})?$')")
        .message("must be a number such as '0', in quotes"))]
    pub default_value: Option<String>,
}

/// An alarm on a metric.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.datapointsToAlarm) || !has(self.evaluationPeriods) || self.datapointsToAlarm <= self.evaluationPeriods")
        .message("`datapointsToAlarm` must not be more than `evaluationPeriods`"),
    validation = Rule::new("!has(self.periodSeconds) || !has(self.evaluationPeriods) || self.periodSeconds * self.evaluationPeriods <= (self.periodSeconds < 3600 ? 86400 : 604800)")
        .message("`periodSeconds` times `evaluationPeriods` must not be more than a day, or a week for periods of an hour or more")
)]
pub struct Alarm {
    /// Name of the alarm; `<namespace>/<name>` of this object when unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    #[x_kube(validation = Rule::new("!self.matches('[\\\\x00-\\\\x1f\\\\x7f]')").message("must not contain control characters"))]
    pub alarm_name: Option<String>,

    /// The number that the statistic is compared with; '1' when unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    #[x_kube(validation = Rule::new("self.matches('^[+-]?[0-9]{1,15}([.][0-9]{1,9})?$')")
        .message("must be a number such as '1', in quotes"))]
    pub threshold: Option<String>,

    /// How it is compared; `GreaterThanOrEqualToThreshold` when unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison_operator: Option<ComparisonOperator>,

    /// What is made of the values of a period; `Sum` when unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statistic: Option<Statistic>,

    /// Length of a period in seconds: 10, 20, 30 or whole minutes; 300 when unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 10, max = 604_800))]
    #[x_kube(validation = Rule::new("self in [10, 20, 30] || self % 60 == 0").message("must be 10, 20, 30 or a multiple of 60"))]
    pub period_seconds: Option<i32>,

    /// How many periods are looked at; 1 when unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 8640))]
    pub evaluation_periods: Option<i32>,

    /// How many of them must breach; all of them when unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 8640))]
    pub datapoints_to_alarm: Option<i32>,

    /// What a period without values counts as; `notBreaching` when unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub treat_missing_data: Option<TreatMissingData>,

    /// Whether the actions are taken; true when unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actions_enabled: Option<bool>,

    /// SNS topics to tell when the alarm goes off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 5), inner(length(max = 1024)))]
    #[x_kube(merge_strategy = ListMerge::Set, validation = Rule::new(TOPICS).message(NOT_TOPICS))]
    pub alarm_actions: Option<Vec<String>>,

    /// SNS topics to tell when all is well again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 5), inner(length(max = 1024)))]
    #[x_kube(merge_strategy = ListMerge::Set, validation = Rule::new(TOPICS).message(NOT_TOPICS))]
    pub ok_actions: Option<Vec<String>>,

    /// SNS topics to tell when there is nothing to judge by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 5), inner(length(max = 1024)))]
    #[x_kube(merge_strategy = ListMerge::Set, validation = Rule::new(TOPICS).message(NOT_TOPICS))]
    pub insufficient_data_actions: Option<Vec<String>>,
}

const TOPICS: &str =
    "self.all(a, a.matches('^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$'))";
const NOT_TOPICS: &str = "must be ARNs of SNS topics, such as 'arn:aws:sns:us-east-1:111122223333:security': alarms of the audit log act through nothing else";

/// How a statistic is compared with the threshold.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ComparisonOperator {
    /// Not below it.
    #[default]
    GreaterThanOrEqualToThreshold,
    /// Above it.
    GreaterThanThreshold,
    /// Below it.
    LessThanThreshold,
    /// Not above it.
    LessThanOrEqualToThreshold,
}

/// What is made of the values of a period.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Statistic {
    /// Their sum: how many events matched.
    #[default]
    Sum,
    /// How many values there were.
    SampleCount,
    /// Their mean.
    Average,
    /// The least of them.
    Minimum,
    /// The greatest of them.
    Maximum,
}

/// What a period without values counts as.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub enum TreatMissingData {
    /// As well.
    #[default]
    NotBreaching,
    /// As a breach.
    Breaching,
    /// The alarm stays as it is.
    Ignore,
    /// The alarm has too little data.
    Missing,
}

/// What happens in AWS when a `MetricAlarm` object is deleted.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AlarmDeletionPolicy {
    /// Filter and alarm stay; only the owner tag is taken off.
    #[default]
    Retain,
    /// Both are deleted.
    Delete,
}

/// What was last seen of a metric filter and its alarm.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct MetricAlarmStatus {
    /// Generation of the spec that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,

    /// Value of the annotation `trail-operator.dev/reconcile-requested-at` that was last acted on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub last_handled_reconcile_at: Option<String>,

    /// ARN of the alarm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub arn: Option<String>,

    /// Where filter and alarm are kept: all that deleting them takes, written before they are made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<AlarmPlace>,

    /// Where they were kept before, and are to be deleted once those in `place` are as declared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub superseded: Vec<AlarmPlace>,

    /// Keys of the tags that were set from this object.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 96), inner(length(max = 128)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub managed_tag_keys: Vec<String>,

    /// When filter and alarm were first seen to be this object's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acquired_at: Option<Time>,

    /// When an owner tag that others had changed was put back. It is put back once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_tag_restored_at: Option<Time>,

    /// What differs between this object and AWS now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub drift: Vec<Drift>,

    /// What the preset filled in, and what it is held at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective: Option<EffectiveAlarm>,

    /// State of the alarm: OK, ALARM or INSUFFICIENT_DATA; refreshed with another change, or hourly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub alarm_state: Option<String>,

    /// Audit controls that the alarm aims at, and whether it would pass them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub controls: Vec<ControlResult>,

    /// What the pattern matches of the records that log file validation has read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backtest: Option<Backtest>,

    /// What filter and alarm cost a month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<CostShare>,

    /// Conditions, in kstatus' sense.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
}

/// Where a metric filter and its alarm are kept.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[serde(rename_all = "camelCase")]
pub struct AlarmPlace {
    /// The `AwsAccount` they are kept through.
    #[schemars(length(max = 253))]
    pub account_ref: String,
    /// Account.
    #[schemars(length(max = 12))]
    pub account_id: String,
    /// Region.
    #[schemars(length(max = 32))]
    pub region: String,
    /// Log group of the filter.
    #[schemars(length(max = 512))]
    pub log_group_name: String,
    /// Name of the filter.
    #[schemars(length(max = 512))]
    pub filter_name: String,
    /// Name of the alarm.
    #[schemars(length(max = 255))]
    pub alarm_name: String,
}

/// What is kept in AWS, with everything filled in.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct EffectiveAlarm {
    /// Generation of the manifest that it was made from. Until that changes, it is held.
    pub generation: i64,
    /// The preset by its own name, where the manifest may have used another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub preset: Option<String>,
    /// Revision of the preset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16))]
    pub preset_revision: Option<String>,
    /// The filter.
    pub filter: Filter,
    /// The metric.
    pub metric: Metric,
    /// The alarm.
    pub alarm: Alarm,
}

/// Whether an alarm would pass an audit control.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct ControlResult {
    /// The standard, such as 'SecurityHub' or 'CIS-5.0.0'.
    #[schemars(length(max = 64))]
    pub standard: String,
    /// Its number there.
    #[schemars(length(max = 64))]
    pub control: String,
    /// Whether it passes.
    pub result: ControlVerdict,
    /// Why, in one sentence.
    #[schemars(length(max = 1024))]
    pub reason: String,
}

/// Whether an audit control passes.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlVerdict {
    /// It does.
    Pass,
    /// It does not.
    Fail,
    /// What the control looks at cannot be seen from here.
    NoData,
}

/// What a pattern matches of real records.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Backtest {
    /// Names the pattern that was tried. Another pattern begins anew.
    #[schemars(length(max = 64))]
    pub pattern: String,
    /// When the first of these records was delivered at the earliest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Time>,
    /// When the last of them was delivered at the latest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<Time>,
    /// How many records were tried.
    pub events: i64,
    /// How many of them match.
    pub matched: i64,
    /// Of how many AWS does not say whether they match.
    pub undetermined: i64,
    /// The newest of them that matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<MatchedEvent>,
    /// What should be known of these figures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub remark: Option<String>,
    /// The figures by week, so that old ones can be left behind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 6))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub weeks: Vec<BacktestWeek>,
}

/// A week of a backtest.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct BacktestWeek {
    /// When it began.
    pub from: Time,
    /// How many records were tried.
    pub events: i64,
    /// How many of them match.
    pub matched: i64,
    /// Of how many AWS does not say whether they match.
    pub undetermined: i64,
}

/// An event that a pattern matches.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct MatchedEvent {
    /// What was called.
    #[schemars(length(max = 256))]
    pub event_name: String,
    /// When.
    #[schemars(length(max = 64))]
    pub event_time: String,
    /// Its id.
    #[schemars(length(max = 64))]
    #[serde(rename = "eventID")]
    pub event_id: String,
}
