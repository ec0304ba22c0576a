"""Faults planted in the real code: each is one that a tired person could make."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import ROUND_DOWN, Decimal
from typing import Any

import pytest
from soms.billing import settling
from soms.billing.documents import invoicing
from soms.billing.documents.invoicing import Bill
from soms.billing.model import OrderBilling
from soms.customers import store as customers
from soms.orders import (
    amending,
    approvals,
    changing,
    deciding,
    keeping,
    lifecycle,
    quantities,
    shelving,
    soft,
)
from soms.orders.model import Line, Order

from tests.properties import order_openings as openings
from tests.properties.order_faults_waiting import WAITING
from tests.properties.order_player import Player

Plant = pytest.MonkeyPatch


def rounds_down(plant: Plant) -> None:
    """Give parts of amounts rounded down."""

    def part(amount: Decimal, quantity: int, whole: int) -> Decimal:
        return (amount * quantity / whole).quantize(amount, ROUND_DOWN)

    plant.setattr(quantities, "part", part)


AGREED = quantities.agreed


def spreads_evenly(plant: Plant) -> None:
    """Value units that came at different prices at their average."""

    def agreed(line: Line) -> tuple[Any, ...]:
        if not line.parts:
            return AGREED(line)
        sums = {name: sum(getattr(one, name) for one in line.parts) for name in quantities.AMOUNTS}
        return (line.parts[0].model_copy(update={"quantity": line.quantity, **sums}),)

    plant.setattr(quantities, "agreed", agreed)


def forgets_release(plant: Plant) -> None:
    """Give no stock back when an order holds less."""
    needed = quantities.needed
    plant.setattr(
        quantities, "needed", lambda one, two: {item: n for item, n in needed(one, two).items() if n > 0}
    )


def reserves_one_line_a_product(plant: Plant) -> None:
    """Reserve of the lines of one product only the last."""

    def per_item(order: Order) -> dict[Any, int]:
        return {quantities.item_of(line): line.reserved for line in order.lines if line.reserved}

    plant.setattr(quantities, "per_item", per_item)


def exposes_the_wrong_way(plant: Plant) -> None:
    """Swap the sign of what a cancellation changes."""
    expose = customers.expose

    def wrong(writes: Any, customer: Any, change: Decimal, **more: Any) -> None:
        expose(writes, customer, abs(change), **more)

    plant.setattr(customers, "expose", wrong)


def guards_no_credit(plant: Plant) -> None:
    """Take no notice of the credit limit."""
    expose = customers.expose

    def wrong(writes: Any, customer: Any, change: Decimal, **more: Any) -> None:
        expose(writes, customer, change, **more | {"guarded_on": None})

    plant.setattr(customers, "expose", wrong)


def credits_the_oldest(plant: Plant) -> None:
    """Credit the oldest invoice first."""
    bills = invoicing.bills

    def wrong(order: Order, before: OrderBilling) -> list[Bill]:
        turned = {line: tuple(reversed(held)) for line, held in before.held.items()}
        return bills(order, before.model_copy(update={"held": turned}))

    plant.setattr(invoicing, "bills", wrong)


def bills_what_is_cancelled(plant: Plant) -> None:
    """Bill the whole quantity, also what is cancelled."""
    plant.setattr(invoicing, "target", lambda line, _policy: max(line.quantity - line.return_credited, 0))


def bills_before_shipment(plant: Plant) -> None:
    """Bill on order whoever is billed on shipment."""
    target = quantities.target
    plant.setattr(invoicing, "target", lambda line, _policy: target(line, "on_order"))


def credits_no_returns(plant: Plant) -> None:
    """Forget on the account what a return credits."""
    plant.setattr(quantities, "in_full", lambda line: max(line.in_force - line.credited, 0))


def ships_despite_holds(plant: Plant) -> None:
    """Let goods leave while a hold is there."""
    _guard(plant, "ship", lambda order, _now: any(quantities.shippable(line) for line in order.lines))


def closes_untouched_orders(plant: Plant) -> None:
    """Close an order of which nothing was shipped."""
    _guard(plant, "close", lambda _order, _now: True)


def accepts_for_ever(plant: Plant) -> None:
    """Let a quote be accepted after it expired."""
    _guard(plant, "accept", lambda _order, _now: True)


def reopens_nothing(plant: Plant) -> None:
    """Leave out reopening what is complete."""
    step = replace(lifecycle.STEPS["reopen"], leads={"closed": ("confirmed",)})
    plant.setitem(lifecycle.STEPS, "reopen", step)


def returns_twice(plant: Plant) -> None:
    """Let units be asked for again while they are on their way back."""
    plant.setattr(quantities, "returnable", lambda line: line.shipped - line.returned)


def reclaims_nothing(plant: Plant) -> None:
    """Leave the stock of expired quotes where it is."""
    plant.setattr(soft, "_reclaim", lambda _items, _now: 0)


def keeps_the_share(plant: Plant) -> None:
    """Keep the discount of cancelled units with the line."""
    worth = quantities.worth_of

    def wrong(line: Line, units: int) -> Any:
        whole, found = worth(line, line.quantity), worth(line, units)
        return found.model_copy(update={"net": found.net - (whole.share - found.share)})

    plant.setattr(quantities, "worth_of", wrong)
    plant.setattr(invoicing, "worth_of", wrong)


def approves_own(plant: Plant) -> None:
    """Let people approve what they asked for."""
    decided = approvals.decided

    def wrong(order: Order, caller: Any, _now: Any) -> Any:
        return decided(order.waiting, caller.groups, caller.name, "2026-01-01T00:00:00Z")  # type: ignore[arg-type]

    plant.setattr(deciding, "_decided", wrong)


def approves_at_once(plant: Plant) -> None:
    """Take one decision for all of them."""

    def decided(waiting: Any, _groups: Any, by: str, at: str) -> Any:
        rules = tuple(one.model_copy(update={"decided_by": by, "decided_at": at}) for one in waiting.rules)
        return waiting.model_copy(update={"rules": rules})

    plant.setattr(approvals, "decided", decided)


def discounts_again(plant: Plant) -> None:
    """Give an order's discount of an amount once more on what comes to it."""
    confirmed = amending.confirmed

    def wrong(order: Order, request: Any, facts: Any, **more: Any) -> Order:
        if "discount" not in request.model_fields_set and order.discount_rule:
            request = request.model_copy(update={"discount": order.discount_rule})
        return confirmed(order, request, facts, **more)

    plant.setattr(amending, "confirmed", wrong)


