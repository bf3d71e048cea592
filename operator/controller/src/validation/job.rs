//! One run over one trail: what is read, in which order.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use trail_operator_aws::Objects;
use trail_operator_integrity::{
    Anchor, Finding, Hooks, Limits as Bounds, LogFiles, Observer, Outcome, Range, Request, RunError, recall,
    records::{Controls, RecordSink, Records},
    run,
};
use trail_operator_reconcile::{
    aws::TrailStatus,
    metric_alarm::Tried,
    trail::{
        cost::Tally,
        validation::{
            Facts, Ledger, Open, Run, Subject, Work, again, deep, goes_on_from, look, merge, onward, through,
        },
    },
};

use super::{
    Backtest, Counting,
    facts::Asker,
    runs::{Limits, MOST_BYTES},
};

/// A run that is to be made.
pub(crate) struct Job {
    /// Where files are read from.
    pub(crate) objects: Objects,
    /// Who asks AWS what has to be known first.
    pub(crate) facts: Asker,
    /// What the trail does in other Regions, as last looked at.
    pub(crate) elsewhere: BTreeMap<String, TrailStatus>,
    /// When logging was last switched on.
    pub(crate) started: Option<Timestamp>,
    /// The trail.
    pub(crate) subject: Subject,
    /// What validation has come to before.
    pub(crate) ledger: Ledger,
    /// Why the run is made.
    pub(crate) work: Work,
    /// The alarms of the trail, to be tried on what is read.
    pub(crate) backtest: Option<Backtest>,
    /// Counts what is read, for what it costs.
    pub(crate) counting: Counting,
    /// Ends it.
    pub(crate) cancel: CancellationToken,
}

/// A run that ended with an answer.
pub(crate) struct Ended {
    /// What validation has come to.
    pub(crate) ledger: Ledger,
    /// What was read.
    pub(crate) run: Run,
    /// What the patterns of alarms have matched of it, by the uid of the object.
    pub(crate) tried: Vec<(String, Tried)>,
    /// What was counted of it.
    pub(crate) tally: Option<Tally>,
    /// How long it took.
    pub(crate) took: Duration,
}

impl Job {
    /// Makes it.
    pub(super) async fn run(self, limits: Limits) -> Result<Ended, RunError> {
        let began = Instant::now();
        let cancel = self.cancel.clone();
        // What is asked before the engine begins is cancelled too.
        let ended =
            cancel.run_until_cancelled(Box::pin(self.read(limits))).await.unwrap_or(Err(RunError::Cancelled));
        let took = began.elapsed();
        match ended {
            Ok(ended) => {
                tell(&ended.ledger, &ended.run, took);
                Ok(Ended { took, ..ended })
            }
            Err(error) => {
                tracing::info!(%error, "the run ended without an answer");
                Err(error)
            }
        }
    }

    async fn read(self, limits: Limits) -> Result<Ended, RunError> {
        let Self { objects, facts: asker, elsewhere, started, subject, ledger, work, cancel, .. } = self;
        let (backtest, counting) = (self.backtest.map(Arc::new), Arc::new(self.counting));
        let facts = asker.ask(&subject, &objects, &elsewhere, started, &ledger).await?;
        let ledger = ledger.believed(facts.now);
        let engine = Engine { objects: Arc::new(objects), limits, cancel };
        let look = match look(&subject, &facts, &ledger) {
            Some(request) => Some(engine.run(request, None).await?),
            None => None,
        };
        let (start, anchors) = goes_on_from(&subject, &ledger, look.as_ref(), facts.now);
        let request = onward(&subject, &facts, &ledger, start, anchors);
        // Only here is a log file read for the first time, and once.
        let sinks = backtest.clone().map(|sink| sink as Arc<dyn RecordSink>);
        let sinks = sinks.into_iter().chain([counting.clone() as Arc<dyn RecordSink>]).collect();
        let onward = engine.run(request.clone(), Some(Arc::new(Records::new(sinks)))).await?;
        let tally = onward.report.found.and_then(|covered| counting.tally(covered, request.log_files));
        let deep = match deep(&subject, &facts, &ledger).filter(|_| work.deep) {
            Some(request) => Some(engine.run(request, None).await?),
            None => None,
        };
        let recalled = Box::pin(engine.recall(&subject, request, through(&ledger, &onward, start))).await?;
        let mut run = Run { work, look, onward, start, deep, recalled, again: vec![], controls: vec![] };
        Box::pin(engine.read_again(&subject, &facts, &ledger, &mut run)).await?;
        let tried = backtest.map(|backtest| backtest.tried(start, facts.now)).unwrap_or_default();
        let ledger = merge(&subject, &facts, ledger, &run);
        Ok(Ended { ledger, run, tried, tally, took: Duration::ZERO })
    }
}

