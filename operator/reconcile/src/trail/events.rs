//! What a round has to tell: each situation once, when it comes up. Pure.

use std::fmt::Write as _;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use trail_operator_crds::{Drift, OWNER_TAG, TrailStatus, condition};

use super::{Allowed, Applied, Change, FieldChange, Fights, Input, Mark, change::field, readiness, report};
use crate::{
    conditions::{self, Fact, Readiness},
    event::Event,
    reason::Reason,
};

/// What was done: as the manifest says, or because others had changed something. What others did is told in one event,
/// with every field, its old and its new value.
pub(super) fn of_changes(
    input: &Input,
    previous: &TrailStatus,
    applied: &Applied,
    fights: &Fights,
    now: Timestamp,
) -> Vec<Event> {
    let created = applied.done.iter().find_map(|change| match change {
        Change::CreateTrail(settings, _) => Some(settings),
        _ => None,
    });
    if let Some(settings) = created {
        return of_creation(input, &settings.s3_bucket_name, applied);
    }
    let adopted = applied.done.iter().any(|change| matches!(change, Change::MarkOwner(Mark::Adopted, _)));
    let fields: Vec<_> = applied.done.iter().flat_map(Change::fields).collect();
    let owner_tag = field::tag(OWNER_TAG);
    let mut events = Vec::new();
    if adopted {
        let note = format!("{} existed and was taken over", input.arn);
        events.push(Event::normal(Reason::TrailAdopted, "AddTags", note));
    }
    let fields: Vec<_> = fields.into_iter().filter(|change| !adopted || change.field != owner_tag).collect();
    let (edited, drifted): (Vec<_>, Vec<_>) = fields
        .into_iter()
        .partition(|change| !input.had_settled(&change.field) || adopted || was_held_back(previous, change));
    if !drifted.is_empty() {
        events.push(of_drift(&drifted, fights, now));
    }
    events.extend(of_edit(input, &edited));
    events
}

/// Whether this is what the guard, the account or a hold held back until now: an edit then, and nobody else's doing.
pub(super) fn was_held_back(previous: &TrailStatus, change: &FieldChange) -> bool {
    // What others add is taken off at once, and what a deleted EventSelector added only after a while.
    let held = |drift: &Drift| drift.field == change.field && drift.actual == change.from;
    if change.field == field::EVENT_SELECTORS && previous.drift.iter().any(held) {
        return true;
    }
    let holds_back = |reason: &str| {
        [Reason::WeakeningRefused, Reason::NotPermitted].iter().any(|known| known.as_str() == reason)
    };
    conditions::find(&previous.conditions, condition::READY).is_some_and(|ready| holds_back(&ready.reason))
        && previous.drift.iter().any(|drift| drift.field == change.field && drift.declared == change.to)
}

fn of_creation(input: &Input, bucket: &str, applied: &Applied) -> Vec<Event> {
    let arn = &input.arn;
    let created = if input.was_settled {
        Event::warning(
            Reason::TrailCreated,
            "CreateTrail",
            format!("{arn} had been deleted in AWS; it was created again"),
        )
    } else {
        Event::normal(
            Reason::TrailCreated,
            "CreateTrail",
            format!("created {arn}, delivering to bucket '{bucket}'"),
        )
    };
    let started = applied.done.contains(&Change::StartLogging);
    let started = started
        .then(|| Event::normal(Reason::LoggingStarted, "StartLogging", format!("{arn} logs from now on")));
    std::iter::once(created).chain(started).collect()
}

/// One Warning; louder where the same happens again.
fn of_drift(fields: &[FieldChange], fights: &Fights, now: Timestamp) -> Event {
    let has = |name: &str| fields.iter().any(|change| change.field == name);
    let reason = if has(field::LOGGING) {
        Reason::LoggingRestored
    } else if fields.len() == 1 && has(&field::tag(OWNER_TAG)) {
        Reason::OwnerTagRestored
    } else {
        Reason::DriftCorrected
    };
    let mut note = format!("AWS had been changed and was put right: {}", readiness::named(fields.iter()));
    let times = fields.iter().map(|change| fights.times(&change.field, now)).max().unwrap_or_default();
    if times > 1 {
        let weakened = fields.iter().any(|change| {
            let unrecorded = change.field == field::EVENT_SELECTORS && !change.to.is_empty();
            unrecorded || report::matters(&change.field)
        });
        let who = if weakened { ". SOMEBODY WEAKENS THE RECORD" } else { ". Somebody changes it" };
        let _ = write!(note, "{who} again and again: {times} times within hours");
    }
    Event::warning(reason, names(fields), note)
}

/// As the manifest says: switching logging on or off is told by itself.
fn of_edit(input: &Input, fields: &[FieldChange]) -> Vec<Event> {
    let arn = &input.arn;
    let (logging, others): (Vec<_>, Vec<_>) =
        fields.iter().cloned().partition(|change| change.field == field::LOGGING);
    let mut events = Vec::new();
    if !others.is_empty() {
        let weakening = others.iter().any(|change| change.weakening);
        let note = format!("changed {}", readiness::named(others.iter()));
        events.push(match &input.weakening_allowed {
            Some(Allowed::BreakGlass(why)) if weakening => {
                Event::warning(Reason::TrailUpdated, names(&others), format!("{note}; break-glass: {why}"))
            }
            _ => Event::normal(Reason::TrailUpdated, names(&others), note),
        });
    }
    events.extend(logging.iter().map(|change| {
        if change.to == "Enabled" {
            Event::normal(Reason::LoggingStarted, "StartLogging", format!("{arn} logs from now on"))
        } else {
            let note = format!("{arn} no longer logs, as spec.logging says");
            Event::warning(Reason::LoggingStopped, "StopLogging", note)
        }
    }));
    events
}

fn names(fields: &[FieldChange]) -> String {
    fields.iter().map(|change| change.field.as_str()).collect::<Vec<_>>().join(",")
}

/// An event when the object comes to be in a state that somebody may have to act on, or its sentence changes.
pub(crate) fn of_readiness(previous: &[Condition], readiness: &Readiness) -> Option<Event> {
    let (reason, message) = (readiness.reason(), readiness.message());
    if matches!(reason, Reason::Succeeded | Reason::Progressing) {
        return None;
    }
    let told = conditions::find(previous, condition::READY)
        .is_some_and(|ready| ready.reason == reason.as_str() && ready.message == message);
    if told {
        return None;
    }
    Some(match reason {
        Reason::Suspended => Event::normal(reason, "Suspend", message),
        _ => Event::warning(reason, "Reconcile", message),
    })
}

/// When deliveries begin to fail, and when they are well again.
pub(super) fn of_delivery(previous: &TrailStatus, facts: &[Fact]) -> Option<Event> {
    let fact = facts.iter().find(|fact| fact.type_ == condition::LOGGING)?;
    let before = conditions::find(&previous.conditions, condition::LOGGING).map(|c| c.reason.as_str());
    let failed_before = before == Some(Reason::DeliveryFailing.as_str());
    match fact.reason {
        Reason::DeliveryFailing if !failed_before => {
            Some(Event::warning(Reason::DeliveryFailing, "GetTrailStatus", fact.message.clone()))
        }
        Reason::Delivering if failed_before => {
            Some(Event::normal(Reason::Delivering, "GetTrailStatus", "CloudTrail delivers again"))
        }
        _ => None,
    }
}
