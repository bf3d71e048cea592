"""AWS wire protocols, as far as recording calls and injecting faults needs them: which call a request is,
which error code an answer carries, and how an error is written. Knows no service's behaviour.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qs, unquote
from xml.sax.saxutils import escape

import botocore.session
import cbor2

from lab.trace import Call

Headers = Mapping[str, str]

# Signing names that differ from the name people and IAM use.
_SERVICE_NAMES = {"monitoring": "cloudwatch"}
_CREDENTIAL = re.compile(r"Credential=([^/,]+)/\d{8}/([^/,]+)/([^/,]+)/aws4_request")
_CBOR_PATH = re.compile(r"/service/[^/]+/operation/([^/?]+)")
_XML_CODE = re.compile(rb"<Code>([^<]+)</Code>")


@dataclass(frozen=True)
class Scope:
    access_key: str
    region: str
    service: str


def signing_scope(headers: Headers, query: Mapping[str, list[str]]) -> Scope:
    """Key, Region and service the request was signed for; an unsigned request is taken as S3's."""
    match = _CREDENTIAL.search(headers.get("authorization", ""))
    parts = match.groups() if match else ()
    if not parts and "X-Amz-Credential" in query:
        fields = query["X-Amz-Credential"][0].split("/")
        parts = (fields[0], fields[2], fields[3]) if len(fields) == 5 else ()
    if not parts:
        return Scope("", "us-east-1", "s3")
    return Scope(parts[0], parts[1], _SERVICE_NAMES.get(parts[2], parts[2]))


def identify(
    method: str,
    path: str,
    query: Mapping[str, list[str]],
    headers: Headers,
    body: bytes,
    account_of: Callable[[str], str],
) -> Call:
    scope = signing_scope(headers, query)
    protocol = _protocol(scope.service, headers)
    call = Call(
        service=scope.service,
        operation=_operation(protocol, method, path, query, headers, body),
        account=account_of(scope.access_key),
        region=scope.region,
        access_key=scope.access_key,
        protocol=protocol,
        user_agent=headers.get("user-agent", ""),
    )
    if scope.service == "cloudtrail":
        call.parameters = _json(body)
    return call


def _json(body: bytes) -> dict[str, object]:
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _protocol(service: str, headers: Headers) -> str:
    if "cbor" in headers.get("smithy-protocol", "") or "cbor" in headers.get("content-type", ""):
        return "cbor"
    if "x-amz-target" in headers:
        return "json"
    return {"s3": "s3", "account": "rest"}.get(service, "query")


def _operation(
    protocol: str, method: str, path: str, query: Mapping[str, list[str]], headers: Headers, body: bytes
) -> str:
    if protocol == "cbor":
        return cbor_operation(path) or "Unknown"
    if protocol == "json":
        return headers["x-amz-target"].rpartition(".")[2]
    if protocol == "s3":
        return s3_operation(method, path, query, headers)
    if protocol == "rest":
        return rest_operation(path)
    action = query.get("Action") or parse_qs(body.decode("utf-8", "replace")).get("Action")
    return action[0] if action else "Unknown"


def cbor_operation(path: str) -> str | None:
    """The operation that a path of rpc-v2-cbor names."""
    match = _CBOR_PATH.search(path)
    return match.group(1) if match else None


def rest_operation(path: str) -> str:
    """Account Management's paths are its operations, with a small letter first."""
    return path[1:2].upper() + path[2:]


# --- S3, whose operations are told by method, path depth, query keys and headers -------------------------------------


@dataclass(frozen=True)
class _Route:
    method: str
    depth: int
    keys: frozenset[str]
    headers: frozenset[str]
    operation: str


# The model gives several operations one route; the header or query key that AWS tells them apart by.
_S3_EXTRA = {"CopyObject": "x-amz-copy-source", "UploadPartCopy": "x-amz-copy-source"}
_S3_QUERY = {"UploadPart": ("partNumber", "uploadId"), "UploadPartCopy": ("partNumber", "uploadId")} | {
    "CompleteMultipartUpload": ("uploadId",),
    "AbortMultipartUpload": ("uploadId",),
    "ListParts": ("uploadId",),
}


@lru_cache(maxsize=1)
def _s3_routes() -> list[_Route]:
    model = botocore.session.Session().get_service_model("s3")
    routes = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        path, _, query = http["requestUri"].partition("?")
        keys = {part.partition("=")[0] for part in query.split("&") if part and not part.startswith("x-id")}
        keys |= {part for part in query.split("&") if part.startswith("list-type=")}
        keys -= {"list-type"}
        keys |= set(_S3_QUERY.get(name, ()))
        extra = frozenset({_S3_EXTRA[name]} if name in _S3_EXTRA else ())
        depth = sum(1 for part in path.split("/") if part)
        routes.append(_Route(http["method"], min(depth, 2), frozenset(keys), extra, name))
    # The route that asks for most wins; deprecated twins of the same route come after their successors.
    return sorted(routes, key=lambda r: (-len(r.keys) - len(r.headers), r.operation in _S3_RETIRED, r.operation))


_S3_RETIRED = ("GetBucketLifecycle", "PutBucketLifecycle", "GetBucketNotification", "PutBucketNotification")


def s3_operation(method: str, path: str, query: Mapping[str, list[str]], headers: Headers) -> str:
    parts = unquote(path).strip("/").split("/", 1)
    depth = 0 if not parts[0] else len(parts)
    present = set(query) | {f"list-type={value}" for value in query.get("list-type", [])}
    for route in _s3_routes():
        if (route.method, route.depth) == (method, depth) and route.keys <= present and route.headers <= headers.keys():
            return route.operation
    return f"{method}Unknown"


# --- answers ---------------------------------------------------------------------------------------------------------


def error_code(protocol: str, status: int, headers: Headers, body: bytes) -> str:
    """The code in an error answer; the bare status where there is none (HEAD)."""
    code = ""
    if protocol in ("json", "rest"):
        code = str(_json(body).get("__type", "")) or headers.get("x-amzn-errortype", "")
    elif protocol == "cbor":
        try:
            code = str(cbor2.loads(body).get("__type", ""))
        except (cbor2.CBORDecodeError, AttributeError):
            code = ""
    else:
        match = _XML_CODE.search(body)
        code = match.group(1).decode() if match else ""
    return code.rpartition("#")[2].partition(":")[0] or str(status)


def error_answer(protocol: str, code: str, message: str, request_id: str) -> tuple[dict[str, str], bytes]:
    """Headers and body of an error, in the form the caller's SDK reads."""
    if protocol in ("json", "rest"):
        body = json.dumps({"__type": code, "message": message, "Message": message}).encode()
        return {"content-type": "application/x-amz-json-1.1", "x-amzn-errortype": code}, body
    if protocol == "cbor":
        headers = {"content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
        return headers, cbor2.dumps({"__type": code, "message": message})
    inner = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if protocol == "s3":
        text = f"<Error>{inner}<RequestId>{request_id}</RequestId></Error>"
        return {"content-type": "application/xml"}, b'<?xml version="1.0" encoding="UTF-8"?>\n' + text.encode()
    text = (
        f"<ErrorResponse><Error><Type>Sender</Type>{inner}</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    return {"content-type": "text/xml"}, text.encode()
