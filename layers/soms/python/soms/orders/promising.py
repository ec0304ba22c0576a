"""When goods that an order waits for are expected: what is on its way, given to the queue in its order."""

from collections.abc import Iterable, Mapping
from datetime import date

from soms.inventory import incoming
from soms.inventory.incoming import Expected
from soms.orders import quantities, queue
from soms.orders.model import Order
from soms.orders.queue import Entry


def expected(order: Order) -> Mapping[int, date | None]:
    """Return for each line that waits the day on which the last of its units is expected, if it is known."""
    waiting = [line for line in order.lines if line.backordered]
    days = {
        item: promised(queue.of(item), incoming.of(item))
        for item in sorted({quantities.item_of(line).whole for line in waiting}, key=str)
    }
    return {
        line.line: days[quantities.item_of(line).whole].get((order.id, line.line)) for line in waiting
    }


def promised(queued: Iterable[Entry], coming: Iterable[Expected]) -> dict[tuple[str, int], date | None]:
    """Return the day on which each entry of a queue is filled by what is coming, first who comes first.

    What comes on no known day, or does not reach, gives no day.
    """
    supply = iter(coming)
    left, day = 0, None
    days: dict[tuple[str, int], date | None] = {}
    for entry in queued:
        wanted = entry.quantity
        while wanted > left:
            wanted -= left
            following = next(supply, None)
            left, day = (following.quantity, following.expected_on) if following else (wanted, None)
        left -= wanted
        days[entry.order_id, entry.line] = day
    return days
