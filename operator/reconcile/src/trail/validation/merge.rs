//! What follows from a run: the next ledger.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use trail_operator_crds::LogFiles;
use trail_operator_integrity::{
    Anchor, Finding, Location, Outcome, Range, Reason, Report, Severity,
    records::{Control, explain},
    walker::BEGINS_ANEW,
};

use super::{
    Counted, Explained, Facts, Ledger, Open, Pair, Seal, Subject, Work, coverage,
    findings::Key,
    ledger::{Location as Place, plain},
    requests::{self, reach},
};
use crate::{event::Event, reason};

/// A chain whose newest digest is that much older than the newest of all does not go on.
const GOES_ON: SignedDuration = SignedDuration::from_hours(3);

/// A new chain that nobody has explained for this long counts as evidence.
const EXPLAINED_WITHIN: SignedDuration = SignedDuration::from_hours(24);

/// At most this many new findings are told one by one.
const MOST_EVENTS: usize = 10;

/// At most this many findings are kept; the worst.
const MOST_OPEN: usize = 1000;

/// What a run has read.
#[derive(Clone, Debug)]
pub struct Run {
    /// Why it was made.
    pub work: Work,
    /// Over what was verified before.
    pub look: Option<Outcome>,
    /// Of what is new.
    pub onward: Outcome,
    /// From when on, for chains without an anchor.
    pub start: Timestamp,
    /// Over the whole past.
    pub deep: Option<Outcome>,
    /// The newest digest of each chain up to [`through`].
    pub recalled: Vec<Anchor>,
    /// Around what was amiss.
    pub again: Vec<(Pair, Range, Outcome)>,
    /// Calls that stopped or changed the trail, as delivered records show them.
    pub controls: Vec<Control>,
}

impl Run {
    /// What was found, each with the gap it is, so that it can be read around before anything follows from it.
    pub fn found(&self, now: Timestamp) -> Vec<Open> {
        let parts = self.look.iter().chain([&self.onward]).chain(&self.deep);
        let again = self.again.iter().map(|(_, _, outcome)| outcome);
        let mut known = BTreeSet::new();
        let all = parts.chain(again).flat_map(|outcome| opened(&outcome.report, now));
        all.filter(|open| known.insert(open.key())).collect()
    }
}

/// Where a run goes on: the digests up to which the last one verified, if they still are those that it wrote down, and
/// from when on chains without one are verified. Whoever declares that more is to be read begins anew.
pub fn goes_on_from(
    subject: &Subject,
    ledger: &Ledger,
    look: Option<&Outcome>,
    now: Timestamp,
) -> (Timestamp, Vec<Anchor>) {
    let is_less =
        ledger.log_files.is_some_and(|read| thoroughness(read) < thoroughness(subject.validation.log_files));
    let (Some(verified), Some(look)) = (ledger.verified.filter(|_| !is_less), look) else {
        return (requests::start(subject, now), vec![]);
    };
    if !ledger.anchors.is_empty() {
        return (verified.start, ledger.anchors.clone());
    }
    let seal = Seal::of(&lately(&look.anchors, verified.end, subject));
    if ledger.claim.as_ref().is_some_and(|claim| claim.is_of(&seal)) {
        return (verified.start, look.anchors.clone());
    }
    // Whatever the reason, to read it again is never wrong. A run that begins where the last one did is taken for one that
    // goes on, and whoever edits status could make it so.
    let anew = look.report.requested.start;
    (if anew == verified.start { anew - SignedDuration::from_secs(1) } else { anew }, vec![])
}

fn thoroughness(log_files: LogFiles) -> u8 {
    match log_files {
        LogFiles::None => 0,
        LogFiles::Sample => 1,
        LogFiles::All => 2,
    }
}

/// What was verified before, where the run that began at `start` goes on from it.
fn trusted(before: &Ledger, start: Timestamp) -> Option<Range> {
    before.verified.filter(|range| range.start == start)
}

/// Up to when every chain that goes on was verified. `start` is where the run began.
pub fn through(before: &Ledger, onward: &Outcome, start: Timestamp) -> Option<Timestamp> {
    let end = going_on(&anchors(before, onward)).map(|anchor| anchor.end).min();
    // Time does not run backwards: a chain that fell behind is a finding of its own.
    end.max(trusted(before, start).map(|range| range.end))
}

