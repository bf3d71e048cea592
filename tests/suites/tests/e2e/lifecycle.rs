//! A trail's life: made, kept as declared, let go. All on one stage, each test in a Region of its own.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use test_cluster::wait_for;
use test_lab::CallFilter;
use test_suites::stage::{INTERVAL, PATIENCE, Place, Stage, condition};

use crate::{neighbours, place};

/// A cause outside is looked at again every two minutes.
const RECHECK: Duration = Duration::from_secs(125);

#[expect(clippy::unwrap_used, reason = "without it no test here can begin")]
fn stage() -> &'static Stage {
    static STAGE: OnceLock<Stage> = OnceLock::new();
    STAGE.get_or_init(|| Stage::start().unwrap())
}

#[test]
fn a_manifest_becomes_a_trail_that_logs() -> Result<()> {
    let (stage, at) = (stage(), place("new", "eu-west-1"));
    stage.make_bucket(at)?;
    let applied = Instant::now();
    stage.apply_trail(at, |_| {})?;
    let trail = stage.wait_ready(at)?;
    println!("from apply to Ready: {:?}", applied.elapsed());

    let aws = stage.in_aws(at)?;
    assert_eq!(aws["S3BucketName"], at.bucket());
    assert_eq!(aws["LogFileValidationEnabled"], true);
    assert!(stage.is_logging(at)?);
    assert_eq!(stage.owner_tag(at)?.as_deref(), Some("stage/default/new"));
    assert_eq!(trail["status"]["arn"], at.arn());
    assert_eq!(trail["status"]["observedGeneration"], 1);
    assert_eq!(condition(&trail, "Reconciling"), Value::Null);
    assert_eq!(condition(&trail, "Logging")["reason"], "AwaitingFirstDelivery");
    let events = stage.events(at)?;
    assert_eq!(events, ["TrailCreated", "LoggingStarted"]);
    let spec = trail["spec"].as_object().unwrap();
    assert!(
        !spec.contains_key("trailName") && !spec.contains_key("kms"),
        "the operator writes no spec: {spec:?}"
    );
    Ok(())
}

#[test]
fn edits_reach_aws_and_a_cleared_field_is_cleared() -> Result<()> {
    let (stage, at) = (stage(), place("edited", "eu-west-2"));
    stage.ready_trail(at)?;
    let arn = at.arn();
    let policy = stage.aws(at, "s3", "GetBucketPolicy", &json!({"Bucket": at.bucket()}))?["Policy"].clone();
    let widened = policy.as_str().unwrap().replace("-logs/AWSLogs/", "-logs/*AWSLogs/");
    stage.aws(at, "s3", "PutBucketPolicy", &json!({"Bucket": at.bucket(), "Policy": widened}))?;

    stage.patch_trail(at, &json!({"s3": {"keyPrefix": "audit"}, "enableLogFileValidation": false}))?;
    stage.wait_ready(at)?;
    let aws = stage.in_aws(at)?;
    assert_eq!(
        (&aws["S3KeyPrefix"], &aws["LogFileValidationEnabled"]),
        (&json!("audit"), &json!(false)),
        "{arn}"
    );

    stage.patch_trail(at, &json!({"s3": {"keyPrefix": null}, "logging": "Disabled"}))?;
    let trail = stage.wait_ready(at)?;
    assert!(stage.in_aws(at)?["S3KeyPrefix"].is_null());
    assert!(!stage.is_logging(at)?);
    assert_eq!(condition(&trail, "Logging")["reason"], "Stopped");
    let events = stage.events(at)?;
    assert!(
        events.contains(&"TrailUpdated".to_owned()) && events.contains(&"LoggingStopped".to_owned()),
        "{events:?}"
    );
    Ok(())
}

#[test]
fn a_trail_that_somebody_deletes_is_made_again() -> Result<()> {
    let (stage, at) = (stage(), place("deleted-by-hand", "il-central-1"));
    stage.ready_trail(at)?;
    stage.aws(at, "cloudtrail", "DeleteTrail", &json!({"Name": at.name}))?;
    wait_for("the trail to be there and to log", INTERVAL, || {
        ensure!(!stage.in_aws(at)?.is_null() && stage.is_logging(at)?, "it is not");
        Ok(())
    })?;
    assert_eq!(stage.owner_tag(at)?.as_deref(), Some("stage/default/deleted-by-hand"));
    stage.wait_ready(at)?;
    Ok(())
}

