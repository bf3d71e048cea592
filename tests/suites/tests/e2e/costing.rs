//! What a trail costs: from delivered log files, whose part is whose, and what a restart remembers.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};
use test_cluster::{Overrides, wait_for};
use test_suites::stage::{PATIENCE, Place, Stage, condition};

use crate::{alarming, composing, place, planning};

/// A stage on which costs are estimated.
#[expect(clippy::unwrap_used, reason = "without it no test here can begin")]
fn stage(more: &[(&str, &str)]) -> Stage {
    let mut stage = Stage::without_operator().unwrap();
    stage.install(&[&[("cost.intervalSeconds", "60")], more].concat()).unwrap();
    stage.operator = Some(stage.run_operator(&Overrides::default()).unwrap());
    stage
}

fn cents(text: &Value) -> i64 {
    let text = text.as_str().unwrap_or("none").replace('.', "");
    text.parse().unwrap_or(i64::MIN)
}

fn wait_cost(stage: &Stage, at: Place<'_>, what: &str, fits: impl Fn(&Value) -> bool) -> Result<Value> {
    wait_for(&format!("the cost to be {what}"), PATIENCE * 2, || {
        let trail = stage.trail(at)?;
        let cost = trail["status"]["cost"].clone();
        ensure!(fits(&cost), "it is {cost} with {}", condition(&trail, "CostEstimated"));
        Ok(trail)
    })
}

