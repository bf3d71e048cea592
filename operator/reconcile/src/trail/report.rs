//! Step 5, report: the next status and the events, from what was declared, done and seen. Pure.
//!
//! How situations become `Ready`, `Reconciling` and `Stalled` is in [`super::readiness`].

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use trail_operator_crds::{Destination, Drift, SelectorsStatus, TrailStatus, condition};
use trail_operator_domain::selectors::Selectors;

use super::{
    Applied, Change, FieldChange, Fights, Freshness, Hold, Input, Isolation, Mark, Observed, ObservedTrail,
    Ownership, Plan, Severity, Unresolved, change::field, cost, delivery, events, isolating, readiness, tags,
    validation,
};
use crate::{
    aws_error::{AwsError, Class},
    conditions::{self, Fact, Readiness, Status, whole_seconds},
    event::Event,
    reason::Reason,
};

/// AWS may be unreachable for this many intervals before `Ready` becomes Unknown.
const BLIND_INTERVALS: i64 = 3;

/// PutEventSelectors may be called once a second.
const BETWEEN_TRIES: Duration = Duration::from_secs(1);

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
    pub status: TrailStatus,
    /// To be published.
    pub events: Vec<Event>,
    /// When to look again.
    pub next: Next,
    /// Whether AWS was seen in this round.
    pub observed: bool,
    /// Whether AWS is as far as this generation goes: what differs from now on, others have changed.
    pub settled: bool,
    /// To be given back next time.
    pub fights: Fights,
    /// To be given back next time.
    pub deliveries: delivery::Memory,
    /// To be given back next time.
    pub isolation: Isolation,
}

/// When to look again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// At the object's interval.
    Interval,
    /// Something outside must change first.
    Recheck,
    /// Soon, and later each time.
    Backoff,
    /// When the account's limits let it.
    After(Duration),
    /// Once AWS has had time to show what was changed.
    Confirm,
    /// When the object changes.
    OnChange,
}

/// The report of a trail whose references resolve.
pub fn report(
    input: &Input,
    previous: &TrailStatus,
    outcome: &Outcome,
    applied: &Applied,
    now: Timestamp,
) -> Report {
    let last_write = input.last_write.clone().and(&applied.done, now);
    let isolated = isolated(input, previous, outcome, applied);
    let (readiness, next) = match outcome {
        Outcome::NotObserved { error, unseen_for } => {
            if may_pass(input, previous, error, *unseen_for) {
                return unchanged(input, previous, error);
            }
            readiness::of_error(input, error)
        }
        Outcome::Observed { .. } if isolated.goes_on => {
            let message =
                "CloudTrail does not take all EventSelectors together; they are tried one by one".into();
            (Readiness::NotReady { reason: Reason::Progressing, message }, Next::After(BETWEEN_TRIES))
        }
        Outcome::Observed { observed, plan } => {
            readiness::of_round(input, observed, plan, applied, last_write.may_be_invisible(now))
        }
    };
    // A read that agrees may be as old as one that does not.
    let next = match next {
        Next::Interval if last_write.is_fresh(now) => Next::Confirm,
        next => next,
    };
    let seen = seen(outcome);
    let deliveries = seen.map(|trail| delivery::judge(input, &trail.status, previous, now));
    let validated = validation::judge(input, seen.map(|trail| &trail.status), previous, now);
    let readiness = match (readiness, validated.failure) {
        (Readiness::Ready { .. }, Some(failure)) => failure,
        (readiness, _) => readiness,
    };
    let cost = cost::judge(&input.cost, input.costs.as_deref(), previous, now);
    let facts = facts(outcome, deliveries.as_ref(), validated.facts.into_iter().chain(cost.facts));
    let conditions = conditions::next(
        &previous.conditions,
        previous.observed_generation,
        input.generation,
        &readiness,
        &facts,
        now,
    );
    let fights = fights(input, previous, applied, now);
    let mut events = events::of_changes(input, previous, applied, &fights, now);
    events.extend(events::of_readiness(&previous.conditions, &readiness));
    events.extend(events::of_delivery(previous, &facts));
    events.extend(validated.events);
    let status = TrailStatus {
        observed_generation: conditions.observed_generation,
        last_handled_reconcile_at: handled(input, previous),
        conditions: conditions.list,
        drift: drift(outcome),
        logging: deliveries.as_ref().map(|judged| judged.status.clone()),
        selectors: selectors(input, previous, outcome, &isolated),
        validation: validated.status,
        coverage: validated.coverage,
        cost: cost.status,
        ..facts_of_trail(input, previous, outcome, applied, now)
    };
    let next = match (next, held_for(input, outcome)) {
        (Next::Interval, Some(left)) => Next::After(left),
        _ => next,
    };
    Report {
        status: without_small_change(previous, status),
        events,
        next,
        observed: matches!(outcome, Outcome::Observed { .. }),
        settled: matches!(outcome, Outcome::Observed { observed, plan }
            if observed.trail.is_some() && plan.changes.is_empty() && applied.failed.is_empty()
                && !is_conflict(plan) && !is_pending(plan)),
        fights,
        isolation: isolated.isolation,
        deliveries: deliveries.map_or_else(|| input.deliveries.clone(), |judged| judged.memory),
    }
}

