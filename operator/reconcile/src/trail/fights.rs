//! Fields that others change again and again. Pure.
//!
//! Whoever weakens the record is answered at once, every time. Over neutral fields two tools would write for ever, so
//! there each answer waits longer than the last, up to an hour.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

/// After this much peace a field's past is forgotten.
const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_hours(6);
/// So often a neutral field is put right without waiting.
const PATIENCE: u32 = 3;
const FIRST_WAIT: SignedDuration = SignedDuration::from_mins(5);
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(1);

/// How often each field was put right of late, and when last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fights(BTreeMap<String, (u32, Timestamp)>);

impl Fights {
    /// With fields that were put right just now.
    #[must_use]
    pub fn and<'a>(mut self, fields: impl IntoIterator<Item = &'a str>, now: Timestamp) -> Self {
        self.0.retain(|_, (_, last)| now.duration_since(*last) < FORGOTTEN_AFTER);
        for field in fields {
            let times = self.times(field, now) + 1;
            self.0.insert(field.to_owned(), (times, now));
        }
        self
    }

    /// How often the field was put right of late.
    pub fn times(&self, field: &str, now: Timestamp) -> u32 {
        self.0
            .get(field)
            .filter(|(_, last)| now.duration_since(*last) < FORGOTTEN_AFTER)
            .map_or(0, |(n, _)| *n)
    }

    /// Whether a neutral field is to be left as it is for now.
    pub fn waits(&self, field: &str, now: Timestamp) -> bool {
        let Some((times, last)) = self.0.get(field) else { return false };
        let Some(waits) = times.checked_sub(PATIENCE) else { return false };
        let wait = FIRST_WAIT.saturating_mul(1_i32.checked_shl(waits).unwrap_or(i32::MAX)).min(LONGEST_WAIT);
        now.duration_since(*last) < wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    #[test]
    fn the_fourth_time_waits_and_each_time_after_it_longer() {
        let mut fights = Fights::default();
        let mut now = 0;
        let mut waits = Vec::new();
        for _ in 0..8 {
            let start = now;
            while fights.waits("tags.Team", at(now)) {
                now += 1;
            }
            waits.push(now - start);
            fights = fights.and(["tags.Team"], at(now));
        }
        assert_eq!(waits, [0, 0, 0, 5, 10, 20, 40, 60]);
        assert!(!fights.waits("tags.Other", at(now)), "each field for itself");
    }

    #[test]
    fn peace_makes_forget() {
        let fights =
            (0..5).fold(Fights::default(), |fights, minute| fights.and(["sns.topicArn"], at(minute)));
        assert_eq!(fights.times("sns.topicArn", at(5)), 5);
        assert_eq!(fights.times("sns.topicArn", at(365)), 0);
        let again = fights.and(["sns.topicArn"], at(365));
        assert!(!again.waits("sns.topicArn", at(365)));
    }
}
