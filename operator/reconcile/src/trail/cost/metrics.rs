//! A month from what CloudWatch counted by day (`cloudtrail.md` 9.3).

use trail_operator_domain::cost::{Decimal, HOURS_A_MONTH};

const DAY: i64 = 86_400;

/// What a log group took in on one day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DayOfLogs {
    /// When it began, in seconds since 1970.
    pub start: i64,
    /// `IncomingLogEvents`
    pub events: f64,
    /// `IncomingBytes`
    pub bytes: f64,
}

/// What CloudWatch counted of a log group, for a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metrics {
    /// `IncomingLogEvents`
    pub events: Decimal,
    /// `IncomingBytes`
    pub bytes: Decimal,
    /// Full days that it counted.
    pub days: u32,
}

impl Metrics {
    /// The mean of the days, for a month; `None` before there is a whole one. The first day that is told may have begun
    /// before the trail did, so that it counts for nothing; of later ones those that are not told brought nothing.
    pub fn of_days(days: &[DayOfLogs]) -> Option<Self> {
        let first = days.iter().map(|day| day.start).min()?;
        let last = days.iter().map(|day| day.start).max()?;
        let whole = u32::try_from((last - first) / DAY).ok().filter(|days| *days > 0)?;
        let later = days.iter().filter(|day| day.start > first);
        let sum = |of: fn(&DayOfLogs) -> f64| -> Option<Decimal> {
            let sum: f64 = later.clone().map(of).sum();
            let month = Decimal::from(HOURS_A_MONTH) / Decimal::from(24);
            Some((Decimal::try_from(sum).ok()? * month / Decimal::from(whole)).round_dp(3))
        };
        Some(Self { events: sum(|day| day.events)?, bytes: sum(|day| day.bytes)?, days: whole })
    }
}
