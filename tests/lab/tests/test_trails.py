"""CreateTrail, UpdateTrail and the reads of trails."""

from __future__ import annotations

import unittest

from support import ACCOUNT, BUCKET, CALLER, KEY, OTHER, REGION, TOPIC, World, bucket_policy, proves, trail_arn

from lab.errors import AwsError
from lab.model import Caller

WEST = Caller(ACCOUNT, "eu-west-1")


class Trails(unittest.TestCase):
    def setUp(self) -> None:
        self.world = World()

    def get(self, name: str = "main", who: Caller = CALLER) -> dict:
        return self.world.call("GetTrail", {"Name": name}, who)["Trail"]


class Names(Trails):
    @proves("trail-name", "trail-name-text")
    def test_trail_names(self) -> None:
        for name, said in [
            ("", "blank"),
            ("ab", "too short"),
            ("a" * 129, "too long"),
            ("-abc", "starts with"),
            ("abc_", "ends with"),
            ("my--trail", "adjacent"),
            ("my._trail", "adjacent"),
            ("with blank", "can only contain"),
            ("tr\u00e4il", "can only contain"),
            ("192.168.10.4", "IP address"),
        ]:
            with self.subTest(name):
                self.assertEqual(self.world.refused_create(name), "InvalidTrailNameException")
                self.assertIn(said, self.world.message)
        for name in ("abc", "a" * 128, "My.Trail-1_x", "1.2.3"):
            self.assertEqual(self.world.create(name)["Name"], name)

    @proves("bucket-name")
    def test_bucket_names(self) -> None:
        for name in ("ab", "a" * 64, "Upper", "a_b", "a..b", "-ab", "10.0.0.1", "xn--x", "x-s3alias", "x--ol-s3"):
            with self.subTest(name):
                code = self.world.refused_create(S3BucketName=name)
                self.assertEqual(code, "InvalidS3BucketNameException")

    @proves("prefix-length")
    def test_prefix_length(self) -> None:
        self.assertEqual(self.world.refused_create(S3KeyPrefix="p" * 201), "InvalidS3PrefixException")
        self.world.policy(bucket_policy(prefix="p" * 200 + "/"))
        self.assertEqual(self.world.create(S3KeyPrefix="p" * 200)["S3KeyPrefix"], "p" * 200)

    @proves("topic-name")
    def test_topic_names(self) -> None:
        self.world.add_topic()
        self.assertEqual(self.world.create("one", SnsTopicName="trail")["SnsTopicARN"], TOPIC)
        self.assertEqual(self.world.create("two", SnsTopicName=TOPIC)["SnsTopicARN"], TOPIC)
        for name in ("with blank", "arn:aws:sns:us-east-1", "arn:aws:sqs:us-east-1:111122223333:trail"):
            self.assertEqual(self.world.refused_create("three", SnsTopicName=name), "InvalidSnsTopicNameException")

    @proves("key-id-form", "key-id-resolved")
    def test_key_ids(self) -> None:
        for bad in ("my-key", "alias/", "arn:aws:s3:::b", "1234"):
            self.assertEqual(self.world.refused_create(KmsKeyId=bad), "InvalidKmsKeyIdException")
        self.world.add_key()
        self.world.around.aliases = {"alias/trail": KEY, KEY.rpartition("/")[2]: KEY}
        self.world.create("one", KmsKeyId="alias/trail")
        self.world.create("two", KmsKeyId=KEY.rpartition("/")[2])
        self.assertEqual([self.get("one")["KmsKeyId"], self.get("two")["KmsKeyId"]], [KEY, KEY])

    @proves("trail-arn")
    def test_trail_arns(self) -> None:
        for bad in ("arn:aws:cloudtrail", "arn:aws:s3:::b", "arn:aws:cloudtrail:us-east-1:12:trail/x"):
            self.assertEqual(self.world.refusal("GetTrail", {"Name": bad}), "CloudTrailARNInvalidException")

    @proves("type-check")
    def test_types(self) -> None:
        self.assertEqual(self.world.refused_create(IsMultiRegionTrail="true"), "SerializationException")
        self.assertEqual(self.world.refused_create(S3KeyPrefix=7), "SerializationException")
        self.assertEqual(self.world.refused_create(TagsList=[{"Key": 1}]), "SerializationException")
        self.assertEqual(self.world.message, "CreateTrail.TagsList[0].Key must be of type string.")
        self.world.create(S3KeyPrefix=None, NobodyKnows=1)


