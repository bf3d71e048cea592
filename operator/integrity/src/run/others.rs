//! What the digests of other trails say that deliver under the same prefix.
//!
//! Keys of log files carry no trail, so a file may be another trail's. A name like a digest's makes no trail: it counts
//! once a digest of it has verified, or while one cannot be read.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::task::JoinSet;

use super::context::Context;
use super::fetch::{Failure, interrupted};
use super::listing::{ListedDigest, Whose};
use super::pair::Pair;
use crate::coverage::{Coverage, SETTLED};
use crate::finding::{Fault, Reason, Severity};
use crate::link::{Place, Role};
use crate::names::{Chain, Location, Object, log_file_delivery};
use crate::report::Range;
use crate::request::Selection;
use crate::source::ObjectSource;
use crate::time::{WINDOW, shifted};

/// So many digests of others are read to learn whether anybody else delivers.
const MOST_ASKED: usize = 5;

/// All other trails that deliver there.
#[derive(Default)]
pub(super) struct Others {
    /// The log files that their digests list.
    pub names: HashSet<u64>,
    pub trails: Vec<Other>,
}

/// One other trail.
pub(super) struct Other {
    /// Its part of the names of its digests.
    pub name: String,
    coverage: Coverage,
    newest: Timestamp,
    /// Its digests that say nothing, with why, oldest first.
    unread: Vec<(Object, Timestamp, Fault)>,
}

/// Whether a log file that none of its digests lists can be another trail's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum May {
    /// Its digests cover the time.
    No,
    /// One of its digests that is still to come may list it.
    Later,
    /// Its digests leave the time out, or one of them says nothing.
    Yes,
}

/// What one digest says: which log files, of which window; or why it says nothing.
pub(super) struct Listed {
    object: Object,
    end: Timestamp,
    pub backfill: bool,
    pub said: Result<(Vec<u64>, Range), Fault>,
}

impl Other {
    /// A trail by what was read of its digests; `None` when they make none.
    fn new(name: String, mut read: Vec<Listed>, names: &mut HashSet<u64>) -> Option<Self> {
        let verified = |backfill| {
            let mut of = read.iter().filter(move |listed| listed.backfill == backfill);
            of.any(|listed| listed.said.is_ok())
        };
        let known = [verified(false), verified(true)];
        let (mut windows, mut unread, mut sound) = (Vec::new(), Vec::new(), true);
        read.sort_by_key(|listed| listed.end);
        for Listed { object, end, backfill, said } in read {
            match said {
                Ok((listed, window)) => {
                    names.extend(listed);
                    windows.extend(Some(window).filter(|_| !backfill));
                }
                Err(fault) if known[usize::from(backfill)] || fault.severity == Severity::Unknown => {
                    // What a backfill digest lists may be of any hour.
                    sound &= !backfill;
                    unread.push((object, end, fault));
                }
                Err(_) => {}
            }
        }
        if known == [false, false] && unread.is_empty() {
            return None;
        }
        let newest = windows.iter().map(|window| window.end).max().unwrap_or(Timestamp::MIN);
        let coverage = Coverage::new(if sound { windows } else { Vec::new() }, newest);
        Some(Self { name, coverage, newest, unread })
    }

    /// Whether a log file delivered then may be this trail's; `now` is the end of the newest digest of all.
    pub fn may_be_its(&self, delivered: Timestamp, now: Timestamp) -> May {
        if self.coverage.holds(delivered) {
            May::No
        } else if self.newest < shifted(delivered, SETTLED) && now <= shifted(self.newest, SETTLED) {
            May::Later
        } else {
            May::Yes
        }
    }

    /// The digest that would say it, if there is one that says nothing.
    pub fn unread(&self, delivered: Timestamp) -> Option<(&Object, &Fault)> {
        let after = self.unread.iter().find(|(_, end, _)| *end >= delivered);
        after.or(self.unread.last()).map(|(object, _, fault)| (object, fault))
    }
}

