//! Whether it would ring, and what auditors say.

use trail_operator_crds::{ControlVerdict, Filter, ManagementReadWriteType};

use super::*;

/// Conditions of a settled pair after these edits of cluster, AWS and manifest.
fn after(
    edit: impl Fn(&mut Trail),
    aws: impl Fn(&mut fake::State),
    manifest: impl Fn(&mut MetricAlarm),
) -> MetricAlarmStatus {
    let fake = super::aws();
    aws(&mut fake.state());
    let mut object = alarm();
    manifest(&mut object);
    let mut cluster = cluster();
    edit(cluster.trail.as_mut().unwrap());
    for _ in 0..4 {
        let previous = object.status.clone().unwrap_or_default();
        let input = input_in(&object, &cluster);
        let (report, _) = now(reconcile(&fake, &input, &previous, SignedDuration::ZERO, NOW));
        object.status = Some(report.status);
    }
    object.status.unwrap()
}

fn preset(name: &'static str) -> impl Fn(&mut MetricAlarm) {
    move |object| object.spec.preset = Some(name.into())
}

#[test]
fn each_link_that_does_not_hold_has_its_sentence() {
    let ring = |status: &MetricAlarmStatus| said(status, condition::WOULD_RING);
    let same = |_: &mut Trail| {};
    let fine = |_: &mut fake::State| {};
    let as_is = |_: &mut MetricAlarm| {};
    let logging = |status: &'static str, reason: &'static str| {
        move |trail: &mut Trail| {
            let conditions = &mut trail.status.as_mut().unwrap().conditions;
            let logging = conditions.iter_mut().find(|one| one.type_ == condition::LOGGING).unwrap();
            (logging.status, logging.reason) = (status.into(), reason.into());
        }
    };
    assert_eq!(ring(&after(same, fine, as_is)), is("True", Reason::Connected));
    assert_eq!(ring(&after(logging("False", "Stopped"), fine, as_is)), is("False", Reason::NotFed));
    assert_eq!(ring(&after(logging("Unknown", "X"), fine, as_is)), is("Unknown", Reason::TrailNotReady));
    let never = |trail: &mut Trail| trail.status.as_mut().unwrap().logging = None;
    assert_eq!(ring(&after(never, fine, as_is)), is("Unknown", Reason::AwaitingFirstDelivery));
    let elsewhere = |trail: &mut Trail| {
        trail.status.as_mut().unwrap().drift = vec![trail_operator_crds::Drift {
            field: "cloudWatchLogs.logGroupName".into(),
            declared: GROUP.into(),
            actual: "other".into(),
        }];
    };
    assert_eq!(ring(&after(elsewhere, fine, as_is)), is("False", Reason::NotFed));
    let reads = |trail: &mut Trail| {
        trail.spec.management_events.read_write_type = ManagementReadWriteType::ReadOnly;
    };
    let stops = preset("SecurityHub/CloudWatch.5");
    assert_eq!(ring(&after(reads, fine, &stops)), is("False", Reason::NotRecorded));
    let without_kms = |trail: &mut Trail| {
        trail.spec.management_events.exclude_event_sources = vec!["kms.amazonaws.com".into()];
    };
    let keys = preset("SecurityHub/CloudWatch.7");
    assert_eq!(ring(&after(without_kms, fine, &keys)), is("False", Reason::NotRecorded));
    let one_region = |trail: &mut Trail| trail.spec.is_multi_region_trail = false;
    let sign_in = preset("CIS-5.0.0/4.6");
    assert_eq!(ring(&after(one_region, fine, &sign_in)), is("False", Reason::SingleRegion));
    assert_eq!(ring(&after(one_region, fine, &stops)), is("True", Reason::Connected), "of no sign-ins");
    let star = |object: &mut MetricAlarm| {
        object.spec.filter =
            Some(Filter { name: None, pattern: Some(r#"{ $.eventName = "Put*Policy" }"#.into()) });
    };
    assert_eq!(ring(&after(same, fine, star)), is("Unknown", Reason::Doubtful));
    let average = |object: &mut MetricAlarm| {
        object.spec.alarm.as_mut().unwrap().statistic = Some(trail_operator_crds::Statistic::Average);
    };
    assert_eq!(ring(&after(same, fine, average)), is("Unknown", Reason::Doubtful));
}

#[test]
fn whoever_would_hear_it_is_asked_for() {
    let heard = |edit: &dyn Fn(&mut fake::State), manifest: &dyn Fn(&mut MetricAlarm)| {
        let status = after(|_| {}, |aws| edit(aws), |object| manifest(object));
        said(&status, condition::NOTIFICATIONS_CONFIRMED)
    };
    let as_is = |_: &mut MetricAlarm| {};
    let topic =
        |topic: Topic| move |aws: &mut fake::State| drop(aws.topics.insert(TOPIC.into(), topic.clone()));
    assert_eq!(heard(&|_| {}, &as_is), is("True", Reason::Confirmed));
    assert_eq!(heard(&|aws| aws.topics.clear(), &as_is), is("False", Reason::TopicNotFound));
    assert_eq!(heard(&topic(Topic::default()), &as_is), is("False", Reason::NoSubscription));
    let pending = topic(Topic { pending: 2, ..Topic::default() });
    assert_eq!(heard(&pending, &as_is), is("False", Reason::SubscriptionPending));
    let by_aws = topic(Topic { confirmed: 1, kms_master_key_id: "alias/aws/sns".into(), ..Topic::default() });
    assert_eq!(heard(&by_aws, &as_is), is("False", Reason::TopicKeyUnusable));
    let denied = |aws: &mut fake::State| aws.refused.push(("GetTopicAttributes", "AuthorizationError"));
    assert_eq!(heard(&denied, &as_is), is("Unknown", Reason::AccessDenied));
    let silent = |object: &mut MetricAlarm| object.spec.alarm.as_mut().unwrap().alarm_actions = None;
    assert_eq!(heard(&|_| {}, &silent), is("False", Reason::NoAction));
    let off = |object: &mut MetricAlarm| object.spec.alarm.as_mut().unwrap().actions_enabled = Some(false);
    assert_eq!(heard(&|_| {}, &off), is("False", Reason::ActionsDisabled));
}

#[test]
fn a_topic_of_another_account_needs_the_accounts_leave() {
    let theirs = "arn:aws:sns:us-east-1:444455556666:security";
    let named = |object: &mut MetricAlarm| {
        object.spec.alarm.as_mut().unwrap().alarm_actions = Some(vec![theirs.into()]);
    };
    let status = after(|_| {}, |_| {}, named);
    assert_eq!(said(&status, condition::READY), is("False", Reason::NotPermitted));
    assert_eq!(said(&status, condition::ALARM_IN_PLACE), is("False", Reason::NotInPlace));
}

fn verdicts(status: &MetricAlarmStatus) -> Vec<(String, ControlVerdict)> {
    let word =
        |one: &trail_operator_crds::ControlResult| (format!("{}/{}", one.standard, one.control), one.result);
    status.controls.iter().map(word).collect()
}

#[test]
fn presets_pass_their_own_controls() {
    use ControlVerdict::{Fail, Pass};
    for preset in trail_operator_domain::presets::all() {
        let status = after(|_| {}, |_| {}, |object| object.spec.preset = Some(preset.name.into()));
        assert_eq!(said(&status, condition::READY), is("True", Reason::Succeeded), "{}", preset.name);
        let own = verdicts(&status).into_iter().find(|(name, _)| name == preset.name);
        let expected = (preset.standard() != "guide").then(|| (preset.name.to_owned(), Pass));
        assert_eq!(own, expected, "{:?}", status.controls);
        if preset.standard() == "guide" {
            let hub = status
                .controls
                .iter()
                .find(|one| one.control.starts_with("CloudWatch.") && one.control != "CloudWatch.15");
            assert_eq!(hub.map(|one| one.result), Some(Fail), "{}: {:?}", preset.name, status.controls);
        }
    }
}

#[test]
fn auditors_compare_text_and_people_do_not() {
    let turned = |object: &mut MetricAlarm| {
        object.spec.preset = Some("SecurityHub/CloudWatch.6".into());
        let pattern = r#"{($.errorMessage="Failed authentication") && ($.eventName=ConsoleLogin)}"#;
        object.spec.filter = Some(Filter { name: None, pattern: Some(pattern.into()) });
    };
    let status = after(|_| {}, |_| {}, turned);
    let of = |name: &str| status.controls.iter().find(|one| one.control == name).unwrap();
    assert_eq!(of("CloudWatch.6").result, ControlVerdict::Fail);
    assert!(of("CloudWatch.6").reason.contains("written otherwise"), "{:?}", of("CloudWatch.6"));
    assert_eq!(of("4.6").result, ControlVerdict::Pass);
}

#[test]
fn controls_look_at_every_link() {
    let control = |edit: &dyn Fn(&mut Trail), aws: &dyn Fn(&mut fake::State), name: &'static str| {
        let status =
            after(|trail| edit(trail), |state| aws(state), |object| object.spec.preset = Some(name.into()));
        status.controls[0].clone()
    };
    let hub = "SecurityHub/CloudWatch.7";
    let single = |trail: &mut Trail| trail.spec.is_multi_region_trail = false;
    assert_eq!(control(&single, &|_| {}, hub).result, ControlVerdict::Fail);
    let without_kms = |trail: &mut Trail| {
        trail.spec.management_events.exclude_event_sources = vec!["kms.amazonaws.com".into()];
    };
    assert!(control(&without_kms, &|_| {}, hub).reason.contains("kms.amazonaws.com"));
    assert_eq!(control(&without_kms, &|_| {}, "SecurityHub/CloudWatch.5").result, ControlVerdict::Pass);
    assert_eq!(control(&|_| {}, &|aws| aws.topics.clear(), hub).result, ControlVerdict::Fail);
    let denied = |aws: &mut fake::State| aws.refused.push(("GetTopicAttributes", "AuthorizationError"));
    assert_eq!(control(&|_| {}, &denied, hub).result, ControlVerdict::NoData);
}
