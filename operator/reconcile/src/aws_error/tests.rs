//! What the operator knows of AWS's errors, row by row.

use std::collections::BTreeSet;

use super::{
    AwsError, Class,
    Class::{Reject, Retry, Wait},
    Subject,
};
use crate::reason::Reason;

const ABOUT: Subject<'_> = Subject {
    trail_arn: "arn:aws:cloudtrail:us-east-1:111122223333:trail/audit",
    account_id: "111122223333",
    bucket: "logs",
    prefix: "audit",
    kms_key_id: "alias/audit",
    topic_arn: "arn:aws:sns:us-east-1:111122223333:topic",
    log_group_arn: "arn:aws:logs:us-east-1:111122223333:log-group:group:*",
    role_arn: "arn:aws:iam::111122223333:role/logs",
    is_organization_trail: false,
};

fn error(operation: &'static str, code: &str) -> AwsError {
    AwsError::new(operation, code, "words of AWS, request id 7a6b5c")
}

/// Operation, code, class, reason, and words that its sentence must have.
type Row = (&'static str, &'static str, Class, Reason, &'static str);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    // Common to every AWS service (`cloudtrail.md` 1.1).
    ("CreateTrail", "AccessDeniedException", Wait, Reason::AccessDenied, "may not call cloudtrail:CreateTrail, or cloudtrail:AddTags with it, or iam:PassRole on 'arn:aws:iam::111122223333:role/logs'; allow it in account 111122223333 (docs/install.md"),
    ("StopLogging", "AccessDeniedException", Wait, Reason::AccessDenied, "may not call cloudtrail:StopLogging; allow"),
    ("DescribeKey", "AccessDeniedException", Wait, Reason::AccessDenied, "kms:DescribeKey"),
    ("HeadBucket", "AccessDenied", Wait, Reason::AccessDenied, "s3:ListBucket"),
    ("ListRegions", "AccessDeniedException", Wait, Reason::AccessDenied, "account:ListRegions"),
    ("GetCallerIdentity", "AccessDenied", Wait, Reason::AccessDenied, "sts:GetCallerIdentity"),
    ("AddTags", "NotAuthorized", Wait, Reason::AccessDenied, "cloudtrail:AddTags"),
    ("DescribeTrails", "ExpiredTokenException", Wait, Reason::CredentialsUnusable, "check the role or key"),
    ("GetCallerIdentity", "ExpiredToken", Wait, Reason::CredentialsUnusable, "check the role or key"),
    ("DescribeTrails", "IncompleteSignature", Wait, Reason::CredentialsUnusable, "check the role or key"),
    ("GetCallerIdentity", "SignatureDoesNotMatch", Wait, Reason::CredentialsUnusable, "check the role or key"),
    ("DescribeTrails", "UnrecognizedClientException", Wait, Reason::CredentialsUnusable, "that the Region is enabled"),
    ("GetCallerIdentity", "InvalidClientTokenId", Wait, Reason::CredentialsUnusable, "that the Region is enabled"),
    ("DescribeTrails", "OptInRequired", Wait, Reason::CredentialsUnusable, "no access to CloudTrail in this Region"),
    ("DescribeTrails", "InternalFailure", Retry, Reason::RetryableError, "no fault of the trail"),
    ("DescribeTrails", "ServiceUnavailable", Retry, Reason::RetryableError, "no fault of the trail"),
    ("DescribeTrails", "RequestTimeoutException", Retry, Reason::RetryableError, "no fault of the trail"),
    ("DescribeTrails", "RequestAbortedException", Retry, Reason::RetryableError, "no fault of the trail"),
    ("DescribeTrails", "ThrottlingException", Retry, Reason::RetryableError, "throttles account 111122223333"),
    ("DescribeTrails", "MalformedHttpRequestException", Retry, Reason::RetryableError, "did not understand"),
    ("PutEventSelectors", "RequestEntityTooLargeException", Reject, Reason::InvalidConfiguration, "make spec.managementEvents or its EventSelectors shorter"),
    ("PutEventConfiguration", "UnknownOperationException", Reject, Reason::InvalidConfiguration, "remove spec.aggregation"),
    ("AddTags", "ValidationError", Reject, Reason::InvalidConfiguration, "correct spec.tags"),
    ("DescribeKey", "ValidationException", Reject, Reason::InvalidConfiguration, "correct spec.kms.keyId"),
    // Where AWS did not answer, or was not asked.
    ("DescribeTrails", "CredentialsError", Wait, Reason::CredentialsUnusable, "check the role or key"),
    ("DescribeTrails", "AssumeRoleDenied", Wait, Reason::AssumeRoleDenied, "trust policy must name the operator's identity, and ask for the same external id"),
    ("DescribeTrails", "AssumeRoleFailed", Retry, Reason::RetryableError, "could not be assumed just now"),
    ("DescribeTrails", "NotBefore", Retry, Reason::RetryableError, "are limited here"),
    ("DescribeTrails", "TimeoutError", Retry, Reason::RetryableError, "check the way to CloudTrail"),
    ("HeadBucket", "DispatchFailure", Retry, Reason::RetryableError, "check the way to S3"),
    ("DescribeKey", "ResponseError", Retry, Reason::RetryableError, "check the way to KMS"),
    ("CreateTrail", "UnexpectedTrailArn", Wait, Reason::AccountMismatch, "Check whose credentials are in use"),
    ("CreateTrail", "NeverHeardOfException", Retry, Reason::RetryableError, "CreateTrail did not succeed; it is tried again"),
    // KMS and S3.
    ("DescribeKey", "NotFoundException", Wait, Reason::KmsKeyNotFound, "no key 'alias/audit'"),
    ("DescribeKey", "DependencyTimeoutException", Retry, Reason::RetryableError, "no fault of the trail"),
    ("DescribeKey", "KMSInternalException", Retry, Reason::RetryableError, "no fault of the trail"),
    ("DescribeKey", "InvalidArnException", Reject, Reason::InvalidConfiguration, "correct spec.kms.keyId"),
    ("DescribeKey", "DisabledException", Wait, Reason::KmsKeyUnusable, "enabled, symmetric"),
    ("DescribeKey", "KMSInvalidStateException", Wait, Reason::KmsKeyUnusable, "enabled, symmetric"),
    ("HeadBucket", "NoSuchBucket", Wait, Reason::BucketNotFound, "bucket 'logs' does not exist"),
    ("HeadBucket", "SlowDown", Retry, Reason::RetryableError, "throttles"),
    // CloudTrail's own (`cloudtrail.md` 1.7), by alphabet.
    ("RegisterOrganizationDelegatedAdmin", "AccountNotFoundException", Reject, Reason::InvalidConfiguration, "does not belong to the organization"),
    ("DeregisterOrganizationDelegatedAdmin", "AccountNotRegisteredException", Retry, Reason::RetryableError, "already"),
    ("RegisterOrganizationDelegatedAdmin", "AccountRegisteredException", Retry, Reason::RetryableError, "already"),
    ("RegisterOrganizationDelegatedAdmin", "CannotDelegateManagementAccountException", Reject, Reason::InvalidConfiguration, "member account"),
    ("UpdateTrail", "CloudTrailARNInvalidException", Reject, Reason::InvalidConfiguration, "home Region"),
    ("CreateTrail", "CloudTrailAccessNotEnabledException", Wait, Reason::OrganizationNotReady, "enable trusted access"),
    ("CreateTrail", "CloudTrailInvalidClientTokenIdException", Wait, Reason::TopicPolicyInsufficient, "is suspended"),
    ("CreateTrail", "CloudWatchLogsDeliveryUnavailableException", Reject, Reason::InvalidConfiguration, "remove spec.cloudWatchLogs"),
    ("UpdateTrail", "ConcurrentModificationException", Retry, Reason::RetryableError, "still at work"),
    ("UpdateTrail", "ConflictException", Retry, Reason::RetryableError, "still at work"),
    ("RegisterOrganizationDelegatedAdmin", "DelegatedAdminAccountLimitExceededException", Wait, Reason::QuotaExceeded, "deregister one"),
    ("GetInsightSelectors", "InsightNotEnabledException", Retry, Reason::RetryableError, "no Insights"),
    ("CreateTrail", "InsufficientDependencyServiceAccessPermissionException", Wait, Reason::AccessDenied, "organizations:DescribeOrganization"),
    ("CreateTrail", "InsufficientEncryptionPolicyException", Wait, Reason::EncryptionPolicyInsufficient, "kms:GenerateDataKey*"),
    ("CreateTrail", "InsufficientIAMAccessPermissionException", Wait, Reason::AccessDenied, "iam:CreateServiceLinkedRole"),
    ("CreateTrail", "InsufficientS3BucketPolicyException", Wait, Reason::BucketPolicyInsufficient, "'audit/AWSLogs/111122223333/*', both with aws:SourceArn 'arn:aws:cloudtrail:us-east-1:111122223333:trail/audit'"),
    ("CreateTrail", "InsufficientSnsTopicPolicyException", Wait, Reason::TopicPolicyInsufficient, "sns:Publish"),
    ("CreateTrail", "InvalidCloudWatchLogsLogGroupArnException", Wait, Reason::LogGroupUnusable, "log-group:group:*' does not exist"),
    ("CreateTrail", "InvalidCloudWatchLogsRoleArnException", Wait, Reason::LogGroupRoleUnusable, "logs:PutLogEvents"),
    ("LookupEvents", "InvalidDateRangeException", Reject, Reason::InvalidConfiguration, "fault of the operator"),
    ("LookupEvents", "InvalidEventCategoryException", Reject, Reason::InvalidConfiguration, "fault of the operator"),
    ("PutEventSelectors", "InvalidEventSelectorsException", Reject, Reason::InvalidConfiguration, "correct spec.managementEvents"),
    ("UpdateTrail", "InvalidHomeRegionException", Reject, Reason::InvalidConfiguration, "home Region"),
    ("PutInsightSelectors", "InvalidInsightSelectorsException", Reject, Reason::InvalidConfiguration, "correct spec.insightSelectors"),
    ("CreateTrail", "InvalidKmsKeyIdException", Reject, Reason::InvalidConfiguration, "'alias/audit' is no name of a KMS key"),
    ("LookupEvents", "InvalidLookupAttributesException", Reject, Reason::InvalidConfiguration, "fault of the operator"),
    ("LookupEvents", "InvalidMaxResultsException", Reject, Reason::InvalidConfiguration, "fault of the operator"),
    ("LookupEvents", "InvalidNextTokenException", Retry, Reason::RetryableError, "no fault of the manifest"),
    ("PutInsightSelectors", "InvalidParameterCombinationException", Reject, Reason::InvalidConfiguration, "settings of spec.insightSelectors do not go together"),
    ("PutEventConfiguration", "InvalidParameterException", Reject, Reason::InvalidConfiguration, "correct spec.aggregation"),
    ("CreateTrail", "InvalidS3BucketNameException", Reject, Reason::InvalidConfiguration, "correct spec.s3.bucketName"),
    ("CreateTrail", "InvalidS3PrefixException", Reject, Reason::InvalidConfiguration, "correct spec.s3.keyPrefix"),
    ("CreateTrail", "InvalidSnsTopicNameException", Reject, Reason::InvalidConfiguration, "correct spec.sns.topicArn"),
    ("AddTags", "InvalidTagParameterException", Reject, Reason::InvalidConfiguration, "correct spec.tags"),
    ("ListPublicKeys", "InvalidTimeRangeException", Reject, Reason::InvalidConfiguration, "fault of the operator"),
    ("ListTags", "InvalidTokenException", Retry, Reason::RetryableError, "no fault of the manifest"),
    ("CreateTrail", "InvalidTrailNameException", Reject, Reason::InvalidConfiguration, "another spec.trailName"),
    ("CreateTrail", "KmsException", Wait, Reason::KmsKeyUnusable, "enabled, symmetric"),
    ("CreateTrail", "KmsKeyDisabledException", Wait, Reason::KmsKeyUnusable, "enabled, symmetric"),
    ("CreateTrail", "KmsKeyNotFoundException", Wait, Reason::KmsKeyNotFound, "Region of bucket 'logs'"),
    ("CreateTrail", "MaximumNumberOfTrailsExceededException", Wait, Reason::QuotaExceeded, "as many trails"),
    ("CreateTrail", "NoManagementAccountSLRExistsException", Wait, Reason::OrganizationNotReady, "AWSServiceRoleForCloudTrail"),
    ("RegisterOrganizationDelegatedAdmin", "NotOrganizationManagementAccountException", Reject, Reason::InvalidConfiguration, "not the management account"),
    ("CreateTrail", "NotOrganizationMasterAccountException", Reject, Reason::InvalidConfiguration, "not the management account"),
    ("UpdateTrail", "OperationNotPermittedException", Reject, Reason::InvalidConfiguration, "may not do UpdateTrail"),
    ("CreateTrail", "OrganizationNotInAllFeaturesModeException", Wait, Reason::OrganizationNotReady, "enable all features"),
    ("CreateTrail", "OrganizationsNotInUseException", Reject, Reason::InvalidConfiguration, "belongs to no organization"),
    ("AddTags", "ResourceARNNotValidException", Reject, Reason::InvalidConfiguration, "does not take arn:aws:cloudtrail"),
    ("AddTags", "ResourceNotFoundException", Retry, Reason::RetryableError, "does not find the trail"),
    ("AddTags", "ResourceTypeNotSupportedException", Reject, Reason::InvalidConfiguration, "does not take arn:aws:cloudtrail"),
    ("CreateTrail", "S3BucketDoesNotExistException", Wait, Reason::BucketNotFound, "bucket 'logs' does not exist"),
    ("PutEventSelectors", "ServiceQuotaExceededException", Wait, Reason::QuotaExceeded, "Service Quotas"),
    ("CreateTrail", "TagsLimitExceededException", Reject, Reason::InvalidConfiguration, "more than 50 tags"),
    ("CreateTrail", "TrailAlreadyExistsException", Retry, Reason::ManagementConflict, "a trail of that name exists and is not visible here"),
    ("StartLogging", "TrailNotFoundException", Retry, Reason::RetryableError, "does not find the trail"),
    ("PutEventSelectors", "TrailNotProvidedException", Retry, Reason::RetryableError, "did not understand"),
    ("PutEventConfiguration", "UnsupportedOperationException", Reject, Reason::InvalidConfiguration, "remove spec.aggregation"),
];

