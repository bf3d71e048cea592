//! One account and Region as a whole: both chains, the newest digest, the anchors, the unlisted log files.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::context::Context;
use super::digests::Outcomes;
use super::fetch::Failure;
use super::hooks::FileKind;
use super::listing::{ListedDigest, Whose};
use super::pair::{Findings, Pair, Tally};
use crate::finding::{Fault, Finding, Reason, Severity};
use crate::link::{Link, Outcome, Place, Role, Walk};
use crate::names::{Chain, Object};
use crate::newest;
use crate::report::{ChainReport, Range};
use crate::request::{Anchor, Selection};
use crate::source::ObjectSource;
use crate::time::{TOLERANCE, WINDOW, shifted, whole_seconds};
use crate::walker::Walker;

/// What an account and Region came to.
#[derive(Debug)]
pub(super) struct Done {
    pub report: ChainReport,
    pub findings: Vec<Finding>,
    pub anchors: Vec<Anchor>,
    /// Whether both chains are verified up to the newest digests that are there.
    pub level: bool,
    pub found: Option<Range>,
}

/// The digests of one chain that are to be read.
pub(super) struct Plan<'a> {
    pub backfill: bool,
    pub window: Range,
    /// The anchor that was given.
    pub remembered: Option<&'a Anchor>,
    /// The same, where it is a digest of this chain: the chain is verified from there on.
    pub anchor: Option<&'a Anchor>,
    pub places: Vec<Place>,
    /// What was read at the first of them, where that is the one after the window.
    pub successor: Option<(Object, Outcome)>,
    /// Whether all places could be listed.
    pub complete: bool,
}

/// So many digests after the window are tried until one verifies: anybody may have put one there.
const MOST_SUCCESSORS: usize = 5;

impl Plan<'_> {
    /// A plan to read one digest.
    pub fn of(place: Place, backfill: bool) -> Self {
        let window = Range { start: place.end, end: place.end };
        Self {
            backfill,
            window,
            remembered: None,
            anchor: None,
            places: vec![place],
            successor: None,
            complete: true,
        }
    }

    /// Whether the chain is verified up to the newest digest that is there.
    fn is_level(&self, anchor: Option<&Anchor>) -> bool {
        let newest = self.places.iter().find(|place| place.role != Role::Successor).map(|place| place.end);
        self.complete && newest == anchor.map(|anchor| anchor.end)
    }
}

/// What the walk over one chain came to, with what was read for it.
pub(super) struct Walked {
    pub walk: Walk,
    pub outcomes: Outcomes,
    tally: Tally,
    /// Ends of the digests with log files that were changed or could not be read.
    pub unsettled: Vec<Timestamp>,
    /// Ends of the digests with log files that this run had no room to read.
    pub left_out: Vec<Timestamp>,
}

impl<S: ObjectSource> Context<S> {
    /// Verifies one account and Region; `None` when the trail never delivered for them, and nobody said that it does.
    pub(super) async fn verify_pair(self: Arc<Self>, pair: Pair) -> Option<Done> {
        let mut found = Findings::new(&pair);
        let mut plans = [self.plan(&pair, false, &mut found), self.plan(&pair, true, &mut found)];
        self.list_digests(&pair, &mut plans, &mut found).await;
        let is_empty = plans.iter().all(|plan| plan.places.is_empty());
        if is_empty && !self.is_expected(&pair, &plans).await && !self.is_nobodys(&pair).await {
            return None;
        }
        let successor = self.successor(&pair, &mut plans[0], &mut found).await;
        let [hourly, backfill] = &plans;
        // The keys are asked for meanwhile, where there is something to verify: who needs them says what came of it.
        let keys = async { if is_empty { None } else { self.keys(&pair.region, None).await.ok() } };
        let (_, hourly, backfill, ahead) = tokio::join!(
            keys,
            self.walk(&pair, hourly),
            self.walk(&pair, backfill),
            self.list_ahead(&pair, hourly)
        );
        let (mut anchors, mut level) = (Vec::new(), true);
        for (plan, walked) in plans.iter().zip([&hourly, &backfill]) {
            let sound = self.check_anchor(&pair, plan, walked, &mut found).await;
            let anchor = self.anchor(&pair, plan, walked, sound);
            level &= sound && plan.is_level(anchor.as_ref());
            anchors.extend(anchor);
            take(&walked.walk, plan.backfill, &mut found);
        }
        let covered = hourly.walk.covered;
        // What a backfill digest lists may be of any hour: while one cannot be read, nothing is unlisted.
        let backfill_sound = backfill.walk.counts.invalid + backfill.walk.counts.unchecked == 0;
        let mut tally = hourly.tally;
        tally.merge(backfill.tally);
        self.check_newest(&pair, &plans[0], successor, &covered, &mut found);
        if self.request.unlisted && backfill_sound && plans.iter().all(|plan| plan.complete) {
            let names = std::mem::take(&mut tally.names);
            self.unlisted(&pair, covered.clone(), names, (plans[0].anchor, ahead), &mut found).await;
        }
        self.take_log_files(&pair, tally, &mut found);
        let range = covered.into_iter().reduce(Range::around).map(|range| range.within(self.request.window));
        Some(Done { report: found.report, findings: found.findings, anchors, level, found: range })
    }

