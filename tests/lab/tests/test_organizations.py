"""Organization trails: who may, what they look like from members."""

from __future__ import annotations

import unittest
from typing import Any

from support import ACCOUNT, CALLER, OTHER, REGION, THIRD, World, bucket_policy, proves, role_policy, trail_arn

from lab.errors import AwsError
from lab.model import Caller
from lab.organizations import check_caller, list_accounts

MEMBER = Caller(OTHER, REGION)


class Organizations(unittest.TestCase):
    def setUp(self) -> None:
        self.world = World()

    def create(self, name: str = "main", who: Caller = CALLER, **members: Any) -> Any:
        return self.world.create(name, who, IsOrganizationTrail=True, **members)

    def refused(self, who: Caller = CALLER) -> str:
        return self.world.refused_create(who=who, IsOrganizationTrail=True)

    def delegate(self, account: str = OTHER) -> None:
        self.world.call("RegisterOrganizationDelegatedAdmin", {"MemberAccountId": account})

    @proves("org-none", "org-member", "org-trusted-access", "org-features")
    def test_preconditions(self) -> None:
        self.assertEqual(self.refused(), "OrganizationsNotInUseException")
        self.world.organize(OTHER, trusted=False)
        self.assertEqual(self.refused(MEMBER), "NotOrganizationMasterAccountException")
        self.assertEqual(self.refused(), "CloudTrailAccessNotEnabledException")
        world = self.world = World()
        world.organize(OTHER, features="CONSOLIDATED_BILLING")
        self.assertEqual(self.refused(), "OrganizationNotInAllFeaturesModeException")

    @proves("org-bucket-policy", "org-bucket-account")
    def test_bucket_policy(self) -> None:
        organization = self.world.organize(OTHER)
        for owners in ((ACCOUNT,), (organization,)):
            self.world.policy(bucket_policy(owners=owners))
            self.assertEqual(self.refused(), "InsufficientS3BucketPolicyException")
        self.world.policy(bucket_policy(owners=(ACCOUNT, organization)))
        self.assertTrue(self.create()["IsOrganizationTrail"])

    @proves("org-delegated", "org-owner")
    def test_delegated_administrator(self) -> None:
        self.world.organize(OTHER)
        self.delegate()
        self.assertEqual(self.create(who=MEMBER)["TrailARN"], trail_arn(account=ACCOUNT))
        update = {"Name": trail_arn(), "EnableLogFileValidation": True}
        self.assertTrue(self.world.call("UpdateTrail", update, MEMBER)["LogFileValidationEnabled"])
        self.world.call("DeleteTrail", {"Name": trail_arn()}, MEMBER)
        self.assertEqual(self.world.call("ListTrails")["Trails"], [])

    @proves("org-linked-role")
    def test_linked_role(self) -> None:
        self.world.organize(OTHER)
        # Through the Organizations API; CloudTrail's own registration makes the role.
        organization = self.world.around.organization(ACCOUNT)
        self.world.book.register(organization, OTHER, "cloudtrail.amazonaws.com")
        self.assertEqual(self.refused(MEMBER), "NoManagementAccountSLRExistsException")
        self.create("first")
        self.create("second", MEMBER)

    @proves("org-convert")
    def test_convert(self) -> None:
        self.world.organize(OTHER)
        self.delegate()
        self.create()
        update = {"Name": trail_arn(), "IsOrganizationTrail": False}
        self.assertEqual(self.world.refusal("UpdateTrail", update, MEMBER), "NotOrganizationMasterAccountException")
        self.assertFalse(self.world.call("UpdateTrail", update)["IsOrganizationTrail"])
        self.assertEqual(self.world.refusal("GetTrail", {"Name": trail_arn()}, MEMBER), "TrailNotFoundException")
        self.assertTrue(self.world.call("UpdateTrail", {**update, "IsOrganizationTrail": True})["IsOrganizationTrail"])

    @proves("org-copies", "org-members-write")
    def test_copies(self) -> None:
        self.world.organize(OTHER)
        self.create(IsMultiRegionTrail=True)
        seen = self.world.call("DescribeTrails", {}, MEMBER)["trailList"]
        self.assertEqual([trail["TrailARN"] for trail in seen], [trail_arn()])
        self.assertEqual(self.world.call("DescribeTrails", {"includeShadowTrails": False}, MEMBER)["trailList"], [])
        for operation, member in [("GetTrail", "Name"), ("GetTrailStatus", "Name"), ("GetEventSelectors", "TrailName")]:
            self.world.call(operation, {member: trail_arn()}, MEMBER)
            self.assertEqual(self.world.refusal(operation, {member: "main"}, MEMBER), "TrailNotFoundException")
        for operation in ("UpdateTrail", "DeleteTrail", "StopLogging"):
            code = self.world.refusal(operation, {"Name": trail_arn()}, MEMBER)
            self.assertEqual(code, "OperationNotPermittedException")
        self.assertEqual(
            self.world.refusal("GetTrail", {"Name": trail_arn()}, Caller(THIRD, REGION)), "TrailNotFoundException"
        )

    @proves("org-delegation-limit")
    def test_registration(self) -> None:
        members = [f"{n}" * 12 for n in range(4, 8)]
        self.world.organize(*members)
        self.delegate(members[0])
        register = {"MemberAccountId": members[0]}
        operation = "RegisterOrganizationDelegatedAdmin"
        self.assertEqual(self.world.refusal(operation, register), "AccountRegisteredException")
        itself = {"MemberAccountId": ACCOUNT}
        self.assertEqual(self.world.refusal(operation, itself), "CannotDelegateManagementAccountException")
        self.assertEqual(self.world.refusal(operation, {"MemberAccountId": THIRD}), "AccountNotFoundException")
        member = Caller(members[1], REGION)
        self.assertEqual(self.world.refusal(operation, register, member), "NotOrganizationManagementAccountException")
        self.delegate(members[1])
        self.delegate(members[2])
        fourth = {"MemberAccountId": members[3]}
        self.assertEqual(self.world.refusal(operation, fourth), "DelegatedAdminAccountLimitExceededException")
        off = {"DelegatedAdminAccountId": members[0]}
        self.world.call("DeregisterOrganizationDelegatedAdmin", off)
        code = self.world.refusal("DeregisterOrganizationDelegatedAdmin", off)
        self.assertEqual(code, "AccountNotRegisteredException")
        self.world.call(operation, fourth)

    def test_an_account_trail_in_an_organization_keeps_its_stream(self) -> None:
        self.world.organize(OTHER)
        self.world.policy(bucket_policy())
        members = self.world.add_logs(role_policy(streams=f"{ACCOUNT}_CloudTrail_{REGION}*"))
        self.world.create(**members)

    def test_members_keep_their_limit(self) -> None:
        """The copy counts for the member; a member at five trails still gets it."""
        self.world.organize(OTHER)
        for number in range(5):
            self.world.policy(bucket_policy(owners=(OTHER,)))
            self.world.create(f"own-{number}", MEMBER)
        self.world.policy(bucket_policy(owners=(ACCOUNT, "o-abcdefghij")))
        self.create()
        self.assertEqual(len(self.world.call("DescribeTrails", {}, MEMBER)["trailList"]), 6)


