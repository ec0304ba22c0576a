"""Every command in every state an order can be in: what the table says happens, and nothing else."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
from soms.kit import clock
from soms.orders.lifecycle import MEANINGS, TABLE

from tests.world import Answer, Context, World, module

SOON = timedelta(hours=1)
TODAY = clock.now
BIG, SMALL = 6, 3

EXPECTED: dict[str, dict[str, str]] = {
    "draft": {"amend": "draft", "quote": "quoted", "confirm": "confirmed", "discard": "discarded"},
    "draft that a rule asks about": {
        "amend": "draft",
        "quote": "quoted",
        "confirm": "pending_approval",
        "discard": "discarded",
    },
    "quoted": {"revise": "draft", "accept": "confirmed", "lose": "lost"},
    "quoted that a rule asks about": {"revise": "draft", "accept": "pending_approval", "lose": "lost"},
    "quoted and over": {"revise": "draft", "lose": "lost"},
    "pending_approval": {"approve": "confirmed", "reject": "draft", "recall": "draft"},
    "confirmed": {"amend": "confirmed", "cancel": "cancelled", "ship": "confirmed", "hold": "confirmed"},
    "confirmed and shipped in part": {
        **dict.fromkeys(("amend", "cancel", "ship", "return", "hold"), "confirmed"),
        "close": "closed",
    },
    "confirmed and held": {
        **dict.fromkeys(("amend", "hold", "release"), "confirmed"),
        "cancel": "cancelled",
    },
    "confirmed with an amendment waiting": {
        **dict.fromkeys(("approve", "reject", "recall", "ship", "hold"), "confirmed"),
        "cancel": "cancelled",
    },
    "closed": {"reopen": "confirmed", "return": "closed"},
    "completed": {"reopen": "confirmed", "return": "completed"},
    "cancelled": {},
    "expired": {},
    "lost": {},
    "discarded": {},
}
"""Situation (its first word is the state) → what clients may do → the state that it leads to."""
SENT: dict[str, tuple[str, dict[str, object]]] = {
    "quote": ("quote", {"valid_days": 7}),
    "reject": ("reject", {"reason": "no"}),
    "recall": ("recall", {"reason": "no"}),
    "cancel": ("cancel", {}),
    "ship": ("shipments", {}),
    "return": ("returns", {"lines": [{"line": 1, "quantity": 1, "reason": "broken"}]}),
    "hold": ("holds", {"kind": "manual", "reason": "wait"}),
}
COMMANDS = [step.command for step in TABLE if step.by_clients]


@dataclass(frozen=True)
class Place:
    """A shop with an order in one situation, which nobody may change."""

    world: World
    situation: str
    order: str


@pytest.fixture(scope="module", params=EXPECTED)
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """Open one shop for all commands of one situation, with a rule that asks for approval of big orders."""
    with World.opened() as world:
        rule = {"id": "big", "total_above": "50.00"}
        assert world.call("PUT", "/v1/settings", {"approval_rules": [rule]}).status == 200
        for sku, price in (("A-1", "10.00"), ("GIFT", "0.00")):
            world.product(sku, price)
            world.stock(sku, 1000)
        yield Place(world, request.param, BRING[request.param](world))


def do(world: World, order: str, command: str, body: object = None, **who: str) -> Answer:
    answer = send(world, order, command, body, **who)
    assert answer.status in {200, 201}, answer.text
    return answer


def send(world: World, order: str, command: str, body: object = None, **who: str) -> Answer:
    """Send a command with a body that is in order by itself."""
    path = f"/v1/orders/{order}"
    if command == "amend":
        etag = world.call("GET", path).headers["ETag"]
        said = body or {"note": "by noon"}
        return world.call("PATCH", path, said, headers={"If-Match": etag}, **who)
    if command == "release":
        holds = world.call("GET", path).body["holds"]
        return world.call("POST", f"{path}/holds/{holds[0]['id'] if holds else 'none'}/release", {})
    to, usual = SENT.get(command, (command, {}))
    return world.call("POST", f"{path}/{to}", usual if body is None else body, **who)


def ordered(world: World, units: int, status: str = "confirmed", sku: str = "A-1") -> str:
    """Let a sales person place an order, which others may then decide about."""
    body = {"status": status}
    answer = world.order(world.customer(), (sku, units), body=body, as_="sales", name="sam")
    assert answer.status == 201, answer.text
    return str(answer.body["id"])


def quoted(world: World, units: int = SMALL) -> str:
    order = ordered(world, units, "draft")
    do(world, order, "quote", {"expires_at": (datetime.now(UTC) + SOON).isoformat()})
    return order


def after(
    command: str, order: Callable[[World], str], body: object = None, **who: str
) -> Callable[[World], str]:
    def made(world: World) -> str:
        name = order(world)
        do(world, name, command, body, **who)
        return name

    return made


def expired(world: World) -> str:
    order = quoted(world)
    with patch.object(clock, "now", over):
        module("expiry").handler({"action": "expire"}, Context())
    return order


def completed(world: World) -> str:
    """A gift that has left owes nothing: it is complete as soon as its invoice of 0.00 is settled."""
    order = after("hold", after("ship", lambda world: ordered(world, SMALL, sku="GIFT")))(world)
    world.drain()
    return order


def over() -> datetime:
    return TODAY() + 2 * SOON


small = lambda world: ordered(world, SMALL)  # noqa: E731 # one of many ways to an order
drafted = lambda world: ordered(world, SMALL, "draft")  # noqa: E731 # the same
begun = after("ship", small, {"lines": [{"line": 1, "quantity": 1}]})
BRING: dict[str, Callable[[World], str]] = {
    "draft": drafted,
    "draft that a rule asks about": lambda world: ordered(world, BIG, "draft"),
    "quoted": quoted,
    "quoted that a rule asks about": lambda world: quoted(world, BIG),
    "quoted and over": quoted,
    "pending_approval": lambda world: ordered(world, BIG),
    "confirmed": small,
    "confirmed and shipped in part": begun,
    "confirmed and held": after("hold", small),
    "confirmed with an amendment waiting": after(
        "amend", small, {"lines": [{"line": 1, "quantity": BIG}]}, as_="sales", name="sam"
    ),
    "closed": after("close", after("hold", begun)),
    "completed": completed,
    "cancelled": after("cancel", after("hold", small)),
    "expired": expired,
    "lost": after("lose", quoted),
    "discarded": after("discard", drafted),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_does_what_the_table_says_of_the_state(place: Place, command: str) -> None:
    world, situation = place.world, place.situation
    order = BRING[situation](world) if command in EXPECTED[situation] else place.order
    path = f"/v1/orders/{order}"

    with patch.object(clock, "now", over if situation == "quoted and over" else TODAY):
        before = world.call("GET", path).body
        body = {"lines": [{"line": 1, "quantity": 1}]} if "shipped in part" in situation else None
        answer = send(world, order, command, body if command == "cancel" else None)
        held = world.call("GET", path).body

    assert before["status"] == situation.split()[0]
    assert set(before["allowed"]) == set(EXPECTED[situation])
    if command in EXPECTED[situation]:
        assert answer.status in {200, 201}, answer.text
        assert held["status"] == EXPECTED[situation][command]
        assert held["version"] == before["version"] + 1
    elif command == "release" and not before["holds"]:
        assert (answer.status, answer.code) == (404, "not_found")
    else:
        assert (answer.status, answer.code) == (409, "invalid_state"), answer.text
        assert answer.body["meta"] == {"state": before["status"], "allowed": before["allowed"]}
        assert held == before


def test_the_table_says_nothing_that_was_not_tried() -> None:
    tried: dict[tuple[str, str], set[str]] = {}
    for situation, allowed in EXPECTED.items():
        for command, to in allowed.items():
            tried.setdefault((situation.split()[0], command), set()).add(to)

    told = {
        (state, step.command): set(to)
        for step in TABLE
        if step.by_clients
        for state, to in step.leads.items()
    }

    assert {situation.split()[0] for situation in EXPECTED} == set(MEANINGS)
    assert tried.keys() == told.keys()
    assert all(tried[edge] <= told[edge] for edge in told)
