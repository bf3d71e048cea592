//! What a Trail and its `EventSelector`s amount to: one function for both controllers. Pure.
//!
//! An object adds and cannot take away: neither what the Trail records of management events, nor what another object
//! records. What cannot be accepted keeps the form in which it was accepted last.

use std::collections::{BTreeMap, BTreeSet};

use trail_operator_crds::{EventSelector, RefusedSelector};
use trail_operator_domain::selectors::AdvancedSelector;

use super::form;
use crate::reason::Reason;

/// Values that a trail can hold, in all its selectors together (`cloudtrail.md` 2.2).
pub const MAX_VALUES: usize = 500;

/// Types and fields are not enumerated here, so there are mistakes that only AWS finds.
const BY_CLOUDTRAIL: &str = "InvalidEventSelectorsException: CloudTrail does not take it; it may not know the resource type, a field, or a value. Correct it, or have the Trail try again with its annotation trail-operator.dev/reconcile-requested-at";

/// Namespace and name of an object.
pub type Key = (String, String);

/// An `EventSelector` that may add to the trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Which.
    pub key: Key,
    /// Lower comes first.
    pub priority: i32,
    /// What it asks for, or what is wrong with it.
    pub form: Result<Vec<AdvancedSelector>, Vec<String>>,
    /// What AWS has for it, or may have.
    pub accepted: Option<Vec<AdvancedSelector>>,
    /// Whether its own controller has judged any form of it: where not, it may have been accepted and nobody wrote it
    /// down yet.
    pub judged: bool,
    /// Whether it is not as it was created.
    pub is_edited: bool,
}

impl Member {
    /// What an object asks for. `refused` are forms that CloudTrail itself has refused.
    pub fn of(object: &EventSelector, refused: &[RefusedSelector]) -> Self {
        let namespace = object.metadata.namespace.clone().unwrap_or_default();
        let name = object.metadata.name.clone().unwrap_or_default();
        let is_refused = |form: &[AdvancedSelector]| {
            let id = form::id(form);
            refused.iter().any(|one| one.namespace == namespace && one.name == name && one.form == id)
        };
        let form = form::form(&object.spec, &format!("{namespace}/{name}"))
            .and_then(|form| if is_refused(&form) { Err(vec![BY_CLOUDTRAIL.to_owned()]) } else { Ok(form) });
        // What AWS was seen to have, and what it may have since. Not judged by the rules of this version again: AWS has
        // taken it. Only management events are nobody's to add, whoever writes a status.
        let known = object.status.iter().flat_map(|status| status.accepted.iter().chain(&status.pending));
        let known = known.map(|one| one.selectors.iter().map(form::from_advanced).collect::<Vec<_>>());
        let known: Vec<_> = known.filter(|form| !is_refused(form)).collect();
        let mut accepted: Vec<_> = Vec::new();
        for selector in known.iter().flatten().filter(|selector| !selector.is_management()) {
            if !accepted.contains(selector) {
                accepted.push(selector.clone());
            }
        }
        let accepted = (!accepted.is_empty() && !is_refused(&accepted)).then_some(accepted);
        let judged = object.status.as_ref().and_then(|status| status.observed_generation);
        Self {
            is_edited: object.metadata.generation.unwrap_or_default() > 1,
            judged: judged.is_some_and(|generation| generation > 0),
            priority: object.spec.priority,
            form,
            accepted,
            key: (namespace, name),
        }
    }

    fn order(&self) -> (i32, &Key) {
        (self.priority, &self.key)
    }
}

/// What became of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is part of what the trail records.
    Accepted(Vec<AdvancedSelector>),
    /// What it asks for now is not; what was accepted last still is.
    Held {
        /// Why.
        refusal: Refusal,
        /// What was accepted last.
        selectors: Vec<AdvancedSelector>,
    },
    /// It is not.
    Refused(Refusal),
}

impl Verdict {
    /// What the trail records for it.
    pub fn selectors(&self) -> &[AdvancedSelector] {
        match self {
            Self::Accepted(selectors) | Self::Held { selectors, .. } => selectors,
            Self::Refused(_) => &[],
        }
    }

    /// Why it is not accepted as it is now.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Accepted(_) => None,
            Self::Held { refusal, .. } | Self::Refused(refusal) => Some(refusal),
        }
    }
}

/// Why something is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// `Invalid` or `QuotaExceeded`.
    pub reason: Reason,
    /// What is wrong and what to do.
    pub message: String,
}

