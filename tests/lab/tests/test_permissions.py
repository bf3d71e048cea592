"""With --auth: each call needs its IAM action, on its resource, and what AWS asks besides. Runs a real lab."""

from __future__ import annotations

import unittest
from typing import Any

from botocore.exceptions import ClientError
from running import RunningLab
from support import (
    ACCOUNT,
    LOG_GROUP,
    LOG_ROLE,
    OTHER,
    THIRD,
    TRUST,
    bucket_policy,
    document,
    proves,
    role_policy,
    trail_arn,
)

ARN, SECOND = trail_arn(), trail_arn("second")
ROOT = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
ROLE = f"arn:aws:iam::{OTHER}:role/trail-operator"
DATA = [{"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "resources.type", "Equals": ["AWS::S3::Object"]}]
SELECTORS = {
    "TrailName": ARN,
    "AdvancedEventSelectors": [
        {"Name": "all", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]},
        {"Name": "data", "FieldSelectors": DATA},
    ],
}
TAGS = {"ResourceId": ARN, "TagsList": [{"Key": "team", "Value": "security"}]}
# Operation, what to send, and the resource IAM decides over; in an order in which each one can succeed.
CALLS: list[tuple[str, dict[str, Any], str]] = [
    ("DescribeTrails", {}, "*"),
    ("ListTrails", {}, "*"),
    ("ListPublicKeys", {}, "*"),
    ("LookupEvents", {}, "*"),
    ("CreateTrail", {"Name": "second", "S3BucketName": "trail-logs"}, SECOND),
    ("DeleteTrail", {"Name": "second"}, SECOND),
    ("GetTrail", {"Name": ARN}, ARN),
    ("GetTrailStatus", {"Name": ARN}, ARN),
    ("GetTrailStatus", {"Name": "main"}, ARN),
    ("UpdateTrail", {"Name": ARN, "EnableLogFileValidation": True}, ARN),
    ("StartLogging", {"Name": ARN}, ARN),
    ("StopLogging", {"Name": ARN}, ARN),
    ("PutEventSelectors", SELECTORS, ARN),
    ("GetEventSelectors", {"TrailName": ARN}, ARN),
    ("PutInsightSelectors", {"TrailName": ARN, "InsightSelectors": [{"InsightType": "ApiCallRateInsight"}]}, ARN),
    ("GetInsightSelectors", {"TrailName": ARN}, ARN),
    (
        "PutEventConfiguration",
        {"TrailName": ARN, "AggregationConfigurations": [{"Templates": ["API_ACTIVITY"], "EventCategory": "Data"}]},
        ARN,
    ),
    ("GetEventConfiguration", {"TrailName": ARN}, ARN),
    ("AddTags", TAGS, ARN),
    ("ListTags", {"ResourceIdList": [ARN]}, ARN),
    ("RemoveTags", TAGS, ARN),
]


class Permissions(unittest.TestCase):
    lab: RunningLab

    @classmethod
    def setUpClass(cls) -> None:
        cls.lab = RunningLab("--auth")

    @classmethod
    def tearDownClass(cls) -> None:
        cls.lab.end()

    def setUp(self) -> None:
        self.lab.ask("POST", "/reset")
        self.lab.bucket("trail-logs", bucket_policy())
        self.lab.trail(start=False)
        self.lab.aws("iam", "CreateUser", UserName="operator")
        made = self.lab.aws("iam", "CreateAccessKey", UserName="operator")["AccessKey"]
        self.keys = made["AccessKeyId"], made["SecretAccessKey"]
        self.cloudtrail = self.lab.client("cloudtrail", *self.keys)

    def grant(self, *statements: Any, account: str = ACCOUNT, role: str = "") -> None:
        name = {"RoleName": role} if role else {"UserName": "operator"}
        call = {"PolicyName": "p", "PolicyDocument": document(*statements), **name}
        operation = "PutRolePolicy" if role else "PutUserPolicy"
        body = {"service": "iam", "operation": operation, "params": call, "account": account}
        self.assertNotIn("error", self.lab.ask("POST", "/aws", body))

    def refused(self, client: Any, operation: str, params: Any) -> tuple[str, str]:
        """Code and message of a refusal, empty when there is none."""
        method = next(m for m, name in client.meta.method_to_api_mapping.items() if name == operation)
        try:
            getattr(client, method)(**params)
        except ClientError as error:
            return error.response["Error"]["Code"], error.response["Error"]["Message"]
        return "", ""

    def assert_denied(self, action: str, params: Any, client: Any = None) -> None:
        _, _, operation = action.partition(":")
        found, message = self.refused(client or self.cloudtrail, operation, params)
        self.assertEqual(found, "AccessDeniedException", action)
        self.assertIn(f"perform: {action} ", message)

    def assert_allowed(self, operation: str, params: Any, client: Any = None) -> None:
        self.assertEqual(self.refused(client or self.cloudtrail, operation, params), ("", ""), operation)

    @proves("iam-actions")
    def test_each_call_takes_its_action_on_its_resource(self) -> None:
        for operation, params, resource in CALLS:
            with self.subTest(operation, params=params):
                action = f"cloudtrail:{operation}"
                others = [f"cloudtrail:{name}" for name, _, _ in CALLS if name != operation]
                self.grant(allow(others, "*"))
                self.assert_denied(action, params)
                self.grant(allow(action, trail_arn("other") if resource != "*" else ARN))
                self.assert_denied(action, params)
                self.grant(allow(action, resource))
                self.assert_allowed(operation, params)

    @proves("iam-actions")
    def test_a_refusal_names_caller_action_and_resource(self) -> None:
        _, message = self.refused(self.cloudtrail, "GetTrailStatus", {"Name": "main"})
        self.assertEqual(
            message,
            f"User: arn:aws:iam::{ACCOUNT}:user/operator is not authorized to perform: cloudtrail:GetTrailStatus on "
            f"resource: {ARN} because no identity-based policy allows the cloudtrail:GetTrailStatus action",
        )

    @proves("iam-actions")
    def test_each_arn_of_list_tags_is_judged(self) -> None:
        self.lab.trail("second", start=False)
        self.grant(allow("cloudtrail:ListTags", ARN))
        self.assert_denied("cloudtrail:ListTags", {"ResourceIdList": [ARN, SECOND]})
        self.grant(allow("cloudtrail:ListTags", [ARN, SECOND]))
        self.assert_allowed("ListTags", {"ResourceIdList": [ARN, SECOND]})

    @proves("iam-create-tags")
    def test_tags_of_a_new_trail_take_add_tags(self) -> None:
        create = {"Name": "second", "S3BucketName": "trail-logs", "TagsList": TAGS["TagsList"]}
        self.grant(allow("cloudtrail:CreateTrail", SECOND))
        found, message = self.refused(self.cloudtrail, "CreateTrail", create)
        self.assertEqual(found, "AccessDeniedException")
        self.assertIn(f"perform: cloudtrail:AddTags on resource: {SECOND} ", message)
        self.assertEqual([trail["name"] for trail in self.lab.ask("GET", "/trails")], ["main"])
        self.grant(allow(["cloudtrail:CreateTrail", "cloudtrail:AddTags"], SECOND))
        self.assert_allowed("CreateTrail", create)

    @proves("iam-tag-conditions")
    def test_conditions_on_tags(self) -> None:
        asked = {"StringEquals": {"aws:RequestTag/team": "security"}}
        self.grant(allow("cloudtrail:AddTags", "*", asked))
        self.assert_denied("cloudtrail:AddTags", {**TAGS, "TagsList": [{"Key": "team", "Value": "sales"}]})
        self.assert_allowed("AddTags", TAGS)
        keys = {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}
        self.grant(allow("cloudtrail:RemoveTags", "*", keys))
        self.assert_denied("cloudtrail:RemoveTags", {**TAGS, "TagsList": [{"Key": "owner"}]})
        had = {"StringEquals": {"aws:ResourceTag/team": "security"}}
        self.grant(allow("cloudtrail:StopLogging", "*", had))
        self.assert_allowed("StopLogging", {"Name": ARN})
        self.lab.aws("cloudtrail", "RemoveTags", **TAGS)
        self.assert_denied("cloudtrail:StopLogging", {"Name": ARN})

    @proves("pass-role")
    def test_a_role_is_passed_to_cloudtrail_only(self) -> None:
        self.lab.aws("iam", "CreateRole", RoleName="trail", AssumeRolePolicyDocument=TRUST)
        self.lab.aws("iam", "PutRolePolicy", RoleName="trail", PolicyName="p", PolicyDocument=role_policy())
        self.lab.aws("logs", "CreateLogGroup", logGroupName="trail")
        logs = {"CloudWatchLogsLogGroupArn": LOG_GROUP, "CloudWatchLogsRoleArn": LOG_ROLE}
        operate = allow(["cloudtrail:CreateTrail", "cloudtrail:UpdateTrail"], "*")
        calls = {
            "UpdateTrail": {"Name": "main", **logs},
            "CreateTrail": {"Name": "second", "S3BucketName": "trail-logs", **logs},
        }
        passed = {"StringEquals": {"iam:PassedToService": "cloudtrail.amazonaws.com"}}
        elsewhere = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
        for operation, params in calls.items():
            for grants in ([operate], [operate, allow("iam:PassRole", "*", elsewhere)]):
                self.grant(*grants)
                found, message = self.refused(self.cloudtrail, operation, params)
                self.assertEqual(found, "AccessDeniedException")
                self.assertIn(f"perform: iam:PassRole on resource: {LOG_ROLE} ", message)
            self.grant(operate, allow("iam:PassRole", LOG_ROLE, passed))
            self.assert_allowed(operation, params)

    @proves("iam-regions")
    def test_regions(self) -> None:
        client = self.lab.client("account", *self.keys)
        self.assert_denied("account:ListRegions", {}, client)
        self.grant(allow("account:ListRegions", f"arn:aws:account::{OTHER}:account"))
        self.assert_denied("account:ListRegions", {}, client)
        for resource in ("*", f"arn:aws:account::{ACCOUNT}:account"):
            self.grant(allow("account:ListRegions", resource))
            self.assert_allowed("ListRegions", {}, client)

    @proves("iam-prices")
    def test_prices(self) -> None:
        client = self.lab.client("pricing", *self.keys)
        self.assert_denied("pricing:GetProducts", {"ServiceCode": "AmazonS3"}, client)
        self.grant(allow("pricing:GetProducts", "*"))
        self.assert_allowed("GetProducts", {"ServiceCode": "AmazonS3"}, client)

    @proves("iam-bucket")
    def test_buckets(self) -> None:
        s3 = self.lab.client("s3", *self.keys)
        self.assertEqual(self.refused(s3, "HeadBucket", {"Bucket": "trail-logs"})[0], "403")
        self.grant(allow("s3:ListBucket", "arn:aws:s3:::trail-logs"))
        self.assert_allowed("HeadBucket", {"Bucket": "trail-logs"}, s3)
        self.assert_allowed("HeadBucket", {"Bucket": "trail-logs", "ExpectedBucketOwner": ACCOUNT}, s3)
        wrong = {"Bucket": "trail-logs", "ExpectedBucketOwner": OTHER}
        self.assertEqual(self.refused(s3, "HeadBucket", wrong)[0], "403")

    @proves("iam-bucket")
    def test_a_bucket_of_another_account_takes_both_policies(self) -> None:
        there = self.lab.client("s3", OTHER)
        there.create_bucket(Bucket="archive")
        s3, head = self.lab.client("s3", *self.keys), {"Bucket": "archive", "ExpectedBucketOwner": OTHER}
        mine = allow("s3:ListBucket", "arn:aws:s3:::archive")
        self.grant(mine)
        self.assertEqual(self.refused(s3, "HeadBucket", head)[0], "403")
        there.put_bucket_policy(Bucket="archive", Policy=document({**mine, "Principal": ROOT}))
        self.assert_allowed("HeadBucket", head, s3)
        self.grant(allow("s3:GetObject", "*"))
        self.assertEqual(self.refused(s3, "HeadBucket", head)[0], "403")

    @proves("iam-key")
    def test_keys(self) -> None:
        keeper = {"Effect": "Allow", "Principal": ROOT, "Action": "kms:PutKeyPolicy", "Resource": "*"}
        key = self.lab.aws("kms", "CreateKey", Policy=document(keeper))["KeyMetadata"]
        self.lab.aws("kms", "CreateAlias", AliasName="alias/trail", TargetKeyId=key["KeyId"])
        kms = self.lab.client("kms", *self.keys)
        mine = allow("kms:DescribeKey", key["Arn"])
        forms = [{"KeyId": form} for form in ("alias/trail", key["KeyId"], key["Arn"])]
        self.grant(mine)
        for form in forms:
            self.assert_denied("kms:DescribeKey", form, kms)
        shared = {**keeper, "Action": ["kms:DescribeKey", "kms:PutKeyPolicy"]}
        self.lab.aws("kms", "PutKeyPolicy", KeyId=key["KeyId"], PolicyName="default", Policy=document(shared))
        for form in forms:
            self.assert_allowed("DescribeKey", form, kms)
        # An alias as resource is for the calls on aliases.
        self.grant(allow("kms:DescribeKey", key["Arn"].replace(f"key/{key['KeyId']}", "alias/*")))
        for form in forms:
            self.assert_denied("kms:DescribeKey", form, kms)

    @proves("iam-key")
    def test_a_key_of_another_account_takes_both_policies(self) -> None:
        there = self.lab.client("kms", OTHER)
        keeper = {"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "kms:*", "Resource": "*"}
        key = there.create_key(Policy=document(keeper))["KeyMetadata"]["Arn"]
        kms = self.lab.client("kms", *self.keys)
        self.grant(allow("kms:DescribeKey", key))
        self.assert_denied("kms:DescribeKey", {"KeyId": key}, kms)
        there.put_key_policy(KeyId=key, Policy=document(keeper, {**keeper, "Principal": ROOT}))
        self.assert_allowed("DescribeKey", {"KeyId": key}, kms)
        self.grant(allow("kms:DescribeKey", key[:-1] + "x"))
        self.assert_denied("kms:DescribeKey", {"KeyId": key}, kms)

    @proves("iam-assume-role", "assume-role-trust")
    def test_assume_role_takes_both_policies(self) -> None:
        sts, there = self.lab.client("sts", *self.keys), self.lab.client("iam", OTHER)
        trusts = {"Effect": "Allow", "Principal": ROOT, "Action": "sts:AssumeRole"}
        strict = {**trusts, "Condition": {"StringEquals": {"sts:ExternalId": "tenant-7"}}}
        there.create_role(RoleName="trail-operator", AssumeRolePolicyDocument=document(strict))
        call = {"RoleArn": ROLE, "RoleSessionName": "test"}
        external = {**call, "ExternalId": "tenant-7"}
        self.assertEqual(self.refused(sts, "AssumeRole", external)[0], "AccessDenied")
        self.grant(allow("sts:AssumeRole", ROLE))
        self.assertEqual(self.refused(sts, "AssumeRole", call)[0], "AccessDenied")
        self.assert_allowed("AssumeRole", external, sts)
        other = {"Principal": {"AWS": THIRD}}
        there.update_assume_role_policy(RoleName="trail-operator", PolicyDocument=document({**strict, **other}))
        found, message = self.refused(sts, "AssumeRole", external)
        self.assertEqual(found, "AccessDenied")
        self.assertIn(f"arn:aws:iam::{ACCOUNT}:user/operator is not authorized to perform: sts:AssumeRole", message)

    @proves("iam-assume-role", "session-identity", "session-expired")
    def test_a_session_has_the_permissions_of_its_role(self) -> None:
        trusts = {"Effect": "Allow", "Principal": ROOT, "Action": "sts:AssumeRole"}
        there = self.lab.client("iam", OTHER)
        there.create_role(RoleName="trail-operator", AssumeRolePolicyDocument=document(trusts))
        self.grant(allow(["sts:AssumeRole", "cloudtrail:*"], "*"))
        session = self.lab.session(ROLE, self.lab.client("sts", *self.keys))
        client = self.lab.client_of(session, "cloudtrail")
        self.assert_denied("cloudtrail:DescribeTrails", {}, client)
        self.grant(allow("cloudtrail:DescribeTrails", "*"), account=OTHER, role="trail-operator")
        self.assert_allowed("DescribeTrails", {}, client)
        self.assertEqual(client.describe_trails()["trailList"], [])
        self.assertEqual(self.lab.client_of(session, "sts").get_caller_identity()["Account"], OTHER)
        self.lab.ask("POST", "/sessions", {"expire": True})
        self.assertEqual(self.refused(client, "DescribeTrails", {})[0], "ExpiredTokenException")

    def test_a_lifetime_by_order_keeps_signatures_good(self) -> None:
        trusts = {"Effect": "Allow", "Principal": ROOT, "Action": "sts:AssumeRole"}
        there = self.lab.client("iam", OTHER)
        there.create_role(RoleName="trail-operator", AssumeRolePolicyDocument=document(trusts))
        self.grant(allow("sts:AssumeRole", "*"))
        self.lab.ask("POST", "/sessions", {"lifetime": 60})
        session = self.lab.session(ROLE, self.lab.client("sts", *self.keys), ExternalId="a+b=c/d:e")
        self.assertEqual(self.lab.client_of(session, "sts").get_caller_identity()["Account"], OTHER)
        self.assertEqual(self.lab.ask("POST", "/sessions", {})["valid"], 1)


def allow(action: Any, resource: Any, condition: Any = None) -> Any:
    made = {"Effect": "Allow", "Action": action, "Resource": resource}
    return made | ({"Condition": condition} if condition else {})


if __name__ == "__main__":
    unittest.main()
