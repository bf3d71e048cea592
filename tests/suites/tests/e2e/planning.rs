//! `kubectl cloudtrail plan`: what it shows is what the operator then does, and it does nothing itself.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use test_cluster::wait_for;
use test_lab::ACCOUNT;
use test_suites::stage::{PATIENCE, Place, Stage, beside_the_operator};

use crate::{alarming, composing, place, shared};

/// What came of one call.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    err: String,
}

impl Answer {
    fn document(&self) -> Result<Value> {
        let document: Value = serde_json::from_str(&self.out).with_context(|| format!("{self:?}"))?;
        assert_eq!(document["apiVersion"], "trail-operator.dev/v1alpha1");
        assert_eq!(document["kind"], "Plan");
        Ok(document)
    }
}

/// `kubectl cloudtrail` with these words, as the operator's account.
pub(crate) fn call(stage: &Stage, words: &str) -> Result<Answer> {
    let output = Command::new(beside_the_operator("kubectl-cloudtrail")?)
        .args(words.split_whitespace())
        .env_clear()
        .env("KUBECONFIG", stage.cluster.kubeconfig())
        .env("AWS_ENDPOINT_URL", stage.lab.endpoint())
        .env("AWS_ACCESS_KEY_ID", ACCOUNT)
        .env("AWS_SECRET_ACCESS_KEY", "lab")
        .output()
        .context("cannot run kubectl-cloudtrail")?;
    Ok(Answer {
        code: output.status.code(),
        out: String::from_utf8(output.stdout)?,
        err: String::from_utf8(output.stderr)?,
    })
}

/// The AWS operations of an object's plan, in order, each once for all of its fields.
fn operations(object: &Value) -> Vec<String> {
    let changes = object["changes"].as_array().cloned().unwrap_or_default();
    let done = changes.iter().filter(|change| change["withheld"] == false);
    let mut all: Vec<_> = done.filter_map(|change| change["operation"].as_str()).map(str::to_owned).collect();
    all.dedup();
    all
}

/// The change of a field.
fn change<'a>(object: &'a Value, field: &str) -> &'a Value {
    let changes = object["changes"].as_array();
    changes.into_iter().flatten().find(|change| change["field"] == field).unwrap_or(&Value::Null)
}

/// The reasons found, but for the one that trails of other tests in this account may give: theirs may record the same.
fn own_findings(object: &Value) -> Vec<&str> {
    let reasons =
        object["findings"].as_array().into_iter().flatten().filter_map(|one| one["reason"].as_str());
    reasons.filter(|reason| *reason != "SecondManagementCopy").collect()
}

fn manifest(stage: &Stage, at: Place<'_>, spec: &Value) -> Result<PathBuf> {
    let mut trail = at.manifest();
    for (field, value) in spec.as_object().into_iter().flatten() {
        trail["spec"][field] = value.clone();
    }
    let path = stage.cluster.folder().join(format!("{}.json", at.name));
    fs::write(&path, trail.to_string())?;
    Ok(path)
}

#[test]
fn the_plan_for_a_manifest_is_what_applying_it_does() -> Result<()> {
    let (stage, at) = (shared(), place("foreseen", "ap-east-1"));
    stage.make_bucket(at)?;
    let file = manifest(
        stage,
        at,
        &json!({"managementEvents": {"readWriteType": "WriteOnly"}, "tags": {"Team": "audit"}}),
    )?;
    let plan = format!("plan --filename {} --cluster-id stage", file.display());
    let mark = stage.mark()?;
    let json = call(stage, &format!("{plan} --output json --detailed-exitcode"))?;
    assert_eq!(json.code, Some(2), "{json:?}");
    let document = json.document()?;
    let object = &document["objects"][0];
    assert_eq!(
        (&object["kind"], &object["namespace"], &object["name"]),
        (&json!("Trail"), &json!("default"), &json!("foreseen"))
    );
    assert_eq!(own_findings(object), [""; 0]);
    let bucket = json!({
        "operation": "CreateTrail", "field": "s3.bucketName", "from": "", "to": at.bucket(), "reason": "missing in AWS",
        "weakening": false, "withheld": false,
    });
    assert_eq!(*change(object, "s3.bucketName"), bucket);
    let planned = operations(object);
    let text = call(stage, &plan)?;
    assert_eq!(text.code, Some(0), "without --detailed-exitcode: {text:?}");
    assert!(text.out.contains("default/foreseen") && text.out.contains("+ tags.Team: 'audit'"), "{text:?}");
    assert!(text.err.contains(ACCOUNT), "it says for which account: {text:?}");
    assert_eq!(stage.writes_since(at, mark)?, [""; 0]);

    stage.cluster.apply(&fs::read_to_string(&file)?)?;
    stage.wait_ready(at)?;
    assert_eq!(stage.writes_since(at, mark)?, planned);
    let after = call(stage, &format!("{plan} --output json --detailed-exitcode"))?;
    assert_eq!((after.code, operations(&after.document()?["objects"][0])), (Some(0), vec![]), "{after:?}");

    // Where no AwsAccount is given, the guard is as it is by default.
    manifest(stage, at, &json!({"logging": "Disabled"}))?;
    let weaker = call(stage, &format!("{plan} --output json --detailed-exitcode"))?;
    let document = weaker.document()?;
    let stop = change(&document["objects"][0], "logging");
    assert_eq!((&stop["weakening"], &stop["withheld"]), (&json!(true), &json!(true)), "{stop}");
    Ok(())
}

