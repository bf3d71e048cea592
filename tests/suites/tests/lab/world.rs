//! Accounts of the one lab of this binary, and what tests put there. Each test has accounts of its own.

use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context as _, Result};
use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::config::retry::RetryConfig;
use aws_sdk_cloudtrail::config::timeout::TimeoutConfig;
use aws_sdk_cloudtrail::config::{Builder, Credentials, Region};
use aws_sdk_cloudtrail::error::{ProvideErrorMetadata, SdkError};
use serde_json::{Value, json};
use test_lab::Lab;

/// Where most of it happens, and another Region.
pub const HOME: &str = "eu-central-1";
pub const AWAY: &str = "us-west-2";

/// The service that policies let in.
pub const CLOUDTRAIL: &str = "cloudtrail.amazonaws.com";

/// The lab that these tests share.
#[expect(clippy::unwrap_used, reason = "without a lab no test has anything to say")]
pub fn lab() -> &'static Lab {
    static LAB: OnceLock<Lab> = OnceLock::new();
    LAB.get_or_init(|| Lab::start().unwrap())
}

/// An account with a bucket that lets CloudTrail write whatever it wants.
pub struct World<'a> {
    lab: &'a Lab,
    pub account: &'static str,
    pub bucket: String,
    pub client: Client,
    /// The same in the other Region.
    pub away: Client,
}

impl World<'static> {
    pub fn new(account: &'static str) -> Result<Self> {
        Self::of(lab(), account)
    }
}

impl<'a> World<'a> {
    /// In a lab that this test does not share.
    pub fn of(lab: &'a Lab, account: &'static str) -> Result<Self> {
        let bucket = format!("logs-{account}");
        make_bucket(lab, account, HOME, &bucket)?;
        let client = |region| Client::from_conf(config(lab, account, region).build());
        Ok(Self { lab, account, client: client(HOME), away: client(AWAY), bucket })
    }

    pub fn arn(&self, name: &str) -> String {
        self.arn_in(HOME, name)
    }

    pub fn arn_in(&self, region: &str, name: &str) -> String {
        format!("arn:aws:cloudtrail:{region}:{}:trail/{name}", self.account)
    }

    /// Calls AWS as this account, in its home Region, uncounted.
    pub fn aws(&self, service: &str, operation: &str, params: &Value) -> Result<Value> {
        self.lab.aws(service, operation, params, self.account, HOME)
    }

    pub fn set_bucket_policy(&self, bucket: &str, statements: &Value) -> Result<()> {
        let policy = document(statements);
        self.aws("s3", "PutBucketPolicy", &json!({"Bucket": bucket, "Policy": policy})).map(drop)
    }

    /// A bucket in the home Region with these statements.
    pub fn bucket(&self, suffix: &str, statements: impl FnOnce(&str) -> Value) -> Result<String> {
        let bucket = format!("{suffix}-{}", self.account);
        make_bucket(self.lab, self.account, HOME, &bucket)?;
        self.set_bucket_policy(&bucket, &statements(&bucket))?;
        Ok(bucket)
    }
}

/// What stands around trails.
impl World<'_> {
    /// A key whose policy has these statements, and lets the account do everything.
    pub fn key(&self, region: &str, statements: &Value, mut params: Value) -> Result<String> {
        let root = json!({
            "Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{}:root", self.account)},
            "Action": "kms:*", "Resource": "*",
        });
        let statements: Vec<_> = statements.as_array().into_iter().flatten().cloned().chain([root]).collect();
        params["Policy"] = document(&json!(statements)).into();
        let key = self.lab.aws("kms", "CreateKey", &params, self.account, region)?;
        key["KeyMetadata"]["Arn"].as_str().map(str::to_owned).context("a key without ARN")
    }

    /// A topic whose policy has these statements.
    pub fn topic(&self, region: &str, name: &str, statements: &Value) -> Result<String> {
        let params = json!({"Name": name, "Attributes": {"Policy": document(statements)}});
        let topic = self.lab.aws("sns", "CreateTopic", &params, self.account, region)?;
        topic["TopicArn"].as_str().map(str::to_owned).context("a topic without ARN")
    }

    /// A role that this service may take, and what it may do.
    pub fn role(&self, name: &str, service: &str, statements: &Value) -> Result<String> {
        let trust = document(
            &json!([{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]),
        );
        self.aws("iam", "CreateRole", &json!({"RoleName": name, "AssumeRolePolicyDocument": trust}))?;
        if statements.as_array().is_some_and(|statements| !statements.is_empty()) {
            let policy =
                json!({"RoleName": name, "PolicyName": "write", "PolicyDocument": document(statements)});
            self.aws("iam", "PutRolePolicy", &policy)?;
        }
        Ok(format!("arn:aws:iam::{}:role/{name}", self.account))
    }
}

/// Statements of a role's policy that let it write these logs.
pub fn may_write(resource: &str) -> Value {
    json!([{"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": resource}])
}

/// A client's settings: the account's number is its access key, and nothing is tried twice.
pub fn config(lab: &Lab, account: &str, region: &'static str) -> Builder {
    let timeouts = TimeoutConfig::builder().operation_timeout(Duration::from_secs(20)).build();
    aws_sdk_cloudtrail::Config::builder()
        .behavior_version_latest()
        .endpoint_url(lab.endpoint())
        .region(Region::from_static(region))
        .credentials_provider(Credentials::new(account, "lab", None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts)
}

/// AWS's code of an error; what happened where AWS did not answer.
pub fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> String {
    match error {
        SdkError::ServiceError(_) => error.code().unwrap_or("none").to_owned(),
        SdkError::TimeoutError(_) => "(no answer in time)".to_owned(),
        _ => "(no answer)".to_owned(),
    }
}

fn make_bucket(lab: &Lab, account: &str, region: &str, bucket: &str) -> Result<()> {
    let place = json!({"Bucket": bucket, "CreateBucketConfiguration": {"LocationConstraint": region}});
    lab.aws("s3", "CreateBucket", &place, account, region)?;
    let params = json!({"Bucket": bucket, "Policy": document(&open(bucket))});
    lab.aws("s3", "PutBucketPolicy", &params, account, region).map(drop)
}

/// Statements of a bucket policy that let CloudTrail write anything, for anybody.
pub fn open(bucket: &str) -> Value {
    json!([
        allow("s3:GetBucketAcl", &format!("arn:aws:s3:::{bucket}"), &json!({})),
        allow("s3:PutObject", &format!("arn:aws:s3:::{bucket}/*"), &json!({})),
    ])
}

/// A statement that lets CloudTrail do something.
pub fn allow(action: &str, resource: &str, condition: &Value) -> Value {
    let mut statement = json!({
        "Effect": "Allow", "Principal": {"Service": CLOUDTRAIL}, "Action": action, "Resource": resource,
    });
    if condition.as_object().is_some_and(|condition| !condition.is_empty()) {
        statement["Condition"] = condition.clone();
    }
    statement
}

/// A policy document of these statements.
pub fn document(statements: &Value) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}
