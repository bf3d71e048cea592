//! Errors of AWS: what a controller can do about each, and what a person can.
//!
//! One table, by error code. Source of every row: `cloudtrail.md` 1.7, whose T is [`Class::Reject`], U is
//! [`Class::Wait`], R and A are [`Class::Retry`]. A code that is not here is retried, and shown.

use std::fmt;

use crate::reason::Reason;

/// What can be done about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Passing: try again, later each time.
    Retry,
    /// Something outside must change first: look again now and then.
    Wait,
    /// The manifest must change first.
    Reject,
}

/// A call that AWS did not carry out, or whose answer was lost.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{operation}: {code}: {message}")]
pub struct AwsError {
    /// The operation, as AWS calls it: `CreateTrail`.
    pub operation: &'static str,
    /// AWS's error code; for errors without one, what happened: `TimeoutError`, `DispatchFailure`.
    pub code: String,
    /// AWS's words. For logs only: they may name other people's resources and carry request ids.
    pub message: String,
}

impl AwsError {
    /// What can be done about it.
    pub fn class(&self) -> Class {
        self.row().0
    }

    /// The reason that conditions and events carry.
    pub fn reason(&self) -> Reason {
        self.row().1
    }

    fn row(&self) -> (Class, Reason) {
        // A log group's role that was made seconds ago is not usable yet, and AWS then says so in these words.
        let fresh_role = self.message.contains("Access denied.");
        match self.code.as_str() {
            "InvalidCloudWatchLogsLogGroupArnException" | "InvalidCloudWatchLogsRoleArnException"
                if fresh_role =>
            {
                (Class::Retry, Reason::LogGroupRoleUnusable)
            }
            code => classify(code),
        }
    }

    /// What is wrong and what to do, without AWS's words: the same text for the same cause every time.
    pub fn explain(&self, about: &Subject<'_>) -> String {
        format!("{}: {}", self.code, advice(self.reason(), self.operation, about))
    }
}

/// Class and reason of an error code.
fn classify(code: &str) -> (Class, Reason) {
    use Class::{Reject, Retry, Wait};
    match code {
        "AccessDeniedException"
        | "AccessDenied"
        | "NotAuthorized"
        | "InsufficientIAMAccessPermissionException"
        | "InsufficientDependencyServiceAccessPermissionException" => (Wait, Reason::AccessDenied),
        "ExpiredTokenException"
        | "ExpiredToken"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "CredentialsError"
        | "OptInRequired" => (Wait, Reason::CredentialsUnusable),
        "S3BucketDoesNotExistException" => (Wait, Reason::BucketNotFound),
        "InsufficientS3BucketPolicyException" => (Wait, Reason::BucketPolicyInsufficient),
        "InsufficientEncryptionPolicyException" => (Wait, Reason::EncryptionPolicyInsufficient),
        "KmsKeyNotFoundException" => (Wait, Reason::KmsKeyNotFound),
        "KmsException" | "KmsKeyDisabledException" => (Wait, Reason::KmsKeyUnusable),
        "InsufficientSnsTopicPolicyException" | "CloudTrailInvalidClientTokenIdException" => {
            (Wait, Reason::TopicPolicyInsufficient)
        }
        // The table calls these two terminal; the log group and the role are things outside all the same, and may be
        // made after the trail's manifest, so they are looked at again.
        "InvalidCloudWatchLogsLogGroupArnException" => (Wait, Reason::LogGroupUnusable),
        "InvalidCloudWatchLogsRoleArnException" => (Wait, Reason::LogGroupRoleUnusable),
        "MaximumNumberOfTrailsExceededException" | "ServiceQuotaExceededException" => {
            (Wait, Reason::QuotaExceeded)
        }
        "CloudTrailAccessNotEnabledException"
        | "NoManagementAccountSLRExistsException"
        | "OrganizationNotInAllFeaturesModeException" => (Wait, Reason::OrganizationNotReady),
        "NotOrganizationMasterAccountException"
        | "NotOrganizationManagementAccountException"
        | "OrganizationsNotInUseException"
        | "OperationNotPermittedException"
        | "InvalidHomeRegionException"
        | "CloudTrailARNInvalidException"
        | "InvalidParameterCombinationException"
        | "InvalidParameterException"
        | "InvalidS3BucketNameException"
        | "InvalidS3PrefixException"
        | "InvalidSnsTopicNameException"
        | "InvalidTrailNameException"
        | "InvalidKmsKeyIdException"
        | "InvalidTagParameterException"
        | "TagsLimitExceededException"
        | "UnsupportedOperationException"
        | "CloudWatchLogsDeliveryUnavailableException"
        | "ResourceTypeNotSupportedException"
        | "ValidationError"
        | "ResourceARNNotValidException" => (Reject, Reason::InvalidConfiguration),
        _ => (Retry, Reason::RetryableError),
    }
}

/// The things that a message may have to name; all of them come from the manifest.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// ARN the trail has or will have.
    pub trail_arn: &'a str,
    /// Account of the trail.
    pub account_id: &'a str,
    /// Its bucket.
    pub bucket: &'a str,
    /// Folder in it; may be empty.
    pub prefix: &'a str,
    /// Its key; may be empty.
    pub kms_key_id: &'a str,
    /// Its topic; may be empty.
    pub topic_arn: &'a str,
    /// Its log group; may be empty.
    pub log_group_arn: &'a str,
    /// The role of its log group; may be empty.
    pub role_arn: &'a str,
}