/// Whether an error is to be borne in silence: it passes, and what `Ready` says is not old yet.
fn may_pass(input: &Input, previous: &TrailStatus, error: &AwsError, unseen_for: SignedDuration) -> bool {
    let patience = SignedDuration::from_secs(i64::from(input.interval_seconds) * BLIND_INTERVALS);
    let knows = conditions::find(&previous.conditions, condition::READY)
        .is_some_and(|ready| ready.observed_generation == Some(input.generation));
    error.class() == Class::Retry && knows && unseen_for < patience
}

fn unchanged(input: &Input, previous: &TrailStatus, error: &AwsError) -> Report {
    Report {
        status: previous.clone(),
        events: vec![],
        next: error.retry_after.map_or(Next::Backoff, Next::After),
        observed: false,
        settled: input.was_settled,
        fights: input.fights.clone(),
        deliveries: input.deliveries.clone(),
        isolation: input.isolation.clone(),
    }
}

/// The report of a trail whose references do not resolve: AWS is not asked, and nothing new is said about it.
pub fn unresolved(
    generation: i64,
    previous: &TrailStatus,
    unresolved: &Unresolved,
    requested_at: Option<&str>,
    now: Timestamp,
) -> Report {
    let (reason, message) = (unresolved.reason(), unresolved.message());
    let readiness = Readiness::Waiting { reason, message: message.into() };
    let unknown = |type_| Fact::new(type_, Status::Unknown, reason, "AWS was not asked");
    let facts = [
        Fact::new(condition::REFERENCES_RESOLVED, Status::False, reason, message),
        unknown(condition::LOGGING),
        unknown(condition::LOG_FILE_VALIDATED),
        unknown(condition::COVERED),
    ];
    let conditions = conditions::next(
        &previous.conditions,
        previous.observed_generation,
        generation,
        &readiness,
        &facts,
        now,
    );
    let status = TrailStatus {
        observed_generation: conditions.observed_generation,
        last_handled_reconcile_at: requested_at
            .map(str::to_owned)
            .or_else(|| previous.last_handled_reconcile_at.clone()),
        conditions: conditions.list,
        logging: None,
        drift: vec![],
        ..previous.clone()
    };
    let events = events::of_readiness(&previous.conditions, &readiness).into_iter().collect();
    without_a_look(status, events, Next::Recheck)
}

/// The report of a trail of which nothing is to be read: `Ready` says so, and everything else stays as it was.
pub fn suspended(generation: i64, previous: &TrailStatus, now: Timestamp) -> Report {
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
    let status = TrailStatus {
        observed_generation: conditions.observed_generation,
        conditions: conditions.with_facts_of(&previous.conditions),
        ..previous.clone()
    };
    let events = events::of_readiness(&previous.conditions, &readiness).into_iter().collect();
    without_a_look(status, events, Next::OnChange)
}

pub(super) fn without_a_look(status: TrailStatus, events: Vec<Event>, next: Next) -> Report {
    Report {
        status,
        events,
        next,
        observed: false,
        settled: false,
        fights: Fights::default(),
        deliveries: delivery::Memory::default(),
        isolation: Isolation::default(),
    }
}

/// Our trail, as seen.
fn seen(outcome: &Outcome) -> Option<&ObservedTrail> {
    match outcome {
        Outcome::Observed { observed, plan } if !is_conflict(plan) => observed.trail.as_ref(),
        _ => None,
    }
}