class Api(unittest.TestCase):
    """The Organizations API's own gate; its operations are proved over the wire."""

    def setUp(self) -> None:
        self.world = World()

    def refusal(self, who: Caller, operation: str) -> str:
        with self.assertRaises(AwsError) as caught:
            check_caller(self.world.around.organization(who.account), who, operation)
        return caught.exception.code

    @proves("org-described", "org-accounts")
    def test_gate(self) -> None:
        self.assertEqual(self.refusal(CALLER, "DescribeOrganization"), "AWSOrganizationsNotInUseException")
        self.assertEqual(self.refusal(CALLER, "ListAccounts"), "AWSOrganizationsNotInUseException")
        self.world.organize(OTHER)
        organization = self.world.around.organization(OTHER)
        self.assertEqual(self.refusal(MEMBER, "ListAccounts"), "AccessDeniedException")
        self.assertEqual(check_caller(organization, MEMBER, "DescribeOrganization"), organization)
        for service in ("cloudtrail.amazonaws.com", "config.amazonaws.com"):
            self.world.book.register(organization, OTHER, service)
            administered = self.world.around.organization(OTHER)
            self.assertEqual(check_caller(administered, MEMBER, "ListAccounts"), administered, service)
            self.assertEqual(self.refusal(MEMBER, "EnableAWSServiceAccess"), "AccessDeniedException")
            self.world.book.deregister(organization, OTHER, service)
            self.assertEqual(self.refusal(MEMBER, "ListAccounts"), "AccessDeniedException")

    @proves("org-accounts-pages")
    def test_pages(self) -> None:
        accounts = [{"Id": str(number)} for number in range(40)]
        self.assertEqual(list_accounts(accounts, {}), {"Accounts": accounts[:20], "NextToken": "20"})
        self.assertEqual(list_accounts(accounts, {"NextToken": "20"}), {"Accounts": accounts[20:]})
        self.assertEqual(list_accounts(accounts, {"NextToken": "39", "MaxResults": 1}), {"Accounts": accounts[39:]})
        for wrong in ({"MaxResults": 0}, {"MaxResults": 21}, {"MaxResults": "2"}, {"NextToken": "x"}):
            with self.assertRaises(AwsError) as caught:
                list_accounts(accounts, wrong)
            self.assertEqual(caught.exception.code, "InvalidInputException", wrong)


if __name__ == "__main__":
    unittest.main()
