"""Workbooks: what their cells say, exactly; and bombs, of which none goes off."""

import struct
from datetime import date
from decimal import Decimal

import pytest
from soms.billing.statements.model import Statement
from soms.billing.statements.reading import read
from soms.billing.statements.refusals import Unreadable

from tests.unit.billing.statements.samples import EXCERPT, SHANGHAI
from tests.unit.billing.statements.workbook import MAIN, sheet, workbook

HEADER = ("Date", "Amount", "Description")


def opened(content: bytes) -> tuple[Statement, ...]:
    return read(content, "a.xlsx", zone=SHANGHAI, currency="CNY")


def refused(content: bytes) -> str:
    with pytest.raises(Unreadable) as refusal:
        opened(content)
    return refusal.value.code


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("0.30000000000000004", "0.3"),
        ("9.9000000000000004", "9.9"),
        ("-1234567890123.45", "-1234567890123.45"),
        ("1E-2", "0.01"),
        ("1.2E+3", "1200"),
        ("67", "67"),
    ],
)
def test_a_number_is_what_the_workbook_shows(written: str, amount: str) -> None:
    content = workbook(
        sheet(HEADER, ("2026-03-02", Decimal(0), "x")).replace("<v>0</v>", f"<v>{written}</v>")
    )

    (statement,) = opened(content)

    assert [str(line.amount) for line in statement.lines] == [amount]


def test_a_day_that_is_a_number_is_a_day() -> None:
    (statement,) = opened(workbook(sheet(HEADER, (46083, 1, "x"), (Decimal("46083.99"), 2, "y"))))

    assert [line.booked_on for line in statement.lines] == [date(2026, 3, 2)] * 2


def test_shared_texts_are_read_without_their_pronunciation() -> None:
    shared = f"<sst xmlns='{MAIN}'><si><r><t>Or</t></r><r><t>der</t></r><rPh><t>ORUDA</t></rPh></si></sst>"
    rows = sheet(HEADER, ("2026-03-02", 1, "x")).replace(
        "<c r='C2' t='inlineStr'><is><t>x</t></is></c>", "<c r='C2' t='s'><v>0</v></c>"
    )

    (statement,) = opened(workbook(rows, shared=shared))

    assert statement.lines[0].text == "Order"


def test_a_line_that_two_sheets_have_is_taken_once() -> None:
    first = sheet(HEADER, ("2026-03-02", 1, "x"), ("2026-03-02", 1, "x"))
    second = sheet(HEADER, ("2026-03-02", 1, "x"), ("2026-03-03", 2, "y"))

    found = opened(workbook(first, second, sheet(("nothing here",))))

    assert [[str(line.amount) for line in one.lines] for one in found] == [["1", "1"], ["2"]]


def test_an_old_workbook_of_a_bank_is_read() -> None:
    (path,) = (EXCERPT / "settlement/cn/ccb").glob("*.xls")

    (statement,) = read(path.read_bytes(), path.name, zone=SHANGHAI)

    assert (statement.account, statement.currency) == ("xxxxx*********xxxx", "CNY")
    assert [str(line.amount) for line in statement.lines][:2] == ["-67", "-16.78"]
    assert statement.closing == Decimal("1494.65")


def test_a_cell_at_the_end_of_the_world_costs_nothing() -> None:
    rows = sheet(HEADER, ("2026-03-02", 1, "x")).replace(
        "</sheetData>", "<row r='1048576'><c r='XFD1048576'><v>1</v></c></row></sheetData>"
    )

    (statement,) = opened(workbook(rows))

    assert len(statement.lines) == 1


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    assert refused(workbook(sheet(HEADER) + " " * 70_000_000)) == "unpacks_too_large"


def test_a_bomb_that_lies_about_its_size_is_refused() -> None:
    content = bytearray(workbook(sheet(HEADER) + " " * 70_000_000))
    entry = content.find(b"PK\x01\x02", content.find(b"s1.xml", content.rfind(b"PK\x03\x04")))
    for start in [at for at in range(entry, len(content)) if content[at : at + 4] == b"PK\x01\x02"]:
        content[start + 24 : start + 28] = struct.pack("<I", 100)

    assert refused(bytes(content)) == "damaged"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (workbook(sheet(("a", "b"))), "no_header"),
        (workbook(), "no_statement"),
        (workbook(sheet(HEADER), properties="<workbookPr date1904='1'/>"), "dates_from_1904"),
        (workbook(f"<!DOCTYPE x [<!ENTITY a 'b'>]>{sheet(HEADER)}"), "dtd_refused"),
        (workbook(sheet(HEADER)[:-5]), "damaged"),
        (workbook(sheet(HEADER))[:200], "damaged"),
        (b"PK\x03\x04", "damaged"),
        (b"PK\x03\x04" + b"PK\x01\x02" * 3_000, "unpacks_too_large"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "damaged"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(content: bytes, code: str) -> None:
    assert refused(content) == code