fn handled(input: &Input, previous: &TrailStatus) -> Option<String> {
    input.reconcile_requested_at.clone().or_else(|| previous.last_handled_reconcile_at.clone())
}

fn facts(
    outcome: &Outcome,
    deliveries: Option<&delivery::Judged>,
    others: impl Iterator<Item = Fact>,
) -> Vec<Fact> {
    let logging = match (outcome, deliveries) {
        (_, Some(judged)) => judged.fact.clone(),
        (Outcome::NotObserved { error, .. }, None) => Fact::new(
            condition::LOGGING,
            Status::Unknown,
            if error.class() == Class::Retry { Reason::ObservationFailed } else { error.reason() },
            "AWS could not be asked",
        ),
        (Outcome::Observed { .. }, None) => Fact::new(
            condition::LOGGING,
            Status::False,
            Reason::TrailMissing,
            "there is no trail of ours in AWS",
        ),
    };
    let resolved = Fact::new(
        condition::REFERENCES_RESOLVED,
        Status::True,
        Reason::Resolved,
        "the AwsAccount may be used",
    );
    [resolved, logging].into_iter().chain(others).collect()
}

fn is_conflict(plan: &Plan) -> bool {
    plan.findings.iter().any(|finding| finding.reason == Reason::ManagementConflict)
}

/// Whether what was seen may be older than what was done.
fn is_pending(plan: &Plan) -> bool {
    plan.findings.iter().any(|finding| finding.severity == Severity::Pending)
}

/// What others have changed and was put right now, counted.
fn fights(input: &Input, previous: &TrailStatus, applied: &Applied, now: Timestamp) -> Fights {
    let changes = applied.done.iter().flat_map(Change::fields);
    let fields: Vec<_> = changes
        .filter(|change| input.had_settled(&change.field) && !events::was_held_back(previous, change))
        .map(|change| change.field)
        .collect();
    input.fights.clone().and(fields.iter().map(String::as_str), now)
}

/// The part of status that tells of the trail. What was not seen to log is not said to; which trail it was remains.
fn facts_of_trail(
    input: &Input,
    previous: &TrailStatus,
    outcome: &Outcome,
    applied: &Applied,
    now: Timestamp,
) -> TrailStatus {
    let Some(trail) = seen(outcome) else {
        let managed_tag_keys = tags::sent(input, applied);
        return TrailStatus { managed_tag_keys, ..previous.clone() };
    };
    let ours = input.hands_off.is_none() && Ownership::of(trail, input) == Ownership::Ours;
    let mut tags = trail.tags.clone().unwrap_or_default();
    // What was done before this round may have been undone by it.
    tags.extend(input.last_write.clone().and(&applied.done, now).tags(now));
    TrailStatus {
        arn: Some(trail.arn.clone()),
        account_id: Some(input.account_id.clone()),
        home_region: Some(trail.home_region.clone()),
        managed_tag_keys: if ours {
            tags::managed(&input.tags, &tags, &tags::sent(input, applied).into_iter().collect())
        } else {
            previous.managed_tag_keys.clone()
        },
        destination: destination(input, outcome).filter(|_| ours).or_else(|| previous.destination.clone()),
        owner_tag_restored_at: owner_tag_restored_at(previous, applied, now),
        acquired_at: previous.acquired_at.clone().or_else(|| ours.then(|| Time(whole_seconds(now)))),
        ..TrailStatus::default()
    }
}

/// What is declared to be recorded, and how far AWS has it.
fn selectors(
    input: &Input,
    previous: &TrailStatus,
    outcome: &Outcome,
    isolated: &isolating::Found,
) -> Option<SelectorsStatus> {
    let declared = &input.recording.selectors;
    let revision = declared.revision();
    let before = previous.selectors.as_ref();
    let actual = seen(outcome).map(|trail| trail.recorded.selectors.as_ref());
    // What is read while a change may not show yet says nothing of what was there before.
    let pending = matches!(outcome, Outcome::Observed { plan, .. } if is_pending(plan));
    let is_new = before.is_none_or(|before| before.revision != revision);
    let (applied_revision, unapplied) = match actual {
        Some(Some(actual)) if is_new || !pending => {
            (declared.is_in_place(actual).then(|| revision.clone()), declared.unapplied(actual))
        }
        // It was not read: nothing new is known.
        _ if before.is_some_and(|before| before.revision == revision) => before
            .map(|before| (before.applied_revision.clone(), before.unapplied.clone()))
            .unwrap_or_default(),
        None if matches!(outcome, Outcome::NotObserved { .. }) => return previous.selectors.clone(),
        _ => (None, declared.unapplied(&Selectors::Default)),
    };
    let all = declared.all();
    Some(SelectorsStatus {
        revision,
        applied_revision,
        unapplied,
        count: i32::try_from(declared.composition.accepted()).unwrap_or(i32::MAX),
        management_events: all.management_events().describe(),
        data_resource_types: all.data_resource_types().into_iter().take(MAX_TYPES).collect(),
        refused: isolated.refused.clone(),
    })
}

