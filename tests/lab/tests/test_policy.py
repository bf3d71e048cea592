"""The policy evaluator, against what IAM's documents say."""

from __future__ import annotations

import json
import unittest
from typing import Any

from support import document, proves, statement

from lab.policy import Request, decide
from lab.policy_documents import locks_out, problem

ARN = "arn:aws:s3:::b/AWSLogs/111122223333/CloudTrail/x"
CONTEXT = {
    "aws:SourceArn": "arn:aws:cloudtrail:us-east-1:111122223333:trail/main",
    "aws:SecureTransport": "true",
    "aws:SourceIp": "203.0.113.7",
    "aws:CurrentTime": "2026-01-01T00:00:00Z",
    "s3:max-keys": "10",
}


def allowed(*statements: Any, action: str = "s3:PutObject", resource: str = ARN, **context: Any) -> bool:
    return decide(document(*statements), Request(action, resource, {**CONTEXT, **context})).allowed


def conditional(operator: str, key: str, *values: str) -> Any:
    return statement("s3:PutObject", ARN, **{operator: {key: list(values)}})


class Statements(unittest.TestCase):
    @proves("policy-language")
    def test_nothing_said_is_a_refusal(self) -> None:
        self.assertFalse(decide(None, Request("s3:PutObject", ARN)).allowed)
        self.assertFalse(decide("not json", Request("s3:PutObject", ARN)).allowed)
        self.assertFalse(allowed())

    def test_actions_fold_case_and_take_wildcards(self) -> None:
        for action, expected in [("S3:putobject", True), ("s3:Put*", True), ("s3:Get*", False), ("*", True)]:
            with self.subTest(action):
                self.assertEqual(allowed(statement(action, ARN)), expected)

    def test_resources_keep_case(self) -> None:
        self.assertTrue(allowed(statement("s3:*", "arn:aws:s3:::b/AWSLogs/*")))
        self.assertTrue(allowed(statement("s3:*", "arn:aws:s3:::?/AWSLogs/*")))
        self.assertFalse(allowed(statement("s3:*", "arn:aws:s3:::b/awslogs/*")))

    def test_principals(self) -> None:
        for principal, expected in [
            ("*", True),
            ({"AWS": "*"}, True),
            ({"Service": ["config.amazonaws.com", "cloudtrail.amazonaws.com"]}, True),
            ({"Service": "config.amazonaws.com"}, False),
            ({"AWS": "arn:aws:iam::111122223333:root"}, False),
        ]:
            with self.subTest(principal):
                self.assertEqual(allowed({**statement("s3:*", "*"), "Principal": principal}), expected)

    def test_not_elements_invert(self) -> None:
        base = {"Effect": "Allow", "Principal": "*"}
        self.assertFalse(allowed({**base, "NotAction": "s3:Put*", "Resource": "*"}))
        self.assertTrue(allowed({**base, "NotAction": "s3:Get*", "Resource": "*"}))
        self.assertFalse(allowed({**base, "Action": "s3:*", "NotResource": "arn:aws:s3:::b/*"}))
        ours = {"Service": "cloudtrail.amazonaws.com"}
        self.assertFalse(allowed({"Effect": "Allow", "NotPrincipal": ours, "Action": "s3:*", "Resource": "*"}))

    @proves("bucket-policy-deny")
    def test_deny_beats_allow_wherever_it_stands(self) -> None:
        deny = {**statement("s3:PutObject", "*"), "Effect": "Deny", "Sid": "No"}
        allow = statement("s3:*", "*")
        for order in ([deny, allow], [allow, deny]):
            decision = decide(document(*order), Request("s3:PutObject", ARN))
            self.assertEqual((decision.allowed, decision.statement, decision.explicit_deny), (False, "No", True))


