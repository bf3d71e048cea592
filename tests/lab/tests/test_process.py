"""The process: how it starts, serves, misbehaves on request, and ends. Runs real labs."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import cbor2
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from running import FOLDER, RunningLab
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


def code(call: Any, **params: Any) -> str:
    try:
        call(**params)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return ""


class Life(unittest.TestCase):
    def test_ready_line_and_end(self) -> None:
        lab, second = RunningLab(), RunningLab()
        self.assertEqual(lab.ready.keys(), {"endpoint", "pid"})
        self.assertEqual(lab.ready["pid"], lab.process.pid)
        self.assertEqual(lab.ask("GET", "/health")["status"], "ok")
        lab.aws("s3", "CreateBucket", Bucket="only-here")
        self.assertEqual(second.aws("s3", "ListBuckets")["Buckets"], [])
        for one, number in ((lab, signal.SIGTERM), (second, signal.SIGINT)):
            began = time.monotonic()
            one.process.send_signal(number)
            self.assertEqual(one.end(), 0)
            self.assertLess(time.monotonic() - began, 1.0)

    def test_ends_with_its_stdin_and_leaves_nothing(self) -> None:
        lab = RunningLab("--watch-stdin", stdin=subprocess.PIPE)
        self.assertTrue(self.scratch(lab))
        lab.process.stdin.close()
        self.assertEqual(lab.process.wait(timeout=2), 0)
        lab.process.stdout.close()
        self.assertFalse(self.scratch(lab))

    @staticmethod
    def scratch(lab: RunningLab) -> list[Path]:
        """The lab's folder for temporary files, named after its process."""
        return list(Path(tempfile.gettempdir()).glob(f"lab-{lab.ready['pid']}-*"))

    def test_loopback_only(self) -> None:
        run = subprocess.run(
            [sys.executable, "-m", "lab", "--host", "0.0.0.0"], cwd=FOLDER, capture_output=True, text=True, check=False
        )
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("loopback", run.stderr)


class WithLab(unittest.TestCase):
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
        self.client = self.lab.client("cloudtrail")


