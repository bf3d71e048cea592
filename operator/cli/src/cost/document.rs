//! The documents of kind `CostEstimate` and `CostComparison`. Amounts are texts; what is not known is a word.

use anyhow::Result;
use serde::Serialize;
use trail_operator_crds::CostFinding;
use trail_operator_domain::cost::{Compared, Decimal, plain, unit_price};
use trail_operator_reconcile::conditions::Status;

use super::{
    comparison::{Comparison, Differing, Side, found},
    dearest::Dearest,
    priced::{self, Priced, components, objects},
};

const API_VERSION: &str = "trail-operator.dev/v1alpha1";
const CURRENCY: &str = "USD";
const UNKNOWN: &str = "Unknown";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Estimate<'a> {
    api_version: &'static str,
    kind: &'static str,
    currency: &'static str,
    monthly: String,
    basis: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    price_list_date: Option<&'a str>,
    components: Vec<Component>,
    objects: Vec<Object>,
    trails: Vec<Trail<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    most_expensive: Vec<&'a Dearest>,
    unknown: Vec<String>,
    findings: Vec<Finding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bill: Option<Vec<BillRow>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Component {
    name: String,
    monthly_quantity: String,
    unit: String,
    unit_price: String,
    monthly_cost: String,
    source: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    kind: String,
    namespace: String,
    name: String,
    monthly: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    monthly_events: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Trail<'a> {
    namespace: &'a str,
    name: &'a str,
    monthly: String,
    basis: String,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    within_budget: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    trail: String,
    reason: String,
    message: String,
    monthly: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BillRow {
    component: &'static str,
    region: String,
    estimated: String,
    billed: String,
    difference: String,
    estimated_quantity: String,
    billed_quantity: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Differences {
    api_version: &'static str,
    kind: &'static str,
    currency: &'static str,
    before: String,
    after: String,
    difference: String,
    components: Vec<ComponentDifference>,
    objects: Vec<ObjectDifference>,
    unknown: Vec<String>,
    findings: Vec<Finding>,
}

#[derive(Serialize)]
struct ComponentDifference {
    name: String,
    before: String,
    after: String,
    difference: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ObjectDifference {
    kind: String,
    namespace: String,
    name: String,
    before: String,
    after: String,
    difference: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    monthly_events_before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    monthly_events_after: Option<String>,
}

/// What the trails cost.
pub(super) fn estimate(trails: &[Priced], bill: Option<&[Compared]>) -> Result<String> {
    let date = trails.iter().find_map(|trail| trail.status.as_ref()?.price_list_date.as_deref());
    text(&Estimate {
        api_version: API_VERSION,
        kind: "CostEstimate",
        currency: CURRENCY,
        monthly: plain(priced::monthly(trails)),
        basis: priced::basis(trails).map_or_else(|| UNKNOWN.to_owned(), |basis| format!("{basis:?}")),
        price_list_date: date,
        components: components(trails).into_iter().map(component).collect(),
        objects: objects(trails).into_iter().map(object).collect(),
        trails: trails.iter().map(trail).collect(),
        most_expensive: trails
            .iter()
            .filter_map(|trail| trail.detail.as_ref())
            .flat_map(|it| &it.dearest)
            .collect(),
        unknown: priced::unknown(trails).into_iter().collect(),
        findings: found(trails).into_iter().map(finding).collect(),
        bill: bill.map(|rows| rows.iter().map(billed).collect()),
    })
}

/// What would be different.
pub(super) fn comparison(comparison: &Comparison) -> Result<String> {
    text(&Differences {
        api_version: API_VERSION,
        kind: "CostComparison",
        currency: CURRENCY,
        before: plain(comparison.before),
        after: plain(comparison.after),
        difference: plain(comparison.after - comparison.before),
        components: comparison.components.iter().map(component_difference).collect(),
        objects: comparison.objects.iter().map(object_difference).collect(),
        unknown: comparison.unknown.clone(),
        findings: comparison.findings.iter().cloned().map(finding).collect(),
    })
}

fn text(document: &impl Serialize) -> Result<String> {
    Ok(format!("{}\n", serde_json::to_string_pretty(document)?))
}

fn component(sum: priced::ComponentSum) -> Component {
    Component {
        name: sum.name,
        monthly_quantity: sum.quantity.normalize().to_string(),
        unit: sum.unit,
        unit_price: unit_price(sum.unit_price),
        monthly_cost: plain(sum.monthly),
        source: sum.source,
    }
}

fn object(sum: priced::ObjectSum) -> Object {
    let [kind, namespace, name] = sum.object;
    Object { kind, namespace, name, monthly: plain(sum.monthly), monthly_events: sum.events.map(whole) }
}

fn trail(trail: &Priced) -> Trail<'_> {
    let status = trail.status.as_ref();
    Trail {
        namespace: &trail.name.0,
        name: &trail.name.1,
        monthly: status.map_or_else(|| UNKNOWN.to_owned(), |status| status.monthly.clone()),
        basis: status.map_or_else(|| UNKNOWN.to_owned(), |status| format!("{:?}", status.basis)),
        message: &trail.message,
        within_budget: trail.budget.as_ref().map(|(status, _)| match status {
            Status::True => "True",
            Status::False => "False",
            Status::Unknown => UNKNOWN,
        }),
    }
}

fn finding((trail, finding): (String, CostFinding)) -> Finding {
    let monthly = finding.monthly.unwrap_or_else(|| UNKNOWN.to_owned());
    Finding { trail, reason: finding.reason, message: finding.message, monthly }
}

fn billed(row: &Compared) -> BillRow {
    BillRow {
        component: row.component.name(),
        region: row.region.clone(),
        estimated: plain(row.estimated),
        billed: plain(row.billed),
        difference: plain(row.difference()),
        estimated_quantity: row.estimated_quantity.round_dp(3).normalize().to_string(),
        billed_quantity: row
            .billed_quantity
            .map_or_else(|| UNKNOWN.to_owned(), |quantity| quantity.round_dp(3).normalize().to_string()),
    }
}

/// What is not there costs nothing.
fn side(side: Option<Side>) -> String {
    plain(side.map(|side| side.monthly).unwrap_or_default())
}

fn component_difference(row: &Differing<String>) -> ComponentDifference {
    ComponentDifference {
        name: row.of.clone(),
        before: side(row.before),
        after: side(row.after),
        difference: plain(row.difference()),
    }
}

fn object_difference(row: &Differing<[String; 3]>) -> ObjectDifference {
    let [kind, namespace, name] = row.of.clone();
    let events = |side: Option<Side>| side.and_then(|side| side.events).map(whole);
    ObjectDifference {
        kind,
        namespace,
        name,
        before: side(row.before),
        after: side(row.after),
        difference: plain(row.difference()),
        monthly_events_before: events(row.before),
        monthly_events_after: events(row.after),
    }
}

fn whole(events: Decimal) -> String {
    events.round().normalize().to_string()
}
