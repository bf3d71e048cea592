"""CloudWatch Logs filter patterns: which kind a text is (cloudtrail.md 5.2, 5.3). Pure.

Two corners are undecided in AWS's documents; Options makes them switchable.
"""

from __future__ import annotations

from functools import lru_cache

from lab.json_patterns import json_pattern, select
from lab.pattern_parts import Options, Pattern, PatternError
from lab.text_patterns import delimited_pattern, terms_pattern

__all__ = ["Options", "Pattern", "PatternError", "compile_pattern", "select"]
MAX_LENGTH = 1024


@lru_cache(maxsize=512)
def compile_pattern(text: str, options: Options = Options()) -> Pattern:
    if len(text) > MAX_LENGTH:
        raise PatternError(f"the pattern has {len(text)} characters; {MAX_LENGTH} are allowed")
    stripped = text.strip()
    if stripped in ("", '" "', '""'):
        return Pattern("all", lambda message: {})
    if stripped.startswith("{"):
        return json_pattern(stripped, options)
    if stripped.startswith("["):
        return delimited_pattern(stripped)
    return terms_pattern(stripped)
