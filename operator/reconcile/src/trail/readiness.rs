//! What a round amounts to: `Ready`, and when to look again. Pure.
//!
//! The contract's table of situations is in docs/trail.md; each row has its test in `tests/situations.rs`.

use std::fmt::Write as _;

use super::{Applied, Failure, FieldChange, Finding, Hold, Input, Next, Observed, Plan, Severity, Withheld};
use crate::{
    aws_error::{AwsError, Class},
    conditions::Readiness,
    event_selector::MAX_VALUES,
    reason::Reason,
};

/// A message names at most this many fields.
const MAX_NAMED: usize = 8;

/// AWS could not be asked.
pub(super) fn of_error(input: &Input, error: &AwsError) -> (Readiness, Next) {
    let message = error.explain(&input.subject());
    match error.class() {
        Class::Retry => (Readiness::Unknown { reason: Reason::ObservationFailed, message }, again(error)),
        Class::Wait => (Readiness::Waiting { reason: error.reason(), message }, Next::Recheck),
        Class::Reject => (Readiness::Stalled { reason: error.reason(), message }, Next::Interval),
    }
}

/// AWS was asked.
pub(super) fn of_round(
    input: &Input,
    observed: &Observed,
    plan: &Plan,
    applied: &Applied,
    created_lately: bool,
) -> (Readiness, Next) {
    if input.hands_off.is_some()
        && let Some(drifted) = drifted(input, plan)
    {
        return (drifted, Next::Interval);
    }
    if let Some(failure) = worst(&applied.failed) {
        return of_failure(input, failure, created_lately);
    }
    if let Some(finding) = plan.findings.iter().min_by_key(|finding| finding.severity) {
        return of_finding(finding);
    }
    if let Some(change) = plan.changes.first() {
        let message = format!("{} was accepted and AWS does not show it yet", change.operation());
        return (Readiness::NotReady { reason: Reason::Progressing, message }, Next::Backoff);
    }
    if let Some(readiness) = withheld(&plan.withheld) {
        return (readiness, Next::Interval);
    }
    let mut message = as_declared(input, observed).to_owned();
    if let Some(hold) = held(input, plan) {
        let _ =
            write!(message, "; it goes on recording what no EventSelector declares any more, since {hold}");
    }
    (Readiness::Ready { message }, Next::Interval)
}

/// Why something that nobody declares is not given up.
fn held<'a>(input: &'a Input, plan: &Plan) -> Option<&'a Hold> {
    let held = plan.withheld.iter().any(|withheld| withheld.reason == Reason::HeldForNow);
    input.recording.selectors.hold.as_ref().filter(|_| held)
}

/// What lasts comes before what passes.
fn worst(failed: &[Failure]) -> Option<&Failure> {
    let weight = |failure: &&Failure| match failure.error.class() {
        Class::Reject => 0,
        Class::Wait => 1,
        Class::Retry => 2,
    };
    failed.iter().min_by_key(weight)
}

fn of_failure(input: &Input, failure: &Failure, created_lately: bool) -> (Readiness, Next) {
    if failure.error.code == "TrailNotFoundException" && created_lately {
        let message = "the trail was created and AWS does not find it yet".into();
        return (Readiness::NotReady { reason: Reason::Progressing, message }, Next::Backoff);
    }
    let (reason, message) = (failure.error.reason(), failure.error.explain(&input.subject()));
    match failure.error.class() {
        Class::Retry if reason == Reason::RetryableError => {
            (Readiness::NotReady { reason, message }, again(&failure.error))
        }
        // Passing if it is fresh, and somebody's to mend if it stays: a role that AWS cannot take yet, or ever.
        Class::Retry => (Readiness::Waiting { reason, message }, again(&failure.error)),
        Class::Wait => (Readiness::Waiting { reason, message }, Next::Recheck),
        Class::Reject => (Readiness::Stalled { reason, message }, Next::Interval),
    }
}

fn of_finding(finding: &Finding) -> (Readiness, Next) {
    let (reason, message) = (finding.reason, finding.message.clone());
    match finding.severity {
        Severity::Error => (Readiness::Stalled { reason, message }, Next::Interval),
        Severity::Waiting => (Readiness::Waiting { reason, message }, Next::Recheck),
        Severity::Pending => (Readiness::NotReady { reason, message }, Next::Backoff),
    }
}

/// Soon, or when the account's limits let it.
fn again(error: &AwsError) -> Next {
    error.retry_after.map_or(Next::Backoff, Next::After)
}

fn drifted(input: &Input, plan: &Plan) -> Option<Readiness> {
    let why = input.hands_off?;
    let missing = plan.findings.iter().find(|finding| finding.reason == Reason::DriftDetected);
    let differs = match missing {
        Some(finding) => finding.message.clone(),
        None if plan.withheld.is_empty() => return None,
        None => format!("AWS differs: {}", named(plan.withheld.iter().map(|withheld| &withheld.field))),
    };
    let message = format!("{differs}; nothing is changed, since {why}");
    Some(Readiness::Drifted { reason: Reason::DriftDetected, message })
}

fn withheld(all: &[Withheld]) -> Option<Readiness> {
    let of = |reason| {
        let fields: Vec<_> =
            all.iter().filter(|withheld| withheld.reason == reason).map(|withheld| &withheld.field).collect();
        (!fields.is_empty()).then(|| named(fields.into_iter()))
    };
    if let Some(fields) = of(Reason::WeakeningRefused) {
        let message = format!(
            "withheld, since it would weaken the record: {fields}. Whoever owns the AwsAccount can allow it with spec.guardrails.weakening, or for a while with spec.guardrails.breakGlass"
        );
        return Some(Readiness::Stalled { reason: Reason::WeakeningRefused, message });
    }
    if let Some(fields) = of(Reason::QuotaExceeded) {
        let message = format!(
            "a trail holds {MAX_VALUES} values in all its selectors, and what goes on being recorded for now leaves no room for this: {fields}"
        );
        return Some(Readiness::Waiting { reason: Reason::QuotaExceeded, message });
    }
    let fields = of(Reason::RepeatedDrift)?;
    let message = format!(
        "others change it again and again, so it is put right less often: {fields}. Find out who does (the events of AWS tell), or declare what they set"
    );
    Some(Readiness::NotReady { reason: Reason::RepeatedDrift, message })
}

/// Fields with old and new values, as many as a message can hold.
pub(crate) fn named<'a>(fields: impl Iterator<Item = &'a FieldChange>) -> String {
    let all: Vec<_> = fields.map(ToString::to_string).collect();
    let more = all.len().saturating_sub(MAX_NAMED);
    let mut text = all.into_iter().take(MAX_NAMED).collect::<Vec<_>>().join("; ");
    if more > 0 {
        let _ = write!(text, "; and {more} more");
    }
    text
}

fn as_declared(input: &Input, observed: &Observed) -> &'static str {
    let logging = observed.trail.as_ref().is_some_and(|trail| trail.status.is_logging);
    match (input.hands_off.is_some(), logging) {
        (true, _) => "the trail is as declared; it is only looked at",
        (false, true) => "the trail is as declared, and logging is on",
        (false, false) => "the trail is as declared, and logging is off as declared",
    }
}
