"""What is billed, when it falls due, and the proof that numbers have no gap."""

from datetime import date

import pytest
from soms.billing import invoicing
from soms.billing.model import OrderBilling, Series
from soms.billing.proof import proof
from soms.customers.model import PaymentTerms
from soms.orders import lifecycle
from soms.orders.model import Taken

from tests.unit.orders.test_lifecycle import order

DAY = date(2026, 1, 31)


@pytest.mark.parametrize(
    ("terms", "due"),
    [
        (PaymentTerms(kind="net", days=30), date(2026, 3, 2)),
        (PaymentTerms(kind="prepaid"), DAY),
        (PaymentTerms(kind="end_of_month", days=10), date(2026, 2, 10)),
        (PaymentTerms(kind="fixed_day", days=15), date(2026, 2, 15)),
        (PaymentTerms(kind="fixed_day", days=31), date(2026, 2, 28)),
    ],
)
def test_an_invoice_falls_due_as_the_terms_say(terms: PaymentTerms, due: date) -> None:
    assert invoicing.due_day(DAY, terms) == due


def test_a_day_of_issue_is_never_before_the_last_of_its_series() -> None:
    ahead = Series(id="INV-2026", last=3, last_on=date(2026, 2, 1))

    assert invoicing.issue_day(DAY, [ahead, Series(id="CN-2026")]) == date(2026, 2, 1)


def test_more_is_invoiced_less_is_credited_and_equal_is_neither() -> None:
    placed = order(3, 2)
    first = invoicing.bill(placed, OrderBilling(order_id=placed.id))
    after = OrderBilling(order_id=placed.id, seq=1, billed=invoicing.billed_after(first))
    fewer = lifecycle.cancelled(placed, [Taken(line=2, quantity=1)])

    assert (first.invoice, first.credit) == ({1: 3, 2: 2}, {})
    assert (invoicing.bill(placed, after).invoice, invoicing.bill(placed, after).credit) == ({}, {})
    assert (invoicing.bill(fewer, after).invoice, invoicing.bill(fewer, after).credit) == ({}, {2: 1})


def test_on_shipment_only_what_was_shipped_is_billed() -> None:
    placed = order(3).model_copy(update={"invoice_policy": "on_shipment"})
    sent = lifecycle.shipped(placed, [Taken(line=1, quantity=2)])

    assert invoicing.bill(placed, OrderBilling(order_id=placed.id)).invoice == {}
    assert invoicing.bill(sent, OrderBilling(order_id=placed.id)).invoice == {1: 2}


@pytest.mark.parametrize(
    ("ordinals", "missing", "repeated"),
    [([1, 2, 3], [], []), ([1, 3], [2], []), ([1, 2, 2, 3], [], [2]), ([2], [1], [])],
)
def test_the_proof_of_a_series_names_every_gap_and_repeat(
    ordinals: list[int], missing: list[int], repeated: list[int]
) -> None:
    found = proof("INV-2026", [(one, f"INV-2026-{one:06d}", DAY) for one in ordinals])

    assert (found["count"], found["missing"], found["repeated"]) == (len(ordinals), missing, repeated)


def test_a_day_that_goes_backwards_is_named() -> None:
    found = proof("INV-2026", [(1, "INV-2026-000001", DAY), (2, "INV-2026-000002", date(2026, 1, 30))])

    assert found["out_of_order"] == ["INV-2026-000002"]
