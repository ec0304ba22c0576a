"""Orders keep their identities whatever is cancelled and shipped, in whatever portions."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from soms.billing import invoicing
from soms.billing.model import OrderBilling
from soms.kit.problems import InvalidState
from soms.orders import lifecycle
from soms.orders.model import Buyer, Group, Line, Order, Taken


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
        if command not in lifecycle.allowed(now):
            continue
        line = now.lines[number - 1]
        most = lifecycle.cancellable(line) if command == "cancel" else lifecycle.shippable(line)
        if quantity > most:
            continue
        taken = [Taken(line=number, quantity=quantity)]
        now = lifecycle.cancelled(now, taken) if command == "cancel" else lifecycle.shipped(now, taken)

        lifecycle.check(now)

    assert lifecycle.exposure(now) >= 0
    if now.status == "cancelled":
        assert lifecycle.exposure(now) == 0


def test_what_the_table_does_not_allow_is_refused_with_what_it_allows() -> None:
    gone = lifecycle.cancelled(order(2), [Taken(line=1, quantity=2)])

    with pytest.raises(InvalidState) as refused:
        lifecycle.require(gone, "ship")

    assert refused.value.meta == {"state": "cancelled", "allowed": []}


def test_a_wholly_shipped_order_has_nothing_left_to_ship_or_cancel() -> None:
    sent = lifecycle.shipped(order(2), [Taken(line=1, quantity=2)])

    assert (sent.fulfilment, lifecycle.allowed(sent)) == ("fulfilled", [])


def test_an_order_whose_counters_do_not_add_up_is_not_stored() -> None:
    broken = order(2)
    line = broken.lines[0].model_copy(update={"reserved": 1})

    with pytest.raises(ArithmeticError):
        lifecycle.check(broken.model_copy(update={"lines": (line,)}))


@given(st.integers(1, 50), st.data())
def test_the_parts_of_a_line_make_the_whole(quantity: int, data: st.DataObject) -> None:
    now = order(quantity, net="99.99", tax="13.01")
    billing, total = OrderBilling(order_id=now.id), Decimal(0)

    while billing.billed.get("1", 0) < quantity:
        units = data.draw(st.integers(1, quantity - billing.billed.get("1", 0)))
        bill = invoicing.Bill(now, billing, {1: units}, {})
        line = invoicing._line(now.lines[0], bill, units)
        total += line.gross
        billing = billing.model_copy(update={"billed": invoicing.billed_after(bill)})

    assert total == now.total
