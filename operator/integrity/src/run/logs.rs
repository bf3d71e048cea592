//! The log files that one verified digest lists.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::task::{JoinError, JoinSet};

use super::changes::Changes;
use super::context::Context;
use super::fetch::{Failure, Judged, Reading, interrupted};
use super::hooks::FileKind;
use super::pair::Tally;
use crate::content::Hash;
use crate::digest::LogFile;
use crate::finding::{Fault, Reason};
use crate::judge;
use crate::link::Place;
use crate::names::{Chain, Object, log_file_delivery};
use crate::request::{Expiration, LogFiles};
use crate::source::ObjectSource;

/// What one log file came to: the bytes that were hashed, or what is wrong.
type Came = Result<u64, Fault>;

impl<S: ObjectSource> Context<S> {
    /// Verifies the log files that the digest at `place` lists.
    pub(super) async fn log_files_of(
        self: &Arc<Self>,
        chain: &Arc<Chain>,
        files: Vec<LogFile>,
        place: &Place,
        changes: Option<&Changes>,
    ) -> Tally {
        self.hooks.progress.log_files(files.len());
        let mut tally = Tally::default();
        let mut running = JoinSet::new();
        let (mut begun, mut ended) = (0, 0);
        for file in files {
            if self.request.unlisted {
                tally.names.insert(self.name(&file.object));
            }
            if !self.is_read(&file.object, place.end, changes) {
                tally.counts.files.unchecked += 1;
                self.hooks.progress.log_file_done(0);
                continue;
            }
            if self.request.limits.bytes.is_some_and(|most| self.hooks.progress.snapshot().bytes >= most) {
                tally.counts.files.unchecked += 1;
                tally.over_budget += 1;
                continue;
            }
            let slot = Arc::clone(&self.log_files).acquire_owned().await;
            begun += 1;
            let (context, of) = (Arc::clone(self), Arc::clone(chain));
            running.spawn(async move {
                let judged = context.log_file(&of, &file).await;
                drop(slot);
                (file.object, judged)
            });
            while let Some(joined) = running.try_join_next() {
                ended += self.take(chain, &mut tally, joined);
            }
        }
        while let Some(joined) = running.join_next().await {
            ended += self.take(chain, &mut tally, joined);
        }
        if ended < begun {
            tally.counts.files.unchecked += begun - ended;
            tally.findings.push((place.object.clone(), interrupted("reading log files that it lists")));
        }
        tally
    }

    /// Takes in one log file that was read; says how many that were.
    fn take(&self, chain: &Chain, tally: &mut Tally, joined: Result<(Object, Came), JoinError>) -> u64 {
        let Ok((object, judged)) = joined else { return 0 };
        self.tally(chain, tally, object, judged);
        1
    }

    fn tally(&self, chain: &Chain, tally: &mut Tally, object: Object, judged: Came) {
        let fault = judged.as_ref().err();
        tally.counts.files.add(fault.map(|fault| fault.severity));
        if let Some(listener) = &self.hooks.listener {
            listener.file(FileKind::LogFile, chain, &object, fault);
        }
        let bytes = judged.as_ref().copied().unwrap_or_default();
        tally.counts.bytes += bytes;
        self.hooks.progress.log_file_done(bytes);
        if let Err(fault) = judged {
            tally.findings.push((object, fault));
        }
    }

    /// Whether this log file is to be read.
    fn is_read(&self, object: &Object, digest_end: Timestamp, changes: Option<&Changes>) -> bool {
        match self.request.log_files {
            LogFiles::All => true,
            LogFiles::None => false,
            LogFiles::Sample { one_in, seed } => {
                let mut hasher = DefaultHasher::new();
                (seed, object).hash(&mut hasher);
                hasher.finish().is_multiple_of(u64::from(one_in.max(1)))
            }
            LogFiles::Changed => self.may_have_changed(object, digest_end, changes),
        }
    }

    async fn log_file(&self, chain: &Arc<Chain>, file: &LogFile) -> Came {
        let delivered = self.delivered(chain, &file.object)?;
        let expected = match &file.hash {
            Ok(hash) => *hash,
            Err(algorithm) => return Err(Fault::unknown_hash(algorithm)),
        };
        let reading = Reading {
            limit: self.request.limits.log_file,
            keep: false,
            observer: self.hooks.observer.as_deref().map(|observer| (observer, &**chain)),
            unsound: judge::unsound_log_file,
        };
        let read = self.read(&file.object, reading, |fetched| {
            let found: Hash = fetched.content.sha256;
            judge::log_file(&expected, &found).map(|()| (fetched.content.length, fetched.observed))
        });
        match read.await {
            Ok(Judged { value: (length, observed), .. }) => {
                if let Some(observed) = observed {
                    observed.verified();
                }
                Ok(length)
            }
            Err(Failure::Fault(fault)) => Err(fault),
            Err(Failure::Absent) => Err(self.absent_log_file(&file.object, delivered)),
        }
    }

    /// When it was delivered, if it lies where log files of this chain may lie: nothing else is fetched.
    fn delivered(&self, chain: &Chain, object: &Object) -> Result<Timestamp, Fault> {
        let mut places = self.request.locations.iter().filter(|location| location.bucket == object.bucket);
        places
            .find_map(|location| log_file_delivery(&object.key, location, &chain.account, &chain.region))
            .ok_or_else(|| {
                let message = "its digest names it outside the trail's buckets and prefixes, or under another account or \
                               Region: it was not read; name the bucket and prefix if they were the trail's";
                Fault::new(Reason::ObjectUnreadable, message)
            })
    }

    fn absent_log_file(&self, object: &Object, delivered: Timestamp) -> Fault {
        if Expiration::explains(&self.request.expirations, object, delivered, self.request.now) {
            return Fault::new(Reason::Expired, "it is gone, and a lifecycle rule of the bucket explains it");
        }
        Fault::new(Reason::LogFileMissing, "it is not there, and a verified digest lists it: it was deleted")
    }
}