class Creation(Trails):
    @proves("create-defaults", "create-not-logging", "unset-absent")
    def test_defaults(self) -> None:
        self.world.create()
        self.assertEqual(
            self.get(),
            {
                "Name": "main",
                "S3BucketName": BUCKET,
                "IncludeGlobalServiceEvents": True,
                "IsMultiRegionTrail": False,
                "HomeRegion": REGION,
                "TrailARN": trail_arn(),
                "LogFileValidationEnabled": False,
                "HasCustomEventSelectors": False,
                "HasInsightSelectors": False,
                "IsOrganizationTrail": False,
                "RecursiveLogging": True,
            },
        )
        self.assertFalse(self.world.call("GetTrailStatus", {"Name": "main"})["IsLogging"])

    @proves("answer-flat")
    def test_the_answer_has_no_read_only_members(self) -> None:
        answer = self.world.create(EnableLogFileValidation=True)
        self.assertTrue(answer["LogFileValidationEnabled"])
        self.assertFalse({"HomeRegion", "HasCustomEventSelectors", "HasInsightSelectors"} & answer.keys())

    @proves("create-twice")
    def test_twice(self) -> None:
        self.world.create(IsMultiRegionTrail=True)
        self.assertEqual(self.world.refused_create(), "TrailAlreadyExistsException")
        self.assertTrue(self.get()["IsMultiRegionTrail"])

    @proves("name-taken-by-shadow")
    def test_a_shadow_takes_the_name(self) -> None:
        self.world.create(IsMultiRegionTrail=True)
        self.assertEqual(self.world.refused_create(who=WEST), "TrailAlreadyExistsException")
        self.world.create("second", who=WEST)
        self.assertEqual(self.world.refused_create("second", IsMultiRegionTrail=True), "TrailAlreadyExistsException")
        self.assertEqual(self.world.create("second")["TrailARN"], trail_arn("second"))

    @proves("five-trails")
    def test_five(self) -> None:
        for number in range(5):
            self.world.create(f"trail-{number}")
        self.assertEqual(self.world.refused_create("sixth"), "MaximumNumberOfTrailsExceededException")
        self.world.create("sixth", who=WEST)
        self.world.call("DeleteTrail", {"Name": "trail-0"})
        self.world.create("sixth")

    @proves("five-trails-shadows")
    def test_shadows_count(self) -> None:
        self.world.create("everywhere", IsMultiRegionTrail=True)
        for number in range(4):
            self.world.create(f"west-{number}", who=WEST)
        self.assertEqual(self.world.refused_create("west-5", who=WEST), "MaximumNumberOfTrailsExceededException")
        full = self.world.refused_create("second", IsMultiRegionTrail=True)
        self.assertEqual(full, "MaximumNumberOfTrailsExceededException")
        self.world.create("second")

    @proves("multi-needs-global")
    def test_multi_region_needs_global_events(self) -> None:
        code = self.world.refused_create(IsMultiRegionTrail=True, IncludeGlobalServiceEvents=False)
        self.assertEqual(code, "InvalidParameterCombinationException")
        self.assertEqual(self.world.message, "Multi-Region trail must include global service events.")

    @proves("request-order", "status-400")
    def test_order_of_checks(self) -> None:
        """Each request has every later fault as well."""
        bad = {"S3BucketName": "not-there", "KmsKeyId": KEY, "CloudWatchLogsRoleArn": "x", "SnsTopicName": "t"}
        code = self.world.refused_create(**bad, IncludeGlobalServiceEvents=False, IsMultiRegionTrail=True)
        self.assertEqual(code, "InvalidParameterCombinationException")
        self.assertEqual(self.world.refused_create("x", **bad), "InvalidTrailNameException")
        self.assertEqual(self.world.refused_create(**bad, IsOrganizationTrail=True), "OrganizationsNotInUseException")
        self.world.create("taken")
        self.assertEqual(self.world.refused_create("taken", **bad), "TrailAlreadyExistsException")
        self.assertEqual(self.world.refused_create(**bad), "S3BucketDoesNotExistException")
        self.assertEqual(self.world.status, 400)
        bad["S3BucketName"] = BUCKET
        self.assertEqual(self.world.refused_create(**bad), "InsufficientSnsTopicPolicyException")
        del bad["SnsTopicName"]
        self.assertEqual(self.world.refused_create(**bad), "KmsKeyNotFoundException")
        del bad["KmsKeyId"]
        self.assertEqual(self.world.refused_create(**bad), "InvalidParameterCombinationException")


