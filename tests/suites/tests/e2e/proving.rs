//! Log file validation by the operator: what was delivered is proved intact, and what was changed is told.
//!
//! Each test has a stage of its own, whose AWS lives some hours ago, so that digests end now.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use jiff::{Span, Timestamp};
use serde_json::{Value, json};
use test_cluster::{Overrides, wait_for};
use test_lab::CallFilter;
use test_suites::stage::{PATIENCE, Place, Stage, condition};

use crate::place;

const VALIDATED: &str = "LogFileValidated";
const REGIONS: [&str; 2] = ["us-east-1", "eu-west-1"];

/// `validation.intervalSeconds` is 30; the rest is for the run and the round on a busy machine.
const WITHIN_AN_INTERVAL: Duration = Duration::from_mins(1);

/// A trail of two Regions, whose AWS lives that many hours ago.
fn trail(at: Place<'_>, hours: i64, validation: &Value) -> Result<Stage> {
    let stage = Stage::start()?;
    stage.lab.set_clock(&(Timestamp::now() - Span::new().hours(hours)).to_string())?;
    stage.make_bucket(at)?;
    stage.apply_trail(at, |spec| {
        spec["isMultiRegionTrail"] = true.into();
        spec["validation"] = validation.clone();
    })?;
    stage.wait_ready(at)?;
    Ok(stage)
}

