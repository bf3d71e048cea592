"""What stock `aws cloudtrail validate-logs` says of the lab's deliveries. Needs LAB_AWS=/path/to/aws."""

from __future__ import annotations

import os
import subprocess
import unittest
from typing import Any

from running import RunningLab
from support import ACCOUNT, OTHER, REGION, bucket_policy, proves, trail_arn

AWS = os.environ.get("LAB_AWS", "")
REASON = "LAB_AWS is not set to the aws command of a venv made from requirements-aws.txt"


@unittest.skipUnless(AWS, REASON)
class ValidateLogs(unittest.TestCase):
    lab: RunningLab

    @classmethod
    def setUpClass(cls) -> None:
        cls.lab = RunningLab()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.lab.end()

    def setUp(self) -> None:
        self.lab.ask("POST", "/reset")
        self.lab.bucket("trail-logs")

    def start(self, **members: Any) -> None:
        self.lab.trail(IsMultiRegionTrail=True, EnableLogFileValidation=True, **members)

    def deliver(self, **order: Any) -> Any:
        return self.lab.ask("POST", "/deliver", {"trail": "main", **order})

    def tamper(self, action: str, key: str, **more: Any) -> None:
        body = {"action": action, "bucket": "trail-logs", "key": key, **more}
        self.assertEqual(self.lab.ask("POST", "/tamper", body).get("action"), action)

    def aws(self, *arguments: str, region: str = REGION) -> tuple[int, str]:
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "lab",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_ENDPOINT_URL": self.lab.endpoint,
        }
        command = [AWS, *arguments, "--region", region]
        run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        return run.returncode, run.stdout + run.stderr

    def validate(self, first: Any, last: Any, *more: str, region: str = REGION) -> tuple[int, str]:
        times = ("--start-time", first["from"], "--end-time", last["to"])
        return self.aws("cloudtrail", "validate-logs", "--trail-arn", trail_arn(), *times, *more, region=region)

    def assert_says(self, result: tuple[int, str], status: int, *lines: str) -> None:
        self.assertEqual(result[0], status, result[1])
        for line in lines:
            self.assertIn(line, result[1])

    def test_refused_without_a_policy_and_accepted_with_one(self) -> None:
        create = ("cloudtrail", "create-trail", "--name", "main", "--s3-bucket-name", "bare-bucket")
        self.lab.aws("s3", "CreateBucket", Bucket="bare-bucket")
        status, said = self.aws(*create)
        self.assertNotEqual(status, 0)
        self.assertIn("InsufficientS3BucketPolicyException", said)
        self.lab.aws(
            "s3", "PutBucketPolicy", Bucket="bare-bucket", Policy=bucket_policy("bare-bucket", arn=trail_arn())
        )
        self.assert_says(self.aws(*create), 0, trail_arn())

    @proves("validate-logs")
    def test_all_valid(self) -> None:
        self.start()
        done = self.deliver(hours=5)
        self.assert_says(self.validate(done, done), 0, "5/5 digest files valid", "10/10 log files valid")

    def test_tampered_logs(self) -> None:
        self.start()
        done = self.deliver(hours=2)
        keys = [row["key"] for row in done["logFiles"]]
        self.tamper("modify", keys[0])
        self.tamper("delete", keys[1])
        self.tamper("append", keys[2])
        self.tamper("truncate", keys[3])
        self.assert_says(
            self.validate(done, done),
            1,
            "2/2 digest files valid",
            f"{keys[0]}\tINVALID: hash value doesn't match",
            f"{keys[1]}\tINVALID: not found",
            f"{keys[2]}\tINVALID: unexpected data after end of compressed stream",
            f"{keys[3]}\tINVALID:",
        )

    def test_tampered_digests(self) -> None:
        self.start()
        done = self.deliver(hours=6)
        keys = [row["key"] for row in done["digests"]]
        self.tamper("delete", keys[1])
        self.tamper("modify", keys[3])
        self.tamper("remove-metadata", keys[4], names=["signature"])
        self.assert_says(
            self.validate(done, done),
            1,
            "3/6 digest files valid, 3/6 digest files INVALID",
            f"{keys[1]}\tINVALID: not found",
            f"{keys[3]}\tINVALID: signature verification failed",
            f"{keys[4]}\tINVALID: signature verification failed",
        )

    def test_a_moved_digest(self) -> None:
        self.start()
        done = self.deliver(hours=2)
        key = done["digests"][1]["key"]
        self.tamper("copy", done["digests"][0]["key"], toKey=key)
        self.assert_says(self.validate(done, done), 1, f"{key}\tINVALID: has been moved from its original location")

    def test_keys(self) -> None:
        self.start()
        first = self.deliver(hours=2)
        self.lab.ask("POST", "/keys", {"action": "rotate"})
        last = self.deliver(hours=2)
        self.assert_says(self.validate(first, last), 0, "4/4 digest files valid")
        found = self.lab.aws("cloudtrail", "ListPublicKeys", StartTime=first["from"], EndTime=last["to"])
        old = found["PublicKeyList"][0]["Fingerprint"]
        self.lab.ask("POST", "/keys", {"action": "withhold", "fingerprint": old})
        self.assert_says(
            self.validate(first, last), 1, f"public key not found in region {REGION} for fingerprint {old}"
        )
        self.lab.ask("POST", "/keys", {"action": "restore"})
        self.lab.ask("POST", "/keys", {"action": "encoding", "encoding": "spki", "fingerprint": old})
        self.assert_says(self.validate(first, last), 1, f"Unable to load PKCS #1 key with fingerprint {old}")

    def test_gap(self) -> None:
        self.start()
        first = self.deliver(hours=2)
        self.lab.aws("cloudtrail", "StopLogging", Name="main")
        self.lab.ask("POST", "/clock", {"advance": 7200})
        self.lab.aws("cloudtrail", "StartLogging", Name="main")
        last = self.deliver(hours=1)
        self.assert_says(self.validate(first, last), 0, "No log files were delivered by CloudTrail between")

    def test_backfill(self) -> None:
        self.start()
        first = self.deliver(hours=3)
        last = self.deliver(hours=2, backfill=True)
        result = self.validate(first, last)
        self.assert_says(result, 0, "3/3 digest files valid", "2/2 backfill digest files valid")

    def test_second_region(self) -> None:
        self.start()
        done = self.deliver(hours=2, regions=[REGION, "eu-west-1"])
        for region in (REGION, "eu-west-1"):
            self.assert_says(
                self.validate(done, done, region=region), 0, "2/2 digest files valid", "4/4 log files valid"
            )

    def test_organization(self) -> None:
        made = self.lab.ask("POST", "/organization", {"members": [OTHER], "trustedAccess": True})
        policy = bucket_policy("trail-logs", owners=(ACCOUNT, made["id"]))
        self.lab.aws("s3", "PutBucketPolicy", Bucket="trail-logs", Policy=policy)
        self.start(IsOrganizationTrail=True)
        done = self.deliver(hours=2)
        for account in (ACCOUNT, OTHER):
            result = self.validate(done, done, "--account-id", account)
            self.assert_says(result, 0, "2/2 digest files valid", "4/4 log files valid")


if __name__ == "__main__":
    unittest.main()
