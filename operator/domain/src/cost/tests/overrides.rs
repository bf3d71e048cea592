//! Prices that somebody negotiated.

use serde_json::json;

use super::*;

fn price(prices: &Prices, component: Component, region: &str) -> Decimal {
    prices.price(component, region).unwrap().tiers.cost(Decimal::ONE)
}

#[test]
fn own_prices_take_the_place_of_awss() {
    let file = json!({
        "date": "2026-10-01",
        "discounts": [{"service": "AWSCloudTrail", "percent": 10}],
        "prices": [
            {"component": "DataEvents", "region": "*", "price": "0.0000005"},
            {"component": "DataEvents", "region": "us-east-2", "price": 0.000_000_4},
            {"component": "NetworkActivityEvents", "region": "xx-nowhere-1", "price": "0.000001"},
            {"component": "LogStorage", "region": "us-east-1",
             "tiers": [{"from": 0, "price": "0.02"}, {"from": 100, "price": "0.01"}]},
        ],
    });
    let prices = Prices::built_in().overridden(&Overrides::from_value(&file).unwrap());
    assert_eq!(price(&prices, Component::ManagementEvents, "us-east-1"), decimal("0.000018"));
    assert_eq!(price(&prices, Component::DataEvents, "us-east-1"), decimal("0.0000005"));
    assert_eq!(price(&prices, Component::DataEvents, "us-east-2"), decimal("0.0000004"));
    assert_eq!(price(&prices, Component::NetworkActivityEvents, "xx-nowhere-1"), decimal("0.000001"));
    assert!(prices.price(Component::DataEvents, "xx-nowhere-1").is_err(), "\"*\" adds no Region");
    let storage = prices.price(Component::LogStorage, "us-east-1").unwrap();
    assert_eq!(storage.tiers.cost(decimal("200")), decimal("3"));
    assert_eq!(storage.provenance(), "override file, 2026-10-01");
    assert_eq!(prices.date(), Prices::built_in().date(), "a file of one's own makes AWS's prices no younger");
    let discounted = prices.price(Component::ManagementEvents, "us-east-1").unwrap();
    assert!(discounted.source.ends_with(", 10% off"), "{}", discounted.source);
}

#[test]
fn a_file_that_is_wrong_says_where_and_what_to_do() {
    let with = |price: serde_json::Value| json!({"date": "2026-10-01", "prices": [price]});
    for (file, why) in [
        (json!({}), "missing field `date`"),
        (json!({"date": "soon"}), "date: `soon` is no date"),
        (
            with(json!({"component": "Data", "region": "*", "price": 1})),
            "prices[0]: component: there is no component `Data`; there are ManagementEvents",
        ),
        (with(json!({"component": "DataEvents", "region": "*"})), "prices[0]: give either `price`"),
        (
            with(json!({"component": "DataEvents", "region": "", "price": 1})),
            "prices[0]: region: it is empty",
        ),
        (
            with(json!({"component": "DataEvents", "region": "*", "price": "1 USD"})),
            "price: `1 USD` is no number",
        ),
        (with(json!({"component": "DataEvents", "region": "*", "price": -1})), "price: -1 is negative"),
        (with(json!({"component": "DataEvents", "region": "*", "cost": 1})), "unknown field `cost`"),
        (
            json!({"date": "2026-10-01", "discounts": [{"service": "S3", "percent": 1}]}),
            "discounts[0]: service: there is no `S3`; there are AWSCloudTrail",
        ),
        (
            json!({"date": "2026-10-01", "discounts": [{"service": "AmazonS3", "percent": 101}]}),
            "percent: 101 is more than 100",
        ),
    ] {
        let error = Overrides::from_value(&file).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
}
