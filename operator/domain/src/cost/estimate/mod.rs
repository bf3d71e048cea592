//! What a situation costs a month: every line with its quantity, its price, and where both come from.
//!
//! Knows what an estimate is made of and how two are compared. The components of events are in `events`, those of other
//! services in `neighbours`; what has quantity but no price yet is in `ledger`.

mod caused;
mod change;
mod events;
mod ledger;
mod neighbours;

use rust_decimal::Decimal;

pub use self::change::{Change, ComponentChange};
use self::ledger::Ledger;
use super::{
    Alarm, Basis, Component, Finding, FreeCopy, Object, PriceUnknown, PricedMonth, Prices, TierPart, Trail,
    Volumes, copies, findings, money,
};

/// Everything an estimate is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Situation {
    /// All trails of the account, also those that nobody declared.
    pub trails: Vec<Trail>,
    /// What happens in a month.
    pub volumes: Volumes,
    /// Alarms and their metrics.
    pub alarms: Vec<Alarm>,
    /// The organization, where a trail records one.
    pub organization: Option<Organization>,
    /// Which month of the trails' life is priced.
    pub month: PricedMonth,
}

impl Default for Situation {
    fn default() -> Self {
        Self {
            trails: Vec::new(),
            volumes: Volumes::default(),
            alarms: Vec::new(),
            organization: None,
            month: PricedMonth::SteadyState,
        }
    }
}

/// How much of an organization could be seen. Trails of accounts that could not are not in an estimate: what is a first copy
/// here may be a second there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Its active accounts.
    pub accounts: u64,
    /// Those whose trails could be listed.
    pub seen: u64,
}

/// A month's cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Always `USD`.
    pub currency: &'static str,
    /// The sum of all lines.
    pub monthly: Decimal,
    /// The weakest of what the lines rest on. [`Basis::Measured`] where there is no line.
    pub basis: Basis,
    /// By component, account and Region.
    pub lines: Vec<Line>,
    /// What is used but has no price that is known; it is in no sum.
    pub unknown: Vec<PriceUnknown>,
    /// What costs more than it needs to.
    pub findings: Vec<Finding>,
    /// Copies of management events that cost nothing.
    pub free_copies: Vec<FreeCopy>,
    /// How much of the organization could be seen.
    pub organization: Option<Organization>,
    /// When the prices were captured: `YYYY-MM-DD`.
    pub price_list_date: String,
}

/// One line of a bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What is charged for.
    pub component: Component,
    /// Who pays, as far as is known here: the account of the events, the trail or the alarm.
    pub account: String,
    /// Whose Region's price holds.
    pub region: String,
    /// How many of [`Component::unit`] a month.
    pub quantity: Decimal,
    /// The quantity by price. Tiers count all that an account and Region use here, in the order of the lines.
    pub parts: Vec<TierPart>,
    /// USD a month.
    pub monthly: Decimal,
    /// Where the quantity comes from.
    pub basis: Basis,
    /// More of the quantity, in words; may be empty.
    pub note: String,
    /// Where the price comes from, and when it was captured.
    pub price_source: String,
    /// The trail it is for.
    pub trail: Option<String>,
    /// The object it is attributed to.
    pub object: Option<Object>,
}

impl Line {
    /// USD for one unit: the only price, or the average over the tiers.
    pub fn unit_price(&self) -> Decimal {
        match self.parts.as_slice() {
            [only] => only.price,
            _ => money::ratio(self.monthly, self.quantity),
        }
    }
}

impl Situation {
    /// What it costs.
    pub fn estimate(&self, prices: &Prices) -> Estimate {
        let caused = caused::by_validation(self);
        let volumes = caused.as_ref().unwrap_or(&self.volumes);
        let recordings = copies::recordings(&self.trails, &volumes.management);
        let mut ledger = Ledger::default();
        events::management(&mut ledger, &recordings);
        events::recorded(&mut ledger, &self.trails, &volumes.recorded);
        events::insights(&mut ledger, &self.trails, &recordings, &volumes.recorded);
        neighbours::of_trails(&mut ledger, &self.trails, self.month);
        neighbours::of_alarms(&mut ledger, &self.alarms);
        let (lines, unknown) = ledger.priced(prices);
        let findings = findings::find(&self.trails, volumes, &recordings, &lines, prices);
        Estimate {
            currency: "USD",
            monthly: money::sum(lines.iter().map(|line| line.monthly)),
            basis: lines.iter().map(|line| line.basis).max().unwrap_or(Basis::Measured),
            lines,
            unknown,
            findings,
            free_copies: copies::free(&recordings),
            organization: self.organization,
            price_list_date: prices.date().to_owned(),
        }
    }

    /// The same with this trail, in place of one of the same ARN if there is one.
    #[must_use]
    pub fn with_trail(&self, trail: Trail) -> Self {
        let mut after = self.clone();
        match after.trails.iter_mut().find(|known| known.arn == trail.arn) {
            Some(known) => *known = trail,
            None => after.trails.push(trail),
        }
        after
    }
}

impl Organization {
    /// In words.
    pub fn describe(self) -> String {
        format!("trails of {} of {} accounts of the organization could be seen", self.seen, self.accounts)
    }
}
