//! Counting records.

use serde_json::{Value, json};

use super::super::counting::*;
use super::*;

fn record(category: &str, source: &str, name: &str, read_only: bool) -> Value {
    json!({
        "eventVersion": "1.11",
        "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/app/session"},
        "eventSource": source,
        "eventName": name,
        "awsRegion": HOME,
        "readOnly": read_only,
        "requestParameters": {"eventCategory": "Data", "resources": [{"type": "AWS::S3::Object", "ARN": "x"}]},
        "eventCategory": category,
        "recipientAccountId": ACCOUNT,
    })
}

fn object_event(arn: &str) -> String {
    let mut record = record("Data", "s3.amazonaws.com", "GetObject", true);
    record["resources"] = json!([
        {"accountId": ACCOUNT, "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::photos"},
        {"type": "AWS::S3::Object", "ARN": arn},
    ]);
    record.to_string()
}

fn named(name: &str, prefix: &str) -> NamedSelector {
    let Selectors::Advanced(mut list) = objects(trail("x"), &[prefix]).selectors else { panic!() };
    NamedSelector { name: name.into(), selector: list.remove(0) }
}

fn kind(category: &str, source: &str, access: Access, selector: Option<&str>) -> Kind {
    Kind {
        category: category.into(),
        source: source.into(),
        access,
        region: HOME.into(),
        account: ACCOUNT.into(),
        selector: selector.map(str::to_owned),
    }
}

fn two_selectors() -> Counter {
    Counter::new(vec![
        named("security/cats", "arn:aws:s3:::photos/cats/"),
        named("security/photos", "arn:aws:s3:::photos/"),
    ])
}

#[test]
fn a_day_of_known_records_is_counted_exactly() {
    let mut counter = two_selectors();
    let mut bytes = 0;
    let mut add = |record: String| {
        bytes += record.len() as u64;
        counter.add_record(&record).unwrap();
    };
    for n in 0..24 * 60 {
        add(record("Management", "ec2.amazonaws.com", "DescribeInstances", true).to_string());
        if n % 2 == 0 {
            add(record("Management", "iam.amazonaws.com", "CreateRole", false).to_string());
        }
        if n % 3 == 0 {
            add(object_event("arn:aws:s3:::photos/cats/1.jpg"));
        }
        if n % 4 == 0 {
            add(object_event("arn:aws:s3:::photos/dogs/1.jpg"));
        }
        if n % 5 == 0 {
            add(object_event("arn:aws:s3:::videos/1.mp4"));
        }
    }
    let expected = [
        (kind("Data", "s3.amazonaws.com", Access::Read, None), 288),
        (kind("Data", "s3.amazonaws.com", Access::Read, Some("security/cats")), 480),
        (kind("Data", "s3.amazonaws.com", Access::Read, Some("security/photos")), 360),
        (kind("Management", "ec2.amazonaws.com", Access::Read, None), 1440),
        (kind("Management", "iam.amazonaws.com", Access::Write, None), 720),
    ];
    let kinds: Vec<_> = counter.kinds().into_iter().map(|(kind, number)| (kind, number.events)).collect();
    assert_eq!(kinds, expected);
    assert_eq!(counter.total(), Count { events: 3288, bytes });
}

#[test]
fn records_that_were_read_already_are_counted_alike() {
    let texts = [
        record("Management", "ec2.amazonaws.com", "DescribeInstances", true).to_string(),
        object_event("arn:aws:s3:::photos/cats/1.jpg"),
        object_event("arn:aws:s3:::videos/1.mp4"),
    ];
    let (mut one, mut other) = (two_selectors().with_most_frequent(), two_selectors().with_most_frequent());
    let mut third = two_selectors();
    for text in &texts {
        one.add_record(text).unwrap();
        let value: Value = serde_json::from_str(text).unwrap();
        let resources = value.get("resources").map(ToString::to_string);
        let event = Event {
            category: value["eventCategory"].as_str(),
            source: value["eventSource"].as_str(),
            name: value["eventName"].as_str(),
            read_only: value["readOnly"].as_bool(),
            region: value["awsRegion"].as_str(),
            account: value["recipientAccountId"].as_str(),
            raw: text,
            ..Event::default()
        };
        other.add(&event);
        let raw = if resources.is_some() { " ".repeat(text.len()) } else { text.clone() };
        third.add(&Event { resources: resources.as_deref(), raw: &raw, ..event });
    }
    assert_eq!(third.kinds(), one.kinds(), "with its resources a record is not read again");
    assert_eq!(one.kinds(), other.kinds());
    assert_eq!(one.most_frequent(9), other.most_frequent(9));
}

