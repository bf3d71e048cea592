//! The API server with the project's definitions, and what kubectl hears from it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::OnceLock;
use std::thread;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use test_cluster::Cluster;

/// Where the generated definitions are.
pub fn crds() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crds")
}

/// A control plane on which `kubectl apply -f crds/` was run, and what kubectl said to it.
pub struct Server {
    pub cluster: Cluster,
    pub said: String,
}

/// The one server of this binary.
#[expect(clippy::unwrap_used, reason = "without a server no test has anything to say")]
pub fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::start().unwrap())
}

impl Server {
    fn start() -> Result<Self> {
        let cluster = Cluster::start()?;
        let output = cluster.kubectl_output(&["apply", "--filename", &crds().display().to_string()])?;
        let server = Self { cluster, said: said(&output) };
        let wait = ["wait", "--for", "condition=Established", "--timeout", "30s", "crd"];
        let names = [
            "trails.trail-operator.dev",
            "eventselectors.trail-operator.dev",
            "metricalarms.trail-operator.dev",
            "awsaccounts.trail-operator.dev",
        ];
        server.cluster.kubectl(&[&wait[..], &names[..]].concat()).context(server.said.clone())?;
        Ok(server)
    }

    /// kubectl with an object on standard input: its output, or as an error what it said.
    pub fn kubectl_with(&self, args: &[&str], object: &Value) -> Result<String> {
        let mut command = self.cluster.kubectl_command(&[args, &["--filename", "-"]].concat());
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        child.stdin.take().context("no standard input")?.write_all(object.to_string().as_bytes())?;
        let output = child.wait_with_output()?;
        if !output.status.success() {
            bail!("{}", said(&output));
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// What the API server would say to a new object, without keeping it. Unknown fields are errors.
    pub fn dry_create(&self, object: &Value) -> Result<String> {
        self.kubectl_with(&["create", "--dry-run=server", "--validate=strict"], object)
    }

    /// What it would say to a merge patch.
    pub fn dry_patch(&self, kind: &str, name: &str, patch: &Value) -> Result<String> {
        let patch = patch.to_string();
        let output = self.cluster.kubectl_output(&[
            "patch",
            kind,
            name,
            "--dry-run=server",
            "--type",
            "merge",
            "-p",
            &patch,
        ])?;
        if !output.status.success() {
            bail!("{}", said(&output));
        }
        Ok(said(&output))
    }
}

/// Everything kubectl said.
pub fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The same for many, some at a time: kubectl waits more than it works.
pub fn each<T: Sync, R: Send>(items: &[T], ask: impl Fn(&T) -> R + Sync) -> Vec<R> {
    const AT_ONCE: usize = 4;
    let ask = &ask;
    thread::scope(|scope| {
        let size = items.len().div_ceil(AT_ONCE).max(1);
        let parts: Vec<_> = items
            .chunks(size)
            .map(|part| scope.spawn(move || part.iter().map(ask).collect::<Vec<_>>()))
            .collect();
        parts.into_iter().flat_map(|part| part.join().unwrap_or_default()).collect()
    })
}
