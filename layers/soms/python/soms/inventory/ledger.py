"""From every change of a stock item to its movement: gapless, and the same whenever it is made again."""

from collections.abc import Mapping, Sequence
from typing import Final

from soms.inventory import movements
from soms.inventory.model import COUNTERS, Stock, StockItem
from soms.inventory.store import Cause
from soms.kit import clock, items
from soms.kit.streams import Change

EFFECTS: Final = "stock-effects#"
"""What begins the aggregate of an entry that the streams made for an order's effects."""


def movement(item: StockItem, before: Stock, after: Stock, cause: Cause, *, at: str) -> items.Item:
    """Return what moved between two states of a stock item: deltas, balances, and why."""
    delta = {name: getattr(after, name) - getattr(before, name) for name in COUNTERS}
    return {
        "sku": item.sku,
        "entry": movements.entry_key(item.warehouse, after.seq),
        "warehouse": item.warehouse,
        "seq": after.seq,
        "reason": cause.reason,
        "cause": cause.entry,
        "subject": cause.subject,
        "by": cause.by,
        "at": at,
        **({"unit_cost": cause.unit_cost} if cause.unit_cost is not None else {}),
        "delta": {name: value for name, value in delta.items() if value},
        "balance": {name: getattr(after, name) for name in COUNTERS},
    }


def keep(changes: Sequence[Change]) -> None:
    """Write the movement of each change of a stock item, once."""
    movements.insert([_movement(change) for change in changes if change.new])


def cause_of(entry: items.Item, item: StockItem) -> items.Item:
    """Return what a stock item says of its last change, by the journal entry that moved it."""
    subject = str(entry["aggregate"])
    if subject.startswith(EFFECTS):
        subject = f"order#{subject.removeprefix(EFFECTS)}"
    told = moved_in(entry, item)
    cost = entry.get("costs")
    unit_cost = cost.get(str(item)) if isinstance(cost, Mapping) else None
    cause = {"cause": entry["id"], "subject": subject, "by": entry["name"], "unit_cost": unit_cost}
    return cause | {"reason": str(told[0]) if told else "rule"}


def moved_in(row: items.Item, item: StockItem) -> Sequence[object]:
    """Return what a journal row tells of a stock item's movement: its word and its units, or nothing."""
    moved = row.get("moved")
    told = moved.get(str(item)) if isinstance(moved, Mapping) else None
    return told if isinstance(told, list) else ()


def _movement(change: Change) -> items.Item:
    new = change.new or {}
    after = Stock.model_validate(new)
    item = StockItem(sku=after.sku, warehouse=after.warehouse)
    before = Stock.model_validate(change.old) if change.old else Stock(sku=item.sku, warehouse=item.warehouse)
    cost = new.get("unit_cost")
    entry, reason, subject, by = (str(new[name]) for name in ("cause", "reason", "subject", "by"))
    cause = Cause(entry, reason, subject, by, str(cost) if cost is not None else None)
    return movement(item, before, after, cause, at=clock.stamp(change.at))
