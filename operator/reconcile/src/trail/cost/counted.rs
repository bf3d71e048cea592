//! Events that were counted in delivered log files, for about a week.
//!
//! A run of log file validation reads what was delivered since the last one, once: each such span is a tally. Tallies of a day
//! are put together; what a restart finds in status counts as one tally until a week was counted anew.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use trail_operator_crds::{CountedEvents, CountedKind};
use trail_operator_domain::cost::{
    Access, Decimal, Extrapolated, HOURS_A_MONTH, Window,
    counting::{Count, Event, Kind},
    extrapolate,
};

use trail_operator_integrity::records::Record;

use crate::conditions::whole_seconds;

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Older days are left behind: a week has every kind of day.
const MOST_DAYS: usize = 8;
/// `status.cost.counted.kinds` holds at most this many.
const MOST_KINDS: usize = 64;

/// The services whose management events a trail can leave out (`cloudtrail.md` 2.2). Of others the service costs the same.
const APART: [&str; 2] = ["kms.amazonaws.com", "rdsdata.amazonaws.com"];

/// What was counted of the deliveries of one span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Delivered from.
    pub from: Timestamp,
    /// Delivered up to.
    pub through: Timestamp,
    /// Log files that were counted.
    pub log_files: u64,
    /// Events by kind.
    pub kinds: BTreeMap<Kind, Count>,
}

/// A month that was extrapolated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Month {
    /// Events by kind.
    pub events: Extrapolated<Kind>,
    /// Log files, where they were counted too.
    pub log_files: Option<Decimal>,
}

/// What was counted lately, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted(Vec<Tally>);

impl Counted {
    /// What status remembers.
    pub fn of(status: Option<&CountedEvents>) -> Self {
        let tally = status.and_then(|status| {
            Some(Tally {
                from: status.from.as_ref()?.0,
                through: status.through.as_ref()?.0,
                log_files: status.log_files.try_into().unwrap_or_default(),
                kinds: status.kinds.iter().map(kind_of).collect(),
            })
        });
        Self(tally.into_iter().collect())
    }

    /// With what was counted since. What it counts anew is not counted twice.
    #[must_use]
    pub fn with(mut self, tally: Tally) -> Self {
        if tally.from >= tally.through {
            return self;
        }
        self.0.retain_mut(|known| known.cut(tally.from));
        let tally = Tally { kinds: folded(tally.kinds), ..tally };
        match self.0.last_mut() {
            Some(last) if tally.through.duration_since(last.from) <= DAY => last.add(tally),
            _ => self.0.push(tally),
        }
        let old = self.0.len().saturating_sub(MOST_DAYS);
        self.0.drain(..old);
        self
    }

    /// The month that it stands for; `None` when nothing was counted.
    pub fn month(&self) -> Option<Month> {
        let window = |tally: &Tally| Window {
            start: tally.from.as_second(),
            end: tally.through.as_second(),
            counts: tally.kinds.clone(),
        };
        let events = extrapolate(&self.0.iter().map(window).collect::<Vec<_>>())?;
        Some(Month { events, log_files: Some(self.log_files_a_month()) })
    }

    /// The Regions that they are of.
    pub fn regions(&self) -> BTreeSet<String> {
        let kinds = self.0.iter().flat_map(|tally| tally.kinds.keys());
        kinds.map(|kind| kind.region.clone()).filter(|region| !region.is_empty()).collect()
    }

    fn log_files_a_month(&self) -> Decimal {
        let files: u64 = self.0.iter().map(|tally| tally.log_files).sum();
        let seconds: i64 =
            self.0.iter().map(|tally| tally.through.duration_since(tally.from).as_secs()).sum();
        let month = Decimal::from(HOURS_A_MONTH) * Decimal::from(3600);
        (Decimal::from(files) * month).checked_div(seconds.into()).unwrap_or_default()
    }

    /// As status remembers it.
    pub fn status(&self) -> Option<CountedEvents> {
        let mut all = self.0.first()?.clone();
        for tally in self.0.iter().skip(1) {
            all.add(tally.clone());
        }
        Some(CountedEvents {
            from: Some(Time(whole_seconds(all.from))),
            through: Some(Time(whole_seconds(all.through))),
            log_files: signed(all.log_files),
            kinds: as_status(all.kinds),
        })
    }
}

