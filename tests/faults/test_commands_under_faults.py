"""Every AWS call of every command and consumer × everything that can happen to it: the effect comes once."""

import os
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from tests.faults import shortages
from tests.faults.lives import LIVES
from tests.faults.purchases import PURCHASES
from tests.faults.sampled import sampled
from tests.faults.stories import BY_NAME, COMMANDS, CONSUMERS, Plot, Story
from tests.faults.wire import WRITES, Action, Fault, Wire, happens_to
from tests.world import Answer, World

TRIES = 4
GOOD = {200, 201}
FOLLOWED = (*CONSUMERS, *shortages.CONSUMERS)
CONSUMER = {one.name: one for one in FOLLOWED}
EVERY_FAULT = bool(os.environ.get("SOMS_LONG"))
SEED = os.environ.get("SOMS_SEED", "1")
ALWAYS = (Fault.CRASH_BEFORE, Fault.ANSWER_LOST, Fault.CRASH_AFTER)


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire.tapped() as tapped:
        yield tapped


def blows(plot: Plot, calls: Sequence[str]) -> list[tuple[int, Fault]]:
    """Return what is to happen to which call: everything to every one, or of that a sample by the seed.

    In the short form each call meets one fault, and each that writes also those that leave in the dark
    whether it was done.
    """
    every = [(at, fault) for at, one in enumerate(calls) for fault in Fault if happens_to(fault, one)]
    if EVERY_FAULT:
        return every
    chance = random.Random(f"{SEED} {plot.name}")  # noqa: S311 a sample, not a secret
    chosen = {at: chance.choice([fault for where, fault in every if where == at]) for at in range(len(calls))}
    return [
        (at, fault) for at, fault in every if fault is chosen[at] or (calls[at] in WRITES and fault in ALWAYS)
    ]


def troubles(world: World, wire: Wire, plot: Plot, *faults: Fault) -> list[str]:
    """Disturb each call of a plot once, let it be repeated, and return everything that is then not right."""
    first = plot.make(world, f"{plot.name}-rehearsal")
    world.drain()
    rehearsal = first()
    calls, calm = wire.record(rehearsal.send)
    assert plot.by != "client" or calm.status in GOOD, calm.text
    cases = blows(plot, calls)
    if faults:
        cases = [(at, fault) for at, one in enumerate(calls) for fault in faults if happens_to(fault, one)]
    prepared = [plot.make(world, f"{plot.name}-{number}") for number in range(len(cases))]
    world.drain()
    wrong: list[str] = []
    told: list[tuple[str, str, Story]] = [(f"{plot.name}-rehearsal", "undisturbed", rehearsal)]
    for number, ((at, fault), begin) in enumerate(zip(cases, prepared, strict=True)):
        story, where = begin(), f"{at} {calls[at]}, {fault}"
        answer = wire.strike(at, fault, story.send)
        wrong += [] if wire.struck else [f"{where}: nothing was struck"]
        wrong += [f"{where}: {one}" for one in JUDGES[plot.by](answer, story.send)]
        told.append((f"{plot.name}-{number}", where, story))
    try:
        world.drain()
    except AssertionError as stuck:
        wrong.append(f"the streams are stuck: {stuck}")
    return wrong + _differences(world, plot, told) + [f"invariant {one}" for one in world.broken()]


def _differences(world: World, plot: Plot, told: Sequence[tuple[str, str, Story]]) -> list[str]:
    """Return where a story did not end as it must, nor as it does when nothing disturbs it."""
    letters, sales = ("\n".join(subjects(mail)) for mail in (world.mail, world.sales_mail))
    ends = [
        (
            where,
            story.found()
            | {"letters": f" {goods} is low " in letters, "told_sales": f" of {goods}\n" in f"{sales}\n"},
            goods,
        )
        for goods, where, story in told
    ]
    wrong = [
        f"{where}: {name} is {end[name]}"
        for where, end, _ in ends
        for name, value in plot.expected.items()
        if end[name] != value
    ]
    (_, plain, first), *disturbed = ends
    for where, end, goods in disturbed:
        same = {name: str(value).replace(goods, first) for name, value in end.items()}
        wrong += [
            f"{where}: {name} is {same[name]} and else {value}"
            for name, value in plain.items()
            if same[name] != str(value)
        ]
    return wrong


def subjects(mail: Callable[[], list[dict[str, Any]]]) -> list[str]:
    """Return what all letters of a mailbox are about."""
    found: list[str] = []
    while letters := mail():
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


def _as_schedule(answer: object, send: Callable[[], object]) -> list[str]:
    """Let the schedule come round until it ends well, and once more."""
    for _ in range(TRIES):
        if answer is not None:
            break
        answer = send()
    return [] if answer is not None and send() else ["it never ended well"]


JUDGES: dict[str, Callable[..., list[str]]] = {
    "client": _as_client,
    "lambda": _as_lambda,
    "schedule": _as_schedule,
}


PLOTS = (*COMMANDS, *LIVES, *PURCHASES, *shortages.COMMANDS)


@pytest.mark.parametrize("plot", sampled(PLOTS))
def test_a_command_takes_effect_once_whatever_happens_to_its_calls(
    world: World, wire: Wire, plot: Plot
) -> None:
    assert troubles(world, wire, plot) == []


@pytest.mark.parametrize("plot", sampled(FOLLOWED))
def test_a_consumer_takes_effect_once_whatever_happens_to_its_calls(
    world: World, wire: Wire, plot: Plot
) -> None:
    assert troubles(world, wire, plot) == []


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

    assert troubles(world, wire, BY_NAME["adjust"], Fault.ANSWER_LOST)


def test_effects_without_their_mark_are_noticed(world: World, wire: Wire) -> None:
    wire.bend = _unconditional("-journal")

    assert troubles(world, wire, CONSUMER["stock"], Fault.CRASH_AFTER)


def test_units_that_join_a_queue_without_a_mark_are_noticed(world: World, wire: Wire) -> None:
    wire.bend = _unconditional("-journal")

    assert troubles(world, wire, CONSUMER["queueing"], Fault.CRASH_AFTER)


def test_goods_given_to_who_stays_in_the_queue_are_noticed(world: World, wire: Wire) -> None:
    wire.bend = _without("-inventory", "Delete")

    assert troubles(world, wire, CONSUMER["filling"], Fault.CRASH_BEFORE)


def test_stock_that_is_not_taken_is_noticed(world: World, wire: Wire) -> None:
    wire.bend = _without("-inventory", "Update")

    assert troubles(world, wire, BY_NAME["ship"], Fault.CRASH_BEFORE)


def test_credit_that_is_not_taken_is_noticed(world: World, wire: Wire) -> None:
    wire.bend = _without("-customers", "Update")

    assert troubles(world, wire, BY_NAME["place"], Fault.THROTTLED)


def test_a_shelf_that_gives_more_than_it_has_is_noticed(world: World, wire: Wire) -> None:
    sku = world.product()
    world.stock(sku, 2)
    wire.bend = _unconditional("-inventory")

    sold = world.order(world.customer(), (sku, 3))
    world.drain()

    assert sold.status == 201
    assert world.broken()
