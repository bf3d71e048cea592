//! How far a run is, on terminals.

use std::{
    pin::Pin,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use indicatif::{DecimalBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};
use trail_operator_integrity::{Hooks, Outcome, Report, RunError, Snapshot};

/// How often it is brought up to date.
const STEP: Duration = Duration::from_millis(100);

/// A bar on stderr where that is a terminal; gone when it ends.
#[derive(Debug)]
pub(super) struct Bar {
    bar: ProgressBar,
    started: Instant,
}

impl Bar {
    /// `hidden` where lines are printed that it would stand between.
    pub(super) fn new(hidden: bool) -> Self {
        let target = if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(0), target).with_finish(ProgressFinish::AndClear);
        if let Ok(style) = ProgressStyle::with_template("{bar:16} {wide_msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        Self { bar, started: Instant::now() }
    }

    /// Shows how far the run is while it runs. `None` when it was cancelled.
    pub(super) async fn watch(
        &self,
        hooks: &Hooks,
        mut run: Pin<Box<impl Future<Output = Result<Outcome, RunError>>>>,
    ) -> Result<Option<Report>> {
        let ended = loop {
            match tokio::time::timeout(STEP, &mut run).await {
                Ok(ended) => break ended,
                Err(_) => self.show(hooks.progress.snapshot()),
            }
        };
        self.bar.finish_and_clear();
        match ended {
            Ok(outcome) => Ok(Some(outcome.report)),
            Err(RunError::Cancelled) => Ok(None),
            Err(RunError::Request(problem)) => bail!(problem),
        }
    }

    fn show(&self, now: Snapshot) {
        self.bar.set_length(now.digests_listed);
        self.bar.set_position(now.digests_done);
        self.bar.set_message(message(now, self.started.elapsed()));
    }
}

fn message(now: Snapshot, elapsed: Duration) -> String {
    if now.digests_listed == 0 {
        return "looking for digests".to_owned();
    }
    // Of a clock that has just started any rate could come.
    let rate =
        now.bytes.saturating_mul(1000) / u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(100);
    format!(
        "digests {}/{}, log files {}/{}, {}, {}/s",
        HumanCount(now.digests_done),
        HumanCount(now.digests_listed),
        HumanCount(now.log_files_done),
        HumanCount(now.log_files_listed),
        DecimalBytes(now.bytes),
        DecimalBytes(rate)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_fits_beside_the_bar_on_eighty_columns() {
        assert_eq!(message(Snapshot::default(), Duration::ZERO), "looking for digests");
        let week = Snapshot {
            digests_listed: 168,
            digests_done: 99,
            log_files_listed: 2016,
            log_files_done: 1200,
            bytes: 153_000_000,
        };
        let message = message(week, Duration::from_millis(500));
        assert_eq!(message, "digests 99/168, log files 1,200/2,016, 153.00 MB, 306.00 MB/s");
        assert!(message.len() + 17 <= 80);
    }
}
