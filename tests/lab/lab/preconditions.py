"""What must be in place before CloudTrail accepts a trail, checked in this order: organization, bucket, topic,
key, log group and role (cloudtrail.md 1.4, 1.5, 3). Knows the surroundings only through model.Surroundings.
"""

from __future__ import annotations

from dataclasses import replace

from lab import access, arns
from lab.errors import AwsError
from lab.model import Bucket, Caller, Key, Organization, Surroundings, Trail

TRUSTED = "cloudtrail.amazonaws.com"


def check(around: Surroundings, trail: Trail, caller: Caller) -> Trail:
    """Refuses, or answers the trail with its key as an ARN: an alias is resolved now and not followed later."""
    organization = around.organization(trail.account)
    org_id = organization.id if organization else None
    bucket = check_bucket(around, trail, org_id)
    _check_topic(around, trail, org_id)
    key = check_key(around, trail, bucket, org_id, caller)
    _check_logs(around, trail, caller, org_id)
    return replace(trail, kms_key=key.arn if key else "")


def check_organization(organization: Organization | None, caller: Caller, *, convert: bool) -> Organization:
    """Who may make an organization trail; `convert` turns an account trail into one or back."""
    if organization is None:
        raise AwsError("OrganizationsNotInUseException", f"Account {caller.account} is not part of an organization.")
    delegated = caller.account in organization.delegated
    if caller.account != organization.management and (convert or not delegated):
        raise AwsError(
            "NotOrganizationMasterAccountException",
            "Only the management account of the organization may do this"
            + ("." if convert else ", or a delegated administrator for CloudTrail."),
        )
    if organization.features != "ALL":
        raise AwsError("OrganizationNotInAllFeaturesModeException", "The organization must have all features enabled.")
    if TRUSTED not in organization.trusted:
        raise AwsError(
            "CloudTrailAccessNotEnabledException",
            f"Trusted access for {TRUSTED} is not enabled in the organization.",
        )
    return organization


def check_bucket(around: Surroundings, trail: Trail, org_id: str | None) -> Bucket:
    bucket = around.bucket(trail.bucket)
    if bucket is None:
        raise AwsError("S3BucketDoesNotExistException", f"S3 bucket {trail.bucket} does not exist!")
    if bucket.requester_pays or not access.bucket_allows(bucket, trail, org_id):
        raise AwsError(
            "InsufficientS3BucketPolicyException", f"Incorrect S3 bucket policy is detected for bucket: {trail.bucket}"
        )
    return bucket


def _check_topic(around: Surroundings, trail: Trail, org_id: str | None) -> None:
    if not trail.topic_arn:
        return
    topic = around.topic(trail.topic_arn)
    region = arns.Arn.parse(trail.topic_arn)
    in_region = region is not None and region.region == trail.home_region
    if topic is None or not in_region or not access.topic_allows(topic, trail, org_id):
        raise AwsError(
            "InsufficientSnsTopicPolicyException", "SNS Topic does not exist or the topic policy is incorrect!"
        )
    if not topic.kms_key:
        return
    key = around.key(topic.kms_key, region.account, region.region) if region else None
    if key is None:
        raise AwsError("KmsKeyNotFoundException", f"The KMS key of topic {topic.arn} does not exist: {topic.kms_key}")
    if not access.topic_key_allows(key, trail, org_id):
        raise AwsError(
            "InsufficientSnsTopicPolicyException", f"The policy of KMS key {key.arn} does not let CloudTrail use it."
        )


def check_key(around: Surroundings, trail: Trail, bucket: Bucket, org_id: str | None, caller: Caller) -> Key | None:
    if not trail.kms_key:
        return None
    key = around.key(trail.kms_key, caller.account, caller.region)
    if key is None or key.region != bucket.region:
        raise AwsError(
            "KmsKeyNotFoundException",
            f"The KMS key does not exist or is not in the Region of the bucket: {trail.kms_key}",
        )
    if key.state != "Enabled":
        raise AwsError("KmsException", f"The KMS key {key.arn} is not usable; its state is {key.state}.")
    if not key.symmetric:
        raise AwsError("KmsException", f"The KMS key {key.arn} is not a symmetric encryption key.")
    if not access.key_allows(key, trail, org_id, decrypt=bucket.bucket_key):
        raise AwsError(
            "InsufficientEncryptionPolicyException",
            f"Insufficient permissions to access S3 bucket {trail.bucket} or KMS key {key.arn}.",
        )
    return key


def _check_logs(around: Surroundings, trail: Trail, caller: Caller, org_id: str | None) -> None:
    if not trail.log_group and not trail.log_role:
        return
    if not trail.log_group or not trail.log_role:
        raise AwsError(
            "InvalidParameterCombinationException",
            "CloudWatchLogsLogGroupArn and CloudWatchLogsRoleArn must be given together, or both cleared.",
        )
    arn, group_name = arns.parse_log_group_arn(trail.log_group)
    owners = (caller.account, trail.account)
    if arn.account not in owners or arn.region != trail.home_region:
        raise _bad_group(f"The log group must be in the account and home Region of the trail: {trail.log_group}")
    role_arn = arns.Arn.parse(trail.log_role)
    if role_arn is None or role_arn.service != "iam" or not role_arn.resource.startswith("role/"):
        raise _bad_role(f"The role ARN is malformed: {trail.log_role}")
    group = around.log_group(arn.account, arn.region, group_name)
    if group is None:
        raise _bad_group(f"The log group does not exist: {group_name}")
    if group.log_class != "STANDARD":
        raise _bad_group(f"Log group {group_name} is of class {group.log_class}; CloudTrail needs class STANDARD.")
    role = around.role(trail.log_role)
    if role is None or role_arn.account not in owners or not access.role_trusts(role, trail, org_id):
        raise _bad_role("Access denied. The role does not exist or does not trust CloudTrail.")
    if not access.role_may_write(role, trail, access.stream_name(trail, trail.account, org_id)):
        raise _bad_group("Access denied. The role may not create log streams and put log events in the log group.")


def _bad_group(message: str) -> AwsError:
    return AwsError("InvalidCloudWatchLogsLogGroupArnException", message)


def _bad_role(message: str) -> AwsError:
    return AwsError("InvalidCloudWatchLogsRoleArnException", message)
