"""The process: how it starts, serves, misbehaves on request, and ends. Runs real labs."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from running import FOLDER, RunningLab, WithLab, code
from support import (
    OTHER,
)


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
            ("/regions", {"account": 1}, "12 digits"),
            ("/regions", {"enable": ["us-east-1"]}, "opt-in"),
            ("/regions", {"enable": "af-south-1"}, "lists"),
            ("/sessions", {"expires": True}, "expire or lifetime"),
            ("/sessions", {"lifetime": 0.5}, "seconds"),
            ("/limits", {}, "enabled"),
            ("/limits", {"enabled": 1}, "true or false"),
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
