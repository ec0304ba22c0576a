"""The ledger: an entry an account of a document, and the sums of days and months that they make."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from soms.accounting.model import Account, Posted, Sums
from soms.kit import aws, ids, items, money
from soms.kit.settings import Setting
from soms.kit.writes import Held, Rank, Stale, Writes, decide

SHARDS: Final = 4
MOST_ACTIONS: Final = 98
MONTHS: Final = "months"
RECORDED: Final = "recorded"
Key = tuple[Setting, Mapping[str, object]]
_ADD: Final = "ADD debit :debit, credit :credit, entries :entries"


def enter(documents: Iterable[Posted]) -> None:
    """Enter documents with what they add to days and months; what is entered already changes nothing."""
    distinct = list({one.id: one for one in documents}.values())
    for chunk in _chunks(distinct):
        _enter(chunk)


def unentered(documents: Sequence[Posted]) -> list[Posted]:
    """Return those of the documents that are not in the ledger, strongly consistent."""
    # All entries of a document are written together, so that one of them tells of all.
    found = aws.get_many((_first_key(one) for one in documents), consistent=True)
    return [one for one, held in zip(documents, found, strict=True) if held is None]


def days_key(month: str) -> str:
    """Return the partition of the sums of a month's days."""
    return f"days#{month}"


def place_of(row: items.Item) -> tuple[str, Account]:
    """Return the day or month of a row of sums, with its account and currency."""
    when, account, currency = str(row["sk"]).split("#")
    return when, (account, currency)


def sums_of(row: items.Item) -> Sums:
    """Return the sums that a row holds, or the amounts of an entry, with the digits of the currency."""
    currency = str(row.get("currency") or place_of(row)[1][1])
    debit, credit = (money.rounded(_amount(row.get(name)), currency) for name in ("debit", "credit"))
    return Sums(debit, credit, int(str(row.get("entries", 1))))


def months(first: str, last: str) -> Iterator[tuple[str, Account, Sums]]:
    """Yield the sums of whole months from one to another, both included: month, account, sums."""
    yield from _sums(MONTHS, first, last)


def days(month: str, last: str) -> Iterator[tuple[str, Account, Sums]]:
    """Yield the sums of the days of a month up to a day, that day included."""
    yield from _sums(days_key(month), month, last)


def recorded_months() -> list[tuple[str, int]]:
    """Return the months in which documents were recorded, and how many of each are in the ledger."""
    rows = aws.query(Setting.LEDGER, "pk = :pk", {":pk": RECORDED}, consistent=True)
    return [(str(row["sk"]), int(str(row["documents"]))) for row in rows]


def _sums(partition: str, first: str, last: str) -> Iterator[tuple[str, Account, Sums]]:
    values = {":pk": partition, ":first": first, ":last": f"{last}#\uffff"}
    rows = aws.query(
        Setting.LEDGER, "pk = :pk AND sk BETWEEN :first AND :last", values, consistent=True
    )
    for row in rows:
        when, place = place_of(row)
        yield when, place, sums_of(row)


def _enter(chunk: Sequence[Posted]) -> None:
    repeated = False

    def attempt() -> None:
        nonlocal repeated
        left, repeated = unentered(chunk) if repeated else chunk, True
        if left:
            _written(left).commit()

    decide(attempt)


def _written(documents: Sequence[Posted]) -> Writes:
    writes = Writes()
    for one in documents:
        for place, of in one.lines.items():
            writes.put(
                Setting.LEDGER,
                _entry(one, place, of),
                condition="attribute_not_exists(pk)",
                refused=_stale,
                rank=Rank.STATE,
            )
    for (partition, sort), of in _totals(documents).items():
        values = {":debit": of.debit, ":credit": of.credit, ":entries": of.entries}
        writes.update(Setting.LEDGER, {"pk": partition, "sk": sort}, _ADD, values=values)
    counts: dict[str, int] = {}
    for one in documents:
        counts[one.recorded_month] = counts.get(one.recorded_month, 0) + 1
    for month, count in counts.items():
        key = {"pk": RECORDED, "sk": month}
        writes.update(Setting.LEDGER, key, "ADD documents :count", values={":count": count})
    return writes


def _totals(documents: Iterable[Posted]) -> dict[tuple[str, str], Sums]:
    """Return what documents add to the sums of their days and months, by key."""
    found: dict[tuple[str, str], Sums] = {}
    for one in documents:
        for (account, currency), of in one.lines.items():
            for key in (
                (MONTHS, f"{one.month}#{account}#{currency}"),
                (days_key(one.month), f"{one.posted_on}#{account}#{currency}"),
            ):
                found[key] = found.get(key, Sums()) + of
    return found


def _chunks(documents: Iterable[Posted]) -> Iterator[list[Posted]]:
    """Yield as many documents at a time as one transaction takes."""
    chunk: list[Posted] = []
    entries, sums = 0, set[object]()
    for one in documents:
        more = {one.recorded_month, *_totals([one])}
        if chunk and entries + len(one.lines) + len(sums | more) > MOST_ACTIONS:
            yield chunk
            chunk, entries, sums = [], 0, set()
        chunk.append(one)
        entries, sums = entries + len(one.lines), sums | more
    if chunk:
        yield chunk


def partition_of(account: str, month: str, shard: int) -> str:
    """Return the partition of a shard of an account's entries in a month."""
    return f"{account}#{month}#{shard}"


def _first_key(document: Posted) -> Key:
    return Setting.LEDGER, _key(document, next(iter(document.lines)))


def _key(document: Posted, place: Account) -> dict[str, object]:
    account, currency = place
    shard = ids.shard(document.id, SHARDS)
    return {
        "pk": partition_of(account, document.month, shard),
        "sk": f"{document.posted_on}#{document.id}#{currency}",
    }


def _entry(document: Posted, place: Account, of: Sums) -> items.Item:
    return {
        **_key(document, place),
        "account": place[0],
        "currency": place[1],
        "debit": of.debit,
        "credit": of.credit,
        "document": document.id,
        "kind": document.kind,
        "number": document.number,
        "reference": document.reference,
        "customer_id": document.customer_id,
        "posted_on": str(document.posted_on),
        "wanted_on": str(document.wanted_on) if document.wanted_on else None,
        "recorded_at": document.recorded_at,
    }


def _amount(value: object) -> Decimal:
    return Decimal(str(value or 0))


def _stale(_held: Held) -> Exception:
    return Stale()
