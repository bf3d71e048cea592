//! Several AWS accounts: roles in them, what may be used from where, and what one does not notice of another.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use test_cluster::wait_for;
use test_lab::{ACCOUNT, CallFilter};
use test_suites::stage::{INTERVAL, PATIENCE, Place, Stage, condition, operations};

use crate::{neighbours, place, shared};

/// The operator's own identity is in [`ACCOUNT`]; here it is only by roles.
const OTHER: &str = "444455556666";

fn role_arn(name: &str) -> String {
    format!("arn:aws:iam::{OTHER}:role/{name}")
}

/// Who may assume a role: the operator's account, by this external id.
fn trust(external_id: &str) -> String {
    neighbours::document(&json!([{
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:root")},
        "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
    }]))
}

fn make_role(stage: &Stage, name: &str, external_id: &str) -> Result<()> {
    let role = json!({"RoleName": name, "AssumeRolePolicyDocument": trust(external_id)});
    stage.lab.aws("iam", "CreateRole", &role, OTHER, "us-east-1").map(drop)
}

/// An `AwsAccount` of [`OTHER`] by a role.
fn by_role(role: &str, external_id: &str) -> Value {
    json!({
        "accountId": OTHER, "roleArn": role_arn(role), "externalId": external_id,
        "allowedNamespaces": {"names": ["default"]}, "guardrails": {"weakening": "Allow"},
    })
}

fn there(stage: &Stage, at: Place<'_>, operation: &str) -> Result<Value> {
    stage.lab.aws("cloudtrail", operation, &json!({"Name": at.name}), OTHER, at.region)
}

fn logs_there(stage: &Stage, at: Place<'_>) -> Result<bool> {
    Ok(there(stage, at, "GetTrailStatus")?["IsLogging"] == true)
}

fn calls_there(stage: &Stage, at: Place<'_>, mark: Option<u64>) -> Result<Vec<String>> {
    let filter = CallFilter { since: mark, service: Some("cloudtrail"), account: Some(OTHER) };
    Ok(operations(&stage.lab.calls(filter)?, at.region))
}

/// A trail there that is Ready.
fn ready_there(stage: &Stage, at: Place<'_>, account: &str) -> Result<Value> {
    stage.lab.trail_bucket(OTHER, at.region, &at.bucket(), &[at.name])?;
    stage.apply_trail(at, |spec| spec["accountRef"] = json!({"name": account}))?;
    stage.wait_ready(at)
}

#[test]
fn a_trail_is_kept_in_another_account_by_a_role_and_others_learn_nothing_of_it() -> Result<()> {
    let (stage, at) = (shared(), place("there", "ap-northeast-1"));
    make_role(stage, "keeper", "secret-handshake")?;
    stage.apply_account("there", &by_role("keeper", "secret-handshake"))?;
    let trail = ready_there(stage, at, "there")?;
    assert_eq!(trail["status"]["accountId"], OTHER);
    assert_eq!(trail["status"]["arn"], at.arn().replace(ACCOUNT, OTHER));
    assert!(logs_there(stage, at)? && stage.in_aws(at)?.is_null());
    assert_eq!(
        stage.account("there")?["status"]["identityArn"],
        format!("arn:aws:sts::{OTHER}:assumed-role/keeper")
    );

    let outside = Place { namespace: "outside", ..at };
    stage.cluster.kubectl(&["create", "namespace", outside.namespace])?;
    stage.apply_trail(outside, |spec| spec["accountRef"] = json!({"name": "there"}))?;
    stage.wait_condition(outside, "Ready", "False", "NotPermitted")?;
    let status = stage.trail(outside)?["status"].to_string();
    for secret in [OTHER, "keeper", "secret-handshake"] {
        assert!(!status.contains(secret), "{secret} is in {status}");
    }
    stage.delete_trail(outside)
}

#[test]
fn a_wrong_external_id_is_told_and_the_trail_waits_until_it_is_right() -> Result<()> {
    let (stage, at) = (shared(), place("misspelt", "ap-northeast-2"));
    make_role(stage, "careful", "right")?;
    stage.apply_account("misspelt", &by_role("careful", "wrong"))?;
    stage.wait_account("misspelt", "IdentityVerified", "False", "AssumeRoleDenied")?;
    stage.wait_account("misspelt", "Ready", "False", "AssumeRoleDenied")?;
    stage.lab.trail_bucket(OTHER, at.region, &at.bucket(), &[at.name])?;
    let mark = stage.mark()?;
    stage.apply_trail(at, |spec| spec["accountRef"] = json!({"name": "misspelt"}))?;
    stage.wait_condition(at, "Ready", "False", "AccountNotReady")?;
    assert_eq!(calls_there(stage, at, mark)?, [""; 0]);

    stage.apply_account("misspelt", &by_role("careful", "right"))?;
    stage.wait_ready(at)?;
    assert!(logs_there(stage, at)?);
    Ok(())
}

