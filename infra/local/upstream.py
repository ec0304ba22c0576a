"""The engine's side of the front door: a few kept connections to its REST API."""

import asyncio
import contextlib
import time
from collections import deque
from urllib.parse import urlsplit

import h11

from infra.local.wire import BodyTooLarge, Headers, Reply, Wire

KEPT_SECONDS = 30
"""Shorter than the engine keeps an idle connection, so that a request never meets one just closing."""
HEADER_BYTES = 128 * 1024
ANSWER_BYTES = 64 * 1024 * 1024


class NoAnswer(RuntimeError):
    """The engine gave no whole answer."""


class Upstream:
    """Connections to one address, each used by one request at a time."""

    def __init__(self, address: str, *, seconds: float) -> None:
        """Ask `address` (http://host:port) and wait at most `seconds` for a whole answer."""
        parts = urlsplit(address)
        self._host = parts.hostname or "127.0.0.1"
        self._port = parts.port or 80
        self._seconds = seconds
        self._idle: deque[tuple[float, Wire]] = deque()

    async def ask(self, method: bytes, target: bytes, headers: Headers, body: bytes) -> Reply:
        """Send one request and return the whole answer, or raise NoAnswer."""
        wire: Wire | None = None
        try:
            async with asyncio.timeout(self._seconds):
                wire = await self._wire()
                answer = await self._exchange(wire, method, target, headers, body)
        except (OSError, BodyTooLarge, h11.ProtocolError) as error:
            raise NoAnswer from error
        finally:
            if wire is not None:
                self._keep_or_close(wire)
        return answer

    def close(self) -> None:
        """Close what is kept."""
        while self._idle:
            self._idle.popleft()[1].close()

    async def _exchange(
        self, wire: Wire, method: bytes, target: bytes, headers: Headers, body: bytes
    ) -> Reply:
        own = [(b"Host", f"{self._host}:{self._port}".encode())]
        if body or method not in {b"GET", b"HEAD", b"OPTIONS", b"DELETE"}:
            own.append((b"Content-Length", str(len(body)).encode()))
        request = h11.Request(method=method, target=target, headers=own + headers)
        await wire.send(request, *([h11.Data(data=body)] if body else []), h11.EndOfMessage())
        head = await wire.head()
        if not isinstance(head, h11.Response):
            raise ConnectionResetError
        return Reply(head.status_code, list(head.headers.raw_items()), await wire.body(ANSWER_BYTES))

    async def _wire(self) -> Wire:
        while self._idle:
            since, wire = self._idle.pop()
            if time.monotonic() - since < KEPT_SECONDS and not wire.is_stale():
                return wire
            wire.close()
        reader, writer = await asyncio.open_connection(self._host, self._port)
        return Wire(h11.CLIENT, reader, writer, header_bytes=HEADER_BYTES)

    def _keep_or_close(self, wire: Wire) -> None:
        kept = False
        with contextlib.suppress(h11.ProtocolError):
            kept = wire.next_cycle()
        if kept:
            self._idle.append((time.monotonic(), wire))
        else:
            wire.close()
