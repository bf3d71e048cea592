//! Costs as a comment on a pull request.

use std::fmt::{self, Write as _};

use trail_operator_crds::CostFinding;
use trail_operator_domain::cost::dollars;

use super::{
    comparison::{Comparison, Side, found},
    priced::{self, Priced, amount, components, objects},
    signed,
};
use crate::untrusted::shown;

/// What the trails cost.
pub(super) fn estimate(trails: &[Priced]) -> String {
    let mut text = String::new();
    // Writing into a text does not fail.
    let _ = write_estimate(&mut text, trails);
    text
}

fn write_estimate(text: &mut String, trails: &[Priced]) -> fmt::Result {
    writeln!(text, "### CloudTrail: {} a month\n", priced::told(trails))?;
    writeln!(text, "| object | a month |\n|---|---:|")?;
    for sum in objects(trails) {
        writeln!(text, "| {} | {} |", object(&sum.object), dollars(sum.monthly))?;
    }
    writeln!(text, "\n| component | quantity | unit | a month |\n|---|---:|---|---:|")?;
    for sum in components(trails) {
        let quantity = sum.quantity.normalize();
        writeln!(text, "| {} | {quantity} | {} | {} |", sum.name, sum.unit, dollars(sum.monthly))?;
    }
    list(text, &found(trails), priced::unknown(trails))?;
    for trail in trails {
        writeln!(text, "\n<sub>{}: {}</sub>", cell(&trail.called()), cell(&trail.message))?;
    }
    Ok(())
}

/// What is different.
pub(super) fn comparison(comparison: &Comparison) -> String {
    let mut text = String::new();
    // Writing into a text does not fail.
    let _ = write_comparison(&mut text, comparison);
    text
}

fn write_comparison(text: &mut String, comparison: &Comparison) -> fmt::Result {
    let difference = comparison.after - comparison.before;
    writeln!(
        text,
        "### CloudTrail: {} a month ({}; today {})\n",
        dollars(comparison.after),
        signed(difference),
        dollars(comparison.before)
    )?;
    let side = |side: Option<Side>| side.map(|side| dollars(side.monthly)).unwrap_or_default();
    writeln!(text, "| object | today | then | difference |\n|---|---:|---:|---:|")?;
    for row in &comparison.objects {
        let (before, after) = (side(row.before), side(row.after));
        writeln!(text, "| {} | {before} | {after} | {} |", object(&row.of), signed(row.difference()))?;
    }
    writeln!(text, "\n| component | today | then | difference |\n|---|---:|---:|---:|")?;
    for row in &comparison.components {
        let (before, after) = (side(row.before), side(row.after));
        writeln!(text, "| {} | {before} | {after} | {} |", row.of, signed(row.difference()))?;
    }
    list(text, &comparison.findings, comparison.unknown.iter().cloned())
}

fn list(
    text: &mut String,
    findings: &[(String, CostFinding)],
    unknown: impl IntoIterator<Item = String>,
) -> fmt::Result {
    text.push('\n');
    for (trail, finding) in findings {
        let monthly = finding.monthly.as_deref().map(|monthly| format!(" {}", dollars(amount(monthly))));
        let (trail, message) = (cell(trail), cell(&finding.message));
        writeln!(text, "- **{}**{} {trail}: {message}", finding.reason, monthly.unwrap_or_default())?;
    }
    for what in unknown {
        writeln!(text, "- **not in the sum**: {}", cell(&what))?;
    }
    Ok(())
}

fn object([kind, namespace, name]: &[String; 3]) -> String {
    format!("{kind} `{}/{}`", cell(namespace), cell(name))
}

/// Text of others, without what Markdown would take for its own.
fn cell(text: &str) -> String {
    shown(text).chars().fold(String::new(), |mut safe, char| {
        if matches!(char, '|' | '<' | '>' | '*' | '_' | '`' | '[' | ']' | '\\') {
            safe.push('\\');
        }
        safe.push(char);
        safe
    })
}
