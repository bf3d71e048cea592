"""Delivers: log files and digests into the bucket, events into the log group, notifications, and the status of
all that (cloudtrail.md 4, 1.3). Works on one trail at a time; what is written where is decided here, how a digest
looks in digests.py.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Protocol

from lab import access, digests, objects, records
from lab.arns import Arn
from lab.clock import Clock, iso
from lab.digests import Chain, Digest, LogFile
from lab.keys import Keys
from lab.matching import takes
from lab.model import Caller, Json, Status, Surroundings, Trail
from lab.policy import decide
from lab.store import Store

HOUR = 3600.0
# How long before the end of an hour its last file arrives.
_LAST_FILE = 30.0
_MAX_LOG_EVENT = 256 * 1024
_KEY_ERRORS = {
    "Disabled": "KMS.DisabledException",
    "PendingDeletion": "KMS.KMSInvalidStateException",
    "PendingImport": "KMS.KMSInvalidStateException",
}
Place = tuple[str, str]
ChainId = tuple[str, str, str, bool]


class Outlets(Surroundings, Protocol):
    """Where things go; emulator.py puts them into ministack. Each answers an error code, or "" when it went well."""

    def put_object(self, bucket: str, key: str, body: bytes, metadata: dict[str, str], kms_key: str) -> str: ...

    def put_log_events(self, account: str, region: str, group: str, stream: str, messages: list[str]) -> str: ...

    def publish(self, topic_arn: str, message: str) -> str: ...


@dataclass
class Stop:
    """Delivery switched off by the test, with the error the status shows (none for silence)."""

    error: str = ""


@dataclass
class Report:
    log_files: list[Json] = field(default_factory=list)
    digests: list[Json] = field(default_factory=list)
    failures: list[Json] = field(default_factory=list)
    unselected: int = 0
    log_events: int = 0
    notifications: int = 0

    def render(self) -> Json:
        return {
            "logFiles": self.log_files,
            "digests": self.digests,
            "failures": self.failures,
            "notSelected": self.unselected,
            "logEvents": self.log_events,
            "notifications": self.notifications,
        }


@dataclass(frozen=True)
class _Undelivered:
    """An object that could not be written; it is tried again with the next delivery."""

    key: str
    body: bytes
    metadata: dict[str, str]
    file: LogFile | None


class Deliveries:
    def __init__(self, outlets: Outlets, store: Store, keys: Keys, clock: Clock) -> None:
        self._out = outlets
        self._store = store
        self._keys = keys
        self._clock = clock
        self._chains: dict[ChainId, Chain] = {}
        self._undelivered: dict[tuple[str, str, str], list[_Undelivered]] = {}
        self._stops: dict[tuple[str, str | None, str | None], Stop] = {}

    # --- switched by the test ---------------------------------------------------------------------------------------

    def stop(self, arn: str, account: str | None, region: str | None, error: str) -> None:
        self._stops[arn, account, region] = Stop(error)

    def resume(self, arn: str, account: str | None, region: str | None) -> None:
        for key in [k for k in self._stops if k[0] == arn and account in (None, k[1]) and region in (None, k[2])]:
            del self._stops[key]

    def _stopped(self, trail: Trail, place: Place) -> Stop | None:
        account, region = place
        for key in ((account, region), (account, None), (None, region), (None, None)):
            if (trail.arn, *key) in self._stops:
                return self._stops[(trail.arn, *key)]
        return None

    def clear(self) -> None:
        self._chains.clear()
        self._undelivered.clear()
        self._stops.clear()

    # --- what operations cause --------------------------------------------------------------------------------------

    def settings_changed(self, before: Trail, after: Trail) -> None:
        """Validation switched off ends the chains; switched on again it starts new ones."""
        if before.validation and not after.validation:
            self._forget_chains(after.arn)

    def finish(self, trail: Trail, caller: Caller, operation: str) -> None:
        """StopLogging and DeleteTrail: a last log file with that very event, and a final digest for every chain."""
        now = float(int(self._clock.now()))
        report = Report()
        for arn, account, region, backfill in list(self._chains):
            if arn != trail.arn or backfill or self._stopped(trail, (account, region)):
                continue
            chain = self._chains[arn, account, region, False]
            if now <= chain.end:
                continue
            files = []
            if (account, region) == (caller.account, trail.home_region):
                event = {"eventSource": "cloudtrail.amazonaws.com", "eventName": operation, "readOnly": False}
                event["requestParameters"] = {"name": trail.name}
                record = records.complete(event, account, region, now, random.Random(now))
                files = self._write_files(trail, (account, region), [record], now, report, random.Random(now))
                self._log(trail, (account, region), [record], now, report)
            self._write_digest(trail, (account, region), files, now, report, final=True)
        self._forget_chains(trail.arn)
        self._undelivered = {k: v for k, v in self._undelivered.items() if k[0] != trail.arn}

    def _forget_chains(self, arn: str) -> None:
        self._chains = {key: chain for key, chain in self._chains.items() if key[0] != arn}

    # --- one hour ---------------------------------------------------------------------------------------------------

    def hour(
        self, trail: Trail, place: Place, start: float, batches: list[list[Json]], report: Report, seed: random.Random
    ) -> None:
        """The files of an hour, spread over it, and its digest. Hours that were skipped get empty digests first."""
        if self._silenced(trail, place):
            return
        first = self._catch_up(trail, place, start, report)
        files = self._retry(trail, place, first + 1, report)
        for number, batch in enumerate(batches, start=1):
            spread = HOUR * number / (len(batches) + 1)
            into = float(int(HOUR - _LAST_FILE if number == len(batches) else spread))
            # The window may lag behind the clock's hour; CloudWatch Logs gets the events by the clock.
            files += self._write_files(trail, place, batch, first + into, report, seed)
            self._log(trail, place, batch, start + into, report)
        if trail.validation:
            self._write_digest(trail, place, files, first + HOUR, report)

    def now(self, trail: Trail, place: Place, batch: list[Json], report: Report, seed: random.Random) -> None:
        """Files at this moment, without a digest; the next digest lists them."""
        if self._silenced(trail, place):
            return
        moment = float(int(self._clock.now()))
        files = self._retry(trail, place, moment, report)
        files += self._write_files(trail, place, batch, moment, report, seed)
        self._log(trail, place, batch, moment, report)
        chain = self._chains.get((trail.arn, *place, False))
        if trail.validation and chain is None:
            chain = self._chains.setdefault((trail.arn, *place, False), Chain(moment))
        if chain is not None and trail.validation:
            chain.unlisted += files

    def backfill(
        self, trail: Trail, place: Place, start: float, batch: list[Json], report: Report, seed: random.Random
    ) -> bool:
        """Late log files of a past hour, delivered now, and their digest in the backfill chain."""
        now = float(int(self._clock.now()))
        chain = self._chains.setdefault((trail.arn, *place, True), Chain(start))
        if start < chain.end and chain.previous is not None:
            return False
        chain.end = start
        files = self._write_files(trail, place, batch, now, report, seed)
        self._log(trail, place, batch, now, report)
        if trail.validation:
            self._write_digest(trail, place, files, start + HOUR, report, generated=now)
        return True

    def _silenced(self, trail: Trail, place: Place) -> bool:
        stop = self._stopped(trail, place)
        if stop is not None and stop.error:
            self._set_status(trail, place, delivery_error=stop.error, digest_error=stop.error)
        return stop is not None

    def _catch_up(self, trail: Trail, place: Place, start: float, report: Report) -> float:
        """Where this hour's window begins: at the end of the chain, so that windows leave no gap."""
        chain = self._chains.get((trail.arn, *place, False))
        if chain is None or not trail.validation:
            return start
        while chain.end + HOUR <= start:
            self._write_digest(trail, place, [], chain.end + HOUR, report)
        return chain.end

    def _retry(self, trail: Trail, place: Place, moment: float, report: Report) -> list[LogFile]:
        """Objects that failed before; log files among them count as delivered now."""
        delivered = []
        waiting = self._undelivered.pop((trail.arn, *place), [])
        for item in waiting:
            with self._clock.pinned(moment):
                if self._put(trail, place, item, report) and item.file is not None:
                    delivered.append(item.file)
        return delivered

    # --- writing ----------------------------------------------------------------------------------------------------

    def _write_files(
        self, trail: Trail, place: Place, batch: Iterable[Json], moment: float, report: Report, seed: random.Random
    ) -> list[LogFile]:
        account, region = place
        by_folder: dict[str, list[Json]] = {}
        for record in batch:
            if takes(trail, record):
                category = record.get("eventCategory", "Management")
                by_folder.setdefault(objects.FOLDERS.get(category, "CloudTrail"), []).append(record)
            else:
                report.unselected += 1
        files, org_id = [], self._org_id(trail)
        for folder, found in by_folder.items():
            key = objects.log_key(trail, org_id, account, folder, region, moment, seed)
            plain, body = digests.pack({"Records": found})
            times = [record.get("eventTime", iso(moment)) for record in found]
            file = LogFile(trail.bucket, key, hashlib.sha256(plain).hexdigest(), min(times), max(times))
            with self._clock.pinned(moment):
                if self._put(trail, place, _Undelivered(key, body, {}, file), report):
                    files.append(file)
                    report.log_files.append(_file_row(place, file, len(found)))
                    self._notify(trail, place, key, report)
        return files

    def _write_digest(
        self,
        trail: Trail,
        place: Place,
        files: list[LogFile],
        end: float,
        report: Report,
        *,
        final: bool = False,
        generated: float | None = None,
    ) -> None:
        account, region = place
        backfill = generated is not None
        chain = self._chains.setdefault((trail.arn, account, region, backfill), Chain(end - HOUR))
        digest = digests.make(
            account=account,
            bucket=trail.bucket,
            key=objects.digest_key(trail, self._org_id(trail), account, region, end, backfill=backfill),
            chain=chain,
            end=end,
            files=[*chain.unlisted, *files],
            signer=self._keys.signing(trail.account, region, generated or end),
            final=final,
            generated=generated,
        )
        chain.end, chain.previous, chain.unlisted = end, digest.link, []
        with self._clock.pinned(generated or end):
            if self._put(trail, place, _Undelivered(digest.key, digest.body, digest.metadata, None), report):
                report.digests.append(_digest_row(place, digest))

    def _put(self, trail: Trail, place: Place, item: _Undelivered, report: Report) -> bool:
        """Write one object as CloudTrail would, or note S3's error code in the status and keep it for later."""
        code = self._put_error(trail, item)
        now = self._clock.now()
        if item.file is not None:
            self._set_status(trail, place, delivery_error=code, **({} if code else {"delivered": now}))
        else:
            self._set_status(trail, place, digest_error=code, **({} if code else {"digested": now}))
        if code:
            self._undelivered.setdefault((trail.arn, *place), []).append(item)
            report.failures.append(
                {"account": place[0], "region": place[1], "bucket": trail.bucket, "key": item.key, "code": code}
            )
        return not code

    def _put_error(self, trail: Trail, item: _Undelivered) -> str:
        org_id = self._org_id(trail)
        bucket = self._out.bucket(trail.bucket)
        if bucket is None:
            return "NoSuchBucket"
        if not decide(bucket.policy, access.put_request(trail, item.key, org_id)).allowed:
            return "AccessDenied"
        arn = Arn.parse(trail.kms_key)
        if arn is not None:
            key = self._out.key(trail.kms_key, arn.account, arn.region)
            if key is None:
                return "KMS.NotFoundException"
            if key.state != "Enabled":
                return _KEY_ERRORS.get(key.state, "KMS.KMSInvalidStateException")
            if not access.key_allows(key, trail, org_id, decrypt=False):
                return "AccessDenied"
        return self._out.put_object(trail.bucket, item.key, item.body, item.metadata, trail.kms_key)

    def _notify(self, trail: Trail, place: Place, key: str, report: Report) -> None:
        if not trail.topic_arn:
            return
        topic = self._out.topic(trail.topic_arn)
        if topic is None or not access.topic_allows(topic, trail, self._org_id(trail)):
            self._set_status(trail, place, notification_error="AuthorizationError")
            return
        message = json.dumps({"s3Bucket": trail.bucket, "s3ObjectKey": [key]})
        code = self._out.publish(trail.topic_arn, message)
        self._set_status(trail, place, notification_error=code, **({} if code else {"notified": self._clock.now()}))
        report.notifications += not code

    def _log(self, trail: Trail, place: Place, batch: list[Json], moment: float, report: Report) -> None:
        group = Arn.parse(trail.log_group)
        texts = [json.dumps(record) for record in batch if takes(trail, record)]
        messages = [text for text in texts if len(text) <= _MAX_LOG_EVENT]
        if group is None or not messages:
            return
        name = group.resource.removeprefix("log-group:").removesuffix(":*")
        stream = access.stream_name(trail, place[0], self._org_id(trail))
        code = self._log_error(trail, group, name, stream)
        with self._clock.pinned(moment):
            if not code:
                code = self._out.put_log_events(group.account, group.region, name, stream, messages)
        self._set_status(trail, place, log_error=code, **({} if code else {"logged": moment}))
        report.log_events += 0 if code else len(messages)

    def _log_error(self, trail: Trail, group: Arn, name: str, stream: str) -> str:
        role = self._out.role(trail.log_role)
        if role is None or not access.role_trusts(role, trail, self._org_id(trail)):
            return "AccessDenied"
        if not access.role_may_write(role, trail, stream):
            return "AccessDenied"
        if self._out.log_group(group.account, group.region, name) is None:
            return "ResourceNotFoundException"
        return ""

    def _set_status(self, trail: Trail, place: Place, **changes: float | str) -> None:
        current = self._store.current.get(trail.arn)
        if current is not None:
            status = replace(current.statuses.get(place, Status()), **changes)
            self._store.put(replace(current, statuses={**current.statuses, place: status}))

    def _org_id(self, trail: Trail) -> str | None:
        organization = self._out.organization(trail.account)
        return organization.id if organization else None


def _file_row(place: Place, file: LogFile, events: int) -> Json:
    row = {"account": place[0], "region": place[1], "bucket": file.bucket, "key": file.key}
    return row | {"events": events, "sha256": file.hash}


def _digest_row(place: Place, digest: Digest) -> Json:
    row = {"account": place[0], "region": place[1], "bucket": digest.bucket, "key": digest.key}
    return row | {"kind": digest.kind, "start": iso(digest.start), "end": iso(digest.end)}
