//! What a run is asked to verify, and within which bounds.
//!
//! Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::content;
use crate::finding::{Fault, Reason};
use crate::names::{Chain, DigestName, Location, Object, Trail};
use crate::report::Range;
use crate::time;

/// What a run is asked to verify.
#[derive(Debug, Clone)]
pub struct Request {
    /// The trail.
    pub trail: Trail,
    /// Where it delivers now, then where it delivered earlier or may have: the only places that are read.
    pub locations: Vec<Location>,
    /// Accounts; for a trail that is not of an organization there is only its own.
    pub accounts: Selection,
    /// Regions the events are from.
    pub regions: Selection,
    /// A digest belongs to it when it ends between the start and one hour after the end, as for
    /// `aws cloudtrail validate-logs` (`cloudtrail.md` 4.4).
    pub window: Range,
    /// The present time.
    pub now: Timestamp,
    /// Which of the listed log files are read.
    pub log_files: LogFiles,
    /// Whether the record has to cover the window from its start: a chain without an anchor that begins within it, with
    /// nothing older there, leaves a gap. Wrong where the trail itself may be younger than the window.
    pub whole_window: bool,
    /// Whether to look for log files that no digest lists. Wrong where another trail delivers to the same place without
    /// log file validation: its files are in no digest.
    pub unlisted: bool,
    /// What GetTrailStatus says of the trail, per Region.
    pub delivery: BTreeMap<String, Delivery>,
    /// Lifecycle rules that could be read.
    pub expirations: Vec<Expiration>,
    /// How far each chain was verified earlier: it is verified from there on. A chain without one is verified from the
    /// start of the window.
    pub anchors: Vec<Anchor>,
    /// How far at most an anchor stays behind the newest verified digest, because something between them was changed or
    /// could not be read: the next run reads that again.
    pub hold: SignedDuration,
    /// The bounds.
    pub limits: Limits,
}

impl Request {
    /// A request for everything of a trail within a window.
    pub fn new(trail: Trail, location: Location, window: Range, now: Timestamp) -> Self {
        Self {
            trail,
            locations: vec![location],
            accounts: Selection::All,
            regions: Selection::All,
            window,
            now,
            log_files: LogFiles::All,
            whole_window: false,
            unlisted: true,
            delivery: BTreeMap::new(),
            expirations: Vec::new(),
            anchors: Vec::new(),
            hold: SignedDuration::from_hours(7 * 24),
            limits: Limits::default(),
        }
    }
}

/// Which accounts or Regions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// All that have a folder in the bucket.
    All,
    /// These, whether they have one or not.
    Only(Vec<String>),
}

/// Which of the log files that digests list are read and hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFiles {
    /// All.
    All,
    /// About one in that many.
    Sample {
        /// One in so many.
        one_in: u32,
        /// Which ones: nobody who can write to the bucket may guess it.
        seed: u64,
    },
    /// All must be there; those written after their digest ended are read.
    Changed,
    /// None.
    None,
}

/// What GetTrailStatus says of a trail in one Region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// Its LatestDigestDeliveryTime; `None` when it has none.
    pub latest_digest: Option<Timestamp>,
    /// When logging was stopped, if it is.
    pub stopped: Option<Timestamp>,
}

/// A lifecycle rule: what has been there longer than so many days may be gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expiration {
    /// The bucket.
    pub bucket: String,
    /// Keys that begin so.
    pub prefix: String,
    /// How long they stay.
    pub days: u32,
}

impl Expiration {
    /// Whether one of these rules has removed an object that was delivered then.
    pub(crate) fn explains(rules: &[Self], object: &Object, delivered: Timestamp, now: Timestamp) -> bool {
        rules.iter().any(|rule| {
            rule.bucket == object.bucket
                && object.key.starts_with(&rule.prefix)
                && time::shifted(delivered, SignedDuration::from_hours(24 * i64::from(rule.days))) <= now
        })
    }
}

/// The digest up to which a chain was verified. A run that is given it goes on from there, and reads it again: its
/// signature and hash must still be the same, so an anchor that somebody edited moves nothing forward.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Anchor {
    /// Account of the chain.
    pub account_id: String,
    /// Region of the chain.
    pub region: String,
    /// Whether it is the backfill chain.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub backfill: bool,
    /// Bucket of the digest.
    pub bucket: String,
    /// Key of the digest.
    pub key: String,
    /// End of its window.
    pub end: Timestamp,
    /// SHA-256 of its inflated bytes, in hexadecimal digits.
    pub sha256: String,
}

