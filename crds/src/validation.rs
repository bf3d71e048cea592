//! Log file validation of a `Trail`: how it is asked for, and what it came to.
//!
//! AWS facts: `cloudtrail.md` 4.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How delivered files are verified against the digests that `CloudTrail` signed.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Validation {
    /// How often what was delivered since is verified, in seconds: 0 (only when asked for), or 30 and more.
    #[serde(default = "hourly")]
    #[schemars(range(min = 0, max = 604_800))]
    #[x_kube(validation = Rule::new("self == 0 || self >= 30")
        .message("must be 0, which means only when asked for, or 30 and more"))]
    pub interval_seconds: i32,

    /// How many hours back the first run begins, and how far back each run looks for files that were changed.
    #[serde(default = "a_day")]
    #[schemars(range(min = 6, max = 2160))]
    pub lookback_hours: i32,

    /// Which of the log files that digests list are read and hashed.
    #[serde(default)]
    pub log_files: LogFiles,

    /// Now and then everything is gone over again, since old files can be changed later.
    #[serde(default)]
    pub deep_pass: DeepPass,

    /// Whether `Ready` is False while `LogFileValidated` is False, or is Unknown for longer than
    /// `unknownGraceSeconds`.
    #[serde(default)]
    pub failure_policy: FailurePolicy,

    /// How long `LogFileValidated` may be Unknown before `failurePolicy` takes it for a failure, in seconds.
    #[serde(default = "four_hours")]
    #[schemars(range(min = 0, max = 2_592_000))]
    pub unknown_grace_seconds: i32,
}

impl Default for Validation {
    fn default() -> Self {
        Self {
            interval_seconds: hourly(),
            lookback_hours: a_day(),
            log_files: LogFiles::default(),
            deep_pass: DeepPass::default(),
            failure_policy: FailurePolicy::default(),
            unknown_grace_seconds: four_hours(),
        }
    }
}

/// Which of the log files that digests list are read.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFiles {
    /// All.
    #[default]
    All,
    /// About one in ten, others each time.
    Sample,
    /// None: digests alone are verified.
    None,
}

/// How the past is gone over again: every digest is read, log files are listed, and those that were changed after their
/// digest are read in full.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct DeepPass {
    /// How often, in hours; 0 = never.
    #[serde(default = "a_week")]
    #[schemars(range(min = 0, max = 8760))]
    pub interval_hours: i32,
    /// How many days back. What is older is no longer held against the trail.
    #[serde(default = "ninety")]
    #[schemars(range(min = 1, max = 3650))]
    pub lookback_days: i32,
}

impl Default for DeepPass {
    fn default() -> Self {
        Self { interval_hours: a_week(), lookback_days: ninety() }
    }
}

/// What log file validation means for `Ready`.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailurePolicy {
    /// Nothing: `LogFileValidated`, events and metrics tell.
    #[default]
    Report,
    /// `Ready` is False while files are not intact, or have not been verifiable for too long.
    NotReady,
}

/// What log file validation came to.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ValidationStatus {
    /// What all findings come to.
    pub verdict: ValidationVerdict,
    /// When the last run that ended was begun; refreshed with another change, or hourly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_run_time: Option<Time>,
    /// Value of the annotation `trail-operator.dev/validate-requested-at` that was last acted on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub last_handled_request_at: Option<String>,
    /// From when on what was delivered has been verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_from: Option<Time>,
    /// Up to when every chain of digests that goes on has been verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_through: Option<Time>,
    /// When the past was last gone over again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_deep_pass_time: Option<Time>,
    /// Up to when a lifecycle rule of the bucket has expired what was delivered. Nothing is said of that time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expired_through: Option<Time>,
    /// Of the listed log files the least that was read in any run since `verifiedFrom`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_files_read: Option<LogFiles>,
    /// How many chains of digests were verified up to `verifiedThrough`: of accounts and Regions, and of late files.
    pub chains: i32,
    /// Hash over the newest verified digest of each of them, and over what else stands here. The next process reads these
    /// digests, verifies their signatures again, and goes on from there only when all of it comes to the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub anchor: Option<String>,
    /// Digests: verified since `verifiedFrom`, and those with findings now.
    #[serde(default)]
    pub digests: FileCounts,
    /// Log files: verified since `verifiedFrom`, and those with findings now.
    #[serde(default)]
    pub log_files: FileCounts,
    /// What is not as it should be, the worst first. All of it is in the log of the operator.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub findings: Vec<ValidationFinding>,
    /// How many findings there are, those that `findings` has no room for included.
    #[serde(default)]
    pub findings_total: i32,
    /// Times without digests for which delivered records give a reason, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub explained_gaps: Vec<ExplainedGap>,
    /// Where the trail delivers, and where it delivered earlier, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 5))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub locations: Vec<ValidatedLocation>,
}

