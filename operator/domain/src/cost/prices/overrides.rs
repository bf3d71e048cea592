//! Prices that somebody negotiated.
//!
//! Knows what an override file says, already read from YAML or JSON. Must not know files.

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Number, Value};

use super::super::{Component, Service, Tier, Tiers};
use super::{PriceRow, Prices, date, read};

/// What an override file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Prices in place of AWS's.
    pub prices: Vec<Override>,
    /// Percentages off what is left of AWS's.
    pub discounts: Vec<Discount>,
    /// Of when it is: `YYYY-MM-DD`.
    pub date: String,
}

/// One price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// Of what.
    pub component: Component,
    /// Where; `None` for every Region that has a price.
    pub region: Option<String>,
    /// How much.
    pub tiers: Tiers,
}

/// One percentage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discount {
    /// Whose prices fall.
    pub service: Service,
    /// By so much of a hundred, from 0 to 100.
    pub percent: Decimal,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    date: String,
    #[serde(default)]
    prices: Vec<FilePrice>,
    #[serde(default)]
    discounts: Vec<FileDiscount>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FilePrice {
    component: String,
    region: String,
    price: Option<Figure>,
    #[serde(default)]
    tiers: Vec<FileTier>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileTier {
    from: Figure,
    price: Figure,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileDiscount {
    service: String,
    percent: Figure,
}

/// A figure, in quotes or not. YAML and JSON keep the digits that were written.
#[derive(Deserialize)]
#[serde(untagged)]
enum Figure {
    Text(String),
    Number(Number),
}

impl Overrides {
    /// From the content of an override file: `date`, a list `prices` of `component`, `region` (`"*"` for every Region that
    /// has a price) and `price` or `tiers`, and a list `discounts` of `service` and `percent`. Errors say where and what.
    pub fn from_value(value: &Value) -> Result<Self, String> {
        let file: File = File::deserialize(value).map_err(|error| error.to_string())?;
        if date::days(&file.date).is_none() {
            return Err(format!("date: `{}` is no date of the form YYYY-MM-DD", file.date));
        }
        let prices = file
            .prices
            .into_iter()
            .enumerate()
            .map(|(place, price)| price.read().map_err(|why| format!("prices[{place}]: {why}")));
        let discounts = file
            .discounts
            .into_iter()
            .enumerate()
            .map(|(place, discount)| discount.read().map_err(|why| format!("discounts[{place}]: {why}")));
        Ok(Self {
            prices: prices.collect::<Result<_, _>>()?,
            discounts: discounts.collect::<Result<_, _>>()?,
            date: file.date,
        })
    }
}

impl FilePrice {
    fn read(self) -> Result<Override, String> {
        let component: Component = self.component.parse().map_err(|error| format!("component: {error}"))?;
        let tiers = match (self.price, self.tiers) {
            (Some(price), tiers) if tiers.is_empty() => {
                vec![Tier { from: Decimal::ZERO, price: price.read("price")? }]
            }
            (None, tiers) if !tiers.is_empty() => {
                tiers.into_iter().map(FileTier::read).collect::<Result<_, _>>()?
            }
            _ => {
                return Err(
                    "give either `price`, for one unit, or `tiers`, a list of `from` and `price`".into()
                );
            }
        };
        let region = match self.region.as_str() {
            "" => {
                return Err(
                    "region: it is empty; name a Region, or \"*\" for every Region with a price".into()
                );
            }
            "*" => None,
            region => Some(region.to_owned()),
        };
        Ok(Override { component, region, tiers: Tiers::new(tiers)? })
    }
}

impl FileTier {
    fn read(self) -> Result<Tier, String> {
        Ok(Tier { from: self.from.read("from")?, price: self.price.read("price")? })
    }
}

impl FileDiscount {
    fn read(self) -> Result<Discount, String> {
        let known = Service::ALL.into_iter().find(|service| service.code() == self.service);
        let service = known.ok_or_else(|| {
            let all = Service::ALL.map(Service::code).join(", ");
            format!("service: there is no `{}`; there are {all}", self.service)
        })?;
        let percent = self.percent.read("percent")?;
        if percent > Decimal::ONE_HUNDRED {
            return Err(format!("percent: {percent} is more than 100"));
        }
        Ok(Discount { service, percent })
    }
}

impl Figure {
    fn read(self, field: &str) -> Result<Decimal, String> {
        let text = match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
        };
        let figure = read::decimal(text.trim()).ok_or_else(|| format!("{field}: `{text}` is no number"))?;
        if figure < Decimal::ZERO { Err(format!("{field}: {text} is negative")) } else { Ok(figure) }
    }
}

impl Prices {
    /// These with somebody's own: first percentages off AWS's, then prices in their place, a Region's own before those of
    /// every Region. A price for a Region without one adds it.
    #[must_use]
    pub fn overridden(mut self, overrides: &Overrides) -> Self {
        for discount in &overrides.discounts {
            let factor = (Decimal::ONE_HUNDRED - discount.percent) / Decimal::ONE_HUNDRED;
            for row in self.rows.values_mut().filter(|row| row.component.service() == discount.service) {
                row.tiers = row.tiers.scaled(factor);
                row.source = format!("{}, {}% off", row.source, discount.percent.normalize());
            }
        }
        let everywhere = overrides.prices.iter().filter(|price| price.region.is_none());
        for price in everywhere {
            let regions: Vec<String> = self.regions(price.component).map(str::to_owned).collect();
            for region in regions {
                self.put(price, region, &overrides.date);
            }
        }
        for price in &overrides.prices {
            if let Some(region) = &price.region {
                self.put(price, region.clone(), &overrides.date);
            }
        }
        self
    }

    fn put(&mut self, price: &Override, region: String, date: &str) {
        let row = PriceRow {
            component: price.component,
            region: region.clone(),
            tiers: price.tiers.clone(),
            source: "override file".to_owned(),
            captured: date.to_owned(),
            negotiated: true,
        };
        self.rows.insert((price.component, region), row);
    }
}
