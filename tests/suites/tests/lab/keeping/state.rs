//! A trail as one table of fields, from a manifest and from AWS: what both have in common, and nothing of the operator's
//! own comparison.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use serde_json::{Value, json};
use test_lab::AwsError;
use trail_operator_crds::{InsightCategory, Logging, Trail, TrailSpec};

use super::place::Place;
use crate::world::HOME;

/// Values by field, named as `status.drift` names them. Lists are sorted where their order means nothing.
pub type State = BTreeMap<String, Value>;

/// The fields of `declared` that AWS has otherwise, or not.
pub fn differing(declared: &State, actual: &State) -> BTreeSet<String> {
    declared
        .iter()
        .filter(|(field, value)| actual.get(*field) != Some(value))
        .map(|(field, _)| field.clone())
        .collect()
}

/// What a manifest says that AWS has to have. `data_events`: the trail records S3 objects besides.
pub fn declared(trail: &Trail, data_events: bool, place: &Place) -> Result<State> {
    let TrailSpec { logging, recursive_logging, s3, kms, cloud_watch_logs, sns, aggregation, tags, .. } =
        &trail.spec;
    let group = |name: &String| format!("arn:aws:logs:{HOME}:{}:log-group:{name}:*", place.account());
    let key = kms.as_ref().map(|kms| place.key_arn(&kms.key_id)).transpose()?;
    let templates: BTreeSet<_> = aggregation.iter().flat_map(|one| &one.templates).collect();
    let mut state = settings([
        ("logging", json!(*logging == Logging::Enabled)),
        ("isMultiRegionTrail", json!(trail.spec.is_multi_region_trail)),
        ("includeGlobalServiceEvents", json!(trail.spec.include_global_service_events)),
        ("isOrganizationTrail", json!(trail.spec.is_organization_trail)),
        ("enableLogFileValidation", json!(trail.spec.enable_log_file_validation)),
        ("s3.bucketName", json!(s3.bucket_name)),
        ("s3.keyPrefix", json!(s3.key_prefix.clone().unwrap_or_default())),
        ("kms.keyId", json!(key.unwrap_or_default())),
        (
            "cloudWatchLogs.logGroupName",
            json!(cloud_watch_logs.as_ref().map(|logs| group(&logs.log_group_name)).unwrap_or_default()),
        ),
        (
            "cloudWatchLogs.roleArn",
            json!(cloud_watch_logs.as_ref().map(|logs| logs.role_arn.clone()).unwrap_or_default()),
        ),
        ("sns.topicArn", json!(sns.as_ref().map(|sns| sns.topic_arn.clone()).unwrap_or_default())),
        ("managementEvents", selectors(trail, data_events)),
        ("insightSelectors", insights(trail)),
        ("aggregation.templates", json!(templates)),
    ]);
    if let Some(recursive) = recursive_logging {
        state.insert("recursiveLogging".into(), json!(recursive));
    }
    state.extend(tags.iter().map(|(key, value)| (format!("tags.{key}"), json!(value))));
    Ok(state)
}

fn settings<const N: usize>(fields: [(&str, Value); N]) -> State {
    fields.map(|(field, value)| (field.to_owned(), value)).into()
}

/// `default`, or the advanced selectors as AWS's console makes them.
fn selectors(trail: &Trail, data_events: bool) -> Value {
    let events = serde_json::to_value(&trail.spec.management_events).unwrap_or_default();
    let mut fields = vec![json!({"Field": "eventCategory", "Equals": ["Management"]})];
    if let Some(sources) = events["excludeEventSources"].as_array() {
        fields.push(json!({"Field": "eventSource", "NotEquals": sources}));
    }
    match events["readWriteType"].as_str() {
        Some("ReadOnly") => fields.push(json!({"Field": "readOnly", "Equals": ["true"]})),
        Some("WriteOnly") => fields.push(json!({"Field": "readOnly", "Equals": ["false"]})),
        _ => {}
    }
    if fields.len() == 1 && !data_events {
        return json!("default");
    }
    let mut list = vec![json!({"Name": "Management events selector", "FieldSelectors": fields})];
    if data_events {
        list.push(json!({"Name": "Objects", "FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Data"]},
            {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
        ]}));
    }
    sorted(json!(list))
}

fn insights(trail: &Trail) -> Value {
    let selectors = trail.spec.insight_selectors.iter().map(|selector| {
        let categories =
            selector.event_categories.clone().unwrap_or_else(|| vec![InsightCategory::Management]);
        (json!(selector.insight_type).as_str().unwrap_or_default().to_owned(), sorted(json!(categories)))
    });
    Value::Object(selectors.collect())
}

