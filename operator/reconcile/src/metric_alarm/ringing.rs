//! Whether the alarm would ring: every link from the trail to whoever hears it. Pure.
//!
//! The first link that does not hold is the one to tell of: what comes after it cannot matter yet.

use trail_operator_domain::{
    patterns::Corner,
    selectors::{Admission, Record, Selectors},
};

use super::{Input, Observed, differences, input::Judgement};
use crate::{conditions::Status, reason::Reason};

/// Names of events are listed in a sentence up to this many.
const MOST_NAMED: usize = 6;

/// Whether it would ring. `notifications` is the last link.
pub(super) fn judge(input: &Input, observed: &Observed, notifications: &Judgement) -> Judgement {
    let links = [
        fed(input),
        recorded(input),
        regions(input),
        filtered(input, observed),
        alarmed(input, observed),
        Some(notifications.clone()).filter(|last| last.status != Status::True),
        doubtful(input),
    ];
    let mut broken: Vec<_> = links.into_iter().flatten().collect();
    let first = broken.iter().position(|link| link.status == Status::False).unwrap_or(0);
    if broken.is_empty() {
        let message = format!(
            "events of Trail '{}' reach log group '{}', its filter, the alarm, and whoever has subscribed",
            input.trail.name, input.place.log_group_name
        );
        return Judgement::new(Status::True, Reason::Connected, message);
    }
    broken.swap_remove(first)
}

/// trail → log group
fn fed(input: &Input) -> Option<Judgement> {
    let trail = &input.trail;
    let name = &trail.name;
    let no = |reason, message: String| Some(Judgement::new(Status::False, reason, message));
    if let Some(other) = &trail.other_log_group {
        let elsewhere = if other.is_empty() { "no log group".to_owned() } else { format!("'{other}'") };
        return no(
            Reason::NotFed,
            format!(
                "Trail '{name}' declares log group '{}' and sends its events to {elsewhere} in AWS; see what keeps the Trail from being Ready",
                input.place.log_group_name
            ),
        );
    }
    match &trail.logging {
        Some((Status::False, _, message)) => {
            no(Reason::NotFed, format!("Trail '{name}' delivers nothing: {message}"))
        }
        Some((Status::True, ..)) if trail.delivered_to_log_group => None,
        Some((Status::True, ..)) => Some(Judgement::new(
            Status::Unknown,
            Reason::AwaitingFirstDelivery,
            format!(
                "Trail '{name}' logs, and nothing has been seen to reach log group '{}' yet",
                input.place.log_group_name
            ),
        )),
        Some((Status::Unknown, _, message)) => Some(Judgement::new(
            Status::Unknown,
            Reason::TrailNotReady,
            format!("nobody knows whether Trail '{name}' delivers: {message}"),
        )),
        None => Some(Judgement::new(
            Status::Unknown,
            Reason::TrailNotReady,
            format!("nobody has looked yet whether Trail '{name}' delivers"),
        )),
    }
}

/// What the pattern looks for → what the trail records
fn recorded(input: &Input) -> Option<Judgement> {
    let samples = input.pattern.samples();
    let selectors = Selectors::Advanced(input.trail.selectors.clone());
    let mut excluded = Vec::new();
    let mut admitted = false;
    for sample in &samples {
        // What a sample does not tell is no reason to say that it is not recorded.
        let Ok(record) = Record::from_json(&told(sample)) else { continue };
        match selectors.admits(&record) {
            Admission::No => excluded.extend(sample["eventName"].as_str().map(str::to_owned)),
            _ => admitted = true,
        }
    }
    if excluded.is_empty() {
        return None;
    }
    let named = named(excluded);
    let trail = &input.trail.name;
    let message = if admitted {
        format!(
            "the pattern also looks for events that Trail '{trail}' does not record ({named}): the alarm never rings for them; widen spec.managementEvents of the Trail, or take them out of the pattern"
        )
    } else {
        format!(
            "the pattern looks for events that Trail '{trail}' does not record ({named}), so the alarm never rings; widen spec.managementEvents of the Trail"
        )
    };
    Some(Judgement::new(Status::False, Reason::NotRecorded, message))
}

