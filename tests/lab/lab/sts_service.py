"""The front of STS: AssumeRole follows the role's trust policy, with and without --auth, and hands out sessions as
long as a test wants them. The rules are in sessions.py.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlencode

from lab import sessions
from lab.arns import Arn
from lab.emulator import Answer, Emulator, query_refusal
from lab.emulator_iam import Iam
from lab.errors import AwsError


class StsService:
    def __init__(self, emulator: Emulator, iam: Iam) -> None:
        self._emulator = emulator
        self._iam = iam
        # Seconds every session lasts, whatever was asked for; None leaves it to the caller.
        self.lifetime: int | None = None
        self._stock = emulator.serve("sts", self.handle)

    async def handle(self, method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Answer:
        form = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
        role = form.get("RoleArn", "")
        # What is no role's ARN at all, ministack refuses.
        if form.get("Action") == "AssumeRole" and Arn.parse(role) is not None:
            try:
                sessions.check(role, self._emulator.role(role), form, self._iam.principal(headers, query))
            except AwsError as error:
                return query_refusal(error)
            if self.lifetime is not None:
                body = urlencode(form | {"DurationSeconds": str(self.lifetime)}).encode()
        return await self._stock(method, path, headers, body, query)
