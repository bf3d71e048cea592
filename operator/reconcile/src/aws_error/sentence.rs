//! What to tell a person about an error: what is wrong, and what to do. Never AWS's own words.
//!
//! A code that has more to say than its reason has a sentence of its own; the others share their reason's.

use std::fmt;

use super::{AwsError, Class, Subject};
use crate::reason::Reason;

/// The sentence.
pub(super) fn of(error: &AwsError, about: &Subject<'_>) -> String {
    let own = match error.class() {
        Class::Retry => passing(error, about),
        Class::Wait => outside(error, about),
        Class::Reject => of_a_destination(error, about)
            .or_else(|| of_the_organization(error, about))
            .or_else(|| of_the_manifest(error, about)),
    };
    own.unwrap_or_else(|| by_reason(error, about))
}

/// What passes by itself.
fn passing(error: &AwsError, about: &Subject<'_>) -> Option<String> {
    let Subject { trail_arn, account_id, .. } = about;
    let operation = error.operation;
    Some(match error.code.as_str() {
        "NotBefore" => format!(
            "calls in account {account_id} are limited here, so that AWS does not throttle them; {operation} is tried when its turn comes"
        ),
        "ThrottlingException"
        | "Throttling"
        | "SlowDown"
        | "TooManyRequestsException"
        | "LimitExceededException"
        | "RequestLimitExceeded" => format!(
            "AWS throttles account {account_id}; {operation} is tried again, and everything in the account more slowly. If it lasts, find out who else calls it so often"
        ),
        "TimeoutError" | "DispatchFailure" | "ResponseError" => format!(
            "AWS did not answer {operation}; it is tried again. If it lasts, check the way to {}: network policies, proxy, DNS",
            service(operation)
        ),
        "InternalFailure"
        | "InternalError"
        | "InternalServerError"
        | "ServiceUnavailable"
        | "ServiceUnavailableException"
        | "RequestTimeout"
        | "RequestTimeoutException"
        | "RequestAbortedException"
        | "KMSInternalException"
        | "DependencyTimeoutException" => format!(
            "AWS could not carry out {operation} just now, through no fault of the trail; it is tried again"
        ),
        "ConflictException" | "ConcurrentModificationException" | "OperationAbortedException" => {
            format!("AWS is still at work on the trail, or on what it needs; {operation} is tried again")
        }
        "AssumeRoleFailed" => format!(
            "the role of account {account_id} could not be assumed just now, since STS did not answer or throttles; it is tried again"
        ),
        "TrailAlreadyExistsException" => format!(
            "a trail of that name exists and is not visible here as {trail_arn}; if it stays so, it is somebody else's: find it with `aws cloudtrail list-trails`, and use another spec.trailName in a new Trail"
        ),
        "TrailNotFoundException" | "ResourceNotFoundException" => format!(
            "AWS does not find the trail {trail_arn}: it is not visible yet, or has just been deleted; it is looked for again"
        ),
        "InsightNotEnabledException" => "the trail has no Insights, which is no error".into(),
        "AccountRegisteredException" | "AccountNotRegisteredException" => {
            "the account is registered as asked for already; it is looked at again".into()
        }
        "MalformedHttpRequestException"
        | "TrailNotProvidedException"
        | "InvalidTokenException"
        | "InvalidNextTokenException" => format!(
            "AWS did not understand {operation}, which is no fault of the manifest; it is tried again. If it lasts, look for a proxy in between that changes requests, or report it"
        ),
        _ => return None,
    })
}

