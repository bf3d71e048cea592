//! KMS.

use std::time::Duration;

use aws_config::Region;
use trail_operator_domain::arn;
use trail_operator_reconcile::{aws::KeyManagement, aws_error::AwsError};

use crate::{
    AccountInRegion, account::Session, bucket::Class, error::aws_error, throttling::NoRetryWhenThrottled,
};

const OPERATION: &str = "DescribeKey";

impl KeyManagement for AccountInRegion {
    async fn describe_key(&self, key_id: &str, max_age: Duration) -> Result<String, AwsError> {
        let region = arn::region(key_id).unwrap_or(self.region());
        let key = (region.to_owned(), key_id.to_owned());
        let session = self.session();
        session.keys.get(&key, max_age, || describe(session, region, key_id)).await
    }
}

async fn describe(session: &Session, region: &str, key_id: &str) -> Result<String, AwsError> {
    let config = aws_sdk_kms::config::Builder::from(&session.config)
        .region(Region::new(region.to_owned()))
        .retry_classifier(NoRetryWhenThrottled)
        .build();
    let client = aws_sdk_kms::Client::from_conf(config);
    let call = Box::pin(async {
        let answer = client.describe_key().key_id(key_id).send().await;
        answer.map_err(|error| aws_error(OPERATION, &error))
    });
    let answer = session.calls.make(&session.scope("kms", region), Class::Read, OPERATION, call).await?;
    answer
        .key_metadata
        .and_then(|key| key.arn)
        .ok_or_else(|| AwsError::new(OPERATION, "ResponseError", "the answer names no ARN"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fake::{self, Log, Response};

    const KEY: &str = "arn:aws:kms:ap-south-1:444455556666:key/1";
    const HOUR: Duration = Duration::from_hours(1);

    #[tokio::test(start_paused = true)]
    async fn a_key_is_asked_for_in_its_own_region_once_for_all() {
        let log = Log::default();
        let account = fake::account(&log, |_| {
            Some(Response::json(&json!({"KeyMetadata": {"KeyId": "1", "Arn": KEY}})))
        });
        for region in ["us-east-1", "eu-west-1"] {
            for key_id in [KEY, "alias/audit"] {
                let here = account.cloud_trail(region);
                assert_eq!(here.describe_key(key_id, HOUR).await.as_deref(), Ok(KEY));
            }
        }
        let asked: Vec<_> = log.requests().into_iter().map(|request| request.uri).collect();
        let expected = ["ap-south-1", "us-east-1", "eu-west-1"]
            .map(|region| format!("https://kms.{region}.amazonaws.com/"));
        assert_eq!(asked, expected, "an alias is another key in each Region, an ARN is not");
        assert_eq!(log.told()[0], "kms DescribeKey OK");
    }
}
