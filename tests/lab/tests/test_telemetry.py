"""Metric filters, and alarms over what they make."""

from __future__ import annotations

import json
import unittest
from typing import Any

from support import ACCOUNT, CALLER, REGION, START, World, proves

from lab.alarms import Point, evaluate, problem
from lab.errors import AwsError
from lab.metric_filters import Datapoint, check, incoming, test
from lab.patterns import Options

ROOT, USER = '{"user": {"type": "Root"}, "ms": 12}', '{"user": {"type": "IAMUser"}, "ms": "slow"}'
TRANSFORMATION = {"metricName": "root", "metricNamespace": "LogMetrics", "metricValue": "1"}


def a_filter(pattern: str = '{ $.user.type = "Root" }', **transformation: Any) -> dict[str, Any]:
    return {
        "logGroupName": "trail",
        "filterName": "root",
        "filterPattern": pattern,
        "metricTransformations": [{**TRANSFORMATION, **transformation}],
    }


class Filters(unittest.TestCase):
    def setUp(self) -> None:
        self.world = World()

    def ingest(self, *messages: str) -> list[Datapoint]:
        """What filters made; what CloudWatch counts of every log group is left out."""
        self.world.telemetry.ingested(ACCOUNT, REGION, "trail", list(messages))
        return [point for point in self.world.around.metrics if point.namespace != "AWS/Logs"]

    @proves("filter-metric")
    def test_datapoints(self) -> None:
        self.world.around.filters = [a_filter()]
        self.assertEqual(self.ingest(USER), [])
        point = Datapoint("LogMetrics", "root", 1.0, "None", ())
        self.assertEqual(self.ingest(ROOT, USER, ROOT), [point, point])

    def test_default_value(self) -> None:
        self.world.around.filters = [a_filter(defaultValue=0)]
        self.assertEqual([point.value for point in self.ingest(USER, USER)], [0.0])
        self.assertEqual([point.value for point in self.ingest(ROOT)], [0.0, 1.0])

    def test_values_and_dimensions(self) -> None:
        self.world.around.filters = [
            a_filter("{ $.ms = * || $.ms >= 0 }", metricValue="$.ms", dimensions={"kind": "$.user.type"})
        ]
        found = self.ingest(ROOT, USER)
        self.assertEqual([(point.value, point.dimensions) for point in found], [(12.0, (("kind", "Root"),))])

    @proves("filter-rules")
    def test_rules(self) -> None:
        check(a_filter(), [], Options())
        bad = [
            {**a_filter(), "filterName": "a:b"},
            {**a_filter(), "metricTransformations": []},
            {**a_filter(), "metricTransformations": [TRANSFORMATION] * 2},
            a_filter(metricName="a$b"),
            a_filter(metricNamespace="AWS/Logs"),
            a_filter(metricValue="one"),
            a_filter(dimensions={str(n): "$.x" for n in range(4)}),
            a_filter(dimensions={"a": "$.x"}, defaultValue=0),
            a_filter("ERROR", dimensions={"a": "$.x"}),
            a_filter("{ $.a = }"),
        ]
        for request in bad:
            with self.subTest(request), self.assertRaises(AwsError) as caught:
                check(request, [], Options())
            self.assertEqual(caught.exception.code, "InvalidParameterException")
        names = [f"filter-{n}" for n in range(100)]
        check({**a_filter(), "filterName": "filter-7"}, names, Options())
        with self.assertRaises(AwsError) as caught:
            check(a_filter(), names, Options())
        self.assertEqual(caught.exception.code, "LimitExceededException")

    @proves("filter-test")
    def test_test(self) -> None:
        request = {"filterPattern": '{ $.user.type = "Root" }', "logEventMessages": [USER, ROOT]}
        found = test(request, Options())["matches"]
        self.assertEqual(found, [{"eventNumber": 2, "eventMessage": ROOT, "extractedValues": {}}])
        with self.assertRaises(AwsError):
            test({"filterPattern": "", "logEventMessages": []}, Options())


class Incoming(unittest.TestCase):
    @proves("filter-incoming")
    def test_counted(self) -> None:
        events, size = incoming("audit", [USER, ROOT])
        self.assertEqual((events.namespace, events.name, events.value), ("AWS/Logs", "IncomingLogEvents", 2.0))
        self.assertEqual((size.name, size.dimensions), ("IncomingBytes", (("LogGroupName", "audit"),)))
        self.assertEqual(size.value, len(USER) + len(ROOT) + 2 * 26)


