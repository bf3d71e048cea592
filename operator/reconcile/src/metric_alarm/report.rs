//! Step 5, report: the next status and the events, from what was declared, done and seen. Pure.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use trail_operator_crds::{AlarmPlace, Drift, MetricAlarmStatus, condition};

use super::{
    Applied, Change, Input, Observed, Plan, Tried, Unresolved, backtest, controls, differences, events,
    input::Judgement, notifications, ownership::Ownership, readiness, ringing,
};
use crate::{
    aws_error::{AwsError, Class},
    conditions::{self, Fact, Readiness, Status, whole_seconds},
    event::Event,
    reason::Reason,
    trail::{Fights, Mark, Next, of_readiness, tag_keys_kept},
};

/// AWS may be unreachable for this many intervals before `Ready` becomes Unknown.
const BLIND_INTERVALS: i64 = 3;

/// `status.drift` holds at most this many fields.
const MAX_DRIFT: usize = 20;

/// What came of one round.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time")]
pub enum Outcome {
    /// AWS could not be asked.
    NotObserved {
        /// Why.
        error: AwsError,
        /// For how long by now.
        unseen_for: SignedDuration,
    },
    /// AWS was asked, before or after the changes.
    Observed {
        /// Its answer.
        observed: Observed,
        /// What remains to be done.
        plan: Plan,
    },
}

/// What to write, tell and do next.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The next status; the same as the previous one when nothing worth writing happened.
    pub status: MetricAlarmStatus,
    /// To be published.
    pub events: Vec<Event>,
    /// When to look again.
    pub next: Next,
    /// Whether AWS was seen in this round.
    pub observed: bool,
    /// Whether AWS is as far as this generation goes.
    pub settled: bool,
    /// To be given back next time.
    pub fights: Fights,
}

/// The report of an alarm whose references resolve.
pub fn report(
    input: &Input,
    previous: &MetricAlarmStatus,
    outcome: &Outcome,
    applied: &Applied,
    now: Timestamp,
) -> Report {
    let (readiness, next) = match outcome {
        Outcome::NotObserved { error, unseen_for } => {
            if may_pass(input, previous, error, *unseen_for) {
                return unchanged(input, previous, error);
            }
            readiness::of_error(input, error, true)
        }
        Outcome::Observed { observed, plan } => readiness::of_round(input, observed, plan, applied),
    };
    let notifications = seen(outcome).map(|observed| notifications::judge(input, observed));
    let facts = facts(input, outcome, notifications.as_ref());
    let conditions = conditions::next(
        &previous.conditions,
        previous.observed_generation,
        input.generation,
        &readiness,
        &facts,
        now,
    );
    let fights = fights(input, applied, now);
    let mut events = events::of_changes(input, applied, &fights, now);
    events.extend(of_readiness(&previous.conditions, &readiness));
    events.extend(events::of_ringing(previous, &facts));
    let status = MetricAlarmStatus {
        observed_generation: conditions.observed_generation,
        last_handled_reconcile_at: input
            .reconcile_requested_at
            .clone()
            .or_else(|| previous.last_handled_reconcile_at.clone()),
        conditions: conditions.list,
        drift: drift(outcome, previous),
        effective: Some(input.effective.clone()),
        controls: match (seen(outcome), &notifications) {
            (Some(observed), Some(notifications)) => controls::judge(input, observed, notifications),
            _ => previous.controls.clone(),
        },
        backtest: backtest::merged(previous.backtest.as_ref(), &input.filter.pattern, &[]),
        cost: input.trail.cost.clone(),
        ..kept(input, previous, outcome, applied, now)
    };
    Report {
        settled: matches!(outcome, Outcome::Observed { plan, .. }
            if plan.changes.is_empty() && plan.findings.is_empty() && !plan.claims && applied.failed.is_none()),
        observed: matches!(outcome, Outcome::Observed { .. }),
        status: without_small_change(previous, status),
        events,
        next,
        fights,
    }
}

/// Puts what a run of log file validation has counted into a status, and tells of it.
pub fn with_backtest(
    status: MetricAlarmStatus,
    pattern: &str,
    tried: &[Tried],
) -> (MetricAlarmStatus, Option<Event>) {
    let next = backtest::merged(status.backtest.as_ref(), pattern, tried);
    let event = events::of_backtest(&status, next.as_ref());
    (MetricAlarmStatus { backtest: next, ..status }, event)
}

/// Whether an error is to be borne in silence: it passes, and what `Ready` says is not old yet.
fn may_pass(
    input: &Input,
    previous: &MetricAlarmStatus,
    error: &AwsError,
    unseen_for: SignedDuration,
) -> bool {
    let patience = SignedDuration::from_secs(i64::from(input.interval_seconds) * BLIND_INTERVALS);
    let knows = conditions::find(&previous.conditions, condition::READY)
        .is_some_and(|ready| ready.observed_generation == Some(input.generation));
    error.class() == Class::Retry
        && error.code != "ResourceNotFoundException"
        && knows
        && unseen_for < patience
}

