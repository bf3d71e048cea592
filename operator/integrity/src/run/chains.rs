//! One account and Region as a whole: both chains, the newest digest, the anchors, the unlisted log files.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::context::Context;
use super::digests::Outcomes;
use super::hooks::FileKind;
use super::listing::Whose;
use super::pair::{Changes, Findings, Pair, Tally};
use crate::finding::{Fault, Finding, Reason, Severity};
use crate::link::{Outcome, Place, Role, Walk};
use crate::names::{Chain, Object};
use crate::newest;
use crate::report::{ChainReport, Range};
use crate::request::{Anchor, LogFiles};
use crate::source::ObjectSource;
use crate::time::{WINDOW, shifted, whole_seconds};
use crate::walker::Walker;

/// What an account and Region came to.
#[derive(Debug)]
pub(super) struct Done {
    pub report: ChainReport,
    pub findings: Vec<Finding>,
    pub anchors: Vec<Anchor>,
    pub found: Option<Range>,
}

/// The digests of one chain that are to be read.
struct Plan<'a> {
    backfill: bool,
    window: Range,
    anchor: Option<&'a Anchor>,
    places: Vec<Place>,
}

/// What the walk over one chain came to, with what was read for it.
struct Walked {
    walk: Walk,
    outcomes: Outcomes,
    tally: Tally,
}

impl<S: ObjectSource> Context<S> {
    /// Verifies one account and Region.
    pub(super) async fn verify_pair(self: Arc<Self>, pair: Pair) -> Done {
        let mut found = Findings::new(&pair);
        let mut plans = [self.plan(&pair, false), self.plan(&pair, true)];
        let (listed, _) = tokio::join!(self.list_digests(&pair, &mut plans), self.keys(&pair.region, None));
        if let Err(fault) = listed {
            found.add(&self.place_of(&pair), fault);
            return Done { report: found.report, findings: found.findings, anchors: Vec::new(), found: None };
        }
        let changes = self.changes(&pair, &plans).await.map(Arc::new);
        let successor = self.successor(&pair, &mut plans[0]).await;
        let nothing = plans.iter().all(|plan| plan.places.is_empty());
        let [hourly, backfill] = &plans;
        let (hourly, backfill) = tokio::join!(
            self.walk(&pair, hourly, changes.as_ref()),
            self.walk(&pair, backfill, changes.as_ref())
        );
        let mut anchors = Vec::new();
        for (plan, walked) in plans.iter().zip([&hourly, &backfill]) {
            self.check_anchor(&pair, plan, walked, nothing, &mut found).await;
            anchors.extend(anchor_of(&pair, plan, &walked.walk));
            take(&walked.walk, plan.backfill, &mut found);
        }
        let covered = hourly.walk.covered;
        // What a backfill digest lists may be of any hour: while one cannot be read, nothing is unlisted.
        let backfill_sound = backfill.walk.counts.invalid + backfill.walk.counts.unchecked == 0;
        let mut tally = hourly.tally;
        tally.merge(backfill.tally);
        self.check_newest(&pair, &plans[0], successor, &covered, &mut found);
        if self.request.unlisted && backfill_sound {
            self.unlisted(&pair, covered.clone(), &tally.names, &mut found).await;
        }
        self.take_log_files(&pair, tally, &mut found);
        let range = covered.into_iter().reduce(Range::around).map(|range| range.within(self.request.window));
        Done { report: found.report, findings: found.findings, anchors, found: range }
    }

