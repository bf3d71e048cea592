//! One round of one `MetricAlarm`: what the pure steps are given, and what is done with what they say.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::{
    api::core::v1::Namespace, apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{Api, CustomResourceExt, Resource, ResourceExt, runtime::controller::Action};
use trail_operator_crds::{AlarmDeletionPolicy, AlarmPlace, AwsAccount, MetricAlarm, MetricAlarmStatus};
use trail_operator_reconcile::{
    event::Event,
    metric_alarm::{
        self, Applied, Change, Input, Report, Unresolved,
        finalize::{self, Deletion, Finalized},
    },
    reason::Reason,
    references::{ActAs, References},
    trail::{self, Actor, DeletedWith, HandsOff, Isolation, Next, delivery},
};

use super::{Context, KIND};
use crate::{
    backoff,
    controllers::{RoundError, requeue},
    finalizer, kubernetes,
    metrics::RoundResult,
    status,
};

/// How often an alarm is looked at whose Trail is not there to say so.
const INTERVAL: Duration = Duration::from_mins(5);

/// One round, with the finalizer put on before anything is made in AWS and taken off after everything is settled.
pub(super) async fn run(
    object: &MetricAlarm,
    namespace: &str,
    context: &Context,
) -> Result<Action, RoundError> {
    tokio::select! {
        biased;
        () = context.shared.stop.cancelled() => return Err(RoundError::Stopping),
        () = context.stores.whole() => {}
    }
    let api: Api<MetricAlarm> = Api::namespaced(context.shared.client.clone(), namespace);
    let start = Instant::now();
    let object = &with_last_status(object, context);
    let next = match (object.meta().deletion_timestamp.is_some(), finalizer::is_on(object)) {
        (false, false) => {
            finalizer::put_on(&api, object).await?;
            return Ok(Action::await_change());
        }
        (false, true) => Some(Box::pin(apply(&api, object, context)).await?),
        (true, true) => Box::pin(cleanup(&api, object, context)).await?,
        (true, false) => return Ok(Action::await_change()),
    };
    let result = match next {
        None | Some(Next::Interval | Next::Confirm | Next::OnChange) => RoundResult::Success,
        Some(Next::Recheck | Next::Backoff | Next::After(_)) => RoundResult::Pending,
    };
    context.shared.metrics.reconciled(KIND, result, Some(start.elapsed()));
    let uid = object.uid().unwrap_or_default();
    let (interval, account) = pace(object, namespace, context);
    Ok(match next {
        None => Action::await_change(),
        // Alarms of one account are looked at together, and share what AWS says of all of them.
        Some(Next::Interval) => {
            let group = (&account, i32::try_from(interval.as_secs()).unwrap_or(i32::MAX));
            Action::requeue(backoff::until_tick(interval, group, Timestamp::now()))
        }
        Some(next) => requeue(next, interval, || context.memory.back_off(&uid)),
    })
}

/// The Trail's interval, and its account.
fn pace(object: &MetricAlarm, namespace: &str, context: &Context) -> (Duration, String) {
    match context.stores.trail(namespace, &object.spec.trail_ref.name) {
        Ok(Some(trail)) => {
            let seconds = u64::try_from(trail.spec.interval_seconds).unwrap_or(INTERVAL.as_secs());
            (Duration::from_secs(seconds), trail.spec.account_ref.name.clone())
        }
        _ => (INTERVAL, String::new()),
    }
}

/// The object with its status as this process last wrote it, where the watch has not brought it back yet.
fn with_last_status(object: &MetricAlarm, context: &Context) -> MetricAlarm {
    let uid = object.uid().unwrap_or_default();
    let newer = context.memory.newer_than(&uid, object.resource_version().as_deref());
    MetricAlarm { status: newer.or_else(|| object.status.clone()), ..object.clone() }
}

