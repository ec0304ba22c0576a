"""A line of a bank statement or a provider's file on its way to what it belongs to."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from soms.billing.cash.payment import MOST_AT_ONCE, Positive
from soms.kit.fields import Amount, Code, Frozen, Request, Text, wrong

State = Literal["unmatched", "suggested", "matched", "written_off"]
Target = Literal["payment", "invoice", "refund", "payout"]
Word = Literal["reference", "amount", "payer", "date", "part", "over"]
LOSSES: Final[dict[str, str]] = {
    "bank_fee": "bank_fees",
    "interest": "other_income",
    "rounding": "rounding",
    "other": "other_income",
}
"""Why a line belongs to nothing of ours → the account that takes it."""


PROVIDERS: Final = {"stripe": "card", "shopify": "card", "alipay": "alipay", "wechat": "wechat_pay"}
"""Source of a provider's file → the method of the payments in it."""


def method_of(source: str) -> str:
    """Return the method of the payments that a provider's file is about."""
    return PROVIDERS.get(source.partition(".")[0], "card")


class Aim(Frozen):
    """What a line may belong to, or does: a payment, an invoice that it pays, a refund, a payout."""

    kind: Target
    id: str
    number: str | None = None
    amount: Amount


class Candidate(Frozen):
    """A way to match a line, how sure it is (0 to 100), and what speaks for it."""

    aims: tuple[Aim, ...]
    score: int
    reasons: dict[str, int]
    customer_id: str | None = None
    customer_name: str | None = None


class BankLine(Frozen):
    """A line as it was read, and how far it is. Amounts are signed: what comes in is positive.

    `fee` is what a provider kept of it. `considered` is false until it was first looked at.
    """

    id: str
    version: int = 1
    seq: int = 1
    import_id: str | None = None
    source: str
    is_provider: bool = False
    account: str
    currency: str
    booked_on: date
    value_on: date | None = None
    amount: Amount
    fee: Amount
    kind: str = "transfer"
    payer: str | None = None
    payer_account: str | None = None
    reference: str | None = None
    bank_reference: str | None = None
    text: str = ""
    payout: str | None = None
    state: State = "unmatched"
    considered: bool = False
    candidates: tuple[Candidate, ...] = ()
    exception: str | None = None
    matched: tuple[Aim, ...] = ()
    matched_fee: Amount = Decimal(0)
    matched_methods: dict[str, Amount] = Field(default_factory=dict)
    """By method of payment, what the line shows of its clearing account."""
    matched_by: str | None = None
    matched_at: str | None = None
    match: int = 0
    """How many times it was matched: the vouchers of each time have names of their own."""
    reason: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Return every reference that the line carries."""
        return tuple(dict.fromkeys(filter(None, (self.reference, self.bank_reference))))


class Paid(Request):
    """A recorded payment that a line belongs to, all that is uncleared of it or so much."""

    payment_id: Code
    amount: Positive | None = None


class Paying(Request):
    """An invoice that a line pays, all that is open of it or so much."""

    invoice_id: Code
    amount: Positive | None = None


class MatchRequest(Request):
    """What a line belongs to: a candidate, payments, invoices it pays, a refund, or a customer's money.

    `fee` is what the bank kept of it. What is left over of invoices stays unapplied.
    """

    candidate: Annotated[int, Field(ge=0)] | None = None
    payments: Annotated[tuple[Paid, ...], Field(min_length=1, max_length=MOST_AT_ONCE)] | None = None
    invoices: Annotated[tuple[Paying, ...], Field(min_length=1, max_length=MOST_AT_ONCE)] | None = None
    refund_id: Code | None = None
    customer_id: Code | None = None
    fee: Annotated[Amount, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "MatchRequest":
        ways = (self.candidate, self.payments, self.invoices, self.refund_id, self.customer_id)
        if sum(one is not None for one in ways) != 1:
            raise wrong(
                "one_of",
                "give one of candidate, payments, invoices, refund_id and customer_id",
                "candidate、payments、invoices、refund_id 与 customer_id 须五选一",
            )
        return self


class UnmatchRequest(Request):
    """Why a line does not belong to what it was matched with."""

    reason: Annotated[str, Field(min_length=1, max_length=1000)]


class LossRequest(Request):
    """Why a line belongs to nothing of ours."""

    reason: Literal["bank_fee", "interest", "rounding", "other"]
    note: Text | None = None
