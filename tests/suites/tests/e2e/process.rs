//! The operator as a process: who leads, how it stops, what it serves.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use test_cluster::{NAMESPACE, Overrides, wait_for};
use test_lab::CallFilter;
use test_suites::stage::{PATIENCE, Place, Stage, condition};

#[test]
fn one_of_two_leads_and_the_other_takes_over_at_once_when_it_stops() -> Result<()> {
    let mut stage = Stage::start()?;
    let second = Overrides { pod_name: Some("trail-operator-1".into()), ..Overrides::default() };
    let follower = stage.run_operator(&second)?;
    assert_eq!(leaders(&[stage.operator()?.metrics()?, follower.metrics()?]), [true, false]);
    assert_eq!(holder(&stage)?, "trail-operator-0");

    let exit = stage.operator()?.terminate()?;
    assert_eq!(exit.code, 0);
    let start = Instant::now();
    wait_for("the follower to lead", PATIENCE, || {
        let holder = holder(&stage)?;
        ensure!(holder == "trail-operator-1", "the Lease is held by '{holder}'");
        Ok(())
    })?;
    println!("from the end of the leader to the next: {:?}", start.elapsed());
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "a Lease that was given up is taken before it runs out"
    );
    let at = Place { namespace: "default", name: "inherited", region: "us-west-1" };
    stage.ready_trail(at)?;
    Ok(())
}

#[test]
fn a_killed_leader_is_followed_when_its_lease_has_run_out() -> Result<()> {
    let mut stage = Stage::start()?;
    let second = Overrides { pod_name: Some("trail-operator-1".into()), ..Overrides::default() };
    let _follower = stage.run_operator(&second)?;
    stage.operator()?.kill9()?;
    let start = Instant::now();
    wait_for("the follower to lead", PATIENCE, || {
        let holder = holder(&stage)?;
        ensure!(holder == "trail-operator-1", "the Lease is held by '{holder}'");
        Ok(())
    })?;
    assert!(start.elapsed() >= Duration::from_secs(5), "it waited for the Lease: {:?}", start.elapsed());
    Ok(())
}

#[test]
fn a_leader_whose_lease_was_taken_ends_itself() -> Result<()> {
    let mut stage = Stage::start()?;
    let thief =
        json!({"spec": {"holderIdentity": "thief", "renewTime": "2100-01-01T00:00:00.000000Z"}}).to_string();
    stage.cluster.kubectl(&[
        "patch",
        "lease",
        "trail-operator",
        "-n",
        NAMESPACE,
        "--type",
        "merge",
        "-p",
        &thief,
    ])?;
    let operator = stage.operator()?;
    let code = wait_for("the operator to end", PATIENCE, || operator.exited()?.context("it still runs"))?;
    assert_eq!(code, 1);
    Ok(())
}

/// The API server stops answering and keeps its connections open. Whoever takes over has to wait for the Lease's 15 s
/// from the last renewal; by then the old leader must be gone.
#[test]
fn a_leader_that_cannot_renew_ends_before_its_lease_does() -> Result<()> {
    let mut stage = Stage::start()?;
    wait_for("nothing to be in hand", PATIENCE, || {
        let account = stage.cluster.kubectl_json(&["get", "awsaccount", "default"])?;
        ensure!(condition(&account, "Ready")["status"] == "True", "the account is {}", account["status"]);
        Ok(())
    })?;
    stage.cluster.plane().context("no control plane of our own")?.signal_api_server("STOP")?;
    let start = Instant::now();
    let operator = stage.operator()?;
    let code = wait_for("the operator to end", PATIENCE, || operator.exited()?.context("it still runs"));
    let took = start.elapsed();
    stage.cluster.plane().context("no control plane of our own")?.signal_api_server("CONT")?;
    assert_eq!(code?, 1);
    println!("from silence of the API server to the leader's end: {took:?}");
    // It gives up 10 s after the last renewal, which was up to 3 s before the silence; the Lease ends after 15 s.
    assert!(took < Duration::from_secs(12), "{took:?}");
    Ok(())
}

#[test]
fn sigterm_ends_an_operator_whose_definitions_are_missing() -> Result<()> {
    let stage = Stage::without_operator()?;
    stage.cluster.kubectl(&["delete", "crd", "trails.trail-operator.dev"])?;
    let mut operator = stage.spawn_operator(&Overrides::default())?;
    wait_for("the operator to say what it waits for", PATIENCE, || {
        let error = operator.ready().err().context("it is ready")?.to_string();
        ensure!(error.contains("the watch on trails"), "it says {error}");
        Ok(())
    })?;
    let exit = operator.terminate()?;
    assert_eq!(exit.code, 0);
    assert!(exit.after < Duration::from_secs(5), "{:?}", exit.after);
    assert_eq!(holder(&stage)?, "", "the Lease was given up");
    Ok(())
}

/// The credentials are exchanged for another account's while the operator is down: nothing is made there.
#[test]
fn an_account_verified_by_an_earlier_process_is_asked_for_again() -> Result<()> {
    let mut stage = Stage::start()?;
    let at = Place { namespace: "default", name: "at-home", region: "us-west-1" };
    stage.ready_trail(at)?;
    stage.operator()?.terminate()?;
    let elsewhere = "444455556666";
    let env = vec![("AWS_ACCESS_KEY_ID".to_owned(), elsewhere.to_owned())];
    stage.operator = Some(stage.run_operator(&Overrides { env, ..Overrides::default() })?);
    stage.wait_condition(at, "Ready", "False", "AccountNotReady")?;
    let calls = stage.lab.calls(CallFilter { account: Some(elsewhere), ..CallFilter::default() })?;
    assert_eq!(calls.by_operation.keys().collect::<Vec<_>>(), ["sts:GetCallerIdentity"]);
    assert!(stage.is_logging(at)?);
    Ok(())
}

