//! What a round amounts to: `Ready`, and when to look again. Pure. The same table of situations as for a Trail.

use super::{Applied, Input, Observed, Plan, refusal};
use crate::{
    aws_error::{AwsError, Class},
    conditions::Readiness,
    reason::Reason,
    trail::{Next, Severity, Withheld, named},
};

/// AWS refused or did not answer.
pub(super) fn of_error(input: &Input, error: &AwsError, observing: bool) -> (Readiness, Next) {
    let (class, reason, message) = refusal::judge(error, input);
    let again = error.retry_after.map_or(Next::Backoff, Next::After);
    match class {
        Class::Retry if observing => {
            (Readiness::Unknown { reason: Reason::ObservationFailed, message }, again)
        }
        Class::Retry => (Readiness::NotReady { reason, message }, again),
        Class::Wait => (Readiness::Waiting { reason, message }, Next::Recheck),
        Class::Reject => (Readiness::Stalled { reason, message }, Next::Interval),
    }
}

/// AWS was asked.
pub(super) fn of_round(
    input: &Input,
    observed: &Observed,
    plan: &Plan,
    applied: &Applied,
) -> (Readiness, Next) {
    if let Some(why) = input.hands_off
        && let Some(differs) = drifted(plan)
    {
        let message = format!("{differs}; nothing is changed, since {why}");
        return (Readiness::Drifted { reason: Reason::DriftDetected, message }, Next::Interval);
    }
    if let Some((_, error)) = &applied.failed {
        return of_error(input, error, false);
    }
    if let Some(finding) = plan.findings.iter().min_by_key(|finding| finding.severity) {
        let (reason, message) = (finding.reason, finding.message.clone());
        return match finding.severity {
            Severity::Error => (Readiness::Stalled { reason, message }, Next::Interval),
            Severity::Waiting => (Readiness::Waiting { reason, message }, Next::Recheck),
            Severity::Pending => (Readiness::NotReady { reason, message }, Next::Backoff),
        };
    }
    if plan.claims {
        let message = "about to make the metric filter and the alarm".into();
        return (
            Readiness::NotReady { reason: Reason::Progressing, message },
            Next::After(std::time::Duration::ZERO),
        );
    }
    if let Some(change) = plan.changes.first() {
        let (message, next) = if applied.done.is_empty() || !applied.done.contains(change) {
            (format!("{} is next", change.operation()), Next::After(std::time::Duration::ZERO))
        } else {
            (format!("{} was accepted and AWS does not show it yet", change.operation()), Next::Backoff)
        };
        return (Readiness::NotReady { reason: Reason::Progressing, message }, next);
    }
    if let Some(readiness) = withheld(&plan.withheld) {
        return (readiness, Next::Interval);
    }
    let message = match (input.hands_off.is_some(), &observed.alarm) {
        (true, _) => "metric filter and alarm are as declared; they are only looked at".into(),
        (false, _) => "metric filter and alarm are as declared".into(),
    };
    (Readiness::Ready { message }, Next::Interval)
}

fn drifted(plan: &Plan) -> Option<String> {
    let missing = plan.findings.iter().find(|finding| finding.reason == Reason::DriftDetected);
    match missing {
        Some(finding) => Some(finding.message.clone()),
        None if plan.withheld.is_empty() => None,
        None => Some(format!("AWS differs: {}", named(plan.withheld.iter().map(|withheld| &withheld.field)))),
    }
}

fn withheld(all: &[Withheld]) -> Option<Readiness> {
    let of = |reason| {
        let fields: Vec<_> =
            all.iter().filter(|withheld| withheld.reason == reason).map(|withheld| &withheld.field).collect();
        (!fields.is_empty()).then(|| named(fields.into_iter()))
    };
    if let Some(fields) = of(Reason::WeakeningRefused) {
        let message = format!(
            "withheld, since nobody would hear the alarm any more: {fields}. Whoever owns the AwsAccount can allow it with spec.guardrails.weakening, or for a while with spec.guardrails.breakGlass"
        );
        return Some(Readiness::Stalled { reason: Reason::WeakeningRefused, message });
    }
    let fields = of(Reason::RepeatedDrift)?;
    let message = format!(
        "others change it again and again, so it is put right less often: {fields}. Find out who does (the events of AWS tell), or declare what they set"
    );
    Some(Readiness::NotReady { reason: Reason::RepeatedDrift, message })
}
