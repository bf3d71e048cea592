"""The fronts of S3, KMS and SNS: refuses what AWS refuses and ministack lets pass."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, unquote

from lab import policy_documents, wire
from lab.arns import ACCOUNT, Arn
from lab.emulator import Answer, Emulator, caller, json_body, json_refusal, query_refusal, within
from lab.emulator_iam import Iam
from lab.errors import AwsError
from lab.policy import Request, decide

_EXPECTED_OWNER = "x-amz-expected-bucket-owner"
_SUBSCRIPTION = re.compile(rb"(<SubscriptionArn>)[^<]*(</SubscriptionArn>)")
_UNUSABLE = {"Disabled": "KMS.DisabledException"}


class NeighbourService:
    def __init__(self, emulator: Emulator, iam: Iam) -> None:
        self._emulator = emulator
        self._iam = iam
        self._s3 = emulator.serve("s3", self.s3)
        self._kms = emulator.serve("kms", self.kms)
        self._sns = emulator.serve("sns", self.sns)

    async def s3(self, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Answer:
        bucket, _, key = unquote(path).strip("/").partition("/")
        try:
            self._check_bucket_owner(bucket, headers, query)
            if method == "PUT" and not key and "policy" in query:
                _check_bucket_policy(bucket, body)
            if method == "GET" and key and not set(query) & {"acl", "tagging", "uploadId", "retention", "legal-hold"}:
                self._check_decrypt(bucket, key, headers, query)
        except AwsError as error:
            extra, text = wire.error_answer("s3", error.code, error.message, "")
            return error.status, extra, b"" if method == "HEAD" else text
        return await self._s3(method, path, headers, body, query)

    def _check_bucket_owner(self, name: str, headers: dict[str, str], query: dict[str, Any]) -> None:
        """Every call on a bucket may say whose it must be. One to another Region is redirected first, unless it asks
        for the Region.
        """
        expected = headers.get(_EXPECTED_OWNER)
        bucket = self._emulator.bucket(name) if expected is not None else None
        if expected is None or bucket is None:
            return
        if bucket.region != caller().region and "location" not in query:
            return
        if not ACCOUNT.fullmatch(expected):
            raise AwsError(
                "InvalidBucketOwnerAWSAccountID",
                "The value of the expected bucket owner parameter must be an AWS account ID",
            )
        if bucket.owner != expected:
            raise AwsError("AccessDenied", "Access Denied", 403)

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
        context = {
            "kms:EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{bucket}/{name}",
            "kms:ViaService": f"s3.{arn.region}.amazonaws.com",
        }
        if not self._iam.may(headers, query, "kms:Decrypt", key.arn, context):
            raise AwsError("AccessDenied", f"The caller is not authorized to perform: kms:Decrypt on {key.arn}", 403)

    async def kms(self, method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Answer:
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        try:
            request = json_body(body)
            policy = request.get("Policy")
            if operation in ("PutKeyPolicy", "CreateKey") and policy is not None:
                _check_key_policy(policy, bypass=bool(request.get("BypassPolicyLockoutSafetyCheck")))
            arn = Arn.parse(str(request.get("KeyId", ""))) if operation == "DescribeKey" else None
            if arn is not None and self._is_foreign(arn, headers, query):
                with within(arn.account, arn.region):
                    return await self._kms(method, path, headers, body, query)
        except AwsError as error:
            return json_refusal(error)
        return await self._kms(method, path, headers, body, query)

    def _is_foreign(self, arn: Arn, headers: dict[str, str], query: Any) -> bool:
        """Whether the key is another account's, which then must let the caller in; ministack looks at home only."""
        who = caller()
        if arn.region != who.region:
            raise AwsError("NotFoundException", f"Invalid arn {arn.region}")
        if arn.account == who.account:
            return False
        key = self._emulator.key(str(arn), arn.account, arn.region)
        principal = self._iam.principal(headers, query)
        request = Request("kms:DescribeKey", key.arn if key else str(arn), principal.context(), caller=principal.arn)
        if key is None or not decide(key.policy, request).allowed:
            raise AwsError(
                "AccessDeniedException",
                f"User: {principal.arn} is not authorized to perform: kms:DescribeKey on resource: {arn} because the "
                "resource does not exist in this Region, no resource-based policies allow access, or a "
                "resource-based policy explicitly denies access",
            )
        return True

    async def sns(self, method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Answer:
        form = parse_qs(body.decode("utf-8", "replace"))
        if form.get("AttributeName") == ["Policy"] and form.get("Action") == ["SetTopicAttributes"]:
            found = policy_documents.problem(form.get("AttributeValue", [""])[0], actions="sns")
            if found:
                return query_refusal(AwsError("InvalidParameter", f"Invalid parameter: Policy Error: {found}"))
        status, answer_headers, text = await self._sns(method, path, headers, body, query)
        by_email = form.get("Action") == ["Subscribe"] and form.get("Protocol") in (["email"], ["email-json"])
        if status == 200 and by_email and self._emulator.ask_for_confirmation(form["TopicArn"][0], form["Endpoint"][0]):
            text = _SUBSCRIPTION.sub(rb"\1pending confirmation\2", text)
        return status, answer_headers, text


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
