//! What the ledger comes to in conditions and status.

use trail_operator_crds::{FailurePolicy, condition};

use super::*;
use crate::conditions::{self, Readiness};

fn judged(ledger: &Ledger, now: Timestamp) -> Judged {
    judge(&with(ledger.clone()), Some(&home(now)), &PreviousStatus::default(), now)
}

fn validated(judged: &Judged) -> (Status, Why) {
    (judged.facts[0].status, judged.facts[0].reason)
}

fn clean() -> Ledger {
    after(Ledger::default(), &first(vec![]), NOON)
}

#[test]
fn true_is_said_of_a_range() {
    let judged = judged(&clean(), NOON);
    assert_eq!(validated(&judged), (Status::True, Why::Intact));
    let message = &judged.facts[0].message;
    assert!(message.contains("from 2026-01-04T12:00:00Z through 2026-01-05T10:00:00Z"), "{message}");
    let unread = Ledger { log_files: Some(trail_operator_crds::LogFiles::None), ..clean() };
    let judged = judge(&with(unread), None, &PreviousStatus::default(), NOON);
    assert!(judged.facts[0].message.contains("log files were not all read"), "{}", judged.facts[0].message);
}

#[test]
fn each_severity_has_its_condition() {
    for (reason, status, word) in [
        (Reason::LogFileModified, Status::False, Why::LogFileModified),
        (Reason::LogFileUnlisted, Status::False, Why::LogFileUnlisted),
        (Reason::AccessDenied, Status::Unknown, Why::AccessDenied),
    ] {
        let found = finding(reason, "us-east-1", &log_file("us-east-1", NOON - 3 * HOUR));
        let judged = judged(&after(Ledger::default(), &first(vec![found.clone()]), NOON), NOON);
        assert_eq!(validated(&judged), (status, word));
        assert!(judged.facts[0].message.contains(found.object.as_deref().unwrap()));
    }
}

#[test]
fn nothing_is_said_to_be_intact_before_it_was_read() {
    assert_eq!(validated(&judged(&Ledger::default(), NOON)), (Status::Unknown, Why::NotYetVerified));
    let mut run = first(vec![]);
    run.onward.anchors.clear();
    run.recalled.clear();
    let nothing = after(Ledger::default(), &run, NOON);
    assert_eq!(validated(&judged(&nothing, NOON)), (Status::Unknown, Why::AwaitingFirstDigest));
}

#[test]
fn old_digests_are_noticed_without_reading_the_bucket() {
    let newest =
        |hours: i32| TrailStatus { latest_digest_delivery_time: Some(NOON - hours * HOUR), ..home(NOON) };
    let judged = |home: &TrailStatus| judge(&with(clean()), Some(home), &PreviousStatus::default(), NOON);
    assert_eq!(validated(&judged(&newest(2))), (Status::True, Why::Intact));
    let stale = judged(&newest(3));
    assert_eq!(validated(&stale), (Status::False, Why::DigestsStale));
    assert_eq!(stale.events.len(), 1);
    let off = TrailStatus { is_logging: false, ..newest(9) };
    assert_eq!(validated(&judged(&off)), (Status::True, Why::Intact), "who does not log owes none");
    let on_again = TrailStatus { start_logging_time: Some(NOON - HOUR), ..newest(9) };
    assert_eq!(validated(&judged(&on_again)), (Status::True, Why::Intact));
}

/// The status that a round would write, which is the previous one of the next round.
fn written(judged: &Judged, now: Timestamp) -> PreviousStatus {
    let ready = Readiness::Ready { message: String::new() };
    PreviousStatus {
        validation: judged.status.clone(),
        coverage: judged.coverage.clone(),
        conditions: conditions::next(&[], None, 1, &ready, &judged.facts, now).list,
        ..PreviousStatus::default()
    }
}

