"""The front of CloudTrail: JSON requests in, answers and refusals out, and what IAM asks beyond the operation."""

from __future__ import annotations

from typing import Any

from lab.cloudtrail import CloudTrail
from lab.cloudtrail_iam import further_checks
from lab.emulator import Answer, Emulator, caller, json_answer, json_body, json_refusal
from lab.emulator_iam import Iam
from lab.errors import AwsError
from lab.model import Json


class CloudTrailService:
    def __init__(self, emulator: Emulator, iam: Iam, cloudtrail: CloudTrail) -> None:
        self._iam = iam
        self._cloudtrail = cloudtrail
        emulator.serve("cloudtrail", self.handle)

    async def handle(self, method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Answer:
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        try:
            request = json_body(body)
            self._check(operation, request, headers, query)
            return json_answer(self._cloudtrail.call(caller(), operation, request))
        except AwsError as error:
            return json_refusal(error)

    def _check(self, operation: str, request: Json, headers: dict[str, str], query: Any) -> None:
        """The operation itself was checked on the way in."""
        who = caller()
        for check in further_checks(operation, request, who.region, who.account):
            if not self._iam.may(headers, query, check.action, check.resource, check.context):
                raise AwsError(
                    "AccessDeniedException",
                    f"User: {self._iam.principal(headers, query).arn} is not authorized to perform: {check.action} "
                    f"on resource: {check.resource} because no identity-based policy allows the {check.action} action",
                    403,
                )
