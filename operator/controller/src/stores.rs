//! Caches of the objects that others point at, and knowing when they are whole.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Namespace;
use kube::{
    core::{DeserializeGuard, PartialObjectMeta},
    runtime::{
        reflector::{ObjectRef, Store},
        watcher,
    },
};
use tokio::sync::SetOnce;
use trail_operator_crds::AwsAccount;
use trail_operator_reconcile::references;

use crate::{check::Health, identities::Identities};

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
    /// For a stream's events, as they leave the reflector.
    pub(crate) fn watch<K>(
        &self,
        watch: &'static str,
        health: &Health,
    ) -> impl Fn(&Result<watcher::Event<K>, watcher::Error>) + Send + 'static {
        let (answered, health) = (self.clone(), health.clone());
        move |event| {
            if matches!(event, Ok(watcher::Event::InitDone)) && answered.0.set(()).is_ok() {
                tracing::info!(watch, "the watch has answered");
                health.answered(watch);
            }
        }
    }

    async fn wait(&self) {
        self.0.wait().await;
    }
}

/// Caches, filled by the watches that also wake the controllers.
#[derive(Clone)]
pub(crate) struct Stores {
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
    }
}

impl references::References for Stores {
    fn aws_account(&self, name: &str) -> Result<Option<Arc<AwsAccount>>, references::Unreadable> {
        let Some(account) = self.accounts.get(&ObjectRef::new(name)) else { return Ok(None) };
        account.0.as_ref().map(|account| Some(Arc::new(account.clone()))).map_err(|_| references::Unreadable)
    }

    fn acting_in(&self, account: &AwsAccount) -> Option<String> {
        self.identities.of(account.metadata.uid.as_deref()?)
    }

    fn namespace(&self, name: &str) -> Option<references::Namespace> {
        let namespace = self.namespaces.get(&ObjectRef::new(name))?;
        Some(references::Namespace {
            labels: namespace.metadata.labels.clone().unwrap_or_default(),
            terminating: namespace.metadata.deletion_timestamp.is_some(),
        })
    }
}
