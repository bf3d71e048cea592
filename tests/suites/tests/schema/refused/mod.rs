//! Bad manifests: each is refused at the field and in the words meant for it.

mod accounts;
mod advanced;
mod cost;
mod event_selectors;
mod metric_alarms;
mod recording;
mod trails;
mod validation;

use std::sync::OnceLock;

use anyhow::Result;
use serde_json::Value;

use crate::manifests::{account, basic_event_selector, edited, event_selector, metric_alarm, trail};
use crate::server::{each, server};

/// A bad manifest: a merge patch that spoils the good one, and what must be said of which field.
pub struct Row {
    pub kind: &'static str,
    pub what: &'static str,
    pub patch: Value,
    pub at: &'static str,
    pub says: &'static str,
}

/// What the API server answered to one.
pub struct Answer {
    pub kind: &'static str,
    pub said: String,
    /// What is wrong with the answer, if anything.
    pub problem: Option<String>,
}

fn row(kind: &'static str, what: &'static str, patch: Value, at: &'static str, says: &'static str) -> Row {
    Row { kind, what, patch, at, says }
}

/// The API server's answers to all rows.
pub fn answers() -> &'static [Answer] {
    static ANSWERS: OnceLock<Vec<Answer>> = OnceLock::new();
    ANSWERS.get_or_init(|| {
        let rows = [
            trails::rows(),
            validation::rows(),
            cost::rows(),
            recording::rows(),
            event_selectors::rows(),
            advanced::rows(),
            metric_alarms::rows(),
            accounts::rows(),
        ];
        let rows: Vec<_> = rows.into_iter().flatten().collect();
        each(&rows, |row| {
            let good = match row.kind {
                "Trail" => trail(),
                "EventSelector" => event_selector(),
                "MetricAlarm" => metric_alarm(),
                _ => account(),
            };
            answer(row, server().dry_create(&edited(good, &row.patch)))
        })
    })
}

/// Whether it was refused as the row says.
pub fn answer(row: &Row, result: Result<String>) -> Answer {
    let Row { kind, what, at, says, .. } = row;
    match result {
        Ok(said) => Answer { kind, said, problem: Some(format!("{what}: was accepted")) },
        Err(refusal) => {
            let said = refusal.to_string();
            let at_the_field = said.contains(&format!("{at}: ")) || said.contains(&format!("{at}["));
            let right = at_the_field && said.contains(says) && !said.contains("evaluating rule");
            let problem = format!("{what}: should say {says:?} of {at}, but says: {said}");
            Answer { kind, said, problem: (!right).then_some(problem) }
        }
    }
}

#[test]
fn the_manifests_that_the_rows_spoil_are_good() {
    for manifest in [trail(), event_selector(), basic_event_selector(), metric_alarm(), account()] {
        server().dry_create(&manifest).unwrap();
    }
}

#[test]
fn each_bad_manifest_is_refused_at_its_field_in_words_meant_for_it() {
    let problems: Vec<_> = answers().iter().filter_map(|answer| answer.problem.as_deref()).collect();
    assert!(problems.is_empty(), "{} of {}:\n{}", problems.len(), answers().len(), problems.join("\n"));
}