/// What all findings come to.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValidationVerdict {
    /// All that was asked for was read and is intact.
    Valid,
    /// Nothing was altered, but there are times that no digest covers, or files that none lists.
    Incomplete,
    /// There was nothing to verify, or something could not be read.
    Inconclusive,
    /// Evidence of change.
    Invalid,
}

/// How many files were what.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileCounts {
    /// Intact.
    pub valid: i64,
    /// Evidence of change, missing ones included.
    pub invalid: i64,
    /// Could not be read or judged.
    pub unchecked: i64,
}

/// How bad a finding is.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum FindingSeverity {
    /// Nothing was altered, but the record is not whole.
    Warning,
    /// It could not be read or judged.
    Unknown,
    /// Evidence of change.
    Error,
}

/// One thing that is not as it should be.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ValidationFinding {
    /// How bad it is.
    pub severity: FindingSeverity,
    /// What it is, in one word.
    #[schemars(length(max = 64))]
    pub reason: String,
    /// The object it is about, as `s3://bucket/key`; a folder where a whole chain is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1200))]
    pub object: Option<String>,
    /// Account that the files are for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 12))]
    pub account_id: Option<String>,
    /// Region that the events are from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub region: Option<String>,
    /// What is wrong, and what to do.
    #[schemars(length(max = 1024))]
    pub message: String,
    /// When it was first found.
    pub since: Time,
    /// Of a gap: when it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap_start: Option<Time>,
    /// Of a gap: when it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap_end: Option<Time>,
}

/// A time without digests for which delivered records give a reason.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedGap {
    /// Account of the chain.
    #[schemars(length(max = 12))]
    pub account_id: String,
    /// Region of the chain.
    #[schemars(length(max = 32))]
    pub region: String,
    /// When it begins.
    pub start: Time,
    /// When it ends.
    pub end: Time,
    /// The call that explains it.
    #[schemars(length(max = 64))]
    pub event_name: String,
    /// When it was made.
    pub event_time: Time,
    /// Who made it, as the record says.
    #[schemars(length(max = 512))]
    pub principal: String,
}

/// A place to which the trail delivers, or delivered.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ValidatedLocation {
    /// The bucket.
    #[schemars(length(max = 63))]
    pub bucket_name: String,
    /// Folder in it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 200))]
    pub key_prefix: String,
    /// Account that must own the bucket; empty where that is not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 12))]
    pub bucket_owner: String,
    /// Until when it was seen to be delivered there; unset for the present place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
}

/// Which Regions and accounts should deliver digests, and which do.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct CoverageStatus {
    /// How many Regions, times accounts, should deliver.
    pub expected: i32,
    /// How many of them do.
    pub delivering: i32,
    /// Some that do not, as `account/Region`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10), inner(length(max = 64)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub missing: Vec<String>,
}

fn hourly() -> i32 {
    3600
}

fn a_day() -> i32 {
    24
}

fn four_hours() -> i32 {
    14_400
}

fn a_week() -> i32 {
    168
}

fn ninety() -> i32 {
    90
}
