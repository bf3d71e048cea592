//! Who the cost belongs to.
//!
//! Every line belongs to one object, or to none of ours. Must not know components.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::{Estimate, Line, Object, money};

/// What one object costs a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The object; `None` for everything that no object declares.
    pub object: Option<Object>,
    /// USD a month, exactly.
    pub monthly: Decimal,
    /// The same in whole cents, such that the sum over all shares is the whole in whole cents.
    pub cents: Decimal,
}

impl Estimate {
    /// The share of every object, and of what no object declares, which comes first. Their sum is [`Self::monthly`].
    pub fn shares(&self) -> Vec<Share> {
        let mut sums = BTreeMap::<Option<&Object>, Decimal>::new();
        for line in &self.lines {
            let sum = sums.entry(line.object.as_ref()).or_default();
            *sum = sum.saturating_add(line.monthly);
        }
        let cents = money::cents(&sums.values().copied().collect::<Vec<_>>());
        let shares = sums.into_iter().zip(cents);
        shares.map(|((object, monthly), cents)| Share { object: object.cloned(), monthly, cents }).collect()
    }

    /// The share of one object: nothing, where it has none.
    pub fn share_of(&self, object: &Object) -> Share {
        let none = Share { object: Some(object.clone()), monthly: Decimal::ZERO, cents: Decimal::ZERO };
        self.shares().into_iter().find(|share| share.object.as_ref() == Some(object)).unwrap_or(none)
    }

    /// The lines of one object.
    pub fn lines_of<'a>(&'a self, object: &'a Object) -> impl Iterator<Item = &'a Line> {
        self.lines.iter().filter(move |line| line.object.as_ref() == Some(object))
    }
}
