//! What is wrong with a pattern, and where.
//!
//! Knows how to show a place in a line of text. Must not know the language.

/// What is wrong with a pattern: where, what is allowed there, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("character {}: {message}", .at + 1)]
pub struct PatternError {
    /// The first character that cannot stay as it is, counted from 0 in characters, not bytes. One past the last when
    /// something is missing at the end. The text of the error counts from 1, as people do.
    pub at: usize,
    /// What is wrong, in a sentence.
    pub message: String,
}

/// How many characters of a pattern are shown to each side of the place.
const AROUND: usize = 50;

impl PatternError {
    /// The pattern in one line, shortened to what is around the place, and a caret below it.
    pub fn pointing(&self, pattern: &str) -> String {
        let characters: Vec<char> =
            pattern.chars().map(|one| if one.is_control() { ' ' } else { one }).collect();
        let at = self.at.min(characters.len());
        let (start, end) = (at.saturating_sub(AROUND), (at + AROUND).min(characters.len()));
        let shown: String = characters.iter().take(end).skip(start).collect();
        let before = if start > 0 { "…" } else { "" };
        let after = if end < characters.len() { "…" } else { "" };
        let indent = " ".repeat(at - start + before.chars().count());
        format!("{before}{shown}{after}\n{indent}^")
    }
}
