//! How much a log group takes in, as CloudWatch counted it, and for how long it keeps it (`cloudtrail.md` 9.3).

use std::{collections::BTreeMap, time::Duration};

use aws_sdk_cloudwatch::{
    primitives::DateTime,
    types::{Dimension, Metric, MetricDataQuery, MetricStat},
};
use jiff::Timestamp;
use trail_operator_reconcile::{aws_error::AwsError, trail::cost::DayOfLogs};

use crate::{AlarmsInRegion, account_in_region::send, error::aws_error};

/// CloudWatch counts by day; this many full ones are asked for: two weeks have two of every kind of day.
const DAYS: i64 = 14;
const DAY: i64 = 86_400;
/// One page holds all of it; more than this are no answer.
const MAX_PAGES: usize = 5;

/// A log group's retention and volume.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogGroupVolume {
    /// For how many days events are kept; `None` for ever.
    pub retention_days: Option<u32>,
    /// Full days on which something came, oldest first.
    pub days: Vec<DayOfLogs>,
}

impl AlarmsInRegion {
    /// What came on the full days before this one.
    ///
    /// # Errors
    /// What AWS answers, as for every call; `ResourceNotFoundException` where there is no such log group.
    pub async fn log_group_volume(
        &self,
        log_group: &str,
        now: Timestamp,
        max_age: Duration,
    ) -> Result<LogGroupVolume, AwsError> {
        let read = || async {
            let retention_days = retention(self, log_group).await?;
            Ok(LogGroupVolume { retention_days, days: days(self, log_group, now).await? })
        };
        self.volumes().get(&log_group.to_owned(), max_age, read).await
    }
}

async fn retention(here: &AlarmsInRegion, log_group: &str) -> Result<Option<u32>, AwsError> {
    let request = here.logs().client.describe_log_groups().log_group_name_prefix(log_group);
    let answer = send!(here.logs(), Read, "DescribeLogGroups", request)?;
    let groups = answer.log_groups.unwrap_or_default();
    let group = groups.into_iter().find(|group| group.log_group_name.as_deref() == Some(log_group));
    let Some(group) = group else {
        return Err(AwsError::new("DescribeLogGroups", "ResourceNotFoundException", "no such log group"));
    };
    Ok(group.retention_in_days.and_then(|days| u32::try_from(days).ok()))
}

async fn days(here: &AlarmsInRegion, log_group: &str, now: Timestamp) -> Result<Vec<DayOfLogs>, AwsError> {
    let midnight = now.as_second().div_euclid(DAY) * DAY;
    let mut days = BTreeMap::<i64, DayOfLogs>::new();
    let mut page = None;
    for _ in 0..MAX_PAGES {
        let request = here
            .cloudwatch()
            .client
            .get_metric_data()
            .metric_data_queries(query("events", "IncomingLogEvents", log_group))
            .metric_data_queries(query("bytes", "IncomingBytes", log_group))
            .start_time(DateTime::from_secs(midnight - DAYS * DAY))
            .end_time(DateTime::from_secs(midnight))
            .set_next_token(page);
        let answer = send!(here.cloudwatch(), Read, "GetMetricData", request)?;
        for result in answer.metric_data_results() {
            for (time, value) in result.timestamps().iter().zip(result.values()) {
                let start = time.secs().div_euclid(DAY) * DAY;
                let day = days.entry(start).or_insert(DayOfLogs { start, events: 0.0, bytes: 0.0 });
                match result.id() {
                    Some("events") => day.events += value,
                    _ => day.bytes += value,
                }
            }
        }
        page = answer.next_token.filter(|token| !token.is_empty());
        if page.is_none() {
            return Ok(days.into_values().collect());
        }
    }
    Err(AwsError::new("GetMetricData", "EndlessPages", format!("more than {MAX_PAGES} pages")))
}

fn query(id: &str, metric: &str, log_group: &str) -> MetricDataQuery {
    let dimension = Dimension::builder().name("LogGroupName").value(log_group).build();
    let metric = Metric::builder().namespace("AWS/Logs").metric_name(metric).dimensions(dimension).build();
    let stat = MetricStat::builder().metric(metric).period(86_400).stat("Sum").build();
    MetricDataQuery::builder().id(id).metric_stat(stat).build()
}
