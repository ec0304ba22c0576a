"""HTTP /v1/customers: who buys, on which terms, with how much credit."""

from collections.abc import Callable
from datetime import date
from typing import Annotated

from pydantic import Field
from soms.billing.paper import account_papers, printing
from soms.billing.paper.account_papers import StatementPaper
from soms.billing.receivables import account_statements
from soms.catalog import store as catalog
from soms.catalog.commands import zone
from soms.customers import commands, endings, events, listing, references, store
from soms.customers.model import (
    Customer,
    CustomerChange,
    CustomerRequest,
    EraseRequest,
    MergeRequest,
    ReferenceChange,
)
from soms.kit import clock, http, journal, money, paging
from soms.kit.access import Caller
from soms.kit.fields import Code, Day, Request
from soms.kit.problems import Fault, Invalid, InvalidParameter, Problem, Words
from soms.reports import customer_view

INNER = {"said", "terms"}


class Customers(Request):
    """Filters of the customer list, one at a time."""

    q: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    salesperson: Code | None = None
    segment: Code | None = None
    limit: Annotated[int, Field(ge=1, le=paging.MOST)] = paging.USUAL
    cursor: str | None = None


class Entries(Request):
    """Where in a timeline to go on."""

    limit: Annotated[int, Field(ge=1, le=paging.MOST)] = paging.USUAL
    cursor: str | None = None


class Days(Request):
    """The days of a statement, both included: this month unless said."""

    since: Annotated[Day | None, Field(alias="from")] = None
    until: Annotated[Day | None, Field(alias="to")] = None


class Rest(Request):
    """Where in an export to go on."""

    cursor: str | None = None


def _shown(customer: Customer) -> dict[str, object]:
    shown = customer.model_dump(mode="json", exclude=INNER) | {"status": customer.status}
    if customer.credit_limit is not None:
        shown["credit_limit"] = money.text(customer.credit_limit, customer.currency)
    return shown


def _answer(customer: Customer, status: int = 200) -> http.Answer:
    return http.Answer(_shown(customer), status, customer.version)


def _seen(customer_id: str, caller: Caller) -> Customer:
    customer = store.get(customer_id)
    caller.require_sight(customer.salesperson)
    return customer


def _found(customer_id: str, caller: Caller) -> http.Answer:
    return _answer(_seen(customer_id, caller))


def _paper(printed: printing.Printed) -> http.Answer:
    return http.Answer(printing.shown(*printed), 201, version=1)


app = http.Resolver(
    "customers",
    replays={
        "customer": _found,
        "paper": lambda name, caller: _paper(printing.found(name, caller)),
    },
)
handler = app.handler


@app.post("/v1/customers")
def create(request: CustomerRequest, caller: Caller) -> http.Answer:
    customer, before = commands.create(request, caller, now=clock.now())
    return http.replayed(_answer(customer)) if before else _answer(customer, 201)


@app.get("/v1/customers")
def customers(query: Customers, caller: Caller) -> http.Answer:
    scope = http.scope(caller, query)
    found, end = listing.page(query, caller, paging.position(query.cursor, scope))
    return http.page(paging.Page((), end), (_shown(one) for one in found), scope)


@app.get("/v1/customers/{customer_id}")
def customer(customer_id: str, caller: Caller) -> http.Answer:
    return _found(customer_id, caller)


@app.get("/v1/customers/by-ref/{source}/{reference}")
def by_reference(source: str, reference: str, caller: Caller) -> http.Answer:
    customer = references.customer(source, reference)
    caller.require_sight(customer.salesperson)
    return _answer(customer)


@app.patch("/v1/customers/{customer_id}")
def change(customer_id: str, request: CustomerChange, caller: Caller) -> http.Answer:
    return _answer(commands.change(customer_id, request, caller, now=clock.now()))


@app.put("/v1/customers/{customer_id}/references/{source}")
def refer(customer_id: str, source: str, request: ReferenceChange, caller: Caller) -> http.Answer:
    return _answer(commands.refer(customer_id, source, request, caller, now=clock.now()))


@app.get("/v1/customers/{customer_id}/summary")
def summary(customer_id: str, caller: Caller) -> http.Answer:
    customer = _seen(customer_id, caller)
    return http.Answer({"customer": _shown(customer), **customer_view.summary(customer, now=clock.now())})


@app.get("/v1/customers/{customer_id}/statement")
def statement(customer_id: str, query: Days, caller: Caller) -> http.Answer:
    customer = _seen(customer_id, caller)
    since, until = _days(query, _wrong_parameter)
    found = account_statements.of_customer(customer, since, until)
    whose = {"id": customer.id, "name": customer.name}
    return http.Answer({"customer": whose, **account_statements.shown(found)})


@app.post("/v1/customers/{customer_id}/papers")
def print_paper(customer_id: str, request: StatementPaper, caller: Caller) -> http.Answer:
    customer = _seen(customer_id, caller)
    since, until = _days(request, _wrong_field)
    return _paper(account_papers.statement(customer, since, until, request.currency, caller, now=clock.now()))


def _days(said: Days | StatementPaper, refusal: Callable[[str, Words], Problem]) -> tuple[date, date]:
    """Return the days of a statement; where they cannot be, raise the refusal that names one."""
    today = clock.now().astimezone(zone(catalog.settings())).date()
    until = said.until or today
    since = said.since or until.replace(day=1)
    if until > today:
        raise refusal("to", ("this day has not come yet", "日期不得晚于今天"))
    if since > until:
        raise refusal("from", ("must not be after the last day", "不得晚于结束日期"))
    return since, until


def _wrong_parameter(name: str, words: Words) -> Problem:
    return InvalidParameter(faults=[Fault("too_late", words, parameter=name)])


def _wrong_field(name: str, words: Words) -> Problem:
    return Invalid(Fault("too_late", words, f"/{name}"))


@app.get("/v1/customers/{customer_id}/timeline")
def timeline(customer_id: str, query: Entries, caller: Caller) -> http.Answer:
    _seen(customer_id, caller)
    scope = f"{http.scope(caller, query)}|{customer_id}"
    before = paging.position(query.cursor, scope)
    found = journal.of_aggregate(events.aggregate(customer_id), before=before, limit=query.limit + 1)
    page = paging.merged([lambda: found], "at_key", query.limit)
    return http.page(page, (_entry(row) for row in page.rows), scope)


def _entry(row: dict[str, object]) -> dict[str, object]:
    shown = {name: row.get(name) for name in ("id", "event", "version", "reason", "changes")}
    return shown | {"by": row["name"], "at": str(row["at_key"]).split("#")[0]}


@app.post("/v1/customers/{customer_id}/merge")
def merge(customer_id: str, request: MergeRequest, caller: Caller) -> http.Answer:
    return _answer(endings.merge(customer_id, request.into, caller, now=clock.now()))


@app.post("/v1/customers/{customer_id}/export", keyed=False)
def export(customer_id: str, query: Rest, caller: Caller) -> http.Answer:
    customer = _seen(customer_id, caller)
    scope = f"{http.scope(caller, query)}|{customer_id}"
    held, end = customer_view.everything(customer, after=paging.position(query.cursor, scope))
    shown = {"customer": _shown(customer), **held, "next_cursor": paging.cursor(end, scope)}
    return http.Answer(shown, 200, customer.version)


@app.post("/v1/customers/{customer_id}/erase")
def erase(customer_id: str, request: EraseRequest, caller: Caller) -> http.Answer:
    customer, remaining = endings.erase(customer_id, request.reason, caller, now=clock.now())
    return http.Answer({**_shown(customer), "remaining": remaining}, 200, customer.version)
