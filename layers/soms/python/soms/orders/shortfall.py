"""Less lies on the shelf than is promised: the youngest reservations become back-orders, unit by unit."""

from collections.abc import Iterator, Mapping
from typing import Final

from soms.inventory import movements
from soms.inventory.commands import Foregone
from soms.inventory.model import Stock, StockItem
from soms.kit import aws
from soms.kit.problems import Problem, Unavailable
from soms.kit.writes import Writes
from soms.orders import keeping, quantities, queue, store
from soms.orders.model import Line, Order

MOST_ORDERS: Final = 40
"""So many orders, with what waits of each, fit into one transaction beside stock and journal."""
ORDER: Final = "order#"


class TooManyReservations(Problem):
    """More orders would have to wait than one command can change."""

    status = 409
    code = "too_many_reservations"
    title = ("Too many orders are concerned", "涉及的订单过多")
    detail = (
        f"What is missing is reserved by more than {MOST_ORDERS} orders. Take it away in smaller steps.",
        f"缺少的数量由超过 {MOST_ORDERS} 张订单占用，请分步调整。",
    )


def find(item: StockItem, shelf: Stock, units: int) -> Foregone:
    """Find the youngest reservations of so many units, and say what becomes of them.

    The movements up to the stock item's `seq` are walked backwards. Raises Unavailable while they lag behind
    or what is missing is just being released, TooManyReservations beyond what one transaction holds.
    """
    taken: dict[str, int] = {}
    orders: dict[str, Order | None] = {}
    left = units
    for order_id, reserved in _reservations(item, shelf.seq):
        if order_id not in orders:
            orders[order_id] = store.find(order_id)
        order = orders[order_id]
        held = quantities.per_item(order).get(item, 0) if order else 0
        more = min(reserved, held - taken.get(order_id, 0), left)
        if more > 0:
            taken[order_id] = taken.get(order_id, 0) + more
            left -= more
        if len(taken) > MOST_ORDERS:
            raise TooManyReservations
        if not left:
            lacking = [order for name, order in orders.items() if order and name in taken]
            return _foregone(item, units, [(one, _without(one, item, taken[one.id])) for one in lacking])
    raise Unavailable


def _reservations(item: StockItem, seq: int) -> Iterator[tuple[str, int]]:
    """Yield the orders that reserved, youngest first, each time with how many units."""
    expected = seq
    for row in movements.backwards(item):
        if int(str(row["seq"])) != expected:
            raise Unavailable
        expected -= 1
        delta, subject = row["delta"], str(row["subject"])
        reserved = int(str(delta.get("reserved", 0))) if isinstance(delta, Mapping) else 0
        if reserved > 0 and subject.startswith(ORDER):
            yield subject.removeprefix(ORDER), reserved
    if expected:
        raise Unavailable


def _without(order: Order, item: StockItem, units: int) -> Order:
    """Return an order with so many units of a stock item taken from its last lines; what is bound waits."""
    lines, left = list(order.lines), units
    for index, line in reversed(list(enumerate(lines))):
        if line.reserved and line.warehouse and quantities.item_of(line) == item:
            moved = min(left, line.reserved)
            left -= moved
            lines[index] = _less(line, moved, waits=order.is_binding)
    return order.model_copy(update={"lines": tuple(lines), "settled": order.settled + 1})


def _less(line: Line, units: int, *, waits: bool) -> Line:
    if waits:
        return quantities.put_off(line, units)
    return line.model_copy(update={"reserved": line.reserved - units})


def _foregone(item: StockItem, units: int, pairs: list[tuple[Order, Order]]) -> Foregone:
    queued: dict[str, int] = {}
    for pair in pairs:
        queued |= queue.changes(*pair).get(item, {})
    if len(pairs) + len(queued) > 2 * MOST_ORDERS:
        raise TooManyReservations
    known = {queue.place(order, line): line.queued_at for _, order in pairs for line in order.lines}

    def write(writes: Writes) -> None:
        for before, after in pairs:
            quantities.check(after)
            store.replace(writes, after, {}, before=before)
            keeping.follow(writes, before, after)
        held = aws.get_many((queue.key(item, place) for place in queued), consistent=True)
        for (place, more), row in zip(queued.items(), held, strict=True):
            entry = queue.entry_of(item, place, row)
            # What is on its way to an entry keeps its stamp; a new one knows what its line knows.
            stamp = entry.stamp if entry.kept else known[place]
            queue.write(writes, entry, entry.moved(more, stamp, waits=True))

    lost = {after.id: _lost(before, after) for before, after in pairs}
    return Foregone(reserved=units, waiting=sum(queued.values()), orders=lost, write=write)


def _lost(before: Order, after: Order) -> dict[str, int]:
    """Return how many units each line has reserved no more."""
    lines = zip(before.lines, after.lines, strict=True)
    return {str(old.line): old.reserved - new.reserved for old, new in lines if old.reserved != new.reserved}
