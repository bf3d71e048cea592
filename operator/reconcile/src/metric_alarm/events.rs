//! What a round has to tell: each situation once, when it comes up. Pure.

use jiff::Timestamp;
use trail_operator_crds::{Backtest, MetricAlarmStatus, OWNER_TAG, condition};

use super::{Applied, Change, Input, backtest::Remark};
use crate::{
    conditions::{self, Fact, Status},
    event::Event,
    reason::Reason,
    trail::{FieldChange, Fights, Mark, field, named},
};

/// What was done: as the manifest says, or because others had changed something.
pub(super) fn of_changes(input: &Input, applied: &Applied, fights: &Fights, now: Timestamp) -> Vec<Event> {
    let place = &input.place;
    let mut events = Vec::new();
    for change in &applied.done {
        events.extend(match change {
            Change::PutMetricFilter(fields, _) if fields.is_empty() => Some(made(
                input,
                "PutMetricFilter",
                &format!("metric filter '{}' on log group '{}'", place.filter_name, place.log_group_name),
            )),
            Change::PutMetricAlarm(fields, ..) if fields.is_empty() => {
                Some(made(input, "PutMetricAlarm", &format!("alarm '{}'", place.alarm_name)))
            }
            Change::MarkOwner(Mark::Adopted, _) => Some(Event::normal(
                Reason::AlarmAdopted,
                "TagResource",
                format!("alarm '{}' existed and was taken over", place.alarm_name),
            )),
            Change::DeleteAlarm(old) => Some(Event::normal(
                Reason::AlarmUpdated,
                "DeleteAlarms",
                format!(
                    "alarm '{}' was deleted, since '{}' is in its place",
                    old.alarm_name, place.alarm_name
                ),
            )),
            Change::DeleteMetricFilter(old) => Some(Event::normal(
                Reason::AlarmUpdated,
                "DeleteMetricFilter",
                format!(
                    "metric filter '{}' on log group '{}' was deleted, since '{}' on '{}' is in its place",
                    old.filter_name, old.log_group_name, place.filter_name, place.log_group_name
                ),
            )),
            _ => None,
        });
    }
    let adopted = applied.done.iter().any(|change| matches!(change, Change::MarkOwner(Mark::Adopted, _)));
    let fields: Vec<_> = applied.done.iter().flat_map(Change::fields).collect();
    let fields: Vec<_> =
        fields.into_iter().filter(|change| !adopted || change.field != field::tag(OWNER_TAG)).collect();
    if !fields.is_empty() {
        events.push(of_fields(input, &fields, adopted, fights, now));
    }
    events
}

/// What was there before and is gone was deleted by somebody.
fn made(input: &Input, action: &str, what: &str) -> Event {
    if input.was_settled {
        let note = format!("{what} had been deleted in AWS; it was made again");
        return Event::warning(Reason::DriftCorrected, action, note);
    }
    Event::normal(Reason::AlarmCreated, action, format!("made {what}"))
}

fn of_fields(input: &Input, fields: &[FieldChange], adopted: bool, fights: &Fights, now: Timestamp) -> Event {
    let names = fields.iter().map(|change| change.field.as_str()).collect::<Vec<_>>().join(",");
    if !input.was_settled || adopted {
        return Event::normal(Reason::AlarmUpdated, names, format!("changed {}", named(fields.iter())));
    }
    let times = fields.iter().map(|change| fights.times(&change.field, now)).max().unwrap_or_default();
    let again = if times > 1 {
        format!(". Somebody changes it again and again: {times} times within hours")
    } else {
        String::new()
    };
    let note = format!("AWS had been changed and was put right: {}{again}", named(fields.iter()));
    Event::warning(Reason::DriftCorrected, names, note)
}

/// A link of the chain that does not hold any more, and when it holds again.
pub(super) fn of_ringing(previous: &MetricAlarmStatus, facts: &[Fact]) -> Option<Event> {
    let fact = facts.iter().find(|fact| fact.type_ == condition::WOULD_RING)?;
    let before = conditions::find(&previous.conditions, condition::WOULD_RING);
    let told = before.is_some_and(|before| before.reason == fact.reason.as_str());
    match fact.status {
        // What is not there yet is being made.
        Status::False if !told && fact.reason != Reason::NotInPlace => {
            Some(Event::warning(fact.reason, "Check", fact.message.clone()))
        }
        Status::True if before.is_some_and(|before| before.status == "False") => {
            Some(Event::normal(fact.reason, "Check", fact.message.clone()))
        }
        _ => None,
    }
}

/// A pattern that matches everything, or nothing: once.
pub(super) fn of_backtest(previous: &MetricAlarmStatus, next: Option<&Backtest>) -> Option<Event> {
    let next = next?;
    let before = previous.backtest.as_ref().map(Remark::of).unwrap_or_default();
    let remark = || next.remark.clone().unwrap_or_default();
    match Remark::of(next) {
        same if same == before => None,
        Remark::Everything => Some(Event::warning(Reason::MatchesEverything, "Backtest", remark())),
        Remark::Nothing => Some(Event::normal(Reason::MatchesNothing, "Backtest", remark())),
        Remark::Unclear | Remark::None => None,
    }
}
