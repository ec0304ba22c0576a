"""The invariant of the books (domain, section 7, 12): the ledger is what documents post, recomputed."""

from collections.abc import Iterable, Iterator
from typing import Final

from soms.accounting import batches, ledger, trial
from soms.accounting.batches import Batch
from soms.accounting.model import Account, Posted, Sums, added
from soms.billing.model import Document
from soms.billing.store import filed
from soms.billing.voucher import Voucher
from soms.kit import items
from soms.reports.books import Books

Finding = tuple[int, list[str]]
Line = tuple[str, str, str]
"""Day, account and currency: where a document's line counts."""
_DAYS: Final = ledger.days_key("")


def look(books: Books) -> Finding:
    """Look whether each document has exactly its entries, and sums of days and months are theirs."""
    documents = list(_posted(books))
    entries = [row for row in books.ledger if "document" in row]
    wrong = [
        *_entries(documents, entries),
        *_sums(documents, books.ledger),
        *_snapshots(documents, books.ledger),
        *_batches(documents, books.ledger),
    ]
    return len(entries), wrong


def _posted(books: Books) -> Iterator[Posted]:
    every: Iterable[Document | Voucher] = (*books.documents.values(), *books.vouchers.values())
    for one in every:
        day = one.issued_on if isinstance(one, Document) else one.posted_on
        keys = filed(one.id, day, one.recorded_at) | {"part": type(one).__name__.casefold(), "posted_on": day}
        yield Posted.model_validate(one.model_dump(mode="json") | keys)


def _entries(documents: Iterable[Posted], rows: Iterable[items.Item]) -> Iterator[str]:
    wanted = {
        (one.id, str(one.posted_on), *place): (of.debit, of.credit)
        for one in documents
        for place, of in one.lines.items()
    }
    held = {
        (str(row["document"]), str(row["posted_on"]), str(row["account"]), str(row["currency"])): (
            ledger.sums_of(row).debit,
            ledger.sums_of(row).credit,
        )
        for row in rows
    }
    for name in sorted(wanted.keys() | held.keys()):
        if wanted.get(name) != held.get(name):
            yield f"{' '.join(name)}: documents post {wanted.get(name)}, the ledger has {held.get(name)}"


def _sums(documents: Iterable[Posted], rows: Iterable[items.Item]) -> Iterator[str]:
    """Compare the sums of days and months, and how many documents of each month were entered."""
    made: dict[tuple[str, Account], Sums] = {}
    counts: dict[str, int] = {}
    for one in documents:
        counts[one.recorded_month] = counts.get(one.recorded_month, 0) + 1
        for place, of in one.lines.items():
            for when in (str(one.posted_on), one.month):
                made[when, place] = made.get((when, place), Sums()) + of
    held: dict[tuple[str, Account], Sums] = {}
    entered: dict[str, int] = {}
    for row in rows:
        if row["pk"] == ledger.MONTHS or str(row["pk"]).startswith(_DAYS):
            held[ledger.place_of(row)] = ledger.sums_of(row)
        if row["pk"] == ledger.RECORDED:
            entered[str(row["sk"])] = int(str(row["documents"]))
    for when, place in sorted(made.keys() | held.keys()):
        if made.get((when, place)) != held.get((when, place)):
            told = held.get((when, place)), made.get((when, place))
            yield f"{when} {' '.join(place)}: the ledger says {told[0]}, documents make {told[1]}"
    yield from (
        f"recorded in {month}: {entered.get(month, 0)} entered of {counts.get(month, 0)}"
        for month in sorted(counts.keys() | entered.keys())
        if counts.get(month) != entered.get(month)
    )


def _snapshots(documents: Iterable[Posted], rows: Iterable[items.Item]) -> Iterator[str]:
    """Compare the balances that were kept of closed months with what documents make of them today."""
    for row in rows:
        if not str(row["pk"]).startswith("closing#"):
            continue
        month, held = str(row["month"]), trial.balances_of(row)
        made = added(one.lines for one in documents if one.month <= month)
        for place in sorted(made.keys() | held.keys()):
            told, now = held.get(place, Sums()), made.get(place, Sums())
            if (told.debit, told.credit) != (now.debit, now.credit):
                yield f"{month} {' '.join(place)}: closed at {told.balance}, documents make {now.balance}"
        if row["sha256"] != trial.hash_of(row):
            yield f"{month}: its closing balances are not those that were kept"


def _batches(documents: Iterable[Posted], rows: Iterable[items.Item]) -> Iterator[str]:
    """Look whether each document is in one journal batch, as far as batches go."""
    made = [Batch.model_validate(row) for row in rows if row["pk"] == batches.BATCHES]
    keys = sorted(one.recorded_key for one in documents)
    last = ""
    for batch in sorted(made, key=lambda one: one.number):
        inside = [key for key in keys if last < key <= batch.last_key]
        if (len(inside), inside[:1]) != (batch.documents, [batch.first_key]):
            yield f"{batch.id}: {batch.documents} documents, {len(inside)} were recorded by then"
        last = batch.last_key
