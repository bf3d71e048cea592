//! The weakening guard: an account that refuses, the exception that ends by itself, deletion, and what it does not stop.

use std::collections::BTreeSet;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use jiff::Timestamp;
use serde_json::{Value, json};
use test_cluster::wait_for;
use test_lab::ACCOUNT;
use test_suites::stage::{PATIENCE, Place, Stage, condition, drift};

use crate::{neighbours, place, shared};

/// The stage with an `AwsAccount` of the same account that refuses weakening, as is the default.
#[expect(clippy::unwrap_used, reason = "without it no test here can begin")]
fn stage() -> &'static Stage {
    static GUARDED: OnceLock<()> = OnceLock::new();
    let stage = shared();
    GUARDED.get_or_init(|| {
        stage.apply_account("guarded", &account(&json!({}))).unwrap();
    });
    stage
}

fn account(guardrails: &Value) -> Value {
    json!({"accountId": ACCOUNT, "allowedNamespaces": {"names": ["default"]}, "guardrails": guardrails})
}

fn guarded(spec: &mut Value) {
    spec["accountRef"] = json!({"name": "guarded"});
}

fn wait_refused(stage: &Stage, at: Place<'_>) -> Result<Value> {
    wait_for("WeakeningRefused for the present generation", PATIENCE, || {
        let trail = stage.trail(at)?;
        let ready = condition(&trail, "Ready");
        ensure!(ready["reason"] == "WeakeningRefused" && ready["status"] == "False", "Ready is {ready}");
        ensure!(ready["observedGeneration"] == trail["metadata"]["generation"], "Ready is {ready}");
        Ok(trail)
    })
}

#[test]
fn what_weakens_is_withheld_and_what_strengthens_is_done_in_the_same_edit() -> Result<()> {
    let (stage, at) = (stage(), place("rich", "ca-west-1"));
    stage.make_bucket(at)?;
    let key = neighbours::key(stage, at)?;
    let other = format!("{}-other", at.bucket());
    stage.lab.trail_bucket(ACCOUNT, at.region, &other, &[at.name])?;
    stage.apply_trail(at, |spec| {
        guarded(spec);
        spec["enableLogFileValidation"] = false.into();
        spec["kms"] = json!({"keyId": key});
        spec["insightSelectors"] =
            json!([{"insightType": "ApiCallRateInsight"}, {"insightType": "ApiErrorRateInsight"}]);
    })?;
    stage.wait_ready(at)?;

    stage.patch_trail(
        at,
        &json!({
            "logging": "Disabled", "s3": {"bucketName": other}, "kms": null,
            "managementEvents": {"readWriteType": "ReadOnly"},
            "insightSelectors": [{"insightType": "ApiErrorRateInsight"}],
            "enableLogFileValidation": true, "tags": {"Stage": "production"},
        }),
    )?;
    let trail = wait_refused(stage, at)?;
    assert_eq!(condition(&trail, "Stalled")["reason"], "WeakeningRefused");
    let withheld = drift(&trail);
    assert_eq!(
        withheld.keys().map(String::as_str).collect::<Vec<_>>(),
        ["insightSelectors", "kms.keyId", "logging", "managementEvents", "s3.bucketName"]
    );
    assert_eq!(withheld["s3.bucketName"], (at.bucket(), other), "what AWS has, and what is declared");

    let aws = stage.in_aws(at)?;
    assert_eq!((&aws["S3BucketName"], &aws["KmsKeyId"]), (&json!(at.bucket()), &json!(key)));
    assert_eq!(aws["LogFileValidationEnabled"], true, "strengthening is not withheld");
    assert_eq!(stage.tags(at)?["Stage"], "production");
    assert!(stage.is_logging(at)?);
    assert_eq!(aws["HasCustomEventSelectors"], false);
    let insights = stage.aws(at, "cloudtrail", "GetInsightSelectors", &json!({"TrailName": at.name}))?;
    assert_eq!(insights["InsightSelectors"].as_array().map(Vec::len), Some(2), "{insights}");

    stage.patch_trail(at, &json!({"enableLogFileValidation": false}))?;
    let trail = wait_refused(stage, at)?;
    assert!(drift(&trail).contains_key("enableLogFileValidation"), "{}", trail["status"]["drift"]);
    assert_eq!(stage.in_aws(at)?["LogFileValidationEnabled"], true);
    let told = |events: &[String]| events.iter().filter(|event| *event == "WeakeningRefused").count();
    assert_eq!(told(&stage.events(at)?), 2, "one event for each manifest");
    stage.look(at)?;
    assert_eq!(told(&stage.events(at)?), 2, "and none for looking again");
    Ok(())
}

