//! What is said of the costs of manifests and events that are known.

use std::{fs, path::PathBuf, sync::LazyLock};

use jiff::Timestamp;
use serde_json::{Value, json};
use trail_operator_crds::{Trail, TrailStatus};
use trail_operator_domain::cost::{Decimal, Prices, Service, compare_bill, plain};

use super::{
    bill,
    comparison::Comparison,
    counting::{Counting, Given},
    document,
    manifests::{Manifests, Pricing, Volume},
    markdown,
    priced::{self, Priced},
    table, usage,
    usage::Usages,
};

const ACCOUNT: &str = "111122223333";
const OTHER: &str = "444455556666";
/// 2026-11-06T00:00:00Z: with the day after there is an hour of each kind.
const FRIDAY: i64 = 1_793_923_200;

fn object(kind: &str, name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "trail-operator.dev/v1alpha1", "kind": kind,
        "metadata": {"namespace": "security", "name": name}, "spec": spec,
    })
}

fn trail(name: &str, more: &Value) -> Value {
    let mut spec = json!({"region": "us-east-1", "s3": {"bucketName": format!("{name}-logs")}});
    for (field, value) in more.as_object().unwrap() {
        spec[field] = value.clone();
    }
    object("Trail", name, &spec)
}

fn photos(name: &str, prefix: &str) -> Value {
    let fields = json!([
        {"field": "eventCategory", "equals": ["Data"]},
        {"field": "resources.type", "equals": ["AWS::S3::Object"]},
        {"field": "resources.ARN", "startsWith": [format!("arn:aws:s3:::{prefix}")]},
    ]);
    object(
        "EventSelector",
        name,
        &json!({"trailRef": {"name": "audit"}, "advanced": [{"fieldSelectors": fields}]}),
    )
}

fn file(folder: &tempfile::TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    path
}

async fn manifests(objects: &[Value]) -> anyhow::Result<Manifests> {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "all.json", &json!({"kind": "List", "items": objects}).to_string());
    Manifests::read(&[path], None, None).await
}

/// One of us-east-1; so many seconds after the Friday began.
fn event(second: i64, category: &str, name: &str) -> Value {
    let (source, name) = name.split_once(' ').unwrap();
    let time = Timestamp::from_second(FRIDAY + second).unwrap();
    json!({
        "eventCategory": category, "eventTime": time.to_string(), "awsRegion": "us-east-1", "recipientAccountId": ACCOUNT,
        "eventSource": source, "eventName": name, "readOnly": name.starts_with("Get") || name.starts_with("Describe"),
        "userIdentity": {"arn": format!("arn:aws:iam::{ACCOUNT}:user/{}", name.len())},
    })
}

fn object_event(second: i64, key: &str) -> Value {
    let mut event = event(second, "Data", "s3.amazonaws.com GetObject");
    event["resources"] = json!([{"type": "AWS::S3::Object", "ARN": format!("arn:aws:s3:::{key}")}]);
    event
}

/// Two whole days: 100 management events an hour, 60 of them writes, and 200 of objects.
static TWO_DAYS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let an_hour = |hour: i64| {
        let at = move |n: i64, apart: i64| hour * 3600 + n * apart;
        let reads =
            (0..40).map(move |n| event(at(n, 90), "Management", "ec2.amazonaws.com DescribeInstances"));
        let writes = (0..60).map(move |n| event(at(n, 60), "Management", "kms.amazonaws.com Encrypt"));
        let objects = (0..200).map(move |n| object_event(at(n, 18), "photos/cats/1.jpg"));
        reads.chain(writes).chain(objects).map(|event| event.to_string())
    };
    (0..48).flat_map(an_hour).collect()
});

fn counted(manifests: &[&Manifests], events: &[String], given: Given) -> Counting {
    let mut counting = Counting::new(manifests.iter().flat_map(|manifests| manifests.subjects()), given);
    for event in events {
        counting.add(event).unwrap();
    }
    counting
}

const WHOLE_DAYS: Given = Given { start: Some(FRIDAY), end: Some(FRIDAY + 48 * 3600) };

