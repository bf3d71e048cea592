//! Patterns in their canonical text, which reads back to the same pattern (`cloudtrail.md` 5.2 and 5.3).
//!
//! Knows where parentheses and quotes stand. Must not decide anything.

use std::fmt::{Display, Formatter, Result, Write as _};

use super::{
    Expression, Form, Pattern, Selector, Step, Test, Value,
    delimited::{Clause, Field},
    expression::Condition,
    terms::{Part, Sign, Term},
};

impl Display for Pattern {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match &self.form {
            Form::Everything => Ok(()),
            Form::Json(expression) => write!(f, "{{ {expression} }}"),
            Form::Delimited(fields) => {
                f.write_char('[')?;
                joined(f, fields.iter(), ", ")?;
                f.write_char(']')
            }
            Form::Terms(terms) => joined(f, terms.iter(), " "),
        }
    }
}

/// Every part of a compound expression stands in parentheses, so that nobody has to know what binds tighter.
impl Display for Expression {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let (parts, join) = match self {
            Self::Condition(condition) => return condition.fmt(f),
            Self::All(parts) => (parts, " && "),
            Self::Any(parts) => (parts, " || "),
        };
        for (place, part) in parts.iter().enumerate() {
            write!(f, "{}({part})", if place == 0 { "" } else { join })?;
        }
        Ok(())
    }
}

impl Display for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.selector.fmt(f)?;
        match &self.test {
            Test::Equals(value) => write!(f, " = {value}"),
            Test::NotEquals(value) => write!(f, " != {value}"),
            Test::Compares(comparison, number) => write!(f, " {} {}", comparison.symbol(), number.text()),
            Test::IsNull => f.write_str(" IS NULL"),
            Test::IsTrue => f.write_str(" IS TRUE"),
            Test::IsFalse => f.write_str(" IS FALSE"),
            Test::NotExists => f.write_str(" NOT EXISTS"),
        }
    }
}

impl Display for Selector {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_char('$')?;
        self.0.iter().try_for_each(|step| step.fmt(f))
    }
}

impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Member(name) if name.chars().all(is_of_name) => write!(f, ".{name}"),
            Self::Member(name) if name.contains('\'') => write!(f, ".[\"{name}\"]"),
            Self::Member(name) => write!(f, ".['{name}']"),
            Self::AnyMember => f.write_str(".*"),
            Self::Element(index) => write!(f, "[{index}]"),
            Self::AnyElement => f.write_str("[*]"),
        }
    }
}

/// What names of members may hold outside of quotes.
pub(super) fn is_of_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '-')
}

impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Word(word) => f.write_str(word),
            Self::Text(text) => write!(f, "\"{text}\""),
            Self::Regex(regex) => write!(f, "%{regex}%"),
        }
    }
}

impl Display for Term {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self.sign {
            Sign::Wanted => "",
            Sign::Optional => "?",
            Sign::Unwanted => "-",
        })?;
        match &self.part {
            Part::Word(word) => f.write_str(word),
            Part::Phrase(text) => write!(f, "\"{text}\""),
            Part::Regex(regex) => write!(f, "%{regex}%"),
        }
    }
}

impl Display for Field {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Rest => f.write_str("..."),
            Self::Named(name) => f.write_str(name),
            Self::Tested(alternatives) => {
                for (place, clauses) in alternatives.iter().enumerate() {
                    f.write_str(if place == 0 { "" } else { " || " })?;
                    joined(f, clauses.iter(), " && ")?;
                }
                Ok(())
            }
        }
    }
}

impl Display for Clause {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}{}{}", self.name, self.operator, self.value)
    }
}

fn joined<T: Display>(f: &mut Formatter<'_>, items: impl Iterator<Item = T>, between: &str) -> Result {
    for (place, item) in items.enumerate() {
        write!(f, "{}{item}", if place == 0 { "" } else { between })?;
    }
    Ok(())
}
