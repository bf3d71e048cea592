"""ListPublicKeys and LookupEvents (cloudtrail.md 4.3, 1.5)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lab.clock import iso
from lab.errors import AwsError
from lab.model import Caller, Json
from lab.trace import Call, is_write

if TYPE_CHECKING:
    from lab.cloudtrail import CloudTrail

_DAYS_90 = 90 * 86400
_ATTRIBUTES = ("EventId", "EventName", "ReadOnly", "Username", "ResourceType", "ResourceName", "EventSource")


def list_public_keys(service: CloudTrail, caller: Caller, body: Json) -> Json:
    """Keys whose validity touches the range; a member also sees those that sign its organization's digests."""
    now = service.clock.now()
    start, end = body.get("StartTime", now), body.get("EndTime", now)
    if start > end:
        raise AwsError("InvalidTimeRangeException", "StartTime is after EndTime.")
    rings = [(caller.account, caller.region)]
    organization = service.around.organization(caller.account)
    if organization is not None:
        rings.append((organization.management, caller.region))
    return {"PublicKeyList": service.keys.listed(rings, start, end)}


def lookup_events(service: CloudTrail, caller: Caller, body: Json) -> Json:
    """Management events of the account and Region: the calls made to the lab, newest first."""
    wanted = {}
    for attribute in body.get("LookupAttributes") or []:
        key = attribute.get("AttributeKey")
        if key not in (*_ATTRIBUTES, "AccessKeyId"):
            raise AwsError("InvalidLookupAttributesException", f"Lookup attribute {key} is not supported.")
        wanted[key] = attribute.get("AttributeValue")
    if len(wanted) > 1:
        raise AwsError("InvalidLookupAttributesException", "Only one lookup attribute can be given.")
    size = body.get("MaxResults", 50)
    if not 1 <= size <= 50:
        raise AwsError("InvalidMaxResultsException", "MaxResults must be between 1 and 50.")
    now = service.clock.now()
    start, end = body.get("StartTime", now - _DAYS_90), body.get("EndTime", now)
    if start > end:
        raise AwsError("InvalidTimeRangeException", "StartTime is after EndTime.")
    start = max(start, now - _DAYS_90)
    found = [event for event in _events(service, caller) if start <= event["EventTime"] <= end]
    found = [event for event in found if all(str(event.get(k, "")) == v for k, v in wanted.items())]
    return _page(found, size, body.get("NextToken"))


def _page(found: list[Json], size: int, token: str | None) -> Json:
    first = int(token) if token and token.isdigit() else 0
    if token and not token.isdigit():
        raise AwsError("InvalidNextTokenException", "NextToken is not one that was handed out.")
    answer: Json = {"Events": found[first : first + size]}
    if first + size < len(found):
        answer["NextToken"] = str(first + size)
    return answer


def _events(service: CloudTrail, caller: Caller) -> Iterator[Json]:
    calls = list(service.trace.select(caller.account, None, 0))
    for call in reversed(calls):
        if call.region == caller.region and call.service != "s3":
            yield _event(call)


def _event(call: Call) -> Json:
    event_id = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{call.seq}-{call.time}"))
    record = {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "Root",
            "principalId": call.account,
            "arn": f"arn:aws:iam::{call.account}:root",
            "accountId": call.account,
            "accessKeyId": call.access_key,
        },
        "eventTime": iso(call.time),
        "eventSource": _source(call),
        "eventName": call.operation,
        "awsRegion": call.region,
        "sourceIPAddress": "127.0.0.1",
        "userAgent": call.user_agent,
        "requestParameters": call.parameters or None,
        "responseElements": None,
        "requestID": call.request_id,
        "eventID": event_id,
        "readOnly": not is_write(call.service, call.operation),
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": call.account,
        "eventCategory": "Management",
    }
    if call.code:
        record["errorCode"] = call.code
    return {
        "EventId": event_id,
        "EventName": call.operation,
        "ReadOnly": str(record["readOnly"]).lower(),
        "AccessKeyId": call.access_key,
        "EventTime": call.time,
        "EventSource": record["eventSource"],
        "Username": "root",
        "Resources": [],
        "CloudTrailEvent": json.dumps(record),
    }


def _source(call: Call) -> str:
    return f"{'monitoring' if call.service == 'cloudwatch' else call.service}.amazonaws.com"
