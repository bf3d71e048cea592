//! Event selectors: what a trail records, in both of AWS's forms (`cloudtrail.md` 2.1 to 2.4).
//!
//! Knows how the two forms are written, compared, translated and judged, what they say of an event, and how to put them
//! into words. Must not know trails, manifests or AWS's client. Resource types, event sources and fields are never
//! enumerated: AWS adds to them faster than anybody releases.

mod admission;
mod advanced;
mod basic;
mod coverage;
mod hints;
mod operators;
mod problems;
mod record;
mod relations;
mod words;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

pub use self::{
    admission::Admission,
    advanced::{AdvancedSelector, FieldSelector, MANAGEMENT_SELECTOR_NAME},
    basic::{BasicSelector, ReadWrite},
    coverage::ManagementCoverage,
    record::{NotARecord, Record},
};

pub(crate) use self::record::Fields;

/// How many values all selectors of a trail may list together, in the advanced form (`cloudtrail.md` 2.2). See
/// [`AdvancedSelector::values`].
pub const MOST_VALUES: usize = 500;

/// The selectors of a trail, in the form they have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selectors {
    /// None were set, or the default was: all management events, nothing else.
    Default,
    /// The basic form.
    Basic(Vec<BasicSelector>),
    /// The advanced form.
    Advanced(Vec<AdvancedSelector>),
}

impl Selectors {
    /// The selector of management events, `None` for no management events, then these others in their order, in the
    /// advanced form. Default management events alone are left in AWS's default form. Nothing at all is an empty list,
    /// which AWS does not take: refusing it is the caller's part.
    pub fn declared(management: Option<AdvancedSelector>, members: &[AdvancedSelector]) -> Self {
        let default = management == Some(AdvancedSelector::management(ReadWrite::All, []));
        if default && members.is_empty() {
            return Self::Default;
        }
        Self::Advanced(management.into_iter().chain(members.iter().cloned()).collect())
    }

    /// These selectors in the advanced form, recording the same events (`cloudtrail.md` 2.3 and 2.4). Translated
    /// selectors that say the same appear once; a list that is in the advanced form already is left as it is.
    pub fn advanced(&self) -> Vec<AdvancedSelector> {
        match self {
            Self::Default => vec![AdvancedSelector::management(ReadWrite::All, [])],
            Self::Basic(list) => {
                let mut seen = BTreeSet::new();
                let translated = list.iter().flat_map(|selector| selector.to_advanced(""));
                translated.filter(|selector| seen.insert(selector.clone())).collect()
            }
            Self::Advanced(list) => list.clone(),
        }
    }

    /// The same selectors in one form: the two default forms, which AWS's pages both show, are one (`cloudtrail.md`
    /// 2.3), and order means nothing.
    #[must_use]
    pub fn normalised(&self) -> Self {
        match self {
            Self::Default => Self::Default,
            Self::Basic(list) => match list.as_slice() {
                [only] if *only == BasicSelector::all_management() => Self::Default,
                _ => Self::Basic(sorted(list)),
            },
            Self::Advanced(list) => match list.as_slice() {
                [only] if only.fields == AdvancedSelector::management(ReadWrite::All, []).fields => {
                    Self::Default
                }
                _ => Self::Advanced(sorted(list)),
            },
        }
    }

    /// Which management events are recorded.
    pub fn management_events(&self) -> ManagementCoverage {
        let mut coverage = ManagementCoverage::default();
        match self {
            Self::Default => coverage.add(ReadWrite::All, &BTreeSet::new()),
            Self::Basic(list) => {
                for selector in list.iter().filter(|selector| selector.include_management_events) {
                    coverage.add(selector.read_write_type, &selector.exclude_management_event_sources);
                }
            }
            Self::Advanced(list) => {
                for selector in list.iter().filter(|selector| selector.is_management()) {
                    coverage.add_advanced(selector);
                }
            }
        }
        coverage
    }

    /// Whether data events of any kind are recorded.
    pub fn record_data_events(&self) -> bool {
        match self {
            Self::Default => false,
            Self::Basic(list) => list.iter().any(|selector| !selector.data_resources.is_empty()),
            Self::Advanced(list) => list.iter().any(|selector| selector.category() == Some("Data")),
        }
    }

    /// The resource types whose data events are recorded, all or some of them.
    pub fn data_resource_types(&self) -> BTreeSet<String> {
        let types = self.advanced().into_iter().filter(|selector| selector.category() == Some("Data"));
        types.filter_map(|selector| selector.resource_type().map(str::to_owned)).collect()
    }

    /// Whether an event is recorded: whether any selector admits it (`cloudtrail.md` 2.1 and 2.2).
    pub fn admits(&self, record: &Record) -> Admission {
        self.advanced().iter().fold(Admission::No, |so_far, selector| so_far.or(selector.admits(record)))
    }

    /// The selectors that admit an event, or may: their places in [`Self::advanced`].
    pub fn admitting(&self, record: &Record) -> Vec<(usize, Admission)> {
        let list = self.advanced();
        let admissions = list.iter().map(|selector| selector.admits(record)).enumerate();
        admissions.filter(|(_, admission)| *admission != Admission::No).collect()
    }
}

fn sorted<T: Ord + Clone>(list: &[T]) -> Vec<T> {
    let mut list = list.to_vec();
    list.sort();
    list
}
