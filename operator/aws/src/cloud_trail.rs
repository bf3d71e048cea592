//! `CloudTrail` of one Region.

use std::collections::BTreeMap;

use aws_sdk_cloudtrail::{
    Client,
    operation::get_trail_status::GetTrailStatusOutput,
    primitives::DateTime,
    types::{ResourceTag, Tag, Trail},
};
use jiff::Timestamp;
use trail_operator_reconcile::{
    aws::{CloudTrail, TrailDescription, TrailSettings, TrailStatus, TrailUpdate},
    aws_error::AwsError,
};

use crate::{Observer, error::aws_error};

const SERVICE: &str = "cloudtrail";

/// A trail has at most 50 tags; nobody needs more pages for them.
const MAX_PAGES: usize = 10;

/// `CloudTrail` with one identity in one Region.
#[derive(Clone, Debug)]
pub struct CloudTrailClient {
    client: Client,
    observer: Observer,
}

impl CloudTrailClient {
    pub(crate) fn new(client: Client, observer: Observer) -> Self {
        Self { client, observer }
    }
}

/// Sends one request, tells the observer, and gives the answer or an [`AwsError`].
macro_rules! send {
    ($self:ident, $operation:literal, $request:expr) => {
        $self
            .observer
            .watch(SERVICE, $operation, async {
                $request.send().await.map_err(|error| aws_error($operation, &error))
            })
            .await
    };
}

impl CloudTrail for CloudTrailClient {
    async fn describe_trails(&self) -> Result<Vec<TrailDescription>, AwsError> {
        let answer =
            send!(self, "DescribeTrails", self.client.describe_trails().include_shadow_trails(true))?;
        Ok(answer.trail_list.unwrap_or_default().into_iter().map(description).collect())
    }

    async fn list_tags(&self, arn: &str) -> Result<BTreeMap<String, String>, AwsError> {
        let mut tags = BTreeMap::new();
        let mut page = None;
        for _ in 0..MAX_PAGES {
            let request = self.client.list_tags().resource_id_list(arn).set_next_token(page);
            let answer = send!(self, "ListTags", request)?;
            let of_trail = answer.resource_tag_list.unwrap_or_default().into_iter();
            let of_trail = of_trail.filter(|tags| tags.resource_id.as_deref() == Some(arn));
            tags.extend(
                of_trail.flat_map(|ResourceTag { tags_list, .. }| tags_list.unwrap_or_default()).map(pair),
            );
            page = answer.next_token.filter(|token| !token.is_empty());
            if page.is_none() {
                break;
            }
        }
        Ok(tags)
    }

    async fn get_trail_status(&self, arn: &str) -> Result<TrailStatus, AwsError> {
        send!(self, "GetTrailStatus", self.client.get_trail_status().name(arn)).map(status)
    }

    async fn create_trail(
        &self,
        name: &str,
        settings: &TrailSettings,
        tags: &BTreeMap<String, String>,
    ) -> Result<String, AwsError> {
        let TrailSettings {
            s3_bucket_name,
            s3_key_prefix,
            sns_topic_arn,
            include_global_service_events,
            is_multi_region_trail,
            enable_log_file_validation,
            cloud_watch_logs_log_group_arn,
            cloud_watch_logs_role_arn,
            kms_key_id,
        } = settings;
        let request = self
            .client
            .create_trail()
            .name(name)
            .s3_bucket_name(s3_bucket_name)
            .set_s3_key_prefix(given(s3_key_prefix))
            .set_sns_topic_name(given(sns_topic_arn))
            .include_global_service_events(*include_global_service_events)
            .is_multi_region_trail(*is_multi_region_trail)
            .enable_log_file_validation(*enable_log_file_validation)
            .set_cloud_watch_logs_log_group_arn(given(cloud_watch_logs_log_group_arn))
            .set_cloud_watch_logs_role_arn(given(cloud_watch_logs_role_arn))
            .set_kms_key_id(given(kms_key_id))
            .set_tags_list(Some(sdk_tags("CreateTrail", tags)?));
        Ok(send!(self, "CreateTrail", request)?.trail_arn.unwrap_or_default())
    }

