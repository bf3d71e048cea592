//! Whether one value of a record is as a condition asks (`cloudtrail.md` 5.2).
//!
//! Knows single values. Must not know selectors and records, nor guess: where readings of AWS's pages differ, the answer is
//! that it is not determined, and [`super::Corner`] has a sentence for it.

use std::borrow::Cow;

use ::regex::Regex;

use super::{Comparison, Number, Value, Verdict, glob::Readings, regex};

/// A value of a record that is no object and no list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scalar<'a> {
    Null,
    Bool(bool),
    Whole(i128),
    Fraction(f64),
    Text(&'a str),
}

/// What a field is compared with by `=` and `!=`, ready to be tried.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    Number {
        text: String,
        value: f64,
    },
    /// A word that is not a number, or a text in quotes.
    Text {
        readings: Readings,
        kind: Kind,
    },
    /// `None`: takes nothing.
    Regex(Option<Regex>),
}

/// What else than a text it might equal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// A word such as `4*`: also takes numbers.
    Digits,
    /// Another word.
    Word,
    /// A text in quotes, and the number that it reads like.
    Quoted(Option<f64>),
}

impl Wanted {
    pub(super) fn new(value: &Value) -> Self {
        match (value, value.number()) {
            (_, Some(number)) => Self::Number { text: number.text().to_owned(), value: number.value() },
            (Value::Word(word), None) => {
                let kind = if might_be_number(word) { Kind::Digits } else { Kind::Word };
                Self::Text { readings: Readings::of_word(word), kind }
            }
            (Value::Text(text), None) => {
                let kind = Kind::Quoted(Number::new(text).map(|number| number.value()));
                Self::Text { readings: Readings::of_text(text), kind }
            }
            (Value::Regex(text), None) => Self::Regex(regex::compile(text)),
        }
    }

    /// `=`
    pub(super) fn equals(&self, scalar: Scalar<'_>) -> Verdict {
        match self {
            Self::Number { text, value } => match scalar {
                Scalar::Text(found) => {
                    let same =
                        found == text || Number::new(found).is_some_and(|found| same(found.value(), *value));
                    Verdict::perhaps(same)
                }
                _ => Verdict::decided(scalar.number().is_some_and(|found| same(found, *value))),
            },
            Self::Text { readings, kind } => match (scalar, kind) {
                (Scalar::Text(found), _) => readings.take(found),
                (Scalar::Whole(found), Kind::Digits) => readings.take(&found.to_string()),
                (Scalar::Fraction(_), Kind::Digits) => Verdict::Undetermined,
                (Scalar::Whole(_) | Scalar::Fraction(_), Kind::Word) => Verdict::NoMatch,
                (_, Kind::Quoted(Some(value)))
                    if scalar.number().is_some_and(|found| same(found, *value)) =>
                {
                    Verdict::Undetermined
                }
                _ => Verdict::perhaps(readings.take(&scalar.text()) != Verdict::NoMatch),
            },
            Self::Regex(regex) => {
                let matches = regex.as_ref().is_some_and(|regex| regex.is_match(&scalar.text()));
                if matches!(scalar, Scalar::Text(_)) {
                    Verdict::decided(matches)
                } else {
                    Verdict::perhaps(matches)
                }
            }
        }
    }

    /// `!=` of a value that is there.
    pub(super) fn differs(&self, scalar: Scalar<'_>) -> Verdict {
        match (self, scalar) {
            // As good as missing, or a value like others.
            (_, Scalar::Null) |
            // Numbers may be compared with numbers only.
            (Self::Number { .. }, Scalar::Text(_)) => Verdict::Undetermined,
            _ => !self.equals(scalar),
        }
    }
}

#[allow(clippy::float_cmp)] // both were read from texts by the same rules
fn same(one: f64, other: f64) -> bool {
    one == other
}

/// `<` and the others.
pub(super) fn compares(comparison: Comparison, than: f64, scalar: Scalar<'_>) -> Verdict {
    match scalar {
        Scalar::Text(found) => {
            Verdict::perhaps(Number::new(found).is_some_and(|found| comparison.holds(found.value(), than)))
        }
        _ => Verdict::decided(scalar.number().is_some_and(|found| comparison.holds(found, than))),
    }
}

/// Whether some number, written as JSON writes numbers, may equal this text, which may hold stars.
pub(super) fn might_be_number(text: &str) -> bool {
    let digits = |one: char| one.is_ascii_digit() || one == '*';
    text.contains(digits) && text.chars().all(|one| digits(one) || "+-.eE".contains(one))
}

impl<'a> Scalar<'a> {
    #[allow(clippy::cast_precision_loss)] // whole numbers of records that are as large are no numbers but names
    fn number(self) -> Option<f64> {
        match self {
            Self::Whole(value) => Some(value as f64),
            Self::Fraction(value) => Some(value),
            Self::Null | Self::Bool(_) | Self::Text(_) => None,
        }
    }

    /// As JSON writes it, texts without their quotes.
    pub(super) fn text(self) -> Cow<'a, str> {
        match self {
            Self::Null => "null".into(),
            Self::Bool(value) => if value { "true" } else { "false" }.into(),
            Self::Whole(value) => value.to_string().into(),
            Self::Fraction(value) => value.to_string().into(),
            Self::Text(text) => text.into(),
        }
    }
}