#[test]
fn the_plan_for_a_cluster_is_what_the_operator_does_at_its_next_look() -> Result<()> {
    let (stage, at) = (shared(), place("strayed", "ap-east-2"));
    stage.make_bucket(at)?;
    let applied = stage.mark()?;
    stage.apply_trail(at, |spec| {
        spec["intervalSeconds"] = 86400.into();
        spec["tags"] = json!({"Team": "audit"});
    })?;
    stage.wait_ready(at)?;
    wait_for("the look that confirms the creation", PATIENCE, || {
        let calls = stage.calls_since(at, applied)?;
        let looks = calls.iter().filter(|call| *call == "GetTrailStatus").count();
        ensure!(looks >= 2, "calls are {calls:?}");
        Ok(())
    })?;
    stage.aws(at, "cloudtrail", "StopLogging", &json!({"Name": at.name}))?;
    stage.change_by_hand(at, json!({"EnableLogFileValidation": false}))?;
    let tags = json!({"ResourceId": at.arn(), "TagsList": [{"Key": "Team", "Value": "sales"}]});
    stage.aws(at, "cloudtrail", "AddTags", &tags)?;

    let mark = stage.mark()?;
    let plan =
        format!("plan {} --namespace default --cluster-id stage --output json --detailed-exitcode", at.name);
    let answer = call(stage, &plan)?;
    assert_eq!(answer.code, Some(2), "{answer:?}");
    let document = answer.document()?;
    let object = &document["objects"][0];
    let validation = change(object, "enableLogFileValidation");
    assert_eq!(
        (&validation["from"], &validation["to"], &validation["reason"]),
        (&json!("false"), &json!("true"), &json!("changed in AWS"))
    );
    assert_eq!(stage.writes_since(at, mark)?, [""; 0]);
    stage.look(at)?;
    assert_eq!(stage.writes_since(at, mark)?, operations(object));
    let after = call(stage, &plan)?;
    assert_eq!((after.code, operations(&after.document()?["objects"][0])), (Some(0), vec![]), "{after:?}");
    Ok(())
}

