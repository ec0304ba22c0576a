from decimal import Decimal
from io import StringIO

import pytest
from rich.console import Console

from infra.demo import proof
from infra.demo.client import Answer
from infra.demo.crew import Crew
from infra.demo.excerpt import Row, Totals
from infra.demo.plan import Sale
from infra.demo.proof import Billed, Sheet
from infra.demo.story import Placed, Told

SALE = Sale("536365", (Row("536365", "85123A", "HEART", 10, Decimal(1), "2010-12-01", "17850", "Norway"),))


class Series:
    """A system whose invoice series has one number."""

    def call(self, *_: object, **__: object) -> Answer:
        number = "INV-2026-000001"
        told = {"count": 1, "first": number, "last": number, "missing": [], "repeated": []}
        return Answer(200, {}, told)


def sheet() -> Sheet:
    return Sheet(Console(file=StringIO()))


def billed(total: str, invoice: str, *notes: str, status: str = "confirmed") -> Billed:
    order: dict[str, object] = {"id": "ord_1", "total": total, "status": status}
    invoices: list[dict[str, object]] = [{"number": "INV-2026-000001", "total": invoice, "net": invoice}]
    credited: list[dict[str, object]] = [{"total": one, "net": one} for one in notes]
    return Billed(Placed(SALE, order), order, invoices, credited)


@pytest.mark.parametrize("first", ["10.00", "8.00"])
def test_sales_are_what_was_invoiced_whatever_became_of_the_order_since(first: str) -> None:
    paper = sheet()
    one = billed("8.00", "10.00", "2.00")
    told = Told([], placed=[Placed(SALE, {"id": "ord_1", "net": first, "total": first})])
    reference = Totals(net=Decimal(8), sales=Decimal(10), cancelled=Decimal(-2))

    proof.amounts(paper, told, [one], reference)

    assert paper.failed == 0


@pytest.mark.parametrize(
    ("one", "failed"),
    [
        (billed("10.00", "10.00"), 0),
        (billed("8.00", "10.00", "2.00"), 0),
        (billed("10.00", "10.00", "2.00"), 1),
        (billed("8.00", "10.00"), 1),
        (billed("10.00", "10.00", "10.00", status="cancelled"), 0),
        (billed("10.00", "10.00", "9.99", status="cancelled"), 1),
    ],
)
def test_an_order_is_worth_its_invoice_less_its_credit_notes(one: Billed, failed: int) -> None:
    paper = sheet()
    crew = Crew(Series(), 1, paper.console)

    proof.invoices(paper, crew, Told([], placed=[one.placed]), [one])

    assert paper.failed == failed
