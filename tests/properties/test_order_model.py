"""Random lives of orders through the real handlers, against an oracle.

`make test` plays a short programme; SOMS_LONG=1 plays 50 000 steps (make test-long), SOMS_SEED another seed.
"""

import os
import sys
import time
from collections import Counter
from random import Random

from soms.orders import lifecycle

from tests.properties.order_books import EDGES
from tests.properties.order_player import BY_THEMSELVES, Player
from tests.properties.order_stage import Stage

LONG = os.environ.get("SOMS_LONG") == "1"
SEED = int(os.environ.get("SOMS_SEED", "20261123"))
STEPS = 50_000 if LONG else 1_500
CHAPTER = 150


def test_whatever_is_done_to_orders_comes_out_as_the_rules_have_it() -> None:
    walked, visits, done, started = (
        set[tuple[str, str, str]](),
        Counter[tuple[str, ...]](),
        0,
        time.monotonic(),
    )

    wanted = {(state, command, to) for (state, command), several in EDGES.items() for to in several}
    while done < STEPS or (wanted - walked and done < 2 * STEPS):
        with Stage.opened() as stage:
            player = Player.of(stage, Random(f"{SEED}/{done}"), visits)  # noqa: S311 it has to repeat
            player.thresholds = (None, 10_000, 10_000)
            player.play(CHAPTER)
        done += CHAPTER
        walked |= player.company.walked

    took = time.monotonic() - started
    sys.stdout.write(f"model: {done} steps, 0 differences, engine moto, seed {SEED}, {took:.0f} s\n")
    assert wanted - walked == set()


def test_the_table_of_the_code_is_that_of_the_rules() -> None:
    table = {(state, step.command): step.to for step in lifecycle.TABLE for state in step.states}

    assert table.keys() == EDGES.keys()
    assert all(EDGES[edge] <= set(to) for edge, to in table.items())
    assert {step.command for step in lifecycle.TABLE if not step.by_clients} == BY_THEMSELVES
