"""A statement of an account and its lines, as a bank or a payment provider gave them."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Literal

from soms.billing.model import Frozen
from soms.kit.money import EXACT

LineKind = Literal["transfer", "capture", "refund", "fee", "payout", "chargeback", "other"]


class StatementLine(Frozen):
    """One movement on an account; `amount` is signed, a credit to the account is positive.

    `account` and `currency` are empty where neither the file nor its reader knew them. `payer` is whoever
    stands on the other side. `fee` is what a provider kept of the amount: amount − fee reaches the account.
    """

    id: str
    account: str
    currency: str
    booked_on: date
    value_on: date | None = None
    amount: Decimal
    kind: LineKind = "transfer"
    fee: Decimal = Decimal(0)
    payer: str | None = None
    payer_account: str | None = None
    reference: str | None = None
    bank_reference: str | None = None
    text: str = ""
    payout: str | None = None
    position: int

    @property
    def net(self) -> Decimal:
        """Return what reached the account: amount − fee."""
        return EXACT.subtract(self.amount, self.fee)


class Statement(Frozen):
    """The lines of one account in one file, in the order of the file, with the balances around them."""

    account: str
    currency: str | None = None
    number: str | None = None
    from_on: date | None = None
    to_on: date | None = None
    opening: Decimal | None = None
    closing: Decimal | None = None
    lines: tuple[StatementLine, ...] = ()
    kind: Literal["bank", "provider"]
    source: str

    @property
    def adds_up(self) -> bool | None:
        """Tell whether opening + Σ net = closing, or None where balances or one currency are not given."""
        if self.opening is None or self.closing is None:
            return None
        if any(line.currency != (self.currency or "") for line in self.lines):
            return None
        return EXACT.add(self.opening, total(line.net for line in self.lines)) == self.closing


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Add amounts up exactly, in any decimal context."""
    result = Decimal(0)
    for amount in amounts:
        result = EXACT.add(result, amount)
    return result