impl Tally {
    /// Leaves out what was delivered from this time on, as if it had come evenly. Whether anything is left.
    fn cut(&mut self, from: Timestamp) -> bool {
        if self.through <= from {
            return true;
        }
        let part = |whole: u64, left: i64, all: i64| {
            let (left, all) = (u128::from(left.unsigned_abs()), u128::from(all.unsigned_abs()).max(1));
            u64::try_from(u128::from(whole) * left / all).unwrap_or(whole)
        };
        let all = self.through.duration_since(self.from).as_secs();
        let left = from.duration_since(self.from).as_secs().max(0);
        self.log_files = part(self.log_files, left, all);
        for count in self.kinds.values_mut() {
            count.events = part(count.events, left, all);
            count.bytes = part(count.bytes, left, all);
        }
        self.through = from;
        left > 0
    }

    /// With a later one. The time between the two is taken to be as they are.
    fn add(&mut self, later: Self) {
        self.through = later.through;
        self.log_files += later.log_files;
        for (kind, count) in later.kinds {
            add(self.kinds.entry(kind).or_default(), count);
        }
    }
}

/// A record that log file validation reads, as it is counted.
pub fn event<'a>(record: &'a Record<'_>) -> Event<'a> {
    Event {
        category: record.event_category.as_deref(),
        management_event: record.management_event,
        source: record.event_source.as_deref(),
        name: record.event_name.as_deref(),
        event_type: record.event_type.as_deref(),
        error_code: record.error_code.as_deref(),
        read_only: record.read_only,
        region: record.aws_region.as_deref(),
        account: record.recipient_account_id.as_deref(),
        resources: record.resources,
        raw: record.raw,
    }
}

fn add(sum: &mut Count, more: Count) {
    sum.events = sum.events.saturating_add(more.events);
    sum.bytes = sum.bytes.saturating_add(more.bytes);
}

/// Without what makes no difference to the price.
fn folded(kinds: BTreeMap<Kind, Count>) -> BTreeMap<Kind, Count> {
    let mut all = BTreeMap::<Kind, Count>::new();
    for (kind, count) in kinds {
        let source = if APART.contains(&kind.source.as_str()) { kind.source } else { String::new() };
        add(all.entry(Kind { source, ..kind }).or_default(), count);
    }
    all
}

/// The most frequent kinds. Each of the others joins the most frequent one that costs as much but for the Region's price.
fn as_status(kinds: BTreeMap<Kind, Count>) -> Vec<CountedKind> {
    let mut all: Vec<(Kind, Count)> = kinds.into_iter().collect();
    all.sort_by(|(one_kind, one), (other_kind, other)| other.cmp(one).then(one_kind.cmp(other_kind)));
    let rest = all.split_off(all.len().min(MOST_KINDS));
    for (kind, count) in rest {
        let like = |known: &&mut (Kind, Count)| {
            let (known, _) = known;
            (&known.category, known.access, &known.selector) == (&kind.category, kind.access, &kind.selector)
        };
        let near = |known: &&mut (Kind, Count)| known.0.category == kind.category;
        if let Some((_, sum)) = all.iter_mut().find(like) {
            add(sum, count);
        } else if let Some((_, sum)) = all.iter_mut().find(near) {
            add(sum, count);
        }
    }
    all.into_iter().map(|(kind, count)| counted_kind(kind, count)).collect()
}

fn counted_kind(kind: Kind, count: Count) -> CountedKind {
    CountedKind {
        category: kind.category,
        account_id: kind.account,
        region: kind.region,
        read_only: kind.access.read_only(),
        source: Some(kind.source).filter(|source| !source.is_empty()),
        event_selector: kind.selector,
        events: signed(count.events),
        bytes: signed(count.bytes),
    }
}

fn kind_of(status: &CountedKind) -> (Kind, Count) {
    let kind = Kind {
        category: status.category.clone(),
        source: status.source.clone().unwrap_or_default(),
        access: Access::of(status.read_only),
        region: status.region.clone(),
        account: status.account_id.clone(),
        selector: status.event_selector.clone(),
    };
    let unsigned = |number: i64| number.try_into().unwrap_or_default();
    (kind, Count { events: unsigned(status.events), bytes: unsigned(status.bytes) })
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
