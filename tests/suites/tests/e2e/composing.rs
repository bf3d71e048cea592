//! EventSelectors: what many teams add to one trail, and what nobody takes away from another.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use serde_json::{Value, json};
use test_cluster::wait_for;
use test_suites::stage::{INTERVAL, PATIENCE, Place, Stage, condition};

use crate::{place, shared};

const MANAGEMENT: &str = "Management events selector";

/// An EventSelector of write events in a bucket that is called like it.
pub(crate) fn objects(at: Place<'_>, name: &str) -> Value {
    json!({
        "apiVersion": "trail-operator.dev/v1alpha1", "kind": "EventSelector",
        "metadata": {"name": name, "namespace": at.namespace},
        "spec": {
            "trailRef": {"name": at.name},
            "advanced": [{"name": name, "fieldSelectors": [
                {"field": "eventCategory", "equals": ["Data"]},
                {"field": "resources.type", "equals": ["AWS::S3::Object"]},
                {"field": "readOnly", "equals": ["false"]},
                {"field": "resources.ARN", "startsWith": [format!("arn:aws:s3:::{name}/")]},
            ]}],
        },
    })
}

fn fields(object: &mut Value) -> &mut Value {
    &mut object["spec"]["advanced"][0]["fieldSelectors"]
}

pub(crate) fn apply(stage: &Stage, object: &Value) -> Result<()> {
    stage.cluster.apply(&object.to_string()).map(drop)
}

fn delete(stage: &Stage, namespace: &str, name: &str) -> Result<()> {
    stage.cluster.kubectl(&["delete", "eventselector", name, "-n", namespace]).map(drop)
}

fn get(stage: &Stage, namespace: &str, name: &str) -> Result<Value> {
    let path = format!("/apis/trail-operator.dev/v1alpha1/namespaces/{namespace}/eventselectors/{name}");
    Ok(serde_json::from_str(&stage.cluster.raw(&path)?)?)
}

/// Waits until these conditions of an object have that status and reason, for its present generation.
fn wait(stage: &Stage, namespace: &str, name: &str, wanted: &[(&str, &str, &str)]) -> Result<Value> {
    wait_for(&format!("EventSelector {name} to be {wanted:?}"), PATIENCE, || {
        let object = get(stage, namespace, name)?;
        for (type_, status, reason) in wanted {
            let is = condition(&object, type_);
            ensure!(is["status"] == *status && is["reason"] == *reason, "{type_} is {is}");
            ensure!(is["observedGeneration"] == object["metadata"]["generation"], "{type_} is {is}");
        }
        Ok(object)
    })
}

const READY: [(&str, &str, &str); 3] =
    [("Ready", "True", "Succeeded"), ("Accepted", "True", "Accepted"), ("Applied", "True", "Applied")];

/// Names of the selectors that AWS has, in its order; `None` where it has the default.
fn names(stage: &Stage, at: Place<'_>) -> Result<Option<Vec<String>>> {
    if stage.in_aws(at)?["HasCustomEventSelectors"] == false {
        return Ok(None);
    }
    let answer = stage.aws(at, "cloudtrail", "GetEventSelectors", &json!({"TrailName": at.name}))?;
    let selectors = answer["AdvancedEventSelectors"].as_array().context("no advanced selectors")?;
    Ok(Some(selectors.iter().map(|one| one["Name"].as_str().unwrap_or_default().to_owned()).collect()))
}

fn wait_names(stage: &Stage, at: Place<'_>, wanted: &[&str], patience: Duration) -> Result<()> {
    let wanted: BTreeSet<_> = wanted.iter().map(|name| (*name).to_owned()).collect();
    wait_for(&format!("AWS to have {wanted:?}"), patience, || {
        let names = names(stage, at)?.unwrap_or_default();
        ensure!(names.iter().cloned().collect::<BTreeSet<_>>() == wanted, "AWS has {names:?}");
        Ok(())
    })
}

/// How often the operator put selectors.
fn puts(stage: &Stage, at: Place<'_>, mark: Option<u64>) -> Result<usize> {
    Ok(stage.writes_since(at, mark)?.iter().filter(|one| *one == "PutEventSelectors").count())
}

