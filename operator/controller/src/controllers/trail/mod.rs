//! The controller of `Trail`: its watches, and what wakes whom. One round is in [`round`].

pub(crate) mod costing;
mod elsewhere;
mod round;
mod validating;

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures::{
    Stream, StreamExt,
    channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded},
    future::join_all,
};
use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api, Resource, ResourceExt,
    core::{DeserializeGuard, PartialObjectMeta},
    runtime::{
        Controller, Predicate, PredicateConfig, WatchStreamExt,
        controller::{Action, Config},
        predicates, reflector,
        reflector::{ObjectRef, Store, store::Writer},
        watcher,
    },
};
use tracing::Instrument;
use trail_operator_crds::{AwsAccount, EventSelector, MetricAlarm, Trail, TrailStatus};

use super::{RoundError, Shared, log_watch_error, metric_alarm::Backtests, round_id, undecodable};
use crate::{
    check::Health,
    memory::Memory,
    metrics::RoundResult,
    stores::{self, Deletions, FirstAnswer, Scoped, Stores},
};

const KIND: &str = "Trail";

/// Rounds that may run at the same time. Most of a round is waiting, for AWS or for the turn of its account; the number
/// of calls in flight has a limit of its own.
const CONCURRENCY: u16 = 512;

struct Context {
    shared: Shared,
    stores: Stores,
    memory: Memory<TrailStatus>,
    /// Tells the controller of AwsAccounts who may have lost or won a user.
    users_changed: UnboundedSender<String>,
    /// Tells the controller of EventSelectors.
    trail_changed: UnboundedSender<(String, String)>,
    /// Tells the controller of MetricAlarms.
    alarms: UnboundedSender<(String, String)>,
    /// What the patterns of alarms have matched of logs that were read.
    backtests: Backtests,
    /// Wakes the round that tells what became known beside it.
    again: UnboundedSender<(String, String)>,
}

type Guarded = DeserializeGuard<Trail>;
type Account = DeserializeGuard<AwsAccount>;
type Place = PartialObjectMeta<Namespace>;

/// The writing ends of the caches, to be filled by the watches.
pub(crate) struct Writers {
    trails: ScopedWriters<Trail>,
    pub(super) event_selectors: ScopedWriters<EventSelector>,
    pub(super) metric_alarms: ScopedWriters<MetricAlarm>,
    accounts: Writer<Account>,
    namespaces: Writer<Place>,
}

/// One for each namespace that is watched, or one for all.
pub(super) type ScopedWriters<K> = Vec<(Option<String>, Writer<DeserializeGuard<K>>)>;

/// Empty caches, and what fills them. Without namespaces all are watched.
pub(crate) fn caches(shared: &Shared) -> (Stores, Writers) {
    let (accounts, accounts_writer) = reflector::store();
    let (namespaces, namespaces_writer) = reflector::store();
    let (trails, trails_writers) = scoped(shared);
    let (event_selectors, event_selectors_writers) = scoped(shared);
    let (metric_alarms, metric_alarms_writers) = scoped(shared);
    let stores = Stores {
        trails,
        event_selectors,
        metric_alarms,
        deletions: Deletions::default(),
        accounts,
        accounts_answered: FirstAnswer::default(),
        identities: shared.identities.clone(),
        namespaces,
        namespaces_answered: FirstAnswer::default(),
    };
    let writers = Writers {
        trails: trails_writers,
        event_selectors: event_selectors_writers,
        metric_alarms: metric_alarms_writers,
        accounts: accounts_writer,
        namespaces: namespaces_writer,
    };
    (stores, writers)
}

fn scoped<K>(shared: &Shared) -> (Scoped<K>, ScopedWriters<K>)
where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    let scopes: Vec<_> = if shared.watch_namespaces.is_empty() {
        vec![None]
    } else {
        shared.watch_namespaces.iter().cloned().map(Some).collect()
    };
    let (mut stores, mut writers) = (Vec::new(), Vec::new());
    for scope in scopes {
        let (store, writer) = reflector::store();
        stores.push((store, FirstAnswer::default()));
        writers.push((scope, writer));
    }
    (Arc::new(stores), writers)
}

