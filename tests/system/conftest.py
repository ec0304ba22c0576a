"""The real system, as `make run` starts it, once for all system tests."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest

PROJECT = Path(__file__).resolve().parents[2]
SOMS = Path(sys.executable).with_name("soms")
PATIENCE = 240


@dataclass
class System:
    """A running system and its users."""

    home: Path
    port: int
    process: subprocess.Popen[str] | None = None
    said: list[str] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)
    local: threading.local = field(default_factory=threading.local)
    lines: list[http.client.HTTPConnection] = field(default_factory=list)
    listener: threading.Thread | None = None

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return kept | {"SOMS_HOME": str(self.home), "PORT": str(self.port)}

    @property
    def status(self) -> dict[str, Any]:
        return json.loads((self.home / "status.json").read_text())

    def start(self) -> None:
        self.process = subprocess.Popen(
            [SOMS, "local", "run"],
            cwd=PROJECT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        ready = threading.Event()
        self.listener = threading.Thread(target=self._listen, args=(ready,), daemon=True)
        self.listener.start()
        assert ready.wait(PATIENCE), "\n".join(self.said)

    def _listen(self, ready: threading.Event) -> None:
        assert self.process
        assert self.process.stdout
        with self.process.stdout as told:
            for line in told:
                self.said.append(line.rstrip())
                if line.startswith("ready"):
                    ready.set()

    def stop(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=90)
        if self.listener:
            self.listener.join()
        for line in self.lines:
            line.close()
        self.lines.clear()
        self.local = threading.local()

    def soms(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [SOMS, *arguments], cwd=PROJECT, env=self.environment, capture_output=True, text=True, check=False
        )

    def drain(self) -> None:
        done = self.soms("local", "drain", "--timeout", "90")
        assert done.returncode == 0, done.stdout + done.stderr

    def token(self, who: str) -> str:
        if who not in self.tokens:
            done = self.soms("local", "token", who)
            assert done.returncode == 0, done.stdout + done.stderr
            self.tokens[who] = done.stdout.strip()
        return self.tokens[who]

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        as_: str | None = "admin",
        key: str | None = None,
        token: str | None = None,
    ) -> tuple[int, Any]:
        status, _, told = self.send(method, path, body, as_=as_, key=key, token=token)
        return status, told

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        as_: str | None = "admin",
        key: str | None = None,
        token: str | None = None,
    ) -> tuple[int, Mapping[str, str], Any]:
        headers = {"Content-Type": "application/json"}
        if token or as_:
            headers["Authorization"] = f"Bearer {token or self.token(str(as_))}"
        if method == "POST":
            headers["Idempotency-Key"] = key or uuid.uuid4().hex
        if not hasattr(self.local, "line"):
            self.local.line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            self.lines.append(self.local.line)
        line = self.local.line
        line.request(method, path, None if body is None else json.dumps(body), headers)
        answer = line.getresponse()
        text = answer.read().decode()
        return answer.status, answer.headers, json.loads(text) if text else None

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.status["endpoint"],
            region_name=self.status["region"],
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def product(self, sku: str, units: int = 0, **more: object) -> str:
        body = {
            "name": f"Product {sku}",
            "unit_price": "10.00",
            "currency": "CNY",
            "tax_rate": "0.13",
            **more,
        }
        assert self.call("PUT", f"/v1/products/{sku}", body)[0] in {200, 201}
        if units:
            path = f"/v1/stock/{sku}/adjustments"
            assert self.call("POST", path, {"delta": units, "reason": "receipt"})[0] == 201
        return sku

    def customer(self, **more: object) -> str:
        status, body = self.call("POST", "/v1/customers", {"name": "Acme", "currency": "CNY", **more})
        assert status == 201, body
        return str(body["id"])


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = System(tmp_path_factory.mktemp("soms"), port)
    running.start()
    yield running
    running.stop()
