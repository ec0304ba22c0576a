"""What is billed, when it falls due, and the proof that numbers have no gap."""

from datetime import UTC, date, datetime
from typing import Literal

import pytest
from soms.billing.documents import invoicing
from soms.billing.documents.invoicing import Bill
from soms.billing.documents.proof import proof
from soms.billing.model import Billed, DocumentKind, OrderBilling, Series
from soms.catalog.model import Settings
from soms.customers.model import Customer, PaymentTerms
from soms.orders import quantities
from soms.orders.model import Order

from tests.unit.orders.test_lifecycle import order

DAY = date(2026, 1, 31)


@pytest.mark.parametrize(
    ("kind", "days", "issued", "due"),
    [
        ("net", 0, "2026-01-31", "2026-01-31"),
        ("net", 30, "2026-01-31", "2026-03-02"),
        ("net", 30, "2028-01-31", "2028-03-01"),
        ("net", 1, "2026-12-31", "2027-01-01"),
        ("net", 365, "2027-12-31", "2028-12-30"),
        ("prepaid", 30, "2026-12-31", "2026-12-31"),
        ("end_of_month", 0, "2026-01-31", "2026-01-31"),
        ("end_of_month", 10, "2026-01-31", "2026-02-10"),
        ("end_of_month", 10, "2026-02-01", "2026-03-10"),
        ("end_of_month", 0, "2026-02-01", "2026-02-28"),
        ("end_of_month", 0, "2028-02-01", "2028-02-29"),
        ("end_of_month", 30, "2026-12-15", "2027-01-30"),
        ("end_of_month", 31, "2027-01-31", "2027-03-03"),
        ("fixed_day", 15, "2026-01-31", "2026-02-15"),
        ("fixed_day", 31, "2026-01-31", "2026-02-28"),
        ("fixed_day", 31, "2028-01-01", "2028-02-29"),
        ("fixed_day", 31, "2026-03-31", "2026-04-30"),
        ("fixed_day", 31, "2026-12-31", "2027-01-31"),
        ("fixed_day", 1, "2026-12-31", "2027-01-01"),
        ("fixed_day", 0, "2026-11-30", "2026-12-01"),
        ("fixed_day", 365, "2026-11-01", "2026-12-31"),
    ],
)
def test_an_invoice_falls_due_as_the_terms_say(
    kind: Literal["net", "prepaid", "end_of_month", "fixed_day"], days: int, issued: str, due: str
) -> None:
    terms = PaymentTerms(kind=kind, days=days)

    assert invoicing.due_day(date.fromisoformat(issued), terms) == date.fromisoformat(due)


def test_a_day_of_issue_is_never_before_the_last_of_its_series() -> None:
    ahead = Series(id="INV-2026", last=3, last_on=date(2026, 2, 1))

    assert invoicing.issue_day(DAY, ahead) == date(2026, 2, 1)
    assert invoicing.issue_day(DAY, Series(id="CN-2026")) == DAY


def test_more_is_invoiced_less_is_credited_and_equal_is_neither() -> None:
    placed = order(3, 2)
    first = invoicing.bills(placed, OrderBilling(order_id=placed.id))
    after = billed(placed, first)
    fewer = quantities.without(placed, {2: 1})

    assert first == [Bill(DocumentKind.INVOICE, {1: (0, 3), 2: (0, 2)})]
    assert invoicing.bills(placed, after) == []
    assert invoicing.bills(fewer, after) == [Bill(DocumentKind.CREDIT_NOTE, {2: (1, 2)}, "inv_1")]


def test_what_is_credited_goes_back_to_the_invoices_that_billed_it_the_newest_first() -> None:
    placed = order(5)
    held = (Billed(invoice="inv_1", units=2), Billed(invoice="inv_2", units=3))
    before = OrderBilling(order_id=placed.id, seq=2, held={"1": held}, invoices=("inv_1", "inv_2"))
    fewer = quantities.without(placed, {1: 4})

    assert invoicing.bills(fewer, before) == [
        Bill(DocumentKind.CREDIT_NOTE, {1: (2, 5)}, "inv_2"),
        Bill(DocumentKind.CREDIT_NOTE, {1: (1, 2)}, "inv_1"),
    ]


def test_on_shipment_only_what_was_shipped_is_billed() -> None:
    placed = order(3).model_copy(update={"invoice_policy": "on_shipment"})
    sent = quantities.shipped(placed, {1: 2})
    nothing = OrderBilling(order_id=placed.id)

    assert invoicing.bills(placed, nothing) == []
    assert invoicing.bills(sent, nothing) == [Bill(DocumentKind.INVOICE, {1: (0, 2)})]


def billed(order: Order, bills: list[Bill]) -> OrderBilling:
    """Return what of an order is billed once an invoice of the first bill is issued."""
    nothing = OrderBilling(order_id=order.id)
    document = invoicing.issue(
        order,
        bills[0],
        Series(id="INV-2026"),
        name="1/0",
        settings=Settings(),
        customer=Customer(id="cus_1", name="Acme", currency="CNY"),
        day=DAY,
        recorded_at=datetime(2026, 1, 31, tzinfo=UTC),
    ).model_copy(update={"id": "inv_1"})
    held = invoicing.billed_after(nothing, [document])
    assert held == {str(line.line): (Billed(invoice="inv_1", units=line.quantity),) for line in order.lines}
    return OrderBilling(order_id=order.id, seq=1, held=held, invoices=("inv_1",))


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