/// The AWS SDK takes credentials for expired some 10 s before they are, so these are used for some 5 s each.
#[test]
fn credentials_that_expire_are_renewed_and_no_trail_notices() -> Result<()> {
    let (stage, at) = (shared(), place("renewed", "ap-northeast-3"));
    make_role(stage, "short-lived", "external")?;
    stage.lab.session_lifetime(Some(Duration::from_secs(15)))?;
    stage.apply_account("renewed", &by_role("short-lived", "external"))?;
    let before = ready_there(stage, at, "renewed")?;
    let mark = stage.mark()?;
    let expired = stage.lab.sessions()?.expired;
    wait_for("sessions to be over", PATIENCE, || {
        stage.look(at)?;
        let sessions = stage.lab.sessions()?;
        ensure!(sessions.expired > expired + 1, "there are {sessions:?}");
        Ok(())
    })?;
    stage.lab.session_lifetime(None)?;
    let calls =
        stage.lab.calls(CallFilter { since: mark, account: Some(OTHER), ..CallFilter::default() })?.calls;
    let refused: Vec<_> = calls
        .iter()
        .filter(|call| call.region == at.region && call.code.as_ref().is_some_and(|code| *code != ""))
        .collect();
    assert!(calls.len() > 4 && refused.is_empty(), "{refused:?}");
    let since = |trail: &Value| condition(trail, "Ready")["lastTransitionTime"].clone();
    let after = stage.trail(at)?;
    assert_eq!((&condition(&after, "Ready")["status"], since(&after)), (&json!("True"), since(&before)));
    Ok(())
}

#[test]
fn another_role_is_verified_before_anything_is_done_with_it() -> Result<()> {
    let (stage, at) = (shared(), place("passed-on", "ap-south-1"));
    make_role(stage, "first", "external")?;
    make_role(stage, "second", "of-somebody-else")?;
    stage.apply_account("passed-on", &by_role("first", "external"))?;
    ready_there(stage, at, "passed-on")?;

    stage.apply_account("passed-on", &by_role("second", "external"))?;
    stage.wait_condition(at, "Ready", "False", "AccountNotReady")?;
    stage.wait_account("passed-on", "IdentityVerified", "False", "AssumeRoleDenied")?;
    let mark = stage.mark()?;
    there(stage, at, "StopLogging")?;
    stage.look(at)?;
    assert_eq!(
        calls_there(stage, at, mark)?,
        [""; 0],
        "the first role is not used any more, nor is the second"
    );
    assert!(!logs_there(stage, at)?);

    let trusting = json!({"RoleName": "second", "PolicyDocument": trust("external")});
    stage.lab.aws("iam", "UpdateAssumeRolePolicy", &trusting, OTHER, "us-east-1")?;
    stage.cluster.kubectl(&["annotate", "awsaccount", "passed-on", "look=again"])?;
    stage.wait_ready(at)?;
    assert!(logs_there(stage, at)?);
    assert_eq!(
        stage.account("passed-on")?["status"]["identityArn"],
        format!("arn:aws:sts::{OTHER}:assumed-role/second")
    );
    Ok(())
}

#[test]
fn an_account_that_is_deleted_while_in_use_serves_on_until_its_last_trail_is_gone() -> Result<()> {
    let (stage, at) = (shared(), place("last", "ap-south-2"));
    let spec = json!({"accountId": ACCOUNT, "allowedNamespaces": {"names": ["default"]}, "guardrails": {"weakening": "Allow"}});
    stage.apply_account("leaving", &spec)?;
    stage.make_bucket(at)?;
    stage.apply_trail(at, |spec| {
        spec["accountRef"] = json!({"name": "leaving"});
        spec["deletionPolicy"] = "Delete".into();
    })?;
    stage.wait_ready(at)?;
    stage.cluster.kubectl(&["delete", "awsaccount", "leaving", "--wait=false"])?;
    let in_use = stage.wait_account("leaving", "Ready", "False", "InUse")?;
    assert!(in_use["message"].as_str().context("no message")?.contains("default/last"), "{in_use}");

    stage.change_by_hand(at, json!({"EnableLogFileValidation": false}))?;
    stage.look(at)?;
    assert_eq!(stage.in_aws(at)?["LogFileValidationEnabled"], true, "it is still kept");
    stage.delete_trail(at)?;
    assert!(stage.is_logging(at)?, "whoever deletes an account has not said that the audit log is to end");
    let told = stage.wait_event(at, "TrailRetained")?;
    assert_eq!(told["type"], "Warning");
    wait_for("the account to be gone", PATIENCE, || {
        let accounts = stage.cluster.kubectl(&["get", "awsaccounts", "-o", "name"])?;
        ensure!(!accounts.contains("/leaving"), "there are {accounts}");
        Ok(())
    })
}

