//! Step 1, dereference: from a `MetricAlarm` object and the objects it points at to the input of every later step.
//!
//! Reads other objects through [`References`]. No AWS.

use std::sync::Arc;

use jiff::Timestamp;
use trail_operator_crds::{
    Alarm, AlarmPlace, AwsAccount, EffectiveAlarm, ManagementPolicy, MetricAlarm, Trail, condition,
};
use trail_operator_domain::{cost::ObjectKind, patterns::Pattern, presets, selectors::AdvancedSelector};

use super::{Input, Invalid, TrailFacts, effective::effective};
use crate::{
    aws::{AlarmSettings, MetricFilter},
    conditions::{self, Status},
    event_selector,
    reason::Reason,
    references::{ActAs, References},
    trail::{self, Actor, DeletedWith, Fights, Freshness, HandsOff, cost, usable_account, weakening_allowed},
};

/// Why a `MetricAlarm` has nothing to be kept by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unresolved {
    /// Its Trail is not there, has no log group, or has no account to act in.
    Reference {
        /// Why.
        reason: Reason,
        /// What is missing and what to do.
        message: String,
    },
    /// The manifest itself means nothing.
    Invalid(Invalid),
    /// The account was verified before; this process has not asked AWS yet. It will in a moment.
    NotAskedYet,
}

impl Unresolved {
    fn reference(reason: Reason, message: impl Into<String>) -> Self {
        Self::Reference { reason, message: message.into() }
    }

    /// For `Ready`.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Reference { reason, .. } => *reason,
            Self::Invalid(invalid) => invalid.reason,
            Self::NotAskedYet => Reason::AccountNotReady,
        }
    }

    /// What is missing and what to do.
    pub fn message(&self) -> &str {
        match self {
            Self::Reference { message, .. } => message,
            Self::Invalid(invalid) => &invalid.message,
            Self::NotAskedYet => "AWS has not been asked yet whose credentials these are",
        }
    }
}

impl From<trail::Unresolved> for Unresolved {
    fn from(unresolved: trail::Unresolved) -> Self {
        match unresolved {
            trail::Unresolved::NotAskedYet => Self::NotAskedYet,
            other => Self::reference(other.reason(), other.message()),
        }
    }
}

impl From<Invalid> for Unresolved {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid)
    }
}

/// Resolves what the object points at.
///
/// # Errors
/// When the manifest means nothing, there is no such Trail, it has no log group, or its account may not be used.
pub fn dereference(
    object: &MetricAlarm,
    actor: Actor<'_>,
    references: &impl References,
    now: Timestamp,
) -> Result<Input, Unresolved> {
    let effective = effective(object)?;
    let pattern = readable(&effective)?;
    let (namespace, name) = key(object);
    let trail = trail_of(object, references)?;
    let group = trail.spec.cloud_watch_logs.as_ref().map(|logs| logs.log_group_name.clone());
    let log_group_name = group.ok_or_else(|| {
        let trail = &object.spec.trail_ref.name;
        Unresolved::reference(
            Reason::LogGroupUnusable,
            format!(
                "Trail '{trail}' sends its events to no log group, so there is nothing to filter; set spec.cloudWatchLogs of the Trail"
            ),
        )
    })?;
    let place = references.namespace(namespace).unwrap_or_default();
    let account = usable_account(
        &trail.spec.account_ref.name,
        &trail.spec.region,
        namespace,
        &place.labels,
        references,
    )?;
    let status = object.status.clone().unwrap_or_default();
    let requested = trail::requested_at(&object.metadata);
    let declared_place = AlarmPlace {
        account_ref: trail.spec.account_ref.name.clone(),
        account_id: account.spec.account_id.clone(),
        region: trail.spec.region.clone(),
        log_group_name,
        filter_name: effective.filter.name.clone().unwrap_or_default(),
        alarm_name: effective.alarm.alarm_name.clone().unwrap_or_default(),
    };
    Ok(Input {
        generation: object.metadata.generation.unwrap_or_default(),
        rival: rival(object, &declared_place, references),
        place: declared_place,
        known_place: status.place.clone(),
        superseded: status.superseded.clone(),
        act_as: ActAs::of(&account),
        owner: format!("{}/{namespace}/{name}", actor.cluster_id),
        filter: declared_filter(&effective),
        alarm: declared_alarm(&effective, namespace, name),
        tags: object.spec.tags.clone(),
        managed_tag_keys: status.managed_tag_keys.iter().cloned().collect(),
        adoption_policy: object.spec.adoption_policy,
        deletion_policy: object.spec.deletion_policy,
        hands_off: HandsOff::of(object.spec.management_policy, actor.read_only),
        deleted_with: DeletedWith::of(&account, place.terminating),
        allowed_resources: account.spec.allowed_resources.clone(),
        weakening_allowed: weakening_allowed(&account, now),
        acquired: status.acquired_at.is_some(),
        owner_tag_restored: status.owner_tag_restored_at.is_some(),
        was_settled: trail::was_settled(&status.conditions, object.metadata.generation),
        fights: Fights::default(),
        trail: facts_of(object, &trail, references),
        freshness: if requested == status.last_handled_reconcile_at.as_deref() {
            Freshness::AsUsual
        } else {
            Freshness::Requested
        },
        reconcile_requested_at: requested.map(str::to_owned),
        interval_seconds: trail.spec.interval_seconds,
        effective,
        pattern,
    })
}

