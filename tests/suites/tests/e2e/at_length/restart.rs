//! Death at any moment: whatever call to AWS the operator dies in, one logging trail and a Ready object come of it.

use anyhow::{Result, ensure};
use serde_json::json;
use test_cluster::Overrides;
use test_lab::CallFilter;
use test_suites::stage::{PATIENCE, Place, Stage};

const REGION: &str = "us-east-2";

/// Calls of a create, from an undisturbed one; then, for each of them, the operator is killed while the call is on its
/// way, before AWS has done it and after, and started again.
#[test]
fn killed_at_any_call_of_a_create_the_operator_ends_with_one_trail() -> Result<()> {
    let mut stage = Stage::start()?;
    let calls = undisturbed_create(&stage)?;
    println!("AWS calls of a create: {calls:?}");
    ensure!(calls.iter().any(|call| call == "CreateTrail"), "a create creates: {calls:?}");
    for (index, operation) in calls.iter().enumerate() {
        for phase in ["before", "after"] {
            let name = format!("killed-{index}-{phase}");
            let at = Place { namespace: "default", name: &name, region: REGION };
            kill_at(&mut stage, at, index, phase)?;
            let trail = stage.wait_ready(at)?;
            assert_eq!(trail["status"]["arn"], at.arn(), "{operation} {phase}");
            assert!(stage.is_logging(at)?, "{operation} {phase}");
            assert_eq!(stage.owner_tag(at)?, Some(format!("stage/default/{name}")), "{operation} {phase}");
            let trails = stage.aws(at, "cloudtrail", "DescribeTrails", &json!({}))?;
            assert_eq!(
                trails["trailList"].as_array().map(Vec::len),
                Some(1),
                "{operation} {phase}: {trails}"
            );
            // Makes room: CloudTrail allows five trails in a Region.
            stage.patch_trail(at, &json!({"deletionPolicy": "Delete"}))?;
            stage.delete_trail(at)?;
        }
    }
    Ok(())
}

/// The first call of all: whose credentials these are.
#[test]
fn killed_while_it_asks_who_it_is_the_operator_asks_again() -> Result<()> {
    let stage = Stage::without_operator()?;
    let at = Place { namespace: "default", name: "who-am-i", region: REGION };
    stage.make_bucket(at)?;
    stage.apply_trail(at, |_| {})?;
    let fault = stage
        .lab
        .fault(json!({"service": "sts", "operation": "GetCallerIdentity", "times": 1, "hang": true}))?;
    let mut operator = stage.spawn_operator(&Overrides::default())?;
    stage.lab.wait_hits(&fault, 1, PATIENCE)?;
    operator.kill9()?;
    stage.lab.delete_fault(&fault)?;
    operator.restart()?;
    stage.wait_ready(at)?;
    Ok(())
}

/// The operations that a create takes, in order, until the object is Ready.
fn undisturbed_create(stage: &Stage) -> Result<Vec<String>> {
    let at = Place { namespace: "default", name: "undisturbed", region: REGION };
    stage.make_bucket(at)?;
    let since = stage.lab.calls(CallFilter::default())?.last();
    stage.apply_trail(at, |spec| spec["deletionPolicy"] = "Delete".into())?;
    stage.wait_ready(at)?;
    let calls =
        stage.lab.calls(CallFilter { since, service: Some("cloudtrail"), ..CallFilter::default() })?;
    stage.delete_trail(at)?;
    Ok(calls.calls.into_iter().filter(|call| call.region == REGION).map(|call| call.operation).collect())
}

/// Lets `index` calls through, holds the next one, kills the operator while it waits for the answer, and starts it again.
fn kill_at(stage: &mut Stage, at: Place<'_>, index: usize, phase: &str) -> Result<()> {
    stage.make_bucket(at)?;
    let fault = stage.lab.fault(json!({
        "service": "cloudtrail", "operation": "*", "region": REGION,
        "skip": index, "times": 1, "phase": phase, "hang": true,
    }))?;
    stage.apply_trail(at, |_| {})?;
    stage.lab.wait_hits(&fault, 1, PATIENCE)?;
    stage.operator()?.kill9()?;
    stage.lab.delete_fault(&fault)?;
    stage.operator()?.restart()?;
    stage.operator()?.wait_ready(PATIENCE)?;
    Ok(())
}
