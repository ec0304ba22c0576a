"""Random lives of orders through the real handlers, against an oracle.

`make test` plays the openings and a short programme; SOMS_LONG=1 plays 50 000 steps, SOMS_SEED another seed.
"""

import os
import sys
import time
from collections import Counter
from random import Random

from soms.orders import lifecycle

from tests.properties.order_books import EDGES
from tests.properties.order_openings import OPENINGS, play
from tests.properties.order_player import BY_THEMSELVES, FEW, MANY, Player
from tests.properties.order_stage import Stage

LONG = os.environ.get("SOMS_LONG") == "1"
SEED = int(os.environ.get("SOMS_SEED", "20261123"))
STEPS = 50_000 if LONG else 300
CHAPTER = 150


def test_openings_walk_every_edge_of_the_table_as_the_rules_have_it() -> None:
    with Stage.opened() as stage:
        player = Player.of(stage, Random(SEED))  # noqa: S311 it has to repeat
        play(player, *OPENINGS)

    wanted = {(state, command, to) for (state, command), several in EDGES.items() for to in several}
    assert wanted - player.company.walked == set()


def test_whatever_is_done_to_orders_comes_out_as_the_rules_have_it() -> None:
    visits, done, started = Counter[tuple[str, ...]](), 0, time.monotonic()

    while done < STEPS:
        with Stage.opened() as stage:
            player = Player.of(stage, Random(f"{SEED}/{done}"), visits)  # noqa: S311 it has to repeat
            player.thresholds = (None, 10_000, 10_000)
            player.plenty = (MANY, FEW)[done // CHAPTER % 2]
            player.play(CHAPTER)
        done += CHAPTER

    took = time.monotonic() - started
    sys.stdout.write(f"model: {done} steps, 0 differences, engine moto, seed {SEED}, {took:.0f} s\n")


def test_the_table_of_the_code_is_that_of_the_rules() -> None:
    table = {
        (state, step.command): frozenset(to) for step in lifecycle.TABLE for state, to in step.leads.items()
    }

    assert table == EDGES
    assert {step.command for step in lifecycle.TABLE if not step.by_clients} == BY_THEMSELVES
