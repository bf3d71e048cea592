"""Regions of an account, buckets and keys of other accounts, over the wire. Runs real labs."""

from __future__ import annotations

import unittest
from typing import Any

from botocore.exceptions import ClientError
from running import WithLab, code
from support import ACCOUNT, OTHER, THIRD, document, proves, statement

from lab.arns import DEFAULT_REGIONS, OPT_IN_REGIONS

# A key policy that keeps the key in the hands of its account.
OWNER = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}


class Regions(WithLab):
    @proves("regions-listed")
    def test_opt_in_regions_are_disabled_until_enabled(self) -> None:
        self.assertEqual(len(DEFAULT_REGIONS), 17)
        self.assertEqual(self.listed("ENABLED", "ENABLED_BY_DEFAULT"), set(DEFAULT_REGIONS))
        self.assertEqual(self.listed("DISABLED"), set(OPT_IN_REGIONS))
        self.lab.ask("POST", "/regions", {"enable": ["af-south-1", "eu-south-2"]})
        self.lab.ask("POST", "/regions", {"disable": ["eu-south-2"]})
        self.assertEqual(self.listed("ENABLED"), {"af-south-1"})
        self.assertEqual(self.listed("ENABLED", key=OTHER), set())
        status = self.lab.client("account").get_region_opt_status(RegionName="af-south-1")["RegionOptStatus"]
        self.assertEqual(status, "ENABLED")
        self.lab.ask("POST", "/reset")
        self.assertEqual(self.listed("ENABLED"), set())

    def listed(self, *statuses: str, key: str = ACCOUNT) -> set[str]:
        answer = self.lab.client("account", key).list_regions(RegionOptStatusContains=statuses)
        return {region["RegionName"] for region in answer["Regions"]}

    @proves("regions-pages")
    def test_pages(self) -> None:
        client = self.lab.client("account")
        pages = list(client.get_paginator("list_regions").paginate(PaginationConfig={"PageSize": 20}))
        names = [region["RegionName"] for page in pages for region in page["Regions"]]
        self.assertEqual((len(pages), names), (2, sorted(DEFAULT_REGIONS + OPT_IN_REGIONS)))
        self.assertNotIn("NextToken", client.list_regions())
        self.assertEqual(code(client.list_regions, RegionOptStatusContains=["ON"]), "ValidationException")

    @proves("regions-member")
    def test_the_management_account_asks_for_members(self) -> None:
        self.lab.ask("POST", "/organization", {"members": [OTHER]})
        self.lab.ask("POST", "/regions", {"account": OTHER, "enable": ["me-south-1"]})
        client = self.lab.client("account")
        wanted = {"AccountId": OTHER, "RegionOptStatusContains": ["ENABLED"]}
        self.assertEqual(code(client.list_regions, **wanted), "AccessDeniedException")
        self.lab.client("organizations").enable_aws_service_access(ServicePrincipal="account.amazonaws.com")
        self.assertEqual([r["RegionName"] for r in client.list_regions(**wanted)["Regions"]], ["me-south-1"])
        for account in (THIRD, ACCOUNT):
            self.assertEqual(code(client.list_regions, AccountId=account), "AccessDeniedException")
        member = self.lab.client("account", OTHER)
        self.assertEqual(code(member.list_regions, AccountId=ACCOUNT), "AccessDeniedException")

    @proves("region-disabled")
    def test_a_disabled_region_knows_no_key(self) -> None:
        for service, operation, refusal in [
            ("cloudtrail", "describe_trails", "UnrecognizedClientException"),
            ("sns", "list_topics", "InvalidClientTokenId"),
            ("s3", "list_buckets", "InvalidAccessKeyId"),
        ]:
            call = getattr(self.lab.client(service, region="me-south-1"), operation)
            self.lab.ask("POST", "/regions", {"disable": ["me-south-1"]})
            self.assertEqual(code(call), refusal)
            self.assertEqual(code(getattr(self.lab.client(service, OTHER, region="me-south-1"), operation)), "")
            self.lab.ask("POST", "/regions", {"enable": ["me-south-1"]})
            self.assertEqual(code(call), "")

    def test_a_region_nobody_spoke_of_answers(self) -> None:
        self.assertEqual(code(self.lab.client("cloudtrail", region="me-south-1").describe_trails), "")

    def test_calls_and_faults(self) -> None:
        client = self.lab.client("account")
        self.lab.ask("POST", "/faults", {"service": "account", "operation": "ListRegions", "code": "InternalError"})
        self.assertEqual([code(client.list_regions), code(client.list_regions)], ["InternalError", ""])
        self.assertEqual(code(client.get_contact_information), "UnknownOperationException")
        calls = self.lab.ask("GET", "/calls?service=account")
        self.assertEqual(calls["byOperation"], {"account:ListRegions": 2, "account:GetContactInformation": 1})
        self.assertEqual([call["code"] for call in calls["calls"]], ["InternalError", "", "UnknownOperationException"])
        self.assertEqual(calls["writes"], 0)


