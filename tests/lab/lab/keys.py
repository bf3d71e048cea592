"""The RSA keys CloudTrail signs digests with: one ring per trail owner and Region (cloudtrail.md 4.3). Pure."""

from __future__ import annotations

import base64
import hashlib
import threading
from dataclasses import dataclass, field
from queue import SimpleQueue

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lab.errors import LabError
from lab.model import Json

ENCODINGS = {"pkcs1": PublicFormat.PKCS1, "spki": PublicFormat.SubjectPublicKeyInfo}
DAY = 86400.0
_VALID = 30 * DAY


@dataclass
class SigningKey:
    private: rsa.RSAPrivateKey
    start: float
    end: float
    # Digests name the fingerprint; it stays what it was even when the listed encoding changes.
    fingerprint: str
    encoding: str
    withheld: bool = False

    def der(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.DER, ENCODINGS[self.encoding])

    def sign(self, text: bytes) -> str:
        return self.private.sign(text, padding.PKCS1v15(), hashes.SHA256()).hex()

    def render(self) -> Json:
        return {
            "Value": base64.b64encode(self.der()).decode(),
            "ValidityStartTime": self.start,
            "ValidityEndTime": self.end,
            "Fingerprint": self.fingerprint,
        }


class KeySource:
    """Makes RSA-2048 keys ahead of need in a thread: one takes some 100 ms."""

    def __init__(self, ahead: int = 2) -> None:
        self._ready: SimpleQueue[rsa.RSAPrivateKey] = SimpleQueue()
        for _ in range(ahead):
            self._refill()

    def take(self) -> rsa.RSAPrivateKey:
        key = self._ready.get()
        self._refill()
        return key

    def _refill(self) -> None:
        threading.Thread(target=lambda: self._ready.put(new_private_key()), daemon=True).start()


def new_private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Ring:
    encoding: str = "pkcs1"
    keys: list[SigningKey] = field(default_factory=list)


class Keys:
    def __init__(self, source: KeySource) -> None:
        self._source = source
        self._rings: dict[tuple[str, str], Ring] = {}

    def ring(self, account: str, region: str) -> Ring:
        return self._rings.setdefault((account, region), Ring())

    def signing(self, account: str, region: str, moment: float) -> SigningKey:
        """The newest key valid at the moment; a new one, valid for 30 days, when there is none."""
        ring = self.ring(account, region)
        for key in reversed(ring.keys):
            if key.start <= moment < key.end:
                return key
        return self._mint(ring, moment - DAY)

    def rotate(self, account: str, region: str, moment: float) -> SigningKey:
        """From the moment on a new key signs; the old one stays listed, its window overlapping by an hour."""
        ring = self.ring(account, region)
        for key in ring.keys:
            if key.start <= moment < key.end:
                key.end = moment + 3600
        return self._mint(ring, moment)

    def _mint(self, ring: Ring, start: float) -> SigningKey:
        key = SigningKey(self._source.take(), float(int(start)), float(int(start + _VALID)), "", ring.encoding)
        key.fingerprint = hashlib.md5(key.der(), usedforsecurity=False).hexdigest()
        ring.keys.append(key)
        return key

    def listed(self, rings: list[tuple[str, str]], start: float, end: float) -> list[Json]:
        keys = [key for ring in dict.fromkeys(rings) for key in self.ring(*ring).keys]
        return [key.render() for key in keys if not key.withheld and key.start <= end and key.end >= start]

    def withhold(self, account: str, region: str, fingerprint: str | None, *, hidden: bool) -> list[str]:
        chosen = self._chosen(account, region, fingerprint)
        for key in chosen:
            key.withheld = hidden
        return [key.fingerprint for key in chosen]

    def encode(self, account: str, region: str, encoding: str, fingerprint: str | None) -> list[str]:
        if encoding not in ENCODINGS:
            raise LabError(f"encoding is {encoding!r}; it must be one of {', '.join(ENCODINGS)}")
        if fingerprint is None:
            self.ring(account, region).encoding = encoding
        chosen = self._chosen(account, region, fingerprint)
        for key in chosen:
            key.encoding = encoding
        return [key.fingerprint for key in chosen]

    def _chosen(self, account: str, region: str, fingerprint: str | None) -> list[SigningKey]:
        keys = [k for k in self.ring(account, region).keys if fingerprint in (None, k.fingerprint)]
        if fingerprint is not None and not keys:
            raise LabError(f"account {account} has no key {fingerprint} in {region}", 404)
        return keys

    def clear(self) -> None:
        self._rings.clear()
