//! Caches of the objects that others point at, and knowing when they are whole.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use k8s_openapi::api::core::v1::Namespace;
use kube::{
    ResourceExt,
    core::{DeserializeGuard, PartialObjectMeta},
    runtime::{
        reflector::{ObjectRef, Store},
        watcher,
    },
};
use parking_lot::Mutex;
use tokio::sync::SetOnce;
use trail_operator_crds::{AwsAccount, EventSelector, ManagementPolicy, MetricAlarm, Trail};
use trail_operator_reconcile::references;

use crate::identities::Identities;

/// The watches that must have answered before this process counts as ready.
pub(crate) const WATCHES: [&str; 5] = [TRAILS, EVENT_SELECTORS, METRIC_ALARMS, ACCOUNTS, NAMESPACES];
pub(crate) const METRIC_ALARMS: &str = "metricalarms";
pub(crate) const EVENT_SELECTORS: &str = "eventselectors";
pub(crate) const TRAILS: &str = "trails";
pub(crate) const ACCOUNTS: &str = "awsaccounts";
pub(crate) const NAMESPACES: &str = "namespaces";

/// Whether a watch has brought its first whole list. Many may wait for it.
///
/// `Store::wait_until_ready` of kube 5.0.0 wakes only the waiter that asked last, and the Controller is one of them.
#[derive(Clone, Default)]
pub(crate) struct FirstAnswer(Arc<SetOnce<()>>);

impl FirstAnswer {
    /// For a stream's events, as they leave the reflector. Says whether this is the one that brought the whole list.
    pub(crate) fn watch<K>(
        &self,
        watch: &'static str,
    ) -> impl Fn(&Result<watcher::Event<K>, watcher::Error>) -> bool + Send + 'static {
        let answered = self.clone();
        move |event| {
            let first = matches!(event, Ok(watcher::Event::InitDone)) && answered.0.set(()).is_ok();
            if first {
                tracing::info!(watch, "the watch has answered");
            }
            first
        }
    }

    /// Whether it is there.
    pub(crate) fn is_there(&self) -> bool {
        self.0.get().is_some()
    }

    /// Waits for it.
    pub(crate) async fn wait(&self) {
        self.0.wait().await;
    }
}

/// Objects by the namespaces that are watched: one cache for each, or one for all.
pub(crate) type Scoped<K> = Arc<Vec<(Store<DeserializeGuard<K>>, FirstAnswer)>>;

/// When EventSelectors were deleted, by the Trail they pointed at. What was deleted while nobody watched counts as deleted
/// when the watch began again.
#[derive(Clone)]
pub(crate) struct Deletions(Arc<Mutex<Deleted>>);

struct Deleted {
    /// When it was last unknown who is deleted.
    missed: Instant,
    known: HashMap<(String, String), Instant>,
}

impl Default for Deletions {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Deleted { missed: Instant::now(), known: HashMap::new() })))
    }
}

impl Deletions {
    /// What is older than this is forgotten.
    const MEMORY: Duration = Duration::from_mins(10);

    /// One was deleted.
    pub(crate) fn note(&self, trail: (String, String)) {
        let known = &mut self.0.lock().known;
        known.retain(|_, when| when.elapsed() < Self::MEMORY);
        known.insert(trail, Instant::now());
    }

    /// The watch has begun again.
    pub(crate) fn missed_some(&self) {
        self.0.lock().missed = Instant::now();
    }

    /// How long ago the last one may have been.
    fn last(&self, trail: &(String, String)) -> Duration {
        let Deleted { missed, known } = &*self.0.lock();
        let known = known.get(trail).map_or(Duration::MAX, Instant::elapsed);
        known.min(missed.elapsed())
    }
}

/// Caches, filled by the watches that also wake the controllers.
#[derive(Clone)]
pub(crate) struct Stores {
    /// Trails.
    pub(crate) trails: Scoped<Trail>,
    /// EventSelectors.
    pub(crate) event_selectors: Scoped<EventSelector>,
    /// MetricAlarms.
    pub(crate) metric_alarms: Scoped<MetricAlarm>,
    /// EventSelectors that are gone.
    pub(crate) deletions: Deletions,
    /// Accounts.
    pub(crate) accounts: Store<DeserializeGuard<AwsAccount>>,
    /// Whether they are all there.
    pub(crate) accounts_answered: FirstAnswer,
    /// Whose credentials are in use for them.
    pub(crate) identities: Identities,
    /// Namespaces.
    pub(crate) namespaces: Store<PartialObjectMeta<Namespace>>,
    /// Whether they are all there.
    pub(crate) namespaces_answered: FirstAnswer,
}

impl Stores {
    /// Waits until everything is there that an object may point at; nothing may be planned before.
    pub(crate) async fn whole(&self) {
        self.accounts_answered.wait().await;
        self.namespaces_answered.wait().await;
        for (_, answered) in self.trails.iter() {
            answered.wait().await;
        }
        for (_, answered) in self.event_selectors.iter() {
            answered.wait().await;
        }
        for (_, answered) in self.metric_alarms.iter() {
            answered.wait().await;
        }
    }

