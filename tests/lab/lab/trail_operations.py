"""CreateTrail, UpdateTrail, DeleteTrail, reads of trails, StartLogging and StopLogging (cloudtrail.md 1)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lab import arns, preconditions, tags, visibility
from lab.errors import AwsError
from lab.model import Caller, Json, Organization, Status, Trail
from lab.selectors import is_default

if TYPE_CHECKING:
    from lab.cloudtrail import CloudTrail


def create(service: CloudTrail, caller: Caller, body: Json) -> Json:
    name = body.get("Name") or ""
    arns.check_trail_name(name)
    organization = service.around.organization(caller.account)
    owner = caller.account
    if body.get("IsOrganizationTrail"):
        owner = _owner(service, preconditions.check_organization(organization, caller, convert=False), caller)
    bare = Trail(
        name=name,
        account=owner,
        home_region=caller.region,
        arn=arns.trail_arn(caller.region, owner, name),
        bucket="",
        organization=bool(body.get("IsOrganizationTrail")),
        tags=tags.merge((), body.get("TagsList") or []),
    )
    trail = _merged(caller, bare, body)
    _check_combination(trail)
    visibility.check_room(service.store.current, caller, organization, trail)
    trail = preconditions.check(service.around, trail, caller)
    service.store.put(trail)
    return settings(trail)


def _owner(service: CloudTrail, organization: Organization, caller: Caller) -> str:
    """The management account owns every organization trail, whoever makes it."""
    if caller.account == organization.management:
        service.linked_roles.add(organization.management)
    elif organization.management not in service.linked_roles:
        raise AwsError(
            "NoManagementAccountSLRExistsException",
            "The management account has no service-linked role for CloudTrail; it must call CloudTrail itself first.",
        )
    return organization.management


def _merged(caller: Caller, trail: Trail, body: Json) -> Trail:
    """Members that are absent leave alone what is there; an empty string clears it."""

    def given(member: str, current: str) -> str:
        value = body.get(member)
        return current if value is None else value

    def flag(member: str, current: bool) -> bool:
        value = body.get(member)
        return current if value is None else value

    bucket = given("S3BucketName", trail.bucket)
    arns.check_bucket_name(bucket)
    prefix = given("S3KeyPrefix", trail.prefix)
    arns.check_prefix(prefix)
    topic = body.get("SnsTopicName")
    topic_arn = trail.topic_arn if topic is None else topic and arns.topic_arn(topic, caller.region, caller.account)
    key = given("KmsKeyId", trail.kms_key)
    if key:
        arns.check_key_id(key)
    return replace(
        trail,
        bucket=bucket,
        prefix=prefix,
        topic_arn=topic_arn,
        global_events=flag("IncludeGlobalServiceEvents", trail.global_events),
        multi_region=flag("IsMultiRegionTrail", trail.multi_region),
        validation=flag("EnableLogFileValidation", trail.validation),
        log_group=given("CloudWatchLogsLogGroupArn", trail.log_group),
        log_role=given("CloudWatchLogsRoleArn", trail.log_role),
        kms_key=key,
        recursive=flag("RecursiveLogging", trail.recursive),
    )


def _check_combination(trail: Trail, before: Trail | None = None) -> None:
    dropped_together = before is not None and before.multi_region and not trail.global_events
    if not trail.global_events and (trail.multi_region or dropped_together):
        raise AwsError("InvalidParameterCombinationException", "Multi-Region trail must include global service events.")


def update(service: CloudTrail, caller: Caller, body: Json) -> Json:
    organization = service.around.organization(caller.account)
    before = visibility.write(service.store.current, caller, organization, body.get("Name") or "")
    wanted = body.get("IsOrganizationTrail")
    if wanted is not None and wanted != before.organization:
        preconditions.check_organization(organization, caller, convert=True)
        before = replace(before, organization=wanted)
    if body.get("IsMultiRegionTrail") and not before.multi_region and body.get("IncludeGlobalServiceEvents") is None:
        body = {**body, "IncludeGlobalServiceEvents": True}
    trail = _merged(caller, before, body)
    _check_combination(trail, before)
    trail = preconditions.check(service.around, trail, caller)
    service.deliveries.settings_changed(before, trail)
    service.store.put(trail)
    return settings(trail)


def delete(service: CloudTrail, caller: Caller, body: Json) -> Json:
    trail = _writable(service, caller, body)
    service.deliveries.finish(trail, caller, "DeleteTrail")
    service.store.drop(trail.arn)
    return {}


def start_logging(service: CloudTrail, caller: Caller, body: Json) -> Json:
    trail = _writable(service, caller, body)
    if not trail.logging:
        service.store.put(replace(trail, logging=True, started=service.clock.now()))
    return {}


def stop_logging(service: CloudTrail, caller: Caller, body: Json) -> Json:
    trail = _writable(service, caller, body)
    if trail.logging:
        service.deliveries.finish(trail, caller, "StopLogging")
        trail = service.store.current[trail.arn]
        service.store.put(replace(trail, logging=False, stopped=service.clock.now()))
    return {}


def _writable(service: CloudTrail, caller: Caller, body: Json) -> Trail:
    organization = service.around.organization(caller.account)
    return visibility.write(service.store.current, caller, organization, body.get("Name") or "")


def get(service: CloudTrail, caller: Caller, body: Json) -> Json:
    return {"Trail": render(service.readable(caller, body.get("Name") or ""))}


def describe(service: CloudTrail, caller: Caller, body: Json) -> Json:
    organization = service.around.organization(caller.account)
    include = body.get("includeShadowTrails")
    shadows = include is None or bool(include)
    seen = visibility.visible(service.store.visible(), caller, organization, shadows=shadows)
    names = body.get("trailNameList") or []
    for name in names:
        if name.startswith("arn:"):
            arns.parse_trail_arn(name)
        else:
            arns.check_trail_name(name)
    if names:
        here = caller.account, caller.region
        seen = [t for t in seen if t.arn in names or (t.name in names and (t.account, t.home_region) == here)]
    return {"trailList": [render(trail) for trail in seen]}


def list_trails(service: CloudTrail, caller: Caller, body: Json) -> Json:
    own = [trail for trail in service.store.visible().values() if trail.account == caller.account]
    own.sort(key=lambda trail: (trail.name, trail.home_region))
    return {"Trails": [{"TrailARN": t.arn, "Name": t.name, "HomeRegion": t.home_region} for t in own]}


def settings(trail: Trail) -> Json:
    """The answer of CreateTrail and UpdateTrail; unset members are absent."""
    answer: Json = {
        "Name": trail.name,
        "S3BucketName": trail.bucket,
        "IncludeGlobalServiceEvents": trail.global_events,
        "IsMultiRegionTrail": trail.multi_region,
        "TrailARN": trail.arn,
        "LogFileValidationEnabled": trail.validation,
        "IsOrganizationTrail": trail.organization,
        "RecursiveLogging": trail.recursive,
    }
    optional = {
        "S3KeyPrefix": trail.prefix,
        "SnsTopicName": trail.topic_arn,
        "SnsTopicARN": trail.topic_arn,
        "CloudWatchLogsLogGroupArn": trail.log_group,
        "CloudWatchLogsRoleArn": trail.log_role,
        "KmsKeyId": trail.kms_key,
    }
    return answer | {member: value for member, value in optional.items() if value}


def render(trail: Trail) -> Json:
    """The Trail shape of GetTrail and DescribeTrails."""
    return settings(trail) | {
        "HomeRegion": trail.home_region,
        "HasCustomEventSelectors": not is_default(trail.event_selectors, trail.advanced_selectors),
        "HasInsightSelectors": bool(trail.insights),
    }


def get_status(service: CloudTrail, caller: Caller, body: Json) -> Json:
    """Delivery results of the caller's account and Region; the retired members are strings."""
    trail = service.readable(caller, body.get("Name") or "")
    status = trail.statuses.get((caller.account, caller.region), Status())
    members: Json = {
        "LatestDeliveryTime": status.delivered,
        "LatestDeliveryError": status.delivery_error,
        "LatestDigestDeliveryTime": status.digested,
        "LatestDigestDeliveryError": status.digest_error,
        "LatestCloudWatchLogsDeliveryTime": status.logged,
        "LatestCloudWatchLogsDeliveryError": status.log_error,
        "LatestNotificationTime": status.notified,
        "LatestNotificationError": status.notification_error,
        "StartLoggingTime": trail.started,
        "StopLoggingTime": trail.stopped,
    }
    retired = {
        "TimeLoggingStarted": service.iso(trail.started),
        "TimeLoggingStopped": service.iso(trail.stopped),
        "LatestDeliveryAttemptTime": service.iso(status.delivered),
        "LatestNotificationAttemptTime": service.iso(status.notified),
        "LatestDeliveryAttemptSucceeded": service.iso(status.delivered),
        "LatestNotificationAttemptSucceeded": service.iso(status.notified),
    }
    return {"IsLogging": trail.logging, **{k: v for k, v in members.items() if v}, **retired}
