//! The lab does what its control plane is told, and the stock AWS command line sees it.
#![allow(clippy::expect_used, reason = "a test may stop at the first surprise, in its helpers too")]

use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;
use test_cluster::wait_for;
use test_lab::{ACCOUNT, AwsError, CallFilter, Lab, REGION, Sessions};

/// One for all tests; each uses an account of its own.
fn lab() -> &'static Lab {
    static LAB: OnceLock<Lab> = OnceLock::new();
    LAB.get_or_init(|| Lab::start().expect("a lab"))
}

/// Makes a trail that logs, in an account of its own.
fn logging_trail(account: &str, bucket: &str) {
    let lab = lab();
    lab.trail_bucket(account, REGION, bucket, &["main"]).expect("a bucket");
    let create = json!({"Name": "main", "S3BucketName": bucket, "EnableLogFileValidation": true});
    lab.aws("cloudtrail", "CreateTrail", &create, account, REGION).expect("a trail");
    lab.aws("cloudtrail", "StartLogging", &json!({"Name": "main"}), account, REGION).expect("logging");
}

#[test]
fn an_aws_error_keeps_its_code() {
    let error = lab().aws("cloudtrail", "GetTrailStatus", &json!({"Name": "nobody"}), "111111111111", REGION);
    let error = error.unwrap_err();
    assert_eq!(error.downcast_ref::<AwsError>().unwrap().code, "TrailNotFoundException");
}

#[test]
fn calls_of_the_command_line_are_counted_and_those_of_fixtures_are_not() {
    let account = "222222222222";
    logging_trail(account, "counted");
    let filter = CallFilter { account: Some(account), service: Some("cloudtrail"), since: None };
    assert_eq!(lab().calls(filter).unwrap().calls.len(), 0);

    let aws = lab().aws_cli().unwrap();
    let trails = aws.json(account, REGION, &["cloudtrail", "describe-trails"]).unwrap();
    assert_eq!(trails["trailList"][0]["S3BucketName"], "counted");
    aws.run(account, REGION, &["cloudtrail", "stop-logging", "--name", "main"]).unwrap();

    let calls = lab().calls(filter).unwrap();
    assert_eq!((calls.count("cloudtrail:DescribeTrails"), calls.writes), (1, 1));
    let since = CallFilter { since: calls.last(), ..filter };
    assert_eq!(lab().calls(since).unwrap().calls.len(), 0);
}

#[test]
fn a_fault_hits_as_often_as_told_and_can_be_awaited() {
    let account = "333333333333";
    let what = json!({"account": account, "operation": "DescribeTrails", "times": 1, "status": 400,
                      "code": "AccessDeniedException", "message": "not you"});
    let fault = lab().fault(what).unwrap();
    assert!(lab().wait_hit(&fault, Duration::from_secs(1)).is_err(), "nothing has called yet");

    let waiter = thread::spawn({
        let fault = fault.clone();
        move || lab().wait_hit(&fault, Duration::from_secs(30))
    });
    let describe = || lab().aws_cli()?.run(account, REGION, &["cloudtrail", "describe-trails"]);
    let error = describe().unwrap_err().to_string();
    assert!(error.contains("AccessDeniedException") && error.contains("not you"), "{error}");
    waiter.join().unwrap().unwrap();
    describe().unwrap();
    lab().delete_fault(&fault).unwrap();
}

#[test]
fn delivered_files_are_in_the_bucket() {
    let account = "444444444444";
    logging_trail(account, "delivered");
    lab().deliver(json!({"trail": "main", "account": account, "region": REGION, "hours": 1})).unwrap();
    let list = ["s3api", "list-objects-v2", "--bucket", "delivered", "--query", "Contents[].Key"];
    let keys = lab().aws_cli().unwrap().json(account, REGION, &list).unwrap();
    let keys: Vec<_> = keys.as_array().unwrap().iter().filter_map(|key| key.as_str()).collect();
    for part in ["/CloudTrail/", "/CloudTrail-Digest/"] {
        assert!(keys.iter().any(|key| key.contains(part)), "no {part} in {keys:?}");
    }
}

#[test]
fn its_fidelity_is_counted() {
    let fidelity = lab().fidelity().unwrap();
    assert_eq!(fidelity.counts.values().sum::<u64>(), fidelity.behaviours.len() as u64);
    assert!(fidelity.counts["documented"] > 0);
}

