//! How situations become Ready, Reconciling and Stalled: the rows of the contract's two tables (docs/trail.md).

use std::time::Duration;

use trail_operator_crds::ManagementPolicy;

use super::*;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// `Ready`, its reason, and whichever of `Reconciling` and `Stalled` is there.
fn summary(status: &TrailStatus) -> (String, String, Option<&'static str>) {
    let (ready, reason) = ready(status);
    let negative = match (has(status, condition::RECONCILING), has(status, condition::STALLED)) {
        (true, false) => Some("Reconciling"),
        (false, true) => Some("Stalled"),
        (false, false) => None,
        (true, true) => Some("both, which may never be"),
    };
    (ready, reason, negative)
}

fn is(ready: &str, reason: &str, negative: Option<&'static str>) -> (String, String, Option<&'static str>) {
    (ready.into(), reason.into(), negative)
}

fn seen_at(input: &Input, observed: &Observed, previous: &TrailStatus, now: Timestamp) -> Report {
    let outcome = Outcome::Observed { observed: observed.clone(), plan: plan(input, observed, now) };
    report(input, previous, &outcome, &Applied::default(), now)
}

fn seen(input: &Input, observed: &Observed) -> Report {
    seen_at(input, observed, &TrailStatus::default(), NOW)
}

fn failing(code: &str, previous: &TrailStatus, now: Timestamp) -> Report {
    let change = Change::CreateTrail(input().settings, input().all_tags());
    let applied = Applied { failed: vec![Failure { change, error: error(code) }], ..Applied::default() };
    let observed = Observed::default();
    let outcome = Outcome::Observed { plan: plan(&input(), &observed, now), observed };
    report(&input(), previous, &outcome, &applied, now)
}

fn blind(error: AwsError, unseen_for: SignedDuration, previous: &TrailStatus) -> Report {
    let outcome = Outcome::NotObserved { error, unseen_for };
    report(&input(), previous, &outcome, &Applied::default(), NOW)
}

fn condition(status: &TrailStatus, type_: &str) -> (String, String) {
    let found = conditions::find(&status.conditions, type_).unwrap();
    (found.status.clone(), found.reason.clone())
}

#[test]
fn as_declared_is_ready_and_nothing_else() {
    let report = seen(&input(), &as_declared(&input()));
    assert_eq!(summary(&report.status), is("True", "Succeeded", None));
    assert_eq!((report.next, report.events.len()), (Next::Interval, 0));
}

#[test]
fn what_only_the_manifest_can_mend_is_stalled_at_once() {
    for (code, reason) in [
        ("InvalidTrailNameException", "InvalidConfiguration"),
        ("OrganizationsNotInUseException", "InvalidConfiguration"),
    ] {
        let report = failing(code, &TrailStatus::default(), NOW);
        assert_eq!(summary(&report.status), is("False", reason, Some("Stalled")), "{code}");
        assert_eq!((report.next, report.status.observed_generation), (Next::Interval, Some(1)));
    }
    let unowned = seen(&input(), &changed(|trail| tags(trail).clear()));
    assert_eq!(summary(&unowned.status), is("False", "ManagementConflict", Some("Stalled")));
    let guarded = Input { weakening_allowed: None, ..input() };
    let weakening = seen(&guarded, &changed(|trail| trail.settings.s3_bucket_name = "x".into()));
    assert_eq!(summary(&weakening.status), is("False", "WeakeningRefused", Some("Stalled")));
    for report in [unowned, weakening] {
        assert_eq!(report.next, Next::Interval);
    }
}

#[test]
fn what_something_outside_must_mend_is_waited_for_and_stalled_after_ten_minutes() {
    for (code, reason) in [
        ("S3BucketDoesNotExistException", "BucketNotFound"),
        ("InsufficientS3BucketPolicyException", "BucketPolicyInsufficient"),
        ("AccessDeniedException", "AccessDenied"),
        ("AssumeRoleDenied", "AssumeRoleDenied"),
        ("TrailAlreadyExistsException", "ManagementConflict"),
    ] {
        let first = failing(code, &TrailStatus::default(), NOW);
        assert_eq!(summary(&first.status), is("False", reason, Some("Reconciling")), "{code}");
        let later = failing(code, &first.status, NOW + 9 * MINUTE);
        assert_eq!(
            (later.status.clone(), later.events.len()),
            (first.status, 0),
            "{code}: nothing new to write"
        );
        let last = failing(code, &later.status, NOW + 10 * MINUTE);
        assert_eq!(summary(&last.status), is("False", reason, Some("Stalled")), "{code}");
        let next = if code == "TrailAlreadyExistsException" { Next::Backoff } else { Next::Recheck };
        assert_eq!((first.next, last.next), (next, next), "{code} is looked at again all the same");
    }
}

