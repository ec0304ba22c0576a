"""One run in the foreground, and the commands that talk to it."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from infra.local import aftermath
from infra.local.deploy import Account
from infra.local.engine import free_port
from infra.local.home import PROJECT, Home
from infra.local.people import MACHINE
from tests.infra.local import sample
from tests.infra.local.test_redrive import write

PATIENCE = 60


@dataclass
class Run:
    """The supervisor over the sample system, in a process of its own."""

    folder: Path
    port: int
    process: subprocess.Popen[str] | None = None
    said: list[str] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def command(self) -> list[str]:
        assembly = sample.write(self.folder / "assembly")
        return [
            sys.executable,
            "-m",
            "tests.infra.local.supervised",
            *map(str, (self.home, self.port, assembly)),
        ]

    def start(self) -> None:
        self.said.clear()
        self.process = subprocess.Popen(
            self.command(), cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        ready = threading.Event()
        threading.Thread(target=self._listen, args=(ready,), daemon=True).start()
        assert ready.wait(PATIENCE), "\n".join(self.said)

    def _listen(self, ready: threading.Event) -> None:
        assert self.process
        assert self.process.stdout
        with self.process.stdout as lines:
            for line in lines:
                self.said.append(line.rstrip())
                if line.startswith("ready"):
                    ready.set()

    def ended(self) -> int:
        assert self.process
        return self.process.wait(PATIENCE)

    def soms(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "infra.cli", *words],
            cwd=PROJECT,
            env=os.environ | {"SOMS_HOME": str(self.home), "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
        )


@contextmanager
def running(folder: Path) -> Iterator[Run]:
    run = Run(folder, free_port())
    run.start()
    try:
        yield run
    finally:
        if run.process and run.process.poll() is None:
            run.process.send_signal(signal.SIGTERM)
            run.process.send_signal(signal.SIGINT)
            run.ended()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with running(tmp_path_factory.mktemp("run")) as started:
        yield started


def test_it_says_what_it_does_and_ends_with_ready_and_three_things_to_try(run: Run) -> None:
    said = "\n".join(run.said)

    for step in ("template", "engine", "deploying", "users", "streams", "front door", "warming"):
        assert step in said
    assert f"ready  http://127.0.0.1:{run.port}/v1" in run.said
    assert [line.split()[0] for line in run.said if re.match(r"  \d", line)] == ["1", "2", "3"]


def test_the_front_door_answers_with_a_token_of_a_real_sign_in(run: Run) -> None:
    token = run.soms("local", "token", "sales").stdout.strip()
    request = urllib.request.Request(
        f"http://127.0.0.1:{run.port}/v1/things", headers={"Authorization": f"Bearer {token}"}
    )

    with urllib.request.urlopen(request, timeout=20) as answer:
        told = answer.read().decode()

    assert '"username": "sales"' in told


@pytest.mark.parametrize("who", ["sales2", MACHINE])
def test_a_token_is_all_that_is_printed(run: Run, who: str) -> None:
    done = run.soms("local", "token", who)

    assert (done.returncode, done.stdout.count("."), done.stdout.count("\n")) == (0, 2, 1)


def test_nobodys_token_is_refused(run: Run) -> None:
    done = run.soms("local", "token", "nobody")

    assert (done.returncode, done.stdout) == (2, "")
    assert "sales2" in done.stderr


def test_status_says_what_runs(run: Run) -> None:
    done = run.soms("local", "status")

    assert done.returncode == 0
    for part in ("ready", f":{run.port}/v1", "engine", "mailbox", "soms-sample-echo: idle"):
        assert part in done.stdout


def test_drain_returns_when_nothing_is_open(run: Run) -> None:
    done = run.soms("local", "drain")

    assert (done.returncode, done.stdout[:15]) == (0, "nothing is open")


def test_drain_says_what_is_still_open(run: Run) -> None:
    write(run.home, {"pk": {"S": "poison"}, "fate": {"S": "fails"}})

    done = run.soms("local", "drain", "--timeout", "2")

    assert done.returncode == 1
    assert "soms-sample-things -> soms-sample-echo: 1" in done.stderr


def test_a_second_run_over_the_same_state_is_refused(run: Run) -> None:
    second = subprocess.run(run.command(), cwd=PROJECT, capture_output=True, text=True, check=False)

    assert run.process
    assert second.returncode == 2
    assert f"process {run.process.pid}" in second.stderr
    assert "soms local stop" in second.stderr


def test_the_state_of_a_running_system_is_not_deleted_unasked(run: Run) -> None:
    done = run.soms("local", "reset")

    assert done.returncode == 1
    assert "--yes" in done.stderr
    assert Home(run.home).is_locked()


def test_a_port_in_use_is_one_sentence_and_how_to_mend_it(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        refused = Run(tmp_path, other.getsockname()[1])

        done = subprocess.run(refused.command(), cwd=PROJECT, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"Port {refused.port} is in use" in done.stderr
    assert f"make run PORT={refused.port + 1}" in done.stderr


def test_it_stops_cleanly_comes_back_with_its_data_sweeps_and_is_forgotten(tmp_path: Path) -> None:
    with running(tmp_path) as run:
        token = run.soms("local", "token", "sales").stdout
        stopped = run.soms("local", "stop")
        code = run.ended()
        resting = run.soms("local", "status")
        unreachable = run.soms("reconcile")

        run.start()
        back = run.soms("local", "token", "sales").stdout
        swept = run.soms("sweep")
        forgotten = run.soms("local", "reset", "--yes")

        assert (stopped.returncode, code, resting.returncode, unreachable.returncode) == (0, 0, 3, 2)
        assert "make run" in resting.stderr
        assert any("with its data" in line for line in run.said)
        assert back == token
        assert swept.returncode == 0
        assert (forgotten.returncode, run.ended()) == (0, 0)
        assert {path.name for path in run.home.iterdir()} == {"lock"}


def test_positions_outlive_a_restart_and_lose_no_record_that_is_new(tmp_path: Path) -> None:
    with running(tmp_path) as run:
        write(run.home, {"pk": {"S": "before"}, "fate": {"S": "fine"}})
        run.soms("local", "drain")
        run.soms("local", "stop")
        run.ended()
        kept = list(Home(run.home).poller.rglob("*.json"))

        run.start()
        write(run.home, {"pk": {"S": "after"}, "fate": {"S": "fails"}})
        drained = run.soms("local", "drain", "--timeout", "2")

        assert len(kept) == 1
        assert sum("no stream has any more: 1" in line for line in run.said) == 1
        assert "soms-sample-things -> soms-sample-echo: 1" in drained.stderr


@pytest.mark.parametrize(
    ("victims", "sentence", "is_kept"),
    [(("pid",), aftermath.SAVED, True), (("pid", "engine_pid"), aftermath.UNSAVED, False)],
    ids=["without its engine", "with its engine"],
)
def test_a_killed_run_comes_back_at_once_and_says_what_became_of_its_data(
    tmp_path: Path, victims: tuple[str, ...], sentence: str, *, is_kept: bool
) -> None:
    with running(tmp_path) as run:
        run.soms("local", "stop")
        run.ended()
        run.start()
        write(run.home, {"pk": {"S": "latest"}, "fate": {"S": "fine"}})
        status = Home(run.home).read_status() or {}

        for victim in victims:
            os.kill(int(str(status[victim])), signal.SIGKILL)
        run.ended()
        run.start()
        item = Account(str((Home(run.home).read_status() or {})["endpoint"])).client("dynamodb").get_item(
            TableName="soms-sample-things", Key={"pk": {"S": "latest"}}
        )

        assert [line.split("  ", 2)[-1] for line in run.said if "killed" in line] == [sentence]
        assert ("Item" in item) == is_kept


def test_ctrl_c_while_starting_stops_cleanly(tmp_path: Path) -> None:
    run = Run(tmp_path, free_port())
    with subprocess.Popen(run.command(), cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            if "starting the engine" in line:
                process.send_signal(signal.SIGINT)
                break
        rest = process.stdout.read()

        assert process.wait(PATIENCE) == 0
        assert "ready" not in rest
        assert rest.splitlines()[-1].endswith("stopped")
