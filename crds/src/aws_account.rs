//! Kind `AwsAccount`: an AWS account, the identity to act with, and who may use it.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One AWS account.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[kube(
    group = "trail-operator.dev",
    version = "v1alpha1",
    kind = "AwsAccount",
    plural = "awsaccounts",
    shortname = "awsacct",
    category = "cloudtrail",
    status = "AwsAccountStatus",
    derive = "PartialEq",
    doc = "An AWS account in which trails are kept: who we are there, and which namespaces may use it.",
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].status"
    ),
    printcolumn(name = "Account", type_ = "string", json_path = ".spec.accountId"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].reason",
        priority = 1
    ),
    printcolumn(name = "Identity", type_ = "string", json_path = ".status.identityArn", priority = 1),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].message",
        priority = 1
    )
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.roleArn) || self.roleArn.split(':').size() < 5 || self.roleArn.split(':')[4] == self.accountId")
        .message("`roleArn` must be a role of the account `accountId`")
        .reason(Reason::FieldValueInvalid),
    validation = Rule::new("!has(self.externalId) || has(self.roleArn)")
        .message("`externalId` belongs to `roleArn`: set both, or remove it")
        .reason(Reason::FieldValueInvalid)
)]
pub struct AwsAccountSpec {
    /// The account's number. Immutable. The identity in use must belong to it.
    #[schemars(length(max = 12))]
    #[x_kube(
        validation = Rule::new("self.matches('^[0-9]{12}$')").message("must be an AWS account id: 12 digits, in quotes"),
        validation = Rule::new("self == oldSelf").message("is immutable; make a new AwsAccount")
    )]
    pub account_id: String,

    /// Role to assume. When unset the operator's own identity is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    #[x_kube(validation = Rule::new("self.matches('^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$')")
        .message("must be the ARN of an IAM role, such as 'arn:aws:iam::111122223333:role/trail-operator'"))]
    pub role_arn: Option<String>,

    /// What the role's trust policy asks for as `sts:ExternalId`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1224))]
    #[x_kube(validation = Rule::new("self.matches('^[A-Za-z0-9_+=,.@:/-]{2,}$')")
        .message("must have at least 2 letters, digits or '_+=,.@:/-', as STS asks"))]
    pub external_id: Option<String>,

    /// Namespaces whose objects may use this account; none when unset.
    #[serde(default, skip_serializing_if = "AllowedNamespaces::is_empty")]
    pub allowed_namespaces: AllowedNamespaces,

    /// Home Regions that trails may have; all when unset.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(max = 32)))]
    #[x_kube(merge_strategy = ListMerge::Set, validation = Rule::new("self.all(r, r.matches('^[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}$'))")
        .message("must be AWS Regions such as 'eu-central-1'"))]
    pub allowed_regions: Vec<String>,

    /// What objects may point at in AWS.
    #[serde(default, skip_serializing_if = "AllowedResources::is_empty")]
    pub allowed_resources: AllowedResources,

    /// What objects may do to the record.
    #[serde(default)]
    pub guardrails: Guardrails,
}

/// Patterns of what objects may point at: `*` stands for any text, `?` for one character. Where a list is unset, what
/// belongs to this account is allowed.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct AllowedResources {
    /// Names of buckets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 63)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub buckets: Vec<String>,
    /// ARNs of KMS keys (not of aliases).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 2048)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub kms_key_arns: Vec<String>,
    /// ARNs of SNS topics.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 256)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub topic_arns: Vec<String>,
    /// ARNs of roles for log groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 2048)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub role_arns: Vec<String>,
}

impl AllowedResources {
    /// Whether every list is unset.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What objects may do to the record.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Guardrails {
    /// Whether changes are made after which AWS records or protects less than before.
    #[serde(default)]
    pub weakening: Weakening,

    /// Allows weakening changes for a while.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub break_glass: Option<BreakGlass>,
}

/// Whether weakening changes are made.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weakening {
    /// They are withheld and reported.
    #[default]
    Refuse,
    /// They are made.
    Allow,
}

/// A time-limited exception.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct BreakGlass {
    /// When it ends by itself.
    pub until: Time,
    /// Why; told in events.
    #[schemars(length(min = 1, max = 256))]
    pub reason: String,
}

/// Namespaces that may use an account: those named, and those whose labels match the selector.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct AllowedNamespaces {
    /// Names of namespaces.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256), inner(length(min = 1, max = 63)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub names: Vec<String>,

    /// Labels of namespaces. An empty selector matches every namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
}

impl AllowedNamespaces {
    /// Whether nothing is allowed.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && self.selector.is_none()
    }

    /// Whether objects of the namespace, which carries these labels, may use the account.
    pub fn allows(&self, namespace: &str, labels: &BTreeMap<String, String>) -> bool {
        self.names.iter().any(|name| name == namespace)
            || self.selector.as_ref().is_some_and(|selector| selector.matches(labels))
    }
}

/// Labels that must all be there.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct LabelSelector {
    /// Label keys and the values they must have.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 16), extend("additionalProperties" = {"type": "string", "maxLength": 63}))]
    pub match_labels: BTreeMap<String, String>,
}

impl LabelSelector {
    /// Whether they are all there.
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
    }
}

/// What was last seen of an account.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct AwsAccountStatus {
    /// Generation of the spec that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,

    /// ARN of the identity in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub identity_arn: Option<String>,

    /// Conditions, in kstatus' sense.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
}
