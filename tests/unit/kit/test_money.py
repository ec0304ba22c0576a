"""Currencies, amounts, rounding, splitting and parts."""

from collections import Counter
from decimal import ROUND_FLOOR, Context, Decimal, localcontext
from itertools import product
from string import ascii_uppercase

import pytest
from soms.kit.money import (
    MoreThanTheWhole,
    NotANumber,
    TooLarge,
    TooManyDigits,
    UnknownCurrency,
    allocate,
    amount,
    exponent,
    known,
    part,
    price_text,
    rounded,
    text,
)
from soms.kit.tax import PricedLine, price_document


def decimals(*values: str) -> tuple[Decimal, ...]:
    """Read decimals."""
    return tuple(Decimal(value) for value in values)


@pytest.mark.parametrize(
    ("currency", "digits"),
    [("CNY", 2), ("EUR", 2), ("JPY", 0), ("KRW", 0), ("ISK", 0), ("KWD", 3), ("IQD", 3), ("CLF", 4)],
)
def test_a_currency_has_the_digits_of_iso_4217(currency: str, digits: int) -> None:
    assert known(currency)
    assert exponent(currency) == digits


def test_the_currencies_are_those_of_iso_4217_that_are_in_use_and_have_a_minor_unit() -> None:
    codes = ("".join(letters) for letters in product(ascii_uppercase, repeat=3))

    digits = Counter(exponent(code) for code in codes if known(code))

    assert digits == {2: 139, 0: 17, 3: 7, 4: 2}


@pytest.mark.parametrize("currency", ["", "cny", "XYZ", "HRK", "BGN", "XAU", "XXX", "XTS", "CNYX"])
def test_a_code_without_a_minor_unit_or_out_of_use_is_unknown(currency: str) -> None:
    assert not known(currency)
    with pytest.raises(UnknownCurrency):
        exponent(currency)


@pytest.mark.parametrize(
    ("value", "currency", "expected"),
    [
        ("0.005", "CNY", "0.01"),
        ("-0.005", "CNY", "-0.01"),
        ("2.675", "CNY", "2.68"),
        ("0.0049999999", "CNY", "0.00"),
        ("-0.004", "CNY", "0.00"),
        ("0.5", "JPY", "1"),
        ("-2.5", "JPY", "-3"),
        ("1.0005", "KWD", "1.001"),
        ("7", "KWD", "7.000"),
        ("1E+3", "CNY", "1000.00"),
    ],
)
def test_rounding_is_half_up_away_from_zero(value: str, currency: str, expected: str) -> None:
    assert str(rounded(Decimal(value), currency)) == expected


@pytest.mark.parametrize(
    ("value", "currency", "expected"),
    [
        ("12", "CNY", "12.00"),
        ("-12.3", "CNY", "-12.30"),
        ("-0", "CNY", "0.00"),
        ("1E+2", "JPY", "100"),
        ("1.234", "KWD", "1.234"),
        ("9999999999999.99", "CNY", "9999999999999.99"),
        ("-999999999999999", "JPY", "-999999999999999"),
        ("999999999999.999", "KWD", "999999999999.999"),
    ],
)
def test_an_amount_gets_exactly_its_currencys_digits(value: str, currency: str, expected: str) -> None:
    assert str(amount(Decimal(value), currency)) == expected


@pytest.mark.parametrize(
    ("value", "currency"),
    [
        ("0.001", "CNY"),
        ("1.500", "CNY"),
        ("1.0", "JPY"),
        ("1.2345", "KWD"),
        ("1E-50", "CNY"),
        ("1E-99999", "CNY"),
    ],
)
def test_an_amount_written_with_more_digits_is_refused(value: str, currency: str) -> None:
    with pytest.raises(TooManyDigits):
        amount(Decimal(value), currency)


@pytest.mark.parametrize(
    ("value", "currency"),
    [
        ("10000000000000", "CNY"),
        ("-10000000000000", "CNY"),
        ("1000000000000000", "JPY"),
        ("1000000000000", "KWD"),
        ("1E+999999", "CNY"),
        ("Infinity", "CNY"),
    ],
)
def test_an_amount_beyond_the_limit_is_refused(value: str, currency: str) -> None:
    with pytest.raises(TooLarge):
        amount(Decimal(value), currency)


@pytest.mark.parametrize("value", ["NaN", "-NaN", "sNaN"])
def test_what_is_not_a_number_is_neither_rounded_nor_an_amount(value: str) -> None:
    for refuse in (amount, rounded, text, price_text):
        with pytest.raises(NotANumber):
            refuse(Decimal(value), "CNY")


