//! The threads, and how many runs go on at the same time.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    runtime::{Builder, Runtime},
    sync::Semaphore,
};
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;
use trail_operator_integrity::RunError;

use super::{Ended, Job};

/// Of the processor and of memory no more than this.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Runs at the same time; others wait.
    pub(crate) runs: usize,
    /// Threads that inflate and hash.
    pub(crate) hashers: usize,
    /// Requests of one run at the same time: memory is some 2.5 MiB for each at worst.
    pub(crate) parallel: usize,
}

/// Inflated bytes that one run reads at most: a day of a very busy organization. What is beyond is said to be.
pub(super) const MOST_BYTES: u64 = 2 << 40;

/// The kernel gives these threads time that others leave.
const NICE: i32 = 10;

/// How long ending is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

impl Limits {
    /// Half of the processors that this process may use, and at least one.
    pub(crate) fn of_this_machine() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        Self { runs: 2, hashers: (cores / 2).max(1), parallel: 16 }
    }
}

/// Runs, and the threads they are made on.
pub(crate) struct Runs {
    runtime: Runtime,
    turns: Arc<Semaphore>,
    limits: Limits,
    running: TaskTracker,
}

impl Runs {
    /// Threads, with nothing to do yet.
    pub(crate) fn new(limits: Limits) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(limits.runs * limits.hashers + 2)
            .thread_name("validation")
            .on_thread_start(step_back)
            .enable_all()
            .build()?;
        Ok(Self {
            runtime,
            turns: Arc::new(Semaphore::new(limits.runs)),
            limits,
            running: TaskTracker::new(),
        })
    }

    /// Begins a run, when it is its turn. `then` is given what it came to.
    pub(crate) fn begin(
        &self,
        job: Job,
        span: tracing::Span,
        then: impl FnOnce(Result<Ended, RunError>) + Send + 'static,
    ) {
        let (turns, limits) = (self.turns.clone(), self.limits);
        let run = async move {
            let _turn = turns.acquire().await;
            // A task of its own, so that whoever waits is told of an error of this program too.
            let ended = tokio::spawn(job.run(limits).in_current_span()).await;
            then(ended.unwrap_or_else(|error| Err(RunError::Request(error.to_string()))));
        };
        self.running.spawn_on(run.instrument(span), self.runtime.handle());
    }

    /// Waits for the runs in hand, which were told to end, and lets the threads go.
    pub(crate) async fn end(self) {
        self.running.close();
        if tokio::time::timeout(PATIENCE, self.running.wait()).await.is_err() {
            tracing::warn!("a run of log file validation does not end; it is left behind");
        }
        self.runtime.shutdown_background();
    }
}

/// Rounds come first, also where both want the processor.
fn step_back() {
    let thread = rustix::thread::gettid();
    if let Err(error) = rustix::process::setpriority_process(Some(thread), NICE) {
        tracing::debug!(%error, "the threads of log file validation keep their priority");
    }
}
