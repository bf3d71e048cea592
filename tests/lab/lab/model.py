"""What the lab keeps of a trail, and what it looks at in the trail's surroundings. Pure data, no behaviour of AWS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

Json = dict[str, Any]


@dataclass(frozen=True)
class Caller:
    """Who calls, and the Region the call was signed for."""

    account: str
    region: str


@dataclass(frozen=True)
class Principal:
    """A caller as policies name it. `identity` is the ARN conditions see: of a session, its role's."""

    arn: str
    account: str
    kind: str
    identity: str

    def context(self) -> dict[str, str | list[str]]:
        return {
            "aws:PrincipalArn": self.identity,
            "aws:PrincipalAccount": self.account,
            "aws:PrincipalType": self.kind,
        }


@dataclass(frozen=True)
class Status:
    """Delivery results of one trail in one account and Region (GetTrailStatus); times are epoch seconds."""

    delivered: float | None = None
    delivery_error: str = ""
    digested: float | None = None
    digest_error: str = ""
    logged: float | None = None
    log_error: str = ""
    notified: float | None = None
    notification_error: str = ""


@dataclass(frozen=True)
class Trail:
    """A trail is never changed in place: a write puts a new one, so that old ones serve as snapshots."""

    name: str
    account: str
    home_region: str
    arn: str
    bucket: str
    prefix: str = ""
    topic_arn: str = ""
    global_events: bool = True
    multi_region: bool = False
    validation: bool = False
    log_group: str = ""
    log_role: str = ""
    kms_key: str = ""
    organization: bool = False
    recursive: bool = True
    logging: bool = False
    started: float | None = None
    stopped: float | None = None
    tags: tuple[tuple[str, str], ...] = ()
    event_selectors: tuple[Json, ...] = ()
    advanced_selectors: tuple[Json, ...] = ()
    insights: tuple[Json, ...] = ()
    aggregations: tuple[Json, ...] = ()
    statuses: Mapping[tuple[str, str], Status] = field(default_factory=dict)


@dataclass(frozen=True)
class Bucket:
    name: str
    owner: str
    region: str
    policy: str | None
    requester_pays: bool = False
    bucket_key: bool = False


@dataclass(frozen=True)
class Key:
    arn: str
    account: str
    region: str
    state: str
    symmetric: bool
    policy: str


@dataclass(frozen=True)
class Topic:
    arn: str
    policy: str
    kms_key: str = ""


@dataclass(frozen=True)
class LogGroup:
    name: str
    log_class: str


@dataclass(frozen=True)
class Role:
    arn: str
    trust: str
    policies: tuple[Any, ...]
    max_session: int = 3600


@dataclass(frozen=True)
class Organization:
    id: str
    management: str
    features: str
    members: tuple[str, ...]
    trusted: frozenset[str] = frozenset()
    # Delegated administrators for CloudTrail, and for any service.
    delegated: tuple[str, ...] = ()
    administrators: frozenset[str] = frozenset()


class Surroundings(Protocol):
    """What CloudTrail sees of other services; emulator.py answers it from ministack."""

    def bucket(self, name: str) -> Bucket | None: ...

    def key(self, reference: str, account: str, region: str) -> Key | None: ...

    def topic(self, arn: str) -> Topic | None: ...

    def log_group(self, account: str, region: str, name: str) -> LogGroup | None: ...

    def role(self, arn: str) -> Role | None: ...

    def organization(self, account: str) -> Organization | None: ...
