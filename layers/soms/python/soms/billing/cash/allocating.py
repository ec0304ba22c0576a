"""Letting recorded payments settle invoices, and taking them back."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from soms.billing import balances
from soms.billing.cash import collecting
from soms.billing.cash.collecting import LOOKED_AT
from soms.billing.cash.desk import Desk, Posting
from soms.billing.cash.payment import MOST_AT_ONCE, AllocateRequest, Payment, Reversed
from soms.catalog.commands import expected
from soms.kit import journal, money
from soms.kit.access import Caller
from soms.kit.problems import Fault, Invalid, InvalidState
from soms.kit.writes import Writes, decide


def allocate(payment_id: str, request: AllocateRequest, caller: Caller, *, now: datetime) -> Payment:
    """Let a payment settle invoices, or take it back from them; return it.

    Raises NotFound, InvalidState, Invalid, AmountExceedsOpen, VersionMismatch.
    """
    owing = _owing(payment_id) if request.mode else []

    def attempt() -> Payment:
        before = balances.payment(payment_id)
        expected(caller, before.version)
        if before.status != "received":
            raise InvalidState(command="allocate", state=before.status, allowed=[])
        known = collecting.facts(now)
        table = Desk.of(balances.open_items(_invoices(before, request, owing)), [before])
        if request.reverse is not None:
            _take_back(table, before, request.reverse)
        else:
            collecting.settle(table, before, request.allocations or "auto", by=(caller, known.settings))
        is_automatic = before.is_automatic and request.reverse is None
        table.payments[before.id] = (
            table.payments[before.id].commanded().model_copy(update={"is_automatic": is_automatic})
        )
        writes = Writes()
        posting = Posting(
            name=journal.entry_id(caller, f"payment#{before.id}", before.version + 1),
            wanted_on=known.today,
            periods=known.periods,
            recorded_at=now,
            recorded_by=caller.name,
            reason=request.reason,
        )
        collecting.move(writes, table, posting)
        name = "payment.allocated" if request.reverse is None else "payment.unallocated"
        journal.record(writes, collecting.moved(name, before, table), caller, at=now)
        writes.commit()
        return table.payments[before.id]

    return decide(attempt)


def _owing(payment_id: str) -> list[str]:
    return balances.owing(balances.payment(payment_id).customer_id, limit=LOOKED_AT)


def _invoices(payment: Payment, request: AllocateRequest, owing: Sequence[str]) -> Sequence[str]:
    if request.allocations is not None:
        return [one.invoice_id for one in request.allocations]
    if request.reverse is None:
        return owing
    held = [one.invoice_id for one in payment.allocations]
    if request.reverse == "all":
        return held[-MOST_AT_ONCE:]
    return [one.invoice_id for one in request.reverse if one.invoice_id in held]


def _take_back(table: Desk, payment: Payment, wanted: str | Sequence[Reversed]) -> None:
    if isinstance(wanted, str):
        for name in list(table.items):
            table.take_back(payment.id, name)
        return
    for index, one in enumerate(wanted):
        held = next((each for each in payment.allocations if each.invoice_id == one.invoice_id), None)
        place = f"/reverse/{index}"
        if held is None:
            words = ("the payment does not settle this invoice", "该收款未核销此发票")
            raise Invalid(Fault("not_allocated", words, f"{place}/invoice_id"))
        if one.amount is not None and one.amount > held.amount:
            left = money.text(held.amount, payment.currency)
            words = (f"{left} of it settles this invoice", f"该收款对此发票的核销金额为 {left}")
            raise Invalid(Fault("amount_exceeds_allocated", words, f"{place}/amount"))
        table.take_back(payment.id, one.invoice_id, _settled(held.amount, held.settled, one.amount))


def _settled(given: Decimal, settled: Decimal, amount: Decimal | None) -> Decimal | None:
    """Return what so much of the money settles of the invoice; None is all of it."""
    if amount is None or amount == given:
        return None
    digits = -int(settled.as_tuple().exponent)
    return money.allocate(settled, (amount, given - amount), digits)[0]
