//! Class and reason by error code: one row for each that a trail can meet.
//!
//! Source of the rows: `cloudtrail.md` 1.7, whose T is [`Class::Reject`], U is [`Class::Wait`], R and A are
//! [`Class::Retry`]; 1.1 for the codes of every AWS service. Where a row departs from it, a comment says why. What is
//! marked L there (Lake, channels, dashboards, imports, queries) never comes to a trail. A code that is not here is
//! retried, and shown.

use super::Class::{self, Reject, Retry, Wait};
use crate::reason::Reason;

/// What can be done about an error of this code, and its reason.
pub(super) fn row(code: &str) -> (Class, Reason) {
    identity(code)
        .or_else(|| destination(code))
        .or_else(|| organization(code))
        .or_else(|| manifest(code))
        .or_else(|| existence(code))
        .unwrap_or((Retry, Reason::RetryableError))
}

/// Who asks, and what he may do.
fn identity(code: &str) -> Option<(Class, Reason)> {
    Some(match code {
        "AccessDeniedException"
        | "AccessDenied"
        | "NotAuthorized"
        | "InsufficientIAMAccessPermissionException"
        | "InsufficientDependencyServiceAccessPermissionException" => (Wait, Reason::AccessDenied),
        // The SDK's credentials are renewed in time, so old ones are somebody's to mend, as wrong ones are.
        "ExpiredTokenException"
        | "ExpiredToken"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "CredentialsError"
        | "OptInRequired" => (Wait, Reason::CredentialsUnusable),
        "AssumeRoleDenied" => (Wait, Reason::AssumeRoleDenied),
        // Ours: CreateTrail made the trail in another place, so the identity is not what it was verified to be.
        "UnexpectedTrailArn" => (Wait, Reason::AccountMismatch),
        _ => return None,
    })
}

/// Where a trail delivers to, and quotas: things that others make, change and delete.
fn destination(code: &str) -> Option<(Class, Reason)> {
    Some(match code {
        "S3BucketDoesNotExistException" | "NoSuchBucket" => (Wait, Reason::BucketNotFound),
        // A policy attached seconds ago answers so too; looking again now and then finds it.
        "InsufficientS3BucketPolicyException" => (Wait, Reason::BucketPolicyInsufficient),
        "InsufficientEncryptionPolicyException" => (Wait, Reason::EncryptionPolicyInsufficient),
        // The second is KMS's own, of DescribeKey.
        "KmsKeyNotFoundException" | "NotFoundException" => (Wait, Reason::KmsKeyNotFound),
        "KmsException" | "KmsKeyDisabledException" | "DisabledException" | "KMSInvalidStateException" => {
            (Wait, Reason::KmsKeyUnusable)
        }
        "InsufficientSnsTopicPolicyException" | "CloudTrailInvalidClientTokenIdException" => {
            (Wait, Reason::TopicPolicyInsufficient)
        }
        // Terminal in 1.7; the log group and the role are things outside all the same, and may be made after the
        // trail's manifest, so they are looked at again.
        "InvalidCloudWatchLogsLogGroupArnException" => (Wait, Reason::LogGroupUnusable),
        "InvalidCloudWatchLogsRoleArnException" => (Wait, Reason::LogGroupRoleUnusable),
        "MaximumNumberOfTrailsExceededException"
        | "ServiceQuotaExceededException"
        | "DelegatedAdminAccountLimitExceededException" => (Wait, Reason::QuotaExceeded),
        _ => return None,
    })
}

/// What AWS Organizations has to do with it.
fn organization(code: &str) -> Option<(Class, Reason)> {
    Some(match code {
        "CloudTrailAccessNotEnabledException"
        | "NoManagementAccountSLRExistsException"
        | "OrganizationNotInAllFeaturesModeException" => (Wait, Reason::OrganizationNotReady),
        "NotOrganizationMasterAccountException"
        | "NotOrganizationManagementAccountException"
        | "OrganizationsNotInUseException"
        | "OperationNotPermittedException"
        | "AccountNotFoundException"
        | "CannotDelegateManagementAccountException" => (Reject, Reason::InvalidConfiguration),
        // What was asked for is so already.
        "AccountRegisteredException" | "AccountNotRegisteredException" => (Retry, Reason::RetryableError),
        _ => return None,
    })
}

/// What AWS will never accept.
fn manifest(code: &str) -> Option<(Class, Reason)> {
    let invalid = matches!(
        code,
        "InvalidHomeRegionException"
            | "CloudTrailARNInvalidException"
            | "InvalidParameterCombinationException"
            | "InvalidParameterException"
            | "InvalidS3BucketNameException"
            | "InvalidS3PrefixException"
            | "InvalidSnsTopicNameException"
            | "InvalidTrailNameException"
            | "InvalidKmsKeyIdException"
            | "InvalidArnException"
            | "InvalidEventSelectorsException"
            | "InvalidInsightSelectorsException"
            | "InvalidTagParameterException"
            | "TagsLimitExceededException"
            | "UnsupportedOperationException"
            | "UnknownOperationException"
            | "CloudWatchLogsDeliveryUnavailableException"
            | "ResourceTypeNotSupportedException"
            | "ResourceARNNotValidException"
            | "RequestEntityTooLargeException"
            | "ValidationError"
            | "ValidationException"
            | "InvalidEventCategoryException"
            | "InvalidLookupAttributesException"
            | "InvalidMaxResultsException"
            | "InvalidTimeRangeException"
            | "InvalidDateRangeException"
    );
    invalid.then_some((Reject, Reason::InvalidConfiguration))
}

/// Whether the trail is there, which the next look tells. What passes without a word of its own is in nobody's row.
fn existence(code: &str) -> Option<(Class, Reason)> {
    Some(match code {
        // It exists though it is not visible: of somebody else, or made by a call whose answer was lost. The next look
        // tells which; if it stays so, somebody has to see to it.
        "TrailAlreadyExistsException" => (Retry, Reason::ManagementConflict),
        // Terminal in 1.7 for tag calls, but no manifest could mend it: the trail is not visible yet, or has just been
        // deleted, like TrailNotFoundException.
        "ResourceNotFoundException" | "TrailNotFoundException"
        // Terminal in 1.7, but pages are the operator's own: a page that is gone is asked for anew.
        | "InvalidTokenException" | "InvalidNextTokenException" => (Retry, Reason::RetryableError),
        _ => return None,
    })
}
