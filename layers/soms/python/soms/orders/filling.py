"""Goods that came are given to the orders that wait for them, by priority and age, without being asked."""

from contextlib import suppress
from datetime import datetime
from functools import partial

from soms.inventory import store as stock
from soms.inventory.model import Delta, Stock, StockItem
from soms.inventory.store import Cause
from soms.kit import access, aws, items, journal
from soms.kit.streams import Change
from soms.kit.writes import AlreadyDone, Writes, decide
from soms.orders import quantities, queue, store
from soms.orders.model import Line, Order
from soms.orders.queue import Entry


def follow(change: Change, *, now: datetime) -> None:
    """Follow one change of a stock item: goods on the shelf and somebody waiting is enough to act on."""
    image = change.new or {}
    if image.get("kind") == "stock" and is_due(image):
        found = Stock.model_validate(image)
        fill(StockItem(sku=found.sku, warehouse=found.warehouse), now=now)


def is_due(image: items.Item) -> bool:
    """Tell whether there are goods and somebody waits: a state and not a rise (protocol, rule 8)."""
    return int(str(image.get("available", 0))) > 0 and int(str(image.get("backordered", 0))) > 0


def fill(item: StockItem, *, now: datetime) -> None:
    """Give what is on the shelf to the orders that wait for it, by priority and age."""
    for entry in queue.of(item):
        if not decide(partial(_fill, entry, now)):
            return


def _fill(entry: Entry, now: datetime) -> bool:
    """Give goods to one line that waits; tell whether there may be more to give.

    An entry that does not know what its order knows is left alone (protocol, rule 7): what it lacks is on
    its way, and wakes us again.
    """
    keys = (stock.key(entry.item), queue.key(entry.item, entry.place), store.key(entry.order_id))
    held = aws.get_many(keys, consistent=True)
    shelf = stock.stock_of(entry.item, held[0])
    if shelf.available <= 0:
        return False
    before, order = queue.entry_of(entry.item, entry.place, held[1]), store.order(held[2])
    line = order.line(entry.line) if order else None
    if order is None or line is None or not _agree(before, order, line):
        return True
    units = min(before.quantity, line.backordered, shelf.available)
    if units > 0:
        _give(before, order, line, shelf, units, now)
    return True


def _agree(entry: Entry, order: Order, line: Line) -> bool:
    return order.status == "confirmed" and line.queued_at == entry.stamp


def _give(entry: Entry, before: Order, line: Line, shelf: Stock, units: int, now: datetime) -> None:
    filled = quantities.put_off(line, -units)
    lines = tuple(filled if one.line == line.line else one for one in before.lines)
    after = before.model_copy(update={"lines": lines, "settled": before.settled + 1})
    quantities.check(after)
    delta = Delta(reserved=units, backordered=-units)
    event = journal.Event(
        name="order.backorder_filled",
        aggregate=f"order#{before.id}",
        version=before.version,
        resource=("order", before.id),
        changes={
            f"lines/{line.line}/{name}": [getattr(line, name), getattr(filled, name)]
            for name in ("reserved", "backordered")
        },
        moved={str(entry.item): delta.told("reserve")},
    )
    caller = access.system("replenishment", f"{before.id}#{before.version}.{before.settled}#{line.line}")
    mark = journal.entry_id(caller, event.aggregate, event.version)
    cause = Cause(mark, "reserve", event.aggregate, caller.name)
    writes = Writes()
    journal.record(writes, event, caller, at=now)
    store.replace(writes, after, {}, before=before)
    stock.move(writes, entry.item, cause, delta, seq=shelf.seq, refused=stock.stale)
    queue.write(writes, entry, entry.model_copy(update={"quantity": entry.quantity - units}))
    # Another delivery of the same news may have been quicker.
    with suppress(AlreadyDone):
        writes.commit()
