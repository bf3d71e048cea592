//! A plan for people: `+` what comes, `-` what goes, `~` what changes, `!` what is withheld.

use std::fmt::{self, Write as _};

use anstyle::{AnsiColor, Style};
use anyhow::Result;
use trail_operator_reconcile::trail::{Line, Severity};

use super::{Outcome, Plan, Planned, document::severity};

const GREEN: Style = AnsiColor::Green.on_default();
const RED: Style = AnsiColor::Red.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

pub(super) fn print(planned: &[Planned]) -> Result<()> {
    let mut text = String::new();
    for one in planned {
        object(&mut text, one)?;
        text.push('\n');
    }
    summary(&mut text, planned)?;
    crate::output::text(&text)
}

fn object(text: &mut String, planned: &Planned) -> fmt::Result {
    let Planned { kind, namespace, name, outcome } = planned;
    write!(text, "{BOLD}{kind} {namespace}/{name}{BOLD:#}")?;
    match outcome {
        Outcome::Plan(plan) => {
            writeln!(text, "  {DIM}{}{DIM:#}", plan.target)?;
            body(text, plan)
        }
        Outcome::Unresolved(reason, message) => {
            writeln!(text, "\n  {YELLOW}{reason}{YELLOW:#}: {message}")
        }
        Outcome::Suspended => {
            writeln!(text)?;
            writeln!(text, "  suspended: nothing is read or changed")
        }
    }
}

fn body(text: &mut String, plan: &Plan) -> fmt::Result {
    let Plan { lines, findings, warnings, calls, .. } = plan;
    let mut operation = "";
    for line in lines.iter().filter(|line| !line.withheld) {
        if line.operation != operation {
            operation = line.operation;
            writeln!(text, "  {operation}")?;
        }
        change(text, line)?;
    }
    if *calls == 0 && lines.is_empty() && findings.is_empty() {
        writeln!(text, "  as declared")?;
    }
    if lines.iter().any(|line| line.withheld) {
        writeln!(text, "  {YELLOW}withheld{YELLOW:#}")?;
    }
    for line in lines.iter().filter(|line| line.withheld) {
        let field = &line.field;
        writeln!(text, "    {YELLOW}!{YELLOW:#} {field}  {DIM}({}){DIM:#}", line.reason)?;
    }
    for finding in findings {
        let style = if finding.severity == Severity::Error { RED } else { YELLOW };
        let severity = severity(finding.severity);
        writeln!(text, "  {style}{severity} {}{style:#}: {}", finding.reason, finding.message)?;
    }
    for warning in warnings {
        writeln!(text, "  {YELLOW}Warning {}{YELLOW:#}: {}", warning.reason, warning.message)?;
    }
    Ok(())
}

fn change(text: &mut String, line: &Line) -> fmt::Result {
    let field = &line.field;
    let weakening = if field.weakening { ", weakens the record" } else { "" };
    let why = format!("{DIM}({}{weakening}){DIM:#}", line.reason);
    if field.field.is_empty() {
        return Ok(());
    }
    match (field.from.is_empty(), field.to.is_empty()) {
        (true, _) => writeln!(text, "    {GREEN}+{GREEN:#} {}: '{}'  {why}", field.field, field.to),
        (false, true) => writeln!(text, "    {RED}-{RED:#} {}: '{}'  {why}", field.field, field.from),
        (false, false) => writeln!(text, "    {YELLOW}~{YELLOW:#} {field}  {why}"),
    }
}

fn summary(text: &mut String, planned: &[Planned]) -> fmt::Result {
    let plans: Vec<_> = planned.iter().filter_map(Planned::plan).collect();
    let to_do = plans.iter().filter(|plan| plan.calls > 0).count();
    let calls = plans.iter().map(|plan| plan.calls).sum();
    let withheld = plans.iter().flat_map(|plan| &plan.lines).filter(|line| line.withheld).count();
    let of = |kind: &str| planned.iter().filter(|one| one.kind == kind).count();
    let alarms = match of("MetricAlarm") {
        0 => String::new(),
        alarms => format!(" and {}", counted(alarms, "MetricAlarm")),
    };
    let (trails, calls, withheld) =
        (counted(of("Trail"), "Trail"), counted(calls, "AWS call"), counted(withheld, "difference"));
    writeln!(
        text,
        "{BOLD}Plan{BOLD:#}: {trails}{alarms}, {to_do} to change with {calls}, {withheld} withheld."
    )
}

fn counted(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}
