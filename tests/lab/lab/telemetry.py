"""From log events to metrics to alarm states, on the virtual clock (cloudtrail.md 5.1, 6.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from lab import metric_filters, patterns
from lab.alarms import Point, Verdict, evaluate
from lab.clock import Clock
from lab.metric_filters import Datapoint
from lab.model import Caller, Json

# CloudWatch looks at an alarm once a minute; new datapoints are looked at at once.
_MINUTE = 60.0


class Meters(Protocol):
    def metric_filters(self, account: str, region: str, group: str) -> list[Json]: ...

    def put_metric(self, account: str, region: str, point: Datapoint) -> None: ...

    def alarms(self, account: str, region: str) -> list[Json]: ...

    def points(self, account: str, region: str, alarm: Json) -> list[Point]: ...

    def set_alarm_state(self, account: str, region: str, alarm: Json, verdict: Verdict) -> None: ...


class Telemetry:
    def __init__(self, meters: Meters, clock: Clock) -> None:
        self._meters = meters
        self._clock = clock
        self._looked: dict[str, float] = {}
        self.options = patterns.Options()

    def matcher(self, pattern: str) -> Callable[[str], bool]:
        compiled = patterns.compile_pattern(pattern or "", self.options)
        return lambda message: compiled.match(message) is not None

    def ingested(self, account: str, region: str, group: str, messages: list[str]) -> None:
        for point in metric_filters.incoming(group, messages):
            self._meters.put_metric(account, region, point)
        filters = self._meters.metric_filters(account, region, group)
        found = metric_filters.datapoints(filters, messages, self.options)
        for point in found:
            self._meters.put_metric(account, region, point)
        if found:
            self.evaluate(Caller(account, region), at_once=True)

    def evaluate(self, who: Caller, *, at_once: bool) -> None:
        now = self._clock.now()
        for alarm in self._meters.alarms(who.account, who.region):
            points = self._meters.points(who.account, who.region, alarm)
            if not self._due(alarm, points, now, at_once=at_once):
                continue
            self._looked[alarm["AlarmArn"]] = now
            verdict = evaluate(alarm, points, now)
            if verdict is not None:
                self._meters.set_alarm_state(who.account, who.region, alarm, verdict)

    def _due(self, alarm: Json, points: list[Point], now: float, *, at_once: bool) -> bool:
        touched = max(
            self._looked.get(alarm["AlarmArn"], 0.0),
            alarm.get("StateUpdatedTimestamp", 0),
            alarm.get("AlarmConfigurationUpdatedTimestamp", 0),
        )
        fresh = at_once and any(point.time >= touched - 1 for point in points)
        # A clock that was set back makes every earlier look a thing of the future.
        return fresh or now - touched >= _MINUTE or touched > now + 1

    def clear(self) -> None:
        self._looked.clear()
        self.options = patterns.Options()
