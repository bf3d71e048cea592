//! One refused call holds up only what makes no sense without it.

use trail_operator_crds::{
    AdoptionPolicy, DeletionPolicy, InsightSelector, InsightType, ManagementReadWriteType,
};

use super::{
    fake::{Before, Fake, now},
    *,
};

/// A manifest that differs from what the fake has in every way.
fn wanted() -> Input {
    edited(|trail| {
        trail.spec.management_events.read_write_type = ManagementReadWriteType::WriteOnly;
        trail.spec.insight_selectors =
            vec![InsightSelector { insight_type: InsightType::ApiErrorRateInsight, event_categories: None }];
        trail.spec.tags.insert("Team".into(), "a".into());
    })
}

fn silent() -> ObservedTrail {
    let silent = changed(|trail| {
        trail.settings.s3_key_prefix = "x".into();
        trail.status.is_logging = false;
        // It looks at writes only, so there is an Insight before the selectors and after them.
        trail.recorded.insights = Some(BTreeMap::new());
    });
    silent.trail.unwrap()
}

/// What is tried, in order, where these operations are refused.
fn tried(input: &Input, trail: Option<ObservedTrail>, refused: &[&'static str]) -> Vec<&'static str> {
    let refused: Vec<_> = refused.iter().map(|&operation| (operation, "ConflictException")).collect();
    let fake = Fake::refusing(trail, &refused);
    let (report, applied) =
        now(reconcile(&fake, &STAY, input.clone(), &TrailStatus::default(), <_>::default(), NOW));
    assert_eq!(applied.failed.len(), refused.len(), "{applied:?}");
    assert_eq!(ready(&report.status).0, if refused.is_empty() { "True" } else { "False" });
    fake.operations()
}

#[test]
fn a_refused_change_keeps_nothing_from_being_tried_that_makes_sense_without_it() {
    let all = ["StartLogging", "UpdateTrail", "PutInsightSelectors", "PutEventSelectors", "AddTags"];
    assert_eq!(tried(&wanted(), Some(silent()), &[]), all);
    assert_eq!(tried(&wanted(), Some(silent()), &["StartLogging"]), all);
    assert_eq!(tried(&wanted(), Some(silent()), &["UpdateTrail"]), all);
    assert_eq!(tried(&wanted(), Some(silent()), &["AddTags"]), all);
    assert_eq!(tried(&wanted(), Some(silent()), &["UpdateTrail", "AddTags", "StartLogging"]), all);
}

#[test]
fn insights_are_not_tried_without_the_events_they_need() {
    // From read events to all, and an Insight of write events: selectors first.
    let rate = InsightSelector { insight_type: InsightType::ApiCallRateInsight, event_categories: None };
    let input = edited(|trail| trail.spec.insight_selectors = vec![rate.clone()]);
    let mut reads = silent();
    reads.recorded.selectors = edited(|trail| {
        trail.spec.management_events.read_write_type = ManagementReadWriteType::ReadOnly;
    })
    .recording
    .selectors
    .all()
    .into();
    let all = ["StartLogging", "UpdateTrail", "PutEventSelectors", "PutInsightSelectors"];
    assert_eq!(tried(&input, Some(reads.clone()), &[]), all);
    assert_eq!(tried(&input, Some(reads), &["PutEventSelectors"]), all[..3]);

    let made = edited(|trail| {
        trail.spec.management_events.read_write_type = ManagementReadWriteType::WriteOnly;
        trail.spec.insight_selectors = vec![rate];
    });
    let all = ["CreateTrail", "PutEventSelectors", "StartLogging", "PutInsightSelectors"];
    assert_eq!(tried(&made, None, &[]), all);
    assert_eq!(tried(&made, None, &["PutEventSelectors"]), all[..3], "a new trail logs all the same");
}

#[test]
fn without_a_trail_nothing_else_is_tried() {
    assert_eq!(tried(&wanted(), None, &["CreateTrail"]), ["CreateTrail"]);
}

#[test]
fn without_the_owner_tag_nothing_is_changed_in_a_trail_that_is_taken_over() {
    let mut unowned = silent();
    unowned.tags = Some(BTreeMap::new());
    let input = Input { adoption_policy: AdoptionPolicy::IfUnowned, ..wanted() };
    assert_eq!(tried(&input, Some(unowned.clone()), &["AddTags"]), ["AddTags"]);
    // What was ours before is put right whether or not the tag can be put back.
    let ours = Input { acquired: true, ..edited(|_| {}) };
    assert_eq!(tried(&ours, Some(unowned), &["AddTags"]), ["StartLogging", "UpdateTrail", "AddTags"]);
}

const ORGANIZATION_TRAIL: &str = "arn:aws:cloudtrail:us-east-1:444455556666:trail/audit";

#[test]
fn an_organizations_trail_goes_by_the_arn_that_aws_gave_it() {
    let input = Input { ..edited(|trail| trail.spec.is_organization_trail = true) };
    let fake = Fake::default();
    fake.state().creates = Some(ORGANIZATION_TRAIL.into());
    let (report, _) = now(reconcile(&fake, &STAY, input, &TrailStatus::default(), <_>::default(), NOW));
    assert_eq!(fake.state().calls[1], ("StartLogging", ORGANIZATION_TRAIL.into()));
    assert_eq!(ready(&report.status).0, "True");
    assert_eq!(report.status.arn.as_deref(), Some(ORGANIZATION_TRAIL));
    let mut known = trail();
    known.spec.is_organization_trail = true;
    known.status = Some(report.status);
    assert_eq!(input_of(&known).arn, ORGANIZATION_TRAIL, "and is remembered by it");
}

#[test]
fn a_trail_that_was_made_elsewhere_than_meant_is_an_error_and_is_not_gone_on_with() {
    let elsewhere = [ORGANIZATION_TRAIL, "arn:aws:cloudtrail:eu-west-1:111122223333:trail/audit", ""];
    for arn in elsewhere {
        let fake = Fake::default();
        fake.state().creates = Some(arn.into());
        let (report, applied) =
            now(reconcile(&fake, &STAY, input(), &TrailStatus::default(), <_>::default(), NOW));
        assert_eq!(fake.operations(), ["CreateTrail"], "{arn}");
        assert_eq!((applied.done.len(), applied.failed[0].error.code.as_str()), (0, "UnexpectedTrailArn"));
        assert_eq!(ready(&report.status), ("False".into(), "AccountMismatch".into()));
        assert_eq!(report.status.arn, None);
        assert!(
            !arn.contains("4444") || !format!("{:?}", report.events).contains(arn),
            "{:?}",
            report.events
        );
    }
}

#[test]
fn what_could_not_be_read_after_a_change_is_not_said_to_be_as_declared() {
    let mut trail = as_declared(&wanted()).trail.unwrap();
    trail.status.is_logging = false;
    let fake = Fake::refusing(Some(trail), &[("GetEventSelectors", "ThrottlingException")]);
    let (report, _) = now(reconcile(&fake, &STAY, wanted(), &settled(), <_>::default(), NOW));
    assert_eq!(fake.operations(), ["StartLogging"], "what is known to differ is put right");
    assert_eq!(ready(&report.status), ("False".into(), "RetryableError".into()));
    assert_eq!((report.next, report.settled), (Next::Backoff, false));
}

#[test]
fn a_trail_that_aws_does_not_show_yet_is_neither_made_twice_nor_told_of_twice() {
    let fake = Fake::default();
    fake.state().before = Some(Before(None));
    let (first, applied) =
        now(reconcile(&fake, &STAY, input(), &TrailStatus::default(), <_>::default(), NOW));
    assert_eq!(ready(&first.status), ("False".into(), "Progressing".into()));
    assert_eq!(first.events.len(), 2, "created, and started");
    let later = NOW + SignedDuration::from_secs(20);
    let input = Input { last_write: LastWrite::default().and(&applied.done, NOW), ..input() };
    let (second, _) = now(reconcile(&fake, &STAY, input, &first.status, <_>::default(), later));
    assert_eq!((second.events.len(), ready(&second.status)), (0, ready(&first.status)));
    assert_eq!(fake.operations(), ["CreateTrail", "StartLogging"]);
}

#[test]
fn an_answer_that_was_lost_is_resumed_by_the_owner_tag() {
    let fake = Fake::with(Some(silent()));
    let (report, _) = now(reconcile(&fake, &STAY, input(), &TrailStatus::default(), <_>::default(), NOW));
    assert_eq!(fake.operations(), ["StartLogging", "UpdateTrail"]);
    assert_eq!(ready(&report.status).0, "True");
}

fn deleted(policy: DeletionPolicy, allowed: Option<Allowed>) -> (Vec<&'static str>, bool, Event) {
    let fake = Fake::with(as_declared(&input()).trail);
    let input = Input { deletion_policy: policy, weakening_allowed: allowed, ..input() };
    let finalized = now(finalize::finalize(&fake, &input, &settled(), SignedDuration::ZERO, NOW));
    let finalize::Finalized::Released(events) = finalized else { panic!("{finalized:?}") };
    let logs = fake.state().trail.as_ref().is_some_and(|trail| trail.status.is_logging);
    (fake.operations(), logs, events.into_iter().next().unwrap())
}

#[test]
fn where_the_guard_refuses_to_end_the_record_the_trail_stays_and_the_object_goes_with_a_warning() {
    for policy in [DeletionPolicy::StopLogging, DeletionPolicy::Delete] {
        let (operations, logs, event) = deleted(policy, None);
        assert_eq!((operations, logs), (vec!["RemoveTags"], true), "{policy:?}");
        assert_eq!((event.type_, event.reason), (EventType::Warning, Reason::TrailRetained));
        let words = [format!("deletionPolicy is {policy:?}"), "spec.guardrails".into()];
        assert!(words.iter().all(|word| event.note.contains(word)), "{event:?}");
    }
    let (operations, logs, event) = deleted(DeletionPolicy::Retain, None);
    assert_eq!((operations, logs, event.type_), (vec!["RemoveTags"], true, EventType::Normal));
    let (operations, logs, _) = deleted(DeletionPolicy::StopLogging, Some(Allowed::ByPolicy));
    assert_eq!((operations, logs), (vec!["StopLogging", "RemoveTags"], false));
    let (operations, logs, _) = deleted(DeletionPolicy::Delete, Some(Allowed::ByPolicy));
    assert_eq!((operations, logs), (vec!["DeleteTrail"], false));
}
