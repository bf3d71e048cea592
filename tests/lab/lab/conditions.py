"""Condition blocks of policies: operators, IfExists, set operators, policy variables (cloudtrail.md 3.2). Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_LITERALS = {"*": "*", "?": "?", "$": "$"}


class Context:
    """Condition keys of a request; their names do not distinguish case."""

    def __init__(self, keys: Mapping[str, str | list[str]]) -> None:
        self._keys = {name.lower(): value for name, value in keys.items()}

    def values(self, key: str) -> list[str] | None:
        value = self._keys.get(key.lower())
        if value is None:
            return None
        return value if isinstance(value, list) else [value]


def substitute(text: str, context: Context) -> str | None:
    """Policy variables replaced; None when one has no value, because then nothing can match."""
    missing = False

    def replace(match: re.Match[str]) -> str:
        nonlocal missing
        name, _, default = match.group(1).partition(",")
        if name.strip() in _LITERALS:
            return _LITERALS[name.strip()]
        values = context.values(name.strip())
        if values and len(values) == 1:
            return values[0]
        if default:
            return default.strip().strip("'")
        missing = True
        return ""

    replaced = _VARIABLE.sub(replace, text)
    return None if missing else replaced


def conditions_met(block: Any, context: Context, *, deny: bool, variables: bool) -> bool:
    """All operators and keys must hold. What cannot be read holds for a Deny and fails for an Allow."""
    if not block:
        return True
    if not isinstance(block, Mapping):
        return deny
    for operator, keys in block.items():
        if not isinstance(keys, Mapping):
            return deny
        for key, wanted in keys.items():
            expected = [_text(value) for value in (wanted if isinstance(wanted, list) else [wanted])]
            if variables:
                expected = [done for done in (substitute(value, context) for value in expected) if done is not None]
            met = _condition(str(operator), context.values(str(key)), expected)
            if met is None:
                return deny
            if not met:
                return False
    return True


def is_operator(name: str) -> bool:
    """Whether AWS has the operator, with its prefix and suffix."""
    bare = name.rpartition(":")[2].removesuffix("IfExists").lower()
    return bare == "null" or bare in _TESTS or bare in _NEGATED or bare == "binaryequals"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _condition(operator: str, actual: list[str] | None, expected: list[str]) -> bool | None:
    """True or False, or None for an operator AWS does not have."""
    quantifier, _, rest = operator.rpartition(":")
    if_exists = rest.endswith("IfExists")
    name = rest.removesuffix("IfExists").lower()
    if name == "null":
        return _null(actual, expected)
    negated = name in _NEGATED
    test = _TESTS.get(_NEGATED.get(name, name))
    if test is None:
        return None
    if actual is None:
        # ForAnyValue on a missing key never matches, negated or not; ForAllValues always does.
        if quantifier == "ForAnyValue":
            return False
        return negated or if_exists or quantifier == "ForAllValues"

    def holds(value: str) -> bool:
        hit = any(test(value, pattern) for pattern in expected)
        return not hit if negated else hit

    return any(map(holds, actual)) if quantifier == "ForAnyValue" else all(map(holds, actual))


def _null(actual: list[str] | None, expected: list[str]) -> bool:
    return any((value.lower() == "true") == (actual is None) for value in expected)


@lru_cache(maxsize=4096)
def wildcard(pattern: str, fold: bool = False) -> re.Pattern[str]:
    """`*` any run, `?` one character, everything else itself."""
    body = "".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern)
    return re.compile(body, re.DOTALL | (re.IGNORECASE if fold else 0))


def _like(value: str, pattern: str) -> bool:
    return wildcard(pattern).fullmatch(value) is not None


def _arn_like(value: str, pattern: str) -> bool:
    """ARN operators compare part by part, so that `*` does not run over a colon."""
    have, want = value.split(":", 5), pattern.split(":", 5)
    return len(have) == 6 == len(want) and all(_like(one, other) for one, other in zip(have, want, strict=True))


def _number(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    def test(value: str, pattern: str) -> bool:
        try:
            return compare(float(value), float(pattern))
        except ValueError:
            return False

    return test


def _moment(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _date(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    def test(value: str, pattern: str) -> bool:
        try:
            return compare(_moment(value), _moment(pattern))
        except ValueError:
            return False

    return test


def _ip(value: str, pattern: str) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(pattern, strict=False)
    except ValueError:
        return False


_TESTS: dict[str, Callable[[str, str], bool]] = {
    "stringequals": lambda value, pattern: value == pattern,
    "stringequalsignorecase": lambda value, pattern: value.lower() == pattern.lower(),
    "stringlike": _like,
    "arnequals": _arn_like,
    "arnlike": _arn_like,
    "bool": lambda value, pattern: value.lower() == pattern.lower(),
    "ipaddress": _ip,
    "numericequals": _number(lambda a, b: a == b),
    "numericlessthan": _number(lambda a, b: a < b),
    "numericlessthanequals": _number(lambda a, b: a <= b),
    "numericgreaterthan": _number(lambda a, b: a > b),
    "numericgreaterthanequals": _number(lambda a, b: a >= b),
    "dateequals": _date(lambda a, b: a == b),
    "datelessthan": _date(lambda a, b: a < b),
    "datelessthanequals": _date(lambda a, b: a <= b),
    "dategreaterthan": _date(lambda a, b: a > b),
    "dategreaterthanequals": _date(lambda a, b: a >= b),
}
_NEGATED = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "arnnotequals": "arnequals",
    "arnnotlike": "arnlike",
    "notipaddress": "ipaddress",
    "numericnotequals": "numericequals",
    "datenotequals": "dateequals",
}
