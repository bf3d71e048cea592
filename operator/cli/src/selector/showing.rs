//! The answer, for people and for programs.

use std::fmt::{self, Write as _};

use anstyle::Style;
use anyhow::Result;
use serde::Serialize;

use super::{
    counting::{Counts, most_frequent},
    declared::Declared,
};
use crate::untrusted::shown;

const BOLD: Style = Style::new().bold();
/// So many kinds of events are told.
const MOST: usize = 10;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    api_version: &'static str,
    kind: &'static str,
    events: u64,
    recorded: u64,
    undetermined: u64,
    by_selector: Vec<BySelector<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recorded_events: Option<&'a [u64]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    undetermined_events: Option<&'a [u64]>,
}

#[derive(Serialize)]
struct BySelector<'a> {
    name: &'a str,
    count: u64,
}

/// For programs.
pub(super) fn document(counts: &Counts) -> Result<()> {
    let by_selector = counts.by_selector().iter().map(|(name, count)| BySelector { name, count: *count });
    let document = Document {
        api_version: "trail-operator.dev/v1alpha1",
        kind: "SelectorTest",
        events: counts.events,
        recorded: counts.recorded,
        undetermined: counts.undetermined,
        by_selector: by_selector.collect(),
        recorded_events: counts.lists.as_ref().map(|lists| lists.recorded.as_slice()),
        undetermined_events: counts.lists.as_ref().map(|lists| lists.undetermined.as_slice()),
    };
    crate::output::json(&document)
}

/// For people.
pub(super) fn table(declared: &Declared, counts: &Counts) -> Result<()> {
    let mut text = String::new();
    write(&mut text, declared, counts)?;
    crate::output::text(&text)
}

fn write(text: &mut String, declared: &Declared, counts: &Counts) -> fmt::Result {
    let not_recorded = counts.events - counts.recorded - counts.undetermined;
    writeln!(text, "{BOLD}Trail {}{BOLD:#}", declared.trail)?;
    let totals = [
        ("events", counts.events),
        ("recorded", counts.recorded),
        ("not recorded", not_recorded),
        ("undetermined", counts.undetermined),
    ];
    let by_selector: Vec<_> =
        counts.by_selector().iter().map(|(name, count)| (name.as_str(), *count)).collect();
    let sections = [
        ("", totals.to_vec(), 0),
        ("Recorded by", by_selector, 0),
        ("Not recorded", most_frequent(&counts.unrecorded, MOST), counts.unrecorded.len()),
        ("Undetermined", most_frequent(&counts.unclear, MOST), counts.unclear.len()),
    ];
    let names = sections.iter().flat_map(|(_, rows, _)| rows).map(|(name, _)| name.chars().count());
    let width = names.max().unwrap_or_default();
    for (title, rows, of) in sections.iter().filter(|(_, rows, _)| !rows.is_empty()) {
        section(text, title, rows, *of, width)?;
    }
    for (title, list) in counts.lists.iter().flat_map(|lists| {
        [("Recorded events", &lists.recorded), ("Undetermined events", &lists.undetermined)]
    }) {
        let places: Vec<_> = list.iter().map(ToString::to_string).collect();
        writeln!(text, "\n{BOLD}{title}{BOLD:#}\n  {}", places.join(" "))?;
    }
    Ok(())
}

fn section(text: &mut String, title: &str, rows: &[(&str, u64)], of: usize, width: usize) -> fmt::Result {
    if !title.is_empty() {
        writeln!(text, "\n{BOLD}{title}{BOLD:#}")?;
    }
    for (name, count) in rows {
        writeln!(text, "  {:<width$}  {count:>9}", shown(name))?;
    }
    if of > rows.len() {
        writeln!(text, "  and {} more", of - rows.len())?;
    }
    Ok(())
}
