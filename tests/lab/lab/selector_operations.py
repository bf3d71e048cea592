"""Put and Get of event selectors, Insights selectors and the event configuration (cloudtrail.md 2)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lab import insights, preconditions, selectors, visibility
from lab.errors import AwsError
from lab.model import Caller, Json, Trail

if TYPE_CHECKING:
    from lab.cloudtrail import CloudTrail


def _writable(service: CloudTrail, caller: Caller, body: Json) -> Trail:
    organization = service.around.organization(caller.account)
    return visibility.write(service.store.current, caller, organization, body.get("TrailName") or "")


def put_event_selectors(service: CloudTrail, caller: Caller, body: Json) -> Json:
    trail = _writable(service, caller, body)
    basic, advanced = selectors.accept(body.get("EventSelectors"), body.get("AdvancedEventSelectors"))
    trail = replace(trail, event_selectors=basic, advanced_selectors=advanced)
    service.store.put(trail)
    return _rendered(trail)


def get_event_selectors(service: CloudTrail, caller: Caller, body: Json) -> Json:
    return _rendered(service.readable(caller, body.get("TrailName") or ""))


def _rendered(trail: Trail) -> Json:
    """One of the two lists; a trail that never had any reads back the default basic selector."""
    if trail.advanced_selectors:
        return {"TrailARN": trail.arn, "AdvancedEventSelectors": list(trail.advanced_selectors)}
    return {"TrailARN": trail.arn, "EventSelectors": list(trail.event_selectors) or [selectors.DEFAULT]}


def _trail_only(body: Json, *members: str) -> None:
    for member in members:
        if body.get(member):
            raise AwsError(
                "InvalidParameterCombinationException", f"{member} is for event data stores, which the lab has not."
            )


def put_insight_selectors(service: CloudTrail, caller: Caller, body: Json) -> Json:
    _trail_only(body, "EventDataStore", "InsightsDestination")
    trail = _writable(service, caller, body)
    accepted = insights.accept_insights(trail, body.get("InsightSelectors") or [])
    if accepted:
        organization = service.around.organization(trail.account)
        org_id = organization.id if organization else None
        bucket = preconditions.check_bucket(service.around, trail, org_id)
        preconditions.check_key(service.around, trail, bucket, org_id, caller)
    trail = replace(trail, insights=accepted)
    service.store.put(trail)
    return {"TrailARN": trail.arn, "InsightSelectors": list(accepted)}


def get_insight_selectors(service: CloudTrail, caller: Caller, body: Json) -> Json:
    _trail_only(body, "EventDataStore")
    trail = service.readable(caller, body.get("TrailName") or "")
    if not trail.insights:
        raise AwsError(
            "InsightNotEnabledException", f"Trail {trail.arn} does not have Insights enabled; put selectors first."
        )
    return {"TrailARN": trail.arn, "InsightSelectors": list(trail.insights)}


def put_event_configuration(service: CloudTrail, caller: Caller, body: Json) -> Json:
    _trail_only(body, "EventDataStore", "MaxEventSize", "ContextKeySelectors")
    trail = _writable(service, caller, body)
    accepted = insights.accept_aggregations(trail, body.get("AggregationConfigurations") or [])
    trail = replace(trail, aggregations=accepted)
    service.store.put(trail)
    return {"TrailARN": trail.arn, "AggregationConfigurations": list(accepted)}


def get_event_configuration(service: CloudTrail, caller: Caller, body: Json) -> Json:
    _trail_only(body, "EventDataStore")
    trail = service.readable(caller, body.get("TrailName") or "")
    return {"TrailARN": trail.arn, "AggregationConfigurations": list(trail.aggregations)}
