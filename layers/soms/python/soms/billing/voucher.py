"""Documents without lines: money received, allocated, given back, bounced, written off; each balances."""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from soms.billing.model import Frozen, Posting
from soms.kit.fields import Amount

Kind = Literal[
    "payment",
    "allocation",
    "unallocation",
    "refund",
    "bounce",
    "write_off",
    "write_off_reversal",
    "bank_match",
    "provider_fee",
    "bank_loss",
]


class Portion(Frozen):
    """What of a voucher concerns one invoice: `settled` in the invoice's currency, `amount` in the voucher's.

    `source` is the payment or the write-off it comes from.
    """

    invoice_id: str
    number: str
    source: str
    amount: Amount
    settled: Amount


class Voucher(Frozen):
    """A document written once: what happened to money, with its balanced postings.

    `posted_on` is the day it counts for in the books. Where that day's period was closed it is the first
    open one, and `wanted_on` says which day it should have been.
    """

    id: str
    kind: Kind
    customer_id: str | None = None
    payment_id: str | None = None
    method: str | None = None
    reference: str | None = None
    currency: str
    amount: Amount
    portions: tuple[Portion, ...] = ()
    postings: tuple[Posting, ...]
    posted_on: date
    wanted_on: date | None = None
    reason: str | None = None
    note: str | None = None
    recorded_at: datetime
    recorded_by: str


def sums(postings: tuple[Posting, ...], currency: str) -> dict[str, tuple[Decimal, Decimal]]:
    """Return debit and credit by currency; postings that name none are in the document's."""
    found: dict[str, tuple[Decimal, Decimal]] = {}
    for one in postings:
        name = one.currency or currency
        debit, credit = found.get(name, (Decimal(0), Decimal(0)))
        found[name] = debit + one.debit, credit + one.credit
    return found
