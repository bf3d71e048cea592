//! What is said in status and events.

use super::*;

fn after(outcome: &Outcome, applied: &Applied, previous: &TrailStatus) -> Report {
    report(&input(), previous, outcome, applied, NOW)
}

/// The same for a generation that was Ready before.
fn after_being_ready(outcome: &Outcome, applied: &Applied, previous: &TrailStatus) -> Report {
    report(&Input { was_settled: true, ..input() }, previous, outcome, applied, NOW)
}

fn observed(observed: Observed) -> Outcome {
    Outcome::Observed { plan: plan(&input(), &observed, NOW), observed }
}

fn done(done: Vec<Change>) -> Applied {
    Applied { done, ..Applied::default() }
}

fn refused(failure: Failure) -> Applied {
    Applied { failed: vec![failure], ..Applied::default() }
}

fn failed(code: &str) -> Applied {
    let change = Change::CreateTrail(input().settings, input().all_tags());
    refused(Failure { change, error: error(code) })
}

#[test]
fn ready_is_what_was_read_and_not_what_was_sent() {
    let applied = done(vec![Change::CreateTrail(input().settings, input().all_tags()), Change::StartLogging]);
    let unseen = after(&observed(Observed::default()), &applied, &TrailStatus::default());
    assert_eq!(ready(&unseen.status), ("False".into(), "Progressing".into()));
    let stopped = changed(|trail| trail.status.is_logging = false);
    let not_logging = after(&observed(stopped), &applied, &TrailStatus::default());
    assert_eq!(ready(&not_logging.status).0, "False");
    let seen = after(&observed(as_declared(&input())), &applied, &TrailStatus::default());
    assert_eq!(ready(&seen.status), ("True".into(), "Succeeded".into()));
    assert_eq!(seen.status.arn, Some(input().arn));
}

#[test]
fn situations_become_conditions_as_the_contract_says() {
    let theirs = changed(|trail| tags(trail).clear());
    for (outcome, applied, expected, negative, next) in [
        (
            observed(Observed::default()),
            failed("InvalidTrailNameException"),
            "InvalidConfiguration",
            "Stalled",
            Next::Interval,
        ),
        (
            observed(Observed::default()),
            failed("S3BucketDoesNotExistException"),
            "BucketNotFound",
            "Reconciling",
            Next::Recheck,
        ),
        (
            observed(Observed::default()),
            failed("ThrottlingException"),
            "RetryableError",
            "Reconciling",
            Next::Backoff,
        ),
        (observed(theirs), Applied::default(), "ManagementConflict", "Stalled", Next::Interval),
    ] {
        let report = after(&outcome, &applied, &TrailStatus::default());
        assert_eq!(ready(&report.status), ("False".into(), expected.into()));
        assert!(has(&report.status, negative), "{expected} is {negative}");
        assert_eq!(report.next, next, "{expected}");
        assert_eq!(report.events.len(), 1, "{expected} is told once");
    }
}

#[test]
fn the_words_of_aws_stay_out_of_status_and_events() {
    let report = after(
        &observed(Observed::default()),
        &failed("S3BucketDoesNotExistException"),
        &TrailStatus::default(),
    );
    let all = format!("{report:?}");
    assert!(!all.contains("words of AWS"), "{all}");
    assert!(all.contains("S3BucketDoesNotExistException") && all.contains("'logs'"), "{all}");
}

#[test]
fn a_passing_error_leaves_a_known_trail_as_it_was_for_three_intervals() {
    let previous = settled();
    let blind = |seconds| {
        let unseen_for = SignedDuration::from_secs(seconds);
        after(
            &Outcome::NotObserved { error: error("ThrottlingException"), unseen_for },
            &Applied::default(),
            &previous,
        )
    };
    let brief = blind(899);
    assert_eq!((brief.status, brief.events.len(), brief.next), (previous.clone(), 0, Next::Backoff));
    let long = blind(900);
    assert_eq!(ready(&long.status), ("Unknown".into(), "ObservationFailed".into()));
    let logging = conditions::find(&long.status.conditions, condition::LOGGING).unwrap();
    assert_eq!(logging.status, "Unknown");
    assert!(has(&long.status, condition::RECONCILING));
}

#[test]
fn the_same_situation_is_told_once() {
    let first = after(
        &observed(Observed::default()),
        &failed("S3BucketDoesNotExistException"),
        &TrailStatus::default(),
    );
    let second =
        after(&observed(Observed::default()), &failed("S3BucketDoesNotExistException"), &first.status);
    assert_eq!((first.events.len(), second.events.len()), (1, 0));
    assert_eq!(first.status, second.status);
}

#[test]
fn a_steady_trail_whose_deliveries_go_on_is_not_written() {
    let previous = settled();
    let later =
        changed(|trail| trail.status.latest_delivery_time = Some(NOW + SignedDuration::from_mins(30)));
    let report = after(&observed(later), &Applied::default(), &previous);
    assert_eq!((report.status, report.events.len()), (previous, 0));
}

