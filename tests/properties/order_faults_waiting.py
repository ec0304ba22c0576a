"""Faults planted in what waits for goods: each is one that a tired person could make."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from soms.orders import filling, quantities, queue, shipping, shortfall
from soms.orders.model import Line, Order

from tests.properties import order_openings_waiting as openings
from tests.properties.order_player import Player

Plant = pytest.MonkeyPatch


def queues_nobody(plant: Plant) -> None:
    """Let orders wait without telling the queue."""
    plant.setattr(queue, "changes", lambda *_: {})


def fills_without_counting(plant: Plant) -> None:
    """Give goods to who waits and leave the shelf's back-orders as they were."""
    deltas = filling._deltas
    plant.setattr(
        filling,
        "_deltas",
        lambda *at: {item: replace(one, backordered=0) for item, one in deltas(*at).items()},
    )


def fills_by_age(plant: Plant) -> None:
    """Take no notice of priorities."""
    plant.setattr(queue, "place", lambda order, line: f"5#{order.placed_at}#{order.id}#{line.line:04d}")


def fills_by_priority_only(plant: Plant) -> None:
    """Take no notice of age."""
    plant.setattr(
        queue, "place", lambda order, line: f"{order.priority}#{order.numbered}#{order.id}#{line.line:04d}"
    )


def takes_from_the_oldest(plant: Plant) -> None:
    """Walk the movements forwards where less is found than is promised."""
    reservations = shortfall._reservations
    plant.setattr(shortfall, "_reservations", lambda *at: reversed(list(reservations(*at))))


def takes_from_the_first_line(plant: Plant) -> None:
    """Take what is missing from the first lines of an order."""
    without = shortfall._without

    def wrong(order: Order, *rest: Any) -> Order:
        turned = without(order.model_copy(update={"lines": order.lines[::-1]}), *rest)
        return turned.model_copy(update={"lines": turned.lines[::-1]})

    plant.setattr(shortfall, "_without", wrong)


def never_leaves_the_queue(plant: Plant) -> None:
    """Leave in the queue what waits no more."""
    changes = queue.changes

    def wrong(before: Order | None, after: Order) -> Any:
        found = {
            item: {place: units for place, units in places.items() if units > 0}
            for item, places in changes(before, after).items()
        }
        return {item: places for item, places in found.items() if places}

    plant.setattr(queue, "changes", wrong)


def puts_off_one_too_many(plant: Plant) -> None:
    """Let one unit more wait than is lacking."""
    put_off = quantities.put_off

    def wrong(line: Line, units: int) -> Line:
        return put_off(line, min(units + 1, line.reserved) if units > 0 else units)

    plant.setattr(quantities, "put_off", wrong)


def cancels_what_is_reserved_first(plant: Plant) -> None:
    """Cancel of a line what is reserved before what waits."""
    less = quantities._less

    def wrong(line: Line, units: int) -> Line:
        after = less(line, units)
        moved = min(after.reserved, line.backordered - after.backordered)
        return put_off(after, moved) if moved > 0 else after

    put_off = quantities.put_off
    plant.setattr(quantities, "_less", wrong)


def lets_part_of_it_leave(plant: Plant) -> None:
    """Ship part of an order that is to leave in one delivery."""
    plant.setattr(shipping, "_require_complete", lambda _after: None)


WAITING: Mapping[Callable[[Plant], None], Callable[[Player], None]] = {
    queues_nobody: openings.goods_go_by_priority_then_age,
    fills_without_counting: openings.goods_go_by_priority_then_age,
    fills_by_age: openings.goods_go_by_priority_then_age,
    fills_by_priority_only: openings.goods_go_by_priority_then_age,
    takes_from_the_oldest: openings.the_youngest_wait_for_what_is_missing,
    takes_from_the_first_line: openings.the_youngest_wait_for_what_is_missing,
    never_leaves_the_queue: openings.what_waits_is_cancelled_first,
    puts_off_one_too_many: openings.goods_go_by_priority_then_age,
    cancels_what_is_reserved_first: openings.what_waits_is_cancelled_first,
    lets_part_of_it_leave: openings.only_all_of_it_leaves,
}
"""Each fault, and the opening that finds it."""
