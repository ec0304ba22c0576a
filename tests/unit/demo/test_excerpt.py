import gzip
import hashlib
import json
from decimal import Decimal

import pytest

from infra.demo import excerpt, plan, stage, story
from infra.demo.excerpt import Row, Totals
from infra.demo.plan import NotTaken, Reason, Sale


def row(
    invoice: str,
    sku: str = "85123A",
    quantity: int = 6,
    price: str = "2.55",
    customer: str = "17850",
) -> Row:
    return Row(invoice, sku, "HEART", quantity, Decimal(price), "2010-12-01", customer, "United Kingdom")


def sold(*rows: Row) -> list[Sale]:
    return plan.sales(rows)[0]


def test_the_committed_rows_are_those_that_the_reference_was_computed_from() -> None:
    unpacked = gzip.decompress(excerpt.ROWS.read_bytes())

    held = json.loads(excerpt.REFERENCE.read_text())
    assert len(unpacked) == held["bytes_unpacked"]
    assert hashlib.sha256(unpacked).hexdigest() == held["sha256_unpacked"]


@pytest.mark.parametrize("days", [1, 2, None])
def test_the_rows_add_up_to_the_reference(days: int | None) -> None:
    rows = excerpt.rows(days)

    assert excerpt.totals(rows) == excerpt.reference(days)


def test_the_reference_of_all_days_is_its_own_total() -> None:
    total = json.loads(excerpt.REFERENCE.read_text())["total"]

    assert excerpt.reference() == Totals(
        net=Decimal(total["net_total_exact"]),
        sales=Decimal(total["sales_total_exact"]),
        cancelled=Decimal(total["cancel_total_exact"]),
    )
    assert len(excerpt.rows()) == total["lines"]
    assert len({one.invoice for one in excerpt.rows()}) == total["invoices"]


def test_every_row_is_ordered_cancelled_or_listed_once() -> None:
    rows = excerpt.rows()

    sales, write_offs = plan.sales(rows)
    cancelled, left = plan.cancellations(rows, sales)

    ordered = [one for sale in sales for one in sale.rows]
    matched = [one for each in cancelled for one in each.rows]
    listed = [one for each in write_offs + left for one in each.rows]
    assert sorted(map(repr, ordered + matched + listed)) == sorted(map(repr, rows))
    assert [one.invoice for one in cancelled] == ["C536506", "C536737", "C536758", "C536826"]


@pytest.mark.parametrize(
    ("sku", "stocked"),
    [("85123A", True), ("22632", True), ("72799EE", True), ("POST", False), ("M", False), ("C2", False),
     ("BANK CHARGES", False), ("DOT", False), ("D", False)],
)  # fmt: skip
def test_service_codes_are_not_kept_in_stock(sku: str, stocked: bool) -> None:  # noqa: FBT001
    assert plan.is_stocked(sku) is stocked


def test_a_line_without_price_is_ordered_and_one_without_units_is_listed() -> None:
    free, written_off = row("536414", price="0.0"), row("536589", quantity=-10, price="0.0")

    sales, left = plan.sales([free, written_off])

    assert sales == [Sale("536414", (free,))]
    assert left == [NotTaken((written_off,), Reason.WRITE_OFF)]


def test_a_cancelled_line_finds_the_earlier_order_and_its_line() -> None:
    sales = sold(row("536365", sku="71053"), row("536365"), row("536366", customer="13047"))

    cancelled, left = plan.cancellations([row("C536400", quantity=-2)], sales)

    assert [(one.invoice, one.sale, dict(one.units)) for one in cancelled] == [("C536400", "536365", {2: 2})]
    assert left == []


def test_two_cancelled_lines_of_one_order_line_are_one_cancellation() -> None:
    sales = sold(row("536397", quantity=12))

    cancelled, _ = plan.cancellations([row("C536826", quantity=-2), row("C536826", quantity=-3)], sales)

    assert [dict(one.units) for one in cancelled] == [{1: 5}]


def test_more_is_never_cancelled_than_was_ordered() -> None:
    sales = sold(row("536365", quantity=6))

    cancelled, left = plan.cancellations([row("C536400", quantity=-4), row("C536401", quantity=-3)], sales)

    assert [one.invoice for one in cancelled] == ["C536400"]
    assert [(one.invoice, one.reason) for one in left] == [("C536401", Reason.MORE_THAN_ORDERED)]


@pytest.mark.parametrize(
    ("cancelled", "reason"),
    [
        (row("C536400", quantity=-1, customer=""), Reason.NO_CUSTOMER),
        (row("C536400", quantity=-1, customer="13047"), Reason.NO_EARLIER_ORDER),
        (row("C536400", quantity=-1, sku="22632"), Reason.NO_EARLIER_ORDER),
        (row("C536300", quantity=-1), Reason.NO_EARLIER_ORDER),
        (row("C536400", quantity=-1, price="2.10"), Reason.OTHER_PRICE),
        (row("C536400", quantity=-7), Reason.MORE_THAN_ORDERED),
    ],
)
def test_a_cancelled_line_without_its_order_is_listed_with_the_reason(cancelled: Row, reason: Reason) -> None:
    sales = sold(row("536365"))

    matched, left = plan.cancellations([cancelled], sales)

    assert matched == []
    assert left == [NotTaken((cancelled,), reason)]


def test_what_was_ordered_but_refused_cannot_be_cancelled() -> None:
    refused = sold(row("536365"))

    _, left = plan.cancellations([row("C536400", quantity=-1)], [], refused)

    assert [one.reason for one in left] == [Reason.ORDER_NOT_TAKEN]


def test_best_sellers_run_low_on_the_first_day_but_never_out() -> None:
    sales = sold(*excerpt.rows())
    first = stage.first_day(sales)

    stock = plan.opening(sales)
    rules = plan.reordering(first, stock)

    units = {sku: quantity - plan.MARGIN for sku, quantity in plan.opening(first).items()}
    assert len(rules) == plan.WATCHED
    assert all(stock[rule.sku] - units[rule.sku] <= rule.point < stock[rule.sku] for rule in rules)
    assert all(stock[sku] >= quantity + plan.MARGIN for sku, quantity in units.items())


def test_every_country_of_the_excerpt_has_a_code() -> None:
    countries = {one.country for one in excerpt.rows()}

    assert countries <= stage.COUNTRIES.keys()


def test_an_order_says_the_prices_of_its_invoice_and_its_reference() -> None:
    sale = sold(row("536414", price="0.0", customer=""))[0]

    body = story.body_of(sale)

    assert body["customer_ref"] == stage.CASH
    assert body["external_ref"] == {"source": "online-retail", "id": "536414"}
    assert body["lines"] == [{"sku": "85123A", "quantity": 6, "unit_price": "0.0"}]