/// The ledger after a run.
pub fn merge(subject: &Subject, facts: &Facts, before: Ledger, run: &Run) -> Ledger {
    let now = facts.now;
    let anchors = anchors(&before, &run.onward);
    let seen = pairs_of(&anchors);
    let expected = coverage::expected(subject, facts, &seen, before.coverage.as_ref());
    let all = run.found(now);
    let locations = locations(subject, &before.locations, now);
    let places = places(subject, facts, &locations);
    // What was found in a place that was none of the trail's, and is one now, is among those of before.
    let expired = all.iter().chain(&before.open).filter(|open| open.finding.reason == Reason::Expired);
    let expired = expired.filter_map(|open| open.time(&places)).max().max(before.expired);
    let verified = verified(subject, &before, run, expired, now);
    let seal = verified.map(|range| Seal::of(&lately(&run.recalled, range.end, subject)));
    let mut missing_since = before.missing_since.clone();
    let delivering = delivering(run, &anchors, now);
    let coverage =
        coverage::compare(&expected, &delivering, before.coverage.as_ref(), &mut missing_since, facts);
    let found: Vec<Open> = all
        .iter()
        .filter(|open| counts(open, &expected.0, facts, &anchors) && !is_expiry(open, &places))
        .cloned()
        .collect();
    let told: BTreeSet<_> = before.open.iter().map(|open| (open.key(), open.finding.reason)).collect();
    let stands = |open: &Open| !is_expiry(open, &places);
    let standing_before: Vec<Open> = before.open.iter().filter(|open| stands(open)).cloned().collect();
    let open = standing(&standing_before, found, &Reading { run, all: &all, facts, places: &places });
    let (explained, open) = explained(before.explained.clone(), open, &run.controls);
    let since = reach(subject, now);
    let count = open.len();
    let mut open: Vec<Open> = open
        .into_iter()
        .filter(|open| open.time(&places).is_none_or(|time| time >= since))
        .map(|open| worse_if_unexplained(open, now))
        .collect();
    let aged = open.len() < count;
    open.sort_by_key(|open| {
        (std::cmp::Reverse(open.finding.severity), open.since, open.finding.object.clone())
    });
    let dropped = open.len().saturating_sub(MOST_OPEN);
    open.truncate(MOST_OPEN);
    let deep = run.deep.as_ref().map(DeepPass::of);
    let beyond = dropped + if deep == Some(DeepPass::Clear) { 0 } else { before.beyond };
    let amiss = |open: &[Open]| open.iter().any(|open| open.finding.severity != Severity::Unknown);
    let was_amiss = before.was_amiss || amiss(&before.open);
    let is_well = open.is_empty() && beyond == 0;
    let news = news(&told, is_well && was_amiss && !aged, &open);
    let goes_on = before.verified.is_none() || trusted(&before, run.start).is_some();
    Ledger {
        verified,
        seal,
        claim: None,
        expired,
        log_files: Some(read_of_log_files(subject, &before, run)),
        was_amiss: !is_well && (was_amiss || amiss(&open)),
        anchors,
        last_run: Some(now),
        deep_pass: match deep {
            Some(DeepPass::Clear | DeepPass::TooMuch) => Some(now),
            // What status says of it is in doubt.
            _ if !goes_on => None,
            Some(DeepPass::Unread) | None => before.deep_pass,
        },
        request: run.work.request.clone().or(before.request),
        valid: counted(before.valid, &run.onward.report),
        open,
        beyond,
        explained: explained.into_iter().filter(|one| one.gap.end >= since).collect(),
        locations,
        coverage: Some(coverage),
        missing_since,
        news,
    }
}

/// How far a look over the whole past came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DeepPass {
    /// All of it was read.
    Clear,
    /// A bound was reached, as it will be the next time.
    TooMuch,
    /// Something could not be read.
    Unread,
}

impl DeepPass {
    fn of(outcome: &Outcome) -> Self {
        let unknown: Vec<_> = outcome
            .report
            .findings
            .iter()
            .filter(|finding| finding.severity == Severity::Unknown && finding.reason != Reason::Expired)
            .collect();
        if unknown.is_empty() && outcome.report.found.is_some() {
            Self::Clear
        } else if unknown.iter().any(|finding| finding.reason == Reason::TooMuch) {
            Self::TooMuch
        } else {
            Self::Unread
        }
    }
}

