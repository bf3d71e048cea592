//! A container's probes, called as a kubelet calls them.
//!
//! Knows: the probe fields of a Pod and what they mean. Must not know: who answers.

use std::net::Ipv4Addr;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;
use serde_json::Value;
use ureq::Agent;

/// A probe as the API server gives it back, defaults filled in.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    http_get: Option<HttpGet>,
    #[serde(default)]
    initial_delay_seconds: u64,
    period_seconds: u64,
    timeout_seconds: u64,
    failure_threshold: u32,
}

#[derive(Debug, Clone, Deserialize)]
struct HttpGet {
    path: String,
    port: Value,
    scheme: String,
}

/// An HTTP probe whose port is known.
#[derive(Debug, Clone)]
pub struct Probe {
    url: String,
    initial_delay: Duration,
    period: Duration,
    timeout: Duration,
    failure_threshold: u32,
}

impl Probe {
    /// Reads the probe called `kind` of a container. `host_port` finds the port on this machine for a port of the
    /// container, by name or number.
    pub(crate) fn read(
        container: &Value,
        kind: &str,
        host_port: impl Fn(&Value) -> Result<u16>,
    ) -> Result<Self> {
        let value = &container[kind];
        ensure!(!value.is_null(), "the container has no {kind}: a kubelet could not tell whether it works");
        let fields: Fields =
            serde_json::from_value(value.clone()).with_context(|| format!("{kind}: {value}"))?;
        let Some(http) = fields.http_get else {
            bail!("{kind} is no httpGet, the only kind called here: {value}")
        };
        ensure!(http.scheme == "HTTP", "{kind} has the scheme {}; only HTTP is called here", http.scheme);
        let port = host_port(&http.port).context(kind.to_owned())?;
        Ok(Self {
            url: format!("http://{}:{port}/{}", Ipv4Addr::LOCALHOST, http.path.trim_start_matches('/')),
            initial_delay: Duration::from_secs(fields.initial_delay_seconds),
            period: Duration::from_secs(fields.period_seconds),
            timeout: Duration::from_secs(fields.timeout_seconds),
            failure_threshold: fields.failure_threshold,
        })
    }

    /// Calls it once. A kubelet takes any status from 200 to 399.
    pub fn call(&self) -> Result<()> {
        let (status, body) = get(&self.url, self.timeout)?;
        ensure!((200..400).contains(&status), "GET {} answered {status}: {}", self.url, body.trim());
        Ok(())
    }
}

/// GETs a URL of this machine: status and body.
pub(crate) fn get(url: &str, timeout: Duration) -> Result<(u16, String)> {
    // A proxy of the environment must not see calls to this machine.
    let config =
        Agent::config_builder().timeout_global(Some(timeout)).http_status_as_error(false).proxy(None);
    let mut response = config.build().new_agent().get(url).call().with_context(|| format!("GET {url}"))?;
    Ok((response.status().as_u16(), response.body_mut().read_to_string()?))
}

/// Calls a liveness probe for as long as it lives and remembers when a kubelet would have killed the container.
#[derive(Debug)]
pub(crate) struct LivenessWatch {
    failure: Arc<OnceLock<String>>,
    /// Dropped, it ends the thread.
    _end: Sender<()>,
}

impl LivenessWatch {
    pub(crate) fn start(probe: Probe) -> Self {
        let failure = Arc::new(OnceLock::new());
        let (end, ended) = mpsc::channel();
        let result = Arc::clone(&failure);
        thread::spawn(move || {
            let mut failed = 0;
            let mut pause = probe.initial_delay;
            while ended.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                pause = probe.period;
                match probe.call() {
                    Ok(()) => failed = 0,
                    Err(error) => {
                        failed += 1;
                        if failed >= probe.failure_threshold {
                            let _ = result.set(format!("the livenessProbe failed {failed} times: {error:#}"));
                            return;
                        }
                    }
                }
            }
        });
        Self { failure, _end: end }
    }

    pub(crate) fn failure(&self) -> Option<&str> {
        self.failure.get().map(String::as_str)
    }
}
