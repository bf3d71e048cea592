//! What nobody declares any more goes on being recorded until it is sure that this is meant.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;
use test_cluster::{Overrides, wait_for};
use test_suites::stage::{PATIENCE, Place, Stage};

use crate::composing::{apply, objects};
use crate::place;

const MANAGEMENT: &str = "Management events selector";
/// As long as docs/event-selector.md says.
const GRACE: Duration = Duration::from_mins(1);

fn names(stage: &Stage, at: Place<'_>) -> Result<Vec<String>> {
    let answer = stage.aws(at, "cloudtrail", "GetEventSelectors", &json!({"TrailName": at.name}))?;
    let selectors = answer["AdvancedEventSelectors"].as_array().cloned().unwrap_or_default();
    Ok(selectors.iter().map(|one| one["Name"].as_str().unwrap_or_default().to_owned()).collect())
}

fn wait_names(stage: &Stage, at: Place<'_>, wanted: &[&str], patience: Duration) -> Result<()> {
    wait_for(&format!("AWS to have {wanted:?}"), patience, || {
        let names = names(stage, at)?;
        ensure!(names == wanted, "AWS has {names:?}");
        Ok(())
    })
}

#[test]
fn a_selector_that_comes_back_within_a_minute_was_never_gone() -> Result<()> {
    let mut stage = Stage::start()?;
    let at = place("held", "eu-west-1");
    stage.ready_trail(at)?;
    for name in ["stays", "goes", "moves"] {
        apply(&stage, &objects(at, name))?;
    }
    wait_names(&stage, at, &[MANAGEMENT, "goes", "moves", "stays"], PATIENCE)?;
    let deleted = Instant::now();
    stage.cluster.kubectl(&["delete", "eventselector", "goes", "moves", "-n", at.namespace])?;
    let mut moved = objects(at, "moves");
    moved["metadata"]["name"] = "moved".into();
    apply(&stage, &moved)?;
    // A restart in between forgets when it was, and is careful.
    stage.operator()?.terminate()?;
    stage.operator = Some(stage.run_operator(&Overrides::default())?);
    let restarted = Instant::now();
    stage.look(at)?;
    let trail = stage.trail(at)?;
    assert_eq!(trail["status"]["drift"][0]["field"], "eventSelectors", "{}", trail["status"]["drift"]);
    wait_for("what was given up to be gone", GRACE + PATIENCE, || {
        let names = names(&stage, at)?;
        let after = restarted.elapsed();
        if names.contains(&"goes".to_owned()) {
            anyhow::bail!("AWS has {names:?} after {after:?}");
        }
        assert!(after + Duration::from_secs(2) >= GRACE, "given up after {after:?}");
        Ok(())
    })?;
    assert!(deleted.elapsed() >= GRACE);
    wait_names(&stage, at, &[MANAGEMENT, "moves", "stays"], PATIENCE)
}

#[test]
fn nothing_is_given_up_with_the_definition() -> Result<()> {
    let stage = Stage::start()?;
    let at = place("kept", "eu-west-2");
    stage.ready_trail(at)?;
    apply(&stage, &objects(at, "kept"))?;
    wait_names(&stage, at, &[MANAGEMENT, "kept"], PATIENCE)?;
    stage.cluster.kubectl(&["delete", "crd", "eventselectors.trail-operator.dev"])?;
    let gone = Instant::now();
    // Longer than a deletion is remembered for; what is awaited is that nothing happens.
    wait_for("a minute and more to pass", GRACE + PATIENCE, || {
        ensure!(names(&stage, at)? == [MANAGEMENT, "kept"], "it was given up");
        ensure!(gone.elapsed() > GRACE + Duration::from_secs(5), "not yet");
        Ok(())
    })?;
    stage.look(at)?;
    assert_eq!(names(&stage, at)?, [MANAGEMENT, "kept"]);
    Ok(())
}