/// The least that was read of log files over the whole range.
fn read_of_log_files(subject: &Subject, before: &Ledger, run: &Run) -> LogFiles {
    let now = subject.validation.log_files;
    let before = before.log_files.filter(|_| trusted(before, run.start).is_some());
    before.into_iter().chain([now]).min_by_key(|read| thoroughness(*read)).unwrap_or(now)
}

/// What a lifecycle rule has taken in order ends the range of the verdict, and is held against nobody.
fn is_expiry(open: &Open, places: &[Location]) -> bool {
    open.finding.reason == Reason::Expired && open.time(places).is_some()
}

/// Newest verified digests: new ones, else the old ones of chains of which nothing could be verified.
fn anchors(before: &Ledger, onward: &Outcome) -> Vec<Anchor> {
    let mut anchors = onward.anchors.clone();
    let known: BTreeSet<_> = anchors.iter().map(Anchor::chain).collect();
    anchors.extend(before.anchors.iter().filter(|old| !known.contains(&old.chain())).cloned());
    anchors.sort();
    anchors
}

fn pairs_of(anchors: &[Anchor]) -> BTreeSet<Pair> {
    let pair = |anchor: &Anchor| Pair { account: anchor.account_id.clone(), region: anchor.region.clone() };
    anchors.iter().map(pair).collect()
}

/// Hourly chains that go on. Backfill chains grow only when something comes late.
fn going_on(anchors: &[Anchor]) -> impl Iterator<Item = &Anchor> + use<'_> {
    let newest = anchors.iter().filter(|anchor| !anchor.backfill).map(|anchor| anchor.end).max();
    anchors.iter().filter(move |anchor| {
        !anchor.backfill && newest.is_some_and(|newest| newest.duration_since(anchor.end) < GOES_ON)
    })
}

/// The range of the verdict: as far as the chain that is least far, and back to where verification began.
fn verified(
    subject: &Subject,
    before: &Ledger,
    run: &Run,
    expired: Option<Timestamp>,
    now: Timestamp,
) -> Option<Range> {
    let end = through(before, &run.onward, run.start)?;
    // Nothing is said of the time before the first digest.
    let began = |outcome: &Outcome, start| outcome.report.found.map_or(start, |found| found.start.max(start));
    let deep = run.deep.as_ref().filter(|deep| DeepPass::of(deep) == DeepPass::Clear);
    let deep = deep.map(|deep| began(deep, deep.report.requested.start));
    let start = trusted(before, run.start).map_or_else(|| began(&run.onward, run.start), |range| range.start);
    let start = deep.map_or(start, |deep| deep.min(start)).max(reach(subject, now));
    Some(Range { start: expired.map_or(start, |expired| expired.max(start)).min(end), end })
}

/// Chains that have been silent for half of what a look goes back are left out of the hash: the next look might not see
/// their last digest.
fn lately(anchors: &[Anchor], through: Timestamp, subject: &Subject) -> Vec<Anchor> {
    let since = through - SignedDuration::from_mins(30 * i64::from(subject.validation.lookback_hours));
    anchors.iter().filter(|anchor| anchor.end >= since).cloned().collect()
}

/// Who delivers: those whose newest digest is young, and those of whose digests something is amiss.
fn delivering(run: &Run, anchors: &[Anchor], now: Timestamp) -> BTreeSet<Pair> {
    let young = anchors.iter().filter(|anchor| now.duration_since(anchor.end) < coverage::PATIENCE + GOES_ON);
    let mut pairs: BTreeSet<Pair> = pairs_of(&young.cloned().collect::<Vec<_>>());
    let amiss =
        run.onward.report.chains.iter().filter(|chain| chain.digests.invalid + chain.digests.unchecked > 0);
    pairs.extend(amiss.map(|chain| Pair { account: chain.account_id.clone(), region: chain.region.clone() }));
    pairs
}

fn locations(subject: &Subject, before: &[Place], now: Timestamp) -> Vec<Place> {
    let here = |place: &Place| place.bucket == subject.bucket && place.prefix == subject.prefix;
    let earlier = before
        .iter()
        .filter(|place| !here(place))
        .map(|place| Place { until: place.until.or(Some(now)), ..place.clone() });
    let since = reach(subject, now);
    let earlier = earlier.filter(|place| place.until.is_none_or(|until| until >= since));
    let Subject { bucket, prefix, owner, .. } = subject.clone();
    std::iter::once(Place { bucket, prefix, owner, until: None }).chain(earlier).collect()
}

