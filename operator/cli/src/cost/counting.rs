//! Events counted hour by hour, as each of the trails would record them, and the month that they stand for. Pure.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use jiff::Timestamp;
use serde::Deserialize;
use trail_operator_domain::{
    cost::{
        Category, Extrapolated, Regions, Window,
        counting::{Counter, Kind, MostFrequent, NamedSelector},
        extrapolate,
    },
    selectors::Selectors,
};
use trail_operator_reconcile::trail::cost::Subject;

const HOUR: i64 = 3600;
/// CloudTrail delivers about every five minutes (`cloudtrail.md` 4.1): with what is not a whole hour, events begin and end so.
const DELIVERY: i64 = 300;

/// From when to when events are all there, in seconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) start: Option<i64>,
    pub(super) end: Option<i64>,
}

/// What was counted so far.
#[derive(Debug, Default)]
pub(super) struct Counting {
    given: Given,
    /// Trails that record the same share what is counted.
    counted: Vec<Counted>,
    first: Option<i64>,
    last: Option<i64>,
    pub(super) events: u64,
    /// Events before and after what was asked for.
    pub(super) left_out: u64,
}

#[derive(Debug)]
struct Counted {
    recorded: Recorded,
    none: Counter,
    hours: BTreeMap<i64, Counter>,
    all: Counter,
}

/// What makes a difference to what is counted.
type Recorded = (Vec<NamedSelector>, Regions, Selectors);

fn recorded(subject: &Subject) -> Recorded {
    (subject.named.clone(), subject.trail.regions.clone(), subject.trail.selectors.clone())
}

/// All that is asked of an event here; the counter reads the rest.
#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, rename = "eventTime")]
    time: Option<Cow<'a, str>>,
}

impl Counting {
    /// Nothing yet, for these trails.
    pub(super) fn new<'a>(subjects: impl IntoIterator<Item = &'a Subject>, given: Given) -> Self {
        let mut counting = Self { given, ..Self::default() };
        for subject in subjects {
            if counting.of(subject).is_none() {
                let none = Counter::new(subject.named.clone()).only_of(&subject.trail);
                counting.counted.push(Counted {
                    recorded: recorded(subject),
                    hours: BTreeMap::new(),
                    all: none.clone().with_most_frequent(),
                    none,
                });
            }
        }
        counting
    }

    fn all_are_given(&self) -> bool {
        self.given.start.is_some() && self.given.end.is_some()
    }

    fn of(&self, subject: &Subject) -> Option<&Counted> {
        self.counted.iter().find(|counted| counted.recorded == recorded(subject))
    }

    /// Counts one more event, given as JSON.
    pub(super) fn add(&mut self, event: &str) -> Result<(), String> {
        let Event { time } = serde_json::from_str(event).map_err(|error| error.to_string())?;
        let time = time.ok_or("it has no eventTime")?;
        let time: Timestamp = time.parse().map_err(|_| format!("eventTime '{time}' is no time"))?;
        let time = time.as_second();
        if self.given.start.is_some_and(|start| time < start) || self.given.end.is_some_and(|end| time >= end)
        {
            self.left_out += 1;
            return Ok(());
        }
        for Counted { none, hours, all, .. } in &mut self.counted {
            let hour = hours.entry(time.div_euclid(HOUR)).or_insert_with(|| none.clone());
            hour.add_record(event).and_then(|()| all.add_record(event)).map_err(|error| error.to_string())?;
        }
        self.first = Some(self.first.map_or(time, |first| first.min(time)));
        self.last = Some(self.last.map_or(time, |last| last.max(time)));
        self.events += 1;
        Ok(())
    }

    /// The account that most of the events are of.
    pub(super) fn account(&self) -> Option<String> {
        let mut accounts = BTreeMap::<String, u64>::new();
        for (kind, count) in self.counted.first()?.all.kinds() {
            *accounts.entry(kind.account).or_default() += count.events;
        }
        accounts.remove("");
        accounts.into_iter().max_by_key(|(_, events)| *events).map(|(account, _)| account)
    }

    /// The month that the events stand for which this trail would record; `None` when there are none at all.
    pub(super) fn month(&self, subject: &Subject) -> Option<Extrapolated<Kind>> {
        let counted = self.of(subject)?;
        let (first, last) = (self.first?, self.last?);
        let start = self.given.start.unwrap_or(first.div_euclid(DELIVERY) * DELIVERY);
        let end = self.given.end.unwrap_or((last.div_euclid(DELIVERY) + 1) * DELIVERY);
        let window = |hour: i64, counter: Option<&Counter>| Window {
            start: start.max(hour * HOUR),
            end: end.min((hour + 1) * HOUR),
            counts: counter.map(Counter::kinds).unwrap_or_default(),
        };
        // An hour without any event was quiet where somebody says that all events are there; otherwise it is missing.
        let windows: Vec<_> = if self.all_are_given() {
            let every = start.div_euclid(HOUR)..=(end - 1).div_euclid(HOUR);
            every.map(|hour| window(hour, counted.hours.get(&hour))).collect()
        } else {
            counted.hours.iter().map(|(hour, counter)| window(*hour, Some(counter))).collect()
        };
        let mut month = extrapolate(&windows)?;
        month.monthly.retain(|kind, _| is_recorded(subject, kind));
        Some(month)
    }

    /// The Regions that the events are of.
    pub(super) fn regions(&self) -> BTreeSet<String> {
        let kinds = self.counted.iter().flat_map(|counted| counted.all.kinds().into_keys());
        kinds.map(|kind| kind.region).filter(|region| !region.is_empty()).collect()
    }

    /// Events of accounts that none of these trails records, by account.
    pub(super) fn of_others<'a>(&self, subjects: impl Iterator<Item = &'a Subject>) -> BTreeMap<String, u64> {
        let subjects: Vec<_> = subjects.collect();
        let is_theirs = |kind: &Kind| {
            subjects
                .iter()
                .any(|subject| !subject.trail.logging || subject.trail.reaches(&kind.account, &kind.region))
        };
        let mut others = BTreeMap::new();
        for (kind, count) in self.counted.first().map(|counted| counted.all.kinds()).unwrap_or_default() {
            if !is_theirs(&kind) {
                *others.entry(kind.account).or_default() += count.events;
            }
        }
        others
    }

    /// Hours between the first and the last event in which there is none, so that they are taken to be missing.
    pub(super) fn missing_hours(&self) -> i64 {
        let (Some(first), Some(last), Some(counted)) = (self.first, self.last, self.counted.first()) else {
            return 0;
        };
        if self.all_are_given() {
            return 0;
        }
        let all = last.div_euclid(HOUR) - first.div_euclid(HOUR) + 1;
        all - i64::try_from(counted.hours.len()).unwrap_or(all)
    }

    /// The most frequent events of each category and EventSelector.
    pub(super) fn most_frequent(&self, subject: &Subject, most: usize) -> Vec<MostFrequent> {
        self.of(subject).map(|counted| counted.all.most_frequent(most)).unwrap_or_default()
    }
}

/// Whether the trail takes events of this kind, which is of a Region and, if of management events, one that it records.
fn is_recorded(subject: &Subject, kind: &Kind) -> bool {
    subject.trail.reaches(&kind.account, &kind.region)
        && match Category::of(&kind.category) {
            Category::Management => true,
            Category::Data | Category::NetworkActivity => kind.selector.is_some(),
            Category::Insight | Category::Other => false,
        }
}
