"""JSON filter patterns: tokens, precedence, selectors and comparisons (cloudtrail.md 5.2). Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lab.pattern_parts import NUMBER, Options, Pattern, PatternError, glob, regex

Test = Callable[[Any], bool]

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<punctuation>&&|\|\||[(){}])
    | (?P<selector>\$(?:\.\[['"][^'"]*['"]\]|\.\*|\.[A-Za-z0-9_-]+|\[(?:\d+|\*)\])+)
    | (?P<operator>!=|>=|<=|=|>|<)
    | (?P<quoted>"(?:[^"\\]|\\.)*")
    | (?P<regex>%[^%]*%)
    | (?P<word>[^\s(){}&|=!<>"%$]+)
    )""",
    re.VERBOSE,
)
_STEP = re.compile(r"""\.\[['"]([^'"]*)['"]\]|\.(\*)|\.([A-Za-z0-9_-]+)|\[(\d+|\*)\]""")


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str


def _tokens(text: str) -> list[_Token]:
    found, position = [], 0
    while position < len(text):
        if not text[position:].strip():
            break
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise PatternError(f"cannot read {text[position : position + 20]!r}")
        found.append(_Token(match.lastgroup, match.group(match.lastgroup)))
        position = match.end()
    return found


def json_pattern(text: str, options: Options) -> Pattern:
    parser = _Parser(_tokens(text), options)
    test = parser.parse()

    def match(message: str) -> dict[str, str] | None:
        try:
            document = json.loads(message)
        except ValueError:
            return None
        return {} if isinstance(document, dict) and test(document) else None

    return Pattern("json", match)


class _Parser:
    """Parentheses bind first, then `&&`, then `||`."""

    def __init__(self, tokens: list[_Token], options: Options) -> None:
        self._tokens = tokens
        self._at = 0
        self._options = options
        self._regexes = 0
        self._wildcards = 0

    def parse(self) -> Test:
        self._expect("{")
        test = self._any()
        self._expect("}")
        if self._at != len(self._tokens):
            raise PatternError(f"nothing may follow the closing brace, but {self._tokens[self._at].text!r} does")
        if self._regexes > 2:
            raise PatternError("a pattern takes up to 2 regular expressions")
        if self._wildcards > 3:
            raise PatternError("a pattern takes up to 3 wildcard selectors")
        return test

    def _next(self, *kinds: str) -> _Token:
        if self._at == len(self._tokens):
            raise PatternError("the pattern ends too early")
        token = self._tokens[self._at]
        if kinds and token.kind not in kinds:
            raise PatternError(f"{token.text!r} stands where a {' or '.join(kinds)} belongs")
        self._at += 1
        return token

    def _peek(self) -> str:
        return self._tokens[self._at].text if self._at < len(self._tokens) else ""

    def _expect(self, text: str) -> None:
        token = self._next("punctuation")
        if token.text != text:
            raise PatternError(f"{token.text!r} stands where {text!r} belongs")

    def _any(self) -> Test:
        tests = [self._all()]
        while self._peek() == "||":
            self._at += 1
            tests.append(self._all())
        return tests[0] if len(tests) == 1 else lambda document: any(test(document) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._peek() == "&&":
            self._at += 1
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda document: all(test(document) for test in tests)

    def _one(self) -> Test:
        if self._peek() == "(":
            self._expect("(")
            test = self._any()
            self._expect(")")
            return test
        steps = self._steps(self._next("selector").text)
        token = self._next("operator", "word")
        if token.kind == "operator":
            return self._comparison(steps, token.text)
        return self._word_condition(steps, token.text)

    def _steps(self, text: str) -> tuple[str | int, ...]:
        steps: list[str | int] = []
        for match in _STEP.finditer(text[1:]):
            key, star, name, index = match.groups()
            if star or index == "*":
                steps.append("*")
            elif index is not None:
                steps.append(int(index))
            else:
                steps.append(key if key is not None else name)
        stars = steps.count("*")
        if stars > 1:
            raise PatternError(f"selector {text} has more than one wildcard")
        self._wildcards += stars
        return tuple(steps)

    def _word_condition(self, steps: tuple[str | int, ...], word: str) -> Test:
        if word.upper() == "NOT" and self._next("word").text.upper() == "EXISTS":
            return lambda document: not _values(document, steps)
        wanted = {"NULL": None, "TRUE": True, "FALSE": False}
        if word.upper() == "IS":
            name = self._next("word").text.upper()
            if name in wanted:
                return lambda document: any(value is wanted[name] for value in _values(document, steps))
        raise PatternError("after a selector comes an operator, IS NULL, IS TRUE, IS FALSE or NOT EXISTS")

    def _comparison(self, steps: tuple[str | int, ...], operator: str) -> Test:
        token = self._next("quoted", "regex", "word")
        equal = self._equality(token)
        if operator == "=":
            return lambda document: any(equal(value) for value in _scalars(document, steps))
        if operator == "!=":
            missing = self._options.not_equal_matches_missing

            def differs(document: Any) -> bool:
                if not _values(document, steps):
                    return missing
                return any(not equal(value) for value in _scalars(document, steps))

            return differs
        if token.kind != "word" or not NUMBER.fullmatch(token.text):
            raise PatternError(f"{operator} compares numbers, and {token.text!r} is none")
        return numeric(steps, operator, float(token.text))

    def _equality(self, token: _Token) -> Test:
        if token.kind == "regex":
            self._regexes += 1
            expression = regex(token.text[1:-1])
            return lambda value: isinstance(value, str) and expression.search(value) is not None
        if token.kind == "quoted":
            text = re.sub(r"\\(.)", r"\1", token.text[1:-1])
            pattern = glob(text, self._options)
            return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None
        pattern = glob(token.text, self._options)
        number = float(token.text) if NUMBER.fullmatch(token.text) else None

        def equal(value: Any) -> bool:
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                return value == number if number is not None else pattern.fullmatch(json.dumps(value)) is not None
            return isinstance(value, str) and pattern.fullmatch(value) is not None

        return equal


def numeric(steps: tuple[str | int, ...], operator: str, wanted: float) -> Test:
    compare: dict[str, Callable[[float], bool]] = {
        ">": lambda value: value > wanted,
        "<": lambda value: value < wanted,
        ">=": lambda value: value >= wanted,
        "<=": lambda value: value <= wanted,
    }
    test = compare[operator]
    return lambda document: any(
        isinstance(value, (int, float)) and not isinstance(value, bool) and test(value)
        for value in _scalars(document, steps)
    )


def _values(document: Any, steps: tuple[str | int, ...]) -> list[Any]:
    """What a selector reaches; nothing when a step is missing."""
    current = [document]
    for step in steps:
        reached: list[Any] = []
        for value in current:
            if step == "*":
                reached += value if isinstance(value, list) else value.values() if isinstance(value, dict) else []
            elif isinstance(step, int):
                reached += value[step : step + 1] if isinstance(value, list) else []
            elif isinstance(value, dict) and step in value:
                reached.append(value[step])
        current = reached
    return current


def _scalars(document: Any, steps: tuple[str | int, ...]) -> list[Any]:
    """A selector that ends at an object or a list never matches, neither with = nor with !=."""
    return [value for value in _values(document, steps) if not isinstance(value, (dict, list))]


def select(message: str, selector: str) -> Any:
    """The value a metric transformation or a dimension takes out of a message; None when there is none."""
    try:
        document = json.loads(message)
    except ValueError:
        return None
    steps = _Parser([], Options())._steps(selector)
    return next(iter(_scalars(document, steps)), None)
