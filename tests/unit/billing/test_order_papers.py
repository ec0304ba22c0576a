"""Order confirmations and delivery notes: what is in force and what left, by the company's day."""

from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from soms.billing.paper import order_papers, printed, sheet
from soms.customers.model import PaymentTerms
from soms.orders import quantities
from soms.orders.model import Bundle, Order, Shipment, Units

from tests.unit.billing.printed_papers import head
from tests.unit.orders.test_lifecycle import order

SHANGHAI = ZoneInfo("Asia/Shanghai")
LATE = "2026-11-22T17:30:00Z"
"""In Shanghai this is already the next day."""


def confirmation(of: Order, terms: PaymentTerms | None = None) -> printed.Paper:
    return order_papers.order_confirmation(head(), of, terms or PaymentTerms(), SHANGHAI)


def fact(paper: printed.Paper, name: str) -> str | None:
    return next((one.value for one in paper.facts if one.label.en == name), None)


def test_only_what_is_in_force_is_confirmed_and_adds_up() -> None:
    placed = order(3, 2)
    fewer = quantities.without(placed, {1: 1, 2: 2})

    paper = confirmation(fewer)

    assert [row[2] for row in paper.table.rows] == ["2"]
    assert Decimal(paper.total or "") == fewer.total < placed.total


def test_the_day_of_an_order_is_the_companys() -> None:
    paper = confirmation(order(1).model_copy(update={"placed_at": LATE}))

    assert fact(paper, "Order date") == "2026-11-23"
    assert fact(paper, "Requested for") is None


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        (PaymentTerms(kind="net", days=45), "开票后 45 天内付清 net 45 days"),
        (PaymentTerms(kind="end_of_month", days=0), "月结 0 天 end of month + 0 days"),
        (PaymentTerms(kind="fixed_day", days=0), "次月 1 日付清 on day 1 of the next month"),
        (PaymentTerms(kind="prepaid"), "款到发货 prepaid"),
    ],
)
def test_payment_terms_are_said_in_words(terms: PaymentTerms, words: str) -> None:
    assert fact(confirmation(order(1), terms), "Payment terms") == words


def test_prices_with_tax_say_so() -> None:
    paper = confirmation(order(1).model_copy(update={"includes_tax": True}))

    assert [one.label.en for one in paper.table.columns][4:] == ["Price incl. tax", "Tax", "Gross amount"]


def test_a_delivery_note_names_the_bundle_of_a_component_and_only_what_left() -> None:
    placed = order(3, 2)
    bundle = Bundle(sku="SET", name="Set", line=2, quantity=1, unit_price=Decimal(10))
    held = placed.lines[1].model_copy(update={"bundle": bundle})
    shipment = Shipment(
        id="shp_1_1",
        order_id=placed.id,
        ordinal=1,
        lines=(Units(line=2, quantity=1),),
        shipped_at=LATE,
        shipped_by="wu",
    )

    paper = order_papers.delivery_note(
        head(), placed.model_copy(update={"lines": (placed.lines[0], held)}), shipment, SHANGHAI
    )

    assert [(row[1], row[2]) for row in paper.table.rows] == [(f"Set – {held.name}", "1")]
    assert (fact(paper, "Shipped on"), fact(paper, "Carrier")) == ("2026-11-23", None)
    assert (paper.total, paper.in_words, paper.aside) == (None, None, None)
    assert sheet.of_paper(paper).code_text.splitlines() == [paper.number, "2026-11-02", paper.id]
