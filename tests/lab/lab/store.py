"""All trails of all accounts, and what they were a moment ago (for read-after-write lag). Pure."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from lab.model import Trail

_KEPT_SECONDS = 600.0
_GRAIN_SECONDS = 0.1


class Store:
    """Trails by ARN. A write replaces the whole mapping, so that an older mapping stays a true snapshot."""

    def __init__(self, real: Callable[[], float] = time.monotonic) -> None:
        self._real = real
        self._history: list[tuple[float, dict[str, Trail]]] = [(float("-inf"), {})]
        self.lag = 0.0

    @property
    def current(self) -> Mapping[str, Trail]:
        return self._history[-1][1]

    def visible(self) -> Mapping[str, Trail]:
        """What reads see: the state of `lag` real seconds ago."""
        if not self.lag:
            return self.current
        moment = self._real() - self.lag
        return next(trails for written, trails in reversed(self._history) if written <= moment)

    def put(self, trail: Trail) -> None:
        self._replace({**self.current, trail.arn: trail})

    def drop(self, arn: str) -> None:
        self._replace({key: trail for key, trail in self.current.items() if key != arn})

    def _replace(self, trails: dict[str, Trail]) -> None:
        now = self._real()
        written, _ = self._history[-1]
        if now - written < _GRAIN_SECONDS:
            # A delivery writes status by the thousand; a reader with a lag need not see each.
            self._history[-1] = (written, trails)
            return
        self._history.append((now, trails))
        # One entry older than the limit stays: it is what a reader with the longest lag sees.
        while len(self._history) > 1 and self._history[1][0] < now - _KEPT_SECONDS:
            del self._history[0]

    def clear(self) -> None:
        self._history = [(float("-inf"), {})]
        self.lag = 0.0
