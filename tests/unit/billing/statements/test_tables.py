"""Tables of any bank: encodings, delimiters, headers, days, amounts, sides; what is ambiguous is refused."""

from datetime import date
from decimal import Decimal

import pytest
from soms.billing.statements.model import Statement
from soms.billing.statements.reading import read
from soms.billing.statements.refusals import Unreadable

from tests.unit.billing.statements.samples import SHANGHAI

CHINESE = [
    ["招商银行账户交易明细"],
    ["账号：", "6225 8888"],
    ["币种：人民币"],
    [],
    ["记账日期", "收入", "支出", "余额", "对方户名", "对方账号", "摘要"],
    ["2026年3月2日", "1,000.00", "", "1,100.00", "北京某某公司", "62220001", "货款 SO-1"],
    ["2026年3月3日", "", "50.00", "1,050.00", "某某物流", "62220002", "运费"],
    ["合计", "1,000.00", "50.00"],
]


def csv(rows: list[list[str]], delimiter: str = ",") -> str:
    return "\n".join(
        delimiter.join(f'"{cell}"' if delimiter in cell else cell for cell in row) for row in rows
    )


def table(header: str, *rows: str, currency: str = "EUR") -> tuple[Statement, ...]:
    return read("\n".join([header, *rows]).encode(), "a.csv", zone=SHANGHAI, currency=currency)


def amounts(header: str, *rows: str, currency: str = "EUR") -> list[str]:
    return [str(line.amount) for one in table(header, *rows, currency=currency) for line in one.lines]


def refused(header: str, *rows: str, currency: str = "EUR") -> tuple[str, int | None]:
    with pytest.raises(Unreadable) as refusal:
        table(header, *rows, currency=currency)
    return refusal.value.code, refusal.value.row


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"])
def test_a_table_reads_the_same_in_every_encoding_and_with_every_delimiter(
    encoding: str, delimiter: str
) -> None:
    (statement,) = read(csv(CHINESE, delimiter).encode(encoding), "a.csv", zone=SHANGHAI)

    assert (statement.account, statement.currency) == ("6225 8888", "CNY")
    assert (statement.opening, statement.closing, statement.adds_up) == (100, 1050, True)
    first, second = statement.lines
    assert (first.booked_on, first.amount) == (date(2026, 3, 2), Decimal("1000.00"))
    assert (first.payer, first.payer_account, first.text) == ("北京某某公司", "62220001", "货款 SO-1")
    assert second.amount == Decimal("-50.00")


def test_a_german_export_has_decimal_commas_and_days_first() -> None:
    (statement,) = table(
        "Buchungstag;Valutadatum;Beguenstigter/Zahlungspflichtiger;Verwendungszweck;Betrag;Waehrung",
        "02.03.26;03.03.26;Muster GmbH;RE-1;1.234,56;EUR",
        "03.03.26;03.03.26;Bank;Entgelt;-7,00;EUR",
    )

    assert [line.amount for line in statement.lines] == [Decimal("1234.56"), Decimal("-7.00")]
    assert statement.lines[0].booked_on == date(2026, 3, 2)


@pytest.mark.parametrize(
    ("header", "rows", "told"),
    [
        ("Date,Amount", ["2026-03-02,-5.00"], ["-5.00"]),
        ("Date,Debit,Credit", ["2026-03-02,5.00,", "2026-03-02,,6.00"], ["-5.00", "6.00"]),
        ("Date,Paid out,Paid in", ["2026-03-02,-5.00,", "2026-03-02,,6.00"], ["-5.00", "6.00"]),
        ("Date,Debit,Credit", ["2026-03-02,5.00,0.00", "2026-03-02,0.00,6.00"], ["-5.00", "6.00"]),
        # The reversal of a debit is written as a negative one.
        ("Date,Debit,Credit", ["2026-03-02,5.00,", "2026-03-02,-5.00,"], ["-5.00", "5.00"]),
        ("日期,金额,借贷", ["2026-03-02,5.00,借", "2026-03-02,6.00,贷 Cr"], ["-5.00", "6.00"]),
        ("Date,Amount,Debit/Credit", ["2026-03-02,-5.00,Debit", "2026-03-02,6.00,Credit"], ["-5.00", "6.00"]),
        ("Datum;Betrag;Soll/Haben", ["2026-03-02;5,00;S", "2026-03-02;6,00;H"], ["-5.00", "6.00"]),
    ],
)
def test_money_in_is_positive_and_money_out_negative(header: str, rows: list[str], told: list[str]) -> None:
    assert amounts(header, *rows) == told


