"""Starts and ends the process: environment, socket, signals, temporary folder."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

# ministack falls back to this account for keys that are neither an account id nor one it issued.
DEFAULT_ACCOUNT = "111122223333"
_GRACE_SECONDS = 0.7


def run(host: str, port: int, *, auth: bool, watch_stdin: bool) -> None:
    scratch = tempfile.mkdtemp(prefix=f"lab-{os.getpid()}-")
    try:
        listener = _listen(host, port)
        _set_environment(scratch, host, listener.getsockname()[1], auth=auth)
        asyncio.run(_serve(listener, host, auth=auth, watch_stdin=watch_stdin))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(256)
    listener.set_inheritable(True)
    return listener


def _set_environment(scratch: str, host: str, port: int, *, auth: bool) -> None:
    """ministack reads all of this at import, so it comes first. Nothing else listens, nothing is kept."""
    os.environ.update(
        AUTH=str(auth).lower(),
        BIND_HOST=host,
        GATEWAY_PORT=str(port),
        MINISTACK_HOST=host,
        MINISTACK_ACCOUNT_ID=DEFAULT_ACCOUNT,
        MINISTACK_REGION="us-east-1",
        SFTP_ENABLED="0",
        IOT_MTLS_ENABLED="0",
        PERSIST_STATE="0",
        S3_PERSIST="0",
        STATE_DIR=str(Path(scratch, "state")),
        S3_DATA_DIR=str(Path(scratch, "s3")),
        TMPDIR=scratch,
        LOG_LEVEL=os.environ.get("LOG_LEVEL", "WARNING"),
        # botocore must not look for credentials or regions of this machine.
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        os.environ.pop(name, None)
    tempfile.tempdir = scratch


async def _serve(listener: socket.socket, host: str, *, auth: bool, watch_stdin: bool) -> None:
    # Late on purpose: these pull in ministack, which has read its environment by then.
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    from lab.lab import Lab

    _teach_abort()
    lab = Lab(auth=auth)
    port = listener.getsockname()[1]
    lab.fixtures.endpoint = f"http://{host}:{port}"
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.accesslog = None
    config.errorlog = logging.getLogger("hypercorn.error")
    config.loglevel = os.environ["LOG_LEVEL"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = _GRACE_SECONDS / 2
    config.shutdown_timeout = _GRACE_SECONDS / 2
    stop = asyncio.Event()
    _watch_for_the_end(stop, watch_stdin=watch_stdin)
    ready = json.dumps({"endpoint": lab.fixtures.endpoint, "pid": os.getpid()})
    # The socket listens already, so a client that connects on this line is served.
    print(ready, flush=True)
    await serve(lab.door, config, shutdown_trigger=stop.wait)


def _watch_for_the_end(stop: asyncio.Event, *, watch_stdin: bool) -> None:
    loop = asyncio.get_running_loop()

    def end() -> None:
        # Clients that keep connections open must not keep the lab; the scratch folder goes in any case.
        stop.set()
        timer = threading.Timer(_GRACE_SECONDS, _exit_now)
        timer.daemon = True
        timer.start()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    if watch_stdin:
        threading.Thread(target=_read_stdin, args=(lambda: loop.call_soon_threadsafe(end),), daemon=True).start()


def _read_stdin(at_end: Callable[[], object]) -> None:
    """Not through sys.stdin: Python aborts at exit when a thread still holds its lock."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    at_end()


def _exit_now() -> None:
    shutil.rmtree(tempfile.gettempdir(), ignore_errors=True)
    os._exit(0)


def _teach_abort() -> None:
    """hypercorn answers 500 for an app that sends nothing; a fault that hangs must close the connection instead."""
    from hypercorn.protocol.events import StreamClosed
    from hypercorn.protocol.http_stream import HTTPStream

    from lab.asgi import ABORT

    answer_error = HTTPStream._send_error_response

    async def close_or_answer(stream: Any, status: int) -> None:
        if stream.scope.get(ABORT):
            await stream.send(StreamClosed(stream_id=stream.stream_id))
        else:
            await answer_error(stream, status)

    HTTPStream._send_error_response = close_or_answer