/// What waits for something outside, where the reason's sentence does not tell enough.
fn outside(error: &AwsError, about: &Subject<'_>) -> Option<String> {
    let Subject { account_id, topic_arn, kms_key_id, .. } = about;
    let operation = error.operation;
    Some(match error.code.as_str() {
        "InsufficientIAMAccessPermissionException" => format!(
            "the operator's identity may not see or make CloudTrail's service-linked role; allow iam:GetRole and iam:CreateServiceLinkedRole in account {account_id} (see docs/install.md)"
        ),
        "InsufficientDependencyServiceAccessPermissionException" => format!(
            "{operation} needs calls of AWS Organizations or IAM that the operator's identity may not make; allow organizations:DescribeOrganization, organizations:ListAWSServiceAccessForOrganization and iam:GetRole in account {account_id} (see docs/install.md)"
        ),
        "UnrecognizedClientException" | "InvalidClientTokenId" => format!(
            "AWS does not know the credentials for account {account_id} in this Region; check the role or key, and that the Region is enabled in the account"
        ),
        "OptInRequired" => format!(
            "account {account_id} has no access to {} in this Region; enable the Region, or finish the account's sign-up",
            service(operation)
        ),
        "CloudTrailInvalidClientTokenIdException" => format!(
            "the account of the topic '{topic_arn}' is suspended; have it reactivated, or correct spec.sns.topicArn"
        ),
        "ServiceQuotaExceededException" => format!(
            "a quota of account {account_id} is used up, so {operation} was refused; see Service Quotas in the AWS console, and free or raise it"
        ),
        "DelegatedAdminAccountLimitExceededException" => {
            "the organization has as many delegated administrators of CloudTrail as it may have (3); deregister one"
                .into()
        }
        "NoManagementAccountSLRExistsException" => {
            "the organization's management account has no role AWSServiceRoleForCloudTrail; call CloudTrail once in that account, for instance `aws cloudtrail describe-trails`, to have it made"
                .into()
        }
        "OrganizationNotInAllFeaturesModeException" => {
            "the organization has consolidated billing only; enable all features in AWS Organizations".into()
        }
        "NotFoundException" => format!(
            "there is no key '{kms_key_id}'; create it, or correct spec.kms.keyId (an alias is looked for in account {account_id} and the trail's home Region)"
        ),
        _ => return None,
    })
}

/// Values that CloudTrail does not take for a destination.
fn of_a_destination(error: &AwsError, about: &Subject<'_>) -> Option<String> {
    let Subject { bucket, prefix, kms_key_id, topic_arn, .. } = about;
    Some(match error.code.as_str() {
        "InvalidS3BucketNameException" => {
            format!("'{bucket}' is no bucket that CloudTrail delivers to; correct spec.s3.bucketName")
        }
        "InvalidS3PrefixException" => format!(
            "'{prefix}' is no folder that CloudTrail delivers to; correct spec.s3.keyPrefix (at most 200 characters, without 'AWSLogs/')"
        ),
        "InvalidSnsTopicNameException" => {
            format!("'{topic_arn}' is no topic that CloudTrail publishes to; correct spec.sns.topicArn")
        }
        "InvalidKmsKeyIdException" | "InvalidArnException" => format!(
            "'{kms_key_id}' is no name of a KMS key; correct spec.kms.keyId: an alias, alias ARN, key id or key ARN"
        ),
        "CloudWatchLogsDeliveryUnavailableException" => {
            "CloudTrail does not deliver to CloudWatch Logs in this Region; remove spec.cloudWatchLogs".into()
        }
        _ => return None,
    })
}

/// Settings that the account's place in its organization rules out.
fn of_the_organization(error: &AwsError, about: &Subject<'_>) -> Option<String> {
    let Subject { account_id, .. } = about;
    let operation = error.operation;
    Some(match error.code.as_str() {
        "NotOrganizationMasterAccountException" | "NotOrganizationManagementAccountException" => format!(
            "account {account_id} is not the management account of its organization, which alone may do this; set spec.isOrganizationTrail to false, or make a new Trail with the AwsAccount of that account"
        ),
        "OrganizationsNotInUseException" => {
            format!("account {account_id} belongs to no organization; set spec.isOrganizationTrail to false")
        }
        "OperationNotPermittedException" => format!(
            "account {account_id} may not do {operation} to this trail: an organization's trail is changed only by the management account or a delegated administrator; set spec.managementPolicy to Observe, or make a new Trail with the AwsAccount of one of them"
        ),
        "AccountNotFoundException" => {
            format!("account {account_id} does not belong to the organization; correct the account")
        }
        "CannotDelegateManagementAccountException" => {
            "the management account needs no delegation; name a member account".into()
        }
        _ => return None,
    })
}

