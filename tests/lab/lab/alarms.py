"""Which state an alarm has, from the datapoints of its metric (cloudtrail.md 6.2). Pure.

Plain metric alarms with a statistic; metric math, anomaly bands and PromQL are left alone.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass

from lab.model import Json

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


@dataclass(frozen=True)
class Point:
    """A datapoint as CloudWatch stores it: a value seen `count` times, or a published statistic set."""

    time: float
    count: float
    total: float
    low: float
    high: float


_STATISTICS: dict[str, Callable[[list[Point]], float]] = {
    "SampleCount": lambda points: sum(point.count for point in points),
    "Sum": lambda points: sum(point.total for point in points),
    "Minimum": lambda points: min(point.low for point in points),
    "Maximum": lambda points: max(point.high for point in points),
    "Average": lambda points: sum(point.total for point in points) / sum(point.count for point in points),
}


@dataclass(frozen=True)
class Verdict:
    state: str
    reason: str


_TREATMENTS = ("breaching", "notBreaching", "ignore", "missing")
_BANDS = ("LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold", "GreaterThanUpperThreshold")
_DAY, _WEEK = 86400, 604800


def problem(alarm: Json) -> str | None:
    """Why PutMetricAlarm refuses a classic alarm, or None (cloudtrail.md 6.1)."""
    name = alarm.get("AlarmName") or ""
    if not 1 <= len(name) <= 255:
        return "AlarmName must have 1 to 255 characters."
    if alarm.get("ComparisonOperator") not in (*_COMPARE, *_BANDS):
        return f"ComparisonOperator {alarm.get('ComparisonOperator')} is not one of {', '.join((*_COMPARE, *_BANDS))}."
    if alarm.get("TreatMissingData", "missing") not in _TREATMENTS:
        return f"TreatMissingData {alarm['TreatMissingData']} is not one of {', '.join(_TREATMENTS)}."
    for member in ("AlarmActions", "OKActions", "InsufficientDataActions"):
        if len(alarm.get(member) or []) > 5:
            return f"{member} takes up to 5 actions."
    count = alarm.get("EvaluationPeriods") or 0
    if count < 1 or not 1 <= alarm.get("DatapointsToAlarm", count) <= count:
        return "EvaluationPeriods must be 1 or more, and DatapointsToAlarm from 1 to EvaluationPeriods."
    return None if "MetricName" not in alarm else _metric_problem(alarm, count)


def _metric_problem(alarm: Json, count: int) -> str | None:
    if bool(alarm.get("Statistic")) == bool(alarm.get("ExtendedStatistic")):
        return "Exactly one of Statistic and ExtendedStatistic must be given."
    if alarm.get("Statistic") not in (None, *_STATISTICS):
        return f"Statistic {alarm['Statistic']} is not one of {', '.join(_STATISTICS)}."
    period = alarm.get("Period") or 0
    if period not in (10, 20, 30) and (period < 60 or period % 60):
        return f"Period {period} is not 10, 20, 30 or a multiple of 60."
    if period * count > (_DAY if period < 3600 else _WEEK):
        return "Period times EvaluationPeriods is more than a day, or a week for periods of an hour or more."
    return None


def evaluate(alarm: Json, points: list[Point], now: float) -> Verdict | None:
    """The new state, or None where the alarm stays as it is (`ignore`, or a kind the lab does not evaluate)."""
    compare = _COMPARE.get(alarm.get("ComparisonOperator") or "")
    statistic = _STATISTICS.get(alarm.get("Statistic") or "")
    if compare is None or statistic is None:
        return None
    period, count = alarm["Period"], alarm["EvaluationPeriods"]
    needed = alarm.get("DatapointsToAlarm") or count
    values = [statistic(found) for found in _windows(points, period, count, now) if found]
    breaching = sum(compare(value, alarm["Threshold"]) for value in values)
    missing = count - len(values)
    treat = alarm.get("TreatMissingData") or "missing"
    if not values and treat == "ignore":
        return None
    if not values and treat == "missing":
        return Verdict("INSUFFICIENT_DATA", "Insufficient Data: no datapoints were received.")
    if treat == "breaching":
        breaching += missing
    about = f"{breaching} of {count} datapoints crossed the threshold ({alarm['Threshold']:g})"
    if breaching >= needed:
        return Verdict("ALARM", f"Threshold Crossed: {about}; {needed} are needed.")
    return Verdict("OK", f"Threshold not crossed: {about}; {needed} are needed.")


def _windows(points: list[Point], period: int, count: int, now: float) -> list[list[Point]]:
    """Datapoints per period, the newest window ending now."""
    windows: list[list[Point]] = [[] for _ in range(count)]
    for point in points:
        age = now - point.time
        if 0 <= age < period * count and point.count > 0:
            windows[int(age // period)].append(point)
    return windows