def reprices_agreed_lines(plant: Plant) -> None:
    """Sell more of a line at today's price."""
    agreed = amending._agreed_price

    def wrong(line: Line) -> Any:
        return replace(agreed(line), unit_price=line.unit_price + 1)

    plant.setattr(amending, "_agreed_price", wrong)


def forgets_restock(plant: Plant) -> None:
    """Put nothing that came back on the shelf."""
    plant.setattr(shelving, "move", lambda *_: None)


def drops_carriage(plant: Plant) -> None:
    """Cancel the carriage when all goods are priced anew."""
    without = quantities.without
    plant.setattr(amending, "without", lambda order, units, **_: without(order, units))


def quotes_without_stock(plant: Plant) -> None:
    """Quote without keeping the stock that was asked for."""
    reserved = quantities.reserved
    plant.setattr(
        quantities, "reserved", lambda order: order if order.status == "quoted" else reserved(order)
    )


def completes_too_early(plant: Plant) -> None:
    """Complete an order that is not paid."""
    settled = settling.settled

    def wrong(order: Order, found: Any) -> Order:
        paid = [one.model_copy(update={"open": Decimal(0)}) for one in found.owed]
        return settled(order, replace(found, owed=paid))

    plant.setattr(settling, "settled", wrong)


def looks_at_no_rule(plant: Plant) -> None:
    """Ask nobody for an amendment."""
    plant.setattr(changing, "_asked", lambda *_: ())


def lets_nothing_go(plant: Plant) -> None:
    """Let what waits for approval keep its quote's stock beyond its time."""
    plant.setattr(keeping, "KEEPERS", frozenset({"quoted"}))


def _guard(plant: Plant, command: str, holds: Callable[..., bool]) -> None:
    step = replace(lifecycle.STEPS[command], holds=holds)
    plant.setitem(lifecycle.STEPS, command, step)


def credits_what_was_credited(plant: Plant) -> None:
    """Let a cancellation credit again what was credited by hand."""
    plant.setattr(quantities, "_swallowed", lambda line, _policy: line)


def forgets_allowances(plant: Plant) -> None:
    """Expose and credit units at their price, whatever was taken off it."""
    plant.setattr(quantities, "due_of", quantities.worth_of)
    plant.setattr(invoicing, "due_of", quantities.worth_of)


FAULTS: Mapping[Callable[[Plant], None], Callable[[Player], None]] = {
    rounds_down: openings.discounts_go_with_units,
    spreads_evenly: openings.units_keep_their_price,
    forgets_release: openings.discounts_go_with_units,
    reserves_one_line_a_product: openings.nothing_is_left_to_approve,
    exposes_the_wrong_way: openings.discounts_go_with_units,
    guards_no_credit: openings.credit_is_used_up,
    credits_the_oldest: openings.the_newest_invoice_is_credited,
    bills_what_is_cancelled: openings.shipped_goods_are_billed,
    bills_before_shipment: openings.shipped_goods_are_billed,
    credits_no_returns: openings.goods_come_back,
    ships_despite_holds: openings.goods_are_held,
    closes_untouched_orders: openings.goods_are_held,
    accepts_for_ever: openings.quotes_run_out,
    reopens_nothing: openings.what_is_over_is_reopened,
    returns_twice: openings.goods_come_back,
    reclaims_nothing: openings.quotes_run_out,
    keeps_the_share: openings.discounts_go_with_units,
    approves_own: openings.two_have_to_approve,
    approves_at_once: openings.two_have_to_approve,
    discounts_again: openings.discounts_go_with_units,
    reprices_agreed_lines: openings.units_keep_their_price,
    forgets_restock: openings.goods_come_back,
    drops_carriage: openings.carriage_stays,
    quotes_without_stock: openings.quotes_run_out,
    completes_too_early: openings.goods_come_back,
    looks_at_no_rule: openings.amendments_wait,
    lets_nothing_go: openings.what_waits_lets_go,
    credits_what_was_credited: openings.an_invoice_is_credited_by_hand,
    forgets_allowances: openings.an_invoice_is_credited_by_hand,
    **WAITING,
}
"""Each fault, and the opening that finds it."""
