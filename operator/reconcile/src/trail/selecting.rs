//! What is to be done to a trail's selectors. Pure.
//!
//! Management events are the Trail's own, everything else its `EventSelector`s'; each is judged by itself and both are
//! sent together, since AWS replaces the whole list. The guard looks after management events, a [`Hold`] after the rest.

use std::{collections::BTreeSet, fmt, time::Duration};

use trail_operator_domain::selectors::{AdvancedSelector, Selectors};

use super::{Change, FieldChange, Withheld, change::field, guard};
use crate::{
    event_selector::{self, Composition, MAX_VALUES, composition::Key},
    reason::Reason,
};

/// What a trail is to record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeclaredSelectors {
    /// Management events; `None` for none.
    pub management: Option<AdvancedSelector>,
    /// What `EventSelector`s add.
    pub added: Vec<AdvancedSelector>,
    /// What became of each of them.
    pub composition: Composition,
    /// Why nothing that they may have added is given up now.
    pub hold: Option<Hold>,
}

/// Why data and network activity events go on being recorded although nobody declares them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hold {
    /// An `EventSelector` was deleted a moment ago, and may come back; for so long.
    LatelyDeleted(Duration),
    /// The Trail was made a moment ago, and its `EventSelector`s may still come; for so long.
    New(Duration),
    /// An `EventSelector` that this version cannot read; its namespace and name.
    Unreadable(String),
    /// An `EventSelector` that is invalid and may have been accepted before; its namespace and name.
    Unjudged(String),
    /// `EventSelector`s are tried one by one, and what those had that wait stays.
    OneByOne,
    /// The Trail's namespace is being deleted.
    Namespace,
    /// Whether the definition of `EventSelector` is there to stay has to be asked first.
    NotAskedYet,
    /// The definition of `EventSelector` is being deleted, or is gone, and takes the objects along.
    Definition,
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LatelyDeleted(_) => f.write_str("an EventSelector was deleted a moment ago"),
            Self::New(_) => f.write_str("the Trail was made a moment ago"),
            Self::Unreadable(key) => write!(f, "EventSelector {key} cannot be read by this version"),
            Self::Unjudged(key) => write!(f, "EventSelector {key} is invalid and was not judged before"),
            Self::OneByOne => f.write_str("EventSelectors are tried one by one"),
            Self::Namespace => f.write_str("its namespace is being deleted"),
            Self::NotAskedYet => f.write_str("the API server was not asked yet"),
            Self::Definition => f.write_str("the CustomResourceDefinition of EventSelector is being deleted"),
        }
    }
}

impl DeclaredSelectors {
    /// In AWS's form.
    pub fn all(&self) -> Selectors {
        Selectors::declared(self.management.clone(), &self.added)
    }

    /// Whether the trail would record nothing at all.
    pub fn is_empty(&self) -> bool {
        self.management.is_none() && self.added.is_empty()
    }

    /// Names what is declared: the same for the same selectors, whatever their order.
    pub fn revision(&self) -> String {
        event_selector::id(&self.management.iter().chain(&self.added).cloned().collect::<Vec<_>>())
    }

    /// Whether AWS records all of it.
    pub fn is_in_place(&self, actual: &Selectors) -> bool {
        let parts = Parts::of(actual);
        parts.has_management(self.management.as_ref()) && parts.missing(&self.added).is_empty()
    }

    /// `EventSelector`s of which AWS does not record all.
    pub(super) fn unapplied(&self, actual: &Selectors) -> Vec<String> {
        let parts = Parts::of(actual);
        let lacks = |key: &&Key| !parts.missing(self.composition.verdicts[*key].selectors()).is_empty();
        let lacking = self.composition.members.iter().filter(lacks);
        lacking.map(|(namespace, name)| format!("{namespace}/{name}")).take(MAX_UNAPPLIED).collect()
    }
}

/// `status.selectors.unapplied` holds at most this many: more have no room in a trail.
const MAX_UNAPPLIED: usize = 512;

/// The selectors that a trail has, apart.
struct Parts {
    management: Vec<AdvancedSelector>,
    added: Vec<AdvancedSelector>,
    whole: Selectors,
    /// The basic form has no names.
    named: bool,
}

impl Parts {
    fn of(actual: &Selectors) -> Self {
        let (management, added) =
            actual.advanced().into_iter().partition(|selector: &AdvancedSelector| selector.is_management());
        Self { management, added, whole: actual.clone(), named: !matches!(actual, Selectors::Basic(_)) }
    }

    fn same(&self, a: &AdvancedSelector, b: &AdvancedSelector) -> bool {
        a.fields == b.fields && (!self.named || a.name == b.name)
    }

    /// The basic form can say the same in more ways than one. In the advanced form the name counts: auditing tools go by
    /// it.
    fn has_management(&self, declared: Option<&AdvancedSelector>) -> bool {
        if self.named {
            let declared: Vec<_> = declared.into_iter().collect();
            return self.management.iter().collect::<Vec<_>>() == declared;
        }
        self.whole.management_events() == only(declared).management_events()
    }

    fn missing(&self, declared: &[AdvancedSelector]) -> Vec<AdvancedSelector> {
        let there = |one: &&AdvancedSelector| self.added.iter().any(|actual| self.same(actual, one));
        declared.iter().filter(|one| !there(one)).cloned().collect()
    }

    fn extra(&self, declared: &[AdvancedSelector]) -> Vec<AdvancedSelector> {
        let wanted = |one: &&AdvancedSelector| declared.iter().any(|declared| self.same(one, declared));
        self.added.iter().filter(|one| !wanted(one)).cloned().collect()
    }
}

