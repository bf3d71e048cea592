//! What a trail records: management events, Insights, tags, its key, an organization. Set, changed, cleared, kept.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use test_cluster::wait_for;
use test_lab::ACCOUNT;
use test_suites::stage::{INTERVAL, Place, Stage};

use crate::{neighbours, place, shared};

/// The fields of the trail's one selector, sorted; `None` where AWS has its default.
pub(crate) fn selector(stage: &Stage, at: Place<'_>) -> Result<Option<Vec<String>>> {
    if stage.in_aws(at)?["HasCustomEventSelectors"] == false {
        return Ok(None);
    }
    let answer = stage.aws(at, "cloudtrail", "GetEventSelectors", &json!({"TrailName": at.name}))?;
    let basic = answer["EventSelectors"].as_array().cloned().unwrap_or_default();
    // In the basic form others may have said the same; then it is left as it is.
    if let [only] = basic.as_slice() {
        return Ok(Some(of_basic(only)));
    }
    let selectors = answer["AdvancedEventSelectors"].as_array().context("no advanced selectors")?;
    ensure!(selectors.len() == 1, "selectors are {selectors:?}");
    let fields = selectors[0]["FieldSelectors"].as_array().context("no fields")?;
    let mut fields: Vec<_> = fields
        .iter()
        .flat_map(|field| {
            ["Equals", "NotEquals"].into_iter().flat_map(move |operator| {
                let values = field[operator].as_array().cloned().unwrap_or_default();
                values.into_iter().map(move |value| {
                    format!(
                        "{} {operator} {}",
                        field["Field"].as_str().unwrap_or_default(),
                        value.as_str().unwrap_or_default()
                    )
                })
            })
        })
        .collect();
    fields.sort();
    Ok(Some(fields))
}

/// A basic selector of management events as the advanced one that records the same.
fn of_basic(selector: &Value) -> Vec<String> {
    let mut fields = vec!["eventCategory Equals Management".to_owned()];
    let excluded = selector["ExcludeManagementEventSources"].as_array().cloned().unwrap_or_default();
    let source = |source: &Value| format!("eventSource NotEquals {}", source.as_str().unwrap_or_default());
    fields.extend(excluded.iter().map(source));
    match selector["ReadWriteType"].as_str() {
        Some("ReadOnly") => fields.push("readOnly Equals true".to_owned()),
        Some("WriteOnly") => fields.push("readOnly Equals false".to_owned()),
        _ => {}
    }
    fields.sort();
    fields
}

/// Insights and what each analyses.
pub(crate) fn insights(stage: &Stage, at: Place<'_>) -> Result<BTreeMap<String, BTreeSet<String>>> {
    if stage.in_aws(at)?["HasInsightSelectors"] != true {
        return Ok(BTreeMap::new());
    }
    let answer = stage.aws(at, "cloudtrail", "GetInsightSelectors", &json!({"TrailName": at.name}))?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let selectors = answer["InsightSelectors"].as_array().cloned().unwrap_or_default();
    Ok(selectors
        .iter()
        .map(|one| {
            let categories = one["EventCategories"].as_array().cloned().unwrap_or_default();
            (text(&one["InsightType"]), categories.iter().map(text).collect())
        })
        .collect())
}

fn management(types: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
    types.iter().map(|type_| ((*type_).to_owned(), ["Management".to_owned()].into())).collect()
}

#[test]
fn management_events_are_set_changed_and_cleared() -> Result<()> {
    let (stage, at) = (shared(), place("events", "eu-west-2"));
    stage.ready_trail(at)?;
    assert_eq!(selector(stage, at)?, None);
    let all = "eventCategory Equals Management".to_owned();
    for (management, expected) in [
        (
            json!({"readWriteType": "WriteOnly", "excludeEventSources": ["kms.amazonaws.com"]}),
            vec![&all, "eventSource NotEquals kms.amazonaws.com", "readOnly Equals false"],
        ),
        (
            json!({"readWriteType": "All", "excludeEventSources": ["kms.amazonaws.com", "rdsdata.amazonaws.com"]}),
            vec![
                &all,
                "eventSource NotEquals kms.amazonaws.com",
                "eventSource NotEquals rdsdata.amazonaws.com",
            ],
        ),
        (
            json!({"readWriteType": "ReadOnly", "excludeEventSources": null}),
            vec![&all, "readOnly Equals true"],
        ),
    ] {
        stage.patch_trail(at, &json!({"managementEvents": management}))?;
        stage.wait_ready(at)?;
        let expected: Vec<_> = expected.into_iter().map(str::to_owned).collect();
        assert_eq!(selector(stage, at)?, Some(expected), "{management}");
    }
    stage.patch_trail(at, &json!({"managementEvents": null}))?;
    stage.wait_ready(at)?;
    assert_eq!(selector(stage, at)?, None, "cleared is AWS's default");
    Ok(())
}

