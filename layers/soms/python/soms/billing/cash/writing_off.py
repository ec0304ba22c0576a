"""Giving up what will not be paid of an invoice, and taking that back."""

from datetime import datetime
from decimal import Decimal
from typing import Final

from soms.billing import balances, store
from soms.billing.cash import collecting, write_off
from soms.billing.cash.collecting import Facts
from soms.billing.cash.desk import Desk
from soms.billing.cash.payment import MOST_HELD
from soms.billing.cash.write_off import ReverseRequest, WriteOff, WriteOffRequest
from soms.billing.model import OpenItem
from soms.catalog.commands import expected
from soms.catalog.rules import amount_faults
from soms.kit import ids, journal, money
from soms.kit.access import Caller
from soms.kit.problems import Invalid, InvalidState, NotFound
from soms.kit.writes import Writes, decide

CREATED: Final = 201


def get(write_off_id: str) -> WriteOff:
    """Return a write-off with what of it still holds, or raise NotFound."""
    (voucher, *_) = [*store.vouchers([write_off_id]), None]
    if voucher is None or voucher.kind != "write_off":
        raise NotFound
    return WriteOff(voucher=voucher, item=_item(voucher.portions[0].invoice_id))


def give_up(invoice_id: str, request: WriteOffRequest, caller: Caller, *, now: datetime) -> WriteOff:
    """Give up so much of an invoice, or all that is open of it; return the write-off.

    Raises NotFound, InvalidState where nothing is open, Invalid, Forbidden above the caller's limit,
    AmountExceedsOpen, TooManyAllocations.
    """

    def attempt() -> WriteOff:
        before = _item(invoice_id)
        known = collecting.facts(now)
        amount = _amount(before, request)
        reason = request.reason
        write_off.require_right(amount, before.currency, reason, caller, known.settings, with_money=False)
        if amount > before.open:
            raise collecting.exceeds(before, amount, "/amount")
        if len(before.allocations) >= MOST_HELD:
            raise collecting.TooManyAllocations
        version = before.seq + 1
        name = ids.derived("wof", journal.entry_id(caller, f"open_item#{before.id}", version))
        table = Desk.of([before], [])
        table.write_off(before.id, write_off.allocation(name, amount, reason), reason, request.note)
        return _commit(table, name, ("write_off.made", CREATED, reason), known, caller, now)

    return decide(attempt)


def reverse(write_off_id: str, request: ReverseRequest, caller: Caller, *, now: datetime) -> WriteOff:
    """Let what was given up be owed again, as far as it still holds; return the write-off.

    Raises NotFound, InvalidState where none of it holds any more, Forbidden as for giving it up.
    """

    def attempt() -> WriteOff:
        before = get(write_off_id)
        expected(caller, 1)
        if before.status == "reversed":
            raise InvalidState(command="reverse", state=before.status, allowed=[])
        known = collecting.facts(now)
        write_off.require_right(
            before.held, before.item.currency, before.reason, caller, known.settings, with_money=True
        )
        table = Desk.of([before.item], [])
        table.take_back(write_off_id, before.item.id)
        return _commit(table, write_off_id, ("write_off.reversed", 200, request.reason), known, caller, now)

    return decide(attempt)


def _commit(
    table: Desk, name: str, told: tuple[str, int, str | None], known: Facts, caller: Caller, now: datetime
) -> WriteOff:
    ((before, after),) = table.changed_items
    what, status, reason = told
    event = journal.Event(
        name=what,
        aggregate=f"open_item#{after.id}",
        version=after.seq,
        resource=("write_off", name),
        status=status,
        changes={"open": [str(before.open), str(after.open)]},
        facts={
            "customer": after.customer_id,
            "currency": after.currency,
            "amount": str(before.open - after.open),
        },
        reason=reason,
    )
    writes = Writes()
    vouchers = collecting.move(writes, table, collecting.posting_of(caller, event, known, now))
    journal.record(writes, event, caller, at=now)
    writes.commit()
    made = next((one for one in vouchers if one.id == name), None)
    return WriteOff(voucher=made, item=after) if made else get(name)


def _item(invoice_id: str) -> OpenItem:
    found = balances.open_items([invoice_id])
    if not found:
        raise NotFound
    return found[0]


def _amount(item: OpenItem, request: WriteOffRequest) -> Decimal:
    if not item.open:
        raise InvalidState(command="write-off", state=item.status, allowed=[])
    if request.amount is None:
        return item.open
    if faults := amount_faults(request.amount, item.currency, "/amount"):
        raise Invalid(*faults)
    return money.amount(request.amount, item.currency)
