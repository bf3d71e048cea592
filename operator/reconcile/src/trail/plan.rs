//! Step 3, plan: what to do in AWS, and why. Pure.

use std::collections::BTreeSet;

use jiff::Timestamp;
use trail_operator_crds::Destination;

use super::{
    Change, FieldChange, Input, Mark, Observed, ObservedTrail, change::field, guard, ownership, permitted,
    recording, settings, tags,
};
use crate::{
    aws::TrailSettings,
    aws_error::{AwsError, Class},
    reason::Reason,
};

/// What is to be done, in order, and what was noticed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// To be made in this order.
    pub changes: Vec<Change>,
    /// What differs and is left as it is, and why.
    pub withheld: Vec<Withheld>,
    /// What stands in the way, or should be known.
    pub findings: Vec<Finding>,
}

/// A difference that is left as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withheld {
    /// The operation that would settle it.
    pub operation: &'static str,
    /// The field.
    pub field: FieldChange,
    /// Why it is left.
    pub reason: Reason,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The manifest must change.
    Error,
    /// Something outside must change.
    Waiting,
    /// Work goes on; more has to be awaited.
    Pending,
}

/// Something noticed while planning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// Which.
    pub reason: Reason,
    /// The sentence.
    pub message: String,
}

impl Finding {
    /// What only somebody's change can mend.
    pub fn error(reason: Reason, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, reason, message: message.into() }
    }

    pub(crate) fn waiting(reason: Reason, message: impl Into<String>) -> Self {
        Self { severity: Severity::Waiting, reason, message: message.into() }
    }

    pub(super) fn pending(reason: Reason, message: impl Into<String>) -> Self {
        Self { severity: Severity::Pending, reason, message: message.into() }
    }

    /// An answer of AWS that is missing while others are there.
    pub(super) fn of(error: &AwsError, message: impl Into<String>) -> Self {
        match error.class() {
            Class::Retry => Self::pending(error.reason(), message),
            Class::Wait => Self::waiting(error.reason(), message),
            Class::Reject => Self::error(error.reason(), message),
        }
    }
}

impl Plan {
    /// Nothing is done until the manifest changes.
    pub(super) fn stopped(reason: Reason, message: impl Into<String>) -> Self {
        Self { findings: vec![Finding::error(reason, message)], ..Self::default() }
    }

    /// Everything that differs from the manifest, whether it is going to be settled or left.
    pub fn differences(&self) -> Vec<FieldChange> {
        let changed = self.changes.iter().flat_map(Change::fields);
        changed.chain(self.withheld.iter().map(|withheld| withheld.field.clone())).collect()
    }

    /// The same, with nothing done.
    fn hands_off(mut self) -> Self {
        for change in std::mem::take(&mut self.changes) {
            self.withhold(&change, Reason::DriftDetected);
        }
        self
    }

    fn withhold(&mut self, change: &Change, reason: Reason) {
        let operation = change.operation();
        let fields = change.fields();
        self.withheld.extend(fields.into_iter().map(|field| Withheld { operation, field, reason }));
    }
}

/// What makes AWS as declared.
pub fn plan(input: &Input, observed: &Observed, now: Timestamp) -> Plan {
    let plan = match &observed.trail {
        Some(trail) => plan_existing(input, observed, trail, now),
        None => plan_missing(input, observed, now),
    };
    if input.hands_off.is_some() {
        return plan.hands_off();
    }
    if !plan.changes.is_empty() && input.last_write.covers(&plan.changes, now) {
        return pending("the last change was accepted and AWS does not show it yet");
    }
    plan
}

/// Work goes on, and AWS has to be awaited.
pub(super) fn pending(message: &str) -> Plan {
    Plan { findings: vec![Finding::pending(Reason::Progressing, message)], ..Plan::default() }
}

fn plan_missing(input: &Input, observed: &Observed, now: Timestamp) -> Plan {
    if let Some(region) = &observed.namesake {
        return ownership::conflict(format!(
            "a trail named '{}' with home Region {region} is visible in {}; its name is taken here too: use another spec.trailName, or declare that trail with region {region}",
            input.trail_name, input.region
        ));
    }
    if input.hands_off.is_some() {
        let message = format!(
            "there is no trail '{}' in account {} and {}",
            input.trail_name, input.account_id, input.region
        );
        return Plan { findings: vec![Finding::error(Reason::DriftDetected, message)], ..Plan::default() };
    }
    if input.has_rival {
        return ownership::rivalry(input);
    }
    if input.last_write.may_be_invisible(now) {
        return pending("the trail was created and AWS does not show it yet");
    }
    let blocked = permitted::blocked(input, observed);
    if !blocked.is_empty() {
        let findings = blocked.into_iter().map(|blocked| blocked.finding).collect();
        return Plan { findings, ..Plan::default() };
    }
    if input.recording.selectors.is_empty() {
        return Plan::stopped(Reason::InvalidConfiguration, recording::RECORDS_NOTHING);
    }
    plan_creation(input, observed)
}

