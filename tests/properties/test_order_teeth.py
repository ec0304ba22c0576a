"""Every fault that is planted in the real code is found by the programme of random lives of orders.

`make test` tries those that are found soonest; SOMS_LONG=1 tries all of them.
"""

import os
import sys
from random import Random

import pytest

from tests.properties.order_faults import FAULTS, SOON
from tests.properties.order_player import Player
from tests.properties.order_stage import Stage

LONG = os.environ.get("SOMS_LONG") == "1"
CHAPTER = 100
MOST = 40


@pytest.mark.parametrize("fault", sorted(FAULTS) if LONG else sorted(SOON))
def test_a_planted_fault_is_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    FAULTS[fault](monkeypatch)

    found = None
    for chapter in range(SOON.get(fault, 0), MOST):
        found = difference(f"{fault}/{chapter}")
        if found:
            break

    sys.stdout.write(f"teeth: {fault} found in chapter {chapter}: {found}\n")
    assert found


def difference(seed: str) -> str:
    """Play one chapter; return the first difference, or nothing."""
    with Stage.opened() as stage:
        try:
            Player.of(stage, Random(seed)).play(CHAPTER)  # noqa: S311 it has to repeat
        except AssertionError as error:
            return str(error).partition("\n")[0]
    return ""
