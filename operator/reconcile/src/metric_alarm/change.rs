//! What can be done to a metric filter and its alarm, as data: planned, made and told in the same words.

use trail_operator_crds::{AlarmPlace, OWNER_TAG};

use crate::{
    aws::{AlarmSettings, MetricFilter, Tags},
    trail::{FieldChange, Mark, field},
};

/// One call that changes AWS.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// `PutMetricFilter`: these fields, or all of them where there is none yet.
    PutMetricFilter(Vec<FieldChange>, MetricFilter),
    /// `PutMetricAlarm`: these fields, or all of them where there is none yet. The tags count for a new one only.
    PutMetricAlarm(Vec<FieldChange>, AlarmSettings, Tags),
    /// `TagResource` with the owner tag.
    MarkOwner(Mark, FieldChange),
    /// `TagResource`
    TagResource(Vec<FieldChange>, Tags),
    /// `UntagResource`
    UntagResource(Vec<FieldChange>, Vec<String>),
    /// `UntagResource` of the owner tag.
    RemoveOwnerTag,
    /// `DeleteAlarms` of one.
    DeleteAlarm(AlarmPlace),
    /// `DeleteMetricFilter`
    DeleteMetricFilter(AlarmPlace),
}

impl Change {
    /// The AWS operation.
    pub fn operation(&self) -> &'static str {
        match self {
            Self::PutMetricFilter(..) => "PutMetricFilter",
            Self::PutMetricAlarm(..) => "PutMetricAlarm",
            Self::MarkOwner(..) | Self::TagResource(..) => "TagResource",
            Self::UntagResource(..) | Self::RemoveOwnerTag => "UntagResource",
            Self::DeleteAlarm(_) => "DeleteAlarms",
            Self::DeleteMetricFilter(_) => "DeleteMetricFilter",
        }
    }

    /// The fields it changes. Creation and deletion change the whole.
    pub fn fields(&self) -> Vec<FieldChange> {
        match self {
            Self::PutMetricFilter(fields, _)
            | Self::PutMetricAlarm(fields, ..)
            | Self::TagResource(fields, _)
            | Self::UntagResource(fields, _) => fields.clone(),
            Self::MarkOwner(_, field) => vec![field.clone()],
            Self::RemoveOwnerTag => vec![FieldChange::new(field::tag(OWNER_TAG), "", "")],
            Self::DeleteAlarm(_) | Self::DeleteMetricFilter(_) => vec![],
        }
    }

    /// Whether there was nothing before it.
    pub(super) fn creates(&self) -> bool {
        matches!(self, Self::PutMetricFilter(fields, _) | Self::PutMetricAlarm(fields, ..) if fields.is_empty())
    }
}
