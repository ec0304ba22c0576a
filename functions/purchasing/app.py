"""HTTP /v1/stock-alerts, /v1/purchase-suggestions, /v1/purchase-orders: what runs low and is bought."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import Field
from soms.catalog import store as catalog
from soms.catalog.commands import zone
from soms.inventory import alerts as alert_store
from soms.inventory import handling, purchase_orders, purchase_store, rules, suggestions
from soms.inventory.model import Alert, AlertStatus, NoteRequest, SnoozeRequest
from soms.inventory.purchase import PurchaseOrder, PurchaseStatus, Receipt
from soms.inventory.purchase_requests import CloseRequest, PurchaseChange, PurchaseRequest, ReceiptRequest
from soms.kit import clock, http, money, paging
from soms.kit.access import Caller
from soms.kit.fields import Code, Request


class Paged(Request):
    """Which page of a list."""

    limit: Annotated[int, Field(ge=1, le=paging.MOST)] = paging.USUAL
    cursor: str | None = None


class AlertFilters(Paged):
    """Filters of the alerts."""

    status: AlertStatus = "open"


class SuggestionFilters(Paged):
    """Filters of the suggestions."""

    warehouse: Code | None = None
    supplier: Code | None = None


class PurchaseFilters(Paged):
    """Filters of the purchase orders."""

    status: PurchaseStatus | None = None
    supplier: Code | None = None


def _today() -> date:
    return clock.now().astimezone(zone(catalog.settings())).date()


def _alert(alert: Alert) -> http.Answer:
    counted = alert.at(clock.stamp(clock.now()))
    body = counted.model_dump(mode="json") | {"allowed": rules.allowed(counted)}
    return http.Answer(body, version=alert.version)


def _cost(cost: Decimal | None, order: PurchaseOrder, caller: Caller) -> dict[str, object]:
    """Return what a unit costs, for those who may see it."""
    told = None if cost is None else money.price_text(cost, order.currency)
    return {"unit_cost": told} if caller.sees_purchase_costs() else {}


def _row(order: PurchaseOrder, today: date) -> dict[str, object]:
    days = order.days_late(today)
    body = order.model_dump(mode="json", exclude={"lines"})
    return body | {"late": days > 0, "days_late": days, "allowed": order.allowed}


def _order(order: PurchaseOrder, caller: Caller, status: int = 200) -> http.Answer:
    today = _today()
    lines = [
        line.model_dump(mode="json", exclude={"unit_cost"})
        | {"open": line.open}
        | _cost(line.unit_cost, order, caller)
        for line in order.lines
    ]
    body = _row(order, today) | {"lines": lines}
    return http.Answer(body, status, order.version, settled=order.days_late(today))


def _receipt(receipt: Receipt, order: PurchaseOrder, caller: Caller) -> dict[str, object]:
    lines = [
        line.model_dump(mode="json", exclude={"unit_cost"}) | _cost(line.unit_cost, order, caller)
        for line in receipt.lines
    ]
    said = receipt.model_dump(mode="json", exclude={"lines", "ordinal"})
    return said | {"number": order.number, "status": order.status, "lines": lines}


def _received(name: str, caller: Caller) -> http.Answer:
    order_id, _, ordinal = name.rpartition("@")
    receipt = purchase_store.receipt(order_id, int(ordinal))
    return http.Answer(_receipt(receipt, purchase_store.get(order_id), caller), 201)


app = http.Resolver(
    "purchasing",
    replays={
        "alert": lambda name, _caller: _alert(alert_store.get(name)),
        "purchase_order": lambda name, caller: _order(purchase_store.get(name), caller),
        "receipt": _received,
    },
)
handler = app.handler


@app.get("/v1/stock-alerts")
def alerts(query: AlertFilters, caller: Caller) -> http.Answer:
    scope = http.scope(caller, query)
    after = paging.position(query.cursor, scope)
    page, found = alert_store.listed(
        query.status, at=clock.stamp(clock.now()), limit=query.limit, after=after
    )
    return http.page(page, (one.model_dump(mode="json") for one in found), scope)


@app.get("/v1/stock-alerts/{alert_id}")
def alert(alert_id: str) -> http.Answer:
    return _alert(alert_store.get(alert_id))


@app.post("/v1/stock-alerts/{alert_id}/acknowledge")
def acknowledge(alert_id: str, request: NoteRequest, caller: Caller) -> http.Answer:
    note = request.reason
    return _alert(handling.step(alert_id, "acknowledge", caller, now=clock.now(), reason=note))


@app.post("/v1/stock-alerts/{alert_id}/snooze")
def snooze(alert_id: str, request: SnoozeRequest, caller: Caller) -> http.Answer:
    return _alert(handling.step(alert_id, "snooze", caller, now=clock.now(), hours=request.hours))


@app.post("/v1/stock-alerts/{alert_id}/dismiss")
def dismiss(alert_id: str, request: NoteRequest, caller: Caller) -> http.Answer:
    note = request.reason
    return _alert(handling.step(alert_id, "dismiss", caller, now=clock.now(), reason=note))


@app.get("/v1/purchase-suggestions")
def suggest(query: SuggestionFilters, caller: Caller) -> http.Answer:
    scope = http.scope(caller, query)
    page, found = suggestions.page(
        warehouse=query.warehouse,
        supplier=query.supplier,
        today=_today(),
        limit=query.limit,
        after=paging.position(query.cursor, scope),
    )
    rows = (one.model_dump(mode="json") | {"reason": one.reason(caller.language)} for one in found)
    return http.page(page, rows, scope)


@app.post("/v1/purchase-orders")
def place(request: PurchaseRequest, caller: Caller) -> http.Answer:
    return _order(purchase_orders.place(request, caller, now=clock.now()), caller, 201)


@app.get("/v1/purchase-orders")
def orders(query: PurchaseFilters, caller: Caller) -> http.Answer:
    scope, today = http.scope(caller, query), _today()
    page = purchase_store.listed(
        status=query.status,
        supplier=query.supplier,
        limit=query.limit,
        after=paging.position(query.cursor, scope),
    )
    rows = (_row(PurchaseOrder.model_validate(row), today) for row in page.rows)
    return http.page(page, rows, scope)


@app.get("/v1/purchase-orders/{order_id}")
def order(order_id: str, caller: Caller) -> http.Answer:
    return _order(purchase_store.get(order_id), caller)


@app.patch("/v1/purchase-orders/{order_id}")
def change(order_id: str, request: PurchaseChange, caller: Caller) -> http.Answer:
    return _order(purchase_orders.change(order_id, request, caller, now=clock.now()), caller)


@app.post("/v1/purchase-orders/{order_id}/receipts")
def receive(order_id: str, request: ReceiptRequest, caller: Caller) -> http.Answer:
    after, receipt = purchase_orders.receive(order_id, request, caller, now=clock.now())
    return http.Answer(_receipt(receipt, after, caller), 201)


@app.get("/v1/purchase-orders/{order_id}/receipts")
def receipts(order_id: str, query: Paged, caller: Caller) -> http.Answer:
    scope = f"{http.scope(caller, query)}|{order_id}"
    after = paging.position(query.cursor, scope)
    of_order = purchase_store.get(order_id)
    page = purchase_store.receipts(order_id, limit=query.limit, after=after)
    rows = (_receipt(Receipt.model_validate(row), of_order, caller) for row in page.rows)
    return http.page(page, rows, scope)


@app.post("/v1/purchase-orders/{order_id}/close")
def close(order_id: str, request: CloseRequest, caller: Caller) -> http.Answer:
    return _order(purchase_orders.close(order_id, request, caller, now=clock.now()), caller)


@app.post("/v1/purchase-orders/{order_id}/cancel")
def cancel(order_id: str, request: NoteRequest, caller: Caller) -> http.Answer:
    return _order(purchase_orders.cancel(order_id, request.reason, caller, now=clock.now()), caller)
