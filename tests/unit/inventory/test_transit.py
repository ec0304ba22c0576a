"""What may happen to a transfer: whatever is said of it, no unit appears or disappears."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from soms.inventory import transit
from soms.inventory.transit import Sent, Transfer, TransferLine
from soms.kit.problems import Invalid, InvalidState


def transfer(*quantities: int) -> Transfer:
    lines = [TransferLine(sku=f"S-{number}", quantity=units) for number, units in enumerate(quantities)]
    said = {"id": "trf_1", "from": "a", "to": "b", "lines": lines, "created_at": "", "created_by": "ada"}
    return Transfer.model_validate(said)


@given(
    st.lists(st.integers(1, 1000), min_size=1, max_size=32),
    st.lists(st.lists(st.integers(0, 1000), min_size=32, max_size=32), max_size=4),
    st.sampled_from(["lost", "returned", None]),
)
def test_what_was_sent_is_received_returned_lost_or_on_its_way(
    quantities: list[int], parts: list[list[int]], outcome: transit.Outcome | None
) -> None:
    held = transfer(*quantities)

    for part in parts:
        left = held.in_transit()
        came = [(line.sku, min(units, left.get(line.sku, 0))) for line, units in zip(held.lines, part, strict=False)]
        said = [Sent(sku=sku, quantity=units) for sku, units in came if units]
        if said:
            held = transit.received(held, transit.arriving(held, said))
    if outcome and transit.allowed(held):
        held = transit.closed(held, outcome, "so it is")

    for line, quantity in zip(held.lines, quantities, strict=True):
        assert line.received + line.returned + line.lost + line.in_transit == quantity
        assert min(line.received, line.returned, line.lost, line.in_transit) >= 0
    assert bool(held.in_transit()) == (held.status in transit.ON_ITS_WAY)
    assert not outcome or not held.in_transit()


def test_a_part_that_came_leaves_the_rest_on_its_way() -> None:
    held = transit.received(transfer(5, 3), {"S-0": 5})

    assert (held.status, held.in_transit()) == ("partly_received", {"S-1": 3})
    assert transit.received(held, {"S-1": 3}).status == "received"


def test_more_than_is_on_its_way_or_a_sku_twice_is_refused() -> None:
    said = [Sent(sku="S-0", quantity=6), Sent(sku="S-9", quantity=1), Sent(sku="S-9", quantity=1)]

    with pytest.raises(Invalid) as refused:
        transit.arriving(transfer(5), said)

    assert [(one.pointer, one.code) for one in refused.value.faults] == [
        ("/lines/2/sku", "duplicate"),
        ("/lines/0/quantity", "quantity_exceeds_transit"),
        ("/lines/1/quantity", "quantity_exceeds_transit"),
        ("/lines/2/quantity", "quantity_exceeds_transit"),
    ]


@pytest.mark.parametrize("command", ["receive", "close"])
def test_what_is_over_stays_over(command: str) -> None:
    held = transit.closed(transfer(5), "lost", "gone")

    with pytest.raises(InvalidState) as refused:
        transit.require(held, command)

    assert refused.value.meta == {"state": "closed", "allowed": []}