/// Runs until told to stop, and finishes what is in hand.
pub(crate) async fn run(
    shared: Shared,
    health: Health,
    stores: Stores,
    writers: Writers,
    users_changed: UnboundedSender<String>,
    selectors: Selectors,
    alarms: Alarms,
) {
    let (again, ended) = unbounded();
    let context = Arc::new(Context {
        memory: Memory::new(),
        shared: shared.clone(),
        stores: stores.clone(),
        users_changed,
        trail_changed: selectors.trails,
        alarms: alarms.trails.clone(),
        backtests: alarms.backtests,
        again,
    });
    let (wakers, woken): (Vec<_>, Vec<_>) = writers.trails.iter().map(|_| unbounded()).unzip();
    let controllers =
        writers.trails.into_iter().zip(woken).enumerate().map(|(at, ((scope, writer), woken))| {
            control(scope, at, writer, woken, context.clone(), health.clone())
        });
    let wake = Arc::new(Wakers { stores: stores.clone(), wakers });
    let validating = validating::run(context.clone());
    let of_what_ended = wake_ended(ended, wake.clone());
    let of_accounts =
        watch_accounts(&shared, &health, &stores, writers.accounts, wake.clone(), alarms.trails.clone());
    let of_selectors = wake_composed(selectors.composition_changed, wake.clone());
    let of_namespaces = watch_namespaces(
        &shared,
        &health,
        &stores,
        writers.namespaces,
        selectors.places,
        wake,
        alarms.trails,
    );
    let others = async { futures::join!(of_accounts, of_namespaces, of_selectors, of_what_ended) };
    let controllers = async { futures::join!(join_all(controllers), validating) };
    tokio::select! {
        _ = controllers => {}
        // A watch never ends; it is dropped when the controllers have.
        _ = others => {}
    }
}

/// How this controller and that of EventSelectors wake each other.
pub(crate) struct Selectors {
    /// Namespace and name of Trails whose EventSelectors have changed.
    pub(crate) composition_changed: UnboundedReceiver<(String, String)>,
    /// Namespace and name of Trails that have changed.
    pub(crate) trails: UnboundedSender<(String, String)>,
    /// Namespaces that have changed.
    pub(crate) places: UnboundedSender<String>,
}

/// How this controller tells that of MetricAlarms.
pub(crate) struct Alarms {
    /// Namespace and name of Trails that have changed, or whose logs have been read.
    pub(crate) trails: UnboundedSender<(String, String)>,
    /// What was counted of them.
    pub(crate) backtests: Backtests,
}

/// Edits that come together are put into AWS together: it takes one PutEventSelectors a second.
const TOGETHER: Duration = Duration::from_secs(1);

/// What comes within a while of the first, each once; `None` when nothing will come any more.
async fn together(changed: &mut UnboundedReceiver<(String, String)>) -> Option<HashSet<(String, String)>> {
    let first = changed.next().await?;
    tokio::time::sleep(TOGETHER).await;
    let mut trails = HashSet::from([first]);
    while let Ok(another) = changed.try_recv() {
        trails.insert(another);
    }
    Some(trails)
}

async fn wake_composed(mut changed: UnboundedReceiver<(String, String)>, wake: Arc<Wakers>) {
    while let Some(trails) = together(&mut changed).await {
        wake.wake(|trail| trails.contains(&(trail.namespace().unwrap_or_default(), trail.name_any())));
    }
}

/// A run of log file validation, or an estimate, has ended: a round tells what it came to.
async fn wake_ended(mut ended: UnboundedReceiver<(String, String)>, wake: Arc<Wakers>) {
    while let Some((namespace, name)) = ended.next().await {
        wake.wake(|trail| trail.namespace().as_ref() == Some(&namespace) && trail.name_any() == name);
    }
}

