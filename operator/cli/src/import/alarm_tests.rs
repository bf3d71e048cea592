//! Pairs of metric filter and alarm become objects of which the operator makes the same again.

use trail_operator_crds::{ManagementPolicy, OWNER_TAG, Trail};
use trail_operator_reconcile::aws::{AlarmDescription, AlarmSettings, MetricFilter, Tags};

use super::alarms::{Found, Imported, of};
use crate::metric_alarm;

const ACCOUNT: &str = "111122223333";
const TOPIC: &str = "arn:aws:sns:us-east-1:111122223333:security";
const ROOT: &str = r#"{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}"#;

fn trail() -> Trail {
    serde_saphyr::from_str(
        "
apiVersion: trail-operator.dev/v1alpha1
kind: Trail
metadata: {name: audit, namespace: security}
spec:
  region: us-east-1
  s3: {bucketName: logs}
  cloudWatchLogs: {logGroupName: cloudtrail, roleArn: 'arn:aws:iam::111122223333:role/logs'}
",
    )
    .unwrap()
}

/// As the remediation of Security Hub's control makes it.
fn filter() -> MetricFilter {
    MetricFilter {
        name: "root".into(),
        pattern: ROOT.into(),
        metric_namespace: "LogMetrics".into(),
        metric_name: "RootUsage".into(),
        metric_value: "1".into(),
        default_value: Some(0.0),
        others: vec![],
    }
}

fn alarm() -> AlarmDescription {
    AlarmDescription {
        arn: format!("arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:Root used"),
        settings: AlarmSettings {
            alarm_name: "Root used".into(),
            description: "by hand".into(),
            actions_enabled: true,
            alarm_actions: vec![TOPIC.into()],
            metric_namespace: "LogMetrics".into(),
            metric_name: "RootUsage".into(),
            statistic: "Sum".into(),
            period_seconds: 300,
            evaluation_periods: 1,
            datapoints_to_alarm: 1,
            threshold: 1.0,
            comparison_operator: "GreaterThanOrEqualToThreshold".into(),
            treat_missing_data: "notBreaching".into(),
            ..AlarmSettings::default()
        },
        others: vec![],
        state: "OK".into(),
    }
}

fn import(filters: Vec<MetricFilter>, alarms: Vec<(AlarmDescription, Tags)>) -> Imported {
    of(&trail(), ACCOUNT, &Found { filters, alarms }).unwrap()
}

fn one(filter: MetricFilter, alarm: AlarmDescription) -> (String, Vec<String>) {
    let Imported { mut objects, left_out } = import(vec![filter], vec![(alarm, Tags::new())]);
    assert_eq!(left_out, Vec::<String>::new());
    let (object, notes) = objects.remove(0);
    let yaml = metric_alarm::node(&object).unwrap().yaml().unwrap();
    (yaml.split_once("spec:\n").unwrap().1.to_owned(), notes)
}

const DESCRIPTION: &str = "The operator writes the alarm's description itself.";

#[test]
fn a_pair_that_a_preset_says_is_that_preset() {
    let (spec, notes) = one(filter(), alarm());
    assert_eq!(
        spec,
        format!(
            "  trailRef:\n    name: audit\n  preset: SecurityHub/CloudWatch.1\n  filter:\n    name: root\n  alarm:\n    alarmName: Root used\n    alarmActions:\n    - {TOPIC}\n  adoptionPolicy: IfUnowned\n"
        )
    );
    assert_eq!(notes, [DESCRIPTION]);
}

#[test]
fn a_pattern_that_means_the_same_keeps_its_own_text_beside_the_preset() {
    let text = r#"{ ($.userIdentity.type = "Root") && ($.eventType != "AwsServiceEvent") && ($.userIdentity.invokedBy NOT EXISTS) }"#;
    let (spec, notes) = one(MetricFilter { pattern: text.into(), ..filter() }, alarm());
    assert!(spec.contains("preset: SecurityHub/CloudWatch.1") && spec.contains("pattern: "), "{spec}");
    assert_eq!(notes, [DESCRIPTION]);
}

