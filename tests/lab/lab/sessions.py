"""What STS asks of AssumeRole before it hands out a session: form, duration, trust. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lab.errors import AwsError
from lab.model import Principal, Role
from lab.policy import Request, decide

_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
_SHORTEST, _DEFAULT, _LONGEST, _CHAINED = 900, 3600, 43200, 3600


def check(role_arn: str, role: Role | None, form: Mapping[str, str], principal: Principal) -> None:
    """Raises what AWS answers; whether a role exists is told to those it trusts only."""
    _check_form(form)
    if role is None or not _trusts(role, form, principal):
        message = f"User: {principal.arn} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
        raise AwsError("AccessDenied", message, 403)
    _check_duration(int(form.get("DurationSeconds") or _DEFAULT), role, principal)


def _check_form(form: Mapping[str, str]) -> None:
    if not _NAME.fullmatch(form.get("RoleSessionName", "")):
        raise _invalid("roleSessionName", form.get("RoleSessionName", ""), "have 2 to 64 of the characters \\w+=,.@-")
    if "ExternalId" in form and not _EXTERNAL_ID.fullmatch(form["ExternalId"]):
        raise _invalid("externalId", form["ExternalId"], "have 2 to 1224 of the characters \\w+=,.@:/-")
    duration = form.get("DurationSeconds") or str(_DEFAULT)
    if not duration.isdigit() or not _SHORTEST <= int(duration) <= _LONGEST:
        raise _invalid("durationSeconds", duration, f"have value between {_SHORTEST} and {_LONGEST}")


def _invalid(member: str, value: str, rule: str) -> AwsError:
    message = f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must "
    return AwsError("ValidationError", message + rule)


def _trusts(role: Role, form: Mapping[str, str], principal: Principal) -> bool:
    context = principal.context() | {"sts:RoleSessionName": form["RoleSessionName"]}
    if "ExternalId" in form:
        context["sts:ExternalId"] = form["ExternalId"]
    return decide(role.trust, Request("sts:AssumeRole", role.arn, context, caller=principal.arn)).allowed


def _check_duration(seconds: int, role: Role, principal: Principal) -> None:
    if seconds > role.max_session:
        raise AwsError(
            "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    if principal.kind == "AssumedRole" and seconds > _CHAINED:
        raise AwsError(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        )
