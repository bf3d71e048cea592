//! Whose a filter and an alarm are, and whether they may be taken over. Pure.
//!
//! An alarm says by a tag. A filter has none: it is ours where status says that we keep one of that name there, which is
//! written only when there was none, or it could be taken over.

use trail_operator_crds::{AdoptionPolicy, OWNER_TAG};

use super::{Change, Input, Observed, ObservedAlarm};
use crate::trail::{FieldChange, Mark, field};

/// Whose an alarm is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ownership {
    /// The owner tag is ours.
    Ours,
    /// It was ours, and the tag is gone.
    Lost,
    /// It was ours, and the tag names somebody else.
    Taken,
    /// It carries no owner tag and was never ours.
    Unowned,
    /// The owner tag names somebody else.
    Theirs,
    /// Its tags may not be read.
    Unknown,
}

impl Ownership {
    pub(super) fn of(alarm: &ObservedAlarm, owner: &str, acquired: bool) -> Self {
        match alarm.owner() {
            _ if alarm.tags.is_err() => Self::Unknown,
            Some(tag) if tag == owner => Self::Ours,
            Some(_) if acquired => Self::Taken,
            Some(_) => Self::Theirs,
            None if acquired => Self::Lost,
            None => Self::Unowned,
        }
    }
}

/// The mark that makes or keeps the alarm ours, if one is due; or why filter and alarm are left alone.
pub(super) fn claim(input: &Input, observed: &Observed) -> Result<Option<Change>, String> {
    let place = format!("account {} and {}", input.place.account_id, input.place.region);
    if let Some((namespace, name)) = &input.rival {
        return Err(format!(
            "MetricAlarm {namespace}/{name}, older than this one, keeps a filter or an alarm of the same name in {place}: delete one of the two, or use another spec.filter.name and spec.alarm.alarmName"
        ));
    }
    filter(input, observed, &place)?;
    let Some(alarm) = &observed.alarm else { return Ok(None) };
    let name = &input.place.alarm_name;
    let acquired = input.acquired && input.is_claimed();
    match Ownership::of(alarm, &input.owner, acquired) {
        Ownership::Ours => Ok(None),
        Ownership::Lost => Ok(Some(mark(input, Mark::Restored, ""))),
        Ownership::Taken if !input.owner_tag_restored => {
            Ok(Some(mark(input, Mark::Reclaimed, "another owner")))
        }
        Ownership::Taken => Err(format!(
            "somebody else has put his owner tag on the alarm '{name}' in {place}, again after it was put right once (see its tag {OWNER_TAG}); it is left alone: delete one of the two objects"
        )),
        Ownership::Unowned if input.adoption_policy == AdoptionPolicy::IfUnowned => {
            Ok(Some(mark(input, Mark::Adopted, "")))
        }
        Ownership::Unowned => Err(format!(
            "an alarm named '{name}' exists in {place} and was not made by this object; it is left alone: set spec.adoptionPolicy to IfUnowned to take it over, or use another spec.alarm.alarmName"
        )),
        Ownership::Theirs => Err(format!(
            "the alarm '{name}' in {place} belongs to another object or cluster (see its tag {OWNER_TAG}); it is left alone: use another spec.alarm.alarmName, or take the tag off"
        )),
        Ownership::Unknown => Err(format!(
            "the tags of the alarm '{name}' in {place} may not be read, so nobody knows whose it is; it is left alone: allow cloudwatch:ListTagsForResource on it"
        )),
    }
}

fn filter(input: &Input, observed: &Observed, place: &str) -> Result<(), String> {
    if observed.filter.is_none() || input.keeps_filter() || input.adoption_policy == AdoptionPolicy::IfUnowned
    {
        return Ok(());
    }
    // An object that was made again has lost its status; the alarm still says whose the pair is.
    let is_of_ours = observed.alarm.as_ref().is_some_and(|alarm| {
        let ours = Ownership::of(alarm, &input.owner, false) == Ownership::Ours;
        let metric = &alarm.description.settings;
        let same = |filter: &crate::aws::MetricFilter| {
            (&filter.metric_namespace, &filter.metric_name) == (&metric.metric_namespace, &metric.metric_name)
        };
        ours && observed.filter.as_ref().is_some_and(same)
    });
    if is_of_ours {
        return Ok(());
    }
    Err(format!(
        "a metric filter named '{}' exists on log group '{}' in {place} and was not made by this object; it is left alone: set spec.adoptionPolicy to IfUnowned to take it over, or use another spec.filter.name",
        input.place.filter_name, input.place.log_group_name
    ))
}

fn mark(input: &Input, mark: Mark, from: &str) -> Change {
    Change::MarkOwner(mark, FieldChange::new(field::tag(OWNER_TAG), from, &input.owner))
}
