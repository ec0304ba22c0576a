"""Holding orders back, several times over, and letting them go."""

from datetime import datetime

from soms.kit import clock, ids
from soms.kit.access import MANAGERS, Caller
from soms.kit.problems import Forbidden, NotFound
from soms.kit.writes import decide
from soms.orders import lifecycle, reading, writing
from soms.orders.model import Hold, Order
from soms.orders.requests import HoldRequest, Reasoned
from soms.orders.writing import CREATED, Deed

LIFTED_BY_MANAGERS = frozenset({"credit", "fraud"})
"""Kinds of hold that only a manager may lift; the others may be lifted by whoever may place one."""


def hold(order_id: str, request: HoldRequest, caller: Caller, *, now: datetime) -> tuple[Order, Hold]:
    """Keep an order's goods from leaving until the hold is released."""

    def attempt() -> tuple[Order, Hold]:
        before = reading.order(order_id, caller)
        lifecycle.require(before, "hold", now)
        made = Hold(
            id=ids.derived("hld", order_id, str(before.version + 1)),
            kind=request.kind,
            reason=request.reason,
            placed_by=caller.name,
            placed_at=clock.stamp(now),
        )
        after = before.model_copy(update={"holds": (*before.holds, made)})
        deed = Deed(
            "order.held", resource=("hold", f"{order_id}/{made.id}"), status=CREATED, reason=request.reason
        )
        return writing.commit(before, after, deed, reading.buyer(before), caller, now=now), made

    return decide(attempt)


def release(order_id: str, hold_id: str, request: Reasoned, caller: Caller, *, now: datetime) -> Order:
    """Lift one hold of an order; credit and fraud holds only by a manager."""

    def attempt() -> Order:
        before = reading.order(order_id, caller)
        found = next((one for one in before.holds if one.id == hold_id), None)
        if found is None:
            raise NotFound
        lifecycle.require(before, "release", now)
        if found.kind in LIFTED_BY_MANAGERS and not caller.is_any(MANAGERS):
            raise Forbidden
        rest = tuple(one for one in before.holds if one.id != hold_id)
        after = before.model_copy(update={"holds": rest})
        deed = Deed("order.hold_released", reason=request.reason, changes={"hold": [found.kind, None]})
        return writing.commit(before, after, deed, reading.buyer(before), caller, now=now)

    return decide(attempt)
