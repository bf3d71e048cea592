//! A manifest becomes a trail: with selectors of its own and started, the most that one takes.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;

use super::let_pass;
use crate::bench::figures::{Figures, spread};
use crate::bench::objects::Seen;
use crate::bench::plot::{CONFIRMED, Plot};
use crate::bench::stage::Stage;

/// Each in an account of its own, one after the other.
const SAMPLES: usize = 5;

/// So long an interval that no check falls into what is measured.
const DAY: u64 = 86_400;

pub(super) fn measure(stage: &Stage, figures: &mut Figures, name: &'static str) -> Result<()> {
    let plots: Vec<_> = (0..SAMPLES).map(|n| Plot::new(&format!("create-{n}"), 1 + n)).collect();
    for plot in &plots {
        plot.prepare(stage)?;
    }
    let mark = stage.mark()?;
    let samples: Vec<_> = plots.iter().map(|plot| Sample::take(stage, plot, 0)).collect::<Result<_>>()?;
    let_pass(CONFIRMED);
    let first = plots[0].since(stage, mark)?;
    let mark = stage.mark()?;
    let next = Sample::take(stage, &plots[0], 1)?;
    let_pass(CONFIRMED);
    let second = plots[0].since(stage, mark)?;
    let untouched = untouched(stage, &plots)?;

    let mut of = figures.of(name);
    let times: Vec<_> = samples.iter().map(|sample| sample.took).collect();
    of.told("kubectl apply to Ready, 5 samples (least / median / most)", &spread(&times), "0.8 s");
    // The least, since calls that come after are among the others.
    let calls = samples.iter().map(|sample| sample.calls).min().unwrap_or_default();
    of.count("AWS calls until Ready, with selectors and start, but HeadBucket", calls, 8, "6");
    let asked = samples.iter().map(|sample| sample.head_bucket).max().unwrap_or_default();
    let once = "HeadBucket: once an hour for a bucket that the AwsAccount does not name";
    of.told(once, &asked.to_string(), "never asked");
    of.told("with the confirmation 15 s later", &first.aws.len().to_string(), "");
    of.count("AWS calls until Ready, of the next trail in the account", next.calls, 8, "6");
    of.told("with the confirmation 15 s later", &second.aws.len().to_string(), "");
    of.told("Kubernetes requests, all told", &first.kubernetes.len().to_string(), "6");
    of.told(
        "Kubernetes requests, of the next trail in the account",
        &second.kubernetes.len().to_string(),
        "6",
    );
    of.must("logs when it says Ready", samples.iter().all(|sample| sample.logs), "no");
    of.must("spec untouched", untouched, "no");
    of.note(&format!("with the confirmation: {}", first.told()));
    of.note(&format!("the next trail: {}", second.told()));
    Ok(())
}

struct Sample {
    took: Duration,
    calls: usize,
    /// Whose the bucket is, is asked of S3 before a trail is given one.
    head_bucket: usize,
    logs: bool,
}

impl Sample {
    fn take(stage: &Stage, plot: &Plot, number: usize) -> Result<Self> {
        let spec = json!({"managementEvents": {"readWriteType": "WriteOnly"}, "intervalSeconds": DAY});
        let mark = stage.mark()?;
        let start = Instant::now();
        stage.apply(&[plot.trail(number, &spec)])?;
        let ready = plot.wait(stage, number, "a Trail to be Ready", Seen::ready_since)?;
        let counted = plot.since(stage, mark)?;
        let head_bucket = counted.aws.iter().filter(|call| call.operation == "HeadBucket").count();
        Ok(Self {
            head_bucket,
            took: ready.duration_since(start),
            calls: counted.aws.len() - head_bucket,
            logs: plot.is_logging(stage, number)?,
        })
    }
}

/// Whether every spec is as it was first seen, and was never another.
fn untouched(stage: &Stage, plots: &[Plot]) -> Result<bool> {
    for plot in plots {
        let seen = plot.seen(stage, 0)?;
        if seen.first["spec"] != seen.now["spec"] || seen.now["metadata"]["generation"] != 1 {
            return Ok(false);
        }
    }
    Ok(true)
}