/// Makes AWS as declared.
async fn apply(api: &Api<MetricAlarm>, object: &MetricAlarm, context: &Context) -> Result<Next, RoundError> {
    let Context { shared, memory, .. } = context;
    let uid = object.uid().unwrap_or_default();
    let generation = object.meta().generation;
    let previous = object.status.clone().unwrap_or_default();
    let now = Timestamp::now();
    if object.spec.suspend {
        let report = metric_alarm::suspended(generation.unwrap_or_default(), &previous, now);
        return told(api, object, &previous, report, &Applied::default(), context).await;
    }
    let (report, applied) = match input(object, context, now) {
        Err(Unresolved::NotAskedYet) if memory.unseen_for(&uid) < 3 * INTERVAL => return Ok(Next::Backoff),
        Err(unresolved) => {
            let requested = trail::requested_at(&object.metadata);
            let generation = generation.unwrap_or_default();
            let report = metric_alarm::unresolved(generation, &previous, &unresolved, requested, now);
            (report, Applied::default())
        }
        Ok(input) => {
            let in_region = shared.aws.account(&input.act_as).await.alarms(&input.place.region);
            let unseen_for = SignedDuration::try_from(memory.unseen_for(&uid)).unwrap_or(SignedDuration::MAX);
            let (report, applied) =
                metric_alarm::reconcile(&in_region, &input, &previous, unseen_for, now).await;
            let fights = report.fights.clone();
            memory.learnt(&uid, generation, fights, delivery::Memory::default(), Isolation::default());
            (report, applied)
        }
    };
    if report.observed {
        memory.saw(&uid);
    }
    if report.settled {
        memory.settled_at(&uid, generation);
    }
    let next = told(api, object, &previous, report, &applied, context).await?;
    if next != Next::Backoff {
        memory.succeeded(&uid);
    }
    Ok(next)
}

/// Adds what was counted of the logs, records, tells and writes.
async fn told(
    api: &Api<MetricAlarm>,
    object: &MetricAlarm,
    previous: &MetricAlarmStatus,
    mut report: Report,
    applied: &Applied,
    context: &Context,
) -> Result<Next, RoundError> {
    let uid = object.uid().unwrap_or_default();
    let tried = context.backtests.of(&uid);
    if !tried.is_empty() {
        let pattern = report.status.effective.as_ref().and_then(|effective| effective.filter.pattern.clone());
        let (status, event) =
            metric_alarm::with_backtest(report.status, &pattern.unwrap_or_default(), &tried);
        report.status = status;
        report.events.extend(event);
    }
    record(object, &report, applied, context);
    write(api, object, previous, &report, context).await?;
    context.backtests.told(&uid, tried.len());
    Ok(report.next)
}

fn input(object: &MetricAlarm, context: &Context, now: Timestamp) -> Result<Input, Unresolved> {
    let Context { stores, memory, .. } = context;
    let input = metric_alarm::dereference(object, actor(context), stores, now)?;
    let uid = object.uid().unwrap_or_default();
    let generation = object.meta().generation;
    Ok(Input {
        was_settled: input.was_settled || memory.settled_generation(&uid) == generation,
        fights: memory.fights(&uid, generation),
        ..input
    })
}

fn actor(context: &Context) -> Actor<'_> {
    Actor { cluster_id: &context.shared.cluster_id, read_only: context.shared.read_only }
}

/// Settles AWS for an object that is being deleted. Gives when to come back; `None` once the object may go.
async fn cleanup(
    api: &Api<MetricAlarm>,
    object: &MetricAlarm,
    context: &Context,
) -> Result<Option<Next>, RoundError> {
    let memory = &context.memory;
    let uid = object.uid().unwrap_or_default();
    if let Some(farewell) = memory.farewell(&uid) {
        return let_go(api, object, farewell, context).await.map(|()| None);
    }
    let previous = object.status.clone().unwrap_or_default();
    let now = Timestamp::now();
    let finalized = if trail::finalize::is_forced(&object.metadata) {
        finalize::forced(object)
    } else {
        match finalize::places(object).into_iter().next() {
            // Nothing was made.
            None => Finalized::Released(vec![]),
            Some(place) => settle(object, &place, &previous, context, now).await?,
        }
    };
    match finalized {
        Finalized::Released(farewell) => {
            memory.settled(&uid, farewell.clone());
            let_go(api, object, farewell, context).await.map(|()| None)
        }
        Finalized::Blocked(report) => {
            record(object, &report, &Applied::default(), context);
            write(api, object, &previous, &report, context).await?;
            Ok(Some(report.next))
        }
    }
}