/// Writes of an object in the bucket that the EventSelector is about.
fn put_object(account: &str) -> Value {
    json!({
        "eventSource": "s3.amazonaws.com", "eventName": "PutObject", "eventType": "AwsApiCall", "readOnly": false,
        "managementEvent": false, "eventCategory": "Data",
        "userIdentity": {"type": "IAMUser", "accountId": account, "userName": "alice"},
        "resources": [{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::priced/a"}],
    })
}

#[test]
fn what_was_delivered_is_priced_and_everybody_s_part_adds_up() -> Result<()> {
    const HOURS: i64 = 4;
    let (mut stage, at) = (stage(&[]), place("priced", "us-east-1"));
    stage.lab.set_clock(&(Timestamp::now() - HOURS.hours()).to_string())?;
    // Somebody's older trail has the free copy, so that every copy of ours is paid.
    stage.lab.trail_bucket(test_lab::ACCOUNT, at.region, "older-logs", &["older"])?;
    stage.aws(
        at,
        "cloudtrail",
        "CreateTrail",
        &json!({"Name": "older", "S3BucketName": "older-logs", "IsMultiRegionTrail": true}),
    )?;
    stage.aws(at, "cloudtrail", "StartLogging", &json!({"Name": "older"}))?;
    alarming::connected(&stage, at, alarming::Regions::All)?;
    alarming::apply(&stage, &alarming::object(at, "priced-root"))?;
    composing::apply(&stage, &composing::objects(at, "priced"))?;
    alarming::wait(&stage, at, "priced-root", &[alarming::READY])?;
    wait_for("the selector to be in AWS", PATIENCE, || {
        let selectors = stage.aws(at, "cloudtrail", "GetEventSelectors", &json!({"TrailName": at.name}))?;
        ensure!(selectors.to_string().contains("arn:aws:s3:::priced/"), "{selectors}");
        Ok(())
    })?;
    stage.patch_trail(
        at,
        &json!({"validation": {"intervalSeconds": 30}, "cost": {"monthlyBudget": "0.01"}}),
    )?;
    let written: Vec<_> = (0..200).map(|_| put_object(test_lab::ACCOUNT)).collect();
    stage.lab.deliver(
        json!({"trail": at.name, "region": at.region, "hours": HOURS, "eventsPerFile": 100, "filesPerHour": 2,
        "events": written}),
    )?;

    let trail = wait_cost(&stage, at, "measured", |cost| cost["basis"] == "Measured")?;
    let cost = &trail["status"]["cost"];
    let kinds = cost["counted"]["kinds"].as_array().cloned().unwrap_or_default();
    let counted = |category: &str| -> i64 {
        kinds
            .iter()
            .filter(|kind| kind["category"] == category)
            .filter_map(|kind| kind["events"].as_i64())
            .sum()
    };
    assert_eq!((counted("Management"), counted("Data")), (HOURS * 2 * 100, 200), "{cost}");
    let sum = |list: &str, member: &str| -> i64 {
        cost[list].as_array().into_iter().flatten().map(|one| cents(&one[member])).sum()
    };
    let monthly = cents(&cost["monthly"]);
    ensure!(monthly > 40, "the alarm alone is 40 cents: {cost}");
    assert_eq!((sum("components", "monthlyCost"), sum("objects", "monthly")), (monthly, monthly), "{cost}");
    ensure!(cost["findings"].to_string().contains("SecondManagementCopy"), "{cost}");

    let part = |kind: &str| {
        let mut objects = cost["objects"].as_array().into_iter().flatten();
        objects.find(|object| object["kind"] == kind).map(|object| object["monthly"].clone())
    };
    // 200 events in 4 hours are 36,500 a month, at $0.10 for 100,000.
    assert_eq!(part("EventSelector").context("no EventSelector")?, "0.04", "{cost}");
    assert_eq!(part("MetricAlarm").context("no MetricAlarm")?, "0.40", "{cost}");
    for (kind, name) in [("eventselectors", "priced"), ("metricalarms", "priced-root")] {
        let path = format!("/apis/trail-operator.dev/v1alpha1/namespaces/{}/{kind}/{name}", at.namespace);
        wait_for("the object to carry its part", PATIENCE, || {
            let object: Value = serde_json::from_str(&stage.cluster.raw(&path)?)?;
            let monthly = &object["status"]["cost"]["monthly"];
            let wanted = if kind == "eventselectors" { "0.04" } else { "0.40" };
            ensure!(monthly == wanted, "it carries {}", object["status"]["cost"]);
            Ok(())
        })?;
    }
    let budget = condition(&trail, "WithinBudget");
    assert_eq!(
        (&budget["status"], &budget["reason"]),
        (&"False".into(), &"BudgetExceeded".into()),
        "{budget}"
    );
    let listed = stage.cluster.kubectl(&["get", "trail", at.name, "-n", at.namespace])?;
    ensure!(listed.contains(cost["monthly"].as_str().unwrap_or("none")), "{listed}");
    let metrics = stage.operator()?.metrics()?;
    let metric = metrics.lines().find(|line| line.starts_with("trail_operator_estimated_monthly_cost_usd{"));
    ensure!(metric.is_some_and(|line| line.contains(r#"name="priced""#)), "{metric:?}");

    the_command_line_says_the_same(&stage, at, cost)?;

    // What was counted is not forgotten, and nothing flaps.
    stage.operator()?.kill9()?;
    stage.operator = Some(stage.run_operator(&Overrides::default())?);
    stage.look(at)?;
    let again = stage.trail(at)?;
    assert_eq!(again["status"]["cost"]["counted"], cost["counted"], "{}", again["status"]["cost"]);
    assert_eq!(again["status"]["cost"]["monthly"], cost["monthly"], "{}", again["status"]["cost"]);
    Ok(())
}

/// Of the cluster what status says; of the manifests, with the same events, the same in kind.
fn the_command_line_says_the_same(stage: &Stage, at: Place<'_>, cost: &Value) -> Result<()> {
    let Place { namespace, name, .. } = at;
    let of_cluster = planning::call(stage, &format!("cost {name} -n {namespace} -o json --fail-above 0.01"))?;
    let document: Value = serde_json::from_str(&of_cluster.out).with_context(|| format!("{of_cluster:?}"))?;
    assert_eq!((of_cluster.code, &document["monthly"]), (Some(1), &cost["monthly"]), "{of_cluster:?}");

    let kinds = "trails,eventselectors,metricalarms,awsaccounts";
    let exported = stage.cluster.kubectl(&["get", kinds, "--all-namespaces", "--output", "yaml"])?;
    let path = stage.cluster.folder().join("exported.yaml");
    fs::write(&path, &exported)?;
    let events = format!("s3://{}/AWSLogs/{}/CloudTrail/", at.bucket(), test_lab::ACCOUNT);
    let words = format!("cost -f {} --events {events} --aws -o json", path.display());
    let of_manifests = planning::call(stage, &words)?;
    let document: Value =
        serde_json::from_str(&of_manifests.out).with_context(|| format!("{of_manifests:?}"))?;
    let names = |document: &Value| -> Vec<Value> {
        document["components"].as_array().into_iter().flatten().map(|one| one["name"].clone()).collect()
    };
    assert_eq!((&document["basis"], names(&document)), (&"Measured".into(), names(cost)), "{of_manifests:?}");
    ensure!(document["findings"].to_string().contains("SecondManagementCopy"), "{document}");
    ensure!(document["mostExpensive"].to_string().contains("s3.amazonaws.com PutObject"), "{document}");

    // Another trail would be a third copy; how much that is, the one that was counted tells.
    let mut another = at.manifest();
    another["metadata"]["name"] = "another".into();
    let path = stage.cluster.folder().join("another.yaml");
    fs::write(&path, format!("{exported}---\n{another}\n"))?;
    let plan = planning::call(stage, &format!("plan -f {}", path.display()))?;
    let warning = plan.out.lines().find(|line| line.contains("Warning SecondManagementCopy"));
    ensure!(warning.is_some_and(|line| line.contains('$')), "{plan:?}");
    Ok(())
}

#[test]
fn what_is_declared_counts_until_something_is_measured_and_without_either_nothing_is_said() -> Result<()> {
    let (stage, at) = (stage(&[]), place("expected", "us-east-1"));
    stage.make_bucket(at)?;
    stage.apply_trail(at, |spec| spec["cost"] = json!({"monthlyBudget": "1.00"}))?;
    stage.wait_ready(at)?;
    let unknown = stage.wait_condition(at, "CostEstimated", "Unknown", "NoVolume")?;
    assert_eq!(unknown["reason"], "NoVolume");
    assert_eq!(condition(&stage.trail(at)?, "WithinBudget")["status"], "Unknown");
    stage.patch_trail(at, &json!({"cost": {"volume": {"managementWriteEvents": 1_000_000}}}))?;
    let trail = wait_cost(&stage, at, "declared", |cost| cost["basis"] == "Declared")?;
    // The only trail of the account: its copy is the free one, and what is left is storage.
    let cost = &trail["status"]["cost"];
    ensure!(!cost["components"].to_string().contains("ManagementEvents"), "{cost}");
    assert_eq!(condition(&trail, "WithinBudget")["reason"], "WithinBudget", "{cost}");
    let refused = stage.patch_trail(at, &json!({"cost": {"monthlyBudget": "cheap"}})).unwrap_err();
    ensure!(format!("{refused:#}").contains("an amount of US dollars"), "{refused:#}");
    Ok(())
}

#[test]
fn where_it_may_ask_aws_s_own_prices_hold_also_where_none_was_known() -> Result<()> {
    let (stage, at) = (stage(&[("cost.priceRefresh", "true")]), place("refreshed", "eu-north-1"));
    stage.make_bucket(at)?;
    composing::apply(&stage, &composing::objects(at, "refreshed"))?;
    stage.apply_trail(at, |spec| spec["cost"] = json!({"volume": {"dataEvents": 1_000_000}}))?;
    stage.wait_ready(at)?;
    let trail = wait_cost(&stage, at, "estimated", |cost| !cost["monthly"].is_null())?;
    let cost = &trail["status"]["cost"];
    let part = |document: &Value| {
        let mut all = document["components"].as_array().into_iter().flatten();
        all.find(|one| one["name"] == "DataEvents").map(|one| one["monthlyCost"].clone())
    };
    // The lab's price, which is none of AWS's, is $2.00 for a million.
    assert_eq!((part(cost), &cost["priceListDate"]), (Some("2.00".into()), &"2026-11-01".into()), "{cost}");

    let mine = r#"{"kind":"EventSelector","monthly":"2.00""#;
    ensure!(cost["objects"].to_string().contains(mine), "{cost}");
    let kinds = "trails,eventselectors";
    let exported = stage.cluster.kubectl(&["get", kinds, "-n", at.namespace, "--output", "yaml"])?;
    let path = stage.cluster.folder().join("refreshed.yaml");
    fs::write(&path, exported)?;
    let price = |more: &str| -> Result<Value> {
        let answer = planning::call(&stage, &format!("cost -f {} -o json{more}", path.display()))?;
        serde_json::from_str(&answer.out).with_context(|| format!("{answer:?}"))
    };
    let refreshed = price(" --price-refresh")?;
    assert_eq!(part(&refreshed), Some("2.00".into()), "{refreshed}");
    let without = price("")?;
    assert_eq!(part(&without), None);
    ensure!(without["unknown"].to_string().contains("data events in eu-north-1"), "{without}");
    Ok(())
}

#[test]
fn a_bucket_that_refuses_deliveries_is_found_with_what_it_goes_on_costing() -> Result<()> {
    let (stage, at) = (stage(&[]), place("refusing", "us-east-1"));
    stage.make_bucket(at)?;
    composing::apply(&stage, &composing::objects(at, "refusing"))?;
    stage.apply_trail(at, |spec| spec["cost"] = json!({"volume": {"dataEvents": 1_000_000}}))?;
    stage.wait_ready(at)?;
    wait_cost(&stage, at, "without a finding", |cost| {
        cost["monthly"].is_string() && cost["findings"].is_null()
    })?;
    stage.aws(at, "s3", "DeleteBucketPolicy", &json!({"Bucket": at.bucket()}))?;
    let what =
        json!({"trail": at.name, "region": at.region, "hours": 0, "filesPerHour": 1, "eventsPerFile": 1});
    stage.lab.deliver(what)?;
    let found = |cost: &Value| cost["findings"][0]["reason"] == "BucketRefuses";
    let trail = wait_cost(&stage, at, "found to be for nothing", found)?;
    // $0.10 for 100,000 events.
    let cost = &trail["status"]["cost"];
    assert_eq!(cost["findings"][0]["monthly"], "1.00", "{cost}");
    Ok(())
}
