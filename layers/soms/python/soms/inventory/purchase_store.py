"""Purchase orders and their receipts in the inventory table."""

from collections.abc import Iterator
from datetime import date

from soms.inventory.purchase import OPEN, STATUSES, PurchaseOrder, PurchaseStatus, Receipt
from soms.inventory.store import Key, stale
from soms.kit import aws, ids, items, paging
from soms.kit.problems import NotFound
from soms.kit.settings import Setting
from soms.kit.writes import Rank, Writes


def key(order_id: str) -> Key:
    """Return where a purchase order lies."""
    return Setting.INVENTORY, {"pk": order_id, "sk": "purchase_order"}


def number(order_id: str, day: date, attempt: int) -> str:
    """Return a short, sayable, dated number; another one for each attempt."""
    return f"PO-{day:%Y%m%d}-{ids.short(order_id, str(attempt))}"


def get(order_id: str) -> PurchaseOrder:
    """Return a purchase order, or raise NotFound."""
    held = aws.get(*key(order_id), consistent=True)
    if held is None:
        raise NotFound
    return PurchaseOrder.model_validate(held)


def insert(writes: Writes, order: PurchaseOrder) -> None:
    """Write a new purchase order and take its number."""
    writes.put(
        Setting.INVENTORY,
        _item(order),
        condition="attribute_not_exists(pk)",
        refused=stale,
        rank=Rank.AGGREGATE,
    )
    writes.put(
        Setting.INVENTORY,
        {"pk": order.number, "sk": "number", "kind": "number", "purchase_order_id": order.id},
        condition="attribute_not_exists(pk)",
        refused=stale,
        rank=Rank.STATE,
    )


def replace(writes: Writes, order: PurchaseOrder, *, before: PurchaseOrder) -> None:
    """Write a purchase order over the version that was read."""
    writes.put(
        Setting.INVENTORY,
        _item(order),
        condition="#version = :before",
        names={"#version": "version"},
        values={":before": before.version},
        refused=stale,
        rank=Rank.STATE,
    )


def listed(
    *, status: PurchaseStatus | None, supplier: str | None, limit: int, after: str | None
) -> paging.Page:
    """Return one page of purchase orders without their lines, newest first."""
    states = STATUSES if status is None else (status,)
    return paging.listed(
        Setting.INVENTORY,
        "by_supplier" if supplier else "by_purchase_status",
        [f"{supplier}#{state}" for state in states] if supplier else states,
        partition="supplier_key" if supplier else "purchase_status",
        key="ordered_key",
        limit=limit,
        after=after,
    )


def awaited() -> Iterator[PurchaseOrder]:
    """Yield the purchase orders of which something is still to come, without their lines."""
    for state in OPEN:
        rows = aws.query(
            Setting.INVENTORY, "purchase_status = :state", {":state": state}, index="by_purchase_status"
        )
        yield from map(PurchaseOrder.model_validate, rows)


def put_receipt(writes: Writes, receipt: Receipt) -> None:
    """Write a receipt; the purchase order that counts it is written in the same transaction."""
    row = receipt.model_dump(mode="json", exclude_none=True)
    where = _receipt_key(receipt.purchase_order_id, receipt.ordinal)
    writes.put(Setting.INVENTORY, {**row, **where, "kind": "receipt"})


def receipt(order_id: str, ordinal: int) -> Receipt:
    """Return one receipt of a purchase order, or raise NotFound."""
    held = aws.get(Setting.INVENTORY, _receipt_key(order_id, ordinal), consistent=True)
    if held is None:
        raise NotFound
    return Receipt.model_validate(held)


def receipts(order_id: str, *, limit: int, after: str | None) -> paging.Page:
    """Return one page of the receipts of a purchase order, newest first."""
    rows = aws.query(
        Setting.INVENTORY,
        "pk = :pk AND sk BETWEEN :low AND :high",
        {":pk": order_id, ":low": "receipt#", ":high": after or "receipt#~"},
        limit=limit + 2,
        newest_first=True,
        consistent=True,
    )
    return paging.merged([lambda: (row for row in rows if row["sk"] != after)], "sk", limit)


def _receipt_key(order_id: str, ordinal: int) -> items.Item:
    return {"pk": order_id, "sk": f"receipt#{ordinal:06d}"}


def _item(order: PurchaseOrder) -> items.Item:
    return order.model_dump(mode="json", exclude_none=True) | {
        **key(order.id)[1],
        "kind": "purchase_order",
        "purchase_status": order.status,
        "supplier_key": f"{order.supplier}#{order.status}",
        "ordered_key": f"{order.ordered_at}#{order.id[-8:]}",
    }