/// The engine with its source and bounds.
struct Engine {
    objects: Arc<Objects>,
    limits: Limits,
    cancel: CancellationToken,
}

impl Engine {
    async fn run(&self, request: Request, observer: Option<Arc<dyn Observer>>) -> Result<Outcome, RunError> {
        let hooks = Hooks { observer, cancel: self.cancel.clone(), ..Hooks::default() };
        run(self.objects.clone(), self.bounded(request), hooks).await
    }

    fn bounded(&self, request: Request) -> Request {
        let limits = Bounds {
            parallel: self.limits.parallel,
            hashers: self.limits.hashers,
            bytes: Some(MOST_BYTES),
            ..Bounds::default()
        };
        Request { limits, ..request }
    }

    /// The newest digest of each chain that ends by then: what the next run has to find again.
    async fn recall(
        &self,
        subject: &Subject,
        like: Request,
        through: Option<Timestamp>,
    ) -> Result<Vec<Anchor>, RunError> {
        let Some(end) = through else { return Ok(vec![]) };
        let start = end - SignedDuration::from_hours(i64::from(subject.validation.lookback_hours));
        let request =
            Request { window: Range { start, end }, anchors: vec![], log_files: LogFiles::None, ..like };
        let hooks = Hooks { cancel: self.cancel.clone(), ..Hooks::default() };
        recall(self.objects.clone(), self.bounded(request), hooks).await.map(|outcome| outcome.anchors)
    }

    /// Reads around what was amiss before, and around the gaps that were found now: whoever stopped the trail may have
    /// been recorded there.
    async fn read_again(
        &self,
        subject: &Subject,
        facts: &Facts,
        ledger: &Ledger,
        run: &mut Run,
    ) -> Result<(), RunError> {
        let gaps = run.found(facts.now).into_iter().filter(|open| open.gap.is_some());
        let open: Vec<Open> = ledger.open.iter().cloned().chain(gaps).collect();
        let controls = Arc::new(Controls::new(subject.trail.clone()));
        let observer: Arc<dyn Observer> = Arc::new(Records::new(vec![controls.clone()]));
        for (pair, window, request) in again(subject, facts, ledger, &open) {
            let outcome = self.run(request, Some(observer.clone())).await?;
            run.again.push((pair, window, outcome));
        }
        run.controls = controls.seen();
        Ok(())
    }
}

/// All findings are in the log; status has room for some.
fn tell(ledger: &Ledger, run: &Run, took: Duration) {
    let verified = ledger.verified.map(|range| (range.start.to_string(), range.end.to_string()));
    let (from, through) = verified.unzip();
    tracing::info!(
        verdict = ?ledger.verdict(),
        findings = ledger.open.len(),
        from,
        through,
        deep = run.deep.is_some(),
        chains = run.onward.report.chains.len(),
        seconds = took.as_secs_f64(),
        "log files were validated"
    );
    for Open { finding, .. } in &ledger.open {
        let Finding { severity, reason, object, account_id, region, message } = finding;
        tracing::warn!(?severity, %reason, object, account_id, region, message, "finding");
    }
}
