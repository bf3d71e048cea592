//! Whose a trail is: taken over, claimed twice, handed on, contested. What happens in AWS meanwhile is read in the calls.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use test_cluster::wait_for;
use test_suites::stage::{OWNER_TAG, PATIENCE, Place, Stage, condition};

use crate::{place, shared};

/// A richer trail than the manifest's first form would make, that somebody has had for long.
fn found(stage: &Stage, at: Place<'_>, tags: &Value) -> Result<Value> {
    stage.make_bucket(at)?;
    stage.make_by_hand(at, json!({"EnableLogFileValidation": true, "TagsList": tags}))?;
    stage.status_in_aws(at)
}

/// Waits for the answer to the present manifest.
fn wait_conflict(stage: &Stage, at: Place<'_>, words: &str) -> Result<()> {
    wait_for("ManagementConflict", PATIENCE, || {
        let trail = stage.trail(at)?;
        let ready = condition(&trail, "Ready");
        ensure!(ready["reason"] == "ManagementConflict", "Ready is {ready}");
        ensure!(ready["observedGeneration"] == trail["metadata"]["generation"], "Ready is {ready}");
        ensure!(ready["message"].as_str().is_some_and(|text| text.contains(words)), "Ready is {ready}");
        ensure!(condition(&trail, "Stalled")["status"] == "True", "not stalled: {}", trail["status"]);
        Ok(())
    })
}

#[test]
fn a_trail_of_nobody_is_taken_over_when_the_manifest_says_so_and_only_marked() -> Result<()> {
    let (stage, at) = (shared(), place("found", "us-east-1"));
    let before = found(stage, at, &json!([{"Key": "Team", "Value": "network"}]))?;
    let settings = stage.in_aws(at)?;
    let mark = stage.mark()?;
    stage.apply_trail(at, |_| {})?;
    wait_conflict(stage, at, "IfUnowned")?;
    assert_eq!(stage.writes_since(at, mark)?, [""; 0], "adoptionPolicy Never is the default");

    stage.patch_trail(at, &json!({"adoptionPolicy": "IfUnowned"}))?;
    stage.wait_ready(at)?;
    assert_eq!(stage.owner_tag(at)?.as_deref(), Some("stage/default/found"));
    assert_eq!(stage.writes_since(at, mark)?, ["AddTags"], "nothing but the owner tag");
    assert_eq!(stage.in_aws(at)?, settings);
    assert_eq!(stage.tags(at)?, [("Team".to_owned(), "network".to_owned())].into());
    let after = stage.status_in_aws(at)?;
    assert_eq!(
        (&after["IsLogging"], &after["StartLoggingTime"]),
        (&json!(true), &before["StartLoggingTime"])
    );
    assert_eq!(stage.wait_event(at, "TrailAdopted")?["type"], "Normal");
    Ok(())
}

#[test]
fn a_trail_of_another_owner_is_taken_over_only_from_whom_it_belongs_to() -> Result<()> {
    let (stage, at) = (shared(), place("inherited", "us-east-2"));
    found(stage, at, &json!([{"Key": OWNER_TAG, "Value": "old-cluster/security/audit"}]))?;
    let mark = stage.mark()?;
    stage.apply_trail(at, |spec| spec["adoptionPolicy"] = "IfUnowned".into())?;
    wait_conflict(stage, at, "adoptFrom")?;
    stage.patch_trail(at, &json!({"adoptFrom": "old-cluster/security/audi"}))?;
    wait_conflict(stage, at, "adoptFrom")?;
    assert_eq!(stage.writes_since(at, mark)?, [""; 0]);

    stage.patch_trail(at, &json!({"adoptFrom": "old-cluster/security/audit"}))?;
    stage.wait_ready(at)?;
    assert_eq!(stage.owner_tag(at)?.as_deref(), Some("stage/default/inherited"));
    assert_eq!(stage.writes_since(at, mark)?, ["AddTags"]);
    assert!(stage.is_logging(at)?);
    stage.wait_event(at, "TrailAdopted")?;
    Ok(())
}