#[test]
fn repairs_are_told_apart_from_edits() {
    let fields = vec![FieldChange::new("s3.bucketName", "x", "logs")];
    let applied = done(vec![Change::UpdateTrail(fields, <_>::default())]);
    let drift = after_being_ready(&observed(as_declared(&input())), &applied, &settled());
    assert_eq!(drift.events[0].reason, Reason::DriftCorrected);
    assert!(drift.events[0].note.contains("s3.bucketName: 'x' → 'logs'"));
    assert_eq!(drift.events[0].action, "s3.bucketName");
    let edited = Input { generation: 2, ..input() };
    let outcome = observed(as_declared(&input()));
    let update = report(&edited, &settled(), &outcome, &applied, NOW);
    assert_eq!(update.events[0].reason, Reason::TrailUpdated);
    assert_eq!(update.status.observed_generation, Some(2));
}

#[test]
fn logging_that_was_stopped_by_hand_is_told_as_such() {
    let applied = done(vec![Change::StartLogging]);
    let restored = after_being_ready(&observed(as_declared(&input())), &applied, &settled());
    assert_eq!(restored.events[0].reason, Reason::LoggingRestored);
    let started = after(&observed(as_declared(&input())), &applied, &TrailStatus::default());
    assert_eq!(started.events[0].reason, Reason::LoggingStarted);
}

#[test]
fn a_trail_that_was_deleted_by_hand_is_told_as_such() {
    let applied = done(vec![Change::CreateTrail(input().settings, input().all_tags()), Change::StartLogging]);
    let again = after_being_ready(&observed(as_declared(&input())), &applied, &settled());
    let told: Vec<_> = again.events.iter().map(|event| (event.type_, event.reason)).collect();
    assert_eq!(
        told,
        [(EventType::Warning, Reason::TrailCreated), (EventType::Normal, Reason::LoggingStarted)]
    );
}

#[test]
fn what_could_not_be_repaired_is_in_drift() {
    let differs = changed(|trail| trail.settings.s3_bucket_name = "x".into());
    let report = after(&observed(differs), &failed("AccessDeniedException"), &settled());
    let drift = &report.status.drift[0];
    assert_eq!(
        (drift.field.as_str(), drift.declared.as_str(), drift.actual.as_str()),
        ("s3.bucketName", "logs", "x")
    );
}

#[test]
fn a_trail_that_is_gone_is_not_said_to_log() {
    let gone = after(&observed(Observed::default()), &failed("S3BucketDoesNotExistException"), &settled());
    assert_eq!(gone.status.logging, None);
    let logging = conditions::find(&gone.status.conditions, condition::LOGGING).unwrap();
    assert_eq!((logging.status.as_str(), logging.reason.as_str()), ("False", "TrailMissing"));
}

#[test]
fn a_repair_that_had_to_be_tried_twice_is_still_told_as_one() {
    let stopped = changed(|trail| trail.status.is_logging = false);
    let throttled = Failure { change: Change::StartLogging, error: error("ThrottlingException") };
    let first = refused(throttled);
    let failed = after_being_ready(&observed(stopped), &first, &settled());
    let second = done(vec![Change::StartLogging]);
    let repaired = after_being_ready(&observed(as_declared(&input())), &second, &failed.status);
    assert_eq!(repaired.events[0].reason, Reason::LoggingRestored);
}

#[test]
fn what_was_ready_is_remembered_in_status_for_its_generation() {
    let mut known = trail();
    known.status = Some(settled());
    assert!(dereference(&known, ACTOR, &cluster(), NOW).unwrap().was_settled);
    known.metadata.generation = Some(2);
    assert!(!dereference(&known, ACTOR, &cluster(), NOW).unwrap().was_settled);
}

#[test]
fn after_a_change_aws_is_asked_once_more() {
    let applied = done(vec![Change::StartLogging]);
    let outcome = observed(as_declared(&input()));
    assert_eq!(after(&outcome, &applied, &TrailStatus::default()).next, Next::Confirm);
    assert_eq!(after(&outcome, &Applied::default(), &settled()).next, Next::Interval);
}

#[test]
fn a_role_that_stays_unusable_is_stalled_in_the_end() {
    let denied =
        AwsError { message: "Access denied.".into(), ..error("InvalidCloudWatchLogsRoleArnException") };
    let failure =
        Failure { change: Change::CreateTrail(input().settings, input().all_tags()), error: denied };
    let applied = refused(failure);
    let outcome = observed(Observed::default());
    let first = after(&outcome, &applied, &TrailStatus::default());
    assert_eq!(first.next, Next::Backoff);
    let later = report(&input(), &first.status, &outcome, &applied, NOW + SignedDuration::from_mins(10));
    assert!(has(&later.status, condition::STALLED));
}

#[test]
fn nothing_is_said_of_a_trail_that_is_not_ours() {
    let theirs = changed(|trail| {
        tags(trail).insert(OWNER_TAG.into(), "cluster/shop/audit".into());
    });
    let report = after(&observed(theirs), &Applied::default(), &TrailStatus::default());
    assert_eq!((report.status.arn, report.status.logging), (None, None));
}

#[test]
fn an_account_that_may_not_be_used_is_waited_for() {
    let no = Unresolved::NoAccount { reason: Reason::NotPermitted, message: "no".into() };
    let report = unresolved(1, &TrailStatus::default(), &no, None, NOW);
    assert_eq!(ready(&report.status), ("False".into(), "NotPermitted".into()));
    let references = conditions::find(&report.status.conditions, condition::REFERENCES_RESOLVED).unwrap();
    assert_eq!(references.status, "False");
}
