//! How much is stored when something is added all the time and kept for a while.
//!
//! Knows time and amounts. Must not know what is stored.

use rust_decimal::Decimal;

use super::money::ratio;

/// How long things are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Retention {
    /// So many days.
    Days(u32),
    /// For ever.
    Unlimited,
}

/// Which month of a trail's life is priced: storage grows until the first things expire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PricedMonth {
    /// A month in which as much expires as comes. Where nothing expires there is none: the twelfth is priced then.
    SteadyState,
    /// This one, from 1 on.
    Number(u32),
}

/// The month that is priced where there is no steady state.
const WITHOUT_STEADY_STATE: u32 = 12;

impl PricedMonth {
    /// What is priced, in words.
    pub fn describe(self, retention: Retention) -> String {
        match (self, retention) {
            (Self::SteadyState, Retention::Days(days)) => format!("stored at steady state, {days} days kept"),
            (Self::SteadyState, Retention::Unlimited) => {
                format!("stored in month {WITHOUT_STEADY_STATE}, nothing expires")
            }
            (Self::Number(month), Retention::Days(days)) => {
                format!("stored in month {}, {days} days kept", month.max(1))
            }
            (Self::Number(month), Retention::Unlimited) => {
                format!("stored in month {}, nothing expires", month.max(1))
            }
        }
    }

    /// What a month's addition of 1, spread evenly, comes to on average over the priced month: a factor in months.
    ///
    /// At a time `t` months after the beginning `min(t, kept)` is there; S3 bills the average over the month.
    pub fn stored(self, retention: Retention) -> Decimal {
        let kept = match retention {
            // Days of a month of 730 hours.
            Retention::Days(days) => ratio(Decimal::from(days).saturating_mul(24.into()), 730.into()),
            Retention::Unlimited => Decimal::MAX,
        };
        let month = match (self, retention) {
            (Self::SteadyState, Retention::Days(_)) => return kept,
            (Self::SteadyState, Retention::Unlimited) => WITHOUT_STEADY_STATE,
            (Self::Number(month), _) => month.max(1),
        };
        let (end, start) = (Decimal::from(month), Decimal::from(month - 1));
        let half = Decimal::new(5, 1);
        if kept >= end {
            return end - half;
        }
        if kept <= start {
            return kept;
        }
        let growing = kept.saturating_mul(kept).saturating_sub(start * start).saturating_mul(half);
        growing.saturating_add(kept.saturating_mul(end - kept))
    }
}