fn price(manifests: &Manifests, volume: Volume<'_>) -> Vec<Priced> {
    let prices = Prices::built_in();
    let now = Timestamp::from_second(FRIDAY).unwrap();
    let pricing = Pricing { volume, prices: &prices, retention: Some(90), seen: <_>::default(), now };
    manifests.price(&pricing)
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// What a document says of its components: name, quantity, cost.
fn components(document: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let row = |row: &Value| (text(&row["name"]), text(&row["monthlyQuantity"]), text(&row["monthlyCost"]));
    document["components"].as_array().unwrap().iter().map(row).collect()
}

async fn two_trails() -> (Manifests, Counting) {
    let objects = [trail("audit", &json!({})), trail("second", &json!({})), photos("cats", "photos/cats/")];
    let mut two = manifests(&objects).await.unwrap();
    let counting = counted(&[&two], &TWO_DAYS, WHOLE_DAYS);
    two.be_of(ACCOUNT).unwrap();
    (two, counting)
}

#[tokio::test]
async fn two_days_of_events_are_priced_as_the_operator_would_price_it() {
    let (two, counting) = two_trails().await;
    let trails = price(&two, Volume::Counted(&counting));
    let document = parsed(&document::estimate(&trails, None).unwrap());
    // 730 hours of 100 management events, paid for the second copy; of 200 of objects, paid for each.
    let known = components(&document);
    assert_eq!(known[0], ("ManagementEvents".into(), "73000".into(), "1.46".into()));
    assert_eq!(known[1], ("DataEvents".into(), "146000".into(), "0.15".into()));
    assert_eq!((&document["kind"], &document["basis"]), (&json!("CostEstimate"), &json!("Measured")));
    let cats = &document["objects"][0];
    assert_eq!(
        *cats,
        json!({
            "kind": "EventSelector", "namespace": "security", "name": "cats", "monthly": "0.15", "monthlyEvents": "146000",
        })
    );
    let sum = |field: &str, amount: &str| -> Decimal {
        document[field]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| priced::amount(one[amount].as_str().unwrap()))
            .sum()
    };
    let monthly = priced::amount(document["monthly"].as_str().unwrap());
    assert_eq!(
        [monthly, monthly, monthly],
        [sum("components", "monthlyCost"), sum("objects", "monthly"), sum("trails", "monthly")]
    );
    for component in document["components"].as_array().unwrap() {
        assert!(component["source"].as_str().unwrap().contains("202"), "a source and its date: {component}");
    }
    assert_eq!(document["findings"][0]["reason"], "SecondManagementCopy");
    assert_eq!(document["findings"][0]["monthly"], "1.46");
}

#[tokio::test]
async fn the_most_expensive_have_their_part_of_what_their_group_costs() {
    let (two, counting) = two_trails().await;
    let document = parsed(&document::estimate(&price(&two, Volume::Counted(&counting)), None).unwrap());
    let groups = document["mostExpensive"].as_array().unwrap();
    let find = |trail: &str, category: &str| {
        let is_it = |group: &&Value| group["trail"] == trail && group["category"] == category;
        groups.iter().find(is_it).unwrap().clone()
    };
    let second = find("security/second", "Management");
    assert_eq!(second["monthly"], "1.46");
    assert_eq!(
        second["sources"],
        json!([
            {"name": "kms.amazonaws.com", "events": "43800", "monthly": "0.88"},
            {"name": "ec2.amazonaws.com", "events": "29200", "monthly": "0.58"},
        ])
    );
    assert_eq!(second["eventNames"][0]["name"], "kms.amazonaws.com Encrypt");
    assert_eq!(second["principals"][1]["name"], "arn:aws:iam::111122223333:user/17");
    assert_eq!(find("security/audit", "Management")["monthly"], "0.00", "the free copy");
    assert_eq!(find("security/audit", "Data")["eventSelector"], "security/cats");
}

#[tokio::test]
async fn what_a_trail_does_not_record_costs_nothing() {
    let writes = trail("writes", &json!({"managementEvents": {"readWriteType": "WriteOnly"}}));
    let elsewhere = trail("elsewhere", &json!({"region": "us-east-2", "isMultiRegionTrail": false}));
    let mut both = manifests(&[writes, elsewhere]).await.unwrap();
    let mut events = TWO_DAYS.clone();
    let mut foreign = event(1, "Management", "ec2.amazonaws.com RunInstances");
    foreign["recipientAccountId"] = json!(OTHER);
    events.push(foreign.to_string());
    let counting = counted(&[&both], &events, WHOLE_DAYS);
    both.be_of(&counting.account().unwrap()).unwrap();
    let month = |name: &str| {
        let subject = both.subjects().find(|subject| subject.object.name == name).unwrap();
        let kinds = counting.month(subject).unwrap().monthly;
        kinds
            .into_iter()
            .map(|(kind, monthly)| (kind.source, monthly.events.round().to_string()))
            .collect::<Vec<_>>()
    };
    assert_eq!(month("writes"), [("kms.amazonaws.com".to_owned(), "43800".to_owned())]);
    assert_eq!(month("elsewhere"), []);
    let others: Vec<_> = counting.of_others(both.subjects()).into_iter().collect();
    assert_eq!(others, [(OTHER.to_owned(), 1)]);
}

