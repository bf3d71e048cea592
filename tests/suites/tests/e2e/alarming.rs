//! MetricAlarms: filter and alarm are in AWS as declared, ring when they should, and are nobody else's to lose.

use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result, ensure};
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};
use test_cluster::wait_for;
use test_lab::CallFilter;
use test_suites::stage::{PATIENCE, Place, Stage, beside_the_operator, condition, operations};

use crate::{neighbours, place};

/// The alarm that is made by hand in most tests.
const PRESET: &str = "CIS-5.0.0/4.3";

/// The stage of those that do without a trail of all Regions.
#[expect(clippy::unwrap_used, reason = "without it no test here can begin")]
pub(crate) fn stage() -> &'static Stage {
    static STAGE: OnceLock<Stage> = OnceLock::new();
    STAGE.get_or_init(|| Stage::start().unwrap())
}

/// What a trail of [`connected`] records. One of all Regions counts in each of them, where other tests have theirs.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Regions {
    Home,
    All,
}

/// A trail that sends its events to a log group, and a topic that somebody hears.
pub(crate) fn connected(stage: &Stage, at: Place<'_>, regions: Regions) -> Result<()> {
    stage.make_bucket(at)?;
    neighbours::log_group(stage, at)?;
    stage.apply_trail(at, |spec| {
        spec["isMultiRegionTrail"] = (regions == Regions::All).into();
        spec["cloudWatchLogs"] = json!({"logGroupName": at.name, "roleArn": neighbours::role_arn(at)});
    })?;
    stage.aws(at, "sns", "CreateTopic", &json!({"Name": at.name}))?;
    let hears =
        json!({"TopicArn": neighbours::topic_arn(at), "Protocol": "sms", "Endpoint": "+4915112345678"});
    stage.aws(at, "sns", "Subscribe", &hears)?;
    stage.wait_ready(at).map(drop)
}

/// A MetricAlarm on that trail that tells its topic.
pub(crate) fn object(at: Place<'_>, name: &str) -> Value {
    json!({
        "apiVersion": "trail-operator.dev/v1alpha1", "kind": "MetricAlarm",
        "metadata": {"name": name, "namespace": at.namespace},
        "spec": {
            "trailRef": {"name": at.name}, "preset": PRESET,
            "alarm": {"alarmActions": [neighbours::topic_arn(at)]},
        },
    })
}

pub(crate) fn apply(stage: &Stage, object: &Value) -> Result<()> {
    stage.cluster.apply(&object.to_string()).map(drop)
}

pub(crate) fn patch(stage: &Stage, at: Place<'_>, name: &str, spec: &Value) -> Result<()> {
    let patch = json!({"spec": spec}).to_string();
    stage
        .cluster
        .kubectl(&["patch", "metricalarm", name, "-n", at.namespace, "--type", "merge", "-p", &patch])
        .map(drop)
}

fn get(stage: &Stage, at: Place<'_>, name: &str) -> Result<Value> {
    let path = format!("/apis/trail-operator.dev/v1alpha1/namespaces/{}/metricalarms/{name}", at.namespace);
    Ok(serde_json::from_str(&stage.cluster.raw(&path)?)?)
}

/// Waits until these conditions have that status and reason, for the present generation.
pub(crate) fn wait(stage: &Stage, at: Place<'_>, name: &str, wanted: &[(&str, &str, &str)]) -> Result<Value> {
    wait_for(&format!("MetricAlarm {name} to be {wanted:?}"), PATIENCE, || {
        let object = get(stage, at, name)?;
        for (type_, status, reason) in wanted {
            let is = condition(&object, type_);
            let all = &object["status"]["conditions"];
            ensure!(is["status"] == *status && is["reason"] == *reason, "{type_} is {is} of {all}");
            ensure!(is["observedGeneration"] == object["metadata"]["generation"], "{type_} is {is}");
        }
        Ok(object)
    })
}

pub(crate) const READY: (&str, &str, &str) = ("Ready", "True", "Succeeded");

