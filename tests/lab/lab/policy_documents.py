"""What S3, KMS and SNS refuse as a policy document when it is put. Pure; evaluation is in policy.py."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lab.conditions import is_operator
from lab.policy import as_list, wildcard


def problem(text: str, *, actions: str, resource_prefix: str | None = None) -> str | None:
    """What is wrong with a resource policy, or None. `actions` is the service prefix of its actions."""
    try:
        document = json.loads(text)
    except ValueError:
        return "Policies must be valid JSON and the first byte must be '{'"
    if not isinstance(document, Mapping):
        return "Policies must be valid JSON and the first byte must be '{'"
    if document.get("Version") not in (None, "2012-10-17", "2008-10-17"):
        return f"The policy must contain a valid version string, not {document['Version']!r}"
    statements = as_list(document.get("Statement"))
    if not statements:
        return "Missing required field Statement"
    for statement in statements:
        found = _statement_problem(statement, actions, resource_prefix)
        if found:
            return found
    return None


def _statement_problem(statement: Any, actions: str, resource_prefix: str | None) -> str | None:
    if not isinstance(statement, Mapping):
        return "A statement must be an object"
    if statement.get("Effect") not in ("Allow", "Deny"):
        return f"Invalid effect: {statement.get('Effect')}"
    for element in ("Principal", "Action", "Resource"):
        if element not in statement and f"Not{element}" not in statement:
            return f"Missing required field {element}"
    for action in as_list(statement.get("Action")) + as_list(statement.get("NotAction")):
        if action != "*" and not str(action).lower().startswith(f"{actions}:"):
            return f"Policy has invalid action: {action}"
    if resource_prefix is not None:
        for resource in as_list(statement.get("Resource")) + as_list(statement.get("NotResource")):
            if resource != resource_prefix and not str(resource).startswith(f"{resource_prefix}/"):
                return f"Policy has invalid resource: {resource}"
    for name in statement.get("Condition") or {}:
        if not is_operator(str(name)):
            return f"Invalid Condition type: {name}"
    return None


def locks_out(text: str, account: str) -> bool:
    """Whether nobody of the account could change the key policy any more."""
    for statement in as_list(json.loads(text).get("Statement")):
        principal = statement.get("Principal")
        names = as_list(principal.get("AWS")) if isinstance(principal, Mapping) else as_list(principal)
        ours = any(name in ("*", account) or f":{account}:" in str(name) for name in names)
        may = any(
            wildcard(str(action), True).fullmatch("kms:PutKeyPolicy") for action in as_list(statement.get("Action"))
        )
        if statement.get("Effect") == "Allow" and ours and may:
            return False
    return True
