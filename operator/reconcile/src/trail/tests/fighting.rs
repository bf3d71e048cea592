//! Others who change the same again and again: answered at once where they weaken the record, less and less often where
//! they do not; and told of in one event that names every field.

use super::{
    fake::{Before, Fake, now},
    *,
};

/// A process that goes on looking at one trail.
struct Watch {
    fake: Fake,
    status: TrailStatus,
    fights: Fights,
    now: Timestamp,
}

impl Watch {
    fn new() -> Self {
        let fake = Fake::with(as_declared(&input()).trail);
        Self { fake, status: settled(), fights: Fights::default(), now: NOW }
    }

    /// Somebody changes the trail; a minute later it is looked at.
    fn after(&mut self, drift: impl FnOnce(&mut ObservedTrail)) -> Report {
        drift(self.fake.state().trail.as_mut().unwrap());
        self.now += SignedDuration::from_mins(1);
        let mut known = trail();
        known.status = Some(self.status.clone());
        let input = Input { fights: self.fights.clone(), weakening_allowed: None, ..input_of(&known) };
        let (report, _) = now(reconcile(&self.fake, &STAY, input, &self.status, <_>::default(), self.now));
        self.status = report.status.clone();
        self.fights = report.fights.clone();
        report
    }
}

fn other_topic(trail: &mut ObservedTrail) {
    trail.settings.sns_topic_arn = "theirs".into();
}

#[test]
fn a_neutral_field_is_put_right_three_times_and_then_waits() {
    let mut watch = Watch::new();
    for time in 1..=3 {
        let report = watch.after(other_topic);
        assert_eq!(ready(&report.status).0, "True", "time {time}");
        assert_eq!(report.events[0].reason, Reason::DriftCorrected);
    }
    let waiting = watch.after(other_topic);
    assert_eq!(ready(&waiting.status), ("False".into(), "RepeatedDrift".into()));
    assert!(has(&waiting.status, condition::RECONCILING), "it is not given up");
    assert_eq!(waiting.status.drift.len(), 1);
    assert_eq!(waiting.status.drift[0].field, "sns.topicArn");
    let told: Vec<_> = waiting.events.iter().map(|event| event.reason).collect();
    assert_eq!(told, [Reason::RepeatedDrift]);
    assert_eq!(watch.after(|_| {}).events, [], "told once");
    watch.now += SignedDuration::from_mins(5);
    let again = watch.after(|_| {});
    assert_eq!((ready(&again.status).0.as_str(), watch.fake.operations().len()), ("True", 4));
}

#[test]
fn a_restart_amid_a_fight_takes_nobody_elses_change_for_an_edit() {
    let mut watch = Watch::new();
    (0..4).for_each(|_| drop(watch.after(other_topic)));
    assert_eq!(ready(&watch.status).1, "RepeatedDrift");
    watch.fights = Fights::default();
    assert_eq!(watch.after(|_| {}).events[0].reason, Reason::DriftCorrected);
}

#[test]
fn a_field_that_is_waited_for_holds_up_no_other() {
    let mut watch = Watch::new();
    for _ in 0..3 {
        watch.after(other_topic);
    }
    let report = watch.after(|trail| {
        other_topic(trail);
        trail.settings.enable_log_file_validation = false;
        tags(trail).insert("Theirs".into(), "x".into());
    });
    let fields: Vec<_> = report.status.drift.iter().map(|drift| drift.field.as_str()).collect();
    assert_eq!(fields, ["sns.topicArn"]);
    assert!(watch.fake.trail().settings.enable_log_file_validation);
}

#[test]
fn whoever_weakens_the_record_is_answered_at_once_every_time_and_louder() {
    type Weaken = fn(&mut ObservedTrail);
    let weakenings: [(&str, Weaken); 4] = [
        ("logging", |trail| trail.status.is_logging = false),
        ("enableLogFileValidation", |trail| trail.settings.enable_log_file_validation = false),
        ("isMultiRegionTrail", |trail| trail.settings.is_multi_region_trail = false),
        ("s3.bucketName", |trail| trail.settings.s3_bucket_name = "theirs".into()),
    ];
    for (field, weaken) in weakenings {
        let mut watch = Watch::new();
        for time in 1..=9 {
            let report = watch.after(weaken);
            assert_eq!(ready(&report.status).0, "True", "{field}, time {time}");
            let [event] = report.events.as_slice() else { panic!("{field}: {:?}", report.events) };
            assert_eq!((event.type_, event.action.as_str()), (EventType::Warning, field));
            let loud =
                event.note.contains(&format!("SOMEBODY WEAKENS THE RECORD again and again: {time} times"));
            assert_eq!(loud, time > 1, "{}", event.note);
        }
        assert_eq!(watch.fake.operations().len(), 9);
    }
}

