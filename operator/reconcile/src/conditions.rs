//! Conditions by the rules of kstatus.
//!
//! - `Ready` is always there. `Reconciling` and `Stalled` are there only when True, and never both.
//! - `Ready` is True only when neither of them is there, and Unknown only beside `Reconciling`.
//! - Every condition carries the generation it speaks of; a condition's transition time moves with its status only.
//! - The root `observedGeneration` moves once `Ready` or `Stalled` was reached for a generation, not before, so that a
//!   waiting tool goes on waiting while work goes on.
//!
//! Sources: Kubernetes' API conventions; kstatus (cli-utils); Flux's condition checks FAIL0001 to FAIL0011.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use trail_operator_crds::condition::{READY, RECONCILING, STALLED};

use crate::reason::Reason;

/// How long something outside may be amiss before the object counts as stalled.
pub const STALLED_AFTER: SignedDuration = SignedDuration::from_mins(10);

/// What an object amounts to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// As declared.
    Ready {
        /// What that means here.
        message: String,
    },
    /// Being worked on, and not as declared.
    NotReady {
        /// Why.
        reason: Reason,
        /// What is amiss and what to do.
        message: String,
    },
    /// Waiting for something outside; stalled once it has waited for [`STALLED_AFTER`].
    Waiting {
        /// Why.
        reason: Reason,
        /// What must change outside.
        message: String,
    },
    /// Not known, and being looked into.
    Unknown {
        /// Why.
        reason: Reason,
        /// What could not be learnt.
        message: String,
    },
    /// Looked at only, and not as declared. Nobody is at work on it, and nobody is asked to be.
    Drifted {
        /// Why.
        reason: Reason,
        /// What differs.
        message: String,
    },
    /// Going no further until somebody changes the manifest.
    Stalled {
        /// Why.
        reason: Reason,
        /// What must change.
        message: String,
    },
}

impl Readiness {
    /// Why it is so.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Ready { .. } => Reason::Succeeded,
            Self::NotReady { reason, .. }
            | Self::Waiting { reason, .. }
            | Self::Unknown { reason, .. }
            | Self::Drifted { reason, .. }
            | Self::Stalled { reason, .. } => *reason,
        }
    }

    /// The sentence.
    pub fn message(&self) -> &str {
        match self {
            Self::Ready { message }
            | Self::NotReady { message, .. }
            | Self::Waiting { message, .. }
            | Self::Unknown { message, .. }
            | Self::Drifted { message, .. }
            | Self::Stalled { message, .. } => message,
        }
    }
}

/// The three values of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Yes.
    True,
    /// No.
    False,
    /// Cannot be told; never to be taken for yes.
    Unknown,
}

impl Status {
    /// What a condition says.
    pub(crate) fn of(condition: &Condition) -> Self {
        match condition.status.as_str() {
            "True" => Self::True,
            "False" => Self::False,
            _ => Self::Unknown,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }
}

/// One statement beside readiness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Type of the condition, see [`trail_operator_crds::condition`].
    pub type_: &'static str,
    /// Whether it holds.
    pub status: Status,
    /// Why.
    pub reason: Reason,
    /// The sentence.
    pub message: String,
}

impl Fact {
    /// A statement.
    pub fn new(type_: &'static str, status: Status, reason: Reason, message: impl Into<String>) -> Self {
        Self { type_, status, reason, message: message.into() }
    }

    /// The statement that a condition makes; `None` where there is none, or this version does not know its reason.
    pub fn known(list: &[Condition], type_: &'static str) -> Option<Self> {
        let condition = find(list, type_)?;
        let reason = Reason::ALL.iter().find(|reason| reason.as_str() == condition.reason)?;
        Some(Self::new(type_, Status::of(condition), *reason, condition.message.clone()))
    }
}

/// Conditions and the generation that the whole status speaks of.
#[derive(Clone, Debug, PartialEq)]
pub struct Conditions {
    /// In a stable order: Ready, then Reconciling or Stalled, then the others as given.
    pub list: Vec<Condition>,
    /// For `status.observedGeneration`.
    pub observed_generation: Option<i64>,
}