/// Settings that no AWS would accept, whatever there is outside.
fn of_the_manifest(error: &AwsError, about: &Subject<'_>) -> Option<String> {
    let Subject { trail_arn, .. } = about;
    let operation = error.operation;
    Some(match error.code.as_str() {
        "InvalidTrailNameException" => format!(
            "CloudTrail does not take the name of {trail_arn}; make a new Trail with another spec.trailName"
        ),
        "InvalidHomeRegionException" | "CloudTrailARNInvalidException" => format!(
            "the home Region of the trail is another than that of {trail_arn}, and it can be changed only there; make a new Trail with that spec.region"
        ),
        "InvalidParameterCombinationException" => {
            format!("settings of {} do not go together in CloudTrail; correct them", fields(operation))
        }
        "InvalidParameterException" | "ValidationError" | "ValidationException" => {
            format!("{operation} was refused for a value that AWS does not take; correct {}", fields(operation))
        }
        "InvalidEventSelectorsException" => {
            "CloudTrail does not take the selectors as declared; correct spec.managementEvents (excludeEventSources takes services that CloudTrail knows) or its EventSelectors (a resource type or field that CloudTrail does not know)".into()
        }
        "InvalidInsightSelectorsException" => {
            "CloudTrail does not take the Insights as declared, or the trail does not record the events they look at; correct spec.insightSelectors".into()
        }
        "InvalidTagParameterException" => {
            "CloudTrail does not take one of the tags; correct spec.tags (keys of at most 128, values of at most 256 characters, none beginning with 'aws:')".into()
        }
        "TagsLimitExceededException" => {
            "the trail would have more than 50 tags; remove some of spec.tags, or of those that others have put on it".into()
        }
        "UnsupportedOperationException" | "UnknownOperationException" => format!(
            "AWS does not offer {operation} in this Region; remove {}, or use another Region",
            fields(operation)
        ),
        "ResourceTypeNotSupportedException" | "ResourceARNNotValidException" => format!(
            "CloudTrail does not take {trail_arn} for a trail; make a new Trail with the right spec.region and spec.trailName"
        ),
        "RequestEntityTooLargeException" => format!(
            "{operation} is larger than AWS takes; make {} shorter",
            fields(operation)
        ),
        "InvalidEventCategoryException" | "InvalidLookupAttributesException" | "InvalidMaxResultsException"
        | "InvalidTimeRangeException" | "InvalidDateRangeException" => format!(
            "{operation} asked for something that AWS does not know; this is a fault of the operator: use a newer version, or report it"
        ),
        _ => return None,
    })
}

/// What is the same for every code of a reason.
fn by_reason(error: &AwsError, about: &Subject<'_>) -> String {
    let Subject {
        trail_arn,
        account_id,
        bucket,
        prefix,
        kms_key_id,
        topic_arn,
        log_group_arn,
        role_arn,
        is_organization_trail,
    } = about;
    let operation = error.operation;
    match error.reason() {
        Reason::AccessDenied => access_denied(operation, about),
        Reason::CredentialsUnusable => format!(
            "AWS does not accept the operator's credentials for account {account_id}; check the role or key it runs with"
        ),
        Reason::AssumeRoleDenied => format!(
            "the role of account {account_id} may not be assumed; its trust policy must name the operator's identity, and ask for the same external id as spec.externalId of the AwsAccount (see docs/install.md)"
        ),
        Reason::AccountMismatch => format!(
            "CloudTrail made a trail in another place than {trail_arn}; the log of the operator names it. Check whose credentials are in use, and delete that trail"
        ),
        Reason::BucketNotFound => format!(
            "the bucket '{bucket}' does not exist; create it, with a policy that lets CloudTrail write, or correct spec.s3.bucketName"
        ),
        Reason::BucketPolicyInsufficient => format!(
            "the policy of bucket '{bucket}' does not let CloudTrail deliver; it must allow cloudtrail.amazonaws.com to call s3:GetBucketAcl on the bucket and s3:PutObject under '{}AWSLogs/{account_id}/*'{}, both with aws:SourceArn '{trail_arn}'",
            Folder(prefix),
            OrganizationFolder(prefix, *is_organization_trail)
        ),
        Reason::EncryptionPolicyInsufficient if kms_key_id.is_empty() => format!(
            "the policy of bucket '{bucket}' refuses objects that CloudTrail encrypts with SSE-S3; correct it, or set spec.kms.keyId"
        ),
        Reason::EncryptionPolicyInsufficient => format!(
            "either the policy of key '{kms_key_id}' does not let CloudTrail encrypt (kms:GenerateDataKey* and kms:DescribeKey for cloudtrail.amazonaws.com), or the policy of bucket '{bucket}' refuses encrypted objects; correct that policy"
        ),
        // AWS looks at the topic's key too, and does not say which one it misses.
        Reason::KmsKeyNotFound if kms_key_id.is_empty() => format!(
            "the key that topic '{topic_arn}' is encrypted with does not exist in the topic's Region; give the topic another key"
        ),
        Reason::KmsKeyNotFound => format!(
            "the key '{kms_key_id}' does not exist, or not in the Region of bucket '{bucket}'; correct spec.kms.keyId"
        ),
        Reason::KmsKeyUnusable => {
            format!("the key '{kms_key_id}' cannot be used; see that it is enabled, symmetric and not to be deleted")
        }
        Reason::TopicPolicyInsufficient => format!(
            "the topic '{topic_arn}' does not exist, or its policy does not let cloudtrail.amazonaws.com call sns:Publish; create it or correct its policy"
        ),
        Reason::LogGroupUnusable => format!(
            "the log group '{log_group_arn}' does not exist or cannot be written; create it in the trail's home Region and account"
        ),
        Reason::LogGroupRoleUnusable => format!(
            "the role '{role_arn}' does not exist, does not trust cloudtrail.amazonaws.com, or may not call logs:CreateLogStream and logs:PutLogEvents on '{log_group_arn}'; correct the role"
        ),
        Reason::QuotaExceeded => format!(
            "account {account_id} has as many trails in this Region as CloudTrail allows (5, multi-Region trails count everywhere); delete one"
        ),
        Reason::OrganizationNotReady => {
            "AWS Organizations is not set up for CloudTrail; enable trusted access for cloudtrail.amazonaws.com".into()
        }
        Reason::InvalidConfiguration => format!("AWS refuses {operation} as declared; correct {}", fields(operation)),
        _ => format!("{operation} did not succeed; it is tried again"),
    }
}

