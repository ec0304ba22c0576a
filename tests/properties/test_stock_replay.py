"""Random ways through the model of one stock item are the ways the real functions take."""

import os
import sys
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from soms.kit.writes import Writes
from soms.orders import filling, queue
from soms.orders.model import Line, Order
from soms.orders.queue import Entry

from tests.properties.stock_replay import Replay
from tests.properties.stock_scope import Scope
from tests.properties.stock_scopes import COUNT_AND_MORE, MOVING, REPLAYED
from tests.world import World

WAYS = 60 if os.environ.get("SOMS_LONG") else 5
ENOUGH = 25
SEED = os.environ.get("SOMS_SEED", "1")
Plant = Callable[[pytest.MonkeyPatch], None]


def taken(world: World, scope: Scope, number: int, seed: str) -> Replay:
    """Take one random way of a scope."""
    sku = world.product(f"R-{number}")
    if scope.units:
        world.stock(sku, scope.units)
    random = Random(f"{seed} {scope.name} {number}")  # noqa: S311 it has to repeat
    replay = Replay(world, scope, random, sku, world.customer(), scope.begin())
    replay.take()
    return replay


@pytest.mark.parametrize("scope", REPLAYED, ids=lambda scope: scope.name)
def test_the_real_functions_go_every_sampled_way_of_the_model(scope: Scope, world: World) -> None:
    ways = [taken(world, scope, number, SEED) for number in range(WAYS)]

    acts, between = sum(len(one.way) for one in ways), sum(one.between for one in ways)
    told = f"{WAYS} ways, {acts} acts, {between} interrupted, seed {SEED}: 0 differences"
    sys.stdout.write(f"replay: {scope.name}: {told}\n")
    assert between


def forgets_the_stamp(plant: pytest.MonkeyPatch) -> None:
    plain: Any = queue.write

    def write(writes: Writes, before: Entry, after: Entry) -> None:
        plain(writes, before, after.model_copy(update={"kept": after.quantity > 0}))

    plant.setattr(queue, "write", write)


def gives_without_asking_what_is_known(plant: pytest.MonkeyPatch) -> None:
    def agree(entry: Entry, order: Order, line: Line) -> bool:
        return order.status == "confirmed"

    plant.setattr(filling, "_agree", agree)


@pytest.mark.parametrize(
    ("fault", "scope"),
    [(forgets_the_stamp, COUNT_AND_MORE), (gives_without_asking_what_is_known, MOVING)],
    ids=["forgets_the_stamp", "gives_without_asking_what_is_known"],
)
def test_a_fault_planted_in_the_real_functions_leaves_the_way(
    fault: Plant, scope: Scope, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault(monkeypatch)

    with pytest.raises(AssertionError, match=scope.name):
        _ = [taken(world, scope, number, "1") for number in range(ENOUGH)]
