"""What a bank line posts once it is matched or written off, and what takes that back."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

from soms.billing import accounts
from soms.billing.bank.bank_line import LOSSES, BankLine, method_of
from soms.billing.model import Posting
from soms.billing.periods import Periods
from soms.billing.voucher import Kind, Voucher
from soms.kit import ids

Entry = tuple[Kind, str, Decimal, tuple[Posting, ...]]
"""Kind of voucher, method of payment or nothing, amount, postings."""


def vouchers(
    line: BankLine,
    periods: Periods,
    today: date,
    *,
    back: bool,
    reason: str | None,
    at: datetime,
    by: str,
) -> list[Voucher]:
    """Return the vouchers of a line as it was matched, one a method of payment, or those that take them back.

    A line counts for the day it was booked on; what is taken back counts for today.
    """
    wanted = max(line.booked_on, today) if back else line.booked_on
    day = periods.day(wanted)
    return [
        Voucher(
            id=ids.derived("vou", kind, method, line.id, str(line.match), "back" if back else ""),
            kind=kind,
            method=method or None,
            reference=line.bank_reference or line.reference or line.id,
            currency=line.currency,
            amount=amount,
            postings=postings,
            posted_on=day,
            wanted_on=None if day == wanted else wanted,
            reason=reason,
            recorded_at=at,
            recorded_by=by,
        )
        for kind, method, amount, postings in entries(line, sign=-1 if back else 1)
    ]


def entries(line: BankLine, *, sign: int = 1) -> Iterator[Entry]:
    """Yield what a line posts; with sign −1 the reverse of it."""
    account = f":{line.account}" if line.account else ""
    if line.state == "written_off":
        yield _loss(line, sign, account)
        return
    if line.is_provider:
        for method in line.matched_methods if line.fee else ():
            yield _fee(method, sign * line.fee)
        return
    fee = line.matched_fee
    for method, gross in sorted(line.matched_methods.items()):
        amounts = {"gross": sign * gross, "fee": sign * fee, "amount": sign * (gross - fee)}
        legs = accounts.postings("bank_match", amounts, account=account, method=method)
        yield "bank_match", method, sign * gross, tuple(one for one in legs if one.debit or one.credit)
        # The fee was taken off the line as a whole: the first method bears it.
        fee = fee * 0


def _loss(line: BankLine, sign: int, account: str) -> Entry:
    if line.is_provider:
        return _fee(method_of(line.source), sign * (line.fee - line.amount))
    amount, loss = sign * line.amount, LOSSES[line.reason or "other"]
    legs = accounts.postings("bank_loss", {"amount": amount}, account=account, loss=loss)
    return "bank_loss", "", amount, legs


def _fee(method: str, amount: Decimal) -> Entry:
    return (
        "provider_fee",
        method,
        amount,
        accounts.postings("provider_fee", {"amount": amount}, method=method),
    )
