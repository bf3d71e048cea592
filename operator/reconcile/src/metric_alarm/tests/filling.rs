//! Manifests and presets.

use trail_operator_crds::{EffectiveAlarm, Filter, Metric};
use trail_operator_domain::presets;

use super::*;

#[test]
fn a_preset_fills_what_the_manifest_leaves_out_and_nothing_else() {
    let filled = effective(&alarm()).unwrap();
    let preset = presets::find("SecurityHub/CloudWatch.1").unwrap().newest().unwrap();
    assert_eq!(filled.filter.pattern.as_deref(), Some(preset.pattern));
    assert_eq!(filled.filter.name.as_deref(), Some("security/root-usage"));
    assert_eq!(
        (filled.metric.namespace.as_deref(), filled.metric.name.as_deref()),
        (Some("LogMetrics"), Some("RootUsage"))
    );
    assert_eq!(filled.metric.default_value.as_deref(), Some("0"));
    assert_eq!(filled.alarm.alarm_actions, alarm().spec.alarm.unwrap().alarm_actions);
    let mut other = alarm();
    other.spec.metric = Some(Metric { namespace: Some("Mine".into()), ..Metric::default() });
    other.spec.alarm.as_mut().unwrap().evaluation_periods = Some(3);
    let filled = effective(&other).unwrap();
    assert_eq!(filled.metric.namespace.as_deref(), Some("Mine"));
    assert_eq!(filled.alarm.datapoints_to_alarm, Some(3), "all periods, where nothing is said");
}

#[test]
fn a_manifest_without_preset_is_taken_as_it_is() {
    let mut object = alarm();
    object.spec.preset = None;
    object.spec.filter = Some(Filter { name: None, pattern: Some("{ $.a = b }".into()) });
    object.spec.metric =
        Some(Metric { namespace: Some("N".into()), name: Some("M".into()), ..Metric::default() });
    let filled = effective(&object).unwrap();
    assert_eq!((filled.preset, filled.metric.default_value), (None, None));
    assert_eq!(filled.filter.pattern.as_deref(), Some("{ $.a = b }"));
}

#[test]
fn a_revision_is_held_until_the_manifest_changes_also_by_an_older_operator() {
    let mut object = alarm();
    let mut held = effective(&object).unwrap();
    held.preset_revision = Some("2031-01".into());
    held.filter.pattern = Some("{ $.later = 1 }".into());
    object.status = Some(MetricAlarmStatus { effective: Some(held.clone()), ..MetricAlarmStatus::default() });
    assert_eq!(
        effective(&object),
        Ok(held.clone()),
        "what this version does not know stays as it was filled in"
    );
    object.metadata.generation = Some(2);
    let fresh = effective(&object).unwrap();
    assert_eq!(fresh.preset_revision.as_deref(), Some("2026-11"));
    object.metadata.generation = Some(1);
    object.spec.preset = Some("Gone/1".into());
    assert_eq!(effective(&object), Ok(held));
}

type Edit = fn(&mut MetricAlarm);

#[test]
fn what_means_nothing_is_said_with_what_is_allowed() {
    let refused = |edit: fn(&mut MetricAlarm)| {
        let mut object = alarm();
        edit(&mut object);
        match dereference(&object, ACTOR, &cluster(), NOW) {
            Err(unresolved) => (unresolved.reason(), unresolved.message().to_owned()),
            Ok(_) => panic!("it is taken"),
        }
    };
    let cases: [(Edit, Reason, &str); 5] = [
        (
            |object| object.spec.preset = Some("CIS-5.0.0/4.99".into()),
            Reason::InvalidConfiguration,
            "kubectl cloudtrail presets",
        ),
        (
            |object| object.spec.preset_revision = Some("1999-01".into()),
            Reason::InvalidConfiguration,
            "there are 2026-11",
        ),
        (
            |object| object.spec.filter = Some(Filter { name: None, pattern: Some("{ $.a == b }".into()) }),
            Reason::InvalidPattern,
            "spec.filter.pattern, character ",
        ),
        (
            |object| {
                let alarm = object.spec.alarm.as_mut().unwrap();
                alarm.datapoints_to_alarm = Some(2);
            },
            Reason::InvalidConfiguration,
            "must not be more than evaluationPeriods (1)",
        ),
        (
            |object| object.spec.alarm.as_mut().unwrap().evaluation_periods = Some(300),
            Reason::InvalidConfiguration,
            "must not be more than 86400",
        ),
    ];
    for (edit, reason, text) in cases {
        let (why, message) = refused(edit);
        assert_eq!(why, reason, "{message}");
        assert!(message.contains(text), "{message}");
    }
}

#[test]
fn references_that_are_not_there_are_said() {
    let reason =
        |cluster: &Cluster| dereference(&alarm(), ACTOR, cluster, NOW).map(|_| ()).unwrap_err().reason();
    assert_eq!(reason(&Cluster { trail: None, ..cluster() }), Reason::TrailNotFound);
    let mut silent = cluster();
    silent.trail.as_mut().unwrap().spec.cloud_watch_logs = None;
    assert_eq!(reason(&silent), Reason::LogGroupUnusable);
    let mut closed = cluster();
    closed.account.spec.allowed_namespaces.names = vec!["other".into()];
    assert_eq!(reason(&closed), Reason::NotPermitted);
}

#[test]
fn status_holds_everything_that_was_filled_in() {
    let (_, object) = settled();
    let EffectiveAlarm { filter, metric, alarm, .. } = object.status.unwrap().effective.unwrap();
    let whole = serde_json::to_value((filter, metric, alarm)).unwrap();
    assert!(!whole.to_string().contains("null"), "{whole}");
}
