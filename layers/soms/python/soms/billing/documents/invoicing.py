"""What is to be billed for an order, and the documents that follow (domain, section 5; protocol, rule 10)."""

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from soms.billing.documents import instalments
from soms.billing.documents.parties import bank, buyer, issuer, seller
from soms.billing.model import (
    Billed,
    Document,
    DocumentKind,
    DocumentLine,
    OpenItem,
    OrderBilling,
    Posting,
    Series,
    TaxGroup,
)
from soms.catalog.model import Settings
from soms.customers.model import Customer, PaymentTerms
from soms.kit import ids
from soms.orders.model import Allowance, Line, Order
from soms.orders.quantities import due_of, target, worth_of

DECEMBER: Final = 12
ZERO: Final = Decimal(0)


@dataclass(frozen=True)
class Bill:
    """One document that an order asks for: of each line the units from `low` (exclusive) to `high`.

    A credit note is of one invoice; units are credited from the last ones billed. `allowances` are credited
    on the price of lines, whose units stay billed.
    """

    kind: DocumentKind
    ranges: Mapping[int, tuple[int, int]]
    invoice: str | None = None
    allowances: Mapping[int, Allowance] = field(default_factory=dict)
    reason: str | None = None

    def lines(self, order: Order) -> tuple[DocumentLine, ...]:
        """Return the lines of the document, as those of the order."""
        made = (
            _line(line, *self.ranges[line.line], order)
            if line.line in self.ranges
            else _allowance(line, self.allowances[line.line], order)
            for line in order.lines
            if line.line in self.ranges or line.line in self.allowances
        )
        return tuple(made)


def bills(order: Order, before: OrderBilling) -> list[Bill]:
    """Compare what should be billed with what is billed: more is invoiced, less is credited."""
    more: dict[int, tuple[int, int]] = {}
    less: dict[str, dict[int, tuple[int, int]]] = {}
    for line in order.lines:
        high, wanted = before.billed(line.line), target(line, order.invoice_policy)
        if wanted > high:
            more[line.line] = (high, wanted)
        for one in reversed(before.held.get(str(line.line), ())):
            low = max(wanted, high - one.units)
            if low >= high:
                break
            less.setdefault(one.invoice, {})[line.line] = (low, high)
            high = low
    newest_first = sorted(less, key=before.invoices.index, reverse=True)
    return [
        *([Bill(DocumentKind.INVOICE, more)] if more else []),
        *(Bill(DocumentKind.CREDIT_NOTE, less[name], name) for name in newest_first),
    ]


def billed_after(before: OrderBilling, documents: Sequence[Document]) -> dict[str, tuple[Billed, ...]]:
    """Return which invoice bills how many units of each line once these documents are issued."""
    held = {line: list(several) for line, several in before.held.items()}
    for document in documents:
        for line in (one for one in document.lines if one.quantity):
            several = held.setdefault(str(line.line), [])
            if document.kind is DocumentKind.INVOICE:
                several.append(Billed(invoice=document.id, units=line.quantity))
                continue
            place = [one.invoice for one in several].index(document.invoice_id or "")
            rest = several[place].units - line.quantity
            several[place : place + 1] = [Billed(invoice=several[place].invoice, units=rest)] if rest else []
    return {line: tuple(several) for line, several in held.items()}


def series_id(prefix: str, day: date) -> str:
    """Return the series of a kind of document and a year, such as `INV-2026`."""
    return f"{prefix}-{day.year}"


def prefix(settings: Settings, entity_id: str | None, kind: DocumentKind) -> str:
    """Return what the numbers of a kind of document begin with, for the company or one of its entities."""
    found = issuer(settings, entity_id)
    return found.invoice_series if kind is DocumentKind.INVOICE else found.credit_note_series


def issue_day(today: date, series: Series) -> date:
    """Return the day of issue: today, or the last day of a series that is ahead of the clock."""
    return max(today, series.last_on or today)


def due_day(issued: date, terms: PaymentTerms) -> date:
    """Return when an invoice of that day falls due under the terms, by instalments with the last of them."""
    if terms.kind == "prepaid":
        return issued
    if terms.parts:
        return issued + timedelta(days=terms.parts[-1].days)
    if terms.kind == "net":
        return issued + timedelta(days=terms.days)
    month_end = issued.replace(day=calendar.monthrange(issued.year, issued.month)[1])
    if terms.kind == "end_of_month":
        return month_end + timedelta(days=terms.days)
    following = month_end + timedelta(days=1)
    last = calendar.monthrange(following.year, following.month)[1]
    return following.replace(day=min(max(terms.days, 1), last))


