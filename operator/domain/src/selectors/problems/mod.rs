//! What AWS would refuse in a selector, said before it does (`cloudtrail.md` 2.1 and 2.2).
//!
//! Each finding is a sentence that begins with the place, and says what is wrong there, what is allowed and what to do.
//! Knows what is true of names, fields and values of any kind. Must not refuse a field, resource type or event source
//! for not being known.

mod basic;
mod fields;

use std::collections::BTreeMap;

pub(super) use self::fields::KNOWN_FIELDS;
use super::{AdvancedSelector, FieldSelector, operators::Operator};

/// Longest name of a selector and of a field, and longest value, in characters.
const LONGEST_NAME: usize = 1000;
const LONGEST_VALUE: usize = 2048;

impl AdvancedSelector {
    /// What AWS would refuse, and what could never record anything: a sentence each, none when all is well. A selector
    /// of management events is judged by the rules for those.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = self.name_problems();
        if self.fields.is_empty() {
            problems.push("it has no fields; eventCategory is always needed".into());
            return problems;
        }
        problems.extend(self.repeated_fields());
        problems.extend(self.fields.iter().flat_map(general_problems));
        problems.extend(self.category_problems());
        if problems.is_empty() {
            problems.extend(self.fields.iter().filter_map(contradiction));
        }
        problems
    }

    fn name_problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let length = self.name.chars().count();
        if length > LONGEST_NAME {
            problems.push(format!(
                "the name has {length} characters; CloudTrail takes up to {LONGEST_NAME}, so shorten it"
            ));
        }
        if self.name.chars().any(char::is_control) {
            problems.push("the name has a line break or another control character; leave it out".into());
        }
        problems
    }

    fn repeated_fields(&self) -> Vec<String> {
        let mut times = BTreeMap::<&str, usize>::new();
        for field in &self.fields {
            *times.entry(&field.field).or_default() += 1;
        }
        times.retain(|_, times| *times > 1);
        let sentence = |(name, times)| {
            format!(
                "{name} is given {times} times; CloudTrail takes a field once, so put the operators into one"
            )
        };
        times.into_iter().map(sentence).collect()
    }
}

/// What is wrong whatever the field is.
fn general_problems(field: &FieldSelector) -> Vec<String> {
    let mut problems = Vec::new();
    let length = field.field.chars().count();
    let well_formed = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '.';
    if length == 0 || length > LONGEST_NAME || !field.field.chars().all(well_formed) {
        let name = quoted(&field.field);
        problems.push(format!(
            "{name} is no name of a field: those have 1 to {LONGEST_NAME} letters, digits, '_' and '.', as in resources.ARN"
        ));
        return problems;
    }
    if field.each_value().next().is_none() {
        problems.push(format!(
            "{} has no operator; give it equals, startsWith, endsWith or one of their opposites, or leave the field out",
            field.field
        ));
    }
    let values = field.each_value();
    problems.extend(values.filter_map(|(operator, value)| {
        text_problem(value).map(|problem| format!("{}: {problem}", place(field, operator, value)))
    }));
    problems
}

/// What is wrong with a value whatever it stands for.
fn text_problem(value: &str) -> Option<String> {
    let length = value.chars().count();
    if length == 0 {
        return Some("a value must not be empty; leave it out".into());
    }
    if length > LONGEST_VALUE {
        return Some(format!("the value has {length} characters; CloudTrail takes up to {LONGEST_VALUE}"));
    }
    value.chars().any(char::is_control).then(|| {
        "the value has a line break or another control character, which no event has; leave it out".into()
    })
}

fn contradiction(field: &FieldSelector) -> Option<String> {
    field.is_contradiction().then(|| {
        format!(
            "{}: no event can ever match, since everything that the field lets in is shut out again; take out what contradicts",
            field.field
        )
    })
}

/// Where a value is, for the beginning of a sentence.
fn place(field: &FieldSelector, operator: Operator, value: &str) -> String {
    format!("{} {} {}", field.field, operator.name(), quoted(value))
}

/// A value in a sentence: on one line and not without end.
fn quoted(value: &str) -> String {
    const SHOWN: usize = 120;
    let shown = value.chars().take(SHOWN).flat_map(char::escape_debug).collect::<String>();
    let more = if value.chars().count() > SHOWN { "…" } else { "" };
    format!("'{shown}{more}'")
}

/// "a", "a or b", "a, b or c".
fn either(items: &[&str]) -> String {
    match items {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
