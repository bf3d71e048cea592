//! What can be done to a trail, as data: planned, made, remembered and told in the same words.

use std::fmt;

use crate::aws::{TrailSettings, TrailUpdate};

/// One call that changes AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// `CreateTrail`, with the owner tag.
    CreateTrail(TrailSettings),
    /// `AddTags` with the owner tag.
    RestoreOwnerTag,
    /// `UpdateTrail` of these fields.
    UpdateTrail(Vec<FieldChange>, TrailUpdate),
    /// `StartLogging`
    StartLogging,
    /// `StopLogging`
    StopLogging,
    /// `RemoveTags` of the owner tag.
    RemoveOwnerTag,
    /// `DeleteTrail`
    DeleteTrail,
}

impl Change {
    /// The AWS operation.
    pub fn operation(&self) -> &'static str {
        match self {
            Self::CreateTrail(_) => "CreateTrail",
            Self::RestoreOwnerTag => "AddTags",
            Self::UpdateTrail(..) => "UpdateTrail",
            Self::StartLogging => "StartLogging",
            Self::StopLogging => "StopLogging",
            Self::RemoveOwnerTag => "RemoveTags",
            Self::DeleteTrail => "DeleteTrail",
        }
    }
}

/// One field that is to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// Its path in the spec.
    pub field: &'static str,
    /// What AWS has; empty for nothing.
    pub from: String,
    /// What is declared; empty for nothing.
    pub to: String,
}

impl fmt::Display for FieldChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: '{}' → '{}'", self.field, self.from, self.to)
    }
}
