//! Audit controls that an alarm aims at, and whether it would pass them, over every link. Pure.
//!
//! Security Hub compares the text of the pattern and looks at one whole chain; CIS asks for the same by meaning and for a
//! confirmed subscriber (`cloudtrail.md` 5.5, 5.6, 6.3).

use std::collections::BTreeSet;

use trail_operator_crds::{ControlResult, ControlVerdict};
use trail_operator_domain::{
    arn,
    patterns::{Condition, Form, Pattern, Verdict},
    presets::{self, Preset, Topic},
    selectors::Selectors,
};

use super::{Input, Observed, input::Judgement};
use crate::{conditions::Status, reason::Reason};

/// Missing events are listed in a reason up to this many.
const MOST_NAMED: usize = 8;
const SECURITY_HUB: &str = "SecurityHub";

/// Every control that the alarm aims at.
pub(super) fn judge(input: &Input, observed: &Observed, notifications: &Judgement) -> Vec<ControlResult> {
    let of = |preset: &Preset| {
        let (result, reason) = of_preset(input, observed, notifications, preset);
        ControlResult { standard: preset.standard().into(), control: preset.control().into(), result, reason }
    };
    let topics = topics(input);
    let presets = topics.iter().flat_map(|topic| topic.security_hub().into_iter().chain(topic.cis()));
    let mut controls: Vec<_> = presets.map(of).collect();
    controls.extend(of_actions(input, observed));
    controls.truncate(16);
    controls
}

/// What the alarm is about: what its preset says, or what the standards' own events say of its pattern.
fn topics(input: &Input) -> Vec<Topic> {
    if let Some(preset) = input.effective.preset.as_deref().and_then(presets::find) {
        return vec![preset.topic];
    }
    let aims = |topic: &&Topic| {
        let Some(pattern) = standard(**topic) else { return false };
        let theirs = pattern.samples();
        let ours = input.pattern.samples();
        theirs.iter().any(|sample| is_sure(&input.pattern, sample))
            && ours.iter().any(|sample| is_sure(&pattern, sample))
    };
    Topic::ALL.iter().filter(aims).take(4).copied().collect()
}

/// Whether a pattern surely matches an event.
fn is_sure(pattern: &Pattern, event: &serde_json::Value) -> bool {
    pattern.evaluate(&event.to_string()) == Ok(Verdict::Match)
}

fn standard(topic: Topic) -> Option<Pattern> {
    let preset = topic.security_hub().or(topic.cis())?;
    Pattern::parse(preset.newest()?.pattern).ok()
}

fn of_preset(
    input: &Input,
    observed: &Observed,
    notifications: &Judgement,
    preset: &Preset,
) -> (ControlVerdict, String) {
    let is_security_hub = preset.standard() == SECURITY_HUB;
    let fail = |reason: String| (ControlVerdict::Fail, reason);
    if let Some(why) = of_trail(input, preset) {
        return fail(why);
    }
    if let Some(why) = unaccepted(&input.pattern, preset) {
        return fail(why);
    }
    if observed.filter.is_none() || observed.alarm.is_none() {
        return fail("filter and alarm are not both in AWS".into());
    }
    let threshold = input.alarm.threshold;
    let greater = input.alarm.comparison_operator.starts_with("GreaterThan");
    if is_security_hub && !(greater && threshold >= 1.0) {
        return fail(
            "Security Hub wants an alarm that compares by Greater/Equal with a threshold of 1 or more".into(),
        );
    }
    of_notifications(input, notifications, is_security_hub)
}

/// Some multi-Region trail that logs, with reads and writes of management events.
fn of_trail(input: &Input, preset: &Preset) -> Option<String> {
    let trail = &input.trail;
    let name = &trail.name;
    let selectors = Selectors::Advanced(trail.management.iter().cloned().collect());
    let recorded = selectors.management_events();
    // What leaves out the Data API of RDS still counts for all but the controls about it.
    let leaves_out_kms = trail
        .management
        .iter()
        .flat_map(|selector| &selector.fields)
        .any(|field| field.field == "eventSource" && field.not_equals.contains("kms.amazonaws.com"));
    if !trail.is_multi_region {
        return Some(format!("Trail '{name}' records one Region; the control wants a multi-Region trail"));
    }
    if !matches!(trail.logging, Some((Status::True, ..))) {
        return Some(format!("Trail '{name}' is not known to log and to deliver"));
    }
    if !(recorded.has_writes() && recorded.has_reads()) {
        return Some(format!("Trail '{name}' does not record both reads and writes of management events"));
    }
    if leaves_out_kms && preset.topic == Topic::KmsKeysDisabledOrDeleted {
        return Some(format!(
            "Trail '{name}' leaves out events of kms.amazonaws.com, which this control is about"
        ));
    }
    trail
        .other_log_group
        .as_ref()
        .map(|_| format!("Trail '{name}' does not send its events to the declared log group in AWS"))
}

