"""The entries of an account, newest first, each leading to its document."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from soms.accounting import chart, ledger
from soms.accounting.model import MONTH
from soms.kit import aws, items, money, paging
from soms.kit.problems import Words
from soms.kit.settings import Setting

MOST_MONTHS: Final = 12
"""How many months one page looks into; a page that is shorter for it has a cursor all the same."""
_PLACES: Final = {"invoice": "invoices", "credit_note": "credit-notes"}


def page(
    account: str, first: date | None, last: date | None, *, limit: int, after: str | None
) -> paging.Page:
    """Return one page of an account's entries between two days, both included."""
    low, high = str(first or "0000"), f"{last or '9999'}#\uffff"
    high = min(high, after) if after else high
    if low > high:
        return paging.Page([], None)
    rows: list[items.Item] = []
    for looked, month in enumerate(_months(account, low[:MONTH], high[:MONTH])):
        if looked == MOST_MONTHS or len(rows) == limit:
            # The month that was not looked into any more is where the next page begins.
            return paging.Page(rows, f"{month}-99")
        found = _of_month(account, month, (low, high), limit=limit - len(rows), after=after)
        rows += found.rows
        if found.next_position:
            return paging.Page(rows, found.next_position)
    return paging.Page(rows, None)


def _months(account: str, first: str, last: str) -> Iterator[str]:
    """Yield the months that have entries of the account, the newest first."""
    there = {month for month, (name, _), _ in ledger.months(first, last) if name == account}
    yield from sorted(there, reverse=True)


def _of_month(
    account: str, month: str, between: tuple[str, str], *, limit: int, after: str | None
) -> paging.Page:
    values = {":low": between[0], ":high": between[1]}

    def shard(number: int) -> Iterator[items.Item]:
        found = aws.query(
            Setting.LEDGER,
            "pk = :pk AND sk BETWEEN :low AND :high",
            {":pk": ledger.partition_of(account, month, number), **values},
            limit=limit + 2,
            newest_first=True,
        )
        return (row for row in found if row["sk"] != after)

    shards = [lambda number=number: shard(number) for number in range(ledger.SHARDS)]
    return paging.merged(shards, "sk", limit)


def shown(row: items.Item, known: Mapping[str, Words]) -> dict[str, object]:
    """Return an entry as clients see it."""
    currency, of = str(row["currency"]), ledger.sums_of(row)
    return chart.named(str(row["account"]), known) | {
        "posted_on": row["posted_on"],
        "wanted_on": row.get("wanted_on"),
        "recorded_at": row["recorded_at"],
        "currency": currency,
        "debit": money.text(of.debit, currency),
        "credit": money.text(of.credit, currency),
        "customer_id": row.get("customer_id"),
        "reference": row.get("reference"),
        "document": link(str(row["kind"]), str(row["document"]), row.get("number")),
    }


def link(kind: str, name: str, number: object) -> dict[str, object]:
    """Return where a document is found."""
    place = f"/v1/{_PLACES[kind]}/{name}" if kind in _PLACES else f"/v1/ledger/documents/{name}"
    return {"kind": kind, "id": name, "number": number, "href": place}