class Updates(Trails):
    def update(self, **members: object) -> dict:
        return self.world.call("UpdateTrail", {"Name": "main", **members})

    @proves("update-merges")
    def test_merge_and_clear(self) -> None:
        self.world.policy(bucket_policy(prefix="p/"))
        self.world.add_topic()
        self.world.add_key()
        logs = self.world.add_logs()
        self.world.create(S3KeyPrefix="p", SnsTopicName="trail", KmsKeyId=KEY, **logs)
        before = self.get()
        self.update(EnableLogFileValidation=True)
        self.assertEqual(self.get(), before | {"LogFileValidationEnabled": True})
        self.world.policy(bucket_policy())
        cleared = {"S3KeyPrefix": "", "SnsTopicName": "", "KmsKeyId": "", **dict.fromkeys(logs, "")}
        self.update(**cleared)
        for member in ("S3KeyPrefix", "SnsTopicName", "SnsTopicARN", "KmsKeyId", *logs):
            self.assertNotIn(member, self.get())

    @proves("update-atomic")
    def test_refused_changes_nothing(self) -> None:
        self.world.create()
        before = self.get()
        with self.assertRaises(AwsError):
            self.update(EnableLogFileValidation=True, S3BucketName="no-such-bucket")
        with self.assertRaises(AwsError):
            self.update(S3KeyPrefix="not-covered")
        self.assertEqual(self.get(), before)

    @proves("multi-turns-global-on", "single-keeps-global", "both-off-refused")
    def test_global_events(self) -> None:
        self.world.create(IncludeGlobalServiceEvents=False)
        self.assertTrue(self.update(IsMultiRegionTrail=True)["IncludeGlobalServiceEvents"])
        both = {"Name": "main", "IsMultiRegionTrail": False, "IncludeGlobalServiceEvents": False}
        self.assertEqual(self.world.refusal("UpdateTrail", both), "InvalidParameterCombinationException")
        self.assertTrue(self.update(IsMultiRegionTrail=False)["IncludeGlobalServiceEvents"])
        self.assertFalse(self.update(IncludeGlobalServiceEvents=False)["IncludeGlobalServiceEvents"])


