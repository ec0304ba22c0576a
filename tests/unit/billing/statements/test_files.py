"""Every file of banks and providers is read and comes to what it should, or is refused for its reason."""

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest
from soms.billing.statements.model import Statement, total
from soms.billing.statements.reading import Unreadable, read

from tests.unit.billing.statements.samples import EXCERPT, SHANGHAI, WHOLE, files

WHOLE_FILES = files(WHOLE)
NO_DATA = pytest.param(
    None,
    marks=pytest.mark.skip(reason="the whole data is not here: set SOMS_DATA to a folder that has it"),
    id="whole",
)

REFUSED = {
    "bank/bai2/errors/sample-parseError.txt": "no_header",
    "bank/camt/camt053.v2.wrong.xml": "no_statement",
    "bank/mt940/betterplace/empty_86.sta": "no_statement",
    "bank/mt940/betterplace/empty_line.sta": "no_statement",
    "bank/mt940/cmxl/available_balance.sta": "no_statement",
    "bank/mt940/cmxl/reference.sta": "no_statement",
    "bank/mt940/cmxl/statement_number.sta": "no_statement",
    "bank/mt940/self-provided/empty_non_swift.sta": "no_statement",
    "bank/mt940/self-provided/invalid_statement.sta": "no_header",
    "bank/ofx/account_listing_aggregation.ofx": "no_statement",
    "bank/ofx/bank_small.ofx": "no_statement",
    "bank/ofx/fail_nice/date_missing.ofx": "no_date",
    "bank/ofx/fail_nice/decimal_error.ofx": "bad_date",
    "settlement/stripe/payout_balance_transaction_data.csv": "only_links",
}
READ_OF_PROVIDERS = {
    "settlement/stripe/balance_transaction_data.csv",
    "settlement/stripe/payout_data.csv",
    "settlement/shopify/shopify_tender_transaction_data.csv",
}
# What the Chinese files come to, added up by hand from their rows: lines and net per currency.
CHINESE = {
    "abc_debit/example-abc_debit-records.csv": ("abc", 5, {"CNY": "-2355.88"}),
    "alipay/example-alipay-records.csv": ("alipay", 8, {"CNY": "222082.89"}),
    "boc/debit/example-boc-records.csv": ("boc", 17, {"CNY": "426.70"}),
    "bocom_debit/example-bocom_debit-records.csv": ("bocom", 6, {"CNY": "-102.75"}),
    "ccb/交易明细_xxxx_2025xxxx_2025xxxx.xls": ("ccb", 6, {"CNY": "-703.26"}),
    "cmb/credit/example-cmb-records.csv": ("cmb", 6, {"CNY": "-7675.98"}),
    "cmb/debit/example-cmb-records.csv": ("cmb", 5, {"CNY": "-779.14"}),
    "hsbchk/credit/example-hsbchk-credit-records.csv": ("hsbc", 11, {"CNY": "1732.27", "HKD": "-27.90"}),
    "hsbchk/debit/example-hsbchk-debit-records.csv": ("hsbc", 10, {"HKD": "9478.95", "CNY": "12500.00"}),
    "icbc/credit/example-icbc-credit-records.csv": ("icbc", 9, {"CNY": "4257.88"}),
    "icbc/debit-v2/example-icbc-debit-v2-records.csv": ("icbc", 11, {"CNY": "-1399.34"}),
    "wechat/example-wechat-records.csv": ("wechat", 21, {"CNY": "-3235.92"}),
    "wechat/example-wechat-records.xlsx": ("wechat", 21, {"CNY": "-3235.92"}),
}


def place(path: Path | None) -> str:
    return path.name if path else "whole"


def under(path: Path) -> tuple[Path, str]:
    """Return the root that a file lies under, and its path from there."""
    root = EXCERPT if path.is_relative_to(EXCERPT) else WHOLE
    return root, str(path.relative_to(root))


def refusal_of(name: str) -> str | None:
    """Return the code with which a file must be refused, or None for one that must be read."""
    provider = name.startswith(("settlement/stripe", "settlement/shopify"))
    if provider and name not in READ_OF_PROVIDERS | set(REFUSED):
        return "not_a_statement"
    return REFUSED.get(name)


def references(root: Path, kind: str) -> list[dict[str, object]]:
    told = json.loads((root / "bank" / kind / "reference.json").read_text(encoding="utf-8"))
    return told["files"] if isinstance(told, dict) else told


ALL = [*files(EXCERPT), *WHOLE_FILES]
BAD = [path for path in ALL if refusal_of(under(path)[1])]
GOOD = [path for path in ALL if path not in BAD]
NOT_HERE = () if WHOLE_FILES else (NO_DATA,)


@pytest.mark.parametrize("path", [*GOOD, *NOT_HERE], ids=place)
def test_a_file_is_read_and_comes_to_what_is_known_of_it(path: Path) -> None:
    root, name = under(path)

    found = read(path.read_bytes(), path.name, zone=SHANGHAI)

    ids = [line.id for statement in found for line in statement.lines]
    assert len(ids) == len(set(ids))
    for statement in found:
        assert [line.position for line in statement.lines] == list(range(1, len(statement.lines) + 1))
    CHECKS["/".join(name.split("/")[:2])](root, name, found)


@pytest.mark.parametrize("path", [*BAD, *NOT_HERE], ids=place)
def test_a_file_that_cannot_be_read_is_refused_for_its_reason(path: Path) -> None:
    with pytest.raises(Unreadable) as refusal:
        read(path.read_bytes(), path.name, zone=SHANGHAI)

    assert refusal.value.code == refusal_of(under(path)[1])
    assert all(refusal.value.words)


