"""POST /_lab/tamper: what an intruder with write access to the bucket could do to its objects."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from typing import Protocol

from lab.errors import LabError
from lab.model import Json

_META = "x-amz-meta-"


class Objects(Protocol):
    def object(self, bucket: str, key: str) -> tuple[bytes, dict[str, str]]: ...

    def write_object(self, bucket: str, key: str, body: bytes, headers: dict[str, str]) -> str: ...

    def delete_object(self, bucket: str, key: str) -> None: ...


class Tampering:
    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def tamper(self, body: Json) -> Json:
        action = ACTIONS.get(body.get("action", ""))
        if action is None:
            raise LabError(f"action is {body.get('action')!r}; it must be one of {', '.join(ACTIONS)}")
        bucket, key = _text(body, "bucket"), _text(body, "key")
        action(self, bucket, key, body)
        return {"action": body["action"], "bucket": bucket, "key": key}

    def _write(self, bucket: str, key: str, body: bytes, headers: dict[str, str]) -> None:
        code = self._objects.write_object(bucket, key, body, headers)
        if code:
            raise LabError(f"S3 refused to write s3://{bucket}/{key}: {code}", 409)

    def modify(self, bucket: str, key: str, body: Json) -> None:
        """Another content in a well-formed file: `replace` a text by another, or the whole `document`."""
        old, headers = self._objects.object(bucket, key)
        try:
            plain = gzip.decompress(old)
        except (OSError, EOFError, zlib.error) as error:
            raise LabError(f"s3://{bucket}/{key} is not gzip any more; use put instead") from error
        self._write(bucket, key, gzip.compress(_modified(plain, body), mtime=0), headers)

    def truncate(self, bucket: str, key: str, body: Json) -> None:
        """Only the first `bytes` bytes remain (default: half)."""
        old, headers = self._objects.object(bucket, key)
        self._write(bucket, key, old[: body.get("bytes", len(old) // 2)], headers)

    def append(self, bucket: str, key: str, body: Json) -> None:
        """`text` after the end of the gzip stream, or as a second gzip member with `member`."""
        old, headers = self._objects.object(bucket, key)
        text = body.get("text", "extra").encode()
        self._write(bucket, key, old + (gzip.compress(text, mtime=0) if body.get("member") else text), headers)

    def delete(self, bucket: str, key: str, body: Json) -> None:
        self._objects.delete_object(bucket, key)

    def put(self, bucket: str, key: str, body: Json) -> None:
        """An object that CloudTrail never wrote: `text`, gzipped unless `gzip` is false, with `metadata`."""
        plain = _text(body, "text").encode()
        headers = {f"{_META}{name}": value for name, value in (body.get("metadata") or {}).items()}
        headers |= {"content-type": "application/json", "content-encoding": "gzip"}
        self._write(bucket, key, gzip.compress(plain, mtime=0) if body.get("gzip", True) else plain, headers)

    def copy(self, bucket: str, key: str, body: Json) -> None:
        """The same bytes and metadata to `toKey` (in `toBucket`); with `move` the original goes."""
        content, headers = self._objects.object(bucket, key)
        self._write(body.get("toBucket", bucket), _text(body, "toKey"), content, headers)
        if body.get("move"):
            self._objects.delete_object(bucket, key)

    def remove_metadata(self, bucket: str, key: str, body: Json) -> None:
        """`names` of user metadata, all of it when none are given."""
        content, headers = self._objects.object(bucket, key)
        names = body.get("names")
        gone = {name for name in headers if name.startswith(_META) and (not names or name[len(_META) :] in names)}
        self._write(bucket, key, content, {name: value for name, value in headers.items() if name not in gone})

    def set_metadata(self, bucket: str, key: str, body: Json) -> None:
        content, headers = self._objects.object(bucket, key)
        metadata = body.get("metadata")
        if not isinstance(metadata, dict):
            raise LabError('set-metadata needs "metadata": {"signature": "..."}')
        self._write(bucket, key, content, headers | {f"{_META}{n}": str(v) for n, v in metadata.items()})


ACTIONS: dict[str, Callable[[Tampering, str, str, Json], None]] = {
    "modify": Tampering.modify,
    "truncate": Tampering.truncate,
    "append": Tampering.append,
    "delete": Tampering.delete,
    "put": Tampering.put,
    "copy": Tampering.copy,
    "remove-metadata": Tampering.remove_metadata,
    "set-metadata": Tampering.set_metadata,
}


def _text(body: Json, member: str) -> str:
    value = body.get(member)
    if not isinstance(value, str):
        raise LabError(f"the body needs {member}, a string")
    return value


def _modified(plain: bytes, body: Json) -> bytes:
    if "document" in body:
        return json.dumps(body["document"]).encode()
    if "replace" in body:
        old, new = _text(body, "replace").encode(), _text(body, "with").encode()
        if old not in plain:
            raise LabError(f"{body['replace']!r} is not in the object")
        return plain.replace(old, new)
    # Any change will do: one more blank before the last brace keeps the JSON readable.
    return plain[:-1] + b" " + plain[-1:]
