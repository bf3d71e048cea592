"""The Price List Query API: products of the services that a trail uses, with prices. They are the lab's own figures, so that
nobody takes them for AWS's, or AWS's for them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from lab.emulator import Answer, Emulator, json_answer, json_body, json_refusal
from lab.errors import AwsError
from lab.model import Json

SERVICE = "pricing"
TARGET = "AWSPriceListService"
_MOST = 100
_PUBLISHED = "2026-11-01T00:00:00Z"
_SERVICES = ("AWSCloudTrail", "AmazonCloudWatch", "AmazonS3", "AmazonSNS", "awskms", "AmazonEC2")
_PREFIXES = {"us-east-1": "USE1", "us-east-2": "USE2", "eu-central-1": "EUC1", "eu-west-1": "EUW1", "eu-north-1": "EUN1"}
# Of each service: usage type, unit, price, what else tells the product.
_PRODUCTS: dict[str, list[tuple[str, str, str, Json]]] = {
    "AWSCloudTrail": [
        ("FreeEventsRecorded", "Events", "0.0000000000", {}),
        ("PaidEventsRecorded", "Events", "0.0000300000", {}),
        ("DataEventsRecorded", "Events", "0.0000020000", {}),
        ("InsightsEvents", "Events", "0.0000040000", {}),
    ],
    "AmazonS3": [("TimedStorage-ByteHrs", "GB-Mo", "0.0500000000", {"volumeType": "Standard"})],
}


class PriceListService:
    def __init__(self, emulator: Emulator) -> None:
        emulator.add(SERVICE, TARGET, self.handle)

    async def handle(self, method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Answer:
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        try:
            if operation != "GetProducts":
                raise AwsError("UnknownOperationException", f"The Price List has no {operation} in the lab.")
            return json_answer(_get_products(json_body(body)))
        except AwsError as error:
            return json_refusal(error)


def _get_products(request: Json) -> Json:
    service = request.get("ServiceCode")
    if service not in _SERVICES:
        raise AwsError("InvalidParameterException", f"Service code {service} is not valid.")
    size, token = request.get("MaxResults") or _MOST, request.get("NextToken") or "0"
    if not 1 <= size <= _MOST:
        raise AwsError("InvalidParameterException", f"MaxResults is 1 to {_MOST}.")
    if not token.isdigit():
        raise AwsError("InvalidNextTokenException", "The NextToken is not one that was answered.")
    filters = request.get("Filters") or []
    for one in filters:
        if one.get("Type") != "TERM_MATCH":
            raise AwsError("InvalidParameterException", f"Filters of type {one.get('Type')} are not in the lab.")
    found = [entry for entry in _entries(service) if _fits(entry, filters)]
    first = int(token)
    texts = [json.dumps(entry) for entry in found[first : first + size]]
    answer: Json = {"FormatVersion": "aws_v1", "PriceList": texts}
    if first + size < len(found):
        answer["NextToken"] = str(first + size)
    return answer


def _fits(entry: Json, filters: list[Json]) -> bool:
    """Every filter has to be met; values are compared whatever their capitals."""
    attributes = entry["product"]["attributes"]
    return all(attributes.get(one["Field"], "").lower() == one["Value"].lower() for one in filters)


def _entries(service: str) -> Iterator[Json]:
    for usage, unit, price, more in _PRODUCTS.get(service, []):
        for region, prefix in _PREFIXES.items():
            sku = f"{prefix}{usage}".upper()[:16]
            attributes = {
                "servicecode": service,
                "regionCode": region,
                "locationType": "AWS Region",
                "usagetype": f"{prefix}-{usage}",
            }
            dimension = {"unit": unit, "beginRange": "0", "endRange": "Inf", "pricePerUnit": {"USD": price}}
            term = {"effectiveDate": _PUBLISHED, "priceDimensions": {f"{sku}.6YS6EN2CT7": dimension}}
            yield {
                "product": {"sku": sku, "attributes": attributes | more},
                "serviceCode": service,
                "terms": {"OnDemand": {f"{sku}.JRTCKXETXF": term}},
                "publicationDate": _PUBLISHED,
            }
