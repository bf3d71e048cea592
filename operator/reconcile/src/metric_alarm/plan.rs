//! Step 3, plan: what makes AWS as declared, in order, and what is left as it is and why. Pure.

use std::collections::BTreeSet;

use jiff::Timestamp;
use trail_operator_crds::AlarmPlace;

use super::{
    Change, Input, Observed, change, differences,
    observe::Superseded,
    ownership::{self, Ownership},
};
use crate::{
    aws::Tags,
    reason::Reason,
    trail::{self, FieldChange, Finding, Mark, Withheld, field, permits, tag_changes},
};

/// A log group holds no more filters, and AWS raises that for nobody (`cloudtrail.md` 5.1).
pub(super) const MOST_FILTERS: usize = 100;

/// What is to be done, in order, and what was noticed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Whether status has to say where filter and alarm are kept before anything is done.
    pub claims: bool,
    /// To be made in this order.
    pub changes: Vec<Change>,
    /// What differs and is left as it is, and why.
    pub withheld: Vec<Withheld>,
    /// What stands in the way.
    pub findings: Vec<Finding>,
    /// Places that nothing is left in, or nothing of ours.
    pub vacated: Vec<AlarmPlace>,
}

impl Plan {
    /// Everything that differs from the manifest, whether it is going to be settled or left.
    pub fn differences(&self) -> Vec<FieldChange> {
        let changed = self.changes.iter().flat_map(Change::fields);
        changed.chain(self.withheld.iter().map(|withheld| withheld.field.clone())).collect()
    }

    fn stopped(reason: Reason, message: impl Into<String>) -> Self {
        Self { findings: vec![Finding::error(reason, message)], ..Self::default() }
    }

    fn withhold(&mut self, operation: &'static str, fields: Vec<FieldChange>, reason: Reason) {
        self.withheld.extend(fields.into_iter().map(|field| Withheld { operation, field, reason }));
    }

    /// With what follows once this is done: what is deleted where filter and alarm were kept before.
    #[must_use]
    pub fn to_the_end(mut self, input: &Input, observed: &Observed) -> Self {
        let stands = input.hands_off.is_some() || !self.findings.is_empty();
        let left = observed.superseded.iter().filter(|_| !stands).flat_map(|place| leave(input, place));
        for change in left.collect::<Vec<_>>() {
            if !self.changes.contains(&change) {
                self.changes.push(change);
            }
        }
        self
    }

    /// The same, with nothing done.
    fn hands_off(mut self) -> Self {
        for change in std::mem::take(&mut self.changes) {
            if change.creates() {
                let what =
                    if matches!(change, Change::PutMetricFilter(..)) { "metric filter" } else { "alarm" };
                let message = format!("there is no such {what} in AWS");
                self.findings.push(Finding::error(Reason::DriftDetected, message));
            }
            self.withhold(change.operation(), change.fields(), Reason::DriftDetected);
        }
        self.claims = false;
        self
    }
}

/// What makes AWS as declared.
pub fn plan(input: &Input, observed: &Observed, now: Timestamp) -> Plan {
    let mark = match ownership::claim(input, observed) {
        Ok(mark) => mark,
        // Whoever only looks may look at anybody's.
        Err(_) if input.hands_off.is_some() => None,
        Err(message) => return Plan::stopped(Reason::ManagementConflict, message),
    };
    let mut plan = Plan { claims: !input.is_claimed(), ..Plan::default() };
    if observed.log_group_missing {
        let message = format!(
            "there is no log group '{}' in account {} and {}; make it, and give the Trail its role, so that events reach it",
            input.place.log_group_name, input.place.account_id, input.place.region
        );
        return Plan {
            findings: vec![Finding::waiting(Reason::LogGroupUnusable, message)],
            ..Plan::default()
        };
    }
    filter(input, observed, now, &mut plan);
    alarm(input, observed, mark, now, &mut plan);
    if input.hands_off.is_some() {
        return plan.hands_off();
    }
    let is_in_place = plan.changes.is_empty() && plan.findings.is_empty() && !plan.claims;
    for place in &observed.superseded {
        let left = leave(input, place);
        if left.is_empty() {
            plan.vacated.push(place.place.clone());
        } else if is_in_place {
            // Not before the new ones are there: there is no moment without an alarm.
            plan.changes.extend(left);
        }
    }
    plan
}

fn filter(input: &Input, observed: &Observed, now: Timestamp, plan: &mut Plan) {
    let Some(actual) = &observed.filter else {
        if observed.filters >= MOST_FILTERS {
            let message = format!(
                "log group '{}' has {} metric filters, and AWS takes no more than {MOST_FILTERS}; delete some, or put several patterns into one filter",
                input.place.log_group_name, observed.filters
            );
            plan.findings.push(Finding::waiting(Reason::QuotaExceeded, message));
            return;
        }
        plan.changes.push(Change::PutMetricFilter(vec![], input.filter.clone()));
        return;
    };
    let fields = differences::of_filter(actual, &input.filter);
    if fields.is_empty() {
        return;
    }
    if waits(input, &fields, now) {
        plan.withhold("PutMetricFilter", fields, Reason::RepeatedDrift);
    } else {
        plan.changes.push(Change::PutMetricFilter(fields, input.filter.clone()));
    }
}

