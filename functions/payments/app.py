"""HTTP /v1/payments: money that came in, and what becomes of it."""

from dataclasses import replace
from typing import Annotated

from pydantic import Field
from soms.billing import allocating, balances, collecting, shown
from soms.billing.payment import AllocateRequest, Payment, PaymentRequest
from soms.kit import clock, http, paging
from soms.kit.access import Caller
from soms.kit.fields import Request

CREATED = 201


class Payments(Request):
    """Filters of the payment list."""

    customer_id: str
    limit: Annotated[int, Field(ge=1, le=paging.MOST)] = paging.USUAL
    cursor: str | None = None


def _payment(payment: Payment) -> http.Answer:
    return http.Answer(shown.payment(payment), version=payment.version, settled=payment.seq)


app = http.Resolver("payments", replays={"payment": lambda name, _caller: _payment(balances.payment(name))})
handler = app.handler


@app.post("/v1/payments")
def pay(request: PaymentRequest, caller: Caller) -> http.Answer:
    payment, known = collecting.pay(request, caller, now=clock.now())
    return http.replayed(_payment(payment)) if known else replace(_payment(payment), status=CREATED)


@app.get("/v1/payments")
def payments(query: Payments, caller: Caller) -> http.Answer:
    scope = http.scope(caller, query)
    after = paging.position(query.cursor, scope)
    page = balances.payments_of(query.customer_id, limit=query.limit, after=after)
    found = [Payment.model_validate(row) for row in page.rows]
    return http.page(page, [shown.payment(one) for one in found if caller.may_see(one.salesperson)], scope)


@app.get("/v1/payments/{payment_id}")
def payment(payment_id: str, caller: Caller) -> http.Answer:
    found = balances.payment(payment_id)
    caller.require_sight(found.salesperson)
    return _payment(found)


@app.post("/v1/payments/{payment_id}/allocations")
def allocate(payment_id: str, request: AllocateRequest, caller: Caller) -> http.Answer:
    return _payment(allocating.allocate(payment_id, request, caller, now=clock.now()))