fn places(subject: &Subject, facts: &Facts, locations: &[Place]) -> Vec<Location> {
    let of = |place: &Place| requests::places(subject, facts, &place.bucket, &place.prefix);
    locations.iter().flat_map(of).collect()
}

/// What a report says is amiss. Which time a gap is stands in the report of its chain.
fn opened(report: &Report, now: Timestamp) -> Vec<Open> {
    let gap_of = |finding: &Finding| {
        let chain = report.chains.iter().find(|chain| {
            Some(&chain.account_id) == finding.account_id.as_ref()
                && Some(&chain.region) == finding.region.as_ref()
        })?;
        // The message names both ends, as they stand in the report.
        chain.gaps.iter().find(|gap| finding.message.contains(&gap.end.to_string())).copied()
    };
    let open = |finding: &Finding| Open {
        gap: (finding.reason == Reason::DeliveryGap).then(|| gap_of(finding)).flatten(),
        finding: finding.clone(),
        since: now,
    };
    report.findings.iter().map(open).collect()
}

/// Whether a finding is held against the trail. Where nothing was ever delivered is a matter of who should deliver; a
/// Region that is not enabled any more, and an account that has left, owe nothing.
fn counts(open: &Open, expected: &BTreeSet<Pair>, facts: &Facts, anchors: &[Anchor]) -> bool {
    // Of a new trail there is nothing yet.
    let delivered = facts.delivery.values().any(|delivery| delivery.latest_digest.is_some());
    let Some(pair) = open.pair() else { return open.finding.reason != Reason::NothingFound || delivered };
    match open.finding.reason {
        Reason::NothingFound => delivered && anchors.is_empty() && expected.contains(&pair),
        Reason::DigestsStale => {
            let known = facts.regions.is_some();
            !known || expected.contains(&pair)
        }
        _ => true,
    }
}

/// What was read in a run, as far as it answers for findings.
struct Reading<'a> {
    run: &'a Run,
    /// Everything that was found.
    all: &'a [Open],
    facts: &'a Facts,
    places: &'a [Location],
}

impl Reading<'_> {
    /// Whether an earlier finding was read again with a clear answer.
    fn answers(&self, open: &Open) -> bool {
        let Some(pair) = open.pair() else {
            // About the bucket as a whole: every run judges it.
            return true;
        };
        let window = open.window(self.places);
        let unclear = |other: &Open| {
            let inside =
                |time: Timestamp| window.is_none_or(|window| window.start <= time && time <= window.end);
            // What a lifecycle rule took elsewhere says nothing about this.
            let elsewhere = is_expiry(other, self.places) && !other.time(self.places).is_some_and(inside);
            other.finding.severity == Severity::Unknown
                && other.pair().is_none_or(|of| of == pair)
                && !elsewhere
        };
        if self.all.iter().any(unclear) {
            return false;
        }
        // Whose file it is cannot be told while another trail delivers there without digests.
        if open.finding.reason == Reason::LogFileUnlisted && self.facts.shares_its_place {
            return false;
        }
        match window {
            Some(window) => self.read_again(open, &pair, window),
            None => self.went_over(open, &pair),
        }
    }

    /// Whether the hours around it were read, and say what became of it.
    fn read_again(&self, open: &Open, pair: &Pair, window: Range) -> bool {
        let contains = |range: &Range| range.start <= window.start && window.end <= range.end;
        let mut again = self.run.again.iter().filter(|(of, range, _)| of == pair && contains(range));
        again.any(|(_, _, outcome)| match open.finding.reason {
            // That a last digest is missing is nowhere to be seen but from those that came after it.
            Reason::DigestMissing => {
                let end = open.time(self.places);
                outcome.report.found.is_some_and(|found| end.is_none_or(|end| found.end >= end))
            }
            _ => true,
        })
    }

    /// About a chain as a whole, or a file in a place that is none of the trail's.
    fn went_over(&self, open: &Open, pair: &Pair) -> bool {
        let names_a_file = open.finding.object.as_deref().is_some_and(|object| !object.ends_with('/'));
        if names_a_file {
            return self.run.deep.as_ref().map(DeepPass::of) == Some(DeepPass::Clear);
        }
        // These every run judges by the clock.
        if matches!(open.finding.reason, Reason::DigestsStale | Reason::NothingFound) {
            return true;
        }
        let parts = self.run.look.iter().chain([&self.run.onward]);
        let mut chains = parts.flat_map(|outcome| &outcome.report.chains);
        chains.any(|chain| {
            (&chain.account_id, &chain.region) == (&pair.account, &pair.region) && chain.digests.valid > 0
        })
    }
}

