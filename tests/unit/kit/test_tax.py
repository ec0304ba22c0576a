"""What documents come to: the edges of discounts, tax groups, charges and sizes."""

from dataclasses import replace
from decimal import Decimal

import pytest
from soms.kit.money import TooLarge, TooManyDigits, UnknownCurrency
from soms.kit.tax import (
    ArithmeticIdentityBroken,
    DiscountTooLarge,
    PricedDocument,
    PricedLine,
    price_document,
    prove,
)

THIRTEEN = Decimal("0.13")


def line(
    price: str,
    quantity: int = 1,
    rate: Decimal = THIRTEEN,
    *,
    percent: str | None = None,
    off: str | None = None,
    charge: bool = False,
) -> PricedLine:
    """Make a line of the standard category."""
    return PricedLine(
        unit_price=Decimal(price),
        quantity=quantity,
        discount_percent=None if percent is None else Decimal(percent),
        discount_amount=None if off is None else Decimal(off),
        category="S",
        rate=rate,
        charge=charge,
    )


def priced(*lines: PricedLine, currency: str = "CNY", includes_tax: bool = False) -> PricedDocument:
    """Price a document without a discount of its own."""
    return price_document(lines, currency=currency, includes_tax=includes_tax)


def totals(document: PricedDocument) -> tuple[str, str, str]:
    """Name what a document comes to."""
    return str(document.net), str(document.tax), str(document.total)


def test_yen_have_no_decimals_though_their_prices_may() -> None:
    document = priced(line("99.5", 3, Decimal("0.10")), line("0.499999", 1, Decimal("0.10")), currency="JPY")

    assert totals(document) == ("299", "30", "329")
    assert [str(item.net) for item in document.lines] == ["299", "0"]


def test_dinars_have_three_decimals() -> None:
    document = priced(line("1.2345", 3, Decimal("0.05")), currency="KWD", includes_tax=True)

    assert totals(document) == ("3.528", "0.176", "3.704")


def test_tax_is_rounded_once_per_group_and_not_per_line() -> None:
    document = priced(line("0.03"), line("0.03"), line("0.03"))

    assert totals(document) == ("0.09", "0.01", "0.10")
    assert [str(item.tax) for item in document.lines] == ["0.01", "0.00", "0.00"]


def test_groups_differ_by_category_rate_or_reason_and_keep_the_order_of_their_first_line() -> None:
    standard, reduced = line("10"), line("20", rate=Decimal("0.06"))
    exempt = replace(line("5", rate=Decimal(0)), category="E", reason="export")
    other = replace(exempt, reason="training")
    same = replace(standard, rate=Decimal("0.130000"))

    document = priced(reduced, standard, exempt, other, same)

    assert [(g.category, g.reason, str(g.net), str(g.tax)) for g in document.groups] == [
        ("S", None, "20.00", "1.20"),
        ("S", None, "20.00", "2.60"),
        ("E", "export", "5.00", "0.00"),
        ("E", "training", "5.00", "0.00"),
    ]


@pytest.mark.parametrize("includes_tax", [False, True])
def test_a_full_discount_leaves_nothing_to_tax(*, includes_tax: bool) -> None:
    by_line = priced(line("19.99", 3, percent="100"), line("5", off="5"), includes_tax=includes_tax)
    lines = [line("19.99", 3), line("5")]
    by_order = price_document(lines, currency="CNY", includes_tax=includes_tax, order_percent=Decimal(100))

    assert totals(by_line) == totals(by_order) == ("0.00", "0.00", "0.00")
    assert str(by_line.discount) == str(by_order.discount) == "64.97"


def test_the_orders_discount_is_shared_by_goods_and_not_by_charges() -> None:
    lines = [line("10"), line("7.50", rate=Decimal("0.06"), charge=True), line("20", 1, percent="25")]

    document = price_document(lines, currency="CNY", includes_tax=False, order_amount=Decimal("5.00"))

    assert [str(item.share) for item in document.lines] == ["2.00", "0.00", "3.00"]
    assert [str(item.net) for item in document.lines] == ["8.00", "7.50", "12.00"]
    assert (str(document.subtotal), str(document.discount), str(document.charges)) == (
        "30.00",
        "10.00",
        "7.50",
    )
    assert totals(document) == ("27.50", "3.05", "30.55")


@pytest.mark.parametrize("bad", [line("10", off="10.01"), line("10", percent="100.000001")])
def test_a_lines_discount_is_at_most_its_subtotal(bad: PricedLine) -> None:
    with pytest.raises(DiscountTooLarge) as refused:
        priced(line("99"), bad)

    assert refused.value.index == 1


