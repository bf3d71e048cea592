//! One round of one `Trail`: what the pure steps are given, and what is done with what they say.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::{
    api::core::v1::Namespace, apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{Api, CustomResourceExt, Resource, ResourceExt, runtime::controller::Action};
use trail_operator_crds::{AwsAccount, DeletionPolicy, EventSelector, Trail, TrailStatus, condition};
use trail_operator_reconcile::{
    conditions,
    event::Event,
    reason::Reason,
    trail::{
        self, Actor, Applied, Change, DeletedWith, Freshness, Input, Next, Report, Surroundings, Unresolved,
        cost::Subject, finalize, finalize::Finalized,
    },
};

use super::{Context, KIND, costing, elsewhere};
use crate::{
    backoff,
    controllers::{RoundError, Shared, requeue},
    finalizer, kubernetes,
    memory::Memory,
    metrics::RoundResult,
    status,
};

/// One round, with the finalizer put on before anything is made in AWS and taken off after everything is settled.
pub(super) async fn run(trail: &Trail, namespace: &str, context: &Context) -> Result<Action, RoundError> {
    tokio::select! {
        biased;
        () = context.shared.stop.cancelled() => return Err(RoundError::Stopping),
        () = context.stores.whole() => {}
    }
    let api: Api<Trail> = Api::namespaced(context.shared.client.clone(), namespace);
    let start = Instant::now();
    let next = match (trail.meta().deletion_timestamp.is_some(), finalizer::is_on(trail)) {
        (false, false) => {
            finalizer::put_on(&api, trail).await?;
            context.account_is_used(trail);
            return Ok(Action::await_change());
        }
        (false, true) => Some(Box::pin(apply(&api, trail, context)).await?),
        (true, true) => Box::pin(cleanup(&api, trail, context)).await?,
        (true, false) => return Ok(Action::await_change()),
    };
    let result = match next {
        None | Some(Next::Interval | Next::Confirm | Next::OnChange) => RoundResult::Success,
        Some(Next::Recheck | Next::Backoff | Next::After(_)) => RoundResult::Pending,
    };
    context.shared.metrics.reconciled(KIND, result, Some(start.elapsed()));
    let uid = trail.uid().unwrap_or_default();
    let interval = interval(trail);
    Ok(match next {
        None => Action::await_change(),
        // Trails of one account are looked at together, and share what AWS says of all of them.
        Some(Next::Interval) => {
            let group = (&trail.spec.account_ref.name, trail.spec.interval_seconds);
            Action::requeue(backoff::until_tick(interval, group, Timestamp::now()))
        }
        Some(next) => requeue(next, interval, || context.memory.back_off(&uid)),
    })
}

/// Makes AWS as declared.
async fn apply(api: &Api<Trail>, trail: &Trail, context: &Context) -> Result<Next, RoundError> {
    let Context { shared, memory, .. } = context;
    let uid = trail.uid().unwrap_or_default();
    let generation = trail.meta().generation;
    let previous = last_status(trail, memory);
    let now = Timestamp::now();
    if trail.spec.suspend {
        let report = trail::suspended(generation.unwrap_or_default(), &previous, now);
        record(trail, &report, &Applied::default(), shared);
        write(api, trail, &previous, &report, context).await?;
        return Ok(report.next);
    }
    let (report, applied) = match input(trail, &previous, context, now) {
        Err(Unresolved::NotAskedYet) if memory.unseen_for(&uid) < patience(trail) => {
            return Ok(Next::Backoff);
        }
        Err(unresolved) => {
            let requested = trail::reconcile_requested_at(trail);
            let generation = generation.unwrap_or_default();
            (trail::unresolved(generation, &previous, &unresolved, requested, now), Applied::default())
        }
        Ok(input) => {
            let account = shared.aws.account(&input.act_as).await;
            elsewhere::look_if_due(&account, &input, &uid, context);
            costing::estimate_if_due(&account, trail, &input, &uid, context);
            let in_region = account.cloud_trail(&input.region);
            let unseen_for = SignedDuration::try_from(memory.unseen_for(&uid)).unwrap_or(SignedDuration::MAX);
            let surroundings = Cluster(shared);
            let (namespace, name) = (trail.namespace().unwrap_or_default(), trail.name_any());
            shared.metrics.knows_of_validation(&namespace, &name, &input.ledger);
            let news = input.ledger.news.len();
            let (report, applied) =
                Box::pin(trail::reconcile(&in_region, &surroundings, input, &previous, unseen_for, now))
                    .await;
            let Report { fights, deliveries, isolation, .. } = report.clone();
            memory.learnt(&uid, generation, fights, deliveries, isolation);
            // A round that learnt nothing tells nothing.
            if report.events.len() >= news {
                memory.told_news(&uid, news);
            }
            (report, applied)
        }
    };
    memory.changed(&uid, &applied.done, Timestamp::now());
    record(trail, &report, &applied, shared);
    if report.observed {
        memory.saw(&uid);
    }
    if report.settled {
        memory.settled_at(&uid, generation);
    }
    write(api, trail, &previous, &report, context).await?;
    if report.next != Next::Backoff {
        memory.succeeded(&uid);
    }
    Ok(report.next)
}

