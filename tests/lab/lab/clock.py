"""The virtual clock: real time plus an offset. Knows nothing of what is stamped with it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from lab.errors import LabError


def iso(moment: float) -> str:
    """`2026-11-22T10:00:00Z`, whole seconds, the form digests and records use."""
    return datetime.fromtimestamp(int(moment), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_iso(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except (ValueError, AttributeError) as error:
        raise LabError(f"{text!r} is not a time; write it like 2026-11-22T10:00:00Z") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


class Clock:
    """`now()` is what AWS would call now. Signatures (SigV4, STS) stay on real time."""

    def __init__(self, real: Callable[[], float] = time.time) -> None:
        self._real = real
        self._offset = 0.0
        self._pinned: float | None = None

    def now(self) -> float:
        return self._pinned if self._pinned is not None else self._real() + self._offset

    def advance(self, seconds: float) -> None:
        self._offset += seconds

    def set(self, moment: float) -> None:
        self._offset = moment - self._real()

    def reset(self) -> None:
        self._offset = 0.0

    @contextlib.contextmanager
    def pinned(self, moment: float) -> Iterator[None]:
        """Stand still at a moment, while a delivery that belongs there is written. Never across an await."""
        before, self._pinned = self._pinned, moment
        try:
            yield
        finally:
            self._pinned = before
