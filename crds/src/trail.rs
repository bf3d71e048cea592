//! Kind `Trail`: one `CloudTrail` trail with everything it needs to deliver.
//!
//! AWS facts: `cloudtrail.md` 1.2 (names and ARNs), 1.3 (fields), 1.4 (rules between fields).

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cost, CostStatus, CoverageStatus, LabelSelector, Validation, ValidationStatus};

/// What one trail should be.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "trail-operator.dev",
    version = "v1alpha1",
    kind = "Trail",
    plural = "trails",
    shortname = "ctrail",
    category = "cloudtrail",
    namespaced,
    status = "TrailStatus",
    derive = "PartialEq",
    doc = "One CloudTrail trail with everything it needs to deliver: created, kept as declared, kept logging.",
    validation = Rule::new("has(self.spec.trailName) || (size(self.metadata.name) >= 3 && size(self.metadata.name) <= 128 && self.metadata.name.matches('^[a-z0-9]([.-]?[a-z0-9])*$') && !self.metadata.name.matches('^[0-9]+[.][0-9]+[.][0-9]+[.][0-9]+$'))")
        .message("without `spec.trailName` the trail is called like this object, so `metadata.name` must be a CloudTrail name: 3 to 128 characters, no two of '.', '-' side by side, not in the form of an IP address"),
    validation = Rule::new("size(self.metadata.name) <= 128")
        .message("`metadata.name` must have at most 128 characters: it is part of the owner tag in AWS"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status"),
    printcolumn(name = "Logging", type_ = "string", json_path = ".status.conditions[?(@.type=='Logging')].status"),
    printcolumn(name = "Validated", type_ = "string", json_path = ".status.conditions[?(@.type=='LogFileValidated')].status"),
    printcolumn(name = "Monthly cost", type_ = "string", json_path = ".status.cost.monthly"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].reason", priority = 1),
    printcolumn(name = "Home Region", type_ = "string", json_path = ".spec.region", priority = 1),
    printcolumn(name = "ARN", type_ = "string", json_path = ".status.arn", priority = 1),
    printcolumn(name = "Message", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].message", priority = 1)
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.trailName) == has(oldSelf.trailName) && (!has(self.trailName) || self.trailName == oldSelf.trailName)")
        .message("`trailName` is immutable, also from unset to set: CloudTrail cannot rename a trail; make a new Trail")
        .reason(Reason::FieldValueInvalid),
    validation = Rule::new("!self.isMultiRegionTrail || self.includeGlobalServiceEvents")
        .message("`includeGlobalServiceEvents` must be true when `isMultiRegionTrail` is true: CloudTrail refuses a multi-Region trail without global service events")
        .reason(Reason::FieldValueInvalid),
    validation = Rule::new("!has(self.insightSelectors) || self.managementEvents.readWriteType != 'ReadOnly' || !self.insightSelectors.exists(i, i.insightType == 'ApiCallRateInsight' && (!has(i.eventCategories) || i.eventCategories.exists(c, c == 'Management')))")
        .message("`insightSelectors` with 'ApiCallRateInsight' for Management needs write events: set `managementEvents.readWriteType` to All or WriteOnly, or remove the Insight")
        .reason(Reason::FieldValueInvalid),
    validation = Rule::new("!has(self.sns) || self.sns.topicArn.split(':').size() < 4 || self.sns.topicArn.split(':')[3] == self.region")
        .message("`sns.topicArn` must be a topic in the trail's home Region (`region`)")
        .reason(Reason::FieldValueInvalid),
    validation = Rule::new("self.managementEvents.readWriteType != 'None' || !has(self.managementEvents.excludeEventSources) || size(self.managementEvents.excludeEventSources) == 0")
        .message("`managementEvents.excludeEventSources` means nothing when `managementEvents.readWriteType` is None: remove it")
        .reason(Reason::FieldValueInvalid),
    validation = Rule::new("self.managementEvents.readWriteType != 'None' || !has(self.insightSelectors) || !self.insightSelectors.exists(i, !has(i.eventCategories) || i.eventCategories.exists(c, c == 'Management'))")
        .message("`insightSelectors` for Management need management events: set `managementEvents.readWriteType`, or name Data alone in `eventCategories`")
        .reason(Reason::FieldValueInvalid)
)]
pub struct TrailSpec {
    /// Name of the trail in `CloudTrail`; the name of this object when unset. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    #[x_kube(validation = Rule::new("size(self) >= 3 && self.matches('^[A-Za-z0-9]([._-]?[A-Za-z0-9])*$') && !self.matches('^[0-9]+[.][0-9]+[.][0-9]+[.][0-9]+$')")
        .message("must be a CloudTrail name: 3 to 128 letters, digits, '.', '_' or '-', first and last a letter or digit, no two of '.', '_', '-' side by side, not in the form of an IP address"))]
    pub trail_name: Option<String>,

    /// Home Region: where the trail is created and changed. Immutable.
    #[schemars(length(max = 32))]
    #[x_kube(
        validation = Rule::new("self.matches('^[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}$')")
            .message("must be an AWS Region such as 'eu-central-1'"),
        validation = Rule::new("self == oldSelf")
            .message("is immutable: the home Region of a trail cannot change; make a new Trail")
    )]
    pub region: String,

    /// The `AwsAccount` to act in. Immutable.
    #[serde(default)]
    #[x_kube(validation = Rule::new("self == oldSelf")
        .message("is immutable: a trail cannot move to another account; make a new Trail"))]
    pub account_ref: AccountRef,

    /// Whether the trail records. `Disabled` stops logging in AWS.
    #[serde(default)]
    pub logging: Logging,

    /// Record the events of all Regions enabled in the account.
    #[serde(default = "yes")]
    pub is_multi_region_trail: bool,

    /// Record events of global services such as IAM. Must be true for a multi-Region trail.
    #[serde(default = "yes")]
    pub include_global_service_events: bool,

    /// Record the events of every account of the organization. Only the management account of an organization, or a
    /// delegated administrator, can have such a trail.
    #[serde(default)]
    pub is_organization_trail: bool,

    /// Have `CloudTrail` deliver signed digest files, so that changed or deleted log files can be found.
    #[serde(default = "yes")]
    pub enable_log_file_validation: bool,

    /// Also record the events that `CloudTrail`'s own deliveries cause; left to AWS when unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recursive_logging: Option<bool>,

    /// Which management events are recorded.
    #[serde(default)]
    pub management_events: ManagementEvents,

    /// Whose EventSelectors may add data and network activity events to this trail.
    #[serde(default)]
    pub event_selectors_from: EventSelectorsFrom,

    /// Where log files are delivered.
    pub s3: S3,

    /// Encrypt log files with this KMS key; SSE-S3 when unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms: Option<Kms>,

    /// Also send events to a log group of `CloudWatch` Logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud_watch_logs: Option<CloudWatchLogs>,

    /// Notify a topic of each delivered log file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sns: Option<Sns>,

    /// Have `CloudTrail` look for unusual activity. Charged by the events analysed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["insightType".into()]))]
    pub insight_selectors: Vec<InsightSelector>,

    /// Have `CloudTrail` also deliver summaries of data events. The trail must record data events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aggregation: Option<Aggregation>,

    /// Tags of the trail. Only tags that were set from here are ever removed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 48), extend("additionalProperties" = {"type": "string", "maxLength": 256}))]
    #[x_kube(validation = Rule::new("self.all(k, size(k) >= 1 && size(k) <= 128 && k.matches('^[\\\\p{L}\\\\p{Z}\\\\p{N}_.:/=+@-]+$') && !k.lowerAscii().startsWith('aws:') && !k.startsWith('trail-operator.dev/'))")
        .message("keys must have 1 to 128 letters, digits, blanks or '_.:/=+@-', and must not begin with 'aws:' or 'trail-operator.dev/', which belong to AWS and to this operator"),
        validation = Rule::new("self.all(k, self[k].matches('^[\\\\p{L}\\\\p{Z}\\\\p{N}_.:/=+@-]*$'))")
        .message("values must consist of letters, digits, blanks or '_.:/=+@-'"))]
    pub tags: BTreeMap<String, String>,

    /// What to do with a trail of that name that exists in AWS and carries no owner tag.
    #[serde(default)]
    pub adoption_policy: AdoptionPolicy,

    /// Owner tag of another owner to take the trail over from, exactly as AWS shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub adopt_from: Option<String>,

    /// What happens to the trail in AWS when this object is deleted.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,

    /// Whether AWS is changed, or only looked at.
    #[serde(default)]
    pub management_policy: ManagementPolicy,

    /// Nothing is read or changed in AWS while this is true. Deletion still works.
    #[serde(default)]
    pub suspend: bool,

    /// How often AWS is compared with this object, in seconds.
    #[serde(default = "five_minutes")]
    #[schemars(range(min = 30, max = 86400))]
    pub interval_seconds: i32,

    /// How delivered files are verified against the digests that `CloudTrail` signed. Needs `enableLogFileValidation`.
    #[serde(default)]
    pub validation: Validation,

    /// What the trail may cost, and what is expected of it until something is measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
}

