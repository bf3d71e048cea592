//! Somebody changes trails in AWS: how soon they are put right.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use test_cluster::wait_for;

use crate::bench::figures::Figures;
use crate::bench::plot::{Plot, trail_name};
use crate::bench::stage::{PATIENCE, Stage};

/// The shortest that there is.
pub(super) const INTERVAL: Duration = Duration::from_secs(30);
/// How much longer it may take until a repair is made.
pub(super) const LITTLE: Duration = Duration::from_secs(3);

pub(super) fn measure(stage: &Stage, figures: &mut Figures, name: &'static str) -> Result<()> {
    let plot = Plot::new("drift", 60);
    plot.prepare(stage)?;
    let spec =
        json!({"managementEvents": {"readWriteType": "WriteOnly"}, "intervalSeconds": INTERVAL.as_secs()});
    stage.apply(&[plot.trail(0, &spec)])?;
    plot.wait_ready(stage, 1)?;

    let mut of = figures.of(name);
    for number in 1..=2 {
        let took = stopped(stage, &plot, 0)?;
        of.time(
            &format!("StopLogging by hand ({number}): until it logs again"),
            took,
            INTERVAL + LITTLE,
            "never",
        );
    }
    let took = selectors(stage, &plot)?;
    of.time("selectors changed by hand: until put right", took, INTERVAL + LITTLE, "never");
    Ok(())
}

/// Stops a trail and waits until it logs again.
pub(super) fn stopped(stage: &Stage, plot: &Plot, number: usize) -> Result<Duration> {
    plot.aws(&stage.lab, "cloudtrail", "StopLogging", &json!({"Name": trail_name(number)}))?;
    let start = Instant::now();
    wait_for("the trail to log again", PATIENCE, || {
        ensure!(plot.is_logging(stage, number)?, "it does not");
        Ok(())
    })?;
    Ok(start.elapsed())
}

/// Records less, and waits until it is as declared again.
fn selectors(stage: &Stage, plot: &Plot) -> Result<Duration> {
    let name = trail_name(0);
    let recorded = || -> Result<Value> {
        plot.aws(&stage.lab, "cloudtrail", "GetEventSelectors", &json!({"TrailName": name}))
    };
    let declared = recorded()?;
    let less = json!([{
        "ReadWriteType": "WriteOnly",
        "IncludeManagementEvents": true,
        "ExcludeManagementEventSources": ["kms.amazonaws.com"],
    }]);
    let what = json!({"TrailName": name, "EventSelectors": less});
    plot.aws(&stage.lab, "cloudtrail", "PutEventSelectors", &what)?;
    let start = Instant::now();
    wait_for("the selectors to be as declared", PATIENCE, || {
        let now = recorded()?;
        ensure!(now == declared, "they are {now}");
        Ok(())
    })?;
    Ok(start.elapsed())
}
