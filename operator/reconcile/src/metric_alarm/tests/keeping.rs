//! Making, changing, renaming and deleting.

use super::{finalize::*, *};

#[test]
fn nothing_is_made_before_status_says_where() {
    let fake = aws();
    let input = input_of(&alarm());
    let (report, applied) =
        now(reconcile(&fake, &input, &MetricAlarmStatus::default(), SignedDuration::ZERO, NOW));
    assert_eq!((applied, fake.state().calls.len()), (Applied::default(), 0));
    assert_eq!(report.status.place.as_ref(), Some(&input.place));
    assert_eq!(report.next, Next::After(Duration::ZERO));
    let object = MetricAlarm { status: Some(report.status), ..alarm() };
    let (object, report) = rounds(&fake, object, |input| input);
    assert_eq!(
        fake.state().calls,
        ["PutMetricFilter security/root-usage", "PutMetricAlarm security/root-usage"]
    );
    assert_eq!(fake.state().tags[ARN][OWNER_TAG], "cluster/security/root-usage");
    let status = object.status.unwrap();
    assert_eq!(said(&status, condition::READY), is("True", Reason::Succeeded));
    assert_eq!(said(&status, condition::WOULD_RING), is("True", Reason::Connected));
    assert_eq!((status.arn.as_deref(), report.next), (Some(ARN), Next::Interval));
}

#[test]
fn the_steady_state_changes_neither_aws_nor_status() {
    let (fake, object) = settled();
    let input = input_of(&object);
    let previous = object.status.clone().unwrap();
    let later = NOW + SignedDuration::from_hours(5);
    let (report, _) = now(reconcile(&fake, &input, &previous, SignedDuration::ZERO, later));
    assert_eq!(
        (report.status, report.events, fake.state().calls.clone()),
        (previous, vec![], Vec::<String>::new())
    );
}

#[test]
fn what_others_change_or_delete_is_put_right_and_told() {
    type Damage = fn(&mut fake::State);
    let cases: [(Damage, &[&str]); 6] = [
        (|aws| aws.alarms[0].settings.actions_enabled = false, &["PutMetricAlarm security/root-usage"]),
        (|aws| aws.alarms[0].others = vec!["Dimensions".into()], &["PutMetricAlarm security/root-usage"]),
        (|aws| aws.alarms.clear(), &["PutMetricAlarm security/root-usage"]),
        (
            |aws| aws.filters.get_mut(GROUP).unwrap()[0].pattern = "{ $.never = 1 }".into(),
            &["PutMetricFilter security/root-usage"],
        ),
        (|aws| aws.filters.get_mut(GROUP).unwrap().clear(), &["PutMetricFilter security/root-usage"]),
        (
            |aws| drop(aws.tags.get_mut(ARN).unwrap().remove(OWNER_TAG)),
            &["TagResource trail-operator.dev/owner"],
        ),
    ];
    for (damage, calls) in cases {
        let (fake, object) = settled();
        damage(&mut fake.state());
        let (_, report) = rounds(&fake, object, |input| input);
        assert_eq!(fake.state().calls, calls);
        assert_eq!(report.events[0].reason, Reason::DriftCorrected, "{:?}", report.events);
    }
}

#[test]
fn spelling_is_no_difference() {
    let (fake, mut object) = settled();
    fake.state().filters.get_mut(GROUP).unwrap()[0].metric_value = "1.0".into();
    let other = "arn:aws:sns:us-east-1:111122223333:another";
    object.spec.alarm.as_mut().unwrap().alarm_actions = Some(vec![other.into(), TOPIC.into()]);
    fake.state().alarms[0].settings.alarm_actions = vec![TOPIC.into(), other.into()];
    let (_, report) = rounds(&fake, object, |input| input);
    assert_eq!(said(&report.status, condition::READY), is("True", Reason::Succeeded));
    assert_eq!(fake.state().calls, [""; 0]);
}

#[test]
fn what_is_anothers_is_left_alone_and_what_is_nobodys_can_be_taken_over() {
    for (owner, adopts, ready) in [
        (None, false, is("False", Reason::ManagementConflict)),
        (None, true, is("True", Reason::Succeeded)),
        (Some("other/security/root-usage"), true, is("False", Reason::ManagementConflict)),
    ] {
        let (fake, object) = settled();
        let tags = fake.state().tags.remove(ARN).unwrap();
        let tags = match owner {
            Some(owner) => [(OWNER_TAG.to_owned(), owner.to_owned())].into(),
            None => tags.into_iter().filter(|(key, _)| key != OWNER_TAG).collect(),
        };
        fake.state().tags.insert(ARN.into(), tags);
        let mut fresh = MetricAlarm { status: None, ..object };
        if adopts {
            fresh.spec.adoption_policy = trail_operator_crds::AdoptionPolicy::IfUnowned;
        }
        let (object, _) = rounds(&fake, fresh, |input| input);
        assert_eq!(said(&object.status.unwrap(), condition::READY), ready);
        let calls = fake.state().calls.clone();
        assert_eq!(calls.is_empty(), ready.0 == "False", "{calls:?}");
    }
}

