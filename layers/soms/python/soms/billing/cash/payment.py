"""Money that came in: what a payment is, what clients say of it, what may happen to it."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from soms.billing.model import MOST_REMEMBERED
from soms.kit import money
from soms.kit.fields import Amount, Code, Currency, Day, Frozen, Request, Text, wrong

MOST_AT_ONCE: Final = 40
"""How many invoices one command settles at most; the rest of the money stays unapplied."""
MOST_HELD: Final = 40
"""How many allocations an invoice holds at most, so that a credit note can always undo them all."""
MOST_APPLIED: Final = 200
OFFLINE: Final = frozenset({"bank_transfer", "cheque", "cash"})
"""Methods whose money may turn out not to have come."""

Method = Literal[
    "bank_transfer", "alipay", "wechat_pay", "card", "cash", "cheque", "prepayment", "customer_credit"
]
Status = Literal["received", "bounced"]
Reason = Literal["rounding", "discount", "bad_debt", "fx", "bank_fee"]
"""Why a part of an invoice is given up."""
Positive = Annotated[Amount, Field(gt=0)]


class Lost(Request):
    """What of an invoice is given up along with a payment, in the invoice's currency."""

    amount: Positive
    reason: Reason


class Named(Request):
    """An invoice and how much of a payment goes to it; in another currency also how much that settles."""

    invoice_id: Code
    amount: Positive
    invoice_amount: Positive | None = None
    write_off: Lost | None = None


Several = Annotated[tuple[Named, ...], Field(min_length=1, max_length=MOST_AT_ONCE)]


class PaymentRequest(Request):
    """A payment as clients describe it: whose it is, by customer, order or invoice."""

    customer_id: Code | None = None
    order_id: Code | None = None
    invoice_id: Code | None = None
    amount: Positive
    currency: Currency
    method: str = Field(min_length=1, max_length=40, pattern=r"^[a-z][a-z0-9_]*$")
    reference: Annotated[str, Field(min_length=1, max_length=100)]
    received_on: Day | None = None
    allocations: Literal["auto", "none"] | Several = "auto"
    note: Text | None = None

    @model_validator(mode="after")
    def _whose(self) -> "PaymentRequest":
        if sum(one is not None for one in (self.customer_id, self.order_id, self.invoice_id)) != 1:
            raise wrong(
                "one_of",
                "give one of customer_id, order_id and invoice_id",
                "customer_id、order_id 与 invoice_id 须三选一",
            )
        return self


class Reversed(Request):
    """An invoice from which money is taken back, all of it or so much in the payment's currency."""

    invoice_id: Code
    amount: Positive | None = None


class AllocateRequest(Request):
    """What becomes of a payment: it settles by itself, what is named, or it is taken back from invoices."""

    mode: Literal["auto"] | None = None
    allocations: Several | None = None
    reverse: (
        Literal["all"] | Annotated[tuple[Reversed, ...], Field(min_length=1, max_length=MOST_AT_ONCE)] | None
    ) = None
    reason: Text | None = None

    @model_validator(mode="after")
    def _one_of_three(self) -> "AllocateRequest":
        if sum(one is not None for one in (self.mode, self.allocations, self.reverse)) != 1:
            raise wrong(
                "one_of",
                "give one of mode, allocations and reverse",
                "mode、allocations 与 reverse 须三选一",
            )
        return self


class BounceRequest(Request):
    """Why the money of a payment did not come."""

    reason: Annotated[str, Field(min_length=1, max_length=1000)]


class Applied(Frozen):
    """What of a payment went to an invoice, in the payment's currency; `settled` is in the invoice's."""

    invoice_id: str
    number: str
    amount: Amount
    settled: Amount


class Payment(Frozen):
    """A payment as it stands; `version` counts commands on it, `seq` its writes. Amounts in its currency.

    `home` is false where it came in another currency than its customer's: it counts for the customer's
    exposure only as far as it settles invoices. An automatic one that came in for an order settles its
    invoices as they are issued. `freed_orders` are those from whose invoices it was taken back once.
    """

    id: str
    version: int = 1
    customer_id: str
    customer_name: str
    salesperson: str | None = None
    order_id: str | None = None
    home: bool = True
    currency: str
    method: str
    reference: str
    amount: Amount
    refunded: Amount
    allocations: tuple[Applied, ...] = ()
    cleared: Amount = Decimal(0)
    """What of it was seen on a bank statement or in a provider's file."""
    freed_orders: tuple[str, ...] = ()
    status: Status = "received"
    received_on: date
    is_automatic: bool = True
    note: str | None = None
    recorded_at: str
    recorded_by: str
    said: str
    """The hash of what was said when it was recorded, to tell a repeat from another payment."""
    seq: int = 1

    @property
    def applied(self) -> Decimal:
        """Return what of it settles invoices."""
        return sum((one.amount for one in self.allocations), Decimal(0).quantize(self.amount))

    @property
    def unapplied(self) -> Decimal:
        """Return what of it settles nothing and was not given back: this may be refunded."""
        if self.status == "bounced":
            return Decimal(0).quantize(self.amount)
        return self.amount - self.refunded - self.applied

    @property
    def uncleared(self) -> Decimal:
        """Return what of it no bank statement or provider's file has shown yet."""
        return self.amount - self.cleared

    def age(self) -> tuple[date, str, str]:
        """Return what payments are sorted by, the oldest first."""
        return self.received_on, self.recorded_at, self.id

    def given(self, invoice_id: str, number: str, amount: Decimal, settled: Decimal) -> "Payment":
        """Return the payment after so much of it went to an invoice; two to one invoice are one."""
        old = next((one for one in self.allocations if one.invoice_id == invoice_id), None)
        one = Applied(
            invoice_id=invoice_id,
            number=number,
            amount=amount + (old.amount if old else 0),
            settled=settled + (old.settled if old else 0),
        )
        kept = tuple(held for held in self.allocations if held is not old)
        return self._with(allocations=(*kept, one))

    def taken_back(self, invoice_id: str, amount: Decimal, settled: Decimal) -> "Payment":
        """Return the payment with so much of it back from an invoice."""
        after = []
        for one in self.allocations:
            if one.invoice_id != invoice_id:
                after.append(one)
            elif one.amount > amount:
                rest = {"amount": one.amount - amount, "settled": one.settled - settled}
                after.append(one.model_copy(update=rest))
        return self._with(allocations=tuple(after))

    def remembering(self, order_id: str) -> "Payment":
        """Return the payment after it was taken back from an invoice of an order; it remembers so many."""
        if order_id in self.freed_orders or len(self.freed_orders) == MOST_REMEMBERED:
            return self
        return self.model_copy(update={"freed_orders": (*self.freed_orders, order_id)})

    def refunded_by(self, amount: Decimal) -> "Payment":
        """Return the payment after so much of it was given back to whom it came from."""
        return self._with(refunded=self.refunded + amount)

    def cleared_by(self, amount: Decimal) -> "Payment":
        """Return the payment after so much of it was seen at the bank; a negative amount takes that back."""
        return self._with(cleared=self.cleared + amount)

    def bounced(self) -> "Payment":
        """Return the payment after it turned out that its money had not come."""
        return self._with(status="bounced", allocations=())

    def commanded(self) -> "Payment":
        """Return the payment with its version raised: a command changed it, and not what follows from one."""
        return self.model_copy(update={"version": self.version + 1})

    def _with(self, **changes: object) -> "Payment":
        return self.model_copy(update={**changes, "seq": self.seq + 1})


def text(payment: Payment, value: Decimal) -> str:
    """Write an amount in a payment's currency."""
    return money.text(value, payment.currency)
