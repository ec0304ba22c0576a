"""Every AWS call of every command and consumer × everything that can happen to it: the effect comes once."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.faults.stories import BY_NAME, COMMANDS, CONSUMERS, Plot, Story
from tests.faults.wire import Action, Fault, Wire, happens_to
from tests.world import Answer, World

TRIES = 4
GOOD = {200, 201}
CONSUMER = {one.name: one for one in CONSUMERS}


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire.tapped() as tapped:
        yield tapped


def troubles(world: World, wire: Wire, plot: Plot, *faults: Fault, by_client: bool) -> list[str]:
    """Disturb each call of a plot once, let it be repeated, and return everything that is then not right."""
    rehearsal = plot.make(world, f"{plot.name}-rehearsal")
    world.drain()
    calls = wire.record(rehearsal().send)
    cases = [
        (at, fault) for at, operation in enumerate(calls) for fault in faults if happens_to(fault, operation)
    ]
    prepared = [plot.make(world, f"{plot.name}-{number}") for number in range(len(cases))]
    world.drain()
    wrong: list[str] = []
    told: list[tuple[str, str, Story]] = []
    for number, ((at, fault), begin) in enumerate(zip(cases, prepared, strict=True)):
        story, where = begin(), f"{at} {calls[at]}, {fault}"
        answer = wire.strike(at, fault, story.send)
        wrong += [] if wire.struck else [f"{where}: nothing was struck"]
        judge = _as_client if by_client else _as_lambda
        wrong += [f"{where}: {one}" for one in judge(answer, story.send)]
        told.append((f"{plot.name}-{number}", where, story))
    try:
        world.drain()
    except AssertionError as stuck:
        wrong.append(f"the streams are stuck: {stuck}")
    letters = "\n".join(subjects(world))
    for goods, where, story in told:
        found = story.found() | {"letters": f" {goods} is low " in letters}
        wrong += [
            f"{where}: {name} is {found[name]}"
            for name, value in plot.expected.items()
            if found[name] != value
        ]
    return wrong + [f"invariant {one}" for one in world.broken()]


def subjects(world: World) -> list[str]:
    """Return what all letters to purchasing are about."""
    found: list[str] = []
    while letters := world.mail():
        found += [letter["Subject"] for letter in letters]
    return found


def _as_client(answer: Answer | None, send: Callable[[], Answer]) -> list[str]:
    """Repeat with the same key, as clients do whose answer was 503 or never came, or even when it came."""
    wrong = []
    refused = answer is not None and answer.status not in GOOD
    if answer is not None and refused and (answer.status != 503 or "Retry-After" not in answer.headers):
        wrong.append(f"answered {answer.status}")
    again = send()
    if again.status not in GOOD:
        wrong.append(f"the repeat was answered {again.status} {again.text}")
    elif answer is not None and answer.status in GOOD and again.body.get("id") != answer.body.get("id"):
        wrong.append("the repeat was answered with something else")
    return wrong


def _as_lambda(answer: dict[str, Any] | None, send: Callable[[], dict[str, Any]]) -> list[str]:
    """Deliver the batch again until nothing of it fails, and once more."""
    for _ in range(TRIES):
        if answer == {"batchItemFailures": []}:
            break
        answer = send()
    return [f"ended with {one}" for one in (answer, send()) if one != {"batchItemFailures": []}]


@pytest.mark.parametrize("plot", COMMANDS, ids=[plot.name for plot in COMMANDS])
def test_a_command_takes_effect_once_whatever_happens_to_its_calls(
    world: World, wire: Wire, plot: Plot
) -> None:
    assert troubles(world, wire, plot, *Fault, by_client=True) == []


@pytest.mark.parametrize("plot", CONSUMERS, ids=[plot.name for plot in CONSUMERS])
def test_a_consumer_takes_effect_once_whatever_happens_to_its_calls(
    world: World, wire: Wire, plot: Plot
) -> None:
    assert troubles(world, wire, plot, *Fault, by_client=False) == []


# Planted bugs: what a careless hand could take out, and this programme must notice.


def _unconditional(table: str) -> Callable[[Action], Action]:
    def bend(action: Action) -> Action:
        (kind, body), *_ = action.items()
        if not body["TableName"].endswith(table):
            return action
        kept = {name: value for name, value in body.items() if not name.startswith(("Condition", "ReturnV"))}
        return {kind: kept}

    return bend


def _without(table: str, kind: str) -> Callable[[Action], Action | None]:
    return lambda action: None if kind in action and action[kind]["TableName"].endswith(table) else action


def test_a_journal_without_its_condition_is_noticed(world: World, wire: Wire) -> None:
    wire.bend = _unconditional("-journal")

    assert troubles(world, wire, BY_NAME["adjust"], Fault.ANSWER_LOST, by_client=True)


def test_effects_without_their_mark_are_noticed(world: World, wire: Wire) -> None:
    wire.bend = _unconditional("-journal")

    assert troubles(world, wire, CONSUMER["stock"], Fault.CRASH_AFTER, by_client=False)


def test_stock_that_is_not_taken_is_noticed(world: World, wire: Wire) -> None:
    wire.bend = _without("-inventory", "Update")

    assert troubles(world, wire, BY_NAME["ship"], Fault.CRASH_BEFORE, by_client=True)


def test_credit_that_is_not_taken_is_noticed(world: World, wire: Wire) -> None:
    wire.bend = _without("-customers", "Update")

    assert troubles(world, wire, BY_NAME["place"], Fault.THROTTLED, by_client=True)


def test_a_shelf_that_gives_more_than_it_has_is_noticed(world: World, wire: Wire) -> None:
    sku = world.product()
    world.stock(sku, 2)
    wire.bend = _unconditional("-inventory")

    sold = world.order(world.customer(), (sku, 3))
    world.drain()

    assert sold.status == 201
    assert world.broken()