/// Asks for a look at AWS and waits until it was had.
pub(crate) fn look(stage: &Stage, at: Place<'_>, name: &str) -> Result<Value> {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let value = format!("{name}-{}", ASKED.fetch_add(1, Ordering::Relaxed));
    let annotation = format!("trail-operator.dev/reconcile-requested-at={value}");
    stage.cluster.kubectl(&[
        "annotate",
        "--overwrite",
        "metricalarm",
        name,
        "-n",
        at.namespace,
        &annotation,
    ])?;
    wait_for("the look that was asked for", PATIENCE, || {
        let object = get(stage, at, name)?;
        let handled = &object["status"]["lastHandledReconcileAt"];
        ensure!(*handled == value, "the last one was {handled}, of {}", object["status"]["conditions"]);
        Ok(object)
    })
}

fn delete(stage: &Stage, at: Place<'_>, kind: &str, name: &str) -> Result<()> {
    stage.cluster.kubectl(&["delete", kind, name, "-n", at.namespace, "--wait=false"])?;
    wait_for(&format!("{kind} {name} to be gone"), PATIENCE, || {
        let names = stage.cluster.kubectl(&["get", kind, "-n", at.namespace, "-o", "name"])?;
        ensure!(!names.lines().any(|line| line.ends_with(&format!("/{name}"))), "there are {names}");
        Ok(())
    })
}

fn filters(stage: &Stage, at: Place<'_>) -> Result<Vec<Value>> {
    let answer = stage.aws(at, "logs", "DescribeMetricFilters", &json!({"logGroupName": at.name}))?;
    answer["metricFilters"].as_array().cloned().context("no metricFilters")
}

/// The alarms whose names begin so.
fn alarms(stage: &Stage, at: Place<'_>, prefix: &str) -> Result<Vec<Value>> {
    let answer = stage.aws(at, "cloudwatch", "DescribeAlarms", &json!({"AlarmNamePrefix": prefix}))?;
    Ok(answer["MetricAlarms"].as_array().cloned().unwrap_or_default())
}

fn names(of: &[Value], member: &str) -> Vec<String> {
    let mut names: Vec<_> = of.iter().filter_map(|one| one[member].as_str()).map(str::to_owned).collect();
    names.sort();
    names
}

/// What was written of filters and alarms in the trail's Region since then, in order.
pub(crate) fn writes(stage: &Stage, at: Place<'_>, mark: Option<u64>) -> Result<Vec<String>> {
    let filter = CallFilter { since: mark, ..CallFilter::default() };
    let mut calls = operations(&stage.lab.calls(filter)?, at.region);
    calls.retain(|call| ["Put", "Delete"].iter().any(|verb| call.starts_with(verb)));
    calls.retain(|call| call.contains("Alarm") || call.contains("MetricFilter"));
    Ok(calls)
}

/// Delivers an event to the log group, now.
fn deliver(stage: &Stage, at: Place<'_>, event: &Value) -> Result<()> {
    let what = json!({"trail": at.name, "region": at.region, "hours": 0, "events": [event]});
    let delivered = stage.lab.deliver(what)?;
    ensure!(delivered["notSelected"].as_array().is_none_or(Vec::is_empty), "{delivered}");
    Ok(())
}

fn sign_in(user: &Value) -> Value {
    json!({"eventName": "ConsoleLogin", "eventSource": "signin.amazonaws.com", "eventType": "AwsConsoleSignIn",
        "userIdentity": user, "additionalEventData": {"MFAUsed": "No"}, "responseElements": {"ConsoleLogin": "Success"}})
}

/// Applies what `kubectl cloudtrail presets` prints, at once.
fn presets(stage: &Stage, at: Place<'_>) -> Result<()> {
    let output = Command::new(beside_the_operator("kubectl-cloudtrail")?)
        .args(["presets", "--output", "yaml", "--namespace", at.namespace, "--trail", at.name])
        .args(["--topic-arn", &neighbours::topic_arn(at)])
        .env_clear()
        .output()
        .context("cannot run kubectl-cloudtrail")?;
    ensure!(output.status.success(), "{output:?}");
    stage.cluster.apply(&String::from_utf8(output.stdout)?).map(drop)
}

