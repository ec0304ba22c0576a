"""What people say about imports: open one, apply what was read, cancel, try again."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from pydantic import BaseModel

from soms.catalog import store as catalog
from soms.catalog.commands import expected
from soms.kit import bodies, clock, ids, journal, settings
from soms.kit.access import Caller
from soms.kit.problems import Forbidden, Invalid, NotFound
from soms.kit.settings import Setting
from soms.kit.writes import Writes, decide
from soms.transfers import store
from soms.transfers.kinds import KINDS, Kind, ZoneOptions
from soms.transfers.model import CommandRequest, Counts, Import, ImportRequest, State

ACCEPTED = 202
_PAST = {"apply": "applying", "cancel": "cancelled", "retry": "retried"}

Change = Callable[[Import, Sequence[State]], Import]


def create(request: ImportRequest, caller: Caller, *, now: datetime) -> Import:
    """Open an import; nothing is read before its file is uploaded."""
    kind = KINDS[request.kind]
    if not caller.is_any(kind.may):
        raise Forbidden
    options = _options(kind, request)
    given = options.time_zone if isinstance(options, ZoneOptions) else None
    opened = Import(
        id=ids.derived("imp", "import", caller.command.entry or ""),
        kind=request.kind,
        file_name=request.file_name,
        source=request.source,
        options=options.model_dump(mode="json", exclude_none=True),
        time_zone=given or catalog.settings().time_zone,
        created_at=clock.stamp(now),
        created_by=caller.name,
    )
    writes = Writes()
    journal.record(writes, _event("created", opened, status=ACCEPTED), caller, at=now)
    store.put(writes, opened, before=None)
    writes.commit()
    return opened


def seen(import_id: str, caller: Caller) -> Import:
    """Return an import as it stands now, or raise NotFound where the caller may not know of it."""
    found = store.get(import_id)
    if not KINDS[found.kind].is_seen_by(caller):
        raise NotFound
    return found


def apply(import_id: str, request: CommandRequest, caller: Caller, *, now: datetime) -> Import:
    """Begin to apply what was read."""

    def change(before: Import, leads: Sequence[State]) -> Import:
        told = {
            "applied_at": clock.stamp(now),
            "applied_by": caller.name,
            "principal": caller.principal,
            "counts": Counts(rows=before.counts.rows),
        }
        return before.model_copy(update=told | {"state": leads[0], "run": before.run + 1, "attempts": 0})

    return started(_changed("apply", import_id, request, caller, change, now))


def cancel(import_id: str, request: CommandRequest, caller: Caller, *, now: datetime) -> Import:
    """Stop an import; what was applied of it stays."""

    def change(before: Import, leads: Sequence[State]) -> Import:
        return before.model_copy(update={"state": leads[0], "finished_at": clock.stamp(now)})

    return _changed("cancel", import_id, request, caller, change, now)


def retry(import_id: str, request: CommandRequest, caller: Caller, *, now: datetime) -> Import:
    """Let the work go on where it broke off; whoever may still be at it stops."""

    def change(before: Import, leads: Sequence[State]) -> Import:
        begun = before.applied_at is not None
        told = {"state": leads[-1 if begun else 0], "run": before.run + 1, "attempts": 0, "finished_at": None}
        # What ended it is found again if it is still so; what is known of single rows stays.
        errors = tuple(one for one in before.errors if begun and one.row)
        file = None if before.state is State.FAILED else before.error_file
        return before.model_copy(update=told | {"errors": errors, "error_file": file})

    return started(_changed("retry", import_id, request, caller, change, now))


def started(job: Import) -> Import:
    """Let the function begin whose turn it is; one that is at it already sees that it is not alone."""
    if job.state is State.APPLYING:
        store.start(settings.get(Setting.APPLY), {"import": job.id, "run": job.run})
    elif job.state in {State.AWAITING_UPLOAD, State.VALIDATING}:
        store.start(settings.get(Setting.INTAKE), {"import": job.id})
    return job


def _changed(
    command: str, import_id: str, request: CommandRequest, caller: Caller, change: Change, now: datetime
) -> Import:
    def attempt() -> Import:
        before = seen(import_id, caller)
        if not caller.is_any(KINDS[before.kind].may):
            raise Forbidden
        expected(caller, before.version)
        leads = before.require(command)
        after = change(before, leads).model_copy(update={"version": before.version + 1})
        writes = Writes()
        changes = {"state": [before.state.value, after.state.value]}
        event = _event(_PAST[command], after, changes=changes, reason=request.reason)
        journal.record(writes, event, caller, at=now)
        store.put(writes, after, before=before)
        writes.commit()
        return after

    return decide(attempt)


def _options(kind: Kind, request: ImportRequest) -> BaseModel:
    try:
        return bodies.validated(kind.options, request.options)
    except Invalid as wrong:
        raise Invalid(*(fault.at(f"/options{fault.pointer}") for fault in wrong.faults)) from None


def _event(
    past: str,
    job: Import,
    *,
    status: int = 200,
    changes: Mapping[str, object] | None = None,
    reason: str | None = None,
) -> journal.Event:
    return journal.Event(
        name=f"import.{past}",
        aggregate=job.id,
        version=job.version,
        resource=("import", job.id),
        status=status,
        changes=changes or {},
        reason=reason,
    )
