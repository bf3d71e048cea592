//! Caches of the objects that others point at.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Namespace;
use kube::{
    core::{DeserializeGuard, PartialObjectMeta},
    runtime::reflector::{ObjectRef, Store},
};
use trail_operator_crds::AwsAccount;
use trail_operator_reconcile::references;

/// Caches, filled by the watches that also wake the controllers.
#[derive(Clone)]
pub(crate) struct Stores {
    /// Accounts.
    pub(crate) accounts: Store<DeserializeGuard<AwsAccount>>,
    /// Namespaces.
    pub(crate) namespaces: Store<PartialObjectMeta<Namespace>>,
}

impl Stores {
    /// Waits for the first answer of every watch; nothing may be planned before.
    ///
    /// Returns `false` when a watch has ended, which happens only while the process stops.
    pub(crate) async fn synced(&self) -> bool {
        self.accounts.wait_until_ready().await.is_ok() && self.namespaces.wait_until_ready().await.is_ok()
    }
}

impl references::References for Stores {
    fn aws_account(&self, name: &str) -> Option<Arc<AwsAccount>> {
        let account = self.accounts.get(&ObjectRef::new(name))?;
        account.0.as_ref().ok().cloned().map(Arc::new)
    }

    fn namespace(&self, name: &str) -> Option<references::Namespace> {
        let namespace = self.namespaces.get(&ObjectRef::new(name))?;
        Some(references::Namespace {
            labels: namespace.metadata.labels.clone().unwrap_or_default(),
            terminating: namespace.metadata.deletion_timestamp.is_some(),
        })
    }
}