#[test]
fn every_preset_is_ready_by_one_apply_and_the_root_user_alone_rings_the_root_alarm() -> Result<()> {
    let (stage, at) = (&Stage::start()?, place("alarmed", "us-east-1"));
    connected(stage, at, Regions::All)?;
    presets(stage, at)?;
    let wanted = trail_operator_domain::presets::all().len();
    let all = wait_for("every preset to be Ready", PATIENCE * 3, || {
        let listed = stage.cluster.kubectl_json(&["get", "metricalarms", "-n", at.namespace])?;
        let mut all = listed["items"].as_array().cloned().unwrap_or_default();
        all.retain(|object| object["spec"]["trailRef"]["name"] == at.name);
        ensure!(all.len() == wanted, "{} of {wanted}", all.len());
        for object in &all {
            let ready = condition(object, "Ready");
            ensure!(ready["status"] == "True", "{}: {ready}", object["metadata"]["name"]);
        }
        Ok(all)
    })?;
    assert_eq!(filters(stage, at)?.len(), wanted);
    let of_preset = |preset: &str| {
        let object = all.iter().find(|object| object["spec"]["preset"] == preset).cloned();
        object
            .and_then(|object| object["metadata"]["name"].as_str().map(str::to_owned))
            .context("no such preset")
    };
    let looked_at = |preset: &str| {
        let object = look(stage, at, &of_preset(preset)?)?;
        Ok::<_, anyhow::Error>((object["status"]["alarmState"].clone(), object))
    };

    deliver(stage, at, &sign_in(&json!({"type": "IAMUser", "userName": "alice"})))?;
    assert_ne!(looked_at(PRESET)?.0, "ALARM", "a user is not the root user");
    // The benchmark's sign-in alarm hears the same event, so that the silence above is the pattern's.
    assert_eq!(looked_at("CIS-5.0.0/4.2")?.0, "ALARM", "signed in without MFA");

    deliver(stage, at, &sign_in(&json!({"type": "Root"})))?;
    // Whether the Trail delivers is what its own look says.
    stage.look(at)?;
    let (rings, object) = looked_at(PRESET)?;
    assert_eq!(rings, "ALARM", "{}", object["status"]);
    let controls = object["status"]["controls"].as_array().cloned().unwrap_or_default();
    ensure!(
        !controls.is_empty() && controls.iter().all(|control| control["result"] == "Pass"),
        "{controls:?}"
    );
    for (type_, reason) in [("WouldRing", "Connected"), ("NotificationsConfirmed", "Confirmed")] {
        let is = condition(&object, type_);
        assert_eq!((&is["status"], &is["reason"]), (&"True".into(), &reason.into()), "{is}");
    }
    let guides = looked_at("guide/root-usage")?.1;
    let controls = guides["status"]["controls"].as_array().cloned().unwrap_or_default();
    ensure!(controls.iter().any(|control| control["result"] == "Fail"), "{controls:?}");
    Ok(())
}

