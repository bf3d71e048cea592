//! AWS's list prices, by GetProducts of the Price List Query API. It is served in three Regions (`cloudtrail.md` 9.1), and
//! tells of all.

use aws_config::Region;
use aws_sdk_pricing::{
    Client,
    types::{Filter, FilterType},
};
use trail_operator_domain::cost::{Prices, Service};
use trail_operator_reconcile::aws_error::AwsError;

use crate::{account::Session, bucket::Class, error::aws_error, throttling::NoRetryWhenThrottled};

const OPERATION: &str = "GetProducts";
/// One of the Regions in which it is served.
const SERVED_IN: &str = "us-east-1";
/// AWS tells up to a hundred products at once, and S3 has some hundreds in a Region; more pages are no answer.
const MAX_PAGES: usize = 100;

/// The prices in a Region.
pub(crate) async fn read(session: &Session, region: &str) -> Result<Prices, AwsError> {
    let config = aws_sdk_pricing::config::Builder::from(&session.config)
        .retry_classifier(NoRetryWhenThrottled)
        .region(Region::from_static(SERVED_IN))
        .build();
    let client = Client::from_conf(config);
    let mut prices = Prices::default();
    for service in Service::ALL {
        let entries = entries(session, &client, service, region).await?;
        let list = Prices::from_price_list_entries(entries.iter().map(String::as_str));
        let list = list.map_err(|error| AwsError::new(OPERATION, "ResponseError", error.to_string()))?;
        prices = prices.refreshed(list.prices);
    }
    Ok(prices)
}

/// Every product of a service there, as JSON.
async fn entries(
    session: &Session,
    client: &Client,
    service: Service,
    region: &str,
) -> Result<Vec<String>, AwsError> {
    let here = Filter::builder().r#type(FilterType::TermMatch).field("regionCode").value(region).build();
    let here = here.map_err(|error| AwsError::new(OPERATION, "RequestError", error.to_string()))?;
    let scope = session.scope("pricing", SERVED_IN);
    let (mut entries, mut page) = (Vec::new(), None);
    for _ in 0..MAX_PAGES {
        let request = client
            .get_products()
            .service_code(service.code())
            .filters(here.clone())
            .format_version("aws_v1")
            .max_results(100)
            .set_next_token(page);
        let call = Box::pin(async { request.send().await.map_err(|error| aws_error(OPERATION, &error)) });
        let answer = session.calls.make(&scope, Class::Read, OPERATION, call).await?;
        entries.extend(answer.price_list.unwrap_or_default());
        page = answer.next_token.filter(|token| !token.is_empty());
        if page.is_none() {
            return Ok(entries);
        }
    }
    Err(AwsError::new(OPERATION, "EndlessPages", format!("more than {MAX_PAGES} pages of products")))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, time::Duration};

    use serde_json::{Value, json};
    use trail_operator_domain::cost::Component;

    use crate::fake::{self, Log, Response};

    const HOUR: Duration = Duration::from_hours(1);

    fn entry(service: &str, usage: &str, price: &str) -> String {
        let dimension = json!({"unit": "Events", "beginRange": "0", "pricePerUnit": {"USD": price}});
        let attributes =
            json!({"usagetype": usage, "regionCode": "eu-north-1", "locationType": "AWS Region"});
        json!({
            "serviceCode": service, "publicationDate": "2026-10-08T11:22:33Z",
            "product": {"sku": usage, "attributes": attributes},
            "terms": {"OnDemand": {"A": {"effectiveDate": "2026-10-01T00:00:00Z", "priceDimensions": {"A": dimension}}}},
        })
        .to_string()
    }

    fn regions() -> BTreeSet<String> {
        BTreeSet::from(["eu-north-1".to_owned()])
    }

    #[tokio::test(start_paused = true)]
    async fn prices_of_a_region_are_put_together_from_all_services_and_pages_and_kept() {
        let log = Log::default();
        let account = fake::account(&log, |request| {
            let page = |list: &[String], next: Value| json!({"PriceList": list, "NextToken": next});
            let paid = entry("AWSCloudTrail", "EUN1-PaidEventsRecorded", "0.00002");
            let data = entry("AWSCloudTrail", "EUN1-DataEventsRecorded", "0.000001");
            let answer = match (request.body["ServiceCode"].as_str(), request.body["NextToken"].as_str()) {
                (Some("AWSCloudTrail"), None) => page(&[paid], json!("more")),
                (Some("AWSCloudTrail"), Some("more")) => page(&[data], Value::Null),
                _ => page(&[], Value::Null),
            };
            Some(Response::json(&answer))
        });
        for _ in 0..2 {
            let (prices, unread) = account.prices(&regions(), HOUR).await;
            let known: Vec<_> = prices.rows().map(|row| (row.component, row.region.as_str())).collect();
            let expected = [Component::ManagementEvents, Component::DataEvents];
            assert_eq!(known, expected.map(|component| (component, "eu-north-1")));
            assert_eq!(unread, Vec::<String>::new());
        }
        assert_eq!(log.operations(), ["GetProducts"; 6]);
        let request = &log.requests()[0];
        assert_eq!(request.uri, "https://api.pricing.us-east-1.amazonaws.com/");
        let here = json!([{"Type": "TERM_MATCH", "Field": "regionCode", "Value": "eu-north-1"}]);
        assert_eq!(request.body["Filters"], here);
    }

    #[tokio::test(start_paused = true)]
    async fn a_region_whose_prices_cannot_be_read_is_told() {
        let account = fake::account(&Log::default(), |_| Some(Response::error("AccessDeniedException")));
        let (prices, unread) = account.prices(&regions(), HOUR).await;
        assert_eq!(prices.rows().count(), 0);
        assert_eq!(unread, ["eu-north-1 (AccessDeniedException)"]);
    }
}
