//! Walks one chain from its newest digest to its oldest: what to read next, and what follows from what was read
//! (`cloudtrail.md` 4.4, 7g and 7h, and the limits of 4.5).
//!
//! Pure: no I/O, no clock. Every digest that is listed in the window is read; a digest that is not listed is read only
//! when a verified one names it. A link must lead to an earlier end, so no walk runs in a circle.

use std::collections::{BTreeSet, VecDeque};

use jiff::Timestamp;

use crate::content::Hash;
use crate::finding::{Fault, Reason, shortened};
use crate::link::{Link, Outcome, Place, Role, Walk};
use crate::names::{Chain, DigestName, Location, Object};
use crate::report::Range;
use crate::time::{TOLERANCE, WINDOW, shifted};

/// Why there is a gap before a digest that names none before it: stands in the message.
pub const BEGINS_ANEW: &str = "a new chain of digests begins there";

/// Most digests that are reported missing one by one between two that are there.
const MOST_MISSING: usize = 24 * 31;

/// A verified digest's word about the one before it.
#[derive(Debug)]
struct Expectation {
    from: Place,
    from_start: Timestamp,
    place: Place,
    hash: Result<Hash, String>,
    signature: Vec<u8>,
}

/// What is known of the time just above the next digest.
#[derive(Debug)]
enum Above {
    /// Nothing has been read, or what follows is linked.
    Nothing,
    /// A chain began there.
    Begin { at: Timestamp, object: Object },
    /// A digest is missing there. It is reported once it is known how far down the hole goes.
    Missing { place: Place, until: Timestamp },
    /// A digest that says nothing reliable; the window ends there, going by its name.
    Unreliable { from: Timestamp, object: Object },
}

/// The walk over one chain.
#[derive(Debug)]
pub struct Walker<'a> {
    chain: &'a Chain,
    trail: &'a str,
    locations: &'a [Location],
    window: Range,
    listed: VecDeque<Place>,
    expected: Vec<Expectation>,
    current: Option<Place>,
    above: Above,
    broken: BTreeSet<Object>,
    whole: bool,
    walk: Walk,
}

impl<'a> Walker<'a> {
    /// A walk over the digests that were listed, in any order. `trail` is the trail's part of their names.
    pub fn new(
        chain: &'a Chain,
        trail: &'a str,
        locations: &'a [Location],
        window: Range,
        mut listed: Vec<Place>,
    ) -> Self {
        listed.sort_by(|one, other| (other.end, &other.object).cmp(&(one.end, &one.object)));
        Self {
            chain,
            trail,
            locations,
            window,
            listed: listed.into(),
            expected: Vec::new(),
            current: None,
            above: Above::Nothing,
            broken: BTreeSet::new(),
            whole: false,
            walk: Walk::default(),
        }
    }

    /// The same walk over a record that has to cover the window from its start.
    #[must_use]
    pub fn of_whole_window(self, whole: bool) -> Self {
        Self { whole, ..self }
    }

    /// What to read next; `None` at the end of the walk.
    #[allow(clippy::should_implement_trait)] // each step needs what was read at the one before
    pub fn next(&mut self) -> Option<Place> {
        let named = self.expected.iter().map(|expectation| &expectation.place).max_by_key(|place| place.end);
        let place = match named {
            Some(named)
                if self.listed.front().is_none_or(|next| next.end <= named.end) && !self.is_listed(named) =>
            {
                named.clone()
            }
            _ => self.listed.pop_front()?,
        };
        self.current = Some(place.clone());
        Some(place)
    }

    /// Takes what was read at the place that [`Self::next`] gave last.
    pub fn read(&mut self, outcome: Outcome) {
        let Some(place) = self.current.take() else { return };
        let (matching, others) =
            std::mem::take(&mut self.expected).into_iter().partition(|one| one.place.object == place.object);
        self.expected = others;
        match outcome {
            Outcome::Verified(link) => self.verified(&place, link, matching),
            Outcome::Absent => self.absent(place, &matching),
            Outcome::Expired => self.faulty(
                &place,
                Fault::new(Reason::Expired, "it is gone, and a lifecycle rule of the bucket explains it"),
            ),
            Outcome::Faulty(fault) => self.faulty(&place, fault),
        }
    }

    /// What the walk came to.
    pub fn finish(mut self) -> Walk {
        self.report_missing(None);
        self.report_late_start();
        self.walk
    }

