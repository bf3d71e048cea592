//! How a run is watched and stopped.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio_util::sync::CancellationToken;

use crate::finding::Fault;
use crate::names::{Chain, Object};

/// How a run is watched and stopped. All of it is optional.
#[derive(Clone, Default)]
pub struct Hooks {
    /// Counts as they grow, for a progress bar.
    pub progress: Arc<Progress>,
    /// Sees every log file that is read.
    pub observer: Option<Arc<dyn Observer>>,
    /// Is told of every file what it came to.
    pub listener: Option<Arc<dyn Listener>>,
    /// Ends the run at once.
    pub cancel: CancellationToken,
}

/// Sees the inflated bytes of every log file as they are hashed, in no order of the files, so that nobody has to hold one.
pub trait Observer: Send + Sync + 'static {
    /// A log file that begins to be read. Where something goes wrong it is read more than once.
    fn log_file(&self, chain: &Chain, object: &Object) -> Box<dyn LogFileObserver>;
}

/// Sees the inflated bytes of one log file, which may be anybody's until it is verified.
pub trait LogFileObserver: Send {
    /// The next bytes, on the thread that hashes them.
    fn piece(&mut self, raw: &[u8]);

    /// These were all of them, and they are CloudTrail's. Called once for each verified log file; otherwise this is
    /// dropped, and what it saw is to be forgotten.
    fn verified(self: Box<Self>);
}

/// Is told of every file what it came to, as it becomes known and in no order: what `--verbose` prints.
pub trait Listener: Send + Sync + 'static {
    /// A file that was judged, valid when it has no fault. Log files that were not to be read are not told of.
    fn file(&self, kind: FileKind, chain: &Chain, object: &Object, fault: Option<&Fault>);
}

/// Which kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FileKind {
    /// A digest, of the chain it is told with.
    Digest,
    /// A log file.
    LogFile,
}

/// Counts of a run as they grow.
#[derive(Debug, Default)]
pub struct Progress {
    digests_listed: AtomicU64,
    digests_done: AtomicU64,
    log_files_listed: AtomicU64,
    log_files_done: AtomicU64,
    bytes: AtomicU64,
}

/// Counts of a run at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Digests that are known to be there.
    pub digests_listed: u64,
    /// Digests that were judged, their log files included.
    pub digests_done: u64,
    /// Log files that verified digests list.
    pub log_files_listed: u64,
    /// Log files that were judged.
    pub log_files_done: u64,
    /// Inflated bytes of log files that were hashed.
    pub bytes: u64,
}

impl Progress {
    /// The counts now.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            digests_listed: self.digests_listed.load(Ordering::Relaxed),
            digests_done: self.digests_done.load(Ordering::Relaxed),
            log_files_listed: self.log_files_listed.load(Ordering::Relaxed),
            log_files_done: self.log_files_done.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
        }
    }

    pub(super) fn digests(&self, listed: usize) {
        self.digests_listed.fetch_add(listed as u64, Ordering::Relaxed);
    }

    pub(super) fn digest_done(&self) {
        self.digests_done.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn log_files(&self, listed: usize) {
        self.log_files_listed.fetch_add(listed as u64, Ordering::Relaxed);
    }

    pub(super) fn log_file_done(&self, bytes: u64) {
        self.log_files_done.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}
