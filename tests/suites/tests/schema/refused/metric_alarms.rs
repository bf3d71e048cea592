//! Bad MetricAlarms.

use serde_json::{Value, json};

use super::{Row, row};

const WHOLE: &str = "needs `preset`, or else `filter.pattern`, `metric.namespace`, `metric.name` and `alarm`";
const PERIOD: &str = "spec.alarm.periodSeconds";
const PERIODS: &str = "spec.alarm.evaluationPeriods";
const POINTS: &str = "spec.alarm.datapointsToAlarm";
const TOPICS: &str = "must be ARNs of SNS topics";

#[expect(clippy::too_many_lines, reason = "a table")]
pub fn rows() -> Vec<Row> {
    let mut rows = vec![
        spec(
            "no preset and no pattern",
            json!({"preset": null, "presetRevision": null, "filter": {"pattern": null}}),
            "spec",
            WHOLE,
        ),
        spec(
            "no preset and no metric",
            json!({"preset": null, "presetRevision": null, "metric": null}),
            "spec",
            WHOLE,
        ),
        spec(
            "no preset and no alarm",
            json!({"preset": null, "presetRevision": null, "alarm": null}),
            "spec",
            WHOLE,
        ),
        spec(
            "a revision of nothing",
            json!({"preset": null}),
            "spec",
            "`presetRevision` means nothing without `preset`",
        ),
        spec(
            "a revision that is no month",
            json!({"presetRevision": "newest"}),
            "spec.presetRevision",
            "must be a year and a month",
        ),
        spec(
            "a filter with a colon in its name",
            json!({"filter": {"name": "a:b"}}),
            "spec.filter.name",
            "must not contain ':' or '*'",
        ),
        spec(
            "a metric among AWS's own",
            json!({"metric": {"namespace": "AWS/Logs"}}),
            "spec.metric.namespace",
            "must not begin with 'AWS/'",
        ),
        spec(
            "a metric with a dollar in its name",
            json!({"metric": {"name": "a$b"}}),
            "spec.metric.name",
            "must not contain ':', '*' or '$'",
        ),
        spec(
            "a value that is no number",
            json!({"metric": {"value": "one"}}),
            "spec.metric.value",
            "must be a number such as '1', in quotes, or a selector",
        ),
        spec(
            "a default that is a selector",
            json!({"metric": {"defaultValue": "$.size"}}),
            "spec.metric.defaultValue",
            "must be a number such as '0'",
        ),
        alarm(
            "a threshold that is no number",
            &json!({"threshold": "1e9"}),
            "threshold",
            "must be a number such as '1', in quotes",
        ),
        alarm(
            "a period of 45 seconds",
            &json!({"periodSeconds": 45}),
            "periodSeconds",
            "must be 10, 20, 30 or a multiple of 60",
        ),
        alarm(
            "another operator",
            &json!({"comparisonOperator": "Equal"}),
            "comparisonOperator",
            "Unsupported value",
        ),
        alarm("another statistic", &json!({"statistic": "p99"}), "statistic", "Unsupported value"),
        alarm(
            "a name over two lines",
            &json!({"alarmName": "a\nb"}),
            "alarmName",
            "must not contain control characters",
        ),
        alarm(
            "a function as action",
            &json!({"alarmActions": ["arn:aws:lambda:eu-central-1:111122223333:function:x"]}),
            "alarmActions",
            TOPICS,
        ),
        alarm("a topic that is none", &json!({"okActions": ["security"]}), "okActions", TOPICS),
    ];
    rows.push(row(
        "MetricAlarm",
        "an object name of 129 characters for an alarm",
        json!({"metadata": {"name": "a".repeat(129)}}),
        "<nil>",
        "`metadata.name` must have at most 128 characters",
    ));
    rows.push(row("MetricAlarm", "an alarm without spec", json!({"spec": null}), "spec", "Required value"));
    rows.push(spec(
        "an unknown choice of what to adopt",
        json!({"adoptionPolicy": "Always"}),
        "spec.adoptionPolicy",
        "supported values: \"Never\", \"IfUnowned\"",
    ));
    rows.push(row(
        "MetricAlarm",
        "more datapoints than periods",
        json!({"spec": {"alarm": {"datapointsToAlarm": 3}}}),
        "spec.alarm",
        "`datapointsToAlarm` must not be more than `evaluationPeriods`",
    ));
    rows.push(row(
        "MetricAlarm",
        "more than a day of minutes",
        json!({"spec": {"alarm": {"periodSeconds": 60, "evaluationPeriods": 1441}}}),
        "spec.alarm",
        "must not be more than a day, or a week for periods of an hour or more",
    ));
    rows.extend(lengths());
    rows.extend(numbers());
    rows.extend(actions());
    rows.extend(choices_and_tags());
    rows
}

