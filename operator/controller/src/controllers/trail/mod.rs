//! The controller of `Trail`: its watches, and what wakes whom. One round is in [`round`].

mod round;

use std::sync::Arc;

use futures::StreamExt;
use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api, Resource, ResourceExt,
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
use trail_operator_crds::{AwsAccount, Trail, TrailStatus};

use super::{CONCURRENCY, RoundError, Shared, log_watch_error, round_id, undecodable};
use crate::{
    check::Health,
    memory::Memory,
    metrics::RoundResult,
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
    let stores = Stores {
        accounts,
        accounts_answered: accounts_answered.clone(),
        identities: shared.identities.clone(),
        namespaces,
        namespaces_answered: namespaces_answered.clone(),
    };
    let context = Arc::new(Context { memory: Memory::new(), shared: shared.clone(), stores });
    let changes = predicates::generation.combine(predicates::finalizers).combine(predicates::annotations);
    let of_trails = watcher(Api::<Guarded>::all(client.clone()), watcher::Config::default())
        .default_backoff()
        .reflect(trails_writer)
        .inspect(FirstAnswer::default().watch(stores::TRAILS, &health))
        .inspect(forget_deleted(context.clone()))
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

    let (by_account, by_namespace) = (trails.clone(), trails.clone());
    let stop = shared.stop.clone();
    Controller::for_stream(of_trails, trails)
        .with_config(Config::default().concurrency(CONCURRENCY))
        .watches_stream(of_accounts, move |account| trails_of_account(&by_account, &account.name_any()))
        .watches_stream(of_namespaces, move |namespace| trails_in(&by_namespace, &namespace.name_any()))
        .graceful_shutdown_on(async move { stop.cancelled().await })
        .run(reconcile, error_policy, context)
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

/// An object that is gone leaves neither series nor memory, also where nobody took the finalizer off in order.
fn forget_deleted(
    context: Arc<Context>,
) -> impl Fn(&Result<watcher::Event<Guarded>, watcher::Error>) + Send + 'static {
    move |event| {
        if let Ok(watcher::Event::Delete(trail)) = event {
            let (namespace, name) = (trail.namespace().unwrap_or_default(), trail.name_any());
            context.shared.metrics.object_gone(KIND, &namespace, &name);
            context.memory.forget(trail.meta().uid.as_deref().unwrap_or_default());
        }
    }
}

async fn reconcile(trail: Arc<Guarded>, context: Arc<Context>) -> Result<Action, RoundError> {
    let name = trail.meta().name.clone().unwrap_or_default();
    let namespace = trail.meta().namespace.clone().unwrap_or_default();
    let generation = trail.meta().generation;
    let span =
        tracing::info_span!("reconcile", kind = KIND, namespace, name, generation, reconcile_id = round_id());
    async {
        match &trail.0 {
            Ok(trail) => round::run(trail, &namespace, &context).await,
            Err(invalid) => {
                // Nobody looks after it: what was last said of it is not to be taken for true.
                let name = trail.meta().name.as_deref().unwrap_or_default();
                context.shared.metrics.object_gone(KIND, &namespace, name);
                let api =
                    Api::<PartialObjectMeta<Trail>>::namespaced(context.shared.client.clone(), &namespace);
                undecodable(api, invalid, &context.shared).await
            }
        }
    }
    .instrument(span)
    .await
}

#[expect(clippy::needless_pass_by_value, reason = "the signature that the Controller calls")]
fn error_policy(trail: Arc<Guarded>, error: &RoundError, context: Arc<Context>) -> Action {
    let (namespace, name) = (trail.namespace().unwrap_or_default(), trail.name_any());
    if let RoundError::Stopping = error {
        return Action::await_change();
    }
    tracing::warn!(kind = KIND, namespace, name, error = error as &dyn std::error::Error, "the round failed");
    context.shared.metrics.reconciled(KIND, RoundResult::Error, None);
    Action::requeue(context.memory.back_off(trail.meta().uid.as_deref().unwrap_or_default()))
}
