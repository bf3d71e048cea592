"""What the tests share: the package on the path, the claims of the fidelity table, and a world without ministack."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from cryptography.hazmat.primitives.asymmetric import rsa

from lab.alarms import Point, Verdict
from lab.clock import Clock
from lab.cloudtrail import CloudTrail
from lab.delivery import Deliveries
from lab.errors import AwsError
from lab.keys import Keys, new_private_key
from lab.metric_filters import Datapoint
from lab.model import Bucket, Caller, Json, Key, LogGroup, Organization, Role, Topic
from lab.orders import Orders
from lab.organizations import CLOUDTRAIL, Organizations
from lab.store import Store
from lab.telemetry import Telemetry
from lab.trace import Trace

ACCOUNT, OTHER, THIRD = "111122223333", "444455556666", "777788889999"
REGION = "us-east-1"
CALLER = Caller(ACCOUNT, REGION)
BUCKET = "trail-logs"
START = 1_770_000_000.0
PROVED: dict[str, list[str]] = {}
_Test = TypeVar("_Test", bound=Callable[..., Any])


def proves(*behaviours: str) -> Callable[[_Test], _Test]:
    """Marks a test as the proof of behaviours in the fidelity table."""

    def mark(test: _Test) -> _Test:
        for behaviour in behaviours:
            PROVED.setdefault(behaviour, []).append(test.__qualname__)
        return test

    return mark


def trail_arn(name: str = "main", account: str = ACCOUNT, region: str = REGION) -> str:
    return f"arn:aws:cloudtrail:{region}:{account}:trail/{name}"


def statement(action: str, resource: str | list[str], **condition: Any) -> Json:
    body: Json = {"Effect": "Allow", "Principal": {"Service": CLOUDTRAIL}, "Action": action, "Resource": resource}
    return body | ({"Condition": condition} if condition else {})


def document(*statements: Json) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def bucket_policy(
    bucket: str = BUCKET, owners: tuple[str, ...] = (ACCOUNT,), prefix: str = "", arn: str | None = None
) -> str:
    """The policy AWS prints; without an ARN it does not bind the source."""
    source = {"aws:SourceArn": arn} if arn else {}
    resources = [f"arn:aws:s3:::{bucket}/{prefix}AWSLogs/{owner}/*" for owner in owners]
    check = {"StringEquals": source} if source else {}
    write = {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control", **source}}
    return document(
        statement("s3:GetBucketAcl", f"arn:aws:s3:::{bucket}", **check), statement("s3:PutObject", resources, **write)
    )


def role_policy(group: str = "trail", streams: str = "*") -> str:
    resource = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:log-stream:{streams}"
    allow = {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": resource}
    return document(allow)


TRUST = document({"Effect": "Allow", "Principal": {"Service": CLOUDTRAIL}, "Action": "sts:AssumeRole"})
LOG_GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:trail:*"
LOG_ROLE = f"arn:aws:iam::{ACCOUNT}:role/trail"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:trail"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"


@lru_cache(maxsize=8)
def _rsa(number: int) -> rsa.RSAPrivateKey:
    return new_private_key()


class FakeKeySource:
    """Keys made once for all tests: making one takes long."""

    def __init__(self) -> None:
        self._next = 0

    def take(self) -> rsa.RSAPrivateKey:
        self._next += 1
        return _rsa(self._next % 3)


class FakeSurroundings:
    """Neighbour services as dictionaries; also the outlets and meters of delivery."""

    def __init__(self, book: Organizations) -> None:
        self._book = book
        self.buckets: dict[str, Bucket] = {}
        self.keys: dict[str, Key] = {}
        self.aliases: dict[str, str] = {}
        self.topics: dict[str, Topic] = {}
        self.groups: dict[tuple[str, str, str], LogGroup] = {}
        self.roles: dict[str, Role] = {}
        self.organizations: list[Organization] = []
        self.objects: dict[tuple[str, str], tuple[bytes, dict[str, str], str]] = {}
        self.log_events: list[tuple[str, str, str]] = []
        self.published: list[tuple[str, str]] = []
        self.filters: list[Json] = []
        self.metrics: list[Datapoint] = []
        self.metric_points: list[Point] = []
        self.alarm_list: list[Json] = []

    def bucket(self, name: str) -> Bucket | None:
        return self.buckets.get(name)

    def key(self, reference: str, account: str, region: str) -> Key | None:
        return self.keys.get(self.aliases.get(reference, reference))

    def topic(self, arn: str) -> Topic | None:
        return self.topics.get(arn)

    def log_group(self, account: str, region: str, name: str) -> LogGroup | None:
        return self.groups.get((account, region, name))

    def role(self, arn: str) -> Role | None:
        return self.roles.get(arn)

    def organization(self, account: str) -> Organization | None:
        for organization in self.organizations:
            if account in organization.members:
                return self._book.complete(organization)
        return None

    def put_object(self, bucket: str, key: str, body: bytes, metadata: dict[str, str], kms_key: str) -> str:
        self.objects[bucket, key] = (body, metadata, kms_key)
        return ""

    def put_log_events(self, account: str, region: str, group: str, stream: str, messages: list[str]) -> str:
        self.log_events += [(group, stream, message) for message in messages]
        return ""

    def publish(self, topic_arn: str, message: str) -> str:
        self.published.append((topic_arn, message))
        return ""

    def metric_filters(self, account: str, region: str, group: str) -> list[Json]:
        return self.filters

    def put_metric(self, account: str, region: str, point: Datapoint) -> None:
        self.metrics.append(point)

    def alarms(self, account: str, region: str) -> list[Json]:
        return self.alarm_list

    def points(self, account: str, region: str, alarm: Json) -> list[Point]:
        return self.metric_points

    def set_alarm_state(self, account: str, region: str, alarm: Json, verdict: Verdict) -> None:
        alarm["StateValue"] = verdict.state


class World:
    """CloudTrail over fakes, at a fixed moment, with a bucket that lets it in."""

    def __init__(self) -> None:
        self.moment = START
        self.real = 0.0
        self.clock = Clock(lambda: self.moment)
        self.book = Organizations(self.clock.now)
        self.around = FakeSurroundings(self.book)
        self.store = Store(lambda: self.real)
        self.keys = Keys(FakeKeySource())
        self.trace = Trace()
        self.service = CloudTrail(self.around, self.clock, self.keys, self.store, self.trace, self.book)
        self.deliveries = Deliveries(self.around, self.store, self.keys, self.clock)
        self.service.deliveries = self.deliveries
        self.orders = Orders(self.deliveries, self.store, self.around, self.clock)
        self.telemetry = Telemetry(self.around, self.clock)
        self.around.buckets[BUCKET] = Bucket(BUCKET, ACCOUNT, REGION, bucket_policy())

    def call(self, operation: str, body: Json | None = None, who: Caller = CALLER) -> Json:
        return self.service.call(who, operation, body or {})

    def refusal(self, operation: str, body: Json | None = None, who: Caller = CALLER) -> str:
        """The code of the refusal; it is a failure when there is none."""
        try:
            answer = self.call(operation, body, who)
        except AwsError as error:
            self.message, self.status = error.message, error.status
            return error.code
        raise AssertionError(f"{operation} was accepted: {answer}")

    def create(self, name: str = "main", who: Caller = CALLER, **members: Any) -> Json:
        return self.call("CreateTrail", {"Name": name, "S3BucketName": BUCKET, **members}, who)

    def refused_create(self, name: str = "main", who: Caller = CALLER, **members: Any) -> str:
        return self.refusal("CreateTrail", {"Name": name, "S3BucketName": BUCKET, **members}, who)

    def policy(self, text: str, **changes: Any) -> None:
        self.around.buckets[BUCKET] = replace(self.around.buckets[BUCKET], policy=text, **changes)

    def add_logs(self, policy: str | None = None, trust: str = TRUST) -> Json:
        """A log group and a role, and the members of CreateTrail that name them."""
        self.around.groups[ACCOUNT, REGION, "trail"] = LogGroup("trail", "STANDARD")
        self.around.roles[LOG_ROLE] = Role(LOG_ROLE, trust, (policy or role_policy(),))
        return {"CloudWatchLogsLogGroupArn": LOG_GROUP, "CloudWatchLogsRoleArn": LOG_ROLE}

    def add_key(self, policy: str | None = None, **changes: Any) -> None:
        text = policy or document(statement("kms:GenerateDataKey*", "*"), statement("kms:DescribeKey", "*"))
        self.around.keys[KEY] = replace(Key(KEY, ACCOUNT, REGION, "Enabled", True, text), **changes)

    def add_topic(self, policy: str | None = None, key: str = "") -> None:
        self.around.topics[TOPIC] = Topic(TOPIC, policy or document(statement("sns:Publish", TOPIC)), key)

    def organize(self, *members: str, trusted: bool = True, features: str = "ALL") -> str:
        organization = Organization("o-abcdefghij", ACCOUNT, features, (ACCOUNT, *members))
        self.around.organizations.append(organization)
        if trusted:
            self.book.enable(organization, CLOUDTRAIL)
        self.policy(bucket_policy(owners=(ACCOUNT, organization.id)))
        return organization.id
