"""HTTP /v1/tax-invoices: what the tax platform is to issue, is issuing and has issued, and its files."""

from datetime import timedelta
from typing import Annotated, get_args

from pydantic import Field
from soms.billing import files
from soms.billing.fapiao import commands, lifecycle, platforms, requesting, store
from soms.billing.fapiao.model import (
    ApplyRequest,
    ConfirmRequest,
    Fapiao,
    FapiaoRequest,
    Format,
    State,
    SubmitRequest,
    WithdrawRequest,
    fapiao_id,
)
from soms.kit import clock, http, money, paging
from soms.kit.access import Caller
from soms.kit.fields import Code, Request
from soms.kit.problems import FilterUnsupported, Problem

INNER = {"settled", "looks", "due_at", "reds"}
STATES: tuple[State, ...] = get_args(State)


class TaxFilePending(Problem):
    """The platform has not issued it, or has the file not ready."""

    status = 409
    code = "tax_file_pending"
    title = ("There is no such file yet", "文件尚未生成")
    detail = (
        "The tax platform has not issued it or has not made the file; `refresh` asks again.",
        "税务平台尚未开具或尚未生成文件，可用 refresh 再次查询。",
    )


class TaxInvoices(Request):
    """Filters of the tax invoices; one at a time."""

    state: State | None = None
    invoice_id: Code | None = None
    limit: Annotated[int, Field(ge=1, le=paging.MOST)] = paging.USUAL
    cursor: str | None = None


class FileQuery(Request):
    """Which file of a tax invoice."""

    format: Format = "pdf"


def _shown(fapiao: Fapiao) -> dict[str, object]:
    amounts = {name: money.text(getattr(fapiao, name), fapiao.currency) for name in ("net", "tax", "total")}
    more = {"serial": fapiao.serial, "red_ids": list(fapiao.reds), "allowed": lifecycle.allowed(fapiao)}
    return fapiao.model_dump(mode="json", exclude=INNER) | amounts | more


def _answer(fapiao: Fapiao, status: int = 200) -> http.Answer:
    return http.Answer(_shown(fapiao), status, fapiao.version, settled=fapiao.settled)


def _seen(name: str, caller: Caller) -> Fapiao:
    found = store.get(name)
    caller.require_sight(found.salesperson)
    return found


app = http.Resolver("fapiao", replays={"tax_invoice": lambda name, caller: _answer(_seen(name, caller))})
handler = app.handler


@app.post("/v1/tax-invoices")
def request(request: FapiaoRequest, caller: Caller) -> http.Answer:
    platforms.chosen(clock.now)
    return _answer(requesting.request(request, caller, now=clock.now()), requesting.CREATED)


@app.get("/v1/tax-invoices")
def tax_invoices(query: TaxInvoices, caller: Caller) -> http.Answer:
    if query.state and query.invoice_id:
        raise FilterUnsupported
    scope = http.scope(caller, query)
    after = paging.position(query.cursor, scope)
    if query.invoice_id:
        blue = store.get_many([fapiao_id(query.invoice_id)])
        found = blue + store.get_many(red for one in blue for red in one.reds)
        return http.page(paging.Page([], None), _visible(found, caller), scope)
    page = store.listed([query.state] if query.state else STATES, limit=query.limit, after=after)
    rows = [one for row in page.rows if (one := store.fapiao_of(row))]
    return http.page(page, _visible(rows, caller), scope)


def _visible(found: list[Fapiao], caller: Caller) -> list[dict[str, object]]:
    return [_shown(one) for one in found if caller.may_see(one.salesperson)]


@app.get("/v1/tax-invoices/{tax_invoice_id}")
def tax_invoice(tax_invoice_id: str, caller: Caller) -> http.Answer:
    return _answer(_seen(tax_invoice_id, caller))


@app.post("/v1/tax-invoices/{tax_invoice_id}/submit")
def submit(tax_invoice_id: str, request: SubmitRequest, caller: Caller) -> http.Answer:
    platform = platforms.chosen(clock.now)
    return _answer(commands.submit(tax_invoice_id, request, caller, platform, now=clock.now))


@app.post("/v1/tax-invoices/{tax_invoice_id}/refresh")
def refresh(tax_invoice_id: str, caller: Caller) -> http.Answer:
    platform = platforms.chosen(clock.now)
    return _answer(commands.refresh(tax_invoice_id, caller, platform, now=clock.now))


@app.post("/v1/tax-invoices/{tax_invoice_id}/red-confirmation")
def apply(tax_invoice_id: str, request: ApplyRequest, caller: Caller) -> http.Answer:
    platform = platforms.chosen(clock.now)
    return _answer(commands.apply(tax_invoice_id, request, caller, platform, now=clock.now))


@app.post("/v1/tax-invoices/{tax_invoice_id}/red-confirmation/confirm")
def confirm(tax_invoice_id: str, request: ConfirmRequest, caller: Caller) -> http.Answer:
    platform = platforms.chosen(clock.now)
    return _answer(commands.confirm(tax_invoice_id, request, caller, platform, now=clock.now))


@app.post("/v1/tax-invoices/{tax_invoice_id}/red-confirmation/withdraw")
def withdraw(tax_invoice_id: str, request: WithdrawRequest, caller: Caller) -> http.Answer:
    platform = platforms.chosen(clock.now)
    return _answer(commands.withdraw(tax_invoice_id, request, caller, platform, now=clock.now))


@app.get("/v1/tax-invoices/{tax_invoice_id}/document")
def document(tax_invoice_id: str, query: FileQuery, caller: Caller) -> http.Answer:
    file = _seen(tax_invoice_id, caller).files.get(query.format)
    if file is None:
        raise TaxFilePending
    expires = clock.stamp(clock.now() + timedelta(seconds=files.LONGEST_URL))
    told = {"sha256": file.sha256, "bytes": file.bytes}
    return http.Answer({"url": files.presigned(file), "expires_at": expires, **told})
