"""Two commands on one order at once: as if one had come after the other, and the late one is told."""

import os
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product

import pytest

from tests import states
from tests.commands import OTHER
from tests.engine import before_writing
from tests.faults.stories import found
from tests.states import INSPECTED, WHY, Case, Ready, lines
from tests.world import Answer, World

GOOD = {200, 201}
EVERY = bool(os.environ.get("SOMS_LONG"))
SEED = os.environ.get("SOMS_SEED", "1")
SAMPLE = 5
ALONGSIDE = {"news", "close the order"}
"""Commands that have a version of their own, so that the other one's stays."""
LOST = {404, 409, 412, 422}
Tags = Mapping[str, str]
Pair = tuple[str, str]
Command = Callable[[World, Case, str, Tags], Answer]


def post(path: str, body: object = None, **who: str) -> Command:
    """Give a command, with the version it was decided on where that of its resource is known."""

    def send(world: World, case: Case, key: str, tags: Tags) -> Answer:
        resource = path.partition("/")[0]
        headers = {"If-Match": tags[resource]} if resource in tags else {}
        place = path.format(order=case.path(), back=f"/v1/returns/{case.part}", part=case.part)
        return world.call("POST", place, body or {}, key=key, headers=headers, **who)

    return send


def amended(body: object) -> Command:
    def send(world: World, case: Case, key: str, tags: Tags) -> Answer:
        headers = {"If-Match": tags.get("{order}", "*"), "Idempotency-Key": key}
        return world.call("PATCH", case.path(), body, headers=headers)

    return send


def exchange(world: World, case: Case, key: str, tags: Tags) -> Answer:
    body = {"resolution": "exchange", "exchange": [{"sku": case.sku, "quantity": 1}]}
    return post("{back}/resolve", body)(world, case, key, tags)


@dataclass(frozen=True)
class State:
    """A state and the commands that the table allows in it."""

    ready: Ready
    commands: Mapping[str, Command]


CONFIRMED: dict[str, Command] = {
    "amend up": amended(lines(5)),
    "amend down": amended(lines(2)),
    "cancel": post("{order}/cancel", lines(2)),
    "ship": post("{order}/shipments"),
    "hold": post("{order}/holds", {"kind": "manual", **WHY}),
}
BEGUN = CONFIRMED | {
    "ship": post("{order}/shipments", lines(2)),
    "close": post("{order}/close"),
    "ask back": post("{order}/returns", lines(1, reason="worn")),
}
STATES = {
    "draft": State(
        states.drafted,
        {
            "amend": amended(lines(4)),
            "quote": post("{order}/quote", {"valid_days": 7, "reserve": True}),
            "confirm": post("{order}/confirm"),
            "discard": post("{order}/discard"),
        },
    ),
    "quoted": State(
        states.quoted,
        {name: post(f"{{order}}/{name}") for name in ("accept", "lose", "revise")},
    ),
    "waiting": State(
        states.waiting,
        {
            "approve": post("{order}/approve", **OTHER),
            "reject": post("{order}/reject", WHY, **OTHER),
            "recall": post("{order}/recall", WHY),
        },
    ),
    "proposed": State(
        states.proposed,
        {
            "approve": post("{order}/approve", **OTHER),
            "reject": post("{order}/reject", WHY, **OTHER),
            "recall": post("{order}/recall", WHY),
            "cancel": post("{order}/cancel"),
            "ship": post("{order}/shipments", lines(1)),
            "hold": CONFIRMED["hold"],
        },
    ),
    "confirmed": State(states.ordered, CONFIRMED | {"cancel all": post("{order}/cancel")}),
    "begun": State(states.begun, BEGUN),
    "held": State(
        states.held,
        {
            "release": post("{order}/holds/{part}/release"),
            "hold": CONFIRMED["hold"],
            "cancel": post("{order}/cancel"),
        },
    ),
    "shipped": State(
        states.shipped,
        {
            "return of two": post("{order}/returns", lines(2, reason="worn")),
            "return of all": post("{order}/returns", lines(3, reason="worn")),
            "close": post("{order}/close"),
            "news": post("/v1/shipments/{part}/events", {"status": "delivered"}),
        },
    ),
    "closed": State(
        states.closed,
        {
            "reopen": post("{order}/reopen"),
            "ask back": post("{order}/returns", lines(1, reason="worn")),
        },
    ),
    "asked back": State(
        states.asked_back,
        {
            "approve": post("{back}/approve"),
            "reject": post("{back}/reject", WHY),
            "cancel": post("{back}/cancel"),
            "close the order": post("{order}/close"),
        },
    ),
    "agreed": State(states.agreed, {"receive": post("{back}/receive"), "cancel": post("{back}/cancel")}),
    "received": State(states.received, {"inspect": post("{back}/inspect", {"lines": [INSPECTED]})}),
    "inspected": State(
        states.inspected,
        {
            "credit": post("{back}/resolve", {"resolution": "credit"}),
            "nothing": post("{back}/resolve", {"resolution": "none"}),
            "exchange": exchange,
            "close the order": post("{order}/close"),
        },
    ),
}


