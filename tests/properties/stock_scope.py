"""Every interleaving of a few commands on one stock item, and the shortest way to what must not be.

This explores a model of the protocol and not the code. Its conditions are those of the table in `Rules`. What
ties it to the code: test_stock_replay.py takes random ways of the model through the real functions and
compares every counter after each act; the order model, the faults and the races go from the code's side. Simpler than
the code: what a command reads, it reads at one moment; a count finds the youngest order by its number; there
is one filler and one consumer at a time; an order has one line.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from tests.properties.stock_following import follow
from tests.properties.stock_moves import steps
from tests.properties.stock_state import (
    DONE,
    TODO,
    Command,
    Order,
    Refuted,
    Rules,
    Stock,
    World,
    check,
    check_rest,
)


@dataclass(frozen=True, eq=False)
class Scope:
    """So many units on the shelf, and commands that are given in any order and at once."""

    name: str
    units: int
    commands: Sequence[Command]
    in_order: bool = False
    repeats: int = 1
    losses: int = 0
    crashes: int = 0

    def begin(self) -> World:
        orders = 1 + max(one.order for one in self.commands)
        return World(
            Stock(self.units, available=self.units),
            tuple(Order(place=(5, number)) for number in range(orders)),
            (TODO,) * len(self.commands),
            physical=self.units,
            in_order=self.in_order,
            repeats=self.repeats,
            losses=self.losses,
            crashes=self.crashes,
        )


@dataclass(frozen=True)
class Explored:
    states: int
    transitions: int
    ends: int
    deepest: int


class Counterexample(AssertionError):
    """A way to what must not be, and no shorter one exists in this scope."""


def explore(scope: Scope, rules: Rules = Rules()) -> Explored:  # noqa: B008 it is immutable
    """Visit every state that can be reached; raise Counterexample at the first that must not be."""
    begin = _plain(scope.begin())
    came: dict[World, tuple[World, str] | None] = {begin: None}
    ahead = deque([(begin, 0)])
    transitions = ends = deepest = 0
    while ahead:
        world, deepest = ahead.popleft()
        try:
            after = _after(world, scope, rules)
        except Refuted as wrong:
            raise Counterexample(_told(scope, came, world, str(wrong))) from None
        transitions += len(after)
        ends += not after
        for what, raw in after:
            reached = _plain(raw)
            if reached not in came:
                came[reached] = world, what
                ahead.append((reached, deepest + 1))
    return Explored(len(came), transitions, ends, deepest)


def _after(world: World, scope: Scope, rules: Rules) -> list[tuple[str, World]]:
    check(world)
    check_rest(world)
    after = [(what, one) for what, one in steps(world, scope.commands, rules) if one != world]
    undone = any(run != DONE for run in world.runs) and not _unborn(world, scope)
    if not after and (world.pending or undone):
        raise Refuted(f"stuck for ever: {world.pending} {world.runs}")
    idle = not world.consumer and not world.filler and all(run in (TODO, DONE) for run in world.runs)
    if idle and world.pending and not any(True for _ in follow(world, rules)):
        raise Refuted(f"an effect can never be applied: {world.pending}, the queue is {world.entries}")
    return after


def _unborn(world: World, scope: Scope) -> bool:
    """Tell whether what is left to do concerns only orders that were refused, or quotes that are in time."""
    return all(
        run == DONE or world.orders[command.order].status == "none"
        for run, command in zip(world.runs, scope.commands, strict=True)
        if command.kind not in {"receipt", "count", "place", "quote"}
    )


def _plain(world: World) -> World:
    """Return the world with the numbers nobody remembers at zero, so that equal states are equal."""
    if world.filler is None and all(run[0] not in {"shelf", "read"} for run in world.runs):
        orders = tuple(one._replace(settled=0) if one.settled else one for one in world.orders)
        return world._replace(stock=world.stock._replace(seq=0), orders=orders)
    return world


def _told(scope: Scope, came: dict[World, tuple[World, str] | None], world: World, wrong: str) -> str:
    way: list[str] = []
    before = came[world]
    while before:
        way.append(before[1])
        before = came[before[0]]
    lines = [f"{number:3}. {what}" for number, what in enumerate(reversed(way), 1)]
    return "\n".join([f"{scope.name}: {wrong}", *lines])