def alarm(**members: Any) -> dict[str, Any]:
    return {
        "AlarmName": "root",
        "AlarmArn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:root",
        "Statistic": "Sum",
        "Period": 300,
        "EvaluationPeriods": 1,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "StateValue": "INSUFFICIENT_DATA",
        **members,
    }


def point(age: float, value: float = 1.0) -> Point:
    return Point(1000.0 - age, 1.0, value, value, value)


class Alarms(unittest.TestCase):
    def state(self, *points: Point, **members: Any) -> str | None:
        verdict = evaluate(alarm(**members), list(points), 1000.0)
        return verdict.state if verdict else None

    @proves("alarm-evaluation")
    def test_evaluation(self) -> None:
        self.assertEqual(self.state(point(10)), "ALARM")
        self.assertEqual(self.state(point(10, 0.0)), "OK")
        self.assertEqual(self.state(point(301)), "INSUFFICIENT_DATA")
        self.assertEqual(self.state(point(10, 0.4), point(20, 0.7)), "ALARM")
        self.assertEqual(self.state(point(10, 0.4), point(20, 0.7), Statistic="Average"), "OK")
        self.assertEqual(self.state(point(10), ComparisonOperator="GreaterThanThreshold"), "OK")

    def test_missing_data(self) -> None:
        for treat, expected in [
            ("missing", "INSUFFICIENT_DATA"),
            ("notBreaching", "OK"),
            ("breaching", "ALARM"),
            ("ignore", None),
        ]:
            self.assertEqual(self.state(TreatMissingData=treat), expected)

    def test_m_of_n(self) -> None:
        three = {"EvaluationPeriods": 3, "DatapointsToAlarm": 2}
        self.assertEqual(self.state(point(10), point(310), **three), "ALARM")
        self.assertEqual(self.state(point(10), point(310, 0.0), **three), "OK")
        self.assertEqual(self.state(point(10), EvaluationPeriods=3), "OK")
        self.assertEqual(self.state(point(10), TreatMissingData="breaching", EvaluationPeriods=3), "ALARM")

    @proves("alarm-rules")
    def test_rules(self) -> None:
        good = alarm(MetricName="root", Namespace="LogMetrics")
        self.assertIsNone(problem(good))
        self.assertIsNone(problem({**good, "Period": 3600, "EvaluationPeriods": 168}))
        for bad in (
            {"AlarmName": "n" * 256},
            {"ComparisonOperator": "Above"},
            {"TreatMissingData": "forget"},
            {"AlarmActions": ["a"] * 6},
            {"EvaluationPeriods": 0},
            {"DatapointsToAlarm": 2},
            {"ExtendedStatistic": "p90"},
            {"Statistic": None},
            {"Statistic": "Median"},
            {"Period": 45},
            {"Period": 90},
            {"Period": 60, "EvaluationPeriods": 1441},
            {"Period": 3600, "EvaluationPeriods": 169},
        ):
            with self.subTest(bad):
                self.assertIsNotNone(problem({**good, **bad}))

    def test_what_is_not_evaluated(self) -> None:
        self.assertIsNone(self.state(point(10), Statistic=None))
        self.assertIsNone(self.state(point(10), ComparisonOperator="GreaterThanUpperThreshold"))

    @proves("alarm-minute")
    def test_once_a_minute_or_at_new_data(self) -> None:
        world = World()
        one = alarm(TreatMissingData="notBreaching", AlarmConfigurationUpdatedTimestamp=START)
        world.around.alarm_list = [one]
        world.telemetry.evaluate(CALLER, at_once=False)
        self.assertEqual(one["StateValue"], "INSUFFICIENT_DATA")
        world.clock.advance(60)
        world.telemetry.evaluate(CALLER, at_once=False)
        self.assertEqual(one["StateValue"], "OK")
        world.around.filters = [a_filter()]
        world.around.metric_points = [Point(world.clock.now(), 1.0, 1.0, 1.0, 1.0)]
        world.telemetry.ingested(ACCOUNT, REGION, "trail", [json.dumps({"user": {"type": "Root"}})])
        self.assertEqual(one["StateValue"], "ALARM")


if __name__ == "__main__":
    unittest.main()