class Buckets(WithLab):
    def setUp(self) -> None:
        super().setUp()
        self.s3, self.stranger = self.lab.client("s3"), self.lab.client("s3", OTHER)

    @proves("bucket-expected-owner")
    def test_expected_owner(self) -> None:
        reads = ["head_bucket", "get_bucket_policy", "get_bucket_location", "get_bucket_versioning", "list_objects_v2"]
        for read in reads:
            call = getattr(self.s3, read)
            self.assertEqual(code(call, Bucket="trail-logs", ExpectedBucketOwner=ACCOUNT), "")
            refusal = code(call, Bucket="trail-logs", ExpectedBucketOwner=OTHER)
            self.assertEqual(refusal, "403" if read == "head_bucket" else "AccessDenied")
        missing = {"Bucket": "not-there", "ExpectedBucketOwner": ACCOUNT}
        self.assertEqual(code(self.s3.get_bucket_policy, **missing), "NoSuchBucket")
        malformed = {"Bucket": "trail-logs", "ExpectedBucketOwner": "me"}
        self.assertEqual(code(self.s3.get_bucket_policy, **malformed), "InvalidBucketOwnerAWSAccountID")

    @proves("bucket-expected-owner")
    def test_expected_owner_of_a_bucket_elsewhere(self) -> None:
        place = {"LocationConstraint": "eu-west-1"}
        self.lab.aws("s3", "CreateBucket", Bucket="in-europe", CreateBucketConfiguration=place)
        wrong = {"Bucket": "in-europe", "ExpectedBucketOwner": OTHER}
        self.assertEqual(code(self.s3.get_bucket_location, **wrong), "AccessDenied")
        self.assertEqual(self.heads("in-europe", ExpectedBucketOwner=OTHER), [301, 403])

    @proves("bucket-foreign")
    def test_a_bucket_of_another_account(self) -> None:
        self.assertEqual(code(self.stranger.head_bucket, Bucket="trail-logs"), "403")
        self.assertEqual(code(self.stranger.get_bucket_policy, Bucket="trail-logs"), "AccessDenied")
        self.assertEqual(code(self.stranger.head_bucket, Bucket="not-there"), "404")
        guest = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}, "Action": "s3:ListBucket"}
        policy = document({**guest, "Resource": "arn:aws:s3:::trail-logs"})
        self.lab.aws("s3", "PutBucketPolicy", Bucket="trail-logs", Policy=policy)
        self.assertEqual(code(self.stranger.head_bucket, Bucket="trail-logs"), "")
        self.assertEqual(code(self.lab.client("s3", THIRD).head_bucket, Bucket="trail-logs"), "403")

    @proves("bucket-other-region")
    def test_a_bucket_in_another_region(self) -> None:
        place = {"LocationConstraint": "eu-west-1"}
        self.lab.aws("s3", "CreateBucket", Bucket="in-europe", CreateBucketConfiguration=place)
        for region in ("us-east-1", "eu-central-1"):
            self.s3 = self.lab.client("s3", region=region)
            self.assertEqual(self.heads("in-europe"), [301, 200])
        self.s3 = self.lab.client("s3", region="eu-west-1")
        self.assertEqual(self.heads("in-europe"), [200])

    def heads(self, bucket: str, **more: Any) -> list[int]:
        """Status of each HeadBucket; boto's S3 client follows the Region a redirect names, other SDKs do not."""
        seen: list[tuple[int, str | None]] = []

        def note(response: Any, **_: Any) -> None:
            seen.append((response[0].status_code, response[0].headers.get("x-amz-bucket-region")))

        self.s3.meta.events.register_first("needs-retry.s3.HeadBucket", note)
        code(self.s3.head_bucket, Bucket=bucket, **more)
        self.assertEqual({region for _, region in seen}, {"eu-west-1"})
        return [status for status, _ in seen]


