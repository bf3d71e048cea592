//! What an object may point at in AWS, as its account says. Pure.

use trail_operator_domain::arn;
use wildmatch::WildMatch;

use super::{Finding, Input, Observed, change::field};
use crate::reason::Reason;

/// A field that points at something the account does not let it point at, or nobody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Blocked {
    /// The field.
    pub(super) field: &'static str,
    /// Why.
    pub(super) finding: Finding,
}

/// Every field that is blocked.
pub(super) fn blocked(input: &Input, observed: &Observed) -> Vec<Blocked> {
    let allowed = &input.allowed_resources;
    let settings = &input.settings;
    let by_arn = |field, what: &str, arn: &str, patterns: &[String], list: &str| {
        (!arn.is_empty() && !permits(arn, patterns, &input.account_id))
            .then(|| Blocked { field, finding: refused(field, what, arn, list) })
    };
    let key = observed.key_arn.as_deref().unwrap_or_default();
    [
        bucket(input, observed),
        key_unknown(input, observed),
        by_arn(field::KEY, "key", key, &allowed.kms_key_arns, "kmsKeyArns"),
        by_arn(field::TOPIC, "topic", &settings.sns_topic_arn, &allowed.topic_arns, "topicArns"),
        by_arn(field::ROLE, "role", &settings.cloud_watch_logs_role_arn, &allowed.role_arns, "roleArns"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Whether a pattern matches; without patterns, whether the thing belongs to the account.
pub(crate) fn permits(arn: &str, patterns: &[String], account_id: &str) -> bool {
    if patterns.is_empty() {
        return arn::account(arn) == Some(account_id);
    }
    patterns.iter().any(|pattern| WildMatch::new(pattern).matches(arn))
}

fn refused(field: &str, what: &str, name: &str, list: &str) -> Finding {
    let message = format!(
        "spec.{field}: the AwsAccount does not let objects point at the {what} '{name}'; whoever owns it must add the {what} to spec.allowedResources.{list}, or use a {what} of the account itself"
    );
    Finding::error(Reason::NotPermitted, message)
}

fn bucket(input: &Input, observed: &Observed) -> Option<Blocked> {
    let name = &input.settings.s3_bucket_name;
    let patterns = &input.allowed_resources.buckets;
    if !patterns.is_empty() {
        let allowed = patterns.iter().any(|pattern| WildMatch::new(pattern).matches(name));
        return (!allowed).then(|| Blocked {
            field: field::BUCKET,
            finding: refused(field::BUCKET, "bucket", name, "buckets"),
        });
    }
    let error = observed.bucket.as_ref()?.as_ref().err()?;
    let finding = if error.reason() == Reason::AccessDenied {
        let message = format!(
            "spec.s3.bucketName: the bucket '{name}' does not belong to account {}, or the operator's identity may not call s3:ListBucket on it to find out; allow that call, or have the bucket added to spec.allowedResources.buckets of the AwsAccount",
            input.account_id
        );
        Finding::waiting(Reason::NotPermitted, message)
    } else {
        // That there is no bucket CreateTrail would say too, and is not asked in vain.
        Finding::of(error, error.explain(&input.subject()))
    };
    Some(Blocked { field: field::BUCKET, finding })
}

/// A key whose name could not be resolved can be neither compared nor judged.
fn key_unknown(input: &Input, observed: &Observed) -> Option<Blocked> {
    if input.kms_key_id.is_empty() || observed.key_arn.is_some() {
        return None;
    }
    let error = observed.unread.iter().find(|error| error.operation == "DescribeKey")?;
    let message = format!(
        "spec.kms.keyId: '{}' cannot be resolved to a key: {}; or name the key by its ARN",
        input.kms_key_id,
        error.explain(&input.subject())
    );
    Some(Blocked { field: field::KEY, finding: Finding::of(error, message) })
}