/// Neither can make the trail at first, so that neither has it; and the younger one looks first.
#[test]
fn of_two_objects_for_one_trail_the_older_has_it_and_the_younger_never_deletes_it() -> Result<()> {
    let (stage, older) = (shared(), Place { namespace: "zeta", name: "contested", region: "us-west-1" });
    let younger = Place { namespace: "alpha", ..older };
    let on_the_same_bucket = |spec: &mut Value| spec["s3"]["bucketName"] = older.bucket().into();
    stage.namespace(older.namespace)?;
    stage.namespace(younger.namespace)?;
    stage.apply_trail(older, on_the_same_bucket)?;
    stage.wait_condition(older, "Ready", "False", "BucketNotFound")?;
    let made = Instant::now();
    wait_for("the next second, since that is how exact ages are", PATIENCE, || {
        ensure!(made.elapsed() > Duration::from_secs(1), "not yet");
        Ok(())
    })?;
    stage.apply_trail(younger, |spec| {
        on_the_same_bucket(spec);
        spec["deletionPolicy"] = "Delete".into();
        spec["adoptionPolicy"] = "IfUnowned".into();
    })?;
    wait_conflict(stage, younger, "older than this one")?;
    stage.make_bucket(older)?;
    stage.look(younger)?;
    assert!(stage.in_aws(older)?.is_null(), "the younger one leaves it to the older one");

    stage.look(older)?;
    stage.wait_ready(older)?;
    assert_eq!(stage.owner_tag(older)?.as_deref(), Some("stage/zeta/contested"));
    stage.look(younger)?;
    wait_conflict(stage, younger, "contested")?;
    stage.delete_trail(younger)?;
    assert_eq!(stage.wait_event(younger, "TrailRetained")?["type"], "Warning");
    assert!(stage.is_logging(older)?);
    assert_eq!(stage.owner_tag(older)?.as_deref(), Some("stage/zeta/contested"));
    Ok(())
}

#[test]
fn a_trail_moves_to_another_name_and_namespace_without_a_second_of_not_logging() -> Result<()> {
    let (stage, old) = (shared(), place("moving", "us-west-2"));
    stage.ready_trail(old)?;
    let before = stage.status_in_aws(old)?;
    let mark = stage.mark()?;
    let new = Place { namespace: "moved", name: "under-another-name", ..old };
    stage.namespace(new.namespace)?;
    stage.apply_trail(new, |spec| {
        spec["trailName"] = old.trail_name().into();
        spec["s3"]["bucketName"] = old.bucket().into();
        spec["adoptionPolicy"] = "IfUnowned".into();
    })?;
    wait_conflict(stage, new, "belongs to another object")?;
    stage.patch_trail(new, &json!({"adoptFrom": "stage/default/moving"}))?;
    wait_conflict(stage, new, "still there")?;
    stage.delete_trail(old)?;
    assert_eq!(stage.wait_event(old, "TrailRetained")?["type"], "Normal");
    stage.look(new)?;
    let trail = stage.wait_ready(new)?;

    assert_eq!(trail["status"]["arn"], old.arn());
    assert_eq!(stage.owner_tag(old)?.as_deref(), Some("stage/moved/under-another-name"));
    stage.wait_event(new, "TrailAdopted")?;
    assert_eq!(stage.writes_since(old, mark)?, ["RemoveTags", "AddTags"], "no call touches more than tags");
    let after = stage.status_in_aws(old)?;
    assert_eq!(
        (&after["IsLogging"], &after["StartLoggingTime"]),
        (&json!(true), &before["StartLoggingTime"])
    );
    Ok(())
}

#[test]
fn an_owner_tag_that_others_change_is_put_back_once_and_then_believed() -> Result<()> {
    let (stage, at) = (shared(), place("claimed", "ca-central-1"));
    stage.make_bucket(at)?;
    stage.apply_trail(at, |spec| spec["deletionPolicy"] = "Delete".into())?;
    stage.wait_ready(at)?;
    let theirs = |value: &str| {
        let tags = json!({"ResourceId": at.arn(), "TagsList": [{"Key": OWNER_TAG, "Value": value}]});
        stage.aws(at, "cloudtrail", "AddTags", &tags).map(drop)
    };
    let ours = json!({"ResourceId": at.arn(), "TagsList": [{"Key": OWNER_TAG}]});
    stage.aws(at, "cloudtrail", "RemoveTags", &ours)?;
    stage.look(at)?;
    assert_eq!(stage.owner_tag(at)?.as_deref(), Some("stage/default/claimed"), "what is gone comes back");

    theirs("somebody/by/mistake")?;
    stage.look(at)?;
    assert_eq!(stage.owner_tag(at)?.as_deref(), Some("stage/default/claimed"));
    let told = stage.wait_event(at, "OwnerTagRestored")?;
    let note = told["note"].as_str().context("no note")?;
    assert!(note.contains("'another owner' → 'stage/default/claimed'"), "who is not told: {note}");
    stage.wait_ready(at)?;

    theirs("somebody/in/earnest")?;
    stage.look(at)?;
    wait_conflict(stage, at, "again after it was put right once")?;
    assert_eq!(stage.owner_tag(at)?.as_deref(), Some("somebody/in/earnest"));
    stage.delete_trail(at)?;
    assert!(stage.is_logging(at)?, "a trail that somebody else claims is not deleted");
    assert_eq!(stage.owner_tag(at)?.as_deref(), Some("somebody/in/earnest"));
    Ok(())
}