#[test]
fn everything_that_others_changed_is_told_in_one_event_with_old_and_new_values() {
    let mut watch = Watch::new();
    let report = watch.after(|trail| {
        trail.status.is_logging = false;
        trail.settings.s3_key_prefix = "theirs".into();
        trail.settings.enable_log_file_validation = false;
        trail.recorded.selectors = Some(
            edited(|trail| {
                trail.spec.management_events.exclude_event_sources = vec!["kms.amazonaws.com".into()];
            })
            .recording
            .selectors
            .all(),
        );
    });
    let [event] = report.events.as_slice() else { panic!("{:?}", report.events) };
    assert_eq!((event.type_, event.reason), (EventType::Warning, Reason::LoggingRestored));
    assert_eq!(event.action, "logging,s3.keyPrefix,enableLogFileValidation,managementEvents");
    for told in [
        "logging: 'Disabled' → 'Enabled'",
        "s3.keyPrefix: 'theirs' → ''",
        "enableLogFileValidation: 'false' → 'true'",
        "managementEvents: 'all without kms.amazonaws.com' → 'all'",
    ] {
        assert!(event.note.contains(told), "{}", event.note);
    }
}

#[test]
fn a_lost_owner_tag_is_told_as_such() {
    let mut watch = Watch::new();
    let report = watch.after(|trail| drop(tags(trail).remove(OWNER_TAG)));
    assert_eq!(report.events[0].reason, Reason::OwnerTagRestored);
    assert_eq!(tags(&mut watch.fake.trail())[OWNER_TAG], "cluster/security/audit");
    let taken = |trail: &mut ObservedTrail| drop(tags(trail).insert(OWNER_TAG.into(), "other".into()));
    assert_eq!(watch.after(taken).events[0].reason, Reason::OwnerTagRestored);
    assert!(watch.status.owner_tag_restored_at.is_some());
    let again = watch.after(taken);
    assert_eq!(ready(&again.status), ("False".into(), "ManagementConflict".into()), "put back once");
    assert_eq!(tags(&mut watch.fake.trail())[OWNER_TAG], "other");
}

#[test]
fn what_the_guard_held_back_is_told_as_an_edit_once_it_is_allowed() {
    let fake = Fake::with(as_declared(&input()).trail);
    let mut edited = trail();
    edited.spec.enable_log_file_validation = false;
    edited.metadata.generation = Some(2);
    edited.status = Some(settled());
    let refused = Input { weakening_allowed: None, ..input_of(&edited) };
    let (report, _) = now(reconcile(&fake, &STAY, refused, &settled(), <_>::default(), NOW));
    assert_eq!(ready(&report.status).1, "WeakeningRefused");
    edited.status = Some(report.status.clone());
    let glass = Allowed::BreakGlass("moving the archive".into());
    let allowed = Input { weakening_allowed: Some(glass), ..input_of(&edited) };
    fake.state().trail.as_mut().unwrap().status.is_logging = false;
    let (report, _) = now(reconcile(&fake, &STAY, allowed, &report.status, <_>::default(), NOW));
    let told: Vec<_> = report.events.iter().map(|event| (event.reason, event.action.as_str())).collect();
    assert_eq!(
        told,
        [(Reason::LoggingRestored, "logging"), (Reason::TrailUpdated, "enableLogFileValidation")]
    );
    assert!(report.events[1].note.ends_with("break-glass: moving the archive"), "{:?}", report.events);
}

#[test]
fn an_old_read_after_an_edit_blames_nobody() {
    let before = as_declared(&input()).trail;
    let fake = Fake::with(before.clone());
    fake.state().before = Some(Before(before));
    let mut edited = trail();
    edited.spec.s3.bucket_name = "moved".into();
    edited.metadata.generation = Some(2);
    edited.status = Some(settled());
    let (first, _) = now(reconcile(&fake, &STAY, input_of(&edited), &settled(), <_>::default(), NOW));
    assert_eq!(first.events[0].reason, Reason::TrailUpdated);
    assert_eq!(ready(&first.status), ("False".into(), "Progressing".into()));
    assert!(!first.settled, "nothing was seen of it yet");
}

#[test]
fn an_old_read_after_a_repair_does_not_make_the_wrong_bucket_the_known_one() {
    let moved = changed(|trail| trail.settings.s3_bucket_name = "theirs".into()).trail;
    let mut watch = Watch::new();
    watch.fake.state().trail = moved.clone();
    watch.fake.state().before = Some(Before(moved));
    let repaired = watch.after(|_| {});
    assert_eq!(ready(&repaired.status), ("False".into(), "Progressing".into()));
    assert_eq!(repaired.status.destination.as_ref().unwrap().bucket_name, "logs");
    let again = watch.after(|_| {});
    assert_eq!((ready(&again.status).1.as_str(), watch.fake.operations().len()), ("Progressing", 2));
}
