"""What a run that was killed leaves behind: an engine that is still saving, and the question what is lost."""

import threading
import time
from collections.abc import Callable

from infra.local.engine import STILL_THERE, STOP_SECONDS
from infra.local.home import Home

BETWEEN_LOOKS_SECONDS = 0.1

SAVED = "the last run was killed; its engine saved the data all the same"
UNSAVED = "the last run was killed and what it wrote is lost: going on with the data saved before it"
EMPTY = "the last run was killed before anything was saved: starting without data"


class EngineStays(RuntimeError):
    """The engine of an earlier run does not leave; the message says what to do."""


def wait(home: Home, stop: threading.Event, seconds: float = STOP_SECONDS) -> bool:
    """Wait until no engine works on the data any more; False if `stop` came first, else EngineStays."""
    deadline = time.monotonic() + seconds
    while home.has_engine():
        if stop.wait(BETWEEN_LOOKS_SECONDS):
            return False
        if time.monotonic() > deadline:
            raise EngineStays(STILL_THERE.format(home=home.root))
    return True


def settle(home: Home, say: Callable[[str], None]) -> None:
    """Once no engine is at work: prepare the home, and say what a run that was killed has lost."""
    home.prepare()
    killed, saved = home.killed_at(), home.saved_at()
    if killed is None:
        return
    if saved is None:
        say(EMPTY)
    else:
        say(SAVED if saved > killed else UNSAVED)