def issue(
    order: Order,
    bill: Bill,
    series: Series,
    *,
    name: str,
    settings: Settings,
    customer: Customer,
    day: date,
    recorded_at: datetime,
    invoice: OpenItem | None = None,
) -> Document:
    """Make the next document of a series from a bill; its lines, taxes and postings add up exactly.

    `name` tells the documents of an order apart, for their ids. A credit note is of whom its invoice is.
    """
    kind, lines = bill.kind, bill.lines(order)
    net, tax = sum((one.net for one in lines), ZERO), sum((one.tax for one in lines), ZERO)
    ordinal = series.last + 1
    number = f"{series.id}-{ordinal:06d}"
    prefix = "inv" if kind is DocumentKind.INVOICE else "cn"
    return Document(
        id=ids.derived(prefix, order.id, name),
        kind=kind,
        series=series.id,
        number=number,
        ordinal=ordinal,
        entity=invoice.entity if invoice else customer.entity,
        order_id=order.id,
        order_number=order.number,
        customer_id=customer.id,
        seller=seller(settings, invoice.entity if invoice else customer.entity),
        buyer=buyer(customer, settings),
        currency=order.currency,
        includes_tax=order.includes_tax,
        issued_on=day,
        due_on=due_day(day, customer.payment_terms) if kind is DocumentKind.INVOICE else day,
        lines=lines,
        tax_groups=_groups(lines),
        net=net,
        tax=tax,
        total=net + tax,
        postings=postings(kind, net, tax),
        invoice_id=invoice.id if invoice else None,
        invoice_number=invoice.number if invoice else None,
        reason=bill.reason,
        payment_reference=number,
        bank=bank(settings) if kind is DocumentKind.INVOICE else None,
        recorded_at=recorded_at,
    )


def open_item(document: Document, order: Order, terms: PaymentTerms) -> OpenItem:
    """Return what is owed on a new invoice, and when by the customer's terms."""
    plan = instalments.by_terms(document.total, document.currency, document.issued_on, terms)
    return OpenItem(
        id=document.id,
        number=document.number,
        series=document.series,
        order_id=document.order_id,
        order_number=document.order_number,
        customer_id=document.customer_id,
        customer_name=document.buyer.name,
        salesperson=order.salesperson,
        currency=document.currency,
        issued_on=document.issued_on,
        due_on=plan[0].due_on if plan else document.due_on,
        instalments=plan,
        net=document.net,
        tax=document.tax,
        total=document.total,
        open=document.total,
        entity=document.entity,
    )


def postings(kind: DocumentKind, net: Decimal, tax: Decimal) -> tuple[Posting, ...]:
    """Return a document's balanced entry: receivables against revenue and output tax, or the reverse."""
    nothing = ZERO.quantize(net)
    legs = (("receivables", net + tax, nothing), ("revenue", nothing, net), ("output_tax", nothing, tax))
    if kind is DocumentKind.INVOICE:
        return tuple(Posting(account=account, debit=left, credit=right) for account, left, right in legs)
    return tuple(Posting(account=account, debit=right, credit=left) for account, left, right in legs)


def _line(line: Line, low: int, high: int, order: Order) -> DocumentLine:
    """Return what a document bills of an order line: cumulative parts, so that all make the whole."""
    upper, lower = due_of(line, high), due_of(line, low)
    net, tax = upper.net - lower.net, upper.tax - lower.tax
    more, less = worth_of(line, high), worth_of(line, low)
    allowance = more.net - less.net - net + (more.tax - less.tax - tax if order.includes_tax else 0)
    return DocumentLine(
        line=line.line,
        sku=line.sku,
        name=_name(line),
        quantity=high - low,
        unit=line.unit,
        unit_price=line.unit_price,
        discount=upper.discount + upper.share - lower.discount - lower.share + allowance,
        net=net,
        tax_category=line.tax_category,
        tax_rate=line.tax_rate,
        tax_reason=line.tax_reason,
        tax=tax,
        gross=net + tax,
    )


def _allowance(line: Line, one: Allowance, order: Order) -> DocumentLine:
    """Return the line of an allowance on a price: of no units, since these stay billed."""
    gross = one.net + one.tax
    return DocumentLine(
        line=line.line,
        sku=line.sku,
        name=_name(line),
        quantity=0,
        unit=line.unit,
        unit_price=gross if order.includes_tax else one.net,
        net=one.net,
        tax_category=line.tax_category,
        tax_rate=line.tax_rate,
        tax_reason=line.tax_reason,
        tax=one.tax,
        gross=gross,
    )


def _name(line: Line) -> str:
    return f"{line.bundle.name} – {line.name}" if line.bundle else line.name


def _groups(lines: Sequence[DocumentLine]) -> tuple[TaxGroup, ...]:
    sums: dict[tuple[str, Decimal, str | None], tuple[Decimal, Decimal]] = {}
    for line in lines:
        key = line.tax_category, line.tax_rate, line.tax_reason
        net, tax = sums.get(key, (ZERO, ZERO))
        sums[key] = net + line.net, tax + line.tax
    return tuple(
        TaxGroup(category=category, rate=rate, reason=reason, net=net, tax=tax)
        for (category, rate, reason), (net, tax) in sums.items()
    )
