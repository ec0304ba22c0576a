"""After a run that was killed, its engine is waited for, and one sentence says what became of the data."""

import fcntl
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local import aftermath
from infra.local.engine import Engine, EngineFailed, free_port
from infra.local.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    home.prepare()
    return home


@pytest.fixture
def engine(home: Home) -> Iterator[None]:
    with home.engine_lock_file.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


@pytest.mark.usefixtures("engine")
def test_an_engine_that_does_not_leave_is_named_with_the_way_to_end_it(home: Home) -> None:
    with pytest.raises(aftermath.EngineStays, match=r"kill \$\(cat .*engine\.lock\)"):
        aftermath.wait(home, threading.Event(), seconds=0.2)


@pytest.mark.usefixtures("engine")
def test_whoever_asks_to_stop_need_not_wait_for_an_earlier_engine(home: Home) -> None:
    stop = threading.Event()
    stop.set()

    assert not aftermath.wait(home, stop)


@pytest.mark.usefixtures("engine")
def test_no_engine_starts_beside_another_or_clears_away_what_that_one_uses(home: Home) -> None:
    used = home.scratch / "function"
    used.touch()

    with pytest.raises(EngineFailed, match="earlier run"):
        Engine(home, free_port()).start()

    assert used.exists()


def test_without_an_engine_there_is_nothing_to_wait_for(home: Home) -> None:
    assert aftermath.wait(home, threading.Event())


@pytest.mark.parametrize(
    ("killed", "saved", "sentence"),
    [
        (100, None, [aftermath.EMPTY]),
        (100, 50, [aftermath.UNSAVED]),
        (100, 150, [aftermath.SAVED]),
        (None, 50, []),
        (None, None, []),
    ],
)
def test_what_became_of_the_data_is_one_sentence(
    home: Home, killed: int | None, saved: int | None, sentence: list[str]
) -> None:
    for file, when in ((home.status_file, killed), (home.engine_state / "s3.json", saved)):
        if when is not None:
            file.write_text("{}")
            os.utime(file, (when, when))
    said: list[str] = []

    aftermath.settle(home, said.append)

    assert said == sentence
