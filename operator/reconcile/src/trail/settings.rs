//! What `CreateTrail` and `UpdateTrail` set: what differs, and the smallest update that settles it. Pure.
//!
//! `UpdateTrail` merges: what is absent is left alone, so a field that must go is sent empty (`peers.md` 4).

use trail_operator_domain::arn::same_log_group;

use super::{
    Change, FieldChange,
    change::field::{
        BUCKET, GLOBAL_EVENTS, KEY, LOG_GROUP, MULTI_REGION, ORGANIZATION, PREFIX, RECURSIVE, ROLE, TOPIC,
        VALIDATION,
    },
};
use crate::aws::{TrailSettings, TrailUpdate};

/// What differs. Taken apart by name, so that a new setting is not forgotten.
pub(super) fn differences(actual: &TrailSettings, declared: &TrailSettings) -> Vec<FieldChange> {
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
        is_organization_trail,
        recursive_logging,
    } = declared;
    let group = &actual.cloud_watch_logs_log_group_arn;
    let group = if same_log_group(group, cloud_watch_logs_log_group_arn) {
        cloud_watch_logs_log_group_arn
    } else {
        group
    };
    let texts = [
        (BUCKET, &actual.s3_bucket_name, s3_bucket_name),
        (PREFIX, &actual.s3_key_prefix, s3_key_prefix),
        (TOPIC, &actual.sns_topic_arn, sns_topic_arn),
        (KEY, &actual.kms_key_id, kms_key_id),
        (LOG_GROUP, group, cloud_watch_logs_log_group_arn),
        (ROLE, &actual.cloud_watch_logs_role_arn, cloud_watch_logs_role_arn),
    ];
    let flags = [
        (MULTI_REGION, Some(actual.is_multi_region_trail), Some(*is_multi_region_trail)),
        (GLOBAL_EVENTS, Some(actual.include_global_service_events), Some(*include_global_service_events)),
        (ORGANIZATION, Some(actual.is_organization_trail), Some(*is_organization_trail)),
        (VALIDATION, Some(actual.enable_log_file_validation), Some(*enable_log_file_validation)),
        (RECURSIVE, actual.recursive_logging, *recursive_logging),
    ];
    let texts = texts
        .into_iter()
        .filter(|(_, from, to)| from != to)
        .map(|(field, from, to)| FieldChange::new(field, from, to));
    // Unset in the manifest means left to AWS; unset in AWS's answer is a Region that does not know it (UNVERIFIED).
    let word = |flag: Option<bool>| flag.map_or_else(String::new, |flag| flag.to_string());
    let flags = flags
        .into_iter()
        .filter(|(_, from, to)| to.is_some() && from != to)
        .map(|(field, from, to)| FieldChange::new(field, word(from), word(to)));
    texts.chain(flags).collect()
}

/// The calls that make these fields as declared.
///
/// One; two where multi-Region and global service events are both switched off, which AWS has refused in one call:
/// multi-Region first (`cloudtrail.md` 1.4; whether AWS still does is UNVERIFIED).
pub(super) fn updates(fields: Vec<FieldChange>, declared: &TrailSettings) -> Vec<Change> {
    let off = |field: &str| fields.iter().any(|change| change.field == field && change.to == "false");
    let parts = if off(MULTI_REGION) && off(GLOBAL_EVENTS) {
        let (second, first): (Vec<_>, Vec<_>) =
            fields.into_iter().partition(|change| change.field == GLOBAL_EVENTS);
        vec![first, second]
    } else {
        vec![fields]
    };
    let update = |fields: Vec<FieldChange>| {
        let update = update_of(&fields, declared);
        Change::UpdateTrail(fields, update)
    };
    parts.into_iter().filter(|fields| !fields.is_empty()).map(update).collect()
}

/// The members for these fields. The log group and its role go together: AWS refuses one alone.
fn update_of(fields: &[FieldChange], declared: &TrailSettings) -> TrailUpdate {
    let changes = |field: &str| fields.iter().any(|change| change.field == field);
    let text = |field: &str, value: &String| changes(field).then(|| value.clone());
    let flag = |field: &str, value: bool| changes(field).then_some(value);
    TrailUpdate {
        s3_bucket_name: text(BUCKET, &declared.s3_bucket_name),
        s3_key_prefix: text(PREFIX, &declared.s3_key_prefix),
        sns_topic_arn: text(TOPIC, &declared.sns_topic_arn),
        include_global_service_events: flag(GLOBAL_EVENTS, declared.include_global_service_events),
        is_multi_region_trail: flag(MULTI_REGION, declared.is_multi_region_trail),
        enable_log_file_validation: flag(VALIDATION, declared.enable_log_file_validation),
        cloud_watch_logs: (changes(LOG_GROUP) || changes(ROLE)).then(|| {
            let (group, role) =
                (&declared.cloud_watch_logs_log_group_arn, &declared.cloud_watch_logs_role_arn);
            (group.clone(), role.clone())
        }),
        kms_key_id: text(KEY, &declared.kms_key_id),
        is_organization_trail: flag(ORGANIZATION, declared.is_organization_trail),
        recursive_logging: declared.recursive_logging.filter(|_| changes(RECURSIVE)),
    }
}

/// Fields that one call sets together: where one is withheld, the others are.
pub(super) fn together(field: &str) -> &'static [&'static str] {
    match field {
        LOG_GROUP | ROLE => &[LOG_GROUP, ROLE],
        // Global events cannot go while the trail stays multi-Region.
        MULTI_REGION => &[GLOBAL_EVENTS],
        _ => &[],
    }
}
