"""Goods that came back in stock: apart until they are inspected, then on the shelf or gone."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from soms.inventory import quarantine
from soms.inventory import store as stock
from soms.inventory.model import Delta, StockItem
from soms.inventory.store import Cause
from soms.kit.writes import Held, Refusal, Writes
from soms.orders import quantities
from soms.orders.model import Order

Moves = Mapping[StockItem, tuple[str, Delta]]
KINDS: Final[Mapping[str, tuple[int, int]]] = {
    "restock": (1, -1),
    "scrap": (0, -1),
    "send_back": (0, -1),
    "quarantine": (0, 1),
}
"""Word → what a unit does on hand and in quarantine; the first that applies names a movement of several."""


def moves(order: Order, units: Mapping[str, Mapping[int, int]]) -> dict[StockItem, tuple[str, Delta]]:
    """Return how each stock item moves, and the word for it: one movement, whatever is in it."""
    found: dict[StockItem, tuple[str, Delta]] = {}
    for word, (on_hand, apart) in KINDS.items():
        for part, count in quantities.of_items(order, units.get(word, {})).items():
            # What comes back to a hot SKU comes to its first shard; the streams level it out.
            item = part.whole
            said, was = found.get(item, (word, Delta()))
            moved = Delta(on_hand=was.on_hand + on_hand * count, quarantine=was.quarantine + apart * count)
            found[item] = said, moved
    return found


def move(writes: Writes, moved: Moves, cause: Cause) -> None:
    """Move goods that came back; the word for each movement is its own."""
    for item, (word, delta) in moved.items():
        stock.move(writes, item, replace(cause, reason=word), delta, refused=_short(item, delta))


def _short(item: StockItem, delta: Delta) -> Refusal:
    def refused(held: Held) -> Exception:
        there = stock.stock_of(item, held).quarantine
        return quarantine.short(item, -delta.quarantine, there, "/lines")

    return refused
