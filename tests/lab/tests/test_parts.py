"""Clock, call log, faults, wire forms, organization book: the parts under the control plane."""

from __future__ import annotations

import json
import unittest

import cbor2
from support import ACCOUNT, OTHER, REGION, START, World, proves

from lab import wire
from lab.clock import Clock, iso, parse_iso
from lab.errors import LabError
from lab.faults import Faults
from lab.model import Caller
from lab.trace import Call, Trace

AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential={key}/20260101/eu-west-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
)


class Clocks(unittest.TestCase):
    def test_clock(self) -> None:
        clock = Clock(lambda: START)
        clock.advance(90)
        self.assertEqual(clock.now(), START + 90)
        clock.set(parse_iso("2026-01-02T03:04:05Z"))
        self.assertEqual(iso(clock.now()), "2026-01-02T03:04:05Z")
        with clock.pinned(5.0):
            self.assertEqual(clock.now(), 5.0)
        clock.reset()
        self.assertEqual(clock.now(), START)
        with self.assertRaises(LabError):
            parse_iso("yesterday")


class Traces(unittest.TestCase):
    def test_report(self) -> None:
        trace = Trace()
        for service, operation, account in [
            ("cloudtrail", "CreateTrail", ACCOUNT),
            ("cloudtrail", "GetTrail", ACCOUNT),
            ("sts", "AssumeRole", ACCOUNT),
            ("s3", "HeadBucket", OTHER),
            ("logs", "TestMetricFilter", OTHER),
            ("logs", "PutMetricFilter", OTHER),
        ]:
            trace.add(Call(service, operation, account, REGION))
        report = trace.report(None, None, 0, iso)
        self.assertEqual((report["writes"], report["last"], len(report["calls"])), (2, 6, 6))
        self.assertEqual(
            trace.report(ACCOUNT, None, 1, iso)["byOperation"], {"cloudtrail:GetTrail": 1, "sts:AssumeRole": 1}
        )
        self.assertEqual(trace.report(None, "logs", 0, iso)["writes"], 1)
        trace.clear()
        trace.add(Call("s3", "PutObject", ACCOUNT, REGION))
        self.assertEqual([call["seq"] for call in trace.report(None, None, 0, iso)["calls"]], [7])


class FaultRules(unittest.TestCase):
    def setUp(self) -> None:
        self.faults = Faults()

    def taken(self, operation: str = "GetTrail", service: str = "cloudtrail", account: str = ACCOUNT) -> bool:
        return self.faults.take(Call(service, operation, account, REGION)) is not None

    def test_matching(self) -> None:
        self.faults.add({"service": "cloudtrail", "operation": "Get*", "account": ACCOUNT, "times": -1, "status": 503})
        self.assertTrue(self.taken())
        self.assertTrue(self.taken("GetTrailStatus"))
        self.assertFalse(self.taken("CreateTrail"))
        self.assertFalse(self.taken(service="s3"))
        self.assertFalse(self.taken(account=OTHER))

    def test_skip_and_times(self) -> None:
        fault = self.faults.add({"skip": 2, "times": 2, "code": "ThrottlingException"})
        self.assertEqual([self.taken() for _ in range(5)], [False, False, True, True, False])
        self.assertEqual((fault.hits, fault.status), (2, 400))

    def test_probability_is_seeded(self) -> None:
        runs = []
        for _ in range(2):
            faults = self.faults = Faults()
            faults.add({"probability": 0.5, "seed": 3, "times": -1, "status": 500})
            runs.append([self.taken() for _ in range(40)])
        self.assertEqual(runs[0], runs[1])
        self.assertTrue(5 < sum(runs[0]) < 35)

    def test_codes(self) -> None:
        for wanted, status, code in [
            ({"status": 503}, 503, "InternalFailure"),
            ({"code": "SlowDown"}, 503, "SlowDown"),
            ({"code": "ThrottlingException"}, 400, "ThrottlingException"),
            ({"status": 403}, 403, "AccessDeniedException"),
            ({"delaySeconds": 1}, 0, ""),
        ]:
            fault = self.faults.add(wanted)
            self.assertEqual((fault.status, fault.code, fault.answers), (status, code, bool(code)))

    def test_refused(self) -> None:
        for bad in (
            {},
            {"oops": 1, "status": 500},
            {"status": "500"},
            {"status": 500, "phase": "during"},
            {"times": True, "hang": True},
        ):
            with self.subTest(bad), self.assertRaises(LabError):
                self.faults.add(bad)
        with self.assertRaises(LabError):
            self.faults.remove(77)


