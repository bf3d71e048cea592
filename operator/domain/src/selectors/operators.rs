//! The six operators of a field of an advanced selector (`cloudtrail.md` 2.2).
//!
//! Knows what each is called and which texts it takes. Must not know fields or what they mean.

use std::collections::BTreeSet;

use super::FieldSelector;

/// One operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equals,
    StartsWith,
    EndsWith,
    NotEquals,
    NotStartsWith,
    NotEndsWith,
}

impl Operator {
    const ALL: [Self; 6] = [
        Self::Equals,
        Self::StartsWith,
        Self::EndsWith,
        Self::NotEquals,
        Self::NotStartsWith,
        Self::NotEndsWith,
    ];

    /// Its name, as manifests write it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Equals => "equals",
            Self::StartsWith => "startsWith",
            Self::EndsWith => "endsWith",
            Self::NotEquals => "notEquals",
            Self::NotStartsWith => "notStartsWith",
            Self::NotEndsWith => "notEndsWith",
        }
    }

    /// Whether it shuts out what it hits.
    pub(super) fn is_negative(self) -> bool {
        matches!(self, Self::NotEquals | Self::NotStartsWith | Self::NotEndsWith)
    }

    /// Whether it hits this text. Negative operators hit what they shut out.
    pub(super) fn hits(self, value: &str, text: &str) -> bool {
        match self {
            Self::Equals | Self::NotEquals => text == value,
            Self::StartsWith | Self::NotStartsWith => text.starts_with(value),
            Self::EndsWith | Self::NotEndsWith => text.ends_with(value),
        }
    }
}

impl FieldSelector {
    /// The operators that list values, with these.
    pub(super) fn operators(&self) -> impl Iterator<Item = (Operator, &BTreeSet<String>)> {
        Operator::ALL
            .into_iter()
            .map(|operator| (operator, self.values_of(operator)))
            .filter(|(_, values)| !values.is_empty())
    }

    /// Every value that lets events in.
    pub(super) fn positives(&self) -> impl Iterator<Item = (Operator, &str)> {
        self.each_value().filter(|(operator, _)| !operator.is_negative())
    }

    /// Every value that shuts events out.
    pub(super) fn negatives(&self) -> impl Iterator<Item = (Operator, &str)> {
        self.each_value().filter(|(operator, _)| operator.is_negative())
    }

    /// Every value with its operator.
    pub(super) fn each_value(&self) -> impl Iterator<Item = (Operator, &str)> {
        self.operators()
            .flat_map(|(operator, values)| values.iter().map(move |value| (operator, value.as_str())))
    }

    fn values_of(&self, operator: Operator) -> &BTreeSet<String> {
        match operator {
            Operator::Equals => &self.equals,
            Operator::StartsWith => &self.starts_with,
            Operator::EndsWith => &self.ends_with,
            Operator::NotEquals => &self.not_equals,
            Operator::NotStartsWith => &self.not_starts_with,
            Operator::NotEndsWith => &self.not_ends_with,
        }
    }
}
