//! Events counted by what selectors say of them. Pure.

use std::collections::BTreeMap;

use trail_operator_domain::selectors::{Admission, AdvancedSelector, Record};

/// What came of the events so far.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Each with its name and where that is in `by_name`.
    selectors: Vec<(usize, AdvancedSelector)>,
    by_name: Vec<(String, u64)>,
    pub(super) events: u64,
    pub(super) recorded: u64,
    pub(super) undetermined: u64,
    /// Recorded, if it were not for the Region.
    pub(super) elsewhere: u64,
    /// What is not recorded, by event.
    pub(super) unrecorded: BTreeMap<String, u64>,
    /// Of what nobody knows it, by event.
    pub(super) unclear: BTreeMap<String, u64>,
    pub(super) lists: Option<Lists>,
}

/// Places of events, from 0.
#[derive(Debug, Default)]
pub(super) struct Lists {
    pub(super) recorded: Vec<u64>,
    pub(super) undetermined: Vec<u64>,
}

impl Counts {
    /// Nothing yet. Selectors of one name are counted together.
    pub(super) fn of(selectors: &[(String, AdvancedSelector)], list: bool) -> Self {
        let names: BTreeMap<_, _> = selectors.iter().map(|(name, _)| (name.clone(), 0)).collect();
        let by_name: Vec<_> = names.into_iter().collect();
        let place = |name: &String| by_name.iter().position(|(other, _)| other == name).unwrap_or_default();
        let selectors = selectors.iter().map(|(name, selector)| (place(name), selector.clone())).collect();
        Self { selectors, by_name, lists: list.then(Lists::default), ..Self::default() }
    }

    /// Counts one more event.
    pub(super) fn add(&mut self, record: &Record, event: &str, elsewhere: bool) {
        let mut admission = Admission::No;
        let mut admitting = Vec::new();
        for (name, selector) in &self.selectors {
            let of_this = selector.admits(record);
            admission = admission.or(of_this);
            if of_this == Admission::Yes && !admitting.contains(name) {
                admitting.push(*name);
            }
        }
        for name in admitting {
            if let Some((_, count)) = self.by_name.get_mut(name) {
                *count += 1;
            }
        }
        let at = self.events;
        self.events += 1;
        match admission {
            Admission::Yes => {
                self.recorded += 1;
                self.elsewhere += u64::from(elsewhere);
                if let Some(lists) = &mut self.lists {
                    lists.recorded.push(at);
                }
            }
            Admission::No => *self.unrecorded.entry(event.to_owned()).or_default() += 1,
            Admission::Undetermined => {
                self.undetermined += 1;
                *self.unclear.entry(event.to_owned()).or_default() += 1;
                if let Some(lists) = &mut self.lists {
                    lists.undetermined.push(at);
                }
            }
        }
    }

    /// How many each selector takes, by name.
    pub(super) fn by_selector(&self) -> &[(String, u64)] {
        &self.by_name
    }
}

/// The most frequent, then by name.
pub(crate) fn most_frequent(events: &BTreeMap<String, u64>, most: usize) -> Vec<(&str, u64)> {
    let mut all: Vec<_> = events.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    all.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    all.truncate(most);
    all
}
