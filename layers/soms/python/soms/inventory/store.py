"""Stock, alerts and movements in the inventory and movements tables."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from soms.inventory.model import Alert, ReorderRule, Stock, StockItem
from soms.kit import aws, items, paging
from soms.kit.problems import Fault, NotFound, Problem
from soms.kit.settings import Setting
from soms.kit.writes import MOST_ACTIONS, Held, Rank, Refusal, Stale, Writes

Key = tuple[Setting, Mapping[str, object]]
ENTRY_DIGITS = 12


class InsufficientStock(Problem):
    """There is less available than asked for; the faults name every short SKU."""

    status = 409
    code = "insufficient_stock"
    title = ("Not enough in stock", "库存不足")
    detail = ("Look at `errors` for what is short.", "详见 errors 中列出的缺货商品。")


@dataclass(frozen=True)
class Cause:
    """Why stock moves: the journal entry, the trade's word for the movement, its subject and who."""

    entry: str
    reason: str
    subject: str
    by: str


def key(item: StockItem) -> Key:
    """Return where a stock item lies."""
    return Setting.INVENTORY, {"pk": f"stock#{item.sku}", "sk": item.warehouse}


def stock_of(item: StockItem, held: items.Item | None) -> Stock:
    """Return the counters an item holds; what never moved has zeros."""
    return Stock.model_validate(held) if held else Stock(sku=item.sku, warehouse=item.warehouse)


def get(item: StockItem) -> Stock:
    """Return the counters of one SKU in one warehouse as they stand now."""
    return stock_of(item, aws.get(*key(item), consistent=True))


def of_sku(sku: str) -> list[Stock]:
    """Return the counters of a SKU in every warehouse where it ever moved."""
    rows = aws.query(Setting.INVENTORY, "pk = :pk", {":pk": f"stock#{sku}"}, consistent=True)
    return [Stock.model_validate(row) for row in rows]


def move(
    writes: Writes,
    item: StockItem,
    cause: Cause,
    *,
    on_hand: int = 0,
    reserved: int = 0,
    condition: str | None = None,
    values: Mapping[str, object] | None = None,
    refused: Refusal,
) -> None:
    """Change a stock item's counters; `available` follows, `seq` counts, `cause` explains."""
    writes.update(
        *key(item),
        "SET #type = :stock, sku = :sku, warehouse = :warehouse, cause = :cause, reason = :reason, "
        "subject = :subject, #by = :by ADD on_hand :on_hand, reserved :reserved, available :available, "
        "seq :one",
        names={"#type": "kind", "#by": "by"},
        values={
            ":stock": "stock",
            ":sku": item.sku,
            ":warehouse": item.warehouse,
            ":cause": cause.entry,
            ":reason": cause.reason,
            ":subject": cause.subject,
            ":by": cause.by,
            ":on_hand": on_hand,
            ":reserved": reserved,
            ":available": on_hand - reserved,
            ":one": 1,
            **(values or {}),
        },
        condition=condition,
        refused=refused,
    )


def reserve(writes: Writes, item: StockItem, quantity: int, cause: Cause, pointers: Sequence[str]) -> None:
    """Take stock for an order, or refuse the command naming what is short and where it was asked for."""

    def refused(held: Held) -> Exception:
        return short(item, quantity, stock_of(item, held).available, pointers)

    move(
        writes,
        item,
        cause,
        reserved=quantity,
        condition="available >= :needed",
        values={":needed": quantity},
        refused=refused,
    )


def short(item: StockItem, requested: int, available: int, pointers: Sequence[str]) -> InsufficientStock:
    """Return the refusal of more than is available, with every place where it was asked for."""
    return InsufficientStock(faults=[_short(item, requested, available, place) for place in pointers])


def release(writes: Writes, item: StockItem, quantity: int, cause: Cause) -> None:
    """Give reserved stock back; it is always there to be given (protocol, rule 3)."""
    _take_reserved(writes, item, quantity, cause, on_hand=0)


def ship(writes: Writes, item: StockItem, quantity: int, cause: Cause) -> None:
    """Let reserved stock leave the warehouse."""
    _take_reserved(writes, item, quantity, cause, on_hand=-quantity)


def receive(writes: Writes, item: StockItem, quantity: int, cause: Cause) -> None:
    """Put units on the shelf."""
    move(writes, item, cause, on_hand=quantity, refused=lambda _held: Stale())


def _take_reserved(writes: Writes, item: StockItem, quantity: int, cause: Cause, *, on_hand: int) -> None:
    def refused(_held: Held) -> Exception:
        return Stale()

    condition, values = "reserved >= :needed", {":needed": quantity}
    move(
        writes,
        item,
        cause,
        on_hand=on_hand,
        reserved=-quantity,
        condition=condition,
        values=values,
        refused=refused,
    )


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
            "warehouse": item.warehouse,
            "requested": requested,
            "available": available,
        },
    )


