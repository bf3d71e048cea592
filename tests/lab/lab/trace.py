"""The log of AWS calls: what was called, by whom, and how it ended. Pure."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lab.model import Json

_KEPT = 200_000
# Operations that change nothing. AWS names its reads like this; the last ones only compute.
_READS = ("Get", "List", "Describe", "Head", "Lookup", "Test", "Filter", "Simulate", "Decrypt")


def is_write(service: str, operation: str) -> bool:
    return service != "sts" and not operation.startswith(_READS)


@dataclass
class Call:
    service: str
    operation: str
    account: str
    region: str
    access_key: str = ""
    protocol: str = "json"
    request_id: str = ""
    user_agent: str = ""
    seq: int = 0
    time: float = 0.0
    # "" while the call is running and after it succeeded; else the error code that was answered.
    code: str = ""
    fault: int | None = None
    # What LookupEvents shows of the request; filled for JSON services only.
    parameters: Json = field(default_factory=dict)

    def render(self, iso: Any) -> Json:
        return {
            "seq": self.seq,
            "time": iso(self.time),
            "account": self.account,
            "region": self.region,
            "service": self.service,
            "operation": self.operation,
            "code": self.code,
            "fault": self.fault,
        }


class Trace:
    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=_KEPT)
        self._seq = 0

    def add(self, call: Call) -> None:
        self._seq += 1
        call.seq = self._seq
        self._calls.append(call)

    def select(self, account: str | None, service: str | None, since: int) -> Iterator[Call]:
        for call in self._calls:
            if call.seq > since and account in (None, call.account) and service in (None, call.service):
                yield call

    def report(self, account: str | None, service: str | None, since: int, iso: Any) -> Json:
        calls = list(self.select(account, service, since))
        return {
            "byOperation": dict(Counter(f"{call.service}:{call.operation}" for call in calls)),
            "writes": sum(is_write(call.service, call.operation) for call in calls),
            "last": self._seq,
            "calls": [call.render(iso) for call in calls],
        }

    def clear(self) -> None:
        """Forget the calls; sequence numbers go on, so that a `since` of before stays good."""
        self._calls.clear()
