"""The Price List Query API, over the wire. Runs real labs."""

from __future__ import annotations

import json
import unittest
from typing import Any

from running import WithLab, code
from support import proves


class PriceList(WithLab):
    def found(self, service: str, **fields: str) -> list[Any]:
        filters = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in fields.items()]
        answer = self.lab.client("pricing").get_products(ServiceCode=service, Filters=filters)
        return [json.loads(text) for text in answer["PriceList"]]

    @proves("prices-filtered")
    def test_products_that_meet_all_filters(self) -> None:
        self.assertEqual(len(self.found("AWSCloudTrail", regionCode="eu-north-1")), 4)
        [paid] = self.found("AWSCloudTrail", regionCode="EU-NORTH-1", usagetype="EUN1-PaidEventsRecorded")
        [term] = paid["terms"]["OnDemand"].values()
        [dimension] = term["priceDimensions"].values()
        self.assertEqual((dimension["unit"], float(dimension["pricePerUnit"]["USD"])), ("Events", 0.00003))
        self.assertEqual(self.found("AWSCloudTrail", regionCode="ap-south-1"), [])
        self.assertEqual(self.found("AmazonSNS"), [])

    @proves("prices-pages")
    def test_pages(self) -> None:
        pages = self.lab.client("pricing").get_paginator("get_products")
        sizes = [len(page["PriceList"]) for page in pages.paginate(ServiceCode="AWSCloudTrail", MaxResults=8)]
        self.assertEqual(sizes, [8, 8, 4])

    @proves("prices-refused")
    def test_what_is_refused(self) -> None:
        get = self.lab.client("pricing").get_products
        self.assertEqual(code(get, ServiceCode="Nobody"), "InvalidParameterException")
        self.assertEqual(code(get, ServiceCode="AmazonS3", NextToken="more"), "InvalidNextTokenException")


if __name__ == "__main__":
    unittest.main()
