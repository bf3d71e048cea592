//! The next status of an `EventSelector`, and what is to be told. Pure.

use jiff::Timestamp;
use trail_operator_crds::{
    AcceptedSelectors, EventSelector, EventSelectorStatus, SelectorWarning, condition,
};
use trail_operator_domain::{cost::ObjectKind, selectors::AdvancedSelector};

use super::{
    Found, Verdict, View,
    composition::{Key, Refusal},
    view::kept,
    warnings,
};
use crate::{
    conditions::{self, Fact, Readiness, Status},
    event::Event,
    reason::Reason,
    trail::{Next, cost},
};

/// `status.records`, `.overlaps` and `.warnings` hold at most this many lines.
const MAX_LINES: usize = 20;
/// Of at most so many characters each.
const MAX_CHARS: usize = 1000;

/// What to write, tell and do next.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The next status.
    pub status: EventSelectorStatus,
    /// To be published.
    pub events: Vec<Event>,
    /// When to look again.
    pub next: Next,
}

/// What is known of an object in one round.
struct Known<'a> {
    previous: EventSelectorStatus,
    generation: i64,
    key: Key,
    view: &'a View,
}

/// The report on an object and what it sees of its Trail.
pub fn report(object: &EventSelector, view: &View, now: Timestamp) -> Report {
    let known = Known {
        previous: object.status.clone().unwrap_or_default(),
        generation: object.metadata.generation.unwrap_or_default(),
        key: (
            object.metadata.namespace.clone().unwrap_or_default(),
            object.metadata.name.clone().unwrap_or_default(),
        ),
        view,
    };
    let judged = known.judge();
    let conditions = conditions::next(
        &known.previous.conditions,
        known.previous.observed_generation,
        known.generation,
        &judged.readiness,
        &[judged.accepted, judged.applied],
        now,
    );
    let status = EventSelectorStatus {
        observed_generation: conditions.observed_generation,
        conditions: conditions.list,
        ..judged.status
    };
    let next = match judged.readiness {
        Readiness::Waiting { .. } => Next::Recheck,
        _ => Next::Interval,
    };
    Report { events: events(&known.previous, &judged.readiness, &status), status, next }
}

struct Judged {
    readiness: Readiness,
    accepted: Fact,
    applied: Fact,
    /// Without conditions.
    status: EventSelectorStatus,
}

