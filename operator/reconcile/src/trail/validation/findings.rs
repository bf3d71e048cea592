//! What is amiss: how long it has been, when it would have to be read again, whether it is the same as before.

use jiff::{SignedDuration, Timestamp};
use trail_operator_integrity::{Finding, Location, Range, Reason, names};

use super::Pair;

/// A finding that stands until it is read again and gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// What was found.
    pub finding: Finding,
    /// When it was first found.
    pub since: Timestamp,
    /// The time that no digest covers, where that is what was found.
    pub gap: Option<Range>,
}

/// By what a finding is the same as an earlier one.
pub(super) type Key = (Reason, Option<String>, Option<String>, Option<String>);

/// Before and after a digest or log file, so that its neighbours in the chain are read too.
const AROUND: SignedDuration = SignedDuration::from_hours(2);

/// A log file that no digest lists is judged only when newer digests are there.
const SETTLED: SignedDuration = SignedDuration::from_hours(5);

/// The names of objects hold times that nobody has judged: at the ends of time they stay there.
fn shifted(time: Timestamp, by: SignedDuration) -> Timestamp {
    let end = if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX };
    time.checked_add(by).unwrap_or(end)
}

impl Open {
    /// By what it is the same as an earlier one. A gap that nobody explains keeps its identity when it is called worse.
    pub(super) fn key(&self) -> Key {
        let Finding { reason, object, account_id, region, .. } = &self.finding;
        let reason = if *reason == Reason::ChainRestarted { Reason::DeliveryGap } else { *reason };
        (reason, object.clone(), account_id.clone(), region.clone())
    }

    /// Whose chain it is in.
    pub fn pair(&self) -> Option<Pair> {
        let (account, region) = self.finding.account_id.clone().zip(self.finding.region.clone())?;
        Some(Pair { account, region })
    }

    /// Whether it is about one digest.
    pub(super) fn is_of_a_digest(&self) -> bool {
        self.finding
            .object
            .as_ref()
            .is_some_and(|object| object.contains("/CloudTrail-Digest/") && !object.ends_with('/'))
    }

    /// Whether it is about one log file.
    pub(super) fn is_of_a_log_file(&self) -> bool {
        self.finding
            .object
            .as_ref()
            .is_some_and(|object| !object.contains("/CloudTrail-Digest/") && !object.ends_with('/'))
    }

    /// The digests to read to judge it again; `None` where it is about a chain as a whole, which every run judges.
    pub(super) fn window(&self, locations: &[Location]) -> Option<Range> {
        if let Some(gap) = self.gap {
            return Some(Range { start: shifted(gap.start, -AROUND), end: shifted(gap.end, AROUND) });
        }
        let at = self.time(locations)?;
        let after = if self.finding.reason == Reason::LogFileUnlisted { SETTLED } else { AROUND };
        Some(Range { start: shifted(at, -AROUND), end: shifted(at, after) })
    }

    /// When the digest or log file it is about was delivered, by its name; of a gap its end.
    pub(super) fn time(&self, locations: &[Location]) -> Option<Timestamp> {
        if let Some(gap) = self.gap {
            return Some(gap.end);
        }
        let pair = self.pair()?;
        let (bucket, key) = self.finding.object.as_deref()?.strip_prefix("s3://")?.split_once('/')?;
        let mut here = locations.iter().filter(|location| location.bucket == bucket);
        here.find_map(|location| {
            let digest = names::DigestName::parse(key, location, &pair.account, &pair.region);
            digest
                .map(|digest| digest.end)
                .or_else(|| names::log_file_delivery(key, location, &pair.account, &pair.region))
        })
    }
}
