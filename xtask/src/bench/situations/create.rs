//! A manifest becomes a trail: with selectors of its own and started, the most that one takes.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;

use super::let_pass;
use crate::bench::figures::{Figures, spread};
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
    let mut samples = Vec::new();
    for plot in &plots {
        samples.push(Sample::take(stage, plot)?);
    }
    let_pass(CONFIRMED);
    let (mut calls, mut requests) = (0, 0);
    for plot in &plots {
        let counted = plot.since(stage, mark)?;
        calls = calls.max(counted.aws.len());
        requests = requests.max(counted.kubernetes.len());
    }
    let untouched = untouched(stage, &plots)?;
    let told = plots[0].since(stage, mark)?.told();

    let mut of = figures.of(name);
    let times: Vec<_> = samples.iter().map(|sample| sample.took).collect();
    of.told("kubectl apply to Ready, 5 samples (least / median / most)", &spread(&times), "0.8 s");
    let most = |count: fn(&Sample) -> usize| samples.iter().map(count).max().unwrap_or_default();
    of.count("AWS calls until Ready, with selectors and start", most(|sample| sample.calls), 8, "6");
    of.told("AWS calls with the confirmation 15 s later", &calls.to_string(), "");
    of.told("Kubernetes requests until Ready", &most(|sample| sample.requests).to_string(), "6");
    of.told("Kubernetes requests with the confirmation", &requests.to_string(), "");
    of.must("logs when it says Ready", samples.iter().all(|sample| sample.logs), "no");
    of.must("spec untouched", untouched, "no");
    of.note(&told);
    Ok(())
}

struct Sample {
    took: Duration,
    calls: usize,
    requests: usize,
    logs: bool,
}

impl Sample {
    fn take(stage: &Stage, plot: &Plot) -> Result<Self> {
        let spec = json!({"managementEvents": {"readWriteType": "WriteOnly"}, "intervalSeconds": DAY});
        let mark = stage.mark()?;
        let start = Instant::now();
        stage.apply(&[plot.trail(0, &spec)])?;
        let ready = plot.wait(stage, 0, "a Trail to be Ready", crate::bench::objects::Seen::ready_since)?;
        let counted = plot.since(stage, mark)?;
        Ok(Self {
            took: ready.duration_since(start),
            calls: counted.aws.len(),
            requests: counted.kubernetes.len(),
            logs: plot.is_logging(stage, 0)?,
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
