//! What deleting a `Trail` object means in AWS.
//!
//! The trail stays unless the manifest says otherwise in words, and also where the object goes only because its
//! namespace, its definition or its account does. An object whose trail is to stay never hangs: where AWS cannot be reached it goes all the same.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use trail_operator_crds::{DeletionPolicy, FORCE_FINALIZE, Trail, TrailStatus, condition};

use super::{
    Change, HandsOff, Input, Next, Observed, Ownership, Report, Unresolved, execute, observe, report,
};
use crate::{
    aws::Aws,
    aws_error::{AwsError, Class},
    conditions::{self, Readiness},
    event::Event,
    reason::Reason,
};

/// How long taking off the owner tag is tried when AWS answers with passing errors.
pub const RETAIN_PATIENCE: SignedDuration = SignedDuration::from_mins(1);

/// What becomes of the object.
#[derive(Clone, Debug, PartialEq)]
pub enum Finalized {
    /// It may go; the events say what became of the trail.
    Released(Vec<Event>),
    /// It stays for now.
    Blocked(Box<Report>),
}

/// Whether somebody demanded in words that the object goes without AWS.
pub fn is_forced(object: &ObjectMeta) -> bool {
    object.annotations.as_ref().and_then(|all| all.get(FORCE_FINALIZE)).is_some_and(|value| value == "true")
}

/// Lets go without asking AWS: by force.
pub fn forced(trail: &Trail) -> Finalized {
    released(Event::warning(
        Reason::TrailRetained,
        "ForceFinalize",
        format!(
            "the trail '{}' was left as it is, as annotation {FORCE_FINALIZE} demands",
            trail.trail_name()
        ),
    ))
}

/// What becomes of an object whose account cannot be used. It goes, and the trail stays as it is; but an object that is
/// to stop or delete its trail waits for an account that is there and only not ready, unless it
/// is retained in any case.
pub fn without_account(
    trail: &Trail,
    unresolved: &Unresolved,
    retained: bool,
    previous: &TrailStatus,
    now: Timestamp,
) -> Finalized {
    let policy = if retained { DeletionPolicy::Retain } else { trail.spec.deletion_policy };
    let message = unresolved.message();
    if policy == DeletionPolicy::Retain || matches!(unresolved, Unresolved::NoAccount { .. }) {
        return released(Event::warning(
            Reason::TrailRetained,
            "Retain",
            format!("the trail '{}' was left as it is: {message}", trail.trail_name()),
        ));
    }
    let generation = trail.metadata.generation.unwrap_or_default();
    Finalized::Blocked(Box::new(blocked(policy, message, Next::Recheck, generation, previous, now)))
}

/// Does in AWS what deletion means. `deleting_for` is how long ago deletion was asked for.
pub async fn finalize<A: Aws>(
    api: &A,
    input: &Input,
    previous: &TrailStatus,
    deleting_for: SignedDuration,
    now: Timestamp,
) -> Finalized {
    if let Some(hands_off) = input.hands_off {
        return released(untouched(input, hands_off));
    }
    let policy = effective(input).0;
    let observed = match observe(api, input).await {
        Ok(observed) => observed,
        Err(error) => return failed(input, policy, &error, deleting_for, previous, now),
    };
    let input = &super::named_by_aws(input.clone(), &observed);
    if observed.trail.is_none() && input.last_write.may_be_invisible(now) {
        let message = "the trail was created and AWS does not show it yet";
        let report = blocked(policy, message, Next::Backoff, input.generation, previous, now);
        return Finalized::Blocked(Box::new(report));
    }
    let applied = execute(api, input, plan(input, &observed)).await;
    match applied.failed.into_iter().next() {
        None => released(farewell(input, &observed)),
        // The trail is what it is to be; only our mark is still on it.
        Some(failure) if failure.change == Change::RemoveOwnerTag => {
            match failed(input, DeletionPolicy::Retain, &failure.error, deleting_for, previous, now) {
                Finalized::Released(mut events) => {
                    events.extend(
                        applied.done.contains(&Change::StopLogging).then(|| logging_ended(&input.arn)),
                    );
                    Finalized::Released(events)
                }
                blocked @ Finalized::Blocked(_) => blocked,
            }
        }
        Some(failure) => failed(input, policy, &failure.error, deleting_for, previous, now),
    }
}

/// Nothing is changed, so not even the owner tag is taken off.
fn untouched(input: &Input, hands_off: HandsOff) -> Event {
    let note = format!("{} stays as it is, owner tag included, since {hands_off}", input.arn);
    match input.deletion_policy {
        DeletionPolicy::Retain => Event::normal(Reason::TrailRetained, "Retain", note),
        asked => Event::warning(
            Reason::TrailRetained,
            "Retain",
            format!("{note}; deletionPolicy {asked:?} was not carried out"),
        ),
    }
}

