"""Orders and shipments in the orders table."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from soms.kit import aws, clock, ids, items, money, paging
from soms.kit.problems import Fault, Invalid, NotFound
from soms.kit.settings import Setting
from soms.kit.writes import Held, Rank, Refusal, Stale, Writes
from soms.orders.model import Order

SHARDS: Final = 4
MOST_DAYS: Final = 31
STATES: Final = ("open", "over")
"""A customer's orders lie in two partitions, so that what is open is found at the same cost for ever."""
OVER: Final = frozenset({"cancelled", "completed", "closed", "lost", "expired", "discarded"})
MOST_BYTES: Final = 320 * 1024
"""The size of a new order; the rest of what DynamoDB takes is for what is written onto it later."""


Key = tuple[Setting, Mapping[str, object]]
AMOUNTS: Final = (
    *("subtotal", "discount", "shipping", "net", "tax", "total"),
    *("invoiced", "paid", "written_off", "refunded"),
)


def key(order_id: str) -> Key:
    """Return where an order lies."""
    return Setting.ORDERS, {"pk": order_id, "sk": "order"}


def id_of_reference(source: str, name: str) -> str:
    """Return the id that an order of another system has here."""
    return ids.derived("ord", "reference", source, name)


def number(order_id: str, day: date, attempt: int) -> str:
    """Return a short, sayable, dated order number; another one for each attempt."""
    return f"SO-{day:%Y%m%d}-{ids.short(order_id, str(attempt))}"


def order(item: items.Item | None) -> Order | None:
    """Return the order an item holds."""
    return Order.model_validate(item) if item else None


def find(order_id: str) -> Order | None:
    """Return an order, or None."""
    return order(aws.get(*key(order_id), consistent=True))


def get(order_id: str) -> Order:
    """Return an order, or raise NotFound."""
    found = find(order_id)
    if found is None:
        raise NotFound
    return found


def insert(writes: Writes, order: Order, effects: Mapping[str, object], refused: Refusal) -> None:
    """Write a new order and take its number; `refused` says what it means that the order is there.

    Raises Invalid when the texts of its lines are more than can be kept.
    """
    item = item_of(order, effects)
    if items.size(items.encode(item)) > MOST_BYTES:
        words = ("names and notes of the lines are too much for one order", "订单行的名称与备注过多")
        raise Invalid(Fault("too_large", words, "/lines"))
    writes.put(
        Setting.ORDERS,
        item,
        condition="attribute_not_exists(pk)",
        refused=refused,
        rank=Rank.AGGREGATE,
    )
    writes.put(
        Setting.ORDERS,
        {"pk": order.number, "sk": "number", "order_id": order.id},
        condition="attribute_not_exists(pk)",
        refused=_stale,
        rank=Rank.STATE,
    )


def replace(writes: Writes, order: Order, effects: Mapping[str, object], *, before: Order) -> None:
    """Write an order over what was read; both its numbers must still be as they were (protocol, rule 1)."""
    writes.put(
        Setting.ORDERS,
        item_of(order, effects),
        condition="#version = :version AND settled = :settled",
        names={"#version": "version"},
        values={":version": before.version, ":settled": before.settled},
        refused=_stale,
        rank=Rank.STATE,
    )


def settle(writes: Writes, order: Order, effects: Mapping[str, object], *, before: Order) -> None:
    """Write what is not a command: figures, completion; the effects of the last command stay with it."""
    replace(writes, order, effects, before=before)


def id_of_number(number: str) -> str | None:
    """Return the id of the order that has this number."""
    held = aws.get(Setting.ORDERS, {"pk": number, "sk": "number"})
    return str(held["order_id"]) if held else None


def listed(
    *, by: str, value: str | None, between: tuple[str, str], limit: int, after: str | None
) -> paging.Page:
    """Return one page of orders, newest first, from the index that serves the filter."""
    shards = {
        "status": [f"{value}#{shard}" for shard in range(SHARDS)],
        "customer": [f"{value}#{state}" for state in STATES],
        "salesperson": [str(value)],
    }[by]
    partition = {"status": "status_shard", "customer": "customer_key", "salesperson": "salesperson"}[by]
    return paging.listed(
        Setting.ORDERS,
        f"by_{by}",
        shards,
        partition=partition,
        key="placed_key",
        limit=limit,
        after=after,
        between=between,
    )


def open_of(customer_id: str) -> Iterable[items.Item]:
    """Yield the index rows of a customer's open orders, newest first."""
    values = {":customer": f"{customer_id}#{STATES[0]}"}
    return aws.query(
        Setting.ORDERS, "customer_key = :customer", values, index="by_customer", newest_first=True
    )


def over_of(customer_id: str, *, limit: int) -> Iterable[items.Item]:
    """Yield the index rows of a customer's orders that are over, newest first, so many at a time."""
    return aws.query(
        Setting.ORDERS,
        "customer_key = :customer",
        {":customer": f"{customer_id}#{STATES[1]}"},
        index="by_customer",
        limit=limit,
        newest_first=True,
    )


def listed_by_day(days: list[str], *, between: tuple[str, str], limit: int, after: str | None) -> paging.Page:
    """Return one page of the orders of some days, newest day first."""
    rows: list[items.Item] = []
    for day in days:
        page = paging.listed(
            Setting.ORDERS,
            "by_day",
            [f"{day}#{shard}" for shard in range(SHARDS)],
            partition="day_shard",
            key="placed_key",
            limit=limit - len(rows),
            after=after,
            between=between,
        )
        rows += page.rows
        if page.next_position or len(rows) == limit:
            return paging.Page(rows, str(rows[-1]["placed_key"]))
    return paging.Page(rows, None)


def instants(first: date | None, last: date | None, zone: ZoneInfo) -> tuple[str, str]:
    """Return the placing keys between which the days of a query lie, inclusive, in company time."""
    low = clock.stamp(datetime.combine(first, time(), zone)) if first else "0"
    high = clock.stamp(datetime.combine(last + timedelta(days=1), time(), zone)) if last else "9"
    return low, high


def item_of(order: Order, effects: Mapping[str, object]) -> items.Item:
    """Return the item of an order, with the index keys that follow from it."""
    held = order.model_dump(mode="json", exclude_defaults=True)
    held |= {name: money.text(getattr(order, name), order.currency) for name in AMOUNTS}
    held |= {
        "pk": order.id,
        "sk": "order",
        "kind": "order",
        "version": order.version,
        "settled": order.settled,
        "status": order.status,
        "fulfilment": order.fulfilment,
        "invoicing": order.invoicing,
        "payment": order.payment,
        "effects": effects or None,
        "customer_key": f"{order.customer.id}#{STATES[order.status in OVER]}",
        "placed_key": f"{order.placed_at}#{order.id[-8:]}",
        "status_shard": f"{order.status}#{ids.shard(order.id, SHARDS)}",
        "day_shard": f"{order.placed_at[:10]}#{ids.shard(order.id, SHARDS)}",
    }
    return {name: value for name, value in held.items() if value is not None}


def _stale(_held: Held) -> Exception:
    return Stale()
