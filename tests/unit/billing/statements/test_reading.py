"""The way in: what a file is, its limits, and that a reader is loaded only for its own format."""

import subprocess
import sys
from pathlib import Path

import pytest
from soms.billing.statements import reading
from soms.billing.statements.reading import read
from soms.billing.statements.refusals import REASONS, Unreadable

from tests.unit.billing.statements.samples import EXCERPT, PROJECT, SHANGHAI

CSV = b"Date,Amount\n2026-03-02,1.00\n"
KINDS = {
    "camt.053": "bank/camt/camt053.v4.xml",
    "camt.052": "bank/camt/camt052.v2.with-account-name.xml",
    "camt.054": "bank/camt/camt054.v2.xml",
    "mt940": "bank/mt940/jejik/generic.sta",
    "mt942": "bank/mt940/self-provided/mt942.sta",
    "ofx": "bank/ofx/suncorp.ofx",
    "bai2": "bank/bai2/sample3.txt",
    "boc": "settlement/cn/boc/debit/example-boc-records.csv",
    "alipay": "settlement/cn/alipay/example-alipay-records.csv",
    "wechat": "settlement/cn/wechat/example-wechat-records.xlsx",
    "stripe": "settlement/stripe/payout_data.csv",
    "shopify": "settlement/shopify/shopify_tender_transaction_data.csv",
}


def refused(content: bytes, source: str | None = None) -> str:
    with pytest.raises(Unreadable) as refusal:
        read(content, "a", source=source, zone=SHANGHAI)
    return refusal.value.code


@pytest.mark.parametrize(("source", "name"), KINDS.items())
def test_a_file_is_told_by_its_content_whatever_its_name(source: str, name: str) -> None:
    found = read((EXCERPT / name).read_bytes(), "statement.bin", source=source, zone=SHANGHAI)

    assert {one.source for one in found} == {source}
    assert {one.kind for one in found} == {
        "provider" if source in {"alipay", "wechat", "stripe", "shopify"} else "bank"
    }


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("camt", "bank/camt/camt054.v2.xml"),
        ("mt940", KINDS["mt942"]),
        ("csv", KINDS["boc"]),
        ("BOC", KINDS["boc"]),
    ],
)
def test_a_source_may_be_said_by_its_family(said: str, name: str) -> None:
    assert read((EXCERPT / name).read_bytes(), "a", source=said, zone=SHANGHAI)


@pytest.mark.parametrize(
    ("said", "name"), [("mt940", KINDS["camt.053"]), ("camt.053", KINDS["camt.054"]), ("icbc", KINDS["boc"])]
)
def test_a_file_that_is_not_what_it_was_said_to_be_is_refused(said: str, name: str) -> None:
    assert refused((EXCERPT / name).read_bytes(), said) == "other_format"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \r\n", "no_header"),
        (b" \r\n\t", "empty"),
        (CSV + b" " * 20_000_000, "file_too_large"),
        (CSV + b"2026-03-02,1.00\n" * 200_001, "too_many_lines"),
        (b"Date,Amount,Text\n2026-03-02,1.00," + b"x" * 10_001, "cell_too_long"),
        (b"Date,Amount,Text\n2026-03-02,1.00," + b"x" * 200_000, "cell_too_long"),
        (b"Date,Amount" + b",x" * 600 + b"\n2026-03-02,1.00\n", "too_many_columns"),
        (CSV + b"\0", "damaged"),
        (CSV + b"\xff\xff", "wrong_encoding"),
        ("\ud800".encode("utf-16", "surrogatepass"), "wrong_encoding"),
        (b"<html><table><tr><td>Date</td></tr></table></html>", "web_page"),
        (b"<!DOCTYPE html><html></html>", "web_page"),
        (b"%PDF-1.7\n", "no_header"),
    ],
)
def test_a_file_beyond_the_limits_is_refused_with_its_reason(content: bytes, code: str) -> None:
    assert refused(content) == code


def test_a_refusal_names_its_row_and_speaks_both_languages() -> None:
    with pytest.raises(Unreadable) as refusal:
        read(CSV + b"2026-03-02,soon\n", "a.csv", zone=SHANGHAI)

    assert (refusal.value.code, refusal.value.row) == ("bad_amount", 3)
    assert refusal.value.words == ("'soon' is not an amount.", "'soon' 不是金额。")
    assert str(refusal.value) == "row 3: 'soon' is not an amount."


def test_account_and_currency_hold_where_the_file_names_none() -> None:
    (statement,) = read(CSV, "a.csv", zone=SHANGHAI, account="A-1", currency="eur")
    (line,) = statement.lines

    assert (statement.account, statement.currency) == (line.account, line.currency) == ("A-1", "EUR")


def test_the_file_s_own_account_and_currency_come_first() -> None:
    content = (EXCERPT / KINDS["boc"]).read_bytes()

    (statement,) = read(content, "a.csv", zone=SHANGHAI, account="A-1", currency="EUR")

    assert (statement.account, statement.currency) == ("3167", "CNY")


def test_a_file_loads_the_reader_of_its_format_and_no_other() -> None:
    program = (
        "import sys; from zoneinfo import ZoneInfo; from soms.billing.statements.reading import read;"
        f"read({CSV!r}, 'a.csv', zone=ZoneInfo('UTC'));"
        "rooms = [name.rpartition('.')[2] for name in sys.modules if name.startswith('soms.billing.statements.')];"
        "print(*sorted(rooms), 'xlrd' in sys.modules, 'zipfile' in sys.modules)"
    )

    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=PROJECT
    ).stdout.split()

    others = {"camt", "mt940", "ofx", "bai2", "xls", "xlsx", "alipay", "wechat", "stripe", "shopify"}
    assert "banks" in told
    assert others.isdisjoint(told)
    assert told[-2] == "False"


def test_every_reason_is_given_somewhere_and_is_on_the_reference_page() -> None:
    code = "\n".join(path.read_text("utf-8") for path in Path(reading.__file__).parent.glob("*.py"))
    english, chinese = (
        (PROJECT / "docs" / "reference" / f"statement-files{ending}").read_text("utf-8")
        for ending in (".md", ".zh.md")
    )

    for reason in REASONS:
        assert f'unreadable("{reason}"' in code
        assert f"`{reason}`" in english
        assert f"`{reason}`" in chinese