/// Selectors before logging starts, so that not even its first moment is recorded otherwise; then what analyses events.
fn plan_creation(input: &Input, observed: &Observed) -> Plan {
    let settings = declared(input, observed);
    let new = recording::Recorded {
        selectors: Some(trail_operator_domain::selectors::Selectors::Default),
        insights: Some(<_>::default()),
        aggregation: Some(BTreeSet::new()),
    };
    let recording::Outcome { changes, findings, .. } = recording::changes(&input.recording, &new, false);
    let (selectors, analysis): (Vec<_>, Vec<_>) =
        changes.into_iter().partition(|change| matches!(change, Change::PutEventSelectors(..)));
    let mut changes = vec![Change::CreateTrail(settings, input.all_tags())];
    changes.extend(selectors);
    changes.extend(input.logging.then_some(Change::StartLogging));
    changes.extend(analysis);
    // Nothing is weaker than a trail that is not there.
    Plan { changes, withheld: vec![], findings }
}

fn plan_existing(input: &Input, observed: &Observed, trail: &ObservedTrail, now: Timestamp) -> Plan {
    // Whoever only looks may look at anybody's trail.
    let mark = match ownership::claim(input, trail, now) {
        Ok(mark) => mark,
        Err(_) if input.hands_off.is_some() => None,
        Err(plan) => return plan,
    };
    let mut declared = declared(input, observed);
    if !input.kms_key_id.is_empty() && observed.key_arn.is_none() {
        // A key that cannot be resolved is no difference; the finding tells of it.
        // But where the key is known that it last stood for, another one in its place is.
        let known = input.destination.as_ref().map(|was| &was.kms_key_arn).filter(|key| !key.is_empty());
        declared.kms_key_id.clone_from(known.unwrap_or(&trail.settings.kms_key_id));
    }
    let blocked = permitted::blocked(input, observed);
    let guarded = input.weakening_allowed.is_none();
    let recording::Outcome { changes: recording, withheld, mut findings } =
        recording::changes(&input.recording, &trail.recorded, guarded);
    findings.extend(blocked.iter().map(|blocked| blocked.finding.clone()));
    findings.extend(missing_answers(input, observed));
    let mut plan = Plan { withheld, findings, ..Plan::default() };
    let unclear: Vec<_> = blocked.iter().map(|blocked| blocked.field).collect();
    let fields = settings::differences(&trail.settings, &declared);
    let mut fields = plan.keep_settings(input, fields, &unclear, now);
    if let Some(destination) = &input.destination {
        let held = plan.held(&trail.settings, destination);
        guard::hold(&mut declared, destination, &held);
        fields.extend(held);
    }
    // On a trail that is taken over nothing was set from here.
    let nothing = BTreeSet::new();
    let managed = if is_adoption(mark.as_ref()) { &nothing } else { &input.managed_tag_keys };
    let tags = trail.tags.as_ref().map(|actual| tags::changes(&input.tags, actual, managed));
    let tags = tags.into_iter().flatten();
    let tags = tags.flat_map(|change| tags::apart(change, |field| input.fights.waits(field, now)));

    // Recording comes first and ends last: a change that AWS refuses must not keep a trail silent. Only a trail that is
    // not ours yet has to become ours before anything.
    let (logs, is_to_log) = (trail.status.is_logging, input.logging);
    let (adoption, repair) = if is_adoption(mark.as_ref()) { (mark, None) } else { (None, mark) };
    let mut wanted = Vec::new();
    wanted.extend(adoption);
    // A trail that never logged has nothing to lose, and not even its first moment is to be recorded otherwise.
    let is_new = !logs && trail.status.start_logging_time.is_none();
    let before = |change: &Change| is_new && matches!(change, Change::PutEventSelectors(..));
    let (selectors, recording): (Vec<_>, Vec<_>) = recording.into_iter().partition(before);
    wanted.extend(selectors);
    wanted.extend((!logs && is_to_log).then_some(Change::StartLogging));
    wanted.extend(settings::updates(fields, &declared));
    wanted.extend(recording);
    wanted.extend(repair);
    wanted.extend(tags);
    wanted.extend((logs && !is_to_log).then_some(Change::StopLogging));
    for change in wanted {
        match reason_to_withhold(input, &change, now) {
            Some(reason) => plan.withhold(&change, reason),
            None => plan.changes.push(change),
        }
    }
    plan
}

fn is_adoption(mark: Option<&Change>) -> bool {
    matches!(mark, Some(Change::MarkOwner(Mark::Adopted, _)))
}

