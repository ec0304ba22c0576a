"""One issuing transaction: the series and days of its documents, what is owed, and the money it moves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from soms.billing import balances, store
from soms.billing.cash import collecting
from soms.billing.cash.desk import Desk, Posting
from soms.billing.documents import invoicing
from soms.billing.documents.invoicing import Bill
from soms.billing.model import Document, DocumentKind, OpenItem, OrderBilling, Series
from soms.billing.periods import Periods
from soms.catalog import store as catalog
from soms.catalog.commands import zone
from soms.catalog.model import Settings
from soms.customers import store as customers
from soms.customers.model import Customer
from soms.kit import aws, journal
from soms.kit.access import Caller
from soms.kit.streams import Impossible
from soms.kit.writes import Writes
from soms.orders.model import Order

DOCUMENT: Final = 3
"""What a document takes of a transaction: itself, what is owed on its invoice, its journal entry."""
CREATED: Final = 201
UNDOING: Final = 4
"""What undoing allocations takes beside the payments: vouchers by currency, and the account."""


@dataclass
class Run:
    """What one transaction issues from: what was read, and what moves on with each document."""

    settings: Settings
    periods: Periods
    billings: Mapping[str, OrderBilling]
    customers: Mapping[str, Customer]
    now: datetime
    series: dict[str, Series] = field(default_factory=dict)
    read_series: dict[str, Series] = field(default_factory=dict)
    writes: Writes = field(default_factory=Writes)
    desk: Desk = field(default_factory=lambda: Desk.of([], []))

    @property
    def today(self) -> date:
        """Return the day documents are issued on: the company's, or the first one that is open."""
        return self.periods.day(self.now.astimezone(zone(self.settings)).date())

    @property
    def actions(self) -> int:
        """Return how many actions the transaction has by now, what moves on included."""
        moving = len(self.desk.items) + len(self.desk.payments) + len(self.series)
        return len(self.writes) + moving

    def lay_out(self, invoice_id: str) -> int:
        """Put what is owed on an invoice on the desk; return how many actions crediting it may take."""
        item = self.desk.items.get(invoice_id)
        if item is None:
            item = open_item(invoice_id)
            sources = [one.source for one in item.allocations if one.kind == "payment"]
            fresh = [one for one in sources if one not in self.desk.payments]
            self.desk.put(item, balances.payments(fresh).values())
        # What is paid is unapplied again where less is open: payments, vouchers, the account.
        return 1 + (len(item.allocations) + UNDOING if item.allocations else 0)

    def next_of(self, kind: DocumentKind, entity: str | None, day: date) -> Series:
        """Return the series of a kind of document and the year of a day, as it stands in this run."""
        try:
            name = invoicing.series_id(invoicing.prefix(self.settings, entity, kind), day)
        except LookupError as error:
            raise Impossible(str(error)) from None
        if name not in self.series:
            self._read([name])
        return self.series[name].model_copy(update={"document": kind, "entity": entity})

    def prepare(self) -> None:
        """Read the series that the customers' documents are likely to need, in one batch."""
        entities = {one.entity for one in self.customers.values()} & {
            None,
            *(one.id for one in self.settings.entities),
        }
        self._read(
            {
                invoicing.series_id(invoicing.prefix(self.settings, entity, kind), self.today)
                for entity in entities
                for kind in DocumentKind
            }
        )

    def _read(self, names: Iterable[str]) -> None:
        wanted = sorted(names)
        held = aws.get_many([store.series_key(name) for name in wanted], consistent=True)
        found = {name: store.series_of(name, item) for name, item in zip(wanted, held, strict=True)}
        self.series |= found
        self.read_series |= found


def read(orders: Iterable[Order], *, now: datetime) -> Run:
    """Read what documents for orders are issued from, strongly consistent."""
    several = list(orders)
    buyers = sorted({one.customer.id for one in several})
    keys = [
        catalog.SETTINGS,
        balances.PERIODS,
        *(store.order_key(order.id) for order in several),
        *(customers.key(name) for name in buyers),
    ]
    first, second, *held = aws.get_many(keys, consistent=True)
    billings = {
        order.id: store.billing_of(order.id, item)
        for order, item in zip(several, held[: len(several)], strict=True)
    }
    known = {}
    for name, item in zip(buyers, held[len(several) :], strict=True):
        buyer = customers.customer(item)
        if buyer is None:
            message = f"there is no customer {name}"
            raise Impossible(message)
        known[name] = buyer
    run = Run(catalog.settings_of(first), balances.periods_of(second), billings, known, now)
    run.prepare()
    return run


def open_item(invoice_id: str) -> OpenItem:
    """Return what is owed on an invoice that was issued."""
    found = balances.open_items([invoice_id])
    if not found:
        message = f"nothing is known of what is owed on {invoice_id}"
        raise Impossible(message)
    return found[0]


def issue(run: Run, order: Order, bill: Bill, name: str, caller: Caller) -> Document:
    """Issue the next document of its series, with what is owed on it and its journal entry.

    The invoice of a credit note lies on the desk. `name` tells the documents of an order apart.
    """
    invoice = run.desk.items[bill.invoice] if bill.invoice else None
    customer = run.customers[order.customer.id]
    earliest = max(run.today, invoice.issued_on) if invoice else run.today
    series = run.next_of(bill.kind, invoice.entity if invoice else customer.entity, earliest)
    document = invoicing.issue(
        order,
        bill,
        series,
        name=name,
        settings=run.settings,
        customer=customer,
        day=invoicing.issue_day(earliest, series),
        recorded_at=run.now,
        invoice=invoice,
    )
    moved = {"last": document.ordinal, "last_on": document.issued_on}
    run.series[series.id] = series.model_copy(update=moved)
    store.insert_document(run.writes, document)
    if invoice:
        _credit(run, document, invoice, caller)
    else:
        terms = run.customers[order.customer.id].payment_terms
        balances.put_open_item(run.writes, invoicing.open_item(document, order, terms), before=None)
    journal.record(run.writes, issued(document), caller, at=run.now)
    return document


def issued(document: Document) -> journal.Event:
    """Return what the journal says of a document that was issued."""
    return journal.Event(
        name=f"{document.kind}.issued",
        aggregate=f"{document.kind}#{document.id}",
        version=1,
        resource=(document.kind, document.id),
        status=CREATED,
        changes={"number": [None, document.number]},
        facts={
            "customer": document.customer_id,
            "currency": document.currency,
            "net": str(document.net),
            "tax": str(document.tax),
        },
    )


def put(run: Run) -> None:
    """Add what moved on with the documents to the writes: what is owed, payments, series."""
    collecting.put(run.writes, run.desk)
    for name, series in run.series.items():
        if series != run.read_series[name]:
            store.put_series(run.writes, series, before=run.read_series[name])


def _credit(run: Run, document: Document, invoice: OpenItem, caller: Caller) -> None:
    """Take a credit note off what is owed on its invoice; what was paid of that is unapplied again."""
    if invoice.creditable < document.total:
        message = f"{invoice.number} has less to credit than {document.total}"
        raise Impossible(message)
    run.desk.credit(invoice.id, document.total, document.id)
    posting = Posting(
        name=document.id,
        wanted_on=document.issued_on,
        periods=run.periods,
        recorded_at=run.now,
        recorded_by=caller.name,
        reason=document.number,
    )
    collecting.file(run.writes, run.desk, posting)