impl Anchor {
    /// The chain it belongs to.
    pub fn chain(&self) -> Chain {
        Chain { account: self.account_id.clone(), region: self.region.clone(), backfill: self.backfill }
    }

    /// Where it is, if it is a digest of that trail in a place that may be read; else what is wrong with it.
    pub(crate) fn locate(&self, trail: &str, locations: &[Location]) -> Result<Object, Fault> {
        let Chain { account, region, backfill } = self.chain();
        let mut places = locations.iter().filter(|location| location.bucket == self.bucket).peekable();
        if places.peek().is_none() {
            let message = "the chain was verified up to it, in a bucket that is neither the trail's nor was given: it was \
                           not read; name the bucket to have the chain verified from there on";
            return Err(Fault::new(Reason::ObjectUnreadable, message));
        }
        let end = places.find_map(|location| {
            let name = DigestName::parse(&self.key, location, &account, &region)?;
            (name.trail == trail && name.backfill == backfill).then_some(name.end)
        });
        if end == Some(self.end) && self.sha256.len() == 64 {
            return Ok(Object { bucket: self.bucket.clone(), key: self.key.clone() });
        }
        let message = "the chain is said to have been verified up to it, and it is no digest of this chain that ends then: \
                       what was remembered of the chain was edited";
        Err(Fault::new(Reason::ChainBroken, message))
    }

    /// One hash over all anchors, whatever their order.
    pub fn hash(anchors: &[Self]) -> String {
        let mut lines: Vec<String> = anchors
            .iter()
            .map(|anchor| {
                format!(
                    "{} {} {} {} {} {}\n",
                    anchor.account_id,
                    anchor.region,
                    anchor.backfill,
                    anchor.bucket,
                    anchor.key,
                    anchor.sha256
                )
            })
            .collect();
        lines.sort();
        hex::encode(content::sha256(lines.concat().as_bytes()))
    }
}

/// Bounds of a run. What lies beyond is a finding `TooMuch`, never silence.
///
/// Memory is at most `parallel` × 0.5 MiB for transfers, 1 MiB for each digest being worked on (`parallel` of them) and as
/// much again for what it lists, and twice `large_file` and what 100,000 listed files take for the two that are larger
/// and may be held at a time, each until its signature has verified: some 64 × 2.5 + 2 × 110 MiB at worst with the
/// defaults in a hostile bucket, some 15 MiB in an ordinary one. No text of a digest but its list is longer than 2 KiB.
/// Who reads records holds one of each transfer, of 2 MiB at most.
/// Beside that, of each of the `chains` being verified: 1 KB for each of its digests, 16 bytes for each log file they
/// list, 32 for each log file of one day where changes are looked for, and the findings that a report has.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Requests at the same time.
    pub parallel: usize,
    /// Threads that inflate and hash.
    pub hashers: usize,
    /// Chains at the same time.
    pub chains: usize,
    /// Most accounts times Regions: who may write to the bucket may make folders.
    pub pairs: usize,
    /// A log file that inflates to more is not read to its end.
    pub log_file: u64,
    /// A digest that inflates to more is not read.
    pub large_file: usize,
    /// Most digests of one chain.
    pub digests: usize,
    /// Most pages of one listing.
    pub pages: usize,
    /// Most bytes that are hashed by the run as a whole.
    pub bytes: Option<u64>,
    /// How often a read that failed on the way is tried.
    pub attempts: u32,
    /// How long an object may send nothing before its transfer counts as cut.
    pub idle: Duration,
    /// How long the transfer of one object may take as a whole.
    pub transfer: Duration,
    /// The first pause before a read is tried again; it doubles, and is jittered.
    pub pause: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZeroUsize::get);
        Self {
            parallel: 64,
            hashers: cores,
            chains: 32,
            pairs: 200_000,
            log_file: 1 << 30,
            large_file: 64 << 20,
            digests: 20_000,
            pages: 10_000,
            bytes: None,
            attempts: 4,
            idle: Duration::from_secs(30),
            transfer: Duration::from_mins(15),
            pause: Duration::from_millis(200),
        }
    }
}
