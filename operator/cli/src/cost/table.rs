//! Costs for people.

use std::fmt::{self, Write as _};

use anstyle::{AnsiColor, Style};
use comfy_table::{CellAlignment, Table, presets::NOTHING};
use trail_operator_crds::CostFinding;
use trail_operator_domain::cost::{Compared, Decimal, dollars, unit_price};
use trail_operator_reconcile::conditions::Status;

use super::{
    comparison::{Comparison, Side, found},
    dearest::{Dearest, Part},
    priced::{self, Priced, amount, components, objects},
    signed,
};
use crate::untrusted::shown;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GREEN: Style = AnsiColor::Green.on_default();
const RED: Style = AnsiColor::Red.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
/// So many of each list of what costs most.
const MOST: usize = 5;

/// Several trails, as the cluster knows them: a line each.
pub(super) fn list(trails: &[Priced]) -> String {
    let row = |trail: &Priced| {
        let status = trail.status.as_ref();
        let monthly = status.map_or_else(|| "?".to_owned(), |status| dollars(amount(&status.monthly)));
        let basis = status.map_or_else(|| "Unknown".to_owned(), |status| format!("{:?}", status.basis));
        let budget = trail.budget.as_ref().map_or("", |(status, _)| match status {
            Status::True => "within",
            Status::False => "exceeded",
            Status::Unknown => "unknown",
        });
        let findings = status.map(|status| status.findings.len()).unwrap_or_default();
        vec![trail.called(), monthly, basis, budget.to_owned(), findings.to_string()]
    };
    let mut text =
        table(&["TRAIL", "A MONTH", "BASIS", "BUDGET", "FINDINGS"], &[1, 4], trails.iter().map(row));
    // Writing into a text does not fail.
    let _ = writeln!(text, "\n{BOLD}{} a month{BOLD:#}", priced::told(trails));
    text
}

/// All that there is of one trail, or of several together.
pub(super) fn whole(trails: &[Priced], bill: Option<&[Compared]>) -> String {
    let mut text = String::new();
    // Writing into a text does not fail.
    let _ = write_whole(&mut text, trails, bill);
    text
}

fn write_whole(text: &mut String, trails: &[Priced], bill: Option<&[Compared]>) -> fmt::Result {
    for trail in trails {
        head(text, trail)?;
    }
    let components = components(trails);
    if !components.is_empty() {
        let row = |sum: &priced::ComponentSum| {
            let price = format!("${}", unit_price(sum.unit_price));
            vec![sum.name.clone(), grouped(sum.quantity), sum.unit.clone(), price, dollars(sum.monthly)]
        };
        let heads = ["COMPONENT", "QUANTITY", "UNIT", "UNIT PRICE", "A MONTH"];
        write!(text, "\n{}", table(&heads, &[1, 3, 4], components.iter().map(row)))?;
    }
    let objects = objects(trails);
    if !objects.is_empty() {
        let all_is_known = priced::unknown(trails).is_empty();
        let row = |sum: &priced::ObjectSum| {
            let [kind, namespace, name] = &sum.object;
            let events = sum.events.map(|events| grouped(events.round())).unwrap_or_default();
            // Not a price that is known to be nothing.
            let is_known = all_is_known || sum.events.is_none() || !sum.monthly.is_zero();
            let monthly = if is_known { dollars(sum.monthly) } else { "?".to_owned() };
            vec![format!("{kind} {namespace}/{name}"), events, monthly]
        };
        let heads = ["OBJECT", "EVENTS A MONTH", "A MONTH"];
        write!(text, "\n{}", table(&heads, &[1, 2], objects.iter().map(row)))?;
    }
    let dearest = trails.iter().filter_map(|trail| trail.detail.as_ref()).flat_map(|detail| &detail.dearest);
    // What is free has nothing that is expensive.
    for dearest in dearest.filter(|dearest| !amount(&dearest.monthly).is_zero()) {
        most_expensive(text, dearest)?;
    }
    if let Some(bill) = bill {
        beside_bill(text, bill)?;
    }
    findings(text, &found(trails))?;
    unknown(text, priced::unknown(trails))?;
    writeln!(text, "\n{BOLD}{} a month{BOLD:#}", priced::told(trails))
}

/// What is different.
pub(super) fn comparison(comparison: &Comparison) -> String {
    let mut text = String::new();
    // Writing into a text does not fail.
    let _ = write_comparison(&mut text, comparison);
    text
}

