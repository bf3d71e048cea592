//! The price table.

use super::*;

const DAY: i64 = 86_400;

fn row(region: &str, price: &str) -> String {
    format!(
        r#"{{"service": "AWSCloudTrail", "usage": "DataEventsRecorded", "region": "{region}", "unit": "event", "tiers": [{{"from": "0", "price": "{price}"}}], "source": "test", "captured": "2026-09-01"}}"#
    )
}

fn table(rows: &[String]) -> String {
    format!("{{\"currency\": \"USD\", \"rows\": [\n{}\n]}}\n", rows.join(",\n"))
}

#[test]
fn the_table_in_the_binary_can_be_read_and_is_written_as_it_is() {
    let prices = Prices::from_json(super::super::prices::BUILT_IN).unwrap();
    assert_eq!(prices.to_json(), super::super::prices::BUILT_IN, "`cargo xtask prices` writes it otherwise");
    assert_eq!(prices, Prices::built_in());
    for component in Component::ALL {
        let is_known = prices.price(component, HOME).is_ok();
        assert_eq!(is_known, component != Component::EventAggregation, "{component}");
    }
    assert!(prices.rows().all(|row| !row.source.is_empty()));
}

#[test]
fn a_region_without_a_row_has_no_price() {
    let prices = Prices::from_json(&table(&[row("us-east-1", "0.000001")])).unwrap();
    assert!(prices.price(Component::DataEvents, "us-east-1").is_ok());
    let unknown = prices.price(Component::DataEvents, "us-east-2").unwrap_err();
    assert_eq!((unknown.component, unknown.region.as_str()), (Component::DataEvents, "us-east-2"));
    assert!(unknown.to_string().contains("data events in us-east-2"), "{unknown}");
}

#[test]
fn a_table_knows_its_age() {
    let prices = Prices::from_json(&table(&[row("us-east-1", "1")])).unwrap();
    let captured = 20_697; // `date -d 2026-09-01 +%s` / 86400
    assert_eq!(prices.date(), "2026-09-01");
    assert_eq!(prices.age_days(captured * DAY), Some(0));
    assert_eq!(prices.age_days((captured + 3) * DAY + 5), Some(3));
    assert!(!prices.is_stale((captured + 365) * DAY));
    assert!(prices.is_stale((captured + 366) * DAY));
    assert_eq!(Prices::default().age_days(0), None);
    assert!(Prices::default().is_stale(0));
}

#[test]
fn newer_rows_take_the_place_of_older_ones() {
    let old = Prices::from_json(&table(&[row("us-east-1", "1"), row("us-east-2", "1")])).unwrap();
    let new = Prices::from_json(&table(&[row("us-east-1", "2")])).unwrap();
    let both = old.refreshed(new);
    let price = |region| both.price(Component::DataEvents, region).unwrap().tiers.cost(decimal("1"));
    assert_eq!((price("us-east-1"), price("us-east-2")), (decimal("2"), decimal("1")));
}

#[test]
fn a_table_that_is_wrong_says_where() {
    let good = row("us-east-1", "1");
    for (text, why) in [
        (table(&[good.clone(), good.clone()]), "us-east-1 is there twice"),
        (table(&[good.replace("DataEventsRecorded", "Nothing")]), "no component has this"),
        (table(&[good.replace("\"event\"", "\"GB\"")]), "its unit is GB"),
        (table(&[good.replace("2026-09-01", "2026-02-30")]), "`2026-02-30` is no date"),
        (table(&[good.replace("\"price\": \"1\"", "\"price\": \"one\"")]), "`one` is no number"),
        (table(&[good.replace("\"price\": \"1\"", "\"price\": \"-1\"")]), "is negative"),
        (table(&[good]).replace("USD", "CNY"), "its currency is CNY"),
        ("{".to_owned(), "EOF"),
    ] {
        let error = Prices::from_json(&text).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn usage_types_of_bills_are_components() {
    for (service, usage, component) in [
        ("AWSCloudTrail", "USE1-PaidEventsRecorded", Some(Component::ManagementEvents)),
        ("AWSCloudTrail", "APN1-DataEventsRecorded", Some(Component::DataEvents)),
        ("AWSCloudTrail", "USE2-InsightsEvents", Some(Component::ManagementInsights)),
        ("AWSCloudTrail", "USE2-DataInsightsEvents", Some(Component::DataInsights)),
        ("AWSCloudTrail", "USE1-FreeEventsRecorded", None),
        ("AmazonS3", "TimedStorage-ByteHrs", Some(Component::LogStorage)),
        ("AmazonS3", "EU-TimedStorage-ByteHrs", Some(Component::LogStorage)),
        ("AmazonS3", "EU-TimedStorage-SIA-ByteHrs", None),
        ("AmazonCloudWatch", "EU-TimedStorage-ByteHrs", Some(Component::LogGroupStorage)),
        ("AmazonCloudWatch", "CW:AlarmMonitorUsage", Some(Component::StandardAlarms)),
        ("AmazonCloudWatch", "EUC1-CW:HighResAlarmMonitorUsage", Some(Component::HighResolutionAlarms)),
        ("awskms", "us-east-1-KMS-Requests", Some(Component::KeyRequests)),
        ("awskms", "ap-northeast-1-KMS-Keys", Some(Component::Keys)),
        ("awskms", "us-east-1-KMS-Requests-Asymmetric", None),
        ("AmazonEC2", "TimedStorage-ByteHrs", None),
    ] {
        assert_eq!(Component::of_usage(service, usage), component, "{service} {usage}");
    }
}