#[test]
fn each_code_has_its_class_its_reason_and_its_sentence() {
    for (operation, code, class, reason, words) in ROWS {
        let error = error(operation, code);
        assert_eq!((error.class(), error.reason()), (*class, *reason), "{code}");
        let sentence = error.explain(&ABOUT);
        assert!(sentence.contains(words), "{code}: {sentence}");
        assert!(sentence.starts_with(&format!("{code}: ")), "{sentence}");
        assert!(!sentence.contains("words of AWS") && !sentence.contains("7a6b5c"), "{sentence}");
    }
}

/// What the SDK's model names for the operations that keeping a trail takes (aws-sdk-cloudtrail 1.130, the error enums
/// of the 16 operations in [`crate::aws::CloudTrail`] and of ListTags). Without those that only Lake, channels and
/// dashboards bring about, which share AddTags, ListTags, PutEventConfiguration and PutInsightSelectors with trails:
/// ChannelARNInvalid, ChannelNotFound, EventDataStoreARNInvalid, EventDataStoreNotFound, InactiveEventDataStore,
/// InvalidEventDataStoreCategory, InvalidEventDataStoreStatus.
const MODELLED: &[&str] = &[
    "CloudTrailARNInvalidException",
    "CloudTrailAccessNotEnabledException",
    "CloudTrailInvalidClientTokenIdException",
    "CloudWatchLogsDeliveryUnavailableException",
    "ConflictException",
    "InsightNotEnabledException",
    "InsufficientDependencyServiceAccessPermissionException",
    "InsufficientEncryptionPolicyException",
    "InsufficientIAMAccessPermissionException",
    "InsufficientS3BucketPolicyException",
    "InsufficientSnsTopicPolicyException",
    "InvalidCloudWatchLogsLogGroupArnException",
    "InvalidCloudWatchLogsRoleArnException",
    "InvalidEventSelectorsException",
    "InvalidHomeRegionException",
    "InvalidInsightSelectorsException",
    "InvalidKmsKeyIdException",
    "InvalidParameterCombinationException",
    "InvalidParameterException",
    "InvalidS3BucketNameException",
    "InvalidS3PrefixException",
    "InvalidSnsTopicNameException",
    "InvalidTagParameterException",
    "InvalidTokenException",
    "InvalidTrailNameException",
    "KmsException",
    "KmsKeyDisabledException",
    "KmsKeyNotFoundException",
    "MaximumNumberOfTrailsExceededException",
    "NoManagementAccountSLRExistsException",
    "NotOrganizationMasterAccountException",
    "OperationNotPermittedException",
    "OrganizationNotInAllFeaturesModeException",
    "OrganizationsNotInUseException",
    "ResourceNotFoundException",
    "ResourceTypeNotSupportedException",
    "S3BucketDoesNotExistException",
    "TagsLimitExceededException",
    "ThrottlingException",
    "TrailAlreadyExistsException",
    "TrailNotFoundException",
    "TrailNotProvidedException",
    "UnsupportedOperationException",
];

