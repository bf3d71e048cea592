//! Trails of a cluster, as kubectl finds it, with what the operator said of their costs.

use anyhow::{Context, Result, bail};
use kube::{Api, Client, ResourceExt, api::ListParams};
use trail_operator_crds::Trail;

use super::priced::Priced;
use crate::plan::in_time;

/// Those of a namespace, by name where names are given, or all.
pub(super) async fn read(namespace: Option<&str>, all: bool, names: &[String]) -> Result<Vec<Priced>> {
    let client =
        Client::try_default().await.context("cannot reach a cluster; give --filename to price manifests")?;
    let namespace = namespace.unwrap_or_else(|| client.default_namespace()).to_owned();
    let trails: Api<Trail> = if all { Api::all(client) } else { Api::namespaced(client, &namespace) };
    let trails = in_time("Trails", trails.list(&ListParams::default())).await?.items;
    if let Some(missing) = names.iter().find(|name| !trails.iter().any(|trail| trail.name_any() == **name)) {
        bail!(
            "there is no Trail '{missing}'{}",
            if all { String::new() } else { format!(" in namespace '{namespace}'") }
        );
    }
    let wanted: Vec<_> = trails
        .iter()
        .filter(|trail| names.is_empty() || names.contains(&trail.name_any()))
        .map(Priced::of_status)
        .collect();
    if wanted.is_empty() {
        bail!(
            "there is no Trail{}",
            if all { String::new() } else { format!(" in namespace '{namespace}'") }
        );
    }
    Ok(wanted)
}
