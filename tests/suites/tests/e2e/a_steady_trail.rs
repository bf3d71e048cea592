//! A trail with which nothing happens: it costs reads and nothing else. And what is told when only deliveries fail.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use test_cluster::wait_for;
use test_lab::{CallFilter, Lab};
use test_suites::stage::{PATIENCE, Place, Stage, condition};

/// Ten intervals of 30 s, and a little.
const TEN_INTERVALS: Duration = Duration::from_secs(10 * 30 + 10);

/// Over ten intervals, while log files go on being delivered, the operator writes nothing to AWS and nothing to
/// Kubernetes but its Lease. The lab counts the calls to AWS, the API server its own.
#[test]
fn a_steady_trail_is_read_and_never_written() -> Result<()> {
    let mut stage = Stage::start()?;
    let at = Place { namespace: "default", name: "steady", region: "us-west-2" };
    stage.ready_trail(at)?;
    deliver(&stage.lab, at)?;
    stage.wait_condition(at, "Logging", "True", "Delivering")?;

    let version = stage.trail(at)?["metadata"]["resourceVersion"].clone();
    let since = stage.lab.calls(CallFilter::default())?.last();
    let kubernetes = writes_to_kubernetes(&stage)?;
    let checks = || -> Result<u64> {
        Ok(stage.lab.calls(CallFilter { since, ..CallFilter::default() })?.count("cloudtrail:GetTrailStatus"))
    };
    let mut delivered = 0;
    wait_for("ten checks", TEN_INTERVALS, || {
        let checks = checks()?;
        if checks >= delivered {
            // Another log file before every check, so that each finds newer times than the one before.
            deliver(&stage.lab, at)?;
            delivered += 1;
        }
        ensure!(checks >= 10, "{checks} checks");
        Ok(())
    })?;

    let calls = stage.lab.calls(CallFilter { since, ..CallFilter::default() })?;
    assert_eq!(calls.writes, 0, "{:?}", calls.by_operation);
    let per_check = BTreeMap::from(["DescribeTrails", "ListTags", "GetTrailStatus"].map(|name| {
        let count = calls.count(&format!("cloudtrail:{name}"));
        (name, count)
    }));
    println!("AWS calls of {} checks: {per_check:?}", calls.count("cloudtrail:GetTrailStatus"));
    assert_eq!(
        writes_to_kubernetes(&stage)?,
        kubernetes,
        "the API server counted writes besides the Lease's"
    );
    assert_eq!(stage.trail(at)?["metadata"]["resourceVersion"], version);
    println!("memory of the operator: {} MiB", stage.operator()?.memory_rss()? / 1024 / 1024);
    Ok(())
}

/// The same trail notices at its next check that deliveries fail, and that they are well again.
#[test]
fn failing_deliveries_are_told_once_in_cloudtrails_own_word() -> Result<()> {
    let stage = Stage::start()?;
    let at = Place { namespace: "default", name: "failing", region: "us-west-1" };
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
    let what = json!({"trail": at.name, "region": at.region, "hours": 0, "eventsPerFile": 1});
    lab.deliver(what).map(drop)
}

/// Requests that can change an object, by verb and resource, as the API server counts them. Left out are Leases, and what
/// the control plane itself keeps up to date on a cluster where nothing happens.
fn writes_to_kubernetes(stage: &Stage) -> Result<BTreeMap<String, u64>> {
    const OWN_BUSINESS: [&str; 7] = [
        "apiservices",
        "endpoints",
        "endpointslices",
        "flowschemas",
        "leases",
        "prioritylevelconfigurations",
        "subjectaccessreviews",
    ];
    const VERBS: [&str; 6] = ["POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION"];
    let metrics = stage.cluster.raw("/metrics")?;
    let mut writes = BTreeMap::new();
    for line in metrics.lines().filter(|line| line.starts_with("apiserver_request_total{")) {
        let label = |name: &str| {
            let rest = line.split_once(&format!("{name}=\""))?.1;
            Some(rest.split_once('"')?.0)
        };
        let (verb, resource) = (label("verb").context("no verb")?, label("resource").context("no resource")?);
        if !OWN_BUSINESS.contains(&resource) && VERBS.contains(&verb) {
            let count: f64 = line.rsplit(' ').next().context("no value")?.parse()?;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small count")]
            let count = count as u64;
            *writes.entry(format!("{verb} {resource}")).or_default() += count;
        }
    }
    ensure!(
        writes.keys().any(|key| key.ends_with(" trails")),
        "the API server counted no write of a trail at all"
    );
    Ok(writes)
}
