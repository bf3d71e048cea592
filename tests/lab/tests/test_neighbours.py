"""The services around CloudTrail, and IAM, over the wire. Runs real labs."""

from __future__ import annotations

import contextlib
import json
import unittest
import urllib.error
import urllib.request
from typing import Any

import cbor2
from running import RunningLab, WithLab, code
from support import (
    ACCOUNT,
    LOG_GROUP,
    LOG_ROLE,
    OTHER,
    REGION,
    TRUST,
    bucket_policy,
    document,
    proves,
    role_policy,
    statement,
    trail_arn,
)

# A key policy that keeps the key in the hands of its account.
OWNER = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}


class Neighbours(WithLab):
    @proves("bucket-policy-malformed", "key-policy-malformed", "topic-policy-malformed", "assume-role-missing")
    def test_refusals(self) -> None:
        foreign = document(statement("s3:GetObject", "arn:aws:s3:::other/*"))
        s3 = self.lab.client("s3")
        self.assertEqual(code(s3.put_bucket_policy, Bucket="trail-logs", Policy=foreign), "MalformedPolicy")
        kms = self.lab.client("kms")
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        locked = document(statement("kms:GenerateDataKey*", "*"))
        self.assertEqual(code(kms.put_key_policy, KeyId=key, Policy=locked), "MalformedPolicyDocumentException")
        sns = self.lab.client("sns")
        topic = sns.create_topic(Name="trail")["TopicArn"]
        bad = {"TopicArn": topic, "AttributeName": "Policy", "AttributeValue": "{"}
        self.assertEqual(code(sns.set_topic_attributes, **bad), "InvalidParameter")
        role = {"RoleArn": f"arn:aws:iam::{OTHER}:role/none", "RoleSessionName": "test"}
        self.assertEqual(code(self.lab.client("sts").assume_role, **role), "AccessDenied")

    @proves("public-access-default")
    def test_public_access_is_blocked_from_the_start(self) -> None:
        found = self.lab.client("s3").get_public_access_block(Bucket="trail-logs")["PublicAccessBlockConfiguration"]
        self.assertEqual(set(found.values()), {True})

    @proves("reader-decrypt", "delivery-content-type")
    def test_encrypted_objects_need_their_key(self) -> None:
        kms, s3 = self.lab.client("kms"), self.lab.client("s3")
        key = kms.create_key(Policy=document(OWNER, statement("kms:*", "*")))["KeyMetadata"]
        self.lab.trail(KmsKeyId=key["KeyId"])
        self.assertEqual(self.client.get_trail(Name="main")["Trail"]["KmsKeyId"], key["Arn"])
        file = self.lab.ask("POST", "/deliver", {"trail": "main"})["logFiles"][0]["key"]
        answer = s3.get_object(Bucket="trail-logs", Key=file)
        self.assertEqual((answer["ServerSideEncryption"], answer["SSEKMSKeyId"]), ("aws:kms", key["Arn"]))
        self.assertEqual((answer["ContentType"], answer["ContentEncoding"]), ("application/json", "gzip"))
        kms.disable_key(KeyId=key["KeyId"])
        self.assertEqual(code(s3.get_object, Bucket="trail-logs", Key=file), "KMS.DisabledException")

    @proves("alarm-delete")
    def test_alarms_over_cbor(self) -> None:
        """The Rust SDK speaks CBOR with CloudWatch, and nothing else."""
        alarm = {
            "AlarmName": "root", "Namespace": "LogMetrics", "MetricName": "root", "Statistic": "Sum", "Period": 60,
            "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        }  # fmt: skip
        self.assertEqual(self.cbor("PutMetricAlarm", alarm)[0], 200)
        status, answer = self.cbor("PutMetricAlarm", {**alarm, "Period": 45})
        self.assertEqual((status, answer["__type"]), (400, "ValidationError"))
        found = self.cbor("DescribeAlarms", {"AlarmNames": ["root"]})[1]["MetricAlarms"]
        self.assertEqual([item["StateValue"] for item in found], ["INSUFFICIENT_DATA"])
        data = {"Namespace": "LogMetrics", "MetricData": [{"MetricName": "root", "Value": 2.0}]}
        self.cbor("PutMetricData", data)
        self.assertEqual(self.cbor("DescribeAlarms", {})[1]["MetricAlarms"][0]["StateValue"], "ALARM")
        status, answer = self.cbor("DeleteAlarms", {"AlarmNames": ["none"]})
        self.assertEqual((status, answer["__type"]), (404, "ResourceNotFound"))
        self.assertEqual(self.cbor("DeleteAlarms", {"AlarmNames": ["root"]})[0], 200)
        self.assertEqual(self.lab.ask("GET", "/calls")["byOperation"]["cloudwatch:DescribeAlarms"], 2)

    @proves("alarm-members")
    def test_alarms_have_what_they_were_put_with(self) -> None:
        cloudwatch = self.lab.client("cloudwatch")
        math = {
            "AlarmName": "math",
            "EvaluationPeriods": 1,
            "ComparisonOperator": "GreaterThanUpperThreshold",
            "ThresholdMetricId": "band",
            "Metrics": [{"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(m1)"}],
        }
        cloudwatch.put_metric_alarm(**math)
        found = cloudwatch.describe_alarms()["MetricAlarms"][0]
        self.assertEqual({**found, **math}, found)
        self.assertEqual(found.keys() & {"Statistic", "Period", "Threshold", "MetricName"}, set())

    @proves("filter-members")
    def test_filters_have_what_they_were_put_with(self) -> None:
        logs = self.lab.client("logs")
        logs.create_log_group(logGroupName="trail")
        put = {
            "logGroupName": "trail",
            "filterName": "root",
            "filterPattern": "",
            "metricTransformations": [{"metricName": "root", "metricNamespace": "LogMetrics", "metricValue": "1"}],
        }
        more = {"fieldSelectionCriteria": '@aws.region = "eu-west-1"', "emitSystemFieldDimensions": ["@aws.account"]}
        logs.put_metric_filter(**put, **more)
        found = logs.describe_metric_filters(logGroupName="trail")["metricFilters"][0]
        self.assertEqual({**found, **put, **more}, found)
        logs.put_metric_filter(**put)
        self.assertEqual(logs.describe_metric_filters()["metricFilters"][0].keys() & more.keys(), set())

    @proves("topic-email")
    def test_email_must_be_confirmed(self) -> None:
        sns = self.lab.client("sns")
        topic = sns.create_topic(Name="alarms")["TopicArn"]
        for _ in range(2):
            made = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="security@example.com")
            self.assertEqual(made["SubscriptionArn"], "pending confirmation")
        sns.subscribe(TopicArn=topic, Protocol="sms", Endpoint="+4915112345678")
        found = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
        self.assertEqual((found["SubscriptionsPending"], found["SubscriptionsConfirmed"]), ("1", "1"))
        confirmed = sns.confirm_subscription(TopicArn=topic, Token="security@example.com")["SubscriptionArn"]
        made = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="security@example.com")
        self.assertEqual(made["SubscriptionArn"], confirmed)
        found = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
        self.assertEqual((found["SubscriptionsPending"], found["SubscriptionsConfirmed"]), ("0", "2"))

    def cbor(self, operation: str, body: Any) -> tuple[int, Any]:
        request = urllib.request.Request(
            f"{self.lab.endpoint}/service/GraniteServiceVersion20100801/operation/{operation}",
            method="POST",
            data=cbor2.dumps(body),
            headers={
                "content-type": "application/cbor",
                "smithy-protocol": "rpc-v2-cbor",
                "authorization": f"AWS4-HMAC-SHA256 Credential={ACCOUNT}/20260101/{REGION}/monitoring/aws4_request, "
                "SignedHeaders=host, Signature=0",
            },
        )
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, cbor2.loads(answer.read() or b"\xa0")
        except urllib.error.HTTPError as error:
            return error.code, cbor2.loads(error.read())

    def test_bucket_and_key_of_another_account(self) -> None:
        archive, kms = self.lab.client("s3", OTHER), self.lab.client("kms", OTHER)
        archive.create_bucket(Bucket="archive")
        archive.put_bucket_policy(Bucket="archive", Policy=bucket_policy("archive", arn=trail_arn()))
        keeper = {**OWNER, "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}}
        source = {"StringEquals": {"aws:SourceArn": trail_arn()}}
        key = kms.create_key(Policy=document(keeper, statement("kms:*", "*", **source)))["KeyMetadata"]["Arn"]
        self.lab.trail(bucket="archive", KmsKeyId=key, EnableLogFileValidation=True)
        done = self.lab.ask("POST", "/deliver", {"trail": "main"})
        self.assertEqual((len(done["logFiles"]), len(done["digests"]), done["failures"]), (2, 1, []))
        listed = archive.list_objects_v2(Bucket="archive")["Contents"]
        self.assertEqual({item["Key"] for item in listed}, {row["key"] for row in done["logFiles"] + done["digests"]})
        self.assertEqual(code(self.lab.client("s3").list_objects_v2, Bucket="archive"), "AccessDenied")

    @proves("org-service")
    def test_organizations(self) -> None:
        api, member = self.lab.client("organizations"), self.lab.client("organizations", OTHER)
        self.assertEqual(code(api.describe_organization), "AWSOrganizationsNotInUseException")
        organization = api.create_organization(FeatureSet="ALL")["Organization"]
        self.assertEqual(code(api.create_organization), "AlreadyInOrganizationException")
        self.lab.ask("POST", "/organization", {"members": [OTHER]})
        self.assertEqual(member.describe_organization()["Organization"]["Id"], organization["Id"])
        self.assertEqual(code(member.list_accounts), "AccessDeniedException")
        self.assertEqual({account["Id"] for account in api.list_accounts()["Accounts"]}, {ACCOUNT, OTHER})
        service = "cloudtrail.amazonaws.com"
        api.enable_aws_service_access(ServicePrincipal=service)
        trusted = api.list_aws_service_access_for_organization()["EnabledServicePrincipals"]
        self.assertEqual([item["ServicePrincipal"] for item in trusted], [service])
        self.client.register_organization_delegated_admin(MemberAccountId=OTHER)
        found = api.list_delegated_administrators(ServicePrincipal=service)["DelegatedAdministrators"]
        self.assertEqual([item["Id"] for item in found], [OTHER])
        self.assertEqual(len(member.list_accounts()["Accounts"]), 2)
        self.assertEqual(code(api.delete_organization), "OrganizationNotEmptyException")
        member.leave_organization()
        api.delete_organization()
        self.assertEqual(code(api.describe_organization), "AWSOrganizationsNotInUseException")

    @proves("org-accounts", "org-accounts-pages", "org-account-state")
    def test_accounts_of_an_organization(self) -> None:
        members = [f"{number:012}" for number in range(1, 23)]
        self.lab.ask("POST", "/organization", {"members": [OTHER, *members]})
        api, member = self.lab.client("organizations"), self.lab.client("organizations", OTHER)
        api.register_delegated_administrator(AccountId=OTHER, ServicePrincipal="config.amazonaws.com")
        api.close_account(AccountId=members[-1])
        for client in (api, member):
            pages = [page["Accounts"] for page in client.get_paginator("list_accounts").paginate()]
            self.assertEqual([len(page) for page in pages], [20, 4])
            listed = {account["Id"]: (account["State"], account["Status"]) for page in pages for account in page}
            self.assertEqual(listed.pop(members[-1]), ("CLOSED", "SUSPENDED"))
            self.assertEqual(listed, dict.fromkeys([ACCOUNT, OTHER, *members[:-1]], ("ACTIVE", "ACTIVE")))
        self.assertEqual(code(api.list_accounts, MaxResults=21), "InvalidInputException")
        self.assertEqual(api.describe_account(AccountId=OTHER)["Account"]["State"], "ACTIVE")

    def test_from_log_events_to_an_alarm(self) -> None:
        logs, cloudwatch = self.lab.client("logs"), self.lab.client("cloudwatch")
        logs.create_log_group(logGroupName="trail")
        write = document({"Effect": "Allow", "Action": "logs:*", "Resource": "*"})
        self.lab.aws("iam", "CreateRole", RoleName="trail", AssumeRolePolicyDocument=TRUST)
        self.lab.aws("iam", "PutRolePolicy", RoleName="trail", PolicyName="write", PolicyDocument=write)
        self.lab.trail(
            CloudWatchLogsLogGroupArn=f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:trail:*",
            CloudWatchLogsRoleArn=f"arn:aws:iam::{ACCOUNT}:role/trail",
        )
        transformation = {"metricName": "root", "metricNamespace": "LogMetrics", "metricValue": "1"}
        put = {"logGroupName": "trail", "filterName": "root", "metricTransformations": [transformation]}
        self.assertEqual(code(logs.put_metric_filter, **put, filterPattern="{ $.a = }"), "InvalidParameterException")
        logs.put_metric_filter(**put, filterPattern='{ $.userIdentity.type = "Root" }')
        cloudwatch.put_metric_alarm(
            AlarmName="root", Namespace="LogMetrics", MetricName="root", Statistic="Sum", Period=300, Threshold=1,
            EvaluationPeriods=1, ComparisonOperator="GreaterThanOrEqualToThreshold", TreatMissingData="notBreaching",
        )  # fmt: skip
        state = lambda: cloudwatch.describe_alarms()["MetricAlarms"][0]["StateValue"]  # noqa: E731
        self.assertEqual(state(), "INSUFFICIENT_DATA")
        self.lab.ask("POST", "/deliver", {"trail": "main"})
        self.assertEqual(state(), "OK")
        signed_in = {"eventName": "ConsoleLogin", "userIdentity": {"type": "Root"}}
        self.lab.ask("POST", "/deliver", {"trail": "main", "events": [signed_in]})
        self.assertEqual(state(), "ALARM")
        self.lab.ask("POST", "/clock", {"advance": 600})
        self.assertEqual(state(), "OK")
        pattern = '{ $.eventName = "ConsoleLogin" && $.userIdentity.type = "Root" }'
        matched = logs.filter_log_events(logGroupName="trail", filterPattern=pattern)["events"]
        self.assertEqual([json.loads(event["message"])["eventName"] for event in matched], ["ConsoleLogin"])
        found = logs.test_metric_filter(filterPattern="{ $.a = 1 }", logEventMessages=['{"a": 1}', '{"a": 2}'])
        self.assertEqual([match["eventNumber"] for match in found["matches"]], [1])


class Auth(unittest.TestCase):
    @proves("iam-enforced", "reader-decrypt")
    def test_policies_decide(self) -> None:
        lab = RunningLab("--auth")
        with contextlib.closing(lab.process.stdout):
            try:
                self.check(lab)
            finally:
                lab.process.terminate()
                lab.process.wait(timeout=5)

    def check(self, lab: RunningLab) -> None:
        lab.bucket("trail-logs", bucket_policy(arn=trail_arn()))
        policy = document(OWNER, statement("kms:*", "*"))
        key = lab.aws("kms", "CreateKey", Policy=policy)["KeyMetadata"]["Arn"]
        lab.trail(KmsKeyId=key)
        file = lab.ask("POST", "/deliver", {"trail": "main"})["logFiles"][0]["key"]
        lab.aws("iam", "CreateUser", UserName="reader")
        made = lab.aws("iam", "CreateAccessKey", UserName="reader")["AccessKey"]
        keys = made["AccessKeyId"], made["SecretAccessKey"]
        cloudtrail, s3 = lab.client("cloudtrail", *keys), lab.client("s3", *keys)
        self.assertEqual(code(cloudtrail.get_trail, Name="main"), "AccessDeniedException")
        allow = {"Effect": "Allow", "Action": ["cloudtrail:GetTrail", "s3:GetObject"], "Resource": "*"}
        self.grant(lab, allow)
        self.assertEqual(cloudtrail.get_trail(Name="main")["Trail"]["Name"], "main")
        self.assertEqual(code(cloudtrail.delete_trail, Name="main"), "AccessDeniedException")
        self.assertEqual(code(s3.get_object, Bucket="trail-logs", Key=file), "AccessDenied")
        self.grant(lab, {**allow, "Action": [*allow["Action"], "kms:Decrypt"]})
        self.check_tags(lab, cloudtrail)
        self.check_pass_role(lab, cloudtrail)
        self.grant(lab, {**allow, "Action": [*allow["Action"], "kms:Decrypt"]})
        self.assertEqual(s3.get_object(Bucket="trail-logs", Key=file)["ResponseMetadata"]["HTTPStatusCode"], 200)

    def check_tags(self, lab: RunningLab, cloudtrail: Any) -> None:
        self.grant(lab, {"Effect": "Allow", "Action": "cloudtrail:*Tags", "Resource": trail_arn()})
        tags = {"ResourceId": trail_arn(), "TagsList": [{"Key": "a", "Value": "b"}]}
        self.assertEqual(code(cloudtrail.add_tags, **tags), "")
        self.assertEqual(code(cloudtrail.list_tags, ResourceIdList=[trail_arn()]), "")
        self.assertEqual(code(cloudtrail.add_tags, **{**tags, "ResourceId": trail_arn("x")}), "AccessDeniedException")

    @proves("pass-role")
    def check_pass_role(self, lab: RunningLab, cloudtrail: Any) -> None:
        lab.aws("iam", "CreateRole", RoleName="trail", AssumeRolePolicyDocument=TRUST)
        lab.aws("iam", "PutRolePolicy", RoleName="trail", PolicyName="p", PolicyDocument=role_policy())
        lab.aws("logs", "CreateLogGroup", logGroupName="trail")
        update = {"Name": "main", "CloudWatchLogsLogGroupArn": LOG_GROUP, "CloudWatchLogsRoleArn": LOG_ROLE}
        allow = {"Effect": "Allow", "Action": "cloudtrail:UpdateTrail", "Resource": "*"}
        self.grant(lab, allow)
        self.assertEqual(code(cloudtrail.update_trail, **update), "AccessDeniedException")
        passing = {"StringEquals": {"iam:PassedToService": "cloudtrail.amazonaws.com"}}
        pass_role = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": LOG_ROLE, "Condition": passing}
        self.grant(lab, allow, pass_role)
        self.assertEqual(code(cloudtrail.update_trail, **update), "")

    def grant(self, lab: RunningLab, *allow: Any) -> None:
        lab.aws("iam", "PutUserPolicy", UserName="reader", PolicyName="p", PolicyDocument=document(*allow))


if __name__ == "__main__":
    unittest.main()
