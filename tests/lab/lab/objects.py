"""Names of the objects CloudTrail writes (cloudtrail.md 4.1). Pure."""

from __future__ import annotations

import random
import string
from datetime import UTC, datetime

from lab.access import logs_root
from lab.model import Trail

# eventCategory of a record, and the folder its file goes to.
FOLDERS = {
    "Management": "CloudTrail",
    "Data": "CloudTrail",
    "NetworkActivity": "CloudTrail-NetworkActivity",
    "Insight": "CloudTrail-Insight",
    "Aggregated": "CloudTrail-Aggregated",
}
_ALPHANUMERIC = string.ascii_letters + string.digits


def _folder(trail: Trail, org_id: str | None, account: str, kind: str, region: str, moment: datetime) -> str:
    owner = f"{org_id}/{account}" if trail.organization and org_id else account
    return f"{logs_root(trail, owner)}/{kind}/{region}/{moment:%Y/%m/%d}"


def log_key(
    trail: Trail, org_id: str | None, account: str, kind: str, region: str, delivered: float, seed: random.Random
) -> str:
    moment = datetime.fromtimestamp(delivered, UTC)
    unique = "".join(seed.choices(_ALPHANUMERIC, k=16))
    folder = _folder(trail, org_id, account, kind, region, moment)
    return f"{folder}/{account}_{kind}_{region}_{moment:%Y%m%dT%H%MZ}_{unique}.json.gz"


def digest_key(
    trail: Trail, org_id: str | None, account: str, region: str, end: float, *, backfill: bool = False
) -> str:
    moment = datetime.fromtimestamp(end, UTC)
    folder = _folder(trail, org_id, account, "CloudTrail-Digest", region, moment)
    name = f"{account}_CloudTrail-Digest_{region}_{trail.name}_{trail.home_region}_{moment:%Y%m%dT%H%M%SZ}"
    return f"{folder}/{name}{'_backfill' if backfill else ''}.json.gz"