impl Known<'_> {
    fn judge(&self) -> Judged {
        let found = match self.view {
            View::None { reason, message } => return self.without_trail(*reason, message),
            View::Trail(found) => found,
        };
        match found.composition.verdicts.get(&self.key) {
            Some(Verdict::Accepted(selectors)) => self.accepted(found, selectors),
            Some(Verdict::Held { refusal, selectors }) => self.refused(found, refusal, selectors),
            Some(Verdict::Refused(refusal)) => self.refused(found, refusal, &[]),
            // The cache of the composition has not got it yet.
            None => self.without_trail(Reason::Progressing, "the object is not known to its Trail yet"),
        }
    }

    fn without_trail(&self, reason: Reason, message: &str) -> Judged {
        let readiness = match reason {
            Reason::Progressing => Readiness::NotReady { reason, message: message.into() },
            _ => Readiness::Waiting { reason, message: message.into() },
        };
        Judged {
            readiness,
            accepted: Fact::new(condition::ACCEPTED, Status::False, reason, message),
            applied: Fact::new(condition::APPLIED, Status::False, Reason::NotAccepted, NOTHING),
            status: EventSelectorStatus {
                accepted: self.previous.accepted.clone(),
                pending: self.previous.pending.clone(),
                ..<_>::default()
            },
        }
    }

    fn refused(&self, found: &Found, refusal: &Refusal, held: &[AdvancedSelector]) -> Judged {
        let Refusal { reason, message } = refusal;
        let readiness = if *reason == Reason::Invalid {
            Readiness::Stalled { reason: *reason, message: message.clone() }
        } else {
            Readiness::Waiting { reason: *reason, message: message.clone() }
        };
        let (accepted, pending) = self.kept(found, held);
        let applied = match accepted.as_ref().or(pending.as_ref()) {
            Some(accepted) => Fact::new(
                condition::APPLIED,
                Status::False,
                Reason::HeldLastAccepted,
                format!(
                    "the trail goes on recording what was accepted with generation {}",
                    accepted.generation
                ),
            ),
            _ => Fact::new(condition::APPLIED, Status::False, Reason::NotAccepted, NOTHING),
        };
        Judged {
            readiness,
            accepted: Fact::new(condition::ACCEPTED, Status::False, *reason, message),
            applied,
            status: EventSelectorStatus {
                accepted,
                pending,
                applied_revision: self.previous.applied_revision.clone(),
                ..self.told(found, held)
            },
        }
    }

    /// What AWS goes on having for an object whose spec is refused. Once AWS is seen to have what was on its way, that
    /// takes the place of what was before.
    fn kept(
        &self,
        found: &Found,
        held: &[AdvancedSelector],
    ) -> (Option<AcceptedSelectors>, Option<AcceptedSelectors>) {
        let is_held = |form: &AcceptedSelectors| {
            let form: Vec<_> = form.selectors.iter().map(super::from_advanced).collect();
            !form.is_empty() && form.iter().all(|selector| held.contains(selector))
        };
        let accepted = self.previous.accepted.clone().filter(is_held);
        match self.previous.pending.clone().filter(is_held) {
            Some(pending) if self.is_in_place(found) == Some(true) => (Some(pending), None),
            pending => (accepted, pending),
        }
    }

    /// Whether AWS has what the Trail is to record for this object; `None` where the Trail has not looked at that yet.
    fn is_in_place(&self, found: &Found) -> Option<bool> {
        let of_trail = found.trail.status.as_ref()?.selectors.as_ref()?;
        let me = format!("{}/{}", self.key.0, self.key.1);
        (of_trail.revision == found.revision).then(|| !of_trail.unapplied.contains(&me))
    }

    fn accepted(&self, found: &Found, selectors: &[AdvancedSelector]) -> Judged {
        let form = kept(selectors);
        let unchanged = self.previous.accepted.as_ref().is_some_and(|accepted| accepted.selectors == form);
        let applied_revision = self.applied_revision(found, unchanged);
        // What AWS has not taken may turn out to be nothing that it takes.
        let this = Some(AcceptedSelectors { generation: self.generation, selectors: form });
        let (accepted, pending) =
            if applied_revision.is_some() { (this, None) } else { (self.previous.accepted.clone(), this) };
        let (readiness, applied) = if applied_revision.is_some() {
            (
                Readiness::Ready { message: "the trail records it".into() },
                Fact::new(condition::APPLIED, Status::True, Reason::Applied, "AWS has it"),
            )
        } else {
            let (reason, message) = not_yet(found);
            let applied = Fact::new(condition::APPLIED, Status::False, reason, message.clone());
            (Readiness::NotReady { reason, message }, applied)
        };
        Judged {
            readiness,
            accepted: Fact::new(
                condition::ACCEPTED,
                Status::True,
                Reason::Accepted,
                "it is part of what the trail is to record",
            ),
            applied,
            status: EventSelectorStatus {
                accepted,
                pending,
                applied_revision,
                ..self.told(found, selectors)
            },
        }
    }

    /// The revision with which the Trail says that AWS has it; `None` where it does not. A Trail that has not looked at
    /// the newest edit of others has not lost what it had.
    fn applied_revision(&self, found: &Found, unchanged: bool) -> Option<String> {
        let was = conditions::find(&self.previous.conditions, condition::APPLIED)
            .is_some_and(|applied| applied.status == "True");
        match self.is_in_place(found) {
            Some(true) => Some(found.revision.clone()),
            Some(false) => None,
            None => self.previous.applied_revision.clone().filter(|_| was && unchanged),
        }
    }

    /// What is recorded, in words, and what should be known of it.
    fn told(&self, found: &Found, selectors: &[AdvancedSelector]) -> EventSelectorStatus {
        let warnings = warnings::warnings(selectors, found).into_iter();
        let overlaps = warnings::overlaps(&self.key, selectors, &found.composition);
        EventSelectorStatus {
            records: lines(selectors.iter().map(AdvancedSelector::describe)),
            overlaps: lines(overlaps.into_iter()),
            warnings: warnings
                .take(MAX_LINES)
                .map(|warning| SelectorWarning {
                    reason: warning.reason.as_str().into(),
                    message: cut(warning.message),
                })
                .collect(),
            cost: cost::share(&found.trail, ObjectKind::EventSelector, &self.key.0, &self.key.1),
            ..EventSelectorStatus::default()
        }
    }
}

const NOTHING: &str = "the trail records nothing for this object";

/// Why AWS does not have it. What is amiss with the Trail is the Trail's to tell.
fn not_yet(found: &Found) -> (Reason, String) {
    let conditions =
        found.trail.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    let ready = conditions::find(conditions, condition::READY);
    match ready.filter(|ready| ready.status != "True" && ready.reason != Reason::Progressing.as_str()) {
        Some(ready) => (
            Reason::TrailNotReady,
            format!("the Trail is not as declared ({}); see its conditions", ready.reason),
        ),
        None => (Reason::Progressing, "the Trail has not put it into AWS yet".into()),
    }
}

fn lines(lines: impl Iterator<Item = String>) -> Vec<String> {
    lines.take(MAX_LINES).map(cut).collect()
}

fn cut(text: String) -> String {
    if text.chars().nth(MAX_CHARS).is_none() {
        return text;
    }
    text.chars().take(MAX_CHARS).chain(['…']).collect()
}

/// When it comes to be in place, when it comes to be in a state that somebody may have to act on, and each new warning.
fn events(previous: &EventSelectorStatus, readiness: &Readiness, next: &EventSelectorStatus) -> Vec<Event> {
    let mut events = Vec::new();
    let before = conditions::find(&previous.conditions, condition::READY);
    let (reason, message) = (readiness.reason(), readiness.message());
    let told = before.is_some_and(|ready| ready.reason == reason.as_str() && ready.message == message);
    match reason {
        Reason::Progressing => {}
        Reason::Succeeded if !told => {
            let records = next.records.join("; ");
            events.push(Event::normal(
                Reason::Applied,
                "PutEventSelectors",
                format!("the trail records: {records}"),
            ));
        }
        _ if !told => events.push(Event::warning(reason, "Reconcile", message)),
        _ => {}
    }
    let new = next.warnings.iter().filter(|warning| !previous.warnings.contains(warning));
    events.extend(new.filter_map(|warning| {
        let reason = Reason::ALL.iter().find(|reason| reason.as_str() == warning.reason)?;
        Some(Event::warning(*reason, "Judge", warning.message.clone()))
    }));
    events
}
