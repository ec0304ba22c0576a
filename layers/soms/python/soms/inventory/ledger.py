"""From every change of a stock item to its movement: gapless, and the same whenever it is made again."""

from collections.abc import Mapping, Sequence
from typing import Final

from soms.inventory import store
from soms.inventory.model import Stock, StockItem
from soms.inventory.store import Cause
from soms.kit import clock, items
from soms.kit.streams import Change

COUNTERS = ("on_hand", "reserved", "available", "incoming", "backordered")
EFFECTS: Final = "stock-effects#"
"""What begins the aggregate of an entry that the streams made for an order's effects."""
def movement(item: StockItem, before: Stock, after: Stock, cause: Cause, *, at: str) -> items.Item:
    """Return what moved between two states of a stock item: deltas, balances, and why."""
    moved = {name: getattr(after, name) - getattr(before, name) for name in COUNTERS}
    return {
        "sku": item.sku,
        "entry": store.entry_key(item.warehouse, after.seq),
        "warehouse": item.warehouse,
        "seq": after.seq,
        "reason": cause.reason,
        "cause": cause.entry,
        "subject": cause.subject,
        "by": cause.by,
        "at": at,
        "delta": {name: value for name, value in moved.items() if value},
        "balance": {name: getattr(after, name) for name in COUNTERS},
    }


def keep(changes: Sequence[Change]) -> None:
    """Write the movement of each change of a stock item, once."""
    store.insert_movements([_movement(change) for change in changes if change.new])


def cause_of(entry: items.Item, item: StockItem) -> items.Item:
    """Return what a stock item says of its last change, by the journal entry that moved it."""
    subject = str(entry["aggregate"])
    if subject.startswith(EFFECTS):
        subject = f"order#{subject.removeprefix(EFFECTS)}"
    reason = entry.get("reason") if entry["event"] == "stock.adjusted" else _reason(entry, item)
    return {"cause": entry["id"], "reason": reason, "subject": subject, "by": entry["name"]}


def _reason(entry: items.Item, item: StockItem) -> str:
    """Return the trade's word for a movement: which of on hand and reserved it moves, and which way."""
    moved = entry.get("moved")
    delta = moved.get(str(item)) if isinstance(moved, Mapping) else None
    on_hand, reserved = (int(str(one)) for one in delta[:2]) if isinstance(delta, list) else (0, 0)
    if on_hand:
        return "restock" if on_hand > 0 else "ship"
    return "rule" if not reserved else "reserve" if reserved > 0 else "release"


def _movement(change: Change) -> items.Item:
    new = change.new or {}
    after = Stock.model_validate(new)
    item = StockItem(sku=after.sku, warehouse=after.warehouse)
    before = Stock.model_validate(change.old) if change.old else Stock(sku=item.sku, warehouse=item.warehouse)
    cause = Cause(str(new["cause"]), str(new["reason"]), str(new["subject"]), str(new["by"]))
    return movement(item, before, after, cause, at=clock.stamp(change.at))
