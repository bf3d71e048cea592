"""Event selectors, Insights selectors, aggregation: what is accepted and what reads back."""

from __future__ import annotations

import unittest
from typing import Any

from support import World, bucket_policy, document, proves

from lab.selectors import DEFAULT

BAD = "InvalidEventSelectorsException"
FUNCTION = "arn:aws:lambda:us-east-1:111122223333:function:job"
TABLE = "arn:aws:dynamodb:us-east-1:111122223333:table/orders"


def field(name: str, **operators: list[str]) -> dict[str, Any]:
    return {"Field": name, **operators}


def advanced(category: str, *fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**more, "FieldSelectors": [field("eventCategory", Equals=[category]), *fields]}


def data(*fields: dict[str, Any], kind: str = "AWS::S3::Object") -> dict[str, Any]:
    return advanced("Data", field("resources.type", Equals=[kind]), *fields)


class Selectors(unittest.TestCase):
    def setUp(self) -> None:
        self.world = World()
        self.world.create()

    def put(self, **body: Any) -> Any:
        return self.world.call("PutEventSelectors", {"TrailName": "main", **body})

    def get(self) -> Any:
        return self.world.call("GetEventSelectors", {"TrailName": "main"})

    def refused(self, **body: Any) -> None:
        code = self.world.refusal("PutEventSelectors", {"TrailName": "main", **body})
        self.assertEqual(code, BAD, body)

    def refused_basic(self, *selectors: Any) -> None:
        self.refused(EventSelectors=list(selectors))

    def refused_advanced(self, *selectors: Any) -> None:
        self.refused(AdvancedEventSelectors=list(selectors))

    def resources(self, kind: str, *values: str) -> Any:
        return {"DataResources": [{"Type": kind, "Values": list(values)}]}


class Basic(Selectors):
    @proves("selectors-default", "selectors-custom")
    def test_default(self) -> None:
        self.assertEqual(self.get()["EventSelectors"], [DEFAULT])
        self.put(EventSelectors=[{"ReadWriteType": "WriteOnly"}])
        self.assertTrue(self.world.call("GetTrail", {"Name": "main"})["Trail"]["HasCustomEventSelectors"])
        self.put(EventSelectors=[{"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": []}])
        self.assertFalse(self.world.call("GetTrail", {"Name": "main"})["Trail"]["HasCustomEventSelectors"])

    @proves("selectors-normalised")
    def test_normalised(self) -> None:
        self.put(EventSelectors=[{}])
        self.assertEqual(self.get()["EventSelectors"], [DEFAULT])
        self.put(EventSelectors=[self.resources("AWS::S3::Object", "arn:aws:s3:::b/")])
        expected = DEFAULT | self.resources("AWS::S3::Object", "arn:aws:s3:::b/")
        self.assertEqual(self.get()["EventSelectors"], [expected])

    @proves("selectors-either", "selectors-replace")
    def test_one_kind(self) -> None:
        self.refused()
        self.refused(EventSelectors=[])
        self.refused(EventSelectors=[{}], AdvancedEventSelectors=[advanced("Management")])
        self.put(AdvancedEventSelectors=[advanced("Management", Name="all")])
        self.assertEqual(self.get().keys(), {"TrailARN", "AdvancedEventSelectors"})
        self.put(EventSelectors=[{}, {"ReadWriteType": "ReadOnly"}])
        self.put(EventSelectors=[{}])
        self.assertEqual((self.get().keys(), len(self.get()["EventSelectors"])), ({"TrailARN", "EventSelectors"}, 1))

    @proves("basic-count")
    def test_counts(self) -> None:
        self.put(EventSelectors=[{}] * 5)
        self.refused_basic(*[{}] * 6)
        values = [f"arn:aws:s3:::bucket-{n}/" for n in range(251)]
        self.put(EventSelectors=[self.resources("AWS::S3::Object", *values[:250], "arn:aws:s3")])
        self.refused_basic(self.resources("AWS::S3::Object", *values))
        half = [self.resources("AWS::S3::Object", *part) for part in (values[:126], values[126:])]
        self.refused_basic(*half)

    @proves("basic-values")
    def test_values(self) -> None:
        good = {
            "AWS::S3::Object": [
                "arn:aws:s3",
                "arn:aws:s3:::",
                "arn:aws:s3:::b/",
                "arn:aws:s3:::b/path",
                "arn:aws-cn:s3",
            ],
            "AWS::Lambda::Function": ["arn:aws:lambda", FUNCTION],
            "AWS::DynamoDB::Table": ["arn:aws:dynamodb", TABLE],
        }
        for kind, values in good.items():
            self.put(EventSelectors=[self.resources(kind, *values)])
        for kind, value in [
            ("AWS::S3::Object", "arn:aws:s3:::b"),
            ("AWS::S3::Object", "arn:aws:s3:::*"),
            ("AWS::S3::Object", "arn:aws:s3:::b/*"),
            ("AWS::S3::Object", "b/"),
            ("AWS::Lambda::Function", "arn:aws:lambda:*"),
            ("AWS::Lambda::Function", "job"),
            ("AWS::DynamoDB::Table", TABLE + "/stream/x"),
        ]:
            with self.subTest(value):
                self.refused_basic(self.resources(kind, value))
                self.assertEqual(self.world.message, f"Value {value} for DataResources.Values is invalid.")
        self.refused_basic(self.resources("AWS::S3::Object"))

    @proves("basic-types")
    def test_types(self) -> None:
        self.refused_basic(self.resources("AWS::SNS::Topic", "arn:aws:sns"))
        self.refused_basic({"ReadWriteType": "Some"})

    @proves("basic-exclusions", "basic-exclusion-needs")
    def test_exclusions(self) -> None:
        self.put(EventSelectors=[{"ExcludeManagementEventSources": ["kms.amazonaws.com", "rdsdata.amazonaws.com"]}])
        self.refused_basic({"ExcludeManagementEventSources": ["ec2.amazonaws.com"]})
        excluded = {"ExcludeManagementEventSources": ["kms.amazonaws.com"]}
        self.refused_basic({**excluded, "IncludeManagementEvents": False})

    def test_refused_changes_nothing(self) -> None:
        before = self.get()
        self.refused_basic({}, {"ReadWriteType": "Some"})
        self.assertEqual(self.get(), before)