class Wire(unittest.TestCase):
    def call(self, service: str, method: str = "POST", target: str = "/", body: bytes = b"", **headers: str) -> Call:
        path, _, text = target.partition("?")
        query = {part.partition("=")[0]: [part.partition("=")[2]] for part in text.split("&") if part}
        signed = {"authorization": AUTHORIZATION.format(key="111122223333", service=service), **headers}
        return wire.identify(method, path, query, signed, body, lambda key: key)

    def test_json_query_and_cbor(self) -> None:
        target = {"x-amz-target": "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.GetTrail"}
        call = self.call("cloudtrail", body=b'{"Name": "x"}', **target)
        self.assertEqual(
            (call.service, call.operation, call.account, call.region), ("cloudtrail", "GetTrail", ACCOUNT, "eu-west-1")
        )
        self.assertEqual(self.call("sns", body=b"Action=CreateTopic&Name=x").operation, "CreateTopic")
        path = "/service/GraniteServiceVersion20100801/operation/PutMetricAlarm"
        call = self.call("monitoring", target=path, **{"smithy-protocol": "rpc-v2-cbor"})
        self.assertEqual((call.service, call.operation, call.protocol), ("cloudwatch", "PutMetricAlarm", "cbor"))

    def test_s3(self) -> None:
        for method, target, expected in [
            ("GET", "/", "ListBuckets"),
            ("PUT", "/b", "CreateBucket"),
            ("HEAD", "/b", "HeadBucket"),
            ("GET", "/b?policy", "GetBucketPolicy"),
            ("GET", "/b?policyStatus", "GetBucketPolicyStatus"),
            ("GET", "/b?publicAccessBlock", "GetPublicAccessBlock"),
            ("PUT", "/b?lifecycle", "PutBucketLifecycleConfiguration"),
            ("GET", "/b?list-type=2&prefix=x", "ListObjectsV2"),
            ("GET", "/b?prefix=x", "ListObjects"),
            ("GET", "/b?versions", "ListObjectVersions"),
            ("GET", "/b/a/key", "GetObject"),
            ("PUT", "/b/a/key?partNumber=1&uploadId=u", "UploadPart"),
            ("POST", "/b?delete", "DeleteObjects"),
            ("GET", "/b?object-lock", "GetObjectLockConfiguration"),
        ]:
            with self.subTest(target):
                self.assertEqual(self.call("s3", method, target).operation, expected)
        copied = self.call("s3", "PUT", "/b/key", **{"x-amz-copy-source": "/b/other"})
        self.assertEqual(copied.operation, "CopyObject")

    def test_errors_there_and_back(self) -> None:
        for protocol in ("json", "query", "s3", "cbor"):
            headers, body = wire.error_answer(protocol, "ThrottlingException", "slow <down>", "id")
            self.assertEqual(wire.error_code(protocol, 400, headers, body), "ThrottlingException")
        self.assertEqual(json.loads(wire.error_answer("json", "A", "m", "")[1])["message"], "m")
        self.assertEqual(cbor2.loads(wire.error_answer("cbor", "A", "m", "")[1]), {"__type": "A", "message": "m"})
        self.assertEqual(wire.error_code("s3", 404, {}, b""), "404")


class Lookup(unittest.TestCase):
    @proves("lookup-events")
    def test_lookup(self) -> None:
        world = World()
        for number, (operation, account) in enumerate(
            [("CreateTrail", ACCOUNT), ("GetTrail", ACCOUNT), ("GetTrail", OTHER)]
        ):
            call = Call("cloudtrail", operation, account, REGION)
            call.time = START + number
            world.trace.add(call)
        world.clock.advance(60)
        found = world.call("LookupEvents", {})["Events"]
        self.assertEqual([event["EventName"] for event in found], ["GetTrail", "CreateTrail"])
        self.assertEqual(json.loads(found[0]["CloudTrailEvent"])["eventID"], found[0]["EventId"])
        by_name = {"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "CreateTrail"}]}
        self.assertEqual(len(world.call("LookupEvents", by_name)["Events"]), 1)
        page = world.call("LookupEvents", {"MaxResults": 1})
        rest = world.call("LookupEvents", {"MaxResults": 1, "NextToken": page["NextToken"]})
        self.assertEqual(rest["Events"], found[1:])
        self.assertEqual(world.call("LookupEvents", {"StartTime": START + 1})["Events"], found[:1])
        world.clock.advance(91 * 86400)
        self.assertEqual(world.call("LookupEvents", {})["Events"], [])
        two = [
            {"AttributeKey": "EventName", "AttributeValue": "x"},
            {"AttributeKey": "Username", "AttributeValue": "x"},
        ]
        for bad, code in [
            ({"MaxResults": 51}, "InvalidMaxResultsException"),
            ({"NextToken": "x"}, "InvalidNextTokenException"),
            ({"LookupAttributes": [{"AttributeKey": "X"}]}, "InvalidLookupAttributesException"),
            ({"LookupAttributes": two}, "InvalidLookupAttributesException"),
            ({"StartTime": 2, "EndTime": 1}, "InvalidTimeRangeException"),
        ]:
            self.assertEqual(world.refusal("LookupEvents", bad), code)
        self.assertEqual(world.call("LookupEvents", {}, Caller(ACCOUNT, "eu-west-1"))["Events"], [])


if __name__ == "__main__":
    unittest.main()
