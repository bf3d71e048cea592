//! The controller of `Trail`.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::{
    api::core::v1::Namespace, apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api, CustomResourceExt, Resource, ResourceExt,
    core::{DeserializeGuard, PartialObjectMeta},
    runtime::{
        Controller, Predicate, PredicateConfig, WatchStreamExt,
        controller::{Action, Config},
        predicates, reflector,
        reflector::{ObjectRef, Store},
        watcher,
    },
};
use tracing::Instrument;
use trail_operator_crds::{AwsAccount, DeletionPolicy, Trail, TrailStatus};
use trail_operator_reconcile::{
    reason::Reason,
    trail::{self, Applied, Change, DeletedWith, Input, Next, Report, finalize, finalize::Finalized},
};

use super::{CONCURRENCY, RoundError, Shared, log_watch_error, requeue, round_id, undecodable};
use crate::{
    check::Health,
    finalizer, kubernetes,
    memory::Memory,
    metrics::RoundResult,
    status,
    stores::{self, FirstAnswer, Stores},
};

const KIND: &str = "Trail";

struct Context {
    shared: Shared,
    stores: Stores,
    memory: Memory<TrailStatus>,
}

type Guarded = DeserializeGuard<Trail>;

/// Runs until told to stop, and finishes what is in hand.
pub(crate) async fn run(shared: Shared, health: Health) {
    let client = &shared.client;
    let (trails, trails_writer) = reflector::store();
    let (accounts, accounts_writer) = reflector::store();
    let (namespaces, namespaces_writer) = reflector::store();

    let (accounts_answered, namespaces_answered) = (FirstAnswer::default(), FirstAnswer::default());
    let changes = predicates::generation.combine(predicates::finalizers).combine(predicates::annotations);
    let of_trails = watcher(Api::<Guarded>::all(client.clone()), watcher::Config::default())
        .default_backoff()
        .reflect(trails_writer)
        .inspect(FirstAnswer::default().watch(stores::TRAILS, &health))
        .applied_objects()
        .predicate_filter(changes, PredicateConfig::default());
    let of_accounts =
        watcher(Api::<DeserializeGuard<AwsAccount>>::all(client.clone()), watcher::Config::default())
            .default_backoff()
            .reflect(accounts_writer)
            .inspect(accounts_answered.watch(stores::ACCOUNTS, &health))
            .touched_objects()
            .predicate_filter(predicates::resource_version, PredicateConfig::default());
    let of_namespaces =
        watcher(Api::<PartialObjectMeta<Namespace>>::all(client.clone()), watcher::Config::default())
            .default_backoff()
            .reflect(namespaces_writer)
            .inspect(namespaces_answered.watch(stores::NAMESPACES, &health))
            .touched_objects()
            .predicate_filter(predicates::labels, PredicateConfig::default());

    let stores = Stores { accounts, accounts_answered, namespaces, namespaces_answered };
    let (by_account, by_namespace) = (trails.clone(), trails.clone());
    let stop = shared.stop.clone();
    Controller::for_stream(of_trails, trails)
        .with_config(Config::default().concurrency(CONCURRENCY))
        .watches_stream(of_accounts, move |account| trails_of_account(&by_account, &account.name_any()))
        .watches_stream(of_namespaces, move |namespace| trails_in(&by_namespace, &namespace.name_any()))
        .graceful_shutdown_on(async move { stop.cancelled().await })
        .run(reconcile, error_policy, Arc::new(Context { shared, stores, memory: Memory::new() }))
        .for_each(async |ended| log_watch_error(KIND, ended))
        .await;
}

fn trails_of_account(trails: &Store<Guarded>, account: &str) -> Vec<ObjectRef<Guarded>> {
    let uses = |trail: &Guarded| trail.0.as_ref().is_ok_and(|trail| trail.spec.account_ref.name == account);
    trails.state_filter(uses).iter().map(|trail| ObjectRef::from_obj(&**trail)).collect()
}

fn trails_in(trails: &Store<Guarded>, namespace: &str) -> Vec<ObjectRef<Guarded>> {
    let inside = |trail: &Guarded| trail.namespace().as_deref() == Some(namespace);
    trails.state_filter(inside).iter().map(|trail| ObjectRef::from_obj(&**trail)).collect()
}

