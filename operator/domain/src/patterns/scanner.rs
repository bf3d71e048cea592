//! Reads a pattern from left to right.
//!
//! Knows where it stands. Must not know the language.

use super::PatternError;

/// A place in a pattern.
#[derive(Clone, Debug)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// What is left.
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    pub(super) fn skip_space(&mut self) {
        self.take_while(char::is_whitespace);
    }

    /// Steps over this text, if it comes next.
    pub(super) fn eat(&mut self, text: &str) -> bool {
        let is_next = self.rest().starts_with(text);
        self.at += if is_next { text.len() } else { 0 };
        is_next
    }

    pub(super) fn take_while(&mut self, mut wanted: impl FnMut(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|one| !wanted(one)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// What an error of the next character is; look at [`Self::wrong_at`].
    pub(super) fn wrong(&self, message: impl Into<String>) -> PatternError {
        self.wrong_at(self.at, message)
    }

    /// An error at a place that [`Self::place`] told.
    pub(super) fn wrong_at(&self, place: usize, message: impl Into<String>) -> PatternError {
        let before = self.text.get(..place).unwrap_or(self.text);
        PatternError { at: before.chars().count(), message: message.into() }
    }

    pub(super) fn place(&self) -> usize {
        self.at
    }
}
