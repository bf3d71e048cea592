//! Caches of the objects that others point at, and knowing when they are whole.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Namespace;
use kube::{
    ResourceExt,
    core::{DeserializeGuard, PartialObjectMeta},
    runtime::{
        reflector::{ObjectRef, Store},
        watcher,
    },
};
use tokio::sync::SetOnce;
use trail_operator_crds::{AwsAccount, ManagementPolicy, Trail};
use trail_operator_reconcile::references;

use crate::identities::Identities;

/// The watches that must have answered before this process counts as ready.
pub(crate) const WATCHES: [&str; 3] = [TRAILS, ACCOUNTS, NAMESPACES];
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

/// Trails, by the namespaces that are watched: one cache for each, or one for all.
pub(crate) type TrailStores = Arc<Vec<(Store<DeserializeGuard<Trail>>, FirstAnswer)>>;

/// Caches, filled by the watches that also wake the controllers.
#[derive(Clone)]
pub(crate) struct Stores {
    /// Trails.
    pub(crate) trails: TrailStores,
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
    }

    /// `namespace/name` of every Trail that uses the account; also of those that cannot be read, since they may.
    pub(crate) fn users(&self, account: &str) -> Vec<String> {
        let uses = |trail: &DeserializeGuard<Trail>| match &trail.0 {
            Ok(trail) => trail.spec.account_ref.name == account,
            Err(_) => true,
        };
        let mut names: Vec<_> = self
            .trails
            .iter()
            .flat_map(|(store, _)| store.state_filter(uses))
            .map(|trail| format!("{}/{}", trail.namespace().unwrap_or_default(), trail.name_any()))
            .collect();
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

    fn has_trail(&self, namespace: &str, name: &str) -> bool {
        let key = ObjectRef::new(name).within(namespace);
        self.trails.iter().any(|(store, _)| store.get(&key).is_some())
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