/// What a trail is to record besides management events, and on whose behalf.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Composition {
    /// What became of each member.
    pub verdicts: BTreeMap<Key, Verdict>,
    /// Members of which something is recorded, in order.
    pub members: Vec<Key>,
    /// Everything accepted, in the members' order, each once.
    pub selectors: Vec<AdvancedSelector>,
    /// Members that are refused, and of which nobody knows what they may have recorded.
    pub unjudged: Vec<Key>,
}

impl Composition {
    /// Members that are accepted as they are.
    pub fn accepted(&self) -> usize {
        self.verdicts.values().filter(|verdict| matches!(verdict, Verdict::Accepted(_))).count()
    }
}

/// Composes. Whoever was accepted stays so: room is given to what was accepted before, then to what asks for less than
/// that, then to what asks for more, each by priority, namespace and name.
pub fn compose(management: Option<&AdvancedSelector>, mut members: Vec<Member>) -> Composition {
    members.sort_by(|a, b| a.order().cmp(&b.order()));
    let mut room = Room { taken: management.map_or(0, AdvancedSelector::values), placed: BTreeMap::new() };
    for member in &members {
        if let Some(accepted) = &member.accepted {
            room.place(&member.key, accepted);
        }
    }
    let asks_for_less = |member: &&Member| {
        let (Ok(form), Some(accepted)) = (&member.form, &member.accepted) else { return false };
        values(form) <= values(accepted)
    };
    let (less, more): (Vec<_>, Vec<_>) = members.iter().partition(asks_for_less);
    let mut refusals = BTreeMap::new();
    for member in less.into_iter().chain(more) {
        let refusal = match &member.form {
            Ok(form) if room.place(&member.key, form) => None,
            Ok(form) => Some(over_quota(values(form), room.beside(&member.key))),
            Err(problems) => Some(Refusal { reason: Reason::Invalid, message: problems.join("; ") }),
        };
        if let Some(refusal) = refusal {
            refusals.insert(member.key.clone(), refusal);
        }
    }
    let mut composition = Composition::default();
    let mut seen = BTreeSet::new();
    for member in &members {
        let placed = room.placed.remove(&member.key);
        if placed.is_some() {
            composition.members.push(member.key.clone());
        }
        for selector in placed.iter().flatten() {
            if seen.insert(selector.clone()) {
                composition.selectors.push(selector.clone());
            }
        }
        let verdict = match (refusals.remove(&member.key), placed) {
            (None, selectors) => Verdict::Accepted(selectors.unwrap_or_default()),
            (Some(refusal), Some(selectors)) => Verdict::Held { refusal, selectors },
            (Some(refusal), None) => Verdict::Refused(refusal),
        };
        // A new object was never accepted.
        let invalid = verdict.refusal().is_some_and(|refusal| refusal.reason == Reason::Invalid);
        if invalid && verdict.selectors().is_empty() && !member.judged && member.is_edited {
            composition.unjudged.push(member.key.clone());
        }
        composition.verdicts.insert(member.key.clone(), verdict);
    }
    composition
}

fn values(selectors: &[AdvancedSelector]) -> usize {
    selectors.iter().map(AdvancedSelector::values).sum()
}

fn over_quota(wants: usize, others: usize) -> Refusal {
    let most = MAX_VALUES.saturating_sub(others);
    Refusal {
        reason: Reason::QuotaExceeded,
        message: format!(
            "a trail holds {MAX_VALUES} values in all its selectors, others take {others}, and this asks for {wants} where {most} are free; name fewer resources (a common beginning with startsWith needs one value), or use another trail"
        ),
    }
}

/// What is placed so far.
struct Room {
    /// Values of the management selector.
    taken: usize,
    placed: BTreeMap<Key, Vec<AdvancedSelector>>,
}

impl Room {
    /// What several ask for is sent once.
    fn used(&self) -> usize {
        let once: BTreeSet<_> = self.placed.values().flatten().collect();
        self.taken + once.into_iter().map(AdvancedSelector::values).sum::<usize>()
    }

    /// Without what this member has.
    fn beside(&self, key: &Key) -> usize {
        let others: BTreeSet<_> =
            self.placed.iter().filter(|(of, _)| *of != key).flat_map(|(_, placed)| placed).collect();
        self.taken + others.into_iter().map(AdvancedSelector::values).sum::<usize>()
    }

    /// Places it instead of what the member has; leaves all as it was where there is no room.
    fn place(&mut self, key: &Key, selectors: &[AdvancedSelector]) -> bool {
        let before = self.placed.insert(key.clone(), selectors.to_vec());
        if self.used() <= MAX_VALUES {
            return true;
        }
        match before {
            Some(before) => self.placed.insert(key.clone(), before),
            None => self.placed.remove(key),
        };
        false
    }
}