#[test]
fn what_others_change_is_put_back_and_what_they_silence_is_told() -> Result<()> {
    let (stage, at) = (stage(), place("meddled", "ap-southeast-7"));
    connected(stage, at, Regions::Home)?;
    apply(stage, &object(at, "meddled-root"))?;
    wait(stage, at, "meddled-root", &[READY])?;
    let pattern = filters(stage, at)?[0]["filterPattern"].clone();
    let filter = filters(stage, at)?[0]["filterName"].clone();
    let alarm = alarms(stage, at, "default/meddled-root")?;
    assert_eq!(alarm.len(), 1, "{alarm:?}");

    let theirs = json!({"logGroupName": at.name, "filterName": filter, "filterPattern": "{ $.a = 1 }",
        "metricTransformations": filters(stage, at)?[0]["metricTransformations"]});
    stage.aws(at, "logs", "PutMetricFilter", &theirs)?;
    stage.aws(at, "cloudwatch", "DisableAlarmActions", &json!({"AlarmNames": [alarm[0]["AlarmName"]]}))?;
    look(stage, at, "meddled-root")?;
    wait_for("filter and alarm to be as declared", PATIENCE, || {
        let filter = &filters(stage, at)?[0];
        ensure!(filter["filterPattern"] == pattern, "{filter}");
        let alarm = &alarms(stage, at, "default/meddled-root")?[0];
        ensure!(alarm["ActionsEnabled"] == true, "{alarm}");
        Ok(())
    })?;

    stage.aws(at, "cloudwatch", "DeleteAlarms", &json!({"AlarmNames": [alarm[0]["AlarmName"]]}))?;
    stage.aws(at, "logs", "DeleteMetricFilter", &json!({"logGroupName": at.name, "filterName": filter}))?;
    look(stage, at, "meddled-root")?;
    wait_for("both to be there again", PATIENCE, || {
        ensure!(filters(stage, at)?.len() == 1 && alarms(stage, at, "default/meddled-root")?.len() == 1);
        Ok(())
    })?;

    stage.aws(at, "sns", "DeleteTopic", &json!({"TopicArn": neighbours::topic_arn(at)}))?;
    look(stage, at, "meddled-root")?;
    let told = [
        ("NotificationsConfirmed", "False", "TopicNotFound"),
        // AWS is as declared all the same.
        READY,
    ];
    wait(stage, at, "meddled-root", &told).map(drop)
}

#[test]
fn a_name_is_changed_without_a_moment_of_no_alarm() -> Result<()> {
    let (stage, at) = (stage(), place("renamed", "ap-southeast-5"));
    connected(stage, at, Regions::Home)?;
    apply(stage, &object(at, "renamed-root"))?;
    wait(stage, at, "renamed-root", &[READY])?;
    let mark = stage.mark()?;
    patch(
        stage,
        at,
        "renamed-root",
        &json!({"filter": {"name": "renamed"}, "alarm": {"alarmName": "renamed"}}),
    )?;
    let object = wait(stage, at, "renamed-root", &[READY])?;
    wait_for("the old pair to be gone", PATIENCE, || {
        let there = names(&filters(stage, at)?, "filterName");
        ensure!(there == ["renamed"], "{there:?}");
        let old = alarms(stage, at, "default/renamed-root")?;
        ensure!(old.is_empty(), "{old:?}");
        Ok(())
    })?;
    assert_eq!(names(&alarms(stage, at, "renamed")?, "AlarmName"), ["renamed"]);
    assert_eq!(object["status"]["place"]["filterName"], "renamed");
    let calls = writes(stage, at, mark)?;
    let order = |operation: &str| {
        calls
            .iter()
            .position(|call| call == operation)
            .with_context(|| format!("no {operation} in {calls:?}"))
    };
    let (filter, alarm) = (order("PutMetricFilter")?, order("PutMetricAlarm")?);
    ensure!(filter < alarm, "{calls:?}");
    ensure!(alarm < order("DeleteAlarms")? && alarm < order("DeleteMetricFilter")?, "{calls:?}");
    Ok(())
}

#[test]
fn deleted_objects_leave_both_or_neither_also_when_the_trail_went_first() -> Result<()> {
    let (stage, at) = (stage(), place("unalarmed", "ca-west-1"));
    connected(stage, at, Regions::Home)?;
    apply(stage, &object(at, "kept-root"))?;
    let mut dropped = object(at, "dropped-root");
    dropped["spec"]["deletionPolicy"] = "Delete".into();
    apply(stage, &dropped)?;
    let mut orphan = dropped.clone();
    orphan["metadata"]["name"] = "orphaned-root".into();
    apply(stage, &orphan)?;
    for name in ["kept-root", "dropped-root", "orphaned-root"] {
        wait(stage, at, name, &[READY])?;
    }
    delete(stage, at, "metricalarm", "kept-root")?;
    delete(stage, at, "metricalarm", "dropped-root")?;
    let left = names(&filters(stage, at)?, "filterName");
    assert_eq!(left, ["default/kept-root", "default/orphaned-root"]);
    let kept = alarms(stage, at, "default/kept-root")?;
    assert_eq!(kept.len(), 1, "{kept:?}");
    let tags = json!({"ResourceARN": kept[0]["AlarmArn"]});
    let tags = stage.aws(at, "cloudwatch", "ListTagsForResource", &tags)?;
    ensure!(!tags.to_string().contains("trail-operator.dev/owner"), "what is kept is nobody's: {tags}");
    assert_eq!(names(&alarms(stage, at, "default/dropped-root")?, "AlarmName"), [] as [&str; 0]);

    delete(stage, at, "trail", at.name)?;
    delete(stage, at, "metricalarm", "orphaned-root")?;
    assert_eq!(names(&filters(stage, at)?, "filterName"), ["default/kept-root"]);
    assert_eq!(names(&alarms(stage, at, "default/orphaned-root")?, "AlarmName"), [] as [&str; 0]);
    Ok(())
}

