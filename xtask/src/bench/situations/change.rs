//! Manifests are edited: what a change costs, and that AWS follows or the status says why not.

use std::time::Instant;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::let_pass;
use crate::bench::figures::{Figures, Of, seconds};
use crate::bench::objects::Seen;
use crate::bench::plot::{CONFIRMED, Plot};
use crate::bench::stage::Stage;

pub(super) fn measure(stage: &Stage, figures: &mut Figures, name: &'static str) -> Result<()> {
    let spec = json!({"intervalSeconds": 86_400, "tags": {"Environment": "test"}});
    let [free, guarded] = [Plot::new("change", 30).unguarded(), Plot::new("change-guarded", 31)];
    for plot in [&free, &guarded] {
        plot.prepare(stage)?;
        stage.apply(&[plot.trail(0, &spec)])?;
        plot.wait_ready(stage, 1)?;
    }
    let_pass(CONFIRMED);
    let mut of = figures.of(name);
    edit(stage, &free, &mut of, "a tag", &json!({"tags": {"Environment": "production"}}))?;
    edit(stage, &free, &mut of, "validation off", &json!({"enableLogFileValidation": false}))?;
    of.must("validation is off in AWS", validates(stage, &free)? == json!(false), "no, but Ready");
    edit(stage, &free, &mut of, "validation on", &json!({"enableLogFileValidation": true}))?;
    of.must("validation is on in AWS", validates(stage, &free)? == json!(true), "no, but Ready");

    guarded.patch(stage, 0, &json!({"spec": {"enableLogFileValidation": false}}))?;
    let said = guarded.wait(stage, 0, "a word about the change", |seen| {
        seen.ready.last().filter(|ready| ready.generation == 2).cloned()
    })?;
    let says_why = said.status == "False" && said.message.contains("enableLogFileValidation");
    of.must("validation off where that is not allowed: says why not", says_why, "no, but Ready");
    of.note(&format!("where it is not allowed, Ready is False {}: {}", said.reason, said.message));
    Ok(())
}

/// One edit, with the look that confirms it.
fn edit(stage: &Stage, plot: &Plot, of: &mut Of<'_>, what: &str, spec: &Value) -> Result<()> {
    let mark = stage.mark()?;
    let start = Instant::now();
    plot.patch(stage, 0, &json!({"spec": spec}))?;
    let generation = plot.wait(stage, 0, "the edit to be seen", |seen| {
        let now = &seen.now;
        let asked = spec.as_object()?.iter().all(|(name, value)| now["spec"][name] == *value);
        asked.then(|| now["metadata"]["generation"].clone())
    })?;
    let ready = plot.wait(stage, 0, "the edit to be made", |seen: &Seen| {
        seen.ready_since().filter(|_| seen.now["metadata"]["generation"] == generation)
    })?;
    let at_once = plot.since(stage, mark)?;
    let_pass(CONFIRMED);
    let counted = plot.since(stage, mark)?;
    let made = format!("{} AWS, {} Kubernetes", at_once.aws.len(), at_once.kubernetes.len());
    of.told(&format!("{what}: kubectl patch to Ready"), &seconds(ready.duration_since(start)), "");
    of.told(&format!("{what}: calls until Ready"), &made, "");
    of.note(&format!("{what}, with the confirmation: {}", counted.told()));
    Ok(())
}

fn validates(stage: &Stage, plot: &Plot) -> Result<Value> {
    let trails = plot.trails_in_aws(stage)?;
    Ok(trails.first().context("there is no trail in AWS")?["LogFileValidationEnabled"].clone())
}
