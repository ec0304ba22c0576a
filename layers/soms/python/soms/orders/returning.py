"""Goods that come back: asked for, approved, received, inspected, and what is done about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from soms.catalog.commands import expected
from soms.inventory.model import StockItem
from soms.inventory.store import Cause
from soms.kit import clock, ids
from soms.kit.access import Caller, Command
from soms.kit.problems import Fault, InvalidState
from soms.kit.writes import Writes, decide
from soms.orders import (
    lifecycle,
    parts,
    placing,
    quantities,
    reading,
    shelving,
    soft,
    store,
    supplying,
    writing,
)
from soms.orders.changing import taken
from soms.orders.model import Inspected, Order, Return, ReturnStatus, Units
from soms.orders.requests import (
    InspectRequest,
    OrderRequest,
    Reasoned,
    ReceiveRequest,
    ResolveRequest,
    ReturnRequest,
)
from soms.orders.spreading import Looked
from soms.orders.writing import CREATED, Deed

STEPS: Final[Mapping[str, tuple[tuple[ReturnStatus, ...], ReturnStatus]]] = {
    "approve": (("requested",), "approved"),
    "reject": (("requested",), "rejected"),
    "cancel": (("requested", "approved"), "cancelled"),
    "receive": (("approved",), "received"),
    "inspect": (("received",), "inspected"),
    "resolve": (("inspected",), "resolved"),
}
"""Command → the states it leads from, and to."""
FOLLOWS: Final[Mapping[str, tuple[str, ...]]] = {
    "credit": ("credit_note",),
    "refund": ("credit_note", "payment_unapplied"),
    "exchange": ("credit_note", "order"),
}
"""Resolution → what follows by itself; money that is unapplied on its payment, finance gives back."""
PAST: Final = {
    "approve": "approved",
    "reject": "rejected",
    "cancel": "cancelled",
    "receive": "received",
    "inspect": "inspected",
    "resolve": "resolved",
}


@dataclass(frozen=True)
class Outcome:
    """What a command makes of a return and its order, and by word the units of lines that move in stock."""

    returned: Return
    order: Order
    units: Mapping[str, Mapping[int, int]]


def allowed(returned: Return) -> list[str]:
    """Return the commands that a return's state allows."""
    return [command for command, (states, _) in STEPS.items() if returned.status in states]


def ask(order_id: str, request: ReturnRequest, caller: Caller, *, now: datetime) -> tuple[Order, Return]:
    """Ask for goods that were shipped to come back."""

    def attempt() -> tuple[Order, Return]:
        before = reading.order(order_id, caller)
        lifecycle.require(before, "return", now)
        most = {line.line: quantities.returnable(line) for line in before.lines}
        units = taken(before, request.lines, most, "shipped")
        after = quantities.counted(before, "returning", units)
        ordinal = before.returns + 1
        made = Return(
            id=parts.part_id("ret", before.id, ordinal),
            order_id=before.id,
            ordinal=ordinal,
            lines=tuple(
                Units(line=one.line, quantity=one.quantity, reason=one.reason) for one in request.lines
            ),
            reason=request.note,
            requested_at=clock.stamp(now),
            requested_by=caller.name,
        )

        def more(writes: Writes, _order: Order) -> None:
            parts.put_return(writes, made, before=None)

        deed = Deed("return.requested", resource=("return", made.id), status=CREATED, more=more)
        after = after.model_copy(update={"returns": ordinal})
        return writing.commit(before, after, deed, reading.buyer(before), caller, now=now), made

    return decide(attempt)


def approve(return_id: str, request: Reasoned, caller: Caller, *, now: datetime) -> Return:
    """Agree that the goods may come back."""
    return _step(
        return_id, "approve", caller, lambda one, order: Outcome(one, order, {}), request.reason, now
    )


def reject(return_id: str, request: Reasoned, caller: Caller, *, now: datetime) -> Return:
    """Refuse a return; its units may be asked for again."""
    return _step(return_id, "reject", caller, _call_off, request.reason, now)


def cancel(return_id: str, request: Reasoned, caller: Caller, *, now: datetime) -> Return:
    """Call off a return whose goods have not come back."""
    return _step(return_id, "cancel", caller, _call_off, request.reason, now)


def receive(return_id: str, request: ReceiveRequest, caller: Caller, *, now: datetime) -> Return:
    """Take in what came back, into quarantine; what was announced and did not come may be asked for again."""

    def outcome(one: Return, order: Order) -> Outcome:
        announced = _units(one.lines)
        came = announced if request.lines is None else taken(order, request.lines, announced, "announced")
        back = quantities.counted(order, "returning", _minus(announced))
        received = tuple(Units(line=line, quantity=count) for line, count in sorted(came.items()))
        after = quantities.counted(back, "returned", came)
        return Outcome(one.model_copy(update={"received": received}), after, {"quarantine": came})

    return _step(return_id, "receive", caller, outcome, request.reason, now)


def inspect(return_id: str, request: InspectRequest, caller: Caller, *, now: datetime) -> Return:
    """Say of every unit that came back what becomes of it; what can be sold goes on the shelf at once.

    What is to be repaired stays in quarantine until it is released by hand.
    """

    def outcome(one: Return, order: Order) -> Outcome:
        came = _units(one.received)
        faults = []
        said: dict[int, int] = {}
        for index, line in enumerate(request.lines):
            said[line.line] = said.get(line.line, 0) + line.units
            if line.units != came.get(line.line, 0):
                words = (f"{came.get(line.line, 0)} units came back", f"退回 {came.get(line.line, 0)} 件")
                faults.append(Fault("units_differ", words, f"/lines/{index}"))
        if not faults and said != came:
            words = ("every line that came back is to be inspected", "须检验全部退回行")
            faults.append(Fault("units_differ", words, "/lines"))
        reading.refuse(*faults)
        verdict = tuple(Inspected(**line.model_dump()) for line in request.lines)
        units = {
            word: {line.line: count for line in verdict if (count := getattr(line, word))}
            for word in ("restock", "scrap", "send_back")
        }
        return Outcome(one.model_copy(update={"inspected": verdict}), order, units)

    return _step(return_id, "inspect", caller, outcome, request.reason, now)