async fn reconcile(trail: Arc<Guarded>, context: Arc<Context>) -> Result<Action, RoundError> {
    let name = trail.meta().name.clone().unwrap_or_default();
    let namespace = trail.meta().namespace.clone().unwrap_or_default();
    let generation = trail.meta().generation;
    let span =
        tracing::info_span!("reconcile", kind = KIND, namespace, name, generation, reconcile_id = round_id());
    async {
        match &trail.0 {
            Ok(trail) => guarded_round(trail, &namespace, &context).await,
            Err(invalid) => {
                let object = ObjectRef::<Trail>::new(&name).within(&namespace);
                Ok(undecodable(&context.shared, &object, invalid).await)
            }
        }
    }
    .instrument(span)
    .await
}

/// One round, with the finalizer put on before anything is made in AWS and taken off after everything is settled.
async fn guarded_round(trail: &Trail, namespace: &str, context: &Context) -> Result<Action, RoundError> {
    tokio::select! {
        () = context.stores.whole() => {}
        () = context.shared.stop.cancelled() => return Err(RoundError::Stopping),
    }
    let api: Api<Trail> = Api::namespaced(context.shared.client.clone(), namespace);
    let start = Instant::now();
    let next = match (trail.meta().deletion_timestamp.is_some(), finalizer::is_on(trail)) {
        (false, false) => {
            finalizer::put_on(&api, trail).await?;
            return Ok(Action::await_change());
        }
        (false, true) => apply(&api, trail, context).await?,
        (true, true) => cleanup(&api, trail, context).await?,
        (true, false) => return Ok(Action::await_change()),
    };
    let uid = trail.uid().unwrap_or_default();
    let result = if next == Some(Next::Interval) || next.is_none() {
        RoundResult::Success
    } else {
        RoundResult::Pending
    };
    context.shared.metrics.reconciled(KIND, result, start.elapsed());
    let interval = Duration::from_secs(u64::try_from(trail.spec.interval_seconds).unwrap_or(300));
    Ok(next
        .map_or_else(Action::await_change, |next| requeue(next, interval, || context.memory.back_off(&uid))))
}

/// Makes AWS as declared. Gives when to come back; never `None`.
async fn apply(api: &Api<Trail>, trail: &Trail, context: &Context) -> Result<Option<Next>, RoundError> {
    let Context { shared, memory, .. } = context;
    let uid = trail.uid().unwrap_or_default();
    let previous = last_status(trail, memory);
    let now = Timestamp::now();
    let (report, applied) = match input(trail, &previous, context) {
        Err(unresolved) => {
            let generation = trail.meta().generation.unwrap_or_default();
            (trail::unresolved(generation, &previous, &unresolved, now), Applied::default())
        }
        Ok(input) => {
            let cloud_trail = shared.aws.cloud_trail(&input.region);
            let unseen_for = SignedDuration::try_from(memory.unseen_for(&uid)).unwrap_or(SignedDuration::MAX);
            trail::reconcile(&cloud_trail, &input, &previous, unseen_for, now).await
        }
    };
    remember(&uid, &report, &applied, memory);
    record(trail, &report, &applied, shared);
    write(api, trail, &previous, &report, context).await?;
    Ok(Some(report.next))
}

/// Settles AWS for an object that is being deleted. Gives when to come back; `None` once the object may go.
async fn cleanup(api: &Api<Trail>, trail: &Trail, context: &Context) -> Result<Option<Next>, RoundError> {
    let Context { shared, memory, .. } = context;
    let uid = trail.uid().unwrap_or_default();
    let previous = last_status(trail, memory);
    let now = Timestamp::now();
    let finalized = if finalize::is_forced(trail) {
        finalize::forced(trail)
    } else {
        match input(trail, &previous, context) {
            Err(unresolved) => finalize::without_account(trail, &unresolved),
            Ok(input) => {
                let input = Input { deleted_with: deleted_with(&input, trail, shared).await?, ..input };
                let asked = trail.meta().deletion_timestamp.as_ref().map_or(now, |time| time.0);
                let cloud_trail = shared.aws.cloud_trail(&input.region);
                finalize::finalize(&cloud_trail, &input, &previous, now.duration_since(asked), now).await
            }
        }
    };
    match finalized {
        Finalized::Released(events) => {
            shared.events.publish(&events, &trail.object_ref(&())).await;
            let namespace = trail.namespace().unwrap_or_default();
            shared.metrics.object_gone(KIND, &namespace, &trail.name_any(), &previous.conditions);
            finalizer::take_off(api, trail).await?;
            memory.forget(&uid);
            Ok(None)
        }
        Finalized::Blocked(report) => {
            write(api, trail, &previous, &report, context).await?;
            Ok(Some(report.next))
        }
    }
}