/// What 1.7 lists beyond, and every service's own of 1.1.
const LISTED: &[&str] = &[
    "AccountNotFoundException",
    "AccountNotRegisteredException",
    "AccountRegisteredException",
    "CannotDelegateManagementAccountException",
    "ConcurrentModificationException",
    "DelegatedAdminAccountLimitExceededException",
    "InvalidDateRangeException",
    "InvalidEventCategoryException",
    "InvalidLookupAttributesException",
    "InvalidMaxResultsException",
    "InvalidNextTokenException",
    "InvalidTimeRangeException",
    "NotOrganizationManagementAccountException",
    "ResourceARNNotValidException",
    "ServiceQuotaExceededException",
    "AccessDeniedException",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InternalFailure",
    "MalformedHttpRequestException",
    "NotAuthorized",
    "OptInRequired",
    "RequestAbortedException",
    "RequestEntityTooLargeException",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "UnrecognizedClientException",
    "UnknownOperationException",
    "ValidationError",
];

#[test]
fn every_code_that_aws_has_is_in_the_table_and_has_words_of_its_own() {
    let tested: BTreeSet<_> = ROWS.iter().map(|row| row.1).collect();
    for code in MODELLED.iter().chain(LISTED) {
        assert!(tested.contains(code), "{code} has no row");
        let error = error("CreateTrail", code);
        assert!(!error.explain(&ABOUT).contains("did not succeed"), "{code} is explained by nothing");
    }
}

