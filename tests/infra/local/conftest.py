"""A small system on the mended engine, and helpers around it."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.local.deploy import Account, deploy
from infra.local.engine import Engine, free_port
from infra.local.home import Home
from tests.infra.local import sample


@dataclass
class Deployed:
    """An engine with the sample system in it."""

    engine: Engine
    account: Account
    outputs: dict[str, str]

    def invoke(self, **event: Any) -> dict[str, Any]:
        answer = self.account.client("lambda").invoke(
            FunctionName=self.outputs["EchoFunction"], Payload=json.dumps(event).encode()
        )
        with answer["Payload"] as payload:
            told: dict[str, Any] = json.loads(payload.read())
        return told

    def get(self, token: str) -> tuple[int, dict[str, Any]]:
        address = f"{self.engine.endpoint}/restapis/{self.outputs['ApiId']}/live/_user_request_/v1/things"
        request = urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.loads(refused.read())


@contextmanager
def deployed(folder: Path, module: str = "infra.local.engine") -> Iterator[Deployed]:
    """Run an engine with the sample system; `ministack` as module is the engine without our mends."""
    engine = Engine(Home(folder / "home"), free_port(), module)
    engine.start()
    try:
        account = Account(engine.endpoint)
        yield Deployed(engine, account, deploy(account, sample.write(folder / "assembly"), lambda _: None))
        account.close()
    finally:
        engine.stop()


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with deployed(tmp_path_factory.mktemp("system")) as running:
        yield running
