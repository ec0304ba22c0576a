"""Noting of an invoice what keeps it from being asked for: a dispute, a promise to pay."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Annotated, Final

from pydantic import Field

from soms.billing import balances
from soms.billing.model import OpenItem
from soms.catalog import store as catalog
from soms.catalog.commands import zone
from soms.kit import clock, journal
from soms.kit.access import Caller
from soms.kit.fields import Day, Request
from soms.kit.problems import Fault, Invalid, InvalidState, NotFound
from soms.kit.writes import Writes, decide

LONGEST: Final = 365
"""Days ahead for which a payment may be promised."""
Reason = Annotated[str, Field(min_length=1, max_length=1000)]
Change = Callable[[OpenItem], Mapping[str, object]]


class DisputeRequest(Request):
    """Why a customer will not pay an invoice as it is."""

    reason: Reason


class PromiseRequest(Request):
    """The day for which a customer has promised to pay."""

    promised_on: Day
    note: Reason | None = None


def dispute(invoice_id: str, request: DisputeRequest, caller: Caller, *, now: datetime) -> OpenItem:
    """Note that an invoice is disputed: it is not asked for until that is resolved.

    Raises NotFound, and InvalidState where nothing is open on it or it is disputed already.
    """

    def change(item: OpenItem) -> Mapping[str, object]:
        if item.disputed is not None:
            raise InvalidState(command="dispute", state="disputed", allowed=["resolve", "promise"])
        return {"disputed": request.reason, "disputed_at": clock.stamp(now)}

    return _note("invoice.disputed", invoice_id, change, caller, now, reason=request.reason)


def resolve(invoice_id: str, caller: Caller, *, now: datetime) -> OpenItem:
    """Note that the dispute over an invoice is over, whatever came of it; raises NotFound, InvalidState."""

    def change(item: OpenItem) -> Mapping[str, object]:
        if item.disputed is None:
            raise InvalidState(command="resolve", state=item.status, allowed=["dispute", "promise"])
        return {"disputed": None, "disputed_at": None}

    return _note("invoice.dispute_resolved", invoice_id, change, caller, now, may_be_closed=True)


def promise(invoice_id: str, request: PromiseRequest, caller: Caller, *, now: datetime) -> OpenItem:
    """Note for which day payment is promised: until it has passed the invoice is not asked for.

    Another promise replaces it. Raises NotFound, Invalid, and InvalidState where nothing is open.
    """
    today = now.astimezone(zone(catalog.settings())).date()
    _require_soon(request.promised_on, today)

    def change(_: OpenItem) -> Mapping[str, object]:
        return {"promised_on": request.promised_on, "promise_note": request.note}

    return _note("invoice.promised", invoice_id, change, caller, now, reason=request.note)


def _require_soon(day: date, today: date) -> None:
    if day < today:
        words = ("this day has passed", "日期不得早于今天")
        raise Invalid(Fault("too_early", words, "/promised_on"))
    if (day - today).days > LONGEST:
        words = (f"at most {LONGEST} days ahead", f"最多提前 {LONGEST} 天")
        raise Invalid(Fault("too_late", words, "/promised_on"))


def _note(
    name: str,
    invoice_id: str,
    change: Change,
    caller: Caller,
    now: datetime,
    *,
    reason: str | None = None,
    may_be_closed: bool = False,
) -> OpenItem:
    def attempt() -> OpenItem:
        before = next(iter(balances.open_items([invoice_id])), None)
        if before is None:
            raise NotFound
        caller.require_sight(before.salesperson)
        if before.status != "open" and not may_be_closed:
            raise InvalidState(command=name.removeprefix("invoice."), state=before.status, allowed=[])
        changes = change(before)
        after = before.noted(**changes)
        writes = Writes()
        balances.put_open_item(writes, after, before=before)
        event = journal.Event(
            name=name,
            aggregate=f"invoice#{before.id}",
            version=after.seq,
            resource=("invoice", before.id),
            changes={one: [_told(getattr(before, one)), _told(value)] for one, value in changes.items()},
            reason=reason,
        )
        journal.record(writes, event, caller, at=now)
        writes.commit()
        return after

    return decide(attempt)


def _told(value: object) -> str | None:
    return None if value is None else str(value)
