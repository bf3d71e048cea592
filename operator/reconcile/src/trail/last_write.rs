//! What this process last did to a trail. AWS's reads lag behind its writes, so a read may be older than a write.

use jiff::{SignedDuration, Timestamp};

use super::Change;
use crate::aws::Tags;

/// What was done to a trail lately.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastWrite {
    /// When it was created.
    pub created: Option<Timestamp>,
    /// When it was last changed, and how.
    pub changed: Option<(Timestamp, Vec<Change>)>,
}

impl LastWrite {
    /// A trail may stay invisible, tags included, for a while after its creation. `CloudTrail` gives no bound
    /// (`cloudtrail.md` 1.5); Terraform waits about as long.
    const VISIBLE_AFTER: SignedDuration = SignedDuration::from_mins(1);

    /// Reads that show the state before a change are taken for old this long, and for somebody else's change later.
    /// Shorter than the shortest interval, so that a real one is put right at the next look.
    pub const SETTLED_AFTER: SignedDuration = SignedDuration::from_secs(15);

    /// With what was done just now.
    #[must_use]
    pub fn and(self, done: &[Change], now: Timestamp) -> Self {
        if done.is_empty() {
            return self;
        }
        let created = done.iter().any(|change| matches!(change, Change::CreateTrail(..)));
        Self { created: if created { Some(now) } else { self.created }, changed: Some((now, done.to_vec())) }
    }

    /// Whether the trail may be there without being seen.
    pub fn may_be_invisible(&self, now: Timestamp) -> bool {
        self.created.is_some_and(|created| now.duration_since(created) < Self::VISIBLE_AFTER)
    }

    /// Whether the trail was changed so lately that AWS may still show an older state.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        self.changed.as_ref().is_some_and(|(at, _)| now.duration_since(*at) < Self::SETTLED_AFTER)
    }

    /// Whether anything was done so lately that an answer given to somebody else may be older.
    pub fn is_recent(&self, now: Timestamp) -> bool {
        self.may_be_invisible(now)
            || self.changed.as_ref().is_some_and(|(at, _)| now.duration_since(*at) < Self::VISIBLE_AFTER)
    }

    /// Tags that were set so lately that AWS may not show them yet.
    pub fn tags(&self, now: Timestamp) -> Tags {
        let done = self.changed.iter().filter(|_| self.is_fresh(now)).flat_map(|(_, done)| done);
        let tags = done.filter_map(|change| match change {
            Change::CreateTrail(_, tags) | Change::AddTags(_, tags) => Some(tags.clone()),
            _ => None,
        });
        tags.flatten().collect()
    }

    /// Whether every one of these changes was made so lately that AWS may just not show it yet.
    pub fn covers(&self, changes: &[Change], now: Timestamp) -> bool {
        let made = |change| self.changed.as_ref().is_some_and(|(_, done)| done.contains(change));
        self.is_fresh(now) && changes.iter().all(made)
    }
}