class Advanced(Selectors):
    @proves("advanced-category")
    def test_category(self) -> None:
        self.put(AdvancedEventSelectors=[advanced("Management")])
        self.refused_advanced({"FieldSelectors": [field("readOnly", Equals=["true"])]})
        self.refused_advanced(advanced("Insight"))
        self.refused_advanced({"FieldSelectors": [field("eventCategory", StartsWith=["Data"])]})
        self.refused_advanced({"FieldSelectors": [field("eventCategory", Equals=["Data", "Management"])]})
        self.refused_advanced({"FieldSelectors": []})

    @proves("advanced-fields")
    def test_fields_of_each_category(self) -> None:
        source = field("eventSource", Equals=["s3.amazonaws.com"])
        for good in [
            advanced(
                "Management", field("eventSource", NotEquals=["kms.amazonaws.com"]), field("readOnly", Equals=["false"])
            ),
            data(),
            data(field("resources.ARN", StartsWith=["arn:aws:s3:::b/"], NotEndsWith=[".tmp"])),
            data(field("eventName", Equals=["PutObject"]), field("userIdentity.arn", NotStartsWith=["arn:aws:iam::1"])),
            data(
                field("sessionCredentialFromConsole", Equals=["true"]),
                field("eventType", NotEquals=["AwsServiceEvent"]),
            ),
            data(kind="AWS::BrandNew::Thing"),
            advanced("NetworkActivity", source),
            advanced("NetworkActivity", source, field("errorCode", Equals=["VpceAccessDenied"])),
            advanced(
                "NetworkActivity",
                source,
                field("vpcEndpointId", NotEquals=["vpce-1"]),
                field("eventName", Equals=["X"]),
            ),
        ]:
            self.put(AdvancedEventSelectors=[good])
        for bad in [
            advanced("Management", field("eventName", Equals=["RunInstances"])),
            advanced("Management", field("eventSource", Equals=["kms.amazonaws.com"])),
            advanced("Management", field("eventSource", NotEquals=["ec2.amazonaws.com"])),
            advanced("Management", field("readOnly", Equals=["yes"])),
            advanced("Management", field("readOnly", NotEquals=["true"])),
            advanced("Data"),
            data(kind="S3"),
            advanced("Data", field("resources.type", Equals=["AWS::S3::Object", "AWS::SNS::Topic"])),
            data(field("resources.ARN", Equals=["b"])),
            data(field("vpcEndpointId", Equals=["vpce-1"])),
            data(field("sessionCredentialFromConsole", Equals=["false"])),
            advanced("NetworkActivity"),
            advanced("NetworkActivity", field("eventSource", Equals=["a.amazonaws.com", "b.amazonaws.com"])),
            advanced("NetworkActivity", source, field("errorCode", Equals=["AccessDenied"])),
            advanced("NetworkActivity", source, field("readOnly", Equals=["true"])),
        ]:
            with self.subTest(bad):
                self.refused_advanced(bad)

    @proves("advanced-count")
    def test_count(self) -> None:
        names = [f"Event{n}" for n in range(499)]
        # eventCategory and resources.type are values as well.
        self.put(AdvancedEventSelectors=[data(field("eventName", Equals=names[:498]))])
        self.refused_advanced(data(field("eventName", Equals=names)))

    @proves("advanced-form", "advanced-wildcards", "advanced-field-twice")
    def test_form(self) -> None:
        self.put(AdvancedEventSelectors=[advanced("Management", Name="n" * 1000)])
        self.refused_advanced(advanced("Management", Name="n" * 1001))
        for bad in [
            field("event name", Equals=["x"]),
            field("eventName"),
            field("eventName", Equals=[]),
            field("eventName", Equals=[""]),
            field("eventName", Equals=["x" * 2049]),
            field("eventName", Equals=["Put*"]),
        ]:
            with self.subTest(bad):
                self.refused_advanced(data(bad))
        self.refused_advanced(data(field("eventName", Equals=["a"]), field("eventName", NotEquals=["b"])))
        self.put(AdvancedEventSelectors=[data(field("eventName", StartsWith=["a"], NotEquals=["ab"]))])


