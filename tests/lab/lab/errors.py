"""AWS errors as the lab raises them. Knows codes, messages and HTTP status; nothing of wire formats."""

from __future__ import annotations


class AwsError(Exception):
    """A refusal with AWS's error code. Every modelled CloudTrail exception is HTTP 400 (cloudtrail.md 1.1)."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class LabError(Exception):
    """A control-plane request that makes no sense; the message says what to send instead."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
