"""Which records a trail takes."""

from __future__ import annotations

import random
import unittest
from dataclasses import replace
from typing import Any

from support import ACCOUNT, REGION, proves, trail_arn
from test_selectors import advanced, data, field

from lab import records
from lab.matching import takes
from lab.model import Trail
from lab.selectors import accept

TRAIL = Trail("main", ACCOUNT, REGION, trail_arn(), "trail-logs")
OBJECT = {
    "eventCategory": "Data",
    "eventName": "PutObject",
    "eventSource": "s3.amazonaws.com",
    "resources": [{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::b/in/x.csv"}],
}


def record(**members: Any) -> Any:
    return records.complete(members, ACCOUNT, REGION, 0.0, random.Random(1))


def basic(*selectors: Any) -> Trail:
    return replace(TRAIL, event_selectors=accept(list(selectors), None)[0])


def with_advanced(*selectors: Any) -> Trail:
    return replace(TRAIL, advanced_selectors=accept(None, list(selectors))[1])


class Basic(unittest.TestCase):
    @proves("matching-basic")
    def test_any_selector(self) -> None:
        read, write = record(eventName="DescribeVpcs"), record(eventName="CreateVpc")
        kms = record(eventSource="kms.amazonaws.com", eventName="Decrypt", readOnly=True)
        for trail, expected in [
            (TRAIL, [True, True, True]),
            (basic({"ReadWriteType": "ReadOnly"}), [True, False, True]),
            (basic({"ReadWriteType": "WriteOnly"}), [False, True, False]),
            (basic({"ReadWriteType": "WriteOnly"}, {"ReadWriteType": "ReadOnly"}), [True, True, True]),
            (basic({"ExcludeManagementEventSources": ["kms.amazonaws.com"]}), [True, True, False]),
            (basic({"ExcludeManagementEventSources": ["kms.amazonaws.com"]}, {}), [True, True, True]),
            (basic({"IncludeManagementEvents": False}), [False, False, False]),
        ]:
            self.assertEqual([takes(trail, one) for one in (read, write, kms)], expected)

    def test_data_resources(self) -> None:
        for kind, value, expected in [
            ("AWS::S3::Object", "arn:aws:s3", True),
            ("AWS::S3::Object", "arn:aws:s3:::", True),
            ("AWS::S3::Object", "arn:aws:s3:::b/", True),
            ("AWS::S3::Object", "arn:aws:s3:::b/in", True),
            ("AWS::S3::Object", "arn:aws:s3:::b/out", False),
            ("AWS::S3::Object", "arn:aws:s3:::b-2/", False),
            ("AWS::Lambda::Function", "arn:aws:lambda", False),
        ]:
            trail = basic({"DataResources": [{"Type": kind, "Values": [value]}]})
            with self.subTest(value):
                self.assertEqual(takes(trail, record(**OBJECT)), expected)
        self.assertFalse(takes(TRAIL, record(**OBJECT)))


class Advanced(unittest.TestCase):
    @proves("matching-advanced")
    def test_operators(self) -> None:
        for selector, expected in [
            (data(), True),
            (data(kind="AWS::Lambda::Function"), False),
            (data(field("eventName", Equals=["GetObject", "PutObject"])), True),
            (data(field("eventName", StartsWith=["Get"], EndsWith=["Object"])), True),
            (data(field("eventName", NotEquals=["GetObject"], NotStartsWith=["Put"])), False),
            (data(field("eventName", StartsWith=["Put"], NotEndsWith=["Object"])), False),
            (data(field("resources.ARN", StartsWith=["arn:aws:s3:::b/"])), True),
            (data(field("resources.ARN", NotStartsWith=["arn:aws:s3:::b/"])), False),
            (data(field("readOnly", Equals=["false"]), field("eventSource", Equals=["s3.amazonaws.com"])), True),
            (data(field("readOnly", Equals=["true"])), False),
            (advanced("Management"), False),
        ]:
            with self.subTest(selector):
                self.assertEqual(takes(with_advanced(selector), record(**OBJECT)), expected)
        both = with_advanced(data(kind="AWS::SNS::Topic"), data())
        self.assertTrue(takes(both, record(**OBJECT)))

    def test_network_activity(self) -> None:
        denied = {
            "eventCategory": "NetworkActivity",
            "eventSource": "s3.amazonaws.com",
            "errorCode": "VpceAccessDenied",
        }
        source = field("eventSource", Equals=["s3.amazonaws.com"])
        trail = with_advanced(advanced("NetworkActivity", source, field("errorCode", Equals=["VpceAccessDenied"])))
        self.assertTrue(takes(trail, record(**denied)))
        self.assertFalse(takes(trail, record(**{**denied, "errorCode": None})))
        self.assertFalse(takes(TRAIL, record(**denied)))

    def test_insights_and_aggregates(self) -> None:
        for category, member in [("Insight", "insights"), ("Aggregated", "aggregations")]:
            one = record(eventCategory=category)
            self.assertFalse(takes(TRAIL, one))
            self.assertTrue(takes(replace(TRAIL, **{member: ({},)}), one))


class Trails(unittest.TestCase):
    @proves("matching-global")
    def test_global_services(self) -> None:
        iam = record(eventSource="iam.amazonaws.com", eventName="CreateUser")
        self.assertTrue(takes(TRAIL, iam))
        self.assertFalse(takes(replace(TRAIL, global_events=False), iam))
        seed = random.Random(7)
        west = {records.generate(seed, ACCOUNT, "eu-west-1", 0.0)["eventSource"] for _ in range(300)}
        east = {records.generate(seed, ACCOUNT, "us-east-1", 0.0)["eventSource"] for _ in range(300)}
        self.assertEqual("iam.amazonaws.com" in west, False)
        self.assertEqual("iam.amazonaws.com" in east, True)

    @proves("matching-recursive")
    def test_own_deliveries(self) -> None:
        own = record(**{**OBJECT, "userIdentity": {"type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com"}})
        trail = with_advanced(data())
        self.assertTrue(takes(trail, own))
        self.assertFalse(takes(replace(trail, recursive=False), own))
        self.assertTrue(takes(replace(trail, recursive=False), record(**OBJECT)))


if __name__ == "__main__":
    unittest.main()