/// Reference to an `AwsAccount`, which is cluster-scoped.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct AccountRef {
    /// Name of the `AwsAccount`.
    #[serde(default = "default_account")]
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

impl Default for AccountRef {
    fn default() -> Self {
        Self { name: default_account() }
    }
}

/// Whether a trail records.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Logging {
    /// The trail records; if somebody stops it, it is started again.
    #[default]
    Enabled,
    /// The trail exists and records nothing.
    Disabled,
}

/// Which management events are recorded.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ManagementEvents {
    /// Read events, write events, both, or none.
    #[serde(default)]
    pub read_write_type: ManagementReadWriteType,

    /// Services whose management events are left out. `CloudTrail` knows 'kms.amazonaws.com' and
    /// 'rdsdata.amazonaws.com'.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(max = 128)))]
    #[x_kube(merge_strategy = ListMerge::Atomic, validation = Rule::new("self.all(s, s.matches('^[a-z0-9-]+([.][a-z0-9-]+)*[.]amazonaws[.]com([.]cn)?$'))")
        .message("must be names of services such as 'kms.amazonaws.com'"),
        validation = Rule::new("self.all(s, self.exists_one(t, t == s))").message("must not name a service twice"))]
    pub exclude_event_sources: Vec<String>,
}

/// Reads, writes, both, or none.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ManagementReadWriteType {
    /// Both.
    #[default]
    All,
    /// Events that only read.
    ReadOnly,
    /// Events that change something.
    WriteOnly,
    /// No management events at all. The trail then needs an EventSelector.
    None,
}