fn advice(reason: Reason, operation: &str, about: &Subject<'_>) -> String {
    let Subject { trail_arn, account_id, bucket, prefix, kms_key_id, topic_arn, log_group_arn, role_arn } =
        about;
    match reason {
        Reason::AccessDenied => format!(
            "the operator's identity may not call {}; allow it in account {account_id} (docs/install.md lists what is needed)",
            action(operation)
        ),
        Reason::CredentialsUnusable => format!(
            "AWS does not accept the operator's credentials for account {account_id}; check the role or key it runs with"
        ),
        Reason::BucketNotFound => format!(
            "the bucket '{bucket}' does not exist; create it, with a policy that lets CloudTrail write, or correct spec.s3.bucketName"
        ),
        Reason::BucketPolicyInsufficient => format!(
            "the policy of bucket '{bucket}' does not let CloudTrail deliver; it must allow cloudtrail.amazonaws.com to call s3:GetBucketAcl on the bucket and s3:PutObject under '{}AWSLogs/{account_id}/*', both with aws:SourceArn '{trail_arn}'",
            Folder(prefix)
        ),
        Reason::EncryptionPolicyInsufficient => format!(
            "either the policy of key '{kms_key_id}' does not let CloudTrail encrypt (kms:GenerateDataKey* and kms:DescribeKey for cloudtrail.amazonaws.com), or the policy of bucket '{bucket}' refuses encrypted objects"
        ),
        Reason::KmsKeyNotFound => format!(
            "the key '{kms_key_id}' does not exist, or not in the Region of bucket '{bucket}'; correct spec.kms.keyId"
        ),
        Reason::KmsKeyUnusable => format!("the key '{kms_key_id}' cannot be used; see that it is enabled and symmetric"),
        Reason::TopicPolicyInsufficient => format!(
            "the topic '{topic_arn}' does not exist, or its policy does not let cloudtrail.amazonaws.com call sns:Publish"
        ),
        Reason::LogGroupUnusable => format!(
            "the log group '{log_group_arn}' does not exist or cannot be written; create it in the trail's home Region and account"
        ),
        Reason::LogGroupRoleUnusable => format!(
            "the role '{role_arn}' does not exist, does not trust cloudtrail.amazonaws.com, or may not call logs:CreateLogStream and logs:PutLogEvents on '{log_group_arn}'"
        ),
        Reason::QuotaExceeded => format!(
            "account {account_id} has as many trails in this Region as CloudTrail allows (5, multi-Region trails count everywhere); delete one"
        ),
        Reason::OrganizationNotReady => {
            "AWS Organizations is not set up for CloudTrail; enable trusted access for cloudtrail.amazonaws.com".into()
        }
        Reason::InvalidConfiguration => format!("CloudTrail refuses these settings in {operation}; correct the spec"),
        _ => format!("{operation} did not succeed; it is tried again"),
    }
}

/// The IAM action of an operation.
fn action(operation: &str) -> String {
    let service = if operation == "GetCallerIdentity" { "sts" } else { "cloudtrail" };
    format!("{service}:{operation}")
}

/// A key prefix as it stands before `AWSLogs`.
struct Folder<'a>(&'a str);

impl fmt::Display for Folder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, "{}/", self.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABOUT: Subject<'_> = Subject {
        trail_arn: "arn:aws:cloudtrail:us-east-1:111122223333:trail/audit",
        account_id: "111122223333",
        bucket: "logs",
        prefix: "audit",
        kms_key_id: "",
        topic_arn: "",
        log_group_arn: "",
        role_arn: "",
    };

    fn error(code: &str, message: &str) -> AwsError {
        AwsError { operation: "CreateTrail", code: code.into(), message: message.into() }
    }

    #[test]
    fn each_code_has_its_class() {
        for (code, class, reason) in [
            ("ThrottlingException", Class::Retry, Reason::RetryableError),
            ("ConflictException", Class::Retry, Reason::RetryableError),
            ("TrailAlreadyExistsException", Class::Retry, Reason::RetryableError),
            ("NeverHeardOfException", Class::Retry, Reason::RetryableError),
            ("AccessDeniedException", Class::Wait, Reason::AccessDenied),
            ("S3BucketDoesNotExistException", Class::Wait, Reason::BucketNotFound),
            ("InsufficientS3BucketPolicyException", Class::Wait, Reason::BucketPolicyInsufficient),
            ("MaximumNumberOfTrailsExceededException", Class::Wait, Reason::QuotaExceeded),
            ("InvalidTrailNameException", Class::Reject, Reason::InvalidConfiguration),
            ("InvalidHomeRegionException", Class::Reject, Reason::InvalidConfiguration),
        ] {
            let error = error(code, "");
            assert_eq!((error.class(), error.reason()), (class, reason), "{code}");
        }
    }

    #[test]
    fn a_role_made_seconds_ago_is_tried_again() {
        let code = "InvalidCloudWatchLogsRoleArnException";
        assert_eq!(error(code, "Access denied. Check the trust relationships").class(), Class::Retry);
        assert_eq!(error(code, "role does not exist").class(), Class::Wait);
    }

    #[test]
    fn the_sentence_names_what_must_change_and_none_of_the_words_of_aws() {
        let error = error("InsufficientS3BucketPolicyException", "request id 7a6b5c");
        let text = error.explain(&ABOUT);
        assert!(
            text.starts_with("InsufficientS3BucketPolicyException: the policy of bucket 'logs'"),
            "{text}"
        );
        assert!(text.contains("'audit/AWSLogs/111122223333/*'") && text.contains(ABOUT.trail_arn), "{text}");
        assert!(!text.contains("7a6b5c"), "{text}");
    }
}
