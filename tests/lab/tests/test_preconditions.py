"""What must be in place before a trail is accepted."""

from __future__ import annotations

import json
import unittest
from dataclasses import replace

from support import (
    ACCOUNT,
    BUCKET,
    KEY,
    LOG_GROUP,
    LOG_ROLE,
    OTHER,
    REGION,
    TOPIC,
    TRUST,
    World,
    bucket_policy,
    document,
    proves,
    role_policy,
    statement,
    trail_arn,
)

from lab.model import LogGroup, Role, Topic

BAD_BUCKET = "InsufficientS3BucketPolicyException"


class Buckets(unittest.TestCase):
    def setUp(self) -> None:
        self.world = World()

    @proves("bucket-missing")
    def test_missing(self) -> None:
        self.assertEqual(self.world.refused_create(S3BucketName="not-there"), "S3BucketDoesNotExistException")
        self.assertEqual(self.world.message, "S3 bucket not-there does not exist!")

    @proves("bucket-policy")
    def test_each_statement_is_needed(self) -> None:
        whole = json.loads(bucket_policy())
        for missing in range(2):
            kept = [s for n, s in enumerate(whole["Statement"]) if n != missing]
            self.world.policy(document(*kept))
            self.assertEqual(self.world.refused_create(), BAD_BUCKET)
        self.assertEqual(self.world.message, f"Incorrect S3 bucket policy is detected for bucket: {BUCKET}")
        self.world.policy(json.dumps(whole))
        self.world.create()

    @proves("bucket-policy-prefix")
    def test_prefix(self) -> None:
        self.assertEqual(self.world.refused_create(S3KeyPrefix="team"), BAD_BUCKET)
        self.world.policy(bucket_policy(prefix="team/"))
        self.world.create(S3KeyPrefix="team")
        self.assertEqual(self.world.refused_create("other"), BAD_BUCKET)

    @proves("bucket-policy-digests")
    def test_digests(self) -> None:
        text = bucket_policy().replace(f"AWSLogs/{ACCOUNT}/*", f"AWSLogs/{ACCOUNT}/CloudTrail/*")
        self.world.policy(text)
        self.world.create("plain")
        self.assertEqual(self.world.refused_create(EnableLogFileValidation=True), BAD_BUCKET)

    @proves("bucket-policy-source")
    def test_source(self) -> None:
        self.world.policy(bucket_policy(arn=trail_arn()))
        self.world.create()
        self.assertEqual(self.world.refused_create("other"), BAD_BUCKET)
        account = {"aws:SourceAccount": ACCOUNT}
        self.world.policy(document(statement("s3:*", "*", StringEquals=account)))
        self.world.create("third")
        # The ACL check carries no ACL, so this lets writes in only.
        acl = {"s3:x-amz-acl": "bucket-owner-full-control"}
        self.world.policy(document(statement("s3:*", "*", StringEquals=acl)))
        self.assertEqual(self.world.refused_create("fourth"), BAD_BUCKET)

    @proves("sse-aes256")
    def test_encryption_header(self) -> None:
        deny = {**statement("s3:PutObject", "*"), "Effect": "Deny"}
        unless_kms = {**deny, "Condition": {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}}
        base = json.loads(bucket_policy())["Statement"]
        self.world.policy(document(*base, unless_kms))
        self.assertEqual(self.world.refused_create(), BAD_BUCKET)
        self.world.add_key()
        self.world.create(KmsKeyId=KEY)

    @proves("requester-pays")
    def test_requester_pays(self) -> None:
        self.world.policy(bucket_policy(), requester_pays=True)
        self.assertEqual(self.world.refused_create(), BAD_BUCKET)

    def test_plain_transport_may_be_denied(self) -> None:
        deny = {**statement("s3:*", "*", Bool={"aws:SecureTransport": "false"}), "Effect": "Deny", "Principal": "*"}
        self.world.policy(document(*json.loads(bucket_policy())["Statement"], deny))
        self.world.create()


