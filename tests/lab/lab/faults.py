"""Faults on request: which call they hit, how often, and what happens to it. Knows nothing of HTTP."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from lab.errors import LabError
from lab.model import Json
from lab.trace import Call

_MEMBERS: dict[str, type | tuple[type, ...]] = {
    "service": str,
    "operation": str,
    "account": str,
    "region": str,
    "skip": int,
    "times": int,
    "probability": (int, float),
    "seed": int,
    "phase": str,
    "status": int,
    "code": str,
    "message": str,
    "delaySeconds": (int, float),
    "hang": bool,
    "retryAfter": (int, float),
}
_STATUS_OF_CODE = {
    "SlowDown": 503,
    "ServiceUnavailable": 503,
    "InternalFailure": 500,
    "InternalError": 500,
    "AccessDenied": 403,
    "ExpiredTokenException": 403,
    "UnrecognizedClientException": 403,
}
_CODE_OF_STATUS = {403: "AccessDeniedException", 404: "ResourceNotFoundException", 429: "ThrottlingException"}


@dataclass
class Fault:
    id: int
    service: str | None = None
    operation: str = "*"
    account: str | None = None
    region: str | None = None
    skip: int = 0
    times: int = 1
    probability: float = 1.0
    phase: str = "before"
    status: int = 0
    code: str = ""
    message: str = ""
    delay: float = 0.0
    hang: bool = False
    retry_after: float | None = None
    hits: int = 0
    hanging: int = 0
    passed: int = 0
    random: random.Random = field(default_factory=random.Random)
    hit: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def answers(self) -> bool:
        """Whether the fault answers the call itself; a mere delay lets it go on."""
        return bool(self.code or self.status) and not self.hang

    def matches(self, call: Call) -> bool:
        return (
            self.service in (None, call.service)
            and fnmatchcase(call.operation, self.operation)
            and self.account in (None, call.account)
            and self.region in (None, call.region)
        )

    def render(self) -> Json:
        return {
            "id": self.id,
            "service": self.service,
            "operation": self.operation,
            "account": self.account,
            "region": self.region,
            "phase": self.phase,
            "status": self.status or None,
            "code": self.code or None,
            "delaySeconds": self.delay,
            "hang": self.hang,
            "skip": self.skip,
            "times": self.times,
            "hits": self.hits,
            "hanging": self.hanging,
        }


class Faults:
    def __init__(self) -> None:
        self._faults: dict[int, Fault] = {}
        self._last = 0

    def add(self, wanted: Json) -> Fault:
        _check(wanted)
        self._last += 1
        status, code = _status_and_code(wanted)
        service = wanted.get("service")
        fault = Fault(
            id=self._last,
            service="cloudwatch" if service == "monitoring" else service,
            operation=wanted.get("operation", "*"),
            account=wanted.get("account"),
            region=wanted.get("region"),
            skip=wanted.get("skip", 0),
            times=wanted.get("times", 1),
            probability=float(wanted.get("probability", 1.0)),
            phase=wanted.get("phase", "before"),
            status=status,
            code=code,
            message=wanted.get("message", f"{code} by request of the test" if code else ""),
            delay=float(wanted.get("delaySeconds", 0)),
            hang=wanted.get("hang", False),
            retry_after=wanted.get("retryAfter"),
            random=random.Random(wanted.get("seed")),
        )
        self._faults[fault.id] = fault
        return fault

    def take(self, call: Call) -> Fault | None:
        """The first fault that hits this call, counted. Faults used up stay listed."""
        for fault in self._faults.values():
            if fault.times == 0 or not fault.matches(call):
                continue
            fault.passed += 1
            if fault.passed <= fault.skip or fault.random.random() >= fault.probability:
                continue
            if fault.times > 0:
                fault.times -= 1
            fault.hits += 1
            fault.hit.set()
            return fault
        return None

    def get(self, number: int) -> Fault:
        if number not in self._faults:
            raise LabError(f"there is no fault {number}", 404)
        return self._faults[number]

    def remove(self, number: int | None) -> list[int]:
        """Delete one or all; whoever hangs on it is let go."""
        chosen = [self.get(number)] if number is not None else list(self._faults.values())
        for fault in chosen:
            fault.released.set()
            del self._faults[fault.id]
        return [fault.id for fault in chosen]

    def render(self) -> list[Json]:
        return [fault.render() for fault in self._faults.values()]


def _check(wanted: Json) -> None:
    for member, value in wanted.items():
        kind = _MEMBERS.get(member)
        if kind is None:
            raise LabError(f"a fault has no member {member!r}; it may have {', '.join(_MEMBERS)}")
        if not _is(value, kind):
            raise LabError(f"{member} of a fault is {value!r}, which is of the wrong type")
    if wanted.get("phase", "before") not in ("before", "after"):
        raise LabError("phase of a fault must be before or after")
    if not any(wanted.get(member) for member in ("status", "code", "delaySeconds", "hang")):
        raise LabError("a fault needs status, code, delaySeconds or hang, else it does nothing")


def _is(value: Any, kind: type | tuple[type, ...]) -> bool:
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _status_and_code(wanted: Json) -> tuple[int, str]:
    status, code = wanted.get("status", 0), wanted.get("code", "")
    if not status and not code:
        return 0, ""
    if not code:
        code = _CODE_OF_STATUS.get(status, "InternalFailure" if status >= 500 else "ValidationError")
    return status or _STATUS_OF_CODE.get(code, 400), code
