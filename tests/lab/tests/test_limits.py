"""AWS's limits on calls per second, which the lab keeps when it is told to."""

from __future__ import annotations

import threading
import unittest

from running import WithLab, code
from support import ACCOUNT, OTHER, REGION, proves

from lab.limits import Limits
from lab.trace import Call


class Buckets(unittest.TestCase):
    def setUp(self) -> None:
        self.now = 100.0
        self.limits = Limits(lambda: self.now)
        self.limits.switch(True)

    def passed(self, operation: str, tries: int = 30, service: str = "cloudtrail", **more: str) -> int:
        """How many of so many calls at once go through."""
        where = {"account": ACCOUNT, "region": REGION} | more
        return sum(self.limits.refused(Call(service, operation, **where)) is None for _ in range(tries))

    @proves("rate-limits")
    def test_rates(self) -> None:
        reads = ("GetTrail", "GetTrailStatus", "DescribeTrails", "ListTrails", "GetEventSelectors", "ListTags")
        for operation in (*reads, "GetInsightSelectors", "ListPublicKeys"):
            self.assertEqual(self.passed(operation), 10, operation)
        writes = ("CreateTrail", "UpdateTrail", "DeleteTrail", "StartLogging", "StopLogging", "PutEventSelectors")
        for operation in (*writes, "PutInsightSelectors", "AddTags", "RemoveTags"):
            self.assertEqual(self.passed(operation), 1, operation)
        self.assertEqual(self.passed("LookupEvents"), 2)
        self.assertEqual(self.passed("PutMetricFilter", service="logs"), 5)
        self.assertEqual(self.passed("PutMetricAlarm", service="cloudwatch"), 3)
        self.assertEqual(self.passed("ListKeys", service="kms"), 30)

    @proves("rate-limits-assumed")
    def test_bursts_and_what_is_not_listed(self) -> None:
        for operation in ("GetEventConfiguration", "PutEventConfiguration", "Anything"):
            self.assertEqual(self.passed(operation), 1, operation)
        self.assertEqual(self.passed("GetTrail"), 10)
        self.now += 0.5
        self.assertEqual(self.passed("GetTrail"), 5)
        self.now += 60
        self.assertEqual(self.passed("GetTrail"), 10)

    @proves("rate-limits")
    def test_accounts_regions_and_operations_do_not_share(self) -> None:
        self.assertEqual(self.passed("StopLogging"), 1)
        self.assertEqual(self.passed("StopLogging", region="eu-west-1"), 1)
        self.assertEqual(self.passed("StopLogging", account=OTHER), 1)
        self.assertEqual(self.passed("StartLogging"), 1)
        self.assertEqual(self.passed("StopLogging"), 0)

    def test_switching_fills_the_buckets(self) -> None:
        self.assertEqual(self.passed("StopLogging"), 1)
        self.limits.switch(False)
        self.assertEqual(self.passed("StopLogging"), 30)
        self.limits.switch(True)
        self.assertEqual(self.passed("StopLogging"), 1)


class Switched(WithLab):
    @proves("rate-limits")
    def test_off_until_switched_on(self) -> None:
        self.lab.trail(start=False)
        self.assertEqual(self.throttled(), 0)
        self.lab.ask("POST", "/limits", {"enabled": True})
        self.assertGreater(self.throttled(), 0)
        self.lab.ask("POST", "/limits", {"enabled": False})
        self.assertEqual(self.throttled(), 0)
        self.lab.ask("POST", "/limits", {"enabled": True})
        self.lab.ask("POST", "/reset")
        self.lab.bucket("trail-logs")
        self.lab.trail(start=False)
        self.assertEqual(self.throttled(), 0)

    def throttled(self) -> int:
        """Of 16 writes at once how many; each is in the call log, and did nothing."""
        self.lab.ask("DELETE", "/calls")
        start = threading.Barrier(16)
        codes: list[str] = []

        def write() -> None:
            client = self.lab.client("cloudtrail")
            start.wait()
            codes.append(code(client.start_logging, Name="main"))

        threads = [threading.Thread(target=write) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        logged = [call["code"] for call in self.lab.ask("GET", "/calls")["calls"]]
        self.assertEqual(sorted(logged), sorted(codes))
        self.assertEqual(set(codes) - {"ThrottlingException"}, {""})
        return codes.count("ThrottlingException")


if __name__ == "__main__":
    unittest.main()
