"""Goods that came are given to the orders that wait for them, by priority and age, without being asked."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial

from soms.inventory import store as stock
from soms.inventory.commands import sharing
from soms.inventory.model import Delta, Stock, StockItem
from soms.inventory.store import Cause
from soms.kit import access, aws, items, journal
from soms.kit.streams import Change
from soms.kit.writes import AlreadyDone, Writes, decide
from soms.orders import quantities, queue, store
from soms.orders.model import Line, Order
from soms.orders.queue import Entry


def follow(changes: Sequence[Change], *, now: datetime) -> None:
    """Follow changes of stock items: goods on the shelf and somebody waiting is enough to act on."""
    images = (change.new or {} for change in changes)
    found = [Stock.model_validate(one) for one in images if one.get("kind") == "stock" and is_due(one)]
    for item in dict.fromkeys(one.item.whole for one in found):
        fill(item, now=now)


def is_due(image: items.Item) -> bool:
    """Tell whether there may be goods and somebody who waits: a state and not a rise (protocol, rule 8).

    Who waits for a hot SKU its first shard knows, and where its goods are each of its shards.
    """
    found = Stock.model_validate(image)
    if found.item.shard:
        return found.available > 0
    return found.backordered > 0 and (found.available > 0 or found.shards > 1)


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
    first = stock.stock_of(entry.item, held[0])
    shelves = {entry.item: first} | stock.shelves(stock.other_shards(first))
    free = sum(one.available for one in shelves.values())
    if free <= 0:
        return False
    before, order = queue.entry_of(entry.item, entry.place, held[1]), store.order(held[2])
    line = order.line(entry.line) if order else None
    if order is None or line is None or not _agree(before, order, line):
        return True
    units = min(before.quantity, line.backordered, free)
    if units > 0:
        _give(before, order, line, shelves, units, now)
    return True


def _agree(entry: Entry, order: Order, line: Line) -> bool:
    # With another priority by now, the line waits at another place.
    stands = order.status == "confirmed" and entry.place == queue.place(order, line)
    return stands and line.queued_at == entry.stamp


def _give(
    entry: Entry, before: Order, line: Line, shelves: Mapping[StockItem, Stock], units: int, now: datetime
) -> None:
    filled = quantities.put_off(line, -units)
    lines = tuple(filled if one.line == line.line else one for one in before.lines)
    after = before.model_copy(update={"lines": lines, "settled": before.settled + 1})
    quantities.check(after)
    deltas = _deltas(entry.item, quantities.item_of(line), shelves, units)
    event = journal.Event(
        name="order.backorder_filled",
        aggregate=f"order#{before.id}",
        version=before.version,
        resource=("order", before.id),
        changes={
            f"lines/{line.line}/{name}": [getattr(line, name), getattr(filled, name)]
            for name in ("reserved", "backordered")
        },
        moved={str(item): delta.told("reserve") for item, delta in deltas.items()},
    )
    caller = access.system("replenishment", f"{before.id}#{before.version}.{before.settled}#{line.line}")
    mark = journal.entry_id(caller, event.aggregate, event.version)
    cause = Cause(mark, "reserve", event.aggregate, caller.name)
    writes = Writes()
    journal.record(writes, event, caller, at=now)
    store.replace(writes, after, {}, before=before)
    for item, delta in deltas.items():
        stock.move(writes, item, cause, delta, seq=shelves[item].seq, refused=stock.stale)
    queue.write(writes, entry, entry.moved(-units, entry.stamp, waits=filled.backordered > 0))
    # Another delivery of the same news may have been quicker.
    with suppress(AlreadyDone):
        writes.commit()


def _deltas(
    whole: StockItem, shard: StockItem, shelves: Mapping[StockItem, Stock], units: int
) -> dict[StockItem, Delta]:
    """Return how the stock item moves: the first shard knows who waits, the line's gives, others help."""
    others = {other: held for other, held in shelves.items() if other != shard}
    gathered = sharing(units - shelves[shard].available, others)
    deltas = {other: Delta(on_hand=-taken) for other, taken in gathered.items()}
    deltas[shard] = Delta(on_hand=sum(gathered.values()), reserved=units)
    deltas[whole] = replace(deltas.get(whole, Delta()), backordered=-units)
    return deltas