class Keys(unittest.TestCase):
    def setUp(self) -> None:
        self.world = World()

    @proves("key-missing")
    def test_missing_or_elsewhere(self) -> None:
        self.assertEqual(self.world.refused_create(KmsKeyId=KEY), "KmsKeyNotFoundException")
        self.world.add_key()
        self.world.policy(bucket_policy(), region="eu-west-1")
        self.assertEqual(self.world.refused_create(KmsKeyId=KEY), "KmsKeyNotFoundException")

    @proves("key-unusable")
    def test_unusable(self) -> None:
        for changes in ({"state": "Disabled"}, {"state": "PendingDeletion"}, {"symmetric": False}):
            self.world.add_key(**changes)
            self.assertEqual(self.world.refused_create(KmsKeyId=KEY), "KmsException")

    @proves("key-policy")
    def test_policy(self) -> None:
        for action in ("kms:GenerateDataKey*", "kms:DescribeKey", "kms:Encrypt"):
            self.world.add_key(document(statement(action, "*")))
            self.assertEqual(self.world.refused_create(KmsKeyId=KEY), "InsufficientEncryptionPolicyException")
        self.assertIn(KEY, self.world.message)

    @proves("key-context")
    def test_context(self) -> None:
        context = {"kms:EncryptionContext:aws:cloudtrail:arn": f"arn:aws:cloudtrail:*:{ACCOUNT}:trail/*"}
        good = statement("kms:GenerateDataKey*", "*", StringLike=context)
        self.world.add_key(document(good, statement("kms:DescribeKey", "*")))
        self.world.create(KmsKeyId=KEY)
        other = {name: value.replace(ACCOUNT, OTHER) for name, value in context.items()}
        bad = statement("kms:GenerateDataKey*", "*", StringLike=other)
        self.world.add_key(document(bad, statement("kms:DescribeKey", "*")))
        self.assertEqual(self.world.refused_create("two", KmsKeyId=KEY), "InsufficientEncryptionPolicyException")

    def test_describe_has_no_context(self) -> None:
        """DescribeKey carries no encryption context, so a statement that demands one does not allow it."""
        context = {"kms:EncryptionContext:aws:cloudtrail:arn": "arn:aws:cloudtrail:*"}
        self.world.add_key(document(statement("kms:*", "*", StringLike=context)))
        self.assertEqual(self.world.refused_create(KmsKeyId=KEY), "InsufficientEncryptionPolicyException")

    @proves("bucket-key-decrypt")
    def test_bucket_key(self) -> None:
        self.world.policy(bucket_policy(), bucket_key=True)
        self.world.add_key()
        self.assertEqual(self.world.refused_create(KmsKeyId=KEY), "InsufficientEncryptionPolicyException")
        self.world.add_key(document(statement("kms:*", "*")))
        self.world.create(KmsKeyId=KEY)


class Topics(unittest.TestCase):
    def setUp(self) -> None:
        self.world = World()

    @proves("topic-policy")
    def test_policy(self) -> None:
        self.assertEqual(self.world.refused_create(SnsTopicName="trail"), "InsufficientSnsTopicPolicyException")
        self.world.add_topic(document(statement("sns:Subscribe", TOPIC)))
        self.assertEqual(self.world.refused_create(SnsTopicName="trail"), "InsufficientSnsTopicPolicyException")
        self.world.add_topic(document(statement("sns:Publish", TOPIC, StringEquals={"aws:SourceArn": trail_arn()})))
        self.world.create(SnsTopicName="trail")

    @proves("topic-region")
    def test_region(self) -> None:
        west = TOPIC.replace(REGION, "eu-west-1")
        self.world.around.topics[west] = Topic(west, document(statement("sns:Publish", "*")))
        self.assertEqual(self.world.refused_create(SnsTopicName=west), "InsufficientSnsTopicPolicyException")

    @proves("topic-key")
    def test_key(self) -> None:
        self.world.add_topic(key=KEY)
        self.assertEqual(self.world.refused_create(SnsTopicName="trail"), "KmsKeyNotFoundException")
        self.world.add_key()
        self.assertEqual(self.world.refused_create(SnsTopicName="trail"), "InsufficientSnsTopicPolicyException")
        self.world.add_key(document(statement("kms:*", "*")))
        self.world.create(SnsTopicName="trail")