    async fn update_trail(&self, arn: &str, update: &TrailUpdate) -> Result<(), AwsError> {
        let TrailUpdate {
            s3_bucket_name,
            s3_key_prefix,
            sns_topic_arn,
            include_global_service_events,
            is_multi_region_trail,
            enable_log_file_validation,
            cloud_watch_logs,
            kms_key_id,
        } = update.clone();
        let (log_group, role) = cloud_watch_logs.unzip();
        let request = self
            .client
            .update_trail()
            .name(arn)
            .set_s3_bucket_name(s3_bucket_name)
            .set_s3_key_prefix(s3_key_prefix)
            .set_sns_topic_name(sns_topic_arn)
            .set_include_global_service_events(include_global_service_events)
            .set_is_multi_region_trail(is_multi_region_trail)
            .set_enable_log_file_validation(enable_log_file_validation)
            .set_cloud_watch_logs_log_group_arn(log_group)
            .set_cloud_watch_logs_role_arn(role)
            .set_kms_key_id(kms_key_id);
        send!(self, "UpdateTrail", request).map(drop)
    }

    async fn start_logging(&self, arn: &str) -> Result<(), AwsError> {
        send!(self, "StartLogging", self.client.start_logging().name(arn)).map(drop)
    }

    async fn stop_logging(&self, arn: &str) -> Result<(), AwsError> {
        send!(self, "StopLogging", self.client.stop_logging().name(arn)).map(drop)
    }

    async fn delete_trail(&self, arn: &str) -> Result<(), AwsError> {
        send!(self, "DeleteTrail", self.client.delete_trail().name(arn)).map(drop)
    }

    async fn add_tags(&self, arn: &str, tags: &BTreeMap<String, String>) -> Result<(), AwsError> {
        let request = self.client.add_tags().resource_id(arn).set_tags_list(Some(sdk_tags("AddTags", tags)?));
        send!(self, "AddTags", request).map(drop)
    }

    async fn remove_tags(&self, arn: &str, tags: &BTreeMap<String, String>) -> Result<(), AwsError> {
        let request =
            self.client.remove_tags().resource_id(arn).set_tags_list(Some(sdk_tags("RemoveTags", tags)?));
        send!(self, "RemoveTags", request).map(drop)
    }
}

/// CreateTrail has no use for empty texts; UpdateTrail clears with them.
fn given(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn sdk_tags(operation: &'static str, tags: &BTreeMap<String, String>) -> Result<Vec<Tag>, AwsError> {
    tags.iter()
        .map(|(key, value)| {
            Tag::builder().key(key).value(value).build().map_err(|error| AwsError {
                operation,
                code: "ConstructionFailure".into(),
                message: error.to_string(),
            })
        })
        .collect()
}

fn pair(tag: Tag) -> (String, String) {
    (tag.key, tag.value.unwrap_or_default())
}

fn description(trail: Trail) -> TrailDescription {
    TrailDescription {
        arn: trail.trail_arn.unwrap_or_default(),
        name: trail.name.unwrap_or_default(),
        home_region: trail.home_region.unwrap_or_default(),
        settings: TrailSettings {
            s3_bucket_name: trail.s3_bucket_name.unwrap_or_default(),
            s3_key_prefix: trail.s3_key_prefix.unwrap_or_default(),
            sns_topic_arn: trail.sns_topic_arn.unwrap_or_default(),
            include_global_service_events: trail.include_global_service_events.unwrap_or_default(),
            is_multi_region_trail: trail.is_multi_region_trail.unwrap_or_default(),
            enable_log_file_validation: trail.log_file_validation_enabled.unwrap_or_default(),
            cloud_watch_logs_log_group_arn: trail.cloud_watch_logs_log_group_arn.unwrap_or_default(),
            cloud_watch_logs_role_arn: trail.cloud_watch_logs_role_arn.unwrap_or_default(),
            kms_key_id: trail.kms_key_id.unwrap_or_default(),
        },
    }
}

fn status(answer: GetTrailStatusOutput) -> TrailStatus {
    let error = |error: Option<String>| error.filter(|error| !error.is_empty());
    TrailStatus {
        is_logging: answer.is_logging.unwrap_or_default(),
        start_logging_time: time(answer.start_logging_time),
        latest_delivery_time: time(answer.latest_delivery_time),
        latest_delivery_error: error(answer.latest_delivery_error),
        latest_digest_delivery_time: time(answer.latest_digest_delivery_time),
        latest_digest_delivery_error: error(answer.latest_digest_delivery_error),
        latest_cloud_watch_logs_delivery_time: time(answer.latest_cloud_watch_logs_delivery_time),
        latest_cloud_watch_logs_delivery_error: error(answer.latest_cloud_watch_logs_delivery_error),
        latest_notification_time: time(answer.latest_notification_time),
        latest_notification_error: error(answer.latest_notification_error),
    }
}

fn time(time: Option<DateTime>) -> Option<Timestamp> {
    let time = time?;
    Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?).ok()
}
