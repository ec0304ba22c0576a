"""The front door: HTTP on 127.0.0.1 that lets a few requests at a time through to the engine's REST API."""

import asyncio
import contextlib
import errno
import threading
from collections.abc import Callable

import h11

from infra.local.upstream import Upstream
from infra.local.visits import HEADER_BYTES, Visits, broken
from infra.local.wire import Reply, Wire

REQUEST_BYTES = 10 * 1024 * 1024
"""What API Gateway takes."""
HEAD_SECONDS = 75
ANSWER_SECONDS = 35
STOP_SECONDS = 5
SWALLOWED_BYTES = 32 * 1024 * 1024
BODYLESS = frozenset({204, 304})


class PortInUse(RuntimeError):
    """Somebody else listens on the port."""


class Door:
    """A server in a thread of its own, in front of one stage of one REST API."""

    def __init__(
        self,
        upstream: str,
        port: int,
        api_id: str,
        stage: str,
        *,
        in_flight: int = 4,
        max_body: int = REQUEST_BYTES,
        log: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Listen on `port` (0 for any) and let at most `in_flight` requests through at a time."""
        self.port = port
        self._upstream = Upstream(upstream, seconds=ANSWER_SECONDS)
        self._answers = Visits(
            self._upstream,
            f"/restapis/{api_id}/{stage}/_user_request_".encode(),
            in_flight=in_flight,
            max_body=max_body,
            log=log,
        )
        self._ready = threading.Event()
        self._refused: OSError | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = asyncio.Event()
        self._visitors: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="door", daemon=True)

    @property
    def busy(self) -> int:
        """How many requests wait or are being answered."""
        return self._answers.busy

    def start(self) -> None:
        """Return when the door is open, or raise PortInUse."""
        self._thread.start()
        self._ready.wait()
        if self._refused is None:
            return
        if self._refused.errno != errno.EADDRINUSE:
            raise self._refused
        message = f"port {self.port} on 127.0.0.1 is taken: stop what listens there, or choose another one"
        raise PortInUse(message)

    def stop(self) -> None:
        """Close the door; requests in flight get five seconds to end."""
        if self._loop is not None and self._thread.is_alive():
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._closing.set)
            self._thread.join()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        try:
            server = await asyncio.start_server(self._welcome, "127.0.0.1", self.port, backlog=512)
        except OSError as error:
            self._refused = error
            self._ready.set()
            return
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._closing.wait()
        server.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await self._answers.nobody.wait()
        for visitor in self._visitors:
            visitor.cancel()
        await asyncio.gather(*self._visitors, return_exceptions=True)
        self._upstream.close()

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = Wire(h11.SERVER, reader, writer, header_bytes=HEADER_BYTES)
        visitor = asyncio.current_task()
        if visitor is not None:
            self._visitors.add(visitor)
            visitor.add_done_callback(self._visitors.discard)
        with contextlib.suppress(OSError, h11.LocalProtocolError, asyncio.CancelledError):
            while await self._visit(wire):
                pass
        wire.close()

    async def _visit(self, wire: Wire) -> bool:
        """Answer one request; False when the connection ends with it."""
        asked: h11.Request | None = None
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                head = await wire.head()
            if not isinstance(head, h11.Request):
                return False
            asked = head
            with self._answers.counted():
                await self._send(wire, await self._answers.answer(wire, asked), asked)
        except h11.RemoteProtocolError as error:
            await self._send(wire, broken(error, asked), asked)
        if wire.next_cycle():
            return not self._closing.is_set()
        if wire.speech.their_state is not h11.MUST_CLOSE:
            async with asyncio.timeout(STOP_SECONDS):
                await wire.swallow(SWALLOWED_BYTES)
        return False

    async def _send(self, wire: Wire, reply: Reply, asked: h11.Request | None) -> None:
        headers = list(reply.headers)
        is_head = asked is not None and asked.method == b"HEAD"
        if reply.status not in BODYLESS and not reply.header(b"content-length"):
            headers.append((b"Content-Length", str(len(reply.body)).encode()))
        if self._closing.is_set() or wire.speech.their_state is not h11.DONE:
            headers.append((b"Connection", b"close"))
        body = [] if is_head or reply.status in BODYLESS or not reply.body else [h11.Data(data=reply.body)]
        await wire.send(h11.Response(status_code=reply.status, headers=headers), *body, h11.EndOfMessage())
