//! What costs more than it needs to, with the amount where there is one.
//!
//! Knows the traps. Must not decide what to do about them.

mod buckets;
mod copies;

use rust_decimal::Decimal;

pub(super) use self::buckets::records_objects;
use super::{Line, Object, Prices, Recording, Service, Trail, Volumes, money};

/// What it is, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// A trail records management events that an older one records already.
    SecondManagementCopy,
    /// Whether a trail records certain management events cannot be told, so that they are counted as if it did.
    CopyUncertain,
    /// Calls of KMS or the RDS Data API make up much of a paid copy.
    KmsNoise,
    /// A trail records deliveries into its own bucket, which makes deliveries.
    RecordsOwnBucket,
    /// Two trails record the same data events.
    DataEventsTwice,
    /// A bucket takes nothing, and events are billed for 30 days all the same.
    BucketRefuses,
}

impl Reason {
    /// As status and JSON write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::SecondManagementCopy => "SecondManagementCopy",
            Self::CopyUncertain => "CopyUncertain",
            Self::KmsNoise => "KmsNoise",
            Self::RecordsOwnBucket => "RecordsOwnBucket",
            Self::DataEventsTwice => "DataEventsTwice",
            Self::BucketRefuses => "BucketRefuses",
        }
    }
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub reason: Reason,
    /// ARN of the trail it is about.
    pub trail: String,
    /// The object that declares the trail.
    pub object: Option<Object>,
    /// For people: what it is and what to do.
    pub message: String,
    /// USD a month; `None` where that cannot be told.
    pub monthly: Option<Decimal>,
}

impl Finding {
    fn new(reason: Reason, trail: &Trail, monthly: Option<Decimal>, message: String) -> Self {
        Self { reason, trail: trail.arn.clone(), object: trail.object.clone(), message, monthly }
    }
}

/// Everything that is found, dearest first.
pub(super) fn find(
    trails: &[Trail],
    volumes: &Volumes,
    recordings: &[Recording<'_>],
    lines: &[Line],
    prices: &Prices,
) -> Vec<Finding> {
    let mut found = Vec::new();
    for trail in trails.iter().filter(|trail| trail.logging) {
        found.extend(copies::second(trail, recordings, prices));
        found.extend(copies::uncertain(trail, recordings));
        found.extend(copies::noise(trail, recordings, prices));
        found.extend(buckets::own(trail, prices));
        found.extend(buckets::refusing(trail, lines));
    }
    found.extend(buckets::twice(trails, volumes, prices));
    found.sort_by(|one, other| other.monthly.cmp(&one.monthly).then(one.reason.cmp(&other.reason)));
    found
}

/// What CloudTrail itself charges for a trail.
fn event_charges(trail: &Trail, lines: &[Line]) -> Decimal {
    let own = lines.iter().filter(|line| line.trail.as_deref() == Some(trail.arn.as_str()));
    money::sum(own.filter(|line| line.component.service() == Service::CloudTrail).map(|line| line.monthly))
}

/// The amount for a sentence.
fn amount(monthly: Option<Decimal>) -> String {
    monthly.map_or_else(
        || "an unknown amount".to_owned(),
        |monthly| format!("{} a month", money::dollars(monthly)),
    )
}
