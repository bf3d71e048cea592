//! AWS's price lists: offer files of the bulk interface, and what GetProducts of the Price List API answers.
//!
//! Knows which of the products that share a usage type is meant. Takes nothing that it does not understand, and says what it
//! left out and why.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;

use super::super::{Component, Service, Tier, Tiers, date};
use super::{PriceRow, PriceTableError, Prices, read};

/// What a price list holds for trails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceList {
    /// The prices that were found.
    pub prices: Prices,
    /// Products of components that were not understood: a sentence each.
    pub left_out: Vec<String>,
}

/// An offer file.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Offer {
    #[serde(rename = "offerCode")]
    service: String,
    publication_date: String,
    products: BTreeMap<String, Product>,
    terms: Terms<BTreeMap<String, Term>>,
}

/// One entry of GetProducts' `PriceList`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    service_code: String,
    publication_date: String,
    product: Product,
    terms: Terms<Term>,
}

#[derive(Deserialize)]
struct Product {
    sku: String,
    #[serde(default)]
    attributes: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", bound = "T: Deserialize<'de>")]
struct Terms<T> {
    #[serde(default = "BTreeMap::new")]
    on_demand: BTreeMap<String, T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Term {
    #[serde(default)]
    effective_date: String,
    price_dimensions: BTreeMap<String, Dimension>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dimension {
    unit: String,
    #[serde(default)]
    begin_range: String,
    price_per_unit: BTreeMap<String, String>,
}

impl Prices {
    /// The prices of an offer file.
    pub fn from_offer(text: &str) -> Result<PriceList, PriceTableError> {
        let offer: Offer = serde_json::from_str(text).map_err(|error| not_a_list(&error))?;
        let mut list = Reading::new(&offer.service, &offer.publication_date)?;
        for product in offer.products.values() {
            let terms = offer.terms.on_demand.get(&product.sku);
            list.take(product, terms.into_iter().flat_map(BTreeMap::values));
        }
        Ok(list.done())
    }

    /// The prices in entries of GetProducts' `PriceList`, all of one service.
    pub fn from_price_list_entries<'a>(
        entries: impl IntoIterator<Item = &'a str>,
    ) -> Result<PriceList, PriceTableError> {
        let mut list: Option<Reading> = None;
        for text in entries {
            let entry: Entry = serde_json::from_str(text).map_err(|error| not_a_list(&error))?;
            let reading = match &mut list {
                Some(reading) => reading,
                None => list.insert(Reading::new(&entry.service_code, &entry.publication_date)?),
            };
            reading.take(&entry.product, entry.terms.on_demand.values());
        }
        let none = || PriceList { prices: Prices::default(), left_out: Vec::new() };
        Ok(list.map_or_else(none, Reading::done))
    }
}

fn not_a_list(error: &serde_json::Error) -> PriceTableError {
    PriceTableError(format!("this is no price list of AWS: {error}"))
}

/// A list that is being read.
struct Reading {
    service: Service,
    captured: String,
    /// Product and price of each component; no price where products do not agree.
    found: BTreeMap<(Component, String), (String, Option<PriceRow>)>,
    left_out: Vec<String>,
}

impl Reading {
    fn new(code: &str, published: &str) -> Result<Self, PriceTableError> {
        let service = Service::ALL.into_iter().find(|service| service.code() == code).ok_or_else(|| {
            let all = Service::ALL.map(Service::code).join(", ");
            PriceTableError(format!("this is the price list of {code}; there are {all}"))
        })?;
        let captured = published.get(..10).filter(|day| date::days(day).is_some());
        let captured = captured.ok_or_else(|| {
            PriceTableError(format!("its publicationDate `{published}` does not begin with a date"))
        })?;
        let captured = captured.to_owned();
        Ok(Self { service, captured, found: BTreeMap::new(), left_out: Vec::new() })
    }

