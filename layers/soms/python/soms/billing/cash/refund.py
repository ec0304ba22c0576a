"""Money given back: what a refund is, what clients say of it, and when a second person decides."""

from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import Field

from soms.billing.cash.payment import Positive
from soms.kit.fields import Amount, Code, Currency, Frozen, Request, Text

MOST_PAYMENTS: Final = 40
"""From how many payments one refund takes at most."""
MOST_METHODS: Final = 12
"""Of how many methods they are at most, as each keeps the reference."""

Status = Literal["requested", "done", "rejected"]
Reference = Annotated[str, Field(min_length=1, max_length=100)]
Reason = Annotated[str, Field(min_length=1, max_length=1000)]


class RefundRequest(Request):
    """A refund of a payment: how much goes back to whom it came from, under which reference."""

    amount: Positive
    reason: Reason
    reference: Reference


class CustomerRefundRequest(RefundRequest):
    """A refund of what a customer has unapplied, of several payments where one does not reach."""

    customer_id: Code
    currency: Currency


class DecisionRequest(Request):
    """What whoever decides on a refund says to it."""

    reason: Text | None = None


class Part(Frozen):
    """What of a refund one payment gives, in the refund's currency, by the payment's own method."""

    payment_id: str
    method: str
    amount: Amount


class Refund(Frozen):
    """A refund as it stands; while it is `requested` nothing has moved, and no money is kept for it."""

    id: str
    version: int = 1
    customer_id: str
    customer_name: str
    salesperson: str | None = None
    currency: str
    amount: Amount
    parts: tuple[Part, ...]
    reason: str
    reference: str
    status: Status
    requested_at: str
    requested_by: str
    principal: str
    decided_at: str | None = None
    decided_by: str | None = None
    decision: str | None = None
    is_cleared: bool = False
    """Whether a bank statement or a provider's file has shown it."""
    said: str
    """The hash of what was said when it was asked for, to tell a repeat from another refund."""
    seq: int = 1

    def cleared(self, *, seen: bool) -> "Refund":
        """Return the refund after it was seen at the bank, or was not after all."""
        return self.model_copy(update={"is_cleared": seen, "seq": self.seq + 1})

    @property
    def methods(self) -> tuple[str, ...]:
        """Return the methods by which it goes back."""
        return tuple(dict.fromkeys(one.method for one in self.parts))


def needs_approval(amount: Decimal, currency: str, limit: Decimal | None, company_currency: str) -> bool:
    """Tell whether a second person decides: above a limit, and for any amount in another currency."""
    return limit is not None and (currency != company_currency or amount > limit)


def taken(wanted: Decimal, unapplied: dict[str, Decimal]) -> dict[str, Decimal] | None:
    """Return how much of each payment goes back, in the order given; None where they do not reach."""
    found = dict[str, Decimal]()
    for payment_id, left in unapplied.items():
        if wanted <= 0:
            break
        if left > 0:
            found[payment_id] = min(wanted, left)
            wanted -= found[payment_id]
    return found if wanted <= 0 else None
