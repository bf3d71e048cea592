//! What the lab does on request: counting, faults, lag.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::config::retry::RetryConfig;
use aws_sdk_cloudtrail::config::timeout::TimeoutConfig;
use serde_json::{Value, json};
use test_cluster::wait::INTERVAL;
use test_lab::{CallFilter, Calls, Lab};

use crate::world::{AWAY, HOME, World, code, config, lab};

fn calls(account: &str, since: Option<u64>) -> Result<Calls> {
    lab().calls(CallFilter { account: Some(account), since, ..CallFilter::default() })
}

/// A trail `main` in an account of its own.
async fn world(account: &'static str) -> Result<World<'static>> {
    let world = World::new(account)?;
    world.client.create_trail().name("main").s3_bucket_name(&world.bucket).send().await?;
    Ok(world)
}

#[tokio::test]
async fn every_call_is_counted_and_writes_are_told_from_reads() -> Result<()> {
    let world = world("300000000001").await?;
    let before = calls(world.account, None)?;
    assert_eq!((before.calls.len(), before.writes), (1, 1), "fixtures are not counted: {before:?}");
    assert_eq!(before.count("cloudtrail:CreateTrail"), 1);

    world.client.get_trail().name("main").send().await?;
    world.away.describe_trails().send().await?;
    world.away.describe_trails().send().await?;
    world.client.start_logging().name("main").send().await?;
    world.client.get_trail().name("nobody").send().await.unwrap_err();
    let after = calls(world.account, before.last())?;
    let seen: Vec<_> = after.calls.iter().map(|it| (it.operation.as_str(), it.region.as_str())).collect();
    let expected = [
        ("GetTrail", HOME),
        ("DescribeTrails", AWAY),
        ("DescribeTrails", AWAY),
        ("StartLogging", HOME),
        ("GetTrail", HOME),
    ];
    assert_eq!(seen, expected);
    assert_eq!((after.writes, after.count("cloudtrail:DescribeTrails")), (1, 2));
    assert_eq!(after.calls[4].code, Some(json!("TrailNotFoundException")));
    assert_eq!(calls("300000000099", None)?.calls.len(), 0, "another account's calls are its own");
    Ok(())
}

#[tokio::test]
async fn throttling_passes_when_the_sdk_tries_again_and_each_attempt_counts() -> Result<()> {
    let world = world("300000000002").await?;
    let retries =
        RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(10));
    let patient = Client::from_conf(config(lab(), world.account, HOME).retry_config(retries).build());
    let throttle = |times: i32| {
        lab().fault(json!({
            "service": "cloudtrail", "operation": "GetTrailStatus", "account": world.account, "times": times,
            "code": "ThrottlingException", "message": "Rate exceeded",
        }))
    };
    let attempts =
        |since| Ok::<_, anyhow::Error>(calls(world.account, since)?.count("cloudtrail:GetTrailStatus"));

    let since = calls(world.account, None)?.last();
    throttle(2)?;
    patient.get_trail_status().name("main").send().await?;
    assert_eq!(attempts(since)?, 3);

    let since = calls(world.account, None)?.last();
    let fault = throttle(-1)?;
    let error = patient.get_trail_status().name("main").send().await.unwrap_err();
    assert_eq!((code(&error).as_str(), attempts(since)?), ("ThrottlingException", 3));
    let others = World::new("300000000003")?;
    others.client.describe_trails().send().await?;
    lab().delete_fault(&fault)?;
    patient.get_trail_status().name("main").send().await?;
    Ok(())
}

#[tokio::test]
async fn a_fault_can_wait_its_turn_and_come_from_the_network() -> Result<()> {
    let world = world("300000000004").await?;
    let fault = lab().fault(json!({
        "service": "cloudtrail", "operation": "Get*", "account": world.account, "region": HOME, "skip": 1, "status": 503,
    }))?;
    let get = || world.client.get_trail().name("main").send();
    get().await?;
    let error = get().await.unwrap_err();
    assert_eq!(error.raw_response().map(|response| response.status().as_u16()), Some(503));
    get().await?;
    let found = lab().wait_hit(&fault, Duration::from_secs(1))?;
    assert!(found.to_string().contains("\"hits\":1"), "{found}");
    Ok(())
}

