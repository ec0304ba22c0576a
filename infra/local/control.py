"""The supervisor's own small door on 127.0.0.1, through which the `soms` command asks it to drain."""

import http.client
import json
import secrets
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HEADER = "X-Control-Token"
GRACE_SECONDS = 30

Answering = Callable[[Mapping[str, float]], Mapping[str, object]]


class Control:
    """Answers `POST /<command>` with JSON; only who can read the status file knows the token."""

    def __init__(self, commands: Mapping[str, Answering]) -> None:
        """Listen on a free port; requests are answered once it is started."""
        self.token = secrets.token_urlsafe(24)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self.token, commands))
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(1.0,), daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()


def _handler(token: str, commands: Mapping[str, Answering]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            command = commands.get(self.path.strip("/"))
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if not secrets.compare_digest(self.headers.get(HEADER, ""), token):
                self._answer(403, {"error": "wrong token"})
            elif command is None:
                self._answer(404, {"error": "no such command"})
            else:
                self._answer(200, command(json.loads(body or b"{}")))

        def _answer(self, status: int, body: Mapping[str, object]) -> None:
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing: the command that asks prints the answer."""

    return Handler


def ask(port: int, token: str, command: str, patience: float = 0.0, **arguments: float) -> dict[str, object]:
    """Send one command to a running supervisor and return its answer; OSError if nobody listens."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=patience + GRACE_SECONDS)
    try:
        connection.request("POST", f"/{command}", json.dumps(arguments), {HEADER: token})
        response = connection.getresponse()
        answer: dict[str, object] = json.loads(response.read())
    finally:
        connection.close()
    if response.status != 200:  # noqa: PLR2004
        message = f"the supervisor refused {command}: {answer.get('error')}"
        raise ConnectionError(message)
    return answer
