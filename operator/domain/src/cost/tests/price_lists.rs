//! AWS's price lists.

use serde_json::{Value, json};

use super::*;

fn term(dimensions: &[(&str, &str, &str)]) -> Value {
    let dimensions = dimensions.iter().enumerate().map(|(place, (from, unit, price))| {
        (
            place.to_string(),
            json!({"unit": unit, "beginRange": from, "endRange": "Inf", "pricePerUnit": {"USD": price}}),
        )
    });
    json!({"effectiveDate": "2026-09-01T00:00:00Z", "priceDimensions": dimensions.collect::<serde_json::Map<_, _>>()})
}

fn product(sku: &str, usage: &str, region: &str, others: &Value) -> Value {
    let mut attributes = json!({"usagetype": usage, "regionCode": region, "locationType": "AWS Region"});
    for (name, value) in others.as_object().unwrap() {
        attributes[name] = value.clone();
    }
    json!({"sku": sku, "productFamily": "x", "attributes": attributes})
}

fn offer(code: &str, products: &[(Value, Value)]) -> String {
    let sku = |product: &Value| product["sku"].as_str().unwrap().to_owned();
    let all: serde_json::Map<_, _> = products.iter().map(|(one, _)| (sku(one), one.clone())).collect();
    let terms: serde_json::Map<_, _> = products
        .iter()
        .map(|(one, term)| (sku(one), json!({format!("{}.JRTCKXETXF", sku(one)): term})))
        .collect();
    json!({
        "formatVersion": "v1.0", "offerCode": code, "publicationDate": "2026-10-08T11:22:33Z",
        "products": all, "terms": {"OnDemand": terms},
    })
    .to_string()
}

fn cost(list: &PriceList, component: Component, region: &str, quantity: &str) -> Option<Decimal> {
    Some(list.prices.price(component, region).ok()?.tiers.cost(decimal(quantity)))
}

#[test]
fn an_offer_file_gives_the_rows_that_trails_need() {
    let none = json!({});
    let list = Prices::from_offer(&offer(
        "AWSCloudTrail",
        &[
            (
                product("A", "EU-PaidEventsRecorded", "eu-west-1", &none),
                term(&[("0", "Events", "0.0000200000")]),
            ),
            (
                product("B", "USE2-PaidEventsRecorded", "us-east-2", &none),
                term(&[("0", "Events", "0.00003")]),
            ),
            (product("C", "EU-FreeEventsRecorded", "eu-west-1", &none), term(&[("0", "Events", "0")])),
            (product("D", "EU-Ingestion-Bytes", "eu-west-1", &none), term(&[("0", "GB", "2.5")])),
        ],
    ))
    .unwrap();
    assert_eq!(cost(&list, Component::ManagementEvents, "eu-west-1", "100000"), Some(decimal("2")));
    assert_eq!(cost(&list, Component::ManagementEvents, "us-east-2", "100000"), Some(decimal("3")));
    assert_eq!((list.prices.rows().count(), list.left_out.len()), (2, 0));
    let row = list.prices.price(Component::ManagementEvents, "eu-west-1").unwrap();
    assert_eq!(row.provenance(), "AWS Price List, AWSCloudTrail, 2026-10-08");
}

#[test]
fn of_products_that_share_a_usage_type_the_one_that_is_meant_is_taken() {
    let usage = "TimedStorage-ByteHrs";
    let tiers = [("0", "GB-Mo", "0.023"), ("51200", "GB-Mo", "0.022"), ("512000", "GB-Mo", "0.021")];
    let list = Prices::from_offer(&offer(
        "AmazonS3",
        &[
            (product("A", usage, "us-east-1", &json!({"volumeType": "Standard"})), term(&tiers)),
            (
                product("B", usage, "us-east-1", &json!({"volumeType": "INTAAS3ObjectOverhead"})),
                term(&[("0", "GB-Mo", "0.021")]),
            ),
            (
                product(
                    "C",
                    usage,
                    "us-east-1-bos-1",
                    &json!({"volumeType": "Standard", "locationType": "AWS Local Zone"}),
                ),
                term(&tiers),
            ),
        ],
    ))
    .unwrap();
    assert_eq!(list.prices.rows().count(), 1);
    assert_eq!(cost(&list, Component::LogStorage, "us-east-1", "61200"), Some(decimal("1397.6")));
}

