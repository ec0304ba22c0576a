"""Stock in the inventory table: its counters, and the writes that move them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from soms.inventory.model import Delta, ReorderRule, Stock, StockItem
from soms.kit import aws, items, paging
from soms.kit.problems import Fault, Problem
from soms.kit.settings import Setting
from soms.kit.writes import Held, Refusal, Stale, Writes

Key = tuple[Setting, Mapping[str, object]]
ALWAYS: Final = frozenset({"on_hand", "reserved", "available"})
"""Counters that are there from the first write on, so that conditions find them."""


class InsufficientStock(Problem):
    """There is less available than asked for; the faults name every short SKU."""

    status = 409
    code = "insufficient_stock"
    title = ("Not enough in stock", "库存不足")
    detail = ("Look at `errors` for what is short.", "详见 errors 中列出的缺货商品。")


@dataclass(frozen=True)
class Cause:
    """Why stock moves: the journal entry, the trade's word for the movement, its subject and who.

    `unit_cost` is what a unit that comes in has cost, in the company's currency.
    """

    entry: str
    reason: str
    subject: str
    by: str
    unit_cost: str | None = None


def key(item: StockItem) -> Key:
    """Return where a stock item lies; each shard of a hot SKU has a partition of its own."""
    shard = f".{item.shard}" if item.shard else ""
    return Setting.INVENTORY, {"pk": f"stock{shard}#{item.sku}", "sk": item.whole.warehouse}


def stock_of(item: StockItem, held: items.Item | None) -> Stock:
    """Return the counters an item holds; what never moved has zeros."""
    return Stock.model_validate(held) if held else Stock(sku=item.sku, warehouse=item.warehouse)


def get(item: StockItem) -> Stock:
    """Return the counters of one SKU in one warehouse as they stand now."""
    return stock_of(item, aws.get(*key(item), consistent=True))


def shelves(items: Iterable[StockItem]) -> dict[StockItem, Stock]:
    """Return the counters of stock items as they stand now."""
    wanted = list(items)
    held = aws.get_many((key(item) for item in wanted), consistent=True)
    return {item: stock_of(item, one) for item, one in zip(wanted, held, strict=True)}


def of_sku(sku: str) -> list[Stock]:
    """Return the counters of a SKU in every warehouse where it ever moved."""
    rows = aws.query(Setting.INVENTORY, "pk = :pk", {":pk": f"stock#{sku}"}, consistent=True)
    return together(Stock.model_validate(row) for row in rows)


def other_shards(stock: Stock) -> list[StockItem]:
    """Return the shards of a stock item beside its first."""
    return [stock.item.of_shard(number) for number in range(1, stock.shards)]


def beside(first: Stock) -> list[Stock]:
    """Return a stock item with its other shards, each by itself, as they stand now."""
    return [first, *shelves(other_shards(first)).values()]


def together(firsts: Iterable[Stock]) -> list[Stock]:
    """Return stock items, read as their first shards, with what their other shards hold."""
    held = list(firsts)
    others = shelves(item for one in held for item in other_shards(one))
    return [one.with_shards(others[item] for item in other_shards(one)) for one in held]


def with_shards(wanted: Iterable[StockItem]) -> dict[StockItem, Stock]:
    """Return the counters of all shards of stock items, each by itself, as they stand now."""
    firsts = shelves(dict.fromkeys(item.whole for item in wanted))
    return firsts | shelves(item for one in firsts.values() for item in other_shards(one))


def whole(item: StockItem) -> Stock:
    """Return the counters of a stock item with all its shards as they stand now."""
    return together([get(item.whole)])[0]


def move(
    writes: Writes,
    item: StockItem,
    cause: Cause,
    delta: Delta,
    *,
    seq: int | None = None,
    refused: Refusal,
) -> None:
    """Change a stock item's counters, of which none may fall below zero, and say why.

    `available` follows, `seq` counts; where `seq` is given the item must still be as it was read.
    """
    conditions, values = _guards(delta)
    same, as_read = _as_read(seq)
    conditions, values = conditions + same, values | as_read
    _write(writes, item, cause, delta, values, " AND ".join(conditions) or None, refused)


def _as_read(seq: int | None) -> tuple[list[str], dict[str, object]]:
    if seq is None:
        return [], {}
    return (["seq = :seq"], {":seq": seq}) if seq else (["attribute_not_exists(pk)"], {})


def _guards(delta: Delta) -> tuple[list[str], dict[str, object]]:
    falling = {name: -units for name, units in delta.counters().items() if units < 0 and name != "on_hand"}
    conditions = [f"{name} >= :least_{name}" for name in falling]
    return conditions, {f":least_{name}": units for name, units in falling.items()}


def _write(
    writes: Writes,
    item: StockItem,
    cause: Cause,
    delta: Delta,
    values: Mapping[str, object],
    condition: str | None,
    refused: Refusal | None,
    more: Mapping[str, object] | None = None,
) -> None:
    said: dict[str, object] = {
        "kind": "stock",
        "sku": item.sku,
        "warehouse": item.warehouse,
        "cause": cause.entry,
        "reason": cause.reason,
        "subject": cause.subject,
        "by": cause.by,
    }
    said |= {"unit_cost": cause.unit_cost} if cause.unit_cost is not None else {}
    said |= more or {}
    counters = {name: units for name, units in delta.counters().items() if units or name in ALWAYS}
    added = {**counters, "seq": 1}
    expression = "SET " + ", ".join(f"#{name} = :{name}" for name in said)
    expression += "" if "unit_cost" in said else " REMOVE #unit_cost"
    writes.update(
        *key(item),
        expression + " ADD " + ", ".join(f"{name} :by_{name}" for name in added),
        names={f"#{name}": name for name in (*said, "unit_cost")},
        values={
            **{f":{name}": value for name, value in said.items()},
            **{f":by_{name}": units for name, units in added.items()},
            **values,
        },
        condition=condition,
        refused=refused,
    )


def reserve(
    writes: Writes,
    item: StockItem,
    delta: Delta,
    cause: Cause,
    pointers: Sequence[str],
) -> None:
    """Take stock for an order, or refuse the command naming what is short and where it was asked for.

    What other shards gathered for it comes in by the same write.
    """

    def refused(held: Held) -> Exception:
        return short(item, delta.reserved, stock_of(item, held).available, pointers)

    move(writes, item, cause, delta, refused=refused)


def gather(writes: Writes, shards: Mapping[StockItem, int], cause: Cause) -> dict[str, object]:
    """Let free units leave shards for another one; return how the journal tells of it."""
    for item, units in shards.items():
        move(writes, item, cause, Delta(on_hand=-units), refused=stale)
    return {str(item): Delta(on_hand=-units).told(cause.reason) for item, units in shards.items()}


def release(writes: Writes, item: StockItem, quantity: int, cause: Cause) -> None:
    """Give reserved stock back; it is always there to be given (protocol, rule 3)."""
    move(writes, item, cause, Delta(reserved=-quantity), refused=stale)


def ship(writes: Writes, item: StockItem, quantity: int, cause: Cause) -> None:
    """Let reserved stock leave the warehouse."""
    move(writes, item, cause, Delta(on_hand=-quantity, reserved=-quantity), refused=stale)


def receive(writes: Writes, item: StockItem, quantity: int, cause: Cause) -> None:
    """Put units on the shelf."""
    move(writes, item, cause, Delta(on_hand=quantity), refused=stale)


def stale(_held: Held) -> Exception:
    """Return what it means that a stock item is not as it was read: read and decide again."""
    return Stale()


def short(item: StockItem, requested: int, available: int, pointers: Sequence[str]) -> InsufficientStock:
    """Return the refusal of more than is available, with every place where it was asked for."""
    return InsufficientStock(faults=[_short(item, requested, available, place) for place in pointers])


def _short(item: StockItem, requested: int, available: int, pointer: str) -> Fault:
    return Fault(
        "insufficient_stock",
        (
            f"{item.sku}: {requested} asked for, {available} available",
            f"{item.sku}：需要 {requested}，可用 {available}",
        ),
        pointer,
        meta={
            "sku": item.sku,
            "warehouse": item.whole.warehouse,
            "requested": requested,
            "available": available,
        },
    )


def put_rule(writes: Writes, item: StockItem, rule: ReorderRule, cause: Cause, *, seq: int) -> None:
    """Set the reorder rule of a stock item that still is as it was read; the stream evaluates it at once."""
    note(writes, item, cause, {"rule": rule.model_dump(mode="json", exclude_none=True)}, seq=seq)


def note(
    writes: Writes, item: StockItem, cause: Cause, said: Mapping[str, object], *, seq: int | None = None
) -> None:
    """Note something on a stock item that moves none of its counters."""
    conditions, values = _as_read(seq)
    _write(writes, item, cause, Delta(), values, " AND ".join(conditions) or None, stale, said)


def in_warehouse(warehouse: str, *, limit: int, after: str | None) -> paging.Page:
    """Return one page of a warehouse's stock by SKU."""
    rows = aws.query(
        Setting.INVENTORY,
        "warehouse = :warehouse AND sku > :after",
        {":warehouse": warehouse, ":after": after or " "},
        index="by_warehouse",
        limit=limit + 2,
    )
    # Alerts lie in this index, too: what runs low would be there twice.
    stock = (row for row in rows if row["kind"] == "stock")
    return paging.merged([lambda: stock], "sku", limit, newest_first=False)
