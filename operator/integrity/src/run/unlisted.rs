//! Log files that lie in the bucket and that no digest lists.
//!
//! Keys of log files carry no trail, so such a file may be another trail's: the digests of every trail that delivers
//! under the same prefix are read before one is called unlisted, and where those leave a hole nothing is said.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::task::JoinSet;

use super::context::Context;
use super::listing::{ListedDigest, Whose};
use super::pair::{Findings, Pair};
use crate::coverage::Coverage;
use crate::finding::{Fault, Reason};
use crate::link::{Place, Role};
use crate::names::{Chain, Location, Object, log_file_delivery};
use crate::report::{MOST_FINDINGS, Range};
use crate::source::ObjectSource;
use crate::time::{WINDOW, shifted};

/// Most log files that no digest of this trail lists and that are looked for in those of others.
const MOST_CANDIDATES: usize = 200_000;

/// What the digests of other trails say.
#[derive(Default)]
struct Others {
    names: HashSet<u64>,
    coverage: Vec<Coverage>,
}

impl<S: ObjectSource> Context<S> {
    /// Looks for log files that none of `names` is, where the digests cover the time.
    pub(super) async fn unlisted(
        self: &Arc<Self>,
        pair: &Pair,
        covered: Vec<Range>,
        names: &HashSet<u64>,
        found: &mut Findings,
    ) {
        let Some(span) = covered.iter().copied().reduce(Range::around) else { return };
        let own = Coverage::new(covered, span.end);
        for location in &self.request.locations {
            let candidates = match self.candidates(location, pair, span, &own, names).await {
                Ok(candidates) => candidates,
                Err(fault) => {
                    found.add(
                        &format!(
                            "s3://{}/{}",
                            location.bucket,
                            location.logs_prefix(&pair.account, &pair.region)
                        ),
                        fault,
                    );
                    continue;
                }
            };
            if candidates.is_empty() {
                continue;
            }
            let others = match self.others(pair, span).await {
                Ok(others) => others,
                Err(fault) => {
                    found.add(
                        &format!(
                            "s3://{}/{}",
                            location.bucket,
                            location.digests_prefix(&pair.account, &pair.region)
                        ),
                        fault,
                    );
                    continue;
                }
            };
            let unlisted = candidates.into_iter().filter(|(object, delivered)| {
                !others.names.contains(&self.name(object))
                    && others.coverage.iter().all(|coverage| coverage.holds(*delivered))
            });
            for (object, _) in unlisted.take(MOST_FINDINGS) {
                let message = "no digest lists it, though digests cover the time in its name: CloudTrail may not have \
                               delivered it";
                found.add(&object, Fault::new(Reason::LogFileUnlisted, message));
            }
        }
    }

    async fn candidates(
        &self,
        location: &Location,
        pair: &Pair,
        span: Range,
        own: &Coverage,
        names: &HashSet<u64>,
    ) -> Result<Vec<(Object, Timestamp)>, Fault> {
        let mut candidates = Vec::new();
        let mut more = false;
        self.log_files(location, pair.key(), (span.start, span.end), |object, _| {
            let delivered = log_file_delivery(&object.key, location, &pair.account, &pair.region);
            let Some(delivered) = delivered.filter(|delivered| own.holds(*delivered)) else { return };
            if names.contains(&self.name(&object)) {
                return;
            }
            more |= candidates.len() >= MOST_CANDIDATES;
            if !more {
                candidates.push((object, delivered));
            }
        })
        .await?;
        if more {
            let message = format!(
                "more than {MOST_CANDIDATES} log files are in no digest of this trail; verify a shorter range at a time"
            );
            return Err(Fault::new(Reason::TooMuch, message));
        }
        Ok(candidates)
    }

    /// What the verified digests of all other trails under the same prefixes list and cover.
    async fn others(self: &Arc<Self>, pair: &Pair, span: Range) -> Result<Others, Fault> {
        let mut trails: BTreeMap<String, Vec<(Location, ListedDigest)>> = BTreeMap::new();
        let range = (span.start, shifted(span.end, WINDOW));
        for location in &self.request.locations {
            for digest in self.digests(location, pair.key(), range, Whose::Others).await? {
                trails.entry(digest.name.trail.clone()).or_default().push((location.clone(), digest));
            }
        }
        let mut others = Others::default();
        for digests in trails.into_values() {
            let coverage = self.other(pair, digests, &mut others.names).await;
            others.coverage.push(coverage);
        }
        Ok(others)
    }

    async fn other(
        self: &Arc<Self>,
        pair: &Pair,
        digests: Vec<(Location, ListedDigest)>,
        names: &mut HashSet<u64>,
    ) -> Coverage {
        let newest = digests.iter().map(|(_, digest)| digest.name.end).max().unwrap_or(Timestamp::MIN);
        let mut running = JoinSet::new();
        let mut read = Vec::new();
        for (_, digest) in digests {
            let Ok(slot) = Arc::clone(&self.digests).acquire_owned().await else { continue };
            let (context, chain) = (Arc::clone(self), pair.chain(digest.name.backfill));
            running.spawn(async move {
                let listed = context.names_in(&chain, digest).await;
                drop(slot);
                listed
            });
            while let Some(joined) = running.try_join_next() {
                read.extend(joined);
            }
        }
        while let Some(joined) = running.join_next().await {
            read.extend(joined);
        }
        // What a backfill digest lists may be of any hour: while one cannot be read, the trail covers nothing.
        let sound = !read.iter().any(|listed| listed.backfill && listed.window.is_none());
        let windows =
            read.iter().filter(|listed| sound && !listed.backfill).filter_map(|listed| listed.window);
        let coverage = Coverage::new(windows.collect(), newest);
        names.extend(read.into_iter().flat_map(|listed| listed.names));
        coverage
    }

    async fn names_in(&self, chain: &Chain, digest: ListedDigest) -> Listed {
        let place = Place { object: digest.object, end: digest.name.end, role: Role::Window };
        match self.verified_digest(chain, &place).await {
            Ok(verified) => Listed {
                backfill: chain.backfill,
                names: verified.digest.log_files.iter().map(|file| self.name(&file.object)).collect(),
                window: Some(Range { start: verified.digest.start, end: verified.digest.end }),
            },
            Err(_) => Listed { backfill: chain.backfill, names: Vec::new(), window: None },
        }
    }
}

/// What one digest of another trail says; no window when it does not verify.
struct Listed {
    backfill: bool,
    names: Vec<u64>,
    window: Option<Range>,
}
