//! What people switch: only looking, not looking, looking now, and the operator's flags for all of it.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use test_cluster::{Overrides, wait_for};
use test_lab::CallFilter;
use test_suites::stage::{PATIENCE, Place, Stage, condition, drift};

use crate::{neighbours, place, shared};

fn pair(actual: &str, declared: &str) -> (String, String) {
    (actual.to_owned(), declared.to_owned())
}

#[test]
fn observing_reports_every_field_and_changes_none_not_even_at_the_end() -> Result<()> {
    let (stage, at) = (shared(), place("watched", "eu-south-2"));
    stage.make_bucket(at)?;
    neighbours::topic(stage, at)?;
    stage.apply_trail(at, |spec| {
        spec["deletionPolicy"] = "Delete".into();
        spec["tags"] = json!({"Team": "audit"});
        spec["sns"] = json!({"topicArn": neighbours::topic_arn(at)});
    })?;
    stage.wait_ready(at)?;
    stage.patch_trail(at, &json!({"managementPolicy": "Observe"}))?;
    let trail = stage.wait_ready(at)?;
    assert_eq!(condition(&trail, "Ready")["message"], "the trail is as declared; it is only looked at");

    let mark = stage.mark()?;
    stage.aws(at, "cloudtrail", "StopLogging", &json!({"Name": at.name}))?;
    stage.change_by_hand(at, json!({"EnableLogFileValidation": false, "SnsTopicName": ""}))?;
    let tags = json!({"ResourceId": at.arn(), "TagsList": [{"Key": "Team", "Value": "sales"}]});
    stage.aws(at, "cloudtrail", "AddTags", &tags)?;
    let selectors = json!({"TrailName": at.name, "AdvancedEventSelectors": [{"FieldSelectors": [
        {"Field": "eventCategory", "Equals": ["Management"]}, {"Field": "readOnly", "Equals": ["false"]}]}]});
    stage.aws(at, "cloudtrail", "PutEventSelectors", &selectors)?;
    let trail = stage.look(at)?;
    let ready = condition(&trail, "Ready");
    assert_eq!((&ready["status"], &ready["reason"]), (&json!("False"), &json!("DriftDetected")));
    assert_eq!(condition(&trail, "Stalled"), Value::Null, "nobody has to do anything");
    let seen = drift(&trail);
    assert_eq!(
        seen.keys().map(String::as_str).collect::<Vec<_>>(),
        ["enableLogFileValidation", "logging", "managementEvents", "sns.topicArn", "tags.Team"]
    );
    assert_eq!(seen["logging"], pair("Disabled", "Enabled"));
    assert_eq!(seen["enableLogFileValidation"], pair("false", "true"));
    assert_eq!(seen["sns.topicArn"], pair("", &neighbours::topic_arn(at)));
    assert_eq!(seen["tags.Team"], pair("sales", "audit"));
    assert_eq!(stage.wait_event(at, "DriftDetected")?["type"], "Warning");

    stage.delete_trail(at)?;
    let told = stage.wait_event(at, "TrailRetained")?;
    let note = told["note"].as_str().context("no note")?;
    assert!(told["type"] == "Warning" && note.contains("Delete was not carried out"), "{told}");
    assert_eq!(stage.writes_since(at, mark)?, [""; 0]);
    assert_eq!(stage.owner_tag(at)?.as_deref(), Some("stage/default/watched"));
    Ok(())
}

#[test]
fn a_suspended_trail_is_not_even_read_and_can_be_resumed_and_deleted() -> Result<()> {
    let (stage, at) = (shared(), place("suspended", "ap-southeast-7"));
    let before = stage.ready_trail(at)?;
    stage.patch_trail(at, &json!({"suspend": true}))?;
    stage.wait_condition(at, "Ready", "Unknown", "Suspended")?;
    let (mark, since) = (stage.mark()?, Instant::now());
    stage.aws(at, "cloudtrail", "StopLogging", &json!({"Name": at.name}))?;
    stage.ask(at)?;
    wait_for("more than an interval", PATIENCE, || {
        ensure!(since.elapsed() > Duration::from_secs(31), "not yet");
        Ok(())
    })?;
    assert_eq!(stage.calls_since(at, mark)?, [""; 0]);
    let trail = stage.trail(at)?;
    assert_eq!(condition(&trail, "Ready")["reason"], "Suspended");
    assert_eq!(condition(&trail, "Logging"), condition(&before, "Logging"), "as it was last");

    stage.patch_trail(at, &json!({"suspend": false}))?;
    stage.wait_ready(at)?;
    assert!(stage.is_logging(at)?);
    stage.patch_trail(at, &json!({"suspend": true}))?;
    stage.wait_condition(at, "Ready", "Unknown", "Suspended")?;
    stage.delete_trail(at)?;
    assert!(stage.is_logging(at)?);
    assert_eq!(stage.owner_tag(at)?, None, "deletion does what deletionPolicy says");
    Ok(())
}