class Insights(Selectors):
    def insights(self, *selectors: Any) -> Any:
        return self.world.call("PutInsightSelectors", {"TrailName": "main", "InsightSelectors": list(selectors)})

    def refused_insights(self, *selectors: Any) -> str:
        return self.world.refusal("PutInsightSelectors", {"TrailName": "main", "InsightSelectors": list(selectors)})

    @proves("insights-none", "insights-categories")
    def test_on_and_off(self) -> None:
        self.assertEqual(self.world.refusal("GetInsightSelectors", {"TrailName": "main"}), "InsightNotEnabledException")
        self.insights({"InsightType": "ApiCallRateInsight"})
        found = self.world.call("GetInsightSelectors", {"TrailName": "main"})["InsightSelectors"]
        self.assertEqual(found, [{"InsightType": "ApiCallRateInsight", "EventCategories": ["Management"]}])
        self.assertTrue(self.world.call("GetTrail", {"Name": "main"})["Trail"]["HasInsightSelectors"])
        self.insights()
        self.assertEqual(self.world.refusal("GetInsightSelectors", {"TrailName": "main"}), "InsightNotEnabledException")

    @proves("insights-types")
    def test_types(self) -> None:
        bad = "InvalidInsightSelectorsException"
        self.assertEqual(self.refused_insights({"InsightType": "Strange"}), bad)
        self.assertEqual(self.refused_insights(*[{"InsightType": "ApiCallRateInsight"}] * 2), bad)
        odd = {"InsightType": "ApiCallRateInsight", "EventCategories": ["NetworkActivity"]}
        self.assertEqual(self.refused_insights(odd), bad)

    @proves("insights-coverage")
    def test_coverage(self) -> None:
        rate, errors = {"InsightType": "ApiCallRateInsight"}, {"InsightType": "ApiErrorRateInsight"}
        bad = "InvalidInsightSelectorsException"
        self.put(EventSelectors=[{"ReadWriteType": "ReadOnly"}])
        self.assertEqual(self.refused_insights(rate), bad)
        self.insights(errors)
        self.put(AdvancedEventSelectors=[advanced("Management", field("readOnly", Equals=["true"]))])
        self.assertEqual(self.refused_insights(rate), bad)
        self.put(AdvancedEventSelectors=[data()])
        self.assertEqual(self.refused_insights(errors), bad)
        self.insights({**rate, "EventCategories": ["Data"]})
        self.put(EventSelectors=[{}])
        self.assertEqual(self.refused_insights({**rate, "EventCategories": ["Data"]}), bad)

    @proves("insights-policy")
    def test_the_bucket_is_checked_again(self) -> None:
        self.world.policy(document())
        self.assertEqual(
            self.refused_insights({"InsightType": "ApiCallRateInsight"}), "InsufficientS3BucketPolicyException"
        )
        self.insights()
        self.world.policy(bucket_policy())
        self.insights({"InsightType": "ApiCallRateInsight"})


class Aggregation(Selectors):
    def configure(self, *items: Any) -> Any:
        body = {"TrailName": "main", "AggregationConfigurations": list(items)}
        return self.world.call("PutEventConfiguration", body)

    def refused_configuration(self, *items: Any) -> str:
        body = {"TrailName": "main", "AggregationConfigurations": list(items)}
        return self.world.refusal("PutEventConfiguration", body)

    @proves("aggregation", "aggregation-needs-data", "aggregation-off")
    def test_aggregation(self) -> None:
        good = {"EventCategory": "Data", "Templates": ["API_ACTIVITY", "USER_ACTIONS"]}
        self.assertEqual(self.refused_configuration(good), "InvalidParameterCombinationException")
        self.put(AdvancedEventSelectors=[data()])
        self.configure(good)
        get = {"TrailName": "main"}
        self.assertEqual(self.world.call("GetEventConfiguration", get)["AggregationConfigurations"], [good])
        for bad in ([good, good], [{**good, "EventCategory": "Management"}], [{**good, "Templates": []}]):
            self.assertEqual(self.refused_configuration(*bad), "InvalidParameterException")
        self.assertEqual(self.refused_configuration({**good, "Templates": ["OTHER"]}), "InvalidParameterException")
        self.configure()
        self.assertEqual(self.world.call("GetEventConfiguration", get)["AggregationConfigurations"], [])

    def test_event_data_stores_are_not_here(self) -> None:
        code = self.world.refusal("PutEventConfiguration", {"EventDataStore": "x"})
        self.assertEqual(code, "InvalidParameterCombinationException")


if __name__ == "__main__":
    unittest.main()
