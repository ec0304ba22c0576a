"""HTTP/1.1 messages over one kept connection, for both sides of the door (h11 speaks, asyncio carries)."""

import asyncio
import contextlib
from dataclasses import dataclass

import h11

READ_BYTES = 65536
HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)

Headers = list[tuple[bytes, bytes]]


class BodyTooLarge(ValueError):
    """The message is larger than what is taken."""


@dataclass(frozen=True)
class Reply:
    """A whole answer."""

    status: int
    headers: Headers
    body: bytes

    def header(self, name: bytes) -> bytes:
        """Return the value of a header, empty if it is not there."""
        return next((value for one, value in self.headers if one.lower() == name), b"")


def end_to_end(headers: Headers) -> Headers:
    """Return the headers without those that concern one connection only."""
    named = {
        token.strip().lower()
        for name, value in headers
        if name.lower() == b"connection"
        for token in value.split(b",")
    }
    dropped = HOP_BY_HOP | named
    return [(name, value) for name, value in headers if name.lower() not in dropped]


class Wire:
    """One connection, as a server or as a client."""

    def __init__(
        self,
        role: type[h11.CLIENT] | type[h11.SERVER],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        header_bytes: int,
    ) -> None:
        """Speak HTTP as `role` over an open connection."""
        self.speech = h11.Connection(role, max_incomplete_event_size=header_bytes)
        self._reader = reader
        self._writer = writer

    async def head(self) -> h11.Request | h11.Response | None:
        """Return the next message's head, None when the other side left between two messages."""
        while True:
            event = self.speech.next_event()
            if event is h11.NEED_DATA:
                self.speech.receive_data(await self._reader.read(READ_BYTES))
            elif isinstance(event, h11.Request | h11.Response):
                return event
            elif isinstance(event, h11.ConnectionClosed):
                return None

    async def body(self, at_most: int) -> bytes:
        """Return the rest of the message, or raise BodyTooLarge."""
        parts: list[bytes] = []
        size = 0
        while True:
            event = self.speech.next_event()
            if event is h11.NEED_DATA:
                if self.speech.they_are_waiting_for_100_continue:
                    await self.send(h11.InformationalResponse(status_code=100, headers=[]))
                self.speech.receive_data(await self._reader.read(READ_BYTES))
            elif isinstance(event, h11.Data):
                size += len(event.data)
                if size > at_most:
                    raise BodyTooLarge
                parts.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                return b"".join(parts)

    async def send(self, *events: h11.Event) -> None:
        """Send parts of a message in one write."""
        self._writer.write(b"".join(self.speech.send(event) or b"" for event in events))
        await self._writer.drain()

    def next_cycle(self) -> bool:
        """Prepare for the next message on this connection; False when it cannot be kept."""
        if self.speech.our_state is h11.DONE and self.speech.their_state is h11.DONE:
            self.speech.start_next_cycle()
            return True
        return False

    def is_stale(self) -> bool:
        """Whether the other side has closed an idle connection."""
        return self._reader.at_eof() or self._writer.is_closing()

    async def swallow(self, at_most: int) -> None:
        """Read on for a while, so that a sender in full flow gets to see the answer."""
        with contextlib.suppress(OSError):
            if self._writer.can_write_eof():
                self._writer.write_eof()
            while at_most > 0 and (data := await self._reader.read(READ_BYTES)):
                at_most -= len(data)

    def close(self) -> None:
        """Close the connection."""
        with contextlib.suppress(OSError, RuntimeError):
            self._writer.close()