#[test]
fn times_and_counters_alone_are_written_at_most_hourly() {
    let status = written(&judged(&clean(), NOON), NOON);
    let minutes = |minutes: i64| NOON + SignedDuration::from_mins(minutes);
    let later = |at: Timestamp| {
        let ledger = after(clean(), &next(vec![], vec![]), at);
        judge(&with(ledger), Some(&home(at)), &status, at)
    };
    assert_eq!(later(minutes(10)).status, status.validation);
    assert_eq!(later(minutes(10)).facts[0].message, judged(&clean(), NOON).facts[0].message);
    assert_ne!(later(minutes(60)).status, status.validation);
    let found = finding(Reason::LogFileModified, "us-east-1", &log_file("us-east-1", NOON));
    let ledger = after(clean(), &next(vec![found], vec![]), minutes(10));
    assert_ne!(judge(&with(ledger), None, &status, minutes(10)).status, status.validation, "a finding is");
}

#[test]
fn a_restart_changes_nothing() {
    let mut run = first(vec![finding(Reason::LogFileMissing, "us-east-1", &log_file("us-east-1", NOON))]);
    run.onward.anchors.pop();
    let ledger = after(Ledger::default(), &run, NOON);
    let before = judged(&ledger, NOON);
    let status = written(&before, NOON);
    let restarted = with(Ledger::of(&status));
    let after = judge(&restarted, Some(&home(NOON)), &status, NOON + HOUR);
    assert_eq!((after.facts, after.status, after.coverage), (before.facts, before.status, before.coverage));
}

#[test]
fn ready_is_concerned_only_where_the_manifest_says_so() {
    let found = finding(Reason::LogFileModified, "us-east-1", &log_file("us-east-1", NOON));
    let ledger = after(Ledger::default(), &first(vec![found]), NOON);
    assert_eq!(judged(&ledger, NOON).failure, None);
    let strictly = |ledger: Ledger| strict(with(ledger));
    let failure = judge(&strictly(ledger), None, &PreviousStatus::default(), NOON).failure.unwrap();
    assert_eq!(failure.reason(), Why::LogFileModified);
    assert_eq!(judge(&strictly(clean()), None, &PreviousStatus::default(), NOON).failure, None);

    // Who takes our access away must not look like peace.
    let denied = finding(Reason::AccessDenied, "us-east-1", "s3://logs/AWSLogs/");
    let blind = after(Ledger::default(), &first(vec![denied]), NOON);
    let status = written(&judged(&blind, NOON), NOON);
    let after = |hours: i32| judge(&strictly(blind.clone()), None, &status, NOON + hours * HOUR).failure;
    assert_eq!(after(3), None);
    assert_eq!(after(4).unwrap().reason(), Why::AccessDenied);
    assert_eq!(
        conditions::find(&status.conditions, condition::LOG_FILE_VALIDATED).unwrap().status,
        "Unknown"
    );
}

/// Where the failure policy is to be not ready.
fn strict(input: Input) -> Input {
    let validation = trail_operator_crds::Validation {
        failure_policy: FailurePolicy::NotReady,
        ..input.validation.clone()
    };
    Input { validation, ..input }
}

#[test]
fn evidence_is_said_before_digests_are_called_old() {
    let late = TrailStatus { latest_digest_delivery_time: Some(NOON - 9 * HOUR), ..home(NOON) };
    for (found, word) in [
        (modified(), Why::LogFileModified),
        (folder(Reason::AccessDenied, "us-east-1"), Why::DigestsStale),
        (folder(Reason::DeliveryGap, "us-east-1"), Why::DigestsStale),
    ] {
        let ledger = after(Ledger::default(), &first(vec![found]), NOON);
        let judged = judge(&with(ledger), Some(&late), &PreviousStatus::default(), NOON);
        assert_eq!(validated(&judged), (Status::False, word));
    }
}

#[test]
fn that_digests_are_old_is_told_once() {
    let late = TrailStatus { latest_digest_delivery_time: Some(NOON - 9 * HOUR), ..home(NOON) };
    let round = |ledger: Ledger, previous: &PreviousStatus| judge(&with(ledger), Some(&late), previous, NOON);
    let told = |judged: &Judged| judged.events.iter().map(|event| event.reason).collect::<Vec<_>>();
    let noticed = round(clean(), &PreviousStatus::default());
    assert_eq!(told(&noticed), [Why::DigestsStale]);
    assert_eq!(told(&round(clean(), &written(&noticed, NOON))), [], "in an earlier round");
    let run = first(vec![folder(Reason::DigestsStale, "eu-west-1")]);
    let found = round(after(Ledger::default(), &run, NOON), &PreviousStatus::default());
    assert_eq!(told(&found), [Why::DigestsStale], "by the run itself");
    let well = written(&judged(&clean(), NOON), NOON);
    assert_eq!(told(&round(clean(), &well)), [Why::DigestsStale], "all was well between");
}

