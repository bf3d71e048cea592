//! Step 3, plan: what to do in AWS, and why. Pure.

use jiff::Timestamp;
use trail_operator_domain::arn::same_log_group;

use super::{Change, FieldChange, Input, Observed, ObservedTrail};
use crate::{
    aws::{TrailSettings, TrailUpdate},
    reason::Reason,
};

const INCLUDE_GLOBAL_SERVICE_EVENTS: &str = "includeGlobalServiceEvents";

/// What is to be done, in order, and what was noticed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// To be made in this order.
    pub changes: Vec<Change>,
    /// What stands in the way, or should be known.
    pub findings: Vec<Finding>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Nothing is done until it is settled.
    Error,
    /// Work goes on; more has to be awaited.
    Pending,
}

/// Something noticed while planning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// Which.
    pub reason: Reason,
    /// The sentence.
    pub message: String,
}

/// Whose a trail is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership<'a> {
    /// The owner tag is ours.
    Ours,
    /// It was ours, and the tag is gone.
    Lost,
    /// It carries no owner tag and was never ours.
    Unowned,
    /// The owner tag names somebody else.
    Theirs(&'a str),
}

impl<'a> Ownership<'a> {
    /// Judges by the owner tag, and by whether status says that the trail was ours.
    pub fn of(trail: &'a ObservedTrail, input: &Input) -> Self {
        match trail.owner() {
            Some(owner) if owner == input.owner => Self::Ours,
            Some(owner) => Self::Theirs(owner),
            None if input.acquired => Self::Lost,
            None => Self::Unowned,
        }
    }
}

/// What makes AWS as declared.
pub fn plan(input: &Input, observed: &Observed, now: Timestamp) -> Plan {
    let plan = match &observed.trail {
        Some(trail) => plan_existing(input, trail, now),
        None => plan_missing(input, observed, now),
    };
    if !plan.changes.is_empty() && input.last_write.covers(&plan.changes, now) {
        return pending("the last change was accepted and AWS does not show it yet");
    }
    plan
}

fn plan_missing(input: &Input, observed: &Observed, now: Timestamp) -> Plan {
    if let Some(region) = &observed.namesake {
        return conflict(format!(
            "a trail named '{}' with home Region {region} is visible in {}; its name is taken here too: use another spec.trailName, or declare that trail with region {region}",
            input.trail_name, input.region
        ));
    }
    if input.last_write.may_be_invisible(now) {
        return pending("the trail was created and AWS does not show it yet");
    }
    let mut changes = vec![Change::CreateTrail(input.settings.clone())];
    if input.logging {
        changes.push(Change::StartLogging);
    }
    Plan { changes, findings: vec![] }
}

fn plan_existing(input: &Input, trail: &ObservedTrail, now: Timestamp) -> Plan {
    let mut restore_tag = false;
    match Ownership::of(trail, input) {
        Ownership::Ours => {}
        Ownership::Lost => restore_tag = true,
        Ownership::Unowned if input.last_write.may_be_invisible(now) => {
            return pending("the trail was created and AWS does not show its owner tag yet");
        }
        Ownership::Unowned => {
            return conflict(format!(
                "a trail named '{}' exists in account {} and {} and was not made by this object; it is left alone: use another spec.trailName",
                input.trail_name, input.account_id, input.region
            ));
        }
        Ownership::Theirs(_) => {
            return conflict(format!(
                "the trail '{}' in account {} and {} belongs to another object or cluster (see its tag {}); it is left alone: use another spec.trailName",
                input.trail_name,
                input.account_id,
                input.region,
                trail_operator_crds::OWNER_TAG
            ));
        }
    }
    let (fields, update) = differences(&trail.description.settings, &input.settings);
    let (logs, is_to_log) = (trail.status.is_logging, input.logging);
    // Recording comes first and ends last: a change that AWS refuses ends the round, and must not keep a trail silent.
    let mut changes = Vec::new();
    changes.extend((!logs && is_to_log).then_some(Change::StartLogging));
    changes.extend(updates(fields, update));
    changes.extend(restore_tag.then_some(Change::RestoreOwnerTag));
    changes.extend((logs && !is_to_log).then_some(Change::StopLogging));
    Plan { changes, findings: vec![] }
}

