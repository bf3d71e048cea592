"""Who calls and what IAM lets them do: ministack's identities and evaluator, with what they lack hung in.

Beside emulator.py the only module that knows ministack. What a call of CloudTrail asks for is in cloudtrail_iam.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cbor2
from ministack import app as ministack
from ministack.core import iam_actions, iam_evaluator, responses
from ministack.services import iam, kms, sts, tagging

from lab import arns, cloudtrail_iam, wire
from lab.errors import AwsError
from lab.model import Json, Principal
from lab.trace import Call

# ministack calls it by its signing name.
_MINISTACK_NAMES = {"cloudwatch": "monitoring"}
_KINDS = {"Root": "Account"}


class Iam:
    """`tags_of` gives the tags of a trail by its ARN, for policies that ask for them."""

    def __init__(self, tags_of: Callable[[str], dict[str, str] | None]) -> None:
        self._tags_of = tags_of
        # Sessions stay known after they expired, so that their keys are refused and not taken for strangers'.
        sts._evict_expired_sessions = lambda: None
        ministack.set_request_account_id = self._set_account
        stock = iam_actions
        stock.extract_iam_action = _action(stock.extract_iam_action)
        stock.extract_resource_arn = self._resource(stock.extract_resource_arn)
        stock.request_tag_context = _request_tags(stock.request_tag_context)
        stock.access_denied_response = _resource_named(stock.access_denied_response)
        tagging.resource_tags = self._resource_tags(tagging.resource_tags)
        iam_evaluator._resolve_condition_key = _principal_arn(iam_evaluator._resolve_condition_key)

    # --- keys and sessions ------------------------------------------------------------------------------------------

    def account_of(self, access_key: str) -> str:
        """The account a key belongs to; a 12-digit key is its own account."""
        if arns.ACCOUNT.fullmatch(access_key):
            return access_key
        assumed: str | None = responses._account_from_sts_session(access_key) if access_key else None
        if assumed:
            return assumed
        for account, key in iam._access_keys.to_dict():
            if key == access_key:
                return str(account)
        return ministack.os.environ["MINISTACK_ACCOUNT_ID"]

    def _set_account(self, access_key: str) -> None:
        """Without --auth ministack would take every key made with IAM for the default account's."""
        responses.set_request_account_id(self.account_of(access_key))

    def refused_key(self, call: Call) -> AwsError | None:
        """Why the key of a call is no good, in the words of the service called; IAM's own keys are not judged."""
        session = sts._sessions.get(call.access_key)
        if session is not None and sts._session_expired(session):
            return _key_failure(call, "ExpiredTokenException", "The security token included in the request is expired")
        if session is None and call.access_key.startswith("ASIA"):
            return self.unknown_key(call)
        return None

    def unknown_key(self, call: Call) -> AwsError:
        return _key_failure(
            call, "UnrecognizedClientException", "The security token included in the request is invalid."
        )

    def expire_sessions(self) -> None:
        for session in sts._sessions.values():
            session["Expiration"] = 0

    def sessions(self) -> tuple[int, int]:
        """How many sessions are good, and how many were handed out."""
        handed_out = list(sts._sessions.values())
        return sum(not sts._session_expired(session) for session in handed_out), len(handed_out)

    # --- callers ----------------------------------------------------------------------------------------------------

    def principal(self, headers: dict[str, str], query: dict[str, Any]) -> Principal:
        """Who sent the request at hand."""
        found = sts._caller_identity(headers, query)
        if isinstance(found, iam_evaluator.CredentialResolutionError):
            raise AwsError(found.code, found.message, 403)
        kind = found["principalType"]
        return Principal(found["userArn"], found["accountId"], _KINDS.get(kind, kind), role_arn(found["userArn"]))

    def may(
        self, headers: dict[str, str], query: dict[str, Any], action: str, resource: str, context: dict[str, Any]
    ) -> bool:
        """Whether the caller of the request at hand may do this as well; everybody may where IAM is not enforced."""
        if not ministack.AUTH:
            return True
        access_key = ministack.extract_access_key_id(headers, query)
        service = action.partition(":")[0]
        return iam_evaluator.enforce(access_key, action, service, responses.get_region(), resource, context) is None

    # --- what ministack's check lacks -------------------------------------------------------------------------------

    def _resource(self, stock: Callable[..., str]) -> Callable[..., str]:
        def resource_arn(
            service: str, method: str, path: str, headers: Any, body: bytes, query: Any, region: str, account: str
        ) -> str:
            if service == "cloudtrail":
                return cloudtrail_iam.resources(_json(body), region, account)[0]
            if service == "pricing":
                return "*"
            if service == "account":
                return f"arn:{arns.partition_of(region)}:account::{account}:account"
            if service == "monitoring" and wire.cbor_operation(path):
                return _alarm(cbor2.loads(body), region, account)
            found: str = stock(service, method, path, headers, body, query, region, account)
            return _key_behind_alias(found) if service == "kms" else found

        return resource_arn

    def _resource_tags(self, stock: Callable[[str], dict[str, str] | None]) -> Callable[..., dict[str, str] | None]:
        def resource_tags(arn: str) -> dict[str, str] | None:
            return self._tags_of(arn) if ":cloudtrail:" in arn else stock(arn)

        return resource_tags


