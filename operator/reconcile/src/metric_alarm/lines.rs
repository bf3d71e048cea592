//! A plan line by line, as people and programs are shown it. Pure.

use super::{Change, Input, Plan, differences};
use crate::{
    aws::{AlarmDescription, MetricFilter},
    trail::{FieldChange, Line, Mark, field},
};

impl Plan {
    /// Every difference in the order in which it is settled, then what is withheld.
    pub fn lines(&self, input: &Input) -> Vec<Line> {
        let withheld = self.withheld.iter().map(|withheld| Line {
            operation: withheld.operation,
            field: withheld.field.clone(),
            reason: withheld.reason.as_str(),
            withheld: true,
        });
        lines(&self.changes, |change| why(change, input)).into_iter().chain(withheld).collect()
    }
}

/// What deletion of an object changes.
pub fn lines_of_deletion(changes: &[Change]) -> Vec<Line> {
    lines(changes, |_| "the object is being deleted")
}

fn lines(changes: &[Change], why: impl Fn(&Change) -> &'static str) -> Vec<Line> {
    let of_one = |change: &Change| {
        let (operation, reason) = (change.operation(), why(change));
        let line = move |field| Line { operation, field, reason, withheld: false };
        fields(change).into_iter().map(line).collect::<Vec<_>>()
    };
    changes.iter().flat_map(of_one).collect()
}

fn why(change: &Change, input: &Input) -> &'static str {
    match change {
        Change::DeleteAlarm(_) | Change::DeleteMetricFilter(_) => "kept elsewhere now",
        Change::MarkOwner(Mark::Adopted, _) => "taken over",
        _ if change.creates() => "missing in AWS",
        _ if input.was_settled && input.is_claimed() => "changed in AWS",
        _ => "declared",
    }
}

/// The fields of a change. Of what is made anew all that have a value, of what is deleted its name.
fn fields(change: &Change) -> Vec<FieldChange> {
    match change {
        Change::PutMetricFilter(_, filter) if change.creates() => {
            let nothing = differences::of_filter(&MetricFilter::default(), filter);
            [FieldChange::new("filter.name", "", &filter.name)]
                .into_iter()
                .chain(from_nothing(nothing))
                .collect()
        }
        Change::PutMetricAlarm(_, settings, tags) if change.creates() => {
            let nothing = differences::of_alarm(&AlarmDescription::default(), settings);
            let tag = |(key, value): (&String, &String)| FieldChange::new(field::tag(key), "", value);
            [FieldChange::new("alarm.alarmName", "", &settings.alarm_name)]
                .into_iter()
                .chain(from_nothing(nothing))
                .chain(tags.iter().map(tag))
                .collect()
        }
        Change::DeleteAlarm(place) => vec![FieldChange::new("alarm.alarmName", &place.alarm_name, "")],
        Change::DeleteMetricFilter(place) => vec![FieldChange::new("filter.name", &place.filter_name, "")],
        _ => change.fields(),
    }
}

/// Nothing is weaker than no alarm.
fn from_nothing(fields: Vec<FieldChange>) -> impl Iterator<Item = FieldChange> {
    fields.into_iter().map(|change| FieldChange { from: String::new(), weakening: false, ..change })
}
