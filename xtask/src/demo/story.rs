//! The story: a manifest becomes a trail, somebody changes its log and stops it, both are noticed, it outlives its manifest,
//! and has its price.
//!
//! Knows: the chapters. Must not know: what its commands run on ([`super::stage`]).

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use test_cluster::chart::NAMESPACE;
use test_cluster::progress::{Task, human};
use test_cluster::wait_for;
use test_lab::CallFilter;

use super::bill;
use super::example::{POLICY, TRAIL};
use super::proof;
use super::show;
use super::stage::Stage;
use super::watch::Watch;

const MINUTE: Duration = Duration::from_mins(1);

/// Tells it, and ends with what was measured.
pub(crate) fn tell(stage: &mut Stage) -> Result<()> {
    let start = Instant::now();
    let mut facts = Vec::new();
    let mut fact = |name: &str, value: String| facts.push((name.to_owned(), value));
    proof::set_back(stage)?;
    bucket(stage)?;
    fact("operator ready after its start", human(install(stage)?));
    let (ready, calls, writes) = apply(stage)?;
    fact("kubectl apply to Ready", human(ready));
    fact("AWS calls for that", format!("{calls}, of which {writes} could change something"));
    as_aws_shows_it(stage)?;
    fact("changed log file told", human(proof::tell(stage)?));
    fact("stopped logging repaired", human(stop_logging(stage)?));
    #[expect(clippy::cast_precision_loss, reason = "megabytes for people")]
    let megabytes = stage.operator()?.memory_rss()? as f64 / 1e6;
    fact("memory of the operator", format!("{megabytes:.0} MB"));
    delete(stage)?;
    bill::tell(stage)?;
    fact("the whole story", human(start.elapsed()));
    show::chapter("What was measured");
    show::facts(&facts);
    Ok(())
}

fn bucket(stage: &Stage) -> Result<()> {
    show::chapter("1. A bucket that lets CloudTrail write");
    let (region, bucket) = (stage.example.region.as_str(), stage.example.bucket.as_str());
    show::run(stage.aws(&["s3api", "create-bucket", "--region", region, "--bucket", bucket]))?;
    let policy = format!("file://{POLICY}");
    show::run(stage.aws(&["s3api", "put-bucket-policy", "--bucket", bucket, "--policy", &policy]))?;
    Ok(())
}

fn install(stage: &mut Stage) -> Result<Duration> {
    show::chapter("2. The operator, installed by Helm");
    show::run_quiet(&mut stage.helm_install())?;
    show::run(stage.kubectl(&["get", "deployments", "--namespace", NAMESPACE]))?;
    let took = stage.start_operator()?;
    show::say(
        "There is no node here, so no Pod. The operator runs as a process instead, with the arguments, the",
    );
    show::say("environment and the ServiceAccount's token that this Deployment gives its Pods:");
    show::good(&format!("process {}, ready after {}", stage.operator()?.pid(), human(took)));
    show::run(stage.kubectl(&["wait", "--for=condition=Ready", "awsaccount/default", "--timeout=60s"]))?;
    show::run(stage.kubectl(&["get", "awsaccounts"]))?;
    Ok(took)
}

/// Time to Ready, the AWS calls it took, and how many of them could change something.
fn apply(stage: &Stage) -> Result<(Duration, u64, u64)> {
    show::chapter("3. A manifest becomes a trail");
    let mut cat = Command::new("cat");
    cat.arg(TRAIL);
    show::run(cat)?;
    let before = stage.lab.calls(CallFilter::default())?.last();
    let mut command = stage.kubectl(&["get", "trails", "--watch"]);
    // Before the manifest, to see it from the beginning.
    let watch = Watch::start(&mut command)?;
    let start = Instant::now();
    show::run(stage.kubectl(&["apply", "--filename", TRAIL]))?;
    show::command(&command);
    let ready = watch.until("READY", "True", start, MINUTE, show::timed)?;
    let calls = stage.lab.calls(CallFilter { since: before, ..CallFilter::default() })?;
    Ok((ready, calls.by_operation.values().sum(), calls.writes))
}

fn as_aws_shows_it(stage: &Stage) -> Result<()> {
    show::chapter("4. The same trail, as AWS shows it");
    let trail = stage.example.trail.as_str();
    show::run(stage.aws(&["cloudtrail", "describe-trails", "--trail-name-list", trail]))?;
    status(stage)?;
    Ok(())
}

fn stop_logging(stage: &Stage) -> Result<Duration> {
    show::chapter("6. Somebody stops the logging");
    let trail = stage.example.trail.as_str();
    show::run(stage.aws(&["cloudtrail", "stop-logging", "--name", trail]))?;
    let start = Instant::now();
    ensure!(!logging(stage)?, "AWS says that the trail still logs");
    let task = Task::start("waiting for the operator to find it (intervalSeconds: 30)");
    // By the lab's own door, since the aws program takes a second to start.
    wait_for("logging to come back", 2 * MINUTE, || {
        ensure!(logging(stage)?, "IsLogging is false");
        Ok(())
    })?;
    let took = start.elapsed();
    task.done();
    show::good(&format!("logging again {} later", human(took)));
    status(stage)?;
    show::run(stage.kubectl(&[
        "get",
        "events",
        "--field-selector",
        &format!("involvedObject.name={trail}"),
    ]))?;
    Ok(took)
}

fn delete(stage: &Stage) -> Result<()> {
    show::chapter("7. The manifest is deleted; the record goes on");
    show::run(stage.kubectl(&["delete", "--filename", TRAIL, "--timeout=60s"]))?;
    show::run(stage.kubectl(&["get", "trails"]))?;
    status(stage)?;
    ensure!(logging(stage)?, "the trail stopped logging with its manifest");
    show::good(
        "the trail is still there, and logging: deletionPolicy is Retain unless the manifest says otherwise",
    );
    Ok(())
}

fn status(stage: &Stage) -> Result<()> {
    let trail = stage.example.trail.as_str();
    show::run(stage.aws(&["cloudtrail", "get-trail-status", "--name", trail]))?;
    Ok(())
}

/// Whether the trail logs.
fn logging(stage: &Stage) -> Result<bool> {
    let example = &stage.example;
    let params = json!({"Name": example.trail});
    let status: Value =
        stage.lab.aws("cloudtrail", "GetTrailStatus", &params, &example.account, &example.region)?;
    status["IsLogging"].as_bool().context("GetTrailStatus gave no IsLogging")
}
