"""Puts the parts together. Import after the environment is set: emulator.py pulls in ministack."""

from __future__ import annotations

from lab import arns
from lab.account_service import AccountService, Regions
from lab.asgi import Door
from lab.clock import Clock
from lab.cloudtrail import CloudTrail
from lab.cloudtrail_service import CloudTrailService
from lab.control import Control
from lab.delivery import Deliveries
from lab.emulator import Emulator, asgi_app
from lab.emulator_iam import Iam
from lab.errors import AwsError, LabError
from lab.faults import Faults
from lab.fixtures import Fixtures
from lab.keys import Keys, KeySource
from lab.limits import Limits
from lab.model import Json
from lab.neighbour_service import NeighbourService
from lab.orders import Orders
from lab.organization_service import OrganizationService
from lab.organizations import CLOUDTRAIL, Organizations
from lab.price_list_service import PriceListService
from lab.store import Store
from lab.sts_service import StsService
from lab.tampering import Tampering
from lab.telemetry import Telemetry
from lab.telemetry_service import TelemetryService
from lab.trace import Call, Trace


class Lab:
    def __init__(self, *, auth: bool) -> None:
        self.auth = auth
        self.clock = Clock()
        self.trace = Trace()
        self.faults = Faults()
        self.store = Store()
        self.keys = Keys(KeySource())
        self._book = Organizations(self.clock.now)
        self.emulator = Emulator(self.clock, self._book)
        self.iam = Iam(self._tags_of)
        self.limits = Limits()
        self.regions = Regions()
        self._accounts = AccountService(self.emulator, self.regions)
        self._price_list = PriceListService(self.emulator)
        self._neighbours = NeighbourService(self.emulator, self.iam)
        self.sts = StsService(self.emulator, self.iam)
        self._organizations = OrganizationService(self.emulator, self._book)
        self.cloudtrail = CloudTrail(self.emulator, self.clock, self.keys, self.store, self.trace, self._book)
        self.deliveries = Deliveries(self.emulator, self.store, self.keys, self.clock)
        self.cloudtrail.deliveries = self.deliveries
        self.orders = Orders(self.deliveries, self.store, self.emulator, self.clock)
        self.telemetry = Telemetry(self.emulator, self.clock)
        self._telemetry_service = TelemetryService(self.emulator, self.telemetry)
        self.tampering = Tampering(self.emulator)
        self._cloudtrail_service = CloudTrailService(self.emulator, self.iam, self.cloudtrail)
        refusals = (self.iam.refused_key, self._refused_region, self.limits.refused)
        self.door = Door(asgi_app, Control(self), self.trace, self.faults, self.clock, self.iam.account_of, refusals)
        self.fixtures = Fixtures(self.door.fixture_token)

    def reset(self) -> None:
        self.faults.remove(None)
        self.emulator.reset()
        self.cloudtrail.reset()
        self._book.clear()
        self.telemetry.clear()
        self.trace.clear()
        self.clock.reset()
        self.regions.clear()
        self.limits.switch(False)
        self.sts.lifetime = None

    def _tags_of(self, arn: str) -> dict[str, str] | None:
        trail = self.store.current.get(arn)
        return dict(trail.tags) if trail else None

    def _refused_region(self, call: Call) -> AwsError | None:
        """A Region that a test disabled does not know the account's keys."""
        return None if self.regions.is_usable(call.account, call.region) else self.iam.unknown_key(call)

    def organization(
        self, management: str, members: list[str], *, features: str, trusted: bool, delegated: list[str]
    ) -> Json:
        """Make or extend an organization, with account ids of the test's choosing."""
        for account in (management, *members, *delegated):
            if not isinstance(account, str) or not arns.ACCOUNT.fullmatch(account):
                raise LabError(f"{account!r} is not an account id of 12 digits, as a string")
        if self.emulator.organization(management) is None:
            self._organizations.create(management, features)
        for account in members:
            taken = self.emulator.organization(account)
            if taken is not None and taken.management != management:
                raise LabError(f"account {account} is in the organization of {taken.management} already")
            if taken is None:
                self.emulator.add_account(management, account)
        organization = self.emulator.organization(management)
        if organization is None or organization.management != management:
            raise AwsError("AccessDeniedException", f"{management} is not a management account.")
        if trusted:
            self._book.enable(organization, CLOUDTRAIL)
        for account in delegated:
            if account not in organization.delegated:
                self._book.register(organization, account, CLOUDTRAIL)
        organization = self.emulator.organization(management)
        return {
            "id": organization.id,
            "management": organization.management,
            "features": organization.features,
            "members": list(organization.members),
            "trusted": sorted(organization.trusted),
            "delegatedAdministrators": list(organization.delegated),
        }
