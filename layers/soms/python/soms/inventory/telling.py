"""What purchasing is told, in English and Chinese: new alerts, the digest, what nobody took up in time."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import repeat
from typing import Final

from soms.catalog import store as catalog
from soms.catalog.commands import zone
from soms.inventory import alerts, handling, incoming, purchase_store, rules, suggestions
from soms.inventory.model import Alert
from soms.inventory.purchase import PurchaseOrder
from soms.inventory.suggestions import Suggestion
from soms.kit import aws, clock, settings
from soms.kit.settings import Setting
from soms.kit.writes import Writes, decide

SUBJECT: Final = 100
"""Characters that SNS takes as a subject."""
MOST_ROWS: Final = 100
"""Alerts, or late purchase orders, that one message spells out: SNS carries 256 KB."""


def tell(alert_id: str, *, now: datetime) -> None:
    """Tell purchasing of an alert, once: told again only when the telling could not be noted."""
    alert = alerts.get(alert_id)
    if alert.told_at or alert.status not in rules.LIVE:
        return
    suggested = suggestions.of_alert(alert, _today(now))
    publish(f"SOMS: {alert.sku} is low ({alert.position} left)", _message(alert, suggested))

    def note() -> None:
        before = alerts.get(alert_id)
        writes = Writes()
        told = {"told_at": clock.stamp(now), "version": before.version + 1}
        alerts.put(writes, before.model_copy(update=told), before=before)
        writes.commit()

    decide(note)


def digest(*, now: datetime) -> int:
    """Send purchasing what is open: first what nobody took up in time, and what is late; return how many.

    What was snoozed until now is woken, and what has waited too long is escalated: told once on its own.
    """
    held = catalog.settings()
    today = now.astimezone(zone(held)).date()
    limit = clock.stamp(now - timedelta(hours=held.escalate_alerts_after_hours))
    rows = _open(now)
    due = [one for one in rows if not one.escalated_at and one.waiting_since() < limit]
    _escalate(due, today, now=now)
    waited = {one.id for one in rows if one.escalated_at} | {one.id for one in due}
    rows.sort(key=lambda one: (one.id not in waited, one.waiting_since()))
    late = [one for one in purchase_store.awaited() if one.days_late(today)]
    late.sort(key=lambda one: one.expected_on)
    if rows or late:
        head = (
            f"{len(rows)} open stock alerts, {len(waited)} not taken up in time; "
            f"{len(late)} purchase orders late.\n"
            f"库存预警 {len(rows)} 条，其中 {len(waited)} 条逾时未处理；逾期采购单 {len(late)} 张。\n"
        )
        orders = "\n".join(map(_order, late[:MOST_ROWS], [today] * len(late)))
        body = "\n\n".join(part for part in (head, _rows(rows, today, waited), orders) if part)
        publish(f"SOMS: {len(rows)} stock alerts, {len(late)} late purchase orders", body)
    return len(rows)


def publish(subject: str, message: str) -> None:
    """Send a message for people to purchasing."""
    aws.sns().publish(
        TopicArn=settings.get(Setting.PURCHASING_TOPIC), Subject=subject[:SUBJECT], Message=message
    )


def _open(now: datetime) -> list[Alert]:
    """Return what counts as open; what was snoozed until now is woken."""
    found = list(alerts.every("open"))
    for one in map(Alert.at, alerts.every("snoozed"), repeat(clock.stamp(now))):
        if one.status == "open":
            handling.wake(one.id, now=now)
            found.append(one)
    return found


def _escalate(due: Sequence[Alert], today: date, *, now: datetime) -> None:
    if not due:
        return
    head = (
        f"Nobody took up {len(due)} stock alerts in time.\n"
        f"有 {len(due)} 条库存预警逾时无人处理。\n\n"
    )
    publish(f"SOMS: {len(due)} stock alerts nobody took up", head + _rows(due, today, set()))
    for one in due:
        handling.escalate(one.id, now=now)


def _today(now: datetime) -> date:
    return now.astimezone(zone(catalog.settings())).date()


def _message(alert: Alert, suggested: Suggestion | None) -> str:
    if suggested is None:
        return f"{alert.sku} @ {alert.warehouse}: {alert.position} ≤ {alert.point}\nAlert 预警: {alert.id}\n"
    english, chinese = _figures(suggested)
    one = suggested
    return (
        f"{one.sku} {one.name} in warehouse {one.warehouse} runs low.\n{one.reason('en')}\n{english}\n\n"
        f"仓库 {one.warehouse} 的商品 {one.sku} {one.name} 库存不足。\n{one.reason('zh')}\n{chinese}\n\n"
        f"Alert 预警: {alert.id}\n"
    )


def _rows(rows: Sequence[Alert], today: date, marked: Iterable[str]) -> str:
    shown = rows[:MOST_ROWS]
    found = suggestions.by_alert(suggestions.of_alerts(shown, today))
    lines = [line for one in shown for line in _row(one, found.get(one.id), one.id in marked)]
    if len(rows) > len(shown):
        lines.append(f"… {len(rows) - len(shown)} more 另有 {len(rows) - len(shown)} 条")
    return "\n".join(lines)


def _row(alert: Alert, suggested: Suggestion | None, marked: bool) -> Iterator[str]:  # noqa: FBT001 private
    mark = "! " if marked else "  "
    where = f"{mark}{alert.sku} @ {alert.warehouse}"
    since = f"({alert.waiting_since()[:16]}Z)"
    if suggested is None:
        yield f"{where}: back above {alert.point} 已回升 {since}"
        return
    english, chinese = _figures(suggested)
    yield f"{where} {suggested.name}: {suggested.position} ≤ {suggested.point} {since}"
    yield f"    {english}"
    yield f"    {chinese}"


def _figures(one: Suggestion) -> tuple[str, str]:
    """Return what to do about it in English and Chinese: how much, from whom, how long, what is coming."""
    english, chinese = f"Suggested: {one.quantity}", f"建议订购 {one.quantity}"
    english += f"; supplier: {one.supplier or 'not set'}"
    chinese += f"；供应商：{one.supplier or '未设置'}"
    if one.lead_time_days is not None:
        english += f"; lead time: {one.lead_time_days} days"
        chinese += f"；交货期 {one.lead_time_days} 天"
    if one.incoming:
        first = next(iter(incoming.of(one.item)), None)
        day = first.expected_on if first else None
        english += f"; incoming: {one.incoming}" + (f", first on {day}" if day else "")
        chinese += f"；在途 {one.incoming}" + (f"，最早 {day} 到货" if day else "")
    return english + ".", chinese + "。"


def _order(order: PurchaseOrder, today: date) -> str:
    days = order.days_late(today)
    return (
        f"{order.number} {order.supplier}: expected on {order.expected_on}, {days} days late "
        f"应于 {order.expected_on} 到货，已逾期 {days} 天"
    )