fn key(object: &MetricAlarm) -> (&str, &str) {
    let namespace = object.metadata.namespace.as_deref().unwrap_or_default();
    (namespace, object.metadata.name.as_deref().unwrap_or_default())
}

/// The account that an object of which only the status is left to go by is kept through, with whose credentials to act.
///
/// # Errors
/// As for [`dereference`].
pub fn account_of(
    object: &MetricAlarm,
    place: &AlarmPlace,
    references: &impl References,
) -> Result<Arc<AwsAccount>, Unresolved> {
    let namespace = key(object).0;
    let labels = references.namespace(namespace).unwrap_or_default().labels;
    let account = usable_account(&place.account_ref, &place.region, namespace, &labels, references)?;
    if account.spec.account_id != place.account_id {
        return Err(Unresolved::reference(
            Reason::AccountMismatch,
            format!(
                "AwsAccount '{}' is of account {} now; filter and alarm are in account {}",
                place.account_ref, account.spec.account_id, place.account_id
            ),
        ));
    }
    Ok(account)
}

fn readable(effective: &EffectiveAlarm) -> Result<Pattern, Unresolved> {
    let text = effective.filter.pattern.as_deref().unwrap_or_default();
    Pattern::parse(text).map_err(|error| {
        Unresolved::Invalid(Invalid {
            reason: Reason::InvalidPattern,
            message: format!("spec.filter.pattern, character {}: {error}", error.at + 1),
        })
    })
}

fn trail_of(object: &MetricAlarm, references: &impl References) -> Result<Arc<Trail>, Unresolved> {
    let name = &object.spec.trail_ref.name;
    match references.trail(key(object).0, name) {
        Ok(Some(trail)) => Ok(trail),
        Ok(None) => Err(Unresolved::reference(
            Reason::TrailNotFound,
            format!(
                "there is no Trail '{name}' in this namespace; create it, or make a new MetricAlarm that names another"
            ),
        )),
        Err(_) => Err(Unresolved::reference(
            Reason::TrailNotReady,
            format!("this version of the operator cannot read Trail '{name}'"),
        )),
    }
}

/// The oldest of the other objects that keep a filter or an alarm of the same name, if it is older than this one.
fn rival(object: &MetricAlarm, place: &AlarmPlace, references: &impl References) -> Option<(String, String)> {
    let age = |object: &MetricAlarm| {
        let created = object.metadata.creation_timestamp.as_ref().map(|time| time.0);
        let (namespace, name) = key(object);
        (created, namespace.to_owned(), name.to_owned())
    };
    let me = age(object);
    let same = |theirs: &AlarmPlace| {
        let here = (&theirs.account_id, &theirs.region) == (&place.account_id, &place.region);
        let filter =
            (&theirs.log_group_name, &theirs.filter_name) == (&place.log_group_name, &place.filter_name);
        here && (filter || theirs.alarm_name == place.alarm_name)
    };
    let others = references.metric_alarms();
    let rivals = others.iter().filter(|other| {
        let claims = other.status.as_ref().and_then(|status| status.place.as_ref());
        other.metadata.uid != object.metadata.uid
            && other.metadata.deletion_timestamp.is_none()
            && other.spec.management_policy == ManagementPolicy::Full
            && claims.is_some_and(same)
    });
    let (_, namespace, name) = rivals.map(|rival| age(rival)).min().filter(|oldest| *oldest < me)?;
    Some((namespace, name))
}

