//! Events as data: what to tell, decided where the status is decided, published elsewhere.

use crate::reason::Reason;

/// Kubernetes knows two types of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventType {
    /// As it should be.
    Normal,
    /// Somebody should look.
    Warning,
}

/// One thing to tell about an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Normal or Warning.
    pub type_: EventType,
    /// Why.
    pub reason: Reason,
    /// What was done or which field is meant. Part of the key by which Kubernetes folds repeated events.
    pub action: String,
    /// The sentence.
    pub note: String,
}

/// `events.k8s.io` allows notes of 1 kB and actions of 128 characters.
const MAX_NOTE: usize = 1024;
const MAX_ACTION: usize = 128;

impl Event {
    /// A Normal event.
    pub fn normal(reason: Reason, action: impl Into<String>, note: impl Into<String>) -> Self {
        Self::new(EventType::Normal, reason, action, note)
    }

    /// A Warning.
    pub fn warning(reason: Reason, action: impl Into<String>, note: impl Into<String>) -> Self {
        Self::new(EventType::Warning, reason, action, note)
    }

    fn new(type_: EventType, reason: Reason, action: impl Into<String>, note: impl Into<String>) -> Self {
        Self { type_, reason, action: cut(action.into(), MAX_ACTION), note: cut(note.into(), MAX_NOTE) }
    }
}

/// Cuts at a character boundary, so that the text stays UTF-8 and within the limit in bytes.
fn cut(mut text: String, max: usize) -> String {
    if text.len() > max {
        let end = (0..=max - '…'.len_utf8()).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        let event = Event::normal(Reason::TrailUpdated, "🦀".repeat(100), "ä".repeat(2000));
        assert!(event.action.len() <= MAX_ACTION && event.action.ends_with("🦀…"));
        assert!(event.note.len() <= MAX_NOTE && event.note.ends_with("ä…"));
    }
}
