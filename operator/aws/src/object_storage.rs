//! S3.

use std::time::Duration;

use aws_config::Region;
use aws_sdk_s3::{config::http::HttpResponse, error::SdkError, operation::head_bucket::HeadBucketError};
use trail_operator_reconcile::{aws::ObjectStorage, aws_error::AwsError};

use crate::{
    AccountInRegion, account::Session, bucket::Class, error::aws_error, throttling::NoRetryWhenThrottled,
};

const OPERATION: &str = "HeadBucket";

impl ObjectStorage for AccountInRegion {
    async fn head_bucket(
        &self,
        bucket: &str,
        expected_owner: &str,
        max_age: Duration,
    ) -> Result<(), AwsError> {
        let key = (bucket.to_owned(), expected_owner.to_owned());
        let session = self.session();
        let read = || async move {
            match head(session, self.region(), bucket, expected_owner).await {
                Err(Refusal { elsewhere: Some(region), .. }) => {
                    head(session, &region, bucket, expected_owner).await.map_err(|refusal| refusal.error)
                }
                result => result.map_err(|refusal| refusal.error),
            }
        };
        session.buckets.get(&key, max_age, read).await
    }
}

/// Why a bucket was not seen, and in which other Region to ask for it.
pub(crate) struct Refusal {
    pub(crate) error: AwsError,
    pub(crate) elsewhere: Option<String>,
}

async fn head(session: &Session, region: &str, bucket: &str, expected_owner: &str) -> Result<(), Refusal> {
    let config = aws_sdk_s3::config::Builder::from(&session.config)
        .region(Region::new(region.to_owned()))
        .force_path_style(session.s3_path_style)
        .retry_classifier(NoRetryWhenThrottled)
        .build();
    let request = aws_sdk_s3::Client::from_conf(config)
        .head_bucket()
        .bucket(bucket)
        .expected_bucket_owner(expected_owner);
    let mut elsewhere = None;
    let call = Box::pin(async {
        request.send().await.map(drop).map_err(|error| {
            elsewhere = error.raw_response().and_then(|response| other_region(response, region));
            refusal(&error)
        })
    });
    let scope = session.scope("s3", region);
    let result = session.calls.make(&scope, Class::Read, OPERATION, call).await;
    result.map_err(|error| Refusal { error, elsewhere })
}

/// HEAD has no body to carry a code, so the status is all there is.
fn refusal(error: &SdkError<HeadBucketError>) -> AwsError {
    let status = match error {
        SdkError::ServiceError(answer) => answer.raw().status().as_u16(),
        _ => return aws_error(OPERATION, error),
    };
    let code = match status {
        301 | 307 => "PermanentRedirect",
        400 => "BadRequest",
        403 => "AccessDenied",
        404 => "NoSuchBucket",
        503 => "SlowDown",
        _ => "UnnamedError",
    };
    AwsError::new(OPERATION, code, format!("HTTP status {status}"))
}

/// Where S3 says the bucket is, in answers that mean: not here.
pub(crate) fn other_region(response: &HttpResponse, asked: &str) -> Option<String> {
    let region = response.headers().get("x-amz-bucket-region")?;
    let not_here = matches!(response.status().as_u16(), 301 | 307 | 400);
    (not_here && region != asked).then(|| region.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{self, Log, Request, Response};

    const OWNER: &str = "444455556666";

    async fn ask(
        log: &Log,
        answer: impl Fn(&Request) -> Response + Send + Sync + 'static,
    ) -> Result<(), AwsError> {
        let account = fake::account(log, move |request| Some(answer(request)));
        account.cloud_trail("eu-west-1").head_bucket("logs", OWNER, Duration::ZERO).await
    }

    fn region_of(request: &Request) -> &str {
        request.header("authorization").split('/').nth(2).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_bucket_is_asked_for_with_its_owner() {
        let log = Log::default();
        assert_eq!(ask(&log, |_| Response::status(200)).await, Ok(()));
        let request = &log.requests()[0];
        assert_eq!((request.method.as_str(), region_of(request)), ("HEAD", "eu-west-1"));
        assert_eq!(request.header("x-amz-expected-bucket-owner"), OWNER);
        assert_eq!(log.told(), ["s3 HeadBucket OK"]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_status_says_what_is_wrong() {
        for (status, code) in
            [(404, "NoSuchBucket"), (403, "AccessDenied"), (400, "BadRequest"), (503, "SlowDown")]
        {
            let error = ask(&Log::default(), move |_| Response::status(status)).await.unwrap_err();
            assert_eq!(error.code, code);
            assert_eq!(error.retry_after.is_some(), status == 503);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_bucket_elsewhere_is_asked_for_there() {
        for status in [301, 400] {
            let log = Log::default();
            let answer = move |request: &Request| match region_of(request) {
                "eu-west-1" => {
                    let region = ("x-amz-bucket-region", "ap-south-1".to_owned());
                    Response { headers: vec![region], ..Response::status(status) }
                }
                _ => Response::status(200),
            };
            assert_eq!(ask(&log, answer).await, Ok(()));
            assert_eq!(log.requests().iter().map(region_of).collect::<Vec<_>>(), ["eu-west-1", "ap-south-1"]);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_redirect_in_a_circle_ends() {
        let log = Log::default();
        let answer = |request: &Request| {
            let other = if region_of(request) == "eu-west-1" { "ap-south-1" } else { "eu-west-1" };
            Response { headers: vec![("x-amz-bucket-region", other.to_owned())], ..Response::status(301) }
        };
        assert_eq!(ask(&log, answer).await.unwrap_err().code, "PermanentRedirect");
        assert_eq!(log.requests().len(), 2);
    }
}
