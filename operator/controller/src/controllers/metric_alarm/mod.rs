//! The controller of `MetricAlarm`: its watch, and what wakes it. One round is in [`round`].

mod round;

use std::{collections::HashMap, sync::Arc};

use futures::{
    StreamExt,
    channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded},
    future::join_all,
};
use kube::{
    Api, Resource, ResourceExt,
    core::{DeserializeGuard, PartialObjectMeta},
    runtime::{
        Controller, Predicate, PredicateConfig, WatchStreamExt,
        controller::{Action, Config},
        predicates,
        reflector::{ObjectRef, store::Writer},
        watcher,
    },
};
use parking_lot::Mutex;
use tracing::Instrument;
use trail_operator_crds::{MetricAlarm, MetricAlarmStatus};
use trail_operator_reconcile::metric_alarm::Tried;

use super::{
    RoundError, Shared, log_watch_error, round_id,
    trail::{ScopedWriters, all_answered},
    undecodable,
};
use crate::{
    check::Health,
    memory::Memory,
    metrics::RoundResult,
    stores::{self, Stores},
};

const KIND: &str = "MetricAlarm";

/// Rounds that may run at the same time: they wait for AWS most of the time.
const CONCURRENCY: u16 = 32;

type Guarded = DeserializeGuard<MetricAlarm>;

/// What runs of log file validation have counted and no round has told yet, by uid.
#[derive(Clone, Default)]
pub(crate) struct Backtests(Arc<Mutex<HashMap<String, Vec<Tried>>>>);

impl Backtests {
    /// A run has ended.
    pub(crate) fn leave(&self, uid: &str, tried: Tried) {
        self.0.lock().entry(uid.to_owned()).or_default().push(tried);
    }

    /// What is there; it stays until it is told.
    fn of(&self, uid: &str) -> Vec<Tried> {
        self.0.lock().get(uid).cloned().unwrap_or_default()
    }

    /// So many of them are told.
    fn told(&self, uid: &str, told: usize) {
        if let Some(left) = self.0.lock().get_mut(uid) {
            left.drain(..told.min(left.len()));
        }
    }

    fn forget(&self, uid: &str) {
        self.0.lock().remove(uid);
    }
}

struct Context {
    shared: Shared,
    stores: Stores,
    memory: Memory<MetricAlarmStatus>,
    backtests: Backtests,
    /// Names of accounts that may have won or lost a user.
    users_changed: UnboundedSender<String>,
}

/// What this controller is told by others.
pub(crate) struct Wakes {
    /// Namespace and name of Trails that have changed, or whose logs have been read.
    pub(crate) trails: UnboundedReceiver<(String, String)>,
    /// Tells the controller of accounts.
    pub(crate) users_changed: UnboundedSender<String>,
}

/// Runs until told to stop, and finishes what is in hand.
pub(crate) async fn run(
    shared: Shared,
    health: Health,
    stores: Stores,
    writers: ScopedWriters<MetricAlarm>,
    backtests: Backtests,
    told: Wakes,
) {
    let (wakers, woken): (Vec<_>, Vec<_>) = writers.iter().map(|_| unbounded()).unzip();
    let context = Arc::new(Context {
        shared,
        stores: stores.clone(),
        memory: Memory::new(),
        backtests,
        users_changed: told.users_changed,
    });
    let controllers = writers.into_iter().zip(woken).enumerate().map(|(at, ((scope, writer), woken))| {
        control(scope, at, writer, woken, context.clone(), health.clone())
    });
    let of_trails = told.trails.for_each(async |(namespace, name)| {
        wake(&stores, &wakers, |object| {
            object.namespace().as_ref() == Some(&namespace) && object.spec.trail_ref.name == name
        });
    });
    tokio::select! {
        _ = join_all(controllers) => {}
        // Ends when the other controllers have.
        () = async { of_trails.await; std::future::pending().await } => {}
    }
}

fn wake(
    stores: &Stores,
    wakers: &[UnboundedSender<ObjectRef<Guarded>>],
    concerned: impl Fn(&MetricAlarm) -> bool,
) {
    for ((store, _), waker) in stores.metric_alarms.iter().zip(wakers) {
        for object in store.state_filter(|object| object.0.as_ref().is_ok_and(&concerned)) {
            // A controller that has ended needs no waking.
            let _ = waker.unbounded_send(ObjectRef::from_obj(&*object));
        }
    }
}

