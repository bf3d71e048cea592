//! Deliveries that fail: in another Region, to the log group, to the topic. And that they are well again.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use test_cluster::wait_for;
use test_suites::stage::{PATIENCE, Place, Stage, condition};

use crate::{neighbours, place, shared};

/// Far from the home of the trails here.
const FAR: &str = "eu-west-1";

/// One log file in each of these Regions, now.
fn deliver(stage: &Stage, at: Place<'_>, regions: &[&str]) -> Result<()> {
    let what = json!({"trail": at.name, "region": at.region, "regions": regions, "hours": 0, "eventsPerFile": 1, "filesPerHour": 1});
    stage.lab.deliver(what).map(drop)
}

/// Asks for looks until `Logging` has that reason. Other Regions are looked at beside the rounds, so the first look
/// may be too early.
fn look_for(stage: &Stage, at: Place<'_>, reason: &str) -> Result<Value> {
    wait_for(&format!("Logging to be {reason}"), PATIENCE, || {
        let trail = stage.look(at)?;
        let logging = condition(&trail, "Logging");
        ensure!(logging["reason"] == reason, "it is {logging}");
        Ok(trail)
    })
}

fn words(trail: &Value) -> String {
    condition(trail, "Logging")["message"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_region_far_from_home_that_fails_is_named_until_it_delivers_again() -> Result<()> {
    let (stage, at) = (shared(), place("worldwide", "me-central-1"));
    stage.make_bucket(at)?;
    stage.apply_trail(at, |spec| {
        spec["isMultiRegionTrail"] = true.into();
        // Digests fail too, until the next one an hour later.
        spec["enableLogFileValidation"] = false.into();
    })?;
    stage.wait_ready(at)?;
    deliver(stage, at, &[at.region, FAR])?;
    look_for(stage, at, "Delivering")?;

    let refused = |state: &str| json!({"trail": at.name, "region": at.region, "regions": [FAR], "state": state, "error": "AccessDenied"});
    stage.lab.delivery(refused("stopped"))?;
    deliver(stage, at, &[at.region, FAR])?;
    let trail = look_for(stage, at, "DeliveryFailing")?;
    assert_eq!(condition(&trail, "Logging")["status"], "False");
    assert_eq!(condition(&trail, "Ready")["status"], "True", "AWS is as declared all the same");
    assert_eq!(trail["status"]["logging"]["failingRegions"], json!([FAR]));
    assert!(words(&trail).contains("in eu-west-1: AccessDenied"), "{}", words(&trail));
    assert_eq!(stage.wait_event(at, "DeliveryFailing")?["type"], "Warning");

    stage.lab.delivery(refused("ok"))?;
    deliver(stage, at, &[FAR])?;
    let trail = look_for(stage, at, "Delivering")?;
    assert_eq!(trail["status"]["logging"]["failingRegions"], Value::Null);
    assert_eq!(stage.wait_event(at, "Delivering")?["type"], "Normal");
    Ok(())
}

#[test]
fn a_log_group_and_a_topic_that_cannot_be_reached_are_told_by_name() -> Result<()> {
    let (stage, at) = (shared(), place("connected", "af-south-1"));
    stage.make_bucket(at)?;
    neighbours::topic(stage, at)?;
    neighbours::log_group(stage, at)?;
    stage.apply_trail(at, |spec| {
        spec["sns"] = json!({"topicArn": neighbours::topic_arn(at)});
        spec["cloudWatchLogs"] = json!({"logGroupName": at.name, "roleArn": neighbours::role_arn(at)});
    })?;
    stage.wait_ready(at)?;
    deliver(stage, at, &[at.region])?;
    look_for(stage, at, "Delivering")?;

    let topic_policy = |policy: &str| {
        let params = json!({"TopicArn": neighbours::topic_arn(at), "AttributeName": "Policy", "AttributeValue": policy});
        stage.aws(at, "sns", "SetTopicAttributes", &params).map(drop)
    };
    let nobody = json!([{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
        "Action": "SNS:Publish", "Resource": neighbours::topic_arn(at)}]);
    topic_policy(&neighbours::document(&nobody))?;
    deliver(stage, at, &[at.region])?;
    let trail = look_for(stage, at, "DeliveryFailing")?;
    assert!(
        words(&trail).contains("notifications to the topic in af-south-1: AuthorizationError"),
        "{}",
        words(&trail)
    );
    topic_policy(&neighbours::topic_policy(at))?;
    deliver(stage, at, &[at.region])?;
    look_for(stage, at, "Delivering")?;

    let group = json!({"logGroupName": at.name});
    stage.aws(at, "logs", "DeleteLogGroup", &group)?;
    deliver(stage, at, &[at.region])?;
    let trail = look_for(stage, at, "DeliveryFailing")?;
    assert!(words(&trail).contains("events to the log group in af-south-1: "), "{}", words(&trail));
    assert!(trail["status"]["logging"]["failingSince"].is_string(), "{}", trail["status"]["logging"]);
    stage.aws(at, "logs", "CreateLogGroup", &group)?;
    deliver(stage, at, &[at.region])?;
    let trail = look_for(stage, at, "Delivering")?;
    let told = stage.events(at)?;
    let count = |reason: &str| told.iter().filter(|event| *event == reason).count();
    assert_eq!((count("DeliveryFailing"), count("Delivering")), (2, 2), "{told:?}");
    trail["status"]["logging"]["latestNotificationTime"].as_str().map(drop).context("no notification")
}