fn deliver(stage: &Stage, at: Place<'_>, hours: u32) -> Result<Vec<(String, String)>> {
    let what = json!({"trail": at.name, "region": at.region, "regions": REGIONS, "hours": hours});
    let delivered = stage.lab.deliver(what)?;
    let files = delivered["logFiles"].as_array().context("no log files")?;
    Ok(files.iter().filter_map(|file| Some((text(&file["bucket"])?, text(&file["key"])?))).collect())
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn wait_validated(
    stage: &Stage,
    at: Place<'_>,
    status: &str,
    reason: &str,
    patience: Duration,
) -> Result<Value> {
    wait_for(&format!("{VALIDATED} to be {status} {reason}"), patience, || {
        let trail = stage.trail(at)?;
        let is = condition(&trail, VALIDATED);
        ensure!(
            is["status"] == status && is["reason"] == reason,
            "it is {is}; {}",
            trail["status"]["validation"]
        );
        Ok(trail)
    })
}

/// Asks for a run, and waits until it is told of.
fn validate(stage: &Stage, at: Place<'_>) -> Result<Value> {
    let mark = Timestamp::now().to_string();
    let annotation = format!("trail-operator.dev/validate-requested-at={mark}");
    stage.cluster.kubectl(&["annotate", "--overwrite", "trail", at.name, "-n", at.namespace, &annotation])?;
    wait_for("the run to be told of", PATIENCE, || {
        let trail = stage.trail(at)?;
        ensure!(
            trail["status"]["validation"]["lastHandledRequestAt"] == *mark,
            "{}",
            trail["status"]["validation"]
        );
        Ok(trail)
    })
}

fn metric(stage: &mut Stage, begins: &str) -> Result<Option<String>> {
    let metrics = stage.operator()?.metrics()?;
    Ok(metrics.lines().find(|line| line.starts_with(begins)).map(str::to_owned))
}

#[test]
fn a_log_file_that_was_changed_is_told_within_an_interval_and_that_it_was_put_back() -> Result<()> {
    let at = place("proved", "us-east-1");
    let mut stage = trail(at, 4, &json!({"intervalSeconds": 30}))?;
    wait_validated(&stage, at, "Unknown", "AwaitingFirstDigest", WITHIN_AN_INTERVAL)?;
    let files = deliver(&stage, at, 4)?;
    let intact = wait_validated(&stage, at, "True", "Intact", WITHIN_AN_INTERVAL)?;
    let validation = &intact["status"]["validation"];
    assert_eq!((&validation["verdict"], &validation["chains"]), (&"Valid".into(), &2.into()), "{validation}");
    assert_eq!(validation["digests"], json!({"valid": 8, "invalid": 0, "unchecked": 0}), "{validation}");
    assert_eq!(validation["logFiles"], json!({"valid": 16, "invalid": 0, "unchecked": 0}), "{validation}");
    let through = text(&validation["verifiedThrough"]).context("no verifiedThrough")?;
    let message = condition(&intact, VALIDATED)["message"].clone();
    assert!(message.as_str().is_some_and(|message| message.contains(&through)), "{message}");

    let (bucket, key) = files.first().context("no log file")?;
    let copy = |from: &str, to: &str| json!({"action": "copy", "bucket": bucket, "key": from, "toKey": to});
    stage.lab.tamper(copy(key, "kept-elsewhere"))?;
    stage.lab.tamper(json!({"action": "modify", "bucket": bucket, "key": key}))?;
    let told = wait_validated(&stage, at, "False", "LogFileModified", WITHIN_AN_INTERVAL)?;
    let object = format!("s3://{bucket}/{key}");
    let message = condition(&told, VALIDATED)["message"].clone();
    assert!(message.as_str().is_some_and(|message| message.starts_with(&object)), "{message}");
    let found = &told["status"]["validation"]["findings"];
    assert_eq!(found.as_array().map(Vec::len), Some(1), "{found}");
    assert_eq!((&found[0]["object"], &found[0]["severity"]), (&object.clone().into(), &"Error".into()));
    assert_eq!(condition(&told, "Ready")["status"], "True", "the failure policy is Report");
    let event = stage.wait_event(at, "LogFileModified")?;
    assert_eq!(event["type"], "Warning");
    assert!(event["note"].as_str().is_some_and(|note| note.contains(&object)), "{event}");
    let findings = "trail_operator_log_validation_findings{";
    let counted = metric(&mut stage, findings)?.context("no metric")?;
    assert!(counted.contains(r#"reason="LogFileModified""#) && counted.ends_with(" 1"), "{counted}");

    stage.lab.tamper(copy("kept-elsewhere", key))?;
    wait_validated(&stage, at, "True", "Intact", WITHIN_AN_INTERVAL)?;
    assert_eq!(stage.wait_event(at, "Intact")?["type"], "Normal");
    assert_eq!(metric(&mut stage, findings)?, None);
    let events = stage.events(at)?;
    assert_eq!(
        events.iter().filter(|reason| *reason == "LogFileModified").count(),
        1,
        "told once: {events:?}"
    );
    Ok(())
}

/// How many objects were read since.
fn reads(stage: &Stage, since: Option<u64>) -> Result<u64> {
    Ok(stage.lab.calls(CallFilter { since, ..CallFilter::default() })?.count("s3:GetObject"))
}

#[test]
fn a_restart_neither_repeats_nor_skips() -> Result<()> {
    let at = place("resumed", "us-east-1");
    let mut stage = trail(at, 9, &json!({"intervalSeconds": 0}))?;
    deliver(&stage, at, 7)?;
    let first = validate(&stage, at)?;
    assert_eq!(condition(&first, VALIDATED)["reason"], "Intact", "{}", condition(&first, VALIDATED));
    assert_eq!(first["status"]["validation"]["logFiles"]["valid"], 28);

    stage.operator = None;
    deliver(&stage, at, 1)?;
    stage.operator = Some(stage.run_operator(&Overrides::default())?);
    let mark = stage.mark()?;
    let second = validate(&stage, at)?;
    assert_eq!(condition(&second, VALIDATED)["reason"], "Intact", "{}", condition(&second, VALIDATED));
    let validation = &second["status"]["validation"];
    assert_eq!((&validation["digests"]["valid"], &validation["logFiles"]["valid"]), (&16.into(), &32.into()));
    assert_eq!(validation["verifiedFrom"], first["status"]["validation"]["verifiedFrom"]);
    // 14 digests are looked at again, then come 2 anchors, 2 new digests with 4 log files, and 2 digests to be found again.
    let read = reads(&stage, mark)?;
    assert!(read <= 24, "{read} objects were read: log files that had been verified are not");

    // A file that was changed while nobody looked is found all the same.
    stage.operator = None;
    let files = deliver(&stage, at, 1)?;
    let (bucket, key) = files.first().context("no log file")?;
    stage.lab.tamper(json!({"action": "delete", "bucket": bucket, "key": key}))?;
    stage.operator = Some(stage.run_operator(&Overrides::default())?);
    let third = validate(&stage, at)?;
    assert_eq!(condition(&third, VALIDATED)["reason"], "LogFileMissing", "{}", condition(&third, VALIDATED));
    Ok(())
}

#[test]
fn who_takes_our_access_away_does_not_make_peace() -> Result<()> {
    let at = place("blinded", "us-east-1");
    let stage = trail(at, 4, &json!({"intervalSeconds": 30}))?;
    deliver(&stage, at, 3)?;
    wait_validated(&stage, at, "True", "Intact", WITHIN_AN_INTERVAL)?;
    let strictly = json!({"validation": {"failurePolicy": "NotReady", "unknownGraceSeconds": 0}});
    stage.patch_trail(at, &strictly)?;
    stage.wait_ready(at)?;
    let denied = json!({"service": "s3", "operation": "GetObject", "code": "AccessDenied", "status": 403, "times": -1});
    stage.lab.fault(denied)?;
    let blind = wait_validated(&stage, at, "Unknown", "AccessDenied", WITHIN_AN_INTERVAL)?;
    assert_eq!(blind["status"]["validation"]["verdict"], "Inconclusive");
    let ready = stage.wait_condition(at, "Ready", "False", "AccessDenied")?;
    assert!(ready["message"].as_str().is_some_and(|said| said.contains("failurePolicy")), "{ready}");
    stage.lab.delete_faults()?;
    wait_validated(&stage, at, "True", "Intact", WITHIN_AN_INTERVAL)?;
    stage.wait_ready(at)?;
    Ok(())
}

#[test]
fn what_should_deliver_and_does_not_is_named() -> Result<()> {
    let at = place("covered", "us-east-1");
    let stage = trail(at, 6, &json!({"intervalSeconds": 30}))?;
    deliver(&stage, at, 5)?;
    let trail = wait_for("the other Regions to be missed", WITHIN_AN_INTERVAL, || {
        let trail = stage.trail(at)?;
        let covered = condition(&trail, "Covered");
        ensure!(
            covered["reason"] == "RegionNotDelivering" && covered["status"] == "False",
            "it is {covered}"
        );
        Ok(trail)
    })?;
    let coverage = &trail["status"]["coverage"];
    assert_eq!((&coverage["expected"], &coverage["delivering"]), (&17.into(), &2.into()), "{coverage}");
    assert_eq!(coverage["missing"].as_array().map(Vec::len), Some(10));
    Ok(())
}

#[test]
fn who_stopped_the_trail_is_named_where_it_left_a_gap() -> Result<()> {
    let at = place("interrupted", "us-east-1");
    let stage = trail(at, 6, &json!({"intervalSeconds": 0}))?;
    deliver(&stage, at, 2)?;
    // A last log file, with that very event, comes only when something has happened since the last digest.
    stage.lab.advance(Duration::from_mins(1))?;
    stage.aws(at, "cloudtrail", "StopLogging", &json!({"Name": at.name}))?;
    stage.wait_event(at, "LoggingRestored")?;
    deliver(&stage, at, 3)?;
    let told = validate(&stage, at)?;
    assert_eq!(condition(&told, VALIDATED)["reason"], "Intact", "{}", told["status"]["validation"]);
    let gaps = told["status"]["validation"]["explainedGaps"].as_array().context("no gap is explained")?;
    assert_eq!(gaps.len(), REGIONS.len(), "{gaps:?}");
    for gap in gaps {
        assert_eq!(gap["eventName"], "StopLogging", "{gap}");
        assert!(gap["principal"].as_str().is_some_and(|who| who.contains("111122223333")), "{gap}");
    }
    Ok(())
}