class Logs(unittest.TestCase):
    def setUp(self) -> None:
        self.world = World()
        self.members = self.world.add_logs()

    def refused(self, **changes: str) -> str:
        return self.world.refused_create(**{**self.members, **changes})

    def test_accepted(self) -> None:
        answer = self.world.create(**self.members)
        self.assertEqual(answer["CloudWatchLogsLogGroupArn"], LOG_GROUP)

    @proves("log-group-form")
    def test_form(self) -> None:
        for bad in (LOG_GROUP.removesuffix(":*"), "trail", LOG_GROUP.replace("log-group:", ""), LOG_GROUP + ":x"):
            code = self.refused(CloudWatchLogsLogGroupArn=bad)
            self.assertEqual(code, "InvalidCloudWatchLogsLogGroupArnException")

    @proves("log-group-missing")
    def test_missing(self) -> None:
        self.world.around.groups.clear()
        self.assertEqual(self.refused(), "InvalidCloudWatchLogsLogGroupArnException")

    @proves("log-group-class")
    def test_class(self) -> None:
        self.world.around.groups[ACCOUNT, REGION, "trail"] = LogGroup("trail", "INFREQUENT_ACCESS")
        self.assertEqual(self.refused(), "InvalidCloudWatchLogsLogGroupArnException")

    @proves("log-group-place")
    def test_place(self) -> None:
        for place in (LOG_GROUP.replace(ACCOUNT, OTHER), LOG_GROUP.replace(REGION, "eu-west-1")):
            code = self.refused(CloudWatchLogsLogGroupArn=place)
            self.assertEqual(code, "InvalidCloudWatchLogsLogGroupArnException")

    @proves("log-role")
    def test_role(self) -> None:
        self.assertEqual(self.refused(CloudWatchLogsRoleArn="trail"), "InvalidCloudWatchLogsRoleArnException")
        missing = LOG_ROLE.replace("trail", "other")
        self.assertEqual(self.refused(CloudWatchLogsRoleArn=missing), "InvalidCloudWatchLogsRoleArnException")
        other = TRUST.replace("cloudtrail", "config")
        self.world.around.roles[LOG_ROLE] = Role(LOG_ROLE, other, (role_policy(),))
        self.assertEqual(self.refused(), "InvalidCloudWatchLogsRoleArnException")
        self.assertIn("Access denied.", self.world.message)

    @proves("log-role-permission")
    def test_role_permission(self) -> None:
        for policies in ((), (role_policy("other"),), (role_policy(streams="something-else*"),)):
            self.world.around.roles[LOG_ROLE] = Role(LOG_ROLE, TRUST, policies)
            self.assertEqual(self.refused(), "InvalidCloudWatchLogsLogGroupArnException")
            self.assertIn("Access denied.", self.world.message)
        stream = f"{ACCOUNT}_CloudTrail_{REGION}*"
        self.world.around.roles[LOG_ROLE] = Role(LOG_ROLE, TRUST, (role_policy(streams=stream),))
        self.world.create(**self.members)

    @proves("log-pair")
    def test_pair(self) -> None:
        for member in self.members:
            self.assertEqual(self.refused(**{member: ""}), "InvalidParameterCombinationException")
        self.world.create(**self.members)
        one = {"Name": "main", "CloudWatchLogsRoleArn": ""}
        self.assertEqual(self.world.refusal("UpdateTrail", one), "InvalidParameterCombinationException")

    def test_update_checks_again(self) -> None:
        self.world.create(**self.members)
        self.world.around.roles[LOG_ROLE] = replace(self.world.around.roles[LOG_ROLE], policies=())
        update = {"Name": "main", "EnableLogFileValidation": True}
        self.assertEqual(self.world.refusal("UpdateTrail", update), "InvalidCloudWatchLogsLogGroupArnException")


if __name__ == "__main__":
    unittest.main()
