//! Infracost's goldens (`peers.md` 6): the four trails of its own test, and what it prints for them.

use serde_json::{Value, json};

use super::super::infracost::*;
use super::*;

const TIME: &str = "2026-11-23T10:00:00Z";

fn resource(name: &str, management_events: bool, insights: bool, usage: Usage) -> Resource {
    Resource { name: name.into(), region: HOME.into(), management_events, insights, usage }
}

fn usage() -> Usage {
    let file = json!({"version": "0.1", "resource_usage": {
        "aws_cloudtrail.cloudtrail_with_usage": {
            "monthly_additional_management_events": 100_000,
            "monthly_data_events": 200_000,
            "monthly_insight_events": 300_000,
        },
        "aws_instance.other": {"monthly_cpu_credit_hrs": 350},
    }});
    let trails = read_usage(&file).unwrap();
    assert_eq!(trails.keys().collect::<Vec<_>>(), ["cloudtrail_with_usage"]);
    trails["cloudtrail_with_usage"]
}

fn breakdown_of(resources: &[Resource]) -> Value {
    breakdown("main", resources, &Prices::built_in(), TIME).unwrap()
}

fn components(resource: &Value) -> Vec<(&str, Option<&str>, &str, Option<&str>)> {
    let list = resource["costComponents"].as_array().unwrap().iter();
    list.map(|one| {
        assert_eq!(one["unit"], "100k events");
        let (name, price) = (one["name"].as_str().unwrap(), one["price"].as_str().unwrap());
        (name, one["monthlyQuantity"].as_str(), price, one["monthlyCost"].as_str())
    })
    .collect()
}

#[test]
fn the_components_are_those_that_infracost_prints() {
    let management = "Management events (additional copies)";
    let none = Usage::default();
    let all = breakdown_of(&[
        resource("cloudtrail_with_defaults", true, false, none),
        resource("cloudtrail_with_insight_selector", true, true, none),
        resource("cloudtrail_with_usage", true, false, usage()),
        resource("cloudtrail_without_management_events", false, false, none),
    ]);
    let breakdown = &all["projects"][0]["breakdown"];
    let [defaults, insights, used, without] = breakdown["resources"].as_array().unwrap().as_slice() else {
        panic!()
    };
    let unused = |name, price| (name, None, price, None);
    assert_eq!(components(defaults), [unused(management, "2"), unused("Data events", "0.1")]);
    let three = [unused(management, "2"), unused("Data events", "0.1"), unused("Insight events", "0.35")];
    assert_eq!(components(insights), three);
    let expected = [
        (management, Some("1"), "2", Some("2")),
        ("Data events", Some("2"), "0.1", Some("0.2")),
        ("Insight events", Some("3"), "0.35", Some("1.05")),
    ];
    assert_eq!(components(used), expected);
    assert_eq!(components(without), [unused("Data events", "0.1")]);
    assert_eq!((&used["monthlyCost"], &breakdown["totalMonthlyCost"]), (&json!("3.25"), &json!("3.25")));
    assert_eq!(all["totalMonthlyCost"], "3.25");
    assert_eq!(defaults.get("monthlyCost"), None);
}

/// The members of Infracost's JSON of version 0.2, none of which it leaves out.
#[test]
fn the_json_has_the_members_of_infracosts() {
    let all = breakdown_of(&[resource("one", true, true, usage())]);
    let has = |of: &Value, names: &[&str]| {
        for name in names {
            assert!(of.get(name).is_some(), "{name} of {of}");
        }
    };
    has(&all, &["version", "metadata", "currency", "projects", "totalHourlyCost", "totalMonthlyCost"]);
    has(
        &all,
        &["pastTotalHourlyCost", "pastTotalMonthlyCost", "diffTotalHourlyCost", "diffTotalMonthlyCost"],
    );
    has(&all, &["timeGenerated", "summary"]);
    let project = &all["projects"][0];
    has(project, &["name", "metadata", "pastBreakdown", "breakdown", "diff", "summary"]);
    has(&project["breakdown"], &["resources", "totalHourlyCost", "totalMonthlyCost"]);
    let one = &project["breakdown"]["resources"][0];
    has(one, &["name", "resourceType", "metadata", "hourlyCost", "monthlyCost", "costComponents"]);
    let members = ["name", "unit", "hourlyQuantity", "monthlyQuantity", "price", "hourlyCost", "monthlyCost"];
    assert_eq!(one["costComponents"][0].as_object().unwrap().len(), members.len());
    has(&one["costComponents"][0], &members);
    assert_eq!((&all["version"], &all["currency"]), (&json!("0.2"), &json!("USD")));
    assert_eq!(one["name"], "aws_cloudtrail.one");
}

#[test]
fn usage_that_is_wrong_says_where() {
    for (file, why) in [
        (json!({}), "no map `resource_usage`"),
        (json!({"resource_usage": {"aws_cloudtrail.a": 5}}), "aws_cloudtrail.a is no map"),
        (
            json!({"resource_usage": {"aws_cloudtrail.a": {"monthly_events": 5}}}),
            "aws_cloudtrail.a.monthly_events: there are",
        ),
        (
            json!({"resource_usage": {"aws_cloudtrail.a": {"monthly_data_events": -5}}}),
            "-5 is no number of events",
        ),
        (
            json!({"resource_usage": {"aws_cloudtrail.a": {"monthly_data_events": "5"}}}),
            "\"5\" is no number of events",
        ),
    ] {
        let error = read_usage(&file).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn a_region_without_a_price_is_named() {
    let mut nowhere = resource("one", true, false, Usage::default());
    nowhere.region = "xx-nowhere-1".into();
    let error = breakdown("main", &[nowhere], &Prices::built_in(), TIME).unwrap_err();
    assert_eq!(error.region, "xx-nowhere-1");
}
