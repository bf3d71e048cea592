//! A plan for people: `+` what comes, `-` what goes, `~` what changes, `!` what is withheld.

use anstyle::{AnsiColor, Style};
use kube::ResourceExt;
use trail_operator_reconcile::trail::{Line, Plan, Severity};

use super::{Outcome, Planned, document::severity};

const GREEN: Style = AnsiColor::Green.on_default();
const RED: Style = AnsiColor::Red.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

pub(super) fn print(planned: &[Planned]) {
    for one in planned {
        object(one);
        anstream::println!();
    }
    summary(planned);
}

fn object(planned: &Planned) {
    let name = format!("{}/{}", planned.trail.namespace().unwrap_or_default(), planned.trail.name_any());
    match &planned.outcome {
        Outcome::Plan(known) => {
            let (input, _, plan) = &**known;
            anstream::println!("{BOLD}Trail {name}{BOLD:#}  {DIM}{}{DIM:#}", input.arn);
            body(plan, &plan.lines(input));
        }
        Outcome::Unresolved(unresolved) => {
            anstream::println!("{BOLD}Trail {name}{BOLD:#}");
            anstream::println!("  {YELLOW}{}{YELLOW:#}: {}", unresolved.reason(), unresolved.message());
        }
        Outcome::Suspended => {
            anstream::println!("{BOLD}Trail {name}{BOLD:#}");
            anstream::println!("  suspended: nothing is read or changed");
        }
    }
}

fn body(plan: &Plan, lines: &[Line]) {
    let mut operation = "";
    for line in lines.iter().filter(|line| !line.withheld) {
        if line.operation != operation {
            operation = line.operation;
            anstream::println!("  {operation}");
        }
        change(line);
    }
    if plan.changes.is_empty() && plan.withheld.is_empty() && plan.findings.is_empty() {
        anstream::println!("  as declared");
    }
    if lines.iter().any(|line| line.withheld) {
        anstream::println!("  {YELLOW}withheld{YELLOW:#}");
    }
    for line in lines.iter().filter(|line| line.withheld) {
        let field = &line.field;
        anstream::println!("    {YELLOW}!{YELLOW:#} {field}  {DIM}({}){DIM:#}", line.reason);
    }
    for finding in &plan.findings {
        let style = if finding.severity == Severity::Error { RED } else { YELLOW };
        let severity = severity(finding.severity);
        anstream::println!("  {style}{severity} {}{style:#}: {}", finding.reason, finding.message);
    }
}

fn change(line: &Line) {
    let field = &line.field;
    let weakening = if field.weakening { ", weakens the record" } else { "" };
    let why = format!("{DIM}({}{weakening}){DIM:#}", line.reason);
    if field.field.is_empty() {
        return;
    }
    match (field.from.is_empty(), field.to.is_empty()) {
        (true, _) => anstream::println!("    {GREEN}+{GREEN:#} {}: '{}'  {why}", field.field, field.to),
        (false, true) => anstream::println!("    {RED}-{RED:#} {}: '{}'  {why}", field.field, field.from),
        (false, false) => anstream::println!("    {YELLOW}~{YELLOW:#} {field}  {why}"),
    }
}

fn summary(planned: &[Planned]) {
    let plans: Vec<_> = planned.iter().filter_map(Planned::plan).collect();
    let to_do = plans.iter().filter(|plan| !plan.changes.is_empty()).count();
    let calls = plans.iter().map(|plan| plan.changes.len()).sum();
    let withheld = plans.iter().map(|plan| plan.withheld.len()).sum();
    let (trails, calls, withheld) =
        (counted(planned.len(), "Trail"), counted(calls, "AWS call"), counted(withheld, "difference"));
    anstream::println!("{BOLD}Plan{BOLD:#}: {trails}, {to_do} to change with {calls}, {withheld} withheld.");
}

fn counted(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}