#[test]
fn whatever_differs_from_the_preset_or_the_defaults_is_said() {
    let own = MetricFilter {
        pattern: "{ $.eventName = DeleteTrail }".into(),
        metric_name: "Deleted".into(),
        metric_value: "2".into(),
        default_value: None,
        ..filter()
    };
    let mut different = alarm();
    different.settings = AlarmSettings {
        actions_enabled: false,
        ok_actions: vec![TOPIC.into()],
        insufficient_data_actions: vec![TOPIC.into()],
        metric_name: "Deleted".into(),
        statistic: "Maximum".into(),
        period_seconds: 60,
        evaluation_periods: 5,
        datapoints_to_alarm: 3,
        threshold: 2.5,
        comparison_operator: "LessThanThreshold".into(),
        treat_missing_data: "missing".into(),
        ..different.settings
    };
    let (spec, notes) = one(own, different);
    for line in [
        "    pattern: '{ $.eventName = DeleteTrail }'",
        "    namespace: LogMetrics",
        "    name: Deleted",
        "    value: \"2\"",
        "    threshold: \"2.5\"",
        "    comparisonOperator: LessThanThreshold",
        "    statistic: Maximum",
        "    periodSeconds: 60",
        "    evaluationPeriods: 5",
        "    datapointsToAlarm: 3",
        "    treatMissingData: missing",
        "    actionsEnabled: false",
    ] {
        let plain = |text: &str| text.replace(['\'', '"'], "");
        assert!(spec.lines().any(|one| plain(one) == plain(line)), "{line} in {spec}");
    }
    assert!(!spec.contains("preset"), "{spec}");
    assert_eq!(notes, [DESCRIPTION], "all of it is said");
}

#[test]
fn what_the_preset_says_and_aws_has_not_is_told() {
    let (_, notes) = one(MetricFilter { default_value: None, ..filter() }, alarm());
    assert!(notes.iter().any(|note| note.contains("metric.defaultValue")), "{notes:?}");
}

#[test]
fn what_no_manifest_can_say_is_left_out_and_told() {
    type Damage = fn(&mut Vec<MetricFilter>, &mut Vec<(AlarmDescription, Tags)>);
    let cases: [(Damage, usize, &str); 8] = [
        (|filters, _| filters[0].others = vec!["dimensions".into()], 0, "dimensions"),
        (|_, alarms| alarms.clear(), 0, "no alarm on its metric"),
        (|_, alarms| alarms[0].0.others = vec!["Metrics".into()], 0, "Metrics"),
        (|_, alarms| alarms[0].0.settings.statistic = "p99".into(), 0, "p99"),
        (
            |_, alarms| {
                alarms[0].0.settings.ok_actions = vec!["arn:aws:lambda:us-east-1:1:function:x".into()];
            },
            0,
            "lambda",
        ),
        (
            |filters, _| filters.push(MetricFilter { name: "twin".into(), ..filter() }),
            0,
            "'twin' makes the same metric",
        ),
        (
            |_, alarms| {
                let mut second = alarms[0].clone();
                second.0.settings.alarm_name = "Second".into();
                alarms.push(second);
            },
            1,
            "the alarm 'Second'",
        ),
        (|_, alarms| alarms[0].0.settings.metric_name = "Other".into(), 0, "no alarm on its metric"),
    ];
    for (damage, objects, told) in cases {
        let (mut filters, mut alarms) = (vec![filter()], vec![(alarm(), Tags::new())]);
        damage(&mut filters, &mut alarms);
        let imported = import(filters, alarms);
        assert_eq!(imported.objects.len(), objects, "{told}");
        assert!(imported.left_out.iter().any(|what| what.contains(told)), "{told}: {:?}", imported.left_out);
    }
}

#[test]
fn the_alarm_of_another_object_is_only_looked_at() {
    let tags = Tags::from([
        (OWNER_TAG.to_owned(), "cluster/team/theirs".to_owned()),
        ("Team".to_owned(), "audit".to_owned()),
    ]);
    let imported = import(vec![filter()], vec![(alarm(), tags)]);
    let (object, notes) = &imported.objects[0];
    assert_eq!(object.spec.management_policy, ManagementPolicy::Observe);
    assert!(notes[0].contains("belongs to another object"), "{notes:?}");
    assert_eq!(object.spec.tags.keys().collect::<Vec<_>>(), ["Team"]);
}

#[test]
fn objects_are_called_after_the_trail_and_the_alarm() {
    let second = MetricFilter { name: "other".into(), metric_name: "Other".into(), ..filter() };
    let mut another = alarm();
    another.settings.metric_name = "Other".into();
    another.settings.alarm_name = "root-used".into();
    let imported = import(vec![filter(), second], vec![(alarm(), Tags::new()), (another, Tags::new())]);
    let names: Vec<_> =
        imported.objects.iter().map(|(object, _)| object.metadata.name.clone().unwrap()).collect();
    assert_eq!(names, ["audit-root-used", "audit-root-used-2"]);
}
