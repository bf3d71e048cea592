//! Today's manifests beside others. Pure.

use std::collections::BTreeMap;

use trail_operator_crds::CostFinding;
use trail_operator_domain::cost::Decimal;

use super::priced::{self, ObjectSum, Priced, components, objects};

/// What would be different.
#[derive(Debug)]
pub(super) struct Comparison {
    /// US dollars a month.
    pub(super) before: Decimal,
    pub(super) after: Decimal,
    pub(super) components: Vec<Differing<String>>,
    pub(super) objects: Vec<Differing<[String; 3]>>,
    /// What was not found before, with the Trail.
    pub(super) findings: Vec<(String, CostFinding)>,
    /// What is not in the figures of then.
    pub(super) unknown: Vec<String>,
}

/// One component, or one object; nothing where it is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Differing<K> {
    pub(super) of: K,
    pub(super) before: Option<Side>,
    pub(super) after: Option<Side>,
}

/// One side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Side {
    /// US dollars a month.
    pub(super) monthly: Decimal,
    /// Events a month, where they were counted.
    pub(super) events: Option<Decimal>,
}

impl<K> Differing<K> {
    /// US dollars a month more.
    pub(super) fn difference(&self) -> Decimal {
        let monthly = |side: Option<Side>| side.map(|side| side.monthly).unwrap_or_default();
        monthly(self.after) - monthly(self.before)
    }
}

impl Comparison {
    /// What is different of the trails.
    pub(super) fn of(before: &[Priced], after: &[Priced]) -> Self {
        let known = found(before);
        let is_new = |(trail, finding): &(String, CostFinding)| {
            !known.iter().any(|(other, known)| other == trail && known.reason == finding.reason)
        };
        let of_component = |trails: &[Priced]| {
            let sums = components(trails).into_iter();
            sums.map(|sum| (sum.name, Side { monthly: sum.monthly, events: None })).collect()
        };
        let of_object = |trails: &[Priced]| {
            let side = |sum: ObjectSum| (sum.object, Side { monthly: sum.monthly, events: sum.events });
            objects(trails).into_iter().map(side).collect()
        };
        let mut components = beside(of_component(before), of_component(after));
        components.sort_by_key(|row| priced::place(&row.of));
        Self {
            before: priced::monthly(before),
            after: priced::monthly(after),
            components,
            objects: beside(of_object(before), of_object(after)),
            findings: found(after).into_iter().filter(is_new).collect(),
            unknown: priced::unknown(after).into_iter().collect(),
        }
    }
}

/// Every finding, with its Trail.
pub(super) fn found(trails: &[Priced]) -> Vec<(String, CostFinding)> {
    let of = |trail: &Priced| {
        let findings = trail.status.iter().flat_map(|status| status.findings.clone());
        findings.map(|finding| (trail.called(), finding)).collect::<Vec<_>>()
    };
    trails.iter().flat_map(of).collect()
}

/// The keys of either side, sorted.
fn beside<K: Ord + Clone>(before: Vec<(K, Side)>, after: Vec<(K, Side)>) -> Vec<Differing<K>> {
    let mut all = BTreeMap::<K, Differing<K>>::new();
    let none = |of: &K| Differing { of: of.clone(), before: None, after: None };
    for (key, side) in before {
        all.entry(key.clone()).or_insert_with(|| none(&key)).before = Some(side);
    }
    for (key, side) in after {
        all.entry(key.clone()).or_insert_with(|| none(&key)).after = Some(side);
    }
    all.into_values().collect()
}