#[test]
fn a_role_made_seconds_ago_is_tried_again() {
    for code in ["InvalidCloudWatchLogsRoleArnException", "InvalidCloudWatchLogsLogGroupArnException"] {
        let said = |message| AwsError::new("CreateTrail", code, message);
        let fresh = said("Access denied. Check the trust relationships");
        assert_eq!((fresh.class(), fresh.reason()), (Retry, Reason::LogGroupRoleUnusable));
        assert!(fresh.explain(&ABOUT).contains("the role 'arn:aws:iam::111122223333:role/logs'"));
        assert_eq!(said("does not exist").class(), Wait);
    }
}

#[test]
fn what_a_trail_does_not_have_is_not_named() {
    let plain =
        Subject { prefix: "", kms_key_id: "", topic_arn: "", log_group_arn: "", role_arn: "", ..ABOUT };
    for (operation, code, ..) in ROWS {
        let about_them = [
            "InvalidS3Prefix",
            "Sns",
            "Kms",
            "Log",
            "Arn",
            "NotFoundException",
            "DisabledException",
            "KMSInvalidState",
            "ClientTokenId",
        ];
        let sentence = error(operation, code).explain(&plain);
        let of_one = about_them.iter().any(|part| code.contains(part));
        assert!(of_one || !sentence.contains("''"), "{sentence}");
    }
    let of_the_topic = error("UpdateTrail", "KmsKeyNotFoundException");
    let topic = Subject { kms_key_id: "", ..ABOUT };
    assert!(of_the_topic.explain(&topic).contains("the key that topic 'arn:aws:sns"));
}

#[test]
fn an_organizations_trail_delivers_to_two_folders() {
    let policy = error("CreateTrail", "InsufficientS3BucketPolicyException");
    let of_all = Subject { is_organization_trail: true, ..ABOUT };
    assert!(policy.explain(&of_all).contains(
        "under 'audit/AWSLogs/111122223333/*' and 'audit/AWSLogs/<organization id>/*', both with aws:SourceArn"
    ));
    assert!(!policy.explain(&ABOUT).contains("<organization id>"));
}
