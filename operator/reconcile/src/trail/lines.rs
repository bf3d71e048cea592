//! A plan line by line, as people and programs are shown it. Pure.

use super::{Change, FieldChange, Input, Mark, Plan, change::field, settings};
use crate::aws::TrailSettings;

/// One difference, and what is done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The AWS operation.
    pub operation: &'static str,
    /// What changes. The field is empty where the whole trail does.
    pub field: FieldChange,
    /// Why it is done, or left.
    pub reason: &'static str,
    /// Whether it is left.
    pub withheld: bool,
}

impl Plan {
    /// Every difference in the order in which it is settled, then what is withheld.
    pub fn lines(&self, input: &Input) -> Vec<Line> {
        let created = self.changes.iter().any(|change| matches!(change, Change::CreateTrail(..)));
        let done = self.changes.iter().flat_map(|change| {
            let reason = why(change, created, input);
            let operation = change.operation();
            // Nothing is weaker than no trail.
            let judged =
                move |field: FieldChange| FieldChange { weakening: field.weakening && !created, ..field };
            fields(change).into_iter().map(judged).map(move |field| Line {
                operation,
                field,
                reason,
                withheld: false,
            })
        });
        let withheld = self.withheld.iter().map(|withheld| Line {
            operation: withheld.operation,
            field: withheld.field.clone(),
            reason: withheld.reason.as_str(),
            withheld: true,
        });
        done.chain(withheld).collect()
    }
}

fn why(change: &Change, created: bool, input: &Input) -> &'static str {
    match change {
        Change::DeleteTrail | Change::RemoveOwnerTag => "the object is being deleted",
        Change::MarkOwner(Mark::Adopted, _) => "taken over",
        _ if created => "missing in AWS",
        _ if change.fields().iter().any(|change| input.had_settled(&change.field)) => "changed in AWS",
        _ => "declared",
    }
}

fn fields(change: &Change) -> Vec<FieldChange> {
    match change {
        Change::CreateTrail(settings, tags) => {
            let tag = |(key, value): (&String, &String)| FieldChange::new(field::tag(key), "", value);
            let nothing = TrailSettings::default();
            settings::differences(&nothing, settings)
                .into_iter()
                .map(from_nothing)
                .chain(tags.iter().map(tag))
                .collect()
        }
        Change::DeleteTrail => vec![FieldChange::new("", "", "")],
        _ => change.fields(),
    }
}

fn from_nothing(change: FieldChange) -> FieldChange {
    let from = if change.from == "false" { String::new() } else { change.from };
    FieldChange { from, ..change }
}
