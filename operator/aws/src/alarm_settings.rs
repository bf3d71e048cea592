//! Alarms between the SDK's types and plain settings (`cloudtrail.md` 6.1).

use aws_sdk_cloudwatch::{
    Client,
    operation::put_metric_alarm::builders::PutMetricAlarmFluentBuilder,
    types::{ActionConfiguration, ComparisonOperator, MetricAlarm, StandardUnit, Statistic},
};
use trail_operator_reconcile::aws::{AlarmDescription, AlarmSettings};

/// Everything is sent: what a request leaves out goes back to AWS's default.
pub(crate) fn put_metric_alarm(client: &Client, settings: &AlarmSettings) -> PutMetricAlarmFluentBuilder {
    let AlarmSettings {
        alarm_name,
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
    } = settings;
    client
        .put_metric_alarm()
        .alarm_name(alarm_name)
        .alarm_description(description)
        .actions_enabled(*actions_enabled)
        .set_alarm_actions(Some(alarm_actions.clone()))
        .set_ok_actions(Some(ok_actions.clone()))
        .set_insufficient_data_actions(Some(insufficient_data_actions.clone()))
        .namespace(metric_namespace)
        .metric_name(metric_name)
        .statistic(Statistic::from(statistic.as_str()))
        .period(*period_seconds)
        .evaluation_periods(*evaluation_periods)
        .datapoints_to_alarm(*datapoints_to_alarm)
        .threshold(*threshold)
        .comparison_operator(ComparisonOperator::from(comparison_operator.as_str()))
        .treat_missing_data(treat_missing_data)
}

pub(crate) fn alarm_description(alarm: MetricAlarm) -> AlarmDescription {
    let others = others(&alarm);
    let evaluation_periods = alarm.evaluation_periods.unwrap_or_default();
    AlarmDescription {
        arn: alarm.alarm_arn.unwrap_or_default(),
        settings: AlarmSettings {
            alarm_name: alarm.alarm_name.unwrap_or_default(),
            description: alarm.alarm_description.unwrap_or_default(),
            actions_enabled: alarm.actions_enabled.unwrap_or(true),
            alarm_actions: alarm.alarm_actions.unwrap_or_default(),
            ok_actions: alarm.ok_actions.unwrap_or_default(),
            insufficient_data_actions: alarm.insufficient_data_actions.unwrap_or_default(),
            metric_namespace: alarm.namespace.unwrap_or_default(),
            metric_name: alarm.metric_name.unwrap_or_default(),
            statistic: alarm.statistic.map(|statistic| statistic.as_str().to_owned()).unwrap_or_default(),
            period_seconds: alarm.period.unwrap_or_default(),
            evaluation_periods,
            datapoints_to_alarm: alarm.datapoints_to_alarm.unwrap_or(evaluation_periods),
            threshold: alarm.threshold.unwrap_or_default(),
            comparison_operator: alarm
                .comparison_operator
                .map(|operator| operator.as_str().to_owned())
                .unwrap_or_default(),
            treat_missing_data: alarm.treat_missing_data.unwrap_or_else(|| "missing".to_owned()),
        },
        others,
        state: alarm.state_value.map(|state| state.as_str().to_owned()).unwrap_or_default(),
    }
}

/// What the alarm has beyond [`AlarmSettings`]. A value that is AWS's default is none.
fn others(alarm: &MetricAlarm) -> Vec<String> {
    let low_samples = alarm.evaluate_low_sample_count_percentile();
    let window = alarm.evaluation_window();
    let members = [
        ("ExtendedStatistic", given(alarm.extended_statistic())),
        ("Dimensions", !alarm.dimensions().is_empty()),
        ("Unit", alarm.unit().is_some_and(|unit| *unit != StandardUnit::None)),
        ("EvaluateLowSampleCountPercentile", given(low_samples) && low_samples != Some("evaluate")),
        ("Metrics", !alarm.metrics().is_empty()),
        ("ThresholdMetricId", given(alarm.threshold_metric_id())),
        ("EvaluationWindow", window.is_some_and(|window| !window.is_sliding_window())),
        ("WarmUpConfiguration", alarm.warm_up_configuration().is_some()),
        ("EvaluationCriteria", alarm.evaluation_criteria().is_some()),
        ("EvaluationInterval", alarm.evaluation_interval().is_some()),
        ("ActionConfiguration", alarm.action_configuration().is_some_and(propagates_tags)),
    ];
    members.into_iter().filter(|(_, has)| *has).map(|(name, _)| name.to_owned()).collect()
}

fn given(text: Option<&str>) -> bool {
    text.is_some_and(|text| !text.is_empty())
}

/// All that it can say.
fn propagates_tags(configuration: &ActionConfiguration) -> bool {
    configuration.alarm_tags_propagation().is_some_and(|tags| tags.enabled() == Some(true))
}

