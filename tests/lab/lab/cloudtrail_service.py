"""The front of CloudTrail: JSON requests in, answers and refusals out, and what IAM asks beyond the operation."""

from __future__ import annotations

from typing import Any

from lab.cloudtrail import CloudTrail
from lab.emulator import Answer, Emulator, caller, json_answer, json_body, json_refusal
from lab.errors import AwsError
from lab.organizations import CLOUDTRAIL

_PASSES_ROLE = ("CreateTrail", "UpdateTrail")


class CloudTrailService:
    def __init__(self, emulator: Emulator, cloudtrail: CloudTrail) -> None:
        self._emulator = emulator
        self._cloudtrail = cloudtrail
        emulator.serve("cloudtrail", self.handle)

    async def handle(self, method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Answer:
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        try:
            request = json_body(body)
            role = request.get("CloudWatchLogsRoleArn")
            if operation in _PASSES_ROLE and isinstance(role, str) and role:
                self._check_pass_role(role, headers, query)
            return json_answer(self._cloudtrail.call(caller(), operation, request))
        except AwsError as error:
            return json_refusal(error)

    def _check_pass_role(self, role: str, headers: dict[str, str], query: Any) -> None:
        """Naming a role for a service takes iam:PassRole, which is enforced with --auth only."""
        context = {"iam:PassedToService": CLOUDTRAIL}
        if not self._emulator.may(headers, query, "iam:PassRole", role, context):
            raise AwsError(
                "AccessDeniedException",
                f"The caller is not authorized to perform: iam:PassRole on resource: {role}",
                403,
            )
