"""HTTP /v1/invoices, /v1/credit-notes, /v1/invoice-series, /v1/papers: what was billed and printed."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import Field
from soms.billing import balances, files, shown, store
from soms.billing.cash import collecting, writing_off
from soms.billing.cash.write_off import WriteOff, WriteOffRequest
from soms.billing.documents import crediting, invoicing, listing, planning
from soms.billing.documents.creditable import CreditRequest
from soms.billing.documents.instalments import PlanRequest
from soms.billing.documents.proof import proof
from soms.billing.model import Document, DocumentKind, File, OpenItem
from soms.billing.paper import printing
from soms.billing.receivables import dunning_notes
from soms.billing.receivables.dunning_notes import DisputeRequest, PromiseRequest
from soms.kit import clock, http, paging
from soms.kit.access import Caller
from soms.kit.fields import Request
from soms.kit.problems import FilterUnsupported, NotFound, Problem
from soms.orders import store as orders

CREATED = 201


class DocumentPending(Problem):
    """The file is being made."""

    status = 409
    code = "document_pending"
    title = ("The file is being made", "文件生成中")
    detail = ("Ask again in a moment.", "请稍后再试。")


class Invoices(Request):
    """Filters of the invoice list; one at a time."""

    order_id: str | None = None
    customer_id: str | None = None
    status: Literal["open", "paid", "credited"] | None = None
    due_before: date | None = None
    limit: Annotated[int, Field(ge=1, le=paging.MOST)] = paging.USUAL
    cursor: str | None = None


class CreditNotes(Request):
    """Filters of the credit note list; one at a time."""

    order_id: str | None = None
    customer_id: str | None = None
    invoice_id: str | None = None
    series: str | None = None
    limit: Annotated[int, Field(ge=1, le=paging.MOST)] = paging.USUAL
    cursor: str | None = None


class FileQuery(Request):
    """Which file of a document."""

    format: Literal["pdf", "xml"] = "pdf"


def _document(document_id: str, caller: Caller, kind: DocumentKind) -> http.Answer:
    document, found, owed = store.document(document_id)
    if document.kind is not kind:
        raise NotFound
    _require_sight(document, owed, caller)
    body = document.model_dump(mode="json", exclude_none=True) | {"documents": _files(found)}
    body["customer"] = {"id": document.customer_id, "name": document.buyer.name}
    if owed:
        body |= shown.owed(owed)
    return http.Answer(body, version=1, settled=owed.seq if owed else 0)


def _credit_note(document_id: str, caller: Caller) -> http.Answer:
    return _document(document_id, caller, DocumentKind.CREDIT_NOTE)


def _files(found: dict[str, File]) -> dict[str, object]:
    return {name: found[name].model_dump() if name in found else None for name in ("pdf", "xml")}


def _series(name: str) -> str:
    """Return the name of a series; without a year the one of the company's current year."""
    return name if "-" in name else invoicing.series_id(name, collecting.facts(clock.now()).today)


def _require_sight(document: Document, owed: OpenItem | None, caller: Caller) -> None:
    if caller.sees_only_own():
        salesperson = owed.salesperson if owed else orders.get(document.order_id).salesperson
        caller.require_sight(salesperson)


def _file(document_id: str, query: FileQuery, caller: Caller) -> http.Answer:
    document, found, owed = store.document(document_id)
    _require_sight(document, owed, caller)
    return _link(found.get(query.format))


def _link(file: File | None) -> http.Answer:
    if file is None:
        raise DocumentPending(retry_after=2)
    expires = clock.stamp(clock.now() + timedelta(seconds=files.LONGEST_URL))
    url = files.presigned(file)
    body = {"url": url, "expires_at": expires, "sha256": file.sha256, "bytes": file.bytes}
    return http.Answer(body)


def _write_off(found: WriteOff) -> http.Answer:
    return http.Answer(shown.write_off(found), version=1, settled=found.item.seq)


def _invoice(invoice_id: str, caller: Caller) -> http.Answer:
    return _document(invoice_id, caller, DocumentKind.INVOICE)


app = http.Resolver(
    "billing",
    replays={
        "write_off": lambda name, _caller: _write_off(writing_off.get(name)),
        "credit_note": _credit_note,
        "invoice": _invoice,
    },
)
handler = app.handler


@app.get("/v1/invoices")
def invoices(query: Invoices, caller: Caller) -> http.Answer:
    given = [query.order_id, query.customer_id, query.status, query.due_before]
    if sum(one is not None for one in given) > 1:
        raise FilterUnsupported
    scope = http.scope(caller, query)
    after = paging.position(query.cursor, scope)
    if query.order_id:
        found = balances.open_items(store.billing(query.order_id).invoices)
        return http.page(paging.Page([], None), _visible(found, caller), scope)
    page = balances.invoices(
        customer_id=query.customer_id,
        status=query.status,
        due_before=query.due_before,
        limit=query.limit,
        after=after,
    )
    return http.page(page, _visible([balances.open_item_of(row) for row in page.rows], caller), scope)