#[test]
fn the_plan_for_an_alarm_is_what_applying_it_and_giving_it_another_name_do() -> Result<()> {
    let (stage, at) = (alarming::stage(), place("rung", "eu-west-1"));
    alarming::connected(stage, at, alarming::Regions::Home)?;
    let file = stage.cluster.folder().join("rung-root.json");
    let mut alarm = alarming::object(at, "rung-root");
    let trail = stage.trail(at)?;
    let manifests = |alarm: &Value| {
        let trail = json!({"apiVersion": trail["apiVersion"], "kind": "Trail",
            "metadata": {"name": at.name, "namespace": at.namespace}, "spec": trail["spec"]});
        let list = json!({"apiVersion": "v1", "kind": "List", "items": [trail, alarm]});
        fs::write(&file, list.to_string())
    };
    let of_files = format!("plan --filename {} --output json --detailed-exitcode", file.display());
    let of_cluster =
        format!("plan {} --namespace default --cluster-id stage --output json --detailed-exitcode", at.name);

    manifests(&alarm)?;
    let answer = call(stage, &of_files)?;
    let document = answer.document()?;
    let object = &document["objects"][1];
    assert_eq!(
        (answer.code, &object["kind"], &object["name"]),
        (Some(2), &json!("MetricAlarm"), &json!("rung-root"))
    );
    assert_eq!(change(object, "filter.name")["to"], "default/rung-root");
    let mark = stage.mark()?;
    alarming::apply(stage, &alarm)?;
    alarming::wait(stage, at, "rung-root", &[alarming::READY])?;
    assert_eq!(alarming::writes(stage, at, mark)?, operations(object));
    for plan in [&of_files, &of_cluster] {
        let answer = call(stage, plan)?;
        let document = answer.document()?;
        assert_eq!((answer.code, operations(&document["objects"][1])), (Some(0), vec![]), "{answer:?}");
    }

    // The operator does not look by itself before it is asked.
    let rarely = json!({"spec": {"intervalSeconds": 86400}}).to_string();
    stage.cluster.kubectl(&[
        "patch",
        "trail",
        "-n",
        at.namespace,
        at.name,
        "--type",
        "merge",
        "-p",
        &rarely,
    ])?;
    alarming::look(stage, at, "rung-root")?;
    let mark = stage.mark()?;
    let silent = json!({"AlarmNames": ["default/rung-root"]});
    stage.aws(at, "cloudwatch", "DisableAlarmActions", &silent)?;
    let drifted = call(stage, &of_cluster)?;
    let document = drifted.document()?;
    let object = &document["objects"][1];
    let enabled = change(object, "alarm.actionsEnabled");
    assert_eq!((drifted.code, &enabled["reason"]), (Some(2), &json!("changed in AWS")), "{drifted:?}");
    alarming::look(stage, at, "rung-root")?;
    assert_eq!(alarming::writes(stage, at, mark)?, operations(object));

    // What is foreseen of an alarm that means nothing is that nothing is done.
    alarm["spec"]["preset"] = Value::Null;
    alarm["spec"]["filter"] = json!({"pattern": "{ $.eventName = }"});
    manifests(&alarm)?;
    let answer = call(stage, &of_files)?;
    let document = answer.document()?;
    let finding = &document["objects"][1]["findings"][0];
    assert_eq!((answer.code, &finding["reason"]), (Some(0), &json!("InvalidPattern")), "{answer:?}");
    Ok(())
}

#[test]
fn no_answer_is_told_from_every_answer() -> Result<()> {
    let stage = shared();
    for (words, why) in [
        ("plan --no-such-flag", "--no-such-flag"),
        ("plan --filename /no/such/file.yaml", "/no/such/file.yaml"),
        ("plan no-such-trail --namespace default", "no-such-trail"),
    ] {
        let answer = call(stage, words)?;
        assert!(
            answer.code == Some(4) && answer.out.is_empty() && answer.err.contains(why),
            "{words}: {answer:?}"
        );
    }
    Ok(())
}

#[test]
fn a_plan_tells_what_selectors_add_and_which_are_not_accepted() -> Result<()> {
    let (stage, at) = (shared(), place("selected", "ap-southeast-3"));
    stage.make_bucket(at)?;
    let sound = composing::objects(at, "sound");
    let mut broken = composing::objects(at, "broken");
    broken["spec"]["advanced"][0]["fieldSelectors"][3]["startsWith"] = json!(["arn:aws:s3:::broken/*"]);
    let mut own = composing::objects(at, "own");
    own["spec"]["advanced"][0]["fieldSelectors"][3]["startsWith"] = json!(["arn:aws:s3:::"]);
    let file = stage.cluster.folder().join("selected.yaml");
    let all = [at.manifest(), sound, broken, own].map(|object| object.to_string());
    fs::write(&file, all.join("\n---\n"))?;
    let words = format!("plan -n default --output json --filename {}", file.display());
    let answer = call(stage, &words)?;
    let document = answer.document()?;
    let trail = &document["objects"][0];
    assert_eq!(operations(trail), ["CreateTrail", "PutEventSelectors", "StartLogging"]);
    let added = change(trail, "eventSelectors")["to"].as_str().unwrap_or_default();
    assert!(added.contains("sound (writes of AWS::S3::Object") && !added.contains("broken"), "{added}");
    assert_eq!(own_findings(trail), ["Invalid"]);
    let finding =
        trail["findings"].as_array().and_then(|all| all.iter().find(|one| one["reason"] == "Invalid"));
    let finding = finding.context("no such finding")?;
    assert_eq!(finding["severity"], "Error");
    let message = finding["message"].as_str().unwrap_or_default();
    assert!(message.starts_with("EventSelector default/broken: spec.advanced[0]"), "{message}");
    assert!(answer.err.contains("EventSelector default/own: RecordsOwnBucket"), "{}", answer.err);
    Ok(())
}
