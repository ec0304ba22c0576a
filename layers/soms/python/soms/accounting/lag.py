"""What was recorded and is not in the ledger yet, found by the index of when documents were recorded."""

import heapq
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from soms.accounting import ledger
from soms.accounting.model import MONTH, Posted
from soms.billing import periods, store
from soms.kit import aws, clock, items, settings
from soms.kit.settings import Setting

CHECKPOINT: Final = {"pk": "books", "sk": "entered"}
"""In the jobs: up to when everything recorded is known to be in the ledger."""
AT_FIRST: Final = timedelta(days=400)
"""How far back is looked where there is no checkpoint yet."""
AT_ONCE: Final = 100
_END: Final = "\uffff"


def recorded(after: str, through: str) -> Iterator[items.Item]:
    """Yield the index rows of documents recorded after a key and through another, in their order."""
    if after >= f"{through}#":
        return
    month = after[:MONTH]
    while month <= through[:MONTH]:
        shards = (_shard(f"{month}#{shard}", after, through) for shard in range(store.SHARDS))
        yield from heapq.merge(*shards, key=lambda row: str(row["recorded_key"]))
        month = periods.month_of(periods.day_after(month))


def missing(after: str, through: str) -> Iterator[items.Item]:
    """Yield the index rows of documents recorded in between that are not in the ledger."""
    rows = recorded(after, through)
    while chunk := list(islice(rows, AT_ONCE)):
        absent = {one.id for one in ledger.unentered([Posted.model_validate(row) for row in chunk])}
        yield from (row for row in chunk if row["id"] in absent)


def checked(now: datetime) -> str:
    """Return the moment up to which everything is known to be entered."""
    held = aws.get(Setting.JOBS, CHECKPOINT, consistent=True)
    return str(held["through"]) if held else clock.stamp(now - AT_FIRST)


def swept(*, now: datetime, age: timedelta, back: timedelta) -> Sequence[items.Item]:
    """Return what older than `age` is not in the ledger, and note how far everything is.

    What is still missing is looked for again, and after `back` only by the proof of the books: a document
    that can never be entered must not make each sweep longer than the one before.
    """
    limit = clock.stamp(now - age)
    absent = list(missing(checked(now), limit))
    oldest = str(absent[0]["recorded_key"]).partition("#")[0] if absent else limit
    _note(max(oldest, clock.stamp(now - back)))
    return absent


def _note(through: str) -> None:
    kept = items.encode({**CHECKPOINT, "through": through})
    aws.dynamodb().put_item(TableName=settings.get(Setting.JOBS), Item=kept)


def _shard(name: str, after: str, through: str) -> Iterator[items.Item]:
    values = {":shard": name, ":after": after, ":through": f"{through}#{_END}"}
    rows = aws.query(
        Setting.DOCUMENTS,
        "recorded_shard = :shard AND recorded_key BETWEEN :after AND :through",
        values,
        index="by_recorded",
    )
    return (row for row in rows if row["recorded_key"] != after)
