//! The kinds of API group `trail-operator.dev` as Rust types, and the YAML generated from them.
//!
//! Knows the schema and the rules that can be judged from one object alone. Knows neither AWS nor a cluster.

#![allow(
    clippy::duplicated_attributes,
    reason = "printcolumn(…) says `type_` and `json_path` once for each column"
)]
#![allow(clippy::struct_field_names, reason = "event names, times and ids are CloudTrail's own members")]
#![allow(clippy::struct_excessive_bools, reason = "CloudTrail's own switches are fields of the spec")]

mod aws_account;
mod cost;
mod event_selector;
mod manifest;
mod metric_alarm;
mod trail;
mod validation;

pub use aws_account::{
    AllowedNamespaces, AllowedResources, AwsAccount, AwsAccountSpec, AwsAccountStatus, BreakGlass,
    Guardrails, LabelSelector, Weakening,
};
pub use cost::{
    Cost, CostBasis, CostComponent, CostFinding, CostShare, CostStatus, CountedEvents, CountedKind,
    DeclaredVolume, ObjectCost,
};
pub use event_selector::{
    AcceptedSelectors, AdvancedEventSelector, AdvancedFieldSelector, BasicEventSelector, DataResource,
    EventSelector, EventSelectorSpec, EventSelectorStatus, ReadWriteType, SelectorWarning, TrailRef,
};
pub use manifest::{Manifest, manifests};
pub use metric_alarm::{
    Alarm, AlarmDeletionPolicy, AlarmPlace, Backtest, BacktestWeek, ComparisonOperator, ControlResult,
    ControlVerdict, EffectiveAlarm, Filter, LocalTrailRef, MatchedEvent, Metric, MetricAlarm,
    MetricAlarmSpec, MetricAlarmStatus, Statistic, TreatMissingData,
};
pub use trail::{
    AccountRef, AdoptionPolicy, Aggregation, CloudWatchLogs, DeletionPolicy, Destination, Drift,
    EventSelectorsFrom, InsightCategory, InsightSelector, InsightType, Kms, Logging, LoggingStatus,
    ManagementEvents, ManagementPolicy, ManagementReadWriteType, NamespacesFrom, RefusedSelector, S3,
    SelectorsStatus, Sns, Trail, TrailSpec, TrailStatus,
};
pub use validation::{
    CoverageStatus, DeepPass, ExplainedGap, FailurePolicy, FileCounts, FindingSeverity, LogFiles,
    ValidatedLocation, Validation, ValidationFinding, ValidationStatus, ValidationVerdict,
};

/// API group of every kind.
pub const GROUP: &str = "trail-operator.dev";

/// Finalizer on every kind that must settle something in AWS, or with other objects, before it goes.
pub const FINALIZER: &str = "trail-operator.dev/finalizer";

/// Annotation whose value `"true"` lets an object go without asking AWS.
pub const FORCE_FINALIZE: &str = "trail-operator.dev/force-finalize";

/// Annotation whose every new value asks for a look at AWS at once.
pub const RECONCILE_REQUESTED_AT: &str = "trail-operator.dev/reconcile-requested-at";

/// Annotation on a Trail whose every new value asks for a run of log file validation at once.
pub const VALIDATE_REQUESTED_AT: &str = "trail-operator.dev/validate-requested-at";

/// Key of the AWS tag that says which object owns a resource; its value is `<cluster id>/<namespace>/<name>`.
pub const OWNER_TAG: &str = "trail-operator.dev/owner";

/// Types of conditions, as they stand in `status.conditions[].type`.
pub mod condition {
    /// AWS is as declared; summary of everything else.
    pub const READY: &str = "Ready";
    /// Work is going on; present only when True (kstatus).
    pub const RECONCILING: &str = "Reconciling";
    /// Somebody must change something; present only when True (kstatus).
    pub const STALLED: &str = "Stalled";
    /// `CloudTrail` is switched on and delivers.
    pub const LOGGING: &str = "Logging";
    /// The signed digest chain and the log files it lists are intact.
    pub const LOG_FILE_VALIDATED: &str = "LogFileValidated";
    /// Every Region and account that should deliver digests does.
    pub const COVERED: &str = "Covered";
    /// The objects this one points at exist and may be used from its namespace.
    pub const REFERENCES_RESOLVED: &str = "ReferencesResolved";
    /// The credentials in use belong to the account that is declared.
    pub const IDENTITY_VERIFIED: &str = "IdentityVerified";
    /// The trail takes the selectors of this object.
    pub const ACCEPTED: &str = "Accepted";
    /// AWS has them.
    pub const APPLIED: &str = "Applied";
    /// The metric filter is in AWS as declared.
    pub const FILTER_IN_PLACE: &str = "FilterInPlace";
    /// The alarm is in AWS as declared.
    pub const ALARM_IN_PLACE: &str = "AlarmInPlace";
    /// Somebody would hear the alarm.
    pub const NOTIFICATIONS_CONFIRMED: &str = "NotificationsConfirmed";
    /// Every link from the trail to whoever hears the alarm holds.
    pub const WOULD_RING: &str = "WouldRing";
    /// There is a figure of what the trail costs.
    pub const COST_ESTIMATED: &str = "CostEstimated";
    /// It is within the declared budget.
    pub const WITHIN_BUDGET: &str = "WithinBudget";
    /// Every type there is.
    pub const ALL: [&str; 16] = [
        READY,
        RECONCILING,
        STALLED,
        LOGGING,
        LOG_FILE_VALIDATED,
        COVERED,
        REFERENCES_RESOLVED,
        IDENTITY_VERIFIED,
        ACCEPTED,
        APPLIED,
        FILTER_IN_PLACE,
        ALARM_IN_PLACE,
        NOTIFICATIONS_CONFIRMED,
        WOULD_RING,
        COST_ESTIMATED,
        WITHIN_BUDGET,
    ];
}
