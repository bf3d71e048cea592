//! AWS throttles one account: the others are looked after as ever, and nobody is said not to be Ready for it.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;

use super::drift::{INTERVAL, LITTLE, stopped};
use super::let_pass;
use crate::bench::figures::Figures;
use crate::bench::plot::{FIVE, Plot};
use crate::bench::stage::Stage;

/// How long it lasts: less than three intervals, after which the contract says that nothing is known any more.
const LASTS: Duration = Duration::from_secs(80);

pub(super) fn measure(stage: &Stage, figures: &mut Figures, name: &'static str) -> Result<()> {
    let throttled = Plot::new("throttled", 70);
    let others = [Plot::new("healthy-0", 71), Plot::new("healthy-1", 72)];
    let spec = json!({"intervalSeconds": INTERVAL.as_secs()});
    for (plot, count) in [(&throttled, FIVE), (&others[0], 1), (&others[1], 1)] {
        plot.prepare(stage)?;
        let manifests: Vec<_> = (0..count).map(|number| plot.trail(number, &spec)).collect();
        stage.apply(&manifests)?;
        plot.wait_ready(stage, count)?;
    }

    let mark = stage.mark()?;
    let begun = Instant::now();
    let fault = json!({"service": "cloudtrail", "account": throttled.account, "code": "ThrottlingException", "times": -1});
    let fault = stage.lab.fault(fault)?;
    let mut repairs = Vec::new();
    for plot in &others {
        repairs.push(stopped(stage, plot, 0)?);
    }
    let_pass(LASTS.saturating_sub(begun.elapsed()));
    let counted = throttled.since(stage, mark)?;
    let changed = count_changes(stage, &throttled, begun)?;
    stage.lab.delete_fault(&fault)?;
    let repaired = stopped(stage, &throttled, 0)?;

    let mut of = figures.of(name);
    for took in repairs {
        of.time("another account: StopLogging until it logs again", took, INTERVAL + LITTLE, "3 s an object");
    }
    of.count("its own Trails: changes of Ready", changed, 0, "turns False");
    let lasts = LASTS.as_secs();
    of.told(&format!("its own five Trails: AWS calls in {lasts} s"), &counted.aws.len().to_string(), "");
    of.told(
        &format!("its own five Trails: Kubernetes requests in {lasts} s"),
        &counted.kubernetes.len().to_string(),
        "",
    );
    of.told("afterwards: StopLogging until it logs again", &crate::bench::figures::seconds(repaired), "");
    of.note(&counted.told());
    Ok(())
}

/// How often `Ready` has changed since.
fn count_changes(stage: &Stage, plot: &Plot, since: Instant) -> Result<usize> {
    let mut changes = 0;
    for number in 0..FIVE {
        changes += plot.seen(stage, number)?.ready.iter().filter(|ready| ready.at > since).count();
    }
    Ok(changes)
}
