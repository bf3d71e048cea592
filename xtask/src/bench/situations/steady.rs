//! Five trails in an account with which nothing happens: what a check costs, and that it writes nothing.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;
use test_cluster::wait_for;
use test_lab::{Call, REGION};

use super::let_pass;
use crate::bench::counting::Counted;
use crate::bench::figures::{Figures, Of};
use crate::bench::plot::{CONFIRMED, FIVE, Plot, trail_name};
use crate::bench::stage::{PATIENCE, Stage};

/// The shortest that there is.
const INTERVAL: Duration = Duration::from_secs(30);
/// How many are measured.
const INTERVALS: u32 = 5;

pub(super) fn measure(stage: &Stage, figures: &mut Figures, name: &'static str) -> Result<()> {
    let selectors = Plot::new("steady", 20);
    let insights = Plot::new("steady-insights", 21);
    let write_only = json!({"readWriteType": "WriteOnly"});
    let interval = INTERVAL.as_secs();
    let spec = json!({"managementEvents": write_only, "intervalSeconds": interval});
    make(stage, &selectors, &spec)?;
    let kind = json!([{"insightType": "ApiCallRateInsight"}]);
    let spec = json!({"managementEvents": write_only, "insightSelectors": kind, "intervalSeconds": interval});
    make(stage, &insights, &spec)?;
    let elsewhere = look_elsewhere(stage, &selectors)?;
    look_elsewhere(stage, &insights)?;
    // What the look has found is in the status after one more check.
    let_pass(INTERVAL + CONFIRMED);

    let mark = stage.mark()?;
    let_pass(INTERVAL * INTERVALS);
    let (selectors, insights) = (selectors.since(stage, mark)?, insights.since(stage, mark)?);

    let mut of = figures.of(name);
    tell(&mut of, "with selectors", &selectors, 2.5, "2")?;
    tell(&mut of, "with selectors and Insights", &insights, 3.5, "")?;
    let requests = selectors.kubernetes.len() + insights.kubernetes.len();
    of.count("Kubernetes requests of all these checks", requests, 0, "2 a check");
    let writes = selectors.aws_writes + insights.aws_writes;
    of.count("writes to AWS", writes, 0, "0");
    of.told("once an hour besides, a multi-Region trail: AWS calls", &format!("{elsewhere:.1}"), "");
    of.note(&format!("with selectors, {INTERVALS} intervals: {}", selectors.told()));
    of.note(&format!("with Insights, {INTERVALS} intervals: {}", insights.told()));
    Ok(())
}

/// Makes five trails that deliver.
fn make(stage: &Stage, plot: &Plot, spec: &serde_json::Value) -> Result<()> {
    plot.prepare(stage)?;
    let manifests: Vec<_> = (0..FIVE).map(|number| plot.trail(number, spec)).collect();
    stage.apply(&manifests)?;
    plot.wait_ready(stage, FIVE)?;
    for number in 0..FIVE {
        let what =
            json!({"trail": trail_name(number), "account": plot.account, "hours": 0, "eventsPerFile": 1});
        stage.lab.deliver(what)?;
    }
    for number in 0..FIVE {
        plot.wait(stage, number, "Logging to be True", |seen| {
            (seen.condition("Logging")["status"] == "True").then_some(())
        })?;
    }
    Ok(())
}

/// Asks for the look at other Regions that comes once an hour, so that it does not come later; gives its calls for each
/// trail.
fn look_elsewhere(stage: &Stage, plot: &Plot) -> Result<f64> {
    let mark = stage.mark()?;
    for number in 0..FIVE {
        plot.request(stage, number, "now")?;
        plot.wait(stage, number, "the request to be echoed", |seen| {
            (seen.now["status"]["lastHandledReconcileAt"] == "now").then_some(())
        })?;
    }
    let mut before = 0;
    let mut calm = 0;
    wait_for("the look at other Regions to end", PATIENCE, || {
        let calls = plot.since(stage, mark)?.aws.iter().filter(|call| is_elsewhere(call)).count();
        calm = if calls == before { calm + 1 } else { 0 };
        before = calls;
        // The calls of one account come faster than twenty looks of ours.
        ensure!(calls > 0 && calm > 20, "{calls} calls so far");
        Ok(())
    })?;
    #[expect(clippy::cast_precision_loss, reason = "a small count")]
    Ok(before as f64 / FIVE as f64)
}

fn is_elsewhere(call: &Call) -> bool {
    call.operation == "ListRegions" || (call.service == "cloudtrail" && call.region != REGION)
}

/// Every check asks once whether its trail logs.
fn tell(of: &mut Of<'_>, with: &str, counted: &Counted, most: f64, ack: &'static str) -> Result<()> {
    let checks = counted.cloud_trail("GetTrailStatus");
    let expected = FIVE * (INTERVALS as usize - 1);
    ensure!(checks >= expected, "{checks} checks in {INTERVALS} intervals: {}", counted.told());
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    let calls = counted.aws.len() as f64 / checks as f64;
    of.average(&format!("AWS calls of a check, {with} ({checks} checks)"), calls, most, ack);
    Ok(())
}