/// Two hands at work: one makes every repair of the settings fail, the other switches logging off.
#[test]
fn logging_comes_back_although_another_repair_is_refused() -> Result<()> {
    let (stage, at) = (stage(), place("besieged", "eu-central-1"));
    stage.ready_trail(at)?;
    let refused = stage.lab.fault(json!({
        "service": "cloudtrail", "operation": "UpdateTrail", "region": at.region, "times": -1,
        "status": 400, "code": "InsufficientEncryptionPolicyException", "message": "refused",
    }))?;
    stage.patch_trail(at, &json!({"enableLogFileValidation": false}))?;
    stage.wait_condition(at, "Ready", "False", "EncryptionPolicyInsufficient")?;
    stage.aws(at, "cloudtrail", "StopLogging", &json!({"Name": at.name}))?;
    // An edit brings the next round at once.
    stage.patch_trail(at, &json!({"intervalSeconds": 31}))?;
    wait_for("logging to be back", PATIENCE, || {
        ensure!(stage.is_logging(at)?, "it is off");
        Ok(())
    })?;
    assert_eq!(condition(&stage.trail(at)?, "Ready")["status"], "False", "the other repair is still refused");
    stage.lab.delete_fault(&refused)
}

#[test]
fn a_multi_region_trail_becomes_one_of_a_single_region_without_global_events() -> Result<()> {
    let (stage, at) = (stage(), place("narrowed", "eu-south-1"));
    stage.make_bucket(at)?;
    stage.apply_trail(at, |spec| spec["isMultiRegionTrail"] = true.into())?;
    stage.wait_ready(at)?;
    stage.patch_trail(at, &json!({"isMultiRegionTrail": false, "includeGlobalServiceEvents": false}))?;
    stage.wait_ready(at)?;
    let aws = stage.in_aws(at)?;
    assert_eq!(
        (&aws["IsMultiRegionTrail"], &aws["IncludeGlobalServiceEvents"]),
        (&json!(false), &json!(false))
    );
    Ok(())
}

#[test]
fn what_others_change_in_aws_is_put_right_within_the_interval() -> Result<()> {
    let (stage, at) = (stage(), place("drifting", "eu-west-3"));
    stage.ready_trail(at)?;
    stage.aws(at, "cloudtrail", "StopLogging", &json!({"Name": at.name}))?;
    let update = json!({"Name": at.name, "EnableLogFileValidation": false});
    stage.aws(at, "cloudtrail", "UpdateTrail", &update)?;

    wait_for("logging and validation to be back", INTERVAL, || {
        let trail = stage.in_aws(at)?;
        ensure!(stage.is_logging(at)? && trail["LogFileValidationEnabled"] == true, "AWS has {trail}");
        Ok(())
    })?;
    stage.wait_ready(at)?;
    wait_for("events to tell of it", PATIENCE, || {
        let events = stage.events(at)?;
        let told =
            events.iter().filter(|event| ["DriftCorrected", "LoggingRestored"].contains(&event.as_str()));
        // Seen together it is one event; the two changes may also fall into two looks.
        ensure!((1..=2).contains(&told.count()), "events are {events:?}");
        ensure!(events.iter().any(|event| event == "LoggingRestored"), "events are {events:?}");
        Ok(())
    })
}

