"""Telling orders what of them was invoiced and paid, and letting their deposits settle their invoices."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from soms.billing import balances, store
from soms.billing.cash import collecting, desk
from soms.billing.cash.desk import Desk, Posting
from soms.billing.cash.payment import Payment
from soms.billing.model import OpenItem, OrderBilling
from soms.kit import access, journal
from soms.kit.streams import Impossible
from soms.kit.writes import AlreadyDone, Stale, Writes, decide
from soms.orders import quantities
from soms.orders import store as orders
from soms.orders.model import Order

ZERO: Final = Decimal(0)


@dataclass(frozen=True)
class Held:
    """What is held of an order in billing: what was billed, what is owed on it, money that came in for it.

    `freed` is other money that settled its invoices once, and was taken back from them.
    """

    billing: OrderBilling
    owed: Sequence[OpenItem]
    deposits: Sequence[Payment]
    freed: Sequence[Payment]

    @property
    def stamp(self) -> int:
        """Return the number of writes that this shows; it only grows."""
        written = (one.seq for several in (self.owed, self.deposits, self.freed) for one in several)
        return self.billing.seq + sum(written)

    @property
    def paid(self) -> Decimal:
        """Return what was paid for the order: what settles its invoices, and what waits to."""
        return sum((one.paid for one in self.owed), ZERO) + sum(
            (one.unapplied for one in self.deposits if one.home), ZERO
        )

    @property
    def refunded(self) -> Decimal:
        """Return what was given back of money that came in for the order, or that had settled it."""
        came = (one for one in (*self.deposits, *self.freed) if one.home and one.status == "received")
        return sum((one.refunded for one in came), ZERO)


def held(order_id: str) -> Held:
    """Return what is held of an order, strongly consistent."""
    item, payments = balances.of_order(order_id)
    billing = store.billing_of(order_id, item)
    owed = balances.open_items(billing.invoices)
    freed = dict.fromkeys(name for one in owed for name in one.freed_from if name not in payments)
    found = balances.payments([*payments, *freed])
    return Held(
        billing,
        owed,
        [one for name, one in found.items() if name not in freed],
        [one for name, one in found.items() if name in freed],
    )


def settle(order_id: str, *, now: datetime) -> None:
    """Write onto an order what of it is invoiced and paid, in absolute figures (protocol, rule 14).

    Deposits that came in for the order settle its invoices first.
    """

    def attempt() -> None:
        order = orders.find(order_id)
        if order is None:
            message = f"there is no order {order_id}"
            raise Impossible(message)
        found = held(order_id)
        if any(_use(one, found, now) for one in found.deposits):
            raise Stale
        if found.stamp <= order.stamp:
            return
        writes = Writes()
        orders.replace(writes, settled(order, found), {}, before=order)
        writes.commit()

    decide(attempt)


def _use(deposit: Payment, found: Held, now: datetime) -> bool:
    """Let a deposit settle the invoices of its order, and tell whether it did."""
    items = [one for one in found.owed if one.currency == deposit.currency]
    planned = desk.plan(deposit.unapplied, items) if deposit.is_automatic else []
    if not planned:
        return False
    known = collecting.facts(now)
    table = Desk.of(items, [deposit])
    for invoice_id, amount in planned:
        table.give(deposit.id, invoice_id, amount, amount)
    caller = access.system("settlement", f"{deposit.id}#{deposit.seq}")
    posting = Posting(
        name=caller.command.entry or "",
        wanted_on=known.today,
        periods=known.periods,
        recorded_at=now,
        recorded_by=caller.name,
    )
    writes = Writes()
    collecting.file(writes, table, posting)
    collecting.put(writes, table)
    journal.record(writes, collecting.moved("payment.allocated", deposit, table), caller, at=now)
    try:
        writes.commit()
    except AlreadyDone:
        raise Stale from None
    return True


def settled(order: Order, found: Held) -> Order:
    """Return the order with its invoiced and paid figures, completed when nothing of it is left to do."""
    billing, owed = found.billing, found.owed
    lines = tuple(line.model_copy(update={"invoiced": billing.billed(line.line)}) for line in order.lines)
    figures = {
        "lines": lines,
        "invoiced": sum((item.total - item.credited for item in owed), ZERO),
        "paid": found.paid,
        "written_off": sum((item.written_off for item in owed), ZERO),
        "refunded": found.refunded,
        "stamp": found.stamp,
        "settled": order.settled + 1,
    }
    after = quantities.derived(order.model_copy(update=figures))
    nothing_open = not any(item.open for item in owed) and billing.last_version == order.version
    done = all(line.charge or not line.open for line in lines) and any(line.shipped for line in lines)
    billed = all(quantities.target(line, order.invoice_policy) == line.invoiced for line in lines)
    if order.status == "confirmed" and order.waiting is None and done and nothing_open and billed:
        return after.model_copy(update={"status": "completed"})
    return after
