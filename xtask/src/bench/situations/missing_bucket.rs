//! A bucket that is not there: how hard the operator tries in the first minute, and how soon it notices that it came.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::json;

use super::let_pass;
use crate::bench::figures::Figures;
use crate::bench::objects::Seen;
use crate::bench::plot::Plot;
use crate::bench::stage::Stage;

const MINUTE: Duration = Duration::from_mins(1);

pub(super) fn measure(stage: &Stage, figures: &mut Figures, name: &'static str) -> Result<()> {
    let plot = Plot::new("missing-bucket", 50);
    plot.prepare_without_bucket(stage)?;
    let mark = stage.mark()?;
    stage.apply(&[plot.trail(0, &json!({}))])?;
    let_pass(MINUTE);
    let counted = plot.since(stage, mark)?;
    let said = plot.seen(stage, 0)?.ready.last().context("nothing was said about the bucket")?.clone();

    plot.make_bucket(&stage.lab)?;
    let start = Instant::now();
    plot.request(stage, 0, "the bucket is there")?;
    let ready = plot.wait(stage, 0, "a Trail to be Ready", Seen::ready_since)?;

    let mut of = figures.of(name);
    let [tries, writes] = [counted.cloud_trail("CreateTrail"), counted.status_writes()];
    // HeadBucket is an attempt too where it keeps CreateTrail from being called.
    of.count("first minute: attempts to create", tries, 3, "14");
    of.told("first minute: AWS calls", &counted.aws.len().to_string(), "28");
    of.count("first minute: status writes", writes, 1, "42 writes");
    of.told("first minute: Kubernetes requests", &counted.kubernetes.len().to_string(), "");
    of.time(
        "the bucket comes, reconcile-requested-at to Ready",
        ready.duration_since(start),
        Duration::from_secs(3),
        "74 s",
    );
    of.note(&format!("{}; Ready was {} {}: {}", counted.told(), said.status, said.reason, said.message));
    Ok(())
}