#[test]
fn a_filter_of_that_name_without_our_alarm_is_anothers() {
    let fake = aws();
    fake.state().filters.get_mut(GROUP).unwrap().push(MetricFilter {
        name: "security/root-usage".into(),
        pattern: "{ $.theirs = 1 }".into(),
        ..MetricFilter::default()
    });
    let (object, _) = rounds(&fake, alarm(), |input| input);
    let status = object.status.unwrap();
    assert_eq!(said(&status, condition::READY), is("False", Reason::ManagementConflict));
    assert_eq!((status.place, fake.state().calls.len()), (None, 0), "it is claimed by nobody");
}

#[test]
fn of_two_objects_the_older_one_has_it() {
    let mut older = alarm();
    older.metadata.uid = Some("b".into());
    older.metadata.name = Some("other".into());
    older.metadata.creation_timestamp = None;
    let mut cluster = cluster();
    let place = input_of(&alarm()).place;
    older.status = Some(MetricAlarmStatus { place: Some(place), ..MetricAlarmStatus::default() });
    cluster.alarms = vec![older.clone()];
    assert_eq!(input_in(&alarm(), &cluster).rival, Some(("security".into(), "other".into())));
    cluster.alarms[0].metadata.creation_timestamp =
        Some(serde_json::from_str("\"2030-01-01T00:00:00Z\"").unwrap());
    assert_eq!(input_in(&alarm(), &cluster).rival, None);
}

#[test]
fn nobody_is_silenced_unless_the_account_allows_it() {
    type Edit = fn(&mut trail_operator_crds::Alarm);
    let edits: [Edit; 2] = [|alarm| alarm.actions_enabled = Some(false), |alarm| alarm.alarm_actions = None];
    for edit in edits {
        let (fake, mut object) = settled();
        object.metadata.generation = Some(2);
        edit(object.spec.alarm.as_mut().unwrap());
        let (refused, _) = rounds(&fake, object, |input| input);
        let status = refused.status.clone().unwrap();
        assert_eq!(said(&status, condition::READY), is("False", Reason::WeakeningRefused));
        assert_eq!((status.drift.len(), fake.state().calls.len()), (1, 0));
        let allowed = |input| Input { weakening_allowed: Some(Allowed::ByPolicy), ..input };
        let (done, _) = rounds(&fake, refused, allowed);
        assert_eq!(said(&done.status.unwrap(), condition::READY), is("True", Reason::Succeeded));
    }
}

#[test]
fn a_full_log_group_is_seen_before_and_not_tried() {
    let fake = aws();
    let full = (0..100).map(|n| MetricFilter { name: n.to_string(), ..MetricFilter::default() }).collect();
    fake.state().filters.insert(GROUP.into(), full);
    let (object, report) = rounds(&fake, alarm(), |input| input);
    assert_eq!(said(&object.status.unwrap(), condition::READY), is("False", Reason::QuotaExceeded));
    assert_eq!((report.next, fake.state().calls.len()), (Next::Recheck, 0));
}

#[test]
fn refusals_are_sentences_and_stop_what_follows() {
    for (operation, code, reason) in [
        ("PutMetricFilter", "LimitExceededException", Reason::QuotaExceeded),
        ("PutMetricFilter", "InvalidParameterException", Reason::InvalidPattern),
        ("PutMetricAlarm", "AccessDenied", Reason::AccessDenied),
        ("PutMetricAlarm", "LimitExceeded", Reason::QuotaExceeded),
    ] {
        let fake = aws();
        fake.state().refused.push((operation, code));
        let object = MetricAlarm { status: None, ..alarm() };
        let (object, _) = rounds(&fake, object, |input| input);
        let status = object.status.unwrap();
        assert_eq!(said(&status, condition::READY), is("False", reason));
        let ready = conditions::find(&status.conditions, condition::READY).unwrap();
        assert!(
            ready.message.starts_with(code) && !ready.message.contains("AWS's own words"),
            "{}",
            ready.message
        );
        assert_eq!(fake.state().alarms.len(), 0);
    }
}

#[test]
fn a_log_group_that_is_not_there_is_waited_for() {
    let fake = aws();
    fake.state().filters.clear();
    let (object, report) = rounds(&fake, alarm(), |input| input);
    assert_eq!(said(&object.status.unwrap(), condition::READY), is("False", Reason::LogGroupUnusable));
    assert_eq!((report.next, fake.state().calls.len()), (Next::Recheck, 0));
}

#[test]
fn new_names_are_there_before_the_old_ones_go() {
    let (fake, mut object) = settled();
    object.metadata.generation = Some(2);
    object.spec.alarm.as_mut().unwrap().alarm_name = Some("new".into());
    object.spec.filter = Some(trail_operator_crds::Filter { name: Some("new".into()), pattern: None });
    let (object, _) = rounds(&fake, object, |input| input);
    let calls = fake.state().calls.clone();
    let expected = [
        "PutMetricFilter new",
        "PutMetricAlarm new",
        "DeleteAlarms security/root-usage",
        "DeleteMetricFilter security/root-usage",
    ];
    assert_eq!(calls, expected);
    let status = object.status.unwrap();
    assert_eq!((status.superseded.len(), status.place.unwrap().alarm_name), (0, "new".to_owned()));
}

