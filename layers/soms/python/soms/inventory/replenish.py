"""When stock runs low, one alert is opened and purchasing is told; when it is back, the alert is resolved."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from soms.catalog import store as catalog
from soms.catalog.model import Product, Settings
from soms.inventory import alerts, rules, store
from soms.inventory.model import Alert, Stock, StockItem
from soms.kit import access, aws, clock, ids, items, journal, settings
from soms.kit.settings import Setting
from soms.kit.streams import Change
from soms.kit.writes import AlreadyDone, Held, Rank, Stale, Writes, decide

SUBJECT = 100


def watch(change: Change, *, now: datetime) -> None:
    """Follow one change of the inventory table: of a stock item, or a new alert that is to be told."""
    if change.new is None:
        return
    if change.new.get("kind") == "alert":
        tell(str(change.new["id"]), now=now)
        return
    stock = Stock.model_validate(change.new)
    # Without its old image, as when the sweep hands it on, it may have been low before.
    if stock.is_low or change.old is None or Stock.model_validate(change.old).is_low:
        decide(lambda: _evaluate(_item(stock), now))


def unwatched(stocked: Sequence[items.Item]) -> Iterable[items.Item]:
    """Yield those stock items that run low without an alert, or have one and are back."""
    stocks = [Stock.model_validate(one) for one in stocked]
    watches = aws.get_many((alerts.watch_key(_item(one)) for one in stocks), consistent=True)
    for held, stock, watched in zip(stocked, stocks, watches, strict=True):
        if stock.is_low != bool(watched and watched.get("alert")):
            yield held


def untold(alert_ids: Iterable[str]) -> Iterable[items.Item]:
    """Yield those of the alerts that purchasing was never told of."""
    for held in aws.get_many((alerts.key(one) for one in alert_ids), consistent=True):
        if held and not held.get("told_at") and held["status"] in rules.LIVE:
            yield held


def _item(stock: Stock) -> StockItem:
    return StockItem(sku=stock.sku, warehouse=stock.warehouse)


def _evaluate(item: StockItem, now: datetime) -> None:
    """Open or resolve the alert of a stock item by its state as it stands now."""
    held, watched = aws.get_many([store.key(item), alerts.watch_key(item)], consistent=True)
    stock = store.stock_of(item, held)
    alert_id = str(watched["alert"]) if watched and watched.get("alert") else None
    if stock.is_low and alert_id is None:
        _open(stock, item, int(str((watched or {}).get("opened", 0))) + 1, now)
    elif not stock.is_low and alert_id is not None:
        _resolve(stock, item, alerts.get(alert_id), now)


def _open(stock: Stock, item: StockItem, ordinal: int, now: datetime) -> None:
    rule = stock.rule
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
        refused=_stale,
        rank=Rank.STATE,
    )
    _commit(writes, stock, item, alert, now)


def _resolve(stock: Stock, item: StockItem, before: Alert, now: datetime) -> None:
    alert = before
    writes = Writes()
    if before.status in rules.LIVE:
        alert = before.model_copy(update={"status": "resolved", "version": before.version + 1})
        alerts.put(writes, alert, before=before)
    writes.update(
        *alerts.watch_key(item),
        "REMOVE alert",
        values={":alert": before.id},
        condition="alert = :alert",
        refused=_stale,
        rank=Rank.STATE,
    )
    _commit(writes, stock, item, alert, now)


def _commit(writes: Writes, stock: Stock, item: StockItem, alert: Alert, now: datetime) -> None:
    """Commit on the condition that the stock still is as it was judged."""
    writes.check(*store.key(item), "seq = :seq", values={":seq": stock.seq}, refused=_stale, rank=Rank.STATE)
    event = journal.Event(
        name=f"alert.{alert.status}",
        aggregate=f"alert#{alert.id}",
        version=alert.version + (0 if alert.status in {"open", "resolved"} else 1),
        resource=("alert", alert.id),
        changes={"status": [None, alert.status], "position": [None, stock.position]},
    )
    caller = access.system("replenishment", f"{item}#{stock.seq}#{alert.status}")
    journal.record(writes, event, caller, at=now)
    try:
        writes.commit()
    except AlreadyDone:
        return


def tell(alert_id: str, *, now: datetime) -> None:
    """Tell purchasing of an alert, once: told again only when the telling could not be noted."""
    alert = alerts.get(alert_id)
    if alert.told_at or alert.status not in rules.LIVE:
        return
    held = aws.get_many([catalog.product_key(alert.sku), catalog.SETTINGS])
    publish(_subject(alert), _message(alert, catalog.product(held[0]), catalog.settings_of(held[1])))

    def note() -> None:
        before = alerts.get(alert_id)
        writes = Writes()
        told = {"told_at": clock.stamp(now), "version": before.version + 1}
        alerts.put(writes, before.model_copy(update=told), before=before)
        writes.commit()

    decide(note)


def publish(subject: str, message: str) -> None:
    """Send a message for people to purchasing."""
    aws.sns().publish(
        TopicArn=settings.get(Setting.PURCHASING_TOPIC), Subject=subject[:SUBJECT], Message=message
    )


def digest(*, now: datetime) -> int:
    """Send purchasing the digest of open alerts, those nobody took up marked; return how many there are."""
    held = aws.get(*catalog.SETTINGS)
    limit = timedelta(hours=catalog.settings_of(held).escalate_alerts_after_hours)
    rows = [*_every("open"), *_woken(now)]
    if not rows:
        return 0
    late = [row for row in rows if now - datetime.fromisoformat(row.opened_at) > limit]
    lines = [f"{'! ' if row in late else '  '}{_line(row)}" for row in rows]
    head = (
        f"{len(rows)} open stock alerts, {len(late)} not taken up in time.\n"
        f"库存预警 {len(rows)} 条，其中 {len(late)} 条逾时未处理。\n\n"
    )
    publish(f"SOMS: {len(rows)} stock alerts", head + "\n".join(lines))
    return len(rows)


def _every(status: str) -> list[Alert]:
    rows: list[items.Item] = []
    after: str | None = None
    while True:
        page = alerts.listed(status, limit=100, after=after)
        rows += page.rows
        after = page.next_position
        if after is None:
            return [Alert.model_validate(row) for row in rows]


def _woken(now: datetime) -> list[Alert]:
    return [one for one in _every("snoozed") if one.snoozed_until and one.snoozed_until <= clock.stamp(now)]


def _line(alert: Alert) -> str:
    return f"{alert.sku} @ {alert.warehouse}: {alert.position} ≤ {alert.point} ({alert.opened_at[:16]}Z)"


def _subject(alert: Alert) -> str:
    return f"SOMS: {alert.sku} is low ({alert.position} left)"


def _message(alert: Alert, product: Product | None, _settings: Settings) -> str:
    name = product.name if product else alert.sku
    return (
        f"{alert.sku} {name} in warehouse {alert.warehouse} is at {alert.position}, "
        f"its reorder point is {alert.point}. Target: {alert.target}.\n"
        f"仓库 {alert.warehouse} 的商品 {alert.sku} {name} 现为 {alert.position}，"
        f"再订货点为 {alert.point}，目标库存为 {alert.target}。\n"
        f"Alert 预警: {alert.id}\n"
    )


def _stale(_held: Held) -> Exception:
    return Stale()
