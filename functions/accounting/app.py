"""HTTP /v1/ledger, /v1/accounts, /v1/periods, /v1/journal-batches: the books, month by month."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Annotated

from pydantic import Field
from soms.accounting import batches, chart, closing, listing, months, papers, trial
from soms.accounting.batches import Batch, BatchRequest
from soms.billing import files
from soms.billing.cash import collecting
from soms.catalog import store as catalog
from soms.kit import clock, http, paging
from soms.kit.access import Caller
from soms.kit.fields import Request
from soms.kit.problems import Words

Limit = Annotated[int, Field(ge=1, le=paging.MOST)]


class AsOf(Request):
    """The day a figure is of: today where none is named."""

    as_of: Annotated[date, Field(ge=date(2000, 1, 1), le=date(2999, 12, 31))] | None = None


class Entries(Request):
    """Which entries of an account."""

    account: str
    since: date | None = Field(default=None, alias="from")
    to: date | None = None
    limit: Limit = paging.USUAL
    cursor: str | None = None


class Batches(Request):
    """A page of batches."""

    limit: Limit = paging.USUAL
    cursor: str | None = None


def _names() -> Mapping[str, Words]:
    return chart.accounts_of(catalog.settings())


def _month_end(month: str) -> http.Answer:
    return http.Answer(months.page(months.load(month, now=clock.now())))


def _batch(batch: Batch) -> http.Answer:
    return http.Answer(batches.shown(batch))


app = http.Resolver(
    "accounting",
    replays={
        "period": lambda name, _caller: _month_end(name),
        "journal_batch": lambda name, _caller: _batch(batches.get(name)),
    },
)
handler = app.handler


@app.get("/v1/accounts")
def accounts() -> http.Answer:
    known = _names()
    return http.Answer({"data": [chart.named(one, known) for one in known], "next_cursor": None})


@app.get("/v1/ledger/trial-balance")
def trial_balance(query: AsOf) -> http.Answer:
    known = collecting.facts(clock.now())
    found = trial.of_day(query.as_of or known.today, known.periods)
    return http.Answer(trial.shown(found, chart.accounts_of(known.settings)))


@app.get("/v1/ledger/entries")
def entries(query: Entries, caller: Caller) -> http.Answer:
    scope, known = http.scope(caller, query), _names()
    after = paging.position(query.cursor, scope)
    page = listing.page(query.account, query.since, query.to, limit=query.limit, after=after)
    return http.page(page, [listing.shown(row, known) for row in page.rows], scope)


@app.get("/v1/ledger/documents/{document_id}")
def document(document_id: str) -> http.Answer:
    return http.Answer(papers.shown(papers.get(document_id), _names()))


@app.get("/v1/periods")
def periods() -> http.Answer:
    return http.Answer({"data": months.listed(now=clock.now()), "next_cursor": None})


@app.get("/v1/periods/{month}")
def period(month: str) -> http.Answer:
    return _month_end(month)


@app.post("/v1/periods/{month}/close")
def close(month: str, caller: Caller) -> http.Answer:
    return http.Answer(months.page(closing.close(month, caller, now=clock.now())))


@app.post("/v1/journal-batches")
def make_batch(request: BatchRequest, caller: Caller) -> http.Answer:
    return replace(_batch(batches.make(request, caller, now=clock.now())), status=batches.CREATED)


@app.get("/v1/journal-batches")
def journal_batches(query: Batches, caller: Caller) -> http.Answer:
    scope = http.scope(caller, query)
    page = batches.listed(limit=query.limit, after=paging.position(query.cursor, scope))
    return http.page(page, [batches.shown(Batch.model_validate(row)) for row in page.rows], scope)


@app.get("/v1/journal-batches/{batch_id}")
def journal_batch(batch_id: str) -> http.Answer:
    return _batch(batches.get(batch_id))


@app.get("/v1/journal-batches/{batch_id}/document")
def journal_batch_file(batch_id: str) -> http.Answer:
    file = batches.file(batches.get(batch_id))
    expires = clock.stamp(clock.now() + timedelta(seconds=files.LONGEST_URL))
    body = {"url": files.presigned(file), "expires_at": expires, "sha256": file.sha256, "bytes": file.bytes}
    return http.Answer(body)