class Conditions(unittest.TestCase):
    def test_operators(self) -> None:
        source = CONTEXT["aws:SourceArn"]
        for operator, key, value, expected in [
            ("StringEquals", "AWS:SourceArn", source, True),
            ("StringEquals", "aws:SourceArn", "arn:*", False),
            ("StringLike", "aws:SourceArn", "arn:aws:cloudtrail:*", True),
            ("StringNotEquals", "aws:SourceArn", source, False),
            ("StringNotEquals", "aws:SourceAccount", "1", True),
            ("StringEquals", "aws:SourceAccount", "1", False),
            ("StringEqualsIfExists", "aws:SourceAccount", "1", True),
            ("ArnLike", "aws:SourceArn", "arn:aws:cloudtrail:*:111122223333:trail/*", True),
            ("ArnLike", "aws:SourceArn", "arn:aws:cloudtrail:*:trail/main", False),
            ("ArnEquals", "aws:SourceArn", "arn:aws:cloudtrail:us-????-1:111122223333:trail/main", True),
            ("Bool", "aws:SecureTransport", "true", True),
            ("Bool", "aws:SecureTransport", "false", False),
            ("Null", "aws:SourceAccount", "true", True),
            ("Null", "aws:SourceArn", "true", False),
            ("ForAnyValue:StringNotEquals", "aws:SourceAccount", "1", False),
            ("ForAllValues:StringEquals", "aws:SourceAccount", "1", True),
            ("StringSoundsLike", "aws:SourceArn", source, False),
            ("IpAddress", "aws:SourceIp", "203.0.113.0/24", True),
            ("IpAddress", "aws:SourceIp", "203.0.113.9/24", True),
            ("IpAddress", "aws:SourceIp", "198.51.100.0/24", False),
            ("NotIpAddress", "aws:SourceIp", "203.0.113.0/24", False),
            ("IpAddress", "aws:SourceIp", "nowhere", False),
            ("NumericGreaterThan", "s3:max-keys", "9", True),
            ("NumericGreaterThan", "s3:max-keys", "10", False),
            ("NumericLessThanEquals", "s3:max-keys", "10", True),
            ("DateLessThan", "aws:CurrentTime", "2026-01-02T00:00:00Z", True),
            ("DateGreaterThan", "aws:CurrentTime", "2026-01-01T00:00:00Z", False),
        ]:
            with self.subTest(f"{operator} {key} {value}"):
                self.assertEqual(allowed(conditional(operator, key, value)), expected)

    def test_values_are_or_ed_and_keys_and_ed(self) -> None:
        self.assertTrue(allowed(conditional("StringEquals", "aws:SourceArn", "other", CONTEXT["aws:SourceArn"])))
        both = {"aws:SourceArn": CONTEXT["aws:SourceArn"], "aws:SourceAccount": "1"}
        self.assertFalse(allowed(statement("s3:*", "*", StringEquals=both)))

    def test_an_unknown_operator_makes_a_deny_hold(self) -> None:
        deny = {**conditional("StringSoundsLike", "aws:SourceArn", "x"), "Effect": "Deny"}
        self.assertFalse(allowed(statement("s3:*", "*"), deny))

    @proves("policy-variables")
    def test_variables_need_the_version(self) -> None:
        one = statement("s3:PutObject", "arn:aws:s3:::b/AWSLogs/${aws:SourceAccount}/*")
        request = Request("s3:PutObject", ARN, {"aws:SourceAccount": "111122223333"})
        self.assertTrue(decide({"Version": "2012-10-17", "Statement": one}, request).allowed)
        self.assertFalse(decide({"Statement": one}, request).allowed)
        self.assertFalse(decide({"Version": "2012-10-17", "Statement": one}, Request("s3:PutObject", ARN)).allowed)


class Documents(unittest.TestCase):
    def test_a_good_one(self) -> None:
        text = document(statement("s3:PutObject", "arn:aws:s3:::b/*"), statement("s3:GetBucketAcl", "arn:aws:s3:::b"))
        self.assertIsNone(problem(text, actions="s3", resource_prefix="arn:aws:s3:::b"))

    @proves("bucket-policy-malformed", "key-policy-malformed", "topic-policy-malformed")
    def test_bad_ones(self) -> None:
        good = statement("s3:PutObject", "arn:aws:s3:::b/*")
        for bad, said in [
            ("{", "valid JSON"),
            (json.dumps({"Version": "2013-01-01", "Statement": good}), "version"),
            (document(), "Statement"),
            (document({**good, "Effect": "Maybe"}), "effect"),
            (document({k: v for k, v in good.items() if k != "Principal"}), "Principal"),
            (document({**good, "Action": "sns:Publish"}), "action"),
            (document({**good, "Resource": "arn:aws:s3:::other/*"}), "resource"),
            (document({**good, "Condition": {"StringSoundsLike": {"a": "b"}}}), "Condition type"),
        ]:
            with self.subTest(said):
                self.assertIn(said, problem(bad, actions="s3", resource_prefix="arn:aws:s3:::b") or "")

    def test_lock_out(self) -> None:
        keeps = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:root"}, "Action": "kms:*", "Resource": "*"}
        self.assertFalse(locks_out(document(keeps), "1"))
        self.assertTrue(locks_out(document(keeps), "2"))
        self.assertTrue(locks_out(document({**keeps, "Action": "kms:Decrypt"}), "1"))


if __name__ == "__main__":
    unittest.main()
