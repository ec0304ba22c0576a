"""Alerts and watches in the inventory table: what runs low, and which alert a stock item has."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from soms.inventory import store
from soms.inventory.model import Alert, AlertStatus, Stock, StockItem
from soms.inventory.store import Key
from soms.kit import aws, items, paging
from soms.kit.problems import NotFound
from soms.kit.settings import Setting
from soms.kit.writes import Held, Rank, Stale, Writes


def low(*, at: str, limit: int, after: str | None) -> tuple[paging.Page, list[Stock]]:
    """Return one page of the stock that runs low: what has an open alert, newest first."""
    page, found = listed("open", at=at, limit=limit, after=after)
    wanted = [StockItem(sku=one.sku, warehouse=one.warehouse) for one in found]
    held = aws.get_many(store.key(item) for item in wanted)
    return page, store.together(store.stock_of(item, one) for item, one in zip(wanted, held, strict=True))


def key(alert_id: str) -> Key:
    """Return where an alert lies."""
    return Setting.INVENTORY, {"pk": alert_id, "sk": "alert"}


def watch_key(item: StockItem) -> Key:
    """Return where it is kept which alert a stock item has, if any."""
    return Setting.INVENTORY, {"pk": f"watch#{item.sku}", "sk": item.warehouse}


def watched(held: items.Item | None) -> str | None:
    """Return the alert that a watch names, if any."""
    return str(held["alert"]) if held and held.get("alert") else None


def alert_of(held: Mapping[str, object]) -> Alert:
    """Return the alert an item holds."""
    return Alert.model_validate({"warehouse": held["place"], **held})


def get(alert_id: str) -> Alert:
    """Return an alert, or raise NotFound."""
    held = aws.get(*key(alert_id), consistent=True)
    if held is None:
        raise NotFound
    return alert_of(held)


def get_many(alert_ids: Iterable[str]) -> list[Alert]:
    """Return those of the alerts that there are, as they stand now."""
    return [alert_of(held) for held in aws.get_many(map(key, alert_ids), consistent=True) if held]


def of_items(wanted: Sequence[StockItem]) -> list[Alert]:
    """Return the alerts that stock items have, as they stand now."""
    watches = aws.get_many(map(watch_key, wanted), consistent=True)
    return get_many(name for held in watches if (name := watched(held)))


def put(writes: Writes, alert: Alert, *, before: Alert | None) -> None:
    """Write an alert over the version that was read."""
    item = alert.model_dump(mode="json", exclude_none=True, exclude={"warehouse"}) | {
        **key(alert.id)[1],
        "kind": "alert",
        # By its own name, so that the list of a warehouse's stock does not carry it.
        "place": alert.warehouse,
        "alert_status": alert.status,
        "opened_key": f"{alert.opened_at}#{alert.id[-8:]}",
    }
    writes.put(
        Setting.INVENTORY,
        item,
        condition="#version = :before" if before else "attribute_not_exists(pk)",
        names={"#version": "version"} if before else None,
        values={":before": before.version} if before else None,
        refused=_stale,
        rank=Rank.STATE,
    )


def listed(
    status: AlertStatus, *, at: str, limit: int, after: str | None
) -> tuple[paging.Page, list[Alert]]:
    """Return one page of the alerts that count as being in a state at an instant, newest first."""
    held: tuple[AlertStatus, ...] = ("open", "snoozed") if status == "open" else (status,)
    page = among(held, limit=limit, after=after)
    alerts = (alert_of(row).at(at) for row in page.rows)
    return page, [one for one in alerts if one.status == status]


def among(states: Sequence[AlertStatus], *, limit: int, after: str | None) -> paging.Page:
    """Return one page of the alerts that are kept in some states, newest first."""
    return paging.listed(
        Setting.INVENTORY,
        "by_alert_status",
        states,
        partition="alert_status",
        key="opened_key",
        limit=limit,
        after=after,
    )


def every(status: AlertStatus) -> Iterator[Alert]:
    """Yield all alerts that are kept in a state, the oldest first."""
    rows = aws.query(
        Setting.INVENTORY, "alert_status = :status", {":status": status}, index="by_alert_status"
    )
    return map(alert_of, rows)


def _stale(_held: Held) -> Exception:
    return Stale()
