"""`soms import` against a system that answers as the test says: what is sent, printed and returned."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from infra import importing
from infra.cli import build

COUNTS = {"rows": 2, "ok": 2, "failed": 0, "duplicate": 0}
WRONG = {"row": 2, "code": "not_a_decimal", "message_en": "an amount is needed", "message_zh": "须为金额"}


@dataclass
class Scripted:
    """A system that tells one state after the other."""

    states: list[dict[str, Any]] = field(default_factory=list)
    refusal: dict[str, Any] | None = None
    upload_status: int = 204
    asked: list[str] = field(default_factory=list)
    uploaded: bytes = b""
    port: int = 0

    def job(self, state: str, **more: Any) -> dict[str, Any]:
        whole = {"id": "imp_1", "state": state, "counts": COUNTS, "progress": {"done": 0, "total": 2}}
        return whole | {"errors": [], "errors_url": None, "applied_at": None} | more

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, dict[str, Any] | None]:
        self.asked.append(f"{method} {path}")
        if path == "/upload":
            self.uploaded = body
            return self.upload_status, None
        if self.refusal:
            return 422, self.refusal
        if method == "POST" and path == "/v1/imports":
            form = {"url": f"http://127.0.0.1:{self.port}/upload", "fields": {"key": "k", "policy": "p"}}
            return 202, self.job("awaiting_upload", upload=form)
        if method == "POST":
            return 200, self.job("applying")
        return 200, self.states.pop(0)


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    script = Scripted()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self._answer("POST")

        def do_GET(self) -> None:
            self._answer("GET")

        def _answer(self, method: str) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, told = script.answer(method, self.path, body)
            text = b"" if told is None else json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    script.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield script
    server.shutdown()
    server.server_close()
    thread.join()


def run(scripted: Scripted, folder: Path, *more: str) -> Result:
    file = folder / "a.sta"
    file.write_bytes(b":20:START\r\n")
    base = f"http://127.0.0.1:{scripted.port}/v1"
    arguments = ["import", str(file), "--kind", "bank_statements", "--base-url", base, "--token", "t", *more]
    return CliRunner().invoke(build(), arguments)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "LOOK_SECONDS", 0)
    monkeypatch.setenv("COLUMNS", "200")


def test_a_trial_reads_the_file_and_applies_nothing(scripted: Scripted, tmp_path: Path) -> None:
    scripted.states = [scripted.job("awaiting_upload"), scripted.job("validating"), scripted.job("ready")]

    done = run(scripted, tmp_path, "--source", "bank")

    assert done.exit_code == 0, done.output
    assert scripted.asked == ["POST /v1/imports", "POST /upload", *["GET /v1/imports/imp_1"] * 3]
    assert "ready: 2 rows" in done.output
    assert "add --apply" in done.output


def test_the_file_goes_up_as_it_is_behind_the_fields_of_the_form(scripted: Scripted, tmp_path: Path) -> None:
    scripted.states = [scripted.job("ready")]

    run(scripted, tmp_path)

    before, _, behind = scripted.uploaded.partition(b"\r\n\r\n:20:START\r\n\r\n--")
    assert before.count(b'name="key"') == before.count(b'name="policy"') == 1
    assert before.endswith(b'name="file"; filename="a.sta"')
    assert behind.endswith(b"--\r\n")


def test_what_is_asked_for_is_applied_and_followed_to_its_end(scripted: Scripted, tmp_path: Path) -> None:
    scripted.states = [
        scripted.job("ready"),
        scripted.job("applying", progress={"done": 1, "total": 2}),
        scripted.job("done", applied_at="2026-11-25T00:00:00Z"),
    ]

    done = run(scripted, tmp_path, "--apply")

    assert done.exit_code == 0, done.output
    assert scripted.asked[-3:] == ["POST /v1/imports/imp_1/apply", *["GET /v1/imports/imp_1"] * 2]
    assert "done: 2 rows 行, 2 taken" in done.output


def test_rows_that_are_wrong_are_printed_and_return_1(scripted: Scripted, tmp_path: Path) -> None:
    counts = COUNTS | {"ok": 1, "failed": 1}
    wrong = {"counts": counts, "errors": [WRONG], "errors_url": "http://127.0.0.1/errors.csv"}
    scripted.states = [scripted.job("ready", **wrong)]

    done = run(scripted, tmp_path)

    assert done.exit_code == 1, done.output
    for told in ("not_a_decimal", "an amount is needed", "须为金额", "http://127.0.0.1/errors.csv"):
        assert told in done.output


def test_a_file_that_fails_returns_2_and_is_not_applied(scripted: Scripted, tmp_path: Path) -> None:
    whole = WRONG | {"row": None, "code": "unknown_format"}
    scripted.states = [scripted.job("failed", errors=[whole])]

    done = run(scripted, tmp_path, "--apply")

    assert done.exit_code == 2, done.output
    assert "unknown_format" in done.output
    assert not [one for one in scripted.asked if one.endswith("/apply")]


def test_a_refusal_is_told_with_its_field_and_returns_2(scripted: Scripted, tmp_path: Path) -> None:
    fault = {"pointer": "/kind", "code": "not_one_of", "detail": "must be one of"}
    scripted.refusal = {"code": "not_one_of", "detail": "Look at errors", "errors": [fault]}

    done = run(scripted, tmp_path)

    assert done.exit_code == 2
    assert "422 not_one_of: /kind must be one of" in done.output


def test_an_upload_that_is_refused_returns_2(scripted: Scripted, tmp_path: Path) -> None:
    scripted.upload_status = 403

    done = run(scripted, tmp_path)

    assert done.exit_code == 2
    assert "the upload was refused (403)" in done.output


def test_an_import_that_does_not_get_on_is_left_with_what_to_do(
    scripted: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "PATIENCE_SECONDS", 0)
    scripted.states = [scripted.job("validating")] * 3

    done = run(scripted, tmp_path)

    assert done.exit_code == 2
    assert "POST /v1/imports/imp_1/retry" in done.output
