"""Insights selectors and event aggregation of a trail (cloudtrail.md 2.7, 2.8). Pure."""

from __future__ import annotations

from lab.errors import AwsError
from lab.model import Json, Trail
from lab.selectors import DEFAULT

_TYPES = ("ApiCallRateInsight", "ApiErrorRateInsight")
_CATEGORIES = ("Management", "Data")
_TEMPLATES = ("API_ACTIVITY", "RESOURCE_ACCESS", "USER_ACTIONS")


def accept_insights(trail: Trail, selectors: list[Json]) -> tuple[Json, ...]:
    """Check the types and that the trail logs what they analyse; categories left out mean management events."""
    accepted: list[Json] = []
    for selector in selectors:
        kind = selector.get("InsightType")
        if kind not in _TYPES:
            raise _refuse(f"Value {kind} for InsightType is invalid; allowed: {', '.join(_TYPES)}.")
        if any(kind == other["InsightType"] for other in accepted):
            raise _refuse(f"InsightType {kind} is given twice.")
        categories = selector.get("EventCategories") or ["Management"]
        for category in categories:
            if category not in _CATEGORIES:
                raise _refuse(f"Value {category} for EventCategories is invalid; allowed: Management, Data.")
            _check_coverage(trail, kind, category)
        accepted.append({"InsightType": kind, "EventCategories": list(categories)})
    return tuple(accepted)


def _check_coverage(trail: Trail, kind: str, category: str) -> None:
    if category == "Data":
        if not logs_data_events(trail):
            raise _refuse("The trail must log data events before Insights can analyse them.")
        return
    reads, writes = _management(trail)
    if kind == "ApiCallRateInsight" and not writes:
        raise _refuse("The trail must log write management events for ApiCallRateInsight.")
    if not (reads or writes):
        raise _refuse("The trail must log management events for ApiErrorRateInsight.")


def _refuse(message: str) -> AwsError:
    return AwsError("InvalidInsightSelectorsException", message)


def logs_data_events(trail: Trail) -> bool:
    if trail.advanced_selectors:
        return any(_category(selector) == "Data" for selector in trail.advanced_selectors)
    return any(selector["DataResources"] for selector in trail.event_selectors)


def _management(trail: Trail) -> tuple[bool, bool]:
    """Whether the trail logs (read, write) management events."""
    kinds: set[str] = set()
    if trail.advanced_selectors:
        for selector in trail.advanced_selectors:
            if _category(selector) == "Management":
                kinds |= _read_write(selector)
    else:
        for selector in trail.event_selectors or (DEFAULT,):
            if selector["IncludeManagementEvents"]:
                wanted = selector["ReadWriteType"]
                kinds |= {"ReadOnly", "WriteOnly"} if wanted == "All" else {wanted}
    return "ReadOnly" in kinds, "WriteOnly" in kinds


def _category(selector: Json) -> str:
    return next(f["Equals"][0] for f in selector["FieldSelectors"] if f["Field"] == "eventCategory")


def _read_write(selector: Json) -> set[str]:
    for field in selector["FieldSelectors"]:
        if field["Field"] == "readOnly":
            return {"ReadOnly"} if field["Equals"] == ["true"] else {"WriteOnly"}
    return {"ReadOnly", "WriteOnly"}


def accept_aggregations(trail: Trail, configurations: list[Json]) -> tuple[Json, ...]:
    if len(configurations) > 1:
        raise AwsError("InvalidParameterException", "A trail takes one aggregation configuration.")
    for configuration in configurations:
        if configuration.get("EventCategory") != "Data":
            raise AwsError("InvalidParameterException", "Aggregation supports EventCategory Data only.")
        templates = configuration.get("Templates") or []
        if not 1 <= len(templates) <= 50 or any(template not in _TEMPLATES for template in templates):
            raise AwsError("InvalidParameterException", f"Templates takes 1 to 50 of {', '.join(_TEMPLATES)}.")
        if not logs_data_events(trail):
            raise AwsError(
                "InvalidParameterCombinationException", "The trail must log data events before they can be aggregated."
            )
    return tuple({"EventCategory": "Data", "Templates": list(c["Templates"])} for c in configurations)
