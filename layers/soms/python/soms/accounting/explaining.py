"""What is known of the balance of a clearing account: money that no bank statement has shown yet."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Final

from soms.accounting import chart
from soms.accounting.model import ZERO
from soms.billing import balances
from soms.billing.bank.bank_line import method_of
from soms.kit import items, money

MOST: Final = 1000
"""How many items that are not cleared are read at most; with more, the rest stays unexplained."""
WORDS: Final = {
    "payment": ("Payments not seen at the bank", "银行尚未到账的收款"),
    "refund": ("Refunds not seen at the bank", "银行尚未出账的退款"),
    "payout": ("Payouts announced and not arrived", "平台已结算尚未到账"),
}


def uncleared() -> list[items.Item]:
    """Return what no bank statement has shown yet, as many as are read."""
    return list(islice(balances.every_uncleared(), MOST))


def lines(account: str, currency: str, day: date, rows: list[items.Item]) -> list[Mapping[str, object]]:
    """Return what explains the balance of a clearing account at the end of a day, by kind."""
    method = chart.method_of(account)
    sums: dict[str, tuple[Decimal, int]] = {}
    for row in rows:
        for kind, by, amount, on in _parts(row):
            if (by, str(row["currency"])) == (method, currency) and on <= str(day):
                total, count = sums.get(kind, (ZERO, 0))
                sums[kind] = total + amount, count + 1
    return [
        {
            "code": kind,
            "name": WORDS[kind][0],
            "name_zh": WORDS[kind][1],
            "amount": money.text(total, currency),
            "count": count,
        }
        for kind, (total, count) in sums.items()
    ]


def _parts(row: items.Item) -> Iterator[tuple[str, str, Decimal, str]]:
    """Yield kind, method, amount and day of what is not cleared; what is to go out is negative."""
    if row["kind"] == "payment":
        left = Decimal(str(row["amount"])) - Decimal(str(row.get("cleared", 0)))
        yield "payment", str(row["method"]), left, str(row["received_on"])
    elif row["kind"] == "refund":
        parts = row["parts"]
        for part in parts if isinstance(parts, list) else ():
            yield "refund", str(part["method"]), -Decimal(str(part["amount"])), _day(row)
    else:
        yield "payout", method_of(str(row["source"])), abs(Decimal(str(row["amount"]))), str(row["booked_on"])


def _day(refund: items.Item) -> str:
    return str(refund.get("decided_at") or refund["requested_at"])[:10]
