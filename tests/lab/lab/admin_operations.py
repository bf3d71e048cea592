"""RegisterOrganizationDelegatedAdmin and its reverse, CloudTrail's own doors to Organizations (cloudtrail.md 10.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.errors import AwsError
from lab.model import Caller, Json, Organization
from lab.organizations import CLOUDTRAIL
from lab.preconditions import TRUSTED

if TYPE_CHECKING:
    from lab.cloudtrail import CloudTrail

_CODES = {
    "AccountAlreadyRegisteredException": "AccountRegisteredException",
    "AccountNotFoundException": "AccountNotFoundException",
    "AccountNotRegisteredException": "AccountNotRegisteredException",
    "ConstraintViolationException": "DelegatedAdminAccountLimitExceededException",
}


def _organization(service: CloudTrail, caller: Caller) -> Organization:
    organization = service.around.organization(caller.account)
    if organization is None:
        raise AwsError("OrganizationsNotInUseException", f"Account {caller.account} is not part of an organization.")
    if caller.account != organization.management:
        raise AwsError(
            "NotOrganizationManagementAccountException", "Only the management account of the organization may do this."
        )
    if organization.features != "ALL":
        raise AwsError("OrganizationNotInAllFeaturesModeException", "The organization must have all features enabled.")
    if TRUSTED not in organization.trusted:
        raise AwsError("CloudTrailAccessNotEnabledException", f"Trusted access for {TRUSTED} is not enabled.")
    return organization


def register(service: CloudTrail, caller: Caller, body: Json) -> Json:
    organization = _organization(service, caller)
    account = body.get("MemberAccountId") or ""
    if account == organization.management:
        raise AwsError(
            "CannotDelegateManagementAccountException", "The management account cannot be a delegated administrator."
        )
    try:
        service.organizations.register(organization, account, CLOUDTRAIL)
    except AwsError as refusal:
        raise AwsError(_CODES[refusal.code], refusal.message) from refusal
    service.linked_roles.add(organization.management)
    return {}


def deregister(service: CloudTrail, caller: Caller, body: Json) -> Json:
    organization = _organization(service, caller)
    account = body.get("DelegatedAdminAccountId") or ""
    try:
        service.organizations.deregister(organization, account, CLOUDTRAIL)
    except AwsError as refusal:
        raise AwsError(_CODES[refusal.code], refusal.message) from refusal
    return {}
