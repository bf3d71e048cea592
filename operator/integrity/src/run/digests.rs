//! Reads digests, many at a time, and the log files of those that verify.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::changes::Changes;
use super::context::Context;
use super::fetch::{Failure, Judged, Reading, interrupted};
use super::pair::{Pair, Tally};
use crate::finding::{Fault, Reason, Severity};
use crate::judge::{self, Candidate, Verified};
use crate::link::{Link, Outcome, Place, Role};
use crate::names::{Chain, Object};
use crate::request::{Expiration, LogFiles};
use crate::source::ObjectSource;
use crate::time::day_folder;

/// What the digests of an account and Region came to.
pub(super) type Outcomes = HashMap<Object, (Outcome, Tally)>;

impl<S: ObjectSource> Context<S> {
    /// Reads all of these digests of one chain, newest first. Where changes decide what is read, a day at a time: they
    /// are not held for more.
    pub(super) async fn read_chain(
        self: &Arc<Self>,
        pair: &Pair,
        chain: &Arc<Chain>,
        places: &[Place],
    ) -> Outcomes {
        self.hooks.progress.digests(places.len());
        let by_day = self.request.log_files == LogFiles::Changed;
        let mut outcomes = Outcomes::with_capacity(places.len());
        for day in places.chunk_by(|one, other| !by_day || day_folder(one.end) == day_folder(other.end)) {
            let changes = self.changes(pair, day).await.map(Arc::new);
            self.read_digests(chain, day, changes.as_ref(), &mut outcomes).await;
        }
        outcomes
    }

    /// Reads these digests in their order, but waiting for none of them. Where a run may hash only so many bytes, the
    /// oldest come first, so that the next run can go on behind them.
    pub(super) async fn read_digests(
        self: &Arc<Self>,
        chain: &Arc<Chain>,
        places: &[Place],
        changes: Option<&Arc<Changes>>,
        outcomes: &mut Outcomes,
    ) {
        let mut ordered: Vec<&Place> = places.iter().collect();
        if self.request.limits.bytes.is_some() {
            ordered.reverse();
        }
        let mut running = JoinSet::new();
        for place in ordered {
            let slot = Arc::clone(&self.digests).acquire_owned().await;
            let (context, chain) = (Arc::clone(self), Arc::clone(chain));
            let (place, changes) = (place.clone(), changes.cloned());
            running.spawn(async move {
                let outcome = context.read_digest(&chain, &place, changes.as_deref()).await;
                drop(slot);
                (place.object, outcome)
            });
            while let Some(joined) = running.try_join_next() {
                outcomes.extend(joined.ok());
            }
        }
        while let Some(joined) = running.join_next().await {
            outcomes.extend(joined.ok());
        }
        for place in places {
            outcomes.entry(place.object.clone()).or_insert_with(|| {
                (Outcome::Faulty(interrupted("reading it or its log files")), Tally::default())
            });
        }
    }

    /// Reads one digest, and its log files if it verifies and is of the window.
    pub(super) async fn read_digest(
        self: &Arc<Self>,
        chain: &Arc<Chain>,
        place: &Place,
        changes: Option<&Changes>,
    ) -> (Outcome, Tally) {
        let verified = self.verified_digest(chain, place).await;
        let outcome = match verified {
            Ok(verified) => {
                let link = Link::from(&verified);
                let tally = if place.role == Role::Window {
                    self.log_files_of(chain, verified.digest.log_files, place, changes).await
                } else {
                    Tally::default()
                };
                (Outcome::Verified(link), tally)
            }
            Err(Failure::Fault(fault)) => (Outcome::Faulty(fault), Tally::default()),
            Err(Failure::Absent) => {
                let rules = &self.request.expirations;
                let expired = Expiration::explains(rules, &place.object, place.end, self.request.now);
                (if expired { Outcome::Expired } else { Outcome::Absent }, Tally::default())
            }
        };
        self.hooks.progress.digest_done();
        outcome
    }

    /// Reads one digest and verifies its signature, twice before calling it changed.
    pub(super) async fn verified_digest(&self, chain: &Chain, place: &Place) -> Result<Verified, Failure> {
        match self.verify_digest(chain, place).await {
            Err(Failure::Fault(fault)) if fault.reason == Reason::DigestModified => {
                self.verify_digest(chain, place).await
            }
            result => result,
        }
    }

    async fn verify_digest(&self, chain: &Chain, place: &Place) -> Result<Verified, Failure> {
        let reading = Reading {
            limit: self.request.limits.large_file as u64,
            keep: true,
            observer: None,
            unsound: judge::unsound_digest,
        };
        let read = self.read(&place.object, reading, |fetched| {
            let raw = fetched.raw.as_deref().unwrap_or_default();
            Candidate::read(&place.object, chain.backfill, &fetched.metadata, raw, fetched.content.sha256)
        });
        // Whoever wrote it may have made it large: that is held until it is known to be CloudTrail's.
        let Judged { value: candidate, large: _held } = read.await?;
        let made = match place.role {
            Role::Successor => Some(place.end),
            Role::Window | Role::Anchor => candidate.generated().filter(|_| chain.backfill),
        };
        let keys = self.keys(&chain.region, made).await.map_err(|fault| {
            // Without keys nothing can be said of the digest, whatever kept them away.
            Failure::Fault(Fault { severity: Severity::Unknown, ..fault })
        })?;
        if let Some(made) = made.filter(|_| keys.is_empty())
            && self.keys(&chain.region, None).await.is_ok_and(|keys| !keys.is_empty())
        {
            return Err(Failure::Fault(judge::keyless(made, &chain.region)));
        }
        candidate.verify(&keys, &chain.region).map_err(Failure::Fault)
    }
}
