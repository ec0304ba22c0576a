"""Amounts and days of tables: the whole column decides what they mean; what may mean two things is refused."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from soms.billing.statements.model import Statement
from soms.billing.statements.reading import read
from soms.billing.statements.refusals import Unreadable
from soms.billing.statements.sums import Sums

from tests.unit.billing.statements.samples import EXCERPT, SHANGHAI


def table(header: str, *rows: str, currency: str = "EUR") -> tuple[Statement, ...]:
    return read("\n".join([header, *rows]).encode(), "a.csv", zone=SHANGHAI, currency=currency)


def amounts(header: str, *rows: str, currency: str = "EUR") -> list[str]:
    return [str(line.amount) for one in table(header, *rows, currency=currency) for line in one.lines]


def refused(header: str, *rows: str, currency: str = "EUR") -> tuple[str, int | None]:
    with pytest.raises(Unreadable) as refusal:
        table(header, *rows, currency=currency)
    return refusal.value.code, refusal.value.row


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (["1,234.56", "7.00"], ["1234.56", "7.00"]),
        (["1.234,56", "1.000"], ["1234.56", "1000"]),
        (["1'234.50", "(3.00)", "5.00-"], ["1234.50", "-3.00", "-5.00"]),
        (["1 234,50"], ["1234.50"]),
        (["12,34,567.89"], ["1234567.89"]),
        (["¥28.16", "￥１２.00", "12元", "CNY 3.00", "4.00 CNY"], ["28.16", "12.00", "12", "3.00", "4.00"]),
        (["5.00 DR", "6.00CR"], ["-5.00", "6.00"]),
        (["+10000.00", "−3.00"], ["10000.00", "-3.00"]),
        (["1,234", "5"], ["1234", "5"]),
        (["0.125"], ["0.125"]),
    ],
)
def test_a_column_tells_what_its_marks_mean(texts: list[str], told: list[str]) -> None:
    sums = Sums(texts)

    assert [str(sums.read(text, 1)) for text in texts] == told


@pytest.mark.parametrize(
    ("texts", "digits", "code"),
    [
        (["1,234"], 3, "ambiguous_amounts"),
        (["1.5", "1,5"], 2, "ambiguous_amounts"),
        (["1,23,45"], 2, "bad_amount"),
        (["1e5"], 2, "bad_amount"),
        (["NaN"], 2, "bad_amount"),
        (["12 34"], 2, "bad_amount"),
        ([" " * 70 + "1"], 2, "bad_amount"),
        (["1" + "0" * 16], 2, "amount_too_large"),
    ],
)
def test_an_amount_that_may_mean_two_things_or_none_is_refused(
    texts: list[str], digits: int, code: str
) -> None:
    sums = Sums(texts, digits=digits)

    with pytest.raises(Unreadable) as refusal:
        sums.read(texts[0], 1)

    assert refusal.value.code == code


WHOLE = st.decimals(min_value=-(10**12), max_value=10**12, places=2, allow_nan=False, allow_infinity=False)


@given(
    values=st.lists(WHOLE, min_size=1, max_size=20), style=st.sampled_from(["{:,.2f}", "{:.2f}", "{:+,.2f}"])
)
def test_what_is_written_is_read_to_the_cent(values: list[Decimal], style: str) -> None:
    texts = [style.format(value) for value in values]
    swapped = [text.translate(str.maketrans(",.", ".,")) for text in texts]

    assert [Sums(texts).read(text, 1) for text in texts] == values
    assert [Sums(swapped).read(text, 1) for text in swapped] == values


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (
            ["2026-03-02", "2026/3/2", "2026.03.02", "20260302", "2026年3月2日", "2026-03-02 23:59:59"],
            [2] * 6,
        ),
        (["02/03/2026", "13/03/2026"], [2, 13]),
        (["03/02/2026", "03/13/2026"], [2, 13]),
        (["02.03.2026", "02.03.26"], [2, 2]),
        (["2 Mar 2026", "02-March-26", "Mar 2, 2026"], [2, 2, 2]),
        (["46083"], [2]),
    ],
)
def test_a_day_is_read_in_any_usual_form(days: list[str], told: list[int]) -> None:
    (statement,) = table("Date;Amount", *(f"{day};1.00" for day in days))

    assert [line.booked_on for line in statement.lines] == [date(2026, 3, day) for day in told]


def test_a_day_that_may_be_a_month_is_refused_unless_another_tells() -> None:
    assert refused("Date,Amount", "02/03/2026,1.00") == ("ambiguous_dates", 2)
    assert amounts("Date,Amount", "03/03/2026,1.00") == ["1.00"]
    assert refused("Date,Amount", "13/03/2026,1.00", "03/13/2026,1.00") == ("ambiguous_dates", 2)


def test_days_without_a_year_are_of_the_year_before_the_statement_s_month() -> None:
    content = (EXCERPT / "settlement/cn/cmb/credit/example-cmb-records.csv").read_bytes()

    (statement,) = read(content, "a.csv", zone=SHANGHAI)

    assert [line.booked_on for line in statement.lines][1:3] == [date(2023, 12, 30), date(2024, 1, 1)]
