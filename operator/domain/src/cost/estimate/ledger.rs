//! Collects what is used, and prices it.
//!
//! Knows how quantities add up to lines. Must not know why something is used.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::super::{Basis, Component, Object, PriceUnknown, Prices, Quantity, TierPart, Trail, money};
use super::Line;

/// What is used so far.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    entries: Vec<(Entry, Quantity)>,
    places: BTreeMap<Entry, usize>,
    /// What is used in a quantity that nobody knows.
    unpriced: BTreeSet<PriceUnknown>,
}

/// What one line is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub(super) component: Component,
    pub(super) account: String,
    pub(super) region: String,
    pub(super) trail: Option<String>,
    pub(super) object: Option<Object>,
    pub(super) note: String,
}

impl Entry {
    /// Of a trail, for its own account.
    pub(super) fn of_trail(
        component: Component,
        trail: &Trail,
        region: &str,
        note: impl Into<String>,
    ) -> Self {
        Self {
            component,
            account: trail.account.clone(),
            region: region.to_owned(),
            trail: Some(trail.arn.clone()),
            object: trail.object.clone(),
            note: note.into(),
        }
    }
}

impl Ledger {
    /// So much more is used. Nothing makes no line.
    pub(super) fn charge(&mut self, entry: Entry, quantity: Quantity) {
        if quantity.amount <= Decimal::ZERO {
            return;
        }
        let place = *self.places.entry(entry.clone()).or_insert(self.entries.len());
        match self.entries.get_mut(place) {
            Some((_, known)) => {
                known.amount = known.amount.saturating_add(quantity.amount);
                known.basis = known.basis.and(quantity.basis);
            }
            None => self.entries.push((entry, quantity)),
        }
    }

    /// Something is used, nobody knows how much, and it has no price.
    pub(super) fn unknown(&mut self, component: Component, region: &str) {
        self.unpriced.insert(PriceUnknown { component, region: region.to_owned() });
    }

    /// All lines, and what has no price.
    pub(super) fn priced(self, prices: &Prices) -> (Vec<Line>, Vec<PriceUnknown>) {
        let mut unpriced = self.unpriced;
        let mut used = BTreeMap::<(Component, String, String), Decimal>::new();
        let mut lines = Vec::new();
        for (entry, quantity) in self.entries {
            let row = match prices.price(entry.component, &entry.region) {
                Ok(row) => row,
                Err(unknown) => {
                    unpriced.insert(unknown);
                    continue;
                }
            };
            let key = (entry.component, entry.account.clone(), entry.region.clone());
            let before = used.entry(key).or_default();
            let parts = row.tiers.parts(*before, quantity.amount);
            *before = before.saturating_add(quantity.amount);
            lines.push(line(entry, quantity, parts, row.provenance()));
        }
        // Stable: lines of one component, account and Region stay in the order of their tiers.
        lines.sort_by(|one, other| one_key(one).cmp(&one_key(other)));
        (lines, unpriced.into_iter().collect())
    }
}

fn one_key(line: &Line) -> (Component, &str, &str) {
    (line.component, &line.account, &line.region)
}

fn line(entry: Entry, quantity: Quantity, parts: Vec<TierPart>, price_source: String) -> Line {
    let Entry { component, account, region, trail, object, note } = entry;
    let Quantity { amount, basis }: Quantity = quantity;
    let basis: Basis = basis;
    let monthly = money::sum(parts.iter().map(TierPart::cost));
    Line {
        component,
        account,
        region,
        quantity: amount,
        parts,
        monthly,
        basis,
        note,
        price_source,
        trail,
        object,
    }
}