#[tokio::test]
async fn hours_without_events_are_missing_unless_all_events_are_there() {
    let mut one = manifests(&[trail("audit", &json!({}))]).await.unwrap();
    // Every other hour.
    let sampled: Vec<_> = TWO_DAYS.chunks(300).step_by(2).flatten().cloned().collect();
    let month = |given, one: &Manifests| {
        let counting = counted(&[one], &sampled, given);
        let month = counting.month(one.subjects().next().unwrap()).unwrap();
        let events: Decimal = month.monthly.values().map(|month| month.events).sum();
        (events.round().to_string(), counting.missing_hours())
    };
    one.be_of(ACCOUNT).unwrap();
    assert_eq!(month(WHOLE_DAYS, &one), ("36500".to_owned(), 0), "half of the hours were quiet");
    let (events, missing) = month(Given::default(), &one);
    let events: f64 = events.parse().unwrap();
    assert!((72_000.0..80_000.0).contains(&events), "{events}");
    assert_eq!(missing, 23);
}

#[tokio::test]
async fn events_that_tell_no_time_and_those_outside_are_told() {
    let one = manifests(&[trail("audit", &json!({}))]).await.unwrap();
    let mut counting = Counting::new(one.subjects(), Given { start: Some(FRIDAY + 3600), end: None });
    for (event, why) in [
        (json!({"eventName": "x"}), "it has no eventTime"),
        (json!({"eventTime": "yesterday"}), "eventTime 'yesterday' is no time"),
    ] {
        assert_eq!(counting.add(&event.to_string()).unwrap_err(), why);
    }
    counting.add(&event(0, "Management", "ec2.amazonaws.com RunInstances").to_string()).unwrap();
    assert_eq!((counting.left_out, counting.events), (1, 0));
    assert_eq!(counting.month(one.subjects().next().unwrap()), None);
}

#[tokio::test]
async fn a_comparison_says_what_differs_of_each_object_and_what_is_found_anew() {
    let mut today = manifests(&[trail("audit", &json!({})), photos("cats", "photos/cats/")]).await.unwrap();
    let then = [trail("audit", &json!({})), trail("second", &json!({})), photos("dogs", "photos/dogs/")];
    let mut then = manifests(&then).await.unwrap();
    let counting = counted(&[&today, &then], &TWO_DAYS, WHOLE_DAYS);
    today.be_of(ACCOUNT).unwrap();
    then.be_of(ACCOUNT).unwrap();
    let price = |manifests: &Manifests| price(manifests, Volume::Counted(&counting));
    let comparison = Comparison::of(&price(&today), &price(&then));
    let document = parsed(&document::comparison(&comparison).unwrap());
    assert_eq!(document["kind"], "CostComparison");
    let by_name = |field: &str, name: &str| {
        document[field].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap().clone()
    };
    assert_eq!(
        by_name("objects", "cats"),
        json!({
            "kind": "EventSelector", "namespace": "security", "name": "cats", "before": "0.15", "after": "0.00",
            "difference": "-0.15", "monthlyEventsBefore": "146000",
        })
    );
    assert_eq!(by_name("objects", "dogs")["monthlyEventsAfter"], "0");
    assert_eq!(by_name("components", "ManagementEvents")["difference"], "1.46");
    assert_eq!(document["findings"][0]["reason"], "SecondManagementCopy");
    let difference = comparison.after - comparison.before;
    assert_eq!(document["difference"], plain(difference));

    let markdown = markdown::comparison(&comparison);
    assert!(markdown.starts_with("### CloudTrail: $"), "{markdown}");
    assert!(markdown.contains("| EventSelector `security/cats` | $0.15 |  | -$0.15 |"), "{markdown}");
    let table = anstream::adapter::strip_str(&table::comparison(&comparison)).to_string();
    let dogs = table.lines().find(|line| line.contains("security/dogs")).unwrap();
    assert_eq!(
        dogs.split_whitespace().collect::<Vec<_>>(),
        ["EventSelector", "security/dogs", "0", "$0.00", "$0.00"]
    );
}

