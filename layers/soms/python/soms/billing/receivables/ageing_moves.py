"""What a document that was filed moved: what is open on invoices, and what is left of payments."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Literal

from soms.billing import accounts
from soms.billing.model import Frozen, Posting
from soms.billing.voucher import Portion

ZERO: Final = Decimal(0)


class Filed(Frozen):
    """An invoice, a credit note or a voucher as the lists of documents carry it."""

    id: str
    kind: str
    number: str | None = None
    currency: str
    postings: tuple[Posting, ...]
    portions: tuple[Portion, ...] = ()
    posted_on: date | None = None
    issued_on: date | None = None
    wanted_on: date | None = None
    recorded_at: datetime
    customer_id: str | None = None
    order_id: str | None = None
    invoice_id: str | None = None
    invoice_number: str | None = None
    payment_id: str | None = None
    method: str | None = None
    reference: str | None = None
    reason: str | None = None

    @property
    def day(self) -> date:
        """Return the day it counts for in the books."""
        day = self.posted_on or self.issued_on
        if day is None:
            message = f"{self.kind} {self.id} has no day"
            raise ValueError(message)
        return day

    def net(self, account: str) -> dict[str, Decimal]:
        """Return by currency what it posts to an account, debits less credits."""
        found: dict[str, Decimal] = {}
        for one in self.postings:
            if one.account == account:
                name = one.currency or self.currency
                found[name] = found.get(name, ZERO) + one.debit - one.credit
        return found


@dataclass(frozen=True)
class Move:
    """By how much a document changed what is open on an invoice, or what is left of a payment."""

    of: Literal["invoice", "payment"]
    id: str
    amount: Decimal


def moves(one: Filed) -> Iterator[Move]:
    """Yield what a document moved; what it posts decides the side, its portions say whose it is."""
    owed, left = one.net(accounts.RECEIVABLES), one.net(accounts.UNAPPLIED)
    if not owed:
        if left and one.payment_id:
            yield Move("payment", one.payment_id, -sum(left.values(), ZERO))
        return
    total = sum(owed.values(), ZERO)
    if not one.portions:
        yield Move("invoice", one.invoice_id or one.id, total)
        return
    sign = 1 if total > 0 else -1
    for portion in one.portions:
        yield Move("invoice", portion.invoice_id, sign * portion.settled)
        if left:
            yield Move("payment", portion.source, sign * portion.amount)
