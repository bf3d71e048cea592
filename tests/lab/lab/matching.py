"""Which record a trail takes: its selectors, its Regions, its own deliveries (cloudtrail.md 2.2, 1.4). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lab.model import Json, Trail
from lab.selectors import DEFAULT

_POSITIVE = {
    "Equals": lambda value, wanted: value == wanted,
    "StartsWith": lambda value, wanted: value.startswith(wanted),
    "EndsWith": lambda value, wanted: value.endswith(wanted),
}
_DELIVERIES = {("s3.amazonaws.com", "PutObject"), ("logs.amazonaws.com", "PutLogEvents")}
_GLOBAL_SOURCES = ("iam.amazonaws.com", "cloudfront.amazonaws.com")
_BASIC_SERVICES = {"AWS::S3::Object": "s3", "AWS::Lambda::Function": "lambda", "AWS::DynamoDB::Table": "dynamodb"}


def takes(trail: Trail, record: Json) -> bool:
    """Whether the record reaches the trail's files."""
    category = record.get("eventCategory", "Management")
    if category == "Insight":
        return bool(trail.insights)
    if category == "Aggregated":
        return bool(trail.aggregations)
    if record.get("eventSource") in _GLOBAL_SOURCES and not trail.global_events:
        return False
    if not trail.recursive and _is_own_delivery(record):
        return False
    if trail.advanced_selectors:
        return any(_advanced(selector, record) for selector in trail.advanced_selectors)
    return any(_basic(selector, record) for selector in trail.event_selectors or (DEFAULT,))


def _is_own_delivery(record: Json) -> bool:
    invoked_by = (record.get("userIdentity") or {}).get("invokedBy")
    call = (record.get("eventSource"), record.get("eventName"))
    return invoked_by == "cloudtrail.amazonaws.com" and call in _DELIVERIES


def _basic(selector: Json, record: Json) -> bool:
    read_only = bool(record.get("readOnly"))
    wanted = selector["ReadWriteType"]
    if wanted != "All" and (wanted == "ReadOnly") != read_only:
        return False
    if record.get("eventCategory", "Management") == "Management":
        excluded = selector["ExcludeManagementEventSources"]
        return selector["IncludeManagementEvents"] and record.get("eventSource") not in excluded
    if record.get("eventCategory") == "Data":
        return any(_resource(wanted, record) for wanted in selector["DataResources"])
    return False


def _resource(wanted: Json, record: Json) -> bool:
    kind = wanted["Type"]
    for arn in _resource_arns(record, kind):
        for value in wanted["Values"]:
            if value.removesuffix(":::").endswith(f":{_BASIC_SERVICES[kind]}"):
                return True
            if arn == value or (kind == "AWS::S3::Object" and arn.startswith(value)):
                return True
    return False


def _resource_arns(record: Json, kind: str) -> Iterator[str]:
    for resource in record.get("resources") or []:
        if resource.get("type") == kind:
            yield resource.get("ARN") or ""


def _advanced(selector: Json, record: Json) -> bool:
    fields = {field["Field"]: field for field in selector["FieldSelectors"]}
    kind = fields.get("resources.type", {}).get("Equals", [None])[0]
    return all(_field(field, _read(record, name, kind)) for name, field in fields.items())


def _field(field: Json, values: list[str]) -> bool:
    """Positive operators are OR-ed, negative ones AND-ed, and both groups must hold."""
    positive = [name for name in _POSITIVE if name in field]
    hit = any(_POSITIVE[name](value, wanted) for name in positive for value in values for wanted in field[name])
    if positive and not hit:
        return False
    negative = [name for name in _POSITIVE if f"Not{name}" in field]
    return not any(
        _POSITIVE[name](value, wanted) for name in negative for value in values for wanted in field[f"Not{name}"]
    )


def _read(record: Json, name: str, kind: str | None) -> list[str]:
    if name == "eventCategory":
        return [record.get("eventCategory", "Management")]
    if name == "resources.type":
        return [r["type"] for r in record.get("resources") or [] if "type" in r]
    if name == "resources.ARN":
        return list(_resource_arns(record, kind or ""))
    value: Any = record
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if value is None:
        return []
    return [str(value).lower() if isinstance(value, bool) else str(value)]
