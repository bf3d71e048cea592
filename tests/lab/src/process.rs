//! The lab as a process: it says where it listens, and ends when its standard input does.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde::Deserialize;
use test_cluster::process::GRACE;
use test_cluster::scratch::ScratchDir;

use crate::venv;

/// Its first and only line.
#[derive(Debug, Deserialize)]
struct Started {
    endpoint: String,
    pid: u32,
}

/// A running lab; dropped, it is stopped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Mutex<Child>,
    started: Started,
    log: PathBuf,
    // After the child: it writes there.
    _scratch: ScratchDir,
}

impl Process {
    /// Starts the lab on a free port, with `args` besides.
    pub(crate) fn start(args: &[&str]) -> Result<Self> {
        let python = venv::lab()?;
        let scratch = ScratchDir::new()?;
        let log = scratch.path().join("lab.log");
        let mut child = Command::new(python)
            .args(["-m", "lab", "--port", "0", "--watch-stdin"])
            .args(args)
            .current_dir(venv::source())
            // Settings for real AWS must not change what the lab does.
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", scratch.path())
            .env("TMPDIR", scratch.path())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONUNBUFFERED", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?)
            // Ctrl-C reaches this process alone; the lab then sees the end of its standard input.
            .process_group(0)
            .spawn()
            .context("cannot start the lab")?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        let started = serde_json::from_str(&line);
        let started = started.with_context(|| format!("the lab did not start; {}", tail(&log)));
        match started {
            Ok(started) => Ok(Self { child: Mutex::new(child), started, log, _scratch: scratch }),
            Err(error) => {
                stop(&mut child);
                Err(error)
            }
        }
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.started.endpoint
    }

    pub(crate) fn pid(&self) -> u32 {
        self.started.pid
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub(crate) fn log_tail(&self) -> String {
        tail(&self.log)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        stop(self.child.get_mut().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Ends its standard input, then kills it.
fn stop(child: &mut Child) {
    drop(child.stdin.take());
    let start = Instant::now();
    while start.elapsed() < GRACE && matches!(child.try_wait(), Ok(None)) {
        sleep(Duration::from_millis(10));
    }
    let _ = child.kill();
    let _ = child.wait();
}

fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    format!("the last lines of its log:\n  {}", lines[lines.len().saturating_sub(15)..].join("\n  "))
}
