//! The server of a tree, as a process.
//!
//! Knows: how it is started. Must not know: what it answers.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::bench::usage;

/// A running server; dropped, it is stopped. It ends with us too, since its standard input does.
pub(super) struct Served {
    child: Child,
    endpoint: String,
}

impl Served {
    pub(super) fn start(folder: &Path, latency: Duration) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe().context("where am I?")?)
            .args(["bench", "validate-server", "--latency", &latency.as_millis().to_string()])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C reaches this process alone.
            .process_group(0)
            .spawn()
            .context("cannot start the server")?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        let served = Self { child, endpoint: line.trim().to_owned() };
        ensure!(served.endpoint.starts_with("http://"), "the server did not start");
        Ok(served)
    }

    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Processor time so far.
    pub(super) fn cpu(&self) -> Result<Duration> {
        usage::cpu(self.child.id())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
