"""Every fault that is planted in the real code is found by the opening that leads to it."""

import sys
from collections.abc import Callable
from random import Random

import pytest

from tests.properties.order_comparing import Difference
from tests.properties.order_faults import FAULTS, Plant
from tests.properties.order_openings import play
from tests.properties.order_player import Player
from tests.properties.order_stage import Stage


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_planted_fault_is_found(fault: Callable[[Plant], None], monkeypatch: pytest.MonkeyPatch) -> None:
    fault(monkeypatch)

    with Stage.opened() as stage, pytest.raises(Difference) as found:
        play(Player.of(stage, Random(fault.__name__)), FAULTS[fault])  # noqa: S311 it has to repeat

    sys.stdout.write(f"teeth: {fault.__name__}: {str(found.value).partition(chr(10))[0]}\n")
