//! The controller of `EventSelector`: judges objects and writes what became of them. Calls no AWS: what is accepted is put
//! there by the controller of `Trail`, which is told of each change.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{
    StreamExt,
    channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded},
    future::join_all,
};
use jiff::Timestamp;
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
use trail_operator_crds::{AcceptedSelectors, EventSelector, EventSelectorStatus};
use trail_operator_reconcile::{event_selector, trail::Next};

use super::{
    RoundError, Shared, log_watch_error, requeue, round_id,
    trail::{ScopedWriters, all_answered},
    undecodable,
};
use crate::{
    check::Health,
    memory::Memory,
    metrics::RoundResult,
    status,
    stores::{self, Stores},
};

const KIND: &str = "EventSelector";

/// Rounds that may run at the same time: they wait for nothing but the API server.
const CONCURRENCY: u16 = 32;

/// What nobody tells of is found out this often: that another trail of the account records the same, say.
const INTERVAL: Duration = Duration::from_hours(1);

type Guarded = DeserializeGuard<EventSelector>;

/// How this controller and that of Trails wake each other.
pub(crate) struct Wakes {
    /// Namespace and name of Trails whose EventSelectors have changed.
    pub(crate) composition_changed: UnboundedSender<(String, String)>,
    /// Namespace and name of Trails that have changed.
    pub(crate) trails: UnboundedReceiver<(String, String)>,
    /// Namespaces that have changed.
    pub(crate) places: UnboundedReceiver<String>,
}

struct Context {
    shared: Shared,
    stores: Stores,
    memory: Memory<EventSelectorStatus>,
    composition_changed: UnboundedSender<(String, String)>,
    wakers: Vec<UnboundedSender<ObjectRef<Guarded>>>,
    /// What a Trail goes by, of each object, by uid.
    seen: Mutex<HashMap<String, Contribution>>,
}

/// What an object adds to its Trail.
#[derive(PartialEq)]
struct Contribution {
    generation: Option<i64>,
    accepted: Option<AcceptedSelectors>,
    pending: Option<AcceptedSelectors>,
}

/// Runs until told to stop, and finishes what is in hand.
pub(crate) async fn run(
    shared: Shared,
    health: Health,
    stores: Stores,
    writers: ScopedWriters<EventSelector>,
    told: Wakes,
) {
    let (wakers, woken): (Vec<_>, Vec<_>) = writers.iter().map(|_| unbounded()).unzip();
    let context = Arc::new(Context {
        shared,
        stores,
        memory: Memory::new(),
        composition_changed: told.composition_changed,
        wakers,
        seen: Mutex::default(),
    });
    let controllers = writers.into_iter().zip(woken).enumerate().map(|(at, ((scope, writer), woken))| {
        control(scope, at, writer, woken, context.clone(), health.clone())
    });
    let of_trails = told.trails.for_each(async |(namespace, name)| {
        context.wake(|object| object.trail() == (&namespace, &name));
    });
    let of_places = told.places.for_each(async |namespace| {
        context.wake(|object| object.namespace().as_deref() == Some(&namespace));
        context.tell_trails(|object| object.namespace().as_deref() == Some(&namespace));
    });
    let others = async { futures::join!(of_trails, of_places) };
    tokio::select! {
        _ = join_all(controllers) => {}
        // Ends when the other controller has.
        () = async { others.await; std::future::pending().await } => {}
    }
}

/// Looks after the EventSelectors of one namespace, or of all.
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
    let (store, answered) = &context.stores.event_selectors[at];
    let watch = stores::EVENT_SELECTORS;
    let changes = predicates::generation.combine(predicates::annotations);
    let objects = watcher(api, watcher::Config::default())
        .default_backoff()
        // Before the cache has lost them: nobody must see that they are gone and not when.
        .inspect(note_deletions(context.clone()))
        .reflect(writer)
        .inspect(all_answered(&context.stores.event_selectors, answered.watch(watch), &health, watch))
        .inspect(note(context.clone()))
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

/// Remembers when objects were deleted.
fn note_deletions(
    context: Arc<Context>,
) -> impl Fn(&Result<watcher::Event<Guarded>, watcher::Error>) + Send + 'static {
    move |event| match event {
        Ok(watcher::Event::Delete(object)) => match &object.0 {
            Ok(object) => context.stores.deletions.note(trail_of(object)),
            // Nobody knows whose it was.
            Err(_) => context.stores.deletions.missed_some(),
        },
        // Who was deleted meanwhile is not told.
        Ok(watcher::Event::InitDone) => context.stores.deletions.missed_some(),
        _ => {}
    }
}

/// Tells the Trail and the other EventSelectors of it what has changed; of an object that is gone nothing remains.
fn note(context: Arc<Context>) -> impl Fn(&Result<watcher::Event<Guarded>, watcher::Error>) + Send + 'static {
    move |event| match event {
        Ok(watcher::Event::Apply(object) | watcher::Event::InitApply(object)) => context.noted(object),
        Ok(watcher::Event::Delete(object)) => context.deleted(object),
        Ok(watcher::Event::Init | watcher::Event::InitDone) | Err(_) => {}
    }
}

