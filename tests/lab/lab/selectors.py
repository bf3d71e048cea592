"""Event selectors: what PutEventSelectors accepts and how they read back (cloudtrail.md 2.1 to 2.3). Pure.

Which event a selector takes is in matching.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from lab.errors import AwsError
from lab.model import Json

EXCLUDABLE = ("kms.amazonaws.com", "rdsdata.amazonaws.com")
OPERATORS = ("Equals", "StartsWith", "EndsWith", "NotEquals", "NotStartsWith", "NotEndsWith")
DEFAULT: Json = {
    "ReadWriteType": "All",
    "IncludeManagementEvents": True,
    "DataResources": [],
    "ExcludeManagementEventSources": [],
}
_READ_WRITE = ("ReadOnly", "WriteOnly", "All")
_BASIC_TYPES = {"AWS::S3::Object": "s3", "AWS::Lambda::Function": "lambda", "AWS::DynamoDB::Table": "dynamodb"}
_MAX_BASIC, _MAX_RESOURCES, _MAX_VALUES = 5, 250, 500
_FIELD = re.compile(r"[\w.]{1,1000}")
_TYPE = re.compile(r"AWS::[A-Za-z0-9]+::[A-Za-z0-9]+")
_PARTITION = r"arn:aws(-[a-z-]+)?"
_S3_VALUE = re.compile(rf"{_PARTITION}:s3(:::|:::[^/*?]+/[^*?]*)?")
_LAMBDA_VALUE = re.compile(rf"{_PARTITION}:lambda(:[a-z0-9-]+:\d{{12}}:function:[A-Za-z0-9_:$-]+)?")
_TABLE_VALUE = re.compile(rf"{_PARTITION}:dynamodb(:[a-z0-9-]+:\d{{12}}:table/[A-Za-z0-9_.-]+)?")
_BASIC_VALUES = {
    "AWS::S3::Object": _S3_VALUE,
    "AWS::Lambda::Function": _LAMBDA_VALUE,
    "AWS::DynamoDB::Table": _TABLE_VALUE,
}


def refuse(message: str) -> AwsError:
    return AwsError("InvalidEventSelectorsException", message)


def accept(basic: list[Json] | None, advanced: list[Json] | None) -> tuple[tuple[Json, ...], tuple[Json, ...]]:
    """Check one Put and return both lists as they will read back; one of them is empty."""
    if bool(basic) == bool(advanced):
        raise refuse("Specify either EventSelectors or AdvancedEventSelectors, and at least one selector.")
    if basic:
        return _accept_basic(basic), ()
    return (), _accept_advanced(advanced or [])


def is_default(basic: tuple[Json, ...], advanced: tuple[Json, ...]) -> bool:
    return not advanced and basic in ((), (DEFAULT,))


# --- basic ---------------------------------------------------------------------------------------------------------


def _accept_basic(selectors: list[Json]) -> tuple[Json, ...]:
    if len(selectors) > _MAX_BASIC:
        raise refuse(f"A trail takes 1 to {_MAX_BASIC} event selectors; {len(selectors)} were given.")
    accepted = tuple(_accept_one_basic(selector) for selector in selectors)
    everything = {f"arn:aws:{service}" for service in _BASIC_TYPES.values()}
    counted = [v for s in accepted for r in s["DataResources"] for v in r["Values"] if v not in everything]
    if len(counted) > _MAX_RESOURCES:
        raise refuse(f"A trail takes up to {_MAX_RESOURCES} data resources; {len(counted)} were given.")
    return accepted


def _accept_one_basic(selector: Json) -> Json:
    read_write = selector.get("ReadWriteType") or "All"
    if read_write not in _READ_WRITE:
        raise refuse(f"Value {read_write} for ReadWriteType is invalid.")
    management = selector.get("IncludeManagementEvents", True)
    excluded = list(selector.get("ExcludeManagementEventSources") or [])
    for source in excluded:
        if source not in EXCLUDABLE:
            raise refuse(f"Value {source} for ExcludeManagementEventSources is invalid.")
    if excluded and not management:
        raise refuse("ExcludeManagementEventSources needs IncludeManagementEvents to be true.")
    resources = [_accept_resource(resource) for resource in selector.get("DataResources") or []]
    return {
        "ReadWriteType": read_write,
        "IncludeManagementEvents": management,
        "DataResources": resources,
        "ExcludeManagementEventSources": excluded,
    }


def _accept_resource(resource: Json) -> Json:
    kind, values = resource.get("Type"), list(resource.get("Values") or [])
    if kind not in _BASIC_TYPES:
        raise refuse(f"Value {kind} for DataResources.Type is invalid.")
    if not values:
        raise refuse("DataResources.Values must have at least one value.")
    for value in values:
        if not isinstance(value, str) or not _BASIC_VALUES[kind].fullmatch(value):
            raise refuse(f"Value {value} for DataResources.Values is invalid.")
    return {"Type": kind, "Values": values}


# --- advanced ------------------------------------------------------------------------------------------------------

Fields = dict[str, Json]


def _accept_advanced(selectors: list[Json]) -> tuple[Json, ...]:
    accepted = tuple(_accept_one_advanced(selector) for selector in selectors)
    count = sum(len(f[o]) for s in accepted for f in s["FieldSelectors"] for o in OPERATORS if o in f)
    if count > _MAX_VALUES:
        raise refuse(f"Advanced event selectors take up to {_MAX_VALUES} values in all; {count} were given.")
    return accepted


def _accept_one_advanced(selector: Json) -> Json:
    name = selector.get("Name")
    if name is not None and len(name) > 1000:
        raise refuse("The name of an advanced event selector is longer than 1000 characters.")
    fields: Fields = {}
    for field in selector.get("FieldSelectors") or []:
        checked = _accept_field(field)
        if checked["Field"] in fields:
            raise refuse(f"Field {checked['Field']} is given twice in one selector; put its operators together.")
        fields[checked["Field"]] = checked
    category = _only_equals(fields, "eventCategory", 1)
    rules = _CATEGORIES.get(category[0])
    if rules is None:
        raise refuse(f"Value {category[0]} for eventCategory is not supported by trails.")
    rules(fields)
    result: Json = {"Name": name} if name is not None else {}
    return {**result, "FieldSelectors": list(fields.values())}


def _accept_field(field: Json) -> Json:
    name = field.get("Field") or ""
    if not _FIELD.fullmatch(name):
        raise refuse(f"Field {name!r} is not a field name.")
    checked: Json = {"Field": name}
    for operator in OPERATORS:
        if operator not in field:
            continue
        values = field[operator]
        if not isinstance(values, list) or not values:
            raise refuse(f"{operator} of field {name} needs at least one value.")
        for value in values:
            if not isinstance(value, str) or not 1 <= len(value) <= 2048:
                raise refuse(f"A value of field {name} must have 1 to 2048 characters.")
            if "*" in value:
                raise refuse(f"Value {value} of field {name} is invalid: wildcards are not supported.")
        checked[operator] = list(values)
    if len(checked) == 1:
        raise refuse(f"Field {name} has no operator.")
    return checked


def _only_equals(fields: Fields, name: str, count: int | None = None) -> list[str]:
    field = fields.get(name)
    if field is None:
        raise refuse(f"An advanced event selector needs a field selector for {name}.")
    _operators(field, ("Equals",))
    if count is not None and len(field["Equals"]) != count:
        raise refuse(f"Field {name} takes exactly {count} value in Equals.")
    return field["Equals"]


def _operators(field: Json, allowed: tuple[str, ...]) -> None:
    for operator in OPERATORS:
        if operator in field and operator not in allowed:
            raise refuse(f"Field {field['Field']} supports {' and '.join(allowed)} only, not {operator}.")


def _values(field: Json, allowed: tuple[str, ...]) -> None:
    for operator in OPERATORS:
        for value in field.get(operator, []):
            if value not in allowed:
                raise refuse(f"Value {value} of field {field['Field']} is invalid; allowed: {', '.join(allowed)}.")


def _known(fields: Fields, category: str, names: tuple[str, ...]) -> None:
    for name in fields:
        if name != "eventCategory" and name not in names:
            raise refuse(f"Field {name} is not supported for eventCategory {category} on a trail.")


def _read_only(fields: Fields) -> None:
    if "readOnly" in fields:
        _only_equals(fields, "readOnly", 1)
        _values(fields["readOnly"], ("true", "false"))


def _management(fields: Fields) -> None:
    _known(fields, "Management", ("eventSource", "readOnly"))
    _read_only(fields)
    if "eventSource" in fields:
        _operators(fields["eventSource"], ("NotEquals",))
        _values(fields["eventSource"], EXCLUDABLE)


_DATA_FIELDS = (
    "eventSource", "readOnly", "resources.type", "resources.ARN", "eventName", "eventType",
    "sessionCredentialFromConsole", "userIdentity.arn",
)  # fmt: skip


def _data(fields: Fields) -> None:
    _known(fields, "Data", _DATA_FIELDS)
    _read_only(fields)
    kind = _only_equals(fields, "resources.type", 1)[0]
    if not _TYPE.fullmatch(kind):
        raise refuse(f"Value {kind} of field resources.type is invalid.")
    if "resources.ARN" in fields:
        for operator in ("Equals", "NotEquals"):
            for value in fields["resources.ARN"].get(operator, []):
                if value.count(":") < 5 or not value.startswith("arn:"):
                    raise refuse(f"Value {value} of field resources.ARN must be a full ARN with {operator}.")
    if "sessionCredentialFromConsole" in fields:
        _operators(fields["sessionCredentialFromConsole"], ("Equals", "NotEquals"))
        _values(fields["sessionCredentialFromConsole"], ("true",))


def _network(fields: Fields) -> None:
    _known(fields, "NetworkActivity", ("eventSource", "eventName", "errorCode", "vpcEndpointId", "userIdentity.arn"))
    _only_equals(fields, "eventSource", 1)
    if "errorCode" in fields:
        _only_equals(fields, "errorCode")
        _values(fields["errorCode"], ("VpceAccessDenied",))


_CATEGORIES: dict[str, Callable[[Fields], Any]] = {
    "Management": _management,
    "Data": _data,
    "NetworkActivity": _network,
}
