"""What the front door does with one request: limits, a place in the queue, and answers in our form."""

import asyncio
import json
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import h11
from soms.kit.problems import Malformed, NotFound, Problem, TooLarge, Unavailable, Words

from infra.local.upstream import NoAnswer, Upstream
from infra.local.wire import BodyTooLarge, Headers, Reply, Wire, end_to_end

PAYLOAD_BYTES = 6 * 1024 * 1024
"""What Lambda takes: the event that holds the body as a JSON string."""
EVENT_BYTES = 8 * 1024
"""What else such an event holds, about."""
HEADER_BYTES = 10240
"""What API Gateway takes of the request line and the headers together."""
HELD_BYTES = 128 * 1024 * 1024
WAITING_AT_MOST = 256
BODY_SECONDS = 30
PROBLEM_TYPE = b"application/problem+json"
REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
NOT_PASSED_ON = frozenset({b"host", b"content-length", b"expect", b"x-request-id", b"x-amz-target"})
NOT_PASSED_BACK = frozenset({b"content-length", b"server", b"x-request-id"})
ESCAPED = (b'"', b"\\", b"\n", b"\r", b"\t")
BROKEN: Words = ("The request is not valid HTTP.", "请求不是有效的 HTTP。")
SLOW: Words = ("The body did not arrive in time.", "请求体未能及时送达。")
PASSING = frozenset({503, 504})


class HeadersTooLarge(TooLarge):
    """The request line and the headers together are larger than API Gateway takes."""

    status = 431


class Visits:
    """All requests at the door: how many there are, and how each is answered."""

    def __init__(
        self,
        upstream: Upstream,
        prefix: bytes,
        *,
        in_flight: int,
        max_body: int,
        log: Callable[[str], None],
    ) -> None:
        """Let `in_flight` requests at a time through to `prefix` + their path."""
        self.busy = 0
        self.nobody = asyncio.Event()
        self.nobody.set()
        self._upstream = upstream
        self._prefix = prefix
        self._most = in_flight + WAITING_AT_MOST
        self._max_body = max_body
        self._places = asyncio.Semaphore(in_flight)
        self._held = 0
        self._log = log

    async def answer(self, wire: Wire, asked: h11.Request) -> Reply:
        """Return the answer to one request, whatever happens to it."""
        request_id = request_id_of(asked)
        try:
            return await self._forwarded(wire, asked, request_id)
        except Problem as problem:
            return refusal(problem, asked, request_id)

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count a request from its head until its answer is sent."""
        self.busy += 1
        self.nobody.clear()
        try:
            yield
        finally:
            self.busy -= 1
            if not self.busy:
                self.nobody.set()

    async def _forwarded(self, wire: Wire, asked: h11.Request, request_id: bytes) -> Reply:
        body = await self._body(wire, asked)
        if not re.match(rb"/v1[/?]", asked.target):
            raise NotFound
        self._held += len(body)
        try:
            async with self._places:
                reply = await self._upstream.ask(
                    asked.method, self._prefix + asked.target, _passed_on(asked, request_id), body
                )
        except NoAnswer as error:
            self._log(f"request {request_id.decode()}: the engine gave no answer ({error.__cause__!r})")
            raise Unavailable from error
        finally:
            self._held -= len(body)
        if reply.status >= Problem.status and not reply.header(b"content-type").startswith(PROBLEM_TYPE):
            self._log(f"request {request_id.decode()}: the engine answered {reply.status}")
            raise Unavailable if reply.status in PASSING else Problem
        return _passed_back(reply, asked, request_id)

    async def _body(self, wire: Wire, asked: h11.Request) -> bytes:
        if _head_size(asked) > HEADER_BYTES:
            raise HeadersTooLarge
        declared = _declared(asked)
        if declared > self._max_body:
            raise TooLarge
        if self.busy > self._most or self._held + declared > HELD_BYTES:
            raise Unavailable
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await wire.body(self._max_body)
        except BodyTooLarge:
            raise TooLarge from None
        except TimeoutError:
            raise Malformed(detail=SLOW) from None
        if event_size(body) > PAYLOAD_BYTES:
            raise TooLarge
        return body


def event_size(body: bytes) -> int:
    """Return about how many bytes the Lambda event for this body has."""
    return EVENT_BYTES + len(body) + sum(body.count(character) for character in ESCAPED)


def request_id_of(asked: h11.Request | None) -> bytes:
    """Return the client's own request id if it is acceptable, else a new one."""
    own = _header(asked, b"x-request-id") if asked else b""
    return own if REQUEST_ID.fullmatch(own) else uuid.uuid4().hex.encode()


def broken(error: h11.RemoteProtocolError, asked: h11.Request | None) -> Reply:
    """Return the answer to something that is not HTTP, or too much of it."""
    too_large = error.error_status_hint == HeadersTooLarge.status
    problem = HeadersTooLarge() if too_large else Malformed(detail=BROKEN)
    return refusal(problem, asked, request_id_of(asked))


def refusal(problem: Problem, asked: h11.Request | None, request_id: bytes) -> Reply:
    """Return a problem in the client's language."""
    spoken = language(_header(asked, b"accept-language")) if asked else "en"
    path = asked.target.partition(b"?")[0].decode("ascii", "replace") if asked else ""
    told = problem.told(spoken, instance=path, request_id=request_id.decode())
    headers = [
        (b"Content-Type", PROBLEM_TYPE),
        (b"Content-Language", spoken.encode()),
        (b"Cache-Control", b"no-store"),
        (b"X-Request-Id", request_id),
    ]
    if problem.retry_after is not None:
        headers.append((b"Retry-After", str(problem.retry_after).encode()))
    return Reply(problem.status, headers, json.dumps(told, ensure_ascii=False).encode())


def language(accepted: bytes) -> str:
    """Return `zh` or `en`, whichever an Accept-Language header prefers."""
    best = ("en", 0.0)
    for part in accepted.decode("ascii", "replace").lower().split(","):
        tag, _, parameters = part.partition(";")
        weight = 1.0
        with suppress(ValueError):
            weight = float(parameters.replace(" ", "").removeprefix("q="))
        spoken = tag.strip()[:2]
        if spoken in {"zh", "en"} and weight > best[1]:
            best = (spoken, weight)
    return best[0]


def _passed_on(asked: h11.Request, request_id: bytes) -> Headers:
    headers = [
        (name, value)
        for name, value in end_to_end(list(asked.headers.raw_items()))
        # These would steer the engine itself, not the API behind it.
        if name.lower() not in NOT_PASSED_ON and not name.lower().startswith(b"x-ministack-")
    ]
    return [*headers, (b"X-Request-Id", request_id)]


def _passed_back(reply: Reply, asked: h11.Request, request_id: bytes) -> Reply:
    told = reply.header(b"x-request-id") or request_id
    headers = [pair for pair in end_to_end(reply.headers) if pair[0].lower() not in NOT_PASSED_BACK]
    headers.append((b"X-Request-Id", told))
    if asked.method == b"HEAD" and (length := reply.header(b"content-length")):
        headers.append((b"Content-Length", length))
    return Reply(reply.status, headers, reply.body)


def _head_size(asked: h11.Request) -> int:
    return len(asked.target) + sum(len(name) + len(value) + 4 for name, value in asked.headers)


def _declared(asked: h11.Request) -> int:
    return int(_header(asked, b"content-length") or 0)


def _header(asked: h11.Request, name: bytes) -> bytes:
    return next((value for one, value in asked.headers if one == name), b"")
