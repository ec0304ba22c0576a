"""HTTP /v1/stock-transfers, /v1/counts, /v1/stock-snapshots: what travels, what is there."""

from functools import partial
from typing import Annotated

from pydantic import Field
from soms.inventory import commands, counting, papers, posting, shown, snapshots, transfers, transit
from soms.inventory.counts import (
    STATES,
    AcceptRequest,
    Count,
    CountLine,
    CountRequest,
    FoundRequest,
    SnapshotRequest,
    Status,
    SubmitRequest,
)
from soms.inventory.posting import ApproveRequest, RejectRequest
from soms.inventory.transit import CloseRequest, ReceiptRequest, Transfer, TransferRequest, TransferStatus
from soms.kit import clock, http, paging
from soms.kit.access import Caller
from soms.kit.fields import Request
from soms.orders import shortfall

adjust = partial(commands.adjust, forego=shortfall.find)
"""How a variance is posted: less than is promised takes from the youngest orders."""


class Paged(Request):
    """Which page of a list."""

    limit: Annotated[int, Field(ge=1, le=paging.MOST)] = paging.USUAL
    cursor: str | None = None


class Nothing(Request):
    """Nothing needs to be said."""


class Transfers(Paged):
    """Filters of the transfers."""

    status: TransferStatus | None = None


class Counts(Paged):
    """Filters of the counts."""

    status: Status | None = None


def _transfer(transfer: Transfer, status: int = 200) -> http.Answer:
    return http.Answer(shown.transfer(transfer), status, transfer.version)


def _count(count: Count, caller: Caller, status: int = 200) -> http.Answer:
    lines = shown.lines(count, papers.lines(count.id), caller)
    return http.Answer(shown.count(count, caller) | {"lines": lines}, status, count.version, count.settled)


def _noted(name: str, caller: Caller) -> http.Answer:
    count_id, _, sku = name.partition("/")
    line = papers.line(count_id, sku)
    (row,) = shown.lines(papers.count(count_id), [line], caller)
    return http.Answer(row, version=line.version)


app = http.Resolver(
    "stocktaking",
    replays={
        "transfer": lambda name, _caller: _transfer(papers.transfer(name)),
        "count": lambda name, caller: _count(papers.count(name), caller),
        "count_line": _noted,
        "snapshot": lambda name, caller: _count(snapshots.get(name), caller),
    },
)
handler = app.handler


@app.post("/v1/stock-transfers")
def send(request: TransferRequest, caller: Caller) -> http.Answer:
    return _transfer(transfers.send(request, caller, now=clock.now()), 201)


@app.get("/v1/stock-transfers")
def transfer_list(query: Transfers, caller: Caller) -> http.Answer:
    scope = http.scope(caller, query)
    states = [query.status] if query.status else transit.STATES
    after = paging.position(query.cursor, scope)
    page = papers.listed("transfer", states, limit=query.limit, after=after)
    return http.page(page, (shown.transfer_row(Transfer.model_validate(row)) for row in page.rows), scope)


@app.get("/v1/stock-transfers/{transfer_id}")
def transfer(transfer_id: str) -> http.Answer:
    return _transfer(papers.transfer(transfer_id))


@app.post("/v1/stock-transfers/{transfer_id}/receipts")
def receive(transfer_id: str, request: ReceiptRequest, caller: Caller) -> http.Answer:
    return _transfer(transfers.receive(transfer_id, request, caller, now=clock.now()), 201)


@app.post("/v1/stock-transfers/{transfer_id}/close")
def close(transfer_id: str, request: CloseRequest, caller: Caller) -> http.Answer:
    return _transfer(transfers.close(transfer_id, request, caller, now=clock.now()))


@app.post("/v1/counts")
def open_count(request: CountRequest, caller: Caller) -> http.Answer:
    return _count(counting.open_count(request, caller, now=clock.now()), caller, 201)


@app.get("/v1/counts")
def count_list(query: Counts, caller: Caller) -> http.Answer:
    scope = http.scope(caller, query)
    states = [query.status] if query.status else STATES
    page = papers.listed("count", states, limit=query.limit, after=paging.position(query.cursor, scope))
    return http.page(page, (shown.count(Count.model_validate(row), caller) for row in page.rows), scope)


@app.get("/v1/counts/{count_id}")
def count(count_id: str, caller: Caller) -> http.Answer:
    return _count(papers.count(count_id), caller)


@app.get("/v1/counts/{count_id}/lines")
def count_lines(count_id: str, query: Paged, caller: Caller) -> http.Answer:
    scope = f"{http.scope(caller, query)}|{count_id}"
    held = papers.count(count_id)
    page = papers.line_page(count_id, limit=query.limit, after=paging.position(query.cursor, scope))
    rows = [CountLine.model_validate(row) for row in page.rows]
    return http.page(page, shown.lines(held, rows, caller), scope)


@app.put("/v1/counts/{count_id}/lines/{sku}")
def note(count_id: str, sku: str, request: FoundRequest, caller: Caller) -> http.Answer:
    held, line = counting.note(count_id, sku, request, caller, now=clock.now())
    return http.Answer(shown.lines(held, [line], caller)[0], version=line.version)


@app.post("/v1/counts/{count_id}/submit")
def submit(count_id: str, request: SubmitRequest, caller: Caller) -> http.Answer:
    return _count(counting.submit(count_id, request, caller, now=clock.now()), caller)


@app.post("/v1/counts/{count_id}/approve")
def approve(count_id: str, request: ApproveRequest, caller: Caller) -> http.Answer:
    return _count(posting.approve(count_id, request, caller, adjust, now=clock.now()), caller)


@app.post("/v1/counts/{count_id}/reject")
def reject(count_id: str, request: RejectRequest, caller: Caller) -> http.Answer:
    return _count(posting.reject(count_id, request, caller, now=clock.now()), caller)


@app.post("/v1/counts/{count_id}/post")
def post(count_id: str, request: Nothing, caller: Caller) -> http.Answer:  # noqa: ARG001 an empty body is read
    return _count(posting.post(count_id, caller, adjust, now=clock.now()), caller)


@app.put("/v1/stock-snapshots/{snapshot_id}")
def put_snapshot(snapshot_id: str, request: SnapshotRequest, caller: Caller) -> http.Answer:
    held, new = snapshots.put(snapshot_id, request, caller, now=clock.now())
    answer = _count(held, caller, 201 if new else 200)
    return answer if new else http.replayed(answer)


@app.get("/v1/stock-snapshots/{snapshot_id}")
def snapshot(snapshot_id: str, caller: Caller) -> http.Answer:
    return _count(snapshots.get(snapshot_id), caller)


@app.post("/v1/stock-snapshots/{snapshot_id}/accept")
def accept(snapshot_id: str, request: AcceptRequest, caller: Caller) -> http.Answer:
    return _count(snapshots.accept(snapshot_id, request, caller, adjust, now=clock.now()), caller)
