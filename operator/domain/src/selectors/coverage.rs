//! Which management events selectors record.
//!
//! Knows how far one set of management events reaches over another. Must not know data events.

use std::collections::BTreeSet;

use super::{Admission, AdvancedSelector, FieldSelector, ReadWrite, Selectors};

/// Which management events a trail records: reads and writes, each `None` when they are not recorded, else without the
/// events of these sources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManagementCoverage {
    pub(super) reads: Option<BTreeSet<String>>,
    pub(super) writes: Option<BTreeSet<String>>,
    /// A selector restricts management events in a way that is not known here.
    pub(super) unclear: bool,
}

impl ManagementCoverage {
    pub(super) fn add(&mut self, read_write: ReadWrite, excluded: &BTreeSet<String>) {
        if read_write.reads() {
            add(&mut self.reads, excluded);
        }
        if read_write.writes() {
            add(&mut self.writes, excluded);
        }
    }

    pub(super) fn add_advanced(&mut self, selector: &AdvancedSelector) {
        let mut read_write = ReadWrite::All;
        let mut excluded = BTreeSet::new();
        for field in &selector.fields {
            match (field.field.as_str(), field.only_value()) {
                ("eventCategory", Some("Management")) => {}
                ("readOnly", Some("true")) => read_write = ReadWrite::ReadOnly,
                ("readOnly", Some("false")) => read_write = ReadWrite::WriteOnly,
                ("eventSource", None)
                    if *field
                        == FieldSelector::not_equals(
                            "eventSource",
                            field.not_equals.iter().map(String::as_str),
                        ) =>
                {
                    excluded.clone_from(&field.not_equals);
                }
                _ => {
                    self.unclear = true;
                    return;
                }
            }
        }
        self.add(read_write, &excluded);
    }

    /// Whether everything that `other` records is recorded. What is unclear about `other` may be anything; what is
    /// unclear about this one is nothing.
    pub fn covers(&self, other: &Self) -> bool {
        if other.unclear {
            return *self == Selectors::Default.management_events();
        }
        half_covers(self.reads.as_ref(), other.reads.as_ref())
            && half_covers(self.writes.as_ref(), other.writes.as_ref())
    }

    /// Whether a management event is recorded that only reads, or not (`None` where nobody says), of this event source
    /// (empty where nobody says).
    pub fn admits(&self, read_only: Option<bool>, event_source: &str) -> Admission {
        let half = |half: &Option<BTreeSet<String>>| match half {
            None => Admission::No,
            Some(excluded) if event_source.is_empty() && !excluded.is_empty() => Admission::Undetermined,
            Some(excluded) => (!excluded.contains(event_source)).into(),
        };
        let (reads, writes) = (half(&self.reads), half(&self.writes));
        let sure = match read_only {
            Some(true) => reads,
            Some(false) => writes,
            None if reads == writes => reads,
            None => Admission::Undetermined,
        };
        if self.unclear { sure.or(Admission::Undetermined) } else { sure }
    }

    /// Whether events that only read are recorded.
    pub fn has_reads(&self) -> bool {
        self.reads.is_some()
    }

    /// Whether events that change something are recorded.
    pub fn has_writes(&self) -> bool {
        self.writes.is_some()
    }

    /// Whether any are recorded.
    pub fn has_any(&self) -> bool {
        self.reads.is_some() || self.writes.is_some()
    }
}

/// An event is recorded when any selector takes it, so what one of them excludes another may bring back.
fn add(half: &mut Option<BTreeSet<String>>, excluded: &BTreeSet<String>) {
    *half = Some(half.take().map_or_else(|| excluded.clone(), |old| &old & excluded));
}

fn half_covers(new: Option<&BTreeSet<String>>, old: Option<&BTreeSet<String>>) -> bool {
    match (new, old) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(new), Some(old)) => new.is_subset(old),
    }
}