/// Whose EventSelectors may add to a trail.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[x_kube(validation = Rule::new("(self.namespaces == 'Selector') == has(self.selector)")
    .message("`selector` must be set when `namespaces` is Selector, and only then"))]
pub struct EventSelectorsFrom {
    /// Those of the Trail's own namespace, of all namespaces, or of namespaces with certain labels.
    #[serde(default)]
    pub namespaces: NamespacesFrom,

    /// Labels of namespaces. An empty selector matches every namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
}

/// Namespaces, seen from an object.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NamespacesFrom {
    /// Its own.
    #[default]
    Same,
    /// Every one.
    All,
    /// Those with the labels of `selector`.
    Selector,
}

impl EventSelectorsFrom {
    /// Whether an object of namespace `theirs`, which carries these labels, may add to a trail of namespace `own`.
    pub fn allows(&self, own: &str, theirs: &str, labels: &BTreeMap<String, String>) -> bool {
        match self.namespaces {
            NamespacesFrom::Same => own == theirs,
            NamespacesFrom::All => true,
            NamespacesFrom::Selector => {
                own == theirs || self.selector.as_ref().is_some_and(|selector| selector.matches(labels))
            }
        }
    }
}

/// One kind of unusual activity to look for.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct InsightSelector {
    /// What is looked for.
    pub insight_type: InsightType,

    /// Events that are analysed; Management when unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub event_categories: Option<Vec<InsightCategory>>,
}

/// What Insights look for.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum InsightType {
    /// Unusual numbers of calls; of management events only writes count.
    ApiCallRateInsight,
    /// Unusual numbers of errors.
    ApiErrorRateInsight,
}

/// Events that Insights analyse.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum InsightCategory {
    /// Management events.
    Management,
    /// Data events.
    Data,
}

/// Summaries of data events.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Aggregation {
    /// Kinds of summary, as AWS names them: 'API_ACTIVITY', 'RESOURCE_ACCESS', 'USER_ACTIONS'.
    #[schemars(length(min = 1, max = 50), inner(length(max = 64)))]
    #[x_kube(merge_strategy = ListMerge::Atomic, validation = Rule::new("self.all(t, t.matches('^[A-Z][A-Z0-9_]*$'))")
        .message("must be names of templates such as 'API_ACTIVITY'"),
        validation = Rule::new("self.all(t, self.exists_one(u, u == t))").message("must not name a template twice"))]
    pub templates: Vec<String>,
}