#[test]
fn regions_are_enabled_by_account() {
    let account = "555555555555";
    assert_eq!(
        lab().regions(account, &["af-south-1", "me-south-1"], &[]).unwrap(),
        ["af-south-1", "me-south-1"]
    );
    assert_eq!(lab().regions(account, &[], &["me-south-1"]).unwrap(), ["af-south-1"]);
    let enabled = ["--region-opt-status-contains", "ENABLED", "--query", "Regions[].RegionName"];
    let list = [&["account", "list-regions"], enabled.as_slice()].concat();
    let aws = lab().aws_cli().unwrap();
    assert_eq!(aws.json(account, REGION, &list).unwrap(), json!(["af-south-1"]));
    assert_eq!(aws.json(ACCOUNT, REGION, &list).unwrap(), json!([]));
    assert!(lab().regions(account, &["us-east-1"], &[]).unwrap_err().to_string().contains("opt-in"));
}

/// Calls `StopLogging`, whatever comes of it. The lab takes the caller's word for who it is.
fn stop_logging(lab: &Lab) -> Result<()> {
    let scope = format!("{ACCOUNT}/20260101/{REGION}/cloudtrail/aws4_request");
    let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().new_agent();
    agent
        .post(lab.endpoint())
        .header("x-amz-target", "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.StopLogging")
        .header(
            "authorization",
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"),
        )
        .send(r#"{"Name": "main"}"#)?;
    Ok(())
}

/// In a lab of its own, since these change it for all.
#[test]
fn sessions_end_and_calls_are_throttled_on_request() {
    let lab = Lab::start().unwrap();
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}]});
    let role = json!({"RoleName": "operator", "AssumeRolePolicyDocument": trust.to_string()});
    lab.aws("iam", "CreateRole", &role, "222222222222", REGION).unwrap();
    let session = json!({"RoleArn": "arn:aws:iam::222222222222:role/operator", "RoleSessionName": "test"});
    lab.aws("sts", "AssumeRole", &session, ACCOUNT, REGION).unwrap();
    assert_eq!(lab.sessions().unwrap(), Sessions { lifetime: None, valid: 1, expired: 0 });
    assert_eq!(lab.expire_sessions().unwrap(), Sessions { lifetime: None, valid: 0, expired: 1 });
    assert_eq!(lab.session_lifetime(Some(Duration::from_mins(1))).unwrap().lifetime, Some(60));
    assert_eq!(lab.session_lifetime(None).unwrap().lifetime, None);

    lab.limits(true).unwrap();
    // One write a second, so that a second one after the other does not get through.
    wait_for("a throttled call", Duration::from_secs(30), || {
        stop_logging(&lab)?;
        let calls = lab.calls(CallFilter::default())?.calls;
        ensure!(calls.iter().any(|call| call.code == Some(json!("ThrottlingException"))), "not throttled");
        Ok(())
    })
    .unwrap();
    lab.limits(false).unwrap();
}

/// In a lab of its own, since these change it for all.
#[test]
fn its_clock_turns_and_a_reset_forgets() {
    let lab = Lab::start().unwrap();
    lab.set_clock("2030-01-01T00:00:00Z").unwrap();
    let later = lab.advance(Duration::from_hours(1)).unwrap();
    assert!(later["now"].as_str().unwrap().starts_with("2030-01-01T01:00"), "{later}");
    lab.trail_bucket(ACCOUNT, REGION, "forgotten", &["main"]).unwrap();
    let trail = json!({"Name": "main", "S3BucketName": "forgotten"});
    lab.aws("cloudtrail", "CreateTrail", &trail, ACCOUNT, REGION).unwrap();
    assert_eq!(lab.trails().unwrap().as_array().unwrap().len(), 1);
    lab.reset().unwrap();
    assert_eq!(lab.trails().unwrap(), json!([]));
}

#[test]
fn a_dropped_lab_is_gone() {
    let lab = Lab::start().unwrap();
    let address = lab.endpoint().trim_start_matches("http://").to_owned();
    std::net::TcpStream::connect(&address).unwrap();
    drop(lab);
    assert!(std::net::TcpStream::connect(&address).is_err());
}
