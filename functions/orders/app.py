"""HTTP /v1/orders: place, read, cancel and ship orders."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field
from soms.kit import clock, http, journal, money, paging
from soms.kit.access import Caller
from soms.kit.fields import Request
from soms.orders import commands, lifecycle, listing, store
from soms.orders.model import CancelRequest, Order, OrderRequest, Shipment, ShipRequest

PRICES = {"subtotal", "discount", "shipping", "net", "tax", "total", "invoiced", "paid", "tax_groups"}
LINE_PRICES = {"unit_price", "price_source", "discount", "share", "net", "tax", "gross"}
INNER = {"said", "entry", "stamp", "shipments"}
NOT_IN_ROWS = {
    "lines", "tax_groups", "subtotal", "discount", "shipping", "includes_tax", "requested_on", "note",
    "invoice_policy",
}  # fmt: skip


class Orders(Request):
    """Filters of the order list; at most one beside the days."""

    status: Literal["confirmed", "cancelled", "completed"] | None = None
    customer_id: str | None = None
    salesperson: str | None = None
    number: str | None = None
    placed_from: date | None = None
    placed_to: date | None = None
    limit: Annotated[int, Field(ge=1, le=paging.MOST)] = paging.USUAL
    cursor: str | None = None


class Entries(Request):
    """Where in a timeline to go on."""

    limit: Annotated[int, Field(ge=1, le=paging.MOST)] = paging.USUAL
    cursor: str | None = None


def _shown(order: Order, caller: Caller, *, lines: bool = True) -> dict[str, object]:
    hidden = INNER | (PRICES if caller.sees_no_prices() else set()) | (set() if lines else NOT_IN_ROWS)
    shown = order.model_dump(mode="json", exclude=hidden)
    for name in store.AMOUNTS:
        if name in shown:
            shown[name] = money.text(getattr(order, name), order.currency)
    if lines:
        omitted = LINE_PRICES if caller.sees_no_prices() else set()
        shown["lines"] = [line.model_dump(mode="json", exclude=omitted) for line in order.lines]
        for one, line in zip(shown["lines"], order.lines, strict=True):
            _in_digits(one, line.unit_price, order.currency)
    return shown | {"allowed": lifecycle.allowed(order), "holds": []}


def _in_digits(shown: dict[str, object], price: Decimal, currency: str) -> None:
    for name in ("discount", "share", "net", "tax", "gross"):
        if name in shown:
            shown[name] = money.text(Decimal(str(shown[name])), currency)
    if "unit_price" in shown:
        shown["unit_price"] = money.price_text(price, currency)


def _answer(order: Order, caller: Caller, status: int = 200) -> http.Answer:
    return http.Answer(_shown(order, caller), status, order.version, order.settled)


def _seen(order_id: str, caller: Caller) -> Order:
    order = store.get(order_id)
    caller.require_sight(order.salesperson)
    return order


def _found(order_id: str, caller: Caller) -> http.Answer:
    return _answer(_seen(order_id, caller), caller)


def _shipment(shipment: Shipment, status: int = 200) -> http.Answer:
    return http.Answer(shipment, status)


app = http.Resolver(
    "orders", replays={"order": _found, "shipment": lambda name, _caller: _shipment(store.shipment(name))}
)
handler = app.handler


@app.post("/v1/orders")
def place(request: OrderRequest, caller: Caller) -> http.Answer:
    order, before = commands.place(request, caller, now=clock.now())
    return http.replayed(_answer(order, caller)) if before else _answer(order, caller, 201)


@app.get("/v1/orders")
def orders(query: Orders, caller: Caller) -> http.Answer:
    scope = http.scope(caller, query)
    page = listing.page(query, caller, paging.position(query.cursor, scope))
    rows = (_shown(listing.summary(row), caller, lines=False) for row in page.rows)
    return http.page(page, rows, scope)


@app.get("/v1/orders/{order_id}")
def order(order_id: str, caller: Caller) -> http.Answer:
    return _found(order_id, caller)


@app.get("/v1/orders/by-ref/{source}/{reference}")
def by_reference(source: str, reference: str, caller: Caller) -> http.Answer:
    return _found(store.id_of_reference(source, reference), caller)


@app.get("/v1/orders/{order_id}/timeline")
def timeline(order_id: str, query: Entries, caller: Caller) -> http.Answer:
    _seen(order_id, caller)
    scope = f"{http.scope(caller, query)}|{order_id}"
    before = paging.position(query.cursor, scope)
    found = journal.of_aggregate(f"order#{order_id}", before=before, limit=query.limit + 1)
    page = paging.merged([lambda: found], "at_key", query.limit)
    return http.page(page, (_entry(row, caller) for row in page.rows), scope)


def _entry(row: dict[str, object], caller: Caller) -> dict[str, object]:
    names = ("event", "version", "name", "reason", "changes")
    shown = {name: row.get(name) for name in names} | {"at": str(row["at_key"]).split("#")[0]}
    if caller.sees_no_prices() and isinstance(shown["changes"], dict):
        shown["changes"] = {name: value for name, value in shown["changes"].items() if name != "total"}
    return {"id": row["id"]} | shown | {"by": shown.pop("name")}


@app.post("/v1/orders/{order_id}/cancel")
def cancel(order_id: str, request: CancelRequest, caller: Caller) -> http.Answer:
    return _answer(commands.cancel(order_id, request, caller, now=clock.now()), caller)


@app.post("/v1/orders/{order_id}/shipments")
def ship(order_id: str, request: ShipRequest, caller: Caller) -> http.Answer:
    _, shipment = commands.ship(order_id, request, caller, now=clock.now())
    return _shipment(shipment, 201)


@app.get("/v1/orders/{order_id}/shipments")
def shipments(order_id: str, caller: Caller) -> http.Answer:
    _seen(order_id, caller)
    return http.Answer({"data": store.shipments(order_id), "next_cursor": None})
