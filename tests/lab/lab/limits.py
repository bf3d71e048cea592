"""How often CloudTrail, CloudWatch Logs and CloudWatch may be called (cloudtrail.md 1.6, 6.1): token buckets, off
until asked for.

Knows operations and real time; not what a call does.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from lab.errors import AwsError
from lab.trace import Call

_CLOUDTRAIL_READS = (
    "GetTrail GetTrailStatus DescribeTrails ListTrails GetEventSelectors GetInsightSelectors ListTags ListPublicKeys "
    "RegisterOrganizationDelegatedAdmin DeregisterOrganizationDelegatedAdmin"
)
_METRIC_FILTERS = "PutMetricFilter DescribeMetricFilters DeleteMetricFilter TestMetricFilter PutRetentionPolicy"


def _each(service: str, rate: float, operations: str) -> dict[tuple[str, str], float]:
    return {(service, operation): rate for operation in operations.split()}


# Calls per second, for each account, Region and operation.
_RATES = {
    **_each("cloudtrail", 10, _CLOUDTRAIL_READS),
    **_each("cloudtrail", 2, "LookupEvents"),
    **_each("logs", 5, _METRIC_FILTERS),
    **_each("logs", 10, "CreateLogGroup DescribeLogGroups"),
    **_each("cloudwatch", 3, "PutMetricAlarm DeleteAlarms SetAlarmState"),
    **_each("cloudwatch", 9, "DescribeAlarms DescribeAlarmsForMetric"),
}
# Writes, and what AWS does not list.
_OTHERS = {"cloudtrail": 1.0}


@dataclass
class _Bucket:
    tokens: float
    seen: float


class Limits:
    def __init__(self, real: Callable[[], float] = time.monotonic) -> None:
        self._real = real
        self._buckets: dict[tuple[str, str, str, str], _Bucket] = {}
        self.enabled = False

    def refused(self, call: Call) -> AwsError | None:
        """Takes a token for the call; without one it is throttled. The burst is what one second allows."""
        rate = _RATES.get((call.service, call.operation), _OTHERS.get(call.service))
        if not self.enabled or rate is None:
            return None
        now = self._real()
        key = call.account, call.region, call.service, call.operation
        bucket = self._buckets.setdefault(key, _Bucket(rate, now))
        bucket.tokens = min(rate, bucket.tokens + (now - bucket.seen) * rate)
        bucket.seen = now
        if bucket.tokens < 1:
            return AwsError("ThrottlingException", "Rate exceeded")
        bucket.tokens -= 1
        return None

    def switch(self, enabled: bool) -> None:
        """Buckets are full again whenever limits are switched."""
        self.enabled = enabled
        self._buckets.clear()
