//! Presets for people and for programs.

use std::fmt::{self, Write as _};

use anstyle::Style;
use anyhow::Result;
use serde::Serialize;
use serde_json::Value;
use trail_operator_domain::presets::Preset;

use super::{
    choosing::Chosen,
    judging::{self, Judged},
    manifests::{self, Place},
};

const BOLD: Style = Style::new().bold();
const HEADS: [&str; 6] = ["NAME", "SECTION", "REVISION", "SECURITY HUB", "CIS", "ALARM ON"];

/// A row for each. What controls have against a preset is told of those that were asked for by name, and of the guide's.
pub(super) fn table(chosen: &Chosen) -> String {
    let mut text = String::new();
    // Writing into a text does not fail.
    let _ = write(&mut text, chosen);
    text
}

fn write(text: &mut String, chosen: &Chosen) -> fmt::Result {
    let rows: Vec<_> = chosen.presets.iter().map(|preset| row(preset)).collect();
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(String::len);
        cells.chain(HEADS.get(at).map(|head| head.len())).max().unwrap_or_default()
    };
    let widths: Vec<_> = (0..HEADS.len()).map(width).collect();
    let line = |cells: &[String]| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    writeln!(text, "{BOLD}{}{BOLD:#}", line(&HEADS.map(str::to_owned)))?;
    for row in &rows {
        writeln!(text, "{}", line(row))?;
    }
    let is_told = |preset: &&&Preset| judging::is_of_guide(preset) || chosen.named.contains(preset.name);
    for preset in chosen.presets.iter().filter(is_told) {
        let notes = judging::notes(preset);
        if !notes.is_empty() {
            writeln!(text, "\n{BOLD}{}{BOLD:#}", preset.name)?;
        }
        for note in notes {
            writeln!(text, "  {note}")?;
        }
    }
    Ok(())
}

fn row(preset: &Preset) -> [String; HEADS.len()] {
    let judged = judging::judge(preset);
    let accepts = |is: fn(&Judged) -> bool| match judged.iter().find(|judged| is(judged)) {
        None => "none",
        Some(Judged { why_not: None, .. }) => "accepts",
        Some(Judged { why_not: Some(_), .. }) => "fails",
    };
    [
        preset.name.to_owned(),
        format!("CIS 4.{}", preset.topic.section()),
        preset.newest().map_or("", |revision| revision.revision).to_owned(),
        accepts(|judged| judged.standard == "SecurityHub").to_owned(),
        accepts(|judged| judged.standard != "SecurityHub").to_owned(),
        preset.topic.title().to_owned(),
    ]
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document {
    api_version: &'static str,
    kind: &'static str,
    presets: Vec<One>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct One {
    name: &'static str,
    title: &'static str,
    section: String,
    revision: &'static str,
    pattern: &'static str,
    metric_namespace: &'static str,
    metric_name: &'static str,
    controls: Vec<Acceptance>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    manifest: Value,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Acceptance {
    standard: &'static str,
    control: &'static str,
    accepts: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// For programs, manifests included.
pub(super) fn document(chosen: &Chosen, place: &Place<'_>) -> Result<Document> {
    let presets = chosen.presets.iter().map(|preset| one(preset, place)).collect::<Result<_>>()?;
    Ok(Document { api_version: "trail-operator.dev/v1alpha1", kind: "Presets", presets })
}

fn one(preset: &'static Preset, place: &Place<'_>) -> Result<One> {
    let newest = preset.newest();
    let control = |judged: Judged| Acceptance {
        standard: judged.standard,
        control: judged.control,
        accepts: judged.why_not.is_none(),
        reason: judged.why_not,
    };
    let manifest = crate::metric_alarm::node(&manifests::object(preset, place)?)?;
    Ok(One {
        name: preset.name,
        title: preset.topic.title(),
        section: format!("4.{}", preset.topic.section()),
        revision: newest.map_or("", |revision| revision.revision),
        pattern: newest.map_or("", |revision| revision.pattern),
        metric_namespace: newest.map_or("", |revision| revision.metric_namespace),
        metric_name: preset.topic.metric_name(),
        controls: judging::judge(preset).into_iter().map(control).collect(),
        notes: judging::notes(preset),
        manifest: serde_json::to_value(&manifest)?,
    })
}
