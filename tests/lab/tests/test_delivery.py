"""Delivery: files, digests, status, notifications, log events."""

from __future__ import annotations

import json
import re
import unittest
from dataclasses import replace

from delivering import Delivering
from support import (
    ACCOUNT,
    BUCKET,
    KEY,
    LOG_ROLE,
    OTHER,
    REGION,
    START,
    TOPIC,
    World,
    bucket_policy,
    document,
    proves,
    role_policy,
    trail_arn,
)

from lab.clock import iso
from lab.delivery import HOUR
from lab.errors import LabError
from lab.model import Caller

LOG = re.compile(
    rf"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/\d{{4}}/\d\d/\d\d/"
    rf"{ACCOUNT}_CloudTrail_{REGION}_\d{{8}}T\d{{4}}Z_[A-Za-z0-9]{{16}}\.json\.gz"
)
DIGEST = re.compile(
    rf"AWSLogs/{ACCOUNT}/CloudTrail-Digest/{REGION}/\d{{4}}/\d\d/\d\d/"
    rf"{ACCOUNT}_CloudTrail-Digest_{REGION}_main_{REGION}_\d{{8}}T\d{{6}}Z\.json\.gz"
)


class Files(Delivering):
    @proves("delivery-keys", "delivery-body", "delivery-selected")
    def test_hours(self) -> None:
        self.start()
        done = self.deliver(hours=3, filesPerHour=2, eventsPerFile=4)
        self.assertEqual((done["from"], done["to"]), (iso(START), iso(START + 3 * HOUR)))
        self.assertEqual((len(done["logFiles"]), len(done["digests"]), done["failures"]), (6, 3, []))
        for row in done["logFiles"]:
            self.assertRegex(row["key"], LOG)
            found = json.loads(self.plain(row["key"]))["Records"]
            self.assertEqual((len(found), row["events"]), (4, 4))
            self.assertEqual({record["eventCategory"] for record in found}, {"Management"})
        for row in done["digests"]:
            self.assertRegex(row["key"], DIGEST)

    def test_the_seed_makes_it_the_same_again(self) -> None:
        bodies = []
        for _ in range(2):
            self.world = World()
            self.start()
            self.deliver(hours=2, seed=5)
            bodies.append(
                {key: body for (_, key), (body, _, _) in self.world.around.objects.items() if "Digest" not in key}
            )
        self.assertEqual(bodies[0], bodies[1])

    def test_selectors_decide(self) -> None:
        self.start()
        self.world.call("PutEventSelectors", {"TrailName": "main", "EventSelectors": [{"ReadWriteType": "ReadOnly"}]})
        given = [{"eventName": "CreateVpc"}, {"eventName": "DescribeVpcs"}]
        done = self.deliver(hours=1, filesPerHour=1, eventsPerFile=0, events=given)
        self.assertEqual(done["notSelected"], 1)
        found = json.loads(self.plain(done["logFiles"][0]["key"]))["Records"]
        self.assertEqual([record["eventName"] for record in found], ["DescribeVpcs"])

    @proves("delivery-kinds")
    def test_kinds(self) -> None:
        self.start()
        source = {"Field": "eventSource", "Equals": ["s3.amazonaws.com"]}
        network = {"FieldSelectors": [{"Field": "eventCategory", "Equals": ["NetworkActivity"]}, source]}
        management = {"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}
        body = {"TrailName": "main", "AdvancedEventSelectors": [network, management]}
        self.world.call("PutEventSelectors", body)
        rate = {"InsightType": "ApiCallRateInsight"}
        self.world.call("PutInsightSelectors", {"TrailName": "main", "InsightSelectors": [rate]})
        given = [
            {"eventCategory": c, "eventSource": "s3.amazonaws.com"}
            for c in ("NetworkActivity", "Insight", "Management")
        ]
        done = self.deliver(hours=1, filesPerHour=1, eventsPerFile=0, events=given)
        kinds = {row["key"].split("/")[2] for row in done["logFiles"]}
        self.assertEqual(kinds, {"CloudTrail-NetworkActivity", "CloudTrail-Insight", "CloudTrail"})
        listed = {file["s3Object"] for file in self.digest(done["digests"][0])["logFiles"]}
        self.assertEqual(listed, {row["key"] for row in done["logFiles"]})

    def test_a_trail_that_does_not_log_delivers_nothing(self) -> None:
        self.world.create()
        done = self.deliver(hours=2)
        self.assertEqual((done["logging"], done["logFiles"], done["digests"]), (False, [], []))
        self.assertEqual(self.world.clock.now(), START + 2 * HOUR)

    def test_orders_that_make_no_sense(self) -> None:
        self.start()
        for order in (
            {"hours": -1},
            {"hours": "2"},
            {"regions": ["eu-west-1"]},
            {"members": [OTHER]},
            {"events": [1]},
            {"events": [{"awsRegion": "eu-west-1"}]},
        ):
            with self.subTest(order), self.assertRaises(LabError):
                self.deliver(**order)
        with self.assertRaises(LabError):
            self.deliver("no-such-trail")

    @proves("delivery-regions")
    def test_regions(self) -> None:
        self.start(IsMultiRegionTrail=True)
        done = self.deliver(regions=[REGION, "eu-west-1"])
        self.assertEqual({row["region"] for row in done["digests"]}, {REGION, "eu-west-1"})
        west = [row for row in done["digests"] if row["region"] == "eu-west-1"]
        self.assertIn("/CloudTrail-Digest/eu-west-1/", west[0]["key"])
        self.assertIn(f"_eu-west-1_main_{REGION}_", west[0]["key"])
        self.assertIn("LatestDeliveryTime", self.status(Caller(ACCOUNT, "eu-west-1")))
        self.assertNotIn("LatestDeliveryTime", self.status(Caller(ACCOUNT, "eu-west-2")))

    def test_members(self) -> None:
        organization = self.world.organize(OTHER)
        self.start(IsOrganizationTrail=True)
        done = self.deliver()
        self.assertEqual({row["account"] for row in done["digests"]}, {ACCOUNT, OTHER})
        for row in done["logFiles"] + done["digests"]:
            self.assertTrue(row["key"].startswith(f"AWSLogs/{organization}/{row['account']}/"))
        self.assertEqual({row["account"] for row in self.deliver(members=[OTHER])["digests"]}, {OTHER})
        with self.assertRaises(LabError):
            self.deliver(members=["999999999999"])
        self.assertIn("LatestDigestDeliveryTime", self.status(Caller(OTHER, REGION)))


class Errors(Delivering):
    @proves("delivery-policy", "delivery-error-clears", "delivery-retry")
    def test_policy_taken_away_and_given_back(self) -> None:
        self.start()
        self.deliver()
        good = self.status()
        self.world.policy(document())
        done = self.deliver(hours=2)
        self.assertEqual(({row["code"] for row in done["failures"]}, done["logFiles"]), ({"AccessDenied"}, []))
        bad = self.status()
        self.assertEqual(
            (bad["LatestDeliveryError"], bad["LatestDigestDeliveryError"]), ("AccessDenied", "AccessDenied")
        )
        self.assertEqual(bad["LatestDeliveryTime"], good["LatestDeliveryTime"])
        self.world.policy(bucket_policy())
        done = self.deliver()
        now = self.status()
        self.assertNotIn("LatestDeliveryError", now)
        self.assertGreater(now["LatestDigestDeliveryTime"], good["LatestDigestDeliveryTime"])
        # The four late files are in the digest of the hour they arrived in, beside its own two.
        self.assertEqual(len(self.digest(done["digests"][-1])["logFiles"]), 6)
        self.assertEqual(len([key for _, key in self.world.around.objects if "Digest" in key]), 4)

    def test_bucket_gone(self) -> None:
        self.start()
        del self.world.around.buckets[BUCKET]
        self.deliver()
        self.assertEqual(self.status()["LatestDeliveryError"], "NoSuchBucket")

    @proves("delivery-key-codes")
    def test_key_trouble(self) -> None:
        self.world.add_key()
        self.start(KmsKeyId=KEY)
        for changes, code in [
            ({"state": "Disabled"}, "KMS.DisabledException"),
            ({"state": "PendingDeletion"}, "KMS.KMSInvalidStateException"),
            ({"policy": document()}, "AccessDenied"),
        ]:
            self.world.add_key(**changes)
            self.deliver()
            self.assertEqual(self.status()["LatestDeliveryError"], code)
        self.world.around.keys.clear()
        self.deliver()
        self.assertEqual(self.status()["LatestDigestDeliveryError"], "KMS.NotFoundException")
        self.world.add_key()
        self.deliver()
        self.assertEqual({kms for _, _, kms in self.world.around.objects.values()}, {KEY})

    def test_stopped_by_the_test(self) -> None:
        self.start(IsMultiRegionTrail=True)
        self.world.deliveries.stop(trail_arn(), None, "eu-west-1", "")
        done = self.deliver(regions=[REGION, "eu-west-1"])
        self.assertEqual({row["region"] for row in done["digests"]}, {REGION})
        self.world.deliveries.stop(trail_arn(), None, None, "NoSuchBucket")
        self.assertEqual(self.deliver()["digests"], [])
        self.assertEqual(self.status()["LatestDeliveryError"], "NoSuchBucket")
        self.world.deliveries.resume(trail_arn(), None, None)
        self.assertEqual([row["kind"] for row in self.deliver()["digests"]], ["empty", "normal"])


class Outlets(Delivering):
    @proves("notifications", "notification-error")
    def test_notifications(self) -> None:
        self.world.add_topic()
        self.start(SnsTopicName="trail")
        done = self.deliver()
        self.assertEqual(done["notifications"], 2)
        told = [json.loads(message) for _, message in self.world.around.published]
        self.assertEqual(told, [{"s3Bucket": BUCKET, "s3ObjectKey": [row["key"]]} for row in done["logFiles"]])
        self.world.around.topics[TOPIC] = replace(self.world.around.topics[TOPIC], policy=document())
        self.deliver()
        self.assertEqual(self.status()["LatestNotificationError"], "AuthorizationError")
        self.assertIn("LatestNotificationTime", self.status())

    @proves("log-stream")
    def test_log_events(self) -> None:
        self.start(**self.world.add_logs())
        done = self.deliver()
        self.assertEqual((done["logEvents"], len(self.world.around.log_events)), (8, 8))
        self.assertEqual({stream for _, stream, _ in self.world.around.log_events}, {f"{ACCOUNT}_CloudTrail_{REGION}"})
        self.assertIn("LatestCloudWatchLogsDeliveryTime", self.status())

    @proves("log-stream-org")
    def test_log_events_of_an_organization(self) -> None:
        organization = self.world.organize(OTHER)
        self.start(IsOrganizationTrail=True, **self.world.add_logs())
        self.deliver(members=[OTHER])
        streams = {stream for _, stream, _ in self.world.around.log_events}
        self.assertEqual(streams, {f"{organization}_{OTHER}_CloudTrail_{REGION}"})

    @proves("log-error")
    def test_log_errors(self) -> None:
        self.start(**self.world.add_logs())
        self.world.around.groups.clear()
        self.deliver()
        self.assertEqual(self.status()["LatestCloudWatchLogsDeliveryError"], "ResourceNotFoundException")
        role = self.world.around.roles[LOG_ROLE]
        self.world.around.roles[LOG_ROLE] = replace(role, policies=(role_policy("other"),))
        self.deliver()
        self.assertEqual(self.status()["LatestCloudWatchLogsDeliveryError"], "AccessDenied")
        self.world.around.roles.clear()
        self.deliver()
        self.assertEqual(self.status()["LatestCloudWatchLogsDeliveryError"], "AccessDenied")
        self.assertNotIn("LatestDeliveryError", self.status())

    @proves("log-size")
    def test_big_events(self) -> None:
        self.start(**self.world.add_logs())
        big = {"eventName": "Big", "requestParameters": {"x": "y" * 300_000}}
        done = self.deliver(filesPerHour=1, eventsPerFile=1, events=[big])
        self.assertEqual((done["logFiles"][0]["events"], done["logEvents"]), (2, 1))


if __name__ == "__main__":
    unittest.main()
