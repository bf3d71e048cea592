//! One trail of AWS as plain data, for the steps that call it. Answers at once; refuses what it is told to refuse; and
//! fails the test where AWS would refuse what a plan must never ask for (`cloudtrail.md` 1.4, 2.7).

use std::{
    pin::pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll, Waker},
    time::Duration,
};

use trail_operator_domain::selectors::Selectors;

use super::*;
use crate::aws::{CloudTrail, Insights, KeyManagement, ObjectStorage, Tags, TrailDescription, TrailUpdate};

/// What was there before the changes, if anything was.
#[derive(Clone)]
pub(super) struct Before(pub(super) Option<ObservedTrail>);

#[derive(Default)]
pub(super) struct Fake(Mutex<State>);

#[derive(Default)]
pub(super) struct State {
    pub(super) trail: Option<ObservedTrail>,
    /// Calls that change something, refused ones too, and the ARNs they were for.
    pub(super) calls: Vec<(&'static str, String)>,
    /// Operations that are refused, and the code.
    pub(super) refused: Vec<(&'static str, &'static str)>,
    /// ARN under which CreateTrail makes a trail, where that is not the expected one.
    pub(super) creates: Option<String>,
    /// What is seen in spite of all changes, where AWS shows none of them yet.
    pub(super) before: Option<Before>,
    /// Reads, refused ones too.
    pub(super) reads: usize,
}

/// The answer of a future that has nothing to wait for.
pub(super) fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("the fake lets nobody wait"),
    }
}

impl Fake {
    pub(super) fn with(trail: Option<ObservedTrail>) -> Self {
        Self(Mutex::new(State { trail, ..State::default() }))
    }

    pub(super) fn refusing(trail: Option<ObservedTrail>, refused: &[(&'static str, &'static str)]) -> Self {
        Self(Mutex::new(State { trail, refused: refused.to_vec(), ..State::default() }))
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(super) fn operations(&self) -> Vec<&'static str> {
        self.state().calls.iter().map(|(operation, _)| *operation).collect()
    }

    pub(super) fn trail(&self) -> ObservedTrail {
        self.state().trail.clone().unwrap()
    }

    fn ask(&self, operation: &'static str) -> Result<(), AwsError> {
        self.state().reads += 1;
        self.refusal(operation)
    }

    fn refusal(&self, operation: &'static str) -> Result<(), AwsError> {
        let refused = self.state().refused.iter().find(|(refused, _)| *refused == operation).copied();
        refused.map_or(Ok(()), |(operation, code)| Err(AwsError::new(operation, code, "words of AWS")))
    }

    fn visible(&self) -> Option<ObservedTrail> {
        let state = self.state();
        state.before.clone().map_or_else(|| state.trail.clone(), |Before(trail)| trail)
    }

    fn read<T>(&self, operation: &'static str, of: impl FnOnce(ObservedTrail) -> T) -> Result<T, AwsError> {
        self.ask(operation)?;
        self.visible().map(of).ok_or_else(|| AwsError::new(operation, "TrailNotFoundException", ""))
    }

    fn change(
        &self,
        operation: &'static str,
        arn: &str,
        change: impl FnOnce(&mut ObservedTrail),
    ) -> Result<(), AwsError> {
        self.state().calls.push((operation, arn.to_owned()));
        self.refusal(operation)?;
        let mut state = self.state();
        let trail = state.trail.as_mut().filter(|trail| trail.arn == arn);
        let trail = trail.ok_or_else(|| AwsError::new(operation, "TrailNotFoundException", ""))?;
        change(trail);
        let settings = &trail.settings;
        assert!(!settings.is_multi_region_trail || settings.include_global_service_events, "{operation}");
        Ok(())
    }
}

impl CloudTrail for Fake {
    async fn describe_trails(&self, _max_age: Duration) -> Result<Arc<Vec<TrailDescription>>, AwsError> {
        self.ask("DescribeTrails")?;
        let describe = |trail: ObservedTrail| TrailDescription {
            name: trail.arn.rsplit('/').next().unwrap_or_default().to_owned(),
            has_custom_event_selectors: trail.recorded.selectors != Some(Selectors::Default),
            has_insight_selectors: trail.recorded.insights != Some(Insights::new()),
            arn: trail.arn,
            home_region: trail.home_region,
            settings: trail.settings,
            tags: trail.tags,
        };
        Ok(Arc::new(self.visible().into_iter().map(describe).collect()))
    }

    async fn get_trail_status(&self, _arn: &str) -> Result<AwsTrailStatus, AwsError> {
        self.read("GetTrailStatus", |trail| trail.status)
    }

    async fn get_event_selectors(&self, _arn: &str) -> Result<Selectors, AwsError> {
        self.read("GetEventSelectors", |trail| trail.recorded.selectors.unwrap())
    }

    async fn get_insight_selectors(&self, _arn: &str) -> Result<Insights, AwsError> {
        self.read("GetInsightSelectors", |trail| trail.recorded.insights.unwrap())
    }

    async fn get_event_configuration(
        &self,
        _arn: &str,
        _max_age: Duration,
    ) -> Result<BTreeSet<String>, AwsError> {
        self.read("GetEventConfiguration", |trail| trail.recorded.aggregation.unwrap())
    }

