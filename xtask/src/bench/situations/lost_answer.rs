//! AWS makes the trail and its answer is lost: it is the same trail that is found and kept.

use std::time::Instant;

use anyhow::Result;
use serde_json::json;

use crate::bench::figures::{Figures, seconds};
use crate::bench::objects::Seen;
use crate::bench::plot::Plot;
use crate::bench::stage::Stage;

pub(super) fn measure(stage: &Stage, figures: &mut Figures, name: &'static str) -> Result<()> {
    let plot = Plot::new("lost-answer", 80);
    plot.prepare(stage)?;
    let fault = json!({"account": plot.account, "operation": "CreateTrail", "phase": "after", "status": 500});
    stage.lab.fault(fault)?;
    let mark = stage.mark()?;
    let start = Instant::now();
    stage.apply(&[plot.trail(0, &json!({"intervalSeconds": 86_400}))])?;
    let ready = plot.wait(stage, 0, "a Trail to be Ready", Seen::ready_since)?;
    let counted = plot.since(stage, mark)?;
    let (trails, logs) = (plot.trails_in_aws(stage)?.len(), plot.is_logging(stage, 0)?);

    let mut of = figures.of(name);
    of.count("trails in AWS", trails, 1, "1, orphaned");
    of.must("Ready and logging", logs, "Terminal for ever");
    of.told("kubectl apply to Ready", &seconds(ready.duration_since(start)), "");
    of.note(&counted.told());
    Ok(())
}
