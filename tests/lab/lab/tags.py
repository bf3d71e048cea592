"""Tags of a trail: the rules of AddTags and of TagsList in CreateTrail (cloudtrail.md 1.3, 1.6). Pure."""

from __future__ import annotations

from lab.errors import AwsError
from lab.model import Json

Tags = tuple[tuple[str, str], ...]
_MAX = 50


def merge(existing: Tags, added: list[Json]) -> Tags:
    """Add or overwrite; at most 50 remain."""
    incoming: dict[str, str] = {}
    for tag in added:
        key, value = tag.get("Key") or "", tag.get("Value") or ""
        if not 1 <= len(key) <= 128:
            raise _refuse("A tag key must have 1 to 128 characters.")
        if len(value) > 256:
            raise _refuse(f"The value of tag {key} is longer than 256 characters.")
        if key.lower().startswith("aws:"):
            raise _refuse(f"Tag key {key} starts with aws:, which is reserved.")
        if key in incoming:
            raise _refuse(f"Tag key {key} is given twice.")
        incoming[key] = value
    merged = {**dict(existing), **incoming}
    if len(merged) > _MAX:
        raise AwsError("TagsLimitExceededException", f"The number of tags per trail exceeds the limit of {_MAX}.")
    return tuple(merged.items())


def remove(existing: Tags, removed: list[Json]) -> Tags:
    keys = {tag.get("Key") for tag in removed}
    return tuple(tag for tag in existing if tag[0] not in keys)


def render(tags: Tags) -> list[Json]:
    return [{"Key": key, "Value": value} for key, value in tags]


def _refuse(message: str) -> AwsError:
    return AwsError("InvalidTagParameterException", message)
