//! The operator starts with many trails there: how soon it has looked at each, and that it writes nothing for it.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;
use test_lab::{Call, CallFilter};

use super::counting::Counted;
use super::figures::{Figures, Of, megabytes, seconds};
use super::fleet::Fleet;
use super::stage::{Profile, Stage};
use super::usage;

/// What ACK was measured with.
const ACK_TRAILS: usize = 500;
const LIMIT: Duration = Duration::from_secs(5);
const LIMIT_WHEN_SLOW: Duration = Duration::from_secs(8);
const MEMORY: u64 = 60_000_000;
const PATIENCE: Duration = Duration::from_mins(2);
/// A write that would follow is there by then.
const AFTERWARDS: Duration = Duration::from_secs(10);

pub(super) fn measure(
    stage: &mut Stage,
    fleet: &Fleet,
    figures: &mut Figures,
    name: &'static str,
) -> Result<()> {
    let mut of = figures.of(name);
    let quick = Restart::watch(stage, fleet)?;
    quick.tell(&mut of, "start to all checked", LIMIT, "7.7 s");
    let slow = stage.lab.fault(json!({"delaySeconds": 0.05, "times": -1}))?;
    let restart = Restart::watch(stage, fleet)?;
    stage.lab.delete_fault(&slow)?;
    restart.tell(&mut of, "each AWS call takes 50 ms more: start to all checked", LIMIT_WHEN_SLOW, "58 s");
    of.note(&quick.counted.told());
    Ok(())
}

struct Restart {
    trails: usize,
    profile: Profile,
    took: Duration,
    counted: Counted,
    processor: Duration,
    memory: u64,
    peak: u64,
}

impl Restart {
    /// Ends the operator in order, starts it again, and watches it until every trail was looked at.
    fn watch(stage: &mut Stage, fleet: &Fleet) -> Result<Self> {
        let exit = stage.operator.terminate()?;
        ensure!(exit.code == 0, "the operator ended with status {} after SIGTERM", exit.code);
        let mark = stage.mark()?;
        let since = stage.lab.calls(CallFilter { account: Some("0"), ..CallFilter::default() })?.last();
        let start = Instant::now();
        stage.operator.restart()?;
        let took = all_checked(stage, fleet, since, start)?;
        sleep(AFTERWARDS);
        let (memory, peak) = (stage.operator.memory_rss()?, usage::peak_memory(stage.operator.pid())?);
        let logging = stage.operator.metrics()?;
        let counted = stage.since(mark)?;
        let known = series(&logging, "trail_operator_trail_logging");
        ensure!(known == fleet.trails, "the operator knows of {known} trails whether they log");
        let processor = usage::cpu(stage.operator.pid())?;
        let (trails, profile) = (fleet.trails, stage.profile);
        Ok(Self { trails, profile, took, counted, processor, memory, peak })
    }

    fn tell(&self, of: &mut Of<'_>, what: &str, most: Duration, ack: &'static str) {
        let what = format!("{} trails, {what}", self.trails);
        let comparable = self.trails == ACK_TRAILS;
        if comparable {
            of.time(&what, self.took, most, ack);
        } else {
            of.told(&what, &seconds(self.took), "");
        }
        of.count("status writes", self.counted.status_writes(), 0, "500");
        of.count("writes to Kubernetes", self.counted.kubernetes_writes(), 0, "");
        of.count("writes to AWS", self.counted.aws_writes, 0, "0");
        of.count("calls that AWS throttled", self.counted.throttled(), 0, "no limits");
        of.told("AWS calls", &self.counted.aws.len().to_string(), "1,000");
        of.told("processor time of the operator", &seconds(self.processor), "");
        if comparable && self.profile == Profile::Release {
            of.memory("memory of the operator, at most", self.peak, MEMORY, "67 MB");
        } else {
            of.told("memory of the operator, at most", &megabytes(self.peak), "67 MB");
        }
        of.told("memory of the operator, 10 s later", &megabytes(self.memory), "");
    }
}

/// Waits until every trail of every account was asked for its status, with success; gives how long that took.
fn all_checked(stage: &Stage, fleet: &Fleet, since: Option<u64>, start: Instant) -> Result<Duration> {
    let mut since = since;
    let mut checked: BTreeMap<String, usize> = BTreeMap::new();
    loop {
        let calls = stage.lab.calls(CallFilter { since, service: Some("cloudtrail"), account: None })?;
        since = calls.last();
        for call in calls.calls.iter().filter(|call| is_check(call)) {
            *checked.entry(call.account.clone()).or_default() += 1;
        }
        let done = |(plot, count): &&(super::plot::Plot, usize)| {
            checked.get(&plot.account).is_some_and(|n| n >= count)
        };
        let accounts = fleet.plots.iter().filter(done).count();
        if accounts == fleet.plots.len() {
            return Ok(start.elapsed());
        }
        ensure!(
            start.elapsed() < PATIENCE,
            "after {PATIENCE:?} only {accounts} accounts are checked: {checked:?}"
        );
        stage.operator.ensure_alive()?;
        sleep(Duration::from_millis(50));
    }
}

fn is_check(call: &Call) -> bool {
    let refused = call.code.as_ref().is_some_and(|code| !code.is_null() && code != "");
    call.operation == "GetTrailStatus" && !refused
}

/// How many series a metric has.
fn series(metrics: &str, name: &str) -> usize {
    metrics.lines().filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with('{'))).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_counted_by_the_whole_name() {
        let metrics = "# TYPE a gauge\na{x=\"1\"} 1\na{x=\"2\"} 0\na_b{x=\"1\"} 1\na 1\n";
        assert_eq!(series(metrics, "a"), 2);
    }
}
