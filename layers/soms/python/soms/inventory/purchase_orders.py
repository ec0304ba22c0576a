"""Ordering from suppliers: each command is one transaction with the stock and the alerts concerned."""

from datetime import datetime
from itertools import count
from typing import Final

from soms.catalog.commands import expected, zone
from soms.inventory import alerts, purchase, purchase_lines, purchase_store, purchase_writing, rules
from soms.inventory.purchase import PurchaseOrder, Receipt, Received
from soms.inventory.purchase_requests import (
    MOST_LINES,
    CloseRequest,
    PurchaseChange,
    PurchaseRequest,
    ReceiptRequest,
)
from soms.inventory.purchase_writing import Deed
from soms.kit import clock, ids
from soms.kit.access import Caller
from soms.kit.problems import InvalidState
from soms.kit.writes import decide

CREATED: Final = 201


def place(request: PurchaseRequest, caller: Caller, *, now: datetime) -> PurchaseOrder:
    """Order from a supplier: what is ordered is incoming, and the alerts of its stock items are answered."""
    if len(request.lines) > MOST_LINES:
        raise purchase.too_many_lines()
    attempts = count()

    def attempt() -> PurchaseOrder:
        settings, lines = purchase_lines.asked(request)
        order_id = ids.derived("po", caller.command.entry or "")
        order = PurchaseOrder(
            id=order_id,
            number=purchase_store.number(order_id, now.astimezone(zone(settings)).date(), next(attempts)),
            supplier=request.supplier,
            currency=settings.currency,
            lines=lines,
            expected_on=request.expected_on,
            reference=request.reference,
            note=request.note,
            ordered_at=clock.stamp(now),
            created_by=caller.name,
        )
        found = alerts.of_items([line.item for line in lines])
        answered = tuple(one for one in found if one.status in rules.UNANSWERED)
        told: dict[str, object] = {"number": [None, order.number], "supplier": [None, order.supplier]}
        told |= {"alerts": [None, [one.id for one in answered]]} if answered else {}
        deed = Deed("placed", ("purchase_order", order.id), CREATED, answered=answered, changes=told)
        purchase_writing.commit(None, order, deed, caller, now=now)
        return order

    return decide(attempt)


def change(order_id: str, request: PurchaseChange, caller: Caller, *, now: datetime) -> PurchaseOrder:
    """Change quantities, the expected day or the note; what is incoming follows."""

    def attempt() -> PurchaseOrder:
        before = _opened(order_id, "change", caller)
        after = purchase.changed(before, request)
        deed = Deed("changed", ("purchase_order", order_id), changes=_changes(before, after))
        purchase_writing.commit(before, after, deed, caller, now=now)
        return after

    return decide(attempt)


def receive(
    order_id: str, request: ReceiptRequest, caller: Caller, *, now: datetime
) -> tuple[PurchaseOrder, Receipt]:
    """Put on the shelf what came, wholly or in part; return the order and the receipt."""

    def attempt() -> tuple[PurchaseOrder, Receipt]:
        before = _opened(order_id, "receive", caller)
        came = purchase.arrived(before, request.lines)
        after = purchase.received(before, came)
        receipt = Receipt(
            id=f"rcp_{order_id.removeprefix('po_')}_{after.receipts}",
            purchase_order_id=order_id,
            ordinal=after.receipts,
            lines=tuple(
                Received(
                    line=line.line,
                    sku=line.sku,
                    warehouse=line.warehouse,
                    quantity=came[line.line].quantity,
                    unit_cost=line.unit_cost if said.unit_cost is None else said.unit_cost,
                )
                for line in before.lines
                if (said := came.get(line.line))
            ),
            reference=request.reference,
            received_at=clock.stamp(now),
            received_by=caller.name,
        )
        resource = ("receipt", f"{order_id}@{receipt.ordinal}")
        deed = Deed("goods_received", resource, CREATED, receipt=receipt)
        purchase_writing.commit(before, after, deed, caller, now=now)
        return after, receipt

    return decide(attempt)


def close(order_id: str, request: CloseRequest, caller: Caller, *, now: datetime) -> PurchaseOrder:
    """Expect no more of a purchase order."""
    return _end(order_id, "close", request.reason, caller, now)


def cancel(order_id: str, reason: str | None, caller: Caller, *, now: datetime) -> PurchaseOrder:
    """Take back a purchase order of which nothing has come."""
    return _end(order_id, "cancel", reason, caller, now)


def _end(order_id: str, command: str, reason: str | None, caller: Caller, now: datetime) -> PurchaseOrder:
    def attempt() -> PurchaseOrder:
        before = _opened(order_id, command, caller)
        after = purchase.ended(before, "closed" if command == "close" else "cancelled", reason)
        deed = Deed(after.status, ("purchase_order", order_id), reason=reason)
        purchase_writing.commit(before, after, deed, caller, now=now)
        return after

    return decide(attempt)


def _opened(order_id: str, command: str, caller: Caller) -> PurchaseOrder:
    before = purchase_store.get(order_id)
    expected(caller, before.version)
    if command not in before.allowed:
        raise InvalidState(command=command, state=before.status, allowed=before.allowed)
    return before


def _changes(before: PurchaseOrder, after: PurchaseOrder) -> dict[str, object]:
    told: dict[str, object] = {
        f"lines.{old.line}.quantity": [old.quantity, new.quantity]
        for old, new in zip(before.lines, after.lines, strict=True)
        if old.quantity != new.quantity
    }
    if before.expected_on != after.expected_on:
        told["expected_on"] = [before.expected_on.isoformat(), after.expected_on.isoformat()]
    return told | ({"note": None} if before.note != after.note else {})
