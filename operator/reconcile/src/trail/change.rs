//! What can be done to a trail, as data: planned, made, remembered and told in the same words.

use std::{collections::BTreeSet, fmt};

use trail_operator_crds::OWNER_TAG;
use trail_operator_domain::selectors::Selectors;

use super::guard;
use crate::aws::{Insights, Tags, TrailSettings, TrailUpdate};

/// One call that changes AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// `CreateTrail`, with the owner tag and these.
    CreateTrail(TrailSettings, Tags),
    /// `UpdateTrail` of these fields.
    UpdateTrail(Vec<FieldChange>, TrailUpdate),
    /// `PutEventSelectors`
    PutEventSelectors(Vec<FieldChange>, Selectors),
    /// `PutInsightSelectors`
    PutInsightSelectors(FieldChange, Insights),
    /// `PutEventConfiguration`, with these templates.
    PutEventConfiguration(FieldChange, BTreeSet<String>),
    /// `StartLogging`
    StartLogging,
    /// `StopLogging`
    StopLogging,
    /// `AddTags` with the owner tag.
    MarkOwner(Mark, FieldChange),
    /// `AddTags`
    AddTags(Vec<FieldChange>, Tags),
    /// `RemoveTags`
    RemoveTags(Vec<FieldChange>, Tags),
    /// `RemoveTags` of the owner tag.
    RemoveOwnerTag,
    /// `DeleteTrail`
    DeleteTrail,
}

/// Why a trail gets our owner tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It was nobody's, or another's who is named in `adoptFrom`.
    Adopted,
    /// It was ours and lost the tag.
    Restored,
    /// It was ours and somebody else wrote his own.
    Reclaimed,
}

impl Change {
    /// The AWS operation.
    pub fn operation(&self) -> &'static str {
        match self {
            Self::CreateTrail(..) => "CreateTrail",
            Self::UpdateTrail(..) => "UpdateTrail",
            Self::PutEventSelectors(..) => "PutEventSelectors",
            Self::PutInsightSelectors(..) => "PutInsightSelectors",
            Self::PutEventConfiguration(..) => "PutEventConfiguration",
            Self::StartLogging => "StartLogging",
            Self::StopLogging => "StopLogging",
            Self::MarkOwner(..) | Self::AddTags(..) => "AddTags",
            Self::RemoveTags(..) | Self::RemoveOwnerTag => "RemoveTags",
            Self::DeleteTrail => "DeleteTrail",
        }
    }

    /// The fields it changes. Creation and deletion change the whole.
    pub fn fields(&self) -> Vec<FieldChange> {
        match self {
            Self::CreateTrail(..) | Self::DeleteTrail => vec![],
            Self::UpdateTrail(fields, _)
            | Self::PutEventSelectors(fields, _)
            | Self::AddTags(fields, _)
            | Self::RemoveTags(fields, _) => fields.clone(),
            Self::PutInsightSelectors(field, _)
            | Self::PutEventConfiguration(field, _)
            | Self::MarkOwner(_, field) => vec![field.clone()],
            Self::StartLogging => vec![FieldChange::new(field::LOGGING, "Disabled", "Enabled")],
            Self::StopLogging => vec![FieldChange::new(field::LOGGING, "Enabled", "Disabled")],
            Self::RemoveOwnerTag => vec![FieldChange::new(field::tag(OWNER_TAG), "", "")],
        }
    }
}

/// One field that is to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// Its path in the spec.
    pub field: String,
    /// What AWS has; empty for nothing.
    pub from: String,
    /// What is declared; empty for nothing.
    pub to: String,
    /// Whether AWS would record or protect less afterwards.
    pub weakening: bool,
}

impl FieldChange {
    /// A change of a field that is judged by its values alone.
    pub fn new(field: impl Into<String>, from: impl Into<String>, to: impl Into<String>) -> Self {
        let (field, from, to) = (field.into(), shown(&from.into()), shown(&to.into()));
        let weakening = guard::weakens(&field, &from, &to);
        Self { field, from, to, weakening }
    }
}

/// Longer texts are cut: what AWS holds may have been written by anybody.
const MAX_SHOWN: usize = 1024;

/// A text as people are shown it: no control characters, no more than they can read.
fn shown(text: &str) -> String {
    let char = |char: char| if char.is_control() { char::REPLACEMENT_CHARACTER } else { char };
    let mut shown: String = text.chars().map(char).take(MAX_SHOWN).collect();
    if text.chars().nth(MAX_SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

impl fmt::Display for FieldChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: '{}' → '{}'", self.field, self.from, self.to)
    }
}

/// Paths of the fields that can change, as manifests write them.
pub mod field {
    /// `spec.logging`
    pub const LOGGING: &str = "logging";
    /// `spec.s3.bucketName`
    pub const BUCKET: &str = "s3.bucketName";
    /// `spec.s3.keyPrefix`
    pub const PREFIX: &str = "s3.keyPrefix";
    /// `spec.kms.keyId`
    pub const KEY: &str = "kms.keyId";
    /// `spec.sns.topicArn`
    pub const TOPIC: &str = "sns.topicArn";
    /// `spec.cloudWatchLogs.logGroupName`
    pub const LOG_GROUP: &str = "cloudWatchLogs.logGroupName";
    /// `spec.cloudWatchLogs.roleArn`
    pub const ROLE: &str = "cloudWatchLogs.roleArn";
    /// `spec.isMultiRegionTrail`
    pub const MULTI_REGION: &str = "isMultiRegionTrail";
    /// `spec.includeGlobalServiceEvents`
    pub const GLOBAL_EVENTS: &str = "includeGlobalServiceEvents";
    /// `spec.isOrganizationTrail`
    pub const ORGANIZATION: &str = "isOrganizationTrail";
    /// `spec.enableLogFileValidation`
    pub const VALIDATION: &str = "enableLogFileValidation";
    /// `spec.recursiveLogging`
    pub const RECURSIVE: &str = "recursiveLogging";
    /// `spec.managementEvents`
    pub const MANAGEMENT_EVENTS: &str = "managementEvents";
    /// What EventSelectors add to `spec.managementEvents`.
    pub const EVENT_SELECTORS: &str = "eventSelectors";
    /// `spec.insightSelectors`
    pub const INSIGHTS: &str = "insightSelectors";
    /// `spec.aggregation.templates`
    pub const AGGREGATION: &str = "aggregation.templates";

    /// One of `spec.tags`, or the owner tag.
    pub fn tag(key: &str) -> String {
        format!("tags.{key}")
    }
}
