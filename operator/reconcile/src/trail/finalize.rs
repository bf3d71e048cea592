//! What deleting a `Trail` object means in AWS.
//!
//! The trail stays unless the manifest says otherwise in words, and also where the object goes only because its
//! namespace, its definition or its account does. An object whose trail is to stay never hangs: where AWS cannot be reached it goes all the same.

use jiff::{SignedDuration, Timestamp};
use trail_operator_crds::{DeletionPolicy, FORCE_FINALIZE, Trail, TrailStatus, condition};

use super::{Change, Input, Next, Observed, Ownership, Report, Unresolved, execute, observe};
use crate::{
    aws::CloudTrail,
    aws_error::{AwsError, Class},
    conditions::{self, Readiness},
    event::Event,
    reason::Reason,
};

/// How long taking off the owner tag is tried when AWS answers with passing errors.
const RETAIN_PATIENCE: SignedDuration = SignedDuration::from_mins(1);

/// What becomes of the object.
#[derive(Clone, Debug, PartialEq)]
pub enum Finalized {
    /// It may go; the events say what became of the trail.
    Released(Vec<Event>),
    /// It stays for now.
    Blocked(Box<Report>),
}

/// Whether somebody demanded in words that the object goes without AWS.
pub fn is_forced(trail: &Trail) -> bool {
    trail
        .metadata
        .annotations
        .as_ref()
        .and_then(|all| all.get(FORCE_FINALIZE))
        .is_some_and(|value| value == "true")
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

/// Lets go without asking AWS: there is no account to ask in.
pub fn without_account(trail: &Trail, unresolved: &Unresolved) -> Finalized {
    released(Event::warning(
        Reason::TrailRetained,
        "Retain",
        format!("the trail '{}' was left as it is: {}", trail.trail_name(), unresolved.message),
    ))
}

/// Does in AWS what deletion means. `deleting_for` is how long ago deletion was asked for.
pub async fn finalize<A: CloudTrail>(
    api: &A,
    input: &Input,
    previous: &TrailStatus,
    deleting_for: SignedDuration,
    now: Timestamp,
) -> Finalized {
    let result = match observe(api, input).await {
        Err(error) => Err(error),
        Ok(observed) => {
            let applied = execute(api, input, plan(input, &observed)).await;
            match applied.failed {
                None => Ok(observed),
                Some(failure) => Err(failure.error),
            }
        }
    };
    match result {
        Ok(observed) => released(farewell(input, &observed)),
        Err(error) if may_go_untouched(input, &error, deleting_for) => released(Event::warning(
            Reason::TrailRetained,
            "Retain",
            format!(
                "{} stays; its owner tag may still be there: {}",
                input.arn,
                error.explain(&input.subject())
            ),
        )),
        Err(error) => Finalized::Blocked(Box::new(blocked(input, previous, &error, now))),
    }
}

/// What deletion changes in AWS. Pure.
pub fn plan(input: &Input, observed: &Observed) -> Vec<Change> {
    let Some(trail) = &observed.trail else { return vec![] };
    if !matches!(Ownership::of(trail, input), Ownership::Ours) {
        return vec![];
    }
    match effective_policy(input) {
        DeletionPolicy::StopLogging if trail.status.is_logging => {
            vec![Change::StopLogging, Change::RemoveOwnerTag]
        }
        DeletionPolicy::StopLogging | DeletionPolicy::Retain => vec![Change::RemoveOwnerTag],
        DeletionPolicy::Delete => vec![Change::DeleteTrail],
    }
}

/// Whoever deletes a namespace, a definition or an account has not said that the audit log is to end.
fn effective_policy(input: &Input) -> DeletionPolicy {
    if input.deleted_with.is_some() { DeletionPolicy::Retain } else { input.deletion_policy }
}

fn may_go_untouched(input: &Input, error: &AwsError, deleting_for: SignedDuration) -> bool {
    effective_policy(input) == DeletionPolicy::Retain
        && (error.class() != Class::Retry || deleting_for >= RETAIN_PATIENCE)
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
    match (effective_policy(input), input.deletion_policy) {
        (DeletionPolicy::Retain, DeletionPolicy::Retain) => Event::normal(
            Reason::TrailRetained,
            "Retain",
            format!("{arn} stays as it is and is nobody's now"),
        ),
        (DeletionPolicy::Retain, asked) => {
            let with = input.deleted_with.map_or_else(String::new, |with| with.to_string());
            let note = format!(
                "{arn} stays although deletionPolicy is {asked:?}: {with} is being deleted, which does not say that the audit log is to end"
            );
            Event::warning(Reason::TrailRetained, "Retain", note)
        }
        (DeletionPolicy::StopLogging, _) => {
            Event::warning(Reason::LoggingStopped, "StopLogging", format!("{arn} stays and no longer logs"))
        }
        (DeletionPolicy::Delete, _) => {
            Event::warning(Reason::TrailDeleted, "DeleteTrail", format!("{arn} was deleted"))
        }
    }
}

fn blocked(input: &Input, previous: &TrailStatus, error: &AwsError, now: Timestamp) -> Report {
    let message = format!(
        "{:?} of the trail did not succeed: {}. Set spec.deletionPolicy to Retain, or the annotation {FORCE_FINALIZE} to \"true\", to let the object go without it",
        input.deletion_policy,
        error.explain(&input.subject())
    );
    let told = conditions::find(&previous.conditions, condition::READY)
        .is_some_and(|ready| ready.reason == Reason::DeletionBlocked.as_str() && ready.message == message);
    let events = if told {
        vec![]
    } else {
        vec![Event::warning(Reason::DeletionBlocked, "Finalize", message.clone())]
    };
    let readiness = Readiness::Waiting { reason: Reason::DeletionBlocked, message };
    let next = conditions::next(
        &previous.conditions,
        previous.observed_generation,
        input.generation,
        &readiness,
        &[],
        now,
    );
    let status = TrailStatus {
        observed_generation: next.observed_generation,
        conditions: next.list,
        ..previous.clone()
    };
    let next = if error.class() == Class::Retry { Next::Backoff } else { Next::Recheck };
    Report { status, events, next }
}

fn released(event: Event) -> Finalized {
    Finalized::Released(vec![event])
}
