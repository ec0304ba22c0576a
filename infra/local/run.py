"""The foreground process behind `make run`: brings everything up, watches it, takes it down again."""

import os
import shlex
import signal
import sys
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from infra.local import aftermath, checks, deploy
from infra.local.control import Control
from infra.local.door import PortInUse
from infra.local.engine import REGION, Engine, EngineFailed, remembered_port
from infra.local.home import PROJECT, AlreadyRunning, Home
from infra.local.synthesis import Synth, SynthesisFailed, synthesise
from infra.local.system import Interrupted, System

PORT = 8787
ASSEMBLY = PROJECT / ".build" / "cdk" / "local"
FAILED, CANNOT = 1, 2
DRAIN_SECONDS = 20.0
LOOK_SECONDS = 1.0

READY = """\
ready  {api}
  next, in a second terminal:{elsewhere}
  1  curl -si {api}/products/HELLO -X PUT \\
       -H "Authorization: Bearer $(.venv/bin/soms local token sales_manager)" \\
       -H 'Content-Type: application/json' -H 'Idempotency-Key: first-product' \\
       -d '{{"name": "Hello", "unit_price": "10.00", "currency": "CNY", "tax_rate": "0.13",
            "stocked": false}}'
  2  curl -si {api}/customers \\
       -H "Authorization: Bearer $(.venv/bin/soms local token sales)" \\
       -H 'Content-Type: application/json' -H 'Idempotency-Key: first-customer' \\
       -d '{{"name": "World", "currency": "CNY", "external_ref": {{"source": "hello", "id": "world"}}}}'
  3  curl -si {api}/orders \\
       -H "Authorization: Bearer $(.venv/bin/soms local token sales)" \\
       -H 'Content-Type: application/json' -H 'Idempotency-Key: first-order' \\
       -d '{{"customer_ref": {{"source": "hello", "id": "world"}},
            "lines": [{{"sku": "HELLO", "quantity": 1}}]}}'
  Or `make demo`: two real days of a wholesaler, and the proof of the books.
  Ctrl-C here stops it and keeps the data."""


class Supervisor:
    """One run in the foreground."""

    def __init__(self, home: Home, port: int, synth: Synth = synthesise, assembly: Path = ASSEMBLY) -> None:
        """Prepare a run over a home with the front door on a port."""
        self.home, self.port, self._synth, self._assembly = home, port, synth, assembly
        self._began = time.monotonic()
        self._stop, self._hurry = threading.Event(), threading.Event()
        self._status: dict[str, object] = {}

    def say(self, text: str) -> None:
        """Print one line with the seconds since the start."""
        # One write per line: the poller's threads speak, too.
        sys.stdout.write(f"{time.monotonic() - self._began:6.1f} s  {text}\n")
        sys.stdout.flush()

    def run(self) -> int:
        """Run until told to stop; return the exit code."""
        try:
            with self.home.locked():
                checks.check(self.port, self.home.root)
                return self._supervised()
        except AlreadyRunning:
            self._explain(_already(self.home))
        except (checks.CannotStart, aftermath.EngineStays) as reason:
            self._explain(str(reason))
        return CANNOT

    def _explain(self, reason: str) -> None:
        print(reason, file=sys.stderr, flush=True)

    def _supervised(self) -> int:
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, self._asked_to_stop)
        if not aftermath.wait(self.home, self._stop):
            return 0
        aftermath.settle(self.home, self.say)
        returning = self.home.has_data()
        system = System(Engine(self.home, remembered_port(self.home)), self.port, self.say)
        control = Control(
            {"drain": lambda asked: system.drain(asked.get("timeout", 60.0)), "backlog": system.backlog}
        )
        try:
            self._bring_up(system, control, returning=returning)
            return self._watch(system.engine)
        except Interrupted:
            return 0
        except PortInUse as reason:
            self._explain(str(reason))
            return CANNOT
        except (EngineFailed, SynthesisFailed, deploy.DeploymentFailed) as failed:
            self.say(str(failed))
            return FAILED
        finally:
            self._take_down(system, control)

    def _bring_up(self, system: System, control: Control, *, returning: bool) -> None:
        self._write(
            state="starting", pid=os.getpid(), started_at=datetime.now(UTC).isoformat(timespec="seconds")
        )
        self._step("building the layers and the template")
        self._synth(self._assembly, self.say, self._stop)
        self._step(
            f"starting the engine on {system.engine.endpoint}" + (" with its data" if returning else "")
        )
        system.engine.start()
        self._step("deploying the template")
        system.deploy(self._assembly)
        self._step("enrolling the demonstration users")
        system.enrol()
        self._step("following the streams")
        system.follow()
        self._step(f"opening the front door on port {self.port}")
        system.open_door()
        self._step("warming the functions")
        system.warm()
        control.start()
        self._write(
            state="ready",
            endpoint=system.engine.endpoint,
            engine_pid=system.engine.pid,
            region=REGION,
            api=f"http://127.0.0.1:{self.port}/v1",
            control={"port": control.port, "token": control.token},
            outputs=system.outputs,
            mailbox=system.mailbox,
            sales_mailbox=system.sales_mailbox,
            finance_mailbox=system.finance_mailbox,
        )
        self._ready()
        if returning:
            threading.Thread(target=system.catch_up, daemon=True).start()

    def _step(self, text: str) -> None:
        if self._stop.is_set():
            raise Interrupted
        self.say(text)

    def _ready(self) -> None:
        is_elsewhere = "SOMS_HOME" in os.environ
        export = f"\n     export SOMS_HOME={shlex.quote(str(self.home.root))}" if is_elsewhere else ""
        print(READY.format(api=f"http://127.0.0.1:{self.port}/v1", elsewhere=export), flush=True)

    def _watch(self, engine: Engine) -> int:
        while not self._stop.wait(LOOK_SECONDS):
            if engine.has_died():
                self.say(f"the engine went away; the end of {self.home.engine_log}:\n{engine.log_tail()}")
                return FAILED
        return 0

    def _take_down(self, system: System, control: Control) -> None:
        self._write(state="stopping")
        control.stop()
        self.say("closing the front door")
        system.close_door()
        if not self._hurry.is_set() and not system.engine.has_died():
            system.settle(DRAIN_SECONDS, self._hurry)
        system.unfollow()
        self._stop_engine(system.engine)
        self.home.status_file.unlink(missing_ok=True)
        self.say("stopped")

    def _stop_engine(self, engine: Engine) -> None:
        if engine.process is None:
            return
        saved = not engine.has_died()
        if saved:
            self.say("stopping the engine, which saves its data")
            saved = engine.stop()
        if not saved:
            self.say("the engine did not stop properly: what was written in this run is lost")

    def _write(self, **changes: object) -> None:
        self._status |= changes
        self.home.write_status(self._status)

    def _asked_to_stop(self, _signal: int, _frame: object) -> None:
        if self._stop.is_set():
            self._hurry.set()
        self._stop.set()


def _already(home: Home) -> str:
    status: Mapping[str, object] = home.read_status() or {}
    who = f"process {status.get('pid', '?')}, {status.get('api', 'still starting')}"
    return f"The local system runs already ({who}): use it, or stop it with `.venv/bin/soms local stop`."


def main(port: int | None = None) -> int:
    """Run the local system in the foreground; return the exit code."""
    return Supervisor(Home.here(), port or int(os.environ.get("PORT") or PORT)).run()


if __name__ == "__main__":
    sys.exit(main())
