//! What a manifest and its preset amount to: everything filled in. Pure.
//!
//! A revision of a preset is held until the manifest changes: an upgrade of the operator changes no alarm by itself.

use trail_operator_crds::{
    Alarm, ComparisonOperator, EffectiveAlarm, Filter, Metric, MetricAlarm, MetricAlarmSpec, Statistic,
    TreatMissingData,
};
use trail_operator_domain::presets::{self, Preset, Revision};

use crate::reason::Reason;

/// A manifest that means nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// Why.
    pub reason: Reason,
    /// What is wrong, and what to do.
    pub message: String,
}

fn invalid<T>(message: String) -> Result<T, Invalid> {
    Err(Invalid { reason: Reason::InvalidConfiguration, message })
}

/// Fills in what the object leaves out, from its preset, then from what the standards ask for.
///
/// # Errors
/// When there is no such preset or revision, or what it comes to could never ring.
pub fn effective(object: &MetricAlarm) -> Result<EffectiveAlarm, Invalid> {
    let spec = &object.spec;
    let generation = object.metadata.generation.unwrap_or_default();
    let held = object.status.as_ref().and_then(|status| status.effective.as_ref());
    let held = held.filter(|held| held.generation == generation);
    let base = match &spec.preset {
        None => Base::default(),
        Some(name) => match based_on(name, spec.preset_revision.as_deref(), held)? {
            Some(base) => base,
            // A newer operator filled it in, with what this one does not know.
            None => return held.cloned().map_or_else(|| invalid(unknown(name)), Ok),
        },
    };
    let own_name = default_name(object);
    let filled = EffectiveAlarm {
        generation,
        filter: filter(spec, &base, &own_name),
        metric: metric(spec, &base),
        alarm: alarm(spec.alarm.clone().unwrap_or_default(), own_name),
        preset: base.preset,
        preset_revision: base.revision,
    };
    sensible(&filled.alarm)?;
    Ok(filled)
}

fn default_name(object: &MetricAlarm) -> String {
    let namespace = object.metadata.namespace.as_deref().unwrap_or_default();
    format!("{namespace}/{}", object.metadata.name.as_deref().unwrap_or_default())
}

/// What a preset gives.
#[derive(Default)]
struct Base {
    preset: Option<String>,
    revision: Option<String>,
    pattern: Option<String>,
    namespace: Option<String>,
    metric_name: Option<String>,
    /// Both standards ask for it (`cloudtrail.md` 5.5); so the metric has a value in every minute with events.
    default_value: Option<String>,
}

impl Base {
    fn of(preset: &Preset, revision: &Revision) -> Self {
        Self {
            preset: Some(preset.name.to_owned()),
            revision: Some(revision.revision.to_owned()),
            pattern: Some(revision.pattern.to_owned()),
            namespace: Some(revision.metric_namespace.to_owned()),
            metric_name: Some(preset.topic.metric_name().to_owned()),
            default_value: Some("0".to_owned()),
        }
    }
}

/// The state of the preset that counts; `None` where it is held at one that this version does not know.
fn based_on(name: &str, asked: Option<&str>, held: Option<&EffectiveAlarm>) -> Result<Option<Base>, Invalid> {
    let held_at = held.and_then(|held| held.preset_revision.as_deref());
    let Some(preset) = presets::find(name) else {
        return if held.is_some() { Ok(None) } else { invalid(unknown(name)) };
    };
    let revision = match asked.or(held_at) {
        Some(wanted) => preset.revision(wanted),
        None => preset.newest(),
    };
    match (revision, asked) {
        (Some(revision), _) => Ok(Some(Base::of(preset, revision))),
        (None, asked) if held.is_some() && asked.is_none_or(|asked| held_at == Some(asked)) => Ok(None),
        (None, asked) => invalid(format!(
            "spec.presetRevision: preset '{}' has no revision '{}'; there are {}",
            preset.name,
            asked.unwrap_or_default(),
            preset.revisions().collect::<Vec<_>>().join(", ")
        )),
    }
}

fn unknown(name: &str) -> String {
    format!("spec.preset: there is no preset '{name}'; `kubectl cloudtrail presets` lists those there are")
}

fn filter(spec: &MetricAlarmSpec, base: &Base, own_name: &str) -> Filter {
    let given = spec.filter.clone().unwrap_or_default();
    Filter {
        name: Some(given.name.unwrap_or_else(|| own_name.to_owned())),
        pattern: given.pattern.or_else(|| base.pattern.clone()),
    }
}

fn metric(spec: &MetricAlarmSpec, base: &Base) -> Metric {
    let given = spec.metric.clone().unwrap_or_default();
    Metric {
        namespace: given.namespace.or_else(|| base.namespace.clone()),
        name: given.name.or_else(|| base.metric_name.clone()),
        value: Some(given.value.unwrap_or_else(|| "1".to_owned())),
        default_value: given.default_value.or_else(|| base.default_value.clone()),
    }
}

/// What the standards ask for where nothing is said (`cloudtrail.md` 5.6); periods without events are no alarm
/// (`cloudtrail.md` 6.2).
fn alarm(given: Alarm, own_name: String) -> Alarm {
    let periods = given.evaluation_periods.unwrap_or(1);
    Alarm {
        alarm_name: Some(given.alarm_name.unwrap_or(own_name)),
        threshold: Some(given.threshold.unwrap_or_else(|| "1".to_owned())),
        comparison_operator: Some(
            given.comparison_operator.unwrap_or(ComparisonOperator::GreaterThanOrEqualToThreshold),
        ),
        statistic: Some(given.statistic.unwrap_or(Statistic::Sum)),
        period_seconds: Some(given.period_seconds.unwrap_or(300)),
        evaluation_periods: Some(periods),
        datapoints_to_alarm: Some(given.datapoints_to_alarm.unwrap_or(periods)),
        treat_missing_data: Some(given.treat_missing_data.unwrap_or(TreatMissingData::NotBreaching)),
        actions_enabled: Some(given.actions_enabled.unwrap_or(true)),
        alarm_actions: Some(given.alarm_actions.unwrap_or_default()),
        ok_actions: Some(given.ok_actions.unwrap_or_default()),
        insufficient_data_actions: Some(given.insufficient_data_actions.unwrap_or_default()),
    }
}

/// What the schema can only judge where both are given (`cloudtrail.md` 6.1).
fn sensible(alarm: &Alarm) -> Result<(), Invalid> {
    let (period, periods) = (
        i64::from(alarm.period_seconds.unwrap_or_default()),
        i64::from(alarm.evaluation_periods.unwrap_or_default()),
    );
    let most = if period < 3600 { 86_400 } else { 604_800 };
    if period * periods > most {
        return invalid(format!(
            "spec.alarm: periodSeconds ({period}) times evaluationPeriods ({periods}) must not be more than {most}: a day, or a week for periods of an hour or more"
        ));
    }
    let datapoints = i64::from(alarm.datapoints_to_alarm.unwrap_or_default());
    if datapoints > periods {
        return invalid(format!(
            "spec.alarm.datapointsToAlarm ({datapoints}) must not be more than evaluationPeriods ({periods})"
        ));
    }
    Ok(())
}