#[test]
fn a_log_group_that_is_full_is_told_and_asked_for_nothing_more() -> Result<()> {
    let (stage, at) = (stage(), place("crowded", "me-south-1"));
    connected(stage, at, Regions::Home)?;
    for number in 0..100 {
        let filter = json!({"logGroupName": at.name, "filterName": format!("theirs-{number}"), "filterPattern": "",
            "metricTransformations": [{"metricNamespace": "Theirs", "metricName": "N", "metricValue": "1"}]});
        stage.aws(at, "logs", "PutMetricFilter", &filter)?;
    }
    let mark = stage.mark()?;
    apply(stage, &object(at, "crowded-root"))?;
    wait(stage, at, "crowded-root", &[("Ready", "False", "QuotaExceeded")])?;
    look(stage, at, "crowded-root")?;
    let calls = writes(stage, at, mark)?;
    assert_eq!(calls, [] as [&str; 0], "an alarm on a metric that nothing fills is none");
    stage.aws(
        at,
        "logs",
        "DeleteMetricFilter",
        &json!({"logGroupName": at.name, "filterName": "theirs-7"}),
    )?;
    look(stage, at, "crowded-root")?;
    wait(stage, at, "crowded-root", &[READY]).map(drop)
}

#[test]
fn a_pattern_that_cannot_be_read_is_told_with_the_place_and_nothing_is_made() -> Result<()> {
    let (stage, at) = (stage(), place("mistyped", "us-west-1"));
    connected(stage, at, Regions::Home)?;
    let mark = stage.mark()?;
    let mut wrong = object(at, "mistyped-root");
    wrong["spec"]["filter"] = json!({"pattern": "{ $.userIdentity.type = Root && }"});
    apply(stage, &wrong)?;
    let object = wait(
        stage,
        at,
        "mistyped-root",
        &[("Ready", "False", "InvalidPattern"), ("Stalled", "True", "InvalidPattern")],
    )?;
    let message = condition(&object, "Ready")["message"].as_str().unwrap_or_default().to_owned();
    ensure!(message.contains("character 33"), "{message}");
    assert_eq!(writes(stage, at, mark)?, [] as [&str; 0]);
    // What is told is what the command line says of the same pattern, so that it can be tried there.
    patch(stage, at, "mistyped-root", &json!({"filter": null}))?;
    wait(stage, at, "mistyped-root", &[READY]).map(drop)
}