#[test]
fn the_first_digests_of_a_trail_are_written_at_once() {
    let mut run = first(vec![]);
    run.onward.anchors.clear();
    run.recalled.clear();
    let nothing = after(Ledger::default(), &run, NOON);
    let status = written(&judged(&nothing, NOON), NOON);
    let soon = NOON + SignedDuration::from_mins(10);
    let again = after(nothing.clone(), &run, soon);
    assert_eq!(judge(&with(again), Some(&home(soon)), &status, soon).status, status.validation);
    let judged = judge(&with(after(nothing, &first(vec![]), soon)), Some(&home(soon)), &status, soon);
    assert!(judged.status.unwrap().verified_through.is_some());
    assert_eq!(judged.facts[0].status, Status::True);
}

#[test]
fn who_delivers_is_said_of_what_was_asked_and_a_restart_takes_nothing_back() {
    let new = Facts { started: Some(NOON - HOUR), ..facts(NOON) };
    let unasked = Facts { regions: None, ..facts(NOON) };
    let old = |anchor: &mut Anchor| anchor.end -= 9 * HOUR;
    for (facts, second, status, word) in [
        (facts(NOON), true, Status::True, Why::Covered),
        (facts(NOON), false, Status::False, Why::RegionNotDelivering),
        (new, false, Status::Unknown, Why::AwaitingFirstDigest),
        (unasked, true, Status::Unknown, Why::AccessDenied),
    ] {
        let mut run = first(vec![]);
        run.onward.anchors.iter_mut().skip(1).filter(|_| !second).for_each(old);
        let ledger = merge(&subject(), &facts, Ledger::default(), &run);
        let before = judged(&ledger, NOON);
        assert_eq!((before.facts[1].status, before.facts[1].reason), (status, word));
        let written = written(&before, NOON);
        let after = judge(&with(Ledger::of(&written)), Some(&home(NOON)), &written, NOON);
        assert_eq!(after.facts[1], before.facts[1]);
    }
}

#[test]
fn ready_waits_for_what_cannot_be_verified_from_when_it_could_not() {
    let denied = after(Ledger::default(), &first(vec![folder(Reason::AccessDenied, "us-east-1")]), NOON);
    let well = written(&judged(&clean(), NOON), NOON);
    let blind = written(&judged(&denied, NOON), NOON);
    for (what, previous, hours, concerned) in [
        ("it was intact until now", &well, 100, false),
        ("not for four hours yet", &blind, 3, false),
        ("for four hours", &blind, 4, true),
    ] {
        let now = NOON + hours * HOUR;
        let ledger = Ledger { last_run: Some(now), ..denied.clone() };
        let failure = judge(&strict(with(ledger)), Some(&home(now)), previous, now).failure;
        assert_eq!(failure.is_some(), concerned, "{what}");
    }
}

#[test]
fn what_is_switched_off_as_declared_concerns_ready_never() {
    let blind = after(Ledger::default(), &first(vec![folder(Reason::AccessDenied, "us-east-1")]), NOON);
    let long_ago = written(&judged(&blind, NOON), NOON);
    let off = |edit: fn(&mut Input)| {
        let mut input = strict(with(Ledger::default()));
        edit(&mut input);
        judge(&input, None, &long_ago, NOON + 100 * HOUR)
    };
    for judged in [
        off(|input| input.settings.enable_log_file_validation = false),
        off(|input| input.validation.interval_seconds = 0),
    ] {
        assert_eq!(validated(&judged), (Status::Unknown, Why::ValidationDisabled));
        assert_eq!(judged.failure, None);
    }
    assert!(off(|_| {}).failure.is_some(), "what was not begun yet is not switched off");
}
