"""The API over HTTP, on kept connections, with the token of whoever acts."""

import http.client
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

TOKEN_SECONDS = 200.0
PATIENCE_SECONDS = 60.0
ATTEMPTS = 8
BUSY = frozenset({429, 503})


class Unreachable(RuntimeError):
    """Nobody answers; the message says where and how to mend it."""


@dataclass(frozen=True)
class Answer:
    """What came back; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: dict[str, object]

    @property
    def is_good(self) -> bool:
        """Tell whether the request was carried out."""
        return 200 <= self.status < 300  # noqa: PLR2004

    @property
    def is_replayed(self) -> bool:
        """Tell whether this is the outcome of an earlier request."""
        return self.headers.get("idempotency-replayed") == "true"

    @property
    def code(self) -> str:
        """Return the code of a refusal."""
        return str(self.body.get("code", self.status))


class Client:
    """Sends requests; each thread has a connection of its own."""

    def __init__(self, base_url: str, token: Callable[[str], str]) -> None:
        """Talk to `base_url`, such as http://127.0.0.1:8787/v1, with the tokens that `token(group)` gives."""
        parts = urlsplit(base_url)
        self.base_url, self._base = base_url, parts.path.rstrip("/")
        self._host, self._port, self._secure = parts.hostname or "", parts.port, parts.scheme == "https"
        self._token, self._tokens = token, dict[str, tuple[str, float]]()
        self._turn, self._own = threading.Lock(), threading.local()

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        as_: str,
        key: str | None = None,
        etag: str | None = None,
    ) -> Answer:
        """Send one request, again while the system is busy; raise Unreachable when that does not help."""
        headers = {"Authorization": f"Bearer {self._bearer(as_)}", "Accept-Language": "en"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if key is not None:
            headers["Idempotency-Key"] = key
        if etag is not None:
            headers["If-Match"] = etag
        text = None if body is None else json.dumps(body)
        reason = "busy"
        for attempt in range(ATTEMPTS):
            try:
                answer = self._exchange(method, path, text, headers)
            except (OSError, http.client.HTTPException) as failed:
                self.hang_up()
                reason = str(failed) or type(failed).__name__
                time.sleep(0.2 * attempt)
                continue
            if answer.status not in BUSY:
                return answer
            time.sleep(float(answer.headers.get("retry-after", "1")))
        message = f"{self.base_url} does not answer {method} {path}: {reason}"
        raise Unreachable(message)

    def hang_up(self) -> None:
        """Close this thread's connection; the next request opens another."""
        self._line().close()
        self._own.line = None

    def _exchange(self, method: str, path: str, text: str | None, headers: Mapping[str, str]) -> Answer:
        line = self._line()
        line.request(method, f"{self._base}{path}", text, dict(headers))
        answer = line.getresponse()
        told = answer.read()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, found, json.loads(told) if told else {})

    def _line(self) -> http.client.HTTPConnection:
        line: http.client.HTTPConnection | None = getattr(self._own, "line", None)
        if line is None:
            kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
            line = self._own.line = kind(self._host, self._port, timeout=PATIENCE_SECONDS)
        return line

    def _bearer(self, group: str) -> str:
        with self._turn:
            token, since = self._tokens.get(group, ("", -TOKEN_SECONDS))
            if time.monotonic() - since >= TOKEN_SECONDS:
                token = self._token(group)
                self._tokens[group] = token, time.monotonic()
            return token
