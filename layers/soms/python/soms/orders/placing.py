"""Placing orders: one reading, one decision, one transaction; and what would come of it without storing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from itertools import count

from soms.customers import credit
from soms.customers import store as customers
from soms.customers.checks import buyer
from soms.inventory import store as stock
from soms.inventory.model import StockItem
from soms.kit import clock, ids
from soms.kit.access import MANAGERS, Caller
from soms.kit.problems import DuplicateReference, Fault, Forbidden, Invalid, Problem, merged
from soms.kit.writes import Held, Writes
from soms.orders import (
    approvals,
    keeping,
    lifecycle,
    parts,
    pricing,
    quantities,
    reading,
    soft,
    store,
    supplying,
    writing,
)
from soms.orders.model import USUAL_PRIORITY, Asked, Buyer, Hold, Order, Waiting
from soms.orders.pricing import Facts
from soms.orders.requests import MOST_LINES, OrderRequest
from soms.orders.writing import CREATED, Deed

ZERO = Decimal(0)


@dataclass(frozen=True)
class Settled:
    """An order as it is bound: confirmed with its stock, or waiting for those who must approve."""

    order: Order
    asked: tuple[Asked, ...]
    day: date

    @property
    def guarded_on(self) -> date | None:
        """Return the day on which credit is to reach for it, or None where none is taken yet."""
        return None if self.asked else self.day

    def deed(self, event: str, *, closely: bool, reason: str | None = None) -> Deed:
        """Return what binding the order is as a deed, under the name of its event where nobody is asked."""
        return Deed(
            "order.submitted" if self.asked else event,
            guarded_on=self.guarded_on,
            closely=closely,
            reason=reason,
            more=asking,
        )


def place(request: OrderRequest, caller: Caller, *, now: datetime) -> tuple[Order, bool]:
    """Price, check and store an order, its stock reserved and its credit taken in the same transaction.

    Returns the order and whether it was there before under the same reference. Raises Invalid with every
    fault, InsufficientStock naming all that is short, CreditLimitExceeded, DuplicateReference.
    """
    order_id = id_of(request, caller)
    attempts = count()

    def attempt(*, closely: bool) -> Order:
        facts = facts_for(request, caller)
        order = draft(order_id, request, facts, caller, now=now, attempt=next(attempts))
        if request.status == "draft":
            deed = Deed("order.drafted", status=CREATED, taken=exists)
            return writing.commit(None, order, deed, facts.customer, caller, now=now)
        settled = settle(order, facts, caller, now=now)
        deed = replace(settled.deed("order.placed", closely=closely), status=CREATED, taken=exists)
        return writing.commit(None, settled.order, deed, facts.customer, caller, now=now)

    try:
        return soft.with_stock(attempt, now), False
    except Problem:
        # A refusal asks first whether the order is there already: then this is a repeat, or another order.
        held = store.find(order_id) if request.external_ref else None
        if held is None:
            raise
        if held.said != caller.command.request or not caller.may_see(held.salesperson):
            raise DuplicateReference(
                meta={"id": held.id} if caller.may_see(held.salesperson) else {}
            ) from None
        return held, True


def id_of(request: OrderRequest, caller: Caller) -> str:
    """Return the id that an order gets: from its reference, or else from the caller's command."""
    if request.external_ref:
        return store.id_of_reference(request.external_ref.source, request.external_ref.id)
    return ids.derived("ord", caller.command.entry or "")


def facts_for(request: OrderRequest, caller: Caller) -> Facts:
    """Read what an order is decided on, and raise what is wrong with it at once."""
    if len(request.lines) > MOST_LINES:
        raise Invalid(too_many_lines())
    return reading.facts(
        reading.customer_id(request.customer_id, request.customer_ref),
        {line.sku for line in request.lines},
        {line.warehouse for line in request.lines},
        lambda item: buyer(item, caller, by_reference=request.customer_ref is not None),
    )