/// Looks after the Trails of one namespace, or of all.
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
    let (store, answered) = &context.stores.trails[at];
    let changes = predicates::generation.combine(predicates::finalizers).combine(predicates::annotations);
    let trails = watcher(api, watcher::Config::default())
        .default_backoff()
        .reflect(writer)
        .inspect(all_answered(
            &context.stores.trails,
            answered.watch(stores::TRAILS),
            &health,
            stores::TRAILS,
        ))
        .inspect(forget_deleted(context.clone()))
        .inspect(tell_selectors(context.clone()))
        .applied_objects()
        .predicate_filter(changes, PredicateConfig::default());
    let stop = context.shared.stop.clone();
    Controller::for_stream(trails, store.clone())
        .with_config(Config::default().concurrency(CONCURRENCY))
        .reconcile_on(woken)
        .graceful_shutdown_on(async move { stop.cancelled().await })
        .run(reconcile, error_policy, context.clone())
        .for_each(async |ended| log_watch_error(KIND, ended))
        .await;
}

/// The watch of a kind has answered when it has for every namespace.
pub(super) fn all_answered<K>(
    stores: &Scoped<K>,
    noted: impl Fn(&Result<watcher::Event<DeserializeGuard<K>>, watcher::Error>) -> bool + Send + 'static,
    health: &Health,
    watch: &'static str,
) -> impl Fn(&Result<watcher::Event<DeserializeGuard<K>>, watcher::Error>) + Send + 'static
where
    K: Resource<DynamicType = ()> + Clone + Send + Sync + 'static,
{
    let (stores, health) = (stores.clone(), health.clone());
    move |event| {
        if noted(event) && stores.iter().all(|(_, answered)| answered.is_there()) {
            health.answered(watch);
        }
    }
}

/// EventSelectors see of their Trail what it declares and how far AWS has it.
fn tell_selectors(
    context: Arc<Context>,
) -> impl Fn(&Result<watcher::Event<Guarded>, watcher::Error>) + Send + 'static {
    move |event| {
        let Ok(
            watcher::Event::Apply(trail) | watcher::Event::InitApply(trail) | watcher::Event::Delete(trail),
        ) = event
        else {
            return;
        };
        let key = (trail.namespace().unwrap_or_default(), trail.name_any());
        // When the other controllers have ended, so will this one.
        let _ = context.alarms.unbounded_send(key.clone());
        let _ = context.trail_changed.unbounded_send(key);
    }
}

/// Wakes Trails whose surroundings have changed, in whichever controller they are.
struct Wakers {
    stores: Stores,
    wakers: Vec<UnboundedSender<ObjectRef<Guarded>>>,
}

impl Wakers {
    fn wake(&self, concerned: impl Fn(&Guarded) -> bool) {
        for ((store, _), waker) in self.stores.trails.iter().zip(&self.wakers) {
            wake_in(store, waker, &concerned);
        }
    }

    /// Tells the controller of alarms of the same Trails.
    fn tell(&self, alarms: &UnboundedSender<(String, String)>, concerned: impl Fn(&Guarded) -> bool) {
        for trail in self.stores.trails.iter().flat_map(|(store, _)| store.state_filter(&concerned)) {
            // A controller that has ended needs no waking.
            let _ = alarms.unbounded_send((trail.namespace().unwrap_or_default(), trail.name_any()));
        }
    }
}

fn wake_in(
    store: &Store<Guarded>,
    waker: &UnboundedSender<ObjectRef<Guarded>>,
    concerned: impl Fn(&Guarded) -> bool,
) {
    for trail in store.state_filter(concerned) {
        // A controller that has ended needs no waking.
        let _ = waker.unbounded_send(ObjectRef::from_obj(&*trail));
    }
}