#[test]
fn the_glass_is_broken_for_a_while_and_closes_by_itself() -> Result<()> {
    let (stage, at) = (stage(), place("behind-glass", "mx-central-1"));
    stage.apply_account("glass", &account(&json!({})))?;
    stage.make_bucket(at)?;
    stage.apply_trail(at, |spec| spec["accountRef"] = json!({"name": "glass"}))?;
    stage.wait_ready(at)?;
    stage.patch_trail(at, &json!({"enableLogFileValidation": false}))?;
    wait_refused(stage, at)?;

    let until = Timestamp::now() + Duration::from_secs(15);
    let glass = json!({"until": until.strftime("%FT%TZ").to_string(), "reason": "change 4711"});
    stage.apply_account("glass", &account(&json!({"breakGlass": glass})))?;
    stage.wait_ready(at)?;
    assert_eq!(stage.in_aws(at)?["LogFileValidationEnabled"], false);
    let told = stage.wait_event(at, "TrailUpdated")?;
    let note = told["note"].as_str().context("no note")?;
    assert!(told["type"] == "Warning" && note.contains("break-glass: change 4711"), "{told}");

    wait_for("the exception to be over", PATIENCE, || {
        ensure!(Timestamp::now() > until, "it is not");
        Ok(())
    })?;
    stage.patch_trail(at, &json!({"logging": "Disabled"}))?;
    wait_refused(stage, at)?;
    assert!(stage.is_logging(at)?);
    Ok(())
}

#[test]
fn deleting_objects_ends_no_audit_log_where_weakening_is_refused() -> Result<()> {
    let stage = stage();
    for (name, policy) in [("not-deleted", "Delete"), ("not-stopped", "StopLogging")] {
        let at = place(name, "sa-east-1");
        stage.make_bucket(at)?;
        stage.apply_trail(at, |spec| {
            guarded(spec);
            spec["deletionPolicy"] = policy.into();
        })?;
        stage.wait_ready(at)?;
        stage.delete_trail(at)?;
        assert!(stage.is_logging(at)?, "{policy}");
        assert_eq!(stage.owner_tag(at)?, None, "{policy}: it is nobody's now");
        let told = stage.wait_event(at, "TrailRetained")?;
        let note = told["note"].as_str().context("no note")?;
        assert!(told["type"] == "Warning" && note.contains("guardrails") && note.contains(policy), "{told}");
    }
    Ok(())
}

/// Another bucket and another key are weaker or stronger only as one remembers what was there.
#[test]
fn what_others_weaken_is_put_right_where_weakening_is_refused() -> Result<()> {
    let (stage, at) = (stage(), place("attacked", "eu-west-1"));
    stage.make_bucket(at)?;
    let (key, their_key) = (neighbours::key(stage, at)?, neighbours::key(stage, at)?);
    let their_bucket = format!("{}-theirs", at.bucket());
    stage.lab.trail_bucket(ACCOUNT, at.region, &their_bucket, &[at.name])?;
    stage.apply_trail(at, |spec| {
        guarded(spec);
        spec["kms"] = json!({"keyId": key});
    })?;
    stage.wait_ready(at)?;
    let mark = stage.mark()?;
    stage.aws(at, "cloudtrail", "StopLogging", &json!({"Name": at.name}))?;
    stage.change_by_hand(
        at,
        json!({"S3BucketName": their_bucket, "KmsKeyId": their_key, "EnableLogFileValidation": false}),
    )?;
    let reads = json!({"TrailName": at.name, "AdvancedEventSelectors": [{"FieldSelectors": [
        {"Field": "eventCategory", "Equals": ["Management"]}, {"Field": "readOnly", "Equals": ["true"]}]}]});
    stage.aws(at, "cloudtrail", "PutEventSelectors", &reads)?;
    stage.look(at)?;
    stage.wait_ready(at)?;

    let aws = stage.in_aws(at)?;
    assert_eq!((&aws["S3BucketName"], &aws["KmsKeyId"]), (&json!(at.bucket()), &json!(key)));
    assert_eq!(
        (&aws["LogFileValidationEnabled"], &aws["HasCustomEventSelectors"]),
        (&json!(true), &json!(false))
    );
    assert!(stage.is_logging(at)?);
    let writes = stage.writes_since(at, mark)?;
    assert_eq!(writes, ["StartLogging", "UpdateTrail", "PutEventSelectors"], "recording comes first");
    let told = stage.wait_event(at, "LoggingRestored")?;
    let fields: BTreeSet<_> = told["action"].as_str().context("no action")?.split(',').collect();
    let changed = ["enableLogFileValidation", "kms.keyId", "logging", "managementEvents", "s3.bucketName"];
    assert_eq!(fields, changed.into(), "one event with every field");
    assert!(!stage.events(at)?.contains(&"WeakeningRefused".to_owned()));
    Ok(())
}