    /// Reports what lies before the first digest of all, where that one begins the chain within the window.
    fn report_late_start(&mut self) {
        let above = std::mem::replace(&mut self.above, Above::Nothing);
        let Above::Begin { at, object } = above else { return };
        let start = self.window.start;
        if self.whole && !self.chain.backfill && shifted(start, WINDOW) < at {
            let why = format!("{BEGINS_ANEW}, and nothing older is there");
            self.gap(&object, Range { start, end: at }, &why);
        }
    }

    /// Whether a named digest, which is not older than the next listed one, is still to come as a listed one.
    fn is_listed(&self, named: &Place) -> bool {
        self.listed
            .iter()
            .take_while(|place| place.end >= named.end)
            .any(|place| place.object == named.object)
    }

    fn verified(&mut self, place: &Place, link: Link, matching: Vec<Expectation>) {
        if place.role == Role::Window {
            self.walk.counts.valid += 1;
            self.walk.covered.push(Range { start: link.start, end: link.end });
        }
        if place.role != Role::Successor {
            self.walk.verified.push((place.clone(), link.sha256));
        }
        let linked = !matching.is_empty();
        for expectation in matching {
            self.compare(expectation, place, &link);
        }
        self.hole_above(link.end, linked);
        self.follow(place, link);
    }

    /// Compares a digest with what its successor says of it.
    fn compare(&mut self, expectation: Expectation, place: &Place, link: &Link) {
        let from = expectation.from;
        match expectation.hash {
            Err(algorithm) => self.finding(&from, Fault::unknown_hash(&algorithm)),
            Ok(hash) if hash != link.sha256 => {
                let message = format!(
                    "it says that the digest before it, {}, has the SHA-256 {}, and that one has {}",
                    place.object,
                    hex::encode(hash),
                    hex::encode(link.sha256)
                );
                self.break_chain(&from, message);
            }
            Ok(_) if expectation.signature != link.signature => {
                let message = format!(
                    "it names another signature for the digest before it than {} carries",
                    place.object
                );
                self.break_chain(&from, message);
            }
            Ok(_) => {}
        }
        if !self.chain.backfill && shifted(link.end, TOLERANCE) < expectation.from_start {
            self.gap(
                &from.object,
                Range { start: link.end, end: expectation.from_start },
                "the windows of both digests leave it out",
            );
        }
    }

    fn break_chain(&mut self, place: &Place, message: String) {
        if place.role == Role::Window && self.broken.insert(place.object.clone()) {
            self.walk.counts.valid = self.walk.counts.valid.saturating_sub(1);
            self.walk.counts.invalid += 1;
        }
        self.finding(place, Fault::new(Reason::ChainBroken, message));
    }

    /// Goes on to the digest that this one names.
    fn follow(&mut self, place: &Place, link: Link) {
        let Some(previous) = link.previous else {
            self.above = Above::Begin { at: link.start, object: place.object.clone() };
            return;
        };
        self.above = Above::Nothing;
        let begins = link.start < self.window.start && !self.is_anchor(&previous.object);
        if begins || place.role == Role::Anchor {
            return;
        }
        match self.locate(&previous.object) {
            Ok(end) if end < place.end => self.expected.push(Expectation {
                from: place.clone(),
                from_start: link.start,
                place: Place { object: previous.object, end, role: Role::Window },
                hash: previous.hash,
                signature: previous.signature,
            }),
            Ok(_) => {
                let message = format!(
                    "it names {} as the digest before it, which is not earlier: the chain would run in a circle",
                    shortened(&previous.object.to_string())
                );
                self.break_chain(place, message);
                self.above = Above::Unreliable { from: link.start, object: place.object.clone() };
            }
            Err(fault) => {
                self.finding(place, fault);
                self.above = Above::Unreliable { from: link.start, object: place.object.clone() };
            }
        }
    }

    /// Whether the chain was verified up to this digest. That link is compared wherever the windows meet.
    fn is_anchor(&self, object: &Object) -> bool {
        self.listed.iter().any(|place| place.role == Role::Anchor && place.object == *object)
    }

    /// End of the digest that is named, if it is one of this chain in a place that may be read.
    fn locate(&self, object: &Object) -> Result<Timestamp, Fault> {
        let Chain { account, region, backfill } = self.chain;
        let mut bucket_known = false;
        for location in self.locations.iter().filter(|location| location.bucket == object.bucket) {
            bucket_known = true;
            if let Some(name) = DigestName::parse(&object.key, location, account, region)
                && name.trail == self.trail
                && name.backfill == *backfill
            {
                return Ok(name.end);
            }
        }
        let named = shortened(&object.to_string());
        let why = if bucket_known {
            "which is no digest of this trail, account and Region under its prefixes"
        } else {
            "in a bucket that is neither the trail's nor was given; name the bucket to have the chain followed there"
        };
        let message = format!("the chain goes on at {named}, {why}: it was not read");
        Err(Fault::new(Reason::ObjectUnreadable, message))
    }