/// What to do with a trail that nobody has marked as his own.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AdoptionPolicy {
    /// Leave it alone and say so.
    #[default]
    Never,
    /// Take it over, if it carries no owner tag.
    IfUnowned,
}

/// Whether AWS is changed.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ManagementPolicy {
    /// AWS is kept as declared.
    #[default]
    Full,
    /// AWS is read and reported on; nothing is changed.
    Observe,
}

/// What happens in AWS when a `Trail` object is deleted.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeletionPolicy {
    /// The trail stays and goes on logging; only the owner tag is taken off.
    #[default]
    Retain,
    /// The trail stays and stops logging.
    StopLogging,
    /// The trail is deleted. Delivered log files stay in the bucket.
    Delete,
}

/// The bucket of a trail.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct S3 {
    /// Bucket that receives log files and digests. Its policy must let `CloudTrail` write.
    #[schemars(length(max = 63))]
    #[x_kube(
        validation = Rule::new("self.matches('^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$') && !self.contains('..') && !self.matches('^[0-9]+[.][0-9]+[.][0-9]+[.][0-9]+$')")
            .message("must be a bucket name: 3 to 63 lower-case letters, digits, '.' or '-', first and last a letter or digit, no '..', not in the form of an IP address"),
        validation = Rule::new("!['xn--', 'sthree-', 'amzn-s3-demo-'].exists(p, self.startsWith(p)) && !['-s3alias', '--ol-s3', '.mrap', '--x-s3', '--table-s3'].exists(s, self.endsWith(s))")
            .message("must not use a prefix or suffix that S3 reserves (prefixes 'xn--', 'sthree-', 'amzn-s3-demo-'; suffixes '-s3alias', '--ol-s3', '.mrap', '--x-s3', '--table-s3')")
    )]
    pub bucket_name: String,

    /// Folder in the bucket, in front of `AWSLogs/`; none when unset or empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    #[x_kube(validation = Rule::new("!self.startsWith('/') && !self.endsWith('/')")
        .message("must neither begin nor end with '/': CloudTrail puts the '/' before 'AWSLogs' itself"))]
    pub key_prefix: Option<String>,

    /// Account that owns the bucket. Whatever is read from the bucket is asked for with it, so that nobody else's bucket
    /// is read in its stead; the account of the trail when unset, unless the `AwsAccount` allows the bucket by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 12))]
    #[x_kube(validation = Rule::new("self.matches('^[0-9]{12}$')").message("must be an AWS account id: 12 digits, in quotes"))]
    pub bucket_owner: Option<String>,
}

/// The KMS key of a trail.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Kms {
    /// A symmetric key in the bucket's Region whose policy lets `CloudTrail` use it: its alias, alias ARN, key id or key
    /// ARN. An alias is followed by the operator, not by `CloudTrail`.
    #[schemars(length(max = 2048))]
    #[x_kube(validation = Rule::new("self.matches('^(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(key/[A-Za-z0-9-]+|alias/[A-Za-z0-9/_-]+)|alias/[A-Za-z0-9/_-]+|mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$')")
        .message("must be a KMS key: an alias such as 'alias/cloudtrail', the ARN of an alias, a key id, or the ARN of a key such as 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'"))]
    pub key_id: String,
}

/// The log group of a trail.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct CloudWatchLogs {
    /// Name of a log group in the home Region, in the account of the trail.
    #[schemars(length(max = 512))]
    #[x_kube(validation = Rule::new("self.matches('^[.\\\\-_/#A-Za-z0-9]+$')")
        .message("must be the name of a log group (not its ARN): letters, digits, '.', '-', '_', '/' and '#'"))]
    pub log_group_name: String,

    /// Role that `CloudTrail` assumes to write there.
    #[schemars(length(max = 2048))]
    #[x_kube(validation = Rule::new("self.matches('^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$')")
        .message("must be the ARN of an IAM role, such as 'arn:aws:iam::111122223333:role/cloudtrail-logs'"))]
    pub role_arn: String,
}

/// The topic of a trail.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Sns {
    /// Topic in the home Region whose policy lets `CloudTrail` publish.
    #[schemars(length(max = 256))]
    #[x_kube(validation = Rule::new("self.matches('^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$')")
        .message("must be the ARN of an SNS topic, such as 'arn:aws:sns:us-east-1:111122223333:cloudtrail'"))]
    pub topic_arn: String,
}