    async fn create_trail(
        &self,
        name: &str,
        settings: &TrailSettings,
        tags: &Tags,
    ) -> Result<String, AwsError> {
        self.state().calls.push(("CreateTrail", name.to_owned()));
        self.refusal("CreateTrail")?;
        let mut state = self.state();
        assert!(state.trail.is_none(), "a trail was created twice");
        let arn = state.creates.clone().unwrap_or_else(|| input().arn);
        state.trail = Some(ObservedTrail {
            arn: arn.clone(),
            settings: settings.clone(),
            tags: Some(tags.clone()),
            recorded: nothing_recorded(),
            status: AwsTrailStatus::default(),
            ..as_declared(&input()).trail.unwrap()
        });
        Ok(arn)
    }

    async fn update_trail(&self, arn: &str, update: &TrailUpdate) -> Result<(), AwsError> {
        self.change("UpdateTrail", arn, |trail| merge(&mut trail.settings, update.clone()))
    }

    async fn put_event_selectors(&self, arn: &str, selectors: &Selectors) -> Result<(), AwsError> {
        self.change("PutEventSelectors", arn, |trail| {
            trail.recorded.selectors = Some(selectors.clone());
        })
    }

    async fn put_insight_selectors(&self, arn: &str, insights: &Insights) -> Result<(), AwsError> {
        self.change("PutInsightSelectors", arn, |trail| {
            trail.recorded.insights = Some(insights.clone());
            covers_insights(trail);
        })
    }

    async fn put_event_configuration(&self, arn: &str, templates: &BTreeSet<String>) -> Result<(), AwsError> {
        self.change("PutEventConfiguration", arn, |trail| {
            trail.recorded.aggregation = Some(templates.clone());
            let data = trail.recorded.selectors.as_ref().unwrap().record_data_events();
            assert!(data || templates.is_empty(), "aggregation needs data events");
        })
    }

    async fn start_logging(&self, arn: &str) -> Result<(), AwsError> {
        self.change("StartLogging", arn, |trail| trail.status.is_logging = true)
    }

    async fn stop_logging(&self, arn: &str) -> Result<(), AwsError> {
        self.change("StopLogging", arn, |trail| trail.status.is_logging = false)
    }

    async fn delete_trail(&self, arn: &str) -> Result<(), AwsError> {
        self.change("DeleteTrail", arn, |_| {})?;
        self.state().trail = None;
        Ok(())
    }

    async fn add_tags(&self, arn: &str, added: &Tags) -> Result<(), AwsError> {
        self.change("AddTags", arn, |trail| tags(trail).extend(added.clone()))
    }

    async fn remove_tags(&self, arn: &str, removed: &Tags) -> Result<(), AwsError> {
        self.change("RemoveTags", arn, |trail| tags(trail).retain(|key, _| !removed.contains_key(key)))
    }
}

impl KeyManagement for Fake {
    async fn describe_key(&self, key_id: &str, _max_age: Duration) -> Result<String, AwsError> {
        self.ask("DescribeKey")?;
        Ok(format!("arn:aws:kms:us-east-1:111122223333:key/{}", key_id.trim_start_matches("alias/")))
    }
}

impl ObjectStorage for Fake {
    async fn head_bucket(&self, _bucket: &str, _owner: &str, _max_age: Duration) -> Result<(), AwsError> {
        self.ask("HeadBucket")
    }
}

fn nothing_recorded() -> Recorded {
    Recorded {
        selectors: Some(Selectors::Default),
        insights: Some(Insights::new()),
        aggregation: Some(BTreeSet::new()),
    }
}

/// What Insights look at must be recorded when they are put.
fn covers_insights(trail: &ObservedTrail) {
    let (selectors, insights) =
        (trail.recorded.selectors.as_ref().unwrap(), trail.recorded.insights.as_ref().unwrap());
    let management = selectors.management_events();
    for (type_, categories) in insights {
        let of_writes = type_ == "ApiCallRateInsight" && categories.contains("Management");
        assert!(!of_writes || management.has_writes(), "{type_} needs writes");
        assert!(
            !categories.contains("Management") || management.has_any(),
            "{type_} needs management events"
        );
        assert!(!categories.contains("Data") || selectors.record_data_events(), "{type_} needs data events");
    }
}

/// `UpdateTrail` leaves alone what is absent, and clears what is empty.
fn merge(settings: &mut TrailSettings, update: TrailUpdate) {
    fn set<T>(target: &mut T, value: Option<T>) {
        if let Some(value) = value {
            *target = value;
        }
    }
    set(&mut settings.s3_bucket_name, update.s3_bucket_name);
    set(&mut settings.s3_key_prefix, update.s3_key_prefix);
    set(&mut settings.sns_topic_arn, update.sns_topic_arn);
    set(&mut settings.include_global_service_events, update.include_global_service_events);
    set(&mut settings.is_multi_region_trail, update.is_multi_region_trail);
    set(&mut settings.enable_log_file_validation, update.enable_log_file_validation);
    set(&mut settings.kms_key_id, update.kms_key_id);
    set(&mut settings.is_organization_trail, update.is_organization_trail);
    set(&mut settings.recursive_logging, update.recursive_logging.map(Some));
    if let Some((group, role)) = update.cloud_watch_logs {
        assert_eq!(group.is_empty(), role.is_empty(), "AWS takes log group and role together");
        (settings.cloud_watch_logs_log_group_arn, settings.cloud_watch_logs_role_arn) = (group, role);
    }
}
