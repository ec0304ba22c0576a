"""What is owed by age: as it stands, and as it stood at the end of any day."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final, Protocol

from soms.billing import accounts
from soms.billing.documents.instalments import Instalment, uncovered
from soms.billing.receivables.ageing_moves import Filed, moves

ZERO: Final = Decimal(0)
NOT_DUE: Final = "not_due"
AGES: Final = (("1_30", 30), ("31_60", 60), ("61_90", 90), ("91_120", 120))
OLDEST: Final = "over_120"
BUCKETS: Final = (NOT_DUE, *(age for age, _ in AGES), OLDEST)


class Owed(Protocol):
    """Whatever says what is open on an invoice, and when it falls due."""

    @property
    def due_on(self) -> date:
        """The day it falls due."""

    @property
    def open(self) -> Decimal:
        """What is open."""

    @property
    def total(self) -> Decimal:
        """What was billed."""

    @property
    def instalments(self) -> tuple[Instalment, ...]:
        """The parts in which it falls due, none where it does so at once."""


@dataclass(frozen=True)
class Debt:
    """What is open on an invoice, in its currency."""

    id: str
    customer_id: str
    currency: str
    due_on: date
    open: Decimal
    total: Decimal = ZERO
    instalments: tuple[Instalment, ...] = ()


@dataclass(frozen=True)
class Money:
    """What is left of a payment, in its currency."""

    id: str
    customer_id: str
    currency: str
    left: Decimal


@dataclass(frozen=True)
class Standing:
    """Debts and money left by id, and what the account of receivables comes to by currency."""

    debts: Mapping[str, Debt]
    money: Mapping[str, Money]
    account: Mapping[str, Decimal]

    @classmethod
    def now(cls, debts: Iterable[Debt], money: Iterable[Money]) -> "Standing":
        """Return how things stand; the account is what is open, which the proof of the books sees to."""
        held = {one.id: one for one in debts}
        account: dict[str, Decimal] = {}
        for one in held.values():
            account[one.currency] = account.get(one.currency, ZERO) + one.open
        return cls(held, {one.id: one for one in money}, account)

    def without(self, filed: Iterable[Filed]) -> "Standing":
        """Return how things stood before these documents; every debt and payment they moved must be here.

        The account goes back by what they post, the debts by what they say of invoices: two ways to one sum.
        """
        debts, money, account = dict(self.debts), dict(self.money), dict(self.account)
        for one in filed:
            for currency, amount in one.net(accounts.RECEIVABLES).items():
                account[currency] = account.get(currency, ZERO) - amount
            for move in moves(one):
                if move.of == "invoice":
                    debt = debts[move.id]
                    debts[move.id] = replace(debt, open=debt.open - move.amount)
                else:
                    held = money[move.id]
                    money[move.id] = replace(held, left=held.left - move.amount)
        return Standing(debts, money, account)


@dataclass
class Row:
    """What a customer owes in a currency by age, and what it has paid that settles nothing yet."""

    customer_id: str
    currency: str
    ages: dict[str, Decimal]
    unapplied: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """Return what is owed; money that settles nothing yet is not taken off."""
        return sum(self.ages.values(), ZERO)

    @property
    def overdue(self) -> Decimal:
        """Return what should have been paid by now."""
        return self.total - self.ages[NOT_DUE]


def due_parts(owed: Owed) -> tuple[tuple[date, Decimal], ...]:
    """Return on which days what is open on an invoice falls due, in order: the one place to ask."""
    return tuple(uncovered(owed.instalments, owed.total - owed.open)) or ((owed.due_on, owed.open),)


def overdue(owed: Owed, day: date) -> tuple[date, Decimal] | None:
    """Return since when an invoice is overdue on a day, and with how much; None where it is not."""
    late = [(due_on, amount) for due_on, amount in due_parts(owed) if amount > 0 and due_on < day]
    return (late[0][0], sum((amount for _, amount in late), ZERO)) if late else None


def age(due_on: date, day: date) -> str:
    """Return how old on a day is what fell due on another; on the day it falls due it is not overdue."""
    days = (day - due_on).days
    if days <= 0:
        return NOT_DUE
    return next((name for name, last in AGES if days <= last), OLDEST)


def rows(standing: Standing, day: date) -> list[Row]:
    """Return one row a customer and currency of whoever owes or has money left, by customer."""
    found: dict[tuple[str, str], Row] = {}
    for debt in standing.debts.values():
        if debt.open:
            row = _row(found, debt.customer_id, debt.currency)
            for due_on, amount in due_parts(debt):
                row.ages[age(due_on, day)] += amount
    for one in standing.money.values():
        if one.left:
            _row(found, one.customer_id, one.currency).unapplied += one.left
    return [found[key] for key in sorted(found)]


def totals(found: Iterable[Row]) -> dict[str, Row]:
    """Return the sum of rows for each currency."""
    sums: dict[tuple[str, str], Row] = {}
    for one in found:
        total = _row(sums, "", one.currency)
        total.unapplied += one.unapplied
        for name, amount in one.ages.items():
            total.ages[name] += amount
    return {currency: sums["", currency] for _, currency in sorted(sums)}


def nothing(currency: str, customer_id: str = "") -> Row:
    """Return the row of whoever owes nothing."""
    return Row(customer_id, currency, dict.fromkeys(BUCKETS, ZERO))


def _row(found: dict[tuple[str, str], Row], customer_id: str, currency: str) -> Row:
    key = customer_id, currency
    if key not in found:
        found[key] = nothing(currency, customer_id)
    return found[key]