/// One `UpdateTrail`; two where multi-Region and global service events are both switched off, which AWS has refused in
/// one call: multi-Region first (`cloudtrail.md` 1.4; whether AWS still does is UNVERIFIED).
fn updates(fields: Vec<FieldChange>, update: TrailUpdate) -> Vec<Change> {
    if fields.is_empty() {
        return vec![];
    }
    if (update.is_multi_region_trail, update.include_global_service_events) != (Some(false), Some(false)) {
        return vec![Change::UpdateTrail(fields, update)];
    }
    let (second, first): (Vec<_>, Vec<_>) =
        fields.into_iter().partition(|change| change.field == INCLUDE_GLOBAL_SERVICE_EVENTS);
    let global = TrailUpdate { include_global_service_events: Some(false), ..TrailUpdate::default() };
    let rest = TrailUpdate { include_global_service_events: None, ..update };
    vec![Change::UpdateTrail(first, rest), Change::UpdateTrail(second, global)]
}

fn pending(message: &str) -> Plan {
    let finding =
        Finding { severity: Severity::Pending, reason: Reason::Progressing, message: message.into() };
    Plan { changes: vec![], findings: vec![finding] }
}

fn conflict(message: String) -> Plan {
    let finding = Finding { severity: Severity::Error, reason: Reason::ManagementConflict, message };
    Plan { changes: vec![], findings: vec![finding] }
}

/// What differs, for people and for `UpdateTrail`.
///
/// `UpdateTrail` merges: what is absent is left alone, so a field that must go is sent empty (`peers.md` 4). The log
/// group and its role go together. Both structures are taken apart by name, so that a new setting is not forgotten.
fn differences(actual: &TrailSettings, declared: &TrailSettings) -> (Vec<FieldChange>, TrailUpdate) {
    let TrailSettings {
        s3_bucket_name,
        s3_key_prefix,
        sns_topic_arn,
        include_global_service_events,
        is_multi_region_trail,
        enable_log_file_validation,
        cloud_watch_logs_log_group_arn,
        cloud_watch_logs_role_arn,
        kms_key_id,
    } = declared;
    let mut fields = Vec::new();
    let mut text = |field, from: &String, to: &String| {
        (from != to).then(|| {
            fields.push(FieldChange { field, from: from.clone(), to: to.clone() });
            to.clone()
        })
    };
    let mut update = TrailUpdate {
        s3_bucket_name: text("s3.bucketName", &actual.s3_bucket_name, s3_bucket_name),
        s3_key_prefix: text("s3.keyPrefix", &actual.s3_key_prefix, s3_key_prefix),
        sns_topic_arn: text("sns.topicArn", &actual.sns_topic_arn, sns_topic_arn),
        kms_key_id: text("kms.keyId", &actual.kms_key_id, kms_key_id),
        ..TrailUpdate::default()
    };
    let mut flag = |field, from: bool, to: bool| {
        (from != to).then(|| {
            fields.push(FieldChange { field, from: from.to_string(), to: to.to_string() });
            to
        })
    };
    update.is_multi_region_trail =
        flag("isMultiRegionTrail", actual.is_multi_region_trail, *is_multi_region_trail);
    update.include_global_service_events = flag(
        INCLUDE_GLOBAL_SERVICE_EVENTS,
        actual.include_global_service_events,
        *include_global_service_events,
    );
    update.enable_log_file_validation =
        flag("enableLogFileValidation", actual.enable_log_file_validation, *enable_log_file_validation);

    let group_differs =
        !same_log_group(&actual.cloud_watch_logs_log_group_arn, cloud_watch_logs_log_group_arn);
    let role_differs = actual.cloud_watch_logs_role_arn != *cloud_watch_logs_role_arn;
    if group_differs {
        fields.push(FieldChange {
            field: "cloudWatchLogs.logGroupName",
            from: actual.cloud_watch_logs_log_group_arn.clone(),
            to: cloud_watch_logs_log_group_arn.clone(),
        });
    }
    if role_differs {
        fields.push(FieldChange {
            field: "cloudWatchLogs.roleArn",
            from: actual.cloud_watch_logs_role_arn.clone(),
            to: cloud_watch_logs_role_arn.clone(),
        });
    }
    if group_differs || role_differs {
        update.cloud_watch_logs =
            Some((cloud_watch_logs_log_group_arn.clone(), cloud_watch_logs_role_arn.clone()));
    }
    (fields, update)
}
