"""Paying with what a customer has unapplied: no money comes, older payments settle invoices."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from soms.billing.cash.desk import Desk
from soms.billing.cash.payment import Payment
from soms.kit.fields import Amount, Frozen


class Source(Frozen):
    """What of a payment went to an invoice; both are in one currency."""

    payment_id: str
    invoice_id: str
    number: str
    amount: Amount


class CreditUse(Frozen):
    """What was paid with customer credit, as it was done; what holds of it the payments say it came from."""

    id: str
    customer_id: str
    customer_name: str
    salesperson: str | None = None
    order_id: str | None = None
    currency: str
    method: str
    reference: str
    amount: Amount
    sources: tuple[Source, ...]
    received_on: date
    note: str | None = None
    recorded_at: str
    recorded_by: str
    said: str


def usable(payments: Iterable[Payment], currency: str, most: int) -> list[Payment]:
    """Return the oldest payments of the currency that have money left, as many as one command takes."""
    able = [one for one in payments if one.currency == currency and one.unapplied]
    return sorted(able, key=Payment.age)[:most]


def give(table: Desk, payments: Sequence[str], invoice_id: str, amount: Decimal) -> list[Source]:
    """Let payments on the desk settle so much of an invoice in the order given; they must reach."""
    found = list[Source]()
    for name in payments:
        share = min(amount, table.payments[name].unapplied)
        if share > 0:
            table.give(name, invoice_id, share, share)
            number = table.items[invoice_id].number
            found.append(Source(payment_id=name, invoice_id=invoice_id, number=number, amount=share))
            amount -= share
    if amount:
        message = f"{amount} of {invoice_id} is more than the payments have"
        raise ValueError(message)
    return found
