"""Metric filters: what PutMetricFilter accepts, and the datapoints events turn into (cloudtrail.md 5.1). Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lab.errors import AwsError
from lab.model import Json
from lab.patterns import Options, Pattern, PatternError, compile_pattern, select

_NAME = re.compile(r"[^:*]{1,512}")
_METRIC = re.compile(r"[^:*$]{1,255}")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
MAX_FILTERS = 100


@dataclass(frozen=True)
class Datapoint:
    namespace: str
    name: str
    value: float
    unit: str
    dimensions: tuple[tuple[str, str], ...]


def incoming(group: str, messages: list[str]) -> list[Datapoint]:
    """What CloudWatch Logs counts of every batch by itself (AWS page "Monitoring usage with CloudWatch metrics")."""
    counts = {"IncomingLogEvents": len(messages), "IncomingBytes": sum(len(text.encode()) + 26 for text in messages)}
    units = {"IncomingLogEvents": "None", "IncomingBytes": "Bytes"}
    of_group = (("LogGroupName", group),)
    return [Datapoint("AWS/Logs", name, float(count), units[name], of_group) for name, count in counts.items()]


def _refuse(message: str) -> AwsError:
    return AwsError("InvalidParameterException", message)


def readable(pattern: str, options: Options) -> Pattern:
    try:
        return compile_pattern(pattern, options)
    except PatternError as error:
        raise _refuse(f"Invalid metric filter pattern: {error}") from error


def check(request: Json, existing: list[str], options: Options) -> None:
    """PutMetricFilter: name, pattern, exactly one transformation, and the limit of the log group."""
    name = request.get("filterName") or ""
    if not _NAME.fullmatch(name):
        raise _refuse("filterName must have 1 to 512 characters, none of them a colon or an asterisk.")
    pattern = readable(request.get("filterPattern") or "", options)
    transformations = request.get("metricTransformations") or []
    if len(transformations) != 1:
        raise _refuse(f"metricTransformations takes exactly 1 item; {len(transformations)} were given.")
    _check_transformation(transformations[0], pattern)
    if name not in existing and len(existing) >= MAX_FILTERS:
        raise AwsError("LimitExceededException", f"The log group has {MAX_FILTERS} metric filters already.")


def _check_transformation(transformation: Json, pattern: Pattern) -> None:
    for member in ("metricName", "metricNamespace"):
        if not _METRIC.fullmatch(transformation.get(member) or ""):
            raise _refuse(
                f"{member} must have 1 to 255 characters, none of them a colon, an asterisk or a dollar sign."
            )
    if transformation["metricNamespace"].startswith("AWS/"):
        raise _refuse("metricNamespace must not start with AWS/.")
    value = str(transformation.get("metricValue") or "")
    if len(value) > 100 or not (_NUMBER.fullmatch(value) or value.startswith("$")):
        raise _refuse("metricValue must be a number or a selector like $.latency, up to 100 characters.")
    dimensions = transformation.get("dimensions") or {}
    if len(dimensions) > 3:
        raise _refuse("A metric transformation takes up to 3 dimensions.")
    if dimensions and transformation.get("defaultValue") is not None:
        raise _refuse("defaultValue cannot be given together with dimensions.")
    if dimensions and pattern.kind not in ("json", "delimited"):
        raise _refuse("The specified filter pattern does not support dimensions.")


def datapoints(filters: list[Json], messages: list[str], options: Options) -> list[Datapoint]:
    """One datapoint for each match; the default value when events came in and none matched."""
    found: list[Datapoint] = []
    for item in filters:
        pattern = compile_pattern(item.get("filterPattern") or "", options)
        matches = [(m, fields) for m in messages if (fields := pattern.match(m)) is not None]
        for transformation in item.get("metricTransformations") or []:
            points = [p for m, fields in matches if (p := _point(transformation, m, fields)) is not None]
            default = transformation.get("defaultValue")
            if not points and default is not None and messages:
                points = [_datapoint(transformation, float(default), ())]
            found += points
    return found


def _point(transformation: Json, message: str, fields: dict[str, str]) -> Datapoint | None:
    value = _extract(str(transformation["metricValue"]), message, fields)
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    dimensions = []
    for name, selector in (transformation.get("dimensions") or {}).items():
        got = _extract(selector, message, fields)
        if got is None:
            return None
        dimensions.append((name, str(got)))
    return _datapoint(transformation, number, tuple(dimensions))


def _extract(selector: str, message: str, fields: dict[str, str]) -> object:
    if not selector.startswith("$"):
        return selector
    return fields[selector] if selector in fields else select(message, selector)


def _datapoint(transformation: Json, value: float, dimensions: tuple[tuple[str, str], ...]) -> Datapoint:
    return Datapoint(
        transformation["metricNamespace"],
        transformation["metricName"],
        value,
        transformation.get("unit") or "None",
        dimensions,
    )


def test(request: Json, options: Options) -> Json:
    """TestMetricFilter: 1 to 50 messages against a pattern."""
    messages = request.get("logEventMessages") or []
    if not 1 <= len(messages) <= 50:
        raise _refuse("logEventMessages takes 1 to 50 messages.")
    pattern = readable(request.get("filterPattern") or "", options)
    matches = []
    for number, message in enumerate(messages, start=1):
        fields = pattern.match(message)
        if fields is not None:
            matches.append({"eventNumber": number, "eventMessage": message, "extractedValues": fields})
    return {"matches": matches}
