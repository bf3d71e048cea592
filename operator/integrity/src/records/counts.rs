//! How many records of which kind there were, and how many bytes they took.
//!
//! Pure. The number of kinds is bounded: what is in a record's fields is not ours to decide.

use std::collections::HashMap;

use super::Record;

/// Most kinds that are counted apart.
pub const MOST_KEYS: usize = 10_000;
/// Longer texts are cut to this: no category, service, Region or account is so long.
const LONGEST: usize = 128;
/// Stands between the parts of a kind, and in none of them.
const SEPARATOR: char = '\u{1f}';

/// Whether events changed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Access {
    /// They changed nothing.
    Read,
    /// They did.
    Write,
    /// The records do not say, as those of Insights.
    Unsaid,
}

/// A kind of record. A part that records do not say is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordKey<'a> {
    /// `Management`, `Data` and others.
    pub category: &'a str,
    /// Service, like `s3.amazonaws.com`.
    pub source: &'a str,
    /// Read or write.
    pub access: Access,
    /// Region.
    pub region: &'a str,
    /// Account they were delivered to.
    pub account: &'a str,
}

/// How many, and how large.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count {
    /// Records.
    pub events: u64,
    /// Bytes of them as they stand in the files.
    pub bytes: u64,
}

impl Count {
    fn add(&mut self, other: Self) {
        self.events += other.events;
        self.bytes += other.bytes;
    }
}

/// How many records of which kind there were.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordCounts {
    by_key: HashMap<Box<str>, Count>,
    /// Records of further kinds, once there are [`MOST_KEYS`]: not nothing, when there were more.
    pub others: Count,
    /// Files of which not all records could be counted: too large, or not what a log file should be.
    pub unread_files: u64,
}

impl RecordCounts {
    /// Counts the records of one file.
    pub fn of(records: &[Record<'_>]) -> Self {
        let mut counts = Self::default();
        let mut key = String::new();
        for record in records {
            write_key(&mut key, record);
            counts.add(&key, Count { events: 1, bytes: record.raw.len() as u64 });
        }
        counts
    }

    /// Takes in what was counted elsewhere.
    pub fn merge(&mut self, other: &Self) {
        // Which kinds are counted apart does not depend on the order of a hash table.
        let mut keys: Vec<_> = other.by_key.iter().collect();
        keys.sort();
        for (key, count) in keys {
            self.add(key, *count);
        }
        self.others.add(other.others);
        self.unread_files += other.unread_files;
    }

    /// All kinds that were counted apart, sorted.
    pub fn sorted(&self) -> Vec<(RecordKey<'_>, Count)> {
        let mut all: Vec<_> = self.by_key.iter().map(|(key, count)| (read_key(key), *count)).collect();
        all.sort();
        all
    }

    /// Everything together.
    pub fn total(&self) -> Count {
        let mut total = self.others;
        self.by_key.values().for_each(|count| total.add(*count));
        total
    }

    fn add(&mut self, key: &str, count: Count) {
        let full = self.by_key.len() >= MOST_KEYS;
        match self.by_key.get_mut(key) {
            Some(known) => known.add(count),
            None if full => self.others.add(count),
            None => drop(self.by_key.insert(key.into(), count)),
        }
    }
}

/// One text for all parts of a kind, so that a known one is found without making anything.
fn write_key(key: &mut String, record: &Record<'_>) {
    key.clear();
    let access = match record.read_only {
        Some(true) => "r",
        Some(false) => "w",
        None => "",
    };
    push(key, record.event_category.as_deref());
    push(key, record.event_source.as_deref());
    push(key, Some(access));
    push(key, record.aws_region.as_deref());
    push(key, record.recipient_account_id.as_deref());
}

fn push(key: &mut String, part: Option<&str>) {
    let part = part.unwrap_or_default();
    if part.len() <= LONGEST && !part.contains(SEPARATOR) {
        key.push_str(part);
    } else {
        key.extend(part.chars().filter(|character| *character != SEPARATOR).take(LONGEST));
    }
    key.push(SEPARATOR);
}

fn read_key(key: &str) -> RecordKey<'_> {
    let mut parts = key.split(SEPARATOR);
    let mut next = || parts.next().unwrap_or_default();
    RecordKey {
        category: next(),
        source: next(),
        access: match next() {
            "r" => Access::Read,
            "w" => Access::Write,
            _ => Access::Unsaid,
        },
        region: next(),
        account: next(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::each;

    fn counts(file: &str) -> RecordCounts {
        let mut records = Vec::new();
        each(file.as_bytes(), |record| records.push(record)).unwrap();
        RecordCounts::of(&records)
    }

    #[test]
    fn records_are_counted_by_kind() {
        let put = r#"{"eventCategory":"Data","eventSource":"s3.amazonaws.com","readOnly":false,"awsRegion":"us-east-1","recipientAccountId":"1"}"#;
        let get = put.replace("false", "true");
        let mut all = counts(&format!(r#"{{"Records":[{put},{get},{put},{{}}]}}"#));
        let kind = |access| RecordKey {
            category: "Data",
            source: "s3.amazonaws.com",
            access,
            region: "us-east-1",
            account: "1",
        };
        let none = RecordKey { category: "", source: "", access: Access::Unsaid, region: "", account: "" };
        let count = |events, bytes: usize| Count { events, bytes: bytes as u64 };
        let expected = [
            (none, count(1, 2)),
            (kind(Access::Read), count(1, get.len())),
            (kind(Access::Write), count(2, 2 * put.len())),
        ];
        assert_eq!(all.sorted(), expected);
        let other = counts(&format!(r#"{{"Records":[{put}]}}"#));
        all.merge(&other);
        assert_eq!(all.sorted()[2].1, count(3, 3 * put.len()));
        assert_eq!(all.total().events, 5);
    }

    #[test]
    fn kinds_without_end_are_counted_together() {
        let mut all = RecordCounts::default();
        for part in 0..3 {
            let records: Vec<String> = (0..5000)
                .map(|n| format!(r#"{{"eventSource":"{part}-{n}{}"}}"#, "x\\u001f".repeat(500)))
                .collect();
            all.merge(&counts(&format!(r#"{{"Records":[{}]}}"#, records.join(","))));
        }
        assert_eq!((all.sorted().len(), all.others.events, all.total().events), (MOST_KEYS, 5000, 15_000));
        assert!(all.sorted().iter().all(|(key, _)| key.source.len() == LONGEST && key.account.is_empty()));
    }
}