#[test]
fn sigterm_lets_the_change_in_hand_finish_and_gives_the_lease_up() -> Result<()> {
    let mut stage = Stage::start()?;
    let at = Place { namespace: "default", name: "in-hand", region: "us-west-2" };
    stage.make_bucket(at)?;
    let fault = stage.lab.fault(json!({
        "service": "cloudtrail", "operation": "CreateTrail", "region": at.region, "times": 1, "delaySeconds": 3,
    }))?;
    stage.apply_trail(at, |_| {})?;
    stage.lab.wait_hits(&fault, 1, PATIENCE)?;
    let exit = stage.operator()?.terminate()?;
    assert_eq!(exit.code, 0);
    assert!(exit.after < Duration::from_secs(20), "three seconds' delay and a few calls: {:?}", exit.after);
    assert!(stage.is_logging(at)?, "CreateTrail was in hand; StartLogging belongs to the same change");
    assert_eq!(holder(&stage)?, "");
    stage.wait_ready(at)?;
    Ok(())
}

#[test]
fn an_object_this_version_cannot_read_stops_no_other() -> Result<()> {
    let stage = Stage::start()?;
    let crd = "trails.trail-operator.dev";
    let path = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/logging/enum/-";
    let newer = json!([{"op": "add", "path": path, "value": "Sometimes"}]).to_string();
    stage.cluster.kubectl(&["patch", "crd", crd, "--type", "json", "-p", &newer])?;
    let unreadable = Place { namespace: "default", name: "from-the-future", region: "us-west-1" };
    wait_for("the API server to accept the newer schema", PATIENCE, || {
        stage.apply_trail(unreadable, |spec| spec["logging"] = "Sometimes".into())
    })?;
    wait_for("an event about it", PATIENCE, || {
        let events = stage.events(unreadable)?;
        ensure!(events == ["Undecodable"], "events are {events:?}");
        Ok(())
    })?;
    let at = Place { namespace: "default", name: "readable", region: "us-west-1" };
    stage.ready_trail(at)?;
    Ok(())
}

#[test]
fn removing_the_chart_and_the_definitions_ends_no_audit_log() -> Result<()> {
    let mut stage = Stage::start()?;
    let at = Place { namespace: "default", name: "undefined", region: "us-west-1" };
    stage.make_bucket(at)?;
    stage.apply_trail(at, |spec| spec["deletionPolicy"] = "Delete".into())?;
    stage.wait_ready(at)?;
    stage.cluster.helm(&["uninstall", "trail-operator", "--namespace", NAMESPACE])?;
    assert!(stage.is_logging(at)?, "uninstalling takes no object along");
    stage.trail(at)?;
    // The ServiceAccount went with the chart, and its token with it.
    stage.operator = None;
    stage.install(&[])?;
    stage.operator = Some(stage.run_operator(&Overrides::default())?);
    stage.cluster.kubectl(&["delete", "crd", "trails.trail-operator.dev", "--wait=false"])?;
    wait_for("the definition to be gone", PATIENCE, || {
        let definitions = stage.cluster.kubectl(&["get", "crds", "-o", "name"])?;
        ensure!(!definitions.contains("/trails."), "there are {definitions}");
        Ok(())
    })?;
    assert!(stage.is_logging(at)?);
    Ok(())
}

#[test]
fn metrics_and_logs_speak_of_trails_by_name() -> Result<()> {
    let mut stage = Stage::start()?;
    let at = Place { namespace: "default", name: "measured", region: "us-west-1" };
    stage.ready_trail(at)?;
    let operator = stage.operator()?;
    wait_for("the metrics of a Ready trail", PATIENCE, || {
        let metrics = operator.metrics()?;
        for line in [
            r#"trail_operator_resource_condition{kind="Trail",namespace="default",name="measured",type="Ready",status="True",reason="Succeeded"} 1"#,
            r#"trail_operator_trail_logging{namespace="default",name="measured"} 1"#,
            r#"trail_operator_aws_requests_total{service="cloudtrail",operation="CreateTrail",code="OK"} 1"#,
            "trail_operator_leader 1",
        ] {
            ensure!(metrics.lines().any(|found| found == line), "{line} is not in\n{metrics}");
        }
        Ok(())
    })?;
    let log = operator.log();
    let created =
        log.lines().find(|line| line.contains("\"TrailCreated\"")).context("no line of the creation")?;
    let created: serde_json::Value = serde_json::from_str(created)?;
    let span = &created["span"];
    assert_eq!((&span["namespace"], &span["generation"]), (&json!("default"), &json!(1)), "{created}");
    assert!(span["reconcile_id"].as_str().is_some_and(|id| id.len() == 8), "{created}");
    Ok(())
}

fn holder(stage: &Stage) -> Result<String> {
    let lease = stage.cluster.kubectl_json(&["get", "lease", "trail-operator", "-n", NAMESPACE])?;
    Ok(lease["spec"]["holderIdentity"].as_str().unwrap_or_default().to_owned())
}

fn leaders(metrics: &[String]) -> Vec<bool> {
    metrics.iter().map(|text| text.lines().any(|line| line == "trail_operator_leader 1")).collect()
}
