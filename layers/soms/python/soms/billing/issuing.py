"""Issuing invoices and credit notes for orders as they change."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from soms.billing import balances, collecting, invoicing, store
from soms.billing.desk import Desk, Posting
from soms.billing.invoicing import Bill
from soms.billing.model import Document, DocumentKind, OpenItem, OrderBilling, Series
from soms.billing.periods import Periods
from soms.catalog import store as catalog
from soms.catalog.commands import zone
from soms.catalog.model import Settings
from soms.customers import store as customers
from soms.customers.model import Customer
from soms.kit import access, aws, journal
from soms.kit.streams import Impossible
from soms.kit.writes import AlreadyDone, Stale, Writes, decide
from soms.orders.model import Order

ORDERS_AT_ONCE: Final = 24
"""How many orders one transaction bills at most: an invoice each, and two series, stay within a hundred."""
ACTIONS: Final = 3
"""What a document takes of a transaction: itself, what is owed on its invoice, its journal entry."""
MOST_WRITES: Final = 98
UNDOING: Final = 4
"""What undoing allocations takes beside the payments: vouchers by currency, and the account."""


@dataclass
class _Run:
    """What one transaction issues from: what was read, and what moves on with each document."""

    settings: Settings
    periods: Periods
    billings: dict[str, OrderBilling]
    customers: dict[str, Customer]
    series: dict[DocumentKind, Series]
    day: date
    now: datetime
    writes: Writes = field(default_factory=Writes)
    desk: Desk = field(default_factory=lambda: Desk.of([], []))

    @property
    def actions(self) -> int:
        """Return how many actions the transaction has by now, two series and what moves included."""
        return len(self.writes) + len(self.desk.items) + len(self.desk.payments) + 2


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
    run = _read(images, now)
    before = dict(run.series)
    left = list[Order]()
    for order in images:
        billing = run.billings[order.id]
        if billing.last_version >= order.version:
            continue
        bills = invoicing.bills(order, billing)
        taken = _fitting(run, bills)
        if len(taken) < len(bills) or (len(run.writes) and run.actions >= MOST_WRITES):
            left.append(order)
            if len(run.writes):
                continue
        documents = [
            _issue(run, order, bill, f"{billing.seq + 1}/{number}") for number, bill in enumerate(taken)
        ]
        _write_billing(run.writes, order, billing, documents, done=len(taken) == len(bills))
    collecting.put(run.writes, run.desk)
    for customer, relief in run.desk.relief.items():
        customers.collect(run.writes, run.customers[customer], -relief)
    for kind, series in run.series.items():
        if series != before[kind]:
            store.put_series(run.writes, series, before=before[kind])
    if len(run.writes):
        try:
            run.writes.commit()
        except AlreadyDone:
            raise Stale from None
    return left


def _fitting(run: _Run, bills: Sequence[Bill]) -> list[Bill]:
    """Return the bills that the transaction still takes, with what is to be credited read onto the desk."""
    taken, actions = list[Bill](), run.actions + 1
    for bill in bills:
        actions += ACTIONS
        if bill.invoice and bill.invoice not in run.desk.items:
            item = _open_item(bill.invoice)
            sources = [one.source for one in item.allocations if one.kind == "payment"]
            # What is paid is unapplied again where less is open: payments, vouchers, the account.
            actions += 1 + (len(item.allocations) + UNDOING if item.allocations else 0)
            if actions > MOST_WRITES:
                break
            run.desk.put(
                item, balances.payments(one for one in sources if one not in run.desk.payments).values()
            )
        if actions > MOST_WRITES:
            break
        taken.append(bill)
    return taken


def _open_item(invoice: str) -> OpenItem:
    found = balances.open_items([invoice])
    if not found:
        message = f"nothing is known of what is owed on {invoice}"
        raise Impossible(message)
    return found[0]


def _read(images: Sequence[Order], now: datetime) -> _Run:
    keys = [
        catalog.SETTINGS,
        balances.PERIODS,
        *(store.order_key(order.id) for order in images),
        *(customers.key(order.customer.id) for order in images),
    ]
    first, second, *held = aws.get_many(keys, consistent=True)
    settings, periods = catalog.settings_of(first), balances.periods_of(second)
    billings = {
        order.id: store.billing_of(order.id, item)
        for order, item in zip(images, held[: len(images)], strict=True)
    }
    buyers = {
        order.customer.id: customers.customer(item)
        for order, item in zip(images, held[len(images) :], strict=True)
    }
    if missing := [name for name, buyer in buyers.items() if buyer is None]:
        message = f"there is no customer {missing[0]}"
        raise Impossible(message)
    today = periods.day(now.astimezone(zone(settings)).date())
    names = {
        DocumentKind.INVOICE: invoicing.series_id(settings.invoice_series, today),
        DocumentKind.CREDIT_NOTE: invoicing.series_id(settings.credit_note_series, today),
    }
    runs = aws.get_many([store.series_key(name) for name in names.values()], consistent=True)
    series = {
        kind: store.series_of(name, item) for (kind, name), item in zip(names.items(), runs, strict=True)
    }
    day = invoicing.issue_day(today, list(series.values()))
    known = {name: one for name, one in buyers.items() if one}
    return _Run(settings, periods, billings, known, series, day, now)


def _issue(run: _Run, order: Order, bill: Bill, name: str) -> Document:
    """Issue the next document of its series, with what is owed on it and its journal entry."""
    document = invoicing.issue(
        order,
        bill,
        run.series[bill.kind],
        name=name,
        settings=run.settings,
        customer=run.customers[order.customer.id],
        day=run.day,
        recorded_at=run.now,
        invoice=store.document(bill.invoice)[0] if bill.invoice else None,
    )
    run.series[bill.kind] = Series(id=document.series, last=document.ordinal, last_on=run.day)
    store.insert_document(run.writes, document)
    if document.kind is DocumentKind.INVOICE:
        balances.put_open_item(run.writes, invoicing.open_item(document, order), before=None)
    else:
        _credit(run, document)
    caller = access.system("invoicing", f"{order.entry}#{document.id}")
    journal.record(run.writes, issued(document), caller, at=run.now)
    return document


def issued(document: Document) -> journal.Event:
    """Return what the journal says of a document that was issued."""
    return journal.Event(
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


def _credit(run: _Run, document: Document) -> None:
    """Take a credit note off what is owed on its invoice; what was paid of that is unapplied again."""
    item = run.desk.items[document.invoice_id or ""]
    if item.creditable < document.total:
        message = f"{document.invoice_number} has less to credit than {document.total}"
        raise Impossible(message)
    run.desk.credit(item.id, document.total)
    posting = Posting(
        name=document.id,
        wanted_on=document.issued_on,
        periods=run.periods,
        recorded_at=run.now,
        recorded_by="invoicing",
        reason=document.number,
    )
    collecting.file(run.writes, run.desk, posting)


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
