//! What a change costs: two estimates beside each other.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::super::{Component, Finding, PriceUnknown, Prices};
use super::{Estimate, Situation};

/// What would be different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// USD a month now.
    pub before: Decimal,
    /// USD a month then.
    pub after: Decimal,
    /// What differs, by component.
    pub components: Vec<ComponentChange>,
    /// What was not found before: a second copy of management events, with its amount.
    pub findings: Vec<Finding>,
    /// What would have no price that is known.
    pub unknown: Vec<PriceUnknown>,
}

/// What differs of one component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComponentChange {
    /// The component.
    pub component: Component,
    /// USD a month now.
    pub before: Decimal,
    /// USD a month then.
    pub after: Decimal,
}

impl Change {
    /// USD a month more; less than nothing where it becomes cheaper.
    pub fn difference(&self) -> Decimal {
        self.after.saturating_sub(self.before)
    }
}

impl Situation {
    /// What it would cost more if the situation were another: a trail added, its selectors changed.
    pub fn change_to(&self, after: &Self, prices: &Prices) -> Change {
        self.estimate(prices).change_to(&after.estimate(prices))
    }
}

impl Estimate {
    /// What is different in another one.
    pub fn change_to(&self, after: &Self) -> Change {
        let mut sums = BTreeMap::<Component, (Decimal, Decimal)>::new();
        for line in &self.lines {
            let before = &mut sums.entry(line.component).or_default().0;
            *before = before.saturating_add(line.monthly);
        }
        for line in &after.lines {
            let then = &mut sums.entry(line.component).or_default().1;
            *then = then.saturating_add(line.monthly);
        }
        let differing = sums.into_iter().filter(|(_, (before, after))| before != after);
        let is_new = |finding: &&Finding| {
            !self.findings.iter().any(|known| known.reason == finding.reason && known.trail == finding.trail)
        };
        Change {
            before: self.monthly,
            after: after.monthly,
            components: differing
                .map(|(component, (before, after))| ComponentChange { component, before, after })
                .collect(),
            findings: after.findings.iter().filter(is_new).cloned().collect(),
            unknown: after.unknown.iter().filter(|what| !self.unknown.contains(what)).cloned().collect(),
        }
    }
}
