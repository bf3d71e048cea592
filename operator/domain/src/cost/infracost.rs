//! Infracost's files: usage as it reads it, and a breakdown as it writes it (`cloudtrail.md` 9.4, `peers.md` 6).
//!
//! Knows Infracost's names of what a trail costs, its units and its JSON of version 0.2. Must not know YAML: a usage file is
//! handed in as it was parsed.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::money::{self, HOURS_A_MONTH};
use super::{Component, PriceUnknown, Prices};

/// The resource that stands for a trail.
const RESOURCE_TYPE: &str = "aws_cloudtrail";
/// Infracost prices 100,000 events.
const UNIT: &str = "100k events";
const EVENTS_OF_A_UNIT: u32 = 100_000;
/// The version of its JSON.
const VERSION: &str = "0.2";

/// What a usage file says of one trail; `None` is what it does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// `monthly_additional_management_events`: copies beyond the first.
    pub additional_management_events: Option<Decimal>,
    /// `monthly_data_events`
    pub data_events: Option<Decimal>,
    /// `monthly_insight_events`: events that are analysed.
    pub insight_events: Option<Decimal>,
}

/// A trail as Infracost sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Its name, without `aws_cloudtrail.`.
    pub name: String,
    /// Its home Region.
    pub region: String,
    /// Whether management events are shown, also without usage.
    pub management_events: bool,
    /// Whether Insights is on.
    pub insights: bool,
    /// What it uses.
    pub usage: Usage,
}

/// Trails of a usage file, by name: what stands under `resource_usage` as `aws_cloudtrail.NAME`. Other resources are left
/// alone; keys that Infracost does not know are an error, since a misspelled one would cost nothing.
pub fn read_usage(file: &Value) -> Result<BTreeMap<String, Usage>, String> {
    let missing = || "this is no usage file of Infracost: it has no map `resource_usage`".to_owned();
    let resources = file.get("resource_usage").and_then(Value::as_object).ok_or_else(missing)?;
    let mut trails = BTreeMap::new();
    for (address, usage) in resources {
        let Some(name) = address.strip_prefix(RESOURCE_TYPE).and_then(|rest| rest.strip_prefix('.')) else {
            continue;
        };
        let usage = read_one(usage).map_err(|why| format!("resource_usage.{address}{why}"))?;
        trails.insert(name.to_owned(), usage);
    }
    Ok(trails)
}

fn read_one(value: &Value) -> Result<Usage, String> {
    let Some(fields) = value.as_object() else { return Err(" is no map of usage keys".to_owned()) };
    let mut usage = Usage::default();
    for (key, value) in fields {
        let field = match key.as_str() {
            "monthly_additional_management_events" => &mut usage.additional_management_events,
            "monthly_data_events" => &mut usage.data_events,
            "monthly_insight_events" => &mut usage.insight_events,
            _ => {
                return Err(format!(
                    ".{key}: there are monthly_additional_management_events, monthly_data_events and monthly_insight_events"
                ));
            }
        };
        *field = match value {
            Value::Null => None,
            Value::Number(number) => Some(events(key, &number.to_string())?),
            other => return Err(format!(".{key}: {other} is no number of events")),
        };
    }
    Ok(usage)
}

fn events(key: &str, text: &str) -> Result<Decimal, String> {
    let number: Option<Decimal> = text.parse().ok().or_else(|| Decimal::from_scientific(text).ok());
    number
        .filter(|number| *number >= Decimal::ZERO)
        .ok_or_else(|| format!(".{key}: {text} is no number of events"))
}

/// One price component of a resource.
struct CostComponent {
    name: &'static str,
    /// USD for 100,000 events.
    price: Decimal,
    /// In 100,000 events; `None` where the usage is not known.
    quantity: Option<Decimal>,
}

impl CostComponent {
    fn cost(&self) -> Option<Decimal> {
        self.quantity.map(|quantity| quantity.saturating_mul(self.price))
    }

    fn to_json(&self) -> Value {
        json!({
            "name": self.name,
            "unit": UNIT,
            "hourlyQuantity": self.quantity.map(|quantity| text(hourly(quantity))),
            "monthlyQuantity": self.quantity.map(text),
            "price": text(self.price),
            "hourlyCost": self.cost().map(|cost| text(hourly(cost))),
            "monthlyCost": self.cost().map(text),
        })
    }
}

