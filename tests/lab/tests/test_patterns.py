"""Filter patterns of CloudWatch Logs."""

from __future__ import annotations

import json
import unittest
from typing import Any

from support import proves

from lab.patterns import Options, PatternError, compile_pattern

ROOT = {
    "eventName": "ConsoleLogin",
    "userIdentity": {"type": "Root"},
    "errorCode": "Client.UnauthorizedOperation",
    "count": 400,
    "text": "400",
    "ok": True,
    "nothing": None,
    "list": [{"a": 1}, {"a": 2}],
    "names": ["x", "y"],
    "a.b": "dotted",
}


def hit(pattern: str, record: Any = None, **options: bool) -> bool:
    compiled = compile_pattern(pattern, Options(**options))
    return compiled.match(json.dumps(ROOT if record is None else record)) is not None


class Json(unittest.TestCase):
    @proves("pattern-json")
    def test_conditions(self) -> None:
        for pattern, expected in [
            ('{ $.eventName = "ConsoleLogin" }', True),
            ("{$.eventName=ConsoleLogin}", True),
            ('{ $.eventName = "consolelogin" }', False),
            ('{ $.eventName != "ConsoleLogin" }', False),
            ('{ $.eventName = "Console*" }', True),
            ('{ $.errorCode = "*UnauthorizedOperation" }', True),
            ("{ $.errorCode = *Unauthorized* }", True),
            ('{ $.eventName = "*" }', True),
            ("{ $.userIdentity.type = Root && $.userIdentity.invokedBy NOT EXISTS }", True),
            ("{ $.nothing NOT EXISTS }", False),
            ("{ $.missing NOT EXISTS }", True),
            ("{ $.nothing IS NULL }", True),
            ("{ $.missing IS NULL }", False),
            ("{ $.ok IS TRUE }", True),
            ("{ $.ok IS FALSE }", False),
            ("{ $.count = 400 }", True),
            ("{ $.count >= 400 && $.count < 401 }", True),
            ("{ $.count > 4e2 }", False),
            ("{ $.count != 400 }", False),
            ("{ $.list[1].a = 2 }", True),
            ("{ $.list[2].a = 2 }", False),
            ("{ $.list[*].a = 2 }", True),
            ("{ $.names[0] = x }", True),
            ("{ $.['a.b'] = dotted }", True),
            ("{ $.eventName = %^Console% }", True),
            ("{ $.eventName = %Login$% && $.errorCode = %Unauth% }", True),
        ]:
            with self.subTest(pattern):
                self.assertEqual(hit(pattern), expected)

    def test_precedence(self) -> None:
        yes, no = "$.ok IS TRUE", "$.ok IS FALSE"
        self.assertTrue(hit(f"{{ {yes} || {no} && {no} }}"))
        self.assertFalse(hit(f"{{ ({yes} || {no}) && {no} }}"))
        self.assertTrue(hit(f"{{ ({no} && {no}) || ({yes}) }}"))

    @proves("pattern-objects")
    def test_objects_never_match(self) -> None:
        for pattern in ('{ $.userIdentity = "*" }', '{ $.userIdentity != "x" }', "{ $.names = x }", "{ $.names != z }"):
            self.assertFalse(hit(pattern))

    @proves("pattern-missing")
    def test_missing(self) -> None:
        self.assertFalse(hit("{ $.missing != x }"))
        self.assertTrue(hit("{ $.missing != x }", not_equal_matches_missing=True))
        self.assertFalse(hit("{ $.missing = x }", not_equal_matches_missing=True))

    @proves("pattern-middle-star")
    def test_middle_star(self) -> None:
        policy, literal = {"eventName": "PutRolePolicy"}, {"eventName": "Put*Policy"}
        pattern = '{ $.eventName = "Put*Policy" }'
        self.assertTrue(hit(pattern, policy))
        self.assertFalse(hit(pattern, policy, middle_star_is_wildcard=False))
        self.assertTrue(hit(pattern, literal, middle_star_is_wildcard=False))
        self.assertTrue(hit('{ $.eventName = "Put*" }', policy, middle_star_is_wildcard=False))

    @proves("pattern-number")
    def test_numbers_and_strings(self) -> None:
        self.assertFalse(hit('{ $.count = "400" }'))
        self.assertTrue(hit('{ $.text = "400" }'))
        self.assertTrue(hit("{ $.text = 400 }"))

    def test_the_security_hub_patterns_read(self) -> None:
        for pattern in (
            '{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}',
            '{($.errorCode="*UnauthorizedOperation") || ($.errorCode="AccessDenied*")}',
            '{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") }',
            "{($.eventSource=iam.amazonaws.com) && (($.eventName=DeleteGroupPolicy) || ($.eventName=PutRolePolicy))}",
        ):
            compile_pattern(pattern)

    @proves("pattern-refused")
    def test_refused(self) -> None:
        for pattern in (
            "{ $.a = }",
            "{ $.a }",
            "{ a = b }",
            "{ $.a = b",
            "{ $.a = b } x",
            "{ $.a IS NOT NULL }",
            "{ $.a EXISTS }",
            "{ $.a > b }",
            "{ ($.a = b }",
            "{ $.a = b && }",
            "{ $.a = %(x)% }",
            "{ $.a = %x% && $.b = %x% && $.c = %x% }",
            "{ $.a[*].b[*] = x }",
            "{ $.a[*] = 1 && $.b[*] = 1 && $.c[*] = 1 && $.d[*] = 1 }",
            "[a, b",
            "ERROR (x)",
            "x" * 1025,
        ):
            with self.subTest(pattern[:40]), self.assertRaises(PatternError):
                compile_pattern(pattern)


class Terms(unittest.TestCase):
    @proves("pattern-terms")
    def test_terms(self) -> None:
        for pattern, message, expected in [
            ("", "anything", True),
            ("ERROR", "an ERROR here", True),
            ("ERROR", "an error here", False),
            ("ERROR ARGUMENTS", "ERROR only", False),
            ("?ERROR ?ARGUMENTS", "ARGUMENTS only", True),
            ("?ERROR ?ARGUMENTS", "neither", False),
            ("ERROR -ARGUMENTS", "ERROR ARGUMENTS", False),
            ('"INTERNAL SERVER"', "an INTERNAL SERVER error", True),
            ("%ERR[0-9]%", "ERR7", True),
            ("[ip, user, ..., status=4*, bytes>1000]", "1.2.3.4 bob GET /x 404 1200", True),
            ("[ip, user, ..., status=4*, bytes>1000]", "1.2.3.4 bob GET /x 404 900", False),
            ("[level=ERROR || level=WARN, text]", 'WARN "two words"', True),
        ]:
            with self.subTest(f"{pattern} / {message}"):
                self.assertEqual(compile_pattern(pattern).match(message) is not None, expected)

    def test_extracted_values(self) -> None:
        self.assertEqual(compile_pattern("[ip, status=4*]").match("1.2.3.4 404"), {"$ip": "1.2.3.4", "$status": "404"})


if __name__ == "__main__":
    unittest.main()