#[test]
fn teams_add_to_the_platform_s_trail_where_they_may() -> Result<()> {
    let (stage, at) = (shared(), place("composed", "us-west-1"));
    stage.make_bucket(at)?;
    stage.apply_trail(at, |spec| {
        spec["eventSelectorsFrom"] =
            json!({"namespaces": "Selector", "selector": {"matchLabels": {"records": "yes"}}});
    })?;
    stage.wait_ready(at)?;
    apply(stage, &objects(at, "platform"))?;
    let mine = wait(stage, at.namespace, "platform", &READY)?;
    assert_eq!(names(stage, at)?, Some(vec![MANAGEMENT.into(), "platform".into()]));
    let records = mine["status"]["records"][0].as_str().context("no words")?;
    assert!(records.contains("writes of AWS::S3::Object"), "{records}");

    stage.cluster.kubectl(&["create", "namespace", "team"])?;
    let mut theirs = objects(Place { namespace: "team", ..at }, "theirs");
    theirs["spec"]["trailRef"]["namespace"] = at.namespace.into();
    apply(stage, &theirs)?;
    let refused = wait(stage, "team", "theirs", &[("Accepted", "False", "NotPermitted")])?;
    let said: Vec<_> = refused["status"].as_object().context("no status")?.keys().collect();
    assert_eq!(said, ["conditions", "observedGeneration"], "nothing more");
    stage.cluster.kubectl(&["label", "namespace", "team", "records=yes"])?;
    wait(stage, "team", "theirs", &READY)?;
    wait_names(stage, at, &[MANAGEMENT, "platform", "theirs"], PATIENCE)?;
    let trail = stage.wait_ready(at)?;
    let selectors = &trail["status"]["selectors"];
    assert_eq!(selectors["revision"], selectors["appliedRevision"], "{selectors}");
    assert_eq!((&selectors["count"], &selectors["managementEvents"]), (&2.into(), &"all".into()));
    stage.cluster.kubectl(&["label", "namespace", "team", "records-"])?;
    wait(stage, "team", "theirs", &[("Accepted", "False", "NotPermitted")])?;
    wait_names(stage, at, &[MANAGEMENT, "platform"], Duration::from_secs(100))
}

#[test]
fn many_edits_by_many_writers_end_in_the_union_with_few_calls() -> Result<()> {
    let (stage, at) = (shared(), place("crowded", "us-west-2"));
    stage.ready_trail(at)?;
    let mark = stage.mark()?;
    let all: Vec<_> = (0..10).map(|n| format!("crowd-{n}")).collect();
    let together: Vec<_> = all.iter().map(|name| objects(at, name)).collect();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": together});
    stage.cluster.apply(&list.to_string())?;
    for name in &all {
        wait(stage, at.namespace, name, &READY)?;
    }
    let wanted: Vec<_> = [MANAGEMENT].into_iter().chain(all.iter().map(String::as_str)).collect();
    assert_eq!(names(stage, at)?.context("the default")?, wanted, "in order");
    let created = puts(stage, at, mark)?;
    // One second of edits is one call; applying ten objects may take more than one.
    assert!(created <= 3, "{created} calls");

    let mark = stage.mark()?;
    let edits: Vec<_> = (0..3)
        .map(|writer| {
            let all = all.clone();
            thread::spawn(move || -> Result<()> {
                for (n, name) in all.iter().enumerate().filter(|(n, _)| n % 3 == writer) {
                    let mut object = objects(at, name);
                    fields(&mut object)[3]["startsWith"] = json!([format!("arn:aws:s3:::{name}/{n}")]);
                    apply(shared(), &object)?;
                }
                Ok(())
            })
        })
        .collect();
    let began = std::time::Instant::now();
    for edit in edits {
        edit.join().map_err(|_| anyhow!("a writer panicked"))??;
    }
    let seconds = usize::try_from(began.elapsed().as_secs())?;
    for name in &all {
        wait(stage, at.namespace, name, &READY)?;
    }
    let answer = stage.aws(at, "cloudtrail", "GetEventSelectors", &json!({"TrailName": at.name}))?;
    for (n, name) in all.iter().enumerate() {
        assert!(answer.to_string().contains(&format!("arn:aws:s3:::{name}/{n}\"")), "{answer}");
    }
    let edited = puts(stage, at, mark)?;
    println!(
        "PutEventSelectors: {created} for ten objects, {edited} for ten edits by three writers in {seconds} s"
    );
    assert!(edited <= seconds + 2, "{edited} calls for edits of {seconds} s");
    Ok(())
}