#[test]
fn a_look_that_is_asked_for_is_had_at_once() -> Result<()> {
    let (stage, at) = (shared(), place("asked", "me-south-1"));
    stage.apply_trail(at, |spec| spec["intervalSeconds"] = 86400.into())?;
    stage.wait_condition(at, "Ready", "False", "BucketNotFound")?;
    stage.make_bucket(at)?;
    let asked = Instant::now();
    stage.ask(at)?;
    let made = wait_for("the trail to be made", PATIENCE, || {
        ensure!(!stage.in_aws(at)?.is_null(), "there is none");
        Ok(asked.elapsed())
    })?;
    stage.wait_ready(at)?;
    stage.change_by_hand(at, json!({"EnableLogFileValidation": false}))?;
    let asked = Instant::now();
    let value = stage.ask(at)?;
    let repaired = wait_for("validation to be back", PATIENCE, || {
        ensure!(stage.in_aws(at)?["LogFileValidationEnabled"] == true, "it is off");
        Ok(asked.elapsed())
    })?;
    println!("from being asked to the trail: {made:?}, to its repair: {repaired:?}");
    // About a second; more only where the machine is busy. Without being asked it would be two minutes, or a day.
    assert!(made.max(repaired) < Duration::from_secs(8));
    wait_for("the echo", PATIENCE, || {
        let echo = stage.trail(at)?["status"]["lastHandledReconcileAt"].clone();
        ensure!(echo == value, "it is {echo}");
        Ok(())
    })
}

#[test]
fn a_read_only_operator_plans_and_reports_and_writes_nothing_to_aws() -> Result<()> {
    let mut stage = Stage::without_operator()?;
    let (missing, found, owned) =
        (place("missing", "us-east-1"), place("found", "us-east-2"), place("owned", "us-west-2"));
    stage.operator = Some(stage.run_operator(&Overrides::default())?);
    stage.ready_trail(owned)?;
    stage.operator()?.terminate()?;
    stage.install(&[("readOnly", "true")])?;
    stage.operator = Some(stage.run_operator(&Overrides::default())?);

    let mark = stage.mark()?;
    stage.aws(owned, "cloudtrail", "StopLogging", &json!({"Name": owned.name}))?;
    stage.make_bucket(missing)?;
    stage.apply_trail(missing, |_| {})?;
    stage.make_bucket(found)?;
    stage.make_by_hand(found, json!({}))?;
    stage.apply_trail(found, |spec| {
        spec["adoptionPolicy"] = "IfUnowned".into();
        spec["deletionPolicy"] = "Delete".into();
    })?;
    stage.ask(owned)?;
    for at in [missing, found, owned] {
        stage.wait_condition(at, "Ready", "False", "DriftDetected")?;
    }
    let ready = condition(&stage.trail(missing)?, "Ready");
    assert!(
        ready["message"].as_str().context("no message")?.contains("there is no trail 'missing'"),
        "{ready}"
    );
    assert_eq!(drift(&stage.trail(found)?)["enableLogFileValidation"], pair("false", "true"));
    assert_eq!(drift(&stage.trail(owned)?)["logging"], pair("Disabled", "Enabled"));
    for at in [missing, found, owned] {
        stage.delete_trail(at)?;
    }
    let calls = stage.lab.calls(CallFilter { since: mark, ..CallFilter::default() })?;
    assert_eq!(calls.writes, 0, "{:?}", calls.by_operation);
    assert_eq!(stage.owner_tag(owned)?.as_deref(), Some("stage/default/owned"));
    assert_eq!(stage.wait_event(found, "TrailRetained")?["type"], "Warning");
    Ok(())
}

#[test]
fn an_operator_of_some_namespaces_leaves_others_alone() -> Result<()> {
    let mut stage = Stage::without_operator()?;
    let inside = Place { namespace: "inside", name: "seen", region: "us-east-1" };
    let outside = place("unseen", "us-east-2");
    stage.namespace(inside.namespace)?;
    stage.namespace("empty")?;
    stage.install(&[("watchNamespaces", "{inside,empty}")])?;
    stage.make_bucket(outside)?;
    stage.apply_trail(outside, |_| {})?;
    stage.operator = Some(stage.run_operator(&Overrides::default())?);
    let mark = stage.mark()?;
    stage.ready_trail(inside)?;
    stage.ask(outside)?;
    stage.look(inside)?;
    let trail = stage.trail(outside)?;
    assert_eq!(trail["metadata"]["finalizers"], Value::Null, "{trail}");
    assert_eq!(trail["status"]["conditions"], Value::Null, "{trail}");
    assert_eq!(stage.calls_since(outside, mark)?, [""; 0]);
    Ok(())
}
