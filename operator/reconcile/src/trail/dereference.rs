//! Step 1, dereference: from a `Trail` object and the objects it points at to the input of every later step.
//!
//! Reads other objects through [`References`]. No AWS.

use std::fmt;

use trail_operator_crds::{AwsAccount, DeletionPolicy, Logging, Trail, condition};
use trail_operator_domain::arn;

use super::LastWrite;
use crate::{aws::TrailSettings, aws_error::Subject, conditions, reason::Reason, references::References};

/// Everything about one trail that is declared or known before AWS is asked.
#[derive(Clone, Debug)]
pub struct Input {
    /// Generation of the object.
    pub generation: i64,
    /// Name of the trail in `CloudTrail`.
    pub trail_name: String,
    /// Home Region.
    pub region: String,
    /// Account of the trail.
    pub account_id: String,
    /// ARN that the trail has or will have.
    pub arn: String,
    /// Value of the owner tag: cluster, namespace and name.
    pub owner: String,
    /// Declared settings.
    pub settings: TrailSettings,
    /// Whether the trail is to log.
    pub logging: bool,
    /// What deletion of the object means.
    pub deletion_policy: DeletionPolicy,
    /// What is being deleted and takes the object along.
    pub deleted_with: Option<DeletedWith>,
    /// Whether status records that this trail was ours before.
    pub acquired: bool,
    /// Whether this generation was Ready once: what differs since, others have changed.
    pub was_ready: bool,
    /// What this process last did to the trail: AWS may not show it yet.
    pub last_write: LastWrite,
    /// Seconds between two comparisons.
    pub interval_seconds: i32,
}

/// Something whose deletion takes objects along, whether or not anybody thought of their trails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletedWith {
    /// The object's namespace.
    Namespace,
    /// The `CustomResourceDefinition` of its kind.
    Definition,
    /// The account it acts in.
    Account,
}

impl fmt::Display for DeletedWith {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Namespace => "its namespace",
            Self::Definition => "the CustomResourceDefinition of Trail",
            Self::Account => "its AwsAccount",
        })
    }
}

impl Input {
    /// What an error about this trail may have to name.
    pub fn subject(&self) -> Subject<'_> {
        Subject {
            trail_arn: &self.arn,
            account_id: &self.account_id,
            bucket: &self.settings.s3_bucket_name,
            prefix: &self.settings.s3_key_prefix,
            kms_key_id: &self.settings.kms_key_id,
            topic_arn: &self.settings.sns_topic_arn,
            log_group_arn: &self.settings.cloud_watch_logs_log_group_arn,
            role_arn: &self.settings.cloud_watch_logs_role_arn,
        }
    }
}

/// Why a `Trail` has no account to act in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unresolved {
    /// There is none that it may use.
    NoAccount {
        /// `NotFound` or `NotPermitted`.
        reason: Reason,
        /// What is missing and what to do.
        message: String,
    },
    /// There is one, and the credentials in use are not its own, or are not known to be.
    NotReady {
        /// What to look at.
        message: String,
    },
    /// It was verified before; this process has not asked AWS yet. It will in a moment.
    NotAskedYet,
}

impl Unresolved {
    /// For `ReferencesResolved` and `Ready`.
    pub fn reason(&self) -> Reason {
        match self {
            Self::NoAccount { reason, .. } => *reason,
            Self::NotReady { .. } | Self::NotAskedYet => Reason::AccountNotReady,
        }
    }

    /// What is missing and what to do.
    pub fn message(&self) -> &str {
        match self {
            Self::NoAccount { message, .. } | Self::NotReady { message } => message,
            Self::NotAskedYet => "AWS has not been asked yet whose credentials these are",
        }
    }
}