#[test]
fn what_cannot_be_accepted_stays_as_it_was_and_holds_up_nobody() -> Result<()> {
    let (stage, at) = (shared(), place("edited", "us-east-2"));
    stage.ready_trail(at)?;
    apply(stage, &objects(at, "sound"))?;
    apply(stage, &objects(at, "broken"))?;
    wait(stage, at.namespace, "broken", &READY)?;
    let mut broken = objects(at, "broken");
    fields(&mut broken)[3]["startsWith"] = json!(["arn:aws:s3:::broken/*"]);
    apply(stage, &broken)?;
    let held = wait(
        stage,
        at.namespace,
        "broken",
        &[
            ("Accepted", "False", "Invalid"),
            ("Applied", "False", "HeldLastAccepted"),
            ("Stalled", "True", "Invalid"),
        ],
    )?;
    let told = condition(&held, "Accepted")["message"].to_string();
    assert!(told.contains("spec.advanced[0]") && told.contains("broken/*"), "{told}");
    apply(stage, &objects(at, "other"))?;
    wait(stage, at.namespace, "other", &READY)?;
    wait_names(stage, at, &[MANAGEMENT, "sound", "broken", "other"], PATIENCE)?;

    // More than a trail holds: the newcomer is refused, whatever its priority.
    let mut large = objects(at, "large");
    large["spec"]["priority"] = 1.into();
    let arns: Vec<_> = (0..490).map(|n| format!("arn:aws:s3:::large-{n}/")).collect();
    fields(&mut large)[3]["startsWith"] = json!(arns);
    apply(stage, &large)?;
    wait(
        stage,
        at.namespace,
        "large",
        &[("Accepted", "False", "QuotaExceeded"), ("Applied", "False", "NotAccepted")],
    )?;
    wait_names(stage, at, &[MANAGEMENT, "sound", "broken", "other"], PATIENCE)?;
    fields(&mut large)[3]["startsWith"] = json!(&arns[..400]);
    apply(stage, &large)?;
    wait(stage, at.namespace, "large", &READY)?;
    wait_names(stage, at, &[MANAGEMENT, "sound", "broken", "other", "large"], PATIENCE)
}

/// Types and fields are not enumerated, so AWS knows mistakes that nobody else does; it refuses all that is sent along.
#[test]
fn a_mistake_that_only_aws_finds_is_its_own_object_s() -> Result<()> {
    let (stage, at) = (shared(), place("isolated", "eu-north-1"));
    stage.make_bucket(at)?;
    stage.apply_trail(at, |spec| {
        spec["managementEvents"] = json!({"excludeEventSources": ["kms.amazonaws.com"]});
    })?;
    let mut odd = objects(at, "odd");
    fields(&mut odd)[2] = json!({"field": "tlsDetails", "equals": ["none"]});
    let all = [objects(at, "before"), odd.clone(), objects(at, "past")];
    let list = json!({"apiVersion": "v1", "kind": "List", "items": all});
    stage.cluster.apply(&list.to_string())?;
    let refused = [("Accepted", "False", "Invalid"), ("Applied", "False", "NotAccepted")];
    let told = wait(stage, at.namespace, "odd", &refused)?;
    let message = condition(&told, "Accepted")["message"].to_string();
    assert!(message.contains("InvalidEventSelectorsException"), "{message}");
    for name in ["before", "past"] {
        wait(stage, at.namespace, name, &READY)?;
    }
    let trail = stage.wait_ready(at)?;
    assert_eq!(trail["status"]["selectors"]["refused"][0]["name"], "odd");
    wait_names(stage, at, &[MANAGEMENT, "before", "past"], PATIENCE)?;
    assert!(!stage.events(at)?.contains(&"InvalidConfiguration".to_owned()), "the Trail itself is sound");
    // It is not tried again and again, and at once when it is mended.
    let mark = stage.mark()?;
    stage.patch_trail(at, &json!({"tags": {"Team": "audit"}}))?;
    stage.wait_ready(at)?;
    assert_eq!(puts(stage, at, mark)?, 0);
    apply(stage, &objects(at, "odd"))?;
    wait(stage, at.namespace, "odd", &READY)?;
    // An edit that AWS refuses leaves in place what AWS had.
    apply(stage, &odd)?;
    wait(
        stage,
        at.namespace,
        "odd",
        &[("Accepted", "False", "Invalid"), ("Applied", "False", "HeldLastAccepted")],
    )?;
    wait_names(stage, at, &[MANAGEMENT, "before", "odd", "past"], PATIENCE)
}

