//! Objects from a cluster, as kubectl finds it.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client, ResourceExt, api::ListParams};
use trail_operator_crds::{AwsAccount, EventSelector, MetricAlarm, Trail};
use trail_operator_reconcile::references;

use super::{in_time, objects::Objects};

/// Which Trails to plan for, with their MetricAlarms.
pub(super) struct Scope<'a> {
    /// A namespace; that of the kubeconfig when unset.
    pub(super) namespace: Option<&'a str>,
    /// All namespaces.
    pub(super) all: bool,
    /// Names; all when empty.
    pub(super) names: &'a [String],
}

/// Reads the Trails, and everything that they may point at.
pub(super) async fn read(scope: &Scope<'_>, cluster_id: Option<&str>) -> Result<Objects> {
    let client = Client::try_default()
        .await
        .context("cannot reach a cluster; give --filename to plan for manifests")?;
    let everything = ListParams::default();
    let all = in_time("Trails", Api::<Trail>::all(client.clone()).list(&everything)).await?;
    let selectors: Api<EventSelector> = Api::all(client.clone());
    let selectors = in_time("EventSelectors", selectors.list(&everything)).await?;
    let alarms: Api<MetricAlarm> = Api::all(client.clone());
    let alarms = in_time("MetricAlarms", alarms.list(&everything)).await?;
    let accounts = in_time("AwsAccounts", Api::<AwsAccount>::all(client.clone()).list(&everything)).await?;
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let places = in_time("namespaces", namespaces.list_metadata(&everything)).await?;
    let cluster_id = match cluster_id {
        Some(id) => id.to_owned(),
        None => in_time("namespace kube-system", namespaces.get_metadata("kube-system"))
            .await?
            .uid()
            .context("namespace kube-system has no uid; give --cluster-id")?,
    };
    let namespace = scope.namespace.unwrap_or_else(|| client.default_namespace());
    let wanted = |trail: &Trail| {
        let here = scope.all || trail.namespace().as_deref() == Some(namespace);
        here && (scope.names.is_empty() || scope.names.contains(&trail.name_any()))
    };
    let alarms: Vec<_> = alarms.items.into_iter().map(Arc::new).collect();
    let wanted_alarm = |alarm: &&Arc<MetricAlarm>| {
        let here = scope.all || alarm.namespace().as_deref() == Some(namespace);
        here && (scope.names.is_empty() || scope.names.contains(&alarm.spec.trail_ref.name))
    };
    let trails: Vec<_> = all.items.iter().filter(|trail| wanted(trail)).cloned().collect();
    if let Some(missing) =
        scope.names.iter().find(|name| !trails.iter().any(|trail| trail.name_any() == **name))
    {
        bail!("there is no Trail '{missing}' in namespace '{namespace}'");
    }
    let place = |namespace: kube::core::PartialObjectMeta<Namespace>| {
        let known = references::Namespace {
            labels: namespace.metadata.labels.clone().unwrap_or_default(),
            terminating: namespace.metadata.deletion_timestamp.is_some(),
        };
        (namespace.name_any(), known)
    };
    Ok(Objects {
        all_trails: all.items.into_iter().map(Arc::new).collect(),
        alarms: alarms.iter().filter(wanted_alarm).cloned().collect(),
        metric_alarms: alarms,
        event_selectors: selectors.items.into_iter().map(Arc::new).collect(),
        trails,
        accounts: accounts.items.into_iter().map(|account| (account.name_any(), account)).collect(),
        namespaces: Some(places.items.into_iter().map(place).collect()),
        cluster_id: Some(cluster_id),
        ..Objects::default()
    })
}