#[test]
fn a_passing_error_changes_nothing_for_three_intervals() {
    let throttled = || error("ThrottlingException");
    let interval = SignedDuration::from_secs(i64::from(input().interval_seconds));
    let previous = settled();
    for unseen_for in [interval, 3 * interval - SignedDuration::from_secs(1)] {
        let report = blind(throttled(), unseen_for, &previous);
        assert_eq!((report.status, report.events.len()), (previous.clone(), 0));
        assert_eq!(report.next, Next::Backoff);
    }
    let long = blind(throttled(), 3 * interval, &previous);
    assert_eq!(summary(&long.status), is("Unknown", "ObservationFailed", Some("Reconciling")));
    assert_eq!(condition(&long.status, condition::LOGGING), ("Unknown".into(), "ObservationFailed".into()));
    let new = blind(throttled(), SignedDuration::ZERO, &TrailStatus::default());
    assert_eq!(summary(&new.status), is("Unknown", "ObservationFailed", Some("Reconciling")));
}

#[test]
fn what_is_refused_for_good_is_told_at_once_although_it_was_ready() {
    let denied = blind(error("AccessDeniedException"), SignedDuration::ZERO, &settled());
    assert_eq!(summary(&denied.status), is("False", "AccessDenied", Some("Reconciling")));
    assert_eq!((denied.next, denied.events.len()), (Next::Recheck, 1));
}

#[test]
fn calls_that_the_limits_hold_back_are_tried_when_their_turn_comes() {
    let turn = Duration::from_secs(17);
    let not_before = AwsError { retry_after: Some(turn), ..error("NotBefore") };
    assert_eq!(blind(not_before.clone(), SignedDuration::ZERO, &settled()).next, Next::After(turn));
    assert_eq!(blind(not_before.clone(), 60 * MINUTE, &settled()).next, Next::After(turn));
    let failed = vec![Failure { change: Change::StartLogging, error: not_before }];
    let observed = changed(|trail| trail.status.is_logging = false);
    let outcome = Outcome::Observed { plan: plan(&input(), &observed, NOW), observed };
    let held_back = report(&input(), &settled(), &outcome, &Applied { failed, ..Applied::default() }, NOW);
    assert_eq!(summary(&held_back.status), is("False", "RetryableError", Some("Reconciling")));
    assert_eq!(held_back.next, Next::After(turn));
}

#[test]
fn of_several_failures_the_lasting_one_is_told() {
    let failed = ["ThrottlingException", "AccessDeniedException", "InvalidTrailNameException"]
        .map(|code| Failure { change: Change::StartLogging, error: error(code) });
    for (count, reason) in [(1, "RetryableError"), (2, "AccessDenied"), (3, "InvalidConfiguration")] {
        let observed = changed(|trail| trail.status.is_logging = false);
        let outcome = Outcome::Observed { plan: plan(&input(), &observed, NOW), observed };
        let applied = Applied { failed: failed[..count].to_vec(), ..Applied::default() };
        assert_eq!(ready(&report(&input(), &settled(), &outcome, &applied, NOW).status).1, reason);
    }
}

#[test]
fn a_delivery_that_fails_is_a_condition_of_its_own_and_a_warning() {
    let failing = changed(|trail| trail.status.latest_delivery_error = Some("AccessDenied".into()));
    let report = seen_at(&input(), &failing, &settled(), NOW + 60 * MINUTE);
    assert_eq!(summary(&report.status), is("True", "Succeeded", None));
    assert_eq!(condition(&report.status, condition::LOGGING), ("False".into(), "DeliveryFailing".into()));
    let [event] = report.events.as_slice() else { panic!("{:?}", report.events) };
    assert_eq!((event.type_, event.reason), (EventType::Warning, Reason::DeliveryFailing));
}

#[test]
fn logging_that_is_off_though_declared_is_not_ready_until_it_is_on() {
    let stopped = changed(|trail| trail.status.is_logging = false);
    assert_eq!(operations(&plan(&input(), &stopped, NOW)), ["StartLogging"], "at once");
    let report = seen(&input(), &stopped);
    assert_eq!(ready(&report.status).0, "False");
    assert_eq!(condition(&report.status, condition::LOGGING), ("False".into(), "Stopped".into()));
    let disabled = Input { logging: false, ..input() };
    let as_declared = seen(&disabled, &stopped);
    assert_eq!(summary(&as_declared.status), is("True", "Succeeded", None), "off as declared");
    assert_eq!(condition(&as_declared.status, condition::LOGGING), ("False".into(), "Stopped".into()));
}

#[test]
fn whoever_only_looks_reports_drift_field_by_field_and_is_not_stalled_over_it() {
    for why in [HandsOff::Observe, HandsOff::ReadOnly] {
        let input = Input { hands_off: Some(why), weakening_allowed: None, ..input() };
        let drifted = changed(|trail| {
            trail.settings.s3_bucket_name = "x".into();
            trail.status.is_logging = false;
            tags(trail).insert("Theirs".into(), "x".into());
        });
        assert_eq!(plan(&input, &drifted, NOW).changes, []);
        let report = seen(&input, &drifted);
        assert_eq!(summary(&report.status), is("False", "DriftDetected", None));
        let fields: BTreeSet<_> = report.status.drift.iter().map(|drift| drift.field.as_str()).collect();
        assert_eq!(fields, BTreeSet::from(["logging", "s3.bucketName"]));
        assert_eq!((report.next, report.events.len()), (Next::Interval, 1));
        assert!(report.events[0].note.contains(&why.to_string()), "{:?}", report.events);

        let missing = seen(&input, &Observed::default());
        assert_eq!(summary(&missing.status), is("False", "DriftDetected", None));
        assert_eq!(condition(&missing.status, condition::LOGGING), ("False".into(), "TrailMissing".into()));
        let foreign = seen(&input, &changed(|trail| tags(trail).clear()));
        assert_eq!(
            summary(&foreign.status),
            is("True", "Succeeded", None),
            "anybody's trail may be looked at"
        );
        assert_eq!(foreign.status.managed_tag_keys, [""; 0]);
    }
}