/// Texts that are too long, or empty where they must not be.
fn lengths() -> Vec<Row> {
    const SHORT: &str = "should be at least 1 chars long";
    let long = |what, patch: Value, at, says| spec(what, patch, at, says);
    let text = |length: usize| "n".repeat(length);
    vec![
        long(
            "a preset of 65 characters",
            json!({"preset": text(65)}),
            "spec.preset",
            "may not be more than 64 bytes",
        ),
        long("an empty preset", json!({"preset": ""}), "spec.preset", SHORT),
        long(
            "a long revision",
            json!({"presetRevision": text(17)}),
            "spec.presetRevision",
            "may not be more than 16 bytes",
        ),
        long(
            "a filter's name of 513 characters",
            json!({"filter": {"name": text(513)}}),
            "spec.filter.name",
            "may not be more than 512 bytes",
        ),
        long("an empty filter's name", json!({"filter": {"name": ""}}), "spec.filter.name", SHORT),
        long(
            "a pattern of 1025 characters",
            json!({"filter": {"pattern": text(1025)}}),
            "spec.filter.pattern",
            "may not be more than 1024 bytes",
        ),
        long("an empty pattern", json!({"filter": {"pattern": ""}}), "spec.filter.pattern", SHORT),
        long(
            "a metric's namespace of 256 characters",
            json!({"metric": {"namespace": text(256)}}),
            "spec.metric.namespace",
            "may not be more than 255 bytes",
        ),
        long("an empty namespace", json!({"metric": {"namespace": ""}}), "spec.metric.namespace", SHORT),
        long(
            "a metric's name of 256 characters",
            json!({"metric": {"name": text(256)}}),
            "spec.metric.name",
            "may not be more than 255 bytes",
        ),
        long("an empty metric's name", json!({"metric": {"name": ""}}), "spec.metric.name", SHORT),
        long(
            "a value of 101 characters",
            json!({"metric": {"value": text(101)}}),
            "spec.metric.value",
            "may not be more than 100 bytes",
        ),
        long("an empty value", json!({"metric": {"value": ""}}), "spec.metric.value", SHORT),
        long(
            "a default of 33 digits",
            json!({"metric": {"defaultValue": text(33)}}),
            "spec.metric.defaultValue",
            "may not be more than 32 bytes",
        ),
        long(
            "an alarm's name of 256 characters",
            json!({"alarm": {"alarmName": text(256)}}),
            "spec.alarm.alarmName",
            "may not be more than 255 bytes",
        ),
        long("an empty alarm's name", json!({"alarm": {"alarmName": ""}}), "spec.alarm.alarmName", SHORT),
        long(
            "a threshold of 33 digits",
            json!({"alarm": {"threshold": text(33)}}),
            "spec.alarm.threshold",
            "may not be more than 32 bytes",
        ),
        long("no trail to watch", json!({"trailRef": null}), "spec.trailRef", "Required value"),
        long(
            "a trail without a name",
            json!({"trailRef": {"name": null}}),
            "spec.trailRef.name",
            "Required value",
        ),
        long("an empty trail's name", json!({"trailRef": {"name": ""}}), "spec.trailRef.name", SHORT),
        long(
            "a trail's name of 129 characters",
            json!({"trailRef": {"name": text(129)}}),
            "spec.trailRef.name",
            "may not be more than 128 bytes",
        ),
    ]
}

