"""Changing stock by hand, setting reorder rules, dealing with alerts."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import cast

from soms.catalog import store as catalog
from soms.inventory import alerts, ledger, rules, store
from soms.inventory.model import (
    MOST_STOCK,
    AdjustmentRequest,
    Alert,
    Delta,
    ReorderRule,
    RuleRequest,
    Stock,
    StockItem,
)
from soms.inventory.store import Cause
from soms.kit import aws, clock, items, journal
from soms.kit.access import Caller
from soms.kit.problems import Fault, Invalid, InvalidState, NotFound
from soms.kit.writes import Writes, decide

CREATED = 201
More = Callable[[Writes, Stock], None]


def adjust(
    sku: str, request: AdjustmentRequest, caller: Caller, *, now: datetime, more: More | None = None
) -> tuple[Stock, items.Item]:
    """Change a stock item by hand; return its counters afterwards and the movement.

    `more` adds what else is written in the same transaction.
    """

    def attempt() -> tuple[Stock, items.Item]:
        item, before = _stocked(sku, request.warehouse)
        delta = request.delta if request.delta is not None else (request.counted or 0) - before.on_hand
        after = _adjusted(before, delta)
        moved, unit_cost = Delta(on_hand=delta), None if request.unit_cost is None else str(request.unit_cost)
        event = journal.Event(
            name="stock.adjusted",
            aggregate=f"stock#{item}",
            version=after.seq,
            resource=("adjustment", f"{sku}@{request.warehouse}@{after.seq}"),
            status=CREATED,
            # All counters, also those that stay: a repeated request is told its movement from here.
            changes={name: [getattr(before, name), getattr(after, name)] for name in ledger.COUNTERS}
            | {"note": request.note},
            moved={str(item): moved.told(request.reason)},
            costs={str(item): unit_cost} if unit_cost is not None else {},
            reason=request.reason,
        )
        entry = journal.entry_id(caller, event.aggregate, event.version)
        cause = Cause(entry, request.reason, event.aggregate, caller.name, unit_cost)

        writes = Writes()
        journal.record(writes, event, caller, at=now)
        store.move(writes, item, cause, moved, seq=before.seq, refused=store.stale)
        if more:
            more(writes, after)
        writes.commit()
        return after, ledger.movement(item, before, after, cause, at=clock.stamp(now))

    return decide(attempt)


def adjusted(entry: items.Item, item: StockItem, seq: int) -> items.Item:
    """Return the movement of an adjustment as its journal entry tells it; the ledger may not have it yet."""
    changes = cast("Mapping[str, Sequence[int]]", entry["changes"])
    before, after = (
        Stock(sku=item.sku, warehouse=item.warehouse, seq=seq).model_copy(
            update={name: changes[name][side] for name in ledger.COUNTERS}
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
        item, before = _stocked(sku, request.warehouse)
        rule = ReorderRule(**request.model_dump(exclude={"warehouse"}))
        event = journal.Event(
            name="stock.rule_set",
            aggregate=f"stock#{item}",
            version=before.seq + 1,
            resource=("stock", sku),
            changes={
                "rule": [before.rule.model_dump() if before.rule else None, rule.model_dump()],
            },
        )
        entry = journal.entry_id(caller, event.aggregate, event.version)

        writes = Writes()
        journal.record(writes, event, caller, at=now)
        store.put_rule(writes, item, rule, Cause(entry, "rule", event.aggregate, caller.name))
        writes.commit()
        return before.model_copy(update={"rule": rule, "seq": before.seq + 1})

    return decide(attempt)


def step_alert(
    alert_id: str, command: str, caller: Caller, *, now: datetime, hours: int = 0, reason: str | None = None
) -> Alert:
    """Acknowledge, snooze or dismiss an alert, as the table of steps allows."""

    def attempt() -> Alert:
        before = alerts.get(alert_id)
        states, status = rules.ALERT_STEPS[command]
        if before.status not in states:
            raise InvalidState(command=command, state=before.status, allowed=rules.allowed(before))
        until = clock.stamp(now + timedelta(hours=hours)) if command == "snooze" else None
        after = before.model_copy(
            update={
                "status": status,
                "version": before.version + 1,
                "snoozed_until": until,
                "changed_by": caller.name,
            }
        )
        event = journal.Event(
            name=f"alert.{status}",
            aggregate=f"alert#{alert_id}",
            version=after.version,
            resource=("alert", alert_id),
            changes={"status": [before.status, status]},
            reason=reason,
        )

        writes = Writes()
        alerts.put(writes, after, before=before)
        journal.record(writes, event, caller, at=now)
        writes.commit()
        return after

    return decide(attempt)


def _stocked(sku: str, warehouse: str) -> tuple[StockItem, Stock]:
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


def _adjusted(before: Stock, delta: int) -> Stock:
    on_hand, available = before.on_hand + delta, before.available + delta
    if available < 0:
        fault = Fault(
            "insufficient_stock",
            (
                f"{before.sku}: {before.available} available, {before.reserved} reserved for orders",
                f"{before.sku}：可用 {before.available}，已被订单占用 {before.reserved}",
            ),
            "/delta",
            meta={"sku": before.sku, "requested": -delta, "available": before.available},
        )
        raise store.InsufficientStock(faults=[fault])
    if on_hand > MOST_STOCK:
        raise Invalid(Fault("too_large", ("more than can be kept", "超出库存上限"), "/delta"))
    return before.model_copy(update={"on_hand": on_hand, "available": available, "seq": before.seq + 1})

