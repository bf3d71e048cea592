//! Installs the project's chart with real Helm.
//!
//! Knows: where the chart is and what it is installed as. Must not know: what is in it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::cluster::Cluster;

/// The release, and so the Deployment.
pub const RELEASE: &str = "trail-operator";
/// Where it is installed.
pub const NAMESPACE: &str = "trail-operator-system";

/// The chart's folder.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../charts/trail-operator")
}

/// Installs the chart, or upgrades to these `values` (as for `--set`).
pub fn install_chart(cluster: &Cluster, values: &[(&str, &str)]) -> Result<String> {
    let chart = folder().canonicalize().context("there is no chart in charts/trail-operator")?;
    let args = install_args(&chart.display().to_string(), values);
    cluster.helm(&args.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Helm's arguments for that, listening on loopback. Without `--wait`: where there is no kubelet, no Pod will ever be
/// ready.
pub fn install_args(chart: &str, values: &[(&str, &str)]) -> Vec<String> {
    let head = ["upgrade", "--install", RELEASE, chart, "--namespace", NAMESPACE, "--create-namespace"];
    let mut args = head.map(String::from).to_vec();
    for (name, value) in [("listenAddress", "127.0.0.1")].iter().chain(values) {
        args.extend([set_flag(value).to_owned(), format!("{name}={value}")]);
    }
    args
}

/// An account id is text, which `--set` would make a number.
fn set_flag(value: &str) -> &'static str {
    let account_id = value.len() == 12 && value.bytes().all(|byte| byte.is_ascii_digit());
    if account_id { "--set-string" } else { "--set" }
}