/// What AWS has, by its own operations. `None` where there is no trail.
pub fn read(place: &Place) -> Result<Option<State>> {
    let name = place.arn();
    let found = place.aws("cloudtrail", "DescribeTrails", &json!({"trailNameList": [name]}))?;
    let Some(trail) = found["trailList"].get(0).cloned() else { return Ok(None) };
    let ask = |operation: &str, params: Value| place.aws("cloudtrail", operation, &params);
    let status = ask("GetTrailStatus", json!({"Name": name}))?;
    let selectors = ask("GetEventSelectors", json!({"TrailName": name}))?;
    let insights = match ask("GetInsightSelectors", json!({"TrailName": name})) {
        Err(error) if is(&error, "InsightNotEnabledException") => json!([]),
        answer => answer?["InsightSelectors"].take(),
    };
    let aggregations =
        ask("GetEventConfiguration", json!({"TrailName": name}))?["AggregationConfigurations"].take();
    let tags = ask("ListTags", json!({"ResourceIdList": [name]}))?["ResourceTagList"][0]["TagsList"].take();
    let text = |member: &str| trail.get(member).cloned().unwrap_or_else(|| json!(""));
    let mut state = settings([
        ("logging", status["IsLogging"].clone()),
        ("isMultiRegionTrail", trail["IsMultiRegionTrail"].clone()),
        ("includeGlobalServiceEvents", trail["IncludeGlobalServiceEvents"].clone()),
        ("isOrganizationTrail", trail["IsOrganizationTrail"].clone()),
        ("enableLogFileValidation", trail["LogFileValidationEnabled"].clone()),
        ("recursiveLogging", trail["RecursiveLogging"].clone()),
        ("s3.bucketName", text("S3BucketName")),
        ("s3.keyPrefix", text("S3KeyPrefix")),
        ("kms.keyId", text("KmsKeyId")),
        ("cloudWatchLogs.logGroupName", text("CloudWatchLogsLogGroupArn")),
        ("cloudWatchLogs.roleArn", text("CloudWatchLogsRoleArn")),
        ("sns.topicArn", text("SnsTopicARN")),
        ("managementEvents", found_selectors(&selectors)),
        ("insightSelectors", found_insights(&insights)),
        ("aggregation.templates", found_templates(&aggregations)),
    ]);
    state.extend(items(&tags).map(|tag| (format!("tags.{}", word(&tag["Key"])), json!(word(&tag["Value"])))));
    Ok(Some(state))
}

/// Whether AWS answered with this code.
pub fn is(error: &anyhow::Error, code: &str) -> bool {
    error.downcast_ref::<AwsError>().is_some_and(|error| error.code == code)
}

pub fn found_selectors(answer: &Value) -> Value {
    if items(&answer["AdvancedEventSelectors"]).next().is_some() {
        return sorted(answer["AdvancedEventSelectors"].clone());
    }
    let default = json!([{
        "ReadWriteType": "All", "IncludeManagementEvents": true, "DataResources": [], "ExcludeManagementEventSources": [],
    }]);
    let basic = &answer["EventSelectors"];
    if *basic == default || items(basic).next().is_none() {
        return json!("default");
    }
    of_management(basic).unwrap_or_else(|| sorted(basic.clone()))
}

/// One basic selector of management events alone says the same as an advanced one, and is left as it is.
fn of_management(basic: &Value) -> Option<Value> {
    let mut all = items(basic);
    let only = all.next().filter(|_| all.next().is_none())?;
    let alone = only["IncludeManagementEvents"] != false && items(&only["DataResources"]).next().is_none();
    let mut fields = vec![json!({"Field": "eventCategory", "Equals": ["Management"]})];
    let excluded = only["ExcludeManagementEventSources"].as_array().filter(|list| !list.is_empty());
    fields.extend(excluded.map(|sources| json!({"Field": "eventSource", "NotEquals": sources})));
    match only["ReadWriteType"].as_str() {
        Some("ReadOnly") => fields.push(json!({"Field": "readOnly", "Equals": ["true"]})),
        Some("WriteOnly") => fields.push(json!({"Field": "readOnly", "Equals": ["false"]})),
        _ => {}
    }
    let selector = json!({"Name": "Management events selector", "FieldSelectors": fields});
    alone.then(|| sorted(json!([selector])))
}

pub fn found_insights(list: &Value) -> Value {
    let selectors =
        items(list).map(|one| (word(&one["InsightType"]), sorted(one["EventCategories"].clone())));
    Value::Object(selectors.collect())
}

pub fn found_templates(list: &Value) -> Value {
    let templates: BTreeSet<_> = items(list).flat_map(|one| items(&one["Templates"])).map(word).collect();
    json!(templates)
}

pub fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

pub fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The same with every list in one order.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(list) => {
            let mut list: Vec<_> = list.into_iter().map(sorted).collect();
            list.sort_by_key(ToString::to_string);
            Value::Array(list)
        }
        Value::Object(map) => {
            Value::Object(map.into_iter().map(|(key, value)| (key, sorted(value))).collect())
        }
        other => other,
    }
}
