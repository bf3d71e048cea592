//! Step 2, observe: what AWS has of filter, alarm and topics now. Reads AWS, judges nothing.
//!
//! Filters are asked for by log group and alarms by Region, so that one answer serves every object of a trail.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use trail_operator_crds::{AlarmPlace, OWNER_TAG};

use super::Input;
use crate::{
    aws::{AlarmDescription, Alarming, Alarms, MetricFilter, MetricFilters, Tags, Topic},
    aws_error::AwsError,
    trail::Freshness,
};

/// What changes seldom is asked anew after this.
const SLOW: Duration = Duration::from_hours(1);

/// What AWS has of one filter, its alarm, and whoever the alarm tells.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// The filter of the declared name in the declared log group.
    pub filter: Option<MetricFilter>,
    /// How many filters the log group has.
    pub filters: usize,
    /// Whether the log group is there.
    pub log_group_missing: bool,
    /// The alarm of the declared name.
    pub alarm: Option<ObservedAlarm>,
    /// What is left where filter and alarm were kept before.
    pub superseded: Vec<Superseded>,
    /// Topics of the declared actions, by ARN.
    pub topics: BTreeMap<String, Result<Topic, AwsError>>,
}

/// An alarm with its tags.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservedAlarm {
    /// The alarm.
    pub description: AlarmDescription,
    /// Its tags, or why they are not known.
    pub tags: Result<Tags, AwsError>,
}

impl ObservedAlarm {
    /// Value of the owner tag.
    pub fn owner(&self) -> Option<&str> {
        self.tags.as_ref().ok()?.get(OWNER_TAG).map(String::as_str)
    }
}

/// What is left in a place where filter and alarm were kept before.
#[derive(Clone, Debug, PartialEq)]
pub struct Superseded {
    /// Where.
    pub place: AlarmPlace,
    /// Whether a filter of that name is there.
    pub has_filter: bool,
    /// The alarm of that name.
    pub alarm: Option<ObservedAlarm>,
}

/// Asks AWS.
///
/// # Errors
/// When it cannot be learnt whether there is a filter, or an alarm.
pub async fn observe<A: Alarming>(api: &A, input: &Input) -> Result<Observed, AwsError> {
    let ages = Ages::of(input);
    let (filters, log_group_missing) = filters(api, &input.place.log_group_name, ages.recent).await?;
    let alarms = api.describe_alarms(ages.recent).await?;
    let alarm = alarm(api, &alarms, &input.place.alarm_name, ages.slow).await;
    let mut superseded = Vec::new();
    for place in &input.superseded {
        let (filters, _) = self::filters(api, &place.log_group_name, ages.recent).await?;
        superseded.push(Superseded {
            has_filter: filters.iter().any(|filter| filter.name == place.filter_name),
            alarm: self::alarm(api, &alarms, &place.alarm_name, ages.slow).await,
            place: place.clone(),
        });
    }
    let mut topics = BTreeMap::new();
    for topic in &input.alarm.alarm_actions {
        topics.insert(topic.clone(), api.describe_topic(topic, ages.topics).await);
    }
    Ok(Observed {
        filter: filters.iter().find(|filter| filter.name == input.place.filter_name).cloned(),
        filters: filters.len(),
        log_group_missing,
        alarm,
        superseded,
        topics,
    })
}

/// How old answers may be.
struct Ages {
    /// What was read for a neighbour a moment ago.
    recent: Duration,
    /// Tags: nothing is done on the word of old ones.
    slow: Duration,
    /// Whoever confirms a subscription wants to see it soon.
    topics: Duration,
}

impl Ages {
    fn of(input: &Input) -> Self {
        let interval = Duration::from_secs(u64::try_from(input.interval_seconds).unwrap_or_default());
        let recent = (interval / 20).min(Duration::from_secs(10));
        match input.freshness {
            Freshness::AsUsual => {
                Self { recent, slow: SLOW, topics: interval.saturating_sub(recent).min(SLOW) }
            }
            Freshness::AfterWrite => Self { recent: Duration::ZERO, slow: Duration::ZERO, topics: recent },
            Freshness::Requested => {
                Self { recent: Duration::ZERO, slow: Duration::ZERO, topics: Duration::ZERO }
            }
        }
    }
}

/// A log group that is not there has no filters.
async fn filters<A: MetricFilters>(
    api: &A,
    log_group: &str,
    max_age: Duration,
) -> Result<(Arc<Vec<MetricFilter>>, bool), AwsError> {
    match api.describe_metric_filters(log_group, max_age).await {
        Ok(filters) => Ok((filters, false)),
        Err(error) if error.code == "ResourceNotFoundException" => Ok((Arc::default(), true)),
        Err(error) => Err(error),
    }
}

async fn alarm<A: Alarms>(
    api: &A,
    alarms: &[AlarmDescription],
    name: &str,
    slow: Duration,
) -> Option<ObservedAlarm> {
    let description = alarms.iter().find(|alarm| alarm.settings.alarm_name == name)?.clone();
    let tags = api.list_tags(&description.arn, slow).await;
    Some(ObservedAlarm { description, tags })
}
