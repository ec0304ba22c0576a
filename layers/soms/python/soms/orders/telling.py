"""Whoever looks after an order is told when goods that it had reserved are missing."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Final

from soms.inventory.model import Delta, Stock, StockItem
from soms.kit import access, aws, items, journal, settings
from soms.kit.settings import Setting
from soms.kit.streams import Change
from soms.kit.writes import AlreadyDone, Writes
from soms.orders import store
from soms.orders.model import Order

CONSUMER: Final = "telling"
KIND: Final = "shortfall"
SHIPPED: Final = "ship"
SUBJECT: Final = 100


def follow(change: Change, *, now: datetime) -> None:
    """Follow one change of a stock item: fewer units reserved and more that wait is a loss to somebody."""
    new, old = change.new or {}, change.old or {}
    if new.get("kind") == KIND:
        tell(str(new["entry"]), now=now)
    elif new.get("kind") == "stock" and old:
        before, after = Stock.model_validate(old), Stock.model_validate(new)
        taken = after.on_hand < before.on_hand and after.reserved < before.reserved
        if taken and after.cause and new.get("reason") != SHIPPED:
            tell(after.cause, now=now)


def tell(entry: str, *, now: datetime) -> None:
    """Tell of the orders that a change by hand took goods from, and keep it in their timelines, once each.

    It is told before that is noted, so that it may be told twice and is never forgotten.
    """
    found = journal.find(entry)
    lost = journal.changes_of(found).get("orders") if found else None
    if not found or not isinstance(lost, list) or journal.find(mark_of(entry)):
        return
    item = StockItem.named(str(found["aggregate"]).removeprefix("stock#"))
    concerned = {str(name): lines for name, lines in lost[1].items()}
    held = aws.get_many((store.key(name) for name in concerned), consistent=True)
    orders = [order for one in held if (order := store.order(one))]
    for order in orders:
        _publish(order, item, concerned[order.id], str(found.get("reason")))
    _note(orders, concerned, found, now)


def mark_of(entry: str) -> str:
    """Return the journal id by which a loss is known to have been told."""
    return access.system(CONSUMER, entry).command.entry or ""


def untold(rows: list[items.Item]) -> list[items.Item]:
    """Return those journal rows that took goods from orders of which nobody was told, as records of it."""
    taking = [str(row["id"]) for row in rows if _takes(row)]
    told = journal.find_many(mark_of(one) for one in taking)
    return [{"kind": KIND, "pk": one, "entry": one} for one in taking if mark_of(one) not in told]


def _takes(row: items.Item) -> bool:
    moved, own = row.get("moved"), str(row["aggregate"]).startswith("stock#")
    deltas = [Delta.heard(one) for one in moved.values()] if own and isinstance(moved, Mapping) else []
    return any(one.on_hand < 0 and one.reserved < 0 for one in deltas)


def _publish(order: Order, item: StockItem, lines: Mapping[str, object], reason: str) -> None:
    units = sum(int(str(one)) for one in lines.values())
    waits = "they wait for goods now" if order.is_binding else "the quote keeps them no more"
    waits_zh = "已转为缺货待补" if order.is_binding else "报价单不再保留"
    aws.sns().publish(
        TopicArn=settings.get(Setting.SALES_TOPIC),
        Subject=f"SOMS: {order.number} lacks {units} of {item.sku}"[:SUBJECT],
        Message=(
            f"{units} units of {item.sku} in warehouse {item.warehouse} that order {order.number} of "
            f"{order.customer.name} had reserved are missing ({reason}); {waits}.\n"
            f"订单 {order.number}（{order.customer.name}）在仓库 {item.warehouse} 预留的 {item.sku} "
            f"缺少 {units} 件（{reason}），{waits_zh}。\n"
            f"Order 订单: {order.id}\n"
        ),
        MessageAttributes={
            "salesperson": {"DataType": "String", "StringValue": order.salesperson or "nobody"}
        },
    )


def _note(
    orders: list[Order], lost: Mapping[str, Mapping[str, object]], found: items.Item, now: datetime
) -> None:
    writes, entry = Writes(), str(found["id"])
    for order in orders:
        event = journal.Event(
            name="order.reservation_lost",
            aggregate=f"order#{order.id}",
            version=order.version,
            resource=("order", order.id),
            changes={f"lines/{line}/reserved": [units, 0] for line, units in lost[order.id].items()},
            reason=str(found.get("reason")),
        )
        journal.record(writes, event, access.system(CONSUMER, f"{entry}#{order.id}"), at=now)
    whole = journal.Event(
        name="shortfall.told", aggregate=f"told#{entry}", version=1, resource=("entry", entry)
    )
    journal.record(writes, whole, access.system(CONSUMER, entry), at=now)
    with suppress(AlreadyDone):
        writes.commit()