impl<S: ObjectSource> Context<S> {
    /// What the verified digests of all other trails under the same prefixes list and cover.
    pub(super) async fn others(self: &Arc<Self>, pair: &Pair, span: Range) -> Result<Others, Fault> {
        let mut trails: BTreeMap<String, Vec<ListedDigest>> = BTreeMap::new();
        let range = (span.start, shifted(span.end, WINDOW));
        for location in &self.request.locations {
            for digest in self.digests(location, pair.key(), range, Whose::Others).await? {
                trails.entry(digest.name.trail.clone()).or_default().push(digest);
            }
        }
        let mut others = Others::default();
        for (name, digests) in trails {
            let read = self.read_names(pair, digests).await;
            others.trails.extend(Other::new(name, read, &mut others.names));
        }
        Ok(others)
    }

    pub(super) async fn read_names(self: &Arc<Self>, pair: &Pair, digests: Vec<ListedDigest>) -> Vec<Listed> {
        let mut running = JoinSet::new();
        let mut said = HashMap::with_capacity(digests.len());
        for digest in &digests {
            let slot = Arc::clone(&self.digests).acquire_owned().await;
            let (context, chain) = (Arc::clone(self), pair.chain(digest.name.backfill));
            let (object, end) = (digest.object.clone(), digest.name.end);
            running.spawn(async move {
                let place = Place { object, end, role: Role::Window };
                let names = context.names_in(&chain, &place).await;
                drop(slot);
                (place.object, names)
            });
            while let Some(joined) = running.try_join_next() {
                said.extend(joined.ok());
            }
        }
        while let Some(joined) = running.join_next().await {
            said.extend(joined.ok());
        }
        let listed = digests.into_iter().map(|ListedDigest { object, name }| Listed {
            said: said.remove(&object).unwrap_or_else(|| Err(interrupted("reading it"))),
            object,
            end: name.end,
            backfill: name.backfill,
        });
        listed.collect()
    }

    async fn names_in(&self, chain: &Chain, place: &Place) -> Result<(Vec<u64>, Range), Fault> {
        match self.verified_digest(chain, place).await {
            Ok(verified) => {
                let names = verified.digest.log_files.iter().map(|file| self.name(&file.object)).collect();
                Ok((names, Range { start: verified.digest.start, end: verified.digest.end }))
            }
            Err(Failure::Fault(fault)) => Err(fault),
            Err(Failure::Absent) => {
                Err(Fault::new(Reason::ObjectUnreadable, "it was listed, and when it was read it was gone"))
            }
        }
    }

    /// Whether log files of the window lie there, where there are no digests of this trail, and no other trail is known to
    /// have delivered them.
    pub(super) async fn is_nobodys(&self, pair: &Pair) -> bool {
        if !self.request.unlisted || self.request.regions != Selection::All {
            return false;
        }
        for location in &self.request.locations {
            // What cannot be listed is found elsewhere, and said there.
            if self.has_log_files(location, pair).await.unwrap_or_default() {
                return !self.is_anothers(location, pair).await;
            }
        }
        false
    }

    async fn has_log_files(&self, location: &Location, pair: &Pair) -> Result<bool, Fault> {
        let Range { start, end } = self.request.window;
        let due = Coverage::new(vec![self.request.window], self.request.now);
        let mut found = false;
        self.log_files(location, "CloudTrail", pair.key(), (start, end), |object, _| {
            let delivered = log_file_delivery(&object.key, location, &pair.account, &pair.region);
            found |= delivered.is_some_and(|delivered| due.holds(delivered));
            !found
        })
        .await?;
        Ok(found)
    }

    /// Whether one of the newest digests of others verifies.
    async fn is_anothers(&self, location: &Location, pair: &Pair) -> bool {
        let range = (self.request.window.start, shifted(self.request.window.end, WINDOW));
        let listed = self.digests(location, pair.key(), range, Whose::Others).await;
        let mut digests = listed.unwrap_or_default();
        digests.sort_by_key(|digest| std::cmp::Reverse(digest.name.end));
        for ListedDigest { object, name } in digests.into_iter().take(MOST_ASKED) {
            let place = Place { object, end: name.end, role: Role::Window };
            if self.verified_digest(&pair.chain(name.backfill), &place).await.is_ok() {
                return true;
            }
        }
        false
    }
}
