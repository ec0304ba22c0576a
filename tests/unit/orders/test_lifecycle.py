"""Orders keep their identities whatever is cancelled and shipped, in whatever portions."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from soms.billing.documents import invoicing
from soms.kit.problems import InvalidState
from soms.orders import lifecycle, quantities
from soms.orders.model import Buyer, Group, Hold, Line, Order

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def order(*quantities: int, net: str = "100.00", tax: str = "13.01") -> Order:
    lines = tuple(
        Line(
            line=number,
            sku=f"SKU-{number}",
            name="thing",
            quantity=quantity,
            unit_price=Decimal(1),
            net=Decimal(net),
            tax_rate=Decimal("0.13"),
            tax=Decimal(tax),
            gross=Decimal(net) + Decimal(tax),
            warehouse="main",
            reserved=quantity,
        )
        for number, quantity in enumerate(quantities, 1)
    )
    nets = sum((line.net for line in lines), Decimal(0))
    taxes = sum((line.tax for line in lines), Decimal(0))
    group = Group(category="S", rate=Decimal("0.13"), net=nets, tax=taxes)
    return Order(
        id="ord_1",
        number="SO-1",
        currency="CNY",
        customer=Buyer(id="cus_1", name="Acme"),
        lines=lines,
        tax_groups=(group,),
        subtotal=nets,
        net=nets,
        tax=taxes,
        total=nets + taxes,
        placed_at="2026-11-23T00:00:00.000000Z",
        created_by="sam",
    )


steps = st.lists(
    st.tuples(st.sampled_from(["cancel", "ship"]), st.integers(1, 3), st.integers(1, 5)), max_size=12
)


@given(steps)
def test_units_are_neither_lost_nor_made(moves: list[tuple[str, int, int]]) -> None:
    now = order(4, 5, 6)

    for command, number, quantity in moves:
        if command not in lifecycle.allowed(now, NOW):
            continue
        line = now.lines[number - 1]
        most = quantities.cancellable(line) if command == "cancel" else quantities.shippable(line)
        if quantity > most:
            continue
        taken = {number: quantity}
        now = quantities.without(now, taken) if command == "cancel" else quantities.shipped(now, taken)

        quantities.check(now)

    assert quantities.exposure(now) >= 0
    if not any(line.in_force for line in now.lines):
        assert quantities.exposure(now) == 0


def test_what_the_table_does_not_allow_is_refused_with_what_it_allows() -> None:
    gone = lifecycle.moved(quantities.without(order(2), {1: 2}), "cancel", "cancelled")

    with pytest.raises(InvalidState) as refused:
        lifecycle.require(gone, "ship", NOW)

    assert refused.value.meta == {"state": "cancelled", "allowed": []}


def test_a_command_leads_nowhere_but_where_the_table_has_it() -> None:
    with pytest.raises(LookupError, match="ship does not lead from confirmed to cancelled"):
        lifecycle.moved(order(2), "ship", "cancelled")


def test_a_wholly_shipped_order_has_nothing_left_to_ship_or_cancel() -> None:
    sent = quantities.shipped(order(2), {1: 2})

    assert sent.fulfilment == "fulfilled"
    assert lifecycle.allowed(sent, NOW) == ["amend", "close", "return", "hold"]


def test_a_hold_keeps_an_order_from_being_shipped_and_is_told() -> None:
    hold = Hold(id="hld_1", kind="fraud", reason="odd address", placed_by="sam", placed_at="2026-11-23")
    held = order(2).model_copy(update={"holds": (hold,)})

    with pytest.raises(InvalidState) as refused:
        lifecycle.require(held, "ship", NOW)

    assert refused.value.meta["allowed"] == ["amend", "cancel", "hold", "release"]
    assert [(one.code, one.meta) for one in refused.value.faults] == [
        ("on_hold", {"hold": "hld_1", "kind": "fraud"})
    ]


@pytest.mark.parametrize(("seconds", "allowed"), [(-1, True), (0, False), (1, False)])
def test_a_quote_can_be_accepted_until_the_instant_it_expires(seconds: int, allowed: bool) -> None:  # noqa: FBT001 a case
    quoted = order(2).model_copy(update={"status": "quoted", "expires_at": NOW.isoformat()})
    at = NOW + timedelta(seconds=seconds)

    assert ("accept" in lifecycle.allowed(quoted, at)) is allowed
    assert lifecycle.STEPS["expire"].holds(quoted, at) is not allowed


def test_an_order_whose_counters_do_not_add_up_is_not_stored() -> None:
    broken = order(2)
    line = broken.lines[0].model_copy(update={"reserved": 1})

    with pytest.raises(ArithmeticError):
        quantities.check(broken.model_copy(update={"lines": (line,)}))


@given(st.integers(1, 50), st.data())
def test_the_parts_of_a_line_make_the_whole(quantity: int, data: st.DataObject) -> None:
    now = order(quantity, net="99.99", tax="13.01")
    low, total = 0, Decimal(0)

    while low < quantity:
        units = data.draw(st.integers(1, quantity - low))
        total += invoicing._line(now.lines[0], low, low + units, now).gross
        low += units

    assert total == now.total
