//! Runs a command that takes long, quietly: progress while it runs, its output only when it is wanted.
//!
//! Knows: pipes. Must not know: what is run.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use test_cluster::progress::Task;

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) success: bool,
    /// Standard output and error, line by line as they came.
    pub(crate) output: String,
    pub(crate) took: Duration,
}

/// Runs `command` as the task `label`, with its last line as the progress.
pub(crate) fn run(label: &str, command: &mut Command) -> Result<Done> {
    let task = Task::start(label);
    let program = command.get_program().display().to_string();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot run {program}"))?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let output = Mutex::new(String::new());
    thread::scope(|scope| {
        if let Some(pipe) = out {
            scope.spawn(|| read(BufReader::new(pipe), &output, &task));
        }
        if let Some(pipe) = err {
            read(BufReader::new(pipe), &output, &task);
        }
    });
    let success = child.wait()?.success();
    let output = output.into_inner().unwrap_or_else(PoisonError::into_inner);
    let took = if success { task.done() } else { task.failed() };
    Ok(Done { success, output, took })
}

/// The same, where a failure leaves nothing to go on with.
pub(crate) fn must(label: &str, command: &mut Command) -> Result<Duration> {
    let done = run(label, command)?;
    if !done.success {
        bail!("{label}:\n{}", done.output.trim_end());
    }
    Ok(done.took)
}

fn read(pipe: impl BufRead, output: &Mutex<String>, task: &Task) {
    for line in pipe.lines().map_while(Result::ok) {
        if !line.trim().is_empty() {
            task.note(line.trim());
        }
        let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
        output.push_str(&line);
        output.push('\n');
    }
}