#[test]
fn insights_are_set_changed_and_cleared() -> Result<()> {
    let (stage, at) = (shared(), place("insights", "eu-west-3"));
    stage.ready_trail(at)?;
    for (declared, expected) in [
        (json!([{"insightType": "ApiCallRateInsight"}]), management(&["ApiCallRateInsight"])),
        (
            json!([{"insightType": "ApiErrorRateInsight", "eventCategories": ["Management"]}]),
            management(&["ApiErrorRateInsight"]),
        ),
        (
            json!([{"insightType": "ApiErrorRateInsight"}, {"insightType": "ApiCallRateInsight"}]),
            management(&["ApiCallRateInsight", "ApiErrorRateInsight"]),
        ),
        (Value::Null, management(&[])),
    ] {
        stage.patch_trail(at, &json!({"insightSelectors": declared}))?;
        stage.wait_ready(at)?;
        assert_eq!(insights(stage, at)?, expected, "{declared}");
    }
    Ok(())
}

#[test]
fn tags_are_set_changed_and_removed_and_those_of_others_stay() -> Result<()> {
    let (stage, at) = (shared(), place("tagged", "eu-central-1"));
    stage.make_bucket(at)?;
    stage.apply_trail(at, |spec| spec["tags"] = json!({"Stage": "test", "Team": "audit"}))?;
    stage.wait_ready(at)?;
    let theirs = json!({"ResourceId": at.arn(), "TagsList": [{"Key": "CostCentre", "Value": "42"}]});
    stage.aws(at, "cloudtrail", "AddTags", &theirs)?;
    let tags = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    stage.patch_trail(at, &json!({"tags": {"Stage": "production", "Team": null, "Owner": "ciso"}}))?;
    stage.wait_ready(at)?;
    assert_eq!(stage.tags(at)?, tags(&[("CostCentre", "42"), ("Owner", "ciso"), ("Stage", "production")]));
    let trail = stage.look(at)?;
    assert_eq!(trail["status"]["managedTagKeys"], json!(["Owner", "Stage"]));
    stage.patch_trail(at, &json!({"tags": null}))?;
    stage.wait_ready(at)?;
    assert_eq!(stage.tags(at)?, tags(&[("CostCentre", "42")]));
    assert_eq!(stage.owner_tag(at)?.as_deref(), Some("stage/default/tagged"));
    Ok(())
}

#[test]
fn a_key_by_its_alias_stays_an_alias_in_the_manifest_and_is_followed() -> Result<()> {
    let (stage, at) = (shared(), place("aliased", "eu-central-2"));
    stage.make_bucket(at)?;
    let (first, second) = (neighbours::key(stage, at)?, neighbours::key(stage, at)?);
    let alias = |operation: &str, key: &str| {
        let params = json!({"AliasName": "alias/trails", "TargetKeyId": key});
        stage.aws(at, "kms", operation, &params).map(drop)
    };
    alias("CreateAlias", &first)?;
    let declare = || stage.apply_trail(at, |spec| spec["kms"] = json!({"keyId": "alias/trails"}));
    declare()?;
    let before = stage.wait_ready(at)?;
    assert_eq!(before["spec"]["kms"]["keyId"], "alias/trails");
    assert_eq!(stage.in_aws(at)?["KmsKeyId"], first);

    let mark = stage.mark()?;
    declare()?;
    let after = stage.look(at)?;
    assert_eq!(after["metadata"]["generation"], before["metadata"]["generation"]);
    assert_eq!((&after["status"]["drift"], stage.writes_since(at, mark)?), (&Value::Null, vec![]));

    alias("UpdateAlias", &second)?;
    stage.look(at)?;
    assert_eq!(stage.in_aws(at)?["KmsKeyId"], second);
    assert_eq!(stage.writes_since(at, mark)?, ["UpdateTrail"]);
    Ok(())
}

