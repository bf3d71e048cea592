//! Whether a pattern matches.
//!
//! Knows three answers and how they are joined. Must not know patterns.

use std::ops::Not;

/// Whether a pattern matches an event. Three answers, joined as in Kleene's logic: what is undetermined stays so unless the
/// other part decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It does.
    Match,
    /// It does not.
    #[default]
    NoMatch,
    /// AWS documents nothing that tells: see [`super::Corner`].
    Undetermined,
}

impl Verdict {
    pub(super) fn decided(matches: bool) -> Self {
        if matches { Self::Match } else { Self::NoMatch }
    }

    /// A match is only a perhaps.
    pub(super) fn perhaps(matches: bool) -> Self {
        if matches { Self::Undetermined } else { Self::NoMatch }
    }

    /// Whether both match.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::NoMatch, _) | (_, Self::NoMatch) => Self::NoMatch,
            (Self::Match, Self::Match) => Self::Match,
            _ => Self::Undetermined,
        }
    }

    /// Whether at least one matches.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        !(!self).and(!other)
    }
}

impl Not for Verdict {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::Match => Self::NoMatch,
            Self::NoMatch => Self::Match,
            Self::Undetermined => Self::Undetermined,
        }
    }
}
