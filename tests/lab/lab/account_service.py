"""Account Management: which Regions an account has enabled. Knows the two reads an operator needs, and the book."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lab.arns import ACCOUNT, DEFAULT_REGIONS, OPT_IN_REGIONS
from lab.emulator import Answer, Emulator, caller, json_answer, json_body, json_refusal
from lab.errors import AwsError, LabError
from lab.model import Caller, Json

_SERVICE = "account.amazonaws.com"
_STATUSES = ("ENABLED", "ENABLING", "DISABLING", "DISABLED", "ENABLED_BY_DEFAULT")
_MOST = 50


class Regions:
    """What tests have said about opt-in Regions, by account; the other Regions are enabled for ever."""

    def __init__(self) -> None:
        self._enabled: dict[str, dict[str, bool]] = {}

    def change(self, account: str, enable: list[str], disable: list[str]) -> Json:
        if not isinstance(account, str) or not ACCOUNT.fullmatch(account):
            raise LabError(f"{account!r} is not an account id of 12 digits, as a string")
        for region in (*enable, *disable):
            if region not in OPT_IN_REGIONS:
                raise LabError(f"{region!r} is not an opt-in Region; those are {', '.join(OPT_IN_REGIONS)}")
        said = self._enabled.setdefault(account, {})
        said |= dict.fromkeys(enable, True) | dict.fromkeys(disable, False)
        return {"account": account, "enabled": sorted(region for region, enabled in said.items() if enabled)}

    def is_usable(self, account: str, region: str) -> bool:
        """A Region no test has spoken of is listed as disabled and answers all the same: most tests do not care."""
        return self._enabled.get(account, {}).get(region, True)

    def status(self, account: str, region: str) -> str:
        if region in DEFAULT_REGIONS:
            return "ENABLED_BY_DEFAULT"
        return "ENABLED" if self._enabled.get(account, {}).get(region) else "DISABLED"

    def clear(self) -> None:
        self._enabled.clear()


class AccountService:
    def __init__(self, emulator: Emulator, regions: Regions) -> None:
        self._emulator = emulator
        self._regions = regions
        self._operations: dict[str, Callable[[str, Json], Json]] = {
            "/listRegions": self._list_regions,
            "/getRegionOptStatus": self._get_region_opt_status,
        }
        emulator.serve("account", self.handle)

    async def handle(self, method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Answer:
        operation = self._operations.get(path)
        try:
            if operation is None:
                raise AwsError("UnknownOperationException", f"Account Management has no {path} in the lab.", 404)
            request = json_body(body)
            return json_answer(operation(self._target(caller(), request), request))
        except AwsError as error:
            return json_refusal(error)

    def _target(self, who: Caller, request: Json) -> str:
        """AccountId is for the management account of an organization that trusts the service."""
        wanted = request.get("AccountId")
        if wanted is None:
            return who.account
        organization = self._emulator.organization(who.account)
        managed = organization.members if organization and organization.management == who.account else ()
        if organization is None or wanted == who.account or wanted not in managed:
            raise AwsError("AccessDeniedException", f"{who.account} may not ask for account {wanted}.", 403)
        if _SERVICE not in organization.trusted:
            raise AwsError("AccessDeniedException", f"The organization does not trust {_SERVICE}.", 403)
        return str(wanted)

    def _list_regions(self, account: str, request: Json) -> Json:
        wanted = request.get("RegionOptStatusContains") or []
        for status in wanted:
            if status not in _STATUSES:
                raise AwsError("ValidationException", f"{status!r} is not one of {', '.join(_STATUSES)}.")
        size, token = request.get("MaxResults") or _MOST, request.get("NextToken") or "0"
        if not 1 <= size <= _MOST or not token.isdigit():
            raise AwsError("ValidationException", f"MaxResults is 1 to {_MOST}; NextToken is one that was answered.")
        found = [self._render(account, region) for region in sorted(DEFAULT_REGIONS + OPT_IN_REGIONS)]
        found = [region for region in found if not wanted or region["RegionOptStatus"] in wanted]
        first = int(token)
        answer: Json = {"Regions": found[first : first + size]}
        if first + size < len(found):
            answer["NextToken"] = str(first + size)
        return answer

    def _get_region_opt_status(self, account: str, request: Json) -> Json:
        region = request.get("RegionName")
        if region not in DEFAULT_REGIONS + OPT_IN_REGIONS:
            raise AwsError("ValidationException", f"There is no Region {region}.")
        return self._render(account, str(region))

    def _render(self, account: str, region: str) -> Json:
        return {"RegionName": region, "RegionOptStatus": self._regions.status(account, region)}
