"""Stock that a quote keeps until it expires: taken back to the second by whoever falls short of it."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar

from soms.inventory.model import StockItem
from soms.inventory.store import InsufficientStock
from soms.kit import access, aws, clock, items
from soms.kit.settings import Setting
from soms.kit.writes import AlreadyDone, Rank, Stale, Writes, decide
from soms.orders import lifecycle, quantities, reading, store, writing
from soms.orders.model import Order
from soms.orders.writing import Deed

MOST_ITEMS = 40
"""How many stock items one quote may keep: each is two actions of its transaction."""
AT_ONCE = 20
Decision = TypeVar("Decision")


def keep(writes: Writes, order: Order) -> None:
    """Note what a quote keeps of each stock item, where those who fall short will look."""
    for item, units in quantities.per_item(order).items():
        writes.put(
            Setting.INVENTORY,
            {**_key(item, order), "kind": "soft", "order_id": order.id, "quantity": units},
            refused=lambda _held: Stale(),
            rank=Rank.STATE,
        )


def drop(writes: Writes, order: Order) -> None:
    """Forget what a quote kept, in the transaction that ends it."""
    for item in quantities.per_item(order):
        writes.delete(Setting.INVENTORY, _key(item, order))


def with_stock(attempt: Callable[[], Decision], now: datetime) -> Decision:
    """Run a decision that reserves stock; before it fails for want of it, expired quotes give theirs back."""
    try:
        return decide(attempt)
    except InsufficientStock as short:
        wanted = {(str(one.meta["sku"]), str(one.meta["warehouse"])) for one in short.faults}
        lacking = [StockItem(sku=sku, warehouse=warehouse) for sku, warehouse in sorted(wanted)]
        if not _reclaim(lacking, now):
            raise
        return decide(attempt)


def expire(order_id: str, *, now: datetime) -> bool:
    """End a quote that is no longer valid and give back at once what it kept; tell whether it was one."""

    def attempt() -> bool:
        before = store.get(order_id)
        if before.status != "quoted" or not lifecycle.STEPS["expire"].holds(before, now):
            return False
        after = quantities.released(lifecycle.moved(before, "expire", "expired"))
        caller = access.system("expiry", f"{order_id}#{before.version}")
        deed = Deed("order.expired", at_once=True, more=lambda writes, _order: drop(writes, before))
        try:
            writing.commit(before, after, deed, reading.buyer(before), caller, now=now)
        except AlreadyDone:
            return False
        return True

    return decide(attempt)


def expire_all(*, now: datetime) -> int:
    """End every quote that is no longer valid; return how many."""
    ended, after = 0, None
    while True:
        page = store.listed(by="status", value="quoted", between=("0", "9"), limit=100, after=after)
        over = [row for row in page.rows if str(row.get("expires_at", "")) <= clock.stamp(now)]
        ended += sum(expire(str(row["id"]), now=now) for row in over)
        after = page.next_position
        if after is None:
            return ended


def _reclaim(wanted: Iterable[StockItem], now: datetime) -> int:
    """Expire the quotes whose time is up that keep any of these stock items; return how many."""
    return sum(
        expire(str(row["order_id"]), now=now) for item in wanted for row in list(_expired(item, now))
    )


def reclaimable(item: StockItem, now: datetime) -> int:
    """Return how many units of a stock item are kept by quotes whose time is up."""
    return sum(int(str(row["quantity"])) for row in _expired(item, now))


def _expired(item: StockItem, now: datetime) -> Iterable[items.Item]:
    return aws.query(
        Setting.INVENTORY,
        "pk = :pk AND sk < :now",
        {":pk": _partition(item), ":now": clock.stamp(now)},
        limit=AT_ONCE,
        consistent=True,
    )


def _key(item: StockItem, order: Order) -> dict[str, object]:
    return {"pk": _partition(item), "sk": f"{order.expires_at}#{order.id}"}


def _partition(item: StockItem) -> str:
    return f"soft#{item}"
