"""HTTP /v1/receivables, /v1/dunning-…: what customers owe by age, on any day, and letters that ask for it."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated

from pydantic import Field
from soms.billing.receivables import (
    ageing,
    ageing_shown,
    ageing_store,
    dunning_runs,
    dunning_shown,
    dunning_store,
)
from soms.billing.receivables.ageing_store import Known, Question
from soms.billing.receivables.dunning import Letter
from soms.billing.receivables.dunning_runs import RunRequest
from soms.catalog import store as catalog
from soms.catalog.commands import zone
from soms.kit import clock, http, paging
from soms.kit.access import Caller
from soms.kit.fields import Code, Day, Request
from soms.kit.problems import Fault, FilterUnsupported, InvalidParameter, NotFound


class AgeingQuery(Request):
    """At the end of which day, of whom, and as the books say of it now or said then."""

    as_of: Day | None = None
    customer_id: Code | None = None
    known: Known = "now"
    limit: Annotated[int, Field(ge=1, le=paging.MOST)] = paging.USUAL
    cursor: str | None = None


def _asked(query: AgeingQuery) -> Question:
    settings = catalog.settings()
    today = clock.now().astimezone(zone(settings)).date()
    if query.as_of and query.as_of > today:
        words = ("this day has not come yet", "日期不得晚于今天")
        raise InvalidParameter(faults=[Fault("too_late", words, parameter="as_of")])
    return Question(query.as_of or today, today, zone(settings), query.known, query.customer_id)


def _page(rows: Iterable[ageing.Row], after: str | None, limit: int) -> paging.Page:
    left = [one for one in rows if after is None or ageing_shown.place(one) > after]
    shown = ageing_shown.named(left[:limit])
    return paging.Page(shown, ageing_shown.place(left[limit - 1]) if len(left) > limit else None)


class Letters(Request):
    """Filters of the list of letters, one at a time."""

    customer_id: Code | None = None
    run_id: Code | None = None
    limit: Annotated[int, Field(ge=1, le=paging.MOST)] = paging.USUAL
    cursor: str | None = None


def _run(run_id: str) -> http.Answer:
    found = dunning_store.find_run(run_id)
    if found is None:
        raise NotFound
    letters = [dunning_shown.letter(one) for one in dunning_store.every_letter(run_id)]
    return http.Answer({**found.model_dump(mode="json"), "dry_run": False, "data": letters}, version=1)


def _letter(letter_id: str) -> http.Answer:
    return http.Answer(dunning_shown.letter(dunning_store.letter(letter_id)), version=1)


app = http.Resolver("receivables", replays={"dunning_run": lambda name, _caller: _run(name)})
handler = app.handler


@app.get("/v1/receivables")
def receivables() -> http.Answer:
    asked = _asked(AgeingQuery())
    standing = ageing_store.standing(asked, now=clock.now())
    return http.Answer({"as_of": str(asked.day), "totals": ageing_shown.sums(standing, asked.day)})


@app.get("/v1/receivables/ageing")
def by_age(query: AgeingQuery, caller: Caller) -> http.Answer:
    asked, scope = _asked(query), http.scope(caller, query)
    after = paging.position(query.cursor, scope)
    standing = ageing_store.standing(asked, now=clock.now())
    rows = ageing.rows(standing, asked.day)
    page = _page(rows, after, query.limit)
    return http.Answer(
        {
            "as_of": str(asked.day),
            "known": asked.known,
            "data": page.rows,
            "next_cursor": paging.cursor(page.next_position, scope),
            "totals": ageing_shown.totals(rows, standing),
        }
    )


@app.post("/v1/dunning-runs")
def run(request: RunRequest, caller: Caller) -> http.Answer:
    planned = dunning_runs.plan(request, caller, now=clock.now())
    if request.dry_run:
        found = [dunning_shown.draft(one) for one in dunning_runs.drafts(planned)]
        return http.Answer({"as_of": str(planned.day), "dry_run": True, "data": found})
    return replace(_run(dunning_runs.run(planned).id), status=dunning_runs.CREATED)


@app.get("/v1/dunning-runs/{run_id}")
def found_run(run_id: str) -> http.Answer:
    return _run(run_id)


@app.get("/v1/dunning-letters")
def letters(query: Letters, caller: Caller) -> http.Answer:
    if (query.customer_id is None) == (query.run_id is None):
        raise FilterUnsupported
    scope = http.scope(caller, query)
    after = paging.position(query.cursor, scope)
    if query.customer_id:
        page = dunning_store.letters_of(query.customer_id, limit=query.limit, after=after)
    else:
        page = dunning_store.letters_in(query.run_id or "", limit=query.limit, after=after)
    return http.page(page, [dunning_shown.letter(Letter.model_validate(row)) for row in page.rows], scope)


@app.get("/v1/dunning-letters/{letter_id}")
def letter(letter_id: str) -> http.Answer:
    return _letter(letter_id)