/// Whether the account lets what protects the record go.
pub fn may_weaken(account: &AwsAccount, now: Timestamp) -> bool {
    weakening_allowed(account, now).is_some()
}

fn declared_filter(effective: &EffectiveAlarm) -> MetricFilter {
    let (filter, metric) = (&effective.filter, &effective.metric);
    MetricFilter {
        name: filter.name.clone().unwrap_or_default(),
        pattern: filter.pattern.clone().unwrap_or_default(),
        metric_namespace: metric.namespace.clone().unwrap_or_default(),
        metric_name: metric.name.clone().unwrap_or_default(),
        metric_value: metric.value.clone().unwrap_or_default(),
        default_value: metric.default_value.as_deref().and_then(number),
        others: vec![],
    }
}

fn declared_alarm(effective: &EffectiveAlarm, namespace: &str, name: &str) -> AlarmSettings {
    let metric = &effective.metric;
    let Alarm {
        alarm_name,
        threshold,
        comparison_operator,
        statistic,
        period_seconds,
        evaluation_periods,
        datapoints_to_alarm,
        treat_missing_data,
        actions_enabled,
        alarm_actions,
        ok_actions,
        insufficient_data_actions,
    } = effective.alarm.clone();
    AlarmSettings {
        alarm_name: alarm_name.unwrap_or_default(),
        description: description(effective, namespace, name),
        actions_enabled: actions_enabled.unwrap_or_default(),
        alarm_actions: alarm_actions.unwrap_or_default(),
        ok_actions: ok_actions.unwrap_or_default(),
        insufficient_data_actions: insufficient_data_actions.unwrap_or_default(),
        metric_namespace: metric.namespace.clone().unwrap_or_default(),
        metric_name: metric.name.clone().unwrap_or_default(),
        statistic: statistic.map(|one| format!("{one:?}")).unwrap_or_default(),
        period_seconds: period_seconds.unwrap_or_default(),
        evaluation_periods: evaluation_periods.unwrap_or_default(),
        datapoints_to_alarm: datapoints_to_alarm.unwrap_or_default(),
        threshold: threshold.as_deref().and_then(number).unwrap_or_default(),
        comparison_operator: comparison_operator.map(|one| format!("{one:?}")).unwrap_or_default(),
        treat_missing_data: treat_missing_data.map(spelled).unwrap_or_default(),
    }
}

/// What whoever is woken by the alarm reads first.
fn description(effective: &EffectiveAlarm, namespace: &str, name: &str) -> String {
    let about = effective.preset.as_deref().and_then(presets::find).map(|preset| preset.topic.title());
    let preset = effective.preset.as_deref().map(|preset| format!(" ({preset})")).unwrap_or_default();
    match about {
        Some(about) => format!("CloudTrail saw {about}{preset}. Kept by MetricAlarm {namespace}/{name}."),
        None => format!(
            "CloudTrail saw what the filter looks for{preset}. Kept by MetricAlarm {namespace}/{name}."
        ),
    }
}

/// As AWS spells it.
fn spelled(treatment: trail_operator_crds::TreatMissingData) -> String {
    let word = format!("{treatment:?}");
    let mut chars = word.chars();
    chars.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(chars).collect()
}

/// The schema takes nothing but numbers.
fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

fn facts_of(object: &MetricAlarm, trail: &Trail, references: &impl References) -> TrailFacts {
    let (namespace, name) = key(object);
    let status = trail.status.clone().unwrap_or_default();
    let told = |type_| conditions::find(&status.conditions, type_);
    let management = event_selector::management_of(trail);
    let added: Vec<AdvancedSelector> = event_selector::composition_of(trail, references).selectors;
    let other = status.drift.iter().find(|drift| drift.field == trail::field::LOG_GROUP);
    TrailFacts {
        name: trail.metadata.name.clone().unwrap_or_default(),
        logging: told(condition::LOGGING)
            .map(|logging| (Status::of(logging), logging.reason.clone(), logging.message.clone())),
        delivered_to_log_group: status
            .logging
            .as_ref()
            .is_some_and(|logging| logging.latest_cloud_watch_logs_delivery_time.is_some()),
        other_log_group: other.map(|drift| drift.actual.clone()),
        is_multi_region: trail.spec.is_multi_region_trail,
        is_organization: trail.spec.is_organization_trail,
        selectors: management.iter().cloned().chain(added).collect(),
        management,
        cost: cost::share(trail, ObjectKind::MetricAlarm, namespace, name),
    }
}
