//! Step 5, report: the next status and the events, from what was declared, done and seen. Pure.
//!
//! How situations become `Ready`, `Reconciling` and `Stalled` is the contract's table; see `docs/trail.md`.

use jiff::{SignedDuration, Timestamp};
use trail_operator_crds::{Drift, TrailStatus, condition};

use super::{Applied, Change, FieldChange, Input, Observed, Plan, Severity, Unresolved, delivery, events};
use crate::{
    aws_error::{AwsError, Class},
    conditions::{self, Fact, Readiness, Status},
    event::Event,
    reason::Reason,
};

/// AWS may be unreachable for this many intervals before `Ready` becomes Unknown.
const BLIND_INTERVALS: i64 = 3;

/// `status.drift` holds at most this many fields.
const MAX_DRIFT: usize = 20;

/// What came of one round.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time")]
pub enum Outcome {
    /// AWS could not be asked.
    NotObserved {
        /// Why.
        error: AwsError,
        /// For how long by now.
        unseen_for: SignedDuration,
    },
    /// AWS was asked, before or after the changes.
    Observed {
        /// Its answer.
        observed: Observed,
        /// What remains to be done.
        plan: Plan,
    },
}

/// What to write, tell and do next.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The next status; the same as the previous one when nothing worth writing happened.
    pub status: TrailStatus,
    /// To be published.
    pub events: Vec<Event>,
    /// When to look again.
    pub next: Next,
    /// Whether AWS was seen in this round.
    pub observed: bool,
}

/// When to look again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// At the object's interval.
    Interval,
    /// Something outside must change first.
    Recheck,
    /// Soon, and later each time.
    Backoff,
    /// Once AWS has had time to show what was changed.
    Confirm,
}

/// The report of a trail whose references resolve.
pub fn report(
    input: &Input,
    previous: &TrailStatus,
    outcome: &Outcome,
    applied: &Applied,
    now: Timestamp,
) -> Report {
    let last_write = input.last_write.clone().and(&applied.done, now);
    let (readiness, next) = match outcome {
        Outcome::NotObserved { error, unseen_for } => {
            let patience = SignedDuration::from_secs(i64::from(input.interval_seconds) * BLIND_INTERVALS);
            if error.class() == Class::Retry && knows(previous, input.generation) && *unseen_for < patience {
                return Report {
                    status: previous.clone(),
                    events: vec![],
                    next: Next::Backoff,
                    observed: false,
                };
            }
            not_observed(input, error)
        }
        Outcome::Observed { observed, plan } => {
            observed_readiness(input, observed, plan, applied, last_write.may_be_invisible(now))
        }
    };
    // A read that agrees may be as old as one that does not.
    let next = match next {
        Next::Interval if last_write.is_fresh(now) => Next::Confirm,
        next => next,
    };
    let facts = facts(input, outcome);
    let conditions = conditions::next(
        &previous.conditions,
        previous.observed_generation,
        input.generation,
        &readiness,
        &facts,
        now,
    );
    let mut events = events::of_changes(input, applied);
    events.extend(events::of_readiness(previous, &readiness));
    events.extend(events::of_delivery(previous, &facts));
    let status = TrailStatus {
        observed_generation: conditions.observed_generation,
        conditions: conditions.list,
        drift: drift(outcome),
        ..facts_of_trail(input, previous, outcome)
    };
    let observed = matches!(outcome, Outcome::Observed { .. });
    Report { status: without_small_change(previous, status), events, next, observed }
}

/// The report of a trail whose references do not resolve: AWS is not asked, and nothing new is said about it.
pub fn unresolved(
    generation: i64,
    previous: &TrailStatus,
    unresolved: &Unresolved,
    now: Timestamp,
) -> Report {
    let (reason, message) = (unresolved.reason(), unresolved.message());
    let readiness = Readiness::Waiting { reason, message: message.into() };
    let unknown = |type_| Fact::new(type_, Status::Unknown, reason, "AWS was not asked");
    let facts = [
        Fact::new(condition::REFERENCES_RESOLVED, Status::False, reason, message),
        unknown(condition::LOGGING),
        unknown(condition::LOG_FILE_VALIDATED),
    ];
    let conditions = conditions::next(
        &previous.conditions,
        previous.observed_generation,
        generation,
        &readiness,
        &facts,
        now,
    );
    let status = TrailStatus {
        observed_generation: conditions.observed_generation,
        conditions: conditions.list,
        logging: None,
        drift: vec![],
        ..previous.clone()
    };
    let events = events::of_readiness(previous, &readiness).into_iter().collect();
    Report { status, events, next: Next::Recheck, observed: false }
}

/// Whether `Ready` already speaks of this generation.
fn knows(previous: &TrailStatus, generation: i64) -> bool {
    conditions::find(&previous.conditions, condition::READY)
        .is_some_and(|ready| ready.observed_generation == Some(generation))
}

fn not_observed(input: &Input, error: &AwsError) -> (Readiness, Next) {
    let message = error.explain(&input.subject());
    match error.class() {
        Class::Retry => (Readiness::Unknown { reason: Reason::ObservationFailed, message }, Next::Backoff),
        Class::Wait => (Readiness::Waiting { reason: error.reason(), message }, Next::Recheck),
        Class::Reject => (Readiness::Stalled { reason: error.reason(), message }, Next::Interval),
    }
}

