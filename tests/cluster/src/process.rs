//! A background process that never outlives the process that started it.
//!
//! Knows: processes, signals and log files. Must not know: what runs in them.
//!
//! Each runs under a small `sh` that holds the reading end of a pipe from here. A line on that pipe is a signal to
//! send; its end means that this process is gone, however it went, and the child is killed: nobody is left who could
//! want something of it. No unsafe code, no root, no race with a re-used process id (the shell has not waited for the
//! child yet), and it works wherever there is `sh`.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// `$1` is the log, the rest the command. The child's own standard input is empty and it does not inherit the pipe.
const WATCHDOG: &str = r#"
log=$1; shift
exec 3<&0
"$@" </dev/null >>"$log" 2>&1 3<&- &
child=$!
echo "$child"
exec >/dev/null 2>&1
(
  while read -r signal; do kill -s "$signal" "$child"; done
  kill -s KILL "$child"
) <&3 &
watcher=$!
exec 3<&-
wait "$child"
status=$?
kill "$watcher"
exit "$status"
"#;

/// How long a process may take to stop before it is killed.
pub const GRACE: Duration = Duration::from_secs(5);

/// What [`stop_all`] stops.
static RUNNING: Mutex<Vec<Weak<Inner>>> = Mutex::new(Vec::new());

/// What to run.
#[derive(Debug)]
pub struct Spec<'a> {
    /// What people call it; also the log file's name.
    pub name: &'a str,
    /// The program.
    pub program: &'a Path,
    /// Its arguments.
    pub args: &'a [String],
    /// Its whole environment: nothing is inherited.
    pub env: &'a [(String, String)],
    /// Its working folder, where its log is written too.
    pub folder: &'a Path,
}

/// A running process; dropped, it is stopped.
#[derive(Debug)]
pub struct Process(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    pid: u32,
    log: PathBuf,
    pipe: Mutex<Option<ChildStdin>>,
    shell: Mutex<Child>,
}