#[tokio::test]
async fn usage_of_infracost_costs_what_infracost_says() {
    let insights = json!({"insightSelectors": [{"insightType": "ApiCallRateInsight"}]});
    let one = manifests(&[trail("audit", &insights)]).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let usage = "resource_usage:\n  aws_cloudtrail.audit:\n    monthly_additional_management_events: 100000\n    monthly_data_events: 200000\n    monthly_insight_events: 300000\n";
    let path = file(&folder, "infracost-usage.yml", usage);
    let usages = Usages::read(&path, one.subjects()).unwrap();
    let trails = price(&one, Volume::Usage(&usages));
    let document = parsed(&document::estimate(&trails, None).unwrap());
    let own: Vec<_> = components(&document).into_iter().map(|(name, _, cost)| (name, cost)).take(3).collect();
    let expected = [("ManagementEvents", "2.00"), ("DataEvents", "0.20"), ("ManagementInsights", "1.05")];
    assert_eq!(own, expected.map(|(name, cost)| (name.to_owned(), cost.to_owned())));
    assert_eq!(document["basis"], "Declared");

    let now = Timestamp::from_second(FRIDAY).unwrap();
    let prices = Prices::built_in();
    let infracost = usage::document(one.subjects(), &trails, Some(&usages), "a.yaml", &prices, now).unwrap();
    assert_eq!(infracost["totalMonthlyCost"], "3.25");
    let estimated = usage::document(one.subjects(), &trails, None, "a.yaml", &prices, now).unwrap();
    assert_eq!(estimated["totalMonthlyCost"], "3.25", "of an estimate the same");

    let path = file(&folder, "of-others.yml", "resource_usage: {aws_cloudtrail.other: {}}\n");
    let error = Usages::read(&path, one.subjects()).unwrap_err().to_string();
    assert!(error.contains("aws_cloudtrail.other") && error.contains("there is audit"), "{error}");
}

#[tokio::test]
async fn what_has_no_volume_or_no_price_is_in_no_sum_and_said() {
    let volume = json!({"cost": {"volume": {"managementWriteEvents": 1_000_000}, "monthlyBudget": "5.00"}});
    let mut objects = vec![trail("audit", &volume), trail("second", &json!({}))];
    let two = manifests(&objects).await.unwrap();
    let trails = price(&two, Volume::AsDeclared);
    let document = parsed(&document::estimate(&trails, None).unwrap());
    assert_eq!(
        (&document["basis"], &document["trails"][1]["monthly"]),
        (&json!("Declared"), &json!("Unknown"))
    );
    assert_eq!(document["trails"][0]["withinBudget"], "True");
    let unknown = document["unknown"][0].as_str().unwrap();
    assert!(unknown.starts_with("Trail security/second: nothing says"), "{unknown}");

    objects[1] = trail("second", &json!({"region": "ap-east-1", "cost": volume["cost"]}));
    let two = manifests(&objects).await.unwrap();
    let trails = price(&two, Volume::AsDeclared);
    let unknown = priced::unknown(&trails);
    assert!(unknown.iter().any(|what| what.contains("ap-east-1")), "{unknown:?}");
    for text in [table::whole(&trails, None), table::list(&trails), markdown::estimate(&trails)] {
        assert!(text.contains("at least $"), "{text}");
    }
    let known = price(&manifests(&objects[..1]).await.unwrap(), Volume::AsDeclared);
    assert!(!table::whole(&known, None).contains("at least"));
}

#[tokio::test]
async fn what_is_expected_counts_for_what_is_recorded_and_for_who_asks_for_it() {
    let volume = json!({"cost": {"volume": {"dataEvents": 1_000_000, "networkActivityEvents": 1_000_000}}});
    let of = async |objects: &[Value]| {
        let document = parsed(
            &document::estimate(&price(&manifests(objects).await.unwrap(), Volume::AsDeclared), None)
                .unwrap(),
        );
        let objects = document["objects"].as_array().unwrap().iter();
        let objects: Vec<_> = objects.map(|one| (one["name"].clone(), one["monthly"].clone())).collect();
        (components(&document).into_iter().map(|(name, ..)| name).collect::<Vec<_>>(), objects)
    };
    let audit = || trail("audit", &volume);
    let (components, _) = of(&[audit()]).await;
    assert!(
        !components.contains(&"DataEvents".to_owned()),
        "no EventSelector, no data events: {components:?}"
    );
    let (components, objects) = of(&[audit(), photos("cats", "photos/cats/")]).await;
    assert_eq!(components[0], "DataEvents");
    assert!(!components.contains(&"NetworkActivityEvents".to_owned()), "{components:?}");
    assert_eq!(objects[0], (json!("cats"), json!("1.00")));
    let (_, objects) = of(&[audit(), photos("cats", "photos/cats/"), photos("dogs", "photos/dogs/")]).await;
    assert_eq!(objects.len(), 1, "of two nobody can say which: {objects:?}");
}