/// Numbers out of their range.
fn numbers() -> Vec<Row> {
    let of = |what, field: &str, value: i64, at, says| spec(what, json!({"alarm": {field: value}}), at, says);
    vec![
        of("a period of nine seconds", "periodSeconds", 9, PERIOD, "should be greater than or equal to 10"),
        of(
            "a period of more than a week",
            "periodSeconds",
            604_860,
            PERIOD,
            "should be less than or equal to 604800",
        ),
        of("no periods", "evaluationPeriods", 0, PERIODS, "should be greater than or equal to 1"),
        of("too many periods", "evaluationPeriods", 8641, PERIODS, "should be less than or equal to 8640"),
        of("no datapoints", "datapointsToAlarm", 0, POINTS, "should be greater than or equal to 1"),
        of("too many datapoints", "datapointsToAlarm", 8641, POINTS, "should be less than or equal to 8640"),
    ]
}

/// Lists of topics.
fn actions() -> Vec<Row> {
    let topic = |name: &str| format!("arn:aws:sns:eu-central-1:111122223333:{name}");
    let lists = [
        ("alarmActions", "spec.alarm.alarmActions"),
        ("okActions", "spec.alarm.okActions"),
        ("insufficientDataActions", "spec.alarm.insufficientDataActions"),
    ];
    let of = |(field, at): (&str, &'static str)| {
        let many: Vec<_> = (0..6).map(|n| topic(&n.to_string())).collect();
        let rows = [
            ("six topics", json!(many), "must have at most 5 items"),
            ("a topic twice", json!([topic("a"), topic("a")]), "Duplicate value"),
            ("a topic of 1025 characters", json!(["n".repeat(1025)]), "may not be more than 1024 bytes"),
            ("no topic at all", json!(["security"]), TOPICS),
        ];
        rows.map(|(what, topics, says)| spec(what, json!({"alarm": {field: topics}}), at, says))
    };
    lists.into_iter().flat_map(of).collect()
}

/// Words out of a list, and tags.
fn choices_and_tags() -> Vec<Row> {
    let many: serde_json::Map<_, _> = (0..49).map(|n| (format!("key{n}"), json!("x"))).collect();
    vec![
        spec(
            "another treatment of missing data",
            json!({"alarm": {"treatMissingData": "NotBreaching"}}),
            "spec.alarm.treatMissingData",
            "supported values: ",
        ),
        spec(
            "an unknown end of an alarm",
            json!({"deletionPolicy": "StopLogging"}),
            "spec.deletionPolicy",
            "supported values: ",
        ),
        spec(
            "an unknown way to manage an alarm",
            json!({"managementPolicy": "None"}),
            "spec.managementPolicy",
            "supported values: ",
        ),
        spec("49 tags on an alarm", json!({"tags": many}), "spec.tags", "must have at most 48 items"),
        spec(
            "a tag that is AWS's own",
            json!({"tags": {"aws:x": "y"}}),
            "spec.tags",
            "keys must have 1 to 128 letters",
        ),
        spec(
            "a tag's value with a bang",
            json!({"tags": {"Team": "a!"}}),
            "spec.tags",
            "values must consist of letters",
        ),
        spec(
            "a tag's value of 257 characters",
            json!({"tags": {"Team": "n".repeat(257)}}),
            "spec.tags.Team",
            "may not be more than 256 bytes",
        ),
    ]
}

#[expect(clippy::needless_pass_by_value, reason = "rows are made of what they are given")]
fn spec(what: &'static str, spec: Value, at: &'static str, says: &'static str) -> Row {
    row("MetricAlarm", what, json!({"spec": spec}), at, says)
}

fn alarm(what: &'static str, patch: &Value, field: &'static str, says: &'static str) -> Row {
    let at: &'static str = match field {
        "threshold" => "spec.alarm.threshold",
        "periodSeconds" => "spec.alarm.periodSeconds",
        "comparisonOperator" => "spec.alarm.comparisonOperator",
        "statistic" => "spec.alarm.statistic",
        "alarmName" => "spec.alarm.alarmName",
        "okActions" => "spec.alarm.okActions",
        _ => "spec.alarm.alarmActions",
    };
    spec(what, json!({"alarm": patch}), at, says)
}