@pytest.mark.parametrize(
    ("header", "row", "code"),
    [
        ("Date,Debit,Credit", "2026-03-02,5.00,6.00", "both_sides"),
        ("Date,Amount,Direction", "2026-03-02,5.00,sideways", "no_direction"),
        ("Date,Amount", ",5.00", "no_date"),
        ("Date,Amount", "2026-03-02,", "no_amount"),
        ("Date,Amount", "yesterday,5.00", "bad_date"),
        ("Date,Amount", "2026-02-30,5.00", "bad_date"),
        ("Date,Amount,Currency", "2026-03-02,5.00,Taler", "bad_currency"),
    ],
)
def test_a_row_that_does_not_say_enough_is_refused_by_its_number(header: str, row: str, code: str) -> None:
    assert refused(header, row) == (code, 2)


def test_sums_balances_and_remarks_among_the_rows_are_no_lines() -> None:
    rows = [
        "Opening balance,2026-03-01,,10.00",
        "Total Energies,2026-03-02,-5.00,5.00",
        "Rent,2026-03-03,-1.00,4.00",
        "Total,,-6.00,",
        ",本页合计 2 笔,-6.00,",
        "Made on request,,,",
        "",
    ]

    assert amounts("Description,Date,Amount,Balance", *rows) == ["-5.00", "-1.00"]


def test_nothing_has_no_sign() -> None:
    assert amounts("Date,Debit,Credit", "2026-03-02,0.00,", "2026-03-02,,0.00") == ["0.00", "0"]
    assert amounts("Date,Amount,Direction", "2026-03-02,0.00,Debit") == ["0.00"]


def test_a_table_of_windows_is_not_taken_for_chinese() -> None:
    content = "Buchungstag;Begünstigter/Zahlungspflichtiger;Betrag;Währung\n02.03.2026;Jörg Müller;1,00;EUR\n"

    (statement,) = read(content.encode("cp1252"), "a.csv", zone=SHANGHAI)

    assert (statement.currency, statement.lines[0].payer) == ("EUR", "Jörg Müller")


def test_what_is_pending_or_failed_is_no_line() -> None:
    header = "Date,Amount,Status"

    assert amounts(header, "2026-03-02,1.00,PENDING", "2026-03-02,2.00,Failed", "2026-03-02,3.00,Posted") == [
        "3.00"
    ]


def test_lines_of_several_currencies_are_statements_of_their_own() -> None:
    found = table("Date,Amount,Currency", "2026-03-02,1.00,HKD", "2026-03-02,2.00,CNY", "2026-03-03,3.00,HKD")

    assert [(one.currency, [line.position for line in one.lines]) for one in found] == [
        ("HKD", [1, 2]),
        ("CNY", [1]),
    ]


@pytest.mark.parametrize(
    "rows",
    [
        ["2026-03-02,1.00,11.00", "2026-03-03,2.00,13.00"],
        ["2026-03-03,2.00,13.00", "2026-03-02,1.00,11.00"],
        ["2026-03-02,1.00,11.00", "2026-03-02,2.00,13.00"],
        ["2026-03-02,2.00,13.00", "2026-03-02,1.00,11.00"],
    ],
)
def test_running_balances_say_what_was_before_and_after_whichever_way_they_run(rows: list[str]) -> None:
    (statement,) = table("Date,Amount,Balance", *rows)

    assert (statement.opening, statement.closing, statement.adds_up) == (10, 13, True)


def test_balances_of_which_one_is_masked_say_nothing() -> None:
    (statement,) = table(
        "Date,Amount,Balance", "2026-03-02,1.00,11.00", "2026-03-03,2.00,x", "2026-03-04,1.00,14.00"
    )

    assert (statement.opening, statement.closing) == (None, None)


def test_a_missing_row_shows_in_the_balances() -> None:
    (statement,) = table("Date,Amount,Balance", "2026-03-02,1.00,11.00", "2026-03-03,2.00,14.00")

    assert statement.adds_up is False


def test_a_masked_balance_says_nothing() -> None:
    (statement,) = table("Date,Amount,Balance", '2026-03-02,1.00,"xx,yyy.zz"')

    assert (statement.opening, statement.closing, statement.adds_up) == (None, None, None)


def test_an_export_without_rows_is_an_empty_statement() -> None:
    (statement,) = table("Date,Amount,Balance")

    assert (statement.lines, statement.currency) == ((), "EUR")


@pytest.mark.parametrize("content", ["just words", "a,b,c\n1,2,3", "Date,Name\n2026-03-02,x", "1\n2\n3"])
def test_a_table_whose_header_names_no_day_and_amount_is_refused(content: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        read(content.encode(), "a.csv", zone=SHANGHAI)

    assert refusal.value.code == "no_header"