#[test]
fn a_trail_without_management_events_is_made_with_its_first_selector() -> Result<()> {
    let (stage, at) = (shared(), place("data-only", "ca-central-1"));
    stage.make_bucket(at)?;
    stage.apply_trail(at, |spec| spec["managementEvents"] = json!({"readWriteType": "None"}))?;
    stage.wait_condition(at, "Ready", "False", "InvalidConfiguration")?;
    assert_eq!(stage.in_aws(at)?, Value::Null);
    let mark = stage.mark()?;
    apply(stage, &objects(at, "first"))?;
    wait(stage, at.namespace, "first", &READY)?;
    stage.wait_ready(at)?;
    assert_eq!(names(stage, at)?, Some(vec!["first".into()]));
    let writes = stage.writes_since(at, mark)?;
    assert_eq!(writes, ["CreateTrail", "PutEventSelectors", "StartLogging"]);
    Ok(())
}

#[test]
fn selectors_that_others_change_are_put_right() -> Result<()> {
    let (stage, at) = (shared(), place("swapped", "sa-east-1"));
    stage.ready_trail(at)?;
    apply(stage, &objects(at, "ours"))?;
    wait(stage, at.namespace, "ours", &READY)?;
    let default = json!({"TrailName": at.name, "EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": true}]});
    stage.aws(at, "cloudtrail", "PutEventSelectors", &default)?;
    wait_names(stage, at, &[MANAGEMENT, "ours"], INTERVAL)?;
    let told = stage.wait_event(at, "DriftCorrected")?;
    assert!(told["note"].as_str().unwrap_or_default().contains("arn:aws:s3:::ours/"), "{told}");
    // Nothing is told or changed for the object, which was recorded all along as far as it could know.
    wait(stage, at.namespace, "ours", &READY).map(drop)
}

#[test]
fn insights_of_data_events_come_and_go_with_their_selectors() -> Result<()> {
    let (stage, at) = (shared(), place("analysed", "eu-south-2"));
    stage.make_bucket(at)?;
    let of_data = json!([{"insightType": "ApiErrorRateInsight", "eventCategories": ["Data"]}]);
    stage.apply_trail(at, |spec| {
        spec["insightSelectors"] = of_data.clone();
        spec["aggregation"] = json!({"templates": ["API_ACTIVITY"]});
    })?;
    stage.wait_condition(at, "Ready", "False", "InvalidConfiguration")?;
    apply(stage, &objects(at, "analysed"))?;
    stage.wait_ready(at)?;
    wait(stage, at.namespace, "analysed", &READY)?;
    // The Trail still wants both: the events they look at stay.
    delete(stage, at.namespace, "analysed")?;
    stage.wait_condition(at, "Ready", "False", "InvalidConfiguration")?;
    stage.look(at)?;
    assert_eq!(names(stage, at)?, Some(vec![MANAGEMENT.into(), "analysed".into()]));
    let mark = stage.mark()?;
    stage.patch_trail(at, &json!({"insightSelectors": null, "aggregation": null}))?;
    stage.wait_ready(at)?;
    wait_for("the selectors to go", Duration::from_secs(100), || {
        ensure!(names(stage, at)?.is_none(), "they are there");
        Ok(())
    })?;
    let writes = stage.writes_since(at, mark)?;
    assert_eq!(writes.last().map(String::as_str), Some("PutEventSelectors"), "{writes:?}");
    Ok(())
}