#[test]
fn what_is_not_understood_is_left_out_and_said() {
    let none = json!({});
    let request = |sku, region, unit, price| {
        (product(sku, "Requests-Tier1", region, &none), term(&[("0", unit, price)]))
    };
    let list = Prices::from_offer(&offer(
        "AmazonS3",
        &[
            request("A", "us-east-1", "Requests", "0.000005"),
            request("B", "us-east-1", "Requests", "0.000006"),
            request("C", "us-east-2", "1K Requests", "0.005"),
            request("D", "us-west-1", "Requests", "cheap"),
            request("E", "us-west-2", "Requests", "0.000005"),
            request("F", "us-west-2", "Requests", "0.0000050"),
        ],
    ))
    .unwrap();
    assert_eq!(list.prices.regions(Component::WriteRequests).collect::<Vec<_>>(), ["us-west-2"]);
    let expected = [
        "WriteRequests in us-east-1, product B: product A has another price for the same usage type; neither is taken",
        "WriteRequests in us-east-2, product C: its unit is 1K Requests, which is not known here",
        "WriteRequests in us-west-1, product D: `cheap` is no number",
    ];
    assert_eq!(list.left_out, expected);
}

#[test]
fn the_latest_term_holds() {
    let mut text: Value = serde_json::from_str(&offer(
        "AmazonS3",
        &[(product("A", "Requests-Tier2", "us-east-1", &json!({})), term(&[("0", "Requests", "0.0000004")]))],
    ))
    .unwrap();
    let mut newer = term(&[("0", "Requests", "0.0000005")]);
    newer["effectiveDate"] = json!("2026-10-01T00:00:00Z");
    text["terms"]["OnDemand"]["A"]["A.NEWER"] = newer;
    let list = Prices::from_offer(&text.to_string()).unwrap();
    assert_eq!(cost(&list, Component::ReadRequests, "us-east-1", "1"), Some(decimal("0.0000005")));
}

#[test]
fn an_answer_of_the_price_list_api_is_read_too() {
    let entry = |sku: &str, price: &str| {
        let entry = json!({
            "product": product(sku, "EUC1-CW:AlarmMonitorUsage", "eu-central-1", &json!({})),
            "serviceCode": "AmazonCloudWatch",
            "terms": {"OnDemand": {"A.JRTCKXETXF": term(&[("0", "Alarms", price)])}},
            "version": "20261008112233",
            "publicationDate": "2026-10-08T11:22:33Z",
        });
        entry.to_string()
    };
    let read =
        |entries: &[String]| Prices::from_price_list_entries(entries.iter().map(String::as_str)).unwrap();
    let price = |list: &PriceList| cost(list, Component::StandardAlarms, "eu-central-1", "3");
    assert_eq!(price(&read(&[entry("A", "0.1")])), Some(decimal("0.3")));
    let two = read(&[entry("A", "0.1"), entry("B", "0.2")]);
    assert_eq!((price(&two), two.left_out.len()), (None, 1), "products that do not agree");
    assert_eq!(read(&[]).prices, Prices::default());
}

#[test]
fn other_files_are_refused() {
    for (text, why) in [
        ("[]".to_owned(), "this is no price list of AWS"),
        (offer("AmazonEC2", &[]), "the price list of AmazonEC2; there are AWSCloudTrail"),
        (offer("AmazonS3", &[]).replace("2026-10-08T", "soon"), "does not begin with a date"),
    ] {
        let error = Prices::from_offer(&text).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}
