//! Kind `EventSelector`: data and network activity events that a trail records besides its management events. Several
//! compose on one trail.
//!
//! AWS facts: `cloudtrail.md` 2.1 (the basic form), 2.2 (the advanced form).

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::CostShare;

/// What a trail is to record besides management events.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "trail-operator.dev",
    version = "v1alpha1",
    kind = "EventSelector",
    plural = "eventselectors",
    shortname = "ctsel",
    category = "cloudtrail",
    namespaced,
    status = "EventSelectorStatus",
    derive = "PartialEq",
    doc = "Data and network activity events for a trail to record. It adds to the trail and cannot take away: several compose on one trail.",
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].status"
    ),
    printcolumn(
        name = "Accepted",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Accepted')].status"
    ),
    printcolumn(
        name = "Applied",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Applied')].status"
    ),
    printcolumn(name = "Trail", type_ = "string", json_path = ".spec.trailRef.name"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].reason",
        priority = 1
    ),
    printcolumn(name = "Records", type_ = "string", json_path = ".status.records[0]", priority = 1),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].message",
        priority = 1
    )
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.basic) != has(self.advanced)")
        .message("exactly one of `basic` and `advanced` must be set")
        .reason(Reason::FieldValueInvalid)
)]
pub struct EventSelectorSpec {
    /// The Trail that is to record them. Immutable.
    #[x_kube(validation = Rule::new("self == oldSelf")
        .message("is immutable: make a new EventSelector for another Trail, and delete this one when that one is Applied"))]
    pub trail_ref: TrailRef,

    /// Where a trail cannot hold all EventSelectors, those with lower numbers come first.
    #[serde(default = "one_hundred")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub priority: i32,

    /// AWS's basic form, without its part for management events. Sent in the advanced form, which records the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basic: Option<BasicEventSelector>,

    /// AWS's advanced form: an event that one of the selectors takes is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(merge_strategy = ListMerge::Atomic, validation = Rule::new(format!("self.map(s, s.fieldSelectors.map(f, {VALUES}).sum()).sum() <= 500"))
        .message("must not have more than 500 values in all, category and type included: a trail takes no more; use fewer values or wider ones (`startsWith`)"))]
    pub advanced: Option<Vec<AdvancedEventSelector>>,
}

/// Reference to a Trail.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct TrailRef {
    /// Name of the Trail.
    #[schemars(length(min = 1, max = 128))]
    pub name: String,

    /// Its namespace; that of this object when unset. The Trail's `spec.eventSelectorsFrom` decides who may add to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub namespace: Option<String>,
}

/// Data events in AWS's basic form.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct BasicEventSelector {
    /// Events that read, that write, or both.
    #[serde(default)]
    pub read_write_type: ReadWriteType,

    /// What they happen to.
    #[schemars(length(min = 1, max = 3))]
    #[x_kube(merge_strategy = ListMerge::Atomic, validation = Rule::new("self.all(r, self.exists_one(s, s.type == r.type))")
        .message("must not name a type twice: put its values together"))]
    pub data_resources: Vec<DataResource>,
}

/// Events that read, that write, or both.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReadWriteType {
    /// Both.
    #[default]
    All,
    /// Events that only read.
    ReadOnly,
    /// Events that change something.
    WriteOnly,
}

/// Resources of one type.
// With '*' in a key CloudTrail refuses the value (`cloudtrail.md` 2.1), though S3 has such keys.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[x_kube(
    validation = Rule::new("self.type != 'AWS::S3::Object' || self.values.all(v, v.matches('^arn:aws[a-z-]*:s3(:::|:::[^/*?]+/[^*]*)?$'))")
        .message("`values` of 'AWS::S3::Object' must be a bucket with '/' after its name ('arn:aws:s3:::my-bucket/'), the same with the beginning of keys after the '/', or 'arn:aws:s3' for all buckets; without wildcards"),
    validation = Rule::new("self.type != 'AWS::Lambda::Function' || self.values.all(v, v.matches('^arn:aws[a-z-]*:lambda(:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_:$-]+)?$'))")
        .message("`values` of 'AWS::Lambda::Function' must be the ARN of a function ('arn:aws:lambda:us-east-1:111122223333:function:my-function'), or 'arn:aws:lambda' for all functions; without wildcards"),
    validation = Rule::new("self.type != 'AWS::DynamoDB::Table' || self.values.all(v, v.matches('^arn:aws[a-z-]*:dynamodb(:[a-z0-9-]+:[0-9]{12}:table/[A-Za-z0-9_.-]+)?$'))")
        .message("`values` of 'AWS::DynamoDB::Table' must be the ARN of a table ('arn:aws:dynamodb:us-east-1:111122223333:table/my-table'), or 'arn:aws:dynamodb' for all tables; without wildcards")
)]
pub struct DataResource {
    /// `AWS::S3::Object`, `AWS::Lambda::Function` or `AWS::DynamoDB::Table`: the basic form knows no other.
    #[schemars(length(max = 128))]
    #[x_kube(validation = Rule::new("self in ['AWS::S3::Object', 'AWS::Lambda::Function', 'AWS::DynamoDB::Table']")
        .message("must be 'AWS::S3::Object', 'AWS::Lambda::Function' or 'AWS::DynamoDB::Table': other types need `advanced`"))]
    pub r#type: String,

    /// ARNs: of a bucket with '/' at its end or with the beginning of keys, of a function, of a table; or of the service
    /// alone ('arn:aws:s3') for all of the account.
    #[schemars(length(min = 1, max = 250), inner(length(min = 1, max = 1200)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub values: Vec<String>,
}