    fn absent(&mut self, place: Place, matching: &[Expectation]) {
        if place.role == Role::Successor {
            return;
        }
        self.report_missing(Some(place.end));
        match matching.iter().map(|one| one.from_start).min() {
            Some(until) => self.above = Above::Missing { place, until },
            None => self.missing(&place, "it was listed, and when it was read it was gone".to_owned()),
        }
    }

    fn faulty(&mut self, place: &Place, fault: Fault) {
        if place.role == Role::Window {
            self.walk.counts.add(Some(fault.severity));
        }
        self.hole_above(place.end, false);
        self.finding(place, fault);
        // Going by its name: an hour, as all windows have.
        self.above = Above::Unreliable { from: shifted(place.end, -WINDOW), object: place.object.clone() };
    }

    /// Reports what lies between a digest and what was read before it. There is no gap where a link bridges it.
    fn hole_above(&mut self, end: Timestamp, linked: bool) {
        self.report_missing(Some(end));
        let above = std::mem::replace(&mut self.above, Above::Nothing);
        if linked || self.chain.backfill || !self.expected.is_empty() {
            return;
        }
        match above {
            Above::Begin { at, object } => {
                let range = Range { start: end.min(at), end: at };
                self.gap(&object, range, BEGINS_ANEW);
            }
            Above::Unreliable { from, object } if shifted(end, TOLERANCE) < from => {
                let range = Range { start: end, end: from };
                self.gap(&object, range, "and the digest after it cannot say why");
            }
            Above::Nothing | Above::Missing { .. } | Above::Unreliable { .. } => {}
        }
    }

    /// Reports the missing digest above, and those that hourly delivery lets expect between it and `down_to`.
    fn report_missing(&mut self, down_to: Option<Timestamp>) {
        let (place, until) = match std::mem::replace(&mut self.above, Above::Nothing) {
            Above::Missing { place, until } => (place, until),
            other => {
                self.above = other;
                return;
            }
        };
        let range = match down_to {
            Some(end) => format!("between {end} and {until} the record cannot be verified"),
            None => format!("before {until} nothing older is there within the window"),
        };
        let message = format!("it is not there, and a verified digest names it: {range}");
        self.missing(&place, message);
        let Some(down_to) = down_to.filter(|_| !self.chain.backfill) else { return };
        let hourly = self.expected_between(&place, down_to);
        for object in hourly {
            let message = format!("it is not there: digests end every hour, and {range}");
            self.missing(&Place { object, ..place.clone() }, message);
        }
    }

    /// Digests that should have ended every hour before `missing` and after `down_to`; none when the hours do not fit.
    fn expected_between(&self, missing: &Place, down_to: Timestamp) -> Vec<Object> {
        let Some(location) = self.locations.iter().find(|location| {
            location.bucket == missing.object.bucket
                && missing.object.key.starts_with(&location.accounts_prefix())
        }) else {
            return Vec::new();
        };
        let ends: Vec<Timestamp> =
            std::iter::successors(Some(missing.end), |end| Some(shifted(*end, -WINDOW)))
                .skip(1)
                .take(MOST_MISSING)
                .take_while(|end| *end > shifted(down_to, -TOLERANCE))
                .collect();
        let fits = ends.last().is_some_and(|last| last.duration_since(down_to).abs() <= TOLERANCE);
        let inside = if fits { &ends[..ends.len() - 1] } else { &[] };
        inside
            .iter()
            .map(|end| {
                let name =
                    DigestName { trail: self.trail.to_owned(), end: *end, backfill: self.chain.backfill };
                let key = name.key(location, &self.chain.account, &self.chain.region);
                Object { bucket: location.bucket.clone(), key }
            })
            .collect()
    }

    fn missing(&mut self, place: &Place, message: String) {
        self.walk.counts.invalid += 1;
        self.walk.findings.push((place.object.clone(), Fault::new(Reason::DigestMissing, message)));
    }

    fn gap(&mut self, above: &Object, range: Range, why: &str) {
        let message =
            format!("nothing proves what was delivered between {} and {}: {why}", range.start, range.end);
        self.walk.gaps.push(range);
        self.walk.findings.push((above.clone(), Fault::new(Reason::DeliveryGap, message)));
    }

    /// A finding about a digest, unless it is not of the window.
    fn finding(&mut self, place: &Place, fault: Fault) {
        if place.role != Role::Successor || fault.reason == Reason::ChainBroken {
            self.walk.findings.push((place.object.clone(), fault));
        }
    }
}