/// Resolves what the object points at. `cluster_id` is the first part of the owner tag.
///
/// # Errors
/// When the account does not exist, does not allow the namespace, or is not verified. What is said about an account
/// that a namespace may not use is only that.
pub fn dereference(
    trail: &Trail,
    cluster_id: &str,
    references: &impl References,
) -> Result<Input, Unresolved> {
    let namespace = trail.metadata.namespace.as_deref().unwrap_or_default();
    let name = trail.metadata.name.as_deref().unwrap_or_default();
    let place = references.namespace(namespace).unwrap_or_default();
    let account = usable_account(trail, namespace, &place.labels, references)?;

    let spec = &trail.spec;
    let trail_name = trail.trail_name().to_owned();
    let account_id = account.spec.account_id.clone();
    let trail_arn = arn::trail(&spec.region, &account_id, &trail_name);
    Ok(Input {
        generation: trail.metadata.generation.unwrap_or_default(),
        region: spec.region.clone(),
        owner: format!("{cluster_id}/{namespace}/{name}"),
        settings: declared_settings(trail, &account_id),
        logging: spec.logging == Logging::Enabled,
        deletion_policy: spec.deletion_policy,
        deleted_with: deleted_with(&account, place.terminating),
        acquired: trail.status.as_ref().and_then(|status| status.arn.as_ref()) == Some(&trail_arn),
        was_ready: was_ready(trail),
        last_write: LastWrite::default(),
        interval_seconds: spec.interval_seconds,
        arn: trail_arn,
        trail_name,
        account_id,
    })
}

fn usable_account(
    trail: &Trail,
    namespace: &str,
    labels: &std::collections::BTreeMap<String, String>,
    references: &impl References,
) -> Result<std::sync::Arc<AwsAccount>, Unresolved> {
    let name = &trail.spec.account_ref.name;
    let none = |reason, message: String| Err(Unresolved::NoAccount { reason, message });
    let not_ready = |message| Err(Unresolved::NotReady { message });
    let Ok(found) = references.aws_account(name) else {
        return not_ready(format!("this version of the operator cannot read AwsAccount '{name}'"));
    };
    let Some(account) = found else {
        return none(
            Reason::NotFound,
            format!("there is no AwsAccount '{name}'; create it, or correct spec.accountRef in a new Trail"),
        );
    };
    if !account.spec.allowed_namespaces.allows(namespace, labels) {
        return none(
            Reason::NotPermitted,
            format!(
                "AwsAccount '{name}' does not allow namespace '{namespace}'; whoever owns it must add the namespace to spec.allowedNamespaces"
            ),
        );
    }
    match references.acting_in(&account) {
        Some(account_id) if account_id == account.spec.account_id => Ok(account),
        None if was_verified(&account) => Err(Unresolved::NotAskedYet),
        _ => not_ready(format!("AwsAccount '{name}' is not Ready; see `kubectl describe awsaccount {name}`")),
    }
}

/// As far as status remembers.
fn was_ready(trail: &Trail) -> bool {
    let conditions = trail.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    conditions::find(conditions, condition::READY)
        .is_some_and(|ready| ready.status == "True" && ready.observed_generation == trail.metadata.generation)
}

fn deleted_with(account: &AwsAccount, namespace_terminating: bool) -> Option<DeletedWith> {
    if namespace_terminating {
        Some(DeletedWith::Namespace)
    } else {
        account.metadata.deletion_timestamp.as_ref().map(|_| DeletedWith::Account)
    }
}

/// Whether status says so. The account id is immutable, so every generation's word counts.
fn was_verified(account: &AwsAccount) -> bool {
    let conditions = account.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    conditions::find(conditions, condition::IDENTITY_VERIFIED).is_some_and(|c| c.status == "True")
}

/// The spec in CloudTrail's terms. Destructured, so that a field nobody translates does not compile.
fn declared_settings(trail: &Trail, account_id: &str) -> TrailSettings {
    let trail_operator_crds::TrailSpec {
        trail_name: _,
        region,
        account_ref: _,
        logging: _,
        is_multi_region_trail,
        include_global_service_events,
        enable_log_file_validation,
        s3,
        kms,
        cloud_watch_logs,
        sns,
        deletion_policy: _,
        interval_seconds: _,
    } = &trail.spec;
    TrailSettings {
        s3_bucket_name: s3.bucket_name.clone(),
        s3_key_prefix: s3.key_prefix.clone().unwrap_or_default(),
        sns_topic_arn: sns.as_ref().map(|sns| sns.topic_arn.clone()).unwrap_or_default(),
        include_global_service_events: *include_global_service_events,
        is_multi_region_trail: *is_multi_region_trail,
        enable_log_file_validation: *enable_log_file_validation,
        cloud_watch_logs_log_group_arn: cloud_watch_logs
            .as_ref()
            .map(|logs| arn::log_group(region, account_id, &logs.log_group_name))
            .unwrap_or_default(),
        cloud_watch_logs_role_arn: cloud_watch_logs
            .as_ref()
            .map(|logs| logs.role_arn.clone())
            .unwrap_or_default(),
        kms_key_id: kms.as_ref().map(|kms| kms.key_id.clone()).unwrap_or_default(),
    }
}