/// Looks after the MetricAlarms of one namespace, or of all.
async fn control(
    scope: Option<String>,
    at: usize,
    writer: Writer<Guarded>,
    woken: UnboundedReceiver<ObjectRef<Guarded>>,
    context: Arc<Context>,
    health: Health,
) {
    let client = context.shared.client.clone();
    let api = match &scope {
        Some(namespace) => Api::<Guarded>::namespaced(client, namespace),
        None => Api::<Guarded>::all(client),
    };
    let (store, answered) = &context.stores.metric_alarms[at];
    let watch = stores::METRIC_ALARMS;
    let changes = predicates::generation.combine(predicates::finalizers).combine(predicates::annotations);
    let objects = watcher(api, watcher::Config::default())
        .default_backoff()
        .reflect(writer)
        .inspect(all_answered(&context.stores.metric_alarms, answered.watch(watch), &health, watch))
        .inspect(forget_deleted(context.clone()))
        .applied_objects()
        .predicate_filter(changes, PredicateConfig::default());
    let stop = context.shared.stop.clone();
    Controller::for_stream(objects, store.clone())
        .with_config(Config::default().concurrency(CONCURRENCY))
        .reconcile_on(woken)
        .graceful_shutdown_on(async move { stop.cancelled().await })
        .run(reconcile, error_policy, context.clone())
        .for_each(async |ended| log_watch_error(KIND, ended))
        .await;
}

/// An object that is gone leaves neither series nor memory, also where nobody took the finalizer off in order.
fn forget_deleted(
    context: Arc<Context>,
) -> impl Fn(&Result<watcher::Event<Guarded>, watcher::Error>) + Send + 'static {
    move |event| {
        if let Ok(watcher::Event::Delete(object)) = event {
            let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
            let uid = object.meta().uid.as_deref().unwrap_or_default();
            context.shared.metrics.object_gone(KIND, &namespace, &name);
            context.memory.forget(uid);
            context.backtests.forget(uid);
            if let Ok(object) = &object.0 {
                context.account_is_used(object);
            }
        }
    }
}

impl Context {
    /// The account may have won or lost a user.
    fn account_is_used(&self, object: &MetricAlarm) {
        let place = object.status.as_ref().and_then(|status| status.place.as_ref());
        if let Some(place) = place {
            // When the other controller has ended, so will this one.
            let _ = self.users_changed.unbounded_send(place.account_ref.clone());
        }
    }
}

async fn reconcile(object: Arc<Guarded>, context: Arc<Context>) -> Result<Action, RoundError> {
    let name = object.meta().name.clone().unwrap_or_default();
    let namespace = object.meta().namespace.clone().unwrap_or_default();
    let generation = object.meta().generation;
    let span =
        tracing::info_span!("reconcile", kind = KIND, namespace, name, generation, reconcile_id = round_id());
    async {
        match &object.0 {
            Ok(object) => Box::pin(round::run(object, &namespace, &context)).await,
            Err(invalid) => {
                // Nobody looks after it: what was last said of it is not to be taken for true.
                context.shared.metrics.object_gone(KIND, &namespace, &name);
                let client = context.shared.client.clone();
                let api = Api::<PartialObjectMeta<MetricAlarm>>::namespaced(client, &namespace);
                undecodable(api, invalid, &context.shared).await
            }
        }
    }
    .instrument(span)
    .await
}

#[expect(clippy::needless_pass_by_value, reason = "the signature that the Controller calls")]
fn error_policy(object: Arc<Guarded>, error: &RoundError, context: Arc<Context>) -> Action {
    if let RoundError::Stopping = error {
        return Action::await_change();
    }
    let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
    tracing::warn!(kind = KIND, namespace, name, error = error as &dyn std::error::Error, "the round failed");
    context.shared.metrics.reconciled(KIND, RoundResult::Error, None);
    Action::requeue(context.memory.back_off(object.meta().uid.as_deref().unwrap_or_default()))
}
