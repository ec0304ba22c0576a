"""Stock that a quote keeps until it expires: taken back to the second by whoever falls short of it."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import Final, Protocol, TypeVar

from soms.inventory.model import StockItem
from soms.inventory.store import InsufficientStock
from soms.kit import access, clock
from soms.kit.writes import AlreadyDone, decide
from soms.orders import keeping, lifecycle, quantities, reading, store, writing
from soms.orders.model import Order
from soms.orders.writing import Deed

MOST_ITEMS: Final = 40
"""How many stock items one quote may keep: each is two actions of its transaction."""
Decision_co = TypeVar("Decision_co", covariant=True)


class Attempt(Protocol[Decision_co]):
    """A decision and its commit; `closely` tells whether to look at the shelves for other ways."""

    def __call__(self, *, closely: bool) -> Decision_co:
        """Read, decide and commit once."""


def with_stock(attempt: Attempt[Decision_co], now: datetime) -> Decision_co:
    """Run a decision that reserves stock; before it fails for want of it, expired quotes give theirs back.

    Only then are other shards asked, and what is not in stock may wait for goods where the order allows that
    by then.
    """
    try:
        return decide(lambda: attempt(closely=False))
    except InsufficientStock as short:
        if not _reclaim(_lacking(short), now):
            raise
    except writing.LookCloser as closer:
        _reclaim(_lacking(closer.short), now)
    return decide(lambda: attempt(closely=True))


def _lacking(short: InsufficientStock) -> list[StockItem]:
    wanted = {(str(one.meta["sku"]), str(one.meta["warehouse"])) for one in short.faults}
    return [StockItem(sku=sku, warehouse=warehouse) for sku, warehouse in sorted(wanted)]


def expire(order_id: str, *, now: datetime) -> bool:
    """End a quote that is no longer valid and give back at once what it kept; tell whether it was one.

    What was accepted and still waits for approval goes on waiting, without its stock.
    """

    def attempt() -> bool:
        before = store.get(order_id)
        after = _ended(before, now)
        if after is None:
            return False
        caller = access.system("expiry", f"{order_id}#{before.version}")
        event = "order.expired" if after.status == "expired" else "order.stock_let_go"
        deed = Deed(event, at_once=True)
        # Where the answer was lost, or somebody else was quicker, it is done all the same.
        with suppress(AlreadyDone):
            writing.commit(before, after, deed, reading.buyer(before), caller, now=now)
        return True

    return decide(attempt)


def expire_all(*, now: datetime) -> int:
    """End every quote that is no longer valid, and what others keep beyond their time; return how many."""
    return sum(_expire_all(status, now) for status in sorted(keeping.KEEPERS))


def _expire_all(status: str, now: datetime) -> int:
    ended, after = 0, None
    while True:
        page = store.listed(by="status", value=status, between=("0", "9"), limit=100, after=after)
        over = [row for row in page.rows if "" < str(row.get("expires_at", "")) <= clock.stamp(now)]
        ended += sum(expire(str(row["id"]), now=now) for row in over)
        after = page.next_position
        if after is None:
            return ended


def _ended(order: Order, now: datetime) -> Order | None:
    """Return an order that keeps stock beyond its time as it is without it, or None where it is in order."""
    if order.expires_at is None or not lifecycle.is_over(order, now):
        return None
    freed = quantities.released(order)
    if order.status == "quoted":
        return lifecycle.moved(freed, "expire", "expired")
    waits = order.status in keeping.KEEPERS and freed != order
    return freed.model_copy(update={"expires_at": None}) if waits else None


def _reclaim(wanted: Iterable[StockItem], now: datetime) -> int:
    """Take back what is kept of these stock items beyond its time; return of how many orders it was."""
    names = {str(row["order_id"]) for item in wanted for row in keeping.over(item, now)}
    for name in sorted(names):
        # Whoever ended it, its stock is back.
        expire(name, now=now)
    return len(names)