    /// Takes a product, if it is what a component stands for.
    fn take<'a>(&mut self, product: &Product, terms: impl Iterator<Item = &'a Term>) {
        let Some(component) = Component::of_usage(self.service.code(), product.attribute("usagetype")) else {
            return;
        };
        let region = product.attribute("regionCode");
        let is_region = matches!(product.attribute("locationType"), "" | "AWS Region");
        if region.is_empty() || !is_region || !product.is_meant(component) {
            return;
        }
        // Of several terms the latest holds.
        let term = terms.max_by(|one, other| one.effective_date.cmp(&other.effective_date));
        match term.ok_or("it has no OnDemand price".to_owned()).and_then(|term| term.tiers(component)) {
            Ok(tiers) => self.put(component, region, product, tiers),
            Err(why) => self.leave_out(component, region, &product.sku, &why),
        }
    }

    /// Two products with different prices for the same thing are a difference that is not understood here.
    fn put(&mut self, component: Component, region: &str, product: &Product, tiers: Tiers) {
        let key = (component, region.to_owned());
        if let Some((other, known)) = self.found.get_mut(&key) {
            let is_alike = known.as_ref().is_some_and(|row| row.tiers == tiers);
            if !is_alike {
                let why =
                    format!("product {other} has another price for the same usage type; neither is taken");
                *known = None;
                self.leave_out(component, region, &product.sku, &why);
            }
            return;
        }
        let source = format!("AWS Price List, {}", self.service.code());
        let captured = self.captured.clone();
        let region = region.to_owned();
        let row = PriceRow { component, region, tiers, source, captured, negotiated: false };
        self.found.insert(key, (product.sku.clone(), Some(row)));
    }

    fn leave_out(&mut self, component: Component, region: &str, sku: &str, why: &str) {
        self.left_out.push(format!("{component} in {region}, product {sku}: {why}"));
    }

    fn done(self) -> PriceList {
        let prices = Prices::from_rows(self.found.into_values().filter_map(|(_, row)| row));
        PriceList { prices, left_out: self.left_out }
    }
}

impl Product {
    fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether it is the product that is meant, of those that share a usage type: S3's objects of Intelligent-Tiering are
    /// stored under the usage type of Standard, and CloudWatch Logs takes in more than what is put into log groups.
    fn is_meant(&self, component: Component) -> bool {
        match component {
            Component::LogStorage => self.attribute("volumeType") == "Standard",
            Component::LogIngestion => matches!(self.attribute("operation"), "" | "PutLogEvents"),
            _ => true,
        }
    }
}

impl Term {
    fn tiers(&self, component: Component) -> Result<Tiers, String> {
        let tiers = self.price_dimensions.values().map(|dimension| dimension.tier(component));
        Tiers::new(tiers.collect::<Result<_, _>>()?)
    }
}

impl Dimension {
    fn tier(&self, component: Component) -> Result<Tier, String> {
        if !units(component).iter().any(|known| self.unit.eq_ignore_ascii_case(known)) {
            return Err(format!("its unit is {}, which is not known here", self.unit));
        }
        let price = self.price_per_unit.get("USD").ok_or("it has no price in USD")?;
        let number = |text: &str| read::decimal(text).ok_or_else(|| format!("`{text}` is no number"));
        let from = if self.begin_range.is_empty() { Decimal::ZERO } else { number(&self.begin_range)? };
        Ok(Tier { from: from.normalize(), price: number(price)?.normalize() })
    }
}

/// What price lists call the unit of a component. A price for thousands would have another unit.
fn units(component: Component) -> &'static [&'static str] {
    match component.unit() {
        "event" => &["Events", "Event"],
        "GB-month" => &["GB-Mo"],
        "GB" => &["GB"],
        "request" => &["Requests", "Request"],
        "notification" => &["Notifications", "Notification"],
        "metric-month" => &["Metrics", "Metric"],
        "alarm-metric-month" => &["Alarms", "Alarm"],
        "key-month" => &["Keys", "Key", "Months", "Month", "Mo"],
        _ => &[],
    }
}
