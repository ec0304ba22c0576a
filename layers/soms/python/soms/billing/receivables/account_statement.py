"""Statements of account: what was owed when a time began, what happened in it, what was owed at its end."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from soms.billing import accounts
from soms.billing.receivables.ageing import Row
from soms.billing.receivables.ageing_moves import Filed

ZERO: Final = Decimal(0)


@dataclass(frozen=True)
class Movement:
    """A document in a statement: what it added to what is owed or took off, and what was owed after it."""

    on: date
    kind: str
    id: str
    number: str
    debit: Decimal
    credit: Decimal
    balance: Decimal
    invoice_number: str | None = None
    method: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Statement:
    """The account of a customer in one currency; money that settles nothing yet is taken off.

    `ages` is what is owed at the end by age, without what is `unapplied`.
    """

    currency: str
    since: date
    until: date
    opening: Decimal
    movements: tuple[Movement, ...]
    closing: Decimal
    ages: Mapping[str, Decimal]
    unapplied: Decimal

    @property
    def debit(self) -> Decimal:
        """Return what was added to what is owed."""
        return sum((one.debit for one in self.movements), ZERO)

    @property
    def credit(self) -> Decimal:
        """Return what was taken off what is owed."""
        return sum((one.credit for one in self.movements), ZERO)


def effect(one: Filed) -> dict[str, Decimal]:
    """Return by currency what a document changes of what a customer owes, money on account taken off.

    Money that goes from a payment to an invoice of its currency changes nothing; across currencies it does.
    """
    found = one.net(accounts.RECEIVABLES)
    for currency, amount in one.net(accounts.UNAPPLIED).items():
        found[currency] = found.get(currency, ZERO) + amount
    return {currency: amount for currency, amount in found.items() if amount}


def kind_of(one: Filed) -> str:
    """Return what a statement calls a document: what goes across currencies is an exchange, `fx`."""
    return "fx" if one.kind in {"allocation", "unallocation"} else one.kind


def statement(currency: str, since: date, until: date, *, at_end: Row, filed: Iterable[Filed]) -> Statement:
    """Return the statement of some days from what was owed at their end and what was filed in them.

    The opening is the closing less what was filed: no earlier document is asked for.
    """
    # What a command filed at one moment: money comes in before it goes to what it settles.
    in_order = sorted(filed, key=lambda one: (one.day, one.recorded_at, kind_of(one) == "fx"))
    entries = [(one, effect(one).get(currency)) for one in in_order]
    moved = [(one, amount) for one, amount in entries if amount]
    closing = at_end.total - at_end.unapplied
    balance = opening = closing - sum((amount for _, amount in moved), ZERO)
    movements = []
    for one, amount in moved:
        balance += amount
        movements.append(_movement(one, amount, balance))
    return Statement(
        currency, since, until, opening, tuple(movements), closing, at_end.ages, at_end.unapplied
    )


def _movement(one: Filed, amount: Decimal, balance: Decimal) -> Movement:
    portion = one.portions[0] if len(one.portions) == 1 else None
    return Movement(
        on=one.day,
        kind=kind_of(one),
        id=one.id if one.number else one.payment_id or one.id,
        number=one.number or one.reference or (portion.number if portion else "") or one.id,
        debit=max(amount, ZERO),
        credit=max(-amount, ZERO),
        balance=balance,
        invoice_number=one.invoice_number or (portion.number if portion else None),
        method=one.method,
        reason=one.reason,
    )
