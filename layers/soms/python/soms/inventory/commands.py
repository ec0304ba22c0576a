"""Changing stock by hand, setting reorder rules."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import cast

from soms.catalog import store as catalog
from soms.inventory import ledger, reordering, store
from soms.inventory.model import (
    COUNTERS,
    MOST_STOCK,
    AdjustmentRequest,
    Delta,
    RuleRequest,
    Stock,
    StockItem,
)
from soms.inventory.store import Cause
from soms.kit import aws, clock, items, journal
from soms.kit.access import Caller
from soms.kit.problems import Fault, Invalid, NotFound
from soms.kit.writes import Writes, decide

CREATED = 201
More = Callable[[Writes, Stock], None]


@dataclass(frozen=True)
class Foregone:
    """Reservations for which goods are missing: so many units are reserved no more, some of them wait.

    `orders` maps each order to what of its lines waits from now on; `write` adds the writes of the orders.
    """

    reserved: int
    waiting: int
    orders: Mapping[str, Mapping[str, int]]
    write: Callable[[Writes], None]


Forego = Callable[[StockItem, Stock, int], Foregone]
"""Finds the reservations of a stock item for which so many units are missing."""


@dataclass(frozen=True)
class Step:
    """One change of a stock item by hand: what it was, by how much it moves, the trade's word, and why.

    `gathered` comes from other shards of a hot SKU, `foregone` are the reservations that are lost by it.
    """

    item: StockItem
    before: Stock
    moved: Delta
    word: str
    note: str | None = None
    unit_cost: str | None = None
    gathered: Mapping[StockItem, int] = field(default_factory=dict)
    foregone: Foregone | None = None

    @property
    def after(self) -> Stock:
        """Return the counters afterwards."""
        moved = {name: getattr(self.before, name) + units for name, units in self.moved.counters().items()}
        return self.before.model_copy(update=moved | {"seq": self.before.seq + 1})


def adjust(
    sku: str,
    request: AdjustmentRequest,
    caller: Caller,
    *,
    now: datetime,
    more: More | None = None,
    forego: Forego | None = None,
) -> tuple[Stock, items.Item]:
    """Change a stock item by hand; return its counters afterwards and the movement.

    `forego` finds which reservations become back-orders where less is left than is promised; without it such
    a change is refused. `more` adds what else is written in the same transaction.
    """

    def attempt() -> tuple[Stock, items.Item]:
        item, before = stocked(sku, request.warehouse)
        shelves = store.shelves(store.other_shards(before))
        there = before.with_shards(shelves.values())
        units = request.delta if request.delta is not None else (request.counted or 0) - there.on_hand
        step = _changed(item, before, units, shelves, forego)
        unit_cost = None if request.unit_cost is None else str(request.unit_cost)
        said = replace(step, word=request.reason, note=request.note, unit_cost=unit_cost)
        return by_hand(said, caller, now=now, more=more)

    return decide(attempt)


def by_hand(
    step: Step, caller: Caller, *, now: datetime, more: More | None = None
) -> tuple[Stock, items.Item]:
    """Write a change of a stock item that somebody made; return its counters afterwards and the movement."""
    item, after, event = step.item, step.after, _event(step)
    entry = journal.entry_id(caller, event.aggregate, event.version)
    cause = Cause(entry, step.word, event.aggregate, caller.name, step.unit_cost)

    writes = Writes()
    journal.record(writes, event, caller, at=now)
    store.gather(writes, step.gathered, Cause(entry, "gather", event.aggregate, caller.name))
    store.move(writes, item, cause, step.moved, seq=step.before.seq, refused=store.stale)
    if step.foregone:
        step.foregone.write(writes)
    if more:
        more(writes, after)
    writes.commit()
    return after, ledger.movement(item, step.before, after, cause, at=clock.stamp(now))


def sharing(lacking: int, shelves: Mapping[StockItem, Stock]) -> dict[StockItem, int]:
    """Return how many free units other shards give of those that are lacking, the fullest first."""
    taken: dict[StockItem, int] = {}
    for item, held in sorted(shelves.items(), key=lambda one: -one[1].available):
        left = lacking - sum(taken.values())
        if left > 0 and held.available > 0:
            taken[item] = min(left, held.available)
    return taken


def _event(step: Step) -> journal.Event:
    item, after = step.item, step.after
    # All counters, also those that stay: a repeated request is told its movement from here.
    changes: dict[str, object] = {
        name: [getattr(step.before, name), getattr(after, name)] for name in COUNTERS
    }
    if step.foregone:
        changes["orders"] = [None, step.foregone.orders]
    return journal.Event(
        name="stock.adjusted",
        aggregate=f"stock#{item}",
        version=after.seq,
        resource=("adjustment", f"{item}@{after.seq}"),
        status=CREATED,
        changes=changes | {"note": step.note},
        moved={
            **{str(one): Delta(on_hand=-units).told("gather") for one, units in step.gathered.items()},
            str(item): step.moved.told(step.word),
        },
        costs={str(item): step.unit_cost} if step.unit_cost is not None else {},
        reason=step.word,
    )


def adjusted(entry: items.Item, item: StockItem, seq: int) -> items.Item:
    """Return the movement of an adjustment as its journal entry tells it; the ledger may not have it yet."""
    changes = cast("Mapping[str, Sequence[int]]", entry["changes"])
    before, after = (
        Stock(sku=item.sku, warehouse=item.warehouse, seq=seq).model_copy(
            update={name: changes[name][side] for name in COUNTERS}
        )
        for side in (0, 1)
    )
    costs = cast("Mapping[str, str]", entry.get("costs") or {})
    name, reason, subject, by = (str(entry[one]) for one in ("id", "reason", "aggregate", "name"))
    cause = Cause(name, reason, subject, by, costs.get(str(item)))
    return ledger.movement(item, before, after, cause, at=str(entry["at_key"]).partition("#")[0])


def set_rule(sku: str, request: RuleRequest, caller: Caller, *, now: datetime) -> Stock:
    """Set when and how much of a SKU is reordered; whether it is low is looked at once."""

    def attempt() -> Stock:
        item, before = stocked(sku, request.warehouse)
        return reordering.change(item, before, reordering.asked(item, request, now), caller, now=now)

    return decide(attempt)


def stocked(sku: str, warehouse: str) -> tuple[StockItem, Stock]:
    """Return a stock item and its counters, or raise what is wrong with SKU or warehouse."""
    item = StockItem(sku=sku, warehouse=warehouse)
    held = aws.get_many(
        [catalog.product_key(sku), catalog.warehouse_key(warehouse), store.key(item)], consistent=True
    )
    product = catalog.product(held[0])
    if product is None:
        raise NotFound(detail=(f"There is no product {sku}.", f"没有商品 {sku}。"))
    if not product.stocked:
        words = ("this product is not kept in stock", "该商品不管理库存")
        raise Invalid(Fault("not_stocked", words, "/sku"))
    if catalog.warehouse_of(warehouse, held[1]) is None:
        raise Invalid(Fault("unknown_warehouse", ("no such warehouse", "没有该仓库"), "/warehouse"))
    return item, store.stock_of(item, held[2])


def _changed(
    item: StockItem, before: Stock, units: int, shelves: Mapping[StockItem, Stock], forego: Forego | None
) -> Step:
    gathered = sharing(-(before.available + units), shelves)
    moved = units + sum(gathered.values())
    if before.on_hand + moved > MOST_STOCK:
        raise Invalid(Fault("too_large", ("more than can be kept", "超出库存上限"), "/delta"))
    step = Step(item, before, Delta(on_hand=moved), "", gathered=gathered)
    missing = -(before.available + moved)
    if missing <= 0:
        return step
    if shelves or forego is None or before.on_hand + moved < 0:
        raise _refusal(before.with_shards(shelves.values()), units)
    found = forego(item, before, missing)
    delta = Delta(on_hand=moved, reserved=-found.reserved, backordered=found.waiting)
    return replace(step, moved=delta, foregone=found)


def _refusal(before: Stock, units: int) -> store.InsufficientStock:
    words = (
        f"{before.sku}: {before.on_hand} on hand, {before.reserved} reserved for orders",
        f"{before.sku}：在手 {before.on_hand}，已被订单占用 {before.reserved}",
    )
    meta = {
        "sku": before.sku,
        "requested": -units,
        "available": before.available,
        "on_hand": before.on_hand,
    }
    return store.InsufficientStock(faults=[Fault("insufficient_stock", words, "/delta", meta=meta)])
