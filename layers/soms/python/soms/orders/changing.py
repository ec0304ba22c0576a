"""Changing what was ordered: amending with a preview, cancelling, closing, reopening."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from soms.inventory.model import StockItem
from soms.kit import clock
from soms.kit.access import MANAGERS, Caller
from soms.kit.problems import Fault, Invalid, Problem, merged
from soms.kit.writes import Writes, decide
from soms.orders import (
    amending,
    approvals,
    bundles,
    lifecycle,
    parts,
    placing,
    pricing,
    quantities,
    reading,
    soft,
    supplying,
    writing,
)
from soms.orders.model import Asked, Order, Waiting
from soms.orders.pricing import Facts
from soms.orders.requests import MOST_LINES, AmendRequest, CancelRequest, Reasoned, ReturnLine, Taken
from soms.orders.writing import Deed

ZERO = Decimal(0)


@dataclass(frozen=True)
class Preview:
    """What an amendment would do: the order as it would be, and the difference it makes."""

    before: Order
    after: Order
    stock: Mapping[StockItem, int]
    exposure: Decimal
    asked: tuple[Asked, ...]
    problems: tuple[Problem, ...]


def amend(order_id: str, request: AmendRequest, caller: Caller, *, now: datetime) -> Order:
    """Change an order; where a rule asks for approval the change waits and the order stays as it is."""

    def attempt(*, closely: bool) -> Order:
        before = reading.order(order_id, caller)
        lifecycle.require(before, "amend", now)
        facts, after = _amended(before, request, caller, now)
        asked = _asked(before, after, facts)
        if asked:
            return _propose(before, after, request, facts, asked, caller, now=now)
        return _commit(
            before, after, facts, caller, request, None, request.reason, now=now, closely=closely
        )

    return soft.with_stock(attempt, now)


def preview(order_id: str, request: AmendRequest, caller: Caller, *, now: datetime) -> Preview:
    """Say what an amendment would make of an order, by the same code; nothing is stored."""
    before = reading.order(order_id, caller)
    lifecycle.require(before, "amend", now)
    facts, after = _amended(before, request, caller, now)
    after = writing.imagined(before, after)
    asked = _asked(before, after, facts)
    problems = placing.in_the_way(before, after, facts, asked, now=now) if before.is_binding else []
    rise = quantities.exposure(after) - quantities.exposure(before)
    return Preview(before, after, quantities.needed(before, after), rise, asked, tuple(problems))


def apply(
    before: Order,
    request: AmendRequest,
    caller: Caller,
    more: writing.More,
    reason: str | None,
    *,
    now: datetime,
    closely: bool,
) -> Order:
    """Carry out an amendment that was approved, on the order as it is now."""
    freed = before.model_copy(update={"waiting": None})
    facts, after = _amended(freed, request, caller, now, by_hand=True)
    return _commit(before, after, facts, caller, request, more, reason, now=now, closely=closely)


def cancel(order_id: str, request: CancelRequest, caller: Caller, *, now: datetime) -> Order:
    """Cancel an order, or units of it that have not been shipped; the streams release their stock."""

    def attempt() -> Order:
        before = reading.order(order_id, caller)
        lifecycle.require(before, "cancel", now)
        units = {line.line: line.open for line in before.lines if line.open}
        if request.lines is not None:
            units = taken(before, request.lines, units, "open")
            reading.refuse(*_of_bundles(before, request.lines))
        elif any(line.shipped for line in before.lines):
            lifecycle.refuse(before, "cancel", now)
        after = quantities.without(before, units)
        if not any(line.in_force for line in after.lines):
            after = lifecycle.moved(after, "cancel", "cancelled").model_copy(update={"waiting": None})
        deed = Deed("order.cancelled", reason=request.reason, more=_ending(before, caller, now))
        return writing.commit(before, after, deed, reading.buyer(before), caller, now=now)

    return decide(attempt)


def close(order_id: str, request: Reasoned, caller: Caller, *, now: datetime) -> Order:
    """End an order of which something was shipped; what is still open is cancelled."""

    def attempt() -> Order:
        before = reading.order(order_id, caller)
        lifecycle.require(before, "close", now)
        rest = {line.line: line.open for line in before.lines if line.open and not line.charge}
        after = quantities.without(before, rest) if rest else before
        after = lifecycle.moved(after, "close", "closed").model_copy(update={"waiting": None})
        deed = Deed("order.closed", reason=request.reason, more=_ending(before, caller, now))
        return writing.commit(before, after, deed, reading.buyer(before), caller, now=now)

    return decide(attempt)


def reopen(order_id: str, request: Reasoned, caller: Caller, *, now: datetime) -> Order:
    """Open an order that was over; what was cancelled stays so, and credit is looked at again."""

    def attempt() -> Order:
        before = reading.order(order_id, caller)
        lifecycle.require(before, "reopen", now)
        after = lifecycle.moved(before, "reopen", "confirmed")
        facts = reading.facts_of(before, ())
        after = placing.with_credit_hold(after, facts, now=now)
        deed = Deed("order.reopened", guarded_on=reading.day(facts, now), reason=request.reason)
        return writing.commit(before, after, deed, facts.customer, caller, now=now)

    return decide(attempt)


def taken(
    order: Order, said: Sequence[Taken | ReturnLine], most: Mapping[int, int], what: str
) -> dict[int, int]:
    """Return the units that a body names by line, or raise Invalid where it names too many."""
    faults, units = [], dict[int, int]()
    for index, one in enumerate(said):
        place = f"/lines/{index}"
        if order.line(one.line) is None:
            faults.append(Fault("unknown_line", ("there is no such line", "没有该行"), f"{place}/line"))
        elif one.line in units:
            words = ("this line is named twice", "该行重复")
            faults.append(Fault("duplicate_line", words, f"{place}/line"))
        elif one.quantity > most.get(one.line, 0):
            left = most.get(one.line, 0)
            words = (f"only {left} units are {what}", f"最多 {left} 件")
            code = f"quantity_exceeds_{what}"
            faults.append(Fault(code, words, f"{place}/quantity", meta={"most": left}))
        units[one.line] = one.quantity
    reading.refuse(*faults)
    return units


def _of_bundles(order: Order, said: Sequence[Taken]) -> list[Fault]:
    found = ((index, order.line(one.line)) for index, one in enumerate(said))
    return [bundles.untouchable(f"/lines/{index}/line") for index, line in found if line and line.bundle]


def _amended(
    before: Order, request: AmendRequest, caller: Caller, now: datetime, *, by_hand: bool = False
) -> tuple[Facts, Order]:
    warehouses = {one.warehouse for one in request.lines or ()}
    facts = reading.facts_of(before, amending.skus(request, before), warehouses)
    if request.salesperson is not None:
        placing.salesperson(request.salesperson, facts, caller)
    if not by_hand:
        placing.refuse(placing.unranked(request.priority, caller))
    how = amending.draft if before.status == "draft" else amending.confirmed
    right = by_hand or caller.is_any(MANAGERS)
    try:
        after = how(before, request, facts, on=reading.day(facts, now), by_hand=right)
    except amending.Refused as refused:
        placing.refuse(refused.faults)
        raise
    after = supplying.added(before, after, facts)
    _require_fit(after)
    return facts, after


def _require_fit(order: Order) -> None:
    if len(order.lines) > MOST_LINES:
        raise Invalid(placing.too_many_lines())
    if len(quantities.per_item(order)) > pricing.MOST_STOCK_ITEMS:
        raise Invalid(placing.too_many_lines(pricing.MOST_STOCK_ITEMS))


def _asked(before: Order, after: Order, facts: Facts) -> tuple[Asked, ...]:
    """Return the rules that ask for an amendment: of a binding order that comes to cost or grant more."""
    if not before.is_binding:
        return ()
    rise = quantities.exposure(after) - quantities.exposure(before)
    asked = placing.rules_asking(after, facts, rise)
    was, now = approvals.inputs(before, facts, ZERO), approvals.inputs(after, facts, rise)
    if approvals.is_worse(now, was):
        return asked
    # What the rules were asked about the order as it is has had its answer.
    answered = {one.rule for one in placing.rules_asking(before, facts, ZERO)}
    return tuple(one for one in asked if one.rule not in answered)


def _propose(
    before: Order,
    after: Order,
    request: AmendRequest,
    facts: Facts,
    asked: tuple[Asked, ...],
    caller: Caller,
    *,
    now: datetime,
) -> Order:
    if problems := placing.in_the_way(before, after, facts, asked, now=now):
        raise merged(problems)
    waiting = Waiting(
        ordinal=before.approvals + 1,
        kind="amendment",
        rules=asked,
        request=request.model_dump(mode="json", exclude_unset=True),
        requested_by=caller.name,
        requested_at=clock.stamp(now),
        principal=caller.principal,
    )
    kept = before.model_copy(update={"waiting": waiting, "approvals": waiting.ordinal})
    more: writing.More = parts.put_approval
    deed = Deed("order.amendment_submitted", reason=request.reason, more=more)
    return writing.commit(before, kept, deed, facts.customer, caller, now=now)


def _commit(
    before: Order,
    after: Order,
    facts: Facts,
    caller: Caller,
    request: AmendRequest,
    more: writing.More | None,
    reason: str | None,
    *,
    now: datetime,
    closely: bool,
) -> Order:
    if before.is_binding and not any(line.in_force for line in after.lines):
        after = lifecycle.moved(after, "cancel", "cancelled")
    rises = quantities.exposure(after) > quantities.exposure(before)
    guarded_on = reading.day(facts, now) if rises else None
    keep = keeping_version(before)

    def both(writes: Writes, order: Order) -> None:
        keep(writes, order)
        if more:
            more(writes, order)

    deed = Deed(
        "order.amended",
        guarded_on=guarded_on,
        closely=closely,
        places=_places(after, request),
        reason=reason,
        more=both,
    )
    return writing.commit(before, after, deed, facts.customer, caller, now=now)


def _places(after: Order, request: AmendRequest) -> dict[StockItem, list[str]]:
    """Return where in the body each stock item was asked for more."""
    found: dict[StockItem, list[str]] = {}
    for index, change in enumerate(request.lines or ()):
        line = after.line(change.line) if change.line else None
        sku = (line.bundle or line).sku if line else change.sku
        for held in after.lines:
            if held.warehouse and sku in {held.sku, held.bundle.sku if held.bundle else None}:
                found.setdefault(quantities.item_of(held), []).append(f"/lines/{index}/quantity")
    return {item: list(dict.fromkeys(places)) for item, places in found.items()}


def _ending(before: Order, caller: Caller, now: datetime) -> writing.More:
    """Keep the version there was; an amendment that waited for an order that is over is dropped."""

    def more(writes: Writes, order: Order) -> None:
        parts.keep_version(writes, before)
        if before.waiting and order.waiting is None:
            told = {"outcome": "dropped", "decided_by": caller.name, "decided_at": clock.stamp(now)}
            parts.put_approval(writes, order, before.waiting, told)

    return more


def keeping_version(before: Order) -> writing.More:
    """Return what keeps the version there was, for a command that changes what was agreed."""

    def more(writes: Writes, _order: Order) -> None:
        parts.keep_version(writes, before)

    return more