def test_the_orders_discount_is_at_most_what_its_goods_come_to() -> None:
    lines = [line("10", off="1"), line("50", charge=True)]

    price_document(lines, currency="CNY", includes_tax=False, order_amount=Decimal("9.00"))
    with pytest.raises(DiscountTooLarge) as refused:
        price_document(lines, currency="CNY", includes_tax=False, order_amount=Decimal("9.01"))

    assert refused.value.index is None


@pytest.mark.parametrize(
    "bad",
    [
        line("-0.01"),
        line("1", -1),
        line("1", rate=Decimal("-0.01")),
        line("1", percent="-1"),
        line("1", off="-0.01"),
        line("1", percent="1", off="0.01"),
    ],
)
def test_what_no_document_may_have_is_refused(bad: PricedLine) -> None:
    with pytest.raises(ValueError, match=r"never negative|not both"):
        priced(bad)


@pytest.mark.parametrize(
    "bad",
    [
        line("0.0000001"),
        line("1", rate=Decimal("0.0000001")),
        line("1", off="0.001"),
        line("1", percent="1E-7"),
    ],
)
def test_too_many_digits_are_refused_and_never_rounded(bad: PricedLine) -> None:
    with pytest.raises(TooManyDigits):
        priced(bad)


def test_prices_with_six_digits_times_a_million_are_exact() -> None:
    document = priced(line("0.000001", 1_000_000), line("1234.567891", 1_000_000), line("0.004999", 1))

    assert [str(item.subtotal) for item in document.lines] == ["1.00", "1234567891.00", "0.00"]
    assert totals(document) == ("1234567892.00", "160493825.96", "1395061717.96")


def test_a_document_has_the_limit_of_an_amount() -> None:
    largest = priced(line("9999999.99999", 1_000_000, Decimal(0)))

    assert str(largest.total) == "9999999999990.00"
    with pytest.raises(TooLarge):
        priced(line("10000000", 1_000_000, Decimal(0)))
    with pytest.raises(TooLarge):
        priced(line("9999999.99999", 1_000_000, Decimal("0.000001")))
    with pytest.raises(TooLarge):
        priced(line("6000000", 1_000_000, percent="100"), line("6000000", 1_000_000, percent="100"))
    with pytest.raises(TooLarge):
        priced(line("10000000", 1_000_000, percent="100", charge=True))


def test_five_hundred_lines_add_up_to_the_last_cent() -> None:
    lines = [line(f"{n % 97}.{n % 89:02}", n % 13 + 1, Decimal(n % 4) / 20) for n in range(500)]

    document = price_document(lines, currency="CNY", includes_tax=True, order_amount=Decimal("123.45"))

    assert sum(item.share for item in document.lines) == Decimal("123.45")
    assert sum(item.net for item in document.lines) == document.net
    assert (
        sum(item.tax for item in document.lines)
        == sum(group.tax for group in document.groups)
        == document.tax
    )
    assert sum(item.gross for item in document.lines) == document.total == document.net + document.tax


def test_a_document_without_lines_comes_to_nothing() -> None:
    document = priced()

    assert (document.lines, document.groups, totals(document)) == ((), (), ("0.00", "0.00", "0.00"))


def test_a_document_in_an_unknown_currency_is_refused() -> None:
    with pytest.raises(UnknownCurrency):
        priced(line("1"), currency="XXX")


@pytest.mark.parametrize("figure", ["net", "tax", "total", "subtotal", "discount", "charges"])
def test_a_document_whose_figures_disagree_is_never_taken_for_proved(figure: str) -> None:
    document = priced(line("10"), line("20", rate=Decimal("0.06")), includes_tax=True)
    broken = replace(document, **{figure: getattr(document, figure) + Decimal("0.01")})

    prove(document)
    with pytest.raises(ArithmeticIdentityBroken):
        prove(broken)


def test_lines_or_groups_that_moved_a_cent_are_never_taken_for_proved() -> None:
    document = priced(line("10"), line("20", rate=Decimal("0.06")))
    cent = Decimal("0.01")
    first, second = document.lines
    group = document.groups[0]
    moved = replace(first, gross=first.gross + cent), replace(second, gross=second.gross - cent)

    for broken in (
        replace(document, lines=moved),
        replace(document, lines=(replace(first, net=first.net + cent, gross=first.gross + cent), second)),
        replace(document, lines=(replace(first, tax=first.tax + cent, gross=first.gross + cent), second)),
        replace(document, total=document.total + cent),
        replace(document, groups=(replace(group, tax=group.tax + cent), document.groups[1])),
        replace(document, groups=(replace(group, net=group.net + cent), document.groups[1])),
    ):
        with pytest.raises(ArithmeticIdentityBroken):
            prove(broken)
