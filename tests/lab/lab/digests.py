"""Digest files: their content, their signature and the chain they form (cloudtrail.md 4.2, 4.3). Pure."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime

from lab.clock import iso
from lab.keys import SigningKey
from lab.model import Json

ALGORITHM = "SHA256withRSA"


@dataclass(frozen=True)
class LogFile:
    """A delivered log file as a digest lists it."""

    bucket: str
    key: str
    hash: str
    oldest: str
    newest: str

    def entry(self) -> Json:
        return {
            "s3Bucket": self.bucket,
            "s3Object": self.key,
            "hashValue": self.hash,
            "hashAlgorithm": "SHA-256",
            "newestEventTime": self.newest,
            "oldestEventTime": self.oldest,
        }


@dataclass(frozen=True)
class Link:
    """What the next digest must know of this one."""

    bucket: str
    key: str
    hash: str
    signature: str


@dataclass
class Chain:
    """Digests of one trail, account and source Region, up to `end`. The first one links to nothing."""

    end: float
    previous: Link | None = None
    # Log files delivered after the last digest; the next one lists them.
    unlisted: list[LogFile] = field(default_factory=list)


@dataclass(frozen=True)
class Digest:
    bucket: str
    key: str
    body: bytes
    metadata: dict[str, str]
    kind: str
    start: float
    end: float
    link: Link


def pack(document: Json) -> tuple[bytes, bytes]:
    """Plain bytes and one gzip member of them."""
    plain = json.dumps(document, separators=(",", ":")).encode()
    return plain, gzip.compress(plain, mtime=0)


def string_to_sign(end: str, bucket: str, key: str, plain: bytes, previous_signature: str | None) -> bytes:
    digest = hashlib.sha256(plain).hexdigest()
    return "\n".join((end, f"{bucket}/{key}", digest, previous_signature or "null")).encode()


def make(
    *,
    account: str,
    bucket: str,
    key: str,
    chain: Chain,
    end: float,
    files: list[LogFile],
    signer: SigningKey,
    final: bool = False,
    generated: float | None = None,
) -> Digest:
    """The next digest of a chain; `generated` makes it a backfill digest. The chain itself is not moved."""
    previous = chain.previous
    document = {
        "awsAccountId": account,
        "digestStartTime": iso(chain.end),
        "digestEndTime": iso(end),
        "digestS3Bucket": bucket,
        "digestS3Object": key,
        "digestPublicKeyFingerprint": signer.fingerprint,
        "digestSignatureAlgorithm": ALGORITHM,
        "newestEventTime": max((f.newest for f in files), default=None),
        "oldestEventTime": min((f.oldest for f in files), default=None),
        "previousDigestS3Bucket": previous.bucket if previous else None,
        "previousDigestS3Object": previous.key if previous else None,
        "previousDigestHashValue": previous.hash if previous else None,
        "previousDigestHashAlgorithm": "SHA-256" if previous else None,
        "previousDigestSignature": previous.signature if previous else None,
        "logFiles": [f.entry() for f in files],
    }
    plain, body = pack(document)
    signature = signer.sign(string_to_sign(iso(end), bucket, key, plain, previous.signature if previous else None))
    metadata = {"signature": signature, "signature-algorithm": ALGORITHM}
    if generated is not None:
        moment = datetime.fromtimestamp(generated, UTC)
        metadata["backfill-generation-timestamp"] = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
    link = Link(bucket, key, hashlib.sha256(plain).hexdigest(), signature)
    kind = _kind(previous, files, final=final, backfill=generated is not None)
    return Digest(bucket, key, body, metadata, kind, chain.end, end, link)


def _kind(previous: Link | None, files: list[LogFile], *, final: bool, backfill: bool) -> str:
    if backfill:
        return "backfill"
    if final:
        return "final"
    if previous is None:
        return "starting"
    return "normal" if files else "empty"
