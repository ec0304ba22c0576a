"""The notes of what quotes keep of stock, and until when: where whoever falls short looks."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from soms.inventory.model import StockItem
from soms.kit import aws, clock, items
from soms.kit.settings import Setting
from soms.kit.writes import Writes
from soms.orders import quantities
from soms.orders.model import Order

KEEPERS: Final = frozenset({"quoted", "pending_approval"})
"""States in which an order holds stock that it is not bound to."""
AT_ONCE: Final = 20


def follow(writes: Writes, before: Order | None, after: Order) -> None:
    """Write and remove notes so that there is one for each stock item an unbound order keeps."""
    had, has = _notes(before) if before else {}, _notes(after)
    for place in had.keys() - has.keys():
        writes.delete(Setting.INVENTORY, _key(place))
    for place in sorted(place for place, units in has.items() if had.get(place) != units):
        note = {"kind": "soft", "order_id": after.id, "quantity": has[place]}
        writes.put(Setting.INVENTORY, {**_key(place), **note})


def over(item: StockItem, now: datetime) -> Iterable[items.Item]:
    """Yield the notes of a stock item whose time is up, the oldest first."""
    return aws.query(
        Setting.INVENTORY,
        "pk = :pk AND sk < :now",
        {":pk": _partition(item), ":now": clock.stamp(now)},
        limit=AT_ONCE,
        consistent=True,
    )


def reclaimable(item: StockItem, now: datetime) -> int:
    """Return how many units of a stock item are kept by quotes whose time is up."""
    return sum(int(str(row["quantity"])) for row in over(item, now))


Place = tuple[str, str]


def _notes(order: Order) -> Mapping[Place, int]:
    if order.status not in KEEPERS or order.expires_at is None:
        return {}
    name = f"{order.expires_at}#{order.id}"
    kept: dict[Place, int] = {}
    for item, units in quantities.per_item(order).items():
        kept[_partition(item), name] = kept.get((_partition(item), name), 0) + units
    return kept


def _key(place: Place) -> dict[str, object]:
    return dict(zip(("pk", "sk"), place, strict=True))


def _partition(item: StockItem) -> str:
    return f"soft#{item.whole}"
