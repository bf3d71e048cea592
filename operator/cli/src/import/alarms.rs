//! Metric filters and alarms on a trail's log group as MetricAlarms. Pure.
//!
//! One object keeps one filter and one alarm on its metric. What is not such a pair, or has what no manifest can say, is left
//! out and told.

use anyhow::Result;
use jiff::Timestamp;
use trail_operator_crds::{
    AdoptionPolicy, Alarm, AlarmPlace, Filter, ManagementPolicy, Metric, MetricAlarm, Trail,
};
use trail_operator_domain::{
    patterns::Pattern,
    presets::{self, Preset},
};
use trail_operator_reconcile::{
    aws::{AlarmDescription, AlarmSettings, MetricFilter, Tags},
    metric_alarm::{self, Change, Input, Observed, ObservedAlarm},
    reason::Reason,
    trail::Actor,
};

use super::{
    check,
    manifests::{MOST_TAGS, is_free, word},
    names::Names,
};
use crate::{metric_alarm::bare_spec, plan::Objects};

/// What AWS has around a log group.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// Every metric filter of it.
    pub(super) filters: Vec<MetricFilter>,
    /// The alarms on their metrics, with their tags.
    pub(super) alarms: Vec<(AlarmDescription, Tags)>,
}

impl Found {
    /// Whether one of the filters makes the alarm's metric.
    pub(super) fn is_watched_by(filters: &[MetricFilter], alarm: &AlarmDescription) -> bool {
        filters.iter().any(|filter| metric_of(filter) == metric_of_alarm(&alarm.settings))
    }
}

/// MetricAlarms, and what has to be said of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Imported {
    /// Each with what is to be told of it.
    pub(super) objects: Vec<(MetricAlarm, Vec<String>)>,
    /// What is in no object, and why.
    pub(super) left_out: Vec<String>,
}

/// The objects for a Trail that is to be there beside them.
pub(super) fn of(trail: &Trail, account_id: &str, found: &Found) -> Result<Imported> {
    let mut imported = Imported::default();
    let mut names = Names::beginning_with(trail.metadata.name.as_deref().unwrap_or_default());
    for filter in &found.filters {
        let Some((alarm, tags)) = pair(filter, found, &mut imported.left_out) else { continue };
        let object = object(trail, filter, &alarm.settings, tags, &mut names)?;
        imported.objects.push(checked(object, trail, account_id, found, filter, (alarm, tags))?);
    }
    Ok(imported)
}

fn metric_of(filter: &MetricFilter) -> (&str, &str) {
    (&filter.metric_namespace, &filter.metric_name)
}

fn metric_of_alarm(alarm: &AlarmSettings) -> (&str, &str) {
    (&alarm.metric_namespace, &alarm.metric_name)
}

/// The alarm that belongs to a filter; what is left over is told.
fn pair<'a>(
    filter: &MetricFilter,
    found: &'a Found,
    left_out: &mut Vec<String>,
) -> Option<(&'a AlarmDescription, &'a Tags)> {
    let name = &filter.name;
    if !filter.others.is_empty() {
        left_out.push(format!(
            "the metric filter '{name}' and its alarms: a MetricAlarm cannot say its {}",
            filter.others.join(", ")
        ));
        return None;
    }
    let same_metric = |other: &&MetricFilter| other.name != *name && metric_of(other) == metric_of(filter);
    if let Some(other) = found.filters.iter().find(same_metric) {
        left_out.push(format!(
            "the metric filter '{name}': '{}' makes the same metric ({}/{}), and a MetricAlarm has one filter; one pattern with || can say both",
            other.name, filter.metric_namespace, filter.metric_name
        ));
        return None;
    }
    let on_it =
        found.alarms.iter().filter(|(alarm, _)| metric_of_alarm(&alarm.settings) == metric_of(filter));
    let (fit, unfit): (Vec<_>, Vec<_>) =
        on_it.map(|(alarm, tags)| (alarm, tags)).partition(|(alarm, _)| unsaid(alarm).is_none());
    for (alarm, _) in &unfit {
        let why = unsaid(alarm).unwrap_or_default();
        left_out.push(format!("the alarm '{}': {why}", alarm.settings.alarm_name));
    }
    let mut fit = fit.into_iter();
    let first = fit.next();
    for (alarm, _) in fit {
        let kept = first.map(|(alarm, _)| alarm.settings.alarm_name.as_str()).unwrap_or_default();
        left_out.push(format!(
            "the alarm '{}': a MetricAlarm has one alarm, and '{kept}' is on the same metric",
            alarm.settings.alarm_name
        ));
    }
    if first.is_none() && unfit.is_empty() {
        left_out.push(format!(
            "the metric filter '{name}': there is no alarm on its metric ({}/{}) in this Region",
            filter.metric_namespace, filter.metric_name
        ));
    } else if first.is_none() {
        left_out.push(format!("the metric filter '{name}': none of its alarms can be said"));
    }
    first
}

