"""Making papers of orders, shipments and payments on demand; who may see a paper, and what is seen."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from soms.billing import balances, store
from soms.billing.cash.payment import Payment
from soms.billing.model import File
from soms.billing.paper import order_papers, papers
from soms.billing.paper.papers import Applied
from soms.billing.paper.printed import Head, Paper, PaperKind
from soms.catalog import store as catalog
from soms.catalog.commands import zone
from soms.customers import store as customers
from soms.customers.model import Customer
from soms.kit import aws, journal
from soms.kit.access import Caller
from soms.kit.problems import InvalidState, NotFound
from soms.kit.writes import Writes, decide
from soms.orders import lifecycle, parts
from soms.orders import store as orders
from soms.orders.model import Order

Printed = tuple[Paper, File | None]


@dataclass(frozen=True)
class Subject:
    """What a paper is printed of, as the journal names it, and who gets it."""

    kind: str
    id: str
    version: int
    customer_id: str
    currency: str


Write = Callable[[Head, Customer, ZoneInfo], Paper]


def order_confirmation(order_id: str, caller: Caller, *, now: datetime) -> Printed:
    """Return the confirmation of an order as it stands; what was confirmed before is the same paper again.

    Raises InvalidState before the order is confirmed and after it is cancelled.
    """

    def attempt() -> Printed:
        order = _order(order_id, caller)
        if not order.is_binding or order.status == "cancelled":
            lifecycle.refuse(order, PaperKind.ORDER_CONFIRMATION, now)
        return _printed(
            _of(order),
            lambda head, customer, here: order_papers.order_confirmation(
                head, order, customer.payment_terms, here
            ),
            caller,
            now,
        )

    return decide(attempt)


def delivery_note(shipment_id: str, caller: Caller, *, now: datetime) -> Printed:
    """Return the delivery note of a shipment; asked again it is the same paper."""

    def attempt() -> Printed:
        shipment = parts.shipment(shipment_id)
        order = _order(shipment.order_id, caller)
        return _printed(
            _of(order),
            lambda head, _, here: order_papers.delivery_note(head, order, shipment, here),
            caller,
            now,
        )

    return decide(attempt)


def receipt(payment_id: str, caller: Caller, *, now: datetime) -> Printed:
    """Return the receipt for a payment as it stands; while nothing of it moves it is the same paper again.

    Raises InvalidState for a payment whose money did not come.
    """

    def attempt() -> Printed:
        payment = balances.payment(payment_id)
        caller.require_sight(payment.salesperson)
        if payment.status == "bounced":
            raise InvalidState(command=PaperKind.RECEIPT, state=payment.status, allowed=[])
        subject = Subject("payment", payment.id, payment.version, payment.customer_id, payment.currency)
        return _printed(subject, lambda head, *_: _receipt(head, payment), caller, now)

    return decide(attempt)


def found(paper_id: str, caller: Caller) -> Printed:
    """Return a paper, or raise NotFound for who may not see it: the warehouse sees delivery notes only."""
    paper, file = store.paper(paper_id)
    if caller.sees_no_prices() and paper.kind is not PaperKind.DELIVERY_NOTE:
        raise NotFound
    if caller.sees_only_own():
        caller.require_sight(_salesperson(paper))
    return paper, file


def shown(paper: Paper, file: File | None) -> dict[str, object]:
    """Return a paper as clients see it."""
    told = paper.model_dump(mode="json", exclude_none=True)
    return told | {"documents": {"pdf": file.model_dump() if file else None}}


def _order(order_id: str, caller: Caller) -> Order:
    order = orders.get(order_id)
    caller.require_sight(order.salesperson)
    return order


def _salesperson(paper: Paper) -> str | None:
    if paper.order_id:
        return orders.get(paper.order_id).salesperson
    return customers.get(paper.customer_id).salesperson


def _receipt(head: Head, payment: Payment) -> Paper:
    items = {one.id: one for one in balances.open_items(one.invoice_id for one in payment.allocations)}
    return papers.receipt(
        head,
        payment_id=payment.id,
        number=payment.id,
        received_on=payment.received_on,
        method=payment.method,
        reference=payment.reference,
        received=payment.amount,
        applied=[
            Applied(one.number, one.amount, one.settled, items[one.invoice_id].currency)
            for one in payment.allocations
        ],
    )


def _of(order: Order) -> Subject:
    return Subject("order", order.id, order.version, order.customer.id, order.currency)


def _printed(subject: Subject, write: Write, caller: Caller, now: datetime) -> Printed:
    held = aws.get_many([catalog.SETTINGS, customers.key(subject.customer_id)], consistent=True)
    settings, customer = catalog.settings_of(held[0]), customers.customer(held[1])
    if customer is None:
        raise NotFound
    here = zone(settings)
    today = now.astimezone(here).date()
    head = papers.head(settings, customer, currency=subject.currency, today=today, now=now)
    paper = write(head, customer, here)
    before = store.find_paper(paper.id)
    writes = Writes()
    if before is None:
        store.insert_paper(writes, paper)
    event = journal.Event(
        name=f"{subject.kind}.paper_printed",
        aggregate=f"{subject.kind}#{subject.id}",
        version=subject.version,
        resource=("paper", paper.id),
        status=201,
        changes={"paper": [None, paper.number]},
    )
    journal.record(writes, event, caller, at=now)
    writes.commit()
    return before or (paper, None)
