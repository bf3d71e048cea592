//! How many records of which kind there were. What is in records is not ours to decide, so the number of kinds is bounded.

use std::collections::{BTreeMap, HashMap};

use super::super::Access;
use super::{Event, NamedSelector};

/// Most kinds that are counted apart.
pub const MOST_KINDS: usize = 10_000;
/// Longer texts are cut to this: no category, service, Region or account is so long.
const LONGEST: usize = 128;
/// Stands between the parts of a key, and in none of them.
const SEPARATOR: char = '\u{1f}';

/// How many, and how large.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count {
    /// Records.
    pub events: u64,
    /// Bytes of them before they are compressed.
    pub bytes: u64,
}

impl Count {
    fn add(&mut self, other: Self) {
        self.events = self.events.saturating_add(other.events);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}

/// A kind of record. What a record does not tell is empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind {
    /// `Management`, `Data`, `NetworkActivity`, `Insight`, or what else there is.
    pub category: String,
    /// The service.
    pub source: String,
    /// Whether it only read.
    pub access: Access,
    /// The Region.
    pub region: String,
    /// The account it was delivered for.
    pub account: String,
    /// Name of the first selector that surely admits it.
    pub selector: Option<String>,
}

/// Counts by kind. One text stands for a kind, so that a known one is found without making anything.
#[derive(Clone, Debug, Default)]
pub(super) struct Kinds {
    counts: HashMap<Box<str>, Count>,
    others: Count,
    key: String,
}

impl Kinds {
    pub(super) fn add(&mut self, event: &Event<'_>, category: &str, selector: Option<usize>) {
        let mut key = std::mem::take(&mut self.key);
        key.clear();
        let access = match event.read_only {
            Some(true) => "r",
            Some(false) => "w",
            None => "",
        };
        let parts = [Some(category), event.source, Some(access), event.region, event.account];
        let parts = parts.map(Option::unwrap_or_default);
        for part in parts {
            key.push_str(part);
            key.push(SEPARATOR);
        }
        if parts.iter().any(|part| part.len() > LONGEST)
            || key.bytes().filter(|byte| char::from(*byte) == SEPARATOR).count() > parts.len()
        {
            key.clear();
            for part in parts {
                push(&mut key, part);
            }
        }
        if let Some(selector) = selector {
            key.push_str(&selector.to_string());
        }
        self.add_count(&key, Count { events: 1, bytes: event.raw.len() as u64 });
        self.key = key;
    }

    pub(super) fn merge(&mut self, other: Self) {
        // Which kinds are counted apart does not depend on the order of a hash table.
        let mut counts: Vec<_> = other.counts.into_iter().collect();
        counts.sort();
        for (key, count) in counts {
            self.add_count(&key, count);
        }
        self.others.add(other.others);
    }

    pub(super) fn all(&self, selectors: &[NamedSelector]) -> BTreeMap<Kind, Count> {
        let mut all = BTreeMap::<Kind, Count>::new();
        for (key, count) in &self.counts {
            all.entry(read_key(key, selectors)).or_default().add(*count);
        }
        all
    }

    pub(super) fn others(&self) -> Count {
        self.others
    }

    pub(super) fn total(&self) -> Count {
        let mut total = self.others;
        self.counts.values().for_each(|count| total.add(*count));
        total
    }

    fn add_count(&mut self, key: &str, count: Count) {
        let is_full = self.counts.len() >= MOST_KINDS;
        match self.counts.get_mut(key) {
            Some(known) => known.add(count),
            None if is_full => self.others.add(count),
            None => drop(self.counts.insert(key.into(), count)),
        }
    }
}

/// Adds a part that is too long or has separators of its own.
fn push(key: &mut String, part: &str) {
    key.extend(part.chars().filter(|character| *character != SEPARATOR).take(LONGEST));
    key.push(SEPARATOR);
}

fn read_key(key: &str, selectors: &[NamedSelector]) -> Kind {
    let mut parts = key.split(SEPARATOR);
    let mut next = || parts.next().unwrap_or_default();
    let (category, source, access) = (next(), next(), next());
    let (region, account, selector) = (next(), next(), next());
    let named = selector.parse().ok().and_then(|place: usize| selectors.get(place));
    Kind {
        category: category.to_owned(),
        source: source.to_owned(),
        access: match access {
            "r" => Access::Read,
            "w" => Access::Write,
            _ => Access::Unsaid,
        },
        region: region.to_owned(),
        account: account.to_owned(),
        selector: named.map(|named| named.name.clone()),
    }
}
