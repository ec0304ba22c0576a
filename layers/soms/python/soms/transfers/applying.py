"""The rows of an import are applied chunk by chunk; wherever it breaks off, it goes on and ends the same."""

from collections.abc import Callable, Sequence
from datetime import datetime

from soms.kit import clock, ids, telemetry
from soms.kit.access import Caller, Command
from soms.kit.problems import Problem, Unavailable
from soms.kit.writes import Stale
from soms.transfers import rows, store
from soms.transfers.intake import begun, fail, given_up
from soms.transfers.kinds import KINDS, Kind, Outcome
from soms.transfers.model import Counts, Import, RowError, State
from soms.transfers.rows import Chunk, Kept

GONE = RowError(
    code="upload_gone",
    message_en="the file is not kept any longer: upload it again",
    message_zh="文件已过保存期限，请重新上传",
)


def work(import_id: str, run: int, room: Callable[[], bool], *, now: datetime) -> bool:
    """Apply what is left of an import while there is room; tell whether somebody must go on."""
    job = store.find(import_id)
    if job is None or job.state is not State.APPLYING or job.run != run:
        return False
    try:
        job = begun(job, State.APPLYING)
        try:
            return _apply(job, room, now)
        except store.Gone:
            fail(store.get(import_id), GONE, now=now)
        except Stale:
            raise
        except Exception:
            # It may have got on before it broke, or somebody may have ended it.
            broken = store.get(import_id)
            if broken.state is State.APPLYING and broken.run == run:
                given_up(broken, now=now)
            raise
    except Stale:
        telemetry.note("somebody else is at it", job=import_id)
    return False


def _apply(job: Import, room: Callable[[], bool], now: datetime) -> bool:
    kind, place = KINDS[job.kind], str(job.lines)
    head, kept = rows.read(store.lines(place))
    for chunk in rows.chunks(head, kept, after=job.done, size=kind.chunk):
        if not room():
            return True
        job = _advanced(job, chunk, *_taken(job, kind, chunk, now))
        if job.state is not State.APPLYING:
            return False
    _finish(job, now)
    return False


def _taken(job: Import, kind: Kind, chunk: Chunk, now: datetime) -> tuple[Outcome, list[RowError]]:
    """Apply a chunk, in halves when it is refused, until it is known which rows are."""
    good = [one for one in chunk.rows if one.is_good]
    if not good:
        return Outcome(), []
    try:
        values = [one.value for one in good]
        return kind.apply(values, chunk.facts, _caller(job, good), now=now), []
    except Unavailable:
        raise
    except Problem as problem:
        if len(good) == 1:
            return Outcome(), [RowError.of(problem, good[0].row)]
    half = len(good) // 2
    first, one = _taken(job, kind, Chunk(good[:half], chunk.facts), now)
    second, two = _taken(job, kind, Chunk(good[half:], chunk.facts), now)
    return Outcome(new=first.new + second.new, known=first.known + second.known), [*one, *two]


def _caller(job: Import, good: Sequence[Kept]) -> Caller:
    """Return who ordered it, giving one command for these rows: the same ones are the same command."""
    entry = ids.derived("evt", "import", job.id, str(good[0].row), str(good[-1].row))
    return Caller(
        principal=job.principal or "",
        name=job.applied_by or "",
        groups=frozenset(),
        command=Command(entry=entry, request=ids.digest(f"{job.lines}")[:32], route="import"),
    )


def _advanced(job: Import, chunk: Chunk, outcome: Outcome, refused: Sequence[RowError]) -> Import:
    """Note what became of a chunk; also of a job that was cancelled meanwhile, which then stops."""
    unread = [one.error for one in chunk.rows if one.error]
    counts = Counts(
        rows=job.counts.rows,
        ok=job.counts.ok + outcome.new,
        failed=job.counts.failed + len(refused) + len(unread),
        duplicate=job.counts.duplicate + outcome.known + sum(one.twice for one in chunk.rows),
    )
    here = job
    while True:
        try:
            # Those that could not be read are told since the file was.
            errors = here.with_errors(refused)
            told = {"done": chunk.last, "counts": counts, "errors": errors, "attempts": 0}
            return store.move(here, refused, **told, worker=job.worker)
        except Stale:
            here = store.get(job.id)
            if here.run != job.run or here.done != job.done:
                raise


def _finish(job: Import, now: datetime) -> None:
    """Write the file of errors, if there are any, and say that it is done."""
    error_file = None
    if job.counts.failed:
        error_file = store.errors_key(job.id)
        _, kept = rows.read(store.lines(str(job.lines)))
        content = rows.errors_file(kept, store.row_errors(job.id), ())
        store.put_object(error_file, content, "text/csv")
    store.move(
        job,
        state=State.DONE_WITH_ERRORS if job.counts.failed else State.DONE,
        error_file=error_file,
        finished_at=clock.stamp(now),
    )
    telemetry.count("applied an import", "RowsApplied", job.counts.ok, job=job.id)