/// What stands: what was found now, and what was found before and was not read again with a clear answer.
fn standing(before: &[Open], found: Vec<Open>, reading: &Reading<'_>) -> Vec<Open> {
    let again: BTreeSet<Key> = found.iter().map(Open::key).collect();
    let stays = |open: &&Open| !again.contains(&open.key()) && !reading.answers(open);
    let mut all: Vec<Open> = before.iter().filter(stays).cloned().collect();
    all.extend(found.into_iter().map(|open| {
        let known = before.iter().find(|known| known.key() == open.key());
        Open { since: known.map_or(open.since, |known| known.since), ..open }
    }));
    all
}

/// Gaps for which records give a reason are no findings.
fn explained(before: Vec<Explained>, open: Vec<Open>, controls: &[Control]) -> (Vec<Explained>, Vec<Open>) {
    let mut known = before;
    let mut left = Vec::new();
    for one in open {
        let (Some(gap), Some(pair)) = (one.gap, one.pair()) else {
            left.push(one);
            continue;
        };
        let before = known.iter().any(|explained| explained.pair == pair && explained.gap == gap);
        match explain(gap, controls) {
            _ if before => {}
            Some(control) => known.push(Explained { pair, gap, control: control.clone() }),
            None => left.push(one),
        }
    }
    known.sort_by_key(|explained| std::cmp::Reverse(explained.gap.end));
    (known, left)
}

/// A chain that begins anew, and nobody can say why.
fn worse_if_unexplained(open: Open, now: Timestamp) -> Open {
    let anew = open.finding.reason == Reason::DeliveryGap && open.finding.message.contains(BEGINS_ANEW);
    if !anew || now.duration_since(open.since) < EXPLAINED_WITHIN {
        return open;
    }
    let message = format!(
        "{}; no delivered record shows that logging or log file validation was switched off",
        open.finding.message
    );
    let reason = Reason::ChainRestarted;
    Open { finding: Finding { severity: reason.severity(), reason, message, ..open.finding }, ..open }
}

fn counted(before: Counted, report: &Report) -> Counted {
    let chains = &report.chains;
    Counted {
        digests: before.digests
            + chains.iter().map(|chain| chain.digests.valid + chain.backfill_digests.valid).sum::<u64>(),
        log_files: before.log_files + chains.iter().map(|chain| chain.log_files.files.valid).sum::<u64>(),
    }
}

/// One Warning for each new finding of what was altered or is not whole, one for each reason of what cannot be read, and
/// one Normal when all is `well_again`. What is called worse than before is told again.
fn news(told: &BTreeSet<(Key, Reason)>, well_again: bool, open: &[Open]) -> Vec<Event> {
    let action = "ValidateLogs";
    // What cannot be read for one reason is told once: it is rarely one file.
    let mut unknown = BTreeSet::new();
    let new: Vec<&Open> = open
        .iter()
        .filter(|open| !told.contains(&(open.key(), open.finding.reason)))
        .filter(|open| open.finding.severity != Severity::Unknown || unknown.insert(open.finding.reason))
        .collect();
    let mut events: Vec<Event> = new
        .iter()
        .take(MOST_EVENTS)
        .map(|open| Event::warning(open.finding.reason.into(), action, sentence(&open.finding)))
        .collect();
    if let Some(next) = new.get(MOST_EVENTS) {
        let more = new.len() - MOST_EVENTS;
        let note = format!("and {more} more; all of them are in the operator's log");
        events.push(Event::warning(next.finding.reason.into(), action, note));
    }
    if well_again {
        let note = "what was amiss has been read again, and is intact";
        events.push(Event::normal(reason::Reason::Intact, action, note));
    }
    events
}

/// What it is about, and what is wrong with it.
pub(super) fn sentence(finding: &Finding) -> String {
    match &finding.object {
        Some(object) => plain(&format!("{object}: {}", finding.message)),
        None => plain(&finding.message),
    }
}
