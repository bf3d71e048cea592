//! What a trail delivers to besides its bucket, fit for use.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use test_lab::ACCOUNT;
use test_suites::stage::{Place, Stage};

const CLOUDTRAIL: &str = "cloudtrail.amazonaws.com";

/// A key that `CloudTrail` may use; gives its ARN.
pub(crate) fn key(stage: &Stage, at: Place<'_>) -> Result<String> {
    let statements = json!([
        {"Effect": "Allow", "Principal": {"Service": CLOUDTRAIL}, "Resource": "*",
         "Action": ["kms:GenerateDataKey*", "kms:DescribeKey", "kms:Decrypt"]},
        {"Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:root")}, "Resource": "*", "Action": "kms:*"},
    ]);
    let key = stage.aws(at, "kms", "CreateKey", &json!({"Policy": document(&statements)}))?;
    Ok(key["KeyMetadata"]["Arn"].as_str().context("the key has no ARN")?.to_owned())
}

/// The ARN of the topic that is called like the trail.
pub(crate) fn topic_arn(at: Place<'_>) -> String {
    format!("arn:aws:sns:{}:{ACCOUNT}:{}", at.region, at.name)
}

/// A policy that lets `CloudTrail` publish there.
pub(crate) fn topic_policy(at: Place<'_>) -> String {
    document(
        &json!([{"Effect": "Allow", "Principal": {"Service": CLOUDTRAIL}, "Resource": topic_arn(at), "Action": "SNS:Publish"}]),
    )
}

/// The topic with that policy.
pub(crate) fn topic(stage: &Stage, at: Place<'_>) -> Result<()> {
    let params = json!({"Name": at.name, "Attributes": {"Policy": topic_policy(at)}});
    stage.aws(at, "sns", "CreateTopic", &params).map(drop)
}

/// The ARN of the role that is called like the trail.
pub(crate) fn role_arn(at: Place<'_>) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{}", at.name)
}

/// A log group, called like the trail, and the role by which `CloudTrail` writes there.
pub(crate) fn log_group(stage: &Stage, at: Place<'_>) -> Result<()> {
    stage.aws(at, "logs", "CreateLogGroup", &json!({"logGroupName": at.name}))?;
    let trust =
        json!([{"Effect": "Allow", "Principal": {"Service": CLOUDTRAIL}, "Action": "sts:AssumeRole"}]);
    let role = json!({"RoleName": at.name, "AssumeRolePolicyDocument": document(&trust)});
    stage.aws(at, "iam", "CreateRole", &role)?;
    let write = json!([{"Effect": "Allow", "Resource": "*", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"]}]);
    let write = json!({"RoleName": at.name, "PolicyName": "write", "PolicyDocument": document(&write)});
    stage.aws(at, "iam", "PutRolePolicy", &write).map(drop)
}

/// A policy of these statements.
pub(crate) fn document(statements: &Value) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}
