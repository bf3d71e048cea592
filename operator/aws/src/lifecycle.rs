//! What the lifecycle rules of a bucket let go, and after how many days.

use aws_config::Region;
use aws_sdk_s3::types::{ExpirationStatus, LifecycleRule, LifecycleRuleFilter};
use trail_operator_integrity::Expiration;
use trail_operator_reconcile::aws_error::AwsError;

use crate::{
    AccountInRegion,
    account::Session,
    bucket::Class,
    error::aws_error,
    object_storage::{Refusal, other_region},
    throttling::NoRetryWhenThrottled,
};

const OPERATION: &str = "GetBucketLifecycleConfiguration";

/// Where a bucket is, and for how long it keeps what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifecycle {
    /// Its Region.
    pub region: String,
    /// The rules by which objects expire.
    pub expirations: Vec<Expiration>,
}

impl AccountInRegion {
    /// The rules by which objects of a bucket expire.
    ///
    /// # Errors
    /// What AWS answers, as for every call.
    pub async fn expirations(&self, bucket: &str, owner: Option<&str>) -> Result<Vec<Expiration>, AwsError> {
        self.lifecycle(bucket, owner).await.map(|lifecycle| lifecycle.expirations)
    }

    /// The same, and where the bucket is.
    ///
    /// # Errors
    /// What AWS answers, as for every call.
    pub async fn lifecycle(&self, bucket: &str, owner: Option<&str>) -> Result<Lifecycle, AwsError> {
        let session = self.session();
        let mut place = self.region().to_owned();
        let found = match rules(session, &place, bucket, owner).await {
            Err(Refusal { elsewhere: Some(region), .. }) => {
                place = region;
                rules(session, &place, bucket, owner).await
            }
            found => found,
        };
        let expirations = match found {
            Ok(rules) => rules.iter().filter_map(|rule| expiration(bucket, rule)).collect(),
            Err(Refusal { error, .. }) if error.code == "NoSuchLifecycleConfiguration" => vec![],
            Err(Refusal { error, .. }) => return Err(error),
        };
        Ok(Lifecycle { region: place, expirations })
    }
}

async fn rules(
    session: &Session,
    region: &str,
    bucket: &str,
    owner: Option<&str>,
) -> Result<Vec<LifecycleRule>, Refusal> {
    let config = aws_sdk_s3::config::Builder::from(&session.config)
        .region(Region::new(region.to_owned()))
        .force_path_style(session.s3_path_style)
        .retry_classifier(NoRetryWhenThrottled)
        .build();
    let request = aws_sdk_s3::Client::from_conf(config)
        .get_bucket_lifecycle_configuration()
        .bucket(bucket)
        .set_expected_bucket_owner(owner.map(str::to_owned));
    let mut elsewhere = None;
    let call = Box::pin(async {
        request.send().await.map_err(|error| {
            elsewhere = error.raw_response().and_then(|response| other_region(response, region));
            aws_error(OPERATION, &error)
        })
    });
    let scope = session.scope("s3", region);
    let answer = session.calls.make(&scope, Class::Read, OPERATION, call).await;
    answer.map(|answer| answer.rules.unwrap_or_default()).map_err(|error| Refusal { error, elsewhere })
}

/// A rule that applies to whatever has a prefix. One that looks at tags or sizes explains nothing: nobody can tell what
/// those of an object were that is gone.
fn expiration(bucket: &str, rule: &LifecycleRule) -> Option<Expiration> {
    let days = u32::try_from(rule.expiration.as_ref()?.days?).ok()?;
    if rule.status != ExpirationStatus::Enabled {
        return None;
    }
    #[expect(deprecated, reason = "rules that were made long ago have it")]
    let prefix = rule.prefix.as_deref();
    let prefix = match &rule.filter {
        None => prefix.unwrap_or_default(),
        Some(filter) => of_filter(filter)?,
    };
    Some(Expiration { bucket: bucket.to_owned(), prefix: prefix.to_owned(), days })
}

fn of_filter(filter: &LifecycleRuleFilter) -> Option<&str> {
    let LifecycleRuleFilter { prefix, tag, object_size_greater_than, object_size_less_than, and, .. } =
        filter;
    let narrow = tag.is_some() || object_size_greater_than.is_some() || object_size_less_than.is_some();
    (!narrow && and.is_none()).then(|| prefix.as_deref().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{self, Log, Response};

    async fn ask(body: &'static str, status: u16) -> Result<Vec<Expiration>, AwsError> {
        let account = fake::account(&Log::default(), move |_| {
            Some(Response { body: body.into(), ..Response::status(status) })
        });
        account.cloud_trail("eu-west-1").expirations("logs", Some("444455556666")).await
    }

    #[tokio::test(start_paused = true)]
    async fn rules_that_take_everything_with_a_prefix_are_told() {
        let found = ask(
            "<LifecycleConfiguration>\
             <Rule><Status>Enabled</Status><Filter><Prefix>AWSLogs/</Prefix></Filter><Expiration><Days>90</Days></Expiration></Rule>\
             <Rule><Status>Enabled</Status><Filter></Filter><Expiration><Days>400</Days></Expiration></Rule>\
             <Rule><Status>Disabled</Status><Filter></Filter><Expiration><Days>1</Days></Expiration></Rule>\
             <Rule><Status>Enabled</Status><Filter><Tag><Key>a</Key><Value>b</Value></Tag></Filter><Expiration><Days>2</Days></Expiration></Rule>\
             <Rule><Status>Enabled</Status><Filter></Filter><Transition><Days>3</Days><StorageClass>GLACIER</StorageClass></Transition></Rule>\
             </LifecycleConfiguration>",
            200,
        );
        let rule = |prefix: &str, days| Expiration { bucket: "logs".into(), prefix: prefix.into(), days };
        assert_eq!(found.await.unwrap(), [rule("AWSLogs/", 90), rule("", 400)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_bucket_without_rules_lets_nothing_go() {
        let refusal = |code| format!("<Error><Code>{code}</Code><Message>no</Message></Error>").leak();
        assert_eq!(ask(refusal("NoSuchLifecycleConfiguration"), 404).await, Ok(vec![]));
        assert_eq!(ask(refusal("AccessDenied"), 403).await.unwrap_err().code, "AccessDenied");
    }

    #[tokio::test(start_paused = true)]
    async fn a_bucket_elsewhere_is_asked_for_there() {
        let log = Log::default();
        let account = fake::account(&log, |request| {
            if request.header("authorization").contains("/ap-south-1/") {
                let rule = "<Rule><Status>Enabled</Status><Filter></Filter><Expiration><Days>7</Days></Expiration></Rule>";
                let body = format!("<LifecycleConfiguration>{rule}</LifecycleConfiguration>").into();
                return Some(Response { body, ..Response::status(200) });
            }
            let headers = vec![("x-amz-bucket-region", "ap-south-1".to_owned())];
            let body = "<Error><Code>PermanentRedirect</Code><Message>there</Message></Error>".into();
            Some(Response { headers, body, ..Response::status(301) })
        });
        let found = account.cloud_trail("eu-west-1").expirations("logs", None).await.unwrap();
        assert_eq!(found, [Expiration { bucket: "logs".into(), prefix: String::new(), days: 7 }]);
        assert_eq!(log.requests().len(), 2);
    }
}