/// The declared settings with the key by its ARN, as AWS tells it.
fn declared(input: &Input, observed: &Observed) -> TrailSettings {
    TrailSettings { kms_key_id: observed.key_arn.clone().unwrap_or_default(), ..input.settings.clone() }
}

/// Answers without which a part of the trail cannot be judged.
fn missing_answers(input: &Input, observed: &Observed) -> Vec<Finding> {
    let of_the_trail = observed.unread.iter().filter(|error| error.operation != "DescribeKey");
    of_the_trail.map(|error| Finding::of(error, error.explain(&input.subject()))).collect()
}

impl Plan {
    /// The fields of `UpdateTrail` that are to be set; the others are withheld, with those that go along with them.
    fn keep_settings(
        &mut self,
        input: &Input,
        fields: Vec<FieldChange>,
        blocked: &[&str],
        now: Timestamp,
    ) -> Vec<FieldChange> {
        let fields: Vec<_> = fields.into_iter().map(|change| judged(input, change)).collect();
        let mut reasons: Vec<Option<Reason>> = fields
            .iter()
            .map(|change| {
                // To bring back what was there needs nobody's leave.
                let is_blocked = blocked.contains(&change.field.as_str())
                    && !guard::restores(change, input.destination.as_ref());
                let refused = is_blocked.then_some(Reason::NotPermitted);
                refused.or_else(|| withheld_field(input, change, now))
            })
            .collect();
        for at in 0..fields.len() {
            let Some(reason) = reasons[at] else { continue };
            for (other, change) in fields.iter().enumerate() {
                if !settings::together(&fields[at].field).contains(&change.field.as_str()) {
                    continue;
                }
                if reason == Reason::RepeatedDrift && reasons[other].is_none() {
                    // What only waits comes along with what does not: the other may strengthen the record.
                    reasons[at] = None;
                } else {
                    reasons[other] = reasons[other].or(Some(reason));
                }
            }
        }
        let (mut kept, mut withheld) = (Vec::new(), Vec::new());
        for (field, reason) in fields.into_iter().zip(reasons) {
            match reason {
                Some(reason) => withheld.push(Withheld { operation: "UpdateTrail", field, reason }),
                None => kept.push(field),
            }
        }
        self.withheld.extend(withheld);
        kept
    }

    /// Changes back to where the trail delivered, for edits of it that are withheld: an edit that has to wait must not
    /// keep what others did meanwhile from being undone.
    fn held(&self, actual: &TrailSettings, destination: &Destination) -> Vec<FieldChange> {
        let refused = |name: &str| {
            let is = |withheld: &Withheld| {
                withheld.reason == Reason::WeakeningRefused && withheld.field.field == name
            };
            self.withheld.iter().any(is)
        };
        guard::destination_of(actual)
            .into_iter()
            .zip(guard::known(destination))
            .filter(|((name, from), (_, to))| refused(name) && from != to)
            .filter(|((name, from), (_, to))| {
                guard::restores(&FieldChange::new(*name, *from, *to), Some(destination))
            })
            .map(|((name, from), (_, to))| FieldChange {
                weakening: false,
                ..FieldChange::new(name, from, to)
            })
            .collect()
    }
}

/// Of a change that was not judged field by field.
fn reason_to_withhold(input: &Input, change: &Change, now: Timestamp) -> Option<Reason> {
    match change {
        Change::UpdateTrail(..) | Change::MarkOwner(..) => None,
        // The guard has judged each part; one that may not wait takes the other along.
        Change::PutEventSelectors(fields, _) => {
            let waits = |field: &FieldChange| !strengthens(field) && input.fights.waits(&field.field, now);
            fields.iter().all(waits).then_some(Reason::RepeatedDrift)
        }
        _ => change.fields().iter().find_map(|field| withheld_field(input, field, now)),
    }
}

fn judged(input: &Input, change: FieldChange) -> FieldChange {
    let weakening = change.weakening && !guard::restores(&change, input.destination.as_ref());
    FieldChange { weakening, ..change }
}

fn withheld_field(input: &Input, change: &FieldChange, now: Timestamp) -> Option<Reason> {
    if change.weakening {
        return input.weakening_allowed.is_none().then_some(Reason::WeakeningRefused);
    }
    (!strengthens(change) && input.fights.waits(&change.field, now)).then_some(Reason::RepeatedDrift)
}

/// What strengthens the record is never slowed: undoing it would weaken.
fn strengthens(change: &FieldChange) -> bool {
    let reverse = FieldChange::new(change.field.clone(), change.to.clone(), change.from.clone());
    reverse.weakening
        || [field::MANAGEMENT_EVENTS, field::INSIGHTS, field::LOG_GROUP, field::ROLE]
            .contains(&change.field.as_str())
        || change.field == field::EVENT_SELECTORS && !change.to.is_empty()
}
