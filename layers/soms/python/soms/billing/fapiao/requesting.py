"""Asking for the tax invoice of an invoice, or the red one of a credit note."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from soms.billing import balances
from soms.billing import store as billing
from soms.billing.fapiao import content, store, writing
from soms.billing.fapiao.model import Content, Fapiao, FapiaoRequest, Type, fapiao_id
from soms.billing.model import Document, DocumentKind
from soms.catalog import store as catalog
from soms.customers import taxid
from soms.kit import aws, clock
from soms.kit.access import Caller
from soms.kit.problems import Fault, Invalid, Problem
from soms.kit.writes import Writes, decide

CREATED = 201
CHINA = "CN"


class TaxInvoiceExists(Problem):
    """The invoice or credit note has its one tax invoice."""

    status = 409
    code = "tax_invoice_exists"
    title = ("There is a tax invoice already", "已有数电发票")
    detail = (
        "An invoice has one blue tax invoice, a credit note one red one; `meta` names it.",
        "每张发票只有一张蓝字数电发票，每张贷项只有一张红字数电发票，见 meta。",
    )


class BlueNotIssued(Problem):
    """There is nothing that a red one could take back."""

    status = 409
    code = "blue_not_issued"
    title = ("The blue tax invoice is not issued", "蓝字发票尚未开具")
    detail = (
        "A red tax invoice takes back a blue one: have that of the invoice issued first.",
        "红字发票须对应已开具的蓝字发票，请先开具该发票的蓝字数电发票。",
    )


class RedExceedsBlue(Problem):
    """All red ones together would take back more than was billed."""

    status = 409
    code = "red_exceeds_blue"
    title = ("More than the blue tax invoice", "超过蓝字发票金额")
    detail = (
        "The red tax invoices of one blue one come to no more than it does.",
        "同一蓝字发票的红字发票合计不得超过其金额。",
    )


def request(said: FapiaoRequest, caller: Caller, *, now: datetime) -> Fapiao:
    """Ask for a tax invoice; what is sent is settled here, the platform hears of it when it is submitted."""
    return decide(lambda: _request(said, caller, now))


def buyer_faults(fapiao: Fapiao, said: Content) -> list[Fault]:
    """Return what is wrong with type and buyer of a tax invoice with this content."""
    found = []
    if fapiao.type == "special" and not fapiao.tax_id:
        words = ("a special one needs the buyer's tax id", "专用发票须填写购买方税号")
        found.append(Fault("required", words, "/tax_id"))
    elif fapiao.tax_id and not taxid.is_plausible(fapiao.tax_id, CHINA):
        words = ("this can be no tax id of China", "不是有效的中国纳税人识别号")
        found.append(Fault("tax_id_invalid", words, "/tax_id"))
    if fapiao.type == "special" and any(line.relief == "exempt" for line in said.lines):
        words = ("what is exempt needs a general one", "免税项目不得开具专用发票")
        found.append(Fault("special_not_allowed", words, "/type"))
    return found


def _request(said: FapiaoRequest, caller: Caller, now: datetime) -> Fapiao:
    pointer = "/invoice_id" if said.invoice_id else "/credit_note_id"
    document_id = said.invoice_id or said.credit_note_id or ""
    held, already = aws.get_many(
        [billing.document_key(document_id), store.key(fapiao_id(document_id))], consistent=True
    )
    document = Document.model_validate(held) if held else None
    wanted = DocumentKind.INVOICE if said.invoice_id else DocumentKind.CREDIT_NOTE
    if document is None or document.kind is not wanted:
        raise Invalid(Fault("unknown_document", ("there is no such document", "没有该单据"), pointer))
    if already:
        raise TaxInvoiceExists(meta={"id": already["pk"]})
    blue = _blue_of(document) if document.kind is DocumentKind.CREDIT_NOTE else None
    fapiao = _red(document, blue, caller, now) if blue else _blue(document, said, caller, now)
    made = _content(document, fapiao.type, pointer)
    if not blue and (faults := buyer_faults(fapiao, made)):
        raise Invalid(*faults)

    writes = Writes()
    store.put(writes, fapiao, before=None)
    store.insert_content(writes, fapiao.id, made)
    if blue:
        reds = {**blue.reds, fapiao.id: fapiao.total}
        taken = {"reds": reds, "settled": blue.settled + 1}
        store.put(writes, blue.model_copy(update=taken), before=blue)
    writing.record(writes, "requested", None, fapiao, caller, now=now, status=CREATED)
    writes.commit()
    return fapiao


def _blue(document: Document, said: FapiaoRequest, caller: Caller, now: datetime) -> Fapiao:
    (owed,) = balances.open_items([document.id])
    buyer = document.buyer
    tax_id = said.tax_id or (buyer.tax_id if buyer.country == CHINA else None)
    return Fapiao.model_validate(
        {
            **_common(document, caller, now),
            "kind": "blue",
            "type": said.type or ("special" if tax_id else "general"),
            "invoice_id": document.id,
            "salesperson": owed.salesperson,
            "title": said.title or buyer.name,
            "tax_id": tax_id,
        }
    )


def _red(document: Document, blue: Fapiao, caller: Caller, now: datetime) -> Fapiao:
    alike = {name: getattr(blue, name) for name in ("type", "invoice_id", "salesperson", "title", "tax_id")}
    said = {"kind": "red", "blue_id": blue.id, "blue_number": blue.number}
    return Fapiao.model_validate(_common(document, caller, now) | alike | said)


def _common(document: Document, caller: Caller, now: datetime) -> dict[str, object]:
    return {
        "id": fapiao_id(document.id),
        "document_id": document.id,
        "document_number": document.number,
        "buyer_id": document.customer_id,
        "net": document.net,
        "tax": document.tax,
        "total": document.total,
        "requested_at": clock.stamp(now),
        "requested_by": caller.name,
    }


def _blue_of(credit_note: Document) -> Fapiao:
    """Return the blue one that a credit note takes back from, or raise why it cannot."""
    found = store.get_many([fapiao_id(credit_note.invoice_id or "")])
    if not found or found[0].state != "issued":
        raise BlueNotIssued(meta={"invoice_id": credit_note.invoice_id or ""})
    taken = sum(found[0].reds.values(), Decimal(0))
    if taken + credit_note.total > found[0].total:
        raise RedExceedsBlue(meta={"total": str(found[0].total), "taken": str(taken)})
    return found[0]


def _content(document: Document, form: Type, pointer: str) -> Content:
    """Return what is sent for a document, or raise all that keeps it from being a tax invoice."""
    seller = document.seller
    if not seller.tax_id:
        # Billed before the company said its tax id.
        seller = seller.model_copy(update={"tax_id": catalog.settings().tax_id})
        document = document.model_copy(update={"seller": seller})
    products = catalog.find_products({line.sku for line in document.lines})
    codes: Mapping[str, str | None] = {sku: one.tax_code for sku, one in products.items()}
    faults = content.faults(document, codes, form)
    if not faults:
        lines = content.lines(document, codes)
        sign = -1 if document.kind is DocumentKind.CREDIT_NOTE else 1
        sums = {name: sign * getattr(document, name) for name in ("net", "tax", "total")}
        faults = content.differences(lines, **sums)
    if faults:
        raise Invalid(*(fault.at(pointer) for fault in faults))
    return Content(seller=seller.name, seller_tax_id=seller.tax_id or "", lines=lines)