/// Events in AWS's advanced form: those for which every field holds.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("self.fieldSelectors.exists(f, f.field == 'eventCategory' && has(f.equals) && size(f.equals) == 1 && f.equals[0] in ['Data', 'NetworkActivity', 'Management'])")
        .message("each selector needs the field 'eventCategory' with exactly one value in `equals`: Data or NetworkActivity"),
    validation = Rule::new("!self.fieldSelectors.exists(f, f.field == 'eventCategory' && has(f.equals) && f.equals.exists(c, c == 'Management'))")
        .message("management events belong to the Trail: remove this selector, and say in `managementEvents` of the Trail which of them it records"),
    validation = Rule::new(format!("!{DATA} || self.fieldSelectors.exists(f, f.field == 'resources.type')"))
        .message("data events need the field 'resources.type' with the type of resource, such as `equals: [AWS::S3::Object]`"),
    validation = Rule::new(format!("!{DATA} || !self.fieldSelectors.exists(f, f.field in ['errorCode', 'vpcEndpointId'])"))
        .message("'errorCode' and 'vpcEndpointId' are fields of network activity events only: remove them, or select NetworkActivity in a selector of its own"),
    validation = Rule::new(format!("!{NETWORK} || self.fieldSelectors.exists(f, f.field == 'eventSource' && has(f.equals) && size(f.equals) == 1 && f.equals[0].matches('^[a-z0-9.-]+$') && ['.amazonaws.com', '.amazonaws.com.cn'].exists(s, f.equals[0].endsWith(s)) && !{})", other_operators("f")))
        .message("network activity events need the field 'eventSource' with exactly one service in `equals` and no other operator, such as `equals: [kms.amazonaws.com]`; another service needs a selector of its own"),
    validation = Rule::new(format!("!{NETWORK} || !self.fieldSelectors.exists(f, f.field == 'readOnly' || f.field.startsWith('resources.'))"))
        .message("network activity events have neither 'readOnly' nor fields of resources: remove them; 'eventName', 'vpcEndpointId' and 'errorCode' narrow such events"),
    validation = Rule::new("self.fieldSelectors.all(f, self.fieldSelectors.exists_one(g, g.field == f.field))")
        .message("must not have a field twice: put its operators together")
)]
pub struct AdvancedEventSelector {
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000))]
    pub name: Option<String>,

    /// Fields of an event, all of which must hold.
    #[schemars(length(min = 1, max = 16))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub field_selectors: Vec<AdvancedFieldSelector>,
}