#[test]
fn whoever_only_looks_makes_nothing_his_own() {
    let tagged = edited(|trail| drop(trail.spec.tags.insert("Team".into(), "a".into())));
    for (hands_off, keys) in [(Some(HandsOff::Observe), vec![]), (None, vec!["Team".to_owned()])] {
        let status = seen(&Input { hands_off, ..tagged.clone() }, &as_declared(&tagged)).status;
        assert_eq!((&status.managed_tag_keys, status.destination.is_some()), (&keys, !keys.is_empty()));
    }
}

#[test]
fn hands_are_off_as_the_manifest_or_the_operator_says() {
    let mut observed = trail();
    observed.spec.management_policy = ManagementPolicy::Observe;
    let read_only = Actor { read_only: true, ..ACTOR };
    let off = |trail: &Trail, actor| dereference(trail, actor, &cluster(), NOW).unwrap().hands_off;
    assert_eq!(off(&trail(), ACTOR), None);
    assert_eq!(off(&trail(), read_only), Some(HandsOff::ReadOnly));
    assert_eq!(off(&observed, ACTOR), Some(HandsOff::Observe));
}

#[test]
fn a_suspended_object_says_so_and_keeps_everything_else_as_it_was() {
    let previous = settled();
    let report = suspended(2, &previous, NOW + 60 * MINUTE);
    // kstatus knows Unknown only beside Reconciling.
    assert_eq!(summary(&report.status), is("Unknown", "Suspended", Some("Reconciling")));
    for type_ in [condition::LOGGING, condition::REFERENCES_RESOLVED, condition::LOG_FILE_VALIDATED] {
        let of = |status: &TrailStatus| conditions::find(&status.conditions, type_).cloned();
        assert_eq!(of(&report.status), of(&previous), "{type_} is frozen");
    }
    let others = |status: &TrailStatus| TrailStatus { conditions: vec![], ..status.clone() };
    assert_eq!(others(&report.status), others(&previous));
    assert_eq!((report.next, report.observed, report.events.len()), (Next::OnChange, false, 1));
    let again = suspended(2, &report.status, NOW + 90 * MINUTE);
    assert_eq!((again.status, again.events.len()), (report.status, 0));
}

#[test]
fn references_that_do_not_resolve_are_waited_for_and_say_why() {
    for (unresolved_as, reason) in [
        (Unresolved::NoAccount { reason: Reason::NotFound, message: "none".into() }, "NotFound"),
        (Unresolved::NoAccount { reason: Reason::NotPermitted, message: "no".into() }, "NotPermitted"),
        (Unresolved::NotReady { message: "not ready".into() }, "AccountNotReady"),
    ] {
        let first = unresolved(1, &settled(), &unresolved_as, None, NOW);
        assert_eq!(summary(&first.status), is("False", reason, Some("Reconciling")));
        assert_eq!(condition(&first.status, condition::REFERENCES_RESOLVED), ("False".into(), reason.into()));
        assert_eq!(condition(&first.status, condition::LOGGING).0, "Unknown", "nobody looked");
        let later = unresolved(1, &first.status, &unresolved_as, None, NOW + 10 * MINUTE);
        assert_eq!(summary(&later.status), is("False", reason, Some("Stalled")));
        assert_eq!((first.next, later.next), (Next::Recheck, Next::Recheck));
    }
}

#[test]
fn digests_are_told_as_not_verified_yet_or_not_declared() {
    let validated =
        |input: &Input| condition(&seen(input, &as_declared(input)).status, condition::LOG_FILE_VALIDATED);
    assert_eq!(validated(&input()), ("Unknown".into(), "NotYetVerified".into()));
    let without = edited(|trail| trail.spec.enable_log_file_validation = false);
    assert_eq!(validated(&without), ("Unknown".into(), "ValidationDisabled".into()));
}

#[test]
fn an_answer_that_may_not_be_read_is_waited_for_and_one_aws_will_never_give_is_stalled() {
    for (code, negative) in
        [("AccessDeniedException", "Reconciling"), ("InvalidTrailNameException", "Stalled")]
    {
        let unread = vec![AwsError::new("GetEventSelectors", code, "")];
        let observed = changed(|trail| trail.recorded.selectors = None);
        let report = seen(&input(), &Observed { unread, ..observed });
        assert_eq!(summary(&report.status).2, Some(negative), "{code}");
    }
}
