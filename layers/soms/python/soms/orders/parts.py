"""What belongs to an order and lies beside it: shipments, returns, approvals, earlier versions."""

from collections.abc import Iterable, Mapping
from typing import Final

from soms.kit import aws, ids, items, paging
from soms.kit.problems import NotFound
from soms.kit.settings import Setting
from soms.kit.writes import Held, Rank, Stale, Writes
from soms.orders.model import Order, Return, Shipment, Waiting
from soms.orders.store import SHARDS

WAITING: Final = "waiting"
WAITING_ROW: Final = frozenset(
    {"id", "number", "version", "status", "currency", "customer", "total", "created_by"}
)


def keep_version(writes: Writes, order: Order) -> None:
    """Keep an order as it was before a change of what was agreed; who it is for, the order itself says."""
    held = order.model_dump(mode="json", exclude_defaults=True, exclude={"customer"})
    writes.put(
        Setting.ORDERS,
        {"pk": order.id, "sk": f"version#{order.version:06d}", "kind": "version", "held": held},
        condition="attribute_not_exists(pk)",
        refused=_stale,
        rank=Rank.STATE,
    )


def versions(order: Order) -> list[Order]:
    """Return the earlier versions of an order that are kept, newest first."""
    rows = (row["held"] for row in _parts(order.id, "version#"))
    held = [row | {"customer": order.customer} for row in rows if isinstance(row, dict)]
    return [Order.model_validate(one) for one in held][::-1]


def put_approval(
    writes: Writes,
    order: Order,
    waiting: Waiting | None = None,
    decision: Mapping[str, object] | None = None,
) -> None:
    """Write what waits for approval, or how it was decided; only what waits is in the list of it."""
    held = waiting or order.waiting
    if held is None:
        message = f"nothing waits for approval of {order.id}"
        raise LookupError(message)
    if decision and held.request:
        # Nobody needs the words any more that were to be written; they may be personal.
        kept = {name: said for name, said in held.request.items() if name not in {"note", "reason"}}
        held = held.model_copy(update={"request": kept})
    item: items.Item = {
        "pk": order.id,
        "sk": f"approval#{held.ordinal:06d}",
        "kind": "approval",
        "waiting": held.model_dump(mode="json"),
        "order_version": order.version,
        **(decision or {}),
    }
    if not decision:
        summary = order.model_dump(mode="json", include=set(WAITING_ROW), exclude_none=True)
        open_rules = [one for one in held.rules if one.decided_by is None]
        item |= summary | {
            "asked": {
                "kind": held.kind,
                "rules": [one.rule for one in open_rules],
                "approvers": sorted({who for one in open_rules for who in one.approvers}),
                "by": ids.digest(held.principal)[:16],
                "requested_by": held.requested_by,
                "requested_at": held.requested_at,
                "salesperson": order.salesperson,
            },
            "status_shard": f"{WAITING}#{ids.shard(order.id, SHARDS)}",
            "placed_key": f"{held.requested_at}#{order.id[-8:]}",
        }
    writes.put(Setting.ORDERS, item)


def approvals(order_id: str) -> list[items.Item]:
    """Return every approval that an order asked for and how it was decided, first to last."""
    return list(_parts(order_id, "approval#"))


def waiting(*, limit: int, after: str | None) -> paging.Page:
    """Return one page of what waits for approval, oldest first."""
    return paging.listed(
        Setting.ORDERS,
        "by_status",
        [f"{WAITING}#{shard}" for shard in range(SHARDS)],
        partition="status_shard",
        key="placed_key",
        limit=limit,
        after=after,
        newest_first=False,
    )


def put_shipment(writes: Writes, shipment: Shipment, *, before: Shipment | None) -> None:
    """Write a shipment over the version that was read."""
    _put_part(writes, shipment, "shipment", before)


def shipments(order_id: str) -> list[Shipment]:
    """Return the shipments of an order, first to last."""
    return [Shipment.model_validate(row) for row in _parts(order_id, "shipment#")]


def shipment(shipment_id: str) -> Shipment:
    """Return a shipment, or raise NotFound."""
    return Shipment.model_validate(_part(shipment_id, "shp", "shipment"))


def put_return(writes: Writes, returned: Return, *, before: Return | None) -> None:
    """Write a return over the version that was read."""
    _put_part(writes, returned, "return", before)


def returns(order_id: str) -> list[Return]:
    """Return the returns of an order, first to last."""
    return [Return.model_validate(row) for row in _parts(order_id, "return#")]


def returned(return_id: str) -> Return:
    """Return a return, or raise NotFound."""
    return Return.model_validate(_part(return_id, "ret", "return"))


def part_id(prefix: str, order_id: str, ordinal: int) -> str:
    """Return the id of an order's nth shipment or return."""
    return f"{prefix}_{order_id.removeprefix('ord_')}_{ordinal}"


def _put_part(writes: Writes, part: Shipment | Return, kind: str, before: Shipment | Return | None) -> None:
    held = part.model_dump(mode="json", exclude_none=True)
    writes.put(
        Setting.ORDERS,
        held | {"pk": part.order_id, "sk": f"{kind}#{part.ordinal:06d}", "kind": kind},
        condition="#version = :before" if before else "attribute_not_exists(pk)",
        names={"#version": "version"} if before else None,
        values={":before": before.version} if before else None,
        refused=_stale,
        rank=Rank.STATE,
    )


def _parts(order_id: str, prefix: str) -> Iterable[items.Item]:
    return aws.query(
        Setting.ORDERS,
        "pk = :pk AND begins_with(sk, :sk)",
        {":pk": order_id, ":sk": prefix},
        consistent=True,
    )


def _part(name: str, prefix: str, kind: str) -> items.Item:
    order, _, ordinal = name.removeprefix(f"{prefix}_").rpartition("_")
    held = None
    if ordinal.isascii() and ordinal.isdigit():
        place = {"pk": f"ord_{order}", "sk": f"{kind}#{int(ordinal):06d}"}
        held = aws.get(Setting.ORDERS, place, consistent=True)
    if held is None:
        raise NotFound
    return held


def _stale(_held: Held) -> Exception:
    return Stale()
