//! Trails with which nothing happens: they cost reads and nothing else. And what is told when only deliveries fail.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use test_cluster::wait_for;
use test_lab::{ACCOUNT, CallFilter, Lab};
use test_suites::stage::{PATIENCE, Place, Stage, condition, operations};

use crate::place;

/// How often each trail is looked at meanwhile.
const CHECKS: u32 = 4;

/// These intervals of 30 s, one more to begin with, and a little.
const INTERVALS: Duration = Duration::from_secs(30 * (CHECKS as u64 + 1) + 10);

const NAMES: [&str; 5] = ["steady-1", "steady-2", "steady-3", "steady-4", "steady-5"];

/// Five trails in a Region, and five in another.
const WITH_SELECTORS: &str = "us-west-2";
const WITH_INSIGHTS: &str = "eu-west-1";

/// While log files go on being delivered, the operator writes nothing to AWS and asks Kubernetes nothing but to keep its
/// Lease. The lab counts the calls to AWS, the API server its own.
#[test]
fn steady_trails_are_read_cheaply_and_never_written() -> Result<()> {
    let mut stage = Stage::start()?;
    let all = make_trails(&stage)?;
    for at in &all {
        deliver(&stage.lab, *at)?;
        stage.look(*at)?;
        stage.wait_condition(*at, "Logging", "True", "Delivering")?;
    }

    let versions = |stage: &Stage| -> Result<Vec<Value>> {
        all.iter().map(|at| Ok(stage.trail(*at)?["metadata"]["resourceVersion"].clone())).collect()
    };
    let before = versions(&stage)?;
    // A process looks more closely at what it has just made. Another one knows nothing of that, and writes nothing either.
    let restarted = stage.mark()?;
    stage.operator()?.terminate()?;
    stage.operator()?.restart()?;
    wait_for("the new process to have looked at all", PATIENCE, || {
        let looks = looks(&stage, restarted)?;
        ensure!(looks >= 10, "{looks} looks");
        Ok(())
    })?;
    let since = settled(&stage)?;
    let kubernetes = requests_to_kubernetes(&stage)?;
    let mut delivered = 0;
    wait_for("the checks", INTERVALS, || {
        let checks = looks(&stage, since)? / 10;
        if checks >= delivered {
            // Another log file before every check, so that each finds newer times than the one before.
            for at in &all {
                deliver(&stage.lab, *at)?;
            }
            delivered += 1;
        }
        ensure!(checks >= u64::from(CHECKS), "{checks} checks");
        Ok(())
    })?;

    let until = settled(&stage)?;
    let calls = stage.lab.calls(of_cloudtrail(since))?;
    ensure!(calls.last() == until, "a look was under way");
    assert_eq!(calls.writes, 0, "{:?}", calls.by_operation);
    for (region, most) in [(WITH_SELECTORS, 2.5), (WITH_INSIGHTS, 3.5)] {
        let operations = operations(&calls, region);
        let checks = operations.iter().filter(|operation| *operation == "GetTrailStatus").count();
        #[expect(clippy::cast_precision_loss, reason = "small counts")]
        let average = operations.len() as f64 / checks as f64;
        println!("AWS calls of {checks} checks of five trails in {region}: {average:.2} each");
        assert!(checks >= 5 * CHECKS as usize && average <= most, "{average} in {region}: {operations:?}");
    }
    assert_eq!(
        requests_to_kubernetes(&stage)?,
        kubernetes,
        "the API server was asked more than to keep the Lease"
    );
    assert_eq!(versions(&stage)?, before);
    println!("memory of the operator: {} MiB", stage.operator()?.memory_rss()? / 1024 / 1024);
    Ok(())
}

fn make_trails(stage: &Stage) -> Result<Vec<Place<'static>>> {
    let mut all = Vec::new();
    for region in [WITH_SELECTORS, WITH_INSIGHTS] {
        let namespace = if region == WITH_SELECTORS { "selectors" } else { "insights" };
        stage.namespace(namespace)?;
        for name in NAMES {
            let at = Place { namespace, name, region };
            stage.make_bucket(at)?;
            stage.apply_trail(at, |spec| {
                spec["managementEvents"] = json!({"excludeEventSources": ["kms.amazonaws.com"]});
                if region == WITH_INSIGHTS {
                    spec["insightSelectors"] = json!([{"insightType": "ApiCallRateInsight"}]);
                }
            })?;
            all.push(at);
        }
    }
    for at in &all {
        stage.wait_ready(*at)?;
    }
    Ok(all)
}

