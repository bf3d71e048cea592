"""The module that knows ministack: reads its state, writes through its own code, hangs ours into it. What it knows
of identities and permissions is in emulator_iam.py.

Import it only after the environment is set (see server.py): ministack reads its settings at import.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

from ministack import app as ministack
from ministack.core import iam_evaluator, responses, router
from ministack.services import (
    cloudwatch,
    cloudwatch_logs,
    iam,
    kms,
    organizations,
    s3,
    sns,
)

from lab import arns, wire
from lab.alarms import Point, Verdict
from lab.clock import Clock
from lab.errors import AwsError, LabError
from lab.metric_filters import Datapoint
from lab.model import Bucket, Caller, Json, Key, LogGroup, Organization, Role, Topic
from lab.organizations import Organizations

# Pins account and Region for a block that works on behalf of an account.
within = responses.request_scope
Answer = tuple[int, dict[str, str], Any]
Handler = Callable[[str, str, dict[str, str], bytes, dict[str, Any]], Awaitable[Answer]]
asgi_app = ministack.app

# Modules whose stamps follow the virtual clock; signatures and sessions (iam, sts) stay on real time.
_CLOCKED = (s3, kms, sns, cloudwatch_logs, cloudwatch, organizations)
# Members that ministack forgets, and those it makes up where a request has none.
_FILTER_MEMBERS = ("applyOnTransformedLogs", "fieldSelectionCriteria", "emitSystemFieldDimensions")
_ALARM_MEMBERS = (
    "Metrics ThresholdMetricId EvaluateLowSampleCountPercentile EvaluationWindow WarmUpConfiguration "
    "EvaluationCriteria EvaluationInterval ActionConfiguration"
).split()
_MADE_UP = ("Statistic", "Period", "Threshold")


class _Time:
    """The `time` module with `time()` on the virtual clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)

    def time(self) -> float:
        return self._clock.now()

    def time_ns(self) -> int:
        return int(self._clock.now() * 1e9)

    def gmtime(self, seconds: float | None = None) -> time.struct_time:
        return time.gmtime(self._clock.now() if seconds is None else seconds)


def json_body(body: bytes) -> Json:
    try:
        value = json.loads(body or b"{}")
    except ValueError as error:
        raise AwsError("SerializationException", "The body of the request is not JSON.") from error
    return value if isinstance(value, dict) else {}


def json_answer(body: Json, status: int = 200) -> Answer:
    return status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(body).encode()


def json_refusal(error: AwsError) -> Answer:
    """CloudTrail spells the member `Message`, the other JSON services `message`; SDKs read both."""
    status, headers, body = json_answer(
        {"__type": error.code, "message": error.message, "Message": error.message}, error.status
    )
    return status, headers | {"x-amzn-errortype": error.code}, body


def query_refusal(error: AwsError) -> Answer:
    headers, text = wire.error_answer("query", error.code, error.message, "")
    return error.status, headers, text


def caller() -> Caller:
    return Caller(responses.get_account_id(), responses.get_region())


def _with_state(account: Json) -> Json:
    """ministack knows Status alone, and SUSPENDED there as what CloseAccount makes."""
    return account | {"State": "CLOSED" if account["Status"] == "SUSPENDED" else account["Status"]}