#[tokio::test]
async fn a_fault_after_the_deed_leaves_it_done_though_the_answer_failed() -> Result<()> {
    let world = World::new("300000000005")?;
    lab().fault(json!({
        "service": "cloudtrail", "operation": "CreateTrail", "account": world.account, "phase": "after", "status": 500,
    }))?;
    let create = || world.client.create_trail().name("main").s3_bucket_name(&world.bucket).send();
    let error = create().await.unwrap_err();
    assert_eq!(code(&error), "InternalFailure");
    world.client.get_trail().name("main").send().await?;
    assert_eq!(code(&create().await.unwrap_err()), "TrailAlreadyExistsException");
    Ok(())
}

#[tokio::test]
async fn a_call_that_hangs_is_given_up_by_the_caller_and_was_not_done() -> Result<()> {
    let world = world("300000000006").await?;
    let fault = lab().fault(json!({
        "service": "cloudtrail", "operation": "StartLogging", "account": world.account, "hang": true,
    }))?;
    let timeouts = TimeoutConfig::builder().operation_timeout(Duration::from_millis(300)).build();
    let hasty = Client::from_conf(config(lab(), world.account, HOME).timeout_config(timeouts).build());
    let error = hasty.start_logging().name("main").send().await.unwrap_err();
    assert_eq!(code(&error), "(no answer in time)");
    lab().wait_hit(&fault, Duration::from_secs(5))?;
    until("the lab to see that the caller is gone", || async {
        let faults = lab().faults().unwrap_or_default();
        let hanging = |it: &Value| it["operation"] == "StartLogging" && it["hanging"] != 0;
        faults.as_array().is_some_and(|faults| !faults.iter().any(hanging))
    })
    .await?;
    assert_eq!(world.client.get_trail_status().name("main").send().await?.is_logging, Some(false));
    lab().delete_fault(&fault)
}

#[tokio::test]
async fn with_lag_a_write_is_seen_later_but_holds_at_once() -> Result<()> {
    // A lab of its own: lag is for everybody.
    let lab = Lab::start()?;
    let world = World::of(&lab, "300000000007")?;
    let World { client, bucket, .. } = &world;
    let lag = Duration::from_millis(800);
    lab.lag("cloudtrail", lag)?;
    let create = || client.create_trail().name("main").s3_bucket_name(bucket);
    let get = || client.get_trail().name("main").send();
    create().send().await?;
    assert_eq!(code(&get().await.unwrap_err()), "TrailNotFoundException");
    assert!(client.describe_trails().send().await?.trail_list().is_empty());
    assert_eq!(code(&create().send().await.unwrap_err()), "TrailAlreadyExistsException");
    client.start_logging().name("main").send().await?;
    until("the trail to be seen", || async { get().await.is_ok() }).await?;

    client.update_trail().name("main").enable_log_file_validation(true).send().await?;
    let validates = || async { get().await.ok()?.trail?.log_file_validation_enabled };
    assert_eq!(validates().await, Some(false));
    until("the change to be seen", || async { validates().await == Some(true) }).await?;
    lab.lag("cloudtrail", Duration::ZERO)?;
    client.delete_trail().name("main").send().await?;
    assert_eq!(code(&get().await.unwrap_err()), "TrailNotFoundException");
    Ok(())
}

/// Looks until it is so. Unlike `wait_for` it lets the SDK's connections go on meanwhile.
async fn until<F: Future<Output = bool>>(what: &str, look: impl Fn() -> F) -> Result<()> {
    let start = Instant::now();
    while !look().await {
        ensure!(start.elapsed() < Duration::from_secs(10), "waited for {what}");
        tokio::time::sleep(INTERVAL).await;
    }
    Ok(())
}
