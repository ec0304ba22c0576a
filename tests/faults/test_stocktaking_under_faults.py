"""Every write of every command of the warehouse, struck: repeated with its key it takes effect once and wholly."""

from collections.abc import Iterator

import pytest

from tests.faults.wire import Fault, Wire
from tests.functions.test_stocktaking_replays import ROWS, Row, stock
from tests.world import World

IN_THE_DARK = (Fault.CRASH_BEFORE, Fault.ANSWER_LOST, Fault.CRASH_AFTER)


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire.tapped() as tapped:
        yield tapped


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.route)
def test_a_command_that_broke_off_takes_effect_once_when_it_is_repeated(
    world: World, wire: Wire, row: Row
) -> None:
    path = row.ready(world, "A-1")
    calls, calm = wire.record(lambda: row.send(world, path, "A-1"))
    cases = [(at, fault) for at, call in enumerate(calls) if call == "TransactWriteItems" for fault in IN_THE_DARK]
    assert cases

    struck = {f"S-{at}-{fault.name.replace('_', '-')}": (at, fault) for at, fault in cases}
    for sku, (at, fault) in struck.items():
        place = row.ready(world, sku)
        # Bound as defaults, so that the loop cannot change them; mypy cannot type such a lambda.
        answer = wire.strike(at, fault, lambda place=place, sku=sku: row.send(world, place, sku))  # type: ignore[misc]
        again = row.send(world, place, sku)

        assert wire.struck, (at, fault)
        assert answer is None or answer.status == calm.status, answer.text
        assert again.status == calm.status, (at, fault, again.text)
        assert again.body.get("status") == calm.body.get("status"), (at, fault)
    world.drain()
    ends = {sku: [stock(world, one) for one in (sku, f"{sku}-B")] for sku in ("A-1", *struck)}
    assert {sku: end for sku, end in ends.items() if end != ends["A-1"]} == {}
    assert world.broken() == []
