"""HTTP /v1/imports: open an import, follow it, apply what was read, cancel it, try again."""

from typing import Annotated

from pydantic import Field
from soms.kit import clock, http, paging
from soms.kit.access import Caller
from soms.kit.fields import Request
from soms.transfers import commands, shown, store
from soms.transfers.kinds import KINDS
from soms.transfers.model import CommandRequest, Import, ImportRequest, KindName

STARTING = ("/apply", "/retry")


class Imports(Request):
    """Filters of the imports."""

    kind: KindName | None = None
    limit: Annotated[int, Field(ge=1, le=paging.MOST)] = paging.USUAL
    cursor: str | None = None


def _told(job: Import, status: int = 200) -> http.Answer:
    headers = {"Location": f"/v1/imports/{job.id}"} if status == commands.ACCEPTED else {}
    return http.Answer(shown.after_command(job), status, job.version, job.settled, headers)


def _replayed(name: str, caller: Caller) -> http.Answer:
    job = commands.seen(name, caller)
    # The first answer may have been lost before the work began.
    if caller.command.route.endswith(STARTING):
        commands.started(job)
    return _told(job)


app = http.Resolver("transfers", replays={"import": _replayed})
handler = app.handler


@app.post("/v1/imports")
def create(request: ImportRequest, caller: Caller) -> http.Answer:
    return _told(commands.create(request, caller, now=clock.now()), commands.ACCEPTED)


@app.get("/v1/imports")
def imports(query: Imports, caller: Caller) -> http.Answer:
    scope = http.scope(caller, query)
    kinds = [name for name, kind in KINDS.items() if kind.is_seen_by(caller) and query.kind in {None, name}]
    after = paging.position(query.cursor, scope)
    page = store.listed(kinds, limit=query.limit, after=after)
    return http.page(page, (shown.summary(store.row(one)) for one in page.rows), scope)


@app.get("/v1/imports/{import_id}")
def read(import_id: str, caller: Caller) -> http.Answer:
    job = commands.seen(import_id, caller)
    return http.Answer(shown.whole(job), 200, job.version, job.settled)


@app.post("/v1/imports/{import_id}/apply")
def apply(import_id: str, request: CommandRequest, caller: Caller) -> http.Answer:
    return _told(commands.apply(import_id, request, caller, now=clock.now()))


@app.post("/v1/imports/{import_id}/cancel")
def cancel(import_id: str, request: CommandRequest, caller: Caller) -> http.Answer:
    return _told(commands.cancel(import_id, request, caller, now=clock.now()))


@app.post("/v1/imports/{import_id}/retry")
def retry(import_id: str, request: CommandRequest, caller: Caller) -> http.Answer:
    return _told(commands.retry(import_id, request, caller, now=clock.now()))
