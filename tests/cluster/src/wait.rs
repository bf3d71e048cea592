//! Waiting for a condition instead of sleeping.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

/// How often a condition is looked at.
pub const INTERVAL: Duration = Duration::from_millis(100);

/// Looks until `look` gives a value. Whatever error it gives meanwhile means "not yet"; after `timeout` the last one
/// is what the failure shows, so let it say what was seen:
///
/// ```no_run
/// # use std::time::Duration;
/// # fn main() -> anyhow::Result<()> {
/// # let cluster = test_cluster::Cluster::start()?;
/// test_cluster::wait_for("the namespace to be active", Duration::from_secs(10), || {
///     let namespace = cluster.kubectl_json(&["get", "namespace", "default"])?;
///     anyhow::ensure!(namespace["status"]["phase"] == "Active", "status is {}", namespace["status"]);
///     Ok(())
/// })
/// # }
/// ```
pub fn wait_for<T>(what: &str, timeout: Duration, mut look: impl FnMut() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    loop {
        match look() {
            Ok(value) => return Ok(value),
            Err(seen) if start.elapsed() >= timeout => {
                return Err(seen).with_context(|| format!("waited {timeout:?} for {what}; last seen"));
            }
            Err(_) => sleep(INTERVAL),
        }
    }
}
