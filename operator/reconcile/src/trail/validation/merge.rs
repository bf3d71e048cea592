//! What follows from a run: the next ledger.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use trail_operator_integrity::{
    Anchor, Finding, Location, Outcome, Range, Reason, Report, Severity,
    records::{Control, explain},
    walker::BEGINS_ANEW,
};

use super::{
    Counted, Explained, Facts, Ledger, Open, Pair, Seal, Subject, Work, coverage,
    findings::Key,
    ledger::Location as Place,
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
/// from when on chains without one are verified.
pub fn goes_on_from(
    subject: &Subject,
    ledger: &Ledger,
    look: Option<&Outcome>,
    now: Timestamp,
) -> (Timestamp, Vec<Anchor>) {
    let (Some(verified), Some(look)) = (ledger.verified, look) else {
        return (requests::start(subject, now), vec![]);
    };
    if !ledger.anchors.is_empty() {
        return (verified.start, ledger.anchors.clone());
    }
    let same = ledger.seal == Some(Seal::of(&lately(&look.anchors, verified.end, subject)));
    if same {
        return (verified.start, look.anchors.clone());
    }
    // Whatever the reason, to read it again is never wrong.
    (look.report.requested.start, vec![])
}

/// Up to when every chain that goes on was verified.
pub fn through(before: &Ledger, onward: &Outcome) -> Option<Timestamp> {
    let end = going_on(&anchors(before, onward)).map(|anchor| anchor.end).min();
    // Time does not run backwards: a chain that fell behind is a finding of its own.
    end.max(before.verified.map(|range| range.end))
}

/// The ledger after a run.
pub fn merge(subject: &Subject, facts: &Facts, before: Ledger, run: &Run) -> Ledger {
    let now = facts.now;
    let anchors = anchors(&before, &run.onward);
    let seen = pairs_of(&anchors);
    let expected = coverage::expected(subject, facts, &seen);
    let verified = verified(subject, &before, run, now);
    let seal = verified.map(|range| Seal::of(&lately(&run.recalled, range.end, subject)));
    let mut missing_since = before.missing_since;
    let delivering = delivering(run, &anchors, now);
    let coverage =
        coverage::compare(&expected, &delivering, before.coverage.as_ref(), &mut missing_since, facts);
    let locations = locations(subject, &before.locations, now);
    let places = places(subject, facts, &locations);
    let found: Vec<Open> =
        run.found(now).into_iter().filter(|open| counts(open, &expected.0, facts, &anchors)).collect();
    let told: BTreeSet<Key> = before.open.iter().map(Open::key).collect();
    let was_amiss = before.open.iter().any(|open| open.finding.severity != Severity::Unknown);
    let open = standing(&before.open, found, run, &places);
    let (explained, open) = explained(before.explained, open, &run.controls);
    let since = reach(subject, now);
    let mut open: Vec<Open> = open
        .into_iter()
        .filter(|open| open.time(&places).is_none_or(|time| time >= since))
        .map(|open| worse_if_unexplained(open, now))
        .collect();
    open.sort_by_key(|open| {
        (std::cmp::Reverse(open.finding.severity), open.since, open.finding.object.clone())
    });
    open.truncate(MOST_OPEN);
    let news = news(&told, was_amiss, &open);
    Ledger {
        verified,
        seal,
        anchors,
        last_run: Some(now),
        deep_pass: if run.deep.is_some() { Some(now) } else { before.deep_pass },
        request: run.work.request.clone().or(before.request),
        valid: counted(before.valid, &run.onward.report),
        open,
        beyond: 0,
        explained: explained.into_iter().filter(|one| one.gap.end >= since).collect(),
        locations,
        coverage: Some(coverage),
        missing_since,
        news,
    }
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
fn verified(subject: &Subject, before: &Ledger, run: &Run, now: Timestamp) -> Option<Range> {
    let end = through(before, &run.onward)?;
    // Nothing is said of the time before the first digest.
    let began = |outcome: &Outcome, start| outcome.report.found.map_or(start, |found| found.start.max(start));
    let deep = run.deep.as_ref().map(|deep| began(deep, deep.report.requested.start));
    let start = before.verified.map_or_else(|| began(&run.onward, run.start), |range| range.start);
    let start = deep.map_or(start, |deep| deep.min(start)).max(reach(subject, now)).min(end);
    Some(Range { start, end })
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
    let now = Place { bucket: subject.bucket.clone(), prefix: subject.prefix.clone(), until: None };
    std::iter::once(now).chain(earlier).collect()
}

fn places(subject: &Subject, facts: &Facts, locations: &[Place]) -> Vec<Location> {
    let of = |place: &Place| Location {
        bucket: place.bucket.clone(),
        prefix: (!place.prefix.is_empty()).then(|| place.prefix.clone()),
        organization: facts.organization.clone().filter(|_| subject.is_organization_trail),
    };
    locations.iter().map(of).collect()
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

/// What stands: what was found now, and what was found before and was not read again with a clear answer.
fn standing(before: &[Open], found: Vec<Open>, run: &Run, places: &[Location]) -> Vec<Open> {
    let again: BTreeSet<Key> = found.iter().map(Open::key).collect();
    let unclear: BTreeSet<Pair> = found
        .iter()
        .filter(|open| open.finding.severity == Severity::Unknown)
        .filter_map(Open::pair)
        .collect();
    let stays = |open: &&Open| {
        if again.contains(&open.key()) {
            return false;
        }
        let (Some(window), Some(pair)) = (open.window(places), open.pair()) else {
            // About a chain as a whole, or the bucket: every run judges it, if it can read at all.
            return open.finding.severity == Severity::Error && nothing_read(run);
        };
        let read = run.again.iter().any(|(of, range, _)| {
            *of == pair && range.start <= window.start && window.end.min(range.end) == window.end
        });
        !read || unclear.contains(&pair) || (nothing_read(run) && open.finding.severity != Severity::Unknown)
    };
    let mut all: Vec<Open> = before.iter().filter(stays).cloned().collect();
    all.extend(found.into_iter().map(|open| {
        let known = before.iter().find(|known| known.key() == open.key());
        Open {
            since: known.map_or(open.since, |known| known.since),
            gap: open.gap.or(known.and_then(|known| known.gap)),
            ..open
        }
    }));
    all
}

/// Whether the bucket as a whole could not be read.
fn nothing_read(run: &Run) -> bool {
    let refused = |finding: &Finding| {
        finding.severity == Severity::Unknown
            && finding.account_id.is_none()
            && finding.reason != Reason::NothingFound
    };
    run.onward.report.findings.iter().any(refused)
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
/// one Normal when nothing is amiss any more.
fn news(told: &BTreeSet<Key>, was_amiss: bool, open: &[Open]) -> Vec<Event> {
    let action = "ValidateLogs";
    // What cannot be read for one reason is told once: it is rarely one file.
    let mut unknown = BTreeSet::new();
    let new: Vec<&Open> = open
        .iter()
        .filter(|open| !told.contains(&open.key()))
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
    if was_amiss && open.is_empty() {
        let note = "what was amiss has been read again, and is intact";
        events.push(Event::normal(reason::Reason::Intact, action, note));
    }
    events
}

/// What it is about, and what is wrong with it.
pub(super) fn sentence(finding: &Finding) -> String {
    match &finding.object {
        Some(object) => format!("{object}: {}", finding.message),
        None => finding.message.clone(),
    }
}
