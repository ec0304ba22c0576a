"""Movements in their table: each change of a stock item, kept for ever under the item's `seq`."""

from collections.abc import Iterable, Sequence
from typing import Final

from soms.inventory.model import StockItem
from soms.kit import aws, items, paging
from soms.kit.settings import Setting
from soms.kit.writes import MOST_ACTIONS, Writes

ENTRY_DIGITS: Final = 12
A_FEW: Final = 20


def listed(item: StockItem, *, limit: int, after: str | None) -> paging.Page:
    """Return one page of the movements of a stock item, newest first."""
    low, high = f"{item.warehouse}#", after or f"{item.warehouse}#~"
    rows = aws.query(
        Setting.MOVEMENTS,
        "sku = :sku AND entry BETWEEN :low AND :high",
        {":sku": item.sku, ":low": low, ":high": high},
        limit=limit + 2,
        newest_first=True,
    )
    return paging.merged([lambda: (row for row in rows if row["entry"] != after)], "entry", limit)


def find(item: StockItem, seq: int) -> items.Item | None:
    """Return one movement of a stock item, or None while it is on its way."""
    held = aws.get(Setting.MOVEMENTS, {"sku": item.sku, "entry": entry_key(item.warehouse, seq)})
    return {name: value for name, value in held.items() if name != "entry"} if held else None


def since(item: StockItem, seq: int) -> Iterable[items.Item]:
    """Yield the movements of a stock item from a `seq` on, as they stand now."""
    low, high = entry_key(item.warehouse, max(seq, 0)), f"{item.warehouse}#~"
    return aws.query(
        Setting.MOVEMENTS,
        "sku = :sku AND entry BETWEEN :low AND :high",
        {":sku": item.sku, ":low": low, ":high": high},
        consistent=True,
    )


def backwards(item: StockItem) -> Iterable[items.Item]:
    """Yield the movements of a stock item as they stand now, newest first."""
    low, high = f"{item.warehouse}#", f"{item.warehouse}#~"
    return aws.query(
        Setting.MOVEMENTS,
        "sku = :sku AND entry BETWEEN :low AND :high",
        {":sku": item.sku, ":low": low, ":high": high},
        newest_first=True,
        consistent=True,
    )


def until(item: StockItem, moment: str) -> tuple[int, items.Item | None]:
    """Return the newest `seq` there is a movement of, and the last movement up to a moment, if any."""
    newest, low, high = 0, f"{item.warehouse}#", f"{item.warehouse}#~"
    rows = aws.query(
        Setting.MOVEMENTS,
        "sku = :sku AND entry BETWEEN :low AND :high",
        {":sku": item.sku, ":low": low, ":high": high},
        limit=A_FEW,
        newest_first=True,
        consistent=True,
    )
    for row in rows:
        newest = newest or int(str(row["seq"]))
        if str(row["at"]) <= moment:
            return newest, row
    return newest, None


def insert(movements: Sequence[items.Item]) -> None:
    """Write movements, each once: what is there already stays as it is."""
    waiting = list(movements)
    while waiting:
        writes, chunk = Writes(), waiting[:MOST_ACTIONS]
        for one in chunk:
            writes.put(
                Setting.MOVEMENTS,
                one,
                condition="attribute_not_exists(sku)",
                refused=lambda held: _Written(str((held or {})["entry"]), str((held or {})["sku"])),
            )
        try:
            writes.commit()
        except _Written as there:
            waiting = [one for one in waiting if (one["entry"], one["sku"]) != (there.entry, there.sku)]
        else:
            waiting = waiting[MOST_ACTIONS:]


class _Written(Exception):
    """The movement is there already."""

    def __init__(self, entry: str, sku: str) -> None:
        super().__init__(entry)
        self.entry, self.sku = entry, sku


def entry_key(warehouse: str, seq: int) -> str:
    """Return the sort key of a movement: gapless per warehouse."""
    return f"{warehouse}#{seq:0{ENTRY_DIGITS}d}"
