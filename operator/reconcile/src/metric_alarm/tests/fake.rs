//! Filters, alarms and topics of AWS as plain data. Answers at once, and refuses what it is told to refuse.

use std::{
    collections::BTreeMap,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll, Waker},
    time::Duration,
};

use super::*;
use crate::aws::{AlarmSettings, Alarms, MetricFilters, Tags, Topics};

#[derive(Default)]
pub(super) struct Fake(Mutex<State>);

#[derive(Default)]
pub(super) struct State {
    /// By log group.
    pub(super) filters: BTreeMap<String, Vec<MetricFilter>>,
    pub(super) alarms: Vec<AlarmDescription>,
    pub(super) tags: BTreeMap<String, Tags>,
    pub(super) topics: BTreeMap<String, Topic>,
    /// Calls that change something.
    pub(super) calls: Vec<String>,
    /// Operations that are refused, and the code.
    pub(super) refused: Vec<(&'static str, &'static str)>,
}

pub(super) fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("the fake lets nobody wait"),
    }
}

impl Fake {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn call(&self, operation: &'static str, of: &str) -> Result<(), AwsError> {
        let mut state = self.state();
        state.calls.push(format!("{operation} {of}"));
        refusal(&state, operation)
    }
}

fn refusal(state: &State, operation: &'static str) -> Result<(), AwsError> {
    match state.refused.iter().find(|(refused, _)| *refused == operation) {
        Some((_, code)) => Err(AwsError::new(operation, *code, "AWS's own words")),
        None => Ok(()),
    }
}

impl MetricFilters for Fake {
    async fn describe_metric_filters(
        &self,
        log_group: &str,
        _max_age: Duration,
    ) -> Result<Arc<Vec<MetricFilter>>, AwsError> {
        let state = self.state();
        refusal(&state, "DescribeMetricFilters")?;
        let missing = || AwsError::new("DescribeMetricFilters", "ResourceNotFoundException", "");
        state.filters.get(log_group).cloned().map(Arc::new).ok_or_else(missing)
    }

    async fn put_metric_filter(&self, log_group: &str, filter: &MetricFilter) -> Result<(), AwsError> {
        self.call("PutMetricFilter", &filter.name)?;
        let mut state = self.state();
        let filters = state.filters.entry(log_group.to_owned()).or_default();
        filters.retain(|other| other.name != filter.name);
        filters.push(filter.clone());
        Ok(())
    }

    async fn delete_metric_filter(&self, log_group: &str, filter_name: &str) -> Result<(), AwsError> {
        self.call("DeleteMetricFilter", filter_name)?;
        if let Some(filters) = self.state().filters.get_mut(log_group) {
            filters.retain(|filter| filter.name != filter_name);
        }
        Ok(())
    }
}

impl Alarms for Fake {
    async fn describe_alarms(&self, _max_age: Duration) -> Result<Arc<Vec<AlarmDescription>>, AwsError> {
        let state = self.state();
        refusal(&state, "DescribeAlarms")?;
        Ok(Arc::new(state.alarms.clone()))
    }

    async fn list_tags(&self, alarm_arn: &str, _max_age: Duration) -> Result<Tags, AwsError> {
        let state = self.state();
        refusal(&state, "ListTagsForResource")?;
        Ok(state.tags.get(alarm_arn).cloned().unwrap_or_default())
    }

    async fn put_metric_alarm(&self, settings: &AlarmSettings, tags: &Tags) -> Result<(), AwsError> {
        self.call("PutMetricAlarm", &settings.alarm_name)?;
        let mut state = self.state();
        let arn = trail_operator_domain::arn::alarm("us-east-1", "111122223333", &settings.alarm_name);
        if let Some(alarm) = state.alarms.iter_mut().find(|alarm| alarm.arn == arn) {
            alarm.settings.clone_from(settings);
            alarm.others.clear();
            return Ok(());
        }
        let state_value = "INSUFFICIENT_DATA".into();
        let (others, settings) = (vec![], settings.clone());
        state.alarms.push(AlarmDescription { arn: arn.clone(), settings, others, state: state_value });
        state.tags.insert(arn, tags.clone());
        Ok(())
    }

    async fn tag_alarm(&self, alarm_arn: &str, tags: &Tags) -> Result<(), AwsError> {
        self.call("TagResource", &tags.keys().cloned().collect::<Vec<_>>().join(" "))?;
        self.state().tags.entry(alarm_arn.to_owned()).or_default().extend(tags.clone());
        Ok(())
    }

    async fn untag_alarm(&self, alarm_arn: &str, keys: &[String]) -> Result<(), AwsError> {
        self.call("UntagResource", &keys.join(" "))?;
        self.state().tags.entry(alarm_arn.to_owned()).or_default().retain(|key, _| !keys.contains(key));
        Ok(())
    }

    async fn delete_alarm(&self, alarm_name: &str) -> Result<(), AwsError> {
        self.call("DeleteAlarms", alarm_name)?;
        self.state().alarms.retain(|alarm| alarm.settings.alarm_name != alarm_name);
        Ok(())
    }
}

impl Topics for Fake {
    async fn describe_topic(&self, topic_arn: &str, _max_age: Duration) -> Result<Topic, AwsError> {
        let state = self.state();
        refusal(&state, "GetTopicAttributes")?;
        let missing = || AwsError::new("GetTopicAttributes", "NotFound", "");
        state.topics.get(topic_arn).cloned().ok_or_else(missing)
    }
}