fn alarm(input: &Input, observed: &Observed, mark: Option<Change>, now: Timestamp, plan: &mut Plan) {
    let blocked = blocked(input);
    if !blocked.is_empty() {
        plan.findings.extend(blocked);
        return;
    }
    let put = |fields| Change::PutMetricAlarm(fields, input.alarm.clone(), input.all_tags());
    let Some(actual) = &observed.alarm else {
        // An alarm on a metric that nothing fills would only look like one.
        if observed.filter.is_some() || !plan.changes.is_empty() {
            plan.changes.push(put(vec![]));
        }
        return;
    };
    let is_adoption = matches!(mark, Some(Change::MarkOwner(Mark::Adopted, _)));
    plan.changes.extend(mark);
    let fields = differences::of_alarm(&actual.description, &input.alarm);
    // PutMetricAlarm replaces everything, so it is made whole or not at all.
    let refused = fields.iter().any(|field| field.weakening) && input.weakening_allowed.is_none();
    if refused {
        plan.withhold("PutMetricAlarm", fields, Reason::WeakeningRefused);
    } else if !fields.is_empty() && waits(input, &fields, now) {
        plan.withhold("PutMetricAlarm", fields, Reason::RepeatedDrift);
    } else if !fields.is_empty() {
        plan.changes.push(put(fields));
    }
    tags(input, actual, is_adoption, now, plan);
}

fn tags(input: &Input, actual: &super::ObservedAlarm, is_adoption: bool, now: Timestamp, plan: &mut Plan) {
    let Ok(actual) = &actual.tags else { return };
    // On an alarm that is taken over nothing was set from here.
    let managed = if is_adoption { BTreeSet::new() } else { input.managed_tag_keys.clone() };
    for change in tag_changes(&input.tags, actual, &managed) {
        match change {
            trail::Change::AddTags(fields, tags) => {
                let (waiting, fields): (Vec<_>, Vec<_>) =
                    fields.into_iter().partition(|change| input.fights.waits(&change.field, now));
                plan.withhold("TagResource", waiting, Reason::RepeatedDrift);
                let is_of = |key: &String| fields.iter().any(|change| change.field == field::tag(key));
                let tags: Tags = tags.into_iter().filter(|(key, _)| is_of(key)).collect();
                plan.changes.extend((!tags.is_empty()).then_some(Change::TagResource(fields, tags)));
            }
            trail::Change::RemoveTags(fields, tags) => {
                plan.changes.push(Change::UntagResource(fields, tags.into_keys().collect()));
            }
            _ => {}
        }
    }
}

/// Whether others change these fields again and again, and none of them silences the alarm.
fn waits(input: &Input, fields: &[FieldChange], now: Timestamp) -> bool {
    // What it would silence to undo strengthens.
    let strengthens = |change: &FieldChange| {
        differences::silences(&change.field, &change.to, &change.from) || change.field == "filter.pattern"
    };
    !fields.iter().any(strengthens) && fields.iter().all(|field| input.fights.waits(&field.field, now))
}

/// Topics that the account does not let objects point at.
fn blocked(input: &Input) -> Vec<Finding> {
    let alarm = &input.alarm;
    let fields = [
        ("alarmActions", &alarm.alarm_actions),
        ("okActions", &alarm.ok_actions),
        ("insufficientDataActions", &alarm.insufficient_data_actions),
    ];
    let all = fields.iter().flat_map(|(field, topics)| topics.iter().map(move |topic| (field, topic)));
    let patterns = &input.allowed_resources.topic_arns;
    all.filter(|(_, topic)| !permits(topic, patterns, &input.place.account_id))
        .map(|(field, topic)| {
            let message = format!(
                "spec.alarm.{field}: the AwsAccount does not let objects point at the topic '{topic}'; whoever owns it must add the topic to spec.allowedResources.topicArns, or use a topic of the account itself"
            );
            Finding::error(Reason::NotPermitted, message)
        })
        .collect()
}

/// What is still to be deleted where filter and alarm were kept before. What is not ours stays.
pub(super) fn leave(input: &Input, left: &Superseded) -> Vec<change::Change> {
    let (old, new) = (&left.place, &input.place);
    let mut changes = Vec::new();
    let is_ours = |alarm: &super::ObservedAlarm| Ownership::of(alarm, &input.owner, false) == Ownership::Ours;
    if old.alarm_name != new.alarm_name && left.alarm.as_ref().is_some_and(is_ours) {
        changes.push(Change::DeleteAlarm(old.clone()));
    }
    let same_filter = (&old.log_group_name, &old.filter_name) == (&new.log_group_name, &new.filter_name);
    if !same_filter && left.has_filter {
        changes.push(Change::DeleteMetricFilter(old.clone()));
    }
    changes
}
