"""Giving up a part of an invoice: what clients say of it, which account bears it, and who may."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, Literal

from pydantic import TypeAdapter

from soms.billing import accounts
from soms.billing.cash.payment import Positive, Reason
from soms.billing.model import Allocation, OpenItem
from soms.billing.voucher import Voucher
from soms.catalog.model import Settings
from soms.kit import money
from soms.kit.access import Caller, Group
from soms.kit.fields import Frozen, Request, Text
from soms.kit.problems import Fault, Forbidden

ACCOUNTS: Final[Mapping[Reason, str]] = {
    "rounding": accounts.ROUNDING,
    "discount": accounts.ROUNDING,
    "bad_debt": accounts.BAD_DEBT,
    "fx": accounts.FX,
    "bank_fee": accounts.FEES,
}
"""Reason → the account that bears what is given up."""
REASONS: Final[TypeAdapter[Reason]] = TypeAdapter(Reason)
NOTHING: Final = Decimal(0)
FOR_MANAGERS: Final = ("Only a finance manager gives up a debt.", "坏账核销须由财务经理办理。")


class WriteOffRequest(Request):
    """What of an invoice is given up, and why; without an amount all that is open."""

    amount: Positive | None = None
    reason: Reason
    note: Text | None = None


class ReverseRequest(Request):
    """Why what was given up is owed again."""

    reason: Text | None = None


class WriteOff(Frozen):
    """What was given up of an invoice, as its voucher says, and how much of that still holds."""

    voucher: Voucher
    item: OpenItem

    @property
    def reason(self) -> Reason:
        """Return why it was given up."""
        return REASONS.validate_python(self.voucher.reason)

    @property
    def held(self) -> Decimal:
        """Return how much of it still holds; a credit note or a reversal takes it back."""
        found = (one.amount for one in self.item.allocations if one.source == self.voucher.id)
        return next(found, NOTHING.quantize(self.voucher.amount))

    @property
    def status(self) -> Literal["done", "reversed"]:
        """Return whether any of it still holds."""
        return "done" if self.held else "reversed"


def allocation(name: str, amount: Decimal, reason: Reason) -> Allocation:
    """Return what gives up so much of an invoice; it goes by the name of its voucher."""
    return Allocation(source=name, kind="write_off", account=ACCOUNTS[reason], amount=amount, given=amount)


def require_right(
    amount: Decimal, currency: str, reason: Reason, caller: Caller, settings: Settings, *, with_money: bool
) -> None:
    """Require that the caller may give up so much: by role, or within the tolerance along with a payment.

    Limits are in the company's currency; in another one only who has no limit may. Raises Forbidden.
    """
    manages = Group.FINANCE_MANAGER in caller.groups
    if reason == "bad_debt" and not manages:
        raise Forbidden(detail=FOR_MANAGERS, faults=[Fault("manager_required", FOR_MANAGERS, "/reason")])
    limits = settings.write_off_limits
    limit = limits.finance_manager if manages else limits.finance
    if limit is None:
        return
    limit = max(limit, settings.write_off_tolerance) if with_money else limit
    if currency != settings.currency or amount > limit:
        most = money.text(limit, settings.currency)
        words = (
            f"Up to {most} {settings.currency} may be written off here.",
            f"此处最多可核销 {most} {settings.currency}。",
        )
        fault = Fault("write_off_limit", words, "/amount")
        raise Forbidden(detail=words, faults=[fault], meta={"limit": most, "currency": settings.currency})
