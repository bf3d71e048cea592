//! Prices that fall, or begin, with quantity.
//!
//! Knows how a quantity is divided between tiers. Must not know what is priced.

use rust_decimal::Decimal;

use super::money;

/// From this quantity of a month on, a unit costs so much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    /// Quantity of a month it begins at.
    pub from: Decimal,
    /// USD for one unit.
    pub price: Decimal,
}

/// All tiers of a price: the first begins at nothing, each further one later, and no price is below nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tiers(Vec<Tier>);

/// The part of a quantity that falls into one tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TierPart {
    /// How many units.
    pub quantity: Decimal,
    /// USD for one of them.
    pub price: Decimal,
}

impl TierPart {
    /// What it costs.
    pub fn cost(&self) -> Decimal {
        self.quantity.saturating_mul(self.price)
    }
}

impl Tiers {
    /// From a list, in any order.
    pub fn new(mut list: Vec<Tier>) -> Result<Self, String> {
        list.sort_by_key(|tier| tier.from);
        let Some(first) = list.first() else {
            return Err("there is no tier; one from 0 on is needed".into());
        };
        if !first.from.is_zero() {
            return Err(format!("the first tier begins at {}; it must begin at 0", first.from));
        }
        let alike = list.iter().zip(list.iter().skip(1)).find(|(one, next)| one.from == next.from);
        if let Some((tier, _)) = alike {
            return Err(format!("two tiers begin at {}; each must begin elsewhere", tier.from));
        }
        if let Some(tier) = list.iter().find(|tier| tier.price < Decimal::ZERO) {
            return Err(format!("the price {} is negative; the least is 0", tier.price));
        }
        Ok(Self(list))
    }

    /// The tiers, lowest first.
    pub fn list(&self) -> &[Tier] {
        &self.0
    }

    /// All prices changed alike; still not below nothing.
    #[must_use]
    pub fn scaled(&self, factor: Decimal) -> Self {
        let factor = factor.max(Decimal::ZERO);
        let scale = |tier: &Tier| Tier { price: tier.price.saturating_mul(factor).normalize(), ..*tier };
        Self(self.0.iter().map(scale).collect())
    }

    /// What this quantity costs, by tiers, when so much was used `before` it in the month. Parts that follow each other cost
    /// together what the whole costs.
    pub fn parts(&self, before: Decimal, quantity: Decimal) -> Vec<TierPart> {
        let end = before.saturating_add(quantity);
        let ends = self.0.iter().skip(1).map(|tier| tier.from).chain([Decimal::MAX]);
        let parts = self.0.iter().zip(ends).map(|(tier, next)| TierPart {
            quantity: end.min(next).saturating_sub(before.max(tier.from)),
            price: tier.price,
        });
        parts.filter(|part| part.quantity > Decimal::ZERO).collect()
    }

    /// What a quantity costs that is alone in its month.
    pub fn cost(&self, quantity: Decimal) -> Decimal {
        money::sum(self.parts(Decimal::ZERO, quantity).iter().map(TierPart::cost))
    }
}
