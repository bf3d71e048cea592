//! In what AWS differs from what is declared, by meaning and not by spelling. Pure.

use std::collections::BTreeSet;

use crate::{
    aws::{AlarmDescription, AlarmSettings, MetricFilter},
    trail::FieldChange,
};

/// Removing every topic or switching actions off: nobody hears the alarm afterwards.
const ACTIONS_ENABLED: &str = "alarm.actionsEnabled";
const ALARM_ACTIONS: &str = "alarm.alarmActions";

/// What is to change in a filter.
pub(super) fn of_filter(actual: &MetricFilter, declared: &MetricFilter) -> Vec<FieldChange> {
    let default = |value: Option<f64>| value.map(number).unwrap_or_default();
    let same_value = actual.metric_value == declared.metric_value
        || same_number(&actual.metric_value, &declared.metric_value);
    let value = if same_value { &declared.metric_value } else { &actual.metric_value };
    [
        ("filter.pattern", actual.pattern.clone(), declared.pattern.clone()),
        ("metric.namespace", actual.metric_namespace.clone(), declared.metric_namespace.clone()),
        ("metric.name", actual.metric_name.clone(), declared.metric_name.clone()),
        ("metric.value", value.clone(), declared.metric_value.clone()),
        ("metric.defaultValue", default(actual.default_value), default(declared.default_value)),
        ("filter", actual.others.join(", "), String::new()),
    ]
    .into_iter()
    .filter(|(_, from, to)| from != to)
    .map(|(field, from, to)| FieldChange::new(field, from, to))
    .collect()
}

/// What is to change in an alarm.
pub(super) fn of_alarm(actual: &AlarmDescription, declared: &AlarmSettings) -> Vec<FieldChange> {
    let AlarmSettings {
        alarm_name: _,
        description,
        actions_enabled,
        alarm_actions,
        ok_actions,
        insufficient_data_actions,
        metric_namespace,
        metric_name,
        statistic,
        period_seconds,
        evaluation_periods,
        datapoints_to_alarm,
        threshold,
        comparison_operator,
        treat_missing_data,
    } = declared;
    let had = &actual.settings;
    [
        ("alarm", actual.others.join(", "), String::new()),
        ("metric.namespace", had.metric_namespace.clone(), metric_namespace.clone()),
        ("metric.name", had.metric_name.clone(), metric_name.clone()),
        ("alarm.description", had.description.clone(), description.clone()),
        ("alarm.threshold", number(had.threshold), number(*threshold)),
        ("alarm.comparisonOperator", had.comparison_operator.clone(), comparison_operator.clone()),
        ("alarm.statistic", had.statistic.clone(), statistic.clone()),
        ("alarm.periodSeconds", had.period_seconds.to_string(), period_seconds.to_string()),
        ("alarm.evaluationPeriods", had.evaluation_periods.to_string(), evaluation_periods.to_string()),
        ("alarm.datapointsToAlarm", had.datapoints_to_alarm.to_string(), datapoints_to_alarm.to_string()),
        ("alarm.treatMissingData", had.treat_missing_data.clone(), treat_missing_data.clone()),
        (ACTIONS_ENABLED, had.actions_enabled.to_string(), actions_enabled.to_string()),
        (ALARM_ACTIONS, together(&had.alarm_actions), together(alarm_actions)),
        ("alarm.okActions", together(&had.ok_actions), together(ok_actions)),
        (
            "alarm.insufficientDataActions",
            together(&had.insufficient_data_actions),
            together(insufficient_data_actions),
        ),
    ]
    .into_iter()
    .filter(|(_, from, to)| from != to)
    .map(|(field, from, to)| {
        let weakening = silences(field, &from, &to);
        FieldChange { weakening, ..FieldChange::new(field, from, to) }
    })
    .collect()
}

/// Whether nobody hears the alarm after this change, and somebody did before it.
pub(super) fn silences(field: &str, from: &str, to: &str) -> bool {
    match field {
        ACTIONS_ENABLED => to == "false",
        ALARM_ACTIONS => !from.is_empty() && to.is_empty(),
        _ => false,
    }
}

/// The order of topics means nothing.
fn together(topics: &[String]) -> String {
    let sorted: BTreeSet<_> = topics.iter().map(String::as_str).collect();
    sorted.into_iter().collect::<Vec<_>>().join(", ")
}

/// `1` and `1.0` are one number.
fn number(value: f64) -> String {
    value.to_string()
}

fn same_number(one: &str, other: &str) -> bool {
    matches!((one.parse::<f64>(), other.parse::<f64>()), (Ok(one), Ok(other)) if one.to_bits() == other.to_bits())
}
