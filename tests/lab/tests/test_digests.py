"""Digests: content, signature, chain."""

from __future__ import annotations

import gzip
import hashlib
import itertools
import json
import unittest
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from delivering import Delivering
from support import ACCOUNT, BUCKET, REGION, START, bucket_policy, proves

from lab.clock import iso
from lab.delivery import HOUR
from lab.digests import string_to_sign
from lab.errors import LabError
from lab.model import Bucket


class Digests(Delivering):
    def verify(self, row: Any) -> None:
        body, metadata, _ = self.world.around.objects[row["bucket"], row["key"]]
        plain = gzip.decompress(body)
        digest = json.loads(plain)
        keys = [key for ring in self.world.keys._rings.values() for key in ring.keys]
        key = next(k for k in keys if k.fingerprint == digest["digestPublicKeyFingerprint"])
        text = string_to_sign(
            digest["digestEndTime"], row["bucket"], row["key"], plain, digest["previousDigestSignature"]
        )
        signature = bytes.fromhex(metadata["signature"])
        key.private.public_key().verify(signature, text, padding.PKCS1v15(), hashes.SHA256())

    @proves("digest-fields", "digest-signature")
    def test_content(self) -> None:
        self.start()
        done = self.deliver(filesPerHour=1)
        row, file = done["digests"][0], done["logFiles"][0]
        digest = self.digest(row)
        times = [record["eventTime"] for record in json.loads(self.plain(file["key"]))["Records"]]
        self.assertEqual(
            digest["logFiles"],
            [
                {
                    "s3Bucket": BUCKET,
                    "s3Object": file["key"],
                    "hashValue": hashlib.sha256(self.plain(file["key"])).hexdigest(),
                    "hashAlgorithm": "SHA-256",
                    "newestEventTime": max(times),
                    "oldestEventTime": min(times),
                }
            ],
        )
        self.assertEqual(digest["digestS3Object"], row["key"])
        self.assertEqual(digest["awsAccountId"], ACCOUNT)
        self.assertEqual((digest["digestStartTime"], digest["digestEndTime"]), (iso(START), iso(START + HOUR)))
        metadata = self.world.around.objects[BUCKET, row["key"]][1]
        self.assertEqual(metadata.keys(), {"signature", "signature-algorithm"})
        self.assertEqual(len(metadata["signature"]), 512)
        self.verify(row)

    def test_string_to_sign(self) -> None:
        """The vector of awscli's own unit test."""
        text = string_to_sign("a", "b", "c", b"abc", None)
        self.assertEqual(text, b"a\nb/c\nba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\nnull")

    @proves("digest-chain", "digest-empty", "digest-windows")
    def test_chain(self) -> None:
        self.start()
        rows = self.deliver(hours=2)["digests"]
        self.world.clock.advance(2.5 * HOUR)
        rows += self.deliver(hours=1)["digests"]
        self.assertEqual([row["kind"] for row in rows], ["starting", "normal", "empty", "empty", "normal"])
        links = ("Bucket", "Object", "HashValue", "HashAlgorithm", "Signature")
        members = [f"previousDigest{'S3' if name in ('Bucket', 'Object') else ''}{name}" for name in links]
        self.assertEqual({self.digest(rows[0])[member] for member in members}, {None})
        for before, row in itertools.pairwise(rows):
            digest = self.digest(row)
            self.assertEqual(digest["previousDigestS3Object"], before["key"])
            self.assertEqual(digest["previousDigestHashValue"], hashlib.sha256(self.plain(before["key"])).hexdigest())
            signature = self.world.around.objects[BUCKET, before["key"]][1]["signature"]
            self.assertEqual(digest["previousDigestSignature"], signature)
            self.assertEqual(digest["digestStartTime"], self.digest(before)["digestEndTime"])
            self.verify(row)
        empty = self.digest(rows[2])
        self.assertEqual((empty["logFiles"], empty["newestEventTime"], empty["oldestEventTime"]), ([], None, None))

    @proves("digest-final", "digest-restart")
    def test_stop_and_start(self) -> None:
        self.start()
        before = self.deliver()["digests"][0]
        self.world.moment += 600
        self.world.call("StopLogging", {"Name": "main"})
        final = max(key for _, key in self.world.around.objects if "Digest" in key)
        digest = json.loads(self.plain(final))
        self.assertEqual(digest["previousDigestS3Object"], before["key"])
        self.assertEqual(digest["digestEndTime"], iso(START + HOUR + 600))
        last = json.loads(self.plain(digest["logFiles"][-1]["s3Object"]))["Records"]
        self.assertEqual(last[-1]["eventName"], "StopLogging")
        self.world.moment += 3600
        self.world.call("StartLogging", {"Name": "main"})
        self.assertEqual(self.deliver()["digests"][0]["kind"], "starting")

    def test_delete_ends_the_chain(self) -> None:
        self.start()
        self.deliver()
        self.world.moment += 60
        count = len(self.world.around.objects)
        self.world.call("DeleteTrail", {"Name": "main"})
        self.assertEqual(len(self.world.around.objects), count + 2)

    def test_validation_off_and_on(self) -> None:
        self.start()
        self.deliver()
        self.world.call("UpdateTrail", {"Name": "main", "EnableLogFileValidation": False})
        self.assertEqual(self.deliver()["digests"], [])
        self.world.call("UpdateTrail", {"Name": "main", "EnableLogFileValidation": True})
        self.assertEqual([row["kind"] for row in self.deliver()["digests"]], ["starting"])

    @proves("digest-backfill")
    def test_backfill(self) -> None:
        self.start()
        self.deliver(hours=2)
        now = self.world.clock.now()
        rows = self.deliver(hours=2, backfill=True)["digests"]
        self.assertEqual(self.world.clock.now(), now)
        self.assertEqual([row["kind"] for row in rows], ["backfill", "backfill"])
        for row in rows:
            self.assertRegex(row["key"], r"Z_backfill\.json\.gz$")
            metadata = self.world.around.objects[BUCKET, row["key"]][1]
            self.assertRegex(metadata["backfill-generation-timestamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
            self.verify(row)
        self.assertIsNone(self.digest(rows[0])["previousDigestS3Object"])
        self.assertEqual(self.digest(rows[1])["previousDigestS3Object"], rows[0]["key"])
        with self.assertRaises(LabError):
            self.deliver(hours=1, backfill=True)

    @proves("digest-bucket-change")
    def test_bucket_change(self) -> None:
        self.start()
        self.deliver()
        self.world.around.buckets["second-bucket"] = Bucket(
            "second-bucket", ACCOUNT, REGION, bucket_policy("second-bucket")
        )
        self.world.call("UpdateTrail", {"Name": "main", "S3BucketName": "second-bucket"})
        row = self.deliver()["digests"][0]
        self.assertEqual((row["bucket"], self.digest(row)["previousDigestS3Bucket"]), ("second-bucket", BUCKET))

    def test_at_once(self) -> None:
        """Files without an hour are listed by the next digest."""
        self.start()
        now = self.deliver(hours=0, events=[{"eventName": "CreateVpc"}])
        self.assertEqual((now["from"], len(now["logFiles"]), now["digests"]), (now["to"], 1, []))
        row = self.deliver(filesPerHour=0)["digests"][0]
        self.assertEqual([file["s3Object"] for file in self.digest(row)["logFiles"]], [now["logFiles"][0]["key"]])

    def test_rotation(self) -> None:
        self.start()
        first = self.deliver()["digests"][0]
        self.world.keys.rotate(ACCOUNT, REGION, self.world.clock.now())
        second = self.deliver()["digests"][0]
        prints = {self.digest(row)["digestPublicKeyFingerprint"] for row in (first, second)}
        self.assertEqual(len(prints), 2)
        self.verify(second)


if __name__ == "__main__":
    unittest.main()
