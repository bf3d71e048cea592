"""The front of CloudWatch Logs and CloudWatch: refuses what ministack lets pass, and keeps telemetry going."""

from __future__ import annotations

from typing import Any

import cbor2

from lab import alarms, metric_filters, wire
from lab.emulator import Answer, Emulator, caller, json_answer, json_body, json_refusal
from lab.errors import AwsError
from lab.model import Caller, Json
from lab.telemetry import Telemetry

_MAX_DELETED_ALARMS = 100


class TelemetryService:
    def __init__(self, emulator: Emulator, telemetry: Telemetry) -> None:
        self._emulator = emulator
        self._telemetry = telemetry
        emulator.on_log_events = telemetry.ingested
        emulator.take_over_telemetry(telemetry.matcher, lambda who: telemetry.evaluate(who, at_once=True))
        self._logs = emulator.serve("logs", self.logs)
        self._cloudwatch = emulator.serve("monitoring", self.cloudwatch)

    async def logs(self, method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Answer:
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        who, options = caller(), self._telemetry.options
        try:
            request = json_body(body)
            if operation == "TestMetricFilter":
                return json_answer(metric_filters.test(request, options))
            if operation == "PutMetricFilter":
                self._check_filter(who, request)
            if operation == "FilterLogEvents":
                metric_filters.readable(request.get("filterPattern") or "", options)
        except AwsError as error:
            return json_refusal(error)
        answer = await self._logs(method, path, headers, body, query)
        if operation == "PutMetricFilter" and answer[0] == 200:
            self._emulator.complete_filter(who, request)
        if operation == "PutLogEvents" and answer[0] == 200:
            messages = [event.get("message", "") for event in request.get("logEvents") or []]
            self._telemetry.ingested(who.account, who.region, request["logGroupName"], messages)
        return answer

    def _check_filter(self, who: Caller, request: Json) -> None:
        group = request.get("logGroupName") or ""
        existing = self._emulator.metric_filters(who.account, who.region, group)
        metric_filters.check(request, [item["filterName"] for item in existing], self._telemetry.options)
        found = self._emulator.log_group(who.account, who.region, group)
        if found is not None and found.log_class != "STANDARD":
            raise AwsError("InvalidOperationException", f"Log group {group} is of class {found.log_class}.")

    async def cloudwatch(self, method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Answer:
        call = wire.identify(method, path, query, headers, body, lambda key: "")
        who, request = caller(), {}
        if call.operation in ("DescribeAlarms", "DescribeAlarmsForMetric", "DescribeAlarmHistory"):
            self._telemetry.evaluate(who, at_once=False)
        try:
            if call.operation == "DeleteAlarms":
                self._check_alarms(who, _request(call.protocol, body).get("AlarmNames") or [])
            if call.operation == "PutMetricAlarm":
                request = _request(call.protocol, body)
                _check_alarm(request)
        except AwsError as error:
            headers, text = wire.error_answer(call.protocol, error.code, error.message, "")
            return error.status, headers, text
        answer = await self._cloudwatch(method, path, headers, body, query)
        if call.operation == "PutMetricAlarm" and answer[0] == 200:
            self._emulator.complete_alarm(who, request)
        return answer

    def _check_alarms(self, who: Caller, names: list[str]) -> None:
        if len(names) > _MAX_DELETED_ALARMS:
            raise AwsError("ValidationError", f"DeleteAlarms takes up to {_MAX_DELETED_ALARMS} names.")
        known = {alarm["AlarmName"] for alarm in self._emulator.alarms(who.account, who.region)}
        missing = [name for name in names if name not in known and not self._emulator.is_composite(who, name)]
        if missing:
            raise AwsError("ResourceNotFound", f"Alarms not found: {', '.join(missing)}", 404)


def _request(protocol: str, body: bytes) -> Json:
    """The body, of the two protocols SDKs speak with CloudWatch today."""
    return cbor2.loads(body) if protocol == "cbor" else json_body(body)


def _check_alarm(request: Json) -> None:
    found = alarms.problem(request)
    if found:
        raise AwsError("ValidationError", found)
