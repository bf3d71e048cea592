"""Public keys and what ListPublicKeys shows of them."""

from __future__ import annotations

import base64
import hashlib
import unittest

from cryptography.hazmat.primitives.serialization import load_der_public_key
from support import ACCOUNT, CALLER, OTHER, REGION, START, World, proves

from lab.errors import LabError
from lab.keys import DAY
from lab.model import Caller


class Keys(unittest.TestCase):
    def setUp(self) -> None:
        self.world = World()
        self.key = self.world.keys.signing(ACCOUNT, REGION, START)

    def listed(self, who: Caller = CALLER, **body: float) -> list[dict]:
        return self.world.call("ListPublicKeys", body, who)["PublicKeyList"]

    @proves("keys-fingerprint", "keys-encoding")
    def test_encodings(self) -> None:
        der = base64.b64decode(self.listed()[0]["Value"])
        # RSAPublicKey (PKCS#1) of 2048 bits: SEQUENCE, then INTEGER at once.
        self.assertEqual((der[:2], der[4:6], len(der)), (b"\x30\x82", b"\x02\x82", 270))
        self.assertEqual(self.listed()[0]["Fingerprint"], hashlib.md5(der, usedforsecurity=False).hexdigest())
        self.world.keys.encode(ACCOUNT, REGION, "spki", None)
        changed = self.listed()[0]
        self.assertEqual(changed["Fingerprint"], self.key.fingerprint)
        numbers = load_der_public_key(base64.b64decode(changed["Value"])).public_numbers()
        self.assertEqual(numbers, self.key.private.public_key().public_numbers())
        new = self.world.keys.rotate(ACCOUNT, REGION, START + DAY)
        self.assertEqual(new.fingerprint, hashlib.md5(new.der(), usedforsecurity=False).hexdigest())
        with self.assertRaises(LabError):
            self.world.keys.encode(ACCOUNT, REGION, "pem", None)

    @proves("keys-validity")
    def test_validity(self) -> None:
        self.assertEqual(self.key.end - self.key.start, 30 * DAY)
        self.assertEqual(self.world.keys.signing(ACCOUNT, REGION, self.key.end - 1), self.key)
        later = self.world.keys.signing(ACCOUNT, REGION, self.key.end)
        self.assertNotEqual(later.fingerprint, self.key.fingerprint)
        both = self.listed(StartTime=START, EndTime=self.key.end + DAY)
        self.assertEqual({key["Fingerprint"] for key in both}, {self.key.fingerprint, later.fingerprint})
        self.assertEqual(len(self.listed(StartTime=START, EndTime=START + 60)), 1)
        bad = {"StartTime": START, "EndTime": START - 1}
        self.assertEqual(self.world.refusal("ListPublicKeys", bad), "InvalidTimeRangeException")

    @proves("keys-rings")
    def test_rings(self) -> None:
        member = Caller(OTHER, REGION)
        self.assertEqual(self.listed(Caller(ACCOUNT, "eu-west-1")), [])
        self.assertEqual(self.listed(member), [])
        self.world.organize(OTHER)
        self.assertEqual([key["Fingerprint"] for key in self.listed(member)], [self.key.fingerprint])
        self.assertEqual(len(self.listed()), 1)

    def test_withhold_and_restore(self) -> None:
        self.assertEqual(self.world.keys.withhold(ACCOUNT, REGION, None, hidden=True), [self.key.fingerprint])
        self.assertEqual(self.listed(), [])
        self.world.keys.withhold(ACCOUNT, REGION, self.key.fingerprint, hidden=False)
        self.assertEqual(len(self.listed()), 1)
        with self.assertRaises(LabError):
            self.world.keys.withhold(ACCOUNT, REGION, "no-such-key", hidden=True)


if __name__ == "__main__":
    unittest.main()