#[test]
fn a_new_name_that_is_refused_costs_no_alarm() {
    let (fake, mut object) = settled();
    object.metadata.generation = Some(2);
    object.spec.alarm.as_mut().unwrap().alarm_name = Some("new".into());
    fake.state().refused.push(("PutMetricAlarm", "AccessDenied"));
    let (object, _) = rounds(&fake, object, |input| input);
    assert_eq!(fake.state().alarms.len(), 1, "the old one stays");
    let status = object.status.as_ref().unwrap();
    assert_eq!(status.superseded[0].alarm_name, "security/root-usage");
    // Back again before it came to anything.
    fake.state().refused.clear();
    let object = MetricAlarm { spec: alarm().spec, ..object };
    let (object, _) = rounds(&fake, object, |input| input);
    assert_eq!(object.status.unwrap().superseded, []);
    assert_eq!(fake.state().alarms[0].settings.alarm_name, "security/root-usage");
}

fn delete(fake: &Fake, object: &MetricAlarm, may_weaken: bool, with: Option<DeletedWith>) -> Finalized {
    let previous = object.status.clone().unwrap_or_default();
    let deletion = Deletion {
        policy: object.spec.deletion_policy,
        owner: "cluster/security/root-usage",
        hands_off: None,
        with,
        may_weaken,
    };
    now(finalize(fake, object, &deletion, &previous, SignedDuration::ZERO, NOW))
}

fn told(finalized: &Finalized) -> Vec<Reason> {
    match finalized {
        Finalized::Released(events) => events.iter().map(|event| event.reason).collect(),
        Finalized::Blocked(report) => panic!("blocked: {:?}", report.status.conditions),
    }
}

use crate::trail::DeletedWith;

#[test]
fn both_stay_or_both_go() {
    let (fake, object) = settled();
    assert_eq!(told(&delete(&fake, &object, true, None)), [Reason::AlarmRetained]);
    assert_eq!(fake.state().calls, ["UntagResource trail-operator.dev/owner"]);
    for (may_weaken, with, gone) in [
        (true, None, true),
        (false, None, false),
        (true, Some(DeletedWith::Namespace), false),
        (true, Some(DeletedWith::Account), false),
        (true, Some(DeletedWith::Definition), false),
    ] {
        let (fake, mut object) = settled();
        object.spec.deletion_policy = AlarmDeletionPolicy::Delete;
        let reason = if gone { Reason::AlarmDeleted } else { Reason::AlarmRetained };
        assert_eq!(told(&delete(&fake, &object, may_weaken, with)), [reason]);
        let aws = fake.state();
        assert_eq!((aws.alarms.is_empty(), aws.filters[GROUP].is_empty()), (gone, gone));
    }
}

#[test]
fn what_is_not_ours_any_more_is_not_deleted() {
    let (fake, mut object) = settled();
    object.spec.deletion_policy = AlarmDeletionPolicy::Delete;
    fake.state().tags.insert(ARN.into(), [(OWNER_TAG.to_owned(), "other/a/b".to_owned())].into());
    assert_eq!(told(&delete(&fake, &object, true, None)), [Reason::AlarmRetained]);
    assert_eq!(fake.state().calls, [""; 0]);
}

#[test]
fn deletion_that_aws_refuses_waits_and_retention_does_not() {
    let (fake, mut object) = settled();
    fake.state().refused.push(("DescribeAlarms", "AccessDenied"));
    assert_eq!(told(&delete(&fake, &object, true, None)), [Reason::AlarmRetained]);
    object.spec.deletion_policy = AlarmDeletionPolicy::Delete;
    let Finalized::Blocked(report) = delete(&fake, &object, true, None) else { panic!("it is let go") };
    assert_eq!(said(&report.status, condition::READY), is("False", Reason::DeletionBlocked));
}

#[test]
fn an_alarm_that_is_only_looked_at_is_not_made() {
    let fake = aws();
    let mut object = alarm();
    object.spec.management_policy = trail_operator_crds::ManagementPolicy::Observe;
    let (object, _) = rounds(&fake, object, |input| input);
    let status = object.status.unwrap();
    assert_eq!(said(&status, condition::READY), is("False", Reason::DriftDetected));
    assert_eq!((status.place, fake.state().calls.len()), (None, 0));
}

#[test]
fn tags_of_others_stay() {
    let (fake, mut object) = settled();
    fake.state().tags.get_mut(ARN).unwrap().insert("Theirs".into(), "x".into());
    object.metadata.generation = Some(2);
    object.spec.tags.insert("Team".into(), "audit".into());
    let (mut object, _) = rounds(&fake, object, |input| input);
    assert_eq!(object.status.as_ref().unwrap().managed_tag_keys, ["Team"]);
    object.metadata.generation = Some(3);
    object.spec.tags.clear();
    let (_, _) = rounds(&fake, object, |input| input);
    let keys: Vec<_> = fake.state().tags[ARN].keys().cloned().collect();
    assert_eq!(keys, ["Theirs", OWNER_TAG]);
}
