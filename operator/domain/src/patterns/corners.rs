//! What AWS does not document about patterns (`cloudtrail.md` 5.2).
//!
//! Knows every reason for which an evaluation is undetermined, and which patterns can come to it.

use std::collections::BTreeSet;

use super::{
    Condition, Form, Pattern, Test, Value, Verdict,
    glob::Readings,
    judge::{Scalar, Wanted, might_be_number},
};

/// Something about a pattern that AWS does not document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Corner {
    /// `!=` on a field that is missing or null.
    NotEqualsMissing,
    /// `!=` on several values.
    NotEqualsSeveral,
    /// `NOT EXISTS` on several values.
    NotExistsSeveral,
    /// `*` in the middle of a word or text.
    StarInside,
    /// A backslash in quotes.
    Backslash,
    /// A text in quotes that could be a number.
    NumberInQuotes,
    /// A number without quotes, beside a text.
    NumberWithoutQuotes,
    /// A word or text that could be null, true or false.
    WordOrLiteral,
    /// A regular expression on what is no text.
    RegexBesideText,
    /// `<` and the others on a text that is a number.
    ComparedText,
    /// A word with signs that AWS asks to put in quotes.
    SignsWithoutQuotes,
    /// A pattern that looks at the text of events as a whole.
    WholeText,
}

impl Corner {
    /// What is not documented, in a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::NotEqualsMissing => {
                "AWS does not document whether != matches where the field is missing or null; ($.x NOT EXISTS) || ($.x != v) is sure"
            }
            Self::NotEqualsSeveral => {
                "AWS does not document whether != on several values asks that one of them differs or that all do"
            }
            Self::NotExistsSeveral => {
                "AWS does not document whether NOT EXISTS on several elements asks that one of them lacks the field or that all do"
            }
            Self::StarInside => {
                "a * in the middle of a text may not be a wildcard: AWS documented it as the character itself until 2022; a regular expression such as %^Put.*Policy$% is sure"
            }
            Self::Backslash => {
                "AWS does not document whether a backslash in quotes is itself or takes the meaning from what follows it"
            }
            Self::NumberInQuotes => {
                "AWS does not document whether a text in quotes that reads like a number equals that number"
            }
            Self::NumberWithoutQuotes => {
                "AWS does not document whether a number without quotes equals a text that reads like it; fields such as account ids are texts: put the value in quotes"
            }
            Self::WordOrLiteral => {
                "AWS does not document whether a text equals the JSON values true, false and null; IS TRUE, IS FALSE and IS NULL are sure"
            }
            Self::RegexBesideText => {
                "AWS does not document whether a regular expression is tried on numbers, true, false and null"
            }
            Self::ComparedText => {
                "AWS does not document whether < and > take a text that reads like a number"
            }
            Self::SignsWithoutQuotes => {
                "AWS asks for quotes around values with other characters than letters, digits, underscores, dots and *, and may refuse this one"
            }
            Self::WholeText => {
                "the pattern looks at the text of events as a whole, and the text that CloudWatch Logs receives need not be the one in log files; a pattern in braces asks about fields"
            }
        }
    }
}

impl Pattern {
    /// What AWS does not document about this pattern. The evaluation of a pattern with none of these is never
    /// [`Verdict::Undetermined`].
    pub fn corners(&self) -> BTreeSet<Corner> {
        match &self.form {
            Form::Everything => BTreeSet::new(),
            Form::Delimited(_) | Form::Terms(_) => BTreeSet::from([Corner::WholeText]),
            Form::Json(expression) => expression.conditions().into_iter().flat_map(of_condition).collect(),
        }
    }
}

fn of_condition(condition: &Condition) -> Vec<Corner> {
    let wildcard = condition.selector.wildcard();
    match &condition.test {
        Test::Equals(value) => of_value(value),
        Test::NotEquals(value) => {
            let mut corners = of_value(value);
            corners.push(Corner::NotEqualsMissing);
            corners.extend(wildcard.map(|_| Corner::NotEqualsSeveral));
            corners
        }
        Test::Compares(..) => vec![Corner::ComparedText],
        Test::NotExists if wildcard.is_some_and(|place| place + 1 < condition.selector.0.len()) => {
            vec![Corner::NotExistsSeveral]
        }
        Test::IsNull | Test::IsTrue | Test::IsFalse | Test::NotExists => vec![],
    }
}

fn of_value(value: &Value) -> Vec<Corner> {
    let (written, is_word) = match value {
        Value::Regex(_) => return vec![Corner::RegexBesideText],
        Value::Word(word) => (word, true),
        Value::Text(text) => (text, false),
    };
    let number = value.number();
    let wanted = Wanted::new(value);
    let literals = [Scalar::Null, Scalar::Bool(true), Scalar::Bool(false)];
    let might_be_literal = literals.into_iter().any(|one| wanted.equals(one) != Verdict::NoMatch);
    let is_plain = |one: char| one.is_ascii_alphanumeric() || "_.*".contains(one);
    [
        (Corner::StarInside, Readings::has_star_inside(written)),
        (Corner::Backslash, written.contains('\\')),
        (Corner::NumberInQuotes, !is_word && might_be_number(&written.replace('\\', ""))),
        (Corner::NumberWithoutQuotes, is_word && might_be_number(written)),
        (Corner::WordOrLiteral, might_be_literal),
        (Corner::SignsWithoutQuotes, is_word && number.is_none() && !written.chars().all(is_plain)),
    ]
    .into_iter()
    .filter_map(|(corner, touched)| touched.then_some(corner))
    .collect()
}
