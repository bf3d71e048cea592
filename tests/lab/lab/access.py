"""What CloudTrail asks of a bucket, key, topic and role, as policy requests (cloudtrail.md 3.1 to 3.5). Pure."""

from __future__ import annotations

from lab.arns import Arn, partition_of
from lab.model import Bucket, Key, Role, Topic, Trail
from lab.policy import Request, decide, decide_all

ACL = "bucket-owner-full-control"


def _source(trail: Trail, org_id: str | None) -> dict[str, str | list[str]]:
    context: dict[str, str | list[str]] = {
        "aws:SourceArn": trail.arn,
        "aws:SourceAccount": trail.account,
        "aws:SecureTransport": "true",
        "aws:PrincipalIsAWSService": "true",
        "aws:PrincipalServiceName": "cloudtrail.amazonaws.com",
    }
    if org_id:
        context["aws:SourceOrgID"] = org_id
    return context


def bucket_arn(trail: Trail, bucket: str | None = None) -> str:
    return f"arn:{partition_of(trail.home_region)}:s3:::{bucket or trail.bucket}"


def logs_root(trail: Trail, owner: str) -> str:
    """`[PREFIX/]AWSLogs/OWNER`, where OWNER is an account, or an organization and a member below it."""
    return f"{trail.prefix}/AWSLogs/{owner}" if trail.prefix else f"AWSLogs/{owner}"


def put_request(trail: Trail, key: str, org_id: str | None) -> Request:
    """One PutObject as CloudTrail sends it: the ACL always, encryption by the trail's key or AES256."""
    context = _source(trail, org_id)
    context["s3:x-amz-acl"] = ACL
    context["s3:x-amz-server-side-encryption"] = "aws:kms" if trail.kms_key else "AES256"
    if trail.kms_key:
        context["s3:x-amz-server-side-encryption-aws-kms-key-id"] = trail.kms_key
    return Request("s3:PutObject", f"{bucket_arn(trail)}/{key}", context)


def bucket_requests(trail: Trail, org_id: str | None) -> list[Request]:
    """Everything the bucket policy must allow before CreateTrail or UpdateTrail accepts it."""
    requests = [Request("s3:GetBucketAcl", bucket_arn(trail), _source(trail, org_id))]
    owners = [trail.account]
    if trail.organization and org_id:
        owners.append(f"{org_id}/{trail.account}")
    for owner in owners:
        kinds = ["CloudTrail", "CloudTrail-Digest"] if trail.validation else ["CloudTrail"]
        requests += [put_request(trail, f"{logs_root(trail, owner)}/{kind}/probe", org_id) for kind in kinds]
    return requests


def bucket_allows(bucket: Bucket, trail: Trail, org_id: str | None) -> bool:
    return all(decide(bucket.policy, request).allowed for request in bucket_requests(trail, org_id))


def key_requests(trail: Trail, key: Key, org_id: str | None, *, decrypt: bool) -> list[Request]:
    context = _source(trail, org_id)
    context["kms:EncryptionContext:aws:cloudtrail:arn"] = trail.arn
    context["kms:EncryptionContext:aws:s3:arn"] = bucket_arn(trail)
    context["kms:EncryptionContextKeys"] = ["aws:cloudtrail:arn", "aws:s3:arn"]
    actions = ["kms:GenerateDataKey", "kms:DescribeKey"] + (["kms:Decrypt"] if decrypt else [])
    described = {name: value for name, value in context.items() if not name.startswith("kms:")}
    return [Request(a, key.arn, described if a == "kms:DescribeKey" else context) for a in actions]


def key_allows(key: Key, trail: Trail, org_id: str | None, *, decrypt: bool) -> bool:
    return all(decide(key.policy, r).allowed for r in key_requests(trail, key, org_id, decrypt=decrypt))


def topic_allows(topic: Topic, trail: Trail, org_id: str | None) -> bool:
    return decide(topic.policy, Request("sns:Publish", topic.arn, _source(trail, org_id))).allowed


def topic_key_allows(key: Key, trail: Trail, org_id: str | None) -> bool:
    context = _source(trail, org_id)
    wanted = [Request(action, key.arn, context) for action in ("kms:GenerateDataKey", "kms:Decrypt")]
    return all(decide(key.policy, request).allowed for request in wanted)


def role_trusts(role: Role, trail: Trail, org_id: str | None) -> bool:
    return decide(role.trust, Request("sts:AssumeRole", role.arn, _source(trail, org_id))).allowed


def stream_name(trail: Trail, account: str, org_id: str | None) -> str:
    """`ACCOUNT_CloudTrail_REGION`; an organization trail puts its organization in front (cloudtrail.md 3.5)."""
    name = f"{account}_CloudTrail_{trail.home_region}"
    return f"{org_id}_{name}" if trail.organization and org_id else name


def role_may_write(role: Role, trail: Trail, stream: str) -> bool:
    group = Arn.parse(trail.log_group)
    if group is None:
        return False
    resource = f"{str(group).removesuffix(':*')}:log-stream:{stream}"
    wanted = [Request(action, resource) for action in ("logs:CreateLogStream", "logs:PutLogEvents")]
    return all(decide_all(list(role.policies), request, identity=True).allowed for request in wanted)
