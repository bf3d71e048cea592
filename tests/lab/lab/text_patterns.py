"""Filter patterns of terms and of space-delimited fields (cloudtrail.md 5.3). Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

from lab.json_patterns import numeric
from lab.pattern_parts import NUMBER, Options, Pattern, PatternError, glob, regex

_TERM = re.compile(r'(?P<sign>[?-]?)(?:"(?P<quoted>[^"]*)"|%(?P<regex>[^%]+)%|(?P<word>[^\s"%]+))')
_WORD = re.compile(r"[\w?*.:/@#-]+")


def terms_pattern(text: str) -> Pattern:
    required: list[re.Pattern[str]] = []
    optional: list[re.Pattern[str]] = []
    excluded: list[re.Pattern[str]] = []
    position = 0
    while position < len(text):
        match = _TERM.match(text, position)
        if match is None:
            raise PatternError(f"invalid character(s) in term {text[position : position + 20]!r}")
        word = match.group("word")
        if word is not None and not _WORD.fullmatch(word):
            raise PatternError(f"invalid character(s) in term {word!r}; put it in double quotes")
        expression = (
            regex(match.group("regex"))
            if match.group("regex")
            else re.compile(re.escape(match.group("quoted") or word))
        )
        {"?": optional, "-": excluded, "": required}[match.group("sign")].append(expression)
        position = match.end()
        while position < len(text) and text[position].isspace():
            position += 1

    def matches(message: str) -> dict[str, str] | None:
        if any(term.search(message) for term in excluded) or not all(term.search(message) for term in required):
            return None
        # `?` terms count only when they stand alone.
        if optional and not required and not any(term.search(message) for term in optional):
            return None
        return {}

    return Pattern("terms", matches)


_FIELDS = re.compile(r'"[^"]*"|\[[^\]]*\]|\S+')
_FIELD = re.compile(r"(?P<name>\w+)\s*(?:(?P<operator>!=|>=|<=|=|>|<)\s*(?P<value>.+))?")


def delimited_pattern(text: str) -> Pattern:
    if not text.endswith("]"):
        raise PatternError("a space-delimited pattern must end with ]")
    names: list[str] = []
    tests: list[Callable[[str], bool]] = []
    for part in (part.strip() for part in text[1:-1].split(",")):
        if part == "...":
            names.append("...")
            tests.append(lambda value: True)
            continue
        name, test = _delimited_field(part)
        names.append(name)
        tests.append(test)

    def match(message: str) -> dict[str, str] | None:
        found = [field.strip('"[]') for field in _FIELDS.findall(message)]
        if "..." in names:
            gap = names.index("...")
            after = len(names) - gap - 1
            if len(found) < len(names) - 1:
                return None
            found = [*found[:gap], "", *found[len(found) - after :]] if after else [*found[:gap], ""]
        if len(found) != len(names) or not all(test(value) for test, value in zip(tests, found, strict=True)):
            return None
        return {f"${name}": value for name, value in zip(names, found, strict=True) if name != "..."}

    return Pattern("delimited", match)


def _delimited_field(part: str) -> tuple[str, Callable[[str], bool]]:
    name = ""
    groups: list[list[Callable[[str], bool]]] = []
    for alternative in part.split("||"):
        tests = []
        for condition in alternative.split("&&"):
            match = _FIELD.fullmatch(condition.strip())
            if match is None:
                raise PatternError(f"cannot read field {part!r}")
            name = name or match.group("name")
            tests.append(_delimited_test(match.group("operator"), (match.group("value") or "").strip()))
        groups.append(tests)
    return name, lambda value: any(all(test(value) for test in tests) for tests in groups)


def _delimited_test(operator: str | None, wanted: str) -> Callable[[str], bool]:
    if operator is None:
        return lambda value: True
    if operator in ("=", "!="):
        if wanted.startswith("%") and wanted.endswith("%") and len(wanted) > 1:
            expression = regex(wanted[1:-1])
            hit = lambda value: expression.search(value) is not None  # noqa: E731
        else:
            pattern = glob(wanted.strip('"'), Options())
            hit = lambda value: pattern.fullmatch(value) is not None  # noqa: E731
        return hit if operator == "=" else lambda value: not hit(value)
    if not NUMBER.fullmatch(wanted):
        raise PatternError(f"{operator} compares numbers, and {wanted!r} is none")
    test = numeric((), operator, float(wanted))
    return lambda value: bool(NUMBER.fullmatch(value)) and test(float(value))