/// An object whose trail stays anyway goes although AWS refuses, at once or, if the cause may pass, after a while.
fn failed(
    input: &Input,
    policy: DeletionPolicy,
    error: &AwsError,
    deleting_for: SignedDuration,
    previous: &TrailStatus,
    now: Timestamp,
) -> Finalized {
    let message = error.explain(&input.subject());
    if policy == DeletionPolicy::Retain && (error.class() != Class::Retry || deleting_for >= RETAIN_PATIENCE)
    {
        let note = format!("{} stays; its owner tag may still be there: {message}", input.arn);
        return released(Event::warning(Reason::TrailRetained, "Retain", note));
    }
    let next = if error.class() == Class::Retry { Next::Backoff } else { Next::Recheck };
    Finalized::Blocked(Box::new(blocked(policy, &message, next, input.generation, previous, now)))
}

/// What deletion changes in AWS. Pure.
pub fn plan(input: &Input, observed: &Observed) -> Vec<Change> {
    let Some(trail) = observed.trail.as_ref().filter(|_| input.hands_off.is_none()) else { return vec![] };
    if !matches!(Ownership::of(trail, input), Ownership::Ours) {
        return vec![];
    }
    match effective(input).0 {
        DeletionPolicy::StopLogging if trail.status.is_logging => {
            vec![Change::StopLogging, Change::RemoveOwnerTag]
        }
        DeletionPolicy::StopLogging | DeletionPolicy::Retain => vec![Change::RemoveOwnerTag],
        DeletionPolicy::Delete => vec![Change::DeleteTrail],
    }
}

/// What deletion comes to, and why it is not what the manifest says, if so. Whoever deletes a namespace, a definition or
/// an account has not said that the audit log is to end; and to stop or delete a trail is to weaken the record.
fn effective(input: &Input) -> (DeletionPolicy, Option<String>) {
    let asked = input.deletion_policy;
    if asked == DeletionPolicy::Retain {
        return (asked, None);
    }
    if let Some(with) = input.deleted_with {
        let why = format!("{with} is being deleted, which does not say that the audit log is to end");
        return (DeletionPolicy::Retain, Some(why));
    }
    if input.weakening_allowed.is_none() {
        let why = "the AwsAccount refuses changes that weaken the record (spec.guardrails)";
        return (DeletionPolicy::Retain, Some(why.into()));
    }
    (asked, None)
}

fn farewell(input: &Input, observed: &Observed) -> Event {
    let arn = &input.arn;
    let Some(trail) = &observed.trail else {
        return Event::normal(
            Reason::TrailDeleted,
            "Finalize",
            format!("there was no trail {arn} to settle"),
        );
    };
    if !matches!(Ownership::of(trail, input), Ownership::Ours) {
        let note = format!("{arn} is not ours and was left as it is");
        return Event::warning(Reason::TrailRetained, "Finalize", note);
    }
    match effective(input) {
        (DeletionPolicy::Retain, None) => Event::normal(
            Reason::TrailRetained,
            "Retain",
            format!("{arn} stays as it is and is nobody's now"),
        ),
        (DeletionPolicy::Retain, Some(why)) => {
            let note = format!("{arn} stays although deletionPolicy is {:?}: {why}", input.deletion_policy);
            Event::warning(Reason::TrailRetained, "Retain", note)
        }
        (DeletionPolicy::StopLogging, _) => logging_ended(arn),
        (DeletionPolicy::Delete, _) => {
            Event::warning(Reason::TrailDeleted, "DeleteTrail", format!("{arn} was deleted"))
        }
    }
}

fn logging_ended(arn: &str) -> Event {
    Event::warning(Reason::LoggingStopped, "StopLogging", format!("{arn} stays and no longer logs"))
}

fn blocked(
    policy: DeletionPolicy,
    cause: &str,
    next: Next,
    generation: i64,
    previous: &TrailStatus,
    now: Timestamp,
) -> Report {
    let message = format!(
        "{policy:?} of the trail waits: {cause}. To let the object go without it, set spec.deletionPolicy to Retain, or the annotation {FORCE_FINALIZE} to \"true\""
    );
    let told = conditions::find(&previous.conditions, condition::READY)
        .is_some_and(|ready| ready.reason == Reason::DeletionBlocked.as_str() && ready.message == message);
    let events = if told {
        vec![]
    } else {
        vec![Event::warning(Reason::DeletionBlocked, "Finalize", message.clone())]
    };
    let readiness = Readiness::Waiting { reason: Reason::DeletionBlocked, message };
    let conditions = conditions::next(
        &previous.conditions,
        previous.observed_generation,
        generation,
        &readiness,
        &[],
        now,
    );
    let status = TrailStatus {
        observed_generation: conditions.observed_generation,
        conditions: conditions.with_facts_of(&previous.conditions),
        ..previous.clone()
    };
    report::without_a_look(status, events, next)
}

fn released(event: Event) -> Finalized {
    Finalized::Released(vec![event])
}
