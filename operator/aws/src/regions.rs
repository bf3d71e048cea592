//! The Account API: which Regions an account has enabled.

use aws_sdk_account::types::RegionOptStatus;
use trail_operator_reconcile::aws_error::AwsError;

use crate::{account::Session, bucket::Class, error::aws_error, throttling::NoRetryWhenThrottled};

const OPERATION: &str = "ListRegions";

/// AWS has some forty Regions and tells up to fifty at once; more pages than this are no answer.
const MAX_PAGES: usize = 10;

/// Names of the Regions that are enabled, asked in the leading Region of the partition: where that is, the SDK's
/// endpoint rules know (`account.us-east-1.amazonaws.com` for every commercial Region).
pub(crate) async fn list(session: &Session) -> Result<Vec<String>, AwsError> {
    let config = aws_sdk_account::config::Builder::from(&session.config)
        .retry_classifier(NoRetryWhenThrottled)
        .build();
    let client = aws_sdk_account::Client::from_conf(config);
    let scope = session.scope("account", session.region());
    let mut regions = Vec::new();
    let mut page = None;
    for _ in 0..MAX_PAGES {
        let request = client
            .list_regions()
            .region_opt_status_contains(RegionOptStatus::Enabled)
            .region_opt_status_contains(RegionOptStatus::EnabledByDefault)
            .max_results(50)
            .set_next_token(page);
        let call = Box::pin(async { request.send().await.map_err(|error| aws_error(OPERATION, &error)) });
        let answer = session.calls.make(&scope, Class::Read, OPERATION, call).await?;
        let names = answer.regions.unwrap_or_default().into_iter().filter_map(|region| region.region_name);
        regions.extend(names);
        page = answer.next_token.filter(|token| !token.is_empty());
        if page.is_none() {
            return Ok(regions);
        }
    }
    Err(AwsError::new(OPERATION, "EndlessPages", format!("more than {MAX_PAGES} pages of Regions")))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use crate::fake::{self, Log, Response};

    #[tokio::test(start_paused = true)]
    async fn enabled_regions_are_put_together_from_all_pages_and_kept() {
        let log = Log::default();
        let account = fake::account(&log, |request| {
            let last = request.body["NextToken"] == "more";
            let (name, token) = if last { ("eu-west-1", None) } else { ("us-east-1", Some("more")) };
            Some(Response::json(&json!({"Regions": [{"RegionName": name}], "NextToken": token})))
        });
        for _ in 0..2 {
            let regions = account.list_regions(Duration::from_hours(1)).await.unwrap();
            assert_eq!(regions, ["us-east-1", "eu-west-1"]);
        }
        let requests = log.requests();
        assert_eq!(requests.len(), 2);
        assert_eq!(requests[0].uri, "https://account.us-east-1.amazonaws.com/listRegions");
        assert_eq!(requests[0].body["RegionOptStatusContains"], json!(["ENABLED", "ENABLED_BY_DEFAULT"]));
        assert_eq!(log.told()[0], "account ListRegions OK");
    }
}