/// A trail with tags and one with a log group need further permissions, which AWS does not tell apart (`cloudtrail.md`
/// 10.4).
fn access_denied(operation: &str, about: &Subject<'_>) -> String {
    let passes = matches!(operation, "CreateTrail" | "UpdateTrail") && !about.role_arn.is_empty();
    let pass_role = if passes { format!(", or iam:PassRole on '{}'", about.role_arn) } else { String::new() };
    let add_tags = if operation == "CreateTrail" { ", or cloudtrail:AddTags with it" } else { "" };
    format!(
        "the operator's identity may not call {}{add_tags}{pass_role}; allow it in account {} (docs/install.md lists what is needed)",
        action(operation),
        about.account_id
    )
}

/// The IAM action of an operation.
fn action(operation: &str) -> String {
    match operation {
        "DescribeKey" => "kms:DescribeKey".into(),
        // IAM has no action for HeadBucket (`cloudtrail.md` 10.4).
        "HeadBucket" => "s3:ListBucket".into(),
        "ListRegions" => "account:ListRegions".into(),
        "GetCallerIdentity" => "sts:GetCallerIdentity".into(),
        _ => format!("cloudtrail:{operation}"),
    }
}

/// The service of an operation, as people call it.
fn service(operation: &str) -> &'static str {
    match operation {
        "DescribeKey" => "KMS",
        "HeadBucket" => "S3",
        "ListRegions" => "AWS Account Management",
        "GetCallerIdentity" => "STS",
        _ => "CloudTrail",
    }
}

/// The fields of the spec that an operation sets.
fn fields(operation: &str) -> &'static str {
    match operation {
        "PutEventSelectors" => "spec.managementEvents or its EventSelectors",
        "PutInsightSelectors" => "spec.insightSelectors",
        "PutEventConfiguration" => "spec.aggregation",
        "AddTags" | "RemoveTags" => "spec.tags",
        "DescribeKey" => "spec.kms.keyId",
        "HeadBucket" => "spec.s3.bucketName",
        _ => "the spec",
    }
}

/// Where an organization's trail delivers besides (`cloudtrail.md` 3.1); nothing for another trail.
struct OrganizationFolder<'a>(&'a str, bool);

impl fmt::Display for OrganizationFolder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.1 { write!(f, " and '{}AWSLogs/<organization id>/*'", Folder(self.0)) } else { Ok(()) }
    }
}

/// A key prefix as it stands before `AWSLogs`.
struct Folder<'a>(&'a str);

impl fmt::Display for Folder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, "{}/", self.0) }
    }
}
