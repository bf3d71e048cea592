"""The fronts of S3, KMS, SNS and STS: refuses what AWS refuses and ministack lets pass."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, unquote

from lab import policy_documents, wire
from lab.arns import Arn
from lab.emulator import Answer, Emulator, caller, json_body, json_refusal
from lab.errors import AwsError

_UNUSABLE = {"Disabled": "KMS.DisabledException"}


class NeighbourService:
    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._s3 = emulator.serve("s3", self.s3)
        self._kms = emulator.serve("kms", self.kms)
        self._sns = emulator.serve("sns", self.sns)
        self._sts = emulator.serve("sts", self.sts)

    async def s3(self, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Answer:
        bucket, _, key = unquote(path).strip("/").partition("/")
        try:
            if method == "PUT" and not key and "policy" in query:
                _check_bucket_policy(bucket, body)
            if method == "GET" and key and not set(query) & {"acl", "tagging", "uploadId", "retention", "legal-hold"}:
                self._check_decrypt(bucket, key, headers, query)
        except AwsError as error:
            extra, text = wire.error_answer("s3", error.code, error.message, "")
            return error.status, extra, text
        return await self._s3(method, path, headers, body, query)

    def _check_decrypt(self, bucket: str, name: str, headers: dict[str, str], query: dict[str, Any]) -> None:
        """A reader of an object that is encrypted with a key needs the key, and it must be usable."""
        reference = self._emulator.object_key(bucket, name)
        arn = Arn.parse(reference or "")
        if reference is None or arn is None:
            return
        key = self._emulator.key(reference, arn.account, arn.region)
        if key is None:
            raise AwsError("KMS.NotFoundException", f"Key '{reference}' does not exist")
        if key.state != "Enabled":
            raise AwsError(_UNUSABLE.get(key.state, "KMS.KMSInvalidStateException"), f"{key.arn} is {key.state}.")
        context = {"kms:EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{bucket}/{name}"}
        if not self._emulator.may(headers, query, "kms:Decrypt", key.arn, context):
            raise AwsError("AccessDenied", f"The caller is not authorized to perform: kms:Decrypt on {key.arn}", 403)

    async def kms(self, method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Answer:
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        try:
            request = json_body(body)
            policy = request.get("Policy")
            if operation in ("PutKeyPolicy", "CreateKey") and policy is not None:
                _check_key_policy(policy, bypass=bool(request.get("BypassPolicyLockoutSafetyCheck")))
        except AwsError as error:
            return json_refusal(error)
        return await self._kms(method, path, headers, body, query)

    async def sns(self, method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Answer:
        form = parse_qs(body.decode("utf-8", "replace"))
        if form.get("AttributeName") == ["Policy"] and form.get("Action") == ["SetTopicAttributes"]:
            found = policy_documents.problem(form.get("AttributeValue", [""])[0], actions="sns")
            if found:
                return _query_refusal(AwsError("InvalidParameter", f"Invalid parameter: Policy Error: {found}"))
        return await self._sns(method, path, headers, body, query)

    async def sts(self, method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Answer:
        form = parse_qs(body.decode("utf-8", "replace"))
        role = form.get("RoleArn", [""])[0]
        if form.get("Action") == ["AssumeRole"] and self._emulator.role(role) is None:
            who = f"arn:aws:iam::{caller().account}:root"
            message = f"User: {who} is not authorized to perform: sts:AssumeRole on resource: {role}"
            return _query_refusal(AwsError("AccessDenied", message, 403))
        return await self._sts(method, path, headers, body, query)


def _query_refusal(error: AwsError) -> Answer:
    headers, text = wire.error_answer("query", error.code, error.message, "")
    return error.status, headers, text


def _check_bucket_policy(bucket: str, body: bytes) -> None:
    found = policy_documents.problem(
        body.decode("utf-8", "replace"), actions="s3", resource_prefix=f"arn:aws:s3:::{bucket}"
    )
    if found:
        raise AwsError("MalformedPolicy", found)


def _check_key_policy(policy: str, *, bypass: bool) -> None:
    found = policy_documents.problem(policy, actions="kms")
    if found:
        raise AwsError("MalformedPolicyDocumentException", found)
    if not bypass and policy_documents.locks_out(policy, caller().account):
        raise AwsError(
            "MalformedPolicyDocumentException",
            "The new key policy will not allow you to update the key policy in the future.",
        )