def too_many_lines(limit: int = MOST_LINES) -> Fault:
    """Return the fault of an order with more lines (or stock items) than one order may have."""
    words = (f"at most {limit} in one order", f"一张订单最多 {limit} 行")
    return Fault("too_many_lines", words, "/lines", meta={"limit": limit})


def faults_of(request: OrderRequest, facts: Facts, caller: Caller, *, now: datetime) -> list[Fault]:
    """Return everything that is wrong with a request, each fault with its place."""
    found: list[Fault] = []
    if request.currency not in {None, facts.customer.currency}:
        found.append(pricing.mismatch(facts.customer.currency, "/currency"))
    found += unranked(request.priority, caller)
    by_hand, day = caller.is_any(MANAGERS), reading.day(facts, now)
    return found + pricing.faults(pricing.basket(request), facts, on=day, priced_by_hand=by_hand)


def unranked(priority: int | None, caller: Caller) -> list[Fault]:
    """Return the fault of a priority said by somebody who may not let orders go before others."""
    if priority is None or caller.is_any(MANAGERS):
        return []
    words = ("only a sales manager may give a priority", "只有销售经理可以指定优先级")
    return [Fault("forbidden", words, "/priority")]


def draft(
    order_id: str, request: OrderRequest, facts: Facts, caller: Caller, *, now: datetime, attempt: int = 0
) -> Order:
    """Return the priced order that a request asks for, as a draft, or raise what is wrong with it."""
    refuse(faults_of(request, facts, caller, now=now))
    order = blank(order_id, request, facts, caller, now=now, attempt=attempt)
    return quantities.derived(priced(order, pricing.basket(request), facts, now=now))


def blank(
    order_id: str, request: OrderRequest, facts: Facts, caller: Caller, *, now: datetime, attempt: int = 0
) -> Order:
    """Return the order that a request asks for, without its lines.

    A number that another order has is refused; the next attempt takes another one.
    """
    customer = facts.customer
    return Order(
        id=order_id,
        number=store.number(order_id, reading.day(facts, now), attempt),
        status="draft",
        currency=customer.currency,
        includes_tax=facts.includes_tax,
        customer=Buyer(id=customer.id, name=customer.name),
        lines=(),
        tax_groups=(),
        subtotal=ZERO,
        net=ZERO,
        tax=ZERO,
        total=ZERO,
        external_ref=request.external_ref,
        requested_on=request.requested_on,
        salesperson=salesperson(request.salesperson, facts, caller),
        backorder=request.backorder,
        delivery=request.delivery,
        priority=request.priority or USUAL_PRIORITY,
        note=request.note,
        invoice_policy=customer.invoice_policy or facts.settings.invoice_policy,
        placed_at=clock.stamp(now),
        created_by=caller.name,
        creator=caller.principal,
        said=caller.command.request,
    )


def priced(order: Order, asked: pricing.Basket, facts: Facts, *, now: datetime) -> Order:
    """Return the order with its lines priced as of now, or raise Invalid."""
    try:
        made = pricing.priced(asked, facts, on=reading.day(facts, now))
    except pricing.Misfit as misfit:
        raise Invalid(misfit.fault) from None
    return pricing.on_order(order, asked, made)


def refuse(faults: Sequence[Fault]) -> None:
    """Raise Invalid with all faults, or Forbidden where one is about a right that is missing."""
    if any(fault.code == "forbidden" for fault in faults):
        words = ("Only a sales manager may decide this.", "只有销售经理可以决定此项。")
        raise Forbidden(detail=words, faults=[one for one in faults if one.code == "forbidden"])
    reading.refuse(*faults)