/// One field of an event: any of the positive operators must hold, and none of the negative ones may hit.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new(format!("has(self.equals) || {}", other_operators("self")))
        .message("needs an operator with values: `equals`, `startsWith`, `endsWith`, `notEquals`, `notStartsWith` or `notEndsWith`"),
    validation = Rule::new(format!("!(self.field in ['eventCategory', 'readOnly', 'resources.type', 'errorCode']) || !{}", other_operators("self")))
        .message("'eventCategory', 'readOnly', 'resources.type' and 'errorCode' can only have `equals`: remove the other operators"),
    validation = Rule::new("self.field != 'resources.type' || !has(self.equals) || (size(self.equals) == 1 && self.equals[0].matches('^AWS::[A-Za-z0-9]+::[A-Za-z0-9]+$'))")
        .message("'resources.type' must have exactly one value in `equals`, in the form 'AWS::S3::Object'; another type needs a selector of its own"),
    validation = Rule::new("self.field != 'readOnly' || !has(self.equals) || self.equals in [['true'], ['false']]")
        .message("'readOnly' must have exactly one value in `equals`, 'true' or 'false', in quotes; for both remove the field"),
    validation = Rule::new("self.field != 'errorCode' || !has(self.equals) || self.equals == ['VpceAccessDenied']")
        .message("'errorCode' can only have the value 'VpceAccessDenied'"),
    validation = Rule::new("self.field != 'resources.ARN' || ((!has(self.equals) || self.equals.all(v, v.startsWith('arn:'))) && (!has(self.notEquals) || self.notEquals.all(v, v.startsWith('arn:'))))")
        .message("'resources.ARN' must have whole ARNs in `equals` and `notEquals`; for the beginning of ARNs use `startsWith` or `notStartsWith`")
)]
pub struct AdvancedFieldSelector {
    /// The field, such as 'eventCategory', 'resources.type', 'resources.ARN', 'readOnly', 'eventName'.
    #[schemars(length(min = 1, max = 1000))]
    #[x_kube(validation = Rule::new("self.matches('^[A-Za-z0-9_.]+$')")
        .message("must be the name of a field such as 'eventName': letters, digits, '_' and '.'"))]
    pub field: String,

    /// It is one of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 500), inner(length(min = 1, max = 2048)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub equals: Option<Vec<String>>,

    /// It begins with one of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 500), inner(length(min = 1, max = 2048)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub starts_with: Option<Vec<String>>,

    /// It ends with one of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 500), inner(length(min = 1, max = 2048)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub ends_with: Option<Vec<String>>,

    /// It is none of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 500), inner(length(min = 1, max = 2048)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub not_equals: Option<Vec<String>>,

    /// It begins with none of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 500), inner(length(min = 1, max = 2048)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub not_starts_with: Option<Vec<String>>,

    /// It ends with none of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 500), inner(length(min = 1, max = 2048)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub not_ends_with: Option<Vec<String>>,
}

/// In rules of an `AdvancedEventSelector`: whether it selects data events.
const DATA: &str =
    "self.fieldSelectors.exists(f, f.field == 'eventCategory' && has(f.equals) && f.equals == ['Data'])";

/// Whether it selects network activity events.
const NETWORK: &str = "self.fieldSelectors.exists(f, f.field == 'eventCategory' && has(f.equals) && f.equals == ['NetworkActivity'])";

/// How many values the field `f` has.
const VALUES: &str = "(has(f.equals) ? size(f.equals) : 0) + (has(f.startsWith) ? size(f.startsWith) : 0) + (has(f.endsWith) ? size(f.endsWith) : 0) + (has(f.notEquals) ? size(f.notEquals) : 0) + (has(f.notStartsWith) ? size(f.notStartsWith) : 0) + (has(f.notEndsWith) ? size(f.notEndsWith) : 0)";

/// Whether a field has another operator than `equals`.
fn other_operators(field: &str) -> String {
    let operators = ["startsWith", "endsWith", "notEquals", "notStartsWith", "notEndsWith"];
    format!("({})", operators.map(|operator| format!("has({field}.{operator})")).join(" || "))
}

/// What was last seen of an EventSelector.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct EventSelectorStatus {
    /// Generation of the spec that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,

    /// The form that AWS last had: what the trail goes on recording while the spec cannot be accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<AcceptedSelectors>,

    /// A form that was accepted and that AWS was not seen to have yet. It may have it all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<AcceptedSelectors>,

    /// Revision of the trail's selectors with which the accepted form was last seen in place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub applied_revision: Option<String>,

    /// What the accepted form records, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), inner(length(max = 1024)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub records: Vec<String>,

    /// Who else records the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), inner(length(max = 1024)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub overlaps: Vec<String>,

    /// What would cost more than anybody means to pay.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub warnings: Vec<SelectorWarning>,

    /// What it adds to the cost of the trail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<CostShare>,

    /// Conditions, in kstatus' sense.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
}

/// A form that was accepted.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct AcceptedSelectors {
    /// Generation of the spec that it is of.
    pub generation: i64,
    /// In AWS's advanced form.
    #[schemars(length(max = 256))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub selectors: Vec<AdvancedEventSelector>,
}

/// Something that is allowed and probably not meant.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct SelectorWarning {
    /// Which, in one word.
    #[schemars(length(max = 64))]
    pub reason: String,
    /// The sentence.
    #[schemars(length(max = 1024))]
    pub message: String,
}

impl EventSelector {
    /// Namespace and name of its Trail.
    pub fn trail(&self) -> (&str, &str) {
        let own = self.metadata.namespace.as_deref().unwrap_or_default();
        (self.spec.trail_ref.namespace.as_deref().unwrap_or(own), &self.spec.trail_ref.name)
    }
}

fn one_hundred() -> i32 {
    100
}
