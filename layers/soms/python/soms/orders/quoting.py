"""From a draft to an order: quoting, revising, accepting, losing, confirming, discarding."""

from datetime import datetime, time, timedelta

from soms.catalog.commands import zone
from soms.kit import clock
from soms.kit.access import Caller
from soms.kit.problems import Fault, Invalid
from soms.kit.writes import decide
from soms.orders import (
    changing,
    lifecycle,
    placing,
    pricing,
    quantities,
    reading,
    soft,
    splitting,
    supplying,
    writing,
)
from soms.orders.model import Order, Status
from soms.orders.pricing import Facts
from soms.orders.requests import QuoteRequest, Reasoned
from soms.orders.writing import Deed

LONGEST = timedelta(days=365)


def quote(order_id: str, request: QuoteRequest, caller: Caller, *, now: datetime) -> Order:
    """Price a draft and let it stand until it expires, with its stock kept till then if asked for."""

    def attempt(*, closely: bool) -> Order:  # noqa: ARG001 - what a quote keeps is there
        before = reading.order(order_id, caller)
        lifecycle.require(before, "quote", now)
        facts = _facts(before)
        after = _repriced(before, facts, now=now)
        figures = {"expires_at": _expiry(request, facts, now), "quote_version": before.quote_version + 1}
        after = lifecycle.moved(after, "quote", "quoted").model_copy(update=figures)
        if request.reserve:
            after = quantities.reserved(supplying.sourced(after, facts))
            _require_few(after)
        deed = Deed("order.quoted", reason=request.reason)
        return writing.commit(before, after, deed, facts.customer, caller, now=now)

    return soft.with_stock(attempt, now)


def revise(order_id: str, request: Reasoned, caller: Caller, *, now: datetime) -> Order:
    """Take a quote back into a draft, to make its next version; the version that was sent is kept."""
    return _end(order_id, request, caller, "revise", "draft", now=now)


def lose(order_id: str, request: Reasoned, caller: Caller, *, now: datetime) -> Order:
    """Note that the customer did not take a quote, and why."""
    return _end(order_id, request, caller, "lose", "lost", now=now)


def discard(order_id: str, request: Reasoned, caller: Caller, *, now: datetime) -> Order:
    """Throw a draft away; it stays to be looked at."""
    return _end(order_id, request, caller, "discard", "discarded", now=now)


def accept(order_id: str, request: Reasoned, caller: Caller, *, now: datetime) -> Order:
    """Turn a quote that is still valid into an order at its quoted prices."""

    def attempt(*, closely: bool) -> Order:
        before = reading.order(order_id, caller)
        lifecycle.require(before, "accept", now)
        facts = _facts(before)
        settled = placing.settle(before, facts, caller, now=now, command="accept")
        deed = settled.deed("order.accepted", closely=closely, reason=request.reason)
        return writing.commit(before, settled.order, deed, facts.customer, caller, now=now)

    return soft.with_stock(attempt, now)


def confirm(order_id: str, request: Reasoned, caller: Caller, *, now: datetime) -> Order:
    """Turn a draft into an order at the prices of today, which are then frozen."""

    def attempt(*, closely: bool) -> Order:
        before = reading.order(order_id, caller)
        lifecycle.require(before, "confirm", now)
        facts = _facts(before)
        after = _repriced(before, facts, now=now)
        settled = placing.settle(after, facts, caller, now=now)
        deed = settled.deed("order.confirmed", closely=closely, reason=request.reason)
        return writing.commit(before, settled.order, deed, facts.customer, caller, now=now)

    return soft.with_stock(attempt, now)


def _end(
    order_id: str, request: Reasoned, caller: Caller, command: str, to: Status, *, now: datetime
) -> Order:
    def attempt() -> Order:
        before = reading.order(order_id, caller)
        lifecycle.require(before, command, now)
        after = lifecycle.moved(quantities.released(before), command, to)
        after = after.model_copy(update={"expires_at": None if to == "draft" else before.expires_at})
        after = splitting.whole(after) if to == "draft" else after
        more = changing.keeping_version(before) if command == "revise" else None
        deed = Deed(f"order.{_PAST[command]}", reason=request.reason, more=more)
        return writing.commit(before, after, deed, reading.buyer(before), caller, now=now)

    return decide(attempt)


_PAST = {"revise": "revised", "lose": "lost", "discard": "discarded"}


def _facts(order: Order) -> Facts:
    return reading.facts_of(order, order.skus)


def _repriced(order: Order, facts: Facts, *, now: datetime) -> Order:
    asked = pricing.again(order, facts)
    # A price given by hand was given by somebody who had the right; it stays.
    placing.refuse(pricing.faults(asked, facts, on=reading.day(facts, now), priced_by_hand=True))
    return quantities.derived(placing.priced(order, asked, facts, now=now))


def _expiry(request: QuoteRequest, facts: Facts, now: datetime) -> str:
    """Return until when a quote holds: an instant as said, or the end of the company's nth day from now."""
    if request.expires_at is not None:
        if not now < request.expires_at <= now + LONGEST:
            words = ("must lie ahead, within a year", "须为未来一年之内的时刻")
            raise Invalid(Fault("out_of_range", words, "/expires_at"))
        return clock.stamp(request.expires_at)
    days = request.valid_days or facts.settings.quote_valid_days
    last = reading.day(facts, now) + timedelta(days=days + 1)
    return clock.stamp(datetime.combine(last, time(), zone(facts.settings)))


def _require_few(order: Order) -> None:
    if len(quantities.per_item(order)) > soft.MOST_ITEMS:
        words = (
            f"a quote may keep at most {soft.MOST_ITEMS} different stock items",
            f"一张报价单最多可预留 {soft.MOST_ITEMS} 个不同的库存商品",
        )
        raise Invalid(Fault("too_many_lines", words, "/reserve", meta={"limit": soft.MOST_ITEMS}))