    fn plan(&self, pair: &Pair, backfill: bool, found: &mut Findings) -> Plan<'_> {
        let remembered = self.remembered(pair).find(|anchor| anchor.backfill == backfill);
        let anchor = remembered.filter(|anchor| {
            let located = anchor.locate(&self.trail_part, &self.request.locations);
            located
                .map_err(|fault| found.add(&format!("s3://{}/{}", anchor.bucket, anchor.key), fault))
                .is_ok()
        });
        let start = anchor.map_or(self.request.window.start, |anchor| anchor.end);
        let window = Range { start, end: self.request.window.end };
        Plan { backfill, window, remembered, anchor, places: Vec::new(), successor: None, complete: true }
    }

    /// The anchors that were given for an account and Region.
    pub(super) fn remembered(&self, pair: &Pair) -> impl Iterator<Item = &Anchor> {
        let pair = pair.clone();
        self.request
            .anchors
            .iter()
            .filter(move |anchor| anchor.account_id == pair.account && anchor.region == pair.region)
    }

    /// Whether digests must be there: asked for by name, verified earlier, reported by CloudTrail, or once delivered. A
    /// folder alone may be that of another trail.
    async fn is_expected(&self, pair: &Pair, plans: &[Plan<'_>; 2]) -> bool {
        let reported =
            self.request.delivery.get(&pair.region).is_some_and(|word| word.latest_digest.is_some());
        self.request.regions != Selection::All
            || plans.iter().any(|plan| plan.remembered.is_some() || !plan.complete)
            || (reported && pair.account == self.request.trail.account)
            || self.any_digest(pair, false).await
            || self.any_digest(pair, true).await
    }

    /// Lists both chains in all places, each from where it starts. A place that cannot be listed keeps away no other.
    async fn list_digests(&self, pair: &Pair, plans: &mut [Plan<'_>; 2], found: &mut Findings) {
        let from = plans[0].window.start.min(plans[1].window.start);
        let to = shifted(self.request.window.end, WINDOW);
        for location in &self.request.locations {
            let listed = self.digests(location, pair.key(), (from, to), Whose::Own).await;
            let listed = listed.unwrap_or_else(|fault| {
                found.add(&pair.digests_in(location), fault);
                for plan in plans.iter_mut() {
                    plan.complete = false;
                }
                Vec::new()
            });
            for digest in listed {
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
    }

    /// Adds the first digest after the window that verifies, where the window is not covered to its end: what it says of
    /// the one before it tells whether one is missing. `true` when there is one.
    async fn successor(&self, pair: &Pair, plan: &mut Plan<'_>, found: &mut Findings) -> bool {
        let newest = plan.places.first().map_or(plan.window.start, |place| place.end);
        let after = shifted(self.request.window.end, WINDOW);
        if newest >= self.request.window.end || after >= self.request.now {
            return false;
        }
        let mut next = Vec::new();
        for location in &self.request.locations {
            match self.first_digests(location, pair.key(), after, (false, MOST_SUCCESSORS)).await {
                Ok(digests) => next.extend(digests),
                Err(fault) => {
                    found.add(&pair.digests_in(location), fault);
                    plan.complete = false;
                }
            }
        }
        next.sort_by_key(|digest| digest.name.end);
        for ListedDigest { object, name } in next.into_iter().take(MOST_SUCCESSORS) {
            let place = Place { object, end: name.end, role: Role::Successor };
            match self.verified_digest(&pair.chain(false), &place).await {
                Ok(verified) => {
                    plan.successor = Some((place.object.clone(), Outcome::Verified(Link::from(&verified))));
                    plan.places.insert(0, place);
                    return true;
                }
                Err(Failure::Fault(fault)) => found.add(&place.object, fault),
                Err(Failure::Absent) => {}
            }
        }
        false
    }

    pub(super) async fn walk(self: &Arc<Self>, pair: &Pair, plan: &Plan<'_>) -> Walked {
        let chain = Arc::new(pair.chain(plan.backfill));
        let places = plan.places.get(usize::from(plan.successor.is_some())..).unwrap_or_default();
        let mut outcomes = self.read_chain(pair, &chain, places).await;
        let successor = plan.successor.clone();
        outcomes.extend(successor.map(|(object, outcome)| (object, (outcome, Tally::default()))));
        let locations = &self.request.locations;
        let mut walker = Walker::new(&chain, &self.trail_part, locations, plan.window, plan.places.clone())
            .of_whole_window(self.request.whole_window && plan.remembered.is_none());
        let (mut tally, mut unsettled, mut left_out) = (Tally::default(), Vec::new(), Vec::new());
        while let Some(place) = walker.next() {
            if !outcomes.contains_key(&place.object) {
                outcomes.extend(self.read_chain(pair, &chain, std::slice::from_ref(&place)).await);
            }
            let Some((outcome, log_files)) = outcomes.get_mut(&place.object) else { continue };
            let log_files = std::mem::take(log_files);
            unsettled.extend(Some(place.end).filter(|_| !log_files.is_settled()));
            left_out.extend(Some(place.end).filter(|_| log_files.over_budget > 0));
            tally.merge(log_files);
            walker.read(outcome.clone());
        }
        let walk = walker.finish();
        self.tell(&chain, &walk);
        Walked { walk, outcomes, tally, unsettled, left_out }
    }

    /// Tells the listener of the digests of one chain.
    fn tell(&self, chain: &Chain, walk: &Walk) {
        let Some(listener) = &self.hooks.listener else { return };
        let faulty = walk.findings.iter().filter(|(_, fault)| fault.severity != Severity::Warning);
        let faulty: BTreeMap<&Object, &Fault> = faulty.map(|(object, fault)| (object, fault)).collect();
        for (object, fault) in &faulty {
            listener.file(FileKind::Digest, chain, object, Some(fault));
        }
        for (place, _) in walk.verified.iter().filter(|(place, _)| place.role == Role::Window) {
            if !faulty.contains_key(&place.object) {
                listener.file(FileKind::Digest, chain, &place.object, None);
            }
        }
    }

    fn check_newest(
        &self,
        pair: &Pair,
        plan: &Plan<'_>,
        successor: bool,
        covered: &[Range],
        found: &mut Findings,
    ) {
        let newest = newest_of(plan, covered);
        let known_otherwise = newest.is_none() && plan.anchor.is_some();
        if !plan.complete || known_otherwise || (successor && newest.is_some()) {
            return;
        }
        // GetTrailStatus is about what the trail's own account delivers.
        let delivery = self.request.delivery.get(&pair.region).copied();
        let delivery = delivery.filter(|_| pair.account == self.request.trail.account && !successor);
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
    pub(super) fn place_of(&self, pair: &Pair) -> String {
        self.request.locations.first().map_or_else(String::new, |location| pair.digests_in(location))
    }
}

/// End of the newest digest that verified, or of one that could not be judged where the next one would be after it: a
/// digest that lies elsewhere and does not verify may be anybody's. Where none verified it is the newest by name.
fn newest_of(plan: &Plan<'_>, covered: &[Range]) -> Option<Timestamp> {
    let ends = || plan.places.iter().filter(|place| place.role != Role::Successor).map(|place| place.end);
    let anchored = plan.places.iter().find(|place| place.role == Role::Anchor).map(|place| place.end);
    let Some(verified) = covered.iter().map(|range| range.end).chain(anchored).max() else {
        return ends().max();
    };
    let mut newest = verified;
    // The oldest come last.
    for end in ends().collect::<Vec<_>>().into_iter().rev() {
        if end.duration_since(shifted(newest, WINDOW)).abs() <= TOLERANCE {
            newest = end;
        }
    }
    Some(newest)
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