/// What was last seen of a trail.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct TrailStatus {
    /// Generation of the spec that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,

    /// Value of the annotation `trail-operator.dev/reconcile-requested-at` that was last acted on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub last_handled_reconcile_at: Option<String>,

    /// ARN of the trail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub arn: Option<String>,

    /// Account that holds the trail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 12))]
    pub account_id: Option<String>,

    /// Region in which the trail can be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub home_region: Option<String>,

    /// Keys of the tags that were set from this object.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 96), inner(length(max = 128)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub managed_tag_keys: Vec<String>,

    /// Where log files went, and by which key they were encrypted, when AWS was last as declared. By this a change that
    /// others made is told from a change of the manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<Destination>,

    /// When the trail was first seen to be this object's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acquired_at: Option<Time>,

    /// When an owner tag that others had changed was put back. It is put back once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_tag_restored_at: Option<Time>,

    /// What differs between this object and AWS now: not repaired yet, withheld, or only observed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub drift: Vec<Drift>,

    /// What `CloudTrail` says of logging and delivery in the home Region; refreshed with another change, or hourly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logging: Option<LoggingStatus>,

    /// What the trail records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selectors: Option<SelectorsStatus>,

    /// What log file validation came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<ValidationStatus>,

    /// Which Regions and accounts should deliver digests, and which do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<CoverageStatus>,

    /// What the trail costs a month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<CostStatus>,

    /// Conditions, in kstatus' sense.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
}

/// What the Trail and its EventSelectors amount to, and how far AWS has it.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct SelectorsStatus {
    /// Names what is declared: the Trail's management events and every accepted EventSelector.
    #[schemars(length(max = 64))]
    pub revision: String,
    /// The revision that AWS was last seen to record all of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub applied_revision: Option<String>,
    /// Accepted EventSelectors that AWS does not record all of, as namespace/name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 512), inner(length(max = 320)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub unapplied: Vec<String>,
    /// How many EventSelectors are accepted.
    pub count: i32,
    /// Which management events are declared, in words.
    #[schemars(length(max = 1024))]
    pub management_events: String,
    /// Types of the resources whose data events are declared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(max = 256)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub data_resource_types: Vec<String>,
    /// EventSelectors that CloudTrail itself refused, each in the form in which it did. They are tried again when they are
    /// edited, or when a look is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub refused: Vec<RefusedSelector>,
}

/// An EventSelector that CloudTrail refused.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct RefusedSelector {
    /// Its namespace.
    #[schemars(length(max = 63))]
    pub namespace: String,
    /// Its name.
    #[schemars(length(max = 253))]
    pub name: String,
    /// Names the form that was refused.
    #[schemars(length(max = 64))]
    pub form: String,
}

/// One field that AWS holds otherwise than declared.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Drift {
    /// Path of the field in the spec.
    #[schemars(length(max = 256))]
    pub field: String,
    /// What the spec says; empty when it says nothing.
    #[schemars(length(max = 2048))]
    pub declared: String,
    /// What AWS says; empty when AWS has nothing.
    #[schemars(length(max = 2048))]
    pub actual: String,
}

/// Where a trail delivers.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Destination {
    /// The bucket.
    #[schemars(length(max = 63))]
    pub bucket_name: String,
    /// Folder in it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 200))]
    pub key_prefix: String,
    /// ARN of the key.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 2048))]
    pub kms_key_arn: String,
}

/// What `GetTrailStatus` last said in the home Region.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct LoggingStatus {
    /// Whether logging is switched on.
    pub is_logging: bool,
    /// When logging was last switched on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_logging_time: Option<Time>,
    /// When a log file was last delivered to the bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_delivery_time: Option<Time>,
    /// When a digest file was last delivered to the bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_digest_delivery_time: Option<Time>,
    /// When events last reached the log group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_cloud_watch_logs_delivery_time: Option<Time>,
    /// When the topic was last notified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_notification_time: Option<Time>,
    /// Since when `CloudTrail` has been seen to fail to deliver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Time>,
    /// Regions in which it fails, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), inner(length(max = 32)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub failing_regions: Vec<String>,
}

impl Trail {
    /// Name of the trail in `CloudTrail`: `spec.trailName`, else the name of this object.
    pub fn trail_name(&self) -> &str {
        self.spec.trail_name.as_deref().or(self.metadata.name.as_deref()).unwrap_or_default()
    }
}

fn yes() -> bool {
    true
}

fn five_minutes() -> i32 {
    300
}

fn default_account() -> String {
    "default".into()
}