/// Settles AWS for an object that is being deleted. Gives when to come back; `None` once the object may go.
async fn cleanup(api: &Api<Trail>, trail: &Trail, context: &Context) -> Result<Option<Next>, RoundError> {
    let Context { shared, memory, stores, .. } = context;
    let uid = trail.uid().unwrap_or_default();
    if let Some(farewell) = memory.farewell(&uid) {
        return let_go(api, trail, farewell, context).await.map(|()| None);
    }
    let previous = last_status(trail, memory);
    let now = Timestamp::now();
    // By this process's own clock: an object that was deleted while nobody was there is given the same patience.
    let deleting_for = SignedDuration::try_from(memory.finalizing_for(&uid)).unwrap_or(SignedDuration::MAX);
    let finalized = if finalize::is_forced(&trail.metadata) {
        finalize::forced(trail)
    } else {
        match input(trail, &previous, context, now) {
            Err(Unresolved::NotAskedYet) if deleting_for < finalize::RETAIN_PATIENCE => {
                return Ok(Some(Next::Backoff));
            }
            Err(unresolved) => {
                let with = deleted_with(None, trail, shared).await?;
                let retained = trail::retains(trail, actor(shared), stores, now);
                finalize::without_account(trail, &unresolved, with.is_some() || retained, &previous, now)
            }
            Ok(input) => {
                let deleted_with = deleted_with(input.deleted_with, trail, shared).await?;
                let freshness = Freshness::AfterWrite;
                let input = Input { deleted_with, freshness, ..input };
                let in_region = shared.aws.account(&input.act_as).await.cloud_trail(&input.region);
                finalize::finalize(&in_region, &input, &previous, deleting_for, now).await
            }
        }
    };
    match finalized {
        Finalized::Released(farewell) => {
            memory.settled(&uid, farewell.clone());
            let_go(api, trail, farewell, context).await.map(|()| None)
        }
        Finalized::Blocked(report) => {
            record(trail, &report, &Applied::default(), shared);
            write(api, trail, &previous, &report, context).await?;
            Ok(Some(report.next))
        }
    }
}

/// Takes the finalizer off, then tells what became of the trail: told before, it would be told again, and wrongly, if
/// taking off failed.
async fn let_go(
    api: &Api<Trail>,
    trail: &Trail,
    farewell: Vec<Event>,
    context: &Context,
) -> Result<(), RoundError> {
    finalizer::take_off(api, trail).await?;
    context.shared.events.publish(&farewell, &trail.object_ref(&())).await;
    let (namespace, name) = (trail.namespace().unwrap_or_default(), trail.name_any());
    context.shared.metrics.object_gone(KIND, &namespace, &name);
    context.memory.forget(trail.meta().uid.as_deref().unwrap_or_default());
    Ok(())
}

/// What takes the object along. Asked anew where it decides over a trail's life, since the caches may learn of the
/// object's deletion first.
async fn deleted_with(
    known: Option<DeletedWith>,
    trail: &Trail,
    shared: &Shared,
) -> Result<Option<DeletedWith>, RoundError> {
    if trail.spec.deletion_policy == DeletionPolicy::Retain || known.is_some() {
        return Ok(known);
    }
    let namespaces: Api<Namespace> = Api::all(shared.client.clone());
    let name = trail.namespace().unwrap_or_default();
    let namespace = kubernetes::call("reading the namespace", namespaces.get_metadata(&name)).await?;
    if namespace.metadata.deletion_timestamp.is_some() {
        return Ok(Some(DeletedWith::Namespace));
    }
    let accounts: Api<AwsAccount> = Api::all(shared.client.clone());
    let account = accounts.get_metadata_opt(&trail.spec.account_ref.name);
    let account = kubernetes::call("reading the AwsAccount", account).await?;
    if account.is_none_or(|account| account.metadata.deletion_timestamp.is_some()) {
        return Ok(Some(DeletedWith::Account));
    }
    let definitions: Api<CustomResourceDefinition> = Api::all(shared.client.clone());
    let definition = definitions.get_metadata(Trail::crd_name());
    let definition = kubernetes::call("reading the definition of Trail", definition).await?;
    Ok(definition.metadata.deletion_timestamp.map(|_| DeletedWith::Definition))
}

