//! An estimate beside a bill.
//!
//! Knows the columns of Cost and Usage Reports and of Cost Explorer's exports, and how usage types name Regions. Must not know
//! files: rows are handed in, divided into columns.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::{Component, Estimate, Service};

/// A row of a bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillRow {
    /// Its service code, or the name that Cost Explorer shows.
    pub service: String,
    /// Its usage type, with the Region's prefix.
    pub usage_type: String,
    /// How much was used; nothing where the export does not say.
    pub quantity: Option<Decimal>,
    /// What it cost in USD.
    pub cost: Decimal,
}

/// A component in one Region, estimated and billed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// What it is.
    pub component: Component,
    /// The Region; where the usage type's prefix is not known, that prefix.
    pub region: String,
    /// USD of the estimate.
    pub estimated: Decimal,
    /// How much was estimated.
    pub estimated_quantity: Decimal,
    /// USD of the bill.
    pub billed: Decimal,
    /// How much was billed, where the bill says.
    pub billed_quantity: Option<Decimal>,
}

impl Compared {
    /// USD that were billed beyond the estimate.
    pub fn difference(&self) -> Decimal {
        self.billed.saturating_sub(self.estimated)
    }
}

/// Columns that matter, by the names that AWS gives them: CUR, CUR 2.0 and Data Exports, Cost Explorer.
const SERVICE: [&str; 5] =
    ["lineItem/ProductCode", "line_item_product_code", "product/servicecode", "Service", "service"];
const USAGE_TYPE: [&str; 4] = ["lineItem/UsageType", "line_item_usage_type", "Usage type", "UsageType"];
const QUANTITY: [&str; 4] =
    ["lineItem/UsageAmount", "line_item_usage_amount", "Usage quantity", "UsageQuantity"];
const COST: [&str; 6] = [
    "lineItem/UnblendedCost",
    "line_item_unblended_cost",
    "Cost ($)",
    "Total costs($)",
    "Costs ($)",
    "UnblendedCost",
];

/// The rows of a table, of which the first line names the columns. Exports without a column of services hold one service,
/// which is `only_service` then. Errors say what is missing and what is there.
pub fn bill_rows<'a, R: AsRef<[&'a str]>>(
    header: &[&str],
    rows: &[R],
    only_service: Option<Service>,
) -> Result<Vec<BillRow>, String> {
    let place = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| header.iter().position(|column| column.trim().eq_ignore_ascii_case(name)))
    };
    let needed = |what: &str, names: &[&str]| {
        place(names).ok_or_else(|| {
            let names = names.join("`, `");
            format!("the table has no column of {what}: one of `{names}`; it has `{}`", header.join("`, `"))
        })
    };
    let usage_type = needed("usage types", &USAGE_TYPE)?;
    let cost = needed("costs", &COST)?;
    let (service, quantity) = (place(&SERVICE), place(&QUANTITY));
    if service.is_none() && only_service.is_none() {
        needed("services", &SERVICE)?;
    }
    let mut read = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let cell = |place: usize| row.as_ref().get(place).map(|cell| cell.trim()).unwrap_or_default();
        let amount = |place: usize| {
            number_in(cell(place))
                .ok_or_else(|| format!("row {}: `{}` is no number", number + 2, cell(place)))
        };
        if cell(usage_type).is_empty() {
            continue;
        }
        read.push(BillRow {
            service: service.map_or_else(
                || only_service.map(Service::code).unwrap_or_default().to_owned(),
                |place| cell(place).to_owned(),
            ),
            usage_type: cell(usage_type).to_owned(),
            quantity: quantity.filter(|place| !cell(*place).is_empty()).map(amount).transpose()?,
            cost: amount(cost)?,
        });
    }
    Ok(read)
}

/// Exports leave out what is nothing.
fn number_in(cell: &str) -> Option<Decimal> {
    if cell.is_empty() {
        return Some(Decimal::ZERO);
    }
    cell.parse().ok().or_else(|| Decimal::from_scientific(cell).ok())
}

/// Estimate and bill by component and Region; what only one of them has stands beside nothing. Rows of other things are left
/// out. A bill has the whole account's S3, KMS and CloudWatch, an estimate only what its trails use of them.
pub fn compare_bill(estimate: &Estimate, rows: &[BillRow]) -> Vec<Compared> {
    let mut all = BTreeMap::<(Component, String), Compared>::new();
    let mut place = |component: Component, region: &str, change: &dyn Fn(&mut Compared)| {
        let none = Compared {
            component,
            region: region.to_owned(),
            estimated: Decimal::ZERO,
            estimated_quantity: Decimal::ZERO,
            billed: Decimal::ZERO,
            billed_quantity: None,
        };
        change(all.entry((component, region.to_owned())).or_insert(none));
    };
    for line in &estimate.lines {
        place(line.component, &line.region, &|row| {
            row.estimated = row.estimated.saturating_add(line.monthly);
            row.estimated_quantity = row.estimated_quantity.saturating_add(line.quantity);
        });
    }
    for row in rows {
        let Some(component) = Component::of_usage(code(&row.service), &row.usage_type) else { continue };
        place(component, region(component, &row.usage_type), &|compared| {
            compared.billed = compared.billed.saturating_add(row.cost);
            let sum = compared.billed_quantity.unwrap_or_default();
            let more = row.quantity.map(|quantity| sum.saturating_add(quantity));
            compared.billed_quantity = more.or(compared.billed_quantity);
        });
    }
    all.into_values().collect()
}

/// Cost Explorer shows names in place of codes; its export calls CloudWatch both ways.
fn code(service: &str) -> &str {
    match service {
        "CloudTrail" | "AWS CloudTrail" => Service::CloudTrail.code(),
        "CloudWatch" | "Amazon CloudWatch" => Service::CloudWatch.code(),
        "S3" | "Amazon Simple Storage Service" | "Simple Storage Service" => Service::S3.code(),
        "SNS" | "Amazon Simple Notification Service" => Service::Sns.code(),
        "Key Management Service" | "AWS Key Management Service" => Service::Kms.code(),
        code => code,
    }
}

/// Prefixes of usage types (`cloudtrail.md` 9.1; AWS's page on billing and usage reports of S3). KMS writes Regions out.
const PREFIXES: [(&str, &str); 18] = [
    ("USE1", "us-east-1"),
    ("USE2", "us-east-2"),
    ("USW1", "us-west-1"),
    ("USW2", "us-west-2"),
    ("CAN1", "ca-central-1"),
    ("EU", "eu-west-1"),
    ("EUW1", "eu-west-1"),
    ("EUW2", "eu-west-2"),
    ("EUW3", "eu-west-3"),
    ("EUC1", "eu-central-1"),
    ("APN1", "ap-northeast-1"),
    ("APN2", "ap-northeast-2"),
    ("APS1", "ap-southeast-1"),
    ("APS2", "ap-southeast-2"),
    ("APS3", "ap-south-1"),
    ("SAE1", "sa-east-1"),
    ("UGW1", "us-gov-west-1"),
    // Usage types without a prefix are of the oldest Region.
    ("", "us-east-1"),
];

fn region(component: Component, usage_type: &str) -> &str {
    let prefix = usage_type.strip_suffix(component.usage()).unwrap_or_default().trim_end_matches('-');
    PREFIXES.iter().find(|(known, _)| *known == prefix).map_or(prefix, |(_, region)| region)
}
