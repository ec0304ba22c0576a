"""The whole system on the engine of the tests, with a clock that can be set."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self
from unittest.mock import patch

from soms.kit import clock

from tests.world import World

START = datetime(2026, 3, 2, 1, tzinfo=UTC)


@dataclass
class Stage(World):
    """A world whose time is `now`."""

    now: datetime = START

    @classmethod
    @contextmanager
    def opened(cls) -> Iterator[Self]:
        with (
            World.opened.__func__(cls) as stage,  # type: ignore[attr-defined]
            patch.object(clock, "now", lambda: stage.now),
        ):
            yield stage
