//! One run of a program: how long it took, and what it used.
//!
//! Knows: processes. Must not know: which program it is.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use crate::bench::usage;

/// How often its memory is looked at. Linux keeps the peak, so only what it takes in its last moments is missed.
const LOOK: Duration = Duration::from_millis(5);

/// What came of it.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) took: Duration,
    /// Processor time, of all its threads.
    pub(super) cpu: Duration,
    /// The most memory it had resident, in bytes.
    pub(super) memory: u64,
    pub(super) output: String,
}

/// Runs it to its end; a status other than 0 is an error with what it said.
pub(super) fn run(mut command: Command) -> Result<Run> {
    let program = command.get_program().display().to_string();
    let before = usage::childrens_cpu()?;
    let start = Instant::now();
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = child.with_context(|| format!("cannot run {program}"))?;
    let (pid, ended, memory) = (child.id(), AtomicBool::new(false), AtomicU64::new(0));
    let output = thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                if let Ok(peak) = usage::peak_memory(pid) {
                    memory.fetch_max(peak, Ordering::Relaxed);
                }
                thread::sleep(LOOK);
            }
        });
        let output = child.wait_with_output();
        ended.store(true, Ordering::Relaxed);
        output
    })?;
    let took = start.elapsed();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (said(&output.stdout), said(&output.stderr));
    ensure!(output.status.success(), "{program}: {}\n{}{}", output.status, out.trim_end(), err.trim_end());
    let cpu = usage::childrens_cpu()?.saturating_sub(before);
    Ok(Run { took, cpu, memory: memory.into_inner(), output: out })
}