/// The example with everything: each part is refused in words while it is missing, then delivered to, then cleared.
#[test]
fn key_topic_and_log_group_are_set_checked_and_cleared() -> Result<()> {
    let (stage, at) = (stage(), place("equipped", "eu-south-2"));
    stage.make_bucket(at)?;
    let key = neighbours::key(stage, at)?;
    let (topic, role) = (neighbours::topic_arn(at), neighbours::role_arn(at));

    stage.apply_trail(at, |spec| {
        spec["kms"] = json!({"keyId": key});
        spec["sns"] = json!({"topicArn": topic});
        spec["cloudWatchLogs"] = json!({"logGroupName": "equipped", "roleArn": role});
    })?;
    wait_for("a missing part to be named", PATIENCE, || {
        let ready = condition(&stage.trail(at)?, "Ready");
        let reason = ready["reason"].as_str().unwrap_or_default();
        let missing = ["TopicPolicyInsufficient", "LogGroupUnusable", "LogGroupRoleUnusable"];
        ensure!(missing.contains(&reason), "Ready is {ready}");
        Ok(())
    })?;

    neighbours::topic(stage, at)?;
    neighbours::log_group(stage, at)?;
    stage.patch_trail(at, &json!({"intervalSeconds": 31}))?;
    stage.wait_ready(at)?;
    let aws = stage.in_aws(at)?;
    assert_eq!((&aws["KmsKeyId"], &aws["SnsTopicARN"]), (&json!(key), &json!(topic)));
    assert_eq!(aws["CloudWatchLogsRoleArn"], role);
    assert_eq!(
        aws["CloudWatchLogsLogGroupArn"],
        format!("arn:aws:logs:{}:{}:log-group:equipped:*", at.region, test_lab::ACCOUNT)
    );

    stage.patch_trail(at, &json!({"kms": null, "sns": null, "cloudWatchLogs": null}))?;
    stage.wait_ready(at)?;
    let aws = stage.in_aws(at)?;
    for member in ["KmsKeyId", "SnsTopicARN", "CloudWatchLogsRoleArn", "CloudWatchLogsLogGroupArn"] {
        assert!(aws[member].is_null(), "{member} is {}", aws[member]);
    }
    Ok(())
}

#[test]
fn a_missing_bucket_is_reported_in_words_and_noticed_when_it_comes() -> Result<()> {
    let (stage, at) = (stage(), place("early", "eu-north-1"));
    stage.apply_trail(at, |_| {})?;
    let ready = stage.wait_condition(at, "Ready", "False", "BucketNotFound")?;
    let message = ready["message"].as_str().unwrap();
    assert!(message.starts_with("NoSuchBucket: the bucket 'default-early-logs' does not exist"), "{message}");
    assert!(stage.in_aws(at)?.is_null());

    stage.make_bucket(at)?;
    wait_for("the bucket to be noticed, nobody having touched the object", RECHECK, || {
        ensure!(!stage.in_aws(at)?.is_null(), "there is no trail");
        Ok(())
    })?;
    stage.wait_ready(at)?;
    let events = stage.events(at)?;
    assert_eq!(events.iter().filter(|event| *event == "BucketNotFound").count(), 1, "{events:?}");
    Ok(())
}

#[test]
fn an_insufficient_bucket_policy_is_told_statement_by_statement() -> Result<()> {
    let (stage, at) = (stage(), place("refused", "eu-central-1"));
    stage.lab.trail_bucket(test_lab::ACCOUNT, at.region, &at.bucket(), &["another-trail"])?;
    stage.apply_trail(at, |_| {})?;
    let ready = stage.wait_condition(at, "Ready", "False", "BucketPolicyInsufficient")?;
    let message = ready["message"].as_str().unwrap();
    assert!(
        message.contains("s3:PutObject under 'AWSLogs/111122223333/*'") && message.contains(&at.arn()),
        "{message}"
    );
    Ok(())
}

#[test]
fn a_trail_that_somebody_else_made_is_left_alone() -> Result<()> {
    let (stage, at) = (stage(), place("foreign", "eu-central-2"));
    stage.make_bucket(at)?;
    stage.aws(at, "cloudtrail", "CreateTrail", &json!({"Name": at.name, "S3BucketName": at.bucket()}))?;
    stage.apply_trail(at, |_| {})?;
    stage.wait_condition(at, "Stalled", "True", "ManagementConflict")?;
    stage.patch_trail(at, &json!({"deletionPolicy": "Delete"}))?;
    stage.delete_trail(at)?;
    let aws = stage.in_aws(at)?;
    assert_eq!(aws["LogFileValidationEnabled"], false, "untouched: {aws}");
    assert!(!stage.is_logging(at)?);
    assert_eq!(stage.owner_tag(at)?, None);
    Ok(())
}

