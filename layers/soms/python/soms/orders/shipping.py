"""Goods leaving the warehouse, and what carriers tell of them afterwards."""

from datetime import datetime
from typing import Final

from soms.kit import clock, journal
from soms.kit.access import Caller
from soms.kit.problems import Fault, Invalid, Problem
from soms.kit.writes import Writes, decide
from soms.orders import lifecycle, parts, quantities, reading, store, writing
from soms.orders.changing import taken
from soms.orders.model import CarrierEvent, Order, Shipment, ShipmentStatus, Units
from soms.orders.requests import CarrierNews, ShipRequest
from soms.orders.writing import CREATED, Deed

ONWARDS: Final[dict[ShipmentStatus, frozenset[ShipmentStatus]]] = {
    "shipped": frozenset({"in_transit", "delivered", "returned_to_sender"}),
    "in_transit": frozenset({"delivered", "returned_to_sender"}),
    "delivered": frozenset(),
    "returned_to_sender": frozenset(),
}
"""Where a shipment may go from a state; other news are kept and move nothing."""
MOST_EVENTS: Final = 200


def ship(order_id: str, request: ShipRequest, caller: Caller, *, now: datetime) -> tuple[Order, Shipment]:
    """Let reserved goods leave the warehouse, wholly or in part; returns the order and the shipment."""

    def attempt() -> tuple[Order, Shipment]:
        before = reading.order(order_id, caller)
        lifecycle.require(before, "ship", now)
        most = {line.line: quantities.shippable(line) for line in before.lines}
        units = {line: count for line, count in most.items() if count}
        if request.lines is not None:
            units = taken(before, request.lines, most, "reserved")
        after = quantities.shipped(before, units)
        if before.delivery == "complete":
            _require_complete(after)
        shipment = Shipment(
            id=parts.part_id("shp", before.id, after.shipments),
            order_id=before.id,
            ordinal=after.shipments,
            lines=tuple(Units(line=line, quantity=count) for line, count in sorted(units.items())),
            carrier=request.carrier,
            tracking=request.tracking,
            shipped_at=clock.stamp(now),
            shipped_by=caller.name,
        )

        def more(writes: Writes, _order: Order) -> None:
            parts.put_shipment(writes, shipment, before=None)

        deed = Deed(
            "order.shipped",
            leaving=quantities.of_items(before, units),
            resource=("shipment", shipment.id),
            status=CREATED,
            more=more,
        )
        return writing.commit(before, after, deed, reading.buyer(before), caller, now=now), shipment

    return decide(attempt)


class IncompleteDelivery(Problem):
    """An order that is to leave in one delivery would leave something behind."""

    status = 409
    code = "incomplete_delivery"
    title = ("Not everything can leave", "无法整单发货")
    detail = (
        "This order is to leave in one delivery; `errors` names the lines that stay behind.",
        "该订单要求整单发货；errors 列出尚不能发出的行。",
    )


def _require_complete(after: Order) -> None:
    left = [(index, line) for index, line in enumerate(after.lines) if line.open and not line.charge]
    if left:
        raise IncompleteDelivery(
            faults=[
                Fault(
                    "incomplete_delivery",
                    (f"{line.open} units of {line.sku} would stay", f"{line.sku} 尚有 {line.open} 件未发"),
                    f"/lines/{index}",
                    meta={"line": line.line, "open": line.open, "backordered": line.backordered},
                )
                for index, line in left
            ]
        )


def hear(shipment_id: str, request: CarrierNews, caller: Caller, *, now: datetime) -> Shipment:
    """Keep a carrier's news of a shipment; news that come late or twice never move it backwards."""

    def attempt() -> Shipment:
        before = parts.shipment(shipment_id)
        order = store.get(before.order_id)
        caller.require_sight(order.salesperson)
        after = heard(before, request, now)
        writes = Writes()
        if after is not before:
            parts.put_shipment(writes, after, before=before)
        event = journal.Event(
            name="shipment.news",
            aggregate=f"order#{order.id}",
            version=order.version,
            resource=("shipment_news", shipment_id),
            changes={
                "shipment": [shipment_id, request.status],
                "shipment_status": [before.status, after.status],
            },
        )
        journal.record(writes, event, caller, at=now)
        writes.commit()
        return after

    return decide(attempt)


def heard(shipment: Shipment, news: CarrierNews, now: datetime) -> Shipment:
    """Return the shipment with the news, in the order in which things happened; the same again is nothing."""
    moment = news.moment(now)
    if moment > now:
        words = ("must not lie ahead", "不得晚于当前时刻")
        raise Invalid(Fault("out_of_range", words, "/occurred_at"))
    event = CarrierEvent(
        status=news.status, occurred_at=clock.stamp(moment), place=news.place, note=news.note
    )
    if event in shipment.events:
        return shipment
    if len(shipment.events) >= MOST_EVENTS:
        words = (f"at most {MOST_EVENTS} news of one shipment", f"一次发货最多 {MOST_EVENTS} 条物流信息")
        raise Invalid(Fault("too_many", words, ""))
    moves = news.status in ONWARDS[shipment.status]
    changed: dict[str, object] = {
        "version": shipment.version + 1,
        "events": tuple(sorted((*shipment.events, event), key=lambda one: one.occurred_at)),
    }
    if moves:
        changed["status"] = news.status
    if moves and news.status == "delivered":
        changed["delivered_at"] = event.occurred_at
    return shipment.model_copy(update=changed)
