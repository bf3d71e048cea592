"""AWS Organizations as CloudTrail needs it: membership, trusted access, delegated administrators
(cloudtrail.md 10). The organization itself, its accounts and units are ministack's; this is what it lacks. Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from lab.errors import AwsError
from lab.model import Caller, Json, Organization

CLOUDTRAIL = "cloudtrail.amazonaws.com"
_MAX_DELEGATED = 3
_MAX_ACCOUNTS = 20


@dataclass
class Extras:
    """By management account: trusted services, and delegated administrators per service, with the moment."""

    trusted: dict[str, float] = field(default_factory=dict)
    delegated: dict[str, dict[str, float]] = field(default_factory=dict)


class Organizations:
    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._extras: dict[str, Extras] = {}

    def of(self, management: str) -> Extras:
        return self._extras.setdefault(management, Extras())

    def complete(self, base: Organization) -> Organization:
        extras = self.of(base.management)
        return Organization(
            id=base.id,
            management=base.management,
            features=base.features,
            members=base.members,
            trusted=frozenset(extras.trusted),
            delegated=tuple(a for a in extras.delegated.get(CLOUDTRAIL, {}) if a in base.members),
            administrators=frozenset(a for of in extras.delegated.values() for a in of if a in base.members),
        )

    def forget(self, management: str) -> None:
        self._extras.pop(management, None)

    def clear(self) -> None:
        self._extras.clear()

    def enable(self, organization: Organization, service: str) -> None:
        if not service:
            raise AwsError("InvalidInputException", "ServicePrincipal is required.")
        self.of(organization.management).trusted.setdefault(service, self._now())

    def disable(self, organization: Organization, service: str) -> None:
        self.of(organization.management).trusted.pop(service, None)

    def register(self, organization: Organization, account: str, service: str) -> None:
        if account == organization.management:
            raise AwsError(
                "ConstraintViolationException", "The management account cannot be a delegated administrator."
            )
        if account not in organization.members:
            raise AwsError("AccountNotFoundException", f"Account {account} is not in the organization.")
        extras = self.of(organization.management)
        accounts = extras.delegated.setdefault(service, {})
        if account in accounts:
            raise AwsError("AccountAlreadyRegisteredException", f"Account {account} is registered for {service}.")
        if service == CLOUDTRAIL and len(accounts) >= _MAX_DELEGATED:
            raise AwsError(
                "ConstraintViolationException", f"CloudTrail takes up to {_MAX_DELEGATED} delegated administrators."
            )
        accounts[account] = self._now()

    def deregister(self, organization: Organization, account: str, service: str) -> None:
        accounts = self.of(organization.management).delegated.get(service, {})
        if account not in accounts:
            raise AwsError("AccountNotRegisteredException", f"Account {account} is not registered for {service}.")
        del accounts[account]


# --- the operations ministack has not ------------------------------------------------------------------------------


def _enable(book: Organizations, organization: Organization, body: Json) -> Json:
    book.enable(organization, body.get("ServicePrincipal") or "")
    return {}


def _disable(book: Organizations, organization: Organization, body: Json) -> Json:
    book.disable(organization, body.get("ServicePrincipal") or "")
    return {}


def _list_trusted(book: Organizations, organization: Organization, body: Json) -> Json:
    trusted = sorted(book.of(organization.management).trusted.items())
    return {"EnabledServicePrincipals": [{"ServicePrincipal": s, "DateEnabled": when} for s, when in trusted]}


def _register(book: Organizations, organization: Organization, body: Json) -> Json:
    book.register(organization, body.get("AccountId") or "", body.get("ServicePrincipal") or "")
    return {}


def _deregister(book: Organizations, organization: Organization, body: Json) -> Json:
    book.deregister(organization, body.get("AccountId") or "", body.get("ServicePrincipal") or "")
    return {}


def _list_administrators(book: Organizations, organization: Organization, body: Json) -> Json:
    wanted = body.get("ServicePrincipal")
    found: dict[str, float] = {}
    for service, accounts in book.of(organization.management).delegated.items():
        if wanted in (None, service):
            found |= accounts
    root = f"arn:aws:organizations::{organization.management}:account/{organization.id}"
    return {
        "DelegatedAdministrators": [
            {"Id": account, "Arn": f"{root}/{account}", "Status": "ACTIVE", "DelegationEnabledDate": when}
            for account, when in sorted(found.items())
        ]
    }


def _list_services(book: Organizations, organization: Organization, body: Json) -> Json:
    account = body.get("AccountId") or ""
    services = book.of(organization.management).delegated.items()
    found = sorted((service, accounts[account]) for service, accounts in services if account in accounts)
    return {"DelegatedServices": [{"ServicePrincipal": s, "DelegationEnabledDate": when} for s, when in found]}


OPERATIONS: dict[str, Callable[[Organizations, Organization, Json], Json]] = {
    "EnableAWSServiceAccess": _enable,
    "DisableAWSServiceAccess": _disable,
    "ListAWSServiceAccessForOrganization": _list_trusted,
    "RegisterDelegatedAdministrator": _register,
    "DeregisterDelegatedAdministrator": _deregister,
    "ListDelegatedAdministrators": _list_administrators,
    "ListDelegatedServicesForAccount": _list_services,
}


def list_accounts(accounts: list[Json], body: Json) -> Json:
    """One page. ministack tells all at once."""
    size, token = body.get("MaxResults", _MAX_ACCOUNTS), body.get("NextToken") or "0"
    if not isinstance(size, int) or not 1 <= size <= _MAX_ACCOUNTS:
        raise AwsError("InvalidInputException", f"MaxResults is 1 to {_MAX_ACCOUNTS}.")
    if not isinstance(token, str) or not token.isdecimal():
        raise AwsError("InvalidInputException", "NextToken is one that was answered.")
    end = int(token) + size
    page: Json = {"Accounts": accounts[int(token) : end]}
    return page | ({"NextToken": str(end)} if end < len(accounts) else {})


def check_caller(organization: Organization | None, caller: Caller, operation: str) -> Organization:
    """Members may describe the organization only; a delegated administrator, for whichever service, may also read."""
    if organization is None:
        raise AwsError("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
    reads = operation.startswith(("Describe", "List"))
    delegate = reads and caller.account in organization.administrators
    if caller.account != organization.management and operation != "DescribeOrganization" and not delegate:
        raise AwsError("AccessDeniedException", "You don't have permissions to access this resource.")
    return organization
