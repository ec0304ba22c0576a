"""A file that came in: it is read, its rows are kept beside it, and the job is ready to be applied."""

import uuid
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from soms.kit import clock, ids, telemetry
from soms.kit.writes import Stale
from soms.transfers import rows, store
from soms.transfers.kinds import KINDS, File, Kind
from soms.transfers.model import Import, Row, RowError, State, Unreadable

ATTEMPTS: Final = 3
"""The background begins a failed run twice again; after that the job says that it failed."""
BROKEN: Final = RowError(
    code="internal_error",
    message_en="something went wrong, nothing is half done: try again",
    message_zh="系统出错，没有留下不完整的数据，请重试",
)
_WAITING: Final = frozenset({State.AWAITING_UPLOAD, State.VALIDATING})


def validate(import_id: str, *, now: datetime) -> None:
    """Read the file of an import, as long as it waits for that; whoever else is at it meanwhile loses."""
    job = store.find(import_id)
    if job is None or job.state not in _WAITING:
        return
    kind = KINDS[job.kind]
    content = store.content(store.upload_key(import_id), kind.most_bytes)
    if content is None:
        return
    try:
        job = begun(job, State.VALIDATING)
        try:
            _keep(job, kind, content)
        except Unreadable as broken:
            fail(job, broken.error, now=now)
        except Exception:
            given_up(job, now=now)
            raise
    except Stale:
        telemetry.note("somebody else is at it", job=import_id)


def begun(job: Import, state: State) -> Import:
    """Note that somebody is at a job, who tells his writes by a name of his own."""
    return store.move(job, state=state, attempts=job.attempts + 1, worker=uuid.uuid4().hex)


def given_up(job: Import, *, now: datetime) -> None:
    """After as many attempts as there are, say that the job failed."""
    if job.attempts >= ATTEMPTS:
        fail(job, BROKEN, now=now)


def fail(job: Import, error: RowError, *, now: datetime) -> None:
    """End a job that cannot go on, with the reason as a file, too."""
    errors = store.errors_key(job.id)
    store.put_object(errors, rows.errors_file((), {}, [error]), "text/csv")
    store.move(
        job,
        state=State.FAILED,
        errors=job.with_errors([error]),
        error_file=errors,
        finished_at=clock.stamp(now),
    )
    telemetry.count("an import failed", "ImportsFailed", job=job.id, code=error.code)


def _keep(job: Import, kind: Kind, content: bytes) -> None:
    if len(content) > kind.most_bytes:
        words = (f"at most {kind.most_bytes} bytes", f"最多 {kind.most_bytes} 字节")
        raise Unreadable("too_large", words)
    file = File(content, job.file_name, job.source, ZoneInfo(job.time_zone), job.options)
    head, kept = rows.numbered(_bounded(kind, file))
    lines = rows.written(head, kept)
    place = store.lines_key(job.id, ids.digest(lines.decode()))
    store.put_object(place, lines, "application/jsonl")
    errors = [one.error for one in kept if one.error]
    error_file = store.errors_key(job.id) if errors else None
    if error_file:
        store.put_object(error_file, rows.errors_file(kept, {}, ()), "text/csv")
    store.move(
        job,
        state=State.READY,
        lines=place,
        counts=head.counts,
        errors=job.with_errors(errors),
        error_file=error_file,
        attempts=0,
    )
    telemetry.count("read a file", "RowsRead", head.rows, job=job.id)


def _bounded(kind: Kind, file: File) -> Iterator[Row]:
    """Yield the rows of a file, or raise Unreadable when there are none or too many."""
    found = iter(kind.read(file))
    count = 0
    for count, row in enumerate(islice(found, kind.most_rows), start=1):  # noqa: B007 counted to the end
        yield row
    if not count and not kind.may_be_empty:
        raise Unreadable("empty_file", ("the file has no rows", "文件中没有数据行"))
    if next(found, None) is not None:
        words = (f"at most {kind.most_rows} rows", f"最多 {kind.most_rows} 行")
        raise Unreadable("too_many_rows", words, kind.most_rows + 1)