/// What of an alarm no manifest can say.
fn unsaid(alarm: &AlarmDescription) -> Option<String> {
    let AlarmSettings { alarm_actions, ok_actions, insufficient_data_actions, statistic, .. } =
        &alarm.settings;
    if !alarm.others.is_empty() {
        return Some(format!("a MetricAlarm cannot say its {}", alarm.others.join(", ")));
    }
    let mut actions = alarm_actions.iter().chain(ok_actions).chain(insufficient_data_actions);
    if let Some(action) = actions.find(|action| action.split(':').nth(2) != Some("sns")) {
        return Some(format!("it acts through '{action}', and a MetricAlarm through SNS topics only"));
    }
    if word::<trail_operator_crds::Statistic>(statistic).is_none() {
        return Some(format!("a MetricAlarm cannot say its statistic '{statistic}'"));
    }
    None
}

fn object(
    trail: &Trail,
    filter: &MetricFilter,
    alarm: &AlarmSettings,
    tags: &Tags,
    names: &mut Names,
) -> Result<MetricAlarm> {
    let mut spec = bare_spec(trail.metadata.name.as_deref().unwrap_or_default())?;
    spec.adoption_policy = AdoptionPolicy::IfUnowned;
    spec.preset = preset(filter).map(|preset| preset.name.to_owned());
    spec.tags = tags
        .iter()
        .filter(|(key, _)| is_free(key))
        .take(MOST_TAGS)
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let mut object = MetricAlarm::new(&names.next(&alarm.alarm_name), spec);
    object.metadata.namespace.clone_from(&trail.metadata.namespace);
    // What is said by itself, where the preset and the defaults are all there is.
    let given = metric_alarm::effective(&object).ok();
    let (by_filter, by_metric, by_alarm) =
        given.map(|given| (given.filter, given.metric, given.alarm)).unwrap_or_default();
    let spec = &mut object.spec;
    let text = |actual: &str, given: Option<String>| other(Some(actual.to_owned()), given.as_ref());
    spec.filter = Some(Filter {
        name: text(&filter.name, by_filter.name),
        pattern: text(&filter.pattern, by_filter.pattern),
    });
    let default_value = filter.default_value.map(|value| value.to_string());
    spec.metric = Some(Metric {
        namespace: text(&filter.metric_namespace, by_metric.namespace),
        name: text(&filter.metric_name, by_metric.name),
        value: text(&filter.metric_value, by_metric.value),
        default_value: default_value.and_then(|value| text(&value, by_metric.default_value)),
    })
    .filter(|metric| *metric != Metric::default());
    spec.alarm = Some(settings(alarm, &by_alarm));
    Ok(object)
}

/// What differs from what is there by itself. Taken apart by name, so that a setting that nobody imports does not compile.
fn settings(alarm: &AlarmSettings, given: &Alarm) -> Alarm {
    let AlarmSettings {
        alarm_name,
        description: _,
        actions_enabled,
        alarm_actions,
        ok_actions,
        insufficient_data_actions,
        metric_namespace: _,
        metric_name: _,
        statistic,
        period_seconds,
        evaluation_periods,
        datapoints_to_alarm,
        threshold,
        comparison_operator,
        treat_missing_data,
    } = alarm;
    let topics = |actual: &Vec<String>| (!actual.is_empty()).then(|| actual.clone());
    Alarm {
        alarm_name: other(Some(alarm_name.clone()), given.alarm_name.as_ref()),
        threshold: other(Some(threshold.to_string()), given.threshold.as_ref()),
        comparison_operator: other(word(comparison_operator), given.comparison_operator.as_ref()),
        statistic: other(word(statistic), given.statistic.as_ref()),
        period_seconds: other(Some(*period_seconds), given.period_seconds.as_ref()),
        evaluation_periods: other(Some(*evaluation_periods), given.evaluation_periods.as_ref()),
        datapoints_to_alarm: Some(*datapoints_to_alarm).filter(|points| points != evaluation_periods),
        treat_missing_data: other(word(treat_missing_data), given.treat_missing_data.as_ref()),
        actions_enabled: other(Some(*actions_enabled), given.actions_enabled.as_ref()),
        alarm_actions: topics(alarm_actions),
        ok_actions: topics(ok_actions),
        insufficient_data_actions: topics(insufficient_data_actions),
    }
}