impl Context {
    fn noted(&self, object: &Guarded) {
        let Ok(object) = &object.0 else { return };
        let contribution = Contribution {
            generation: object.metadata.generation,
            accepted: object.status.as_ref().and_then(|status| status.accepted.clone()),
            pending: object.status.as_ref().and_then(|status| status.pending.clone()),
        };
        let uid = object.uid().unwrap_or_default();
        let mut seen = self.seen.lock();
        if seen.get(&uid) != Some(&contribution) {
            seen.insert(uid, contribution);
            drop(seen);
            self.changed(object);
        }
    }

    fn deleted(&self, object: &Guarded) {
        let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
        let uid = object.meta().uid.as_deref().unwrap_or_default();
        self.shared.metrics.object_gone(KIND, &namespace, &name);
        self.memory.forget(uid);
        self.seen.lock().remove(uid);
        if let Ok(object) = &object.0 {
            self.changed(object);
        }
    }

    fn changed(&self, object: &EventSelector) {
        let trail = trail_of(object);
        self.wake(|other| trail_of(other) == trail);
        // When the other controller has ended, so will this one.
        let _ = self.composition_changed.unbounded_send(trail);
    }

    fn wake(&self, concerned: impl Fn(&EventSelector) -> bool) {
        for ((store, _), waker) in self.stores.event_selectors.iter().zip(&self.wakers) {
            for object in store.state_filter(|object| object.0.as_ref().is_ok_and(&concerned)) {
                // A controller that has ended needs no waking.
                let _ = waker.unbounded_send(ObjectRef::from_obj(&*object));
            }
        }
    }

    fn tell_trails(&self, of: impl Fn(&EventSelector) -> bool) {
        let found = self.stores.event_selectors.iter();
        for object in found.flat_map(|(store, _)| store.state_filter(|one| one.0.as_ref().is_ok_and(&of))) {
            if let Ok(object) = &object.0 {
                let _ = self.composition_changed.unbounded_send(trail_of(object));
            }
        }
    }
}

fn trail_of(object: &EventSelector) -> (String, String) {
    let (namespace, name) = object.trail();
    (namespace.to_owned(), name.to_owned())
}

async fn reconcile(object: Arc<Guarded>, context: Arc<Context>) -> Result<Action, RoundError> {
    let name = object.meta().name.clone().unwrap_or_default();
    let namespace = object.meta().namespace.clone().unwrap_or_default();
    let generation = object.meta().generation;
    let span =
        tracing::info_span!("reconcile", kind = KIND, namespace, name, generation, reconcile_id = round_id());
    async {
        match &object.0 {
            Ok(object) => round(object, &namespace, &context).await,
            Err(invalid) => {
                // Nobody looks after it: what was last said of it is not to be taken for true.
                let name = object.meta().name.as_deref().unwrap_or_default();
                context.shared.metrics.object_gone(KIND, &namespace, name);
                let client = context.shared.client.clone();
                let api = Api::<PartialObjectMeta<EventSelector>>::namespaced(client, &namespace);
                undecodable(api, invalid, &context.shared).await
            }
        }
    }
    .instrument(span)
    .await
}

async fn round(object: &EventSelector, namespace: &str, context: &Context) -> Result<Action, RoundError> {
    let Context { shared, stores, memory, .. } = context;
    tokio::select! {
        biased;
        () = shared.stop.cancelled() => return Err(RoundError::Stopping),
        () = stores.whole() => {}
    }
    if object.meta().deletion_timestamp.is_some() {
        return Ok(Action::await_change());
    }
    let start = Instant::now();
    let uid = object.uid().unwrap_or_default();
    let mut object = object.clone();
    if let Some(newer) = memory.newer_than(&uid, object.resource_version().as_deref()) {
        object.status = Some(newer);
    }
    let view = event_selector::view(&object, stores);
    let report = event_selector::report(&object, &view, Timestamp::now());
    shared.events.publish(&report.events, &object.object_ref(&())).await;
    if object.status.as_ref() != Some(&report.status) {
        let api: Api<EventSelector> = Api::namespaced(shared.client.clone(), namespace);
        let version = status::write(&api, &object, &report.status).await?;
        memory.wrote(&uid, version.as_deref(), report.status.clone());
    }
    shared.metrics.has_conditions(KIND, namespace, &object.name_any(), &report.status.conditions);
    let result = if report.next == Next::Interval { RoundResult::Success } else { RoundResult::Pending };
    shared.metrics.reconciled(KIND, result, Some(start.elapsed()));
    memory.succeeded(&uid);
    Ok(requeue(report.next, INTERVAL, || memory.back_off(&uid)))
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
