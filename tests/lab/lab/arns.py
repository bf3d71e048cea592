"""ARNs, Regions and names: their forms and the rules AWS puts on them (cloudtrail.md 1.2). Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lab.errors import AwsError

# The Regions that are enabled in every account of the aws partition without opting in.
DEFAULT_REGIONS = (
    "us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1",
    "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3",
    "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2",
)  # fmt: skip

# Those an account has to enable first (Account Management reference, "Specify which Regions your account can use").
OPT_IN_REGIONS = (
    "af-south-1", "ap-east-1", "ap-east-2", "ap-south-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5",
    "ap-southeast-6", "ap-southeast-7", "ca-west-1", "eu-central-2", "eu-south-1", "eu-south-2", "il-central-1",
    "me-central-1", "me-south-1", "mx-central-1",
)  # fmt: skip

ACCOUNT = re.compile(r"\d{12}")
_TRAIL_CHARACTERS = re.compile(r"[A-Za-z0-9._-]*")
_ADJACENT = re.compile(r"[._-]{2}")
_IPV4 = re.compile(r"\d{1,3}(\.\d{1,3}){3}")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_BUCKET_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_BUCKET_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
_TOPIC = re.compile(r"[A-Za-z0-9_-]{1,256}")
_KEY_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32}")
_MAX_PREFIX = 200


@dataclass(frozen=True)
class Arn:
    """The six parts of an ARN; `resource` keeps its own colons and slashes."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    @classmethod
    def parse(cls, text: str) -> Arn | None:
        parts = text.split(":", 5)
        if len(parts) != 6 or parts[0] != "arn" or not parts[1] or not parts[2] or not parts[5]:
            return None
        return cls(*parts[1:])

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"


def partition_of(region: str) -> str:
    if region.startswith("cn-"):
        return "aws-cn"
    if region.startswith("us-gov-"):
        return "aws-us-gov"
    return "aws"


def trail_arn(region: str, account: str, name: str) -> str:
    return f"arn:{partition_of(region)}:cloudtrail:{region}:{account}:trail/{name}"


def parse_trail_arn(text: str) -> tuple[Arn, str]:
    """The ARN and the trail's name, or CloudTrailARNInvalidException."""
    arn = Arn.parse(text)
    if arn is None or arn.service != "cloudtrail" or not ACCOUNT.fullmatch(arn.account) or not arn.region:
        raise AwsError("CloudTrailARNInvalidException", f"The trail ARN is malformed: {text}")
    kind, _, name = arn.resource.partition("/")
    if kind != "trail" or not name or "/" in name:
        raise AwsError("CloudTrailARNInvalidException", f"The ARN does not name a trail: {text}")
    return arn, name


def check_trail_name(name: str) -> None:
    problem = _trail_name_problem(name)
    if problem:
        raise AwsError("InvalidTrailNameException", problem)


def _trail_name_problem(name: str) -> str | None:
    if not name:
        return "Trail name cannot be blank!"
    if not _TRAIL_CHARACTERS.fullmatch(name):
        return (
            "Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, periods (.), "
            "hyphens (-), and underscores (_)."
        )
    length = f"Specified name length: {len(name)} characters."
    if len(name) < 3:
        return f"Trail name too short. Minimum allowed length: 3 characters. {length}"
    if len(name) > 128:
        return f"Trail name too long. Maximum allowed length: 128 characters. {length}"
    if not name[0].isalnum():
        return "Trail name must starts with a letter or number."
    if not name[-1].isalnum():
        return "Trail name must ends with a letter or number."
    if _ADJACENT.search(name):
        return "Trail name must not have adjacent periods, hyphens or underscores."
    if _IPV4.fullmatch(name):
        return "Trail name must not be in the form of an IP address."
    return None


def check_bucket_name(name: str) -> None:
    ok = (
        bool(_BUCKET.fullmatch(name))
        and ".." not in name
        and not _IPV4.fullmatch(name)
        and not name.startswith(_BUCKET_PREFIXES)
        and not name.endswith(_BUCKET_SUFFIXES)
    )
    if not ok:
        raise AwsError("InvalidS3BucketNameException", f"Bucket name does not follow the rules of S3: {name}")


def check_prefix(prefix: str) -> None:
    if len(prefix) > _MAX_PREFIX:
        raise AwsError("InvalidS3PrefixException", f"S3 prefix is longer than {_MAX_PREFIX} characters.")


def topic_arn(name_or_arn: str, region: str, account: str) -> str:
    """A bare topic name means a topic of the caller in the trail's Region."""
    if name_or_arn.startswith("arn:"):
        arn = Arn.parse(name_or_arn)
        if arn is None or arn.service != "sns" or not _TOPIC.fullmatch(arn.resource):
            raise AwsError("InvalidSnsTopicNameException", f"SNS topic ARN is malformed: {name_or_arn}")
        return name_or_arn
    if not _TOPIC.fullmatch(name_or_arn):
        raise AwsError("InvalidSnsTopicNameException", f"SNS topic name is not valid: {name_or_arn}")
    return f"arn:{partition_of(region)}:sns:{region}:{account}:{name_or_arn}"


def check_key_id(key: str) -> None:
    """The four forms of KmsKeyId: alias name, alias ARN, key ARN, key id."""
    arn = Arn.parse(key)
    if arn is not None:
        ok = arn.service == "kms" and arn.resource.startswith(("key/", "alias/"))
    else:
        ok = bool(_KEY_ID.fullmatch(key)) or (key.startswith("alias/") and len(key) > len("alias/"))
    if not ok:
        raise AwsError("InvalidKmsKeyIdException", f"KMS key identifier is not valid: {key}")


def parse_log_group_arn(text: str) -> tuple[Arn, str]:
    """CloudTrail takes the log-group ARN with the `:*` suffix only."""
    arn = Arn.parse(text)
    if arn is None or arn.service != "logs" or not arn.resource.startswith("log-group:"):
        raise AwsError("InvalidCloudWatchLogsLogGroupArnException", f"The log group ARN is malformed: {text}")
    name, colon, rest = arn.resource.removeprefix("log-group:").partition(":")
    if not name or not colon or rest != "*":
        raise AwsError(
            "InvalidCloudWatchLogsLogGroupArnException",
            f"The log group ARN must end with the suffix :* as in arn:...:log-group:NAME:* but is {text}",
        )
    return arn, name