fn other<T: PartialEq>(actual: Option<T>, given: Option<&T>) -> Option<T> {
    actual.filter(|actual| given != Some(actual))
}

/// The preset with this very pattern, rather one that also calls the metric so; else one whose pattern means the same.
fn preset(filter: &MetricFilter) -> Option<&'static Preset> {
    let pattern = Pattern::parse(&filter.pattern).ok()?;
    let fits = |preset: &&Preset| -> Option<u8> {
        let newest = preset.newest()?;
        let same_metric = preset.topic.metric_name() == filter.metric_name
            && newest.metric_namespace == filter.metric_namespace;
        if newest.pattern == filter.pattern {
            return Some(u8::from(!same_metric));
        }
        let same_meaning = Pattern::parse(newest.pattern).is_ok_and(|other| other.is_equivalent(&pattern));
        same_meaning.then_some(2)
    };
    presets::all()
        .iter()
        .filter_map(|preset| Some((fits(&preset)?, preset)))
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, preset)| preset)
}

/// The object, planned as the verb `plan` would, with what it does not say.
fn checked(
    mut object: MetricAlarm,
    trail: &Trail,
    account_id: &str,
    found: &Found,
    filter: &MetricFilter,
    (alarm, tags): (&AlarmDescription, &Tags),
) -> Result<(MetricAlarm, Vec<String>)> {
    let objects = check::objects(trail, &[], account_id);
    let observed = Observed {
        filter: Some(filter.clone()),
        filters: found.filters.len(),
        alarm: Some(ObservedAlarm { description: alarm.clone(), tags: Ok(tags.clone()) }),
        ..Observed::default()
    };
    let mut notes = Vec::new();
    let mut planned = plan(&object, trail, &objects, &observed)?;
    let conflict = planned.0.findings.iter().find(|finding| finding.reason == Reason::ManagementConflict);
    if let Some(conflict) = conflict {
        notes.push(format!("Only looked at, since it cannot be taken over: {}.", conflict.message));
        object.spec.management_policy = ManagementPolicy::Observe;
        object.spec.adoption_policy = AdoptionPolicy::Never;
        planned = plan(&object, trail, &objects, &observed)?;
    }
    let (mut plan, input) = planned;
    plan.changes.retain(|change| !matches!(change, Change::MarkOwner(..)));
    let hands_off = input.hands_off.is_some();
    let lines = plan.lines(&input);
    let differing = lines.iter().filter(|line| line.field.field != DESCRIPTION);
    notes.extend(differing.map(|line| {
        let done = if line.withheld { "would leave the difference" } else { "would change it" };
        format!(
            "This manifest cannot say what AWS has, and the operator {done} ({}): {}.",
            line.operation, line.field
        )
    }));
    if !hands_off && lines.iter().any(|line| line.field.field == DESCRIPTION) {
        notes.push("The operator writes the alarm's description itself.".to_owned());
    }
    let findings = plan.findings.iter().filter(|finding| finding.reason != Reason::DriftDetected);
    notes.extend(findings.map(|finding| format!("{}: {}.", finding.reason, finding.message)));
    Ok((object, notes))
}

const DESCRIPTION: &str = "alarm.description";

fn plan(
    object: &MetricAlarm,
    trail: &Trail,
    objects: &Objects,
    observed: &Observed,
) -> Result<(metric_alarm::Plan, Input)> {
    let mut object = object.clone();
    object.metadata.namespace =
        Some(trail.metadata.namespace.clone().unwrap_or_else(|| "default".to_owned()));
    let now = Timestamp::now();
    let actor = Actor { cluster_id: crate::plan::ANY_CLUSTER, read_only: false };
    let input = metric_alarm::dereference(&object, actor, objects, now)
        .map_err(|unresolved| anyhow::anyhow!("{}: {}", unresolved.reason(), unresolved.message()))?;
    let owner = observed.alarm.as_ref().and_then(|alarm| alarm.owner());
    let input = Input { owner: objects.owner(&input.owner, owner), ..input };
    let place: AlarmPlace = input.place.clone();
    let input = Input { known_place: Some(place), ..input };
    Ok((metric_alarm::plan(&input, observed, now), input))
}