class Emulator:
    """Answers model.Surroundings from ministack's state."""

    def __init__(self, clock: Clock, book: Organizations) -> None:
        self._clock = clock
        self._book = book
        # Told of every batch of log events, whoever puts it; telemetry.py listens.
        self.on_log_events: Callable[[str, str, str, list[str]], None] = lambda account, region, group, messages: None
        for module in _CLOCKED:
            module.time = _Time(clock)
        s3.now_iso = self._s3_now
        public_account = organizations._public_account
        organizations._public_account = lambda account: _with_state(public_account(account))
        # A new bucket blocks public access on AWS, whether or not IAM is enforced here.
        s3._new_bucket_public_access_block = lambda: {"_public_access_block": s3._NEW_BUCKET_PUBLIC_ACCESS_BLOCK}

    def _s3_now(self) -> str:
        now = self._clock.now()
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03d}Z"

    # --- hanging in -------------------------------------------------------------------------------------------------

    def serve(self, service: str, handler: Handler) -> Handler:
        """Put a handler in front of a service, behind ministack's IAM check; returns the one that was there."""
        before = ministack.SERVICE_HANDLERS[service]
        ministack.SERVICE_HANDLERS[service] = handler
        return before

    def add(self, service: str, target: str, handler: Handler) -> None:
        """A service that ministack does not have, told by what stands before the operation in X-Amz-Target."""
        router.SERVICE_PATTERNS[service] = {"target_prefixes": [target]}
        ministack.SERVICE_HANDLERS[service] = handler

    def reset(self) -> None:
        ministack._reset_all_state()

    # --- surroundings -----------------------------------------------------------------------------------------------

    def bucket(self, name: str) -> Bucket | None:
        owner = s3._bucket_owner_account(name)
        if owner is None:
            return None
        record = s3._buckets.get_scoped(owner, None, name)
        payment = s3._bucket_request_payment_config.get_scoped(owner, None, name) or ""
        encryption = s3._bucket_encryption.get_scoped(owner, None, name) or ""
        return Bucket(
            name=name,
            owner=owner,
            region=record.get("region") or "us-east-1",
            policy=s3._bucket_policies.get_scoped(owner, None, name),
            requester_pays="<Payer>Requester</Payer>" in payment,
            bucket_key="<BucketKeyEnabled>true</BucketKeyEnabled>" in encryption,
        )

    def key(self, reference: str, account: str, region: str) -> Key | None:
        arn = arns.Arn.parse(reference)
        if arn is not None:
            account, region = arn.account, arn.region
        with within(account, region):
            record = kms._resolve_key(reference)
        if record is None:
            return None
        symmetric = record["KeySpec"] == "SYMMETRIC_DEFAULT" and record["KeyUsage"] == "ENCRYPT_DECRYPT"
        return Key(record["Arn"], account, region, record["KeyState"], symmetric, record.get("Policy") or "")

    def topic(self, arn: str) -> Topic | None:
        spec = arns.Arn.parse(arn)
        record = sns._topics.get_scoped(spec.account, spec.region, arn) if spec else None
        if record is None:
            return None
        attributes = record.get("attributes", {})
        return Topic(arn, attributes.get("Policy") or "", attributes.get("KmsMasterKeyId") or "")

    def log_group(self, account: str, region: str, name: str) -> LogGroup | None:
        record = cloudwatch_logs._log_groups.get_scoped(account, region, name)
        return LogGroup(name, record.get("logGroupClass", "STANDARD")) if record else None

    def role(self, arn: str) -> Role | None:
        spec = arns.Arn.parse(arn)
        if spec is None:
            return None
        record = iam._roles.get_scoped(spec.account, None, spec.resource.rpartition("/")[2])
        if record is None or record["Arn"] != arn:
            return None
        policies = list(record.get("InlinePolicies", {}).values())
        policies += [self._managed_policy(attached, spec.account) for attached in record.get("AttachedPolicies", [])]
        trust, longest = record.get("AssumeRolePolicyDocument") or "", int(record.get("MaxSessionDuration") or 3600)
        return Role(arn, trust, tuple(p for p in policies if p), longest)

    def _managed_policy(self, arn: str, account: str) -> Any:
        return iam_evaluator._resolve_managed_policy_document(arn, account)

    def organization(self, account: str) -> Organization | None:
        for management, _ in organizations._orgs.to_dict():
            if (management, account) in organizations._accounts.to_dict():
                return self._book.complete(self._base_organization(management))
        return None

    def _base_organization(self, management: str) -> Organization:
        record = organizations._orgs.get_scoped(management, None, "self")
        accounts = organizations._accounts.to_dict().items()
        members = [a["Id"] for (owner, _), a in accounts if owner == management and a["Status"] == "ACTIVE"]
        return Organization(record["Id"], management, record["FeatureSet"], tuple(members))

    # --- where CloudTrail delivers ----------------------------------------------------------------------------------

    def put_object(self, bucket: str, key: str, body: bytes, metadata: dict[str, str], kms_key: str) -> str:
        headers = {
            "content-type": "application/json",
            "content-encoding": "gzip",
            "x-amz-acl": "bucket-owner-full-control",
            "x-amz-server-side-encryption": "aws:kms" if kms_key else "AES256",
            **{f"x-amz-meta-{name}": value for name, value in metadata.items()},
        }
        if kms_key:
            headers["x-amz-server-side-encryption-aws-kms-key-id"] = kms_key
        return self.write_object(bucket, key, body, headers)

    def write_object(self, bucket: str, key: str, body: bytes, headers: dict[str, str]) -> str:
        """S3's own PutObject as the bucket's owner; answers S3's error code, or "" when it went well."""
        with self._as_owner(bucket):
            status, _, answer = s3._put_object(bucket, key, body, headers)
        return "" if status == 200 else wire.error_code("s3", status, {}, answer)

    def _as_owner(self, bucket: str) -> Any:
        found = self.bucket(bucket)
        if found is None:
            raise LabError(f"there is no bucket {bucket}", 404)
        return within(found.owner, found.region)

    def put_log_events(self, account: str, region: str, group: str, stream: str, messages: list[str]) -> str:
        stamp = int(self._clock.now() * 1000)
        events = [{"timestamp": stamp, "message": message} for message in messages]
        with within(account, region):
            if stream not in cloudwatch_logs._log_groups[group]["streams"]:
                cloudwatch_logs._create_log_stream({"logGroupName": group, "logStreamName": stream})
            request = {"logGroupName": group, "logStreamName": stream, "logEvents": events}
            status, headers, body = cloudwatch_logs._put_log_events(request)
        if status != 200:
            return wire.error_code("json", status, headers, body)
        self.on_log_events(account, region, group, messages)
        return ""

    def publish(self, topic_arn: str, message: str) -> str:
        spec = arns.Arn.parse(topic_arn)
        if spec is None:
            return "InvalidParameter"
        with within(spec.account, spec.region):
            try:
                return "" if sns.publish_internal(topic_arn, message) is not None else "NotFound"
            except sns.SnsPublishError as error:
                return str(error)

    def ask_for_confirmation(self, topic_arn: str, address: str) -> bool:
        """Whether a subscription is pending; one that was just made is. Its token is the address."""
        spec = arns.Arn.parse(topic_arn)
        record = sns._topics.get_scoped(spec.account, spec.region, topic_arn) if spec else None
        for made in record["subscriptions"] if record else []:
            if made["endpoint"] == address and "asked" not in made:
                made |= {"asked": True, "confirmed": False, "token": address}
                made["attributes"] |= {"PendingConfirmation": "true", "ConfirmationWasAuthenticated": "false"}
            if made["endpoint"] == address:
                return not made["confirmed"]
        return False

    # --- objects, for tampering -------------------------------------------------------------------------------------

    def object(self, bucket: str, key: str) -> tuple[bytes, dict[str, str]]:
        """Body and the headers that would write it again."""
        with self._as_owner(bucket):
            record = s3._buckets[bucket]["objects"].get(key)
        if record is None:
            raise LabError(f"there is no object s3://{bucket}/{key}", 404)
        headers = {"content-type": record["content_type"], **record["preserved_headers"], **record["metadata"]}
        if record["content_encoding"]:
            headers["content-encoding"] = record["content_encoding"]
        return record["body"], headers

    def delete_object(self, bucket: str, key: str) -> None:
        self.object(bucket, key)
        with self._as_owner(bucket):
            s3._delete_object(bucket, key, {}, {})

    def object_key(self, bucket: str, key: str) -> str | None:
        """The KMS key an object is encrypted with, if any; None also when there is no such object."""
        owner = s3._bucket_owner_account(bucket)
        record = s3._buckets.get_scoped(owner, None, bucket)["objects"].get(key) if owner else None
        headers = record["preserved_headers"] if record else {}
        return headers.get("x-amz-server-side-encryption-aws-kms-key-id")

    # --- metrics and alarms -----------------------------------------------------------------------------------------

    def metric_filters(self, account: str, region: str, group: str) -> list[Json]:
        with within(account, region):
            return [item for item in cloudwatch_logs._metric_filters.values() if item["logGroupName"] == group]

    def complete_filter(self, who: Caller, request: Json) -> None:
        """A filter that was just put has what it was put with."""
        with within(who.account, who.region):
            record = cloudwatch_logs._metric_filters[request["logGroupName"], request["filterName"]]
        record.update({member: request[member] for member in _FILTER_MEMBERS if member in request})

    def complete_alarm(self, who: Caller, request: Json) -> None:
        """An alarm that was just put has what it was put with, and nothing else."""
        with within(who.account, who.region):
            record = cloudwatch._alarms[request["AlarmName"]]
        record.update({member: request[member] for member in _ALARM_MEMBERS if member in request})
        for member in _MADE_UP:
            if member not in request:
                del record[member]

    def put_metric(self, account: str, region: str, point: Datapoint) -> None:
        with within(account, region):
            cloudwatch._store_datum(
                point.namespace, point.name, dict(point.dimensions), self._clock.now(), point.unit, point.value,
                None, None, None,
            )  # fmt: skip

    def alarms(self, account: str, region: str) -> list[Json]:
        with within(account, region):
            return list(cloudwatch._alarms.values())

    def is_composite(self, who: Caller, name: str) -> bool:
        with within(who.account, who.region):
            return name in cloudwatch._composite_alarms

    def points(self, account: str, region: str, alarm: Json) -> list[Point]:
        dimensions = {item["Name"]: item["Value"] for item in alarm.get("Dimensions") or []}
        key = (alarm.get("Namespace"), alarm.get("MetricName"), cloudwatch._dims_key(dimensions))
        with within(account, region):
            stored = cloudwatch._metrics.get(key) or []
        unit = alarm.get("Unit")
        return [Point(p["Timestamp"], *cloudwatch._point_stats(p)) for p in stored if unit in (None, "", p["Unit"])]

    def set_alarm_state(self, account: str, region: str, alarm: Json, verdict: Verdict) -> None:
        before = alarm["StateValue"]
        alarm["StateReason"] = verdict.reason
        if before == verdict.state:
            return
        alarm["StateValue"] = verdict.state
        alarm["StateUpdatedTimestamp"] = int(self._clock.now())
        with within(account, region):
            cloudwatch._record_history(alarm["AlarmName"], before, verdict.state, verdict.reason)
            cloudwatch._dispatch_alarm_actions(alarm, before, verdict.state, verdict.reason)
            cloudwatch._evaluate_parent_alarms(alarm)

    def take_over_telemetry(self, compile_pattern: Callable[[str], Callable[[str], bool]], evaluate: Any) -> None:
        """Our filter patterns in FilterLogEvents, and our evaluation in place of ministack's."""
        cloudwatch_logs._compile_filter_pattern = compile_pattern
        cloudwatch._evaluate_alarm = lambda alarm: None
        cloudwatch._evaluate_all_alarms = lambda: evaluate(caller())

    # --- organizations ----------------------------------------------------------------------------------------------

    def create_organization(self, management: str, features: str) -> Json:
        with within(management, "us-east-1"):
            organizations._ensure_org()
            organizations._orgs["self"]["FeatureSet"] = features
            return dict(organizations._orgs["self"])

    def add_account(self, management: str, account: str) -> None:
        """An account with an id of the test's choosing joins; CreateAccount of the API makes up the id."""
        with within(management, "us-east-1"):
            organization = organizations._orgs["self"]["Id"]
            organizations._accounts[account] = {
                "Id": account,
                "Arn": f"arn:aws:organizations::{management}:account/{organization}/{account}",
                "Email": f"{account}@example.com",
                "Name": f"account-{account}",
                "Status": "ACTIVE",
                "JoinedMethod": "INVITED",
                "JoinedTimestamp": int(self._clock.now()),
                "Path": "/",
                "_ParentId": next(iter(organizations._roots)),
            }

    def accounts(self, management: str) -> list[Json]:
        with within(management, "us-east-1"):
            return [organizations._public_account(account) for account in organizations._accounts.values()]

    def remove_account(self, management: str, account: str) -> None:
        with within(management, "us-east-1"):
            del organizations._accounts[account]

    def delete_organization(self, management: str) -> None:
        with within(management, "us-east-1"):
            for store in (
                organizations._orgs,
                organizations._accounts,
                organizations._ous,
                organizations._roots,
                organizations._policies,
                organizations._attachments,
            ):
                for key in list(store.keys()):
                    del store[key]