def settle(order: Order, facts: Facts, caller: Caller, *, now: datetime, command: str = "confirm") -> Settled:
    """Bind an order that is not bound: confirmed with everything reserved, or waiting where a rule asks.

    Raises InsufficientStock or CreditLimitExceeded for an order that would not come through approval.
    """
    day = reading.day(facts, now)
    bound = supplying.sourced(lifecycle.moved(order, command, "confirmed"), facts)
    bound = quantities.reserved(bound)
    bound = with_credit_hold(bound.model_copy(update={"placed_at": clock.stamp(now)}), facts, now=now)
    asked = rules_asking(bound, facts, quantities.exposure(bound))
    if not asked:
        return Settled(bound, (), day)
    if problems := in_the_way(order, bound, facts, asked, now=now):
        raise merged(problems)
    waiting = Waiting(
        ordinal=order.approvals + 1,
        kind="order",
        rules=asked,
        requested_by=caller.name,
        requested_at=clock.stamp(now),
        principal=caller.principal,
    )
    update = {"waiting": waiting, "approvals": waiting.ordinal, "placed_at": clock.stamp(now)}
    return Settled(lifecycle.moved(order, command, "pending_approval").model_copy(update=update), asked, day)


def rules_asking(order: Order, facts: Facts, rise: Decimal) -> tuple[Asked, ...]:
    """Return the approval rules that an order as it is to be asks for."""
    inputs = approvals.inputs(order, facts, rise)
    return approvals.asked(facts.settings.approval_rules, inputs, facts.settings.currency)


def in_the_way(
    before: Order | None, after: Order, facts: Facts, asked: Sequence[Asked] = (), *, now: datetime
) -> list[Problem]:
    """Return what stock and credit as they stand would refuse of an order, without taking any of them."""
    return [*short(before, after, now=now), *_over_limit(before, after, facts, asked)]


def short(before: Order | None, after: Order, *, now: datetime) -> list[Problem]:
    """Return the refusals of stock items of which there is less than the order would take more."""
    if writing.waits(after):
        return []
    wanted = {item: units for item, units in quantities.needed(before, after).items() if units > 0}
    shelves = stock.with_shards(wanted)
    free: dict[StockItem, int] = {}
    for item, held in shelves.items():
        free[item.whole] = free.get(item.whole, 0) + held.available
    lacking = {item: units for item, units in wanted.items() if free[item.whole] < units}
    there = {item: free[item.whole] + keeping.reclaimable(item, now) for item in lacking}
    return [
        stock.short(item, units, there[item], writing.places(after, item))
        for item, units in lacking.items()
        if there[item] < units
    ]


def _over_limit(before: Order | None, after: Order, facts: Facts, asked: Sequence[Asked]) -> list[Problem]:
    rise = quantities.exposure(after) - (quantities.exposure(before) if before else ZERO)
    available = facts.account.credit_available if facts.account else None
    if (
        available is None
        or rise <= max(available, ZERO)
        or any("credit_available" in one.inputs for one in asked)
    ):
        return []
    return [customers.exceeded(facts.customer, rise, available)]


def with_credit_hold(order: Order, facts: Facts, *, now: datetime) -> Order:
    """Return the order, on credit hold where its customer has been overdue longer than the company allows."""
    limit = facts.settings.credit_hold_after_days
    if limit is None or facts.account is None:
        return order
    days = credit.days_overdue(facts.customer.id, reading.day(facts, now))
    if days <= limit:
        return order
    hold = Hold(
        id=ids.derived("hld", order.id, "credit", str(order.version)),
        kind="credit",
        reason=f"overdue for {days} days; {limit} are allowed 逾期 {days} 天，超过允许的 {limit} 天",
        placed_by="system",
        placed_at=clock.stamp(now),
    )
    return order.model_copy(update={"holds": (*order.holds, hold)})


def salesperson(said: str | None, facts: Facts, caller: Caller) -> str | None:
    """Return who looks after the order: as said, as the customer's, or whoever sells; others may not say."""
    if said and caller.sees_only_own() and said != caller.name:
        raise Forbidden
    own = caller.name if caller.sees_only_own() else None
    return said or facts.customer.salesperson or own


def asking(writes: Writes, order: Order) -> None:
    """Put what waits for approval where those who must approve will find it."""
    if order.waiting:
        parts.put_approval(writes, order)


def exists(_held: Held) -> Exception:
    """Return what it means that a new order is there already."""
    # By its reference another order is there; without one only a repeat could be, which the journal knows.
    return DuplicateReference()
