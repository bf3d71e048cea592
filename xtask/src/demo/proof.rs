//! The chapter in which a delivered log file is changed.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use jiff::{Span, Timestamp};
use serde_json::json;
use test_cluster::progress::human;

use super::{show, stage::Stage, watch::Watch};

/// In the lab time passes when somebody says so: its clock begins that many hours ago, and ends now.
const HOURS: i64 = 3;

const MINUTE: Duration = Duration::from_mins(1);

/// Sets AWS back, so that the digests which are delivered later end now.
pub(super) fn set_back(stage: &Stage) -> Result<()> {
    stage.lab.set_clock(&(Timestamp::now() - Span::new().hours(HOURS)).to_string()).map(drop)
}

/// Gives how long it took to be told of the change.
pub(super) fn tell(stage: &Stage) -> Result<Duration> {
    show::chapter("5. Somebody changes a log file");
    let (trail, bucket) = (stage.example.trail.as_str(), stage.example.bucket.as_str());
    let delivered =
        stage.lab.deliver(json!({"trail": trail, "region": stage.example.region, "hours": HOURS}))?;
    let files = delivered["logFiles"].as_array().context("no log files")?;
    let key = |at: usize| files.get(at).and_then(|file| file["key"].as_str()).context("no log file");
    show::say(&format!("CloudTrail delivers {} log files, and a signed digest every hour.", files.len()));
    validate_until(stage, "True")?;
    message(stage)?;

    let kept = "kept-for-later.json.gz";
    show::run(copy(stage, &format!("{bucket}/{}", key(0)?), kept))?;
    show::run(copy(stage, &format!("{bucket}/{}", key(1)?), key(0)?))?;
    let took = validate_until(stage, "False")?;
    show::good(&format!("told {} after it was asked for; by itself it looks every hour", human(took)));
    message(stage)?;
    let warnings = format!("involvedObject.name={trail},reason=LogFileModified");
    show::run(stage.kubectl(&["get", "events", "--field-selector", &warnings]))?;

    show::run(copy(stage, &format!("{bucket}/{kept}"), key(0)?))?;
    validate_until(stage, "True")?;
    show::good("what CloudTrail wrote is there again");
    Ok(took)
}

fn copy(stage: &Stage, from: &str, to: &str) -> std::process::Command {
    let bucket = stage.example.bucket.as_str();
    let query = ["--query", "CopyObjectResult.ETag"];
    let args = ["s3api", "copy-object", "--bucket", bucket, "--copy-source", from, "--key", to];
    stage.aws(&[&args[..], &query].concat())
}

/// Asks for a run, and waits until the column says so.
fn validate_until(stage: &Stage, value: &str) -> Result<Duration> {
    let mut command = stage.kubectl(&["get", "trails", "--watch"]);
    let watch = Watch::start(&mut command)?;
    let start = Instant::now();
    let request = format!("trail-operator.dev/validate-requested-at={}", Timestamp::now());
    show::run(stage.kubectl(&["annotate", "--overwrite", "trails", &stage.example.trail, &request]))?;
    show::command(&command);
    watch.until("VALIDATED", value, start, MINUTE, show::timed)
}

fn message(stage: &Stage) -> Result<()> {
    let path = "jsonpath={.status.conditions[?(@.type==\"LogFileValidated\")].message}{\"\\n\"}";
    show::run(stage.kubectl(&["get", "trails", &stage.example.trail, "--output", path]))?;
    Ok(())
}
