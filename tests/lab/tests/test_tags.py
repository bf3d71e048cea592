"""Tags of trails."""

from __future__ import annotations

import unittest
from typing import Any

from support import ACCOUNT, OTHER, World, proves, trail_arn

from lab.model import Caller


def tags(count: int, start: int = 0) -> list[dict[str, str]]:
    return [{"Key": f"key-{n}", "Value": "v"} for n in range(start, start + count)]


class Tags(unittest.TestCase):
    def setUp(self) -> None:
        self.world = World()
        self.world.create()

    def add(self, *added: Any) -> Any:
        return self.world.call("AddTags", {"ResourceId": trail_arn(), "TagsList": list(added)})

    def refused(self, *added: Any) -> str:
        return self.world.refusal("AddTags", {"ResourceId": trail_arn(), "TagsList": list(added)})

    def listed(self) -> dict[str, str]:
        found = self.world.call("ListTags", {"ResourceIdList": [trail_arn()]})["ResourceTagList"][0]["TagsList"]
        return {tag["Key"]: tag["Value"] for tag in found}

    def test_add_overwrite_remove(self) -> None:
        self.add({"Key": "a", "Value": "1"}, {"Key": "b"})
        self.add({"Key": "a", "Value": "2"})
        self.assertEqual(self.listed(), {"a": "2", "b": ""})
        self.world.call("RemoveTags", {"ResourceId": trail_arn(), "TagsList": [{"Key": "a"}, {"Key": "none"}]})
        self.assertEqual(self.listed(), {"b": ""})

    @proves("tags-limit")
    def test_limit(self) -> None:
        self.add(*tags(50))
        self.add({"Key": "key-0", "Value": "other"})
        self.assertEqual(self.refused(*tags(1, 50)), "TagsLimitExceededException")
        self.assertEqual(len(self.listed()), 50)
        self.assertEqual(self.world.refused_create("second", TagsList=tags(51)), "TagsLimitExceededException")

    @proves("tags-form", "tags-reserved")
    def test_form(self) -> None:
        for bad in ({"Key": ""}, {"Key": "k" * 129}, {"Key": "k", "Value": "v" * 257}, {"Key": "aws:x"}):
            self.assertEqual(self.refused(bad), "InvalidTagParameterException")
        self.assertEqual(self.refused({"Key": "a"}, {"Key": "a"}), "InvalidTagParameterException")
        self.add({"Key": "k" * 128, "Value": "v" * 256})

    @proves("tags-region")
    def test_region(self) -> None:
        body = {"ResourceId": trail_arn(), "TagsList": [{"Key": "a"}]}
        for who in (Caller(ACCOUNT, "eu-west-1"), Caller(OTHER, "us-east-1")):
            self.assertEqual(self.world.refusal("AddTags", body, who), "CloudTrailARNInvalidException")
        self.assertEqual(self.world.refusal("AddTags", {**body, "ResourceId": "main"}), "CloudTrailARNInvalidException")

    @proves("tags-unknown")
    def test_unknown(self) -> None:
        body = {"ResourceId": trail_arn("no-such-trail"), "TagsList": [{"Key": "a"}]}
        for operation in ("AddTags", "RemoveTags"):
            self.assertEqual(self.world.refusal(operation, body), "ResourceNotFoundException")
        channel = {**body, "ResourceId": trail_arn().replace("trail/main", "channel/x")}
        self.assertEqual(self.world.refusal("AddTags", channel), "ResourceTypeNotSupportedException")

    @proves("tags-listed")
    def test_listed(self) -> None:
        self.assertEqual(
            len(self.world.call("ListTags", {"ResourceIdList": [trail_arn()] * 20})["ResourceTagList"]), 20
        )
        self.assertEqual(
            self.world.refusal("ListTags", {"ResourceIdList": [trail_arn()] * 21}), "InvalidParameterException"
        )


if __name__ == "__main__":
    unittest.main()
