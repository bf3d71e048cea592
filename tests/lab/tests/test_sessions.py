"""AssumeRole, the sessions it hands out, and how they end. Runs real labs."""

from __future__ import annotations

import time
import unittest
from datetime import UTC, datetime
from typing import Any

from running import WithLab, code
from support import ACCOUNT, OTHER, THIRD, TRUST, document, proves

from lab.errors import AwsError
from lab.model import Principal, Role
from lab.policy import Request, decide
from lab.sessions import check

ROLE = f"arn:aws:iam::{OTHER}:role/trail-operator"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/operator/pod"
NAME = {"RoleSessionName": "test"}


def trust(principal: Any, effect: str = "Allow", **condition: Any) -> Any:
    statement = {"Effect": effect, "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
    return statement | ({"Condition": condition} if condition else {})


def trusted(*statements: Any, caller: str = f"arn:aws:iam::{ACCOUNT}:root") -> bool:
    return decide(document(*statements), Request("sts:AssumeRole", ROLE, caller=caller)).allowed


class Trust(unittest.TestCase):
    @proves("assume-role-trust")
    def test_who_is_named(self) -> None:
        operator = f"arn:aws:iam::{ACCOUNT}:role/operator"
        for named, expected in [
            (ACCOUNT, True),
            (f"arn:aws:iam::{ACCOUNT}:root", True),
            (operator, True),
            (f"arn:aws:iam::{ACCOUNT}:role/path/operator", True),
            (SESSION, True),
            ("*", True),
            ([OTHER, operator], True),
            (OTHER, False),
            (f"arn:aws:iam::{OTHER}:root", False),
            (f"arn:aws:iam::{OTHER}:role/operator", False),
            (f"arn:aws:iam::{ACCOUNT}:role/oper", False),
            (f"arn:aws:iam::{ACCOUNT}:role/*", False),
            (f"arn:aws:iam::{ACCOUNT}:user/operator", False),
        ]:
            with self.subTest(named):
                self.assertEqual(trusted(trust(named), caller=SESSION), expected)

    @proves("assume-role-trust")
    def test_services_and_denials(self) -> None:
        self.assertFalse(decide(TRUST, Request("sts:AssumeRole", ROLE, caller=SESSION)).allowed)
        self.assertTrue(
            decide({"Statement": {**trust("x"), "Principal": "*"}}, Request("sts:AssumeRole", ROLE)).allowed
        )
        self.assertFalse(trusted(trust(ACCOUNT), trust(ACCOUNT, "Deny")))
        unless = {"Effect": "Deny", "NotPrincipal": {"AWS": ACCOUNT}, "Action": "sts:*"}
        self.assertTrue(trusted(trust("*"), unless))
        self.assertFalse(trusted(trust("*"), unless, caller=f"arn:aws:iam::{OTHER}:root"))

    @proves("assume-role-duration")
    def test_durations(self) -> None:
        def refusal(seconds: str, kind: str = "Account", longest: int = 7200) -> str:
            role = Role(ROLE, document(trust(ACCOUNT)), (), longest)
            who = Principal(f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT, kind, "")
            try:
                check(ROLE, role, {**NAME, "DurationSeconds": seconds}, who)
            except AwsError as error:
                return error.code
            return ""

        self.assertEqual([refusal(s) for s in ("900", "3600", "7200", "")], ["", "", "", ""])
        for seconds in ("899", "0", "43201", "x", "-900", "7201"):
            self.assertEqual(refusal(seconds), "ValidationError", seconds)
        self.assertEqual(refusal("3601", kind="AssumedRole"), "ValidationError")
        self.assertEqual(refusal("3600", kind="AssumedRole"), "")


class Sessions(WithLab):
    def setUp(self) -> None:
        super().setUp()
        self.sts = self.lab.client("sts")

    def role(self, *statements: Any, account: str = OTHER, name: str = "trail-operator", **more: Any) -> None:
        call = {"RoleName": name, "AssumeRolePolicyDocument": document(*statements), **more}
        made = self.lab.ask(
            "POST", "/aws", {"service": "iam", "operation": "CreateRole", "params": call, "account": account}
        )
        self.assertIn("Role", made)

    def refusal(self, by: Any = None, role: str = ROLE, **more: Any) -> str:
        return code((by or self.sts).assume_role, RoleArn=role, **{**NAME, **more})

    @proves("assume-role-trust")
    def test_the_trust_policy_decides(self) -> None:
        self.assertEqual(self.refusal(), "AccessDenied")
        self.role(trust(f"arn:aws:iam::{ACCOUNT}:root", StringEquals={"sts:ExternalId": "tenant-7"}))
        self.assertEqual(self.refusal(ExternalId="tenant-7"), "")
        self.assertEqual([self.refusal(), self.refusal(ExternalId="tenant-8")], ["AccessDenied", "AccessDenied"])
        stranger = self.lab.client("sts", THIRD)
        self.assertEqual(self.refusal(stranger, ExternalId="tenant-7"), "AccessDenied")
        # Its own account is not in the policy either.
        self.assertEqual(self.refusal(self.lab.client("sts", OTHER), ExternalId="tenant-7"), "AccessDenied")
        self.assertEqual(self.refusal(RoleSessionName="a b"), "ValidationError")
        self.assertEqual(self.refusal(ExternalId="?!"), "ValidationError")
        self.assertEqual(self.refusal(role="trail-operator-of-another"), "ValidationError")
        self.assertEqual(self.refusal(role=ROLE.replace("role/", "role/path/"), ExternalId="tenant-7"), "AccessDenied")

    @proves("session-identity")
    def test_a_session_acts_in_the_account_of_its_role(self) -> None:
        self.role(trust(ACCOUNT))
        session = self.lab.session(ROLE, self.sts)
        identity = self.lab.client_of(session, "sts").get_caller_identity()
        self.assertEqual(identity["Account"], OTHER)
        self.assertEqual(identity["Arn"], f"arn:aws:sts::{OTHER}:assumed-role/trail-operator/test")
        self.lab.client_of(session, "s3").create_bucket(Bucket="of-the-other")
        self.assertEqual(code(self.lab.client("s3").head_bucket, Bucket="of-the-other"), "403")
        self.assertEqual(code(self.lab.client("s3", OTHER).head_bucket, Bucket="of-the-other"), "")
        self.lab.client_of(session, "cloudtrail").describe_trails()
        self.assertEqual(self.lab.ask("GET", f"/calls?account={OTHER}&service=cloudtrail")["calls"][0]["code"], "")

    @proves("session-identity")
    def test_a_session_may_assume_the_next_role(self) -> None:
        self.role(trust(ACCOUNT))
        self.role(trust(ROLE), account=THIRD, name="deeper", MaxSessionDuration=7200)
        deeper = f"arn:aws:iam::{THIRD}:role/deeper"
        self.assertEqual(self.refusal(role=deeper), "AccessDenied")
        by = self.lab.client_of(self.lab.session(ROLE, self.sts), "sts")
        session = self.lab.session(deeper, by)
        self.assertEqual(self.lab.client_of(session, "sts").get_caller_identity()["Account"], THIRD)
        self.assertEqual(self.refusal(by, role=deeper, DurationSeconds=7200), "ValidationError")

    @proves("assume-role-trust")
    def test_conditions_see_the_role_and_not_the_session(self) -> None:
        self.role(trust(ACCOUNT), Path="/tools/")
        role = ROLE.replace("role/", "role/tools/")
        self.role(trust("*", ArnEquals={"aws:PrincipalArn": role}), account=THIRD, name="deeper")
        by = self.lab.client_of(self.lab.session(role, self.sts), "sts")
        self.assertEqual(self.refusal(by, role=f"arn:aws:iam::{THIRD}:role/deeper"), "")

    @proves("session-expired")
    def test_expired_by_order(self) -> None:
        self.role(trust(ACCOUNT))
        old = self.lab.session(ROLE, self.sts)
        self.assertEqual(
            self.lab.ask("POST", "/sessions", {"expire": True}), {"lifetime": None, "valid": 0, "expired": 1}
        )
        for service, operation, refusal in [
            ("cloudtrail", "describe_trails", "ExpiredTokenException"),
            ("kms", "list_keys", "ExpiredTokenException"),
            ("account", "list_regions", "ExpiredTokenException"),
            ("s3", "list_buckets", "ExpiredToken"),
            ("sts", "get_caller_identity", "ExpiredToken"),
            ("sns", "list_topics", "ExpiredToken"),
        ]:
            self.assertEqual(code(getattr(self.lab.client_of(old, service), operation)), refusal)
        new = self.lab.session(ROLE, self.sts)
        self.assertEqual(code(self.lab.client_of(new, "cloudtrail").describe_trails), "")
        # Handing out another one does not make the lab forget the old one and take its key for a stranger's.
        self.assertEqual(code(self.lab.client_of(old, "cloudtrail").describe_trails), "ExpiredTokenException")
        seen = self.lab.ask("GET", f"/calls?account={OTHER}&service=cloudtrail")["calls"]
        self.assertEqual([call["code"] for call in seen], ["ExpiredTokenException", "", "ExpiredTokenException"])

    @proves("session-expired")
    def test_a_lifetime_by_order(self) -> None:
        self.role(trust(ACCOUNT))
        self.lab.ask("POST", "/sessions", {"lifetime": 1})
        made = self.sts.assume_role(RoleArn=ROLE, DurationSeconds=900, **NAME)["Credentials"]
        left = (made["Expiration"] - datetime.now(UTC)).total_seconds()
        self.assertLessEqual(left, 1)
        session = made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]
        client, end = self.lab.client_of(session, "cloudtrail"), time.monotonic() + 5
        while not (refusal := code(client.describe_trails)):
            self.assertLess(time.monotonic(), end, "the session did not expire")
        self.assertEqual(refusal, "ExpiredTokenException")
        self.lab.ask("POST", "/sessions", {"lifetime": None})
        made = self.sts.assume_role(RoleArn=ROLE, **NAME)["Credentials"]
        self.assertGreater((made["Expiration"] - datetime.now(UTC)).total_seconds(), 3000)

    @proves("session-unknown")
    def test_a_reset_forgets_sessions(self) -> None:
        self.role(trust(ACCOUNT))
        session = self.lab.session(ROLE, self.sts)
        self.lab.ask("POST", "/sessions", {"lifetime": 60})
        self.lab.ask("POST", "/reset")
        self.assertEqual(self.lab.ask("POST", "/sessions", {}), {"lifetime": None, "valid": 0, "expired": 0})
        self.assertEqual(code(self.lab.client_of(session, "cloudtrail").describe_trails), "UnrecognizedClientException")
        self.assertEqual(code(self.lab.client_of(session, "sts").get_caller_identity), "InvalidClientTokenId")

    def test_keys_made_with_iam_act_in_their_account(self) -> None:
        def iam(operation: str, **params: Any) -> Any:
            call = {"service": "iam", "operation": operation, "params": params, "account": OTHER}
            return self.lab.ask("POST", "/aws", call)

        iam("CreateUser", UserName="operator")
        made = iam("CreateAccessKey", UserName="operator")["AccessKey"]
        client = self.lab.client("sts", made["AccessKeyId"], made["SecretAccessKey"])
        self.assertEqual(client.get_caller_identity()["Arn"], f"arn:aws:iam::{OTHER}:user/operator")


if __name__ == "__main__":
    unittest.main()
