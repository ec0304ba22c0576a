"""Hot SKUs: an order takes from one shard of the stock, and from others what that one lacks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from soms.inventory.commands import sharing
from soms.inventory.model import Stock, StockItem
from soms.kit import ids
from soms.orders import quantities
from soms.orders.model import Line, Order

Gathers = Mapping[StockItem, Mapping[StockItem, int]]
"""Shard → other shards → how many of their free units move to it."""


@dataclass(frozen=True)
class Looked:
    """An order as the shelves allow it, what shards gather for it, and what is free of each item it needs."""

    order: Order
    gathers: Gathers = field(default_factory=dict)
    free: Mapping[StockItem, int] = field(default_factory=dict)


def is_hot(order: Order) -> bool:
    """Tell whether an order takes goods whose stock is split into shards."""
    return any(line.shards > 1 for line in order.lines)


def spread(before: Order | None, order: Order) -> Order:
    """Return the order with each line that begins to hold units of a hot SKU in a shard, by its id."""
    if not is_hot(order):
        return order
    places = {
        line.line: _place(order, line)
        for line in order.lines
        if line.shards > 1 and line.reserved and not _is_held(before, line)
    }
    return _moved(order, places)


def look(before: Order | None, order: Order, shelves: Mapping[StockItem, Stock]) -> Looked:
    """Return the order with what it takes more found in the shards as they stand.

    Another shard that has enough is preferred to gathering; what all together lack is not free.
    """
    wanted = {item: units for item, units in quantities.needed(before, order).items() if units > 0}
    places: dict[int, str] = {}
    gathers: dict[StockItem, dict[StockItem, int]] = {}
    free: dict[StockItem, int] = {}
    for item, units in wanted.items():
        here = shelves[item].available
        others = _others(item, shelves, wanted)
        best = max(others, key=lambda one: others[one].available, default=item)
        lines = [line for line in order.lines if line.warehouse and quantities.item_of(line) == item]
        if here < units <= shelves[best].available and not any(_is_held(before, line) for line in lines):
            places |= {line.line: best.warehouse for line in lines}
            free[best] = shelves[best].available
            continue
        taken = sharing(units - here, others)
        gathers |= {item: taken} if taken else {}
        free[item] = here + sum(taken.values())
    return Looked(_moved(order, places), gathers, free)


def lacking(wanted: Mapping[StockItem, int], looked: Looked) -> Mapping[StockItem, int]:
    """Return the stock items of which more is needed than is free in all shards."""
    return {item: units for item, units in wanted.items() if units > looked.free.get(item, 0)}


def _others(
    item: StockItem, shelves: Mapping[StockItem, Stock], wanted: Iterable[StockItem]
) -> dict[StockItem, Stock]:
    """Return the other shards of a stock item, without those of which the order takes more anyway."""
    needed = set(wanted)
    alike = {other: held for other, held in shelves.items() if other.whole == item.whole}
    return {other: held for other, held in alike.items() if other != item and other not in needed}


def _place(order: Order, line: Line) -> str:
    item = quantities.item_of(line).whole
    return item.of_shard(ids.shard(f"{order.id}{item}", line.shards)).warehouse


def _is_held(before: Order | None, line: Line) -> bool:
    """Tell whether a line is bound to its shard: it was binding before, or holds stock already."""
    old = before.line(line.line) if before else None
    return old is not None and ((before is not None and before.is_binding) or old.reserved > 0)


def _moved(order: Order, places: Mapping[int, str]) -> Order:
    lines = (
        line.model_copy(update={"warehouse": places[line.line]}) if line.line in places else line
        for line in order.lines
    )
    return order.model_copy(update={"lines": tuple(lines)}) if places else order
