"""OFX and BAI2: tags with and without ends, minor units, fields that take several places."""

from datetime import date
from decimal import Decimal

import pytest
from soms.billing.statements import bai2, ofx
from soms.billing.statements.drafting import Given
from soms.billing.statements.refusals import Unreadable

from tests.unit.billing.statements.samples import SHANGHAI

GIVEN = Given("a", SHANGHAI)
SGML = """OFXHEADER:100
<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>USD<BANKACCTFROM><BANKID>1<ACCTID>42<ACCTTYPE>CHECKING</BANKACCTFROM>
<BANKTRANLIST><DTSTART>20260301<DTEND>20260302
<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20260302233000[-5:EST]<TRNAMT>10.50<FITID>F1<NAME>Smith &amp; Sons<MEMO>INV-7</STMTTRN>
<STMTTRN><TRNTYPE>SRVCHG<DTPOSTED>20260302<TRNAMT>-1,25<FITID>F2<NAME>Bank
</BANKTRANLIST><LEDGERBAL><BALAMT>9.25<DTASOF>20260302</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"""
BAI = """01,1,2,260302,0829,001,80,1,2/
02,1,2,1,260301,2359,{currency},2/
03,42,,010,10000,,,015,9000,,/
{details}
49,0,3/
98,0,1,5/
99,0,1,7/"""


def detail(text: str, currency: str = "USD") -> tuple[object, ...]:
    (statement,) = bai2.statements(BAI.format(details=text, currency=currency), GIVEN)
    (line,) = statement.lines
    return line.amount, line.reference, line.bank_reference, line.value_on, line.text


def test_tags_without_ends_and_a_forgotten_end_are_read() -> None:
    (statement,) = ofx.statements(SGML, GIVEN)

    credit, charge = statement.lines
    assert (statement.account, statement.currency, statement.closing) == ("42", "USD", Decimal("9.25"))
    assert (credit.payer, credit.text, credit.bank_reference) == ("Smith & Sons", "INV-7", "F1")
    assert credit.booked_on == date(2026, 3, 2)  # the bank's day, whatever the zone behind it
    assert (charge.amount, charge.kind) == (Decimal("-1.25"), "fee")


def test_a_transaction_whose_end_was_forgotten_ends_with_the_next() -> None:
    (statement,) = ofx.statements(SGML.replace("</STMTTRN>", ""), GIVEN)

    assert [line.amount for line in statement.lines] == [Decimal("10.50"), Decimal("-1.25")]


def test_tags_in_a_text_that_is_marked_as_text_are_text() -> None:
    content = SGML.replace("INV-7", "<![CDATA[<TRNAMT>999 & more]]>")

    (statement,) = ofx.statements(content, GIVEN)

    assert (statement.lines[0].amount, statement.lines[0].text) == (Decimal("10.50"), "<TRNAMT>999 & more")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (SGML[:-6], "damaged"),
        (SGML.replace("INV-7", "x" * 10_001), "cell_too_long"),
        (SGML.replace("INV-7", "<![CDATA[x"), "damaged"),
        (SGML.replace("10.50", "$10"), "bad_amount"),
        (SGML.replace("10.50", ""), "no_amount"),
        (SGML.replace("20260302233000[-5:EST]", "20260231"), "bad_date"),
        (SGML.replace("<DTPOSTED>20260302233000[-5:EST]", ""), "no_date"),
        (SGML.replace("USD", "DOLLARS"), "bad_currency"),
        ("<!DOCTYPE OFX><OFX></OFX>", "dtd_refused"),
        ("<OFX></OFX>", "no_statement"),
    ],
)
def test_an_ofx_file_that_cannot_be_read_is_refused_with_its_reason(content: str, code: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        ofx.statements(content, GIVEN)

    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("16,195,1050,Z,B1,C1,wire/", ("10.50", "C1", "B1", None, "wire")),
        ("16,475,1050,,B1,C1,check, paid/", ("-10.50", "C1", "B1", None, "check, paid")),
        ("16,195,1050,V,260303,,B1,C1,wire/", ("10.50", "C1", "B1", date(2026, 3, 3), "wire")),
        ("16,195,1050,S,1,2,3,B1,C1,wire/", ("10.50", "C1", "B1", None, "wire")),
        ("16,195,1050,D,2,0,1000,1,50,B1,C1,wire/", ("10.50", "C1", "B1", None, "wire")),
        ("16,195,1050,,B1,C1/\n88,wire/\n88,and more", ("10.50", "C1", "B1", None, "wire\nand more")),
        ("16,195,1050,,B1,,wire\n88,EREF: E1", ("10.50", "E1", "B1", None, "wire\nEREF: E1")),
    ],
)
def test_a_detail_takes_the_places_of_its_funds_type(text: str, told: tuple[object, ...]) -> None:
    amount, *rest = told

    assert detail(text) == (Decimal(str(amount)), *rest)


@pytest.mark.parametrize(
    ("currency", "amount"), [("JPY", "1050"), ("USD", "10.50"), ("KWD", "1.050"), ("", "10.50")]
)
def test_amounts_are_in_minor_units_of_the_currency(currency: str, amount: str) -> None:
    assert str(detail("16,195,1050,,B1,C1,wire/", currency)[0]) == amount


@pytest.mark.parametrize(("kind", "amount"), [("399", 1), ("400", -1), ("699", -1), ("920", 1), ("960", -1)])
def test_the_type_of_a_detail_says_its_side(kind: str, amount: int) -> None:
    assert detail(f"16,{kind},100,,,,x/")[0] == amount


def test_a_bank_that_names_no_currency_means_dollars() -> None:
    (statement,) = bai2.statements(BAI.format(details="16,195,100,,,,x/", currency=""), GIVEN)

    assert (statement.currency, statement.lines[0].currency) == ("USD", "USD")


def test_a_detail_without_money_is_no_line() -> None:
    (statement,) = bai2.statements(BAI.format(details="16,890,,,,,only a remark/", currency="USD"), GIVEN)

    assert statement.lines == ()


def test_several_records_on_a_line_and_text_that_just_goes_on_are_read() -> None:
    (statement,) = bai2.statements(
        BAI.format(details="16,195,1050,Z,,,one/   16,475,2050,Z,,,two\nand more", currency="USD"), GIVEN
    )

    assert [(line.amount, line.text) for line in statement.lines] == [
        (Decimal("10.50"), "one"),
        (Decimal("-20.50"), "two and more"),
    ]
    assert statement.adds_up is True


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("01,1,2,260302,0829/\n03,42,,/\n99,/", "bad_line"),
        (BAI.format(details="", currency="US"), "bad_currency"),
        (BAI.format(details="", currency="USD").replace("260301", ""), "no_date"),
        (BAI.format(details="", currency="USD").replace("260301", "261301"), "bad_date"),
        (BAI.format(details="16,795,1,,,,x/", currency="USD"), "no_direction"),
        (BAI.format(details="16,195,1.50,,,,x/", currency="USD"), "bad_amount"),
        (BAI.format(details="16,195,1,D,x,,/", currency="USD"), "bad_line"),
        (BAI.format(details="", currency="USD").replace("99,0", "98,0"), "damaged"),
        ("01,1,2,260302,0829/\n99,/", "no_statement"),
    ],
)
def test_a_bai2_file_that_cannot_be_read_is_refused_with_its_reason(content: str, code: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        bai2.statements(content, GIVEN)

    assert refusal.value.code == code