def put_rule(writes: Writes, item: StockItem, rule: ReorderRule, cause: Cause) -> None:
    """Set the reorder rule of a stock item; the stream evaluates it at once."""
    writes.update(
        *key(item),
        "SET #type = :stock, sku = :sku, warehouse = :warehouse, #rule = :rule, cause = :cause, "
        "reason = :reason, subject = :subject, #by = :by "
        "ADD on_hand :zero, reserved :zero, available :zero, seq :one",
        names={"#type": "kind", "#rule": "rule", "#by": "by"},
        values={
            ":stock": "stock",
            ":sku": item.sku,
            ":warehouse": item.warehouse,
            ":rule": rule.model_dump(mode="json", exclude_none=True),
            ":cause": cause.entry,
            ":reason": cause.reason,
            ":subject": cause.subject,
            ":by": cause.by,
            ":zero": 0,
            ":one": 1,
        },
    )


def in_warehouse(warehouse: str, *, limit: int, after: str | None) -> paging.Page:
    """Return one page of a warehouse's stock by SKU."""
    return paging.listed(
        Setting.INVENTORY,
        "by_warehouse",
        [warehouse],
        partition="warehouse",
        key="sku",
        limit=limit,
        after=after,
        newest_first=False,
    )


def movements(sku: str, warehouse: str, *, limit: int, after: str | None) -> paging.Page:
    """Return one page of the movements of a stock item, newest first."""
    low, high = f"{warehouse}#", after or f"{warehouse}#~"
    rows = aws.query(
        Setting.MOVEMENTS,
        "sku = :sku AND entry BETWEEN :low AND :high",
        {":sku": sku, ":low": low, ":high": high},
        limit=limit + 2,
        newest_first=True,
    )
    return paging.merged([lambda: (row for row in rows if row["entry"] != after)], "entry", limit)


def movement(item: StockItem, seq: int) -> items.Item | None:
    """Return one movement of a stock item, or None while it is on its way."""
    held = aws.get(Setting.MOVEMENTS, {"sku": item.sku, "entry": entry_key(item.warehouse, seq)})
    return {name: value for name, value in held.items() if name != "entry"} if held else None


def movements_from(item: StockItem, seq: int) -> Iterable[items.Item]:
    """Yield the movements of a stock item from a `seq` on, as they stand now."""
    low, high = entry_key(item.warehouse, max(seq, 0)), f"{item.warehouse}#~"
    return aws.query(
        Setting.MOVEMENTS,
        "sku = :sku AND entry BETWEEN :low AND :high",
        {":sku": item.sku, ":low": low, ":high": high},
        consistent=True,
    )


def insert_movements(movements: Sequence[items.Item]) -> None:
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


def low(*, limit: int, after: str | None) -> tuple[paging.Page, list[Stock]]:
    """Return one page of the stock that runs low: what has an open alert, newest first."""
    page = alerts("open", limit=limit, after=after)
    wanted = [StockItem(sku=str(row["sku"]), warehouse=str(row["warehouse"])) for row in page.rows]
    held = aws.get_many(key(item) for item in wanted)
    return page, [stock_of(item, one) for item, one in zip(wanted, held, strict=True)]


def entry_key(warehouse: str, seq: int) -> str:
    """Return the sort key of a movement: gapless per warehouse."""
    return f"{warehouse}#{seq:0{ENTRY_DIGITS}d}"


def alert_key(alert_id: str) -> Key:
    """Return where an alert lies."""
    return Setting.INVENTORY, {"pk": alert_id, "sk": "alert"}


def watch_key(item: StockItem) -> Key:
    """Return where it is kept which alert a stock item has, if any."""
    return Setting.INVENTORY, {"pk": f"watch#{item.sku}", "sk": item.warehouse}


def alert(alert_id: str) -> Alert:
    """Return an alert, or raise NotFound."""
    held = aws.get(*alert_key(alert_id), consistent=True)
    if held is None:
        raise NotFound
    return Alert.model_validate(held)


def put_alert(writes: Writes, alert: Alert, *, before: Alert | None) -> None:
    """Write an alert over the version that was read."""
    item = alert.model_dump(mode="json", exclude_none=True) | {
        **alert_key(alert.id)[1],
        "kind": "alert",
        "alert_status": alert.status,
        "opened_key": f"{alert.opened_at}#{alert.id[-8:]}",
    }
    writes.put(
        Setting.INVENTORY,
        item,
        condition="#version = :before" if before else "attribute_not_exists(pk)",
        names={"#version": "version"} if before else None,
        values={":before": before.version} if before else None,
        refused=lambda _held: Stale(),
        rank=Rank.STATE,
    )


def alerts(status: str, *, limit: int, after: str | None) -> paging.Page:
    """Return one page of the alerts in a state, newest first."""
    return paging.listed(
        Setting.INVENTORY,
        "by_alert_status",
        [status],
        partition="alert_status",
        key="opened_key",
        limit=limit,
        after=after,
    )