def resolve(return_id: str, request: ResolveRequest, caller: Caller, *, now: datetime) -> Return:
    """Settle a return: units are credited (a credit note follows), goods go out in exchange, or nothing.

    What the credit note frees of payments is unapplied on them, from where finance gives it back.
    """

    def outcome(one: Return, order: Order) -> Outcome:
        came = _units(one.received)
        credited: dict[int, int] = {}
        if request.resolution != "none":
            credited = came if request.lines is None else taken(order, request.lines, came, "received")
        changed = {
            "resolution": request.resolution,
            "credited": tuple(Units(line=line, quantity=count) for line, count in sorted(credited.items())),
        }
        return Outcome(one.model_copy(update=changed), quantities.came_back(order, credited), {})

    if request.exchange is None:
        return _step(return_id, "resolve", caller, outcome, request.reason, now)

    def attempt(*, closely: bool) -> Return:
        return _exchanged(return_id, request, caller, outcome, now, closely=closely)

    return soft.with_stock(attempt, now)


Decide = Callable[[Return, Order], Outcome]


def _step(
    return_id: str, command: str, caller: Caller, outcome: Decide, reason: str | None, now: datetime
) -> Return:
    def attempt() -> Return:
        held, before = _read(return_id, command, caller)
        made = outcome(held, before)
        after = _moved(made.returned, command)
        customer = reading.buyer(before)
        deed = _deed(command, held, after, before, made, caller, reason)
        writing.commit(before, made.order, deed, customer, caller, now=now)
        return after

    return decide(attempt)


def _exchanged(
    return_id: str,
    request: ResolveRequest,
    caller: Caller,
    outcome: Decide,
    now: datetime,
    *,
    closely: bool,
) -> Return:
    """Credit what came back and place the order for what goes out instead, in one transaction."""
    held, before = _read(return_id, "resolve", caller)
    made = outcome(held, before)
    bare = OrderRequest(customer_id=before.customer.id, lines=request.exchange or ())
    facts = placing.facts_for(bare, caller)
    order_id = ids.derived("ord", "exchange", return_id)
    placed = placing.draft(order_id, bare, facts, caller, now=now)
    placed = placed.model_copy(update={"exchange_of": before.id, "salesperson": before.salesperson})
    settled = placing.settle(placed, facts, caller, now=now)
    after = _moved(made.returned, "resolve").model_copy(update={"exchange_order_id": order_id})
    second = caller.under(
        Command(
            entry=ids.derived("evt", "exchange", caller.command.entry or return_id),
            request=caller.command.request,
            route=caller.command.route,
        )
    )
    writes = Writes()
    deed = _deed("resolve", held, after, before, made, caller, request.reason)
    credited = writing.write(writes, before, Looked(made.order), deed, caller, now=now)
    event = "order.submitted" if settled.asked else "order.placed"
    new = Deed(event, status=CREATED, more=placing.asking, places=_places(settled), closely=closely)
    looked = writing.look(None, settled.order, new)
    order = writing.write(writes, None, looked, new, second, now=now)
    pairs = [(before, credited), (None, order)]
    writing.expose(writes, facts.customer, pairs, guarded_on=settled.guarded_on)
    with supplying.as_chosen(None, settled.order):
        writing.send(writes, order, new)
    return after


def _places(settled: placing.Settled) -> dict[StockItem, list[str]]:
    return {
        item: [f"/exchange{place.removeprefix('/lines')}" for place in writing.places(settled.order, item)]
        for item in quantities.per_item(settled.order)
    }


def _read(return_id: str, command: str, caller: Caller) -> tuple[Return, Order]:
    held = parts.returned(return_id)
    before = store.get(held.order_id)
    caller.require_sight(before.salesperson)
    expected(caller, held.version)
    states, _ = STEPS[command]
    if held.status not in states:
        raise InvalidState(command=command, state=held.status, allowed=allowed(held))
    return held, before


def _moved(returned: Return, command: str) -> Return:
    _, to = STEPS[command]
    return returned.model_copy(update={"status": to, "version": returned.version + 1})


def _deed(
    command: str,
    held: Return,
    after: Return,
    before: Order,
    made: Outcome,
    caller: Caller,
    reason: str | None,
) -> Deed:
    moves = shelving.moves(before, made.units)

    def more(writes: Writes, order: Order) -> None:
        parts.put_return(writes, after, before=held)
        shelving.move(writes, moves, Cause(order.entry, "", f"order#{order.id}", caller.name))

    return Deed(
        f"return.{PAST[command]}",
        resource=("return", after.id),
        reason=reason,
        more=more,
        changes={"return": [held.status, after.status]},
        moved={str(item): delta.told(word) for item, (word, delta) in moves.items()},
    )


def _call_off(one: Return, order: Order) -> Outcome:
    return Outcome(one, quantities.counted(order, "returning", _minus(_units(one.lines))), {})


def _units(lines: tuple[Units, ...]) -> dict[int, int]:
    return {one.line: one.quantity for one in lines}


def _minus(units: Mapping[int, int]) -> dict[int, int]:
    return {line: -count for line, count in units.items()}
