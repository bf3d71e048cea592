//! The answer, for people and for programs.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
};

use anstyle::Style;
use jiff::Timestamp;
use serde::Serialize;

use super::{
    asking::Answer,
    counting::{Count, Counts},
    declared::Asked,
};
use crate::{output, selector::most_frequent, untrusted::shown};

const BOLD: Style = Style::new().bold();
const API_VERSION: &str = "trail-operator.dev/v1alpha1";
/// So many event names are told, and so many disagreements.
const MOST: usize = 10;

/// One pattern's answer, or a list of those of several.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Document {
    One(Box<Test>),
    Several(List),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List {
    api_version: &'static str,
    kind: &'static str,
    items: Vec<Test>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Test {
    api_version: &'static str,
    kind: &'static str,
    /// Where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    events: u64,
    matched: u64,
    undetermined: u64,
    first: Option<String>,
    last: Option<String>,
    per_event_name: Vec<PerEventName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    matched_events: Option<Vec<u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    undetermined_events: Option<Vec<u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cloud_watch_logs: Option<CloudWatchLogs>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PerEventName {
    event_name: String,
    count: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CloudWatchLogs {
    asked: u64,
    matched: u64,
    undetermined_matched: u64,
    undetermined_not_matched: u64,
    disagreements: Vec<Disagreed>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Disagreed {
    event: u64,
    event_name: String,
    matches: bool,
}

/// For programs.
pub(super) fn document(patterns: &[Asked], counts: &Counts, answers: &[Answer]) -> Document {
    let answers = answers.iter().map(Some).chain(std::iter::repeat(None));
    let several = patterns.len() > 1;
    let tests = patterns.iter().zip(&counts.each).zip(answers).map(|((asked, count), answer)| {
        test(several.then(|| asked.name.clone()), counts.events, count, answer)
    });
    let mut tests: Vec<_> = tests.collect();
    match tests.pop() {
        Some(only) if tests.is_empty() => Document::One(Box::new(only)),
        last => {
            tests.extend(last);
            Document::Several(List { api_version: API_VERSION, kind: "PatternTestList", items: tests })
        }
    }
}

fn test(name: Option<String>, events: u64, count: &Count, answer: Option<&Answer>) -> Test {
    let per_event_name =
        count.by_name.iter().map(|(name, count)| PerEventName { event_name: name.clone(), count: *count });
    Test {
        api_version: API_VERSION,
        kind: "PatternTest",
        name,
        events,
        matched: count.matched,
        undetermined: count.undetermined,
        first: count.span.map(|(first, _)| time(first)),
        last: count.span.map(|(_, last)| time(last)),
        per_event_name: per_event_name.collect(),
        matched_events: count.lists.as_ref().map(|lists| lists.matched.clone()),
        undetermined_events: count.lists.as_ref().map(|lists| lists.undetermined.clone()),
        cloud_watch_logs: answer.map(cloud_watch_logs),
    }
}

fn cloud_watch_logs(answer: &Answer) -> CloudWatchLogs {
    let disagreed = answer.disagreements.iter().map(|one| Disagreed {
        event: one.at,
        event_name: one.event_name.clone(),
        matches: one.matches,
    });
    CloudWatchLogs {
        asked: answer.asked,
        matched: answer.matched,
        undetermined_matched: answer.settled.0,
        undetermined_not_matched: answer.settled.1,
        disagreements: disagreed.collect(),
    }
}

fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// For people: of one pattern what it matches, of several a row each.
pub(super) fn table(patterns: &[Asked], counts: &Counts, answers: &[Answer]) -> String {
    let mut text = String::new();
    // Writing into a text does not fail.
    let _ = match (patterns, counts.each.as_slice()) {
        ([asked], [count]) => one(&mut text, asked, counts.events, count, answers.first()),
        _ => several(&mut text, patterns, counts),
    };
    text
}

fn one(text: &mut String, asked: &Asked, events: u64, count: &Count, answer: Option<&Answer>) -> fmt::Result {
    writeln!(text, "{BOLD}{}{BOLD:#}", shown(&asked.name))?;
    let not_matched = events - count.matched - count.undetermined;
    for (what, number) in [
        ("events", events),
        ("matched", count.matched),
        ("not matched", not_matched),
        ("undetermined", count.undetermined),
    ] {
        writeln!(text, "  {what:<13} {number:>20}")?;
    }
    if let Some((first, last)) = count.span {
        writeln!(text, "  first         {:>20}\n  last          {:>20}", time(first), time(last))?;
    }
    names(text, "Matched", &count.by_name)?;
    names(text, "Undetermined", &count.unclear)?;
    for (title, list) in count
        .lists
        .iter()
        .flat_map(|lists| [("Matched events", &lists.matched), ("Undetermined events", &lists.undetermined)])
    {
        let places: Vec<_> = list.iter().map(ToString::to_string).collect();
        writeln!(text, "\n{BOLD}{title}{BOLD:#}\n  {}", places.join(" "))?;
    }
    if let Some(answer) = answer {
        writeln!(text, "\n{BOLD}CloudWatch Logs{BOLD:#}")?;
        writeln!(text, "  {:<13} {:>20}\n  {:<13} {:>20}", "asked", answer.asked, "matched", answer.matched)?;
        writeln!(text, "  {:<13} {:>20}", "disagrees", answer.disagreements.len())?;
    }
    Ok(())
}

fn names(text: &mut String, title: &str, names: &BTreeMap<String, u64>) -> fmt::Result {
    if names.is_empty() {
        return Ok(());
    }
    writeln!(text, "\n{BOLD}{title}{BOLD:#}")?;
    let rows = most_frequent(names, MOST);
    let width = rows.iter().map(|(name, _)| shown(name).chars().count()).max().unwrap_or_default().max(24);
    for (name, count) in &rows {
        writeln!(text, "  {:<width$} {count:>9}", shown(name))?;
    }
    if names.len() > rows.len() {
        writeln!(text, "  and {} more", names.len() - rows.len())?;
    }
    Ok(())
}

fn several(text: &mut String, patterns: &[Asked], counts: &Counts) -> fmt::Result {
    let width = patterns.iter().map(|asked| asked.name.chars().count()).max().unwrap_or_default().max(7);
    writeln!(
        text,
        "{BOLD}{:<width$}  {:>10}  {:>12}  {:<20}{BOLD:#}",
        "PATTERN", "MATCHED", "UNDETERMINED", "LAST"
    )?;
    for (asked, count) in patterns.iter().zip(&counts.each) {
        let last = count.span.map_or_else(|| "never".to_owned(), |(_, last)| time(last));
        let Count { matched, undetermined, .. } = count;
        writeln!(text, "{:<width$}  {matched:>10}  {undetermined:>12}  {last}", shown(&asked.name))?;
    }
    writeln!(text, "{} events", counts.events)
}

/// What CloudWatch Logs said, beside the data.
pub(super) fn tell(asked: &Asked, answer: &Answer) {
    let Answer { settled: (matched, others), disagreements, .. } = answer;
    if matched + others > 0 {
        output::tell(format_args!(
            "CloudWatch Logs matches {matched} of {} events that are undetermined here",
            matched + others
        ));
    }
    for one in disagreements.iter().take(MOST) {
        let (theirs, ours) = if one.matches { ("matches", "does not") } else { ("does not match", "does") };
        output::tell(format_args!(
            "warning: CloudWatch Logs {theirs} event {} ({}), and the evaluation here {ours}: {}",
            one.at,
            shown(&one.event_name),
            shown(&asked.name)
        ));
    }
    if disagreements.len() > MOST {
        output::tell(format_args!("and {} more", disagreements.len() - MOST));
    }
}
