"""Where the local system keeps its state, what it says about itself, and who may run in it."""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from infra.local import whole_save

PROJECT = Path(__file__).resolve().parents[2]


class AlreadyRunning(RuntimeError):
    """Another run holds this state."""


@dataclass(frozen=True)
class Home:
    """Paths of one local system; everything it keeps lies below `root`."""

    root: Path

    @classmethod
    def here(cls) -> "Home":
        """Return the home that SOMS_HOME names, or `.soms` in the project."""
        return cls(Path(os.environ.get("SOMS_HOME") or PROJECT / ".soms").resolve())

    @property
    def engine_state(self) -> Path:
        """The engine's own snapshot, written when it stops."""
        return self.root / "engine"

    @property
    def objects(self) -> Path:
        """The bodies of S3 objects."""
        return self.root / "objects"

    @property
    def scratch(self) -> Path:
        """Unpacked functions; emptied at every start."""
        return self.root / "scratch"

    @property
    def engine_log(self) -> Path:
        """What the engine printed since its last start."""
        return self.root / "engine.log"

    @property
    def people(self) -> Path:
        """Passwords, TOTP secrets and cached tokens of the demonstration users (mode 0600)."""
        return self.root / "people.json"

    @property
    def status_file(self) -> Path:
        """What runs, on which ports, under which names."""
        return self.root / "status.json"

    @property
    def lock_file(self) -> Path:
        """Held by the process that runs the system."""
        return self.root / "lock"

    @property
    def engine_lock_file(self) -> Path:
        """Held by the engine, which may live a little longer than the run that started it."""
        return self.root / "engine.lock"

    @property
    def port_file(self) -> Path:
        """The engine's port, kept because stored queue addresses contain it."""
        return self.root / "engine.port"

    @property
    def demo(self) -> Path:
        """The papers that the demonstration shows."""
        return self.root / "demo"

    @property
    def poller(self) -> Path:
        """Stream checkpoints."""
        return self.root / "poller"

    def has_data(self) -> bool:
        """Whether an earlier run left its data."""
        return self.saved_at() is not None

    def prepare(self) -> None:
        """Undo a save that was cut off, create folders private to the user, and empty the scratch folder."""
        whole_save.undo_torn(self.engine_state)
        shutil.rmtree(self.scratch, ignore_errors=True)
        for folder in (self.root, self.engine_state, self.objects, self.scratch, self.poller):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def forget(self) -> None:
        """Delete what the local system stored, and nothing else that may lie in the folder."""
        states = (self.engine_state, whole_save.before(self.engine_state))
        for folder in (*states, self.objects, self.scratch, self.poller, self.demo):
            shutil.rmtree(folder, ignore_errors=True)
        locks = (self.people.with_suffix(".lock"), self.engine_lock_file)
        for file in (self.engine_log, self.people, self.status_file, self.port_file, *locks):
            file.unlink(missing_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the home for one run, or raise AlreadyRunning."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self.lock_file.open("a") as held:
            if not try_lock(held):
                raise AlreadyRunning
            yield

    def is_locked(self) -> bool:
        """Whether some run holds the home right now."""
        return _is_held(self.lock_file)

    def has_engine(self) -> bool:
        """Whether an engine is at work on the data right now."""
        return _is_held(self.engine_lock_file)

    def killed_at(self) -> float | None:
        """Return when the last run wrote its status if it was killed, None if it ended by itself."""
        return self.status_file.stat().st_mtime if self.status_file.exists() else None

    def saved_at(self) -> float | None:
        """Return when an engine last saved its data, None if none ever did."""
        return max((file.stat().st_mtime for file in self.engine_state.glob("*.json")), default=None)

    def read_status(self) -> dict[str, object] | None:
        """Return what the running system says about itself, or None when none runs."""
        if not self.is_locked() or not self.status_file.exists():
            return None
        status: dict[str, object] = json.loads(self.status_file.read_text())
        return status

    def write_status(self, status: dict[str, object]) -> None:
        """Replace the status file (mode 0600: it holds the control token)."""
        write_private(self.status_file, json.dumps(status, indent=1))


def _is_held(lock: Path) -> bool:
    if not lock.exists():
        return False
    with lock.open("a") as probe:
        return not try_lock(probe)


def try_lock(file: TextIO) -> bool:
    """Lock an open file without waiting; False if somebody else holds it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step; only its owner may read it."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    Path(name).replace(path)