/// Which EventSelectors CloudTrail refuses, and which are to be tried next. A look that was asked for tries all again.
fn isolated(input: &Input, previous: &TrailStatus, outcome: &Outcome, applied: &Applied) -> isolating::Found {
    let before = previous.selectors.as_ref().map_or(&[][..], |selectors| selectors.refused.as_slice());
    let before = if input.freshness == Freshness::Requested { &[] } else { before };
    match outcome {
        Outcome::Observed { observed, .. } => isolating::found(input, observed, applied, before),
        Outcome::NotObserved { .. } => {
            isolating::Found { isolation: input.isolation.clone(), refused: before.to_vec(), goes_on: false }
        }
    }
}

/// `status.selectors` names at most this many types.
const MAX_TYPES: usize = 64;

/// How long it takes until it is sure that an `EventSelector` which was deleted does not come back.
fn held_for(input: &Input, outcome: &Outcome) -> Option<Duration> {
    let Outcome::Observed { plan, .. } = outcome else { return None };
    let Some(Hold::LatelyDeleted(left) | Hold::New(left)) = input.recording.selectors.hold else {
        return None;
    };
    plan.withheld.iter().any(|withheld| withheld.reason == Reason::HeldForNow).then_some(left)
}

/// Where the trail delivers, if that is where it is declared to.
fn destination(input: &Input, outcome: &Outcome) -> Option<Destination> {
    let Outcome::Observed { observed, plan } = outcome else { return None };
    let settings = &observed.trail.as_ref()?.settings;
    let known = (input.kms_key_id.is_empty() || observed.key_arn.is_some()) && !is_pending(plan);
    let differs =
        |change: &FieldChange| [field::BUCKET, field::PREFIX, field::KEY].contains(&change.field.as_str());
    (known && !plan.differences().iter().any(differs)).then(|| Destination {
        bucket_name: settings.s3_bucket_name.clone(),
        key_prefix: settings.s3_key_prefix.clone(),
        kms_key_arn: settings.kms_key_id.clone(),
    })
}

fn owner_tag_restored_at(previous: &TrailStatus, applied: &Applied, now: Timestamp) -> Option<Time> {
    let marked = |wanted| {
        applied.done.iter().any(|change| matches!(change, Change::MarkOwner(mark, _) if *mark == wanted))
    };
    if marked(Mark::Reclaimed) {
        return Some(Time(whole_seconds(now)));
    }
    previous.owner_tag_restored_at.clone().filter(|_| !marked(Mark::Adopted))
}

fn drift(outcome: &Outcome) -> Vec<Drift> {
    let Outcome::Observed { plan, .. } = outcome else { return vec![] };
    let drift = |FieldChange { field, from, to, .. }| Drift { field, declared: to, actual: from };
    plan.differences().into_iter().map(drift).take(MAX_DRIFT).collect()
}

/// Keeps the previous figures of delivery where they alone have moved, and only a little.
fn without_small_change(previous: &TrailStatus, next: TrailStatus) -> TrailStatus {
    let settled = TrailStatus { logging: previous.logging.clone(), ..next.clone() };
    let small =
        next.logging.as_ref().is_some_and(|new| !delivery::worth_writing(previous.logging.as_ref(), new));
    if small && settled == *previous { settled } else { next }
}

/// Whether a field is one whose loss would weaken the record.
pub(super) fn matters(field: &str) -> bool {
    [field::LOGGING, field::MANAGEMENT_EVENTS, field::INSIGHTS].contains(&field)
        || [field::BUCKET, field::PREFIX, field::KEY, field::LOG_GROUP].contains(&field)
        || [field::MULTI_REGION, field::GLOBAL_EVENTS, field::ORGANIZATION, field::VALIDATION]
            .contains(&field)
}
