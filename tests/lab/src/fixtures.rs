//! What nearly every test needs in AWS before it begins.

use anyhow::Result;
use serde_json::{Value, json};

use crate::client::Lab;

/// An account for tests that need only one.
pub const ACCOUNT: &str = "111122223333";
/// Its Region.
pub const REGION: &str = "us-east-1";

impl Lab {
    /// Makes a bucket that takes the files of these trails, which are named `trail` or `prefix/trail`.
    pub fn trail_bucket(&self, account: &str, region: &str, bucket: &str, trails: &[&str]) -> Result<()> {
        let mut params = json!({"Bucket": bucket});
        // S3 wants no location for its oldest Region.
        if region != "us-east-1" {
            params["CreateBucketConfiguration"] = json!({"LocationConstraint": region});
        }
        self.aws("s3", "CreateBucket", &params, account, region)?;
        let policy = bucket_policy(account, region, bucket, trails).to_string();
        self.aws("s3", "PutBucketPolicy", &json!({"Bucket": bucket, "Policy": policy}), account, region)?;
        Ok(())
    }
}

/// The policy of AWS's page "Amazon S3 bucket policy for `CloudTrail`", one pair of statements for each trail.
fn bucket_policy(account: &str, region: &str, bucket: &str, trails: &[&str]) -> Value {
    let service = json!({"Service": "cloudtrail.amazonaws.com"});
    let mut statements = Vec::new();
    for trail in trails {
        let (prefix, name) = trail.rsplit_once('/').unwrap_or(("", trail));
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        let arn = format!("arn:aws:cloudtrail:{region}:{account}:trail/{name}");
        statements.push(json!({
            "Effect": "Allow",
            "Principal": service,
            "Action": "s3:GetBucketAcl",
            "Resource": format!("arn:aws:s3:::{bucket}"),
            "Condition": {"StringEquals": {"aws:SourceArn": arn}},
        }));
        statements.push(json!({
            "Effect": "Allow",
            "Principal": service,
            "Action": "s3:PutObject",
            "Resource": format!("arn:aws:s3:::{bucket}/{prefix}AWSLogs/{account}/*"),
            "Condition": {"StringEquals": {"aws:SourceArn": arn, "s3:x-amz-acl": "bucket-owner-full-control"}},
        }));
    }
    json!({"Version": "2012-10-17", "Statement": statements})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_part_of_the_key_and_not_of_the_trail() {
        let policy = bucket_policy("1", "eu-west-1", "b", &["logs/main"]);
        assert_eq!(policy["Statement"][1]["Resource"], "arn:aws:s3:::b/logs/AWSLogs/1/*");
        let arn = &policy["Statement"][0]["Condition"]["StringEquals"]["aws:SourceArn"];
        assert_eq!(arn, "arn:aws:cloudtrail:eu-west-1:1:trail/main");
    }
}
