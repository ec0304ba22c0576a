"""The desk on which a command moves money between payments and invoices, and what stays in the books."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from soms.billing import accounts
from soms.billing.model import Allocation, OpenItem
from soms.billing.payment import MOST_AT_ONCE, MOST_HELD, Payment
from soms.billing.periods import Periods
from soms.billing.voucher import Kind, Portion, Voucher
from soms.kit import ids

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


@dataclass
class Desk:
    """Open items and payments as they were read and as they become; nothing here writes."""

    items: dict[str, OpenItem] = field(default_factory=dict)
    payments: dict[str, Payment] = field(default_factory=dict)
    read_items: dict[str, OpenItem] = field(default_factory=dict)
    read_payments: dict[str, Payment] = field(default_factory=dict)
    given: list[Portion] = field(default_factory=list)
    undone: list[tuple[Allocation, OpenItem]] = field(default_factory=list)
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

    def credit(self, invoice_id: str, amount: Decimal) -> None:
        """Take a credit note off an invoice; what is paid above the rest is taken back, the newest first."""
        item = self.items[invoice_id]
        if item.open < amount:
            self.free(invoice_id, amount - item.open)
        self.items[invoice_id] = self.items[invoice_id].credited_by(amount)

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
            self._relieve(item, settled)

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
                self._relieve(item, -one.amount)
                continue
            payment = self.payments[one.source]
            self.payments[one.source] = payment.taken_back(item.id, one.given, one.amount)
            if not payment.home:
                self._relieve(item, -one.amount)

    def _relieve(self, item: OpenItem, amount: Decimal) -> None:
        self.relief[item.customer_id] = self.relief.get(item.customer_id, ZERO) + amount

    def vouchers(self, posting: Posting) -> list[Voucher]:
        """Return the vouchers of what was moved since they were last asked for.

        There is one a customer and currency for each way, and one for each write-off that was undone.
        """
        made = [self._settled("allocation", posting, self.given)]
        back = [
            Portion(
                invoice_id=item.id,
                number=item.number,
                source=one.source,
                amount=one.given,
                settled=one.amount,
            )
            for one, item in self.undone
            if one.kind == "payment"
        ]
        made.append(self._settled("unallocation", posting, back))
        lost = [(one, item) for one, item in self.undone if one.kind == "write_off"]
        made.append([self._restored(one, item, posting) for one, item in lost])
        self.given, self.undone = [], []
        return [voucher for several in made for voucher in several]

    def _settled(self, kind: Kind, posting: Posting, portions: Sequence[Portion]) -> list[Voucher]:
        groups: dict[tuple[str, str, str], list[Portion]] = {}
        for one in portions:
            item = self.items[one.invoice_id]
            group = item.customer_id, self.payments[one.source].currency, item.currency
            groups.setdefault(group, []).append(one)
        return [self._voucher(kind, posting, group, several) for group, several in sorted(groups.items())]

    def _voucher(
        self, kind: Kind, posting: Posting, group: tuple[str, str, str], portions: Sequence[Portion]
    ) -> Voucher:
        customer, currency, other = group
        amount = sum((one.amount for one in portions), ZERO)
        settled = sum((one.settled for one in portions), ZERO)
        sources = {one.source for one in portions}
        latest = max(self.items[one.invoice_id].issued_on for one in portions)
        wanted = max(posting.wanted_on, latest)
        day = posting.periods.day(wanted)
        return Voucher(
            id=ids.derived("vou", kind, posting.name, *group),
            kind=kind,
            customer_id=customer,
            payment_id=sources.pop() if len(sources) == 1 else None,
            currency=currency,
            amount=amount,
            portions=tuple(portions),
            postings=accounts.postings(kind, {"amount": amount})
            if currency == other
            else accounts.exchanged(kind, amount, currency, settled, other),
            posted_on=day,
            wanted_on=None if day == wanted else wanted,
            reason=posting.reason,
            recorded_at=posting.recorded_at,
            recorded_by=posting.recorded_by,
        )

    def _restored(self, one: Allocation, item: OpenItem, posting: Posting) -> Voucher:
        wanted = max(posting.wanted_on, item.issued_on)
        day = posting.periods.day(wanted)
        portion = Portion(
            invoice_id=item.id, number=item.number, source=one.source, amount=one.amount, settled=one.amount
        )
        return Voucher(
            id=ids.derived("vou", "write_off_reversal", posting.name, one.source),
            kind="write_off_reversal",
            customer_id=item.customer_id,
            currency=item.currency,
            amount=one.amount,
            portions=(portion,),
            postings=accounts.postings("write_off_reversal", {"amount": one.amount}, loss=one.account or ""),
            posted_on=day,
            wanted_on=None if day == wanted else wanted,
            reason=posting.reason,
            recorded_at=posting.recorded_at,
            recorded_by=posting.recorded_by,
        )


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
