//! What a run reads.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use trail_operator_crds::{LogFiles as Declared, Validation};
use trail_operator_integrity::{
    Anchor, Delivery, Expiration, Location, LogFiles, Range, Request, Selection, Trail,
};

use super::{Ledger, Pair};

/// Digests end about every hour, and a digest belongs to a window when it ends up to an hour after it.
const WINDOW: SignedDuration = SignedDuration::from_hours(1);

/// A look back reads at most about this many digests, so that the hours of an organization's thousand chains do not cost
/// more than what is new.
const MOST_DIGESTS_OF_A_LOOK: i64 = 20_000;

/// The least that a look goes back: a log file counts as unlisted only after three hours.
const LEAST_LOOK: i64 = 6;

/// Of log files that are sampled, one in so many is read.
const ONE_IN: u32 = 10;

/// Files are read again around at most this many findings in one run; the others have their turn later.
const MOST_AGAIN: usize = 32;

/// A trail, as far as its validation goes.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The trail.
    pub trail: Trail,
    /// Bucket and prefix declared now.
    pub bucket: String,
    /// Empty for none.
    pub prefix: String,
    /// Account that must own the bucket; empty where that is not known.
    pub owner: String,
    /// Whether it is of an organization.
    pub is_organization_trail: bool,
    /// Whether it records all Regions.
    pub is_multi_region_trail: bool,
    /// How it is declared to be validated.
    pub validation: Validation,
}

/// What AWS says before anything is read from the bucket.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The present time.
    pub now: Timestamp,
    /// Folders of organizations in the bucket: the trail's own, or all there are where nobody knows which that is.
    pub organizations: Vec<String>,
    /// Enabled Regions; `None` where that could not be asked.
    pub regions: Option<Vec<String>>,
    /// Active accounts of the organization; `None` where that could not be asked, or it is none.
    pub accounts: Option<Vec<String>>,
    /// When logging was last switched on.
    pub started: Option<Timestamp>,
    /// What GetTrailStatus says of digests, by Region.
    pub delivery: BTreeMap<String, Delivery>,
    /// Lifecycle rules of the bucket, where they may be read.
    pub expirations: Vec<Expiration>,
    /// Whether another trail delivers to the same place without digests: its files are in none.
    pub shares_its_place: bool,
    /// What decides which log files are sampled.
    pub seed: u64,
}

/// From when on a first run verifies.
pub fn start(subject: &Subject, now: Timestamp) -> Timestamp {
    now - SignedDuration::from_hours(i64::from(subject.validation.lookback_hours))
}

fn request(subject: &Subject, facts: &Facts, ledger: &Ledger, window: Range) -> Request {
    let mut places = places(subject, facts, &subject.bucket, &subject.prefix);
    for known in &ledger.locations {
        for place in self::places(subject, facts, &known.bucket, &known.prefix) {
            if !places.contains(&place) {
                places.push(place);
            }
        }
    }
    // There is at least the present one.
    let first = places.remove(0);
    let mut request = Request::new(subject.trail.clone(), first, window, facts.now);
    request.locations.extend(places);
    request.unlisted = !facts.shares_its_place;
    // What was amiss is read again by itself.
    request.hold = SignedDuration::ZERO;
    request.delivery.clone_from(&facts.delivery);
    request.expirations.clone_from(&facts.expirations);
    request
}

/// Where digests and log files lie in a bucket. Those of an organization lie in its folder; what the trail delivered before it
/// was one lies beside that.
pub(super) fn places(subject: &Subject, facts: &Facts, bucket: &str, prefix: &str) -> Vec<Location> {
    let place = |organization| Location {
        bucket: bucket.to_owned(),
        prefix: (!prefix.is_empty()).then(|| prefix.to_owned()),
        organization,
    };
    let of = facts.organizations.iter().filter(|_| subject.is_organization_trail);
    of.map(|organization| place(Some(organization.clone()))).chain([place(None)]).collect()
}

/// Over what was verified already: every digest, and the log files that were changed since. Its anchors are where the
/// last run ended. `None` before the first run.
pub fn look(subject: &Subject, facts: &Facts, ledger: &Ledger) -> Option<Request> {
    let through = ledger.verified?.end;
    let chains = ledger.chains().map_or(1, |chains| i64::try_from(chains).unwrap_or(i64::MAX)).max(1);
    let hours =
        i64::from(subject.validation.lookback_hours).min((MOST_DIGESTS_OF_A_LOOK / chains).max(LEAST_LOOK));
    let window = Range { start: through - SignedDuration::from_hours(hours), end: through - WINDOW };
    let mut request = request(subject, facts, ledger, window);
    request.log_files = match subject.validation.log_files {
        Declared::None => LogFiles::None,
        Declared::All | Declared::Sample => LogFiles::Changed,
    };
    Some(request)
}