def camt(root: Path, name: str, found: tuple[Statement, ...]) -> None:
    (told,) = (one for one in references(root, "camt") if f"bank/camt/{one['file']}" == name)
    for statement, expected in zip(found, told["statements"], strict=True):
        assert total(line.amount for line in statement.lines) == Decimal(expected["entries_sum"])
        opening, closing = (balance(expected["balances"], kind) for kind in ("OPBD", "CLBD"))
        for ours, theirs in ((statement.opening, opening), (statement.closing, closing)):
            assert ours is None or theirs == (ours, statement.currency)
            assert ours is not None or theirs is None or theirs[1] != statement.currency
    parsed = (root / name).with_suffix(".json")
    if parsed.exists():
        entries = [
            one["getAmount"]
            for one in json.loads(parsed.read_text(encoding="utf-8"))["getEntries"]
            if isinstance(one, dict)
        ]
        theirs = [Decimal(one["getAmount"]).scaleb(-2) for one in entries]
        # An entry that the other parser's file shows elsewhere is only named in its list.
        assert set(theirs) <= {line.amount for statement in found for line in statement.lines}


def balance(told: Mapping[str, list[str]], kind: str) -> tuple[Decimal, str] | None:
    if kind not in told:
        return None
    figure, currency = told[kind][0].split()
    return Decimal(figure), currency


def mt940(root: Path, name: str, found: tuple[Statement, ...]) -> None:
    (told,) = (one for one in references(root, "mt940") if one["file"] == name)
    lines = [line for statement in found for line in statement.lines]
    if name.startswith("bank/mt940/ASNB"):
        # The parser behind the reference refuses this file; its own balances say that it was read rightly.
        assert len(lines) == 8
        assert [statement.adds_up for statement in found] == [True] * 31
        return
    assert len(lines) == told["transactions"]
    if name.endswith("sepa_mt9401.sta"):
        # The reference adds two reversals of credits (RCR204,88) that are to be taken off; the balances say so.
        assert [statement.adds_up for statement in found] == [True] * 26
        assert total(line.amount for line in lines) == Decimal(told["sum"]) - 4 * Decimal("204.88")
        return
    assert total(line.amount for line in lines) == Decimal(told["sum"])
    if name.endswith("raphaelm.sta"):
        # The reference takes the digits of a closing balance without a currency for one; the lines come to it.
        assert [statement.adds_up for statement in found] == [True] * 3
        return
    for ours, theirs in (("opening", "final_opening_balance"), ("closing", "final_closing_balance")):
        if theirs in told:
            assert Decimal(told[theirs]) in {getattr(statement, ours) for statement in found}


def ofx(root: Path, name: str, found: tuple[Statement, ...]) -> None:
    (told,) = (one for one in references(root, "ofx") if f"bank/ofx/{one['file']}" == name)
    lines = [line for statement in found for line in statement.lines]
    assert len(lines) == told["transactions"]
    assert total(line.amount for line in lines) == Decimal(told["sum_trnamt"])
    closings = [statement.closing for statement in found if statement.closing is not None]
    assert closings == [Decimal(one) for one in told["ledger_balance"]]
    if told["currency"]:
        assert [statement.currency for statement in found] == told["currency"]


def bai2(root: Path, name: str, found: tuple[Statement, ...]) -> None:
    if name.endswith("sample3.txt"):
        assert [statement.adds_up for statement in found] == [True] * 15
    if name.endswith("sample1.txt"):
        # The summaries (type 100 and 400) of both days say 2085.00 and 1115.00 on either side.
        paid_in = [total(line.amount for line in one.lines if line.amount > 0) for one in found]
        paid_out = [total(line.amount for line in one.lines if line.amount < 0) for one in found]
        assert (paid_in, paid_out) == (
            [Decimal("2085.00"), Decimal("1115.00")],
            [Decimal("-2085.00"), Decimal("-1115.00")],
        )


def chinese(root: Path, name: str, found: tuple[Statement, ...]) -> None:
    source, count, nets = CHINESE[name.removeprefix("settlement/cn/")]
    assert {statement.source for statement in found} == {source}
    assert sum(len(statement.lines) for statement in found) == count
    told = {one.currency: total(line.net for line in one.lines) for one in found}
    assert told == {currency: Decimal(net) for currency, net in nets.items()}


def stripe(root: Path, name: str, found: tuple[Statement, ...]) -> None:
    told = json.loads((root / "settlement/stripe/reference.json").read_text(encoding="utf-8"))
    (statement,) = found
    lines = statement.lines
    if name.endswith("payout_data.csv"):
        assert (len(lines), total(line.amount for line in lines)) == (
            told["payouts"],
            -cents(told["payout_sum"]),
        )
        return
    assert len(lines) == told["balance_transactions"]
    assert total(line.amount for line in lines) == cents(told["sum_amount"])
    assert total(line.fee for line in lines) == cents(told["sum_fee"])
    assert total(line.net for line in lines) == cents(told["sum_net"])


def cents(whole: int) -> Decimal:
    return Decimal(whole).scaleb(-2)


def shopify(root: Path, name: str, found: tuple[Statement, ...]) -> None:
    (statement,) = found
    assert [line.amount for line in statement.lines] == [
        Decimal(one) for one in ("2895.74", "5900.75", "-164.72", "5180.19", "3004.3")
    ]


CHECKS = {
    "bank/camt": camt,
    "bank/mt940": mt940,
    "bank/ofx": ofx,
    "bank/bai2": bai2,
    "settlement/cn": chinese,
    "settlement/stripe": stripe,
    "settlement/shopify": shopify,
}
