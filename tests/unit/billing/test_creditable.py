"""What can still be credited of an invoice, and how an amount is spread over its lines."""

from decimal import Decimal

import pytest
from soms.billing.documents import creditable
from soms.billing.documents.creditable import AmountExceedsCreditable, BilledByNewerInvoice
from soms.billing.model import Billed, OrderBilling
from soms.orders import quantities
from soms.orders.model import Allowance, Line, Order, Part

from tests.unit.orders.test_lifecycle import order


def billed(order: Order, **held: tuple[tuple[str, int], ...]) -> OrderBilling:
    several = {
        line[1:]: tuple(Billed(invoice=name, units=n) for name, n in one) for line, one in held.items()
    }
    return OrderBilling(order_id=order.id, held=several, invoices=("inv_1", "inv_2"))


def dearer_later(rate: str = "0") -> Line:
    """Return a line of two units at 10.00 and three that came later at 20.00."""
    line = order(5, net="80.00", tax="0.00").lines[0]
    parts = (
        Part(quantity=2, net=Decimal("20.00"), tax=Decimal("0.00")),
        Part(quantity=3, net=Decimal("60.00"), tax=Decimal("0.00")),
    )
    return line.model_copy(update={"parts": parts, "tax_rate": Decimal(rate)})


def test_what_an_invoice_has_of_a_line_is_what_its_own_units_were_billed_at() -> None:
    placed = order(5, 2)
    billing = billed(placed, _1=(("inv_1", 2), ("inv_2", 3)), _2=(("inv_1", 2),))

    first = creditable.left(placed, billing, "inv_1")
    second = creditable.left(placed, billing, "inv_2")

    assert {line: (one.low, one.high, one.newer) for line, one in first.items()} == {
        1: (0, 2, "inv_2"),
        2: (0, 2, None),
    }
    assert {line: (one.low, one.high, one.newer) for line, one in second.items()} == {1: (2, 5, None)}
    assert first[1].gross + second[1].gross == Decimal("113.01")
    assert creditable.most_units(first) == {1: 2, 2: 2}


def test_an_allowance_goes_with_what_units_are_worth_and_not_with_their_number() -> None:
    line = dearer_later()
    whole = Allowance(low=0, high=5, net=Decimal("80.00"), tax=Decimal("0.00"))
    half = Allowance(low=0, high=5, net=Decimal("40.00"), tax=Decimal("0.00"))

    free = [quantities.value(line.model_copy(update={"allowances": (whole,)}), n) for n in range(6)]
    halved = [quantities.value(line.model_copy(update={"allowances": (half, half)}), n) for n in range(6)]
    once = [quantities.value(line.model_copy(update={"allowances": (half,)}), n) for n in range(6)]

    assert set(free) == set(halved) == {Decimal(0)}
    assert once == [Decimal(n) for n in (0, 5, 10, 20, 30, 40)]


def test_an_allowance_counts_for_the_units_of_its_invoice_only() -> None:
    one = Allowance(low=2, high=4, net=Decimal("10.00"), tax=Decimal("0.00"))
    line = order(5, net="100.00", tax="0.00").lines[0].model_copy(update={"allowances": (one,)})

    assert [quantities.value(line, n) for n in range(6)] == [0, 20, 40, 55, 70, 90]


@pytest.mark.parametrize("amount", ["0.01", "0.03", "1.00", "113.00", "226.01", "226.02"])
def test_an_amount_is_spread_exactly_and_never_beyond_what_a_line_has(amount: str) -> None:
    placed = order(3, 7)
    held = creditable.left(placed, billed(placed, _1=(("inv_1", 3),), _2=(("inv_1", 7),)), "inv_1")

    found = creditable.allowances(held, Decimal(amount), 2)

    assert sum(one.net + one.tax for one in found.values()) == Decimal(amount)
    for number, one in found.items():
        assert 0 <= one.net <= held[number].net
        assert 0 <= one.tax <= held[number].tax


def test_all_that_is_left_is_net_and_tax_of_each_line_to_the_cent() -> None:
    placed = order(3, 7)
    held = creditable.left(placed, billed(placed, _1=(("inv_1", 3),), _2=(("inv_1", 7),)), "inv_1")

    found = creditable.allowances(held, Decimal("226.02"), 2)

    assert {number: (one.net, one.tax) for number, one in found.items()} == {
        number: (one.net, one.tax) for number, one in held.items()
    }


def test_units_below_those_of_a_newer_invoice_are_refused_by_its_number() -> None:
    placed = order(5, 2)
    held = creditable.left(
        placed, billed(placed, _1=(("inv_1", 2), ("inv_2", 3)), _2=(("inv_1", 2),)), "inv_1"
    )

    creditable.require_newest(held, {2: 1}, {})
    with pytest.raises(BilledByNewerInvoice) as refused:
        creditable.require_newest(held, {2: 1, 1: 1}, {"inv_2": "INV-2026-000002"})

    (fault,) = refused.value.faults
    assert (fault.pointer, fault.meta["number"]) == ("/lines/1/line", "INV-2026-000002")


def test_the_refusal_of_too_much_names_both_amounts() -> None:
    refusal: AmountExceedsCreditable = creditable.exceeds(Decimal("1.5"), Decimal(2), "CNY")

    assert refusal.meta == {"creditable": "1.50", "amount": "2.00"}


@pytest.mark.parametrize(
    ("policy", "shipped", "cancelled", "credited"),
    [("on_order", 0, 3, 2), ("on_order", 0, 5, 0), ("on_shipment", 2, 3, 2)],
)
def test_no_more_is_credited_by_hand_than_there_is_to_bill(
    policy: str, shipped: int, cancelled: int, credited: int
) -> None:
    placed = order(5).model_copy(update={"invoice_policy": policy})
    sent = quantities.shipped(placed, {1: shipped})
    before = quantities.counted(sent, "credited", {1: shipped or 4})

    after = quantities.without(before, {1: cancelled}, more_come=True)

    assert after.lines[0].credited == credited
    assert quantities.target(after.lines[0], policy) == 0
    assert quantities.exposure(after) == 0
