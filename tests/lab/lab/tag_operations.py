"""AddTags, RemoveTags and ListTags (cloudtrail.md 1.3, 1.7). A tag call takes ARNs and stays in their Region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from lab import arns, tags
from lab.errors import AwsError
from lab.model import Caller, Json, Trail

if TYPE_CHECKING:
    from lab.cloudtrail import CloudTrail

_MAX_LISTED = 20


def _tagged(trails: Mapping[str, Trail], caller: Caller, text: str) -> Trail:
    arn = arns.Arn.parse(text)
    if arn is not None and arn.service == "cloudtrail" and not arn.resource.startswith("trail/"):
        raise AwsError("ResourceTypeNotSupportedException", f"The lab has trails only, not {arn.resource}.")
    arn, _ = arns.parse_trail_arn(text)
    if (arn.account, arn.region) != (caller.account, caller.region):
        raise AwsError(
            "CloudTrailARNInvalidException",
            f"Region in ARN is wrong, you can only access resources in region {caller.region}."
            if arn.account == caller.account
            else f"The ARN belongs to another account: {text}",
        )
    trail = trails.get(text)
    if trail is None:
        raise AwsError("ResourceNotFoundException", f"The trail does not exist: {text}")
    return trail


def add_tags(service: CloudTrail, caller: Caller, body: Json) -> Json:
    trail = _tagged(service.store.current, caller, body.get("ResourceId") or "")
    service.store.put(replace(trail, tags=tags.merge(trail.tags, body.get("TagsList") or [])))
    return {}


def remove_tags(service: CloudTrail, caller: Caller, body: Json) -> Json:
    trail = _tagged(service.store.current, caller, body.get("ResourceId") or "")
    service.store.put(replace(trail, tags=tags.remove(trail.tags, body.get("TagsList") or [])))
    return {}


def list_tags(service: CloudTrail, caller: Caller, body: Json) -> Json:
    wanted = body.get("ResourceIdList") or []
    if len(wanted) > _MAX_LISTED:
        raise AwsError(
            "InvalidParameterException", f"ListTags takes up to {_MAX_LISTED} ARNs; {len(wanted)} were given."
        )
    trails = [_tagged(service.store.visible(), caller, text) for text in wanted]
    return {"ResourceTagList": [{"ResourceId": t.arn, "TagsList": tags.render(t.tags)} for t in trails]}