/// What a person has made after the page of the control comes under the operator's care without being made anew.
#[test]
fn an_alarm_made_by_hand_is_imported_and_applied_without_a_change_but_its_description() -> Result<()> {
    let (stage, at) = (stage(), place("handmade", "eu-west-3"));
    connected(stage, at, Regions::Home)?;
    let aws = |service: &str, operation: &str, params: Value| stage.aws(at, service, operation, &params);
    let root = r#"{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}"#;
    let filter = |name: &str, pattern: &str, metric: &str| {
        json!({"logGroupName": at.name, "filterName": name, "filterPattern": pattern, "metricTransformations": [
            {"metricNamespace": "LogMetrics", "metricName": metric, "metricValue": "1", "defaultValue": 0.0}]})
    };
    let alarm = |name: &str, metric: &str| {
        json!({"AlarmName": name, "MetricName": metric, "Namespace": "LogMetrics", "Statistic": "Sum", "Period": 300,
            "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "notBreaching", "AlarmActions": [neighbours::topic_arn(at)]})
    };
    aws("logs", "PutMetricFilter", filter("root", root, "RootUsage"))?;
    aws("logs", "PutMetricFilter", filter("stops", "{ $.eventName = StopLogging }", "Stops"))?;
    aws("logs", "PutMetricFilter", filter("lonely", "{ $.eventName = Nobody }", "Nobody"))?;
    aws("cloudwatch", "PutMetricAlarm", alarm("Root used", "RootUsage"))?;
    aws("cloudwatch", "PutMetricAlarm", alarm("Somebody stops it", "Stops"))?;

    let output = Command::new(beside_the_operator("kubectl-cloudtrail")?)
        .args(["import", "--trail-arn", &at.arn(), "--namespace", at.namespace, "--name", at.name])
        .env_clear()
        .env("AWS_ENDPOINT_URL", stage.lab.endpoint())
        .env("AWS_ACCESS_KEY_ID", test_lab::ACCOUNT)
        .env("AWS_SECRET_ACCESS_KEY", "lab")
        .output()?;
    let manifests = String::from_utf8(output.stdout)?;
    ensure!(output.status.success(), "{manifests}{}", String::from_utf8_lossy(&output.stderr));
    ensure!(manifests.contains("preset: SecurityHub/CloudWatch.1"), "{manifests}");
    ensure!(manifests.contains("the metric filter 'lonely'"), "what is left out is told: {manifests}");

    // The Trail is ours already; its manifest is that of the object.
    let alarms_of = manifests.split("---\n").filter(|one| one.contains("kind: MetricAlarm"));
    let alarms_of = alarms_of.collect::<Vec<_>>().join("---\n");
    let mark = stage.mark()?;
    stage.cluster.apply(&alarms_of)?;
    for name in ["handmade-root-used", "handmade-somebody-stops-it"] {
        wait(stage, at, name, &[READY])?;
    }
    let writes = writes(stage, at, mark)?;
    assert_eq!(writes, ["PutMetricAlarm", "PutMetricAlarm"], "their descriptions, and no filter");
    let there = names(&filters(stage, at)?, "filterName");
    assert_eq!(there, ["lonely", "root", "stops"]);
    Ok(())
}

/// What validation reads is counted too; this stage lives some hours ago, so that its digests end now.
#[test]
fn what_log_file_validation_reads_is_tried_on_every_pattern() -> Result<()> {
    const HOURS: i64 = 4;
    let (stage, at) = (&Stage::start()?, place("tried", "us-east-1"));
    stage.lab.set_clock(&(Timestamp::now() - HOURS.hours()).to_string())?;
    connected(stage, at, Regions::All)?;
    let mut everything = object(at, "tried-everything");
    everything["spec"]["filter"] = json!({"pattern": "{ $.eventVersion = * }"});
    for alarm in [object(at, "tried-root"), everything] {
        apply(stage, &alarm)?;
    }
    for name in ["tried-root", "tried-everything"] {
        wait(stage, at, name, &[READY])?;
    }
    stage.patch_trail(at, &json!({"validation": {"intervalSeconds": 30}}))?;
    let what = json!({"trail": at.name, "region": at.region, "hours": HOURS, "eventsPerFile": 150, "filesPerHour": 2,
        "events": [sign_in(&json!({"type": "Root"}))]});
    stage.lab.deliver(what)?;
    let tried = |name: &str| {
        wait_for(&format!("{name} to be tried"), PATIENCE * 2, || {
            let object = get(stage, at, name)?;
            let backtest = object["status"]["backtest"].clone();
            ensure!(backtest["events"].as_i64().is_some_and(|events| events > 0), "{}", object["status"]);
            Ok(backtest)
        })
    };
    let root = tried("tried-root")?;
    assert_eq!(root["matched"], 1, "{root}");
    assert_eq!(root["newest"]["eventName"], "ConsoleLogin", "{root}");
    let everything = tried("tried-everything")?;
    assert_eq!(everything["matched"], everything["events"], "{everything}");
    ensure!(everything["remark"].is_string(), "a pattern that matches everything is said: {everything}");
    Ok(())
}
