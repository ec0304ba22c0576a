"""One alert a stock item: opened when it runs low, resolved when it is back."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime

from soms.inventory import alerts, incoming, rules, store
from soms.inventory.model import Alert, Stock, StockItem
from soms.kit import access, aws, clock, ids, items, journal
from soms.kit.settings import Setting
from soms.kit.writes import AlreadyDone, Rank, Writes, decide


def settle(item: StockItem, *, now: datetime) -> None:
    """Open, resolve or open again the alert of a stock item, by its state as it stands now."""
    decide(lambda: _settle(item, now))


def unsettled(stocked: Sequence[items.Item]) -> Iterable[items.Item]:
    """Yield those stock items whose alert is not what it should be."""
    stocks = [whole(Stock.model_validate(one)) for one in stocked]
    watches = aws.get_many((alerts.watch_key(one.item) for one in stocks), consistent=True)
    named = [alerts.watched(one) for one in watches]
    held = {one.id: one for one in alerts.get_many(name for name in named if name)}
    for image, stock, name in zip(stocked, stocks, named, strict=True):
        if stock.is_low != bool(name) or (name and stock.is_low and _forsaken(held[name], stock.item)):
            yield image


def ordered(writes: Writes, before: Alert, purchase_order_id: str, *, by: str) -> None:
    """Let a purchase order answer an alert, in the transaction that places it."""
    after = before.model_copy(
        update={
            "status": "ordered",
            "version": before.version + 1,
            "purchase_order_id": purchase_order_id,
            "changed_by": by,
        }
    )
    alerts.put(writes, after, before=before)


def whole(stock: Stock) -> Stock:
    """Return the counters of a stock item: where it is split, of all its shards as they stand now."""
    return store.whole(stock.item) if is_split(stock) else stock


def is_split(stock: Stock) -> bool:
    """Tell whether the counters are those of a shard only."""
    return stock.shards > 1 or stock.item.shard > 0


def _settle(item: StockItem, now: datetime) -> None:
    held, watch = aws.get_many([store.key(item), alerts.watch_key(item)], consistent=True)
    shards = store.beside(store.stock_of(item, held))
    stock, alert_id = shards[0].with_shards(shards[1:]), alerts.watched(watch)
    if alert_id is None:
        if stock.is_low:
            _open(stock, shards, int(str((watch or {}).get("opened", 0))) + 1, now)
        return
    alert = alerts.get(alert_id)
    if not stock.is_low:
        _resolve(stock, shards, alert, now)
    elif _forsaken(alert, item):
        _open_again(stock, shards, alert, now)


def _forsaken(alert: Alert, item: StockItem) -> bool:
    """Tell whether what was ordered for an alert has come, or will not, and it is low all the same."""
    if alert.status != "ordered":
        return False
    return all(one.source != alert.purchase_order_id for one in incoming.of(item))


def _open(stock: Stock, shards: Sequence[Stock], ordinal: int, now: datetime) -> None:
    rule, item = stock.rule, stock.item
    if rule is None:
        return
    alert = Alert(
        id=ids.derived("alt", str(item), str(ordinal)),
        sku=item.sku,
        warehouse=item.warehouse,
        status="open",
        position=stock.position,
        point=rule.point,
        target=rule.target,
        opened_at=clock.stamp(now),
    )
    writes = Writes()
    alerts.put(writes, alert, before=None)
    writes.put(
        Setting.INVENTORY,
        {**alerts.watch_key(item)[1], "kind": "watch", "alert": alert.id, "opened": ordinal},
        condition="attribute_not_exists(pk) OR (attribute_not_exists(alert) AND opened = :before)",
        values={":before": ordinal - 1},
        refused=store.stale,
        rank=Rank.STATE,
    )
    _commit(writes, stock, shards, alert, "open", now)


def _resolve(stock: Stock, shards: Sequence[Stock], before: Alert, now: datetime) -> None:
    alert = before
    writes = Writes()
    if before.status in rules.LIVE:
        alert = before.model_copy(update={"status": "resolved", "version": before.version + 1})
        alerts.put(writes, alert, before=before)
    writes.update(
        *alerts.watch_key(stock.item),
        "REMOVE alert",
        values={":alert": before.id},
        condition="alert = :alert",
        refused=store.stale,
        rank=Rank.STATE,
    )
    _commit(writes, stock, shards, alert, "resolved" if alert is not before else "rearmed", now)


def _open_again(stock: Stock, shards: Sequence[Stock], before: Alert, now: datetime) -> None:
    alert = before.model_copy(
        update={
            "status": "open",
            "version": before.version + 1,
            "position": stock.position,
            "open_since": clock.stamp(now),
            "purchase_order_id": None,
            "told_at": None,
        }
    )
    writes = Writes()
    alerts.put(writes, alert, before=before)
    _commit(writes, stock, shards, alert, "opened_again", now)


def _commit(
    writes: Writes, stock: Stock, shards: Sequence[Stock], alert: Alert, word: str, now: datetime
) -> None:
    """Commit on the condition that the stock still is as it was judged."""
    for one in shards:
        same = "seq = :seq" if one.seq else "attribute_not_exists(pk)"
        values = {":seq": one.seq} if one.seq else None
        writes.check(*store.key(one.item), same, values=values, refused=store.stale, rank=Rank.STATE)
    event = journal.Event(
        name=f"alert.{word}",
        aggregate=f"alert#{alert.id}",
        version=alert.version,
        resource=("alert", alert.id),
        changes={"status": [None, alert.status], "position": [None, stock.position]},
    )
    caller = access.system("replenishment", f"{stock.item}#{stock.seq}#{word}")
    journal.record(writes, event, caller, at=now)
    with suppress(AlreadyDone):
        writes.commit()