fn observed_readiness(
    input: &Input,
    observed: &Observed,
    plan: &Plan,
    applied: &Applied,
    created_lately: bool,
) -> (Readiness, Next) {
    if let Some(failure) = &applied.failed {
        if failure.error.code == "TrailNotFoundException" && created_lately {
            let message = "the trail was created and AWS does not find it yet".into();
            return (Readiness::NotReady { reason: Reason::Progressing, message }, Next::Backoff);
        }
        let (reason, message) = (failure.error.reason(), failure.error.explain(&input.subject()));
        return match failure.error.class() {
            Class::Retry if reason == Reason::RetryableError => {
                (Readiness::NotReady { reason, message }, Next::Backoff)
            }
            // Passing if it is fresh, and somebody's to mend if it stays: a role that AWS cannot take yet, or ever.
            Class::Retry => (Readiness::Waiting { reason, message }, Next::Backoff),
            Class::Wait => (Readiness::Waiting { reason, message }, Next::Recheck),
            Class::Reject => (Readiness::Stalled { reason, message }, Next::Interval),
        };
    }
    if let Some(finding) = plan.findings.first() {
        let (reason, message) = (finding.reason, finding.message.clone());
        return match finding.severity {
            Severity::Error => (Readiness::Stalled { reason, message }, Next::Interval),
            Severity::Pending => (Readiness::NotReady { reason, message }, Next::Backoff),
        };
    }
    if let Some(change) = plan.changes.first() {
        let message = format!("{} was accepted and AWS does not show it yet", change.operation());
        return (Readiness::NotReady { reason: Reason::Progressing, message }, Next::Backoff);
    }
    let logging = observed.trail.as_ref().is_some_and(|trail| trail.status.is_logging);
    let message = if logging {
        "the trail is as declared, and logging is on"
    } else {
        "the trail is as declared, and logging is off as declared"
    };
    (Readiness::Ready { message: message.into() }, Next::Interval)
}

fn facts(input: &Input, outcome: &Outcome) -> Vec<Fact> {
    let trail = match outcome {
        Outcome::Observed { observed, plan } if !is_conflict(plan) => observed.trail.as_ref(),
        _ => None,
    };
    let logging = match (outcome, trail) {
        (_, Some(trail)) => delivery::logging(&trail.status, &input.settings, input.logging),
        (Outcome::NotObserved { error, .. }, None) => Fact::new(
            condition::LOGGING,
            Status::Unknown,
            if error.class() == Class::Retry { Reason::ObservationFailed } else { error.reason() },
            "AWS could not be asked",
        ),
        (Outcome::Observed { .. }, None) => Fact::new(
            condition::LOGGING,
            Status::False,
            Reason::TrailMissing,
            "there is no trail of ours in AWS",
        ),
    };
    let validated = if input.settings.enable_log_file_validation {
        let message =
            "this version of the operator does not verify digests yet; `aws cloudtrail validate-logs` does";
        Fact::new(condition::LOG_FILE_VALIDATED, Status::Unknown, Reason::NotYetVerified, message)
    } else {
        let message =
            "spec.enableLogFileValidation is false, so CloudTrail delivers no digests to verify with";
        Fact::new(condition::LOG_FILE_VALIDATED, Status::Unknown, Reason::ValidationDisabled, message)
    };
    vec![
        Fact::new(
            condition::REFERENCES_RESOLVED,
            Status::True,
            Reason::Resolved,
            "the AwsAccount may be used",
        ),
        logging,
        validated,
    ]
}

fn is_conflict(plan: &Plan) -> bool {
    plan.findings.iter().any(|finding| finding.reason == Reason::ManagementConflict)
}

/// The part of status that tells of the trail. What was not seen to log is not said to; which trail it was remains.
fn facts_of_trail(input: &Input, previous: &TrailStatus, outcome: &Outcome) -> TrailStatus {
    let unseen = TrailStatus { logging: None, ..previous.clone() };
    let Outcome::Observed { observed: Observed { trail: Some(trail), .. }, plan } = outcome else {
        return unseen;
    };
    if is_conflict(plan) {
        return unseen;
    }
    TrailStatus {
        arn: Some(trail.description.arn.clone()),
        account_id: Some(input.account_id.clone()),
        home_region: Some(trail.description.home_region.clone()),
        logging: Some(delivery::logging_status(&trail.status)),
        ..TrailStatus::default()
    }
}

fn drift(outcome: &Outcome) -> Vec<Drift> {
    let Outcome::Observed { plan, .. } = outcome else { return vec![] };
    let fields = plan.changes.iter().flat_map(|change| match change {
        Change::UpdateTrail(fields, _) => fields.as_slice(),
        _ => &[],
    });
    fields
        .map(|FieldChange { field, from, to }| Drift {
            field: (*field).to_owned(),
            declared: to.clone(),
            actual: from.clone(),
        })
        .take(MAX_DRIFT)
        .collect()
}

/// Keeps the previous figures of delivery where they alone have moved, and only a little.
fn without_small_change(previous: &TrailStatus, next: TrailStatus) -> TrailStatus {
    let settled = TrailStatus { logging: previous.logging.clone(), ..next.clone() };
    let small =
        next.logging.as_ref().is_some_and(|new| !delivery::worth_writing(previous.logging.as_ref(), new));
    if small && settled == *previous { settled } else { next }
}
