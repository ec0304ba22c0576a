"""Issuing invoices and credit notes for orders as they change; telling orders what was invoiced and paid."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from soms.billing import invoicing, store
from soms.billing.invoicing import Bill
from soms.billing.model import Document, DocumentKind, OpenItem, OrderBilling, Series
from soms.catalog import store as catalog
from soms.catalog.commands import zone
from soms.catalog.model import Settings
from soms.customers import store as customers
from soms.customers.model import Customer
from soms.kit import access, aws, journal
from soms.kit.streams import Impossible
from soms.kit.writes import AlreadyDone, Stale, Writes, decide
from soms.orders import quantities
from soms.orders import store as orders
from soms.orders.model import Order

ORDERS_AT_ONCE: Final = 24
"""How many orders one transaction bills at most: an invoice each, and two series, stay within a hundred."""
ACTIONS: Final = 3
"""What a document takes of a transaction: itself, what is owed on its invoice, its journal entry."""
MOST_WRITES: Final = 98

ZERO: Final = Decimal(0)


@dataclass(frozen=True)
class _Read:
    settings: Settings
    billings: list[OrderBilling]
    customers: list[Customer]
    invoices: Series
    credit_notes: Series


def bill_orders(images: Iterable[Order], *, now: datetime) -> None:
    """Bill the latest image of each order that was confirmed; repeats and older images change nothing."""
    latest: dict[str, Order] = {}
    for image in images:
        if image.is_binding and (image.id not in latest or latest[image.id].version < image.version):
            latest[image.id] = image
    waiting = list(latest.values())
    while waiting:
        chunk, rest = waiting[:ORDERS_AT_ONCE], waiting[ORDERS_AT_ONCE:]
        waiting = decide(lambda chunk=chunk: _bill(chunk, now)) + rest  # type: ignore[misc] # bound now, called now


def _bill(images: Sequence[Order], now: datetime) -> list[Order]:
    """Bill as many orders as one transaction takes; return those that are left, or left in part."""
    read = _read(images, now)
    day = invoicing.issue_day(now.astimezone(zone(read.settings)).date(), [read.invoices, read.credit_notes])
    series = {DocumentKind.INVOICE: read.invoices, DocumentKind.CREDIT_NOTE: read.credit_notes}
    writes, left = Writes(), list[Order]()
    for order, before, customer in zip(images, read.billings, read.customers, strict=True):
        if before.last_version >= order.version:
            continue
        bills = invoicing.bills(order, before)
        if len(writes) and len(writes) + ACTIONS * len(bills) + 1 > MOST_WRITES:
            left.append(order)
            continue
        taken = bills[: MOST_WRITES // ACTIONS - 1]
        if len(taken) < len(bills):
            left.append(order)
        documents = _documents(order, taken, before, series, read.settings, customer, day, now)
        for document in documents:
            _write_document(writes, document, order, now)
        _write_billing(writes, order, before, documents, done=len(taken) == len(bills))
    for kind, before_series in (
        (DocumentKind.INVOICE, read.invoices),
        (DocumentKind.CREDIT_NOTE, read.credit_notes),
    ):
        if series[kind] != before_series:
            store.put_series(writes, series[kind], before=before_series)
    if len(writes):
        try:
            writes.commit()
        except AlreadyDone:
            raise Stale from None
    return left


def _read(images: Sequence[Order], now: datetime) -> _Read:
    held = aws.get_many(
        [
            catalog.SETTINGS,
            *(store.order_key(order.id) for order in images),
            *(customers.key(order.customer.id) for order in images),
        ],
        consistent=True,
    )
    settings = catalog.settings_of(held[0])
    billings = [
        store.billing_of(order.id, item)
        for order, item in zip(images, held[1 : 1 + len(images)], strict=True)
    ]
    buyers = [customers.customer(item) for item in held[1 + len(images) :]]
    missing = [order.id for order, buyer in zip(images, buyers, strict=True) if buyer is None]
    if missing:
        message = f"the customer of {missing[0]} does not exist"
        raise Impossible(message)
    today = now.astimezone(zone(settings)).date()
    names = [
        invoicing.series_id(settings.invoice_series, today),
        invoicing.series_id(settings.credit_note_series, today),
    ]
    runs = aws.get_many([store.series_key(name) for name in names], consistent=True)
    first, second = (store.series_of(name, item) for name, item in zip(names, runs, strict=True))
    return _Read(settings, billings, [one for one in buyers if one], first, second)


def _documents(
    order: Order,
    bills: Sequence[Bill],
    before: OrderBilling,
    series: dict[DocumentKind, Series],
    settings: Settings,
    customer: Customer,
    day: date,
    now: datetime,
) -> list[Document]:
    """Make the documents of an order, and move the series on by them."""
    made: list[Document] = []
    for number, bill in enumerate(bills):
        document = invoicing.issue(
            order,
            bill,
            series[bill.kind],
            name=f"{before.seq + 1}/{number}",
            settings=settings,
            customer=customer,
            day=day,
            recorded_at=now,
            invoice=store.document(bill.invoice)[0] if bill.invoice else None,
        )
        series[bill.kind] = Series(id=document.series, last=document.ordinal, last_on=day)
        made.append(document)
    return made


def _write_document(writes: Writes, document: Document, order: Order, now: datetime) -> None:
    store.insert_document(writes, document)
    if document.kind is DocumentKind.INVOICE:
        store.put_open_item(writes, invoicing.open_item(document, order), before=None)
    else:
        _credit(writes, document)
    event = journal.Event(
        name=f"{document.kind}.issued",
        aggregate=f"{document.kind}#{document.id}",
        version=1,
        resource=(document.kind, document.id),
        changes={"number": [None, document.number]},
        facts={
            "customer": document.customer_id,
            "currency": document.currency,
            "net": str(document.net),
            "tax": str(document.tax),
        },
    )
    caller = access.system("invoicing", f"{order.entry}#{document.id}")
    journal.record(writes, event, caller, at=now)


def _credit(writes: Writes, document: Document) -> None:
    """Take a credit note off what is owed on its invoice."""
    found = store.open_items([document.invoice_id or ""])
    if not found or found[0].open < document.total:
        message = f"{document.invoice_number} has less open than {document.total}"
        raise Impossible(message)
    before = found[0]
    after = before.model_copy(
        update={
            "open": before.open - document.total,
            "credited": before.credited + document.total,
            "seq": before.seq + 1,
        }
    )
    store.put_open_item(writes, after, before=before)


def _write_billing(
    writes: Writes, order: Order, before: OrderBilling, documents: Sequence[Document], *, done: bool
) -> None:
    new = {kind: tuple(one.id for one in documents if one.kind is kind) for kind in DocumentKind}
    after = OrderBilling(
        order_id=order.id,
        last_version=order.version if done else before.last_version,
        seq=before.seq + 1,
        held=invoicing.billed_after(before, documents),
        invoices=before.invoices + new[DocumentKind.INVOICE],
        credit_notes=before.credit_notes + new[DocumentKind.CREDIT_NOTE],
    )
    store.put_billing(writes, after, before=before)


def settle(order_id: str) -> None:
    """Write onto an order what of it is invoiced and paid, in absolute figures (protocol, rule 14)."""

    def attempt() -> None:
        order = orders.find(order_id)
        if order is None:
            message = f"there is no order {order_id}"
            raise Impossible(message)
        billing = store.billing(order_id)
        owed = store.open_items(billing.invoices)
        stamp = billing.seq + sum(item.seq for item in owed)
        if stamp <= order.stamp:
            return
        after = settled(order, billing, owed, stamp)
        writes = Writes()
        orders.replace(writes, after, {}, before=order)
        writes.commit()

    decide(attempt)


def settled(order: Order, billing: OrderBilling, owed: Sequence[OpenItem], stamp: int) -> Order:
    """Return the order with its invoiced and paid figures, completed when nothing of it is left to do."""
    lines = tuple(
        line.model_copy(update={"invoiced": billing.billed(line.line)}) for line in order.lines
    )
    figures = {
        "lines": lines,
        "invoiced": sum((item.total - item.credited for item in owed), ZERO),
        "paid": sum((item.paid for item in owed), ZERO),
        "stamp": stamp,
        "settled": order.settled + 1,
    }
    after = quantities.derived(order.model_copy(update=figures))
    nothing_open = not any(item.open for item in owed) and billing.last_version == order.version
    done = all(line.charge or not line.open for line in lines) and any(line.shipped for line in lines)
    billed = all(quantities.target(line, order.invoice_policy) == line.invoiced for line in lines)
    if order.status == "confirmed" and order.waiting is None and done and nothing_open and billed:
        return after.model_copy(update={"status": "completed"})
    return after