impl Process {
    /// Starts `spec`. A program that cannot be run at all shows as an early exit with status 126 or 127.
    pub fn start(spec: &Spec<'_>) -> Result<Self> {
        let log = spec.folder.join(format!("{}.log", spec.name));
        let mut shell = Command::new("sh")
            .args(["-c", WATCHDOG, "trail-operator-watchdog"])
            .arg(&log)
            // `env -i` inside the shell, since some shells add variables of their own.
            .args(["env", "-i"])
            .args(spec.env.iter().map(|(name, value)| format!("{name}={value}")))
            .arg(spec.program)
            .args(spec.args)
            .current_dir(spec.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // A group of its own: Ctrl-C reaches this process alone, which then stops them in order.
            .process_group(0)
            .spawn()
            .context("cannot start `sh`")?;
        let pipe = shell.stdin.take();
        let mut line = String::new();
        if let Some(out) = shell.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        let pid = line.trim().parse().with_context(|| format!("cannot start {}", spec.name))?;
        let name = spec.name.to_owned();
        let inner = Arc::new(Inner { name, pid, log, pipe: Mutex::new(pipe), shell: Mutex::new(shell) });
        let mut running = locked(&RUNNING);
        running.retain(|process| process.strong_count() > 0);
        running.push(Arc::downgrade(&inner));
        Ok(Self(inner))
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.0.pid
    }

    /// Where its output goes.
    pub fn log_file(&self) -> &Path {
        &self.0.log
    }

    /// What it has written so far.
    pub fn log(&self) -> String {
        fs::read(&self.0.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// The last lines it wrote, for an error message.
    pub fn log_tail(&self) -> String {
        let log = self.log();
        let lines: Vec<_> = log.lines().collect();
        let tail = &lines[lines.len().saturating_sub(15)..];
        format!("the last lines of {}'s log:\n  {}", self.0.name, tail.join("\n  "))
    }

    /// Its exit status as a shell gives it (128 + signal), if it has ended.
    pub fn exited(&self) -> Result<Option<i32>> {
        Ok(locked(&self.0.shell).try_wait()?.map(code))
    }

    /// An error with the end of its log if it has ended.
    pub fn ensure_running(&self) -> Result<()> {
        match self.exited()? {
            None => Ok(()),
            Some(code) => bail!("{} ended early with status {code}; {}", self.0.name, self.log_tail()),
        }
    }

    /// Sends a signal by its name without `SIG`.
    pub fn signal(&self, name: &str) -> Result<()> {
        self.0.signal(name)
    }

    /// Waits for its end and gives the status as [`Process::exited`] does; `None` when it goes on.
    pub fn wait(&self, timeout: Duration) -> Result<Option<i32>> {
        self.0.wait(timeout)
    }

    /// Stops it: SIGTERM, then SIGKILL after [`GRACE`].
    pub fn stop(&self) {
        self.0.stop();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Inner {
    fn wait(&self, timeout: Duration) -> Result<Option<i32>> {
        let start = Instant::now();
        loop {
            if let Some(status) = locked(&self.shell).try_wait()? {
                return Ok(Some(code(status)));
            }
            if start.elapsed() >= timeout {
                return Ok(None);
            }
            sleep(Duration::from_millis(10));
        }
    }

    fn signal(&self, name: &str) -> Result<()> {
        let mut pipe = locked(&self.pipe);
        let Some(pipe) = pipe.as_mut() else { bail!("{} is already stopped", self.name) };
        pipe.write_all(format!("{name}\n").as_bytes())
            .with_context(|| format!("cannot send SIG{name} to {}: it has ended", self.name))
    }

    fn stop(&self) {
        if self.signal("TERM").is_ok() {
            let _ = self.wait(GRACE);
        }
        // The end of the pipe kills what is left. Nothing can be done about a process that lives on.
        drop(locked(&self.pipe).take());
        let _ = self.wait(GRACE);
    }
}

/// Stops every process started here, for a program that was told to end by a signal. The youngest first: an API server
/// whose etcd is gone takes five seconds to give up.
pub fn stop_all() {
    let running: Vec<_> = locked(&RUNNING).iter().filter_map(Weak::upgrade).collect();
    running.iter().rev().for_each(|process| process.stop());
}

fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

/// A panicking thread leaves nothing half-done in what is locked here.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::ScratchDir;

    fn shell(scratch: &ScratchDir, script: &str, env: &[(String, String)]) -> Process {
        let args = ["-c".to_owned(), script.to_owned()];
        let program = Path::new("/bin/sh");
        Process::start(&Spec { name: "script", program, args: &args, env, folder: scratch.path() }).unwrap()
    }

    #[test]
    fn an_early_end_is_told_with_status_and_log() {
        let scratch = ScratchDir::new().unwrap();
        let process = shell(&scratch, "echo no such bucket; exit 3", &[]);
        assert_eq!(process.wait(GRACE).unwrap(), Some(3));
        let error = process.ensure_running().unwrap_err().to_string();
        assert!(error.contains("status 3") && error.contains("no such bucket"), "{error}");
    }

    #[test]
    fn signals_reach_the_process_itself() {
        let scratch = ScratchDir::new().unwrap();
        let process =
            shell(&scratch, "trap 'echo got it; exit 7' TERM; echo up; while :; do sleep 0.01; done", &[]);
        while !process.log().contains("up") {
            process.ensure_running().unwrap();
        }
        process.signal("TERM").unwrap();
        assert_eq!(process.wait(GRACE).unwrap(), Some(7));
        assert!(process.log().contains("got it"));
    }

    #[test]
    fn the_environment_is_exactly_what_was_given() {
        let scratch = ScratchDir::new().unwrap();
        let env =
            [("PATH".to_owned(), "/usr/bin:/bin".to_owned()), ("GREETING".to_owned(), "a b".to_owned())];
        let args = [];
        let spec =
            Spec { name: "env", program: Path::new("env"), args: &args, env: &env, folder: scratch.path() };
        let process = Process::start(&spec).unwrap();
        assert_eq!(process.wait(GRACE).unwrap(), Some(0));
        assert_eq!(process.log(), "PATH=/usr/bin:/bin\nGREETING=a b\n");
    }

    #[test]
    fn one_that_ignores_sigterm_is_killed() {
        let scratch = ScratchDir::new().unwrap();
        let process = shell(&scratch, "trap '' TERM; echo up; while :; do sleep 0.01; done", &[]);
        while !process.log().contains("up") {
            process.ensure_running().unwrap();
        }
        let start = Instant::now();
        process.stop();
        assert_eq!(process.exited().unwrap(), Some(137));
        assert!(start.elapsed() >= GRACE);
    }

    #[test]
    fn a_killed_process_shows_its_signal() {
        let scratch = ScratchDir::new().unwrap();
        let process = shell(&scratch, "exec sleep 60", &[]);
        process.signal("KILL").unwrap();
        assert_eq!(process.wait(GRACE).unwrap(), Some(137));
    }
}
