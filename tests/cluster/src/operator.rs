//! The program under test as it runs: its probes, signals, log, memory and metrics.
//!
//! Knows: a process and its Pod's settings. Must not know: where the settings come from ([`crate::deployment`]).

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::probe::{self, LivenessWatch, Probe};
use crate::process::{Process, Spec};
use crate::progress;
use crate::wait::INTERVAL;

/// Everything it takes to start the process, once more too.
#[derive(Debug)]
pub(crate) struct Launch {
    pub(crate) pod_name: String,
    pub(crate) binary: PathBuf,
    pub(crate) args: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) folder: PathBuf,
    pub(crate) liveness: Probe,
    pub(crate) readiness: Probe,
    /// The ports on this machine by the container's names.
    pub(crate) ports: BTreeMap<String, u16>,
    pub(crate) grace: Duration,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    /// Its status as a shell gives it: 128 + signal when a signal ended it.
    pub code: i32,
    /// How long it took.
    pub after: Duration,
}

/// The running program; dropped, it is stopped. A test that panics shows the end of its log.
#[derive(Debug)]
pub struct RunningOperator {
    launch: Launch,
    process: Process,
    liveness: Option<LivenessWatch>,
}

impl RunningOperator {
    pub(crate) fn start(launch: Launch) -> Result<Self> {
        let process = spawn(&launch)?;
        let liveness = Some(LivenessWatch::start(launch.liveness.clone()));
        Ok(Self { launch, process, liveness })
    }

    /// Starts it again in the same Pod, as a kubelet does; a process that still runs is killed first.
    pub fn restart(&mut self) -> Result<()> {
        if self.process.exited()?.is_none() {
            self.kill9()?;
        }
        self.process = spawn(&self.launch)?;
        self.liveness = Some(LivenessWatch::start(self.launch.liveness.clone()));
        Ok(())
    }

    /// Calls the readiness probe once.
    pub fn ready(&self) -> Result<()> {
        self.ensure_alive()?;
        self.launch.readiness.call()
    }

    /// Waits until the readiness probe succeeds; gives how long that took.
    pub fn wait_ready(&self, timeout: Duration) -> Result<Duration> {
        let start = Instant::now();
        loop {
            self.ensure_alive()?;
            match self.launch.readiness.call() {
                Ok(()) => return Ok(start.elapsed()),
                Err(error) if start.elapsed() >= timeout => {
                    bail!("not ready after {timeout:?}: {error:#}; {}", self.process.log_tail());
                }
                Err(_) => std::thread::sleep(INTERVAL),
            }
        }
    }

    /// Fails when it has ended, or when its liveness probe failed so often that a kubelet would have killed it.
    pub fn ensure_alive(&self) -> Result<()> {
        self.process.ensure_running()?;
        match self.liveness.as_ref().and_then(LivenessWatch::failure) {
            None => Ok(()),
            Some(failure) => bail!("{failure}; {}", self.process.log_tail()),
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// The Pod's name it was given.
    pub fn pod_name(&self) -> &str {
        &self.launch.pod_name
    }

    /// The port on this machine of the container's port `name`.
    pub fn port(&self, name: &str) -> Result<u16> {
        self.launch.ports.get(name).copied().with_context(|| format!("the container has no port {name}"))
    }

    /// Kills it with SIGKILL and waits for the end.
    pub fn kill9(&mut self) -> Result<()> {
        self.liveness = None;
        self.process.signal("KILL")?;
        self.process.wait(Duration::from_secs(5))?.context("it lives on after SIGKILL")?;
        Ok(())
    }

    /// Sends a signal by its name without `SIG`, for example `STOP` and `CONT`.
    pub fn signal(&self, name: &str) -> Result<()> {
        self.process.signal(name)
    }

    /// How it ended by itself, if it did.
    pub fn exited(&self) -> Result<Option<i32>> {
        self.process.exited()
    }

    /// Asks it to end, as a kubelet does, and waits for as long as the Pod's grace period.
    pub fn terminate(&mut self) -> Result<Exit> {
        self.ensure_alive()?;
        self.liveness = None;
        let start = Instant::now();
        self.process.signal("TERM")?;
        match self.process.wait(self.launch.grace)? {
            Some(code) => Ok(Exit { code, after: start.elapsed() }),
            None => bail!("it ignores SIGTERM for {:?}; {}", self.launch.grace, self.process.log_tail()),
        }
    }

    /// What it has written so far, over all restarts.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Where it writes that.
    pub fn log_file(&self) -> &std::path::Path {
        self.process.log_file()
    }

    /// Its resident memory in bytes.
    pub fn memory_rss(&self) -> Result<u64> {
        let pid = self.pid().to_string();
        let kilobytes = if let Ok(status) = fs::read_to_string(format!("/proc/{pid}/status")) {
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
            line.and_then(|line| line.trim().strip_suffix(" kB")).map(str::to_owned)
        } else {
            let output =
                Command::new("ps").args(["-o", "rss=", "-p", &pid]).output().context("cannot run ps")?;
            Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        };
        let kilobytes = kilobytes.and_then(|text| text.parse::<u64>().ok());
        Ok(kilobytes.context("its memory cannot be read: it has ended")? * 1024)
    }

    /// GETs `/metrics` of the port named `metrics`.
    pub fn metrics(&self) -> Result<String> {
        let url = format!("http://127.0.0.1:{}/metrics", self.port("metrics")?);
        let (status, body) = probe::get(&url, Duration::from_secs(5))?;
        ensure!(status == 200, "GET {url} answered {status}: {body}");
        Ok(body)
    }
}

impl Drop for RunningOperator {
    fn drop(&mut self) {
        if std::thread::panicking() {
            progress::say(&self.process.log_tail());
        }
    }
}

fn spawn(launch: &Launch) -> Result<Process> {
    let Launch { pod_name, binary, args, env, folder, .. } = launch;
    Process::start(&Spec { name: pod_name, program: binary, args, env, folder })
}
