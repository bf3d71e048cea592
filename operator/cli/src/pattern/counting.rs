//! Events counted by what patterns say of them. Pure.

use std::{borrow::Cow, collections::BTreeMap};

use jiff::Timestamp;
use serde::Deserialize;
use trail_operator_domain::patterns::{NotAnEvent, Patterns, Scratch, Verdict};

use super::declared::Asked;

/// What came of the events so far.
#[derive(Debug)]
pub(super) struct Counts {
    patterns: Patterns,
    scratch: Scratch,
    pub(super) events: u64,
    /// Of each pattern.
    pub(super) each: Vec<Count>,
}

/// What one pattern says.
#[derive(Clone, Debug, Default)]
pub(super) struct Count {
    pub(super) matched: u64,
    pub(super) undetermined: u64,
    /// When the first of those that match happened, and the last.
    pub(super) span: Option<(Timestamp, Timestamp)>,
    /// Matches by event name.
    pub(super) by_name: BTreeMap<String, u64>,
    /// Events of which it is not known.
    pub(super) unclear: BTreeMap<String, u64>,
    pub(super) lists: Option<Lists>,
}

/// Places of events, from 0.
#[derive(Clone, Debug, Default)]
pub(super) struct Lists {
    pub(super) matched: Vec<u64>,
    pub(super) undetermined: Vec<u64>,
}

/// What is told of an event. It is read only of those of which something is told.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Facts<'a> {
    #[serde(borrow, default)]
    event_name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    event_time: Option<Cow<'a, str>>,
}

impl<'a> Facts<'a> {
    fn of(event: &'a str) -> Self {
        serde_json::from_str(event).unwrap_or_default()
    }

    fn name(&self) -> &str {
        self.event_name.as_deref().unwrap_or("?")
    }
}

impl Counts {
    /// Nothing yet.
    pub(super) fn of(patterns: &[Asked], list: bool) -> Self {
        let nothing = Count { lists: list.then(Lists::default), ..Count::default() };
        Self {
            patterns: Patterns::new(patterns.iter().map(|asked| &asked.pattern)),
            scratch: Scratch::default(),
            events: 0,
            each: vec![nothing; patterns.len()],
        }
    }

    /// Counts one more event. Gives what each pattern says of it.
    pub(super) fn add(&mut self, event: &str) -> Result<&[Verdict], NotAnEvent> {
        let verdicts = self.patterns.evaluate(event, &mut self.scratch)?;
        let at = self.events;
        self.events += 1;
        if verdicts.iter().all(|verdict| *verdict == Verdict::NoMatch) {
            return Ok(verdicts);
        }
        let facts = Facts::of(event);
        for (count, verdict) in self.each.iter_mut().zip(verdicts) {
            match verdict {
                Verdict::NoMatch => {}
                Verdict::Match => count.hit(at, &facts),
                Verdict::Undetermined => count.miss(at, &facts),
            }
        }
        Ok(verdicts)
    }
}

impl Count {
    fn hit(&mut self, at: u64, facts: &Facts<'_>) {
        self.matched += 1;
        one_more(&mut self.by_name, facts.name());
        if let Some(time) = facts.event_time.as_deref().and_then(|time| time.parse::<Timestamp>().ok()) {
            let (first, last) = self.span.unwrap_or((time, time));
            self.span = Some((first.min(time), last.max(time)));
        }
        if let Some(lists) = &mut self.lists {
            lists.matched.push(at);
        }
    }

    fn miss(&mut self, at: u64, facts: &Facts<'_>) {
        self.undetermined += 1;
        one_more(&mut self.unclear, facts.name());
        if let Some(lists) = &mut self.lists {
            lists.undetermined.push(at);
        }
    }
}

/// Without a new text for a name that is there.
fn one_more(counts: &mut BTreeMap<String, u64>, name: &str) {
    match counts.get_mut(name) {
        Some(count) => *count += 1,
        None => drop(counts.insert(name.to_owned(), 1)),
    }
}

/// What people call an event.
pub(super) fn name_of(event: &str) -> String {
    Facts::of(event).name().to_owned()
}