fn only(management: Option<&AdvancedSelector>) -> Selectors {
    Selectors::Advanced(management.into_iter().cloned().collect())
}

/// Why what is recorded is not given up.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Keep {
    /// Of management events.
    pub(super) management: Option<Reason>,
    /// Of the others.
    pub(super) added: Option<Reason>,
}

/// What is done.
pub(super) struct Selection {
    /// At most one call.
    pub(super) change: Option<Change>,
    /// What differs and stays.
    pub(super) withheld: Vec<Withheld>,
    /// What the trail records afterwards.
    pub(super) after: Selectors,
}

/// Brings the selectors as close to what is declared as may be.
pub(super) fn select(declared: &DeclaredSelectors, actual: &Selectors, keep: Keep) -> Selection {
    let parts = Parts::of(actual);
    let (mut fields, mut withheld) = (Vec::new(), Vec::new());
    let leave = |withheld: &mut Vec<Withheld>, field, reason| {
        withheld.push(Withheld { operation: "PutEventSelectors", field, reason });
    };
    let mut management: Vec<_> = declared.management.iter().cloned().collect();
    if !parts.has_management(declared.management.as_ref()) {
        let change = of_management(&parts, declared.management.as_ref());
        match keep.management.filter(|_| change.weakening) {
            Some(reason) => {
                leave(&mut withheld, change, reason);
                management.clone_from(&parts.management);
            }
            None => fields.push(change),
        }
    }
    let (missing, extra) = (parts.missing(&declared.added), parts.extra(&declared.added));
    let mut added = declared.added.clone();
    let (kept, given_up) = if keep.added.is_some() { (extra, vec![]) } else { (vec![], extra) };
    if let Some(reason) = keep.added.filter(|_| !kept.is_empty()) {
        leave(&mut withheld, FieldChange::new(field::EVENT_SELECTORS, described(&kept), ""), reason);
    }
    added.extend(kept);
    if !missing.is_empty() || !given_up.is_empty() {
        fields.push(FieldChange::new(field::EVENT_SELECTORS, described(&given_up), described(&missing)));
    }
    if values(&management) + values(&added) > MAX_VALUES {
        let (room, left_out) = with_room(&management, &parts.added, &missing);
        added = room;
        fields.retain(|field| field.field != field::EVENT_SELECTORS);
        let coming: Vec<_> = missing.iter().filter(|one| !left_out.contains(one)).cloned().collect();
        let going = parts.extra(&added);
        if !coming.is_empty() || !going.is_empty() {
            fields.push(FieldChange::new(field::EVENT_SELECTORS, described(&going), described(&coming)));
        }
        let left = FieldChange::new(field::EVENT_SELECTORS, "", described(&left_out));
        withheld.extend((!left_out.is_empty()).then_some(Withheld {
            operation: "PutEventSelectors",
            field: left,
            reason: Reason::QuotaExceeded,
        }));
    }
    if fields.is_empty() || management.is_empty() && added.is_empty() {
        return Selection { change: None, withheld, after: actual.clone() };
    }
    let after = together(&management, &added);
    Selection { change: Some(Change::PutEventSelectors(fields, after.clone())), withheld, after }
}

fn values(selectors: &[AdvancedSelector]) -> usize {
    selectors.iter().map(AdvancedSelector::values).sum()
}

/// Where all has no room: what AWS has stays, and what is missing comes as far as there is room, in order. Management
/// events come first in any case. Gives what is to be there, and what is left out.
fn with_room(
    management: &[AdvancedSelector],
    there: &[AdvancedSelector],
    missing: &[AdvancedSelector],
) -> (Vec<AdvancedSelector>, Vec<AdvancedSelector>) {
    let mut added = there.to_vec();
    while values(management) + values(&added) > MAX_VALUES && added.pop().is_some() {}
    let mut left_out = Vec::new();
    for one in missing {
        if values(management) + values(&added) + one.values() <= MAX_VALUES {
            added.push(one.clone());
        } else {
            left_out.push(one.clone());
        }
    }
    (added, left_out)
}

fn together(management: &[AdvancedSelector], added: &[AdvancedSelector]) -> Selectors {
    match management {
        [] => Selectors::declared(None, added),
        [only] => Selectors::declared(Some(only.clone()), added),
        several => Selectors::Advanced([several, added].concat()),
    }
}

fn of_management(parts: &Parts, declared: Option<&AdvancedSelector>) -> FieldChange {
    let (from, to) = (parts.whole.management_events(), only(declared).management_events());
    let (mut told_from, mut told_to) = (from.describe(), to.describe());
    if told_from == told_to {
        (told_from, told_to) = (named(&parts.management), named(declared));
    }
    let weakening = guard::management_weakens(&from, &to);
    FieldChange { weakening, ..FieldChange::new(field::MANAGEMENT_EVENTS, told_from, told_to) }
}

fn named<'a>(selectors: impl IntoIterator<Item = &'a AdvancedSelector>) -> String {
    let told = selectors.into_iter().map(|one| format!("{} ({})", one.name, one.describe()));
    told.collect::<Vec<_>>().join("; ")
}

fn described(selectors: &[AdvancedSelector]) -> String {
    // Told once, whatever the order in which AWS has them.
    let told: BTreeSet<_> =
        selectors
            .iter()
            .map(|one| {
                if one.name.is_empty() {
                    one.describe()
                } else {
                    format!("{} ({})", one.name, one.describe())
                }
            })
            .collect();
    told.into_iter().collect::<Vec<_>>().join("; ")
}
