"""What the tax platform gets adds up as it demands, whatever was sold; what it would refuse is not sent."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from soms.billing.fapiao import content
from soms.billing.fapiao.model import Line, Type
from soms.billing.model import Document, DocumentKind

from tests.unit.billing.issued import Sold, credit_note, invoice

CODE = "1090522010000000000"
TWO = Decimal("0.01")


def made(document: Document) -> tuple[Line, ...]:
    return content.lines(document, {line.sku: CODE for line in document.lines})


def codes(document: Document, form: Type = "special", code: str | None = CODE) -> list[str]:
    found = content.faults(document, {line.sku: code for line in document.lines}, form)
    return [fault.code for fault in found]


def differs(document: Document, lines: tuple[Line, ...], **other: Any) -> list[str]:
    sign = -1 if document.kind is DocumentKind.CREDIT_NOTE else 1
    sums = {name: sign * getattr(document, name) for name in ("net", "tax", "total")} | other
    return [fault.code for fault in content.differences(lines, **sums)]


sold = st.builds(
    Sold,
    price=st.decimals("0.000001", "99999", places=6).map(str),
    quantity=st.integers(1, 3000),
    rate=st.sampled_from(["0.13", "0.09", "0.06", "0.03", "0.01", "0.015", "0"]),
    discount=st.just("0"),
    sku=st.sampled_from(["A", "B", "C"]),
)


@given(
    several=st.lists(sold, min_size=1, max_size=12),
    includes_tax=st.booleans(),
    percent=st.sampled_from([None, "3.3", "50", "99.9"]),
)
def test_whatever_is_sold_the_platform_takes_its_lines(
    *, several: list[Sold], includes_tax: bool, percent: str | None
) -> None:
    document = invoice(*several, includes_tax=includes_tax, order_percent=percent)

    lines = made(document)

    assert differs(document, lines) == []
    assert all(line.amount for line in lines)


def test_a_discount_is_a_line_of_its_own_behind_what_it_is_of() -> None:
    document = invoice(Sold(price="100.00", quantity=3, discount="30.00"), Sold(price="7.00", sku="B"))

    first, off, second = made(document)

    assert (first.quantity, first.price, first.amount, first.tax) == (3, 100, 300, 39)
    assert (off.quantity, off.price, off.amount, off.tax) == (None, None, -30, Decimal("-3.90"))
    assert (off.line, off.discount, off.tax_code) == (1, True, CODE)
    assert (second.line, second.discount) == (2, False)


def test_prices_with_tax_are_told_without() -> None:
    document = invoice(Sold(price="113.00", quantity=2, discount="22.60"), includes_tax=True)

    first, off = made(document)

    assert (first.price, first.amount, first.tax) == (100, 200, 26)
    assert (off.amount, off.tax) == (-20, Decimal("-2.60"))


def test_a_red_one_has_negative_lines_and_no_discount_lines() -> None:
    document = credit_note(Sold(price="100.00", quantity=3, discount="30.00"))

    (line,) = made(document)

    assert (line.quantity, line.price, line.amount, line.tax) == (-3, 90, -270, Decimal("-35.10"))
    assert differs(document, (line,)) == []


def test_what_costs_nothing_stands_on_no_tax_invoice() -> None:
    document = invoice(Sold(price="5.00"), Sold(price="0.00", sku="GIFT"))

    lines = made(document)

    assert [line.sku for line in lines] == ["HEADSET-01"]
    assert codes(document, code=CODE) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"tax": Decimal("6.52")}, "tax_differs"),
        ({"amount": Decimal("50.02"), "tax": Decimal("6.50")}, "amount_differs"),
        ({"amount": Decimal("50.01")}, "sums_differ"),
        ({"tax": Decimal("6.51")}, "sums_differ"),
    ],
)
def test_what_is_off_is_told_before_it_is_sent(change: dict[str, Decimal], code: str) -> None:
    document = invoice(Sold(price="50.00"))
    (line,) = made(document)

    found = differs(document, (line.model_copy(update=change),))

    assert code in found


def test_sums_that_do_not_make_the_total_are_told() -> None:
    document = invoice(Sold(price="50.00"))

    assert differs(document, made(document), total=Decimal("56.51")) == ["sums_differ"]


def test_a_line_a_cent_off_is_mended_within_its_rate() -> None:
    document = invoice(Sold(price="50.00"), Sold(price="10.00", sku="B"))
    first, second = document.lines
    bent = (
        first.model_copy(update={"tax": first.tax + 3 * TWO}),
        second.model_copy(update={"tax": second.tax - 3 * TWO}),
    )

    lines = made(document.model_copy(update={"lines": bent}))

    assert differs(document, lines) == []


@pytest.mark.parametrize(
    ("category", "rate", "relief"),
    [
        ("S", "0.13", None),
        ("S", "0", "zero"),
        ("Z", "0", "zero"),
        ("E", "0", "exempt"),
        ("O", "0", "outside"),
        ("G", "0", "export"),
    ],
)
def test_categories_become_the_reliefs_of_china(category: str, rate: str, relief: str | None) -> None:
    document = invoice(Sold(price="50.00", category=category, rate=rate))

    assert codes(document, "general") == []
    assert made(document)[0].relief == relief


@pytest.mark.parametrize(
    ("document", "form", "code"),
    [
        (invoice(Sold(price="5.00"), currency="EUR"), "general", "currency_not_cny"),
        (invoice(Sold(price="5.00", rate="0.19")), "general", "tax_rate_unknown"),
        (invoice(Sold(price="5.00", rate="0", category="AE")), "general", "tax_category_unknown"),
        (invoice(Sold(price="5.00", rate="0", category="K")), "general", "tax_category_unknown"),
        (invoice(Sold(price="5.00", rate="0", category="E")), "special", "special_not_allowed"),
    ],
)
def test_what_no_tax_invoice_can_say_is_named(document: Document, form: Type, code: str) -> None:
    assert codes(document, form) == [code]


def test_a_product_without_a_tax_code_is_named_once_and_a_free_one_needs_none() -> None:
    document = invoice(Sold(price="5.00"), Sold(price="6.00"), Sold(price="0.00", sku="GIFT"))

    found = content.faults(document, {}, "general")

    assert [(one.code, one.meta) for one in found] == [("tax_code_missing", {"sku": "HEADSET-01"})]


def test_a_seller_without_a_tax_id_and_a_total_of_nothing_are_named() -> None:
    document = invoice(Sold(price="0.00"))
    bare = document.model_copy(update={"seller": document.seller.model_copy(update={"tax_id": None})})

    assert codes(bare) == ["seller_without_tax_id", "nothing_to_invoice"]
