"""The door of the lab: control plane or AWS, and around every AWS call the call log, what refuses it out of hand
(bad keys, limits), and the faults.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import uuid
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any
from urllib.parse import parse_qs

from lab import wire
from lab.clock import Clock
from lab.errors import AwsError
from lab.faults import Fault, Faults
from lab.trace import Call, Trace

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Control = Callable[[str, str, dict[str, list[str]], bytes], Awaitable[tuple[int, bytes]]]
Refusal = Callable[[Call], AwsError | None]

log = logging.getLogger("lab")
# Calls the lab makes to itself (POST /_lab/aws) carry this: they are neither counted nor hit by faults.
FIXTURE_HEADER = "x-lab-fixture"
# Set in a scope whose connection must be closed without an answer; server.py teaches hypercorn to do so.
ABORT = "lab.abort"


class Door:
    """`refusals` are asked in their order about each call before anything else happens to it."""

    def __init__(
        self,
        aws: Any,
        control: Control,
        trace: Trace,
        faults: Faults,
        clock: Clock,
        account_of: Callable[[str], str],
        refusals: Sequence[Refusal],
    ) -> None:
        self._aws = aws
        self._control = control
        self._trace = trace
        self._faults = faults
        self._clock = clock
        self._account_of = account_of
        self._refusals = refusals
        self.fixture_token = secrets.token_hex(16)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _http(self, scope: Message, receive: Receive, send: Send) -> None:
        body = await _read(receive)
        if body is None:
            return
        query = parse_qs(scope.get("query_string", b"").decode(), keep_blank_values=True)
        if scope["path"].startswith("/_lab/"):
            status, answer = await self._control(scope["method"], scope["path"], query, body)
            await _answer(send, status, {"content-type": "application/json"}, answer)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        again = _Replay(body, receive)
        # Paths with an underscore in front are ministack's own, no bucket can be named so.
        if headers.get(FIXTURE_HEADER) == self.fixture_token or scope["path"].startswith("/_"):
            await self._aws(scope, again, send)
            return
        call = wire.identify(scope["method"], scope["path"], query, headers, body, self._account_of)
        call.time, call.request_id = self._clock.now(), str(uuid.uuid4())
        self._trace.add(call)
        refused = next((found for refusal in self._refusals if (found := refusal(call))), None)
        if refused is not None:
            call.code = refused.code
            await _answer_error(send, call, scope["method"], refused, {})
            return
        fault = self._faults.take(call)
        if fault is None:
            await self._aws(scope, again, _Watch(call, send))
        else:
            await self._faulty(fault, call, scope, again, send)

    async def _faulty(self, fault: Fault, call: Call, scope: Message, receive: _Replay, send: Send) -> None:
        call.fault = fault.id
        if fault.phase == "after":
            watch = _Watch(call, send, hold=True)
            await self._aws(scope, receive, watch)
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.hang:
            await _hang(fault, receive)
            call.code = call.code or "ConnectionClosed"
            scope[ABORT] = True
        elif fault.answers:
            call.code = fault.code
            retry = {} if fault.retry_after is None else {"retry-after": f"{fault.retry_after:g}"}
            await _answer_error(send, call, scope["method"], AwsError(fault.code, fault.message, fault.status), retry)
        elif fault.phase == "after":
            await watch.release()
        else:
            await self._aws(scope, receive, _Watch(call, send))


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return


async def _read(receive: Receive) -> bytes | None:
    """The whole body; None when the client went away in the middle of it."""
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _answer(send: Send, status: int, headers: dict[str, str], body: bytes) -> None:
    listed = [(name.encode(), value.encode()) for name, value in headers.items()]
    listed.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": listed})
    await send({"type": "http.response.body", "body": body})


async def _answer_error(send: Send, call: Call, method: str, error: AwsError, extra: dict[str, str]) -> None:
    headers, body = wire.error_answer(call.protocol, error.code, error.message, call.request_id)
    headers |= {"x-amzn-requestid": call.request_id, **extra}
    await _answer(send, error.status, headers, b"" if method == "HEAD" else body)


async def _hang(fault: Fault, receive: _Replay) -> None:
    """Until the fault is deleted or the client goes away, whichever is first."""
    fault.hanging += 1
    released = asyncio.ensure_future(fault.released.wait())
    gone = asyncio.ensure_future(receive.gone())
    try:
        await asyncio.wait({released, gone}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        fault.hanging -= 1
        released.cancel()
        gone.cancel()


class _Replay:
    """Gives a body that was already read to the next reader."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}

    async def gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass


class _Watch:
    """Passes an answer on, noting its error code; with `hold` it keeps the answer back."""

    def __init__(self, call: Call, send: Send, *, hold: bool = False) -> None:
        self._call = call
        self._send = send
        self._held: list[Message] | None = [] if hold else None
        self._status = 0
        self._headers: dict[str, str] = {}
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            if self._status >= 400:
                self._headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in message["headers"]}
        elif self._status >= 400:
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                self._call.code = wire.error_code(self._call.protocol, self._status, self._headers, self._body)
        if self._held is None:
            await self._send(message)
        else:
            self._held.append(message)

    async def release(self) -> None:
        for message in self._held or []:
            await self._send(message)
