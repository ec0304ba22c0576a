"""HTTP /v1/stock: what lies where and why, what is on its way, and what runs low."""

from typing import Annotated

from pydantic import Field
from soms.catalog import store as catalog
from soms.catalog.model import Product
from soms.inventory import alerts as alert_store
from soms.inventory import (
    asking,
    bundles,
    commands,
    incoming,
    movements,
    papers,
    quarantine,
    sharding,
    shown,
    store,
)
from soms.inventory.counts import Count
from soms.inventory.model import (
    AdjustmentRequest,
    RuleRequest,
    Stock,
    StockItem,
)
from soms.inventory.quarantine import QuarantineRequest
from soms.inventory.sharding import ShardsRequest
from soms.kit import clock, http, ids, items, journal, paging
from soms.kit.access import Caller
from soms.kit.fields import Code, Request
from soms.kit.problems import FilterUnsupported
from soms.orders import shortfall

COUNTERS = ("on_hand", "reserved", "available", "incoming", "backordered", "quarantine")
EXPECTATIONS = 10**9


class StockFilters(Request):
    """Filters of the stock list: a warehouse, or what runs low."""

    warehouse: Code | None = None
    low: bool | None = None
    limit: Annotated[int, Field(ge=1, le=paging.MOST)] = paging.USUAL
    cursor: str | None = None


class MovementFilters(Request):
    """Filters of the movements of a SKU: of a warehouse, and of a shard where its stock is split."""

    warehouse: Code = "main"
    shard: Annotated[int, Field(ge=0, lt=sharding.MOST_SHARDS)] = 0
    limit: Annotated[int, Field(ge=1, le=paging.MOST)] = paging.USUAL
    cursor: str | None = None


def _row(stock: Stock) -> dict[str, object]:
    shown = {"sku": stock.sku, "warehouse": stock.warehouse}
    counters = {name: getattr(stock, name) for name in COUNTERS}
    rule = stock.rule.model_dump(mode="json") if stock.rule else None
    split = {"shards": stock.spread} if stock.shards > 1 else {}
    return shown | counters | split | {"position": stock.position, "low": stock.is_low, "reorder_rule": rule}


def _expected(stock: Stock) -> list[dict[str, object]]:
    """Return what is on its way to a stock item, the earliest first."""
    item = StockItem(sku=stock.sku, warehouse=stock.warehouse)
    return [one.model_dump(mode="json") for one in incoming.of(item)] if stock.incoming else []


def _sku(sku: str) -> http.Answer:
    product = catalog.get_product(sku)
    if product.components:
        return _bundle(product)
    held = store.of_sku(sku)
    sums = {name: sum(getattr(one, name) for one in held) for name in COUNTERS}
    coming = [_expected(one) for one in held]
    rows = [_row(one) | {"expected": expected} for one, expected in zip(held, coming, strict=True)]
    rule = next((row["reorder_rule"] for row in rows if row["reorder_rule"]), None)
    body = {"sku": sku, "name": product.name, "stocked": product.stocked, **sums}
    version = sum(one.seq for one in held)
    # A purchase order that is put off changes what is expected and no counter.
    settled = ids.shard(str(coming), EXPECTATIONS) if any(coming) else 0
    body |= {"warehouses": rows, "reorder_rule": rule}
    return http.Answer(body, version=version, settled=settled)


def _bundle(product: Product) -> http.Answer:
    held = bundles.shelves(product)
    body = bundles.shown(product, held)
    version = sum(stock.seq for several in held.values() for stock in several)
    # A bundle that is put together otherwise moves no counter.
    return http.Answer(body, version=version, settled=ids.shard(str(body), EXPECTATIONS))


def _adjustment(name: str, caller: Caller) -> http.Answer:
    sku, warehouse, seq = name.rsplit("@", 2)
    item = StockItem(sku=sku, warehouse=warehouse)
    movement = movements.find(item, int(seq))
    if movement is None:
        entry = journal.find(caller.command.entry or "") or {}
        movement = commands.adjusted(entry, item, int(seq))
    return http.Answer({"movement": _shown(movement, caller), "stock": _row(store.whole(item))}, 201)


def _paper(paper: Count, caller: Caller) -> http.Answer:
    lines = shown.lines(paper, papers.lines(paper.id), caller)
    place = {"Location": f"/v1/counts/{paper.id}"}
    return http.Answer(shown.count(paper, caller) | {"lines": lines}, 202, paper.version, headers=place)


app = http.Resolver(
    "inventory",
    replays={
        "count": lambda name, caller: _paper(papers.count(name), caller),
        "stock": lambda sku, _caller: _sku(sku),
        "adjustment": _adjustment,
    },
)
handler = app.handler


@app.get("/v1/stock")
def stock(query: StockFilters, caller: Caller) -> http.Answer:
    scope = http.scope(caller, query)
    after = paging.position(query.cursor, scope)
    if query.low:
        if query.warehouse:
            raise FilterUnsupported
        page, held = alert_store.low(at=clock.stamp(clock.now()), limit=query.limit, after=after)
        return http.page(page, (_row(one) for one in held), scope)
    page = store.in_warehouse(query.warehouse or "main", limit=query.limit, after=after)
    held = store.together(Stock.model_validate(row) for row in page.rows)
    return http.page(page, (_row(one) for one in held), scope)


@app.get("/v1/stock/{sku}")
def stock_of(sku: str) -> http.Answer:
    return _sku(sku)


@app.get("/v1/stock/{sku}/movements")
def movements_of(sku: str, query: MovementFilters, caller: Caller) -> http.Answer:
    scope = f"{http.scope(caller, query)}|{sku}"
    after = paging.position(query.cursor, scope)
    item = StockItem(sku=sku, warehouse=query.warehouse).of_shard(query.shard)
    page = movements.listed(item, limit=query.limit, after=after)
    return http.page(page, (_shown(row, caller) for row in page.rows), scope)


def _shown(row: items.Item, caller: Caller) -> dict[str, object]:
    hidden = {"entry"} if caller.sees_purchase_costs() else {"entry", "unit_cost"}
    return {name: value for name, value in row.items() if name not in hidden}


@app.post("/v1/stock/{sku}/adjustments")
def adjust(sku: str, request: AdjustmentRequest, caller: Caller) -> http.Answer:
    done = asking.adjust(sku, request, caller, now=clock.now(), forego=shortfall.find)
    if isinstance(done, Count):
        return _paper(done, caller)
    after, movement = done
    held = after if after.shards == 1 else store.whole(after.item)
    return http.Answer({"movement": _shown(movement, caller), "stock": _row(held)}, 201)


@app.post("/v1/stock/{sku}/quarantine")
def set_apart(sku: str, request: QuarantineRequest, caller: Caller) -> http.Answer:
    after, movement = quarantine.move(sku, request, caller, now=clock.now())
    return http.Answer({"movement": _shown(movement, caller), "stock": _row(store.whole(after.item))}, 201)


@app.put("/v1/stock/{sku}/reorder-rule")
def set_rule(sku: str, request: RuleRequest, caller: Caller) -> http.Answer:
    after = commands.set_rule(sku, request, caller, now=clock.now())
    return http.Answer(_row(after))


@app.put("/v1/stock/{sku}/shards")
def split(sku: str, request: ShardsRequest, caller: Caller) -> http.Answer:
    return http.Answer(_row(sharding.split(sku, request, caller, now=clock.now())))