impl Conditions {
    /// The list with the previous facts as they were: for a round that learnt nothing about them.
    pub fn with_facts_of(mut self, previous: &[Condition]) -> Vec<Condition> {
        let summary = [READY, RECONCILING, STALLED];
        self.list.extend(previous.iter().filter(|c| !summary.contains(&c.type_.as_str())).cloned());
        self.list
    }
}

/// The condition of a type.
pub fn find<'a>(list: &'a [Condition], type_: &str) -> Option<&'a Condition> {
    list.iter().find(|condition| condition.type_ == type_)
}

/// The next conditions of an object.
pub fn next(
    previous: &[Condition],
    previous_generation: Option<i64>,
    generation: i64,
    readiness: &Readiness,
    facts: &[Fact],
    now: Timestamp,
) -> Conditions {
    let now = whole_seconds(now);
    let set = |type_: &str, status: Status, reason: Reason, message: &str| Condition {
        type_: type_.into(),
        status: status.as_str().into(),
        reason: reason.as_str().into(),
        message: message.into(),
        observed_generation: Some(generation),
        last_transition_time: find(previous, type_)
            .filter(|old| old.status == status.as_str())
            .map_or(Time(now), |old| old.last_transition_time.clone()),
    };
    let mut list = Vec::with_capacity(2 + facts.len());
    let settled = match readiness {
        Readiness::Ready { message } => {
            list.push(set(READY, Status::True, Reason::Succeeded, message));
            true
        }
        Readiness::Stalled { reason, message } => {
            list.push(set(READY, Status::False, *reason, message));
            list.push(set(STALLED, Status::True, *reason, message));
            true
        }
        Readiness::Waiting { reason, message } => {
            let stalled = waited_long_enough(previous, *reason, generation, now);
            list.push(set(READY, Status::False, *reason, message));
            list.push(set(if stalled { STALLED } else { RECONCILING }, Status::True, *reason, message));
            stalled
        }
        Readiness::Drifted { reason, message } => {
            list.push(set(READY, Status::False, *reason, message));
            false
        }
        Readiness::NotReady { reason, message } => {
            list.push(set(READY, Status::False, *reason, message));
            list.push(set(RECONCILING, Status::True, *reason, message));
            false
        }
        Readiness::Unknown { reason, message } => {
            list.push(set(READY, Status::Unknown, *reason, message));
            list.push(set(RECONCILING, Status::True, *reason, message));
            false
        }
    };
    list.extend(facts.iter().map(|fact| set(fact.type_, fact.status, fact.reason, &fact.message)));
    let observed_generation = if settled { Some(generation) } else { previous_generation };
    Conditions { list, observed_generation }
}

/// Whether the object has been in progress for [`STALLED_AFTER`] and is so for this reason and generation now, or is
/// stalled over it already. Time in progress over something else counts, since a transition time moves with the status
/// only; a new reason or generation is given one more round.
fn waited_long_enough(previous: &[Condition], reason: Reason, generation: i64, now: Timestamp) -> bool {
    let same = |type_| {
        find(previous, type_)
            .filter(|c| c.reason == reason.as_str() && c.observed_generation == Some(generation))
    };
    same(STALLED).is_some()
        || same(RECONCILING).is_some_and(|c| now.duration_since(c.last_transition_time.0) >= STALLED_AFTER)
}

