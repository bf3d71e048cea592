//! What a trail costs: what may be declared of it, and what was estimated.
//!
//! Amounts are US dollars a month, as decimal numbers in quotes. AWS facts: `cloudtrail.md` 9.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is declared of the cost of a trail.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// US dollars a month that the trail may cost, such as '250.00'; `WithinBudget` says whether it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16))]
    #[x_kube(validation = Rule::new("self.matches('^[0-9]{1,12}([.][0-9]{1,2})?$')")
        .message("must be an amount of US dollars such as '250.00', in quotes"))]
    pub monthly_budget: Option<String>,

    /// Events a month, for as long as nothing is measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume: Option<DeclaredVolume>,
}

/// Events a month, as somebody expects them. What is left out is none.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct DeclaredVolume {
    /// Management events that only read.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1_000_000_000_000_000_i64))]
    pub management_read_events: i64,
    /// Management events that change something.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1_000_000_000_000_000_i64))]
    pub management_write_events: i64,
    /// Data events that the trail records.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1_000_000_000_000_000_i64))]
    pub data_events: i64,
    /// Network activity events that the trail records.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1_000_000_000_000_000_i64))]
    pub network_activity_events: i64,
}

/// What a trail costs a month, with its EventSelectors and MetricAlarms.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct CostStatus {
    /// What the figure rests on at its weakest: delivered log files, CloudWatch's metrics, or the manifest.
    pub basis: CostBasis,

    /// The sum.
    #[schemars(length(max = 32))]
    pub monthly: String,

    /// 'USD'
    #[schemars(length(max = 3))]
    pub currency: String,

    /// What it is made of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 24))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub components: Vec<CostComponent>,

    /// Whose part is how much. The parts add up to the sum.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub objects: Vec<ObjectCost>,

    /// What is used and has no known price. It is in no sum.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), inner(length(max = 256)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub unknown: Vec<String>,

    /// What costs more than it needs to, the dearest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub findings: Vec<CostFinding>,

    /// When the prices were captured, as year-month-day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10))]
    pub price_list_date: Option<String>,

    /// What was counted in delivered log files, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub sample: Option<String>,

    /// What was counted, so that a restart forgets nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<CountedEvents>,

    /// When the figures were last written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated: Option<Time>,
}

/// Events that were counted in the log files of about a week.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct CountedEvents {
    /// Delivered from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Time>,
    /// Delivered up to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<Time>,
    /// How many log files.
    pub log_files: i64,
    /// How many events of which kind, the most frequent first. What there is no room for is in the kind that comes nearest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub kinds: Vec<CountedKind>,
}

/// How many events of one kind there were.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct CountedKind {
    /// 'Management', 'Data', 'NetworkActivity' or 'Insight'.
    #[schemars(length(max = 32))]
    pub category: String,
    /// Account that they were delivered for.
    #[schemars(length(max = 12))]
    pub account_id: String,
    /// Their Region.
    #[schemars(length(max = 32))]
    pub region: String,
    /// Whether they only read; left out where CloudTrail does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_only: Option<bool>,
    /// The service, where trails can leave its events out: KMS and the RDS Data API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub source: Option<String>,
    /// The EventSelector that admits them, as namespace/name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 320))]
    pub event_selector: Option<String>,
    /// How many.
    pub events: i64,
    /// Their bytes before they were compressed.
    pub bytes: i64,
}

/// What a figure rests on.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CostBasis {
    /// Events were counted in delivered log files.
    Measured,
    /// CloudWatch's metrics of the log group or the bucket.
    Metrics,
    /// `spec.cost.volume`
    #[default]
    Declared,
}

/// One component of a cost, over all Regions.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct CostComponent {
    /// What is charged for, such as 'DataEvents'.
    #[schemars(length(max = 64))]
    pub name: String,
    /// How much a month.
    #[schemars(length(max = 40))]
    pub monthly_quantity: String,
    /// Of what.
    #[schemars(length(max = 40))]
    pub unit: String,
    /// US dollars for one; the mean where there are several prices.
    #[schemars(length(max = 40))]
    pub unit_price: String,
    /// US dollars a month.
    #[schemars(length(max = 32))]
    pub monthly_cost: String,
}

/// One object's part of a cost.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ObjectCost {
    /// Trail, EventSelector or MetricAlarm.
    #[schemars(length(max = 32))]
    pub kind: String,
    /// Its namespace.
    #[schemars(length(max = 63))]
    pub namespace: String,
    /// Its name.
    #[schemars(length(max = 253))]
    pub name: String,
    /// US dollars a month.
    #[schemars(length(max = 32))]
    pub monthly: String,
}

/// What costs more than it needs to.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct CostFinding {
    /// Names it.
    #[schemars(length(max = 64))]
    pub reason: String,
    /// What it is, and what to do.
    #[schemars(length(max = 1024))]
    pub message: String,
    /// US dollars a month, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub monthly: Option<String>,
}

/// What an object adds to the cost of its trail.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct CostShare {
    /// US dollars a month.
    #[schemars(length(max = 32))]
    pub monthly: String,
    /// 'USD'
    #[schemars(length(max = 3))]
    pub currency: String,
}
