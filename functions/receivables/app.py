"""HTTP /v1/receivables: what customers owe, by age, today and at the end of any day."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field
from soms.billing import ageing, ageing_shown, ageing_store
from soms.billing.ageing_store import Known, Question
from soms.catalog import store as catalog
from soms.catalog.commands import zone
from soms.kit import clock, http, paging
from soms.kit.access import Caller
from soms.kit.fields import Code, Day, Request
from soms.kit.problems import Fault, InvalidParameter


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


app = http.Resolver("receivables")
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