#[test]
fn deleting_the_object_retains_the_trail_unless_told_otherwise_in_words() -> Result<()> {
    let stage = stage();
    for (name, policy, stays, logs) in [
        ("kept", None, true, true),
        ("stopped", Some("StopLogging"), true, false),
        ("deleted", Some("Delete"), false, false),
    ] {
        let at = place(name, "ap-southeast-1");
        stage.make_bucket(at)?;
        stage.apply_trail(at, |spec| {
            if let Some(policy) = policy {
                spec["deletionPolicy"] = policy.into();
            }
        })?;
        stage.wait_ready(at)?;
        stage.delete_trail(at)?;
        assert_eq!(!stage.in_aws(at)?.is_null(), stays, "{name}");
        if stays {
            assert_eq!(stage.is_logging(at)?, logs, "{name}");
            assert_eq!(stage.owner_tag(at)?, None, "{name} is nobody's now");
        }
    }
    Ok(())
}

#[test]
fn deleting_a_namespace_retains_even_a_trail_that_was_to_be_deleted() -> Result<()> {
    let (stage, at) = (stage(), Place { namespace: "doomed", name: "survivor", region: "ap-southeast-2" });
    stage.namespace(at.namespace)?;
    stage.make_bucket(at)?;
    stage.apply_trail(at, |spec| spec["deletionPolicy"] = "Delete".into())?;
    stage.wait_ready(at)?;
    stage.cluster.kubectl(&["delete", "namespace", at.namespace, "--wait=false"])?;
    wait_for("the namespace to be gone", PATIENCE, || {
        let namespaces = stage.cluster.kubectl(&["get", "namespaces", "-o", "name"])?;
        ensure!(!namespaces.contains(at.namespace), "there are {namespaces}");
        Ok(())
    })?;
    assert!(stage.is_logging(at)?);
    Ok(())
}

#[test]
fn a_deletion_that_aws_refuses_says_so_and_can_be_forced() -> Result<()> {
    let (stage, at) = (stage(), place("stuck", "ap-northeast-1"));
    stage.make_bucket(at)?;
    stage.apply_trail(at, |spec| spec["deletionPolicy"] = "Delete".into())?;
    stage.wait_ready(at)?;
    let fault = stage.lab.fault(json!({
        "service": "cloudtrail", "operation": "DeleteTrail", "region": at.region, "times": -1,
        "status": 400, "code": "AccessDeniedException", "message": "not allowed",
    }))?;
    stage.cluster.kubectl(&["delete", "trail", at.name, "--wait=false"])?;
    let ready = stage.wait_condition(at, "Ready", "False", "DeletionBlocked")?;
    let message = ready["message"].as_str().unwrap();
    assert!(message.contains("cloudtrail:DeleteTrail") && message.contains("force-finalize"), "{message}");
    stage.cluster.kubectl(&["annotate", "trail", at.name, "trail-operator.dev/force-finalize=true"])?;
    stage.wait_gone(at)?;
    assert!(stage.is_logging(at)?);
    stage.lab.delete_fault(&fault)
}

#[test]
fn retaining_needs_no_access_to_aws() -> Result<()> {
    let (stage, at) = (stage(), place("parted", "ap-northeast-2"));
    stage.ready_trail(at)?;
    let fault = stage.lab.fault(json!({
        "service": "cloudtrail", "operation": "*", "region": at.region, "times": -1,
        "status": 400, "code": "AccessDeniedException", "message": "not allowed",
    }))?;
    stage.delete_trail(at)?;
    stage.lab.delete_fault(&fault)?;
    assert!(stage.is_logging(at)?);
    Ok(())
}

#[test]
fn a_namespace_that_the_account_does_not_allow_is_told_so_and_served_once_it_is() -> Result<()> {
    let (stage, at) = (stage(), Place { namespace: "shop", name: "outsider", region: "ap-northeast-3" });
    stage.cluster.kubectl(&["create", "namespace", at.namespace])?;
    stage.make_bucket(at)?;
    stage.apply_trail(at, |_| {})?;
    let references = stage.wait_condition(at, "ReferencesResolved", "False", "NotPermitted")?;
    assert!(!references.to_string().contains(test_lab::ACCOUNT), "the account is not told: {references}");
    assert!(stage.in_aws(at)?.is_null());
    stage.cluster.kubectl(&["label", "namespace", at.namespace, "audit=allowed"])?;
    stage.wait_ready(at)?;
    Ok(())
}

