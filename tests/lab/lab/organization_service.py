"""The Organizations API of the lab: gates ministack's, which gives every account an organization, and adds
what it lacks. Knows JSON requests in and out; membership rules are in organizations.py.
"""

from __future__ import annotations

from typing import Any

from lab import organizations as rules
from lab.emulator import Answer, Emulator, Handler, caller, json_answer, json_body, json_refusal, within
from lab.errors import AwsError
from lab.model import Caller, Json, Organization


class OrganizationService:
    def __init__(self, emulator: Emulator, book: rules.Organizations) -> None:
        self._emulator = emulator
        self._book = book
        self._stock: Handler = emulator.serve("organizations", self.handle)

    async def handle(self, method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Answer:
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        try:
            return await self._handle(caller(), operation, json_body(body), (method, path, headers, body, query))
        except AwsError as error:
            return json_refusal(error)

    async def _handle(self, who: Caller, operation: str, body: Json, request: Any) -> Answer:
        found = self._emulator.organization(who.account)
        if operation == "CreateOrganization":
            if found is not None:
                raise AwsError("AlreadyInOrganizationException", "The account is already in an organization.")
            return json_answer({"Organization": self.create(who.account, body.get("FeatureSet") or "ALL")})
        if operation == "LeaveOrganization":
            return self._leave(who)
        organization = rules.check_caller(found, who, operation)
        if operation == "DeleteOrganization":
            return self._delete(organization)
        if operation == "RemoveAccountFromOrganization":
            return self._remove(organization, body.get("AccountId") or "")
        if operation == "ListAccounts":
            return json_answer(rules.list_accounts(self._emulator.accounts(organization.management), body))
        own = rules.OPERATIONS.get(operation)
        if own is not None:
            return json_answer(own(self._book, organization, body))
        with within(organization.management, who.region):
            return await self._stock(*request)

    def create(self, management: str, features: str) -> Json:
        if features not in ("ALL", "CONSOLIDATED_BILLING"):
            raise AwsError("InvalidInputException", f"FeatureSet {features} is not valid.")
        return self._emulator.create_organization(management, features)

    def _leave(self, who: Caller) -> Answer:
        organization = self._emulator.organization(who.account)
        if organization is None:
            raise AwsError("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
        if who.account == organization.management:
            raise AwsError("MasterCannotLeaveOrganizationException", "The management account cannot leave.")
        return self._remove(organization, who.account)

    def _remove(self, organization: Organization, account: str) -> Answer:
        if account not in organization.members or account == organization.management:
            raise AwsError("AccountNotFoundException", f"Account {account} is not a member of the organization.")
        self._emulator.remove_account(organization.management, account)
        for accounts in self._book.of(organization.management).delegated.values():
            accounts.pop(account, None)
        return json_answer({})

    def _delete(self, organization: Organization) -> Answer:
        if len(organization.members) > 1:
            raise AwsError("OrganizationNotEmptyException", "The organization still has member accounts.")
        self._emulator.delete_organization(organization.management)
        self._book.forget(organization.management)
        return json_answer({})