#[test]
fn a_selector_by_principal_reads_a_record_again() {
    let mut of_app = named("security/app", "arn:aws:s3:::photos/");
    of_app.selector.fields.insert(FieldSelector {
        field: "userIdentity.arn".into(),
        ends_with: ["/app/session".into()].into(),
        ..FieldSelector::default()
    });
    let mut counter = Counter::new(vec![of_app]);
    let text = object_event("arn:aws:s3:::photos/cats/1.jpg");
    let other = text.replace("/app/session", "/other/session");
    for text in [&text, &other] {
        let value: Value = serde_json::from_str(text).unwrap();
        let resources = value["resources"].to_string();
        counter.add(&Event {
            category: Some("Data"),
            resources: Some(&resources),
            raw: text,
            ..Event::default()
        });
    }
    let selectors: Vec<_> =
        counter.kinds().into_iter().map(|(kind, count)| (kind.selector, count.events)).collect();
    assert_eq!(selectors, [(None, 1), (Some("security/app".into()), 1)]);
}

#[test]
fn counters_of_threads_add_up() {
    let texts: Vec<String> = (0..100)
        .map(|n| match n % 3 {
            0 => object_event("arn:aws:s3:::photos/cats/1.jpg"),
            1 => record("Management", "ec2.amazonaws.com", "DescribeInstances", true).to_string(),
            _ => record("NetworkActivity", "kms.amazonaws.com", "Decrypt", true).to_string(),
        })
        .collect();
    let count = |texts: &[String]| {
        let mut counter = two_selectors().with_most_frequent();
        for text in texts {
            counter.add_record(text).unwrap();
        }
        counter
    };
    let whole = count(&texts);
    let (first, second) = texts.split_at(37);
    let mut merged = count(first);
    merged.merge(count(second));
    assert_eq!(merged.kinds(), whole.kinds());
    assert_eq!(merged.most_frequent(5), whole.most_frequent(5));
}

