"""HTTP /v1/customers: who buys, on which terms, with how much credit."""

from typing import Annotated

from pydantic import Field
from soms.customers import commands, store
from soms.customers.model import Customer, CustomerChange, CustomerRequest
from soms.kit import clock, http, money, paging
from soms.kit.access import Caller
from soms.kit.fields import Code, Request


class Customers(Request):
    """Filters of the customer list."""

    salesperson: Code | None = None
    limit: Annotated[int, Field(ge=1, le=paging.MOST)] = paging.USUAL
    cursor: str | None = None


def _shown(customer: Customer) -> dict[str, object]:
    shown = customer.model_dump(mode="json", exclude={"said"})
    if customer.credit_limit is not None:
        shown["credit_limit"] = money.text(customer.credit_limit, customer.currency)
    return shown


def _answer(customer: Customer, status: int = 200) -> http.Answer:
    return http.Answer(_shown(customer), status, customer.version)


def _found(customer_id: str, caller: Caller) -> http.Answer:
    customer = store.get(customer_id)
    caller.require_sight(customer.salesperson)
    return _answer(customer)


app = http.Resolver("customers", replays={"customer": _found})
handler = app.handler


@app.post("/v1/customers")
def create(request: CustomerRequest, caller: Caller) -> http.Answer:
    customer, before = commands.create(request, caller, now=clock.now())
    return http.replayed(_answer(customer)) if before else _answer(customer, 201)


@app.get("/v1/customers")
def customers(query: Customers, caller: Caller) -> http.Answer:
    salesperson = caller.name if caller.sees_only_own() else query.salesperson
    scope = http.scope(caller, query)
    after = paging.position(query.cursor, scope)
    page = store.listed(salesperson=salesperson, limit=query.limit, after=after)
    return http.page(page, (_shown(Customer.model_validate(row)) for row in page.rows), scope)


@app.get("/v1/customers/{customer_id}")
def customer(customer_id: str, caller: Caller) -> http.Answer:
    return _found(customer_id, caller)


@app.patch("/v1/customers/{customer_id}")
def change(customer_id: str, request: CustomerChange, caller: Caller) -> http.Answer:
    return _answer(commands.change(customer_id, request, caller, now=clock.now()))