def _visible(found: list[OpenItem], caller: Caller) -> list[dict[str, object]]:
    return [shown.owed(item) for item in found if caller.may_see(item.salesperson)]


@app.get("/v1/invoices/{invoice_id}")
def invoice(invoice_id: str, caller: Caller) -> http.Answer:
    return _invoice(invoice_id, caller)


@app.get("/v1/invoices/{invoice_id}/document")
def invoice_file(invoice_id: str, query: FileQuery, caller: Caller) -> http.Answer:
    return _file(invoice_id, query, caller)


@app.post("/v1/invoices/{invoice_id}/write-offs")
def give_up(invoice_id: str, request: WriteOffRequest, caller: Caller) -> http.Answer:
    made = writing_off.give_up(invoice_id, request, caller, now=clock.now())
    return replace(_write_off(made), status=writing_off.CREATED)


@app.post("/v1/invoices/{invoice_id}/credit-notes")
def credit(invoice_id: str, request: CreditRequest, caller: Caller) -> http.Answer:
    made = crediting.credit(invoice_id, request, caller, now=clock.now())
    return replace(_credit_note(made.id, caller), status=CREATED)


@app.put("/v1/invoices/{invoice_id}/instalments")
def plan(invoice_id: str, request: PlanRequest, caller: Caller) -> http.Answer:
    planning.plan(invoice_id, request, caller, now=clock.now())
    return _invoice(invoice_id, caller)


@app.post("/v1/invoices/{invoice_id}/dispute")
def dispute(invoice_id: str, request: DisputeRequest, caller: Caller) -> http.Answer:
    dunning_notes.dispute(invoice_id, request, caller, now=clock.now())
    return _invoice(invoice_id, caller)


@app.post("/v1/invoices/{invoice_id}/dispute/resolve")
def resolve(invoice_id: str, caller: Caller) -> http.Answer:
    dunning_notes.resolve(invoice_id, caller, now=clock.now())
    return _invoice(invoice_id, caller)


@app.post("/v1/invoices/{invoice_id}/promise")
def promise(invoice_id: str, request: PromiseRequest, caller: Caller) -> http.Answer:
    dunning_notes.promise(invoice_id, request, caller, now=clock.now())
    return _invoice(invoice_id, caller)


@app.get("/v1/credit-notes")
def credit_notes(query: CreditNotes, caller: Caller) -> http.Answer:
    given = [name for name in ("order_id", "customer_id", "invoice_id", "series") if getattr(query, name)]
    if len(given) > 1:
        raise FilterUnsupported
    scope = http.scope(caller, query)
    limit, after = query.limit, paging.position(query.cursor, scope)
    if query.order_id:
        page, found = listing.of_order(query.order_id, limit=limit, after=after)
    elif query.customer_id:
        page, found = listing.of_customer(query.customer_id, limit=limit, after=after)
    elif query.invoice_id:
        page, found = listing.of_invoice(query.invoice_id, limit=limit, after=after)
    else:
        series = [_series(query.series)] if query.series else listing.names(DocumentKind.CREDIT_NOTE)
        page, found = listing.of_series(series, limit=limit, after=after)
    return http.page(page, listing.visible(found, caller), scope)


@app.get("/v1/credit-notes/{credit_note_id}")
def credit_note(credit_note_id: str, caller: Caller) -> http.Answer:
    return _credit_note(credit_note_id, caller)


@app.get("/v1/credit-notes/{credit_note_id}/document")
def credit_note_file(credit_note_id: str, query: FileQuery, caller: Caller) -> http.Answer:
    return _file(credit_note_id, query, caller)


@app.get("/v1/papers/{paper_id}")
def paper(paper_id: str, caller: Caller) -> http.Answer:
    return http.Answer(printing.shown(*printing.found(paper_id, caller)), version=1)


@app.get("/v1/papers/{paper_id}/document")
def paper_file(paper_id: str, caller: Caller) -> http.Answer:
    _, file = printing.found(paper_id, caller)
    return _link(file)


@app.get("/v1/invoice-series")
def all_series() -> http.Answer:
    return http.Answer({"data": [listing.series_row(one) for one in listing.series()], "next_cursor": None})


@app.get("/v1/invoice-series/{series}/proof")
def series_proof(series: str) -> http.Answer:
    name = _series(series)
    found = proof(name, store.numbers(name))
    if not found["count"]:
        raise NotFound
    return http.Answer(found)
