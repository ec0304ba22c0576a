"""The queue of a stock item: what orders wait for, by priority and age; one entry per line of an order."""

from collections.abc import Iterable, Mapping

from soms.inventory.model import StockItem
from soms.kit import aws, items
from soms.kit.fields import Frozen
from soms.kit.settings import Setting
from soms.kit.writes import Held, Rank, Stale, Writes
from soms.orders import quantities
from soms.orders.model import Line, Order

Key = tuple[Setting, Mapping[str, object]]
Changes = dict[StockItem, dict[str, int]]
"""Stock item → place in its queue → by how many units more (or, below zero, fewer) wait there."""


class Entry(Frozen):
    """So many units of an order's line that wait; `stamp` is the version of the order this is known to.

    It is `kept`, also without units, as long as its line waits: a change that comes late must not take the
    stamp of one that was quicker.
    """

    item: StockItem
    place: str
    order_id: str
    line: int
    quantity: int = 0
    stamp: int = 0
    kept: bool = False

    def moved(self, units: int, stamp: int, *, waits: bool) -> "Entry":
        """Return the entry with units more or fewer; `waits` tells whether its line waits afterwards."""
        quantity = self.quantity + units
        return self.model_copy(
            update={"quantity": quantity, "stamp": stamp, "kept": quantity > 0 or waits}
        )


def changes(before: Order | None, after: Order) -> Changes:
    """Return by how much a command changes what waits in which queue."""
    had, has = _waiting(before) if before else {}, _waiting(after)
    found: Changes = {}
    for item, place in sorted(had.keys() | has.keys(), key=str):
        if units := has.get((item, place), 0) - had.get((item, place), 0):
            found.setdefault(item, {})[place] = units
    return found


def stamped(before: Order | None, after: Order) -> Order:
    """Return the order with its version on those lines of which more or less waits than before."""
    touched = {number(place) for places in changes(before, after).values() for place in places}
    lines = (
        line.model_copy(update={"queued_at": after.version}) if line.line in touched else line
        for line in after.lines
    )
    return after.model_copy(update={"lines": tuple(lines)}) if touched else after


def place(order: Order, line: Line) -> str:
    """Return where a line of an order waits: by priority, then age."""
    return f"{order.priority}#{order.placed_at}#{order.id}#{line.line:04d}"


def number(place: str) -> int:
    """Return the number of the line that waits at a place."""
    return int(place.rpartition("#")[2])


def key(item: StockItem, place: str) -> Key:
    """Return where an entry lies."""
    return Setting.INVENTORY, {"pk": f"queue#{item}", "sk": place}


def entry_of(item: StockItem, place: str, held: items.Item | None) -> Entry:
    """Return the entry at a place; where nothing waits it has no units."""
    _, _, order_id, line = place.split("#")
    told = {"quantity": held["quantity"], "stamp": held["stamp"], "kept": True} if held else {}
    return Entry.model_validate(
        {"item": item, "place": place, "order_id": order_id, "line": int(line), **told}
    )


def of(item: StockItem) -> Iterable[Entry]:
    """Yield what waits for a stock item, first who comes first."""
    rows = aws.query(Setting.INVENTORY, "pk = :pk", {":pk": f"queue#{item}"}, consistent=True)
    return (entry_of(item, str(row["sk"]), row) for row in rows if row["quantity"])


def write(writes: Writes, before: Entry, after: Entry) -> None:
    """Write an entry over what was read; what is not kept is removed."""
    if before == after:
        return
    condition = "quantity = :quantity AND stamp = :stamp" if before.kept else "attribute_not_exists(pk)"
    values = {":quantity": before.quantity, ":stamp": before.stamp} if before.kept else None
    table, where = key(after.item, after.place)
    if after.kept:
        row = {**where, "kind": "queued", "quantity": after.quantity, "stamp": after.stamp}
        writes.put(table, row, condition=condition, values=values, refused=_stale, rank=Rank.STATE)
    else:
        writes.delete(table, where, condition=condition, values=values, refused=_stale, rank=Rank.STATE)


def _waiting(order: Order) -> dict[tuple[StockItem, str], int]:
    if not order.is_binding:
        return {}
    return {
        (quantities.item_of(line).whole, place(order, line)): line.backordered
        for line in order.lines
        if line.backordered
    }


def _stale(_held: Held) -> Exception:
    return Stale()