/// How often one trail or another was looked at.
fn looks(stage: &Stage, since: Option<u64>) -> Result<u64> {
    Ok(stage.lab.calls(of_cloudtrail(since))?.count("cloudtrail:GetTrailStatus"))
}

fn of_cloudtrail(since: Option<u64>) -> CallFilter<'static> {
    CallFilter { since, service: Some("cloudtrail"), account: Some(ACCOUNT) }
}

/// The last call, once there has been no further one for a while: trails of an account are looked at together.
fn settled(stage: &Stage) -> Result<Option<u64>> {
    let mut last = stage.mark()?;
    let mut quiet = 0;
    wait_for("the looks to be over", PATIENCE, || {
        let now = stage.mark()?;
        quiet = if now == last { quiet + 1 } else { 0 };
        last = now;
        ensure!(quiet >= 15, "calls go on");
        Ok(now)
    })
}

/// The same trail notices at its next check that deliveries fail, and that they are well again.
#[test]
fn failing_deliveries_are_told_once_in_cloudtrails_own_word() -> Result<()> {
    let stage = crate::shared();
    let at = place("failing", "me-central-1");
    stage.ready_trail(at)?;
    let policy = stage.aws(at, "s3", "GetBucketPolicy", &json!({"Bucket": at.bucket()}))?["Policy"].clone();
    stage.aws(at, "s3", "DeleteBucketPolicy", &json!({"Bucket": at.bucket()}))?;
    deliver(&stage.lab, at)?;
    let logging = stage.wait_condition(at, "Logging", "False", "DeliveryFailing")?;
    assert!(logging["message"].as_str().context("no message")?.contains("AccessDenied"), "{logging}");
    assert_eq!(condition(&stage.trail(at)?, "Ready")["status"], "True", "AWS is as declared all the same");

    stage.aws(at, "s3", "PutBucketPolicy", &json!({"Bucket": at.bucket(), "Policy": policy}))?;
    deliver(&stage.lab, at)?;
    stage.wait_condition(at, "Logging", "True", "Delivering")?;
    wait_for("both events, once each", PATIENCE, || {
        let events = stage.events(at)?;
        let told = |reason: &str| events.iter().filter(|event| *event == reason).count();
        ensure!(told("DeliveryFailing") == 1 && told("Delivering") == 1, "events are {events:?}");
        Ok(())
    })
}

/// One small log file, now.
fn deliver(lab: &Lab, at: Place<'_>) -> Result<()> {
    let what =
        json!({"trail": at.name, "region": at.region, "hours": 0, "filesPerHour": 1, "eventsPerFile": 1});
    lab.deliver(what).map(drop)
}

/// Requests by verb and resource, as the API server counts them. Left out are Leases, watches, which are renewed every
/// few minutes, and what the control plane itself asks on a cluster where nothing happens.
fn requests_to_kubernetes(stage: &Stage) -> Result<BTreeMap<String, u64>> {
    const OURS: [&str; 6] =
        ["awsaccounts", "customresourcedefinitions", "events", "eventselectors", "trails", "secrets"];
    let metrics = stage.cluster.raw("/metrics")?;
    let mut requests = BTreeMap::new();
    for line in metrics.lines().filter(|line| line.starts_with("apiserver_request_total{")) {
        let label = |name: &str| {
            let rest = line.split_once(&format!("{name}=\""))?.1;
            Some(rest.split_once('"')?.0)
        };
        let (verb, resource) = (label("verb").context("no verb")?, label("resource").context("no resource")?);
        let is_write = !["GET", "LIST", "WATCH", "CONNECT"].contains(&verb);
        if (OURS.contains(&resource) && verb != "WATCH") || (is_write && !OWN_BUSINESS.contains(&resource)) {
            let count: f64 = line.rsplit(' ').next().context("no value")?.parse()?;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small count")]
            let count = count as u64;
            *requests.entry(format!("{verb} {resource}")).or_default() += count;
        }
    }
    ensure!(
        requests.keys().any(|key| key.ends_with(" trails")),
        "the API server counted no request for a trail at all"
    );
    Ok(requests)
}

/// Leases, and what the control plane itself keeps up to date on a cluster where nothing happens.
const OWN_BUSINESS: [&str; 7] = [
    "apiservices",
    "endpoints",
    "endpointslices",
    "flowschemas",
    "leases",
    "prioritylevelconfigurations",
    "subjectaccessreviews",
];
