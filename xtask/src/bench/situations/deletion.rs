//! An object is deleted: the trail stays, goes on logging, and belongs to nobody.

use std::time::Instant;

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::bench::figures::{Figures, seconds};
use crate::bench::plot::{Plot, trail_name};
use crate::bench::stage::Stage;

pub(super) fn measure(stage: &Stage, figures: &mut Figures, name: &'static str) -> Result<()> {
    let plot = Plot::new("deletion", 90);
    plot.prepare(stage)?;
    stage.apply(&[plot.trail(0, &json!({"intervalSeconds": 86_400}))])?;
    plot.wait_ready(stage, 1)?;

    let mark = stage.mark()?;
    let start = Instant::now();
    stage.cluster.kubectl(&["delete", "trail", &trail_name(0), "--namespace", &plot.name, "--wait=false"])?;
    plot.wait(stage, 0, "the object to be gone", |seen| seen.deleted.then_some(()))?;
    let took = start.elapsed();
    let counted = plot.since(stage, mark)?;
    let trails = plot.trails_in_aws(stage)?;
    let arn = trails.first().context("the trail is gone from AWS")?["TrailARN"].clone();
    let tags = plot.aws(&stage.lab, "cloudtrail", "ListTags", &json!({"ResourceIdList": [arn]}))?;
    let owned = tags.to_string().contains("trail-operator.dev/owner");

    let mut of = figures.of(name);
    of.must("the trail is retained and logs", plot.is_logging(stage, 0)?, "deleted");
    of.must("the owner tag is given up", !owned, "");
    of.told("kubectl delete until gone", &seconds(took), "");
    of.told("calls", &format!("{} AWS, {} Kubernetes", counted.aws.len(), counted.kubernetes.len()), "");
    of.note(&counted.told());
    Ok(())
}
