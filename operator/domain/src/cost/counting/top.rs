//! The most frequent of many texts, in bounded memory.
//!
//! Texts that were seen least are forgotten from time to time. A text that comes back may have been seen as often as the most
//! frequent of the forgotten: so much its count may be too high. It is never too low.

use std::collections::HashMap;

/// Most texts that are kept: the list is exact while there were no more.
pub const MOST_FREQUENT: usize = 1000;
/// Longer texts are cut to this.
const LONGEST: usize = 256;

/// One of the most frequent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frequent {
    /// What it is.
    pub text: String,
    /// How often it was seen, at most.
    pub count: u64,
    /// By how much that may be too high.
    pub may_be_less_by: u64,
}

/// Counts texts.
#[derive(Clone, Debug, Default)]
pub(super) struct Top {
    counts: HashMap<Box<str>, Seen>,
    /// The highest count that was forgotten.
    forgotten: u64,
    /// All that were counted.
    all: u64,
    text: String,
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    count: u64,
    excess: u64,
}

impl Top {
    /// Counts one text, in parts.
    pub(super) fn add(&mut self, parts: &[&str]) {
        self.all += 1;
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        for part in parts {
            if !text.is_empty() {
                text.push(' ');
            }
            let end = part.char_indices().nth(LONGEST).map_or(part.len(), |(end, _)| end);
            text.push_str(part.get(..end).unwrap_or_default());
        }
        if let Some(seen) = self.counts.get_mut(text.as_str()) {
            seen.count += 1;
        } else {
            let seen = Seen { count: self.forgotten + 1, excess: self.forgotten };
            self.counts.insert(text.as_str().into(), seen);
            self.forget();
        }
        self.text = text;
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.all += other.all;
        for (text, seen) in &mut self.counts {
            if !other.counts.contains_key(text) {
                seen.count += other.forgotten;
                seen.excess += other.forgotten;
            }
        }
        for (text, theirs) in other.counts {
            let unseen = Seen { count: self.forgotten, excess: self.forgotten };
            let own = self.counts.entry(text).or_insert(unseen);
            own.count += theirs.count;
            own.excess += theirs.excess;
        }
        self.forgotten += other.forgotten;
        self.forget();
    }

    /// How many were counted.
    pub(super) fn all(&self) -> u64 {
        self.all
    }

    /// The most frequent, first the most frequent of all, then by text.
    pub(super) fn list(&self, most: usize) -> Vec<Frequent> {
        let mut all: Vec<(&str, &Seen)> = self.counts.iter().map(|(text, seen)| (&**text, seen)).collect();
        all.sort_by(|(one, seen), (other, seen_other)| {
            seen_other.count.cmp(&seen.count).then_with(|| one.cmp(other))
        });
        let frequent = |(text, seen): (&str, &Seen)| Frequent {
            text: text.to_owned(),
            count: seen.count,
            may_be_less_by: seen.excess,
        };
        all.into_iter().take(most).map(frequent).collect()
    }

    /// Forgets half of what is kept once there is twice as much as is wanted: seldom, so that it costs next to nothing.
    fn forget(&mut self) {
        if self.counts.len() < 2 * MOST_FREQUENT {
            return;
        }
        let mut counts: Vec<u64> = self.counts.values().map(|seen| seen.count).collect();
        counts.sort_unstable_by(|one, other| other.cmp(one));
        let limit = counts.get(MOST_FREQUENT).copied().unwrap_or_default();
        self.counts.retain(|_, seen| seen.count > limit);
        self.forgotten = self.forgotten.max(limit);
    }
}