def test_what_cannot_be_rounded_is_too_large() -> None:
    for value in ("1E+70", "Infinity", "-Infinity"):
        with pytest.raises(TooLarge):
            rounded(Decimal(value), "CNY")


@pytest.mark.parametrize(
    ("value", "currency", "expected"),
    [
        ("1.5", "CNY", "1.50"),
        ("1.5000", "CNY", "1.50"),
        ("-0.00", "CNY", "0.00"),
        ("1E+7", "JPY", "10000000"),
    ],
)
def test_an_amount_is_written_with_its_currencys_digits(value: str, currency: str, expected: str) -> None:
    assert text(Decimal(value), currency) == expected


@pytest.mark.parametrize(
    ("value", "currency", "expected"),
    [
        ("1.5", "CNY", "1.50"),
        ("1.234500", "CNY", "1.2345"),
        ("0.000001", "CNY", "0.000001"),
        ("100", "JPY", "100"),
        ("99.50", "JPY", "99.5"),
        ("0", "JPY", "0"),
        ("-2.5", "KWD", "-2.500"),
    ],
)
def test_a_price_is_written_with_up_to_six_digits(value: str, currency: str, expected: str) -> None:
    assert price_text(Decimal(value), currency) == expected


def test_nothing_is_rounded_by_writing_it() -> None:
    with pytest.raises(TooManyDigits):
        text(Decimal("1.005"), "CNY")
    with pytest.raises(TooManyDigits):
        price_text(Decimal("0.0000001"), "CNY")


@pytest.mark.parametrize(
    ("total", "weights", "digits", "expected"),
    [
        ("1.00", ("0", "0", "0"), 2, ("0.34", "0.33", "0.33")),
        ("-1.00", ("0", "0", "0"), 2, ("-0.34", "-0.33", "-0.33")),
        ("0.01", ("0", "0.000001", "0"), 2, ("0.00", "0.01", "0.00")),
        ("0.05", ("1", "1", "2"), 2, ("0.01", "0.01", "0.03")),
        ("100", ("1", "1", "1"), 0, ("34", "33", "33")),
        ("-10.000", ("2", "1"), 3, ("-6.667", "-3.333")),
        ("5", ("0.5", "1E+3", "0"), 0, ("0", "5", "0")),
        ("0.00", (), 2, ()),
    ],
)
def test_a_split_is_exact_by_largest_remainder(
    total: str, weights: tuple[str, ...], digits: int, expected: tuple[str, ...]
) -> None:
    split = allocate(Decimal(total), decimals(*weights), digits)

    assert tuple(map(str, split)) == expected


def test_an_amount_is_not_split_by_nothing_or_by_a_negative_weight() -> None:
    with pytest.raises(ValueError, match="at least one weight"):
        allocate(Decimal(1), (), 2)
    with pytest.raises(ValueError, match="none is negative"):
        allocate(Decimal(1), decimals("2", "-1"), 2)
    with pytest.raises(TooManyDigits):
        allocate(Decimal("0.001"), decimals("1"), 2)


@pytest.mark.parametrize(
    ("quantity", "given", "taken"), [(0, 0, 0), (3, 2, 2), (3, -1, 1), (3, 2, -1), (3, 4, 0)]
)
def test_more_than_the_whole_is_never_given(quantity: int, given: int, taken: int) -> None:
    with pytest.raises(MoreThanTheWhole):
        part(Decimal("1.00"), quantity, given, taken, 2)


def test_parts_of_a_negative_total_mirror_those_of_the_positive_one() -> None:
    parts = [part(Decimal("-100.00"), 3, given, 1, 2) for given in range(3)]

    assert tuple(map(str, parts)) == ("-33.33", "-33.34", "-33.33")


def test_the_ambient_decimal_context_changes_nothing() -> None:
    line = PricedLine(unit_price=Decimal("379.005"), quantity=7, category="S", rate=Decimal("0.21"))

    def figures() -> str:
        document = price_document(
            [line, line], currency="CNY", includes_tax=True, order_percent=Decimal("3.5")
        )
        split = allocate(Decimal("-915.14"), decimals("12.34567", "1", "99999"), 2)
        parts = [part(Decimal("1000.00"), 3, given, 1, 2) for given in range(3)]
        value = Decimal("1234567.885")
        written = text(Decimal("1234567.88"), "CNY"), price_text(value, "CNY")
        return repr((document, split, parts, written, rounded(value, "CNY"), amount(Decimal(1234567), "CNY")))

    usual = figures()
    with localcontext(Context(prec=1, rounding=ROUND_FLOOR, Emax=1, Emin=-1)):
        odd = figures()

    assert odd == usual
