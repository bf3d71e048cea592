"""CloudTrail records: a plausible stream of them, and completing those a test gives (cloudtrail.md 5.4). Pure."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable

from lab.clock import iso
from lab.model import Json

_USERS = ("alice", "bob", "deploy", "auditor")
_AGENTS = (
    "aws-cli/2.31.4 md/awscrt#0.27.6 ua/2.1 os/linux#6.1.0 md/arch#x86_64 lang/python#3.13.7",
    "Boto3/1.40.21 md/Botocore#1.40.21 ua/2.1 os/linux#6.1.0 lang/python#3.12.3",
    "APN/1.0 HashiCorp/1.0 Terraform/1.13.1",
    "console.amazonaws.com",
)
Event = Callable[[random.Random, str, str], Json]


def generate(seed: random.Random, account: str, region: str, moment: float) -> Json:
    """One record of any category; the caller keeps those its trail takes."""
    choices = _EVENTS if region == "us-east-1" else _REGIONAL
    return complete(seed.choice(choices)(seed, account, region), account, region, moment, seed)


def complete(given: Json, account: str, region: str, moment: float, seed: random.Random) -> Json:
    """Fill in what every record has; what is given stays, also when it is null."""
    category = given.get("eventCategory", "Management")
    record: Json = {
        "eventVersion": "1.11",
        "userIdentity": user(seed, account),
        "eventTime": iso(moment),
        "eventSource": "ec2.amazonaws.com",
        "eventName": "DescribeInstances",
        "awsRegion": region,
        "sourceIPAddress": f"203.0.113.{seed.randrange(1, 255)}",
        "userAgent": seed.choice(_AGENTS),
        "requestParameters": None,
        "responseElements": None,
        "requestID": _uuid(seed),
        "eventID": _uuid(seed),
        "readOnly": str(given.get("eventName", "Describe")).startswith(("Describe", "Get", "List", "Head")),
        "eventType": "AwsApiCall",
        "managementEvent": category == "Management",
        "recipientAccountId": account,
        "eventCategory": category,
    }
    return record | given


def _uuid(seed: random.Random) -> str:
    return str(uuid.UUID(int=seed.getrandbits(128), version=4))


def user(seed: random.Random, account: str) -> Json:
    name = seed.choice(_USERS)
    return {
        "type": "IAMUser",
        "principalId": "AIDA" + "".join(seed.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=16)),
        "arn": f"arn:aws:iam::{account}:user/{name}",
        "accountId": account,
        "accessKeyId": "AKIA" + "".join(seed.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=16)),
        "userName": name,
    }


def _describe(seed: random.Random, account: str, region: str) -> Json:
    return {
        "eventSource": "ec2.amazonaws.com",
        "eventName": seed.choice(("DescribeInstances", "DescribeSecurityGroups", "DescribeVpcs")),
        "requestParameters": {"maxResults": 100},
    }


def _security_group(seed: random.Random, account: str, region: str) -> Json:
    return {
        "eventSource": "ec2.amazonaws.com",
        "eventName": "AuthorizeSecurityGroupIngress",
        "requestParameters": {"groupId": f"sg-{seed.getrandbits(68):017x}"},
        "responseElements": {"_return": True},
    }


def _assume_role(seed: random.Random, account: str, region: str) -> Json:
    return {
        "eventSource": "sts.amazonaws.com",
        "eventName": "AssumeRole",
        "readOnly": True,
        "requestParameters": {"roleArn": f"arn:aws:iam::{account}:role/app", "roleSessionName": "app"},
    }


def _create_user(seed: random.Random, account: str, region: str) -> Json:
    name = f"user-{seed.randrange(1000)}"
    return {
        "eventSource": "iam.amazonaws.com",
        "eventName": "CreateUser",
        "requestParameters": {"userName": name},
        "responseElements": {"user": {"userName": name, "arn": f"arn:aws:iam::{account}:user/{name}"}},
    }


def _sign_in(seed: random.Random, account: str, region: str) -> Json:
    return {
        "eventSource": "signin.amazonaws.com",
        "eventName": "ConsoleLogin",
        "eventType": "AwsConsoleSignIn",
        "additionalEventData": {"MFAUsed": "Yes", "MobileVersion": "No"},
        "responseElements": {"ConsoleLogin": "Success"},
    }


def _decrypt(seed: random.Random, account: str, region: str) -> Json:
    return {
        "eventSource": "kms.amazonaws.com",
        "eventName": "Decrypt",
        "readOnly": True,
        "resources": [{"accountId": account, "type": "AWS::KMS::Key", "ARN": f"arn:aws:kms:{region}:{account}:key/k"}],
    }


def _bucket_policy(seed: random.Random, account: str, region: str) -> Json:
    bucket = f"data-{seed.randrange(20)}"
    return {
        "eventSource": "s3.amazonaws.com",
        "eventName": "PutBucketPolicy",
        "requestParameters": {"bucketName": bucket},
        "resources": [{"accountId": account, "type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{bucket}"}],
    }


def _object(seed: random.Random, account: str, region: str) -> Json:
    bucket, key = f"data-{seed.randrange(20)}", f"in/{seed.randrange(10**6)}.csv"
    return {
        "eventSource": "s3.amazonaws.com",
        "eventName": seed.choice(("GetObject", "PutObject")),
        "eventCategory": "Data",
        "requestParameters": {"bucketName": bucket, "key": key},
        "resources": [
            {"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::{bucket}/{key}"},
            {"accountId": account, "type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{bucket}"},
        ],
    }


def _invoke(seed: random.Random, account: str, region: str) -> Json:
    arn = f"arn:aws:lambda:{region}:{account}:function:job-{seed.randrange(5)}"
    return {
        "eventSource": "lambda.amazonaws.com",
        "eventName": "Invoke",
        "eventCategory": "Data",
        "requestParameters": {"functionName": arn},
        "resources": [{"accountId": account, "type": "AWS::Lambda::Function", "ARN": arn}],
    }


def _network(seed: random.Random, account: str, region: str) -> Json:
    return {
        "eventSource": "s3.amazonaws.com",
        "eventName": "ListBuckets",
        "eventCategory": "NetworkActivity",
        "eventType": "AwsVpceEvents",
        "readOnly": True,
        "vpcEndpointId": f"vpce-{seed.getrandbits(68):017x}",
        "errorCode": "VpceAccessDenied",
        "errorMessage": "The request was denied due to a VPC endpoint policy",
    }


_REGIONAL: tuple[Event, ...] = (
    _describe, _describe, _security_group, _assume_role, _decrypt, _bucket_policy, _object, _invoke, _network,
)  # fmt: skip
# Global services record in us-east-1 only (cloudtrail.md 1.4).
_EVENTS = (*_REGIONAL, _create_user, _sign_in)