fn write_comparison(text: &mut String, comparison: &Comparison) -> fmt::Result {
    let side = |side: Option<Side>| side.map(|side| dollars(side.monthly)).unwrap_or_default();
    let events = |side: Option<Side>| {
        side.and_then(|side| side.events).map(|events| grouped(events.round())).unwrap_or_default()
    };
    let components = comparison
        .components
        .iter()
        .map(|row| vec![row.of.clone(), side(row.before), side(row.after), signed(row.difference())]);
    write!(text, "{}", table(&["COMPONENT", "TODAY", "THEN", "DIFFERENCE"], &[1, 2, 3], components))?;
    let objects = comparison.objects.iter().map(|row| {
        let [kind, namespace, name] = &row.of;
        let object = format!("{kind} {namespace}/{name}");
        vec![
            object,
            events(row.before),
            events(row.after),
            side(row.before),
            side(row.after),
            signed(row.difference()),
        ]
    });
    let heads = ["OBJECT", "EVENTS TODAY", "EVENTS THEN", "TODAY", "THEN", "DIFFERENCE"];
    write!(text, "\n{}", table(&heads, &[1, 2, 3, 4, 5], objects))?;
    findings(text, &comparison.findings)?;
    unknown(text, comparison.unknown.iter().cloned())?;
    let difference = comparison.after - comparison.before;
    let style = if difference > Decimal::ZERO { RED } else { GREEN };
    writeln!(
        text,
        "\n{BOLD}{} a month in place of {}: {BOLD:#}{style}{}{style:#}",
        dollars(comparison.after),
        dollars(comparison.before),
        signed(difference)
    )
}

fn head(text: &mut String, trail: &Priced) -> fmt::Result {
    writeln!(text, "{BOLD}Trail {}{BOLD:#}  {}", trail.called(), shown(&trail.message))?;
    if let Some((status, message)) = &trail.budget {
        let style = match status {
            Status::True => GREEN,
            Status::False => RED,
            Status::Unknown => YELLOW,
        };
        writeln!(text, "  {style}budget{style:#}: {}", shown(message))?;
    }
    Ok(())
}

fn most_expensive(text: &mut String, dearest: &Dearest) -> fmt::Result {
    let of =
        dearest.event_selector.as_ref().map(|name| format!(", EventSelector {name}")).unwrap_or_default();
    writeln!(
        text,
        "\n{BOLD}Most expensive{BOLD:#}: {} events of Trail {}{of}",
        dearest.category, dearest.trail
    )?;
    let rows = |what: &'static str, parts: &[Part]| {
        let row = move |part: &Part| {
            let events = grouped(amount(&part.events));
            vec![what.to_owned(), shown(&part.name), events, dollars(amount(&part.monthly))]
        };
        parts.iter().take(MOST).map(row).collect::<Vec<_>>()
    };
    let all = [
        rows("source", &dearest.sources),
        rows("event", &dearest.event_names),
        rows("principal", &dearest.principals),
    ];
    write!(text, "{}", table(&["", "", "EVENTS A MONTH", "A MONTH"], &[2, 3], all.concat()))
}

fn beside_bill(text: &mut String, bill: &[Compared]) -> fmt::Result {
    let row = |row: &Compared| {
        let quantity = row.billed_quantity.map(|quantity| grouped(quantity.round_dp(3))).unwrap_or_default();
        vec![
            row.component.name().to_owned(),
            row.region.clone(),
            dollars(row.estimated),
            dollars(row.billed),
            signed(row.difference()),
            grouped(row.estimated_quantity.round_dp(3)),
            quantity,
        ]
    };
    let heads =
        ["COMPONENT", "REGION", "ESTIMATED", "BILLED", "DIFFERENCE", "QUANTITY ESTIMATED", "QUANTITY BILLED"];
    write!(text, "\n{}", table(&heads, &[2, 3, 4, 5, 6], bill.iter().map(row)))
}

fn findings(text: &mut String, findings: &[(String, CostFinding)]) -> fmt::Result {
    for (trail, finding) in findings {
        let monthly = finding.monthly.as_deref().map(|monthly| format!(" {}", dollars(amount(monthly))));
        writeln!(
            text,
            "\n{YELLOW}{}{YELLOW:#}{} Trail {trail}: {}",
            finding.reason,
            monthly.unwrap_or_default(),
            shown(&finding.message)
        )?;
    }
    Ok(())
}

fn unknown(text: &mut String, unknown: impl IntoIterator<Item = String>) -> fmt::Result {
    for what in unknown {
        writeln!(text, "\n{YELLOW}not in the sum{YELLOW:#}: {}", shown(&what))?;
    }
    Ok(())
}

/// Columns without lines; those named are of numbers.
fn table(heads: &[&str], numbers: &[usize], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(heads).add_rows(rows);
    for (place, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if numbers.contains(&place) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut lines = table.lines();
    let head = lines.next().map(|head| format!("{DIM}{}{DIM:#}\n", head.trim_end())).unwrap_or_default();
    lines.fold(head, |text, line| text + line.trim_end() + "\n")
}

/// A number with its thousands apart.
fn grouped(number: Decimal) -> String {
    let text = number.normalize().to_string();
    let (whole, fraction) =
        text.split_once('.').map_or((text.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let whole = whole
        .parse::<u64>()
        .map_or_else(|_| whole.to_owned(), |whole| indicatif::HumanCount(whole).to_string());
    fraction.map_or(whole.clone(), |fraction| format!("{whole}.{fraction}"))
}
