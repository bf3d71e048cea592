//! What a pattern matches of the records that log file validation reads, summed up over about a month. Pure.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use trail_operator_crds::{Backtest, BacktestWeek, MatchedEvent};

use crate::conditions::whole_seconds;

const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Older weeks are left behind.
const MOST_WEEKS: usize = 6;
/// A pattern that matches nothing for so long is worth a word.
const LONG: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Fewer records say nothing about what share of them matches.
const ENOUGH: i64 = 1000;

/// What came of trying a pattern on the records of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// The pattern, as it was then.
    pub pattern: String,
    /// The range of deliveries that were read.
    pub from: Timestamp,
    /// Its end.
    pub through: Timestamp,
    /// How many records were tried.
    pub events: i64,
    /// How many of them match.
    pub matched: i64,
    /// Of how many AWS does not say.
    pub undetermined: i64,
    /// The newest that matches.
    pub newest: Option<MatchedEvent>,
}

/// Names a pattern.
pub(super) fn id(pattern: &str) -> String {
    use sha2::{Digest as _, Sha256};
    let mut id = hex::encode(Sha256::digest(pattern.as_bytes()));
    id.truncate(16);
    id
}

/// What was known, with what was tried since. Of another pattern than this nothing counts.
pub fn merged(before: Option<&Backtest>, pattern: &str, tried: &[Tried]) -> Option<Backtest> {
    let id = id(pattern);
    let mut known = before.filter(|known| known.pattern == id).cloned();
    for run in tried.iter().filter(|run| run.pattern == pattern) {
        let next = known.take().unwrap_or_else(|| Backtest { pattern: id.clone(), ..Backtest::default() });
        known = Some(with(next, run));
    }
    known.map(|known| Backtest { remark: Remark::of(&known).text(&known), ..known })
}

fn with(mut known: Backtest, run: &Tried) -> Backtest {
    let (from, through) = (whole_seconds(run.from), whole_seconds(run.through));
    let begins_anew = known.weeks.last().is_none_or(|week| from.duration_since(week.from.0) >= WEEK);
    if begins_anew {
        known.weeks.push(BacktestWeek { from: Time(from), events: 0, matched: 0, undetermined: 0 });
    }
    if let Some(week) = known.weeks.last_mut() {
        week.events = week.events.saturating_add(run.events);
        week.matched = week.matched.saturating_add(run.matched);
        week.undetermined = week.undetermined.saturating_add(run.undetermined);
    }
    let old = known.weeks.len().saturating_sub(MOST_WEEKS);
    known.weeks.drain(..old);
    let sum = |of: fn(&BacktestWeek) -> i64| known.weeks.iter().map(of).fold(0, i64::saturating_add);
    let newer =
        |new: &MatchedEvent| known.newest.as_ref().is_none_or(|newest| newest.event_time <= new.event_time);
    Backtest {
        from: known.weeks.first().map(|week| week.from.clone()),
        through: Some(Time(known.through.map_or(through, |before| before.0.max(through)))),
        events: sum(|week| week.events),
        matched: sum(|week| week.matched),
        undetermined: sum(|week| week.undetermined),
        newest: run.newest.clone().filter(newer).or(known.newest),
        pattern: known.pattern,
        weeks: known.weeks,
        remark: None,
    }
}

/// What should be known of the figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Remark {
    /// It matches practically everything.
    Everything,
    /// It has matched nothing for long.
    Nothing,
    /// Of some records AWS does not say whether it matches.
    Unclear,
    /// Nothing.
    #[default]
    None,
}

impl Remark {
    pub(super) fn of(known: &Backtest) -> Self {
        let Backtest { events, matched, undetermined, .. } = *known;
        if events >= ENOUGH && matched >= events - events / 20 {
            Self::Everything
        } else if matched == 0 && undetermined == 0 && events >= ENOUGH && span(known) >= LONG {
            Self::Nothing
        } else if undetermined > 0 {
            Self::Unclear
        } else {
            Self::None
        }
    }

    fn text(self, known: &Backtest) -> Option<String> {
        let Backtest { events, matched, undetermined, .. } = known;
        Some(match self {
            Self::Everything => format!(
                "it matches practically everything ({matched} of {events} records), so the alarm says nothing: most likely `||` stands where `&&` was meant"
            ),
            Self::Nothing => format!(
                "it has matched nothing in {} days ({events} records): that may be good, or the pattern may look for what never comes",
                span(known).as_hours() / 24
            ),
            Self::Unclear => format!(
                "of {undetermined} records AWS does not say whether the pattern matches; `kubectl cloudtrail pattern test --aws` asks it"
            ),
            Self::None => return None,
        })
    }
}

fn span(known: &Backtest) -> SignedDuration {
    match (&known.from, &known.through) {
        (Some(from), Some(through)) => through.0.duration_since(from.0),
        _ => SignedDuration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * day)
    }

    fn run(from: i64, events: i64, matched: i64) -> Tried {
        let newest = (matched > 0).then(|| MatchedEvent {
            event_name: "StopLogging".into(),
            event_time: day(from).to_string(),
            event_id: from.to_string(),
        });
        let pattern = "{$.a = b}".to_owned();
        Tried { pattern, from: day(from), through: day(from + 1), events, matched, undetermined: 0, newest }
    }

    #[test]
    fn runs_add_up_and_old_weeks_are_left_behind() {
        let mut known = None;
        for day in 0..60 {
            known = merged(known.as_ref(), "{$.a = b}", &[run(day, 10, i64::from(day == 50))]);
        }
        let known = known.unwrap();
        assert_eq!((known.weeks.len(), known.matched), (6, 1));
        let span = known.through.unwrap().0.duration_since(known.from.unwrap().0).as_hours() / 24;
        assert!((35..=42).contains(&span), "{span}");
        assert_eq!(known.events, known.weeks.iter().map(|week| week.events).sum::<i64>());
        assert_eq!(known.newest.unwrap().event_id, "50");
    }

    #[test]
    fn another_pattern_begins_anew() {
        let known = merged(None, "{$.a = b}", &[run(0, 10, 1)]);
        assert_eq!(merged(known.as_ref(), "{$.a = c}", &[]), None);
        assert_eq!(merged(known.as_ref(), "{$.a = c}", &[run(1, 5, 0)]), None, "tried with the old one");
        assert_eq!(merged(known.as_ref(), "{$.a = b}", &[]), known);
    }

    #[test]
    fn what_matches_all_or_nothing_is_said() {
        let said = |runs: &[Tried]| merged(None, "{$.a = b}", runs).and_then(|known| known.remark);
        assert!(said(&[run(0, 2000, 1950)]).is_some_and(|text| text.contains("practically everything")));
        assert_eq!(said(&[run(0, 2000, 1800)]), None);
        assert_eq!(said(&[run(0, 20, 20)]), None, "too few to tell");
        let month: Vec<_> = (0..33).map(|day| run(day, 100, 0)).collect();
        assert!(said(&month).is_some_and(|text| text.contains("nothing in")));
        assert_eq!(said(&month[..20]), None);
        let unclear = Tried { undetermined: 3, ..run(0, 100, 0) };
        assert!(said(&[unclear]).is_some_and(|text| text.contains("--aws")));
    }
}
