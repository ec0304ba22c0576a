"""What a customer owes and since when: its open invoices, by the billing table's own index."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Final

from soms.customers.resting import rests
from soms.kit import aws, items
from soms.kit.fields import Frozen
from soms.kit.settings import Setting

LOOKED_AT: Final = 10
"""How many invoices are read at a time until one counts."""


class Part(Frozen):
    """A part of an invoice that falls due on a day of its own."""

    due_on: date
    amount: Decimal


class Owed(Frozen):
    """An open invoice of a customer; amounts in its currency."""

    id: str
    number: str
    order_id: str
    currency: str
    issued_on: date
    due_on: date
    total: Decimal
    open: Decimal
    disputed: str | None = None
    promised_on: date | None = None
    instalments: tuple[Part, ...] = ()

    def rests(self, today: date) -> bool:
        """Tell whether it is not asked for: it is disputed, or promised for a day that has not passed."""
        return rests(self.disputed, self.promised_on, today)

    def days_overdue(self, today: date) -> int:
        """Return since how many days it should have been paid; on the day it falls due that is 0."""
        return max(0, (today - self.due_on).days)


def owing(customer_id: str) -> list[Owed]:
    """Return a customer's open invoices, oldest due first."""
    return [Owed.model_validate(row) for row in _rows(customer_id)]


def days_overdue(customer_id: str, today: date) -> int:
    """Return since how many days the customer's oldest open invoice is overdue, 0 when none is.

    What is disputed or promised does not count.
    """
    owed = (Owed.model_validate(row) for row in _rows(customer_id, limit=LOOKED_AT))
    oldest = next((one for one in owed if not one.rests(today)), None)
    return oldest.days_overdue(today) if oldest else 0


def _rows(customer_id: str, limit: int | None = None) -> Iterable[items.Item]:
    values = {":customer": customer_id}
    return aws.query(Setting.BILLING, "owing = :customer", values, index="by_owing", limit=limit)
