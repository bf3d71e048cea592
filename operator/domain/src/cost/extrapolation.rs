//! A month from what was counted in windows of time.
//!
//! Knows hours of the day, working days and weekends. Invents no seasons: an hour that was never seen is taken to be as those
//! that were.
//!
//! Windows are rarely whole weeks, so their hours are weighted: every hour of the day, on working days and on weekends (in
//! UTC, as in the keys of log files), counts as often as it occurs in a month, however often it was seen. An hour that was
//! never seen is represented by the nearest ones of its kind of day, up to three hours away; without these by the same hour of
//! the other kind of day; then by all hours of its own kind of day, and at last by all hours that were seen.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::counting::Count;
use super::money::{HOURS_A_MONTH, ratio};

/// What was counted from one time to another, in seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window<K: Ord> {
    /// From.
    pub start: i64,
    /// To; a window that ends before it begins tells nothing.
    pub end: i64,
    /// How much of what.
    pub counts: BTreeMap<K, Count>,
}

/// A month that was extrapolated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extrapolated<K: Ord> {
    /// How much of what in 730 hours.
    pub monthly: BTreeMap<K, Monthly>,
    /// What it rests on.
    pub sample: Sample,
}

/// How much in a month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Monthly {
    /// Events.
    pub events: Decimal,
    /// Bytes of them before they are compressed.
    pub bytes: Decimal,
}

/// What an extrapolation rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// When the first window begins, in seconds since 1970.
    pub first: i64,
    /// When the last one ends.
    pub last: i64,
    /// Seconds that were counted between.
    pub seconds: i64,
    /// How many of the 48 hours, 24 of working days and 24 of weekends, were seen.
    pub hours_seen: usize,
}

impl Sample {
    /// In words.
    pub fn describe(self) -> String {
        let hours = (self.seconds + 1800) / 3600;
        let kinds = match self.hours_seen {
            48 => "every hour of working days and weekends was seen".to_owned(),
            seen => format!("{seen} of the 48 hours of working days and weekends were seen"),
        };
        format!("extrapolated from {hours} counted hours; {kinds}")
    }
}

const HOUR: i64 = 3600;
const WEEK: u64 = 168 * 3600;
/// Hours of working days, then hours of weekends.
const CELLS: usize = 48;
/// How many hours away another hour of the same kind of day still tells more than the other kind of day.
const FARTHEST: usize = 3;

/// Seconds by hour of the day and kind of day.
type Seconds = [i64; CELLS];

/// The month that these windows stand for; `None` when they are of no length.
pub fn extrapolate<K: Ord + Clone>(windows: &[Window<K>]) -> Option<Extrapolated<K>> {
    let windows = windows.iter().filter(|window| window.start < window.end);
    let placed: Vec<(&Window<K>, Seconds)> =
        windows.map(|window| (window, seconds(window.start, window.end))).collect();
    let mut seen: Seconds = [0; CELLS];
    for (_, cells) in &placed {
        seen.iter_mut().zip(cells).for_each(|(sum, seconds)| *sum = sum.saturating_add(*seconds));
    }
    let sample = Sample {
        first: placed.iter().map(|(window, _)| window.start).min()?,
        last: placed.iter().map(|(window, _)| window.end).max()?,
        seconds: seen.iter().fold(0, |sum, seconds| sum.saturating_add(*seconds)),
        hours_seen: seen.iter().filter(|seconds| **seconds > 0).count(),
    };
    let factors = factors(&seen);
    let mut monthly = BTreeMap::<K, Monthly>::new();
    for (window, cells) in placed {
        let stands_for = cells.iter().zip(&factors).map(|(seconds, factor)| Decimal::from(*seconds) * factor);
        let length = cells.iter().fold(0_i64, |sum, seconds| sum.saturating_add(*seconds));
        let weight = ratio(super::money::sum(stands_for), length.into());
        for (kind, count) in &window.counts {
            let month = monthly.entry(kind.clone()).or_default();
            month.events = month.events.saturating_add(weight.saturating_mul(count.events.into()));
            month.bytes = month.bytes.saturating_add(weight.saturating_mul(count.bytes.into()));
        }
    }
    Some(Extrapolated { monthly, sample })
}

/// Seconds of a month for each second that was seen, by cell.
fn factors(seen: &Seconds) -> [Decimal; CELLS] {
    let mut hours = [Decimal::ZERO; CELLS];
    for cell in 0..CELLS {
        let a_week = if cell < 24 { 5 } else { 2 };
        let in_a_month = Decimal::from(a_week * HOURS_A_MONTH) / Decimal::from(168);
        let represented_by = representatives(seen, cell);
        let all = represented_by.iter().map(|(_, seconds)| Decimal::from(*seconds)).sum();
        for (other, seconds) in represented_by {
            if let Some(hours) = hours.get_mut(other) {
                *hours += in_a_month * ratio(seconds.into(), all);
            }
        }
    }
    let mut factors = [Decimal::ZERO; CELLS];
    for ((factor, hours), seconds) in factors.iter_mut().zip(hours).zip(seen) {
        *factor = ratio(hours * Decimal::from(HOUR), Decimal::from(*seconds));
    }
    factors
}

/// The cells that stand for one, with what was seen of them.
fn representatives(seen: &Seconds, cell: usize) -> Vec<(usize, i64)> {
    let those = |is_one: &dyn Fn(usize) -> bool| -> Vec<(usize, i64)> {
        let all = seen.iter().copied().enumerate();
        all.filter(|(other, seconds)| *seconds > 0 && is_one(*other)).collect()
    };
    let is_of_kind = |other: usize| other / 24 == cell / 24;
    let hours_away = |other: usize| {
        let away = (other % 24).abs_diff(cell % 24);
        away.min(24 - away)
    };
    let at = |hours: usize| those(&|other| is_of_kind(other) && hours_away(other) == hours);
    let near = (0..=FARTHEST).map(at).find(|found| !found.is_empty());
    let farther: [&dyn Fn(usize) -> bool; 3] = [&|other| hours_away(other) == 0, &is_of_kind, &|_| true];
    near.or_else(|| farther.into_iter().map(those).find(|found| !found.is_empty())).unwrap_or_default()
}

/// How a window is spread over the cells.
fn seconds(start: i64, end: i64) -> Seconds {
    let mut cells = [0; CELLS];
    // Whole weeks need no walk through their hours.
    let whole = end.abs_diff(start) / WEEK;
    let weeks = i64::try_from(whole).unwrap_or(i64::MAX);
    for (cell, seconds) in cells.iter_mut().enumerate() {
        let a_week = if cell < 24 { 5 } else { 2 };
        *seconds = weeks.saturating_mul(a_week * HOUR);
    }
    let mut at = start.saturating_add_unsigned(whole * WEEK);
    while at < end {
        let next = (at.div_euclid(HOUR) + 1).saturating_mul(HOUR).min(end);
        if let Some(seconds) = cells.get_mut(cell(at)) {
            *seconds = seconds.saturating_add(next - at);
        }
        if next <= at {
            break;
        }
        at = next;
    }
    cells
}

/// Hour of the day, 24 more on Saturdays and Sundays. 1970 began on a Thursday.
fn cell(at: i64) -> usize {
    let hour = usize::try_from(at.div_euclid(HOUR).rem_euclid(24)).unwrap_or_default();
    let days_since_monday = (at.div_euclid(24 * HOUR) + 3).rem_euclid(7);
    if days_since_monday >= 5 { hour + 24 } else { hour }
}
