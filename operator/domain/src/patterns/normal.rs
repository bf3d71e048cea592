//! One form for patterns that differ only in how they are written.
//!
//! Knows what can be written in several ways. Must not know records.

use std::collections::BTreeSet;

use super::{Condition, Expression, Form, Pattern, Test, Value, judge::might_be_number, values::is_of_word};

impl Pattern {
    /// The same pattern in one form: without redundant parentheses, clauses sorted and each once, and quotes around words that
    /// can only be texts.
    #[must_use]
    pub fn normalised(&self) -> Self {
        let form = match &self.form {
            Form::Everything => Form::Everything,
            Form::Json(expression) => Form::Json(expression.normalised()),
            Form::Delimited(fields) => Form::Delimited(fields.clone()),
            Form::Terms(terms) => {
                let mut terms = terms.clone();
                terms.sort();
                terms.dedup();
                Form::Terms(terms)
            }
        };
        Self::of(form)
    }

    /// Whether both match the same events. Sound, not complete: what is found equivalent matches the same, but not all that
    /// matches the same is found, such as `a || (a && b)` beside `a`.
    pub fn is_equivalent(&self, other: &Self) -> bool {
        self.normalised() == other.normalised()
    }
}

impl Expression {
    fn normalised(&self) -> Self {
        match self {
            Self::Condition(condition) => Self::Condition(condition.normalised()),
            Self::All(parts) => {
                let flat = parts.iter().flat_map(|part| match part.normalised() {
                    Self::All(parts) => parts,
                    other => vec![other],
                });
                joined(flat.collect(), Self::All)
            }
            Self::Any(parts) => {
                let flat = parts.iter().flat_map(|part| match part.normalised() {
                    Self::Any(parts) => parts,
                    other => vec![other],
                });
                joined(flat.collect(), Self::Any)
            }
        }
    }
}

/// Each once and sorted. What is left alone needs no joining.
fn joined(parts: BTreeSet<Expression>, whole: fn(Vec<Expression>) -> Expression) -> Expression {
    let mut parts: Vec<_> = parts.into_iter().collect();
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            whole(parts)
        }
    }
}

impl Condition {
    fn normalised(&self) -> Self {
        let test = match &self.test {
            Test::Equals(value) => Test::Equals(value.normalised()),
            Test::NotEquals(value) => Test::NotEquals(value.normalised()),
            other => other.clone(),
        };
        Self { selector: self.selector.clone(), test }
    }
}

impl Value {
    /// A word that is nothing but a text is the same as that text in quotes.
    fn normalised(&self) -> Self {
        match self {
            Self::Word(word) if self.is_text() => Self::Text(word.clone()),
            other => other.clone(),
        }
    }

    /// Whether this is a text whichever way it is read, with quotes or without.
    pub(super) fn is_text(&self) -> bool {
        let (Self::Word(text) | Self::Text(text)) = self else { return false };
        let is_literal = matches!(text.as_str(), "true" | "false" | "null");
        !is_literal && text.chars().all(is_of_word) && !might_be_number(text)
    }
}
