"""The front door holds back what the engine cannot bear, and answers in our form."""

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from infra.local.door import Door, PortInUse
from infra.local.visits import WAITING_AT_MOST, language

PREFIX = "/restapis/api123/local/_user_request_"
PROBLEM = "application/problem+json"


class Upstream(ThreadingHTTPServer):
    """A stand-in for the engine that says what it was asked, and misbehaves when the path tells it to."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.asked: list[dict[str, Any]] = []
        self.connections = 0
        self.together = 0
        self.most_together = 0
        self.gate = threading.Event()
        self.gate.set()
        self.counting = threading.Lock()


class Conversation(BaseHTTPRequestHandler):
    """One kept connection of the stand-in."""

    protocol_version = "HTTP/1.1"
    server: Upstream

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def log_message(self, *_: object) -> None:
        pass

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.server.counting:
            self.server.asked.append(
                {"method": self.command, "path": self.path, "headers": dict(self.headers), "body": body}
            )
            self.server.together += 1
            self.server.most_together = max(self.server.most_together, self.server.together)
        self.server.gate.wait(10)
        with self.server.counting:
            self.server.together -= 1
        status = int(self.path.rpartition("/status/")[2] or 200) if "/status/" in self.path else 200
        if self.path.endswith("/hangs-up"):
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        kind = PROBLEM if "/problem/" in self.path else "application/json"
        told = json.dumps({"message": "Traceback: secret", "code": "from_upstream"}).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(told)))
        self.send_header("Keep-Alive", "timeout=5")
        self.send_header("X-Hop", "only here")
        self.send_header("Connection", "X-Hop")
        self.send_header("ETag", '"1.0"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(told)

    do_GET = do_POST = do_PUT = do_HEAD = do_OPTIONS = do_PATCH = answer  # noqa: N815


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    server = Upstream()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield server
    server.gate.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def door(upstream: Upstream) -> Iterator[Door]:
    door = Door(f"http://127.0.0.1:{upstream.server_address[1]}", 0, "api123", "local")
    door.start()
    yield door
    upstream.gate.set()
    door.stop()


def ask(
    door: Door, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, **how: Any
) -> tuple[http.client.HTTPResponse, bytes]:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", door.port, timeout=15)) as connection:
        connection.request(method, path, body=body, headers=headers or {}, **how)
        answer = connection.getresponse()
        return answer, answer.read()


def speak(door: Door, *lines: bytes, until: bytes = b"") -> bytes:
    """Send raw bytes and return everything that comes back until the other side closes, or until a mark."""
    heard = b""
    with socket.create_connection(("127.0.0.1", door.port), timeout=10) as raw:
        raw.sendall(b"".join(lines))
        while not (until and until in heard) and (data := raw.recv(65536)):
            heard += data
    return heard


def test_a_request_reaches_the_stage_of_the_api_with_its_query_headers_and_body(
    door: Door, upstream: Upstream
) -> None:
    headers = {"Authorization": "Bearer t", "X-Request-Id": "r-1", "X-Amz-Target": "DynamoDB_20120810.Scan"}

    answer, told = ask(door, "POST", "/v1/orders?limit=1&limit=%32", b'{"a":1}', headers)

    asked = upstream.asked[0]
    assert (asked["method"], asked["path"], asked["body"]) == (
        "POST",
        f"{PREFIX}/v1/orders?limit=1&limit=%32",
        b'{"a":1}',
    )
    assert (asked["headers"]["Authorization"], asked["headers"]["X-Request-Id"]) == ("Bearer t", "r-1")
    assert "X-Amz-Target" not in asked["headers"]
    assert (answer.status, answer.headers["ETag"], answer.headers["X-Request-Id"]) == (200, '"1.0"', "r-1")
    assert b"from_upstream" in told


def test_headers_of_one_connection_and_the_engines_name_stay_behind(door: Door) -> None:
    answer, _ = ask(door, "GET", "/v1/health")

    assert {"X-Hop", "Keep-Alive", "Server", "Connection"}.isdisjoint(answer.headers)


@pytest.mark.parametrize("given", [None, "", "two words", "x" * 65, "日".encode().decode("latin-1")])
def test_a_request_without_an_acceptable_id_gets_one(
    door: Door, upstream: Upstream, given: str | None
) -> None:
    answer, _ = ask(door, "GET", "/v1/health", headers={} if given is None else {"X-Request-Id": given})

    assert len(answer.headers["X-Request-Id"]) == 32
    assert upstream.asked[0]["headers"]["X-Request-Id"] == answer.headers["X-Request-Id"]


def test_connections_are_kept_on_both_sides(door: Door, upstream: Upstream) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=10)

    sockets = set()
    for _ in range(5):
        connection.request("GET", "/v1/health")
        connection.getresponse().read()
        sockets.add(connection.sock)
    connection.close()

    assert len(sockets) == 1
    assert upstream.connections == 1


def test_a_chunked_body_arrives_whole(door: Door, upstream: Upstream) -> None:
    answer, _ = ask(door, "POST", "/v1/orders", iter([b'{"a"', b":", b"1}"]), encode_chunked=True)

    assert answer.status == 200
    assert upstream.asked[0]["body"] == b'{"a":1}'
    assert upstream.asked[0]["headers"]["Content-Length"] == "7"


def test_a_client_that_waits_for_continue_is_told_to(door: Door, upstream: Upstream) -> None:
    with socket.create_connection(("127.0.0.1", door.port), timeout=10) as raw:
        raw.sendall(
            b"POST /v1/orders HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
        )
        first = raw.recv(65536)
        raw.sendall(b"{}")
        second = raw.recv(65536)

    assert first.startswith(b"HTTP/1.1 100 ")
    assert second.startswith(b"HTTP/1.1 200 ")
    assert upstream.asked[0]["body"] == b"{}"


def test_pipelined_requests_are_answered_in_order(door: Door) -> None:
    one = b"GET /v1/status/201 HTTP/1.1\r\nHost: a\r\n\r\n"
    two = b"GET /v1/status/202 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

    heard = speak(door, one, two)

    assert heard.index(b"HTTP/1.1 201") < heard.index(b"HTTP/1.1 202")


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PATCH"])
def test_other_methods_pass(door: Door, upstream: Upstream, method: str) -> None:
    answer, told = ask(door, method, "/v1/orders")

    assert (answer.status, upstream.asked[0]["method"]) == (200, method)
    assert (told == b"") is (method == "HEAD")


def test_no_more_than_four_requests_are_with_the_engine_at_a_time(door: Door, upstream: Upstream) -> None:
    upstream.gate.clear()
    with ThreadPoolExecutor(12) as clients:
        answers = [clients.submit(ask, door, "GET", "/v1/orders") for _ in range(12)]
        wait_for(lambda: door.busy == 12 and upstream.together == 4)
        upstream.gate.set()
        statuses = [answer.result()[0].status for answer in answers]

    assert statuses == [200] * 12
    assert upstream.most_together == 4
    wait_for(lambda: door.busy == 0)


def test_a_full_queue_answers_503_with_retry_after(door: Door, upstream: Upstream) -> None:
    upstream.gate.clear()
    crowd = [socket.create_connection(("127.0.0.1", door.port)) for _ in range(4 + WAITING_AT_MOST)]
    for one in crowd:
        one.sendall(b"GET /v1/orders HTTP/1.1\r\nHost: a\r\n\r\n")
    wait_for(lambda: door.busy == len(crowd))

    answer, told = ask(door, "GET", "/v1/orders")

    assert (answer.status, answer.headers["Retry-After"], code(told)) == (503, "1", "unavailable")
    for one in crowd:
        one.close()


def test_a_body_over_the_limit_of_the_gateway_is_413_however_it_is_sent(upstream: Upstream) -> None:
    door = Door(f"http://127.0.0.1:{upstream.server_address[1]}", 0, "api123", "local", max_body=1_000_000)
    door.start()
    large = b"x" * 2_000_000

    declared, told = ask(door, "POST", "/v1/orders", large)
    chunked, _ = ask(door, "POST", "/v1/orders", iter([large]), encode_chunked=True)
    door.stop()

    assert (declared.status, chunked.status, code(told)) == (413, 413, "too_large")
    assert upstream.asked == []


def test_a_body_that_would_not_fit_the_event_is_413(door: Door, upstream: Upstream) -> None:
    plain, _ = ask(door, "POST", "/v1/orders", b"x" * 5_000_000)
    quotes, told = ask(door, "POST", "/v1/orders", b'"' * 5_000_000)

    assert (plain.status, quotes.status, code(told)) == (200, 413, "too_large")
    assert len(upstream.asked) == 1


def test_headers_over_the_limit_are_431(door: Door) -> None:
    answer, told = ask(door, "GET", "/v1/orders", headers={"X-Long": "x" * 11_000})

    assert (answer.status, code(told)) == (431, "too_large")


@pytest.mark.parametrize(
    "raw",
    [
        b"NONSENSE\r\n\r\n",
        b"GET /v1/orders HTTP/1.1\r\n\r\n",
        b"GET /v1/orders HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n",
        b"POST /v1/orders HTTP/1.1\r\nHost: a\r\nContent-Length: many\r\n\r\n",
        b"POST /v1/orders HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST /v1/orders HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"POST /v1/orders HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
    ],
)
def test_broken_http_is_a_problem_and_the_connection_ends(door: Door, upstream: Upstream, raw: bytes) -> None:
    heard = speak(door, raw)

    head, _, told = heard.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"connection: close" in head.lower()
    assert code(told) == "malformed"
    assert upstream.asked == []


def test_only_v1_is_behind_the_door(door: Door, upstream: Upstream) -> None:
    answers = [ask(door, "GET", path) for path in ("/", "/_ministack/health", "/v12/x", "/restapis/x")]

    assert {(answer.status, code(told)) for answer, told in answers} == {(404, "not_found")}
    assert upstream.asked == []


@pytest.mark.parametrize(
    ("status", "shown", "says"),
    [
        (500, 500, "internal_error"),
        (502, 500, "internal_error"),
        (503, 503, "unavailable"),
        (504, 503, "unavailable"),
    ],
)
def test_an_engine_error_is_told_in_our_words(door: Door, status: int, shown: int, says: str) -> None:
    answer, told = ask(door, "GET", f"/v1/status/{status}", headers={"X-Request-Id": "r-1"})

    problem = json.loads(told)
    assert (answer.status, answer.headers["Content-Type"]) == (shown, PROBLEM)
    assert (problem["code"], problem["type"], problem["status"]) == (says, f"urn:soms:problem:{says}", shown)
    assert (problem["request_id"], problem["instance"], problem["errors"]) == (
        "r-1",
        f"/v1/status/{status}",
        [],
    )
    assert ("Retry-After" in answer.headers) is (shown == 503)
    assert b"secret" not in told


def test_a_problem_of_our_own_passes_as_it_is(door: Door) -> None:
    answer, told = ask(door, "GET", "/v1/problem/status/503")

    assert (answer.status, code(told)) == (503, "from_upstream")


def test_an_engine_that_hangs_up_or_is_away_is_unavailable(door: Door) -> None:
    away = Door("http://127.0.0.1:9", 0, "api123", "local")
    away.start()

    answers = [
        ask(door, "GET", "/v1/hangs-up"),
        ask(away, "GET", "/v1/orders"),
        ask(door, "GET", "/v1/orders"),
    ]
    away.stop()

    assert [answer.status for answer, _ in answers] == [503, 503, 200]


def test_problems_speak_the_language_that_is_asked_for(door: Door) -> None:
    _, told = ask(door, "GET", "/v1/status/500", headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"})

    assert json.loads(told)["title"] == "系统出错"


@pytest.mark.parametrize(
    ("accepted", "spoken"),
    [
        (b"", "en"),
        (b"de", "en"),
        (b"zh", "zh"),
        (b"en;q=0.5, zh;q=0.7", "zh"),
        (b"zh;q=0.1,en", "en"),
        (b"zh;q=x", "zh"),
    ],
)
def test_the_preferred_of_two_languages_is_spoken(accepted: bytes, spoken: str) -> None:
    chosen = language(accepted)

    assert chosen == spoken


def test_a_port_that_is_taken_is_named(door: Door) -> None:
    second = Door("http://127.0.0.1:9", door.port, "api123", "local")

    with pytest.raises(PortInUse, match=str(door.port)):
        second.start()


def test_a_request_in_flight_is_answered_before_the_door_closes(door: Door, upstream: Upstream) -> None:
    upstream.gate.clear()
    idle = socket.create_connection(("127.0.0.1", door.port))
    with ThreadPoolExecutor(2) as people:
        asking = people.submit(ask, door, "GET", "/v1/orders")
        wait_for(lambda: upstream.together == 1)
        closing = people.submit(door.stop)
        time.sleep(0.1)
        upstream.gate.set()
        answer, _ = asking.result()
        closing.result()

    assert (answer.status, answer.headers["Connection"]) == (200, "close")
    assert idle.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        ask(door, "GET", "/v1/orders")
    idle.close()


def code(told: bytes) -> str:
    return str(json.loads(told)["code"])


def wait_for(condition: Any) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.01)
