//! Filter patterns of CloudWatch Logs: what a metric filter counts (`cloudtrail.md` 5.1 to 5.3).
//!
//! Knows the language: how it is read and printed, what it matches of CloudTrail's records, and what AWS does not document
//! about it. Must not know metrics, alarms, manifests or AWS's client.

mod corners;
mod delimited;
mod error;
mod expression;
mod glob;
mod json;
mod judge;
mod normal;
mod print;
mod regex;
mod samples;
mod scanner;
mod selector;
mod set;
mod terms;
mod values;
mod verdict;

#[cfg(test)]
mod tests;

pub use self::{
    corners::Corner,
    delimited::{Clause, Field},
    error::PatternError,
    expression::{Comparison, Condition, Expression, Number, Selector, Step, Test, Value},
    set::{NotAnEvent, Patterns, Scratch},
    terms::{Part, Sign, Term},
    verdict::Verdict,
};

pub(crate) use self::{judge::Scalar, set::Paths};

use self::scanner::Scanner;

/// Characters that a pattern may have (`cloudtrail.md` 5.1).
pub const MOST_CHARACTERS: usize = 1024;

/// A filter pattern. Two are equal when they say the same in the same order, whatever blanks and redundant parentheses are
/// around it; see also [`Self::is_equivalent`] and [`Self::same_text_as`].
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    form: Form,
}

/// The forms of the language.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// Nothing, or blanks: every event.
    Everything,
    /// `{ … }`: conditions on the fields of an event that is JSON.
    Json(Expression),
    /// `[ … ]`: the fields of an event that blanks divide.
    Delimited(Vec<Field>),
    /// Terms to be found in the text of an event.
    Terms(Vec<Term>),
}

impl Pattern {
    /// Reads a pattern.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let length = text.chars().count();
        if length > MOST_CHARACTERS {
            let message = format!(
                "the pattern has {length} characters and {MOST_CHARACTERS} are allowed; leave out blanks and parentheses, or divide it between two filters"
            );
            return Err(PatternError { at: MOST_CHARACTERS, message });
        }
        let mut scanner = Scanner::new(text);
        scanner.skip_space();
        let form = match scanner.peek() {
            None => Form::Everything,
            Some(_) if matches!(scanner.rest().trim_end(), "\" \"" | "\"\"") => Form::Everything,
            Some('{') => Form::Json(json::read(scanner)?),
            Some('[') => Form::Delimited(delimited::read(scanner)?),
            Some(_) => Form::Terms(terms::read(scanner)?),
        };
        Ok(Self { text: text.to_owned(), form })
    }

    /// What it says.
    pub fn form(&self) -> &Form {
        &self.form
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether both were written alike, to the character: auditors compare so (`cloudtrail.md` 5.5).
    pub fn same_text_as(&self, other: &Self) -> bool {
        self.text == other.text
    }

    /// Whether it matches an event, one record of CloudTrail as JSON. Many events, or many patterns, are for [`Patterns`].
    pub fn evaluate(&self, event: &str) -> Result<Verdict, NotAnEvent> {
        let verdicts = Patterns::new([self]).evaluate(event, &mut Scratch::default())?.to_vec();
        Ok(verdicts.into_iter().next().unwrap_or_default())
    }

    fn of(form: Form) -> Self {
        let mut pattern = Self { text: String::new(), form };
        pattern.text = pattern.to_string();
        pattern
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.form == other.form
    }
}

impl Eq for Pattern {}
