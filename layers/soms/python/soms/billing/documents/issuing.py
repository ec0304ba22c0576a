"""Issuing invoices and credit notes for orders as they change."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from soms.billing import store
from soms.billing.documents import invoicing, run
from soms.billing.documents.invoicing import Bill
from soms.billing.documents.run import Run
from soms.billing.model import Document, DocumentKind, OrderBilling
from soms.customers import store as customers
from soms.kit import access
from soms.kit.writes import AlreadyDone, Stale, Writes, decide
from soms.orders.model import Order

ORDERS_AT_ONCE: Final = 24
"""How many orders one transaction bills at most: an invoice each, and series, stay within a hundred."""
MOST_WRITES: Final = 98


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
    made = run.read(images, now=now)
    left = list[Order]()
    for order in images:
        billing = made.billings[order.id]
        if billing.last_version >= order.version:
            continue
        bills = invoicing.bills(order, billing)
        taken = _fitting(made, bills)
        if len(taken) < len(bills) or (len(made.writes) and made.actions >= MOST_WRITES):
            left.append(order)
            if len(made.writes):
                continue
        documents = list[Document]()
        for number, bill in enumerate(taken):
            name = f"{billing.seq + 1}/{number}"
            caller = access.system("invoicing", f"{order.entry}#{name}")
            documents.append(run.issue(made, order, bill, name, caller))
        write_billing(made.writes, order, billing, documents, done=len(taken) == len(bills))
    run.put(made)
    for customer, relief in made.desk.relief.items():
        customers.collect(made.writes, made.customers[customer], -relief)
    if len(made.writes):
        try:
            made.writes.commit()
        except AlreadyDone:
            raise Stale from None
    return left


def _fitting(made: Run, bills: Sequence[Bill]) -> list[Bill]:
    """Return the bills that the transaction still takes, with what is to be credited read onto the desk."""
    taken, actions = list[Bill](), made.actions + 1
    for bill in bills:
        actions += run.DOCUMENT
        if bill.invoice:
            actions += made.lay_out(bill.invoice)
        if actions > MOST_WRITES:
            break
        taken.append(bill)
    return taken


def write_billing(
    writes: Writes, order: Order, before: OrderBilling, documents: Sequence[Document], *, done: bool
) -> None:
    """Write what of an order is billed after documents; the last of its version where it is `done`."""
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
