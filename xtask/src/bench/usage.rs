//! What a process has used: processor time and memory, as Linux counts them.
//!
//! Knows: `/proc`. Must not know: whose process it is.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// Ticks a second in `/proc/<pid>/stat`. Linux has given user space 100 on every architecture since 2.6.
const TICKS: f64 = 100.0;

/// Where user time stands behind the name; system time is next to it.
const OWN: usize = 11;
/// The same of children that have ended.
const CHILDREN: usize = 13;

/// Processor time so far, of all its threads.
pub(super) fn cpu(pid: u32) -> Result<Duration> {
    let path = format!("/proc/{pid}/stat");
    let stat = fs::read_to_string(&path).with_context(|| format!("cannot read {path}: Linux only"))?;
    times(&stat, OWN).with_context(|| format!("{path} is not understood: {stat}"))
}

/// Processor time so far of this process, and of those it has started and seen end.
pub(super) fn own_cpu() -> Result<Duration> {
    let path = "/proc/self/stat";
    let stat = fs::read_to_string(path).with_context(|| format!("cannot read {path}: Linux only"))?;
    let whole = || Some(times(&stat, OWN)? + times(&stat, CHILDREN)?);
    whole().with_context(|| format!("{path} is not understood: {stat}"))
}

/// Processor time of the processes that this one has started and seen end.
pub(super) fn childrens_cpu() -> Result<Duration> {
    let path = "/proc/self/stat";
    let stat = fs::read_to_string(path).with_context(|| format!("cannot read {path}: Linux only"))?;
    times(&stat, CHILDREN).with_context(|| format!("{path} is not understood: {stat}"))
}

/// The most memory it ever had resident, in bytes.
pub(super) fn peak_memory(pid: u32) -> Result<u64> {
    let path = format!("/proc/{pid}/status");
    let status = fs::read_to_string(&path).with_context(|| format!("cannot read {path}: Linux only"))?;
    peak_of(&status).with_context(|| format!("{path} has no VmHWM"))
}

/// The machine's load over the last minute.
pub(super) fn load() -> Result<String> {
    let text = fs::read_to_string("/proc/loadavg").context("cannot read /proc/loadavg: Linux only")?;
    Ok(text.split(' ').next().unwrap_or_default().to_owned())
}

/// User and system time together. The name is in brackets and may hold anything.
fn times(stat: &str, at: usize) -> Option<Duration> {
    let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: f64 = fields.get(at)?.parse::<f64>().ok()? + fields.get(at + 1)?.parse::<f64>().ok()?;
    Some(Duration::from_secs_f64(ticks / TICKS))
}

fn peak_of(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_any_name() {
        let stat = "4711 (a) b (c) S 1 4711 4711 0 -1 4194560 9 8 7 6 250 50 3 2 20 0 8 0 1 2 3";
        assert_eq!(times(stat, OWN), Some(Duration::from_secs(3)));
        assert_eq!(times(stat, CHILDREN), Some(Duration::from_millis(50)));
        assert_eq!(times("4711 (a) S 1", OWN), None);
    }

    #[test]
    fn the_peak_is_in_bytes() {
        assert_eq!(peak_of("Name:\ta\nVmHWM:\t   40 kB\nVmRSS:\t   30 kB\n"), Some(40 * 1024));
        assert_eq!(peak_of("Name:\ta\n"), None);
    }
}
