"""The pinned engine: a launcher that mends it, and a handle to start and stop it as a process."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from infra.local.home import PROJECT, Home, try_lock

REGION = "ap-southeast-1"
ACCOUNT = "000000000000"
ROOT_KEY = "test"
"""The engine takes this access key for the account's root; everybody else is held to IAM."""
START_SECONDS = 60
STOP_SECONDS = 60
WARM_SECONDS = 3600
STILL_THERE = (
    "The engine of an earlier run still works on the data in {home}: try again when it has saved them, "
    "or end it with `kill $(cat {home}/engine.lock)`."
)


class EngineFailed(RuntimeError):
    """The engine did not start, or went away."""


def free_port(preferred: int | None = None) -> int:
    """Return a free port on 127.0.0.1, the preferred one if it is free."""
    for candidate in (preferred or 0, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", candidate))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    message = "no free port on 127.0.0.1"
    raise EngineFailed(message)


def remembered_port(home: Home) -> int:
    """Return this home's engine port, a new one when the old one is taken."""
    old = int(home.port_file.read_text()) if home.port_file.exists() else None
    port = free_port(old)
    home.port_file.write_text(str(port))
    return port


def environment(home: Home, port: int) -> dict[str, str]:
    """Return the engine's whole environment: functions inherit it, so nothing of the user's leaks in."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "SMTP_HOST") if name in os.environ}
    return kept | {
        "HOME": str(home.scratch),
        "TMPDIR": str(home.scratch),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "AUTH": "true",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "PERSIST_STATE": "1",
        "S3_PERSIST": "1",
        "STATE_DIR": str(home.engine_state),
        "S3_DATA_DIR": str(home.objects),
        "LAMBDA_WARM_TTL_SECONDS": str(WARM_SECONDS),
        "DOCKER_HOST": f"unix://{home.scratch}/no-docker",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@dataclass
class Engine:
    """One engine process over one home."""

    home: Home
    port: int
    module: str = "infra.local.engine"
    process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        """The address of every AWS service in it."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process id, 0 while it does not run."""
        return self.process.pid if self.process else 0

    def start(self) -> None:
        """Start the process and wait until it answers, or raise EngineFailed with the end of its log."""
        self.home.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self.home.engine_lock_file.open("a") as held:
            if not try_lock(held):
                raise EngineFailed(STILL_THERE.format(home=self.home.root))
            self.home.prepare()
            self.process = self._launched(held.fileno())
            held.truncate(0)
            held.write(str(self.pid))
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                message = f"the engine did not start; the end of {self.home.engine_log}:\n{self.log_tail()}"
                raise EngineFailed(message)
            time.sleep(0.1)

    def stop(self) -> bool:
        """Ask the engine to save its data and leave; kill it after a minute and say so by returning False."""
        if self.process is None:
            return True
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return False
        finally:
            if self.process.stdin:
                self.process.stdin.close()
        return True

    def has_died(self) -> bool:
        """Whether the process ended although nobody stopped it."""
        return self.process is not None and self.process.poll() is not None

    def log_tail(self, lines: int = 15) -> str:
        """Return the end of the engine's log."""
        return "\n".join(tail(self.home.engine_log, lines))

    def _launched(self, lock: int) -> subprocess.Popen[bytes]:
        with self.home.engine_log.open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", self.module],
                cwd=PROJECT,
                env=environment(self.home, self.port),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(lock,),
            )

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.endpoint}/_ministack/ready", timeout=2) as answer:  # noqa: S310 our own address
                return bool(answer.status == 200)  # noqa: PLR2004
        except (urllib.error.URLError, OSError):
            return False


def tail(file: Path, lines: int) -> list[str]:
    """Return the last lines of a text file, none if it does not exist."""
    return file.read_text(errors="replace").splitlines()[-lines:] if file.exists() else []


def _leave_with_parent() -> None:
    """Stop properly when the supervisor is gone: its end of the pipe closes with it."""
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Run the mended engine in this process."""
    from infra.local import mends  # noqa: PLC0415

    os.environ["LOG_LEVEL"] = "WARNING"
    mends.apply()
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    serve = import_module("ministack.app").main
    # Functions inherit this environment, and their loggers would take the engine's level for theirs.
    del os.environ["LOG_LEVEL"]
    serve()


if __name__ == "__main__":
    main()