    /// `Kind namespace/name` of every Trail and MetricAlarm that uses the account; also of those that cannot be read, since
    /// they may.
    pub(crate) fn users(&self, account: &str) -> Vec<String> {
        let uses = |trail: &DeserializeGuard<Trail>| match &trail.0 {
            Ok(trail) => trail.spec.account_ref.name == account,
            Err(_) => true,
        };
        let mut names: Vec<_> = self
            .trails
            .iter()
            .flat_map(|(store, _)| store.state_filter(uses))
            .map(|trail| format!("Trail {}/{}", trail.namespace().unwrap_or_default(), trail.name_any()))
            .collect();
        let keeps = |alarm: &DeserializeGuard<MetricAlarm>| match &alarm.0 {
            Ok(alarm) => {
                let status = alarm.status.as_ref();
                status
                    .and_then(|status| status.place.as_ref())
                    .is_some_and(|place| place.account_ref == account)
            }
            Err(_) => true,
        };
        let alarms = self.metric_alarms.iter().flat_map(|(store, _)| store.state_filter(keeps));
        names.extend(alarms.map(|alarm| {
            format!("MetricAlarm {}/{}", alarm.namespace().unwrap_or_default(), alarm.name_any())
        }));
        names.sort();
        names
    }
}

impl references::References for Stores {
    fn aws_account(&self, name: &str) -> Result<Option<Arc<AwsAccount>>, references::Unreadable> {
        let Some(account) = self.accounts.get(&ObjectRef::new(name)) else { return Ok(None) };
        account.0.as_ref().map(|account| Some(Arc::new(account.clone()))).map_err(|_| references::Unreadable)
    }

    fn acting_in(&self, act_as: &references::ActAs) -> Option<String> {
        self.identities.of(act_as)
    }

    fn trail(&self, namespace: &str, name: &str) -> Result<Option<Arc<Trail>>, references::Unreadable> {
        let key = ObjectRef::new(name).within(namespace);
        let Some(trail) = self.trails.iter().find_map(|(store, _)| store.get(&key)) else { return Ok(None) };
        trail.0.as_ref().map(|trail| Some(Arc::new(trail.clone()))).map_err(|_| references::Unreadable)
    }

    fn trails_of(&self, account: &str) -> Vec<Arc<Trail>> {
        let uses = |trail: &DeserializeGuard<Trail>| {
            trail.0.as_ref().is_ok_and(|trail| trail.spec.account_ref.name == account)
        };
        readable(&self.trails, uses)
    }

    fn event_selectors(&self, namespace: &str, trail: &str) -> Vec<Arc<EventSelector>> {
        readable(&self.event_selectors, |object| {
            object.0.as_ref().is_ok_and(|object| object.trail() == (namespace, trail))
        })
    }

    fn unreadable_event_selectors(&self) -> Vec<(String, String)> {
        let found =
            self.event_selectors.iter().flat_map(|(store, _)| store.state_filter(|one| one.0.is_err()));
        found.map(|object| (object.namespace().unwrap_or_default(), object.name_any())).collect()
    }

    fn event_selector_deleted(&self, namespace: &str, trail: &str) -> Option<Duration> {
        Some(self.deletions.last(&(namespace.to_owned(), trail.to_owned())))
    }

    fn metric_alarms(&self) -> Vec<Arc<MetricAlarm>> {
        readable(&self.metric_alarms, |_| true)
    }

    fn claims(&self, region: &str, trail_name: &str) -> Vec<references::Claim> {
        let claims = |trail: &DeserializeGuard<Trail>| {
            trail.0.as_ref().is_ok_and(|trail| {
                trail.spec.region == region
                    && trail.trail_name() == trail_name
                    && trail.spec.management_policy == ManagementPolicy::Full
                    && !trail.spec.suspend
                    && trail.metadata.deletion_timestamp.is_none()
            })
        };
        let found = self.trails.iter().flat_map(|(store, _)| store.state_filter(claims));
        found.filter_map(|trail| trail.0.as_ref().ok().map(references::Claim::of)).collect()
    }

    fn namespace(&self, name: &str) -> Option<references::Namespace> {
        let namespace = self.namespaces.get(&ObjectRef::new(name))?;
        Some(references::Namespace {
            labels: namespace.metadata.labels.clone().unwrap_or_default(),
            terminating: namespace.metadata.deletion_timestamp.is_some(),
        })
    }
}

fn readable<K: kube::Resource<DynamicType = ()> + Clone + 'static>(
    stores: &Scoped<K>,
    wanted: impl Fn(&DeserializeGuard<K>) -> bool,
) -> Vec<Arc<K>> {
    let found = stores.iter().flat_map(|(store, _)| store.state_filter(&wanted));
    found.filter_map(|object| object.0.as_ref().ok().cloned().map(Arc::new)).collect()
}
