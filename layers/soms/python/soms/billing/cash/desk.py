"""The desk on which a command moves money between payments and invoices, and what stays in the books."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from soms.billing.cash.payment import MOST_AT_ONCE, MOST_HELD, Payment
from soms.billing.model import Allocation, OpenItem
from soms.billing.periods import Periods
from soms.billing.voucher import Portion

ZERO: Final = Decimal(0)
Planned = tuple[str, Decimal]
"""An invoice and how much money goes to it."""


@dataclass(frozen=True)
class Posting:
    """What all vouchers of a command have in common: the name their ids follow from, day, who and when."""

    name: str
    wanted_on: date
    periods: Periods
    recorded_at: datetime
    recorded_by: str
    reason: str | None = None


@dataclass(frozen=True)
class Loss:
    """What of an invoice was given up, why, and what whoever did it noted."""

    allocation: Allocation
    item: OpenItem
    reason: str
    note: str | None


@dataclass(frozen=True)
class Repaid:
    """What of a payment was given back: by which refund, under which reference."""

    payment: Payment
    amount: Decimal
    refund_id: str
    reference: str


@dataclass
class Desk:
    """Open items and payments as they were read and as they become; nothing here writes."""

    items: dict[str, OpenItem] = field(default_factory=dict)
    payments: dict[str, Payment] = field(default_factory=dict)
    read_items: dict[str, OpenItem] = field(default_factory=dict)
    read_payments: dict[str, Payment] = field(default_factory=dict)
    given: list[Portion] = field(default_factory=list)
    undone: list[tuple[Allocation, OpenItem]] = field(default_factory=list)
    lost: list[Loss] = field(default_factory=list)
    repaid: list[Repaid] = field(default_factory=list)
    returned: list[Payment] = field(default_factory=list)
    relief: dict[str, Decimal] = field(default_factory=dict)
    """By how much the exposure of each customer falls because of what was moved here."""

    @classmethod
    def of(cls, items: Iterable[OpenItem], payments: Iterable[Payment]) -> "Desk":
        """Return a desk with what was read on it."""
        found, paid = {one.id: one for one in items}, {one.id: one for one in payments}
        return cls(dict(found), dict(paid), found, paid)

    @property
    def changed_items(self) -> list[tuple[OpenItem, OpenItem]]:
        """Return the items that changed, before and after."""
        return [(old, self.items[name]) for name, old in self.read_items.items() if self.items[name] != old]

    @property
    def changed_payments(self) -> list[tuple[Payment, Payment]]:
        """Return the payments that changed, before and after."""
        pairs = ((old, self.payments[name]) for name, old in self.read_payments.items())
        return [(old, new) for old, new in pairs if new != old]

    def put(self, item: OpenItem, payments: Iterable[Payment]) -> None:
        """Put one more item as it was read on the desk, with the payments that settle it."""
        self.items[item.id] = self.read_items[item.id] = item
        for one in payments:
            self.payments[one.id] = self.read_payments[one.id] = one

    def credit(self, invoice_id: str, amount: Decimal, credit_note: str) -> None:
        """Take a credit note off an invoice; what is paid above the rest is taken back, the newest first."""
        item = self.items[invoice_id]
        if item.open < amount:
            self.free(invoice_id, amount - item.open)
        self.items[invoice_id] = self.items[invoice_id].credited_by(amount, credit_note)

    def give(self, payment_id: str, invoice_id: str, amount: Decimal, settled: Decimal) -> None:
        """Let so much of a payment settle so much of an invoice; both must reach."""
        payment, item = self.payments[payment_id], self.items[invoice_id]
        if settled > item.open or amount > payment.unapplied:
            message = f"{amount} of {payment.id} for {settled} of {item.number} is more than there is"
            raise ValueError(message)
        self.payments[payment_id] = payment.given(invoice_id, item.number, amount, settled)
        one = Allocation(source=payment_id, amount=settled, given=amount)
        self.items[invoice_id] = item.allocated(one)
        self.given.append(
            Portion(
                invoice_id=invoice_id, number=item.number, source=payment_id, amount=amount, settled=settled
            )
        )
        if not payment.home:
            self._relieve(item.customer_id, settled)

    def write_off(self, invoice_id: str, one: Allocation, reason: str, note: str | None = None) -> None:
        """Give up so much of an invoice, which must be open."""
        item = self.items[invoice_id]
        if one.amount > item.open:
            message = f"{one.amount} is more than {item.open} of {item.number}"
            raise ValueError(message)
        self.items[invoice_id] = item.allocated(one)
        self.lost.append(Loss(one, item, reason, note))
        self._relieve(item.customer_id, one.amount)

    def refund(self, payment_id: str, amount: Decimal, refund_id: str, reference: str) -> None:
        """Give so much of a payment back, which must be unapplied."""
        payment = self.payments[payment_id]
        if amount > payment.unapplied:
            message = f"{amount} is more than {payment.unapplied} of {payment.id}"
            raise ValueError(message)
        self.payments[payment_id] = payment.refunded_by(amount)
        self.repaid.append(Repaid(payment, amount, refund_id, reference))
        if payment.home:
            self._relieve(payment.customer_id, -amount)

    def bounce(self, payment_id: str) -> None:
        """Take a payment whose money has not come back from all it settles; the invoices are on the desk."""
        for one in self.payments[payment_id].allocations:
            self.take_back(payment_id, one.invoice_id)
        payment = self.payments[payment_id]
        self.payments[payment_id] = payment.bounced()
        self.returned.append(payment)
        if payment.home:
            self._relieve(payment.customer_id, payment.refunded - payment.amount)

    def free(self, invoice_id: str, amount: Decimal) -> None:
        """Open so much of an invoice again, its newest allocations first; the payments are on the desk."""
        after, undone = self.items[invoice_id].freed(amount)
        self._undo(after, undone)

    def take_back(self, payment_id: str, invoice_id: str, settled: Decimal | None = None) -> None:
        """Take what a payment settles of an invoice back, all of it or so much in the invoice's currency."""
        after, taken = self.items[invoice_id].without(payment_id, settled)
        if taken:
            self._undo(after, (taken,))

    def _undo(self, item: OpenItem, undone: Sequence[Allocation]) -> None:
        self.items[item.id] = item
        for one in undone:
            self.undone.append((one, item))
            if one.kind == "write_off":
                self._relieve(item.customer_id, -one.amount)
                continue
            payment = self.payments[one.source]
            back = payment.taken_back(item.id, one.given, one.amount)
            self.payments[one.source] = back.remembering(item.order_id)
            self.items[item.id] = self.items[item.id].remembering(one.source)
            if not payment.home:
                self._relieve(item.customer_id, -one.amount)

    def _relieve(self, customer_id: str, amount: Decimal) -> None:
        self.relief[customer_id] = self.relief.get(customer_id, ZERO) + amount


def plan(money: Decimal, items: Sequence[OpenItem]) -> list[Planned]:
    """Return how money settles open items by itself: one that it matches exactly, else the oldest due first.

    The items are in one currency, the money's; an item that holds its most allocations is left alone.
    """
    able = [one for one in items if one.open > 0 and len(one.allocations) < MOST_HELD]
    able.sort(key=lambda one: (one.due_on, one.number))
    exact = next((one for one in able if one.open == money), None)
    planned: list[Planned] = []
    for one in [exact] if exact else able[:MOST_AT_ONCE]:
        if money <= 0:
            break
        planned.append((one.id, min(money, one.open)))
        money -= planned[-1][1]
    return planned