/// The breakdown of these trails, as `infracost breakdown --format json` writes it; `time_generated` is in RFC 3339. An error
/// names the price that is missing.
pub fn breakdown(
    project: &str,
    resources: &[Resource],
    prices: &Prices,
    time_generated: &str,
) -> Result<Value, PriceUnknown> {
    let mut shown = Vec::new();
    let mut total = Decimal::ZERO;
    for resource in resources {
        let components = components(resource, prices)?;
        let costs: Vec<Decimal> = components.iter().filter_map(CostComponent::cost).collect();
        total = total.saturating_add(money::sum(costs.iter().copied()));
        shown.push(resource_json(resource, &components, &costs));
    }
    let breakdown = totals(json!({"resources": shown}), total);
    let count = resources.len();
    let summary = json!({
        "totalDetectedResources": count,
        "totalSupportedResources": count,
        "totalUnsupportedResources": 0,
        "totalUsageBasedResources": count,
        "totalNoPriceResources": 0,
        "unsupportedResourceCounts": {},
        "noPriceResourceCounts": {},
    });
    let root = json!({
        "version": VERSION,
        "metadata": {"infracostCommand": "breakdown"},
        "currency": "USD",
        "projects": [{
            "name": project,
            "metadata": {"path": project, "type": "trail_operator"},
            "pastBreakdown": null,
            "breakdown": breakdown,
            "diff": null,
            "summary": summary,
        }],
        "pastTotalHourlyCost": null,
        "pastTotalMonthlyCost": null,
        "diffTotalHourlyCost": null,
        "diffTotalMonthlyCost": null,
        "timeGenerated": time_generated,
        "summary": summary,
    });
    Ok(totals(root, total))
}

/// Management events are shown where they are recorded or their usage is given, Insights likewise, data events always.
fn components(resource: &Resource, prices: &Prices) -> Result<Vec<CostComponent>, PriceUnknown> {
    let usage = resource.usage;
    let management = usage.additional_management_events;
    let insights = usage.insight_events;
    let wanted = [
        (
            resource.management_events || management.is_some(),
            "Management events (additional copies)",
            Component::ManagementEvents,
            management,
        ),
        (true, "Data events", Component::DataEvents, usage.data_events),
        (resource.insights || insights.is_some(), "Insight events", Component::ManagementInsights, insights),
    ];
    let units = Decimal::from(EVENTS_OF_A_UNIT);
    let shown = wanted.into_iter().filter(|(is_shown, ..)| *is_shown);
    shown
        .map(|(_, name, component, events)| {
            let price = prices.price(component, &resource.region)?.tiers.cost(units);
            Ok(CostComponent { name, price, quantity: events.map(|events| events / units) })
        })
        .collect()
}

fn resource_json(resource: &Resource, components: &[CostComponent], costs: &[Decimal]) -> Value {
    let cost = (!costs.is_empty()).then(|| money::sum(costs.iter().copied()));
    let components: Vec<Value> = components.iter().map(CostComponent::to_json).collect();
    let mut fields = json!({
        "name": format!("{RESOURCE_TYPE}.{}", resource.name),
        "resourceType": RESOURCE_TYPE,
        "metadata": {},
        "costComponents": components,
    });
    if let (Some(cost), Some(fields)) = (cost, fields.as_object_mut()) {
        put(fields, "hourlyCost", hourly(cost));
        put(fields, "monthlyCost", cost);
    }
    fields
}

fn totals(mut of: Value, monthly: Decimal) -> Value {
    if let Some(fields) = of.as_object_mut() {
        put(fields, "totalHourlyCost", hourly(monthly));
        put(fields, "totalMonthlyCost", monthly);
    }
    of
}

fn put(fields: &mut Map<String, Value>, name: &str, amount: Decimal) {
    fields.insert(name.to_owned(), Value::String(text(amount)));
}

fn hourly(amount: Decimal) -> Decimal {
    amount / Decimal::from(HOURS_A_MONTH)
}

/// Infracost writes decimals as texts.
fn text(amount: Decimal) -> String {
    amount.normalize().to_string()
}