#[cfg(test)]
pub(crate) fn example() -> AlarmSettings {
    AlarmSettings {
        alarm_name: "root: usage".to_owned(),
        description: String::new(),
        actions_enabled: true,
        alarm_actions: vec!["arn:aws:sns:us-east-1:111122223333:alarms".to_owned()],
        ok_actions: vec![],
        insufficient_data_actions: vec![],
        metric_namespace: "Security".to_owned(),
        metric_name: "RootUsage".to_owned(),
        statistic: "Sum".to_owned(),
        period_seconds: 300,
        evaluation_periods: 1,
        datapoints_to_alarm: 1,
        threshold: 1.0,
        comparison_operator: "GreaterThanOrEqualToThreshold".to_owned(),
        treat_missing_data: "notBreaching".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudwatch::types::{
        AlarmPromQlCriteria, AlarmTagsPropagation, Dimension, EvaluationCriteria, EvaluationWindow,
        MetricDataQuery, SlidingWindow, StateValue, WallClockWindow, WarmUpConfiguration,
        builders::MetricAlarmBuilder,
    };

    use super::*;

    fn propagation(enabled: bool) -> ActionConfiguration {
        let tags = AlarmTagsPropagation::builder().enabled(enabled).build();
        ActionConfiguration::builder().alarm_tags_propagation(tags).build()
    }

    #[test]
    fn what_aws_does_not_tell_is_its_default() {
        let alarm = MetricAlarm::builder()
            .alarm_arn("arn")
            .alarm_name("a")
            .evaluation_periods(3)
            .state_value(StateValue::InsufficientData)
            .evaluate_low_sample_count_percentile("evaluate")
            .evaluation_window(EvaluationWindow::SlidingWindow(SlidingWindow::builder().build()))
            .action_configuration(propagation(false))
            .unit(StandardUnit::None)
            .build();
        let settings = AlarmSettings {
            alarm_name: "a".to_owned(),
            actions_enabled: true,
            evaluation_periods: 3,
            datapoints_to_alarm: 3,
            treat_missing_data: "missing".to_owned(),
            ..AlarmSettings::default()
        };
        let expected = AlarmDescription {
            arn: "arn".to_owned(),
            settings,
            others: vec![],
            state: "INSUFFICIENT_DATA".to_owned(),
        };
        assert_eq!(alarm_description(alarm), expected);
    }

    type Set = fn(MetricAlarmBuilder) -> MetricAlarmBuilder;

    #[test]
    fn what_has_no_place_here_is_named() {
        let members: [(&str, Set); 11] = [
            ("ExtendedStatistic", |alarm| alarm.extended_statistic("p99")),
            ("Dimensions", |alarm| alarm.dimensions(Dimension::builder().name("a").value("b").build())),
            ("Unit", |alarm| alarm.unit(StandardUnit::Count)),
            ("EvaluateLowSampleCountPercentile", |alarm| {
                alarm.evaluate_low_sample_count_percentile("ignore")
            }),
            ("Metrics", |alarm| alarm.metrics(MetricDataQuery::builder().id("e1").expression("m1").build())),
            ("ThresholdMetricId", |alarm| alarm.threshold_metric_id("ad1")),
            ("EvaluationWindow", |alarm| {
                let window = WallClockWindow::builder().timezone("Europe/Berlin").build();
                alarm.evaluation_window(EvaluationWindow::WallClockWindow(window))
            }),
            ("WarmUpConfiguration", |alarm| {
                let warm_up = WarmUpConfiguration::builder().warm_up_period_duration_in_minutes(5).build();
                alarm.warm_up_configuration(warm_up)
            }),
            ("EvaluationCriteria", |alarm| {
                let criteria = AlarmPromQlCriteria::builder().query("up").build();
                alarm.evaluation_criteria(EvaluationCriteria::PromQlCriteria(criteria))
            }),
            ("EvaluationInterval", |alarm| alarm.evaluation_interval(60)),
            ("ActionConfiguration", |alarm| alarm.action_configuration(propagation(true))),
        ];
        for (member, set) in members {
            let alarm = set(MetricAlarm::builder().alarm_name("a")).build();
            assert_eq!(alarm_description(alarm).others, [member]);
        }
    }

    #[test]
    fn members_that_a_new_sdk_brings_are_noticed() {
        let set = [
            "alarm_name",
            "alarm_arn",
            "alarm_description",
            "actions_enabled",
            "ok_actions",
            "alarm_actions",
            "insufficient_data_actions",
            "state_value",
            "metric_name",
            "namespace",
            "statistic",
            "period",
            "evaluation_periods",
            "datapoints_to_alarm",
            "threshold",
            "comparison_operator",
            "treat_missing_data",
        ];
        let others = [
            "extended_statistic",
            "dimensions",
            "unit",
            "evaluate_low_sample_count_percentile",
            "metrics",
            "threshold_metric_id",
            "evaluation_window",
            "warm_up_configuration",
            "evaluation_criteria",
            "evaluation_interval",
            "action_configuration",
        ];
        let of_the_state = [
            "alarm_configuration_updated_timestamp",
            "state_reason",
            "state_reason_data",
            "state_updated_timestamp",
            "evaluation_state",
            "state_transitioned_timestamp",
        ];
        let told = format!("{:?}", MetricAlarm::builder().build());
        let told = told.trim_start_matches("MetricAlarm { ").trim_end_matches(" }");
        let mut told: Vec<_> = told.split(", ").map(|member| member.trim_end_matches(": None")).collect();
        let mut known: Vec<_> = set.into_iter().chain(others).chain(of_the_state).collect();
        told.sort_unstable();
        known.sort_unstable();
        assert_eq!(told, known);
    }
}
