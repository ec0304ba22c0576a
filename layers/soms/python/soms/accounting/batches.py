"""Journal batches for accounting systems: everything recorded, in its order, handed over exactly once."""

import base64
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, Field

from soms.accounting import batch_file, chart, lag, ledger
from soms.accounting.model import Account, Posted, Sums, added
from soms.billing import files
from soms.billing.model import File
from soms.catalog import store as catalog
from soms.kit import aws, clock, items, journal, money, paging, settings, streams
from soms.kit.access import Caller
from soms.kit.fields import Frozen, Request
from soms.kit.problems import Fault, Invalid, NotFound, Problem
from soms.kit.settings import Setting
from soms.kit.writes import Held, Rank, Stale, Writes, decide

CREATED: Final = 201
SETTLED: Final = timedelta(minutes=5)
"""After this long nothing more can appear that was recorded before: no command lasts so long."""
MOST: Final = 10_000
"""How many documents a batch holds at most; the next one goes on behind its last."""
BATCHES: Final = "batches"


class NothingToExport(Problem):
    """Nothing was recorded since the last batch."""

    status = 409
    code = "nothing_to_export"
    title = ("There is nothing to export", "没有可导出的分录")
    detail = (
        "Nothing was recorded since the last batch up to that moment.",
        "上一批次之后至该时刻没有新单据。",
    )


class BatchRequest(Request):
    """Up to which moment a batch goes, and in which form it is."""

    through: Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC))] | None = None
    format: Literal["csv"] = "csv"


class Total(Frozen):
    """Debit and credit of a batch in a currency."""

    currency: str
    debit: str
    credit: str


class Batch(Frozen):
    """A batch as it was made, for ever: documents after one key and through another, and the file's hash."""

    id: str
    number: int
    format: str = "csv"
    through: str
    after_key: str
    first_key: str
    last_key: str
    documents: int
    entries: int
    totals: tuple[Total, ...]
    is_complete: bool
    """Whether everything through that moment is in; else the next batch goes on."""
    names: dict[str, tuple[str, str]]
    """What its accounts were called, so that the file can be made again to the byte."""
    key: str
    sha256: str
    bytes: int
    made_at: str
    made_by: str


def make(request: BatchRequest, caller: Caller, *, now: datetime) -> Batch:
    """Make the next batch and keep its file; raise NothingToExport where there is nothing new."""
    latest = now - SETTLED
    through = request.through or latest
    if through > latest:
        words = ("a batch ends five minutes ago at the latest", "截止时刻须早于当前时间五分钟以上")
        raise Invalid(Fault("too_late", words, "/through"))

    def attempt() -> tuple[Batch, bytes]:
        last = newest()
        after = last.last_key if last else next((month for month, _ in ledger.recorded_months()), None)
        taken = _documents(after, clock.stamp(through)) if after else []
        if not taken:
            raise NothingToExport
        batch, content = _made(last, taken, through, caller, now, after or "")
        writes = Writes()
        held = batch.model_dump(mode="json") | _key(batch.number)[1]
        writes.put(
            Setting.LEDGER, held, condition="attribute_not_exists(pk)", refused=_stale, rank=Rank.STATE
        )
        journal.record(writes, _event(batch), caller, at=now)
        writes.commit()
        return batch, content

    batch, content = decide(attempt)
    _store(batch, content)
    return batch


def newest() -> Batch | None:
    """Return the batch that was made last."""
    values = {":pk": BATCHES}
    rows = aws.query(Setting.LEDGER, "pk = :pk", values, limit=1, newest_first=True, consistent=True)
    return next((Batch.model_validate(row) for row in rows), None)


def get(name: str) -> Batch:
    """Return a batch by its id, or raise NotFound."""
    number = name.removeprefix("JB-")
    held = aws.get(*_key(int(number)), consistent=True) if number.isascii() and number.isdigit() else None
    if held is None or held["id"] != name:
        raise NotFound
    return Batch.model_validate(held)


def listed(*, limit: int, after: str | None) -> paging.Page:
    """Return one page of batches, the newest first."""
    return paging.listed(
        Setting.LEDGER, "", [BATCHES], partition="pk", key="sk", limit=limit, after=after
    )


