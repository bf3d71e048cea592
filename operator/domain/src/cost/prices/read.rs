//! The price table as text: JSON with one row on a line, so that a change of prices is a diff that can be read.
//!
//! Knows the form in both directions. Must not know which prices are right.

use serde::Deserialize;
use serde_json::json;

use rust_decimal::Decimal;

use super::super::{Component, Tier, Tiers, date, money};
use super::{PriceRow, Prices};

/// A price table that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the price table cannot be read: {0}")]
pub struct PriceTableError(pub(super) String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    currency: String,
    rows: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    service: String,
    usage: String,
    region: String,
    unit: String,
    tiers: Vec<RowTier>,
    source: String,
    captured: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RowTier {
    from: String,
    price: String,
}

impl Prices {
    /// Reads a table.
    pub fn from_json(text: &str) -> Result<Self, PriceTableError> {
        let file: File = serde_json::from_str(text).map_err(|error| PriceTableError(error.to_string()))?;
        if file.currency != "USD" {
            let currency = file.currency;
            return Err(PriceTableError(format!("its currency is {currency}; only USD is understood")));
        }
        let mut prices = Self::default();
        for row in file.rows {
            let place = format!("{} {} {}", row.service, row.usage, row.region);
            let row = row.read().map_err(|why| PriceTableError(format!("row {place}: {why}")))?;
            if prices.rows.insert((row.component, row.region.clone()), row).is_some() {
                return Err(PriceTableError(format!("row {place} is there twice")));
            }
        }
        Ok(prices)
    }

    /// Writes a table: the same prices are the same bytes.
    pub fn to_json(&self) -> String {
        let rows: Vec<String> = self.rows().map(write).collect();
        format!("{{\"currency\": \"USD\", \"rows\": [\n{}\n]}}\n", rows.join(",\n"))
    }
}

impl Row {
    fn read(self) -> Result<PriceRow, String> {
        let component = Component::of_usage(&self.service, &self.usage)
            .ok_or("no component has this service and usage type")?;
        if self.unit != component.unit() {
            return Err(format!("its unit is {}; {component} is priced by {}", self.unit, component.unit()));
        }
        if date::days(&self.captured).is_none() {
            return Err(format!("`{}` is no date of the form YYYY-MM-DD", self.captured));
        }
        if self.region.is_empty() || self.source.is_empty() {
            return Err("it needs a Region and a source".to_owned());
        }
        let tiers: Result<Vec<Tier>, String> = self.tiers.into_iter().map(RowTier::read).collect();
        let Self { region, source, captured, .. } = self;
        Ok(PriceRow { component, region, tiers: Tiers::new(tiers?)?, source, captured, negotiated: false })
    }
}

impl RowTier {
    fn read(self) -> Result<Tier, String> {
        let number = |text: &str| decimal(text).ok_or_else(|| format!("`{text}` is no number"));
        Ok(Tier { from: number(&self.from)?, price: number(&self.price)? })
    }
}

/// A number as price lists and files write it, also with an exponent.
pub(super) fn decimal(text: &str) -> Option<Decimal> {
    text.parse().ok().or_else(|| Decimal::from_scientific(text).ok())
}

fn write(row: &PriceRow) -> String {
    let tiers = row.tiers.list().iter().map(|tier| {
        format!(
            r#"{{"from": "{}", "price": "{}"}}"#,
            money::unit_price(tier.from),
            money::unit_price(tier.price)
        )
    });
    format!(
        r#"{{"service": {}, "usage": {}, "region": {}, "unit": {}, "tiers": [{}], "source": {}, "captured": {}}}"#,
        json!(row.component.service().code()),
        json!(row.component.usage()),
        json!(row.region),
        json!(row.component.unit()),
        tiers.collect::<Vec<_>>().join(", "),
        json!(row.source),
        json!(row.captured),
    )
}