#[test]
fn a_trail_of_an_organization_is_made_kept_and_made_one_of_the_account() -> Result<()> {
    let (stage, at) = (shared(), place("everybody", "eu-north-1"));
    let organization = json!({"management": ACCOUNT, "members": ["777788889999"], "trustedAccess": true});
    let organization = stage.lab.organization(organization)?;
    let id = organization["id"].as_str().context("no id")?;
    stage.make_bucket(at)?;
    stage.apply_trail(at, |spec| {
        spec["isOrganizationTrail"] = true.into();
        spec["isMultiRegionTrail"] = true.into();
    })?;
    let refused = stage.wait_condition(at, "Ready", "False", "BucketPolicyInsufficient")?;
    assert!(refused["message"].as_str().context("no message")?.contains("AWSLogs/"), "{refused}");

    let bucket = json!({"Bucket": at.bucket()});
    let policy = stage.aws(at, "s3", "GetBucketPolicy", &bucket)?;
    let mut policy: Value = serde_json::from_str(policy["Policy"].as_str().context("no policy")?)?;
    let statements = policy["Statement"].as_array_mut().context("no statements")?;
    let mut of_all = statements[1].clone();
    of_all["Resource"] = format!("arn:aws:s3:::{}/AWSLogs/{id}/*", at.bucket()).into();
    statements.push(of_all);
    let policy = json!({"Bucket": at.bucket(), "Policy": policy.to_string()});
    stage.aws(at, "s3", "PutBucketPolicy", &policy)?;
    stage.look(at)?;
    stage.wait_ready(at)?;
    assert_eq!(stage.in_aws(at)?["IsOrganizationTrail"], true);
    let seen = stage.lab.aws("cloudtrail", "DescribeTrails", &json!({}), "777788889999", at.region)?;
    assert_eq!(seen["trailList"][0]["TrailARN"], at.arn(), "a member sees it: {seen}");

    stage.change_by_hand(at, json!({"IsOrganizationTrail": false}))?;
    stage.look(at)?;
    assert_eq!(stage.in_aws(at)?["IsOrganizationTrail"], true, "kept as declared");
    stage.patch_trail(at, &json!({"isOrganizationTrail": false}))?;
    stage.wait_ready(at)?;
    assert_eq!(stage.in_aws(at)?["IsOrganizationTrail"], false);
    Ok(())
}

#[test]
fn what_others_record_instead_is_put_right_within_the_interval_and_told_with_both_values() -> Result<()> {
    let (stage, at) = (shared(), place("tampered", "eu-south-1"));
    stage.make_bucket(at)?;
    stage.apply_trail(at, |spec| {
        spec["managementEvents"] = json!({"excludeEventSources": ["kms.amazonaws.com"]});
        spec["insightSelectors"] = json!([{"insightType": "ApiCallRateInsight"}]);
        spec["tags"] = json!({"Team": "audit"});
    })?;
    stage.wait_ready(at)?;
    let (declared, mark) = (selector(stage, at)?, stage.mark()?);
    let none = json!({"TrailName": at.name, "InsightSelectors": []});
    stage.aws(at, "cloudtrail", "PutInsightSelectors", &none)?;
    let reads = json!({"TrailName": at.name, "EventSelectors": [{"ReadWriteType": "ReadOnly", "IncludeManagementEvents": true}]});
    stage.aws(at, "cloudtrail", "PutEventSelectors", &reads)?;
    let tags = json!({"ResourceId": at.arn(), "TagsList": [{"Key": "Team", "Value": "sales"}]});
    stage.aws(at, "cloudtrail", "AddTags", &tags)?;

    wait_for("selectors, Insights and tags to be back", INTERVAL, || {
        let now = (insights(stage, at)?, stage.tags(at)?["Team"].clone());
        ensure!(now == (management(&["ApiCallRateInsight"]), "audit".into()), "AWS has {now:?}");
        let selector = selector(stage, at)?;
        ensure!(selector == declared, "AWS has {selector:?}");
        Ok(())
    })?;
    let writes = stage.writes_since(at, mark)?;
    assert_eq!(writes, ["PutEventSelectors", "PutInsightSelectors", "AddTags"], "one call for each");
    stage.wait_event(at, "DriftCorrected")?;
    let events = stage.event_objects(at)?;
    let told: Vec<_> = events.iter().filter(|event| event["reason"] == "DriftCorrected").collect();
    // A look may fall between the changes; then the rest is told by the next one.
    assert!((1..=2).contains(&told.len()), "{events:?}");
    let notes: String = told.iter().filter_map(|event| event["note"].as_str()).collect();
    for words in ["managementEvents: ", "insightSelectors: ", "tags.Team: 'sales' → 'audit'"] {
        assert!(notes.contains(words), "{words} is not in {notes}");
    }
    Ok(())
}

/// ACK's trail did not log at all; here not even its first moment is recorded otherwise than declared.
#[test]
fn a_trail_with_selectors_is_made_in_eight_calls_and_records_nothing_before_it_has_them() -> Result<()> {
    let (stage, at) = (shared(), place("whole", "ap-southeast-5"));
    stage.make_bucket(at)?;
    let mark = stage.mark()?;
    stage.apply_trail(at, |spec| {
        spec["managementEvents"] = json!({"readWriteType": "WriteOnly"});
        spec["tags"] = json!({"Team": "audit"});
    })?;
    stage.wait_ready(at)?;
    let operations = stage.calls_since(at, mark)?;
    println!("CloudTrail calls of a create with selectors: {operations:?}");
    // Besides, S3 is asked once whose the bucket is, where the account does not name the buckets.
    assert!(operations.len() <= 8, "{operations:?}");
    let place =
        |operation: &str| operations.iter().position(|one| *one == operation).context(operation.to_owned());
    assert!(place("CreateTrail")? < place("PutEventSelectors")?);
    assert!(place("PutEventSelectors")? < place("StartLogging")?, "{operations:?}");
    Ok(())
}