class Regions(Trails):
    def setUp(self) -> None:
        super().setUp()
        self.world.create("wide", IsMultiRegionTrail=True)
        self.world.create("narrow")

    @proves("home-region-write")
    def test_writes_from_elsewhere(self) -> None:
        for operation, member in [("UpdateTrail", "Name"), ("DeleteTrail", "Name"), ("StartLogging", "Name")]:
            for name in ("wide", trail_arn("wide")):
                code = self.world.refusal(operation, {member: name}, WEST)
                self.assertEqual(code, "InvalidHomeRegionException", (operation, name))
        selectors = {"TrailName": "wide", "EventSelectors": [{}]}
        self.assertEqual(self.world.refusal("PutEventSelectors", selectors, WEST), "InvalidHomeRegionException")

    @proves("wrong-region-arn")
    def test_the_arn_of_another_region(self) -> None:
        for operation in ("GetTrail", "GetTrailStatus", "StopLogging"):
            code = self.world.refusal(operation, {"Name": trail_arn("narrow")}, WEST)
            self.assertEqual(code, "CloudTrailARNInvalidException")
        self.assertIn("eu-west-1", self.world.message)

    @proves("name-is-local", "not-found")
    def test_a_name_is_local(self) -> None:
        self.assertEqual(self.world.refusal("GetTrail", {"Name": "wide"}, WEST), "TrailNotFoundException")
        self.assertEqual(self.world.message, f"Unknown trail: wide for the user: {ACCOUNT}")
        self.assertEqual(self.world.refusal("StartLogging", {"Name": "narrow"}, WEST), "TrailNotFoundException")

    def test_the_arn_of_no_trail(self) -> None:
        for operation in ("GetTrail", "StartLogging"):
            code = self.world.refusal(operation, {"Name": trail_arn("no-such-trail")})
            self.assertEqual(code, "TrailNotFoundException")

    @proves("arn-reads-shadow")
    def test_the_arn_reads_a_shadow(self) -> None:
        self.assertEqual(self.get(trail_arn("wide"), WEST), self.get("wide"))
        self.assertIn("IsLogging", self.world.call("GetTrailStatus", {"Name": trail_arn("wide")}, WEST))

    @proves("describe-shadows", "describe-unknown")
    def test_describe(self) -> None:
        def names(who: Caller, **body: object) -> list[str]:
            return [trail["Name"] for trail in self.world.call("DescribeTrails", body, who)["trailList"]]

        self.assertEqual(names(CALLER), ["narrow", "wide"])
        self.assertEqual(names(WEST), ["wide"])
        self.assertEqual(names(WEST, includeShadowTrails=False), [])
        self.assertEqual(names(CALLER, trailNameList=["wide", "no-such-trail"]), ["wide"])
        self.assertEqual(names(WEST, trailNameList=["wide"]), [])
        self.assertEqual(names(WEST, trailNameList=[trail_arn("wide"), trail_arn("narrow")]), ["wide"])

    @proves("list-trails")
    def test_list(self) -> None:
        self.assertEqual(
            self.world.call("ListTrails", {}, WEST)["Trails"],
            [{"TrailARN": trail_arn(name), "Name": name, "HomeRegion": REGION} for name in ("narrow", "wide")],
        )

    def test_other_accounts_see_nothing(self) -> None:
        stranger = Caller(OTHER, REGION)
        self.assertEqual(self.world.call("DescribeTrails", {}, stranger)["trailList"], [])
        self.assertEqual(
            self.world.refusal("GetTrail", {"Name": trail_arn("wide")}, stranger), "TrailNotFoundException"
        )
        self.assertEqual(
            self.world.refusal("DeleteTrail", {"Name": trail_arn("wide")}, stranger), "TrailNotFoundException"
        )


class Ends(Trails):
    @proves("delete-forgets")
    def test_delete_forgets(self) -> None:
        self.world.create(TagsList=[{"Key": "a", "Value": "b"}])
        self.world.call("StartLogging", {"Name": "main"})
        self.world.call("PutEventSelectors", {"TrailName": "main", "EventSelectors": [{"ReadWriteType": "ReadOnly"}]})
        self.world.call("DeleteTrail", {"Name": trail_arn()})
        self.assertEqual(self.world.refusal("GetTrail", {"Name": "main"}), "TrailNotFoundException")
        self.world.create()
        tags = self.world.call("ListTags", {"ResourceIdList": [trail_arn()]})["ResourceTagList"][0]["TagsList"]
        self.assertEqual(tags, [])
        self.assertFalse(self.get()["HasCustomEventSelectors"])
        self.assertFalse(self.world.call("GetTrailStatus", {"Name": "main"})["IsLogging"])

    def test_start_and_stop(self) -> None:
        self.world.create()
        self.world.call("StartLogging", {"Name": "main"})
        started = self.world.call("GetTrailStatus", {"Name": "main"})
        self.world.moment += 60
        self.world.call("StartLogging", {"Name": "main"})
        self.assertEqual(self.world.call("GetTrailStatus", {"Name": "main"}), started)
        self.world.call("StopLogging", {"Name": "main"})
        stopped = self.world.call("GetTrailStatus", {"Name": "main"})
        self.assertEqual((stopped["IsLogging"], stopped["StopLoggingTime"]), (False, self.world.moment))

    @proves("unknown-operation")
    def test_unknown_operation(self) -> None:
        self.assertEqual(self.world.refusal("CreateDashboard"), "UnknownOperationException")
        self.assertEqual(self.world.status, 404)

    def test_reads_lag(self) -> None:
        self.world.create()
        self.world.store.lag = 5.0
        self.assertEqual(self.world.refusal("GetTrail", {"Name": "main"}), "TrailNotFoundException")
        self.world.call("StartLogging", {"Name": "main"})
        self.world.real += 6
        self.world.call("UpdateTrail", {"Name": "main", "EnableLogFileValidation": True})
        self.assertFalse(self.get()["LogFileValidationEnabled"])
        self.world.real += 6
        self.assertTrue(self.get()["LogFileValidationEnabled"])


if __name__ == "__main__":
    unittest.main()
