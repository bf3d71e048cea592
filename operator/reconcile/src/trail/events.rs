//! What a round has to tell: each situation once, when it comes up. Pure.

use trail_operator_crds::{TrailStatus, condition};

use super::{Applied, Change, FieldChange, Input};
use crate::{
    conditions::{self, Fact, Readiness},
    event::Event,
    reason::Reason,
};

/// One for each change that was made: as the manifest says, or because others had changed something.
pub(super) fn of_changes(input: &Input, applied: &Applied) -> Vec<Event> {
    let arn = &input.arn;
    let created = applied.done.iter().any(|change| matches!(change, Change::CreateTrail(_)));
    applied
        .done
        .iter()
        .map(|change| {
            let operation = change.operation();
            match change {
                Change::CreateTrail(_) if input.was_ready => Event::warning(
                    Reason::TrailCreated,
                    operation,
                    format!("{arn} had been deleted in AWS; it was created again"),
                ),
                Change::CreateTrail(settings) => Event::normal(
                    Reason::TrailCreated,
                    operation,
                    format!("created {arn}, delivering to bucket '{}'", settings.s3_bucket_name),
                ),
                Change::UpdateTrail(fields, _) => of_update(fields, input.was_ready),
                Change::StartLogging if input.was_ready && !created => Event::warning(
                    Reason::LoggingRestored,
                    operation,
                    format!("logging of {arn} had been switched off in AWS; it was switched on again"),
                ),
                Change::StartLogging => {
                    Event::normal(Reason::LoggingStarted, operation, format!("{arn} logs from now on"))
                }
                Change::StopLogging => Event::normal(
                    Reason::LoggingStopped,
                    operation,
                    format!("{arn} no longer logs, as spec.logging says"),
                ),
                Change::RestoreOwnerTag => Event::warning(
                    Reason::OwnerTagRestored,
                    operation,
                    format!("the owner tag of {arn} had been taken off; it was put back"),
                ),
                Change::RemoveOwnerTag | Change::DeleteTrail => {
                    Event::normal(Reason::TrailDeleted, operation, format!("{operation} of {arn}"))
                }
            }
        })
        .collect()
}

fn of_update(fields: &[FieldChange], was_ready: bool) -> Event {
    let names = fields.iter().map(|change| change.field).collect::<Vec<_>>().join(",");
    let told = fields.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    if was_ready {
        Event::warning(
            Reason::DriftCorrected,
            names,
            format!("AWS had been changed and was put right: {told}"),
        )
    } else {
        Event::normal(Reason::TrailUpdated, names, format!("changed {told}"))
    }
}

/// A Warning when the object comes to be in a state that somebody may have to act on, or its sentence changes.
pub(super) fn of_readiness(previous: &TrailStatus, readiness: &Readiness) -> Option<Event> {
    let (reason, message) = (readiness.reason(), readiness.message());
    if matches!(reason, Reason::Succeeded | Reason::Progressing) {
        return None;
    }
    let told = conditions::find(&previous.conditions, condition::READY)
        .is_some_and(|ready| ready.reason == reason.as_str() && ready.message == message);
    (!told).then(|| Event::warning(reason, "Reconcile", message))
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
