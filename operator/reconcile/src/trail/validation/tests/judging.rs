//! What the ledger comes to in conditions and status.

use std::sync::Arc;

use trail_operator_crds::{FailurePolicy, TrailStatus as PreviousStatus, condition};

use super::*;
use crate::{
    aws::TrailStatus,
    conditions::{self, Readiness, Status},
    reason,
    trail::{Input, tests::input},
};

fn with(ledger: Ledger) -> Input {
    Input { ledger: Arc::new(ledger), ..input() }
}

fn delivering(now: Timestamp) -> TrailStatus {
    TrailStatus {
        is_logging: true,
        start_logging_time: Some(now - 100 * HOUR),
        latest_digest_delivery_time: Some(now - HOUR),
        ..TrailStatus::default()
    }
}

fn judged(ledger: &Ledger, now: Timestamp) -> Judged {
    judge(&with(ledger.clone()), Some(&delivering(now)), &PreviousStatus::default(), now)
}

fn validated(judged: &Judged) -> (Status, reason::Reason) {
    (judged.facts[0].status, judged.facts[0].reason)
}

fn clean() -> Ledger {
    after(Ledger::default(), &first(vec![]), NOON)
}

#[test]
fn true_is_said_of_a_range() {
    let judged = judged(&clean(), NOON);
    assert_eq!(validated(&judged), (Status::True, reason::Reason::Intact));
    let message = &judged.facts[0].message;
    assert!(message.contains("from 2026-01-04T12:00:00Z through 2026-01-05T10:00:00Z"), "{message}");
    let declared = with(clean());
    let sampled = Input {
        validation: trail_operator_crds::Validation {
            log_files: trail_operator_crds::LogFiles::None,
            ..declared.validation.clone()
        },
        ..declared
    };
    let judged = judge(&sampled, None, &PreviousStatus::default(), NOON);
    assert!(judged.facts[0].message.contains("log files were not read"), "{}", judged.facts[0].message);
}

#[test]
fn each_severity_has_its_condition() {
    for (reason, status, word) in [
        (Reason::LogFileModified, Status::False, reason::Reason::LogFileModified),
        (Reason::LogFileUnlisted, Status::False, reason::Reason::LogFileUnlisted),
        (Reason::AccessDenied, Status::Unknown, reason::Reason::AccessDenied),
    ] {
        let found = finding(reason, "us-east-1", &log_file("us-east-1", NOON - 3 * HOUR));
        let judged = judged(&after(Ledger::default(), &first(vec![found.clone()]), NOON), NOON);
        assert_eq!(validated(&judged), (status, word));
        assert!(judged.facts[0].message.contains(found.object.as_deref().unwrap()));
    }
}

#[test]
fn nothing_is_said_to_be_intact_before_it_was_read() {
    assert_eq!(
        validated(&judged(&Ledger::default(), NOON)),
        (Status::Unknown, reason::Reason::NotYetVerified)
    );
    let mut run = first(vec![]);
    run.onward.anchors.clear();
    run.recalled.clear();
    let nothing = after(Ledger::default(), &run, NOON);
    assert_eq!(validated(&judged(&nothing, NOON)), (Status::Unknown, reason::Reason::AwaitingFirstDigest));
}

#[test]
fn old_digests_are_noticed_without_reading_the_bucket() {
    let home = |hours: i32| TrailStatus {
        latest_digest_delivery_time: Some(NOON - hours * HOUR),
        ..delivering(NOON)
    };
    let judged = |home: &TrailStatus| judge(&with(clean()), Some(home), &PreviousStatus::default(), NOON);
    assert_eq!(validated(&judged(&home(2))), (Status::True, reason::Reason::Intact));
    let stale = judged(&home(3));
    assert_eq!(validated(&stale), (Status::False, reason::Reason::DigestsStale));
    assert_eq!(stale.events.len(), 1);
    let off = TrailStatus { is_logging: false, ..home(9) };
    assert_eq!(
        validated(&judged(&off)),
        (Status::True, reason::Reason::Intact),
        "who does not log owes none"
    );
    let on_again = TrailStatus { start_logging_time: Some(NOON - HOUR), ..home(9) };
    assert_eq!(validated(&judged(&on_again)), (Status::True, reason::Reason::Intact));
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
        judge(&with(ledger), Some(&delivering(at)), &status, at)
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
    let after = judge(&restarted, Some(&delivering(NOON)), &status, NOON + HOUR);
    assert_eq!((after.facts, after.status, after.coverage), (before.facts, before.status, before.coverage));
}

#[test]
fn ready_is_concerned_only_where_the_manifest_says_so() {
    let found = finding(Reason::LogFileModified, "us-east-1", &log_file("us-east-1", NOON));
    let ledger = after(Ledger::default(), &first(vec![found]), NOON);
    assert_eq!(judged(&ledger, NOON).failure, None);
    let strictly = |ledger: Ledger| {
        let input = with(ledger);
        let validation = trail_operator_crds::Validation {
            failure_policy: FailurePolicy::NotReady,
            ..input.validation.clone()
        };
        Input { validation, ..input }
    };
    let failure = judge(&strictly(ledger), None, &PreviousStatus::default(), NOON).failure.unwrap();
    assert_eq!(failure.reason(), reason::Reason::LogFileModified);
    assert_eq!(judge(&strictly(clean()), None, &PreviousStatus::default(), NOON).failure, None);

    // Who takes our access away must not look like peace.
    let denied = finding(Reason::AccessDenied, "us-east-1", "s3://logs/AWSLogs/");
    let blind = after(Ledger::default(), &first(vec![denied]), NOON);
    let status = written(&judged(&blind, NOON), NOON);
    let after = |hours: i32| judge(&strictly(blind.clone()), None, &status, NOON + hours * HOUR).failure;
    assert_eq!(after(3), None);
    assert_eq!(after(4).unwrap().reason(), reason::Reason::AccessDenied);
    assert_eq!(
        conditions::find(&status.conditions, condition::LOG_FILE_VALIDATED).unwrap().status,
        "Unknown"
    );
}