/// Kubernetes writes times in whole seconds; a fraction would look like a change after the next read.
pub fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn readiness() -> impl Strategy<Value = Readiness> {
        let reason =
            prop::sample::select(vec![Reason::BucketNotFound, Reason::AccessDenied, Reason::Progressing]);
        (0..6u8, reason, "[a-c]{0,2}").prop_map(|(kind, reason, message)| match kind {
            0 => Readiness::Ready { message },
            5 => Readiness::Drifted { reason, message },
            1 => Readiness::NotReady { reason, message },
            2 => Readiness::Waiting { reason, message },
            3 => Readiness::Unknown { reason, message },
            _ => Readiness::Stalled { reason, message },
        })
    }

    fn status(conditions: &Conditions, type_: &str) -> Option<String> {
        find(&conditions.list, type_).map(|condition| condition.status.clone())
    }

    proptest! {
        /// Flux's FAIL0001 to FAIL0011 over any history of verdicts, edits and pauses.
        #[test]
        fn any_history_keeps_the_rules_of_kstatus(
            steps in prop::collection::vec((readiness(), any::<bool>(), 0i64..1200, any::<bool>()), 1..40)
        ) {
            let mut state = Conditions { list: vec![], observed_generation: Some(-1) };
            let (mut generation, mut now) = (1, 1_800_000_000);
            for (readiness, edited, pause, logging) in steps {
                generation += i64::from(edited);
                now += pause;
                let time = Timestamp::new(now, 123_456_789).unwrap();
                let status_of = if logging { Status::True } else { Status::Unknown };
                let facts = [Fact::new("Logging", status_of, Reason::Delivering, "")];
                let next = next(&state.list, state.observed_generation, generation, &readiness, &facts, time);

                let ready = status(&next, READY);
                prop_assert!(ready.is_some(), "Ready is always there");
                let negatives: Vec<_> = [RECONCILING, STALLED].into_iter().filter_map(|t| status(&next, t)).collect();
                prop_assert!(negatives.len() <= 1, "Reconciling and Stalled are never both there");
                prop_assert!(negatives.iter().all(|s| s == "True"), "a negative condition is there only when True");
                let drifted = matches!(readiness, Readiness::Drifted { .. });
                prop_assert_eq!(ready.as_deref() == Some("True") || drifted, negatives.is_empty());
                prop_assert!(!drifted || ready.as_deref() == Some("False"));
                if ready.as_deref() == Some("Unknown") {
                    prop_assert!(status(&next, RECONCILING).is_some());
                }
                prop_assert!(next.observed_generation.unwrap() <= generation);
                prop_assert!(next.list.iter().all(|c| c.observed_generation == Some(generation)));
                if ready.as_deref() == Some("True") || status(&next, STALLED).is_some() {
                    prop_assert_eq!(next.observed_generation, Some(generation));
                } else {
                    prop_assert_eq!(next.observed_generation, state.observed_generation);
                }
                for condition in &next.list {
                    let old = find(&state.list, &condition.type_);
                    let moved = old.is_none_or(|old| old.last_transition_time != condition.last_transition_time);
                    let changed = old.is_none_or(|old| old.status != condition.status);
                    prop_assert!(!moved || changed, "a transition time moves with the status only");
                    prop_assert!(!condition.reason.is_empty());
                }
                state = next;
            }
        }

        /// Writing the same verdict again is no change.
        #[test]
        fn the_same_verdict_twice_changes_nothing(verdict in readiness(), pause in 0i64..599) {
            let at = |second| Timestamp::from_second(1_800_000_000 + second).unwrap();
            let first = next(&[], Some(-1), 1, &verdict, &[], at(0));
            let second = next(&first.list, first.observed_generation, 1, &verdict, &[], at(pause));
            prop_assert_eq!(first, second);
        }
    }

    #[test]
    fn waiting_becomes_stalled_after_ten_minutes_and_starts_anew_with_the_manifest() {
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
        let waiting = Readiness::Waiting { reason: Reason::BucketNotFound, message: String::new() };
        let first = next(&[], None, 1, &waiting, &[], at(0));
        assert!(find(&first.list, RECONCILING).is_some());
        let before = next(&first.list, None, 1, &waiting, &[], at(599));
        assert!(find(&before.list, STALLED).is_none());
        let after = next(&before.list, None, 1, &waiting, &[], at(600));
        assert!(find(&after.list, STALLED).is_some() && find(&after.list, RECONCILING).is_none());
        let edited = next(&after.list, Some(1), 2, &waiting, &[], at(601));
        assert!(find(&edited.list, STALLED).is_none());
    }
}
