"""POST /_lab/deliver: turns the order of a test into hours of delivery for each account and Region."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass

from lab import records, visibility
from lab.arns import ACCOUNT
from lab.clock import Clock, iso
from lab.delivery import HOUR, Deliveries, Place, Report
from lab.errors import LabError
from lab.matching import takes
from lab.model import Caller, Json, Surroundings, Trail
from lab.store import Store

_MAX_HOURS = 24 * 90
# How many records are tried for each one wanted, before it is taken that the selectors take none.
_TRIES = 60


@dataclass(frozen=True)
class Order:
    arn: str
    places: tuple[Place, ...]
    hours: int
    files: int
    events: int
    given: tuple[Json, ...]
    backfill: bool
    seed: random.Random


class Orders:
    def __init__(self, deliveries: Deliveries, store: Store, around: Surroundings, clock: Clock) -> None:
        self._deliveries = deliveries
        self._store = store
        self._around = around
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()

    async def deliver(self, trail_name: str, caller: Caller, body: Json) -> Json:
        async with self._one_at_a_time:
            trail = self.find(trail_name, caller)
            order = self._read(trail, body)
            began = self._clock.now()
            report = Report()
            if order.backfill:
                self._backfill(trail, order, report)
            elif order.hours == 0:
                self._now(trail, order, report)
            else:
                await self._hours(order, report)
            return {
                "trail": trail.arn,
                "logging": trail.logging,
                "from": iso(began),
                "to": iso(self._clock.now()),
                **report.render(),
            }

    def find(self, name: str, caller: Caller) -> Trail:
        """The real trail, whatever the read lag, by name or ARN."""
        for trail in self._store.current.values():
            mine = trail.account == caller.account and visibility.covers(trail, caller.region)
            if name == trail.arn or (name == trail.name and mine):
                return trail
        raise LabError(f"account {caller.account} has no trail {name!r} in {caller.region}", 404)

    def _read(self, trail: Trail, body: Json) -> Order:
        given = body.get("events") or []
        if not isinstance(given, list) or not all(isinstance(event, dict) for event in given):
            raise LabError("events must be a list of records (parts of records are completed)")
        return Order(
            arn=trail.arn,
            places=self._places(trail, body),
            hours=_count(body, "hours", 1, _MAX_HOURS),
            files=_count(body, "filesPerHour", 2, 1000),
            events=_count(body, "eventsPerFile", 4, 10_000),
            given=tuple(given),
            backfill=bool(body.get("backfill")),
            seed=random.Random(body.get("seed")),
        )

    def _places(self, trail: Trail, body: Json) -> tuple[Place, ...]:
        regions = body.get("regions") or [trail.home_region]
        for region in regions:
            if not visibility.covers(trail, region):
                raise LabError(f"trail {trail.name} is of {trail.home_region} only and delivers nothing for {region}")
        members = body.get("members")
        organization = self._around.organization(trail.account)
        if not trail.organization or organization is None:
            if members:
                raise LabError(f"trail {trail.name} is not an organization trail, so it has no members")
            return tuple((trail.account, region) for region in regions)
        for member in members or []:
            if member not in organization.members or not ACCOUNT.fullmatch(member):
                raise LabError(f"account {member} is not in organization {organization.id}")
        return tuple((account, region) for account in members or organization.members for region in regions)

    async def _hours(self, order: Order, report: Report) -> None:
        for number in range(order.hours):
            trail = self._store.current.get(order.arn)
            if trail is None:
                raise LabError(f"trail {order.arn} was deleted while it was delivering", 409)
            start = float(int(self._clock.now()))
            if trail.logging:
                last = number == order.hours - 1
                for place in order.places:
                    batches = self._batches(trail, order, place, start, last=last)
                    self._deliveries.hour(trail, place, start, batches, report, order.seed)
            self._clock.advance(HOUR)
            # Let calls in between the hours of a long delivery.
            await asyncio.sleep(0)

    def _now(self, trail: Trail, order: Order, report: Report) -> None:
        moment = float(int(self._clock.now()))
        for place in order.places if trail.logging else ():
            batch = self._given(order, place, moment) or self._generated(trail, order, place, moment)
            self._deliveries.now(trail, place, batch, report, order.seed)

    def _backfill(self, trail: Trail, order: Order, report: Report) -> None:
        now = float(int(self._clock.now()))
        hours = max(order.hours, 1)
        written = False
        for place in order.places:
            for number in range(hours):
                start = now - (hours - number) * HOUR
                batch = self._generated(trail, order, place, start + HOUR)
                if number == hours - 1:
                    batch += self._given(order, place, start + HOUR)
                written |= self._deliveries.backfill(trail, place, start, batch, report, order.seed)
        if not written:
            raise LabError("these hours are backfilled already; advance the clock first", 409)

    def _batches(self, trail: Trail, order: Order, place: Place, start: float, *, last: bool) -> list[list[Json]]:
        """The records of each file of the hour; those the test gave are in the last file of the last hour."""
        step = HOUR / (order.files + 1)
        batches = [self._generated(trail, order, place, start + step * (n + 1)) for n in range(order.files)]
        given = self._given(order, place, start + HOUR) if last else []
        if given:
            batches = [*batches[:-1], [*(batches[-1] if batches else []), *given]]
        return batches

    def _generated(self, trail: Trail, order: Order, place: Place, moment: float) -> list[Json]:
        account, region = place
        found: list[Json] = []
        for _ in range(order.events * _TRIES):
            if len(found) == order.events:
                break
            record = records.generate(order.seed, account, region, moment - order.seed.uniform(120, 600))
            if takes(trail, record):
                found.append(record)
        return sorted(found, key=lambda record: record["eventTime"])

    def _given(self, order: Order, place: Place, moment: float) -> list[Json]:
        """Each goes to the account and Region it names, or else to the first one of the order."""
        mine = []
        for event in order.given:
            target = (event.get("recipientAccountId", order.places[0][0]), event.get("awsRegion", order.places[0][1]))
            if target not in order.places:
                raise LabError(f"an event is for {target[0]} in {target[1]}, which is not among those delivered")
            if target == place:
                mine.append(records.complete(event, *place, moment - 60, order.seed))
        return mine


def _count(body: Json, member: str, default: int, most: int) -> int:
    value = body.get(member, default)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise LabError(f"{member} must be a whole number from 0 to {most}, not {value!r}")
    return value
