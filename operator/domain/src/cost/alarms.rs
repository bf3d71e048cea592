//! Metric filters and alarms, with what their cost depends on (`cloudtrail.md` 6.4). Plain data.

use super::Object;

/// An alarm with the metric that a metric filter makes for it. The filter itself is free (`peers.md` 6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// The account they are in.
    pub account: String,
    /// Their Region.
    pub region: String,
    /// Namespace and name of the metric. One that several alarms watch is paid once, by the first of them.
    pub metric: String,
    /// Hours of a month with data, which are billed; `None` for all of them, which a default value of 0 makes.
    pub hours_with_data: Option<u32>,
    /// Metrics that the alarm watches: one, three for anomaly detection, none where there is only the filter.
    pub alarm_metrics: u32,
    /// How often it looks.
    pub resolution: Resolution,
    /// The object that declares them, if any does.
    pub object: Option<Object>,
}

/// How often an alarm looks at its metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// Every minute or less often.
    Standard,
    /// Every 10, 20 or 30 seconds.
    High,
}