class Keys(WithLab):
    def setUp(self) -> None:
        super().setUp()
        self.kms, self.stranger = self.lab.client("kms"), self.lab.client("kms", OTHER)
        self.key = self.kms.create_key(Policy=document(OWNER))["KeyMetadata"]
        self.kms.create_alias(AliasName="alias/trail", TargetKeyId=self.key["KeyId"])
        self.alias_arn = self.key["Arn"].replace(f"key/{self.key['KeyId']}", "alias/trail")

    def described(self, key: str, kms: Any = None) -> str:
        try:
            answer: str = (kms or self.kms).describe_key(KeyId=key)["KeyMetadata"]["Arn"]
        except ClientError as error:
            return error.response["Error"]["Code"]
        return answer

    @proves("key-described")
    def test_all_four_forms(self) -> None:
        for form in ("alias/trail", self.alias_arn, self.key["KeyId"], self.key["Arn"]):
            self.assertEqual(self.described(form), self.key["Arn"])
        second = self.kms.create_key()["KeyMetadata"]
        self.kms.update_alias(AliasName="alias/trail", TargetKeyId=second["KeyId"])
        for form in ("alias/trail", self.alias_arn):
            self.assertEqual(self.described(form), second["Arn"])
        self.assertEqual(self.described("alias/none"), "NotFoundException")

    @proves("key-described")
    def test_a_key_of_another_account(self) -> None:
        # An alias of the same name at home is another one.
        namesake = self.stranger.create_key()["KeyMetadata"]["KeyId"]
        self.stranger.create_alias(AliasName="alias/trail", TargetKeyId=namesake)
        for form in (self.key["Arn"], self.alias_arn, self.key["Arn"][:-12] + "0" * 12):
            self.assertEqual(self.described(form, self.stranger), "AccessDeniedException")
        guest = {**OWNER, "Principal": {"AWS": OTHER}, "Action": "kms:DescribeKey"}
        self.kms.put_key_policy(KeyId=self.key["KeyId"], Policy=document(OWNER, guest))
        for form in (self.key["Arn"], self.alias_arn):
            self.assertEqual(self.described(form, self.stranger), self.key["Arn"])
        self.assertEqual(self.described(self.key["Arn"], self.lab.client("kms", THIRD)), "AccessDeniedException")

    @proves("key-other-region")
    def test_a_key_of_another_region(self) -> None:
        elsewhere = self.lab.client("kms", region="eu-west-1")
        for form in (self.key["Arn"], self.alias_arn, self.key["KeyId"], "alias/trail"):
            self.assertEqual(self.described(form, elsewhere), "NotFoundException")
        guest = {**OWNER, "Principal": {"AWS": OTHER}}
        self.kms.put_key_policy(KeyId=self.key["KeyId"], Policy=document(OWNER, guest))
        elsewhere = self.lab.client("kms", OTHER, region="eu-west-1")
        self.assertEqual(self.described(self.key["Arn"], elsewhere), "NotFoundException")

    def test_trails_take_a_key_of_another_account_by_its_arn(self) -> None:
        policy = document({**OWNER, "Principal": {"AWS": OTHER}}, statement("kms:*", "*"))
        key = self.stranger.create_key(Policy=policy)["KeyMetadata"]["Arn"]
        self.lab.trail(KmsKeyId=key)
        self.assertEqual(self.client.get_trail(Name="main")["Trail"]["KmsKeyId"], key)


if __name__ == "__main__":
    unittest.main()
