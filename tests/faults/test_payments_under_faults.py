"""Every AWS call of every command with money × everything that can happen to it: money moves once."""

from collections.abc import Callable, Iterator

import pytest

from tests.faults.payments import PAYMENTS
from tests.faults.sampled import sampled
from tests.faults.stories import Plot
from tests.faults.test_commands_under_faults import troubles
from tests.faults.wire import Action, Fault, Wire
from tests.world import World

BY_NAME = {one.name: one for one in PAYMENTS}


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire.tapped() as tapped:
        yield tapped


@pytest.mark.parametrize("plot", sampled(PAYMENTS))
def test_money_moves_once_whatever_happens_to_the_calls_that_move_it(
    world: World, wire: Wire, plot: Plot
) -> None:
    assert troubles(world, wire, plot) == []


# Planted bugs: what a careless hand could take out, and this programme must notice.


def _left_out(table: str, kind: str) -> Callable[[Action], Action | None]:
    """Leave out what is written to a table as items of a kind, or what is updated there."""

    def bend(action: Action) -> Action | None:
        ((what, body),) = action.items()
        if not body["TableName"].endswith(table):
            return action
        named = body.get("Item", {}).get("kind", {}).get("S", what)
        return None if named == kind else action

    return bend


@pytest.mark.parametrize(
    ("plot", "table", "kind"),
    [
        ("pay", "-customers", "Update"),
        ("pay", "-billing", "open_item"),
        ("refund", "-customers", "Update"),
        ("refund", "-billing", "payment"),
        ("refund", "-documents", "refund"),
        ("approve", "-billing", "refund"),
        ("bounce", "-documents", "bounce"),
        ("bounce", "-billing", "open_item"),
        ("write-off", "-documents", "write_off"),
        ("owe-again", "-customers", "Update"),
        ("use-credit", "-billing", "credit_use"),
        ("use-credit", "-billing", "payment"),
    ],
)
def test_a_write_that_is_left_out_is_noticed(
    world: World, wire: Wire, plot: str, table: str, kind: str
) -> None:
    prepared = BY_NAME[plot].make(world, "left-out")
    world.drain()
    story = prepared()

    wire.bend = _left_out(table, kind)
    story.send()
    wire.bend = None
    world.drain()

    expected = {name: value for name, value in BY_NAME[plot].expected.items() if name != "letters"}
    assert world.broken() or any(story.found()[name] != value for name, value in expected.items())


def test_a_payment_that_is_not_looked_at_again_is_noticed(world: World, wire: Wire) -> None:
    def unconditional(action: Action) -> Action:
        ((kind, body),) = action.items()
        # Either the entry or the voucher, whose id follows from it, says that it was done.
        if not body["TableName"].endswith(("-journal", "-documents")):
            return action
        return {kind: {name: value for name, value in body.items() if not name.startswith(("Condi", "ReturnV"))}}

    wire.bend = unconditional

    assert troubles(world, wire, BY_NAME["take-back"], Fault.ANSWER_LOST)