/// What takes the object along. Asked anew where it decides over a trail's life, since the caches may learn of the
/// object's deletion first.
async fn deleted_with(
    input: &Input,
    trail: &Trail,
    shared: &Shared,
) -> Result<Option<DeletedWith>, RoundError> {
    if input.deletion_policy == DeletionPolicy::Retain || input.deleted_with.is_some() {
        return Ok(input.deleted_with);
    }
    let namespaces: Api<Namespace> = Api::all(shared.client.clone());
    let name = trail.namespace().unwrap_or_default();
    let namespace = kubernetes::call("reading the namespace", namespaces.get_metadata(&name)).await?;
    if namespace.metadata.deletion_timestamp.is_some() {
        return Ok(Some(DeletedWith::Namespace));
    }
    let definitions: Api<CustomResourceDefinition> = Api::all(shared.client.clone());
    let definition = definitions.get_metadata(Trail::crd_name());
    let definition = kubernetes::call("reading the definition of Trail", definition).await?;
    Ok(definition.metadata.deletion_timestamp.map(|_| DeletedWith::Definition))
}

/// The status as this process last wrote it, where the watch has not brought it back yet.
fn last_status(trail: &Trail, memory: &Memory<TrailStatus>) -> TrailStatus {
    let uid = trail.uid().unwrap_or_default();
    let newer = memory.newer_than(&uid, trail.resource_version().as_deref());
    newer.or_else(|| trail.status.clone()).unwrap_or_default()
}

fn input(trail: &Trail, previous: &TrailStatus, context: &Context) -> Result<Input, trail::Unresolved> {
    let trail = Trail { status: Some(previous.clone()), ..trail.clone() };
    let input = trail::dereference(&trail, &context.shared.cluster_id, &context.stores)?;
    let created_at = context.memory.created_at(trail.uid().as_deref().unwrap_or_default());
    Ok(Input { created_at, ..input })
}

fn remember(uid: &str, report: &Report, applied: &Applied, memory: &Memory<TrailStatus>) {
    if applied.created() {
        memory.created(uid, Timestamp::now());
    }
    if report.next != Next::Backoff {
        memory.saw(uid);
        memory.succeeded(uid);
    }
}

fn record(trail: &Trail, report: &Report, applied: &Applied, shared: &Shared) {
    let (namespace, name) = (trail.namespace().unwrap_or_default(), trail.name_any());
    shared.metrics.has_conditions(KIND, &namespace, &name, &report.status.conditions);
    if let Some(logging) = &report.status.logging {
        shared.metrics.trail_logs(&namespace, &name, logging.is_logging);
    }
    for event in &report.events {
        if event.reason == Reason::LoggingRestored {
            shared.metrics.drifted(KIND, "logging");
        }
    }
    if report.events.iter().any(|event| event.reason == Reason::DriftCorrected) {
        for change in &applied.done {
            if let Change::UpdateTrail(fields, _) = change {
                for change in fields {
                    shared.metrics.drifted(KIND, change.field);
                }
            }
        }
    }
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

#[expect(clippy::needless_pass_by_value, reason = "the signature that the Controller calls")]
fn error_policy(trail: Arc<Guarded>, error: &RoundError, context: Arc<Context>) -> Action {
    let (namespace, name) = (trail.namespace().unwrap_or_default(), trail.name_any());
    tracing::warn!(kind = KIND, namespace, name, error = error as &dyn std::error::Error, "the round failed");
    context.shared.metrics.reconciled(KIND, RoundResult::Error, Duration::ZERO);
    Action::requeue(context.memory.back_off(trail.meta().uid.as_deref().unwrap_or_default()))
}
