//! One price.

use super::super::{Component, Tiers};

/// What a component costs in one Region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceRow {
    /// What it is the price of.
    pub component: Component,
    /// Where it holds.
    pub region: String,
    /// USD for one [`Component::unit`].
    pub tiers: Tiers,
    /// Who said so: a price list, a page, somebody's file.
    pub source: String,
    /// When: `YYYY-MM-DD`.
    pub captured: String,
    /// Whether somebody's own file says so, and not AWS.
    pub negotiated: bool,
}

impl PriceRow {
    /// Source and date, as estimates show them.
    pub fn provenance(&self) -> String {
        format!("{}, {}", self.source, self.captured)
    }
}
