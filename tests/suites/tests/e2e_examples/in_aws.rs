//! Whether AWS has what an object of an example says, read from the manifest's own words.
//!
//! Knows: AWS's names for them. Must not know: how the operator gets there.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use test_suites::stage::Stage;

use crate::records;

/// A selector without its name: of each field, the values of each operator.
type Fields = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// The members of a trail that are compared, as AWS and as the spec calls them.
const SETTINGS: [(&str, &str); 4] = [
    ("IsMultiRegionTrail", "isMultiRegionTrail"),
    ("IsOrganizationTrail", "isOrganizationTrail"),
    ("IncludeGlobalServiceEvents", "includeGlobalServiceEvents"),
    ("LogFileValidationEnabled", "enableLogFileValidation"),
];

pub(crate) fn check(stage: &Stage, object: &Value) -> Result<()> {
    match object["kind"].as_str() {
        Some("Trail") => check_trail(stage, object),
        Some("EventSelector") => check_selectors(stage, object),
        Some("MetricAlarm") => check_alarm(stage, object),
        // It is nothing in AWS.
        _ => Ok(()),
    }
}

fn check_trail(stage: &Stage, trail: &Value) -> Result<()> {
    let (there, spec) = (ask(stage, trail, "GetTrail", "Name")?, &trail["spec"]);
    let there = &there["Trail"];
    for (theirs, ours) in SETTINGS {
        ensure!(there[theirs] == spec[ours], "{ours} is {}, and in AWS {}", spec[ours], there[theirs]);
    }
    ensure!(there["S3BucketName"] == spec["s3"]["bucketName"], "the bucket is {}", there["S3BucketName"]);
    ensure!(there["KmsKeyId"].is_null() == spec["kms"].is_null(), "the key is {}", there["KmsKeyId"]);
    let group = there["CloudWatchLogsLogGroupArn"].as_str().unwrap_or_default();
    let declared = spec["cloudWatchLogs"]["logGroupName"].as_str();
    let is_it = declared.map_or(group.is_empty(), |name| group.ends_with(&format!(":log-group:{name}:*")));
    ensure!(is_it, "the log group is {group}");
    let logs = &ask(stage, trail, "GetTrailStatus", "Name")?["IsLogging"];
    ensure!(*logs == (spec["logging"] == "Enabled"), "logging is {logs}");
    Ok(())
}

fn check_selectors(stage: &Stage, object: &Value) -> Result<()> {
    let (metadata, spec) = (&object["metadata"], &object["spec"]);
    let namespace = spec["trailRef"]["namespace"].as_str().or(metadata["namespace"].as_str());
    let (namespace, name) = (namespace.context("no namespace")?, spec["trailRef"]["name"].as_str());
    let args = ["get", "trails.trail-operator.dev", name.context("no name")?, "--namespace", namespace];
    let trail = stage.cluster.kubectl_json(&args)?;
    let answer = ask(stage, &trail, "GetEventSelectors", "TrailName")?;
    let there: Vec<_> = list(&answer["AdvancedEventSelectors"]).map(in_aws).collect();
    let management =
        (Some("Management events selector"), fields(&[("eventCategory", "equals", &["Management"])]));
    let first = there.first().map(|(name, fields)| (name.as_deref(), fields.clone()));
    ensure!(first == Some(management), "the first of AWS's selectors is {first:?}");
    for declared in declared(object)? {
        ensure!(there.contains(&declared), "{declared:?} is not among AWS's selectors {there:?}");
    }
    records::check(stage, &word(&metadata["name"]), &trail)
}

/// Filter and alarm are there, joined by the metric, and tell whom the manifest names.
fn check_alarm(stage: &Stage, object: &Value) -> Result<()> {
    let (place, effective) = (&object["status"]["place"], &object["status"]["effective"]);
    let ask = |service: &str, operation: &str, params: Value| {
        stage.lab.aws(service, operation, &params, &word(&place["accountId"]), &word(&place["region"]))
    };
    let group = json!({"logGroupName": place["logGroupName"]});
    let filters = ask("logs", "DescribeMetricFilters", group)?;
    let filter = list(&filters["metricFilters"]).find(|filter| filter["filterName"] == place["filterName"]);
    let filter = filter.with_context(|| format!("no filter {} in {filters}", place["filterName"]))?;
    ensure!(filter["filterPattern"] == effective["filter"]["pattern"], "{filter} is not {effective}");
    let names = json!({"AlarmNames": [place["alarmName"]]});
    let alarms = ask("cloudwatch", "DescribeAlarms", names)?;
    let alarm = &alarms["MetricAlarms"][0];
    let metric = &filter["metricTransformations"][0];
    ensure!(
        !alarm.is_null()
            && (&alarm["MetricName"], &alarm["Namespace"])
                == (&metric["metricName"], &metric["metricNamespace"]),
        "the filter feeds {metric}, the alarm is {alarm}"
    );
    let actions = &object["spec"]["alarm"]["alarmActions"];
    ensure!(alarm["AlarmActions"] == *actions, "the alarm tells {}", alarm["AlarmActions"]);
    Ok(())
}