#[test]
fn a_missing_account_is_waited_for() -> Result<()> {
    let (stage, at) = (stage(), place("homeless", "ap-south-1"));
    stage.make_bucket(at)?;
    stage.apply_trail(at, |spec| spec["accountRef"] = json!({"name": "later"}))?;
    stage.wait_condition(at, "ReferencesResolved", "False", "NotFound")?;
    let account = json!({
        "apiVersion": "trail-operator.dev/v1alpha1", "kind": "AwsAccount", "metadata": {"name": "later"},
        "spec": {"accountId": "999988887777", "allowedNamespaces": {"names": ["default"]}},
    });
    stage.cluster.apply(&account.to_string())?;
    wait_for("the account to be found another's", PATIENCE, || {
        let account = stage.cluster.kubectl_json(&["get", "awsaccount", "later"])?;
        let verified = condition(&account, "IdentityVerified");
        ensure!(verified["status"] == "False" && verified["reason"] == "AccountMismatch", "it is {verified}");
        Ok(())
    })?;
    stage.wait_condition(at, "Ready", "False", "AccountNotReady")?;
    assert!(stage.in_aws(at)?.is_null());
    Ok(())
}

#[test]
fn throttling_neither_flaps_a_condition_nor_writes() -> Result<()> {
    let (stage, at) = (stage(), place("throttled", "ca-central-1"));
    let before = stage.ready_trail(at)?;
    let since = stage.lab.calls(CallFilter::default())?.last();
    // The SDK makes three attempts: two rounds fail.
    let fault = stage.lab.fault(json!({
        "service": "cloudtrail", "operation": "DescribeTrails", "region": at.region, "times": 6,
        "status": 400, "code": "ThrottlingException", "message": "Rate exceeded",
    }))?;
    stage.lab.wait_hits(&fault, 6, 2 * PATIENCE)?;
    let checks = || stage.lab.calls(CallFilter { since, ..CallFilter::default() });
    wait_for("a check that succeeds", PATIENCE, || {
        let calls = checks()?;
        ensure!(
            calls.calls.iter().any(|call| call.region == at.region && call.operation == "GetTrailStatus"),
            "none"
        );
        Ok(())
    })?;
    let after = stage.trail(at)?;
    assert_eq!(
        after["metadata"]["resourceVersion"], before["metadata"]["resourceVersion"],
        "nothing was written"
    );
    Ok(())
}

#[test]
fn a_trail_that_aws_does_not_show_at_once_is_not_created_twice() -> Result<()> {
    let mut stage = Stage::start()?;
    let at = place("lagging", "eu-west-1");
    stage.make_bucket(at)?;
    stage.lab.lag("cloudtrail", Duration::from_secs(8))?;
    stage.apply_trail(at, |_| {})?;
    let trail = stage.wait_ready(at)?;
    let calls = stage.lab.calls(CallFilter::default())?;
    assert_eq!(calls.count("cloudtrail:CreateTrail"), 1, "{:?}", calls.by_operation);
    let events = stage.events(at)?;
    assert_eq!(events, ["TrailCreated", "LoggingStarted"]);
    assert_eq!(condition(&trail, "Ready")["status"], "True");
    assert!(stage.operator()?.exited()?.is_none());
    Ok(())
}

#[test]
fn get_trails_shows_the_columns_people_look_for() -> Result<()> {
    let (stage, at) = (stage(), place("shown", "sa-east-1"));
    stage.ready_trail(at)?;
    let table = stage.cluster.kubectl(&["get", "trails.trail-operator.dev", at.name])?;
    let header =
        table.lines().next().unwrap_or_default().split("  ").map(str::trim).filter(|word| !word.is_empty());
    assert_eq!(header.collect::<Vec<_>>(), ["NAME", "READY", "LOGGING", "VALIDATED", "MONTHLY COST", "AGE"]);
    let wide = stage.cluster.kubectl(&["get", "ctrail", at.name, "-o", "wide"])?;
    for column in ["REASON", "HOME REGION", "ARN", "MESSAGE"] {
        assert!(wide.contains(column), "{wide}");
    }
    assert!(wide.contains("Succeeded") && wide.contains(&at.arn()), "{wide}");
    Ok(())
}
