//! Log files that lie in the bucket and that no digest lists.
//!
//! Keys of log files carry no trail, so such a file may be another trail's: the digests of every trail that delivers
//! under the same prefix are read before one is called unlisted. Where those leave a hole nobody can say whose it is, and
//! that is said.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::ahead::Ahead;
use super::context::Context;
use super::listing::Whose;
use super::others::{May, Other, Others};
use super::pair::{Findings, Pair};
use crate::coverage::Coverage;
use crate::finding::{Fault, Reason};
use crate::names::{KINDS, Location, Object, log_file_delivery};
use crate::report::{MOST_FINDINGS, Range};
use crate::request::Anchor;
use crate::source::ObjectSource;
use crate::time::{WINDOW, day_folder, day_of, shifted};

/// Most log files that no digest of this trail lists and that are looked for in those of others.
const MOST_CANDIDATES: usize = 200_000;

/// What was delivered up to three hours before an anchor was too new to be judged when the anchor was reached; the windows
/// before that make it lie well within what is covered.
const BEFORE: SignedDuration = SignedDuration::from_hours(5);

/// Most other trails that are named because they leave open whose log files lie there.
const MOST_TRAILS: usize = 5;

/// Log files that may be another trail's.
struct Undecided<'a> {
    of: &'a Other,
    first: (Object, Timestamp),
    count: usize,
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
            self.judge(pair, location, (candidates, span.end), &others, found);
        }
    }

    /// Says of each of these log files that no digest lists it, or that nobody can say whose it is.
    fn judge(
        &self,
        pair: &Pair,
        location: &Location,
        (candidates, newest): (Vec<(Object, Timestamp)>, Timestamp),
        others: &Others,
        found: &mut Findings,
    ) {
        let mut undecided: BTreeMap<&str, Undecided<'_>> = BTreeMap::new();
        let mut said = 0;
        for (object, delivered) in candidates {
            if others.names.contains(&self.name(&object)) {
                continue;
            }
            let may = others.trails.iter().map(|other| (other.may_be_its(delivered, newest), other));
            match may.max_by_key(|(may, _)| *may) {
                None | Some((May::No, _)) if said < MOST_FINDINGS => {
                    said += 1;
                    found.add(&object, unlisted(location, pair, &object));
                }
                None | Some((May::No | May::Later, _)) => {}
                Some((May::Yes, of)) => {
                    let of = undecided.entry(&of.name).or_insert_with(|| Undecided {
                        of,
                        first: (object, delivered),
                        count: 0,
                    });
                    of.count += 1;
                }
            }
        }
        for undecided in undecided.into_values().take(MOST_TRAILS) {
            let (object, fault) = undecided.fault();
            found.add(&object.unwrap_or_else(|| pair.digests_in(location)), fault);
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
        if read.iter().any(|listed| listed.backfill && listed.said.is_err()) {
            return Ok(());
        }
        for listed in read {
            let Ok((listed_names, window)) = listed.said else { continue };
            covered.extend(Some(window).filter(|_| !listed.backfill));
            names.extend(listed_names);
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
        self.log_files(location, kind, pair.key(), (listed_from(span.start), span.end), |object, written| {
            let delivered = delivered(&object, location, (kind, pair), written);
            let delivered = delivered.filter(|delivered| own.holds(*delivered));
            if let Some(delivered) = delivered.filter(|_| !names.contains(&self.name(&object))) {
                more = candidates.len() >= MOST_CANDIDATES;
                candidates.push((object, delivered));
            }
            !more
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
}

impl Undecided<'_> {
    /// What it means, with the digest that it is about, if it is about one.
    fn fault(&self) -> (Option<String>, Fault) {
        let Self { of, first: (first, delivered), count } = self;
        let whose = format!("{count} log files are in no digest, the first is {first}");
        let name = &of.name;
        let unread = of.unread(*delivered);
        let object = unread.map(|(object, _)| object.to_string());
        let message = if let Some((_, fault)) = unread {
            format!(
                "{whose}: whether this digest of another trail, {name}, lists them cannot be said: {}",
                fault.message
            )
        } else {
            format!(
                "{whose}: they may be of another trail, {name}, whose digests leave that time out; nothing says whose they \
                 are"
            )
        };
        (object, Fault::new(Reason::ObjectUnreadable, message))
    }
}

fn unlisted(location: &Location, pair: &Pair, object: &Object) -> Fault {
    let named = log_file_delivery(&object.key, location, &pair.account, &pair.region).is_some();
    let message = if named {
        "no digest lists it, though digests cover the time in its name: CloudTrail may not have delivered it"
    } else {
        "no digest lists it, though digests cover the day in whose folder it lies, and CloudTrail names no log file so: \
         CloudTrail may not have delivered it"
    };
    Fault::new(Reason::LogFileUnlisted, message)
}

/// From when on log files are listed: the whole first day, since names that tell no time may come before all others, but
/// not for the sake of its last two hours.
pub(super) fn listed_from(start: Timestamp) -> Timestamp {
    let day = day_folder(start);
    if day == day_folder(shifted(start, WINDOW + WINDOW)) { day_of(&day).unwrap_or(start) } else { start }
}

/// When what lies among the log files was delivered: as its name says. Where that says nothing it is when it was written,
/// but within the day in whose folder it lies, since CloudTrail delivers nothing to another.
pub(super) fn delivered(
    object: &Object,
    location: &Location,
    (kind, pair): (&str, &Pair),
    written: Option<Timestamp>,
) -> Option<Timestamp> {
    log_file_delivery(&object.key, location, &pair.account, &pair.region).or_else(|| {
        let rest = object.key.strip_prefix(&location.logs_prefix_of(kind, &pair.account, &pair.region))?;
        let (day, file) = rest.split_at_checked("2026/01/05".len())?;
        // A key that ends so stands for a folder.
        let start = day_of(day).filter(|_| file.starts_with('/') && !file.ends_with('/'))?;
        let end = shifted(start, SignedDuration::from_secs(24 * 3600 - 1));
        Some(written.unwrap_or(end).clamp(start, end))
    })
}
