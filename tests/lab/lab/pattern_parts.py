"""What all kinds of filter patterns share: options, errors, wildcards, regexes (cloudtrail.md 5.2). Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_REGEX_TEXT = re.compile(r"(?:\\.|[A-Za-z0-9:_#=@/;,\-^$?\[\]{}|*+.!\s])*")


class PatternError(Exception):
    """The pattern is not one; the text says where."""


@dataclass(frozen=True)
class Options:
    # `*` in the middle of a word: a wildcard, or itself as documented until 2022.
    middle_star_is_wildcard: bool = True
    # `$.x != v` where x is missing: the one observation there is gave no match.
    not_equal_matches_missing: bool = False


@dataclass(frozen=True)
class Pattern:
    kind: str
    _match: Callable[[str], dict[str, str] | None]

    def match(self, message: str) -> dict[str, str] | None:
        """None, or the values the pattern extracts (empty for most)."""
        return self._match(message)


def regex(text: str) -> re.Pattern[str]:
    if not _REGEX_TEXT.fullmatch(text) or "(" in text.replace("\\(", ""):
        raise PatternError(f"regular expression %{text}% has a character that is not allowed")
    try:
        return re.compile(text)
    except re.error as error:
        raise PatternError(f"regular expression %{text}%: {error}") from error


def glob(text: str, options: Options) -> re.Pattern[str]:
    """`*` at the ends is any run of characters; in the middle it depends on the options."""
    if options.middle_star_is_wildcard:
        return re.compile(".*".join(re.escape(part) for part in text.split("*")), re.DOTALL)
    head = ".*" if text.startswith("*") else ""
    tail = ".*" if text.endswith("*") and len(text) > 1 else ""
    middle = text.removeprefix("*").removesuffix("*") if len(text) > 1 else ""
    return re.compile(head + re.escape(middle) + tail, re.DOTALL)