/// Calls an operation about a trail where it is.
fn ask(stage: &Stage, trail: &Value, operation: &str, member: &str) -> Result<Value> {
    let status = &trail["status"];
    let word = |name: &str| status[name].as_str().with_context(|| format!("no {name} in {status}"));
    let name = json!({member: word("arn")?});
    stage.lab.aws("cloudtrail", operation, &name, word("accountId")?, word("homeRegion")?)
}

/// What an EventSelector asks for, with its name.
fn declared(object: &Value) -> Result<Vec<(Option<String>, Fields)>> {
    let spec = &object["spec"];
    if let Some(advanced) = spec["advanced"].as_array() {
        return Ok(advanced.iter().map(in_a_manifest).collect());
    }
    let resources: Vec<_> = list(&spec["basic"]["dataResources"]).collect();
    let read_only = match spec["basic"]["readWriteType"].as_str() {
        Some("All") => None,
        Some(half) => Some(if half == "ReadOnly" { "true" } else { "false" }),
        None => anyhow::bail!("no readWriteType"),
    };
    let name = format!("{}/{}", word(&object["metadata"]["namespace"]), word(&object["metadata"]["name"]));
    let of = |resource: &&Value| {
        let type_ = word(&resource["type"]);
        let mut fields =
            fields(&[("eventCategory", "equals", &["Data"]), ("resources.type", "equals", &[&type_])]);
        fields.extend(read_only.map(|value| field("readOnly", "equals", &[value])));
        fields.extend(arns(&type_, &list(&resource["values"]).map(word).collect::<Vec<_>>()));
        let name = if resources.len() > 1 { format!("{name}: {type_}") } else { name.clone() };
        (Some(name), fields)
    };
    Ok(resources.iter().map(of).collect())
}

/// What the values of the basic form mean (`cloudtrail.md` 2.1 and 2.4).
fn arns(type_: &str, values: &[String]) -> Option<(String, BTreeMap<String, BTreeSet<String>>)> {
    // The service alone: all of them.
    if values.iter().any(|value| value.matches(':').count() == 2) {
        return None;
    }
    let all: Vec<_> = values.iter().map(String::as_str).collect();
    let (name, mut operators) =
        field("resources.ARN", if type_ == "AWS::S3::Object" { "startsWith" } else { "equals" }, &all);
    if type_ == "AWS::DynamoDB::Table" {
        let streams = values.iter().map(|table| format!("{table}/stream/")).collect();
        operators.insert("startsWith".into(), streams);
    }
    Some((name, operators))
}

fn in_a_manifest(selector: &Value) -> (Option<String>, Fields) {
    (selector["name"].as_str().map(str::to_owned), read(&selector["fieldSelectors"], "field", str::to_owned))
}

fn in_aws(selector: &Value) -> (Option<String>, Fields) {
    let lowered = |name: &str| {
        let (first, rest) = name.split_at(1);
        first.to_lowercase() + rest
    };
    (selector["Name"].as_str().map(str::to_owned), read(&selector["FieldSelectors"], "Field", lowered))
}

fn read(selectors: &Value, name: &str, operator: impl Fn(&str) -> String) -> Fields {
    let of = |selector: &Value| {
        let operators = selector.as_object().into_iter().flatten().filter(|(member, _)| *member != name);
        let operators =
            operators.map(|(member, values)| (operator(member), list(values).map(word).collect()));
        (
            word(&selector[name]),
            operators.filter(|(_, values): &(_, BTreeSet<_>)| !values.is_empty()).collect(),
        )
    };
    list(selectors).map(of).collect()
}

fn fields(all: &[(&str, &str, &[&str])]) -> Fields {
    all.iter().map(|(name, operator, values)| field(name, operator, values)).collect()
}

fn field(name: &str, operator: &str, values: &[&str]) -> (String, BTreeMap<String, BTreeSet<String>>) {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    (name.to_owned(), [(operator.to_owned(), values)].into())
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
