"""HTTP /v1/orders, /v1/shipments, /v1/returns, /v1/approvals: the whole life of an order."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field
from soms.billing.paper import printing
from soms.kit import clock, http, journal, paging
from soms.kit.access import Caller
from soms.kit.fields import Request
from soms.orders import (
    changing,
    deciding,
    holding,
    listing,
    parts,
    placing,
    promising,
    quoting,
    returning,
    shipping,
    shown,
    store,
    validating,
)
from soms.orders.model import Hold, Order, Return, Shipment, Status
from soms.orders.requests import (
    AmendRequest,
    AnyBody,
    BatchRequest,
    CancelRequest,
    CarrierNews,
    HoldRequest,
    InspectRequest,
    Justified,
    OrderRequest,
    QuoteRequest,
    Reasoned,
    ReceiveRequest,
    ResolveRequest,
    ReturnRequest,
    ShipRequest,
)

ORDER_PAPERS = {"order_confirmation": printing.order_confirmation}
SHIPMENT_PAPERS = {"delivery_note": printing.delivery_note}
Limit = Annotated[int, Field(ge=1, le=paging.MOST)]


class Orders(Request):
    """Filters of the order list; at most one beside the days."""

    status: Status | None = None
    customer_id: str | None = None
    salesperson: str | None = None
    number: str | None = None
    placed_from: date | None = None
    placed_to: date | None = None
    limit: Limit = paging.USUAL
    cursor: str | None = None


class Entries(Request):
    """Where in a list to go on."""

    limit: Limit = paging.USUAL
    cursor: str | None = None


class OrderPaper(Request):
    """Which paper of an order is to be printed."""

    kind: Literal["order_confirmation"]


class ShipmentPaper(Request):
    """Which paper of a shipment is to be printed."""

    kind: Literal["delivery_note"]


class AmendQuery(Request):
    """Whether an amendment is only to be looked at."""

    preview: bool = False


def _answer(order: Order, caller: Caller, status: int = 200) -> http.Answer:
    return http.Answer(shown.order(order, caller, clock.now()), status, order.version, order.settled)


def _seen(order_id: str, caller: Caller) -> Order:
    order = store.get(order_id)
    caller.require_sight(order.salesperson)
    return order


def _found(order_id: str, caller: Caller) -> http.Answer:
    order = _seen(order_id, caller)
    body = shown.order(order, caller, clock.now(), promising.expected(order))
    return http.Answer(body, 200, order.version, order.settled)


def _hold(hold: Hold) -> http.Answer:
    return http.Answer(hold, 201)


def _held(name: str, caller: Caller) -> http.Answer:
    """Answer a repeated hold: as it is, or that it was released meanwhile."""
    order_id, _, hold_id = name.partition("/")
    found = next((one for one in _seen(order_id, caller).holds if one.id == hold_id), None)
    return _hold(found) if found else http.Answer({"id": hold_id, "released": True}, 201)


def _shipment(shipment: Shipment, status: int = 200) -> http.Answer:
    return http.Answer(shipment, status, shipment.version)


def _sent(shipment_id: str, caller: Caller) -> http.Answer:
    shipment = parts.shipment(shipment_id)
    _seen(shipment.order_id, caller)
    return _shipment(shipment)


def _return(returned: Return, status: int = 200) -> http.Answer:
    return http.Answer(shown.returned(returned), status, returned.version)


def _came(return_id: str, caller: Caller) -> http.Answer:
    returned = parts.returned(return_id)
    _seen(returned.order_id, caller)
    return _return(returned)


def _paper(printed: printing.Printed) -> http.Answer:
    return http.Answer(printing.shown(*printed), 201, version=1)


app = http.Resolver(
    "orders",
    replays={
        "order": _found,
        "hold": _held,
        "shipment": _sent,
        "shipment_news": _sent,
        "return": _came,
        "paper": lambda name, caller: _paper(printing.found(name, caller)),
    },
)
handler = app.handler


@app.post("/v1/orders")
def place(request: OrderRequest, caller: Caller) -> http.Answer:
    order, before = placing.place(request, caller, now=clock.now())
    return http.replayed(_answer(order, caller)) if before else _answer(order, caller, 201)


@app.post("/v1/orders/batch")
def place_batch(request: BatchRequest, caller: Caller) -> http.Answer:
    bodies = tuple(one.root for one in request.orders)
    outcomes = validating.place_each(bodies, caller, now=clock.now())
    return http.Answer({"results": [_outcome(*one, caller) for one in enumerate(outcomes)]})


def _outcome(index: int, outcome: validating.Outcome, caller: Caller) -> dict[str, object]:
    if outcome.problem:
        place = f"/v1/orders/batch#/orders/{index}"
        told = outcome.problem.told(caller.language, instance=place, request_id=caller.request_id)
        return {"index": index, "status": outcome.problem.status, "problem": told}
    status = 200 if outcome.replayed else 201
    order = shown.order(outcome.order, caller, clock.now()) if outcome.order else None
    return {"index": index, "status": status, "replayed": outcome.replayed, "order": order}


@app.post("/v1/order-validations", keyed=False)
def validate(request: AnyBody, caller: Caller) -> http.Answer:
    now = clock.now()
    verdict = validating.validate(request.root, caller, now=now)
    body = {
        "valid": not verdict.faults,
        "errors": [fault.told(caller.language) for fault in verdict.faults],
        "order": shown.imagined(verdict.order, caller, now) if verdict.order else None,
        "approvals": shown.rules(verdict.asked, caller),
    }
    return http.Answer(body)


@app.get("/v1/orders")
def orders(query: Orders, caller: Caller) -> http.Answer:
    scope = http.scope(caller, query)
    page = listing.page(query, caller, paging.position(query.cursor, scope))
    return http.page(page, (shown.row(row, caller) for row in page.rows), scope)


@app.get("/v1/orders/{order_id}")
def order(order_id: str, caller: Caller) -> http.Answer:
    return _found(order_id, caller)


@app.get("/v1/orders/by-ref/{source}/{reference}")
def by_reference(source: str, reference: str, caller: Caller) -> http.Answer:
    return _found(store.id_of_reference(source, reference), caller)


@app.patch("/v1/orders/{order_id}")
def amend(order_id: str, request: AmendRequest, query: AmendQuery, caller: Caller) -> http.Answer:
    now = clock.now()
    if query.preview:
        seen = changing.preview(order_id, request, caller, now=now)
        return http.Answer(shown.preview(seen, caller, now))
    return _answer(changing.amend(order_id, request, caller, now=now), caller)


@app.get("/v1/orders/{order_id}/versions")
def versions(order_id: str, caller: Caller) -> http.Answer:
    order, now = _seen(order_id, caller), clock.now()
    held = [shown.order(one, caller, now) for one in (order, *parts.versions(order))]
    for one in held:
        del one["allowed"]
    return http.Answer({"data": held, "next_cursor": None})


@app.get("/v1/orders/{order_id}/timeline")
def timeline(order_id: str, query: Entries, caller: Caller) -> http.Answer:
    _seen(order_id, caller)
    scope = f"{http.scope(caller, query)}|{order_id}"
    before = paging.position(query.cursor, scope)
    found = journal.of_aggregate(f"order#{order_id}", before=before, limit=query.limit + 1)
    page = paging.merged([lambda: found], "at_key", query.limit)
    return http.page(page, (shown.entry(row, caller) for row in page.rows), scope)


@app.post("/v1/orders/{order_id}/quote")
def quote(order_id: str, request: QuoteRequest, caller: Caller) -> http.Answer:
    return _answer(quoting.quote(order_id, request, caller, now=clock.now()), caller)


@app.post("/v1/orders/{order_id}/revise")
def revise(order_id: str, request: Reasoned, caller: Caller) -> http.Answer:
    return _answer(quoting.revise(order_id, request, caller, now=clock.now()), caller)


@app.post("/v1/orders/{order_id}/accept")
def accept(order_id: str, request: Reasoned, caller: Caller) -> http.Answer:
    return _answer(quoting.accept(order_id, request, caller, now=clock.now()), caller)


@app.post("/v1/orders/{order_id}/lose")
def lose(order_id: str, request: Reasoned, caller: Caller) -> http.Answer:
    return _answer(quoting.lose(order_id, request, caller, now=clock.now()), caller)


@app.post("/v1/orders/{order_id}/confirm")
def confirm(order_id: str, request: Reasoned, caller: Caller) -> http.Answer:
    return _answer(quoting.confirm(order_id, request, caller, now=clock.now()), caller)


@app.post("/v1/orders/{order_id}/discard")
def discard(order_id: str, request: Reasoned, caller: Caller) -> http.Answer:
    return _answer(quoting.discard(order_id, request, caller, now=clock.now()), caller)


@app.post("/v1/orders/{order_id}/approve")
def approve(order_id: str, request: Reasoned, caller: Caller) -> http.Answer:
    return _answer(deciding.approve(order_id, request, caller, now=clock.now()), caller)


@app.post("/v1/orders/{order_id}/reject")
def reject(order_id: str, request: Justified, caller: Caller) -> http.Answer:
    return _answer(deciding.reject(order_id, request, caller, now=clock.now()), caller)


@app.post("/v1/orders/{order_id}/recall")
def recall(order_id: str, request: Justified, caller: Caller) -> http.Answer:
    return _answer(deciding.recall(order_id, request, caller, now=clock.now()), caller)


@app.get("/v1/orders/{order_id}/approvals")
def approvals(order_id: str, caller: Caller) -> http.Answer:
    _seen(order_id, caller)
    held = [shown.approval(one, caller) for one in parts.approvals(order_id)]
    return http.Answer({"data": held, "next_cursor": None})


@app.get("/v1/approvals")
def waiting(query: Entries, caller: Caller) -> http.Answer:
    scope = http.scope(caller, query)
    page = parts.waiting(limit=query.limit, after=paging.position(query.cursor, scope))
    mine = (shown.waiting_row(row) for row in page.rows if deciding.may_decide(row, caller))
    return http.page(page, mine, scope)


@app.post("/v1/orders/{order_id}/cancel")
def cancel(order_id: str, request: CancelRequest, caller: Caller) -> http.Answer:
    return _answer(changing.cancel(order_id, request, caller, now=clock.now()), caller)


@app.post("/v1/orders/{order_id}/close")
def close(order_id: str, request: Reasoned, caller: Caller) -> http.Answer:
    return _answer(changing.close(order_id, request, caller, now=clock.now()), caller)


@app.post("/v1/orders/{order_id}/reopen")
def reopen(order_id: str, request: Reasoned, caller: Caller) -> http.Answer:
    return _answer(changing.reopen(order_id, request, caller, now=clock.now()), caller)


@app.post("/v1/orders/{order_id}/holds")
def hold(order_id: str, request: HoldRequest, caller: Caller) -> http.Answer:
    _, made = holding.hold(order_id, request, caller, now=clock.now())
    return _hold(made)


@app.post("/v1/orders/{order_id}/holds/{hold_id}/release")
def release(order_id: str, hold_id: str, request: Reasoned, caller: Caller) -> http.Answer:
    return _answer(holding.release(order_id, hold_id, request, caller, now=clock.now()), caller)


@app.post("/v1/orders/{order_id}/shipments")
def ship(order_id: str, request: ShipRequest, caller: Caller) -> http.Answer:
    _, shipment = shipping.ship(order_id, request, caller, now=clock.now())
    return _shipment(shipment, 201)


@app.get("/v1/orders/{order_id}/shipments")
def shipments(order_id: str, caller: Caller) -> http.Answer:
    _seen(order_id, caller)
    return http.Answer({"data": parts.shipments(order_id), "next_cursor": None})


@app.get("/v1/shipments/{shipment_id}")
def shipment(shipment_id: str, caller: Caller) -> http.Answer:
    return _sent(shipment_id, caller)


@app.post("/v1/orders/{order_id}/documents")
def print_for_order(order_id: str, request: OrderPaper, caller: Caller) -> http.Answer:
    return _paper(ORDER_PAPERS[request.kind](order_id, caller, now=clock.now()))


@app.post("/v1/shipments/{shipment_id}/documents")
def print_for_shipment(shipment_id: str, request: ShipmentPaper, caller: Caller) -> http.Answer:
    return _paper(SHIPMENT_PAPERS[request.kind](shipment_id, caller, now=clock.now()))


@app.post("/v1/shipments/{shipment_id}/events")
def hear(shipment_id: str, request: CarrierNews, caller: Caller) -> http.Answer:
    return _shipment(shipping.hear(shipment_id, request, caller, now=clock.now()))


@app.post("/v1/orders/{order_id}/returns")
def ask_return(order_id: str, request: ReturnRequest, caller: Caller) -> http.Answer:
    _, made = returning.ask(order_id, request, caller, now=clock.now())
    return _return(made, 201)


@app.get("/v1/orders/{order_id}/returns")
def returns(order_id: str, caller: Caller) -> http.Answer:
    _seen(order_id, caller)
    rows = [shown.returned(one) for one in parts.returns(order_id)]
    return http.Answer({"data": rows, "next_cursor": None})


@app.get("/v1/returns/{return_id}")
def returned(return_id: str, caller: Caller) -> http.Answer:
    return _came(return_id, caller)


@app.post("/v1/returns/{return_id}/approve")
def approve_return(return_id: str, request: Reasoned, caller: Caller) -> http.Answer:
    return _return(returning.approve(return_id, request, caller, now=clock.now()))


@app.post("/v1/returns/{return_id}/reject")
def reject_return(return_id: str, request: Justified, caller: Caller) -> http.Answer:
    return _return(returning.reject(return_id, Reasoned(reason=request.reason), caller, now=clock.now()))


@app.post("/v1/returns/{return_id}/cancel")
def cancel_return(return_id: str, request: Reasoned, caller: Caller) -> http.Answer:
    return _return(returning.cancel(return_id, request, caller, now=clock.now()))


@app.post("/v1/returns/{return_id}/receive")
def receive(return_id: str, request: ReceiveRequest, caller: Caller) -> http.Answer:
    return _return(returning.receive(return_id, request, caller, now=clock.now()))


@app.post("/v1/returns/{return_id}/inspect")
def inspect(return_id: str, request: InspectRequest, caller: Caller) -> http.Answer:
    return _return(returning.inspect(return_id, request, caller, now=clock.now()))


@app.post("/v1/returns/{return_id}/resolve")
def resolve(return_id: str, request: ResolveRequest, caller: Caller) -> http.Answer:
    return _return(returning.resolve(return_id, request, caller, now=clock.now()))
