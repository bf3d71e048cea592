"""The control plane under /_lab: what each path does. HTTP and the wiring of the parts are elsewhere."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from lab import behaviours
from lab.clock import iso, parse_iso
from lab.errors import AwsError, LabError
from lab.model import Caller, Json, Trail
from lab.patterns import Options

if TYPE_CHECKING:
    from lab.lab import Lab

log = logging.getLogger("lab")
ACCOUNT, REGION = "111122223333", "us-east-1"
Query = dict[str, list[str]]
Route = Callable[["Lab", Query, Json], Awaitable[Any]]


class Control:
    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    async def __call__(self, method: str, path: str, query: Query, body: bytes) -> tuple[int, bytes]:
        try:
            answer = await self._answer(method, path.removeprefix("/_lab"), query, body)
        except LabError as error:
            return error.status, _encode({"error": {"code": "LabError", "message": error.message}})
        except AwsError as error:
            return 400, _encode({"error": {"code": error.code, "message": error.message}})
        except Exception as error:
            log.exception("%s %s", method, path)
            message = f"the lab is at fault, its log says where: {error!r}"
            return 500, _encode({"error": {"code": "LabFault", "message": message}})
        return 200, _encode(answer)

    async def _answer(self, method: str, path: str, query: Query, body: bytes) -> Any:
        route = ROUTES.get((method, path))
        if route is not None:
            return await route(self._lab, query, _parse(body))
        if method == "DELETE" and path.startswith("/faults/"):
            return {"deleted": self._lab.faults.remove(_number(path.removeprefix("/faults/"), "fault"))}
        known = ", ".join(sorted(f"{verb} /_lab{known}" for verb, known in ROUTES))
        raise LabError(f"there is no {method} /_lab{path}; there is {known} and DELETE /_lab/faults/ID", 404)


def _encode(answer: Any) -> bytes:
    return json.dumps(answer).encode()


def _parse(body: bytes) -> Json:
    try:
        value = json.loads(body or b"{}")
    except ValueError as error:
        raise LabError(f"the body is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise LabError("the body must be a JSON object")
    return value


def _number(text: str, what: str) -> int:
    if not text.isdigit():
        raise LabError(f"{what} {text!r} is not a number")
    return int(text)


def _one(query: Query, name: str) -> str | None:
    return query[name][0] if query.get(name) else None


def _need(body: Json, name: str) -> Any:
    if name not in body:
        raise LabError(f"the body needs {name}")
    return body[name]


async def _health(lab: Lab, query: Query, body: Json) -> Json:
    return {"status": "ok", "pid": os.getpid(), "auth": lab.auth}


async def _reset(lab: Lab, query: Query, body: Json) -> Json:
    lab.reset()
    return {"reset": True}


async def _get_clock(lab: Lab, query: Query, body: Json) -> Json:
    return {"now": iso(lab.clock.now())}


async def _set_clock(lab: Lab, query: Query, body: Json) -> Json:
    if "set" in body:
        lab.clock.set(parse_iso(body["set"]))
    elif isinstance(body.get("advance"), (int, float)):
        lab.clock.advance(body["advance"])
    else:
        raise LabError('send {"advance": SECONDS} or {"set": "2026-11-22T10:00:00Z"}')
    return {"now": iso(lab.clock.now())}


async def _calls(lab: Lab, query: Query, body: Json) -> Json:
    since = _number(_one(query, "since") or "0", "since")
    return lab.trace.report(_one(query, "account"), _one(query, "service"), since, iso)


async def _forget_calls(lab: Lab, query: Query, body: Json) -> Json:
    lab.trace.clear()
    return {"cleared": True}


async def _add_fault(lab: Lab, query: Query, body: Json) -> Json:
    return {"id": lab.faults.add(body).id}


async def _list_faults(lab: Lab, query: Query, body: Json) -> Any:
    """All faults; with waitHits=N&id=I it waits until fault I was hit N times or the timeout is over."""
    wanted = _one(query, "waitHits")
    if wanted is not None:
        fault = lab.faults.get(_number(_one(query, "id") or "", "id"))
        timeout = float(_one(query, "timeout") or 10)
        try:
            async with asyncio.timeout(timeout):
                while fault.hits < _number(wanted, "waitHits"):
                    fault.hit.clear()
                    await fault.hit.wait()
        except TimeoutError as error:
            raise LabError(
                f"fault {fault.id} was hit {fault.hits} times in {timeout:g} s, not {wanted}", 408
            ) from error
    return lab.faults.render()


async def _delete_faults(lab: Lab, query: Query, body: Json) -> Json:
    return {"deleted": lab.faults.remove(None)}


async def _lag(lab: Lab, query: Query, body: Json) -> Json:
    if body.get("service", "cloudtrail") != "cloudtrail":
        raise LabError("only reads of cloudtrail can lag")
    seconds = _need(body, "seconds")
    if not isinstance(seconds, (int, float)) or not 0 <= seconds <= 600:
        raise LabError("seconds must be a number from 0 to 600")
    lab.store.lag = float(seconds)
    return {"service": "cloudtrail", "seconds": lab.store.lag}


async def _deliver(lab: Lab, query: Query, body: Json) -> Json:
    return await lab.orders.deliver(_need(body, "trail"), _caller(body), body)


async def _delivery(lab: Lab, query: Query, body: Json) -> Json:
    trail = lab.orders.find(_need(body, "trail"), _caller(body))
    state = _need(body, "state")
    if state not in ("ok", "stopped"):
        raise LabError(f"state is {state!r}; it must be ok or stopped")
    # None stands for all of them, those to come included.
    accounts, regions = body.get("members") or [None], body.get("regions") or [None]
    for account in accounts:
        for region in regions:
            if state == "stopped":
                lab.deliveries.stop(trail.arn, account, region, body.get("error") or "")
            else:
                lab.deliveries.resume(trail.arn, account, region)
    return {"trail": trail.arn, "state": state, "members": accounts, "regions": regions}


def _caller(body: Json) -> Caller:
    return Caller(body.get("account", ACCOUNT), body.get("region", REGION))


async def _tamper(lab: Lab, query: Query, body: Json) -> Json:
    return lab.tampering.tamper(body)


async def _keys(lab: Lab, query: Query, body: Json) -> Json:
    who, action, fingerprint = _caller(body), _need(body, "action"), body.get("fingerprint")
    if action == "rotate":
        return lab.keys.rotate(who.account, who.region, lab.clock.now()).render()
    if action in ("withhold", "restore"):
        hidden = action == "withhold"
        return {"fingerprints": lab.keys.withhold(who.account, who.region, fingerprint, hidden=hidden)}
    if action == "encoding":
        encoding = _need(body, "encoding")
        return {"fingerprints": lab.keys.encode(who.account, who.region, encoding, fingerprint)}
    raise LabError(f"action is {action!r}; it must be rotate, withhold, restore or encoding")


async def _patterns(lab: Lab, query: Query, body: Json) -> Json:
    current = asdict(lab.telemetry.options)
    for member, value in body.items():
        if member not in _PATTERN_OPTIONS or not isinstance(value, bool):
            raise LabError(f"send true or false for {' or '.join(_PATTERN_OPTIONS)}")
        current[_PATTERN_OPTIONS[member]] = value
    lab.telemetry.options = Options(**current)
    return {member: current[name] for member, name in _PATTERN_OPTIONS.items()}


_PATTERN_OPTIONS = {
    "middleStarIsWildcard": "middle_star_is_wildcard",
    "notEqualMatchesMissing": "not_equal_matches_missing",
}


async def _aws(lab: Lab, query: Query, body: Json) -> Json:
    return await lab.fixtures.call(
        _need(body, "service"),
        _need(body, "operation"),
        body.get("params") or {},
        body.get("account", ACCOUNT),
        body.get("region", REGION),
    )


async def _trails(lab: Lab, query: Query, body: Json) -> list[Json]:
    return [_whole(trail) for trail in lab.store.current.values()]


def _whole(trail: Trail) -> Json:
    whole = asdict(trail)
    whole["tags"] = dict(trail.tags)
    whole["statuses"] = {f"{account}/{region}": asdict(s) for (account, region), s in trail.statuses.items()}
    return whole


async def _organization(lab: Lab, query: Query, body: Json) -> Json:
    return lab.organization(
        body.get("management", ACCOUNT),
        body.get("members") or [],
        features=body.get("featureSet", "ALL"),
        trusted=body.get("trustedAccess", False),
        delegated=body.get("delegatedAdministrators") or [],
    )


async def _regions(lab: Lab, query: Query, body: Json) -> Json:
    enable, disable = body.get("enable") or [], body.get("disable") or []
    if not isinstance(enable, list) or not isinstance(disable, list):
        raise LabError("enable and disable are lists of Regions")
    return lab.regions.change(body.get("account", ACCOUNT), enable, disable)


async def _sessions(lab: Lab, query: Query, body: Json) -> Json:
    """`lifetime` holds for sessions to come, `expire` for those there are."""
    for member in body:
        if member not in ("expire", "lifetime"):
            raise LabError(f"sessions have no {member!r}; send expire or lifetime")
    lifetime = body.get("lifetime", lab.sts.lifetime)
    if lifetime is not None and (isinstance(lifetime, bool) or not isinstance(lifetime, int) or lifetime < 1):
        raise LabError("lifetime is a number of seconds from 1, or null for what AssumeRole asks")
    lab.sts.lifetime = lifetime
    if body.get("expire"):
        lab.iam.expire_sessions()
    good, all_of_them = lab.iam.sessions()
    return {"lifetime": lifetime, "valid": good, "expired": all_of_them - good}


async def _limits(lab: Lab, query: Query, body: Json) -> Json:
    enabled = _need(body, "enabled")
    if not isinstance(enabled, bool):
        raise LabError("enabled is true or false")
    lab.limits.switch(enabled)
    return {"enabled": enabled}


async def _fidelity(lab: Lab, query: Query, body: Json) -> Json:
    return behaviours.report()


ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/health"): _health,
    ("POST", "/reset"): _reset,
    ("GET", "/clock"): _get_clock,
    ("POST", "/clock"): _set_clock,
    ("GET", "/calls"): _calls,
    ("DELETE", "/calls"): _forget_calls,
    ("POST", "/faults"): _add_fault,
    ("GET", "/faults"): _list_faults,
    ("DELETE", "/faults"): _delete_faults,
    ("POST", "/lag"): _lag,
    ("POST", "/deliver"): _deliver,
    ("POST", "/delivery"): _delivery,
    ("POST", "/tamper"): _tamper,
    ("POST", "/keys"): _keys,
    ("POST", "/patterns"): _patterns,
    ("POST", "/aws"): _aws,
    ("GET", "/trails"): _trails,
    ("POST", "/organization"): _organization,
    ("POST", "/regions"): _regions,
    ("POST", "/sessions"): _sessions,
    ("POST", "/limits"): _limits,
    ("GET", "/fidelity"): _fidelity,
}