async fn watch_accounts(
    shared: &Shared,
    health: &Health,
    stores: &Stores,
    writer: Writer<Account>,
    wake: Arc<Wakers>,
    alarms: UnboundedSender<(String, String)>,
) {
    let api = Api::<Account>::all(shared.client.clone());
    let answered = told(stores.accounts_answered.watch(stores::ACCOUNTS), health, stores::ACCOUNTS);
    touched(api, writer, answered)
        .predicate_filter(predicates::resource_version, PredicateConfig::default())
        .for_each(async |account| {
            let Ok(account) = account else { return };
            let name = account.name_any();
            let uses =
                |trail: &Guarded| trail.0.as_ref().is_ok_and(|trail| trail.spec.account_ref.name == name);
            wake.wake(uses);
            wake.tell(&alarms, uses);
        })
        .await;
}

async fn watch_namespaces(
    shared: &Shared,
    health: &Health,
    stores: &Stores,
    writer: Writer<Place>,
    place_changed: UnboundedSender<String>,
    wake: Arc<Wakers>,
    alarms: UnboundedSender<(String, String)>,
) {
    let api = Api::<Place>::all(shared.client.clone());
    let answered = told(stores.namespaces_answered.watch(stores::NAMESPACES), health, stores::NAMESPACES);
    touched(api, writer, answered)
        .predicate_filter(predicates::labels, PredicateConfig::default())
        .for_each(async |namespace| {
            let Ok(namespace) = namespace else { return };
            let name = namespace.name_any();
            let is_in = |trail: &Guarded| trail.namespace().as_deref() == Some(name.as_str());
            wake.wake(is_in);
            wake.tell(&alarms, is_in);
            // When the other controller has ended, so will this one.
            let _ = place_changed.unbounded_send(name);
        })
        .await;
}

fn told<K>(
    noted: impl Fn(&Result<watcher::Event<K>, watcher::Error>) -> bool + Send + 'static,
    health: &Health,
    watch: &'static str,
) -> impl Fn(&Result<watcher::Event<K>, watcher::Error>) + Send + 'static {
    let health = health.clone();
    move |event| {
        if noted(event) {
            health.answered(watch);
        }
    }
}

/// Objects that were made, changed or deleted, as the watch brings them.
fn touched<K>(
    api: Api<K>,
    writer: Writer<K>,
    told: impl Fn(&Result<watcher::Event<K>, watcher::Error>) + Send + 'static,
) -> impl Stream<Item = Result<K, watcher::Error>> + Send
where
    K: Resource<DynamicType = ()>
        + Clone
        + std::fmt::Debug
        + serde::de::DeserializeOwned
        + Send
        + Sync
        + 'static,
{
    watcher(api, watcher::Config::default()).default_backoff().reflect(writer).inspect(told).touched_objects()
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
            context.user_changed(trail);
        }
    }
}

impl Context {
    /// An account may have won or lost a user.
    fn user_changed(&self, trail: &Guarded) {
        if let Ok(trail) = &trail.0 {
            self.account_is_used(trail);
        }
    }

    fn account_is_used(&self, trail: &Trail) {
        // When the other controller has ended, so will this one.
        let _ = self.users_changed.unbounded_send(trail.spec.account_ref.name.clone());
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
            Ok(trail) => Box::pin(round::run(trail, &namespace, &context)).await,
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::channel::mpsc::unbounded;

    #[tokio::test(start_paused = true)]
    async fn edits_within_a_second_wake_a_trail_once() {
        let (sender, mut changed) = unbounded();
        let key = |name: &str| ("security".to_owned(), name.to_owned());
        tokio::spawn(async move {
            for n in 0..20 {
                let _ = sender.unbounded_send(key(if n % 2 == 0 { "one" } else { "other" }));
                tokio::time::sleep(Duration::from_millis(40)).await;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
            let _ = sender.unbounded_send(key("one"));
        });
        let first = super::together(&mut changed).await.unwrap();
        assert_eq!(first, [key("one"), key("other")].into());
        assert_eq!(super::together(&mut changed).await.unwrap(), [key("one")].into());
        assert_eq!(super::together(&mut changed).await, None);
    }
}
