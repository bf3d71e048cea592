//! Log files that lie in the bucket and that no digest lists.
//!
//! Keys of log files carry no trail, so such a file may be another trail's: the digests of every trail that delivers
//! under the same prefix are read before one is called unlisted, and where those leave a hole nothing is said.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::task::{JoinError, JoinSet};

use super::ahead::Ahead;
use super::context::Context;
use super::listing::{ListedDigest, Whose};
use super::pair::{Findings, Pair};
use crate::coverage::Coverage;
use crate::finding::{Fault, Reason};
use crate::link::{Place, Role};
use crate::names::{Chain, KINDS, Location, Object, log_file_delivery};
use crate::report::{MOST_FINDINGS, Range};
use crate::request::Anchor;
use crate::source::ObjectSource;
use crate::time::{WINDOW, shifted};

/// Most log files that no digest of this trail lists and that are looked for in those of others.
const MOST_CANDIDATES: usize = 200_000;

/// What was delivered up to three hours before an anchor was too new to be judged when the anchor was reached; the windows
/// before that make it lie well within what is covered.
const BEFORE: SignedDuration = SignedDuration::from_hours(5);

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
        mut covered: Vec<Range>,
        mut names: HashSet<u64>,
        (anchor, ahead): (Option<&Anchor>, Option<Ahead>),
        found: &mut Findings,
    ) {
        if let Some(anchor) = anchor
            && let Err(fault) = self.before(pair, anchor.end, &mut covered, &mut names).await
        {
            found.add(&self.place_of(pair), fault);
        }
        let Some(span) = covered.iter().copied().reduce(Range::around) else { return };
        let own = Coverage::new(covered, span.end);
        if ahead.is_some_and(|ahead| ahead.settles(span, &own, &names)) {
            return;
        }
        for location in &self.request.locations {
            let candidates = match self.candidates(location, pair, span, &own, &names).await {
                Ok(candidates) => candidates,
                Err(fault) => {
                    found.add(&pair.log_files_in(location), fault);
                    continue;
                }
            };
            if candidates.is_empty() {
                continue;
            }
            let others = match self.others(pair, span).await {
                Ok(others) => others,
                Err(fault) => {
                    found.add(&pair.digests_in(location), fault);
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

    /// Adds what the digests just before the anchor list and cover. A run that goes on every hour covers too little by
    /// itself: a file is judged when it is some hours old, and the run before it could not judge the last ones.
    async fn before(
        self: &Arc<Self>,
        pair: &Pair,
        anchor: Timestamp,
        covered: &mut Vec<Range>,
        names: &mut HashSet<u64>,
    ) -> Result<(), Fault> {
        let mut digests = Vec::new();
        for location in &self.request.locations {
            digests.extend(
                self.digests(location, pair.key(), (shifted(anchor, -BEFORE), anchor), Whose::Own).await?,
            );
        }
        let read = self.read_names(pair, digests).await;
        // What a backfill digest lists may be of any hour.
        if !read.iter().any(|listed| listed.backfill && listed.window.is_none()) {
            covered.extend(read.iter().filter(|listed| !listed.backfill).filter_map(|listed| listed.window));
            names.extend(read.into_iter().flat_map(|listed| listed.names));
        }
        Ok(())
    }

    async fn candidates(
        &self,
        location: &Location,
        pair: &Pair,
        span: Range,
        own: &Coverage,
        names: &HashSet<u64>,
    ) -> Result<Vec<(Object, Timestamp)>, Fault> {
        let of = |kind| self.candidates_of(kind, location, pair, span, own, names);
        let [events, aggregated, insights, network] = KINDS;
        let (events, aggregated, insights, network) =
            tokio::try_join!(of(events), of(aggregated), of(insights), of(network))?;
        Ok([events, aggregated, insights, network].concat())
    }

    async fn candidates_of(
        &self,
        kind: &str,
        location: &Location,
        pair: &Pair,
        span: Range,
        own: &Coverage,
        names: &HashSet<u64>,
    ) -> Result<Vec<(Object, Timestamp)>, Fault> {
        let mut candidates = Vec::new();
        let mut more = false;
        self.log_files(location, kind, pair.key(), (span.start, span.end), |object, _| {
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
        let mut trails: BTreeMap<String, Vec<ListedDigest>> = BTreeMap::new();
        let range = (span.start, shifted(span.end, WINDOW));
        for location in &self.request.locations {
            for digest in self.digests(location, pair.key(), range, Whose::Others).await? {
                trails.entry(digest.name.trail.clone()).or_default().push(digest);
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
        digests: Vec<ListedDigest>,
        names: &mut HashSet<u64>,
    ) -> Coverage {
        let newest = digests.iter().map(|digest| digest.name.end).max().unwrap_or(Timestamp::MIN);
        let read = self.read_names(pair, digests).await;
        // What a backfill digest lists may be of any hour: while one cannot be read, the trail covers nothing.
        let sound = !read.iter().any(|listed| listed.backfill && listed.window.is_none());
        let windows =
            read.iter().filter(|listed| sound && !listed.backfill).filter_map(|listed| listed.window);
        let coverage = Coverage::new(windows.collect(), newest);
        names.extend(read.into_iter().flat_map(|listed| listed.names));
        coverage
    }

    async fn read_names(self: &Arc<Self>, pair: &Pair, digests: Vec<ListedDigest>) -> Vec<Listed> {
        let mut running = JoinSet::new();
        let mut read = Vec::new();
        // A task that ended before it was done has read nothing.
        let take = |joined: Result<Listed, JoinError>| joined.unwrap_or_else(|_| Listed::nothing(true));
        for digest in digests {
            let slot = Arc::clone(&self.digests).acquire_owned().await;
            let (context, chain) = (Arc::clone(self), pair.chain(digest.name.backfill));
            running.spawn(async move {
                let listed = context.names_in(&chain, digest).await;
                drop(slot);
                listed
            });
            while let Some(joined) = running.try_join_next() {
                read.push(take(joined));
            }
        }
        while let Some(joined) = running.join_next().await {
            read.push(take(joined));
        }
        read
    }

    async fn names_in(&self, chain: &Chain, digest: ListedDigest) -> Listed {
        let place = Place { object: digest.object, end: digest.name.end, role: Role::Window };
        match self.verified_digest(chain, &place).await {
            Ok(verified) => Listed {
                backfill: chain.backfill,
                names: verified.digest.log_files.iter().map(|file| self.name(&file.object)).collect(),
                window: Some(Range { start: verified.digest.start, end: verified.digest.end }),
            },
            Err(_) => Listed::nothing(chain.backfill),
        }
    }
}

/// What one digest says; no window when it does not verify.
struct Listed {
    backfill: bool,
    names: Vec<u64>,
    window: Option<Range>,
}

impl Listed {
    fn nothing(backfill: bool) -> Self {
        Self { backfill, names: Vec::new(), window: None }
    }
}
