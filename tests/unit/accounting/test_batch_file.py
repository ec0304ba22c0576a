"""The file of a journal batch: what spreadsheets and accounting systems make of it."""

import csv
import io
from decimal import Decimal

import pytest
from soms.accounting.batch_file import BOM, COLUMNS, render
from soms.accounting.model import Sums

from tests.unit.accounting.test_posted import posted

NAMES = {"bank": ("Bank", "银行存款"), "revenue": ("Revenue", "主营业务收入")}
TOTALS = {"CNY": Sums(Decimal("5.00"), Decimal("5.00"))}


def rows(content: bytes) -> list[dict[str, str]]:
    text = content.decode()
    assert text.startswith(BOM)
    return list(csv.DictReader(io.StringIO(text.removeprefix(BOM), newline="")))


def test_each_line_of_a_document_is_a_row_and_each_currency_has_a_total() -> None:
    document = posted(
        ("bank", "5.00", "0", None), ("revenue", "0", "5.00", None), customer_id="cus_1", wanted_on="2026-10-31"
    )

    first, second, total = rows(render("JB-000001", [document], NAMES, TOTALS))

    assert tuple(first) == COLUMNS
    assert (first["entry"], first["date"], first["wanted_date"]) == ("1", "2026-11-25", "2026-10-31")
    assert (first["account_name_en"], first["account_name_zh"]) == ("Bank", "银行存款")
    assert (first["debit"], first["credit"]) == ("5.00", "0.00")
    assert (second["account"], second["credit"], second["customer"]) == ("revenue", "5.00", "cus_1")
    assert (total["entry"], total["currency"], total["debit"], total["credit"], total["text"]) == (
        "total",
        "CNY",
        "5.00",
        "5.00",
        "1 documents",
    )


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(begin: str) -> None:
    document = posted(
        ("bank", "5.00", "0", None), ("revenue", "0", "5.00", None), reference=f"{begin}cmd|' /C calc'!A0"
    )

    first = rows(render("JB-000001", [document], NAMES, TOTALS))[0]

    assert first["text"] == f"'{begin}cmd|' /C calc'!A0"


def test_the_same_documents_make_the_same_bytes() -> None:
    document = posted(("bank", "5.00", "0", None), ("revenue", "0", "5.00", None), reason='逗号, "引号"\n换行')

    made = {render("JB-000001", [document], NAMES, TOTALS) for _ in range(3)}

    assert len(made) == 1
    assert rows(made.pop())[0]["text"] == '逗号, "引号"\n换行'