def interrupted(first: Callable[[], Answer], second: Callable[[], Answer]) -> tuple[Answer, Answer]:
    """Let the first read and decide, the second be carried out whole, and then the first go on to write."""
    between: list[Answer] = []

    before_writing(lambda: between.append(second()))
    answer = first()
    assert between, "the first command wrote nothing"
    return answer, between[0]


@dataclass(frozen=True)
class Run:
    """Two commands on an order: what each was told, and, once all is at rest, what came of it."""

    case: Case
    late: tuple[int, str | None]
    early: int

    def end(self, world: World) -> dict[str, str]:
        known = found(world, self.case.sku, self.case.customer)
        return {name: str(value).replace(self.case.sku, "it") for name, value in known.items()}


def run(world: World, state: State, pair: Pair, name: str, *, at_once: bool, match: bool = False) -> Run:
    """Do the second command of a pair while the first decides, or before it."""
    case = state.ready(world, name)
    tags = _tags(world, case)
    first, second = (state.commands[one] for one in pair)

    def late() -> Answer:
        return first(world, case, f"{name}-late", tags if match else {})

    def early() -> Answer:
        return second(world, case, f"{name}-early", {})

    if at_once:
        lost, won = interrupted(late, early)
    else:
        won = early()
        lost = late()
    code = None if lost.status in GOOD else lost.code
    return Run(case, (lost.status, code), won.status)


def _tags(world: World, case: Case) -> dict[str, str]:
    """Return the entity tags of the order and of its return."""
    known = {"{order}": case.path()}
    if case.part.startswith("ret_"):
        known["{back}"] = f"/v1/returns/{case.part}"
    return {one: world.call("GET", path).headers["ETag"] for one, path in known.items()}


def pairs(name: str) -> list[Pair]:
    """Return the ordered pairs of a state's commands, or of them a sample by the seed."""
    every = list(product(STATES[name].commands, repeat=2))
    chance = random.Random(f"{SEED} {name}")  # noqa: S311 a sample, not a secret
    return every if EVERY or len(every) <= SAMPLE else sorted(chance.sample(every, SAMPLE))


@pytest.mark.parametrize("name", STATES)
def test_commands_at_once_end_as_if_one_had_come_after_the_other(world: World, name: str) -> None:
    state, chosen = STATES[name], pairs(name)
    runs = [
        tuple(run(world, state, pair, f"{way}-{number}", at_once=way == "once") for way in ("once", "turn"))
        for number, pair in enumerate(chosen)
    ]
    world.drain()

    wrong: list[object] = []
    for pair, (together, in_turn) in zip(chosen, runs, strict=True):
        if together.early not in GOOD or together.late[0] not in GOOD | LOST:
            wrong.append((pair, together))
        if together.late != in_turn.late:
            wrong.append((pair, together.late, "in turn", in_turn.late))
        end, other = together.end(world), in_turn.end(world)
        wrong += [(pair, one, end[one], "in turn", other[one]) for one in end if end[one] != other[one]]
    assert wrong == []
    assert world.broken() == []


@pytest.mark.parametrize("name", STATES)
def test_who_decided_on_a_version_that_is_no_more_is_told_so(world: World, name: str) -> None:
    state, chosen = STATES[name], pairs(name)
    chosen = [pair for pair in chosen if ALONGSIDE.isdisjoint(pair)]

    runs = [
        run(world, state, pair, f"once-{number}", at_once=True, match=True)
        for number, pair in enumerate(chosen)
    ]
    world.drain()

    told = {(pair, one.late, one.early in GOOD) for pair, one in zip(chosen, runs, strict=True)}
    assert told == {(pair, (412, "version_mismatch"), True) for pair in chosen}
    assert world.broken() == []