class ControlPlane(WithLab):
    def test_errors_say_what_to_do(self) -> None:
        self.assertEqual(self.lab.ask("GET", "/nothing")["status"], 404)
        self.assertIn("POST /_lab/aws", self.lab.ask("GET", "/nothing")["error"]["message"])
        for path, body, said in [
            ("/clock", {}, "advance"),
            ("/clock", {"set": "soon"}, "2026"),
            ("/lag", {"service": "s3", "seconds": 1}, "cloudtrail"),
            ("/deliver", {}, "trail"),
            ("/deliver", {"trail": "none"}, "no trail"),
            ("/tamper", {"action": "burn"}, "modify"),
            ("/keys", {"action": "lose"}, "rotate"),
            ("/aws", {"service": "s3", "operation": "list_buckets"}, "GetBucketPolicy"),
            ("/aws", {"service": "nothing", "operation": "X"}, "nothing"),
            ("/faults", {"operation": "*"}, "needs"),
            ("/organization", {"members": ["12"]}, "12 digits"),
        ]:
            answer = self.lab.ask("POST", path, body)
            self.assertEqual((answer["status"] in (400, 404), said in answer["error"]["message"]), (True, True), answer)

    def test_clock(self) -> None:
        self.lab.ask("POST", "/clock", {"set": "2025-03-04T05:06:07Z"})
        self.lab.ask("POST", "/clock", {"advance": 3600})
        self.assertTrue(self.lab.ask("GET", "/clock")["now"].startswith("2025-03-04T06:06:"))
        self.lab.aws("s3", "PutObject", Bucket="trail-logs", Key="x", Body="y")
        stamp = self.lab.aws("s3", "ListObjectsV2", Bucket="trail-logs")["Contents"][0]["LastModified"]
        self.assertTrue(stamp.startswith("2025-03-04T06:06:"), stamp)

    def test_calls_are_counted_without_fixtures(self) -> None:
        self.lab.trail()
        self.client.get_trail(Name="main")
        self.lab.client("s3").get_bucket_policy(Bucket="trail-logs")
        self.lab.client("sts").get_caller_identity()
        self.client.stop_logging(Name="main")
        code(self.client.get_trail, Name="no-such-trail")
        report = self.lab.ask("GET", "/calls")
        self.assertEqual(
            report["byOperation"],
            {
                "cloudtrail:GetTrail": 2,
                "s3:GetBucketPolicy": 1,
                "sts:GetCallerIdentity": 1,
                "cloudtrail:StopLogging": 1,
            },
        )
        self.assertEqual((report["writes"], report["calls"][-1]["code"]), (1, "TrailNotFoundException"))
        self.assertEqual(len(self.lab.ask("GET", f"/calls?since={report['last'] - 1}")["calls"]), 1)
        self.assertEqual(self.lab.ask("GET", f"/calls?account={OTHER}")["calls"], [])
        self.lab.ask("DELETE", "/calls")
        self.assertEqual(self.lab.ask("GET", "/calls")["byOperation"], {})

    def test_reset_forgets_everything(self) -> None:
        self.lab.trail()
        self.lab.ask("POST", "/faults", {"status": 500})
        self.lab.ask("POST", "/clock", {"advance": 86400})
        self.lab.ask("POST", "/organization", {"members": [OTHER]})
        self.lab.ask("POST", "/reset")
        self.assertEqual((self.lab.ask("GET", "/trails"), self.lab.ask("GET", "/faults")), ([], []))
        self.assertEqual(self.lab.aws("s3", "ListBuckets")["Buckets"], [])
        self.assertEqual(
            self.lab.aws("organizations", "DescribeOrganization")["error"]["code"], "AWSOrganizationsNotInUseException"
        )
        now = time.strftime("%Y-%m-%dT%H", time.gmtime())
        self.assertTrue(self.lab.ask("GET", "/clock")["now"].startswith(now))

    def test_lag(self) -> None:
        self.lab.ask("POST", "/lag", {"service": "cloudtrail", "seconds": 600})
        self.lab.trail(start=False)
        self.assertEqual(code(self.client.get_trail, Name="main"), "TrailNotFoundException")
        self.assertEqual([trail["name"] for trail in self.lab.ask("GET", "/trails")], ["main"])
        self.client.start_logging(Name="main")
        self.lab.ask("POST", "/lag", {"service": "cloudtrail", "seconds": 0})
        self.assertTrue(self.client.get_trail_status(Name="main")["IsLogging"])