    fn plan(&self, pair: &Pair, backfill: bool) -> Plan<'_> {
        let chain = pair.chain(backfill);
        let anchor = self.request.anchors.iter().find(|anchor| anchor.chain() == chain);
        let start = anchor.map_or(self.request.window.start, |anchor| anchor.end);
        Plan { backfill, window: Range { start, end: self.request.window.end }, anchor, places: Vec::new() }
    }

    /// Lists both chains in all places, each from where it starts.
    async fn list_digests(&self, pair: &Pair, plans: &mut [Plan<'_>; 2]) -> Result<(), Fault> {
        let from = plans[0].window.start.min(plans[1].window.start);
        let to = shifted(self.request.window.end, WINDOW);
        for location in &self.request.locations {
            for digest in self.digests(location, pair.key(), (from, to), Whose::Own).await? {
                let plan = &mut plans[usize::from(digest.name.backfill)];
                if digest.name.end < plan.window.start {
                    continue;
                }
                let anchored = plan.anchor.is_some_and(|anchor| {
                    anchor.bucket == digest.object.bucket && anchor.key == digest.object.key
                });
                let role = if anchored { Role::Anchor } else { Role::Window };
                plan.places.push(Place { object: digest.object, end: digest.name.end, role });
            }
        }
        for plan in plans {
            plan.places.sort_by_key(|place| std::cmp::Reverse(place.end));
        }
        Ok(())
    }

    /// When every log file was changed last, where that decides which ones are read.
    async fn changes(&self, pair: &Pair, plans: &[Plan<'_>; 2]) -> Option<Changes> {
        if self.request.log_files != LogFiles::Changed {
            return None;
        }
        let ends = || plans.iter().flat_map(|plan| plan.places.iter().map(|place| place.end));
        let span = (shifted(ends().min()?, -(WINDOW + WINDOW)), ends().max()?);
        let mut changes = Changes::new();
        for location in &self.request.locations {
            let listed = self.log_files(location, pair.key(), span, |object, changed| {
                changes.insert(self.name(&object), changed);
            });
            // What is not listed is read: nothing is left out when this fails.
            let _ = listed.await;
        }
        Some(changes)
    }

    /// Adds the first digest after the window where the window is not covered to its end: what it says of the one before
    /// it tells whether one is missing. `true` when there is one.
    async fn successor(&self, pair: &Pair, plan: &mut Plan<'_>) -> bool {
        let newest = plan.places.first().map_or(plan.window.start, |place| place.end);
        let after = shifted(self.request.window.end, WINDOW);
        if newest >= self.request.window.end || after >= self.request.now {
            return false;
        }
        let mut first: Option<Place> = None;
        for location in &self.request.locations {
            let later = self.digests(location, pair.key(), (after, self.request.now), Whose::Own).await;
            for digest in later.unwrap_or_default() {
                let earlier = first.as_ref().is_none_or(|first| digest.name.end < first.end);
                if !digest.name.backfill && digest.name.end > after && earlier {
                    first =
                        Some(Place { object: digest.object, end: digest.name.end, role: Role::Successor });
                }
            }
        }
        let known = first.is_some();
        plan.places.extend(first);
        plan.places.sort_by_key(|place| std::cmp::Reverse(place.end));
        known
    }

    async fn walk(self: &Arc<Self>, pair: &Pair, plan: &Plan<'_>, changes: Option<&Arc<Changes>>) -> Walked {
        let chain = Arc::new(pair.chain(plan.backfill));
        let mut outcomes = self.read_digests(&chain, &plan.places, changes).await;
        let mut walker =
            Walker::new(&chain, &self.trail_part, &self.request.locations, plan.window, plan.places.clone());
        let mut tally = Tally::default();
        while let Some(place) = walker.next() {
            if !outcomes.contains_key(&place.object) {
                self.hooks.progress.digests(1);
                let read = self.read_digest(&chain, &place, changes.map(Arc::as_ref)).await;
                outcomes.insert(place.object.clone(), read);
            }
            let Some((outcome, log_files)) = outcomes.get_mut(&place.object) else { continue };
            tally.merge(std::mem::take(log_files));
            walker.read(outcome.clone());
        }
        let walk = walker.finish();
        self.tell(&chain, &walk, &outcomes);
        Walked { walk, outcomes, tally }
    }

    /// Tells the listener of the digests of one chain.
    fn tell(&self, chain: &Chain, walk: &Walk, outcomes: &Outcomes) {
        let Some(listener) = &self.hooks.listener else { return };
        let faulty = walk.findings.iter().filter(|(_, fault)| fault.severity != Severity::Warning);
        let faulty: BTreeMap<&Object, &Fault> = faulty.map(|(object, fault)| (object, fault)).collect();
        for (object, fault) in &faulty {
            listener.file(FileKind::Digest, chain, object, Some(fault));
        }
        for place in &walk.counted {
            if matches!(outcomes.get(place), Some((Outcome::Verified(_), _))) && !faulty.contains_key(place) {
                listener.file(FileKind::Digest, chain, place, None);
            }
        }
    }

    /// The digest up to which the chain was verified earlier must still be the same.
    async fn check_anchor(
        &self,
        pair: &Pair,
        plan: &Plan<'_>,
        walked: &Walked,
        nothing: bool,
        found: &mut Findings,
    ) {
        let Some(anchor) = plan.anchor else { return };
        let object = Object { bucket: anchor.bucket.clone(), key: anchor.key.clone() };
        let missing = match walked.outcomes.get(&object) {
            Some((Outcome::Verified(link), _)) => {
                if hex::encode(link.sha256) != anchor.sha256 {
                    let message = "it is not the digest that was verified there earlier";
                    found.add(&object, Fault::new(Reason::ChainBroken, message));
                }
                return;
            }
            Some((Outcome::Faulty(_) | Outcome::Expired, _)) => return,
            Some((Outcome::Absent, _)) | None => {
                !walked.walk.findings.iter().any(|(missing, _)| *missing == object)
            }
        };
        if nothing && !plan.backfill && !self.any_digest(pair).await {
            let message = format!("its digests were verified up to {}, and now there are none", anchor.end);
            found.add(&self.place_of(pair), Fault::new(Reason::ChainDisappeared, message));
        } else if missing {
            let message = format!(
                "it is not there, and it was verified earlier as the digest that ends at {}",
                anchor.end
            );
            found.add(&object, Fault::new(Reason::DigestMissing, message));
        }
    }

    /// Whether the bucket holds any digest of this trail for the account and Region, however old. What cannot be listed
    /// counts as there.
    async fn any_digest(&self, pair: &Pair) -> bool {
        for location in &self.request.locations {
            let ever = (Timestamp::UNIX_EPOCH, self.request.now);
            if self
                .digests(location, pair.key(), ever, Whose::Own)
                .await
                .is_ok_and(|digests| digests.is_empty())
            {
                continue;
            }
            return true;
        }
        false
    }

    fn check_newest(
        &self,
        pair: &Pair,
        plan: &Plan<'_>,
        successor: bool,
        covered: &[Range],
        found: &mut Findings,
    ) {
        let newest = plan.places.iter().find(|place| place.role != Role::Successor).map(|place| place.end);
        if (newest.is_none() && plan.anchor.is_some()) || (successor && newest.is_some()) {
            return;
        }
        // GetTrailStatus is about what the trail's own account delivers.
        let delivery = self.request.delivery.get(&pair.region).copied();
        let delivery = delivery.filter(|_| pair.account == self.request.trail.account && !successor);
        let newest = newest.max(covered.first().map(|range| range.end));
        let Some(fault) = newest::check(newest, self.request.window, self.request.now, delivery) else {
            return;
        };
        if newest.is_none()
            && successor
            && found.findings.iter().any(|finding| finding.reason == Reason::DigestMissing)
        {
            return;
        }
        if fault.reason == Reason::DigestMissing {
            found.report.digests.invalid += 1;
        }
        found.add(&self.place_of(pair), fault);
    }

    fn take_log_files(&self, pair: &Pair, tally: Tally, found: &mut Findings) {
        found.report.log_files.merge(tally.counts);
        for (object, fault) in tally.findings {
            found.add(&object, fault);
        }
        if tally.over_budget > 0 {
            let message = format!(
                "{} log files were not read: the run may hash {} bytes",
                tally.over_budget,
                self.request.limits.bytes.unwrap_or_default()
            );
            found.add(&self.place_of(pair), Fault::new(Reason::TooMuch, message));
        }
    }

    /// Where the digests of the account and Region are now.
    fn place_of(&self, pair: &Pair) -> String {
        self.request.locations.first().map_or_else(String::new, |location| {
            format!("s3://{}/{}", location.bucket, location.digests_prefix(&pair.account, &pair.region))
        })
    }
}

/// Takes what a walk came to into the report. What keeps away all keys is said once.
fn take(walk: &Walk, backfill: bool, found: &mut Findings) {
    if backfill {
        found.report.backfill_digests = walk.counts;
    } else {
        found.report.digests = walk.counts;
    }
    found.report.gaps.extend(
        walk.gaps.iter().map(|gap| Range { start: whole_seconds(gap.start), end: whole_seconds(gap.end) }),
    );
    let mut said = HashSet::new();
    for (object, fault) in &walk.findings {
        if fault.reason != Reason::NoPublicKeys || said.insert(fault.message.clone()) {
            found.add(object, fault.clone());
        }
    }
}

fn anchor_of(pair: &Pair, plan: &Plan<'_>, walk: &Walk) -> Option<Anchor> {
    let (place, sha256) = walk.newest.as_ref()?;
    Some(Anchor {
        account_id: pair.account.clone(),
        region: pair.region.clone(),
        backfill: plan.backfill,
        bucket: place.object.bucket.clone(),
        key: place.object.key.clone(),
        end: place.end,
        sha256: hex::encode(sha256),
    })
}