#[test]
fn regions_and_buckets_that_an_account_does_not_allow_are_refused_before_aws_is_asked() -> Result<()> {
    let stage = shared();
    let (abroad, at) = (place("abroad", "ap-southeast-1"), place("at-large", "ap-southeast-2"));
    let mut narrow = json!({
        "accountId": ACCOUNT, "allowedNamespaces": {"names": ["default"]}, "allowedRegions": [at.region],
    });
    stage.apply_account("narrow", &narrow)?;
    let narrowly = |spec: &mut Value| spec["accountRef"] = json!({"name": "narrow"});
    stage.apply_trail(abroad, narrowly)?;
    let references = stage.wait_condition(abroad, "ReferencesResolved", "False", "NotPermitted")?;
    assert!(references["message"].as_str().context("no message")?.contains("allowedRegions"), "{references}");

    // A bucket of the other account, whose policy lets this trail deliver: AWS would take it.
    stage.lab.trail_bucket(OTHER, at.region, &at.bucket(), &[at.name])?;
    let policy = stage.lab.aws("s3", "GetBucketPolicy", &json!({"Bucket": at.bucket()}), OTHER, at.region)?;
    let policy = policy["Policy"].as_str().context("no policy")?.replace(OTHER, ACCOUNT);
    let policy = json!({"Bucket": at.bucket(), "Policy": policy});
    stage.lab.aws("s3", "PutBucketPolicy", &policy, OTHER, at.region)?;
    let mark = stage.mark()?;
    stage.apply_trail(at, narrowly)?;
    let ready = stage.wait_condition(at, "Ready", "False", "NotPermitted")?;
    assert!(ready["message"].as_str().context("no message")?.contains("allowedResources.buckets"), "{ready}");
    assert_eq!(stage.writes_since(at, mark)?, [""; 0]);
    assert_eq!(stage.calls_since(abroad, mark)?, [""; 0]);

    narrow["allowedResources"] = json!({"buckets": ["default-at-*-logs"]});
    stage.apply_account("narrow", &narrow)?;
    stage.wait_ready(at)?;
    assert_eq!(stage.in_aws(at)?["S3BucketName"], at.bucket());
    Ok(())
}

#[test]
fn an_account_that_aws_throttles_keeps_no_other_from_being_repaired() -> Result<()> {
    let stage = shared();
    let (throttled, at) = (place("throttled", "ap-southeast-3"), place("undisturbed", "ap-southeast-4"));
    make_role(stage, "throttled", "external")?;
    stage.apply_account("throttled", &by_role("throttled", "external"))?;
    let before = ready_there(stage, throttled, "throttled")?;
    stage.ready_trail(at)?;
    let fault = stage.lab.fault(json!({
        "service": "cloudtrail", "operation": "*", "account": OTHER, "region": throttled.region, "times": -1,
        "status": 400, "code": "ThrottlingException", "message": "Rate exceeded",
    }))?;
    stage.ask(throttled)?;
    stage.lab.wait_hits(&fault, 2, PATIENCE)?;
    stage.aws(at, "cloudtrail", "StopLogging", &json!({"Name": at.name}))?;
    wait_for("the other account's trail to log again", INTERVAL, || {
        ensure!(stage.is_logging(at)?, "it does not");
        Ok(())
    })?;
    let after = stage.trail(throttled)?;
    assert_eq!(after["status"], before["status"], "Ready is as it was, and nothing was written");
    stage.lab.delete_fault(&fault)?;
    wait_for("the throttled one to be looked at", PATIENCE, || {
        let echoed = stage.trail(throttled)?["status"]["lastHandledReconcileAt"].clone();
        ensure!(echoed.is_string(), "it was not");
        Ok(())
    })
}