def file(batch: Batch) -> File:
    """Return the file of a batch; one whose maker died before it was stored is made again."""
    if aws.get(*_mark(batch), consistent=True) is None:
        taken = _documents(batch.after_key, batch.last_key.partition("#")[0])
        taken = [one for one in taken if one.recorded_key <= batch.last_key]
        _store(batch, batch_file.render(batch.id, taken, batch.names, _totals(taken)))
    return File(format=batch.format, key=batch.key, sha256=batch.sha256, bytes=batch.bytes)


def shown(batch: Batch) -> dict[str, object]:
    """Return a batch as clients see it."""
    told = batch.model_dump(mode="json", exclude={"names", "key", "after_key"})
    return told | {"href": f"/v1/journal-batches/{batch.id}/document"}


def _documents(after: str, through: str) -> list[Posted]:
    rows = islice(lag.recorded(after, through), MOST + 1)
    return [Posted.model_validate(row) for row in rows]


def _made(
    last: Batch | None, taken: Sequence[Posted], through: datetime, caller: Caller, now: datetime, after: str
) -> tuple[Batch, bytes]:
    number = last.number + 1 if last else 1
    name, documents = f"JB-{number:06}", taken[:MOST]
    lines = added(one.lines for one in documents)
    known = chart.accounts_of(catalog.settings())
    names = {account: known.get(account, (account, account)) for account, _ in sorted(lines)}
    totals = _totals(documents)
    content = batch_file.render(name, documents, names, totals)
    batch = Batch(
        id=name,
        number=number,
        through=clock.stamp(through),
        after_key=after,
        first_key=documents[0].recorded_key,
        last_key=documents[-1].recorded_key,
        documents=len(documents),
        entries=sum(of.entries for of in lines.values()),
        totals=tuple(_total(currency, of) for currency, of in sorted(totals.items())),
        is_complete=len(taken) <= MOST,
        names=names,
        key=f"journals/{now:%Y/%m}/{name}.csv",
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        made_at=clock.stamp(now),
        made_by=caller.name,
    )
    return batch, content


def _totals(documents: Sequence[Posted]) -> dict[str, Sums]:
    lines: dict[Account, Sums] = added(one.lines for one in documents)
    found: dict[str, Sums] = {}
    for (_, currency), of in lines.items():
        found[currency] = found.get(currency, Sums()) + of
    return found


def _total(currency: str, of: Sums) -> Total:
    debit, credit = (money.text(value, currency) for value in (of.debit, of.credit))
    return Total(currency=currency, debit=debit, credit=credit)


def _event(batch: Batch) -> journal.Event:
    return journal.Event(
        name="journal_batch.made",
        aggregate=f"journal_batch#{batch.id}",
        version=1,
        resource=("journal_batch", batch.id),
        status=CREATED,
        facts={"documents": batch.documents, "sha256": batch.sha256},
    )


def _store(batch: Batch, content: bytes) -> None:
    """Keep the file once; the same again changes nothing, other bytes raise FileDiffers."""
    if hashlib.sha256(content).hexdigest() != batch.sha256:
        message = f"{batch.key} would hold other bytes"
        raise files.FileDiffers(message)
    with streams.suppress_existing():
        aws.s3().put_object(
            Bucket=settings.get(Setting.DOCUMENTS_BUCKET),
            Key=batch.key,
            Body=content,
            ContentType="text/csv; charset=utf-8",
            ChecksumSHA256=base64.b64encode(bytes.fromhex(batch.sha256)).decode(),
            IfNoneMatch="*",
        )
    aws.dynamodb().put_item(
        TableName=settings.get(Setting.LEDGER),
        Item=items.encode({**_mark(batch)[1], "key": batch.key, "sha256": batch.sha256}),
    )


def _key(number: int) -> tuple[Setting, dict[str, object]]:
    return Setting.LEDGER, {"pk": BATCHES, "sk": f"{number:06}"}


def _mark(batch: Batch) -> tuple[Setting, dict[str, object]]:
    return Setting.LEDGER, {"pk": f"batch#{batch.id}", "sk": "file"}


def _stale(_held: Held) -> Exception:
    return Stale()