/// What is asked of the API server only where it decides what is given up.
struct Cluster<'a>(&'a Shared);

impl Surroundings for Cluster<'_> {
    async fn event_selectors_stay(&self) -> bool {
        let definitions: Api<CustomResourceDefinition> = Api::all(self.0.client.clone());
        let definition = definitions.get_metadata_opt(EventSelector::crd_name());
        match kubernetes::call("reading the definition of EventSelector", definition).await {
            Ok(definition) => definition.is_some_and(|one| one.metadata.deletion_timestamp.is_none()),
            Err(error) => {
                tracing::warn!(%error, "nothing is given up until this can be read");
                false
            }
        }
    }
}

/// The status as this process last wrote it, where the watch has not brought it back yet.
pub(super) fn last_status(trail: &Trail, memory: &Memory<TrailStatus>) -> TrailStatus {
    let uid = trail.uid().unwrap_or_default();
    let newer = memory.newer_than(&uid, trail.resource_version().as_deref());
    newer.or_else(|| trail.status.clone()).unwrap_or_default()
}

pub(super) fn input(
    trail: &Trail,
    previous: &TrailStatus,
    context: &Context,
    now: Timestamp,
) -> Result<Input, Unresolved> {
    let Context { shared, stores, memory, .. } = context;
    let trail = Trail { status: Some(previous.clone()), ..trail.clone() };
    let input = trail::dereference(&trail, actor(shared), stores, now)?;
    let uid = trail.uid().unwrap_or_default();
    let generation = trail.meta().generation;
    let deliveries = memory.deliveries(&uid);
    let bucket_refuses = deliveries.bucket_refuses(previous);
    Ok(Input {
        cost: Box::new(Subject { bucket_refuses, ..*input.cost }),
        was_settled: input.was_settled || memory.settled_generation(&uid) == generation,
        last_write: memory.last_write(&uid),
        fights: memory.fights(&uid, generation),
        deliveries,
        isolation: memory.isolation(&uid),
        elsewhere: memory.elsewhere(&uid),
        ledger: memory.ledger(&uid).unwrap_or(input.ledger),
        costs: memory.costs(&uid),
        ..input
    })
}

fn actor(shared: &Shared) -> Actor<'_> {
    Actor { cluster_id: &shared.cluster_id, read_only: shared.read_only }
}

/// How long AWS may stay unasked before a Ready trail is no longer said to be.
fn patience(trail: &Trail) -> Duration {
    3 * interval(trail)
}

fn interval(trail: &Trail) -> Duration {
    Duration::from_secs(u64::try_from(trail.spec.interval_seconds).unwrap_or(300))
}

fn record(trail: &Trail, report: &Report, applied: &Applied, shared: &Shared) {
    let (namespace, name) = (trail.namespace().unwrap_or_default(), trail.name_any());
    let status = &report.status;
    shared.metrics.has_conditions(KIND, &namespace, &name, &status.conditions);
    shared.metrics.trail_logs(&namespace, &name, logs(status));
    shared.metrics.trail_costs(&namespace, &name, status.cost.as_ref());
    let drift = [Reason::DriftCorrected, Reason::LoggingRestored, Reason::OwnerTagRestored];
    if report.events.iter().any(|event| drift.contains(&event.reason)) {
        for change in applied.done.iter().flat_map(Change::fields) {
            // A tag's key may be anybody's text; a series for each would be theirs to make.
            let field = if change.field.starts_with("tags.") { "tags" } else { &change.field };
            shared.metrics.drifted(KIND, field);
        }
    }
}

/// Whether the trail logs; a trail that is not there does not. `None` where nobody knows.
fn logs(status: &TrailStatus) -> Option<bool> {
    let missing = conditions::find(&status.conditions, condition::LOGGING)
        .is_some_and(|logging| logging.reason == Reason::TrailMissing.as_str());
    status.logging.as_ref().map(|logging| logging.is_logging).or(missing.then_some(false))
}

/// Tells the events, then writes the status if it differs. In this order, since what was changed in AWS is known only
/// now, while what the status says is found out again: an event is told again rather than lost.
async fn write(
    api: &Api<Trail>,
    trail: &Trail,
    previous: &TrailStatus,
    report: &Report,
    context: &Context,
) -> Result<(), RoundError> {
    context.shared.events.publish(&report.events, &trail.object_ref(&())).await;
    if *previous != report.status {
        let version = status::write(api, trail, &report.status).await?;
        let uid = trail.uid().unwrap_or_default();
        context.memory.wrote(&uid, version.as_deref(), report.status.clone());
    }
    Ok(())
}
