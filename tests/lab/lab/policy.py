"""Evaluates resource and role policies the way IAM does for a service principal, or for a caller with an ARN
(cloudtrail.md 3.2).

Knows policy language only; what CloudTrail asks for is in access.py. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.conditions import Context, conditions_met, substitute, wildcard

SERVICE = "cloudtrail.amazonaws.com"


@dataclass(frozen=True)
class Request:
    """One thing a principal wants to do, with the condition keys AWS puts beside it.

    The principal is `service`, or the user, role or session with the ARN `caller` where that is given.
    """

    action: str
    resource: str
    context: Mapping[str, str | list[str]] = field(default_factory=dict)
    service: str = SERVICE
    caller: str = ""


@dataclass(frozen=True)
class Decision:
    allowed: bool
    # Sid (or position) of the statement that decided; empty when nothing matched.
    statement: str = ""
    explicit_deny: bool = False


def decide(document: str | Mapping[str, Any] | None, request: Request, *, identity: bool = False) -> Decision:
    """Deny beats Allow; nothing said is a refusal. `identity` policies carry no Principal."""
    return decide_all([document] if document else [], request, identity=identity)


def decide_all(documents: list[Any], request: Request, *, identity: bool = False) -> Decision:
    context = Context(request.context)
    allowed = Decision(False)
    for document in documents:
        version, statements = read(document)
        for position, statement in enumerate(statements):
            if not _applies(statement, request, context, version, identity):
                continue
            name = str(statement.get("Sid") or f"statement {position}")
            if statement.get("Effect") == "Deny":
                return Decision(False, name, explicit_deny=True)
            if statement.get("Effect") == "Allow" and not allowed.allowed:
                allowed = Decision(True, name)
    return allowed


def read(document: str | Mapping[str, Any]) -> tuple[str, list[Mapping[str, Any]]]:
    """Version and statements; an unreadable document has none."""
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:
            return "", []
    if not isinstance(document, Mapping):
        return "", []
    statements = [s for s in as_list(document.get("Statement")) if isinstance(s, Mapping)]
    return str(document.get("Version", "2008-10-17")), statements


def as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _applies(statement: Mapping[str, Any], request: Request, context: Context, version: str, identity: bool) -> bool:
    variables = version == "2012-10-17"
    return (
        (identity or _principal_matches(statement, request))
        and _element_matches(statement, "Action", request.action, context, fold=True, variables=False)
        and _element_matches(statement, "Resource", request.resource, context, fold=False, variables=variables)
        and conditions_met(
            statement.get("Condition"), context, deny=statement.get("Effect") == "Deny", variables=variables
        )
    )


def _principal_matches(statement: Mapping[str, Any], request: Request) -> bool:
    def named(principal: Any) -> bool:
        if request.caller:
            return any(_is_caller(name, request.caller) for name in _identities(principal))
        return any(name in ("*", request.service) for name in _services(principal))

    if "NotPrincipal" in statement:
        return not named(statement["NotPrincipal"])
    return named(statement.get("Principal"))


def _identities(principal: Any) -> list[str]:
    if isinstance(principal, Mapping):
        return [str(name) for name in as_list(principal.get("AWS"))]
    return ["*"] if principal == "*" else []


def _is_caller(named: str, caller: str) -> bool:
    """An account stands for everybody in it, a role for its sessions; there are no wildcards but the bare one."""
    account, resource = caller.split(":")[4], caller.split(":", 5)[5]
    if named in ("*", caller, account):
        return True
    whose, _, what = named.rpartition(":")
    if not whose.endswith(f":{account}"):
        return False
    session_of = resource.startswith("assumed-role/") and resource.split("/")[1]
    return what == "root" or (what.startswith("role/") and what.rpartition("/")[2] == session_of)


def _services(principal: Any) -> Iterator[str]:
    if isinstance(principal, str):
        yield principal
    elif isinstance(principal, Mapping):
        yield from (str(name) for name in as_list(principal.get("Service")))
        # `{"AWS": "*"}` means everyone, service principals included; an account does not.
        yield from ("*" for name in as_list(principal.get("AWS")) if name == "*")


def _element_matches(
    statement: Mapping[str, Any], element: str, value: str, context: Context, *, fold: bool, variables: bool
) -> bool:
    def any_match(patterns: list[Any]) -> bool:
        for pattern in patterns:
            text = substitute(str(pattern), context) if variables else str(pattern)
            if text is not None and wildcard(text, fold).fullmatch(value):
                return True
        return False

    if f"Not{element}" in statement:
        return not any_match(as_list(statement[f"Not{element}"]))
    if element == "Resource" and element not in statement:
        # Trust policies have no Resource; every other kind is refused without one where it is put.
        return True
    return any_match(as_list(statement.get(element)))
