"""HTTP /v1/reports: what stock is worth, and how it moves."""

from typing import Annotated

from pydantic import Field
from soms.catalog import store as catalog
from soms.inventory import figures
from soms.inventory.folding import DAYS_KEPT, Class
from soms.kit import clock, http, paging
from soms.kit.access import COSTS, Caller
from soms.kit.fields import Code, Day, Request, Sku
from soms.kit.problems import FilterUnsupported
from soms.reports import stock_figures

app = http.Resolver("reports")
handler = app.handler


class ValueFilters(Request):
    """Filters of the stock value: a warehouse, or a SKU, and then also a day at whose end it is asked for."""

    warehouse: Code | None = None
    sku: Sku | None = None
    as_of: Day | None = None
    limit: Annotated[int, Field(ge=1, le=paging.MOST)] = paging.USUAL
    cursor: str | None = None


class AnalysisFilters(Request):
    """Filters of the stock analysis: a warehouse, over how many days, of a class, dead or not."""

    warehouse: Code = "main"
    days: Annotated[int, Field(ge=1, le=DAYS_KEPT)] = 90
    abc: Class | None = None
    dead: bool | None = None
    limit: Annotated[int, Field(ge=1, le=paging.MOST)] = paging.USUAL
    cursor: str | None = None


@app.get("/v1/reports/stock-value")
def stock_value(query: ValueFilters, caller: Caller) -> http.Answer:
    if query.sku is not None:
        return _of_sku(query.sku, query)
    if query.as_of is not None:
        raise FilterUnsupported
    warehouse, settings = query.warehouse or "main", catalog.settings()
    scope = http.scope(caller, query)
    after = paging.position(query.cursor, scope)
    page = figures.listed(warehouse, abc=None, dead=None, limit=query.limit, after=after)
    rows = stock_figures.values([figures.shown(row) for row in page.rows], settings)
    total = figures.find_total(warehouse)
    whole = stock_figures.total_of(total, settings) if total else None
    cursor = paging.cursor(page.next_position, scope)
    return http.Answer({"data": rows, "next_cursor": cursor, "total": whole})


def _of_sku(sku: str, query: ValueFilters) -> http.Answer:
    settings = catalog.settings()
    if query.as_of is not None:
        rows = stock_figures.values_at(sku, query.warehouse, query.as_of, settings, clock.now())
    else:
        held = [one for one in figures.of_sku(sku) if query.warehouse in {None, one.warehouse}]
        rows = stock_figures.values(held, settings)
    return http.Answer({"data": rows, "next_cursor": None, "total": None})


@app.get("/v1/reports/stock-analysis")
def stock_analysis(query: AnalysisFilters, caller: Caller) -> http.Answer:
    scope = http.scope(caller, query)
    after = paging.position(query.cursor, scope)
    page = figures.listed(query.warehouse, abc=query.abc, dead=query.dead, limit=query.limit, after=after)
    rows = stock_figures.analysed(
        [figures.shown(row) for row in page.rows],
        catalog.settings(),
        query.days,
        now=clock.now(),
        with_values=caller.is_any(COSTS),
    )
    return http.page(page, rows, scope)