def _key_failure(call: Call, code: str, message: str) -> AwsError:
    service = _MINISTACK_NAMES.get(call.service, call.service)
    target = {"x-amz-target": "json"} if call.protocol == "json" else {}
    code, status, message = iam_actions._auth_failure(service, code, message, target)
    return AwsError(code, message, status)


def role_arn(arn: str) -> str:
    """The role behind a session, which is what conditions on aws:PrincipalArn see; others stay themselves."""
    spec = arns.Arn.parse(arn)
    if spec is None or not spec.resource.startswith("assumed-role/"):
        return arn
    role = iam._roles.get_scoped(spec.account, None, spec.resource.split("/")[1])
    return role["Arn"] if role else arn


def _key_behind_alias(arn: str) -> str:
    """IAM decides over the key; a policy that names an alias lets nobody use the key behind it."""
    spec = arns.Arn.parse(arn)
    if spec is None or not spec.resource.startswith("alias/"):
        return arn
    with responses.request_scope(spec.account, spec.region):
        record = kms._resolve_key(arn)
    return record["Arn"] if record else arn


def _alarm(request: Json, region: str, account: str) -> str:
    """The alarm that a call of CloudWatch is about; "*" where it is about none of them alone."""
    names = [request["AlarmName"]] if "AlarmName" in request else request.get("AlarmNames") or []
    if len(names) == 1:
        return f"arn:{arns.partition_of(region)}:cloudwatch:{region}:{account}:alarm:{names[0]}"
    return str(request.get("ResourceARN") or "*")


def _json(body: bytes) -> Json:
    try:
        value = ministack.json.loads(body or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _action(stock: Callable[..., str | None]) -> Callable[..., str | None]:
    """ministack asks for no action of Account Management and the Price List, and for none of CloudWatch's in CBOR."""

    def extract_iam_action(service: str, method: str, path: str, *more: Any) -> str | None:
        if service == "account":
            return f"account:{wire.rest_operation(path)}"
        if service == "pricing":
            return f"pricing:{more[0]['x-amz-target'].rpartition('.')[2]}"
        operation = wire.cbor_operation(path) if service == "monitoring" else None
        return f"cloudwatch:{operation}" if operation else stock(service, method, path, *more)

    return extract_iam_action


def _request_tags(stock: Callable[..., Json]) -> Callable[..., Json]:
    def request_tag_context(service: str, iam_action: str, body: bytes, params: Any) -> Json:
        if service == "cloudtrail":
            return cloudtrail_iam.request_tags(iam_action.rpartition(":")[2], _json(body))
        return stock(service, iam_action, body, params)

    return request_tag_context


def _resource_named(stock: Callable[..., Any]) -> Callable[..., Any]:
    """AWS says on which resource something was refused."""

    def access_denied_response(service: str, action: str, principal: str, request_id: str, **more: Any) -> Any:
        if not more.get("message") and not more.get("error_code") and not more.get("resource_policy_arn"):
            resource, deny = more.get("resource_arn", "*"), more.get("explicit_deny", False)
            more["message"] = iam_actions.identity_denial_message(action, principal, resource, deny)
        return stock(service, action, principal, request_id, **more)

    return access_denied_response


def _principal_arn(stock: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    def resolve(key: str, context: Any) -> Any:
        return role_arn(context.principal_arn) if key.lower() == "aws:principalarn" else stock(key, context)

    return resolve
