"""Alerts and watches in the inventory table: what runs low, and which alert a stock item has."""

from soms.inventory import store
from soms.inventory.model import Alert, Stock, StockItem
from soms.inventory.store import Key
from soms.kit import aws, paging
from soms.kit.problems import NotFound
from soms.kit.settings import Setting
from soms.kit.writes import Rank, Stale, Writes


def low(*, limit: int, after: str | None) -> tuple[paging.Page, list[Stock]]:
    """Return one page of the stock that runs low: what has an open alert, newest first."""
    page = listed("open", limit=limit, after=after)
    wanted = [StockItem(sku=str(row["sku"]), warehouse=str(row["warehouse"])) for row in page.rows]
    held = aws.get_many(store.key(item) for item in wanted)
    return page, store.together(store.stock_of(item, one) for item, one in zip(wanted, held, strict=True))


def key(alert_id: str) -> Key:
    """Return where an alert lies."""
    return Setting.INVENTORY, {"pk": alert_id, "sk": "alert"}


def watch_key(item: StockItem) -> Key:
    """Return where it is kept which alert a stock item has, if any."""
    return Setting.INVENTORY, {"pk": f"watch#{item.sku}", "sk": item.warehouse}


def get(alert_id: str) -> Alert:
    """Return an alert, or raise NotFound."""
    held = aws.get(*key(alert_id), consistent=True)
    if held is None:
        raise NotFound
    return Alert.model_validate(held)


def put(writes: Writes, alert: Alert, *, before: Alert | None) -> None:
    """Write an alert over the version that was read."""
    item = alert.model_dump(mode="json", exclude_none=True) | {
        **key(alert.id)[1],
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


def listed(status: str, *, limit: int, after: str | None) -> paging.Page:
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
