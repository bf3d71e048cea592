//! The document of kind `Plan`.

use anyhow::Result;
use serde::Serialize;
use trail_operator_reconcile::trail::{Finding, Line, Severity};

use super::{Outcome, Planned, copies::Warning};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    api_version: &'static str,
    kind: &'static str,
    objects: Vec<Object>,
}

#[derive(Serialize)]
struct Object {
    kind: &'static str,
    namespace: String,
    name: String,
    changes: Vec<Change>,
    findings: Vec<Told>,
}

#[derive(Serialize)]
struct Change {
    operation: &'static str,
    field: String,
    from: String,
    to: String,
    reason: &'static str,
    weakening: bool,
    withheld: bool,
}

#[derive(Serialize)]
struct Told {
    severity: &'static str,
    reason: &'static str,
    message: String,
}

pub(super) fn print(planned: &[Planned]) -> Result<()> {
    let objects = planned.iter().map(object).collect();
    let document = Document { api_version: "trail-operator.dev/v1alpha1", kind: "Plan", objects };
    crate::output::json(&document)
}

fn object(planned: &Planned) -> Object {
    let (changes, findings) = match &planned.outcome {
        Outcome::Plan(plan) => {
            let warnings = plan.warnings.iter().map(warning);
            (
                plan.lines.iter().map(change).collect(),
                plan.findings.iter().map(told).chain(warnings).collect(),
            )
        }
        Outcome::Unresolved(reason, message) => {
            let (reason, message) = (reason.as_str(), message.clone());
            (vec![], vec![Told { severity: "Waiting", reason, message }])
        }
        Outcome::Suspended => {
            let message = "spec.suspend is true: nothing is read or changed in AWS".to_owned();
            (vec![], vec![Told { severity: "Info", reason: "Suspended", message }])
        }
    };
    Object {
        kind: planned.kind,
        namespace: planned.namespace.clone(),
        name: planned.name.clone(),
        changes,
        findings,
    }
}

fn change(line: &Line) -> Change {
    Change {
        operation: line.operation,
        field: line.field.field.clone(),
        from: line.field.from.clone(),
        to: line.field.to.clone(),
        reason: line.reason,
        weakening: line.field.weakening,
        withheld: line.withheld,
    }
}

fn told(finding: &Finding) -> Told {
    Told {
        severity: severity(finding.severity),
        reason: finding.reason.as_str(),
        message: finding.message.clone(),
    }
}

fn warning(warning: &Warning) -> Told {
    Told { severity: "Warning", reason: warning.reason, message: warning.message.clone() }
}

pub(super) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "Error",
        Severity::Waiting => "Waiting",
        Severity::Pending => "Pending",
    }
}
