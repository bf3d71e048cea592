//! What is asked of AWS, as traits, and its answers, as plain data.
//!
//! The names of operations, members and fields are those of the `CloudTrail` API (`cloudtrail.md` 1.3). Every method is
//! one call; an implementation gives each its own time-out and may repeat it as the AWS SDKs do.

use std::{collections::BTreeMap, future::Future};

use jiff::Timestamp;

use crate::aws_error::AwsError;

/// The part of `CloudTrail` that keeping a trail takes, in one account and Region.
pub trait CloudTrail: Send + Sync {
    /// Every trail visible in the Region, shadow trails included.
    fn describe_trails(&self) -> impl Future<Output = Result<Vec<TrailDescription>, AwsError>> + Send;
    /// Tags of one trail.
    fn list_tags(&self, arn: &str)
    -> impl Future<Output = Result<BTreeMap<String, String>, AwsError>> + Send;
    /// Logging and delivery in this Region.
    fn get_trail_status(&self, arn: &str) -> impl Future<Output = Result<TrailStatus, AwsError>> + Send;
    /// Makes a trail, which does not log yet. Gives its ARN.
    fn create_trail(
        &self,
        name: &str,
        settings: &TrailSettings,
        tags: &BTreeMap<String, String>,
    ) -> impl Future<Output = Result<String, AwsError>> + Send;
    /// Changes the members that are `Some`; an empty text clears a member.
    fn update_trail(
        &self,
        arn: &str,
        update: &TrailUpdate,
    ) -> impl Future<Output = Result<(), AwsError>> + Send;
    /// Switches logging on.
    fn start_logging(&self, arn: &str) -> impl Future<Output = Result<(), AwsError>> + Send;
    /// Switches logging off.
    fn stop_logging(&self, arn: &str) -> impl Future<Output = Result<(), AwsError>> + Send;
    /// Deletes the trail.
    fn delete_trail(&self, arn: &str) -> impl Future<Output = Result<(), AwsError>> + Send;
    /// Sets tags, leaving others alone.
    fn add_tags(
        &self,
        arn: &str,
        tags: &BTreeMap<String, String>,
    ) -> impl Future<Output = Result<(), AwsError>> + Send;
    /// Takes tags off, leaving others alone. AWS wants key and value.
    fn remove_tags(
        &self,
        arn: &str,
        tags: &BTreeMap<String, String>,
    ) -> impl Future<Output = Result<(), AwsError>> + Send;
}

/// The part of STS that knowing oneself takes.
pub trait SecurityTokens: Send + Sync {
    /// Who the credentials in use belong to.
    fn get_caller_identity(&self) -> impl Future<Output = Result<Identity, AwsError>> + Send;
}

/// Who one is in AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Account of the credentials.
    pub account_id: String,
    /// User or assumed role.
    pub arn: String,
}

/// What can be set on a trail. Texts are empty where the trail has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrailSettings {
    /// `S3BucketName`
    pub s3_bucket_name: String,
    /// `S3KeyPrefix`
    pub s3_key_prefix: String,
    /// `SnsTopicName` on writing, `SnsTopicARN` on reading; the ARN in both cases.
    pub sns_topic_arn: String,
    /// `IncludeGlobalServiceEvents`
    pub include_global_service_events: bool,
    /// `IsMultiRegionTrail`
    pub is_multi_region_trail: bool,
    /// `EnableLogFileValidation` on writing, `LogFileValidationEnabled` on reading.
    pub enable_log_file_validation: bool,
    /// `CloudWatchLogsLogGroupArn`, with `:*` at the end.
    pub cloud_watch_logs_log_group_arn: String,
    /// `CloudWatchLogsRoleArn`
    pub cloud_watch_logs_role_arn: String,
    /// `KmsKeyId`: the key's ARN.
    pub kms_key_id: String,
}

/// The members of one `UpdateTrail`. Absent members are left alone by AWS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrailUpdate {
    /// `S3BucketName`
    pub s3_bucket_name: Option<String>,
    /// `S3KeyPrefix`
    pub s3_key_prefix: Option<String>,
    /// `SnsTopicName`
    pub sns_topic_arn: Option<String>,
    /// `IncludeGlobalServiceEvents`
    pub include_global_service_events: Option<bool>,
    /// `IsMultiRegionTrail`
    pub is_multi_region_trail: Option<bool>,
    /// `EnableLogFileValidation`
    pub enable_log_file_validation: Option<bool>,
    /// `CloudWatchLogsLogGroupArn` and `CloudWatchLogsRoleArn`, which AWS takes only together.
    pub cloud_watch_logs: Option<(String, String)>,
    /// `KmsKeyId`
    pub kms_key_id: Option<String>,
}

/// A trail as `DescribeTrails` tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailDescription {
    /// `TrailARN`
    pub arn: String,
    /// `Name`
    pub name: String,
    /// `HomeRegion`
    pub home_region: String,
    /// Everything that can be set.
    pub settings: TrailSettings,
}

/// Logging and delivery of a trail in one Region, as `GetTrailStatus` tells it. Errors are S3's, SNS's own words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrailStatus {
    /// `IsLogging`
    pub is_logging: bool,
    /// `StartLoggingTime`
    pub start_logging_time: Option<Timestamp>,
    /// `LatestDeliveryTime`
    pub latest_delivery_time: Option<Timestamp>,
    /// `LatestDeliveryError`
    pub latest_delivery_error: Option<String>,
    /// `LatestDigestDeliveryTime`
    pub latest_digest_delivery_time: Option<Timestamp>,
    /// `LatestDigestDeliveryError`
    pub latest_digest_delivery_error: Option<String>,
    /// `LatestCloudWatchLogsDeliveryTime`
    pub latest_cloud_watch_logs_delivery_time: Option<Timestamp>,
    /// `LatestCloudWatchLogsDeliveryError`
    pub latest_cloud_watch_logs_delivery_error: Option<String>,
    /// `LatestNotificationTime`
    pub latest_notification_time: Option<Timestamp>,
    /// `LatestNotificationError`
    pub latest_notification_error: Option<String>,
}