/// What was delivered since: from these digests on, or from `start` on where there are none.
pub fn onward(
    subject: &Subject,
    facts: &Facts,
    ledger: &Ledger,
    start: Timestamp,
    anchors: Vec<Anchor>,
) -> Request {
    let mut request = request(subject, facts, ledger, Range { start, end: facts.now });
    // Where there are anchors a look was made, which sees more of what digests list.
    request.unlisted &= anchors.is_empty();
    request.anchors = anchors;
    request.log_files = match subject.validation.log_files {
        Declared::All => LogFiles::All,
        Declared::Sample => LogFiles::Sample { one_in: ONE_IN, seed: facts.seed },
        Declared::None => LogFiles::None,
    };
    request
}

/// Over the past, as far back as the verdict reaches.
pub fn deep(subject: &Subject, facts: &Facts, ledger: &Ledger) -> Option<Request> {
    let end = ledger.verified?.end - WINDOW;
    let start = reach(subject, facts.now).min(end);
    let mut request = request(subject, facts, ledger, Range { start, end });
    request.log_files = match subject.validation.log_files {
        Declared::None => LogFiles::None,
        // What had been found and forgotten need not have changed after its digest.
        _ if ledger.beyond > 0 => LogFiles::All,
        Declared::All | Declared::Sample => LogFiles::Changed,
    };
    Some(request)
}

/// What is older is no longer held against the trail.
pub(super) fn reach(subject: &Subject, now: Timestamp) -> Timestamp {
    now - SignedDuration::from_hours(24 * i64::from(subject.validation.deep_pass.lookback_days))
}

/// Around what was amiss, everything in full. Of a gap also the trail's own account and home Region, where whoever
/// stopped the trail was recorded. Each with whose chain and which window it judges.
pub fn again(
    subject: &Subject,
    facts: &Facts,
    ledger: &Ledger,
    open: &[super::Open],
) -> Vec<(Pair, Range, Request)> {
    let all = request(subject, facts, ledger, Range { start: facts.now, end: facts.now });
    let home = Pair { account: subject.trail.account.clone(), region: subject.trail.home_region.clone() };
    let mut windows: BTreeMap<Pair, Vec<Range>> = BTreeMap::new();
    let known = |open: &&super::Open| {
        let is = |explained: &super::Explained| {
            Some(&explained.pair) == open.pair().as_ref() && Some(explained.gap) == open.gap
        };
        ledger.explained.iter().any(is)
    };
    for one in open.iter().filter(|open| !known(open)) {
        let Some((pair, window)) = one.pair().zip(one.window(&all.locations)) else { continue };
        if one.gap.is_some() {
            windows.entry(home.clone()).or_default().push(window);
        }
        windows.entry(pair).or_default().push(window);
    }
    // Where it may stand who stopped the trail comes first; of the others each run begins with another.
    let at_home = windows.remove(&home).unwrap_or_default();
    let at_home = merged(at_home).into_iter().rev().map(|window| (home.clone(), window));
    let mut others: Vec<_> = windows
        .into_iter()
        .flat_map(|(pair, windows)| merged(windows).into_iter().map(move |window| (pair.clone(), window)))
        .collect();
    let turn = usize::try_from(facts.seed).unwrap_or_default().checked_rem(others.len()).unwrap_or_default();
    others.rotate_left(turn);
    at_home
        .take(MOST_AGAIN / 2)
        .chain(others)
        .take(MOST_AGAIN)
        .map(|(pair, window)| {
            let end = window.end.min(facts.now);
            let request = Request {
                accounts: Selection::Only(vec![pair.account.clone()]),
                regions: Selection::Only(vec![pair.region.clone()]),
                window: Range { start: window.start.min(end), end },
                ..all.clone()
            };
            (pair, window, request)
        })
        .collect()
}

/// Windows that touch, as one.
fn merged(mut windows: Vec<Range>) -> Vec<Range> {
    windows.sort();
    let mut merged: Vec<Range> = Vec::new();
    for window in windows {
        match merged.last_mut() {
            Some(last) if window.start <= last.end => last.end = last.end.max(window.end),
            _ => merged.push(window),
        }
    }
    merged
}
