"""MT940 and MT942: signs, days, references, and what field 86 says in its dialects."""

from datetime import date
from decimal import Decimal

import pytest
from soms.billing.statements import mt940
from soms.billing.statements.drafting import Given
from soms.billing.statements.model import StatementLine
from soms.billing.statements.reading import read
from soms.billing.statements.refusals import Unreadable

from tests.unit.billing.statements.samples import SHANGHAI

GIVEN = Given("a.sta", SHANGHAI)
HEAD = ":20:X\n:25:12345678/1020304050EUR\n:28C:7/1\n:60F:C260301EUR100,00\n"
FOOT = ":62F:C260302EUR100,00\n-\n"


def line(first: str, said: str = "") -> StatementLine:
    (statement,) = mt940.statements(f"{HEAD}:61:{first}\n{said and f':86:{said}'}\n{FOOT}", GIVEN)
    (only,) = statement.lines
    return only


@pytest.mark.parametrize(
    ("mark", "amount"), [("C", "12.50"), ("D", "-12.50"), ("RC", "-12.50"), ("RD", "12.50"), ("CR", "12.50")]
)
def test_a_reversal_takes_off_what_was_booked(mark: str, amount: str) -> None:
    assert line(f"2603020302{mark}12,50NTRFNONREF").amount == Decimal(amount)


@pytest.mark.parametrize(
    ("days", "booked", "valued"),
    [
        ("2603020302", date(2026, 3, 2), date(2026, 3, 2)),
        ("260302", date(2026, 3, 2), date(2026, 3, 2)),
        ("2512310102", date(2026, 1, 2), date(2025, 12, 31)),
        ("2601021231", date(2025, 12, 31), date(2026, 1, 2)),
        ("2602300301", date(2026, 3, 1), date(2026, 2, 28)),
    ],
)
def test_the_booking_day_is_the_one_near_the_value_day(days: str, booked: date, valued: date) -> None:
    read = line(f"{days}C1,NTRFNONREF")

    assert (read.booked_on, read.value_on) == (booked, valued)


def test_the_head_says_account_currency_number_and_balances() -> None:
    (statement,) = mt940.statements(HEAD + FOOT, GIVEN)

    assert (statement.account, statement.currency) == ("12345678/1020304050", "EUR")
    assert (statement.number, statement.from_on, statement.to_on) == (
        "7/1",
        date(2026, 3, 1),
        date(2026, 3, 2),
    )
    assert (statement.opening, statement.closing, statement.adds_up) == (100, 100, True)


def test_german_subfields_say_who_from_where_with_which_reference_and_in_which_words() -> None:
    read = line(
        "2603020302CR1,00NTRFNONREF//BANK1",
        "166?00GUTSCHRIFT?20EREF+RE-2026-1?22SVWZ+Rechnung RE-2026-1?23vom 1. Maerz?30BIC?31DE02120300000000202051"
        "\n?32Erika Muster?33mann",
    )

    assert (read.payer, read.payer_account) == ("Erika Muster mann", "DE02120300000000202051")
    assert (read.reference, read.bank_reference) == ("RE-2026-1", "BANK1")
    assert read.text == "Rechnung RE-2026-1 vom 1. Maerz"


def test_a_word_that_is_cut_between_subfields_is_whole_again() -> None:
    assert line("2603020302C1,NTRFNONREF", "820?20ERSTATTUNG AUSLANDSEINSATZE?21NTGELT").text == (
        "ERSTATTUNG AUSLANDSEINSATZENTGELT"
    )


def test_slash_codes_say_who_and_what_for() -> None:
    read = line(
        "2603020302C1,NTRFNONREF",
        "/EREF/ORDER-9//CNTP/NL56AGDH9619008421/AGDHNL2A/J. Jansen///REMI/USTD//Invoice 42/",
    )

    assert (read.payer, read.payer_account, read.reference) == ("J. Jansen", "NL56AGDH9619008421", "ORDER-9")
    assert read.text == "Invoice 42"


def test_plain_text_that_begins_with_an_iban_says_who() -> None:
    read = line("2603020302C1,NOVBNL47INGB9999999999", "NL47INGB9999999999 h. jansen\n \nInvoice 42")

    assert (read.payer, read.payer_account, read.reference) == ("h. jansen", "NL47INGB9999999999", None)


def test_the_bank_s_own_charges_are_told_from_transfers() -> None:
    assert line("2603020302D1,NCHGNONREF").kind == "fee"
    assert line("2603020302D1,NTRFNONREF", "808?00ENTGELT").kind == "fee"
    assert line("2603020302D1,NTRFNONREF").kind == "transfer"


def test_nothing_has_no_sign() -> None:
    assert str(line("2603020302D0,00NTRFNONREF").amount) == "0.00"


def test_a_statement_that_follows_without_a_reference_is_another_one() -> None:
    second = HEAD.removeprefix(":20:X\n").replace("12345678/1020304050EUR", "87654321EUR")

    found = mt940.statements(HEAD + FOOT.removesuffix("-\n") + second + FOOT, GIVEN)

    assert [one.account for one in found] == ["12345678/1020304050", "87654321"]


@pytest.mark.parametrize(("page", "text"), [("utf-8", "Díj"), ("cp852", "Felhasznéló"), ("cp1252", "Größe")])
def test_the_code_pages_of_old_programs_are_told_apart(page: str, text: str) -> None:
    content = f"{HEAD}:61:2603020302C1,NTRFNONREF\n:86:{text}\n{FOOT}".encode(page)

    (statement,) = read(content, "a.sta", zone=SHANGHAI)

    assert statement.lines[0].text == text


def test_what_is_only_expected_is_no_line() -> None:
    (statement,) = mt940.statements(f"{HEAD}:61:2603020302EC1,NTRFNONREF\n{FOOT}", GIVEN)

    assert statement.lines == ()


def test_a_tag_broken_over_two_lines_is_read() -> None:
    (statement,) = mt940.statements(":61:1811261126CR\n30,00N062NONREF\n:\n86:166?20SVWZ+Test\n", GIVEN)

    assert [(one.amount, one.text) for one in statement.lines] == [(Decimal("30.00"), "Test")]


def test_a_colon_in_a_text_is_no_tag() -> None:
    assert line("2603020302C1,NTRFNONREF", "805?20At 17:12\n:12:11 sharp").text == "At 17:12:12:11 sharp"


def test_a_report_during_the_day_is_an_mt942() -> None:
    (statement,) = mt940.statements(
        ":20:X\n:25:1\n:34F:EURD0,00\n:13D:1610301730+0000\n:61:161030D0,42NMSCX\n", GIVEN
    )

    assert (statement.source, statement.opening, statement.adds_up) == ("mt942", None, None)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (":86:alone", "no_statement"),
        (":20:X\n:28C:1", "no_statement"),
        (f"{HEAD}:61:nonsense\n", "bad_line"),
        (f"{HEAD}:61:261302C1,00NTRF\n", "bad_date"),
        (f"{HEAD}:61:260302C{'9' * 16},00NTRF\n", "amount_too_large"),
        (":20:X\n:60F:C260301EURx\n", "bad_line"),
        (f"{HEAD}:61:260302C1,00NTRF\n:86:{'x' * 10_001}\n", "cell_too_long"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(content: str, code: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        mt940.statements(content, GIVEN)

    assert refusal.value.code == code
