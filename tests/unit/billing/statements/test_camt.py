"""CAMT: what is read of an entry, when a batch is taken apart, and what is refused."""

from datetime import date
from decimal import Decimal

import pytest
from soms.billing.statements import camt
from soms.billing.statements.drafting import Given
from soms.billing.statements.refusals import Unreadable

from tests.unit.billing.statements.samples import EXCERPT, SHANGHAI

FILES = EXCERPT / "bank" / "camt"
GIVEN = Given("statement.xml", SHANGHAI)


def entry(amount: str, details: str = "", status: str = "BOOK", direction: str = "CRDT") -> str:
    return (
        f'<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd><Sts>{status}</Sts>'
        f"<BookgDt><Dt>2026-03-02</Dt></BookgDt><NtryDtls>{details}</NtryDtls></Ntry>"
    )


def message(*entries: str) -> bytes:
    head = "<Id>1</Id><Acct><Id><IBAN>NL26VAYB8060476890</IBAN></Id><Ccy>EUR</Ccy></Acct>"
    return (
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt>{head}'
        f"{''.join(entries)}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def part(amount: str, reference: str) -> str:
    return f'<TxDtls><Refs><EndToEndId>{reference}</EndToEndId></Refs><Amt Ccy="EUR">{amount}</Amt></TxDtls>'


def test_two_statements_of_a_file_follow_from_one_another() -> None:
    first, second = camt.statements((FILES / "camt053.v2.multi.statement.xml").read_bytes(), GIVEN)

    assert (first.opening, first.closing, first.adds_up) == (Decimal("18.15"), Decimal("27.00"), True)
    assert (second.opening, second.closing, second.adds_up) == (Decimal("27.00"), Decimal("20.00"), True)
    assert first.account == second.account == "NL26VAYB8060476890"


def test_an_entry_tells_who_paid_from_where_and_for_what() -> None:
    (statement,) = camt.statements((FILES / "camt053.v4.xml").read_bytes(), GIVEN)

    (line,) = statement.lines
    assert (line.payer, line.payer_account) == ("NAME NAME", "NL56AGDH9619008421")
    assert (line.reference, line.bank_reference) == ("4654654654654654", "AAAASESS-FP-CN_98765/01")
    assert (line.booked_on, line.value_on) == (date(2014, 12, 31), date(2015, 1, 2))
    assert (line.amount, line.currency) == (Decimal("8.85"), "EUR")


def test_a_batch_whose_parts_come_to_the_whole_is_taken_apart() -> None:
    (statement,) = camt.statements(message(entry("30.00", part("10.00", "A") + part("20.00", "B"))), GIVEN)

    assert [(line.amount, line.reference) for line in statement.lines] == [
        (Decimal("10.00"), "A"),
        (Decimal("20.00"), "B"),
    ]


def test_a_batch_whose_parts_do_not_come_to_the_whole_stays_one_line() -> None:
    (statement,) = camt.statements(message(entry("30.00", part("10.00", "A") + part("20.01", "B"))), GIVEN)

    assert [(line.amount, line.reference) for line in statement.lines] == [(Decimal("30.00"), None)]


def test_a_batch_with_a_part_in_the_other_direction_is_taken_apart() -> None:
    back = part("5.00", "B").replace("</TxDtls>", "<CdtDbtInd>DBIT</CdtDbtInd></TxDtls>")

    (statement,) = camt.statements(message(entry("5.00", part("10.00", "A") + back)), GIVEN)

    assert [line.amount for line in statement.lines] == [Decimal("10.00"), Decimal("-5.00")]


def test_an_entry_without_days_is_of_the_day_of_its_statement() -> None:
    content = (FILES / "camt052.v2.with-account-name.xml").read_bytes()

    (statement,) = camt.statements(content, GIVEN)

    assert [line.booked_on for line in statement.lines] == [date(2007, 10, 18)]


def test_the_bank_s_own_charges_are_told_from_transfers() -> None:
    code = "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>MDOP</Cd><SubFmlyCd>CHRG</SubFmlyCd></Fmly></Domn></BkTxCd>"
    content = message(entry("1.00", direction="DBIT")).replace(b"<NtryDtls>", code.encode() + b"<NtryDtls>")

    (statement,) = camt.statements(content, GIVEN)

    assert [line.kind for line in statement.lines] == ["fee"]


def test_a_statement_in_a_chinese_encoding_is_read() -> None:
    content = message(entry("1.00", "<TxDtls><RmtInf><Ustrd>货款</Ustrd></RmtInf></TxDtls>")).decode()

    (statement,) = camt.statements(f'<?xml version="1.0" encoding="GBK"?>{content}'.encode("gb18030"), GIVEN)

    assert [line.text for line in statement.lines] == ["货款"]


BALANCES = "".join(
    f'<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy="{currency}">{amount}</Amt>'
    f"<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-03-02</Dt></Dt></Bal>"
    for kind, currency, amount in (("OPBD", "EUR", "10.00"), ("CLBD", "EUR", "11.00"))
)


def test_a_balance_in_another_currency_than_the_account_is_none_of_it() -> None:
    content = message(BALANCES, entry("1.00"))

    (alike,) = camt.statements(content, GIVEN)
    (opening,) = camt.statements(content.replace(b'Ccy="EUR">10.00', b'Ccy="USD">10.00'), GIVEN)
    (closing,) = camt.statements(content.replace(b'Ccy="EUR">11.00', b'Ccy="USD">11.00'), GIVEN)

    assert (alike.opening, alike.closing, alike.adds_up) == (10, 11, True)
    assert (opening.opening, opening.closing, opening.adds_up) == (None, 11, None)
    assert (closing.opening, closing.closing, closing.adds_up) == (10, None, None)


def test_entries_in_another_currency_than_the_balances_cannot_be_added_to_them() -> None:
    content = message(BALANCES, entry("1.00")).replace(b'Ccy="EUR">1.00', b'Ccy="USD">1.00')

    (statement,) = camt.statements(content, GIVEN)

    assert (statement.opening, statement.closing, statement.adds_up) == (10, 11, None)


def test_the_newer_versions_put_status_and_party_a_level_deeper() -> None:
    party = "<TxDtls><RltdPties><Dbtr><Pty><Nm>Muster GmbH</Nm></Pty></Dbtr></RltdPties></TxDtls>"
    booked, pending = (f"<Cd>{status}</Cd>" for status in ("BOOK", "PDNG"))

    (statement,) = camt.statements(
        message(entry("1.00", party, booked), entry("2.00", party, pending)), GIVEN
    )

    assert [(line.amount, line.payer) for line in statement.lines] == [(1, "Muster GmbH")]


def test_what_is_pending_is_no_line() -> None:
    (statement,) = camt.statements(
        message(entry("1.00", status="PDNG"), entry("2.00", direction="DBIT")), GIVEN
    )

    assert [line.amount for line in statement.lines] == [Decimal("-2.00")]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'<!DOCTYPE d [<!ENTITY a "b">]><Document>&a;</Document>', "dtd_refused"),
        (
            '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE d SYSTEM "x"><Document/>'.encode("utf-16"),
            "dtd_refused",
        ),
        (b"<a>" * 200, "nested_too_deep"),
        (b"<Document>", "damaged"),
        (b"<a>" + b"x" * 100_001 + b"</a>", "cell_too_long"),
        (b"<a>" + b"<b/>" * 500_001 + b"</a>", "too_many_lines"),
        (b'<?xml version="1.0" encoding="GBK"?><a>\xff</a>', "wrong_encoding"),
        (b'<?xml version="1.0" encoding="no-such"?><Document/>', "wrong_encoding"),
        (b"<Document><BkToCstmrStmt/></Document>", "no_statement"),
        (message(entry("1,00")), "bad_amount"),
        (message(entry("1.00", direction="?")), "no_direction"),
        (message(entry("1.00").replace("2026-03-02", "2026-02-30")), "bad_date"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(content: bytes, code: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        camt.statements(content, GIVEN)

    assert refusal.value.code == code