/// A sample with what its event's name tells of whether it only reads.
fn told(sample: &serde_json::Value) -> serde_json::Value {
    const READS: [&str; 5] = ["Get", "List", "Describe", "Head", "Lookup"];
    let mut sample = sample.clone();
    if let (Some(name), None) = (sample["eventName"].as_str(), sample.get("readOnly")) {
        let reads = READS.iter().any(|verb| name.starts_with(verb));
        sample["readOnly"] = reads.into();
    }
    sample
}

fn named(mut names: Vec<String>) -> String {
    names.sort();
    names.dedup();
    let more = names.len().saturating_sub(MOST_NAMED);
    names.truncate(MOST_NAMED);
    let list = names.join(", ");
    if more > 0 { format!("{list} and {more} more") } else { list }
}

/// Sign-ins are recorded in whatever Region people sign in through (`cloudtrail.md` 5.4).
fn regions(input: &Input) -> Option<Judgement> {
    if input.trail.is_multi_region {
        return None;
    }
    let signs_in = |sample: &serde_json::Value| {
        sample["eventName"] == "ConsoleLogin" || sample["eventSource"] == "signin.amazonaws.com"
    };
    input.pattern.samples().iter().any(signs_in).then(|| {
        let message = format!(
            "the pattern looks for sign-ins, which are recorded in whatever Region people sign in through, and Trail '{}' records {} alone; set spec.isMultiRegionTrail of the Trail",
            input.trail.name, input.place.region
        );
        Judgement::new(Status::False, Reason::SingleRegion, message)
    })
}

/// log group → filter → metric
fn filtered(input: &Input, observed: &Observed) -> Option<Judgement> {
    let Some(filter) = &observed.filter else {
        let message = format!("there is no metric filter '{}' yet", input.place.filter_name);
        return Some(Judgement::new(Status::False, Reason::NotInPlace, message));
    };
    let differs = differences::of_filter(filter, &input.filter);
    let first = differs.first()?;
    let message = format!("the metric filter is not as declared: {first}");
    Some(Judgement::new(Status::False, Reason::NotInPlace, message))
}

/// metric → alarm
fn alarmed(input: &Input, observed: &Observed) -> Option<Judgement> {
    let Some(alarm) = &observed.alarm else {
        let message = format!("there is no alarm '{}' yet", input.place.alarm_name);
        return Some(Judgement::new(Status::False, Reason::NotInPlace, message));
    };
    let differs = differences::of_alarm(&alarm.description, &input.alarm);
    // Where it only tells others of it, the last link says so.
    let matters = |field: &&crate::trail::FieldChange| {
        !["alarm.description", "alarm.okActions", "alarm.insufficientDataActions"]
            .contains(&field.field.as_str())
    };
    if let Some(first) = differs.iter().find(matters) {
        let message = format!("the alarm is not as declared: {first}");
        return Some(Judgement::new(Status::False, Reason::NotInPlace, message));
    }
    diluted(input)
}

/// A default value in every minute without a match takes part in the statistic.
fn diluted(input: &Input) -> Option<Judgement> {
    let default = input.filter.default_value?;
    let alarm = &input.alarm;
    let reached = |value: f64| match alarm.comparison_operator.as_str() {
        "GreaterThanOrEqualToThreshold" => value >= alarm.threshold,
        "GreaterThanThreshold" => value > alarm.threshold,
        _ => true,
    };
    let problem = match alarm.statistic.as_str() {
        "SampleCount" => "counts the default values as well, so it rings although nothing matches",
        "Average" | "Minimum" if !reached(default) => {
            "is kept down by the default values, so a match may not make it ring"
        }
        _ => return None,
    };
    let message = format!(
        "the statistic {} {problem}; use Sum or Maximum, or take spec.metric.defaultValue away",
        alarm.statistic
    );
    Some(Judgement::new(Status::Unknown, Reason::Doubtful, message))
}

/// What AWS does not say of patterns, where no event is sure to match. Of a star in the middle the one event that surely
/// matches has it in its name, and there is none.
fn doubtful(input: &Input) -> Option<Judgement> {
    let corners = input.pattern.corners();
    let star = corners.contains(&Corner::StarInside).then_some(Corner::StarInside);
    let other = corners.first().copied().filter(|_| input.pattern.samples().is_empty());
    let corner = star.or(other)?.sentence();
    let message = format!("the pattern may not mean what it seems to: {corner}");
    Some(Judgement::new(Status::Unknown, Reason::Doubtful, message))
}