#[tokio::test]
async fn manifests_that_the_operator_would_not_accept_are_refused() {
    let bad = object(
        "EventSelector",
        "bad",
        &json!({"trailRef": {"name": "audit"}, "advanced": [{"fieldSelectors": []}]}),
    );
    let error = format!("{:#}", manifests(&[trail("audit", &json!({})), bad]).await.unwrap_err());
    assert!(error.starts_with("EventSelector security/bad in "), "{error}");
    let error = format!("{:#}", manifests(&[photos("cats", "photos/")]).await.unwrap_err());
    assert!(error.starts_with("there is no Trail in "), "{error}");
}

#[tokio::test]
async fn a_bill_stands_beside_the_estimate() {
    let (two, counting) = two_trails().await;
    let folder = tempfile::tempdir().unwrap();
    let csv = "\u{feff}lineItem/ProductCode,lineItem/UsageType,lineItem/UsageAmount,lineItem/UnblendedCost\nAWSCloudTrail,USE1-PaidEventsRecorded,80000,1.60\nAmazonEC2,x,1,9\n";
    let path = file(&folder, "bill.csv", csv);
    let trails = price(&two, Volume::Counted(&counting));
    let rows = bill::read(&path, None).unwrap();
    let compared = bill::of_its_services(compare_bill(&priced::together(&trails).unwrap(), &rows));
    let services: Vec<_> = compared.iter().map(|row| row.component.service()).collect();
    assert_eq!(services, [Service::CloudTrail; 2], "the bill has nothing of S3, so nothing is said of it");
    let document = parsed(&document::estimate(&trails, Some(&compared)).unwrap());
    assert_eq!(
        document["bill"][0],
        json!({
            "component": "ManagementEvents", "region": "us-east-1", "estimated": "1.46", "billed": "1.60",
            "difference": "0.14", "estimatedQuantity": "73000", "billedQuantity": "80000",
        })
    );
    let error = format!("{:#}", bill::read(&file(&folder, "x.csv", "a,b\n1,2\n"), None).unwrap_err());
    assert!(error.contains("no column of usage types"), "{error}");
}

#[test]
fn the_operators_word_is_shown_as_it_is() {
    let status = json!({
        "conditions": [
            {"type": "CostEstimated", "status": "True", "reason": "Estimated", "message": "$41.20 a month: …", "lastTransitionTime": "2026-11-02T00:00:00Z"},
            {"type": "WithinBudget", "status": "False", "reason": "BudgetExceeded", "message": "too much", "lastTransitionTime": "2026-11-02T00:00:00Z"},
        ],
        "cost": {
            "basis": "Measured", "monthly": "41.20", "currency": "USD", "priceListDate": "2026-11-01",
            "components": [{"name": "DataEvents", "monthlyQuantity": "41200000", "unit": "event", "unitPrice": "0.000001", "monthlyCost": "41.20"}],
            "objects": [{"kind": "Trail", "namespace": "security", "name": "audit", "monthly": "41.20"}],
        },
    });
    let mut known: Trail = serde_json::from_value(trail("audit", &json!({}))).unwrap();
    known.status = Some(serde_json::from_value::<TrailStatus>(status).unwrap());
    let new: Trail = serde_json::from_value(trail("new", &json!({}))).unwrap();
    let trails = [Priced::of_status(&known), Priced::of_status(&new)];
    let list = anstream::adapter::strip_str(&table::list(&trails)).to_string();
    assert_eq!(
        list,
        "TRAIL           A MONTH  BASIS     BUDGET    FINDINGS\nsecurity/audit   $41.20  Measured  exceeded         0\nsecurity/new          ?  Unknown                    0\n\nat least $41.20 a month\n"
    );
    let document = parsed(&document::estimate(&trails, None).unwrap());
    assert_eq!(document["components"][0]["source"], "the operator's prices of 2026-11-01");
    assert_eq!(document["unknown"][0], "Trail security/new: the operator has not estimated it yet");
}
