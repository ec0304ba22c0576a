"""HTTP /v1/payments, /v1/refunds, /v1/write-offs: money that came in, and what is given up."""

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field
from soms.billing import balances, shown
from soms.billing.cash import (
    allocating,
    bouncing,
    collecting,
    refunding,
    refunds,
    using_credit,
    writing_off,
)
from soms.billing.cash.credit_use import CreditUse
from soms.billing.cash.payment import AllocateRequest, BounceRequest, Payment, PaymentRequest
from soms.billing.cash.refund import CustomerRefundRequest, DecisionRequest, Refund, RefundRequest, Status
from soms.billing.cash.write_off import ReverseRequest, WriteOff
from soms.billing.paper import printing
from soms.kit import clock, http, items, paging
from soms.kit.access import Caller
from soms.kit.fields import Request
from soms.kit.problems import FilterUnsupported

CREATED = 201
PAPERS = {"receipt": printing.receipt}


class Payments(Request):
    """Filters of the payment list: a customer's, of a status, or the one with a method's reference."""

    customer_id: str | None = None
    status: Literal["unapplied", "received", "bounced", "applied"] | None = None
    method: str | None = None
    reference: str | None = None
    limit: Annotated[int, Field(ge=1, le=paging.MOST)] = paging.USUAL
    cursor: str | None = None


class PrintRequest(Request):
    """Which paper of a payment is to be printed."""

    kind: Literal["receipt"]


class Refunds(Request):
    """Filters of the list of refunds; one at a time."""

    customer_id: str | None = None
    status: Status | None = None
    limit: Annotated[int, Field(ge=1, le=paging.MOST)] = paging.USUAL
    cursor: str | None = None


def _payment(payment: Payment | CreditUse) -> http.Answer:
    if isinstance(payment, CreditUse):
        return http.Answer(shown.payment(payment), version=1)
    return http.Answer(shown.payment(payment), version=payment.version, settled=payment.seq)


def _recorded(row: items.Item) -> Payment | CreditUse:
    return balances.credit_use_of(row) or Payment.model_validate(row)


def _paper(printed: printing.Printed) -> http.Answer:
    return http.Answer(printing.shown(*printed), status=CREATED, version=1)


def _refund(refund: Refund) -> http.Answer:
    return http.Answer(shown.refund(refund), version=refund.version)


def _made(refund: Refund, *, known: bool) -> http.Answer:
    return http.replayed(_refund(refund)) if known else replace(_refund(refund), status=CREATED)


def _write_off(found: WriteOff) -> http.Answer:
    return http.Answer(shown.write_off(found), version=1, settled=found.item.seq)


app = http.Resolver(
    "payments",
    replays={
        "paper": lambda name, caller: _paper(printing.found(name, caller)),
        "payment": lambda name, _caller: _payment(balances.money_or_credit(name)),
        "write_off": lambda name, _caller: _write_off(writing_off.get(name)),
        "refund": lambda name, _caller: _refund(refunds.get(name)),
    },
)
handler = app.handler


@app.post("/v1/payments")
def pay(request: PaymentRequest, caller: Caller) -> http.Answer:
    payment: Payment | CreditUse
    if request.method == collecting.CREDIT:
        payment, known = using_credit.pay(request, caller, now=clock.now())
    else:
        payment, known = collecting.pay(request, caller, now=clock.now())
    return http.replayed(_payment(payment)) if known else replace(_payment(payment), status=CREATED)


@app.get("/v1/payments")
def payments(query: Payments, caller: Caller) -> http.Answer:
    named = query.method, query.reference
    if sum((bool(query.customer_id), bool(query.status), any(named))) > 1 or any(named) != all(named):
        raise FilterUnsupported
    scope = http.scope(caller, query)
    if query.method and query.reference:
        page = balances.payment_by(collecting.id_of(query.method, query.reference))
    else:
        after = paging.position(query.cursor, scope)
        page = balances.payments_of(query.customer_id, limit=query.limit, after=after, status=query.status)
    found = [one for one in map(_recorded, page.rows) if caller.may_see(one.salesperson)]
    return http.page(page, [shown.payment(one) for one in found], scope)


@app.get("/v1/payments/{payment_id}")
def payment(payment_id: str, caller: Caller) -> http.Answer:
    found = balances.money_or_credit(payment_id)
    caller.require_sight(found.salesperson)
    return _payment(found)


@app.post("/v1/payments/{payment_id}/allocations")
def allocate(payment_id: str, request: AllocateRequest, caller: Caller) -> http.Answer:
    return _payment(allocating.allocate(payment_id, request, caller, now=clock.now()))


@app.post("/v1/payments/{payment_id}/bounce")
def bounce(payment_id: str, request: BounceRequest, caller: Caller) -> http.Answer:
    return _payment(bouncing.bounce(payment_id, request, caller, now=clock.now()))


@app.post("/v1/payments/{payment_id}/refunds")
def refund(payment_id: str, request: RefundRequest, caller: Caller) -> http.Answer:
    made, known = refunding.refund(payment_id, request, caller, now=clock.now())
    return _made(made, known=known)


@app.post("/v1/refunds")
def refund_customer(request: CustomerRefundRequest, caller: Caller) -> http.Answer:
    made, known = refunding.refund_customer(request, caller, now=clock.now())
    return _made(made, known=known)


@app.get("/v1/refunds")
def listed_refunds(query: Refunds, caller: Caller) -> http.Answer:
    if query.customer_id and query.status:
        raise FilterUnsupported
    scope = http.scope(caller, query)
    page = refunds.listed(
        customer_id=query.customer_id,
        status=query.status,
        limit=query.limit,
        after=paging.position(query.cursor, scope),
    )
    found = [Refund.model_validate(row) for row in page.rows]
    return http.page(page, [shown.refund(one) for one in found if caller.may_see(one.salesperson)], scope)


@app.get("/v1/refunds/{refund_id}")
def shown_refund(refund_id: str, caller: Caller) -> http.Answer:
    found = refunds.get(refund_id)
    caller.require_sight(found.salesperson)
    return _refund(found)


@app.post("/v1/refunds/{refund_id}/approve")
def approve(refund_id: str, request: DecisionRequest, caller: Caller) -> http.Answer:
    return _refund(refunding.decide_on(refund_id, "approve", request, caller, now=clock.now()))


@app.post("/v1/refunds/{refund_id}/reject")
def reject(refund_id: str, request: DecisionRequest, caller: Caller) -> http.Answer:
    return _refund(refunding.decide_on(refund_id, "reject", request, caller, now=clock.now()))


@app.get("/v1/write-offs/{write_off_id}")
def shown_write_off(write_off_id: str, caller: Caller) -> http.Answer:
    found = writing_off.get(write_off_id)
    caller.require_sight(found.item.salesperson)
    return _write_off(found)


@app.post("/v1/write-offs/{write_off_id}/reverse")
def reverse(write_off_id: str, request: ReverseRequest, caller: Caller) -> http.Answer:
    return _write_off(writing_off.reverse(write_off_id, request, caller, now=clock.now()))


@app.post("/v1/payments/{payment_id}/documents")
def print_paper(payment_id: str, request: PrintRequest, caller: Caller) -> http.Answer:
    return _paper(PAPERS[request.kind](payment_id, caller, now=clock.now()))
