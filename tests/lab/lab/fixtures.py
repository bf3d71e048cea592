"""AWS calls the lab makes to itself, so that fixtures go through the real API (POST /_lab/aws)."""

from __future__ import annotations

import asyncio
import base64
import threading
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import partial
from typing import Any

import botocore.session
from botocore import UNSIGNED
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from lab.asgi import FIXTURE_HEADER
from lab.errors import AwsError, LabError
from lab.model import Json

# The account a call is made for, in the thread that makes it.
_acting: ContextVar[str] = ContextVar("acting")
_SERVICES = {"cloudwatchlogs": "logs", "monitoring": "cloudwatch"}


class Fixtures:
    def __init__(self, token: str) -> None:
        self._token = token
        self._session = botocore.session.Session()
        # One for all accounts: making one takes botocore long, and there may be hundreds of accounts.
        self._clients: dict[tuple[str, str], BaseClient] = {}
        # botocore's session is not made for threads.
        self._lock = threading.Lock()
        self.endpoint = ""

    async def call(self, service: str, operation: str, params: Json, account: str, region: str) -> Json:
        return await asyncio.to_thread(self._call, service, operation, params, account, region)

    def _call(self, service: str, operation: str, params: Json, account: str, region: str) -> Json:
        with self._lock:
            client = self._client(_SERVICES.get(service, service), region)
        method = next((m for m, name in client.meta.method_to_api_mapping.items() if name == operation), None)
        if method is None:
            raise LabError(f"{service} has no operation {operation}; write it as in the AWS API, like GetBucketPolicy")
        shape = client.meta.service_model.operation_model(operation).input_shape
        _acting.set(account)
        try:
            answer = getattr(client, method)(**_to_python(params, shape))
        except ClientError as error:
            raise AwsError(error.response["Error"]["Code"], error.response["Error"].get("Message", "")) from error
        except BotoCoreError as error:
            raise LabError(f"{service} {operation}: {error}") from error
        answer.pop("ResponseMetadata", None)
        return _to_json(answer)

    def _client(self, service: str, region: str) -> BaseClient:
        key = (service, region)
        if key not in self._clients:
            try:
                client = self._session.create_client(
                    service,
                    region_name=region,
                    endpoint_url=self.endpoint,
                    config=Config(
                        signature_version=UNSIGNED,
                        s3={"addressing_style": "path"},
                        retries={"total_max_attempts": 1},
                    ),
                )
            except BotoCoreError as error:
                raise LabError(f"there is no AWS service {service!r}: {error}") from error
            scope = f"{region}/{client.meta.service_model.signing_name}/aws4_request"
            client.meta.events.register("before-sign", partial(self._mark, scope))
            self._clients[key] = client
        return self._clients[key]

    def _mark(self, scope: str, request: Any, **_: Any) -> None:
        """Says who calls; the lab does not check the signatures of root users, so there is none."""
        date = datetime.now(UTC)
        request.headers[FIXTURE_HEADER] = self._token
        request.headers["X-Amz-Date"] = f"{date:%Y%m%dT%H%M%SZ}"
        request.headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={_acting.get()}/{date:%Y%m%d}/{scope}, SignedHeaders=host, Signature=0"
        )


def _to_python(value: Any, shape: Any) -> Any:
    """JSON has no bytes: strings stand for them."""
    kind = getattr(shape, "type_name", None)
    if kind == "blob" and isinstance(value, str):
        return value.encode()
    if kind == "structure" and isinstance(value, dict):
        return {k: _to_python(v, shape.members.get(k)) for k, v in value.items()}
    if kind == "list" and isinstance(value, list):
        return [_to_python(item, shape.member) for item in value]
    if kind == "map" and isinstance(value, dict):
        return {k: _to_python(v, shape.value) for k, v in value.items()}
    return value


def _to_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _to_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_to_json(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if hasattr(value, "read"):
        value = value.read()
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return base64.b64encode(value).decode()
    return value