/// Does in AWS what deletion means.
async fn settle(
    object: &MetricAlarm,
    place: &AlarmPlace,
    previous: &MetricAlarmStatus,
    context: &Context,
    now: Timestamp,
) -> Result<Finalized, RoundError> {
    let Context { shared, memory, stores, .. } = context;
    let uid = object.uid().unwrap_or_default();
    let namespace = object.namespace().unwrap_or_default();
    let owner = format!("{}/{namespace}/{}", shared.cluster_id, object.name_any());
    let deleting_for = SignedDuration::try_from(memory.finalizing_for(&uid)).unwrap_or(SignedDuration::MAX);
    let account = metric_alarm::account_of(object, place, stores);
    let may_weaken = account.as_ref().is_ok_and(|account| metric_alarm::may_weaken(account, now));
    let deletion = Deletion {
        policy: object.spec.deletion_policy,
        owner: &owner,
        hands_off: HandsOff::of(object.spec.management_policy, shared.read_only),
        with: deleted_with(object, place, context).await?,
        may_weaken,
    };
    match account {
        Err(Unresolved::NotAskedYet) if deleting_for < trail::finalize::RETAIN_PATIENCE => {
            let report = metric_alarm::unresolved(
                object.meta().generation.unwrap_or_default(),
                previous,
                &Unresolved::NotAskedYet,
                None,
                now,
            );
            let report = Report { status: previous.clone(), events: vec![], next: Next::Backoff, ..report };
            Ok(Finalized::Blocked(Box::new(report)))
        }
        Err(unresolved) => {
            let is_gone = [Reason::NotFound, Reason::NotPermitted].contains(&unresolved.reason());
            let why = unresolved.message();
            Ok(finalize::without_account(object, &deletion, why, is_gone, previous, now))
        }
        Ok(account) => {
            let in_region = shared.aws.account(&ActAs::of(&account)).await.alarms(&place.region);
            Ok(finalize::finalize(&in_region, object, &deletion, previous, deleting_for, now).await)
        }
    }
}

/// What takes the object along. Asked anew where it decides over an alarm's life, since the caches may learn of the
/// object's deletion first.
async fn deleted_with(
    object: &MetricAlarm,
    place: &AlarmPlace,
    context: &Context,
) -> Result<Option<DeletedWith>, RoundError> {
    if object.spec.deletion_policy == AlarmDeletionPolicy::Retain {
        return Ok(None);
    }
    let client = &context.shared.client;
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let name = object.namespace().unwrap_or_default();
    let namespace = kubernetes::call("reading the namespace", namespaces.get_metadata(&name)).await?;
    if namespace.metadata.deletion_timestamp.is_some() {
        return Ok(Some(DeletedWith::Namespace));
    }
    let accounts: Api<AwsAccount> = Api::all(client.clone());
    let account = accounts.get_metadata_opt(&place.account_ref);
    let account = kubernetes::call("reading the AwsAccount", account).await?;
    if account.is_none_or(|account| account.metadata.deletion_timestamp.is_some()) {
        return Ok(Some(DeletedWith::Account));
    }
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    let definition = definitions.get_metadata(MetricAlarm::crd_name());
    let definition = kubernetes::call("reading the definition of MetricAlarm", definition).await?;
    Ok(definition.metadata.deletion_timestamp.map(|_| DeletedWith::Definition))
}

/// Takes the finalizer off, then tells what became of filter and alarm.
async fn let_go(
    api: &Api<MetricAlarm>,
    object: &MetricAlarm,
    farewell: Vec<Event>,
    context: &Context,
) -> Result<(), RoundError> {
    finalizer::take_off(api, object).await?;
    context.shared.events.publish(&farewell, &object.object_ref(&())).await;
    let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
    context.shared.metrics.object_gone(KIND, &namespace, &name);
    context.memory.forget(object.meta().uid.as_deref().unwrap_or_default());
    context.account_is_used(object);
    Ok(())
}

fn record(object: &MetricAlarm, report: &Report, applied: &Applied, context: &Context) {
    let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
    let metrics = &context.shared.metrics;
    metrics.has_conditions(KIND, &namespace, &name, &report.status.conditions);
    if report.events.iter().any(|event| event.reason == Reason::DriftCorrected) {
        for change in applied.done.iter().flat_map(Change::fields) {
            // A tag's key may be anybody's text; a series for each would be theirs to make.
            let field = if change.field.starts_with("tags.") { "tags" } else { &change.field };
            metrics.drifted(KIND, field);
        }
    }
}

/// Tells the events, then writes the status if it differs.
async fn write(
    api: &Api<MetricAlarm>,
    object: &MetricAlarm,
    previous: &MetricAlarmStatus,
    report: &Report,
    context: &Context,
) -> Result<(), RoundError> {
    context.shared.events.publish(&report.events, &object.object_ref(&())).await;
    if *previous != report.status {
        let version = status::write(api, object, &report.status).await?;
        let uid = object.uid().unwrap_or_default();
        context.memory.wrote(&uid, version.as_deref(), report.status.clone());
        if previous.place != report.status.place {
            let object = MetricAlarm { status: Some(report.status.clone()), ..object.clone() };
            context.account_is_used(&object);
        }
    }
    Ok(())
}
