"""Which trails a caller sees and which it may change (cloudtrail.md 1.3, 1.4, 10.2, 10.3). Pure."""

from __future__ import annotations

from collections.abc import Mapping

from lab import arns
from lab.errors import AwsError
from lab.model import Caller, Organization, Trail

Trails = Mapping[str, Trail]


def not_found(name: str, caller: Caller) -> AwsError:
    return AwsError("TrailNotFoundException", f"Unknown trail: {name} for the user: {caller.account}")


def is_shared_with(trail: Trail, organization: Organization | None, account: str) -> bool:
    """An organization trail appears in every account of the organization that owns it."""
    return (
        trail.organization
        and organization is not None
        and trail.account == organization.management
        and account in organization.members
    )


def covers(trail: Trail, region: str) -> bool:
    return trail.home_region == region or trail.multi_region


def visible(trails: Trails, caller: Caller, organization: Organization | None, *, shadows: bool) -> list[Trail]:
    """Trails of the current Region; shadows are multi-Region trails homed elsewhere and organization copies."""
    found = []
    for trail in trails.values():
        own = trail.account == caller.account
        if not own and not is_shared_with(trail, organization, caller.account):
            continue
        if not covers(trail, caller.region):
            continue
        if shadows or (own and trail.home_region == caller.region):
            found.append(trail)
    return sorted(found, key=lambda trail: (trail.name, trail.home_region))


def read(trails: Trails, caller: Caller, organization: Organization | None, name: str) -> Trail:
    """A name reaches the current account and home Region only; for anything else the ARN is needed."""
    if not name.startswith("arn:"):
        arns.check_trail_name(name)
        trail = trails.get(arns.trail_arn(caller.region, caller.account, name))
        if trail is None:
            raise not_found(name, caller)
        return trail
    arn, _ = arns.parse_trail_arn(name)
    trail = trails.get(name)
    own = arn.account == caller.account
    if trail is None or not (own or is_shared_with(trail, organization, caller.account)):
        raise not_found(name, caller)
    if not covers(trail, caller.region):
        raise _wrong_region(caller)
    return trail


def write(trails: Trails, caller: Caller, organization: Organization | None, name: str) -> Trail:
    """Like read, but only from the home Region and only by the owner or a delegated administrator."""
    if not name.startswith("arn:"):
        return _write_by_name(trails, caller, name)
    arn, _ = arns.parse_trail_arn(name)
    trail = trails.get(name)
    if trail is not None and trail.account != caller.account:
        if not is_shared_with(trail, organization, caller.account):
            raise not_found(name, caller)
        if organization is None or caller.account not in organization.delegated:
            raise AwsError(
                "OperationNotPermittedException",
                "An organization trail can be changed only by the management account or a delegated administrator.",
            )
    if arn.region != caller.region:
        raise _home_region(trail) if trail is not None and trail.multi_region else _wrong_region(caller)
    if trail is None:
        raise not_found(name, caller)
    return trail


def _write_by_name(trails: Trails, caller: Caller, name: str) -> Trail:
    arns.check_trail_name(name)
    trail = trails.get(arns.trail_arn(caller.region, caller.account, name))
    if trail is not None:
        return trail
    for other in trails.values():
        if other.account == caller.account and other.name == name and other.multi_region:
            raise _home_region(other)
    raise not_found(name, caller)


def _home_region(trail: Trail) -> AwsError:
    return AwsError(
        "InvalidHomeRegionException", f"Trail {trail.name} can be changed in its home Region {trail.home_region} only."
    )


def _wrong_region(caller: Caller) -> AwsError:
    return AwsError(
        "CloudTrailARNInvalidException",
        f"Region in ARN is wrong, you can only access resources in region {caller.region}.",
    )


def check_room(trails: Trails, caller: Caller, organization: Organization | None, new: Trail, limit: int = 5) -> None:
    """No second trail of the name, and no sixth in any Region it would appear in."""
    seen = [
        trail
        for trail in trails.values()
        if trail.account == caller.account or is_shared_with(trail, organization, caller.account)
    ]
    for trail in seen:
        together = trail.home_region == new.home_region or trail.multi_region or new.multi_region
        if trail.name == new.name and together:
            raise AwsError(
                "TrailAlreadyExistsException", f"Trail {new.name} already exists for customer: {new.account}"
            )
    regions = {new.home_region} | {t.home_region for t in seen} if new.multi_region else {new.home_region}
    for region in sorted(regions):
        count = sum(covers(trail, region) for trail in seen)
        if count >= limit:
            raise AwsError(
                "MaximumNumberOfTrailsExceededException",
                f"User: {caller.account} already has {count} trails in {region}.",
            )
