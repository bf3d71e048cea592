"""A trail over fakes that delivers: what the tests of delivery and of digests share."""

from __future__ import annotations

import asyncio
import gzip
import json
import unittest
from typing import Any

from support import BUCKET, CALLER, World, trail_arn

from lab.model import Caller


class Delivering(unittest.TestCase):
    def setUp(self) -> None:
        self.world = World()

    def start(self, **members: Any) -> None:
        self.world.create(**{"EnableLogFileValidation": True, **members})
        self.world.call("StartLogging", {"Name": "main"})

    def deliver(self, trail: str = "main", who: Caller = CALLER, **order: Any) -> Any:
        return asyncio.run(self.world.orders.deliver(trail, who, {"seed": 1, **order}))

    def status(self, who: Caller = CALLER) -> Any:
        return self.world.call("GetTrailStatus", {"Name": trail_arn()}, who)

    def plain(self, key: str, bucket: str = BUCKET) -> bytes:
        return gzip.decompress(self.world.around.objects[bucket, key][0])

    def digest(self, row: Any) -> Any:
        return json.loads(self.plain(row["key"], row["bucket"]))
