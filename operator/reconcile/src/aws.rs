//! What is asked of AWS, as traits, and its answers, as plain data.
//!
//! The names of operations, members and fields are those of the AWS APIs (`cloudtrail.md` 1.3, 2.7, 2.8). Every method
//! is one question; an implementation gives each call its own time-out and keeps below AWS's limits.
//!
//! Methods with a `max_age` may answer with what was read that long ago, also for somebody else: zero asks AWS.

mod alarms;

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use trail_operator_domain::selectors::Selectors;

pub use self::alarms::{
    AlarmDescription, AlarmSettings, Alarming, Alarms, MetricFilter, MetricFilters, Topic, Topics,
};

use crate::aws_error::AwsError;

/// Everything that keeping one trail takes, in one account and Region.
pub trait Aws: CloudTrail + KeyManagement + ObjectStorage {}

impl<T: CloudTrail + KeyManagement + ObjectStorage> Aws for T {}

/// The part of `CloudTrail` that keeping a trail takes.
pub trait CloudTrail: Send + Sync {
    /// Every trail visible in the Region, shadow trails included, with the tags of those whose tags may be read.
    fn describe_trails(
        &self,
        max_age: Duration,
    ) -> impl Future<Output = Result<Arc<Vec<TrailDescription>>, AwsError>> + Send;
    /// Logging and delivery in this Region.
    fn get_trail_status(&self, arn: &str) -> impl Future<Output = Result<TrailStatus, AwsError>> + Send;
    /// What the trail records.
    fn get_event_selectors(&self, arn: &str) -> impl Future<Output = Result<Selectors, AwsError>> + Send;
    /// Its Insights; none when they are not enabled.
    fn get_insight_selectors(&self, arn: &str) -> impl Future<Output = Result<Insights, AwsError>> + Send;
    /// Templates by which its data events are summed up; none when they are not.
    fn get_event_configuration(
        &self,
        arn: &str,
        max_age: Duration,
    ) -> impl Future<Output = Result<BTreeSet<String>, AwsError>> + Send;
    /// Makes a trail, which does not log yet. Gives its ARN.
    fn create_trail(
        &self,
        name: &str,
        settings: &TrailSettings,
        tags: &Tags,
    ) -> impl Future<Output = Result<String, AwsError>> + Send;
    /// Changes the members that are `Some`; an empty text clears a member.
    fn update_trail(
        &self,
        arn: &str,
        update: &TrailUpdate,
    ) -> impl Future<Output = Result<(), AwsError>> + Send;
    /// Replaces all selectors.
    fn put_event_selectors(
        &self,
        arn: &str,
        selectors: &Selectors,
    ) -> impl Future<Output = Result<(), AwsError>> + Send;
    /// Replaces all Insights; none switches them off.
    fn put_insight_selectors(
        &self,
        arn: &str,
        insights: &Insights,
    ) -> impl Future<Output = Result<(), AwsError>> + Send;
    /// Replaces the templates; none switches aggregation off.
    fn put_event_configuration(
        &self,
        arn: &str,
        templates: &BTreeSet<String>,
    ) -> impl Future<Output = Result<(), AwsError>> + Send;
    /// Switches logging on.
    fn start_logging(&self, arn: &str) -> impl Future<Output = Result<(), AwsError>> + Send;
    /// Switches logging off.
    fn stop_logging(&self, arn: &str) -> impl Future<Output = Result<(), AwsError>> + Send;
    /// Deletes the trail.
    fn delete_trail(&self, arn: &str) -> impl Future<Output = Result<(), AwsError>> + Send;
    /// Sets tags, leaving others alone.
    fn add_tags(&self, arn: &str, tags: &Tags) -> impl Future<Output = Result<(), AwsError>> + Send;
    /// Takes tags off, leaving others alone. AWS wants key and value.
    fn remove_tags(&self, arn: &str, tags: &Tags) -> impl Future<Output = Result<(), AwsError>> + Send;
}

/// The part of KMS that naming a key takes.
pub trait KeyManagement: Send + Sync {
    /// ARN of the key that an alias, alias ARN, key id or key ARN names now.
    fn describe_key(
        &self,
        key_id: &str,
        max_age: Duration,
    ) -> impl Future<Output = Result<String, AwsError>> + Send;
}

/// The part of S3 that knowing a bucket's owner takes.
pub trait ObjectStorage: Send + Sync {
    /// Whether the bucket exists and belongs to the account. S3 answers `AccessDenied` both where it belongs to another
    /// and where the caller may not ask; `NoSuchBucket` where there is none.
    fn head_bucket(
        &self,
        bucket: &str,
        expected_owner: &str,
        max_age: Duration,
    ) -> impl Future<Output = Result<(), AwsError>> + Send;
}

/// Tags by key; an absent value is an empty one.
pub type Tags = BTreeMap<String, String>;

/// Insights: type, and the event categories it looks at.
pub type Insights = BTreeMap<String, BTreeSet<String>>;

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
#[expect(clippy::struct_excessive_bools, reason = "they are CloudTrail's own members")]
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
    /// `IsOrganizationTrail`
    pub is_organization_trail: bool,
    /// `RecursiveLogging`; `None` where it is left to AWS, or AWS does not tell.
    pub recursive_logging: Option<bool>,
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
    /// `IsOrganizationTrail`
    pub is_organization_trail: Option<bool>,
    /// `RecursiveLogging`
    pub recursive_logging: Option<bool>,
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
    /// Everything that can be set by `CreateTrail` and `UpdateTrail`.
    pub settings: TrailSettings,
    /// `HasCustomEventSelectors`: false where the selectors are AWS's default.
    pub has_custom_event_selectors: bool,
    /// `HasInsightSelectors`
    pub has_insight_selectors: bool,
    /// Its tags; `None` where they may not be read, as those of another account's trail.
    pub tags: Option<Tags>,
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
