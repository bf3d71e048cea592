//! What one condition says while values come in, one after the other.
//!
//! Knows what several values, and none, mean to a condition (`cloudtrail.md` 5.2). Must not know where they come from.

use super::super::{
    Comparison, Selector, Test, Verdict,
    judge::{self, Scalar, Wanted},
};

/// What a condition says so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    NoMatch,
    Match,
    Undetermined,
    /// `!=`, and nothing was there: undocumented.
    Missing,
    /// `!=`, and only objects and lists were there, which never match.
    Containers,
}

/// A condition that is not just a comparison with plain texts.
#[derive(Clone, Debug)]
pub(super) enum Leaf {
    Equals(Wanted),
    NotEquals(Wanted),
    Compares(Comparison, f64),
    Is(Scalar<'static>),
    /// What one value that is there leaves of it.
    NotExists(State),
}

impl Leaf {
    pub(super) fn new(test: &Test, selector: &Selector) -> Self {
        match test {
            Test::Equals(value) => Self::Equals(Wanted::new(value)),
            Test::NotEquals(value) => Self::NotEquals(Wanted::new(value)),
            Test::Compares(comparison, number) => Self::Compares(*comparison, number.value()),
            Test::IsNull => Self::Is(Scalar::Null),
            Test::IsTrue => Self::Is(Scalar::Bool(true)),
            Test::IsFalse => Self::Is(Scalar::Bool(false)),
            // One of several elements has the field, and another may not.
            Test::NotExists if selector.wildcard().is_some_and(|place| place + 1 < selector.0.len()) => {
                Self::NotExists(State::Undetermined)
            }
            Test::NotExists => Self::NotExists(State::NoMatch),
        }
    }

    /// What it says when nothing is there.
    pub(super) fn nothing(&self) -> State {
        match self {
            Self::NotEquals(_) => State::Missing,
            Self::NotExists(_) => State::Match,
            Self::Equals(_) | Self::Compares(..) | Self::Is(_) => State::NoMatch,
        }
    }

    /// What it says once this was there too: a value, or `None` for an object or a list.
    pub(super) fn after(&self, before: State, found: Option<Scalar<'_>>) -> State {
        let scalar = match (self, found) {
            (Self::NotExists(state), _) => return *state,
            (Self::NotEquals(_), None) if before == State::Missing => return State::Containers,
            (_, None) => return before,
            (_, Some(scalar)) => scalar,
        };
        let verdict = match self {
            Self::Equals(wanted) => before.verdict().or(wanted.equals(scalar)),
            Self::NotEquals(wanted) => match (before, wanted.differs(scalar)) {
                (State::Missing | State::Containers, differs) => differs,
                // Whether one of several must differ, or all: where both come to the same, it does not matter.
                (before, differs) if before.verdict() == differs => differs,
                _ => Verdict::Undetermined,
            },
            Self::Compares(comparison, than) => {
                before.verdict().or(judge::compares(*comparison, *than, scalar))
            }
            Self::Is(wanted) => before.verdict().or(Verdict::decided(scalar == *wanted)),
            Self::NotExists(_) => Verdict::NoMatch,
        };
        State::from(verdict)
    }
}

impl State {
    pub(super) fn verdict(self) -> Verdict {
        match self {
            Self::Match => Verdict::Match,
            Self::NoMatch | Self::Containers => Verdict::NoMatch,
            Self::Undetermined | Self::Missing => Verdict::Undetermined,
        }
    }
}

impl From<Verdict> for State {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Match => Self::Match,
            Verdict::NoMatch => Self::NoMatch,
            Verdict::Undetermined => Self::Undetermined,
        }
    }
}
