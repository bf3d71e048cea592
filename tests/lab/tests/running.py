"""A lab as a process of its own, for the tests that go over the wire."""

from __future__ import annotations

import json
import subprocess
import sys
import unittest
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError
from support import ACCOUNT, REGION, bucket_policy, trail_arn

from lab.model import Json

SESSION = botocore.session.Session()
FOLDER = Path(__file__).resolve().parent.parent


class RunningLab:
    def __init__(self, *options: str, stdin: int | None = None) -> None:
        command = [sys.executable, "-m", "lab", "--port", "0", *options]
        self.process = subprocess.Popen(
            command, cwd=FOLDER, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self.process.stdout is not None
        self.ready: Json = json.loads(self.process.stdout.readline())
        self.endpoint: str = self.ready["endpoint"]

    def end(self) -> int:
        self.process.terminate()
        code = self.process.wait(timeout=5)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

    def ask(self, method: str, path: str, body: Json | None = None, timeout: float = 30) -> Any:
        """A control-plane call; errors come back as they are, with their status."""
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{self.endpoint}/_lab{path}", method=method, data=data)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return {"status": error.code, **json.load(error)}

    def aws(self, service: str, operation: str, **params: Any) -> Any:
        return self.ask("POST", "/aws", {"service": service, "operation": operation, "params": params})

    def client(
        self,
        service: str,
        key: str = ACCOUNT,
        secret: str = "lab",
        *,
        region: str = REGION,
        attempts: int = 1,
        patience: float = 10.0,
        token: str | None = None,
    ) -> Any:
        """An SDK client like anybody's: its calls are counted and hit by faults."""
        return SESSION.create_client(
            service,
            region_name=region,
            endpoint_url=self.endpoint,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=Config(
                retries={"total_max_attempts": attempts}, s3={"addressing_style": "path"}, read_timeout=patience
            ),
        )

    def session(self, role: str, by: Any, **more: Any) -> tuple[str, str, str]:
        """Key, secret and token of a session of the role, which the STS client `by` assumes."""
        made = by.assume_role(RoleArn=role, RoleSessionName="test", **more)["Credentials"]
        return made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]

    def client_of(self, session: tuple[str, str, str], service: str, region: str = REGION) -> Any:
        return self.client(service, *session[:2], token=session[2], region=region)

    def bucket(self, name: str, policy: str | None = None) -> None:
        self.aws("s3", "CreateBucket", Bucket=name)
        self.aws("s3", "PutBucketPolicy", Bucket=name, Policy=policy or bucket_policy(name))

    def trail(self, name: str = "main", bucket: str = "trail-logs", start: bool = True, **members: Any) -> None:
        answer = self.aws("cloudtrail", "CreateTrail", Name=name, S3BucketName=bucket, **members)
        assert answer.get("TrailARN") == trail_arn(name), answer
        if start:
            self.aws("cloudtrail", "StartLogging", Name=name)


def code(call: Any, **params: Any) -> str:
    try:
        call(**params)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return ""


class WithLab(unittest.TestCase):
    lab: RunningLab

    @classmethod
    def setUpClass(cls) -> None:
        cls.lab = RunningLab()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.lab.end()

    def setUp(self) -> None:
        self.lab.ask("POST", "/reset")
        self.lab.bucket("trail-logs")
        self.client = self.lab.client("cloudtrail")
