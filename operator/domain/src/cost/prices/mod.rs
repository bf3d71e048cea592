//! What a unit costs, in each Region that is known.
//!
//! Knows where each price comes from and when it was captured. A Region without a row has no price: it is unknown, whatever
//! other Regions cost.

mod list;
mod overrides;
mod read;
mod row;

use std::collections::BTreeMap;
use std::sync::LazyLock;

pub use self::{
    list::PriceList,
    overrides::{Discount, Override, Overrides},
    read::PriceTableError,
    row::PriceRow,
};
use super::{Component, date};

/// The table in the binary, written by `cargo xtask prices`.
static TABLE: LazyLock<Prices> = LazyLock::new(|| Prices::from_json(BUILT_IN).unwrap_or_default());

/// Its text.
pub(super) const BUILT_IN: &str = include_str!("../../../prices/prices.json");

/// Prices in USD, by component and Region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prices {
    rows: BTreeMap<(Component, String), PriceRow>,
}

/// A price that nobody captured.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error(
    "no price of {component} in {region} is known; refresh the prices, or give it in an override file",
    component = component.title(),
    region = if region.is_empty() { "any Region" } else { region }
)]
pub struct PriceUnknown {
    /// What has no price.
    pub component: Component,
    /// Where.
    pub region: String,
}

impl Prices {
    /// After so many days a table is too old not to be said.
    pub const STALE_AFTER_DAYS: i64 = 365;

    /// Those in the binary.
    pub fn built_in() -> Self {
        TABLE.clone()
    }

    /// The price of a component in a Region.
    pub fn price(&self, component: Component, region: &str) -> Result<&PriceRow, PriceUnknown> {
        let row = self.rows.get(&(component, region.to_owned()));
        row.ok_or_else(|| PriceUnknown { component, region: region.to_owned() })
    }

    /// All rows, by component and Region.
    pub fn rows(&self) -> impl Iterator<Item = &PriceRow> {
        self.rows.values()
    }

    /// The Regions with a price of this component.
    pub fn regions(&self, component: Component) -> impl Iterator<Item = &str> {
        self.rows().filter(move |row| row.component == component).map(|row| row.region.as_str())
    }

    /// When the newest of AWS's own prices was captured: `YYYY-MM-DD`; empty without any.
    pub fn date(&self) -> &str {
        self.rows().filter(|row| !row.negotiated).map(|row| row.captured.as_str()).max().unwrap_or_default()
    }

    /// Days from its newest row to `now`, in seconds since 1970. `None` without rows.
    pub fn age_days(&self, now: i64) -> Option<i64> {
        Some(now.div_euclid(86_400) - date::days(self.date())?)
    }

    /// Whether it is older than a year. A table without rows is.
    pub fn is_stale(&self, now: i64) -> bool {
        self.age_days(now).is_none_or(|days| days > Self::STALE_AFTER_DAYS)
    }

    /// These, with newer rows in place of those of the same component and Region: what AWS's Price List API answered.
    #[must_use]
    pub fn refreshed(mut self, newer: Self) -> Self {
        self.rows.extend(newer.rows);
        self
    }

    /// From rows; of two for one component and Region the latter holds.
    pub fn from_rows(rows: impl IntoIterator<Item = PriceRow>) -> Self {
        let keyed = rows.into_iter().map(|row| ((row.component, row.region.clone()), row));
        Self { rows: keyed.collect() }
    }
}