class Faults(WithLab):
    def setUp(self) -> None:
        super().setUp()
        self.lab.trail(start=False)

    def fault(self, **fault: Any) -> int:
        return self.lab.ask("POST", "/faults", fault)["id"]

    def test_throttled_then_let_through(self) -> None:
        self.fault(service="cloudtrail", operation="Get*", code="ThrottlingException", times=2, retryAfter=3)
        with self.assertRaises(ClientError) as caught:
            self.client.get_trail(Name="main")
        answer = caught.exception.response
        self.assertEqual(
            (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]), ("ThrottlingException", 400)
        )
        self.assertEqual(answer["ResponseMetadata"]["HTTPHeaders"]["retry-after"], "3")
        retrying = self.lab.client("cloudtrail", attempts=3)
        self.assertEqual(retrying.get_trail(Name="main")["Trail"]["Name"], "main")
        calls = self.lab.ask("GET", "/calls")["calls"]
        self.assertEqual([call["code"] for call in calls], ["ThrottlingException", "ThrottlingException", ""])

    def test_every_protocol(self) -> None:
        self.fault(code="ServiceUnavailable", times=-1)
        for service, operation, params in [
            ("s3", "get_bucket_policy", {"Bucket": "trail-logs"}),
            ("sns", "list_topics", {}),
            ("logs", "describe_log_groups", {}),
            ("cloudwatch", "describe_alarms", {}),
        ]:
            self.assertEqual(code(getattr(self.lab.client(service), operation), **params), "ServiceUnavailable")

    def test_before_does_nothing_and_after_does_it(self) -> None:
        for phase, logging in (("before", False), ("after", True)):
            self.fault(operation="StartLogging", status=500, phase=phase)
            self.assertEqual(code(self.client.start_logging, Name="main"), "InternalFailure")
            self.assertEqual(self.client.get_trail_status(Name="main")["IsLogging"], logging)

    def test_delay(self) -> None:
        self.fault(operation="GetTrail", delaySeconds=0.3)
        began = time.monotonic()
        self.client.get_trail(Name="main")
        self.assertGreaterEqual(time.monotonic() - began, 0.3)

    def test_hang_until_the_client_leaves(self) -> None:
        number = self.fault(operation="DeleteTrail", hang=True)
        impatient = self.lab.client("cloudtrail", patience=0.5)
        with self.assertRaises(ReadTimeoutError):
            impatient.delete_trail(Name="main")
        impatient.close()
        self.wait_until(lambda: self.faults()[number]["hanging"] == 0)
        self.assertEqual(self.faults()[number]["hits"], 1)
        self.assertEqual(self.client.get_trail(Name="main")["Trail"]["Name"], "main")

    def test_hang_until_the_fault_goes(self) -> None:
        number = self.fault(operation="GetTrail", hang=True)
        failure: list[Exception] = []

        def call() -> None:
            try:
                self.client.get_trail(Name="main")
            except ConnectionClosedError as error:
                failure.append(error)

        thread = threading.Thread(target=call)
        thread.start()
        self.lab.ask("GET", f"/faults?waitHits=1&id={number}&timeout=5")
        self.assertEqual(self.faults()[number]["hanging"], 1)
        self.assertEqual(self.lab.ask("DELETE", f"/faults/{number}"), {"deleted": [number]})
        thread.join(timeout=5)
        self.assertEqual(len(failure), 1)

    def test_waiting_for_hits_times_out(self) -> None:
        number = self.fault(operation="GetTrail", status=500)
        self.assertEqual(self.lab.ask("GET", f"/faults?waitHits=1&id={number}&timeout=0.1")["status"], 408)

    def faults(self) -> dict[int, Any]:
        return {fault["id"]: fault for fault in self.lab.ask("GET", "/faults")}

    def wait_until(self, condition: Any, seconds: float = 5.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, "the condition did not come true")


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
        found = self.cbor("DescribeAlarms", {"AlarmNames": ["root"]})[1]["MetricAlarms"]
        self.assertEqual([item["StateValue"] for item in found], ["INSUFFICIENT_DATA"])
        data = {"Namespace": "LogMetrics", "MetricData": [{"MetricName": "root", "Value": 2.0}]}
        self.cbor("PutMetricData", data)
        self.assertEqual(self.cbor("DescribeAlarms", {})[1]["MetricAlarms"][0]["StateValue"], "ALARM")
        status, answer = self.cbor("DeleteAlarms", {"AlarmNames": ["none"]})
        self.assertEqual((status, answer["__type"]), (404, "ResourceNotFound"))
        self.assertEqual(self.cbor("DeleteAlarms", {"AlarmNames": ["root"]})[0], 200)
        self.assertEqual(self.lab.ask("GET", "/calls")["byOperation"]["cloudwatch:DescribeAlarms"], 2)

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


class Listening(unittest.TestCase):
    def test_one_listener_on_loopback(self) -> None:
        lab = RunningLab()
        try:
            port = int(lab.endpoint.rpartition(":")[2])
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                pass
            self.assertEqual(self.listeners(lab.process.pid), {f"0100007F:{port:04X}"})
        finally:
            lab.end()

    def listeners(self, pid: int) -> set[str]:
        """Local addresses of listening sockets of the process, as the kernel prints them."""
        descriptors = Path(f"/proc/{pid}/fd")
        if not descriptors.exists():
            self.skipTest("this system has no /proc")
        inodes = set()
        for descriptor in descriptors.iterdir():
            with contextlib.suppress(OSError):
                target = str(descriptor.readlink())
                inodes.add(target.removeprefix("socket:[").rstrip("]"))
        found = set()
        for table in ("tcp", "tcp6"):
            for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and fields[9] in inodes:
                    found.add(fields[1])
        return found


if __name__ == "__main__":
    unittest.main()
