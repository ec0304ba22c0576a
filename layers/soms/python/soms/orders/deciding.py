"""Approving, rejecting and recalling what waits: an order, or an amendment of one."""

from datetime import datetime

from soms.kit import clock, ids
from soms.kit.access import MANAGERS, Caller
from soms.kit.problems import Fault, Forbidden
from soms.kit.writes import Writes, decide
from soms.orders import (
    approvals,
    changing,
    lifecycle,
    parts,
    placing,
    quantities,
    reading,
    soft,
    splitting,
    supplying,
    writing,
)
from soms.orders.model import Order, Waiting
from soms.orders.requests import AmendRequest, Justified, Reasoned
from soms.orders.writing import Deed

OWN_REQUEST = ("Whoever asked for it may not approve it.", "申请人不能自行审批。")
NOT_YOURS = ("None of the rules that ask is yours to decide.", "没有需要您审批的规则。")


def approve(order_id: str, request: Reasoned, caller: Caller, *, now: datetime) -> Order:
    """Approve what waits; once every rule is decided, stock and credit are looked at again and it is done."""

    def attempt(*, closely: bool) -> Order:
        before = reading.order(order_id, caller)
        lifecycle.require(before, "approve", now)
        waiting = _decided(before, caller, now)
        if any(one.decided_by is None for one in waiting.rules):
            after = before.model_copy(update={"waiting": waiting})
            more = _note(waiting, None, caller, now, request.reason)
            deed = Deed("order.approved_in_part", reason=request.reason, more=more)
            return writing.commit(before, after, deed, reading.buyer(before), caller, now=now)
        more = _note(waiting, "approved", caller, now, request.reason)
        if waiting.kind == "amendment":
            said = AmendRequest.model_validate(waiting.request or {})
            return changing.apply(before, said, caller, more, request.reason, now=now, closely=closely)
        return _confirm(before, caller, more, request.reason, now=now, closely=closely)

    return soft.with_stock(attempt, now)


def reject(order_id: str, request: Justified, caller: Caller, *, now: datetime) -> Order:
    """Refuse what waits: the order becomes a draft again, an amendment is dropped."""
    return _drop(order_id, request, caller, "reject", now=now)


def recall(order_id: str, request: Justified, caller: Caller, *, now: datetime) -> Order:
    """Take back what one asked for oneself; managers may do so for others."""
    return _drop(order_id, request, caller, "recall", now=now)


def _confirm(
    before: Order, caller: Caller, more: writing.More, reason: str | None, *, now: datetime, closely: bool
) -> Order:
    facts = reading.facts_of(before, ())
    after = supplying.sourced(lifecycle.moved(before, "approve", "confirmed"), facts)
    after = quantities.reserved(after)
    after = placing.with_credit_hold(after.model_copy(update={"waiting": None}), facts, now=now)
    day = reading.day(facts, now)
    deed = Deed("order.approved", guarded_on=day, closely=closely, reason=reason, more=more)
    return writing.commit(before, after, deed, facts.customer, caller, now=now)


def _drop(order_id: str, request: Justified, caller: Caller, command: str, *, now: datetime) -> Order:
    def attempt() -> Order:
        before = reading.order(order_id, caller)
        lifecycle.require(before, command, now)
        waiting = before.waiting
        if waiting is None:
            lifecycle.refuse(before, command, now)
        if command == "recall" and waiting.principal != caller.principal and not caller.is_any(MANAGERS):
            raise Forbidden
        if command == "reject" and not approvals.may_decide(waiting, caller.groups):
            raise Forbidden(detail=NOT_YOURS)
        after = before.model_copy(update={"waiting": None})
        if waiting.kind == "order":
            after = lifecycle.moved(splitting.whole(quantities.released(after)), command, "draft")
            after = after.model_copy(update={"expires_at": None})
        outcome = {"reject": "rejected", "recall": "recalled"}[command]
        more = _note(waiting, outcome, caller, now, request.reason)
        deed = Deed(f"order.{outcome}", reason=request.reason, more=more)
        return writing.commit(before, after, deed, reading.buyer(before), caller, now=now)

    return decide(attempt)


def _decided(order: Order, caller: Caller, now: datetime) -> Waiting:
    """Return what waits as the caller decides it, or raise Forbidden: nobody approves their own."""
    waiting = order.waiting
    if waiting is None:
        lifecycle.refuse(order, "approve", now)
    mine = {waiting.principal, order.creator if waiting.kind == "order" else ""}
    if caller.principal in mine:
        raise Forbidden(detail=OWN_REQUEST, faults=[Fault("own_request", OWN_REQUEST)])
    if not approvals.may_decide(waiting, caller.groups):
        raise Forbidden(detail=NOT_YOURS)
    return approvals.decided(waiting, caller.groups, caller.name, clock.stamp(now))


def _note(
    waiting: Waiting, outcome: str | None, caller: Caller, now: datetime, reason: str | None
) -> writing.More:
    def more(writes: Writes, order: Order) -> None:
        decision = {"outcome": outcome, "decided_by": caller.name, "reason": reason} if outcome else {}
        decision |= {"decided_at": clock.stamp(now)} if outcome else {}
        parts.put_approval(writes, order, waiting, decision)

    return more


def may_decide(row: dict[str, object], caller: Caller) -> bool:
    """Tell whether what a row of the list says waits is for the caller to decide."""
    asked = row.get("asked")
    told = asked if isinstance(asked, dict) else {}
    groups = {str(one) for one in told.get("approvers", ())}
    return bool(groups & {str(one) for one in caller.groups}) and told.get("by") != _who(caller)


def _who(caller: Caller) -> str:
    return ids.digest(caller.principal)[:16]
