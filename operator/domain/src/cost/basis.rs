//! Where a quantity comes from. Must not know quantities.

use rust_decimal::Decimal;

/// Where volumes come from, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Basis {
    /// Counted from delivered log files, or simply there, such as alarms.
    Measured,
    /// CloudWatch's metrics: `AWS/Logs` of the trail's log group, `AWS/S3` of its bucket (`cloudtrail.md` 9.3).
    Metrics,
    /// Somebody said so.
    Declared,
}

impl Basis {
    /// As status writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Measured => "Measured",
            Self::Metrics => "Metrics",
            Self::Declared => "Declared",
        }
    }

    /// What both rest on: the weaker one.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.max(other)
    }
}

/// How much a month, and where that comes from. The unit is that of where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity {
    /// How much; never negative.
    pub amount: Decimal,
    /// Where it comes from.
    pub basis: Basis,
}

impl Quantity {
    /// So much. Less than nothing is nothing. Beyond nine places, a byte of a GB, it is rounded: sums of quantities, and of what
    /// they cost, are then exact in any order.
    pub fn new(amount: Decimal, basis: Basis) -> Self {
        Self { amount: amount.max(Decimal::ZERO).round_dp(9), basis }
    }

    /// Nothing, which rests on nothing worse.
    pub fn none() -> Self {
        Self { amount: Decimal::ZERO, basis: Basis::Measured }
    }
}
