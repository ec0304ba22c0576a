"""What the replenishment consumer does with each change of the inventory table, and what it left undone."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from soms.inventory import alerting, alerts, rules, telling
from soms.inventory.model import Stock
from soms.kit import aws, items
from soms.kit.streams import Change


def watch(change: Change, *, now: datetime) -> None:
    """Follow one change of the inventory table: of a stock item, or an alert that is to be told."""
    image = change.new or {}
    if image.get("kind") == "alert":
        telling.tell(str(image["id"]), now=now)
    if image.get("kind") != "stock":
        return
    stock = Stock.model_validate(image)
    # Without its old image, as when the sweep hands it on, it may have been low before.
    was_low = change.old is None or Stock.model_validate(change.old).is_low
    if stock.is_low or was_low or alerting.is_split(stock):
        alerting.settle(stock.item.whole, now=now)


def unwatched(stocked: Sequence[items.Item]) -> Iterable[items.Item]:
    """Yield those stock items whose alert is not what it should be."""
    return alerting.unsettled(stocked)


def untold(alert_ids: Iterable[str]) -> Iterable[items.Item]:
    """Yield those of the alerts that purchasing was never told of."""
    for held in aws.get_many((alerts.key(one) for one in alert_ids), consistent=True):
        if held and not held.get("told_at") and held["status"] in rules.LIVE:
            yield held