/// Why the control that a preset is does not accept this pattern; `None` where it does.
pub fn unaccepted(pattern: &Pattern, control: &Preset) -> Option<String> {
    let by_text = control.standard() == SECURITY_HUB;
    let theirs = control.newest().map_or("", |revision| revision.pattern);
    if without_space(pattern.text()) == without_space(theirs) {
        return None;
    }
    let Ok(standard) = Pattern::parse(theirs) else {
        return Some("the control's pattern cannot be read".into());
    };
    if pattern.is_equivalent(&standard) {
        return by_text.then(|| {
            "the pattern means what the control's does and is written otherwise; Security Hub compares the text: take the preset's".into()
        });
    }
    let missed: Vec<_> = standard
        .samples()
        .iter()
        .filter(|sample| !is_sure(pattern, sample))
        .filter_map(|sample| sample["eventName"].as_str().map(str::to_owned))
        .collect();
    let more = pattern.samples().iter().any(|sample| !is_sure(&standard, sample));
    Some(match (missed.is_empty(), more) {
        (false, _) => {
            format!("the pattern is not the control's: it is not sure to match {}", listed(&missed))
        }
        (true, true) => "the pattern is not the control's: it matches more than that".into(),
        (true, false) => format!("the pattern is not the control's: {}", differing(pattern, &standard)),
    })
}

/// Conditions that one has and the other has not, where events do not tell them apart.
fn differing(ours: &Pattern, theirs: &Pattern) -> String {
    let conditions = |pattern: &Pattern| match pattern.form() {
        Form::Json(expression) => expression.conditions().into_iter().cloned().collect(),
        Form::Everything | Form::Delimited(_) | Form::Terms(_) => BTreeSet::new(),
    };
    let (ours, theirs) = (conditions(&ours.normalised()), conditions(&theirs.normalised()));
    let only = |one: &BTreeSet<Condition>, other| {
        let texts: Vec<_> = one.difference(other).map(ToString::to_string).collect();
        (!texts.is_empty()).then(|| listed(&texts))
    };
    let lacks = only(&theirs, &ours).map(|texts| format!("it lacks {texts}"));
    let adds = only(&ours, &theirs).map(|texts| format!("it asks for {texts} besides"));
    match (lacks, adds) {
        (None, None) => "its conditions are joined otherwise".to_owned(),
        (lacks, adds) => lacks.into_iter().chain(adds).collect::<Vec<_>>().join(", and "),
    }
}

fn listed(names: &[String]) -> String {
    let more = names.len().saturating_sub(MOST_NAMED);
    let list = names.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{list} and {more} more") } else { list }
}

fn without_space(text: &str) -> String {
    text.chars().filter(|char| !char.is_whitespace()).collect()
}

fn of_notifications(
    input: &Input,
    notifications: &Judgement,
    is_security_hub: bool,
) -> (ControlVerdict, String) {
    let topics = &input.alarm.alarm_actions;
    let all_elsewhere =
        !topics.is_empty() && topics.iter().all(|topic| arn::account(topic) != Some(&input.place.account_id));
    if is_security_hub && all_elsewhere {
        let reason = "the topic belongs to another account, where Security Hub cannot see who has subscribed";
        return (ControlVerdict::NoData, reason.into());
    }
    match notifications.status {
        Status::True => (
            ControlVerdict::Pass,
            "trail, log group, filter, alarm and a confirmed subscription are there".into(),
        ),
        Status::Unknown => (ControlVerdict::NoData, notifications.message.clone()),
        // Security Hub counts subscriptions, confirmed or not.
        Status::False if is_security_hub && notifications.reason == Reason::SubscriptionPending => {
            (ControlVerdict::Pass, "everything is there; the subscription still waits to be confirmed".into())
        }
        Status::False => (ControlVerdict::Fail, notifications.message.clone()),
    }
}

/// What Security Hub asks of every alarm (`cloudtrail.md` 6.3).
fn of_actions(input: &Input, observed: &Observed) -> [ControlResult; 2] {
    let alarm = observed.alarm.as_ref().map_or(&input.alarm, |alarm| &alarm.description.settings);
    let result = |control: &str, passes: bool, yes: &str, no: &str| ControlResult {
        standard: SECURITY_HUB.into(),
        control: control.into(),
        result: if passes { ControlVerdict::Pass } else { ControlVerdict::Fail },
        reason: if passes { yes.into() } else { no.into() },
    };
    [
        result(
            "CloudWatch.15",
            !alarm.alarm_actions.is_empty(),
            "the alarm has an action for the state ALARM",
            "the alarm has no action for the state ALARM",
        ),
        result("CloudWatch.17", alarm.actions_enabled, "its actions are enabled", "its actions are disabled"),
    ]
}