#[test]
fn records_from_before_event_category_and_odd_ones_are_counted() {
    let mut counter = Counter::default();
    counter.add_record(r#"{"managementEvent": false, "readOnly": "true"}"#).unwrap();
    counter.add_record(r#"{"managementEvent": true, "eventSource": 7}"#).unwrap();
    counter.add_record("{}").unwrap();
    assert!(counter.add_record("[]").is_err());
    assert!(counter.add_record("{").is_err());
    let told: Vec<_> = counter.kinds().into_keys().map(|kind| (kind.category, kind.access)).collect();
    let expected = [("", Access::Unsaid), ("Data", Access::Read), ("Management", Access::Unsaid)];
    assert_eq!(told, expected.map(|(category, access)| (category.to_owned(), access)));
}

#[test]
fn what_one_record_tells_is_not_taken_for_the_next() {
    let mut counter = two_selectors();
    counter.add_record(&object_event("arn:aws:s3:::photos/cats/1.jpg")).unwrap();
    let mut untold = record("Data", "s3.amazonaws.com", "GetObject", true);
    untold["resources"] = json!([{"type": "AWS::S3::Object"}]);
    counter.add_record(&untold.to_string()).unwrap();
    counter.add_record(r#"{"eventCategory": "Data"}"#).unwrap();
    let selectors: Vec<_> =
        counter.kinds().into_iter().map(|(kind, count)| (kind.selector, count.events)).collect();
    assert_eq!(selectors, [(None, 1), (None, 1), (Some("security/cats".into()), 1)]);
}

#[test]
fn odd_texts_are_cut_and_never_mixed_up() {
    let mut counter = Counter::default();
    let long = "x".repeat(200);
    counter.add(&Event { source: Some(&long), region: Some("r"), ..Event::default() });
    counter.add(&Event { source: Some("a\u{1f}b"), region: Some("r"), ..Event::default() });
    let told: Vec<_> = counter.kinds().into_keys().map(|kind| (kind.source, kind.region)).collect();
    assert_eq!(told, [("ab".to_owned(), "r".to_owned()), ("x".repeat(128), "r".to_owned())]);
}

#[test]
fn kinds_without_end_are_counted_together() {
    let mut counter = Counter::default();
    for n in 0..MOST_KINDS + 5 {
        counter.add_record(&format!(r#"{{"eventSource": "{n}"}}"#)).unwrap();
    }
    assert_eq!((counter.kinds().len(), counter.others().events), (MOST_KINDS, 5));
    assert_eq!(counter.total().events, MOST_KINDS as u64 + 5);
}

#[test]
fn the_most_frequent_are_found_among_very_many() {
    let mut counter = Counter::default().with_most_frequent();
    let mut add = |name: &str| {
        counter.add_record(&record("Data", "s3.amazonaws.com", name, true).to_string()).unwrap();
    };
    for n in 0..20_000 {
        add(&format!("Rare{n}"));
        if n % 10 == 0 {
            add("Often");
        }
    }
    let lists = counter.most_frequent(3).remove(0);
    let most = &lists.names[0];
    assert_eq!(most.text, "s3.amazonaws.com Often");
    assert!(most.count >= 2000 && most.count - most.may_be_less_by <= 2000, "{most:?}");
    let expected = "arn:aws:sts::111122223333:assumed-role/app/session";
    assert_eq!(
        lists.principals.iter().map(|one| (one.text.as_str(), one.count)).collect::<Vec<_>>(),
        [(expected, 22_000)]
    );
}

#[test]
fn the_most_frequent_are_told_by_category_and_by_the_selector_that_admits() {
    // Both are of one object.
    let of_one = vec![
        named("security/cats", "arn:aws:s3:::photos/cats/"),
        named("security/cats", "arn:aws:s3:::dogs/"),
    ];
    let mut counter = Counter::new(of_one).with_most_frequent();
    for text in [
        record("Management", "ec2.amazonaws.com", "RunInstances", false).to_string(),
        object_event("arn:aws:s3:::photos/cats/1.jpg"),
        object_event("arn:aws:s3:::dogs/2.jpg"),
        object_event("arn:aws:s3:::videos/1.mp4"),
        record("Whatever AWS thinks of", "new.amazonaws.com", "Next", true).to_string(),
        record("And then", "new.amazonaws.com", "Next", true).to_string(),
    ] {
        counter.add_record(&text).unwrap();
    }
    let lists = counter.most_frequent(1);
    let told: Vec<_> = lists
        .iter()
        .map(|list| (list.category.as_str(), list.selector.as_deref(), list.names[0].count))
        .collect();
    let expected =
        [("", None, 2), ("Data", None, 1), ("Data", Some("security/cats"), 2), ("Management", None, 1)];
    assert_eq!(told, expected);
}

#[test]
fn a_month_of_counted_records_is_priced() {
    let mut counter = two_selectors();
    for _ in 0..1680 {
        counter.add_record(&object_event("arn:aws:s3:::photos/cats/1.jpg")).unwrap();
        counter
            .add_record(&record("Management", "ec2.amazonaws.com", "StopInstances", false).to_string())
            .unwrap();
    }
    let week = Window { start: 0, end: 168 * 3600, counts: counter.kinds() };
    let month = extrapolate(&[week]).unwrap();
    let selector =
        Object { kind: ObjectKind::EventSelector, namespace: "security".into(), name: "cats".into() };
    let one = trail("one");
    let volumes = month.volumes(&one.arn, |name| (name == "security/cats").then(|| selector.clone()));
    let estimate = estimate(&Situation { trails: vec![one, trail("two")], volumes, ..Situation::default() });
    assert_eq!(estimate.share_of(&selector).monthly, decimal("0.0073"));
    assert_eq!(of(&estimate, Component::ManagementEvents), decimal("0.146"));
    assert_eq!(estimate.basis, Basis::Measured);
}