fn unchanged(input: &Input, previous: &MetricAlarmStatus, error: &AwsError) -> Report {
    Report {
        status: previous.clone(),
        events: vec![],
        next: error.retry_after.map_or(Next::Backoff, Next::After),
        observed: false,
        settled: input.was_settled,
        fights: input.fights.clone(),
    }
}

/// The report of an object whose references do not resolve, or that means nothing: AWS is not asked.
pub fn unresolved(
    generation: i64,
    previous: &MetricAlarmStatus,
    unresolved: &Unresolved,
    requested_at: Option<&str>,
    now: Timestamp,
) -> Report {
    let (reason, message) = (unresolved.reason(), unresolved.message());
    let is_invalid = matches!(unresolved, Unresolved::Invalid(_));
    let readiness = if is_invalid {
        Readiness::Stalled { reason, message: message.into() }
    } else {
        Readiness::Waiting { reason, message: message.into() }
    };
    let unknown = |type_| Fact::new(type_, Status::Unknown, reason, "AWS was not asked");
    let mut facts = vec![
        unknown(condition::FILTER_IN_PLACE),
        unknown(condition::ALARM_IN_PLACE),
        unknown(condition::NOTIFICATIONS_CONFIRMED),
        Fact::new(condition::WOULD_RING, Status::Unknown, reason, message),
    ];
    if !is_invalid {
        facts.insert(0, Fact::new(condition::REFERENCES_RESOLVED, Status::False, reason, message));
    }
    let conditions = conditions::next(
        &previous.conditions,
        previous.observed_generation,
        generation,
        &readiness,
        &facts,
        now,
    );
    let status = MetricAlarmStatus {
        observed_generation: conditions.observed_generation,
        last_handled_reconcile_at: requested_at
            .map(str::to_owned)
            .or_else(|| previous.last_handled_reconcile_at.clone()),
        conditions: conditions.list,
        drift: vec![],
        ..previous.clone()
    };
    let events = of_readiness(&previous.conditions, &readiness).into_iter().collect();
    let next = if is_invalid { Next::OnChange } else { Next::Recheck };
    without_a_look(status, events, next)
}

/// The report of an object of which nothing is to be read: `Ready` says so, and everything else stays as it was.
pub fn suspended(generation: i64, previous: &MetricAlarmStatus, now: Timestamp) -> Report {
    let message = "spec.suspend is true: nothing is read or changed in AWS".to_owned();
    let readiness = Readiness::Unknown { reason: Reason::Suspended, message };
    let conditions = conditions::next(
        &previous.conditions,
        previous.observed_generation,
        generation,
        &readiness,
        &[],
        now,
    );
    let status = MetricAlarmStatus {
        observed_generation: conditions.observed_generation,
        conditions: conditions.with_facts_of(&previous.conditions),
        ..previous.clone()
    };
    let events = of_readiness(&previous.conditions, &readiness).into_iter().collect();
    without_a_look(status, events, Next::OnChange)
}

pub(super) fn without_a_look(status: MetricAlarmStatus, events: Vec<Event>, next: Next) -> Report {
    Report { status, events, next, observed: false, settled: false, fights: Fights::default() }
}

/// What AWS has, where it is ours to speak of.
fn seen(outcome: &Outcome) -> Option<&Observed> {
    match outcome {
        Outcome::Observed { observed, plan } => {
            let conflict = plan.findings.iter().any(|one| one.reason == Reason::ManagementConflict);
            (!conflict).then_some(observed)
        }
        Outcome::NotObserved { .. } => None,
    }
}

fn facts(input: &Input, outcome: &Outcome, notifications: Option<&Judgement>) -> Vec<Fact> {
    let fact =
        |type_, judgement: Judgement| Fact::new(type_, judgement.status, judgement.reason, judgement.message);
    let resolved = Fact::new(
        condition::REFERENCES_RESOLVED,
        Status::True,
        Reason::Resolved,
        "the Trail is there, and its AwsAccount may be used",
    );
    let (Some(observed), Some(notifications)) = (seen(outcome), notifications) else {
        let (status, reason, message) = match outcome {
            Outcome::NotObserved { .. } => {
                (Status::Unknown, Reason::ObservationFailed, "AWS could not be asked")
            }
            Outcome::Observed { .. } => {
                (Status::False, Reason::ManagementConflict, "what is in AWS is not this object's")
            }
        };
        let all = [
            condition::FILTER_IN_PLACE,
            condition::ALARM_IN_PLACE,
            condition::NOTIFICATIONS_CONFIRMED,
            condition::WOULD_RING,
        ];
        let rest = all.into_iter().map(|type_| Fact::new(type_, status, reason, message));
        return std::iter::once(resolved).chain(rest).collect();
    };
    let ringing = ringing::judge(input, observed, notifications);
    vec![
        resolved,
        fact(condition::FILTER_IN_PLACE, filter_in_place(input, observed)),
        fact(condition::ALARM_IN_PLACE, alarm_in_place(input, observed)),
        fact(condition::NOTIFICATIONS_CONFIRMED, notifications.clone()),
        fact(condition::WOULD_RING, ringing),
    ]
}

