//! Which EventSelector it is that CloudTrail refuses: all are sent in one call, and one mistake that only AWS finds must
//! not keep the others from being recorded. Pure.
//!
//! Those that AWS does not have yet are tried one by one. Who is refused alone is the one.

use std::collections::BTreeSet;

use trail_operator_crds::RefusedSelector;

use super::{Applied, Change, Hold, Input, Observed, change::field};
use crate::event_selector::{self, composition::Key};

/// `status.selectors.refused` holds at most this many.
const MAX_REFUSED: usize = 256;

/// EventSelectors that wait for their turn to be tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Isolation {
    waiting: BTreeSet<Key>,
}

/// What a round has found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// For the next round.
    pub(super) isolation: Isolation,
    /// For the status.
    pub(super) refused: Vec<RefusedSelector>,
    /// Whether there is more to be tried.
    pub(super) goes_on: bool,
}

impl Isolation {
    /// Declares without those that wait.
    pub(super) fn hold_back(&self, input: &mut Input) {
        if self.waiting.is_empty() {
            return;
        }
        let selectors = &mut input.recording.selectors;
        let tried = |key: &&Key| !self.waiting.contains(*key);
        let composition = &selectors.composition;
        let added: Vec<_> = composition
            .members
            .iter()
            .filter(tried)
            .flat_map(|key| composition.verdicts[key].selectors())
            .collect();
        let once: BTreeSet<_> = added.into_iter().collect();
        selectors.added.retain(|selector| once.contains(selector));
        selectors.hold = Some(Hold::OneByOne);
    }
}

/// What the round says of it. `refused` is what was found out before.
pub(super) fn found(
    input: &Input,
    observed: &Observed,
    applied: &Applied,
    refused: &[RefusedSelector],
) -> Found {
    let composition = &input.recording.selectors.composition;
    let waiting = &input.isolation.waiting;
    let known = refused.iter().filter(|one| is_still(composition, one)).cloned();
    let mut found = Found { refused: known.collect(), ..Found::default() };
    let Some(fields) = refused_fields(applied) else {
        // The next one, until all are in.
        let rest = waiting.iter().skip(1).filter(|key| composition.members.contains(key)).cloned().collect();
        found.goes_on = !waiting.is_empty();
        found.isolation = Isolation { waiting: rest };
        return found;
    };
    found.isolation = input.isolation.clone();
    let actual = observed.trail.as_ref().and_then(|trail| trail.recorded.selectors.as_ref());
    let there: BTreeSet<_> = actual.map(|actual| actual.advanced().into_iter().collect()).unwrap_or_default();
    let is_new = |key: &&Key| {
        !waiting.contains(*key)
            && composition.verdicts[*key].selectors().iter().any(|one| !there.contains(one))
    };
    let tried: Vec<_> = composition.members.iter().filter(is_new).collect();
    // The Trail's own management events may be what is refused, so they are tried without any first.
    let alone = !fields.contains(&field::MANAGEMENT_EVENTS.to_owned());
    match tried.as_slice() {
        [] => {}
        // There is no room to write it down: it waits, and is tried once an interval.
        [only] if alone && found.refused.len() >= MAX_REFUSED => {
            found.isolation.waiting.insert((*only).clone());
        }
        [only] if alone => {
            found.refused.push(RefusedSelector {
                namespace: only.0.clone(),
                name: only.1.clone(),
                form: event_selector::id(composition.verdicts[*only].selectors()),
            });
            found.goes_on = true;
        }
        tried => {
            found.isolation.waiting.extend(tried.iter().skip(usize::from(alone)).map(|key| (*key).clone()));
            found.goes_on = true;
        }
    }
    found
}

/// An object that is gone, or that was edited, is to be tried.
fn is_still(composition: &event_selector::Composition, refused: &RefusedSelector) -> bool {
    let key = (refused.namespace.clone(), refused.name.clone());
    composition.verdicts.get(&key).is_some_and(|verdict| verdict.refusal().is_some())
}

/// Fields of a PutEventSelectors that CloudTrail refused for what it says.
fn refused_fields(applied: &Applied) -> Option<Vec<String>> {
    let failure = applied.failed.iter().find(|failure| {
        matches!(failure.change, Change::PutEventSelectors(..))
            && failure.error.code == "InvalidEventSelectorsException"
    })?;
    Some(failure.change.fields().into_iter().map(|change| change.field).collect())
}