fn filter_in_place(input: &Input, observed: &Observed) -> Judgement {
    let place = &input.place;
    let named = format!("metric filter '{}' on log group '{}'", place.filter_name, place.log_group_name);
    match &observed.filter {
        _ if observed.log_group_missing => Judgement::new(
            Status::False,
            Reason::LogGroupUnusable,
            format!("there is no log group '{}'", place.log_group_name),
        ),
        None => Judgement::new(Status::False, Reason::NotInPlace, format!("there is no {named}")),
        Some(filter) => match differences::of_filter(filter, &input.filter).first() {
            None => Judgement::new(Status::True, Reason::InPlace, format!("{named} is as declared")),
            Some(first) => Judgement::new(
                Status::False,
                Reason::NotInPlace,
                format!("{named} is not as declared: {first}"),
            ),
        },
    }
}

fn alarm_in_place(input: &Input, observed: &Observed) -> Judgement {
    let named = format!("alarm '{}'", input.place.alarm_name);
    match &observed.alarm {
        None => Judgement::new(Status::False, Reason::NotInPlace, format!("there is no {named}")),
        Some(alarm) => match differences::of_alarm(&alarm.description, &input.alarm).first() {
            None => Judgement::new(Status::True, Reason::InPlace, format!("{named} is as declared")),
            Some(first) => Judgement::new(
                Status::False,
                Reason::NotInPlace,
                format!("{named} is not as declared: {first}"),
            ),
        },
    }
}

/// What others have changed and was put right now, counted.
fn fights(input: &Input, applied: &Applied, now: Timestamp) -> Fights {
    let fields = applied.done.iter().flat_map(Change::fields).filter(|_| input.was_settled);
    let fields: Vec<_> = fields.map(|change| change.field).collect();
    input.fights.clone().and(fields.iter().map(String::as_str), now)
}

fn drift(outcome: &Outcome, previous: &MetricAlarmStatus) -> Vec<Drift> {
    let Outcome::Observed { plan, .. } = outcome else { return previous.drift.clone() };
    let fields = plan.differences().into_iter().take(MAX_DRIFT);
    fields.map(|change| Drift { field: change.field, declared: change.to, actual: change.from }).collect()
}

/// The part of status that later rounds go by.
fn kept(
    input: &Input,
    previous: &MetricAlarmStatus,
    outcome: &Outcome,
    applied: &Applied,
    now: Timestamp,
) -> MetricAlarmStatus {
    let Outcome::Observed { observed, plan } = outcome else { return previous.clone() };
    let (place, superseded) = if plan.claims {
        (Some(input.place.clone()), input.left_behind())
    } else {
        let stays = |place: &&AlarmPlace| !plan.vacated.contains(*place);
        (input.known_place.clone(), input.superseded.iter().filter(stays).cloned().collect())
    };
    let Some(observed) = seen(outcome).map(|_| observed) else {
        return MetricAlarmStatus {
            place: previous.place.clone(),
            superseded: previous.superseded.clone(),
            ..previous.clone()
        };
    };
    let ours = observed.alarm.as_ref().filter(|alarm| {
        input.hands_off.is_none() && Ownership::of(alarm, &input.owner, false) == Ownership::Ours
    });
    let tags = ours.and_then(|alarm| alarm.tags.as_ref().ok());
    let reclaimed = applied.done.iter().any(|change| matches!(change, Change::MarkOwner(Mark::Reclaimed, _)));
    MetricAlarmStatus {
        arn: observed.alarm.as_ref().map(|alarm| alarm.description.arn.clone()),
        place,
        superseded,
        managed_tag_keys: tags.map_or_else(
            || previous.managed_tag_keys.clone(),
            |tags| tag_keys_kept(&input.tags, tags, &input.managed_tag_keys),
        ),
        acquired_at: previous.acquired_at.clone().or_else(|| ours.map(|_| Time(whole_seconds(now)))),
        owner_tag_restored_at: previous
            .owner_tag_restored_at
            .clone()
            .or_else(|| reclaimed.then(|| Time(whole_seconds(now)))),
        alarm_state: observed.alarm.as_ref().map(|alarm| alarm.description.state.clone()),
        ..MetricAlarmStatus::default()
    }
}

/// Without what is not worth a write: the alarm's state goes along with another change, unless it rings.
fn without_small_change(previous: &MetricAlarmStatus, next: MetricAlarmStatus) -> MetricAlarmStatus {
    let rings = |status: &MetricAlarmStatus| status.alarm_state.as_deref() == Some("ALARM");
    let same = MetricAlarmStatus { alarm_state: previous.alarm_state.clone(), ..next.clone() } == *previous;
    if same && rings(previous) == rings(&next) && previous.alarm_state.is_some() {
        previous.clone()
    } else {
        next
    }
}
