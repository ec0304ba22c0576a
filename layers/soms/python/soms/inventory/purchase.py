"""What a purchase order is, and what may happen to it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, Literal

from soms.inventory.model import StockItem
from soms.inventory.purchase_requests import MOST_LINES, Arrival, LineChange, PurchaseChange
from soms.kit.fields import Code, Currency, Frozen, Price, Sku
from soms.kit.problems import Fault, Invalid

PurchaseStatus = Literal["ordered", "partly_received", "received", "closed", "cancelled"]
STATUSES: Final[tuple[PurchaseStatus, ...]] = (
    "ordered",
    "partly_received",
    "received",
    "closed",
    "cancelled",
)
OPEN: Final[tuple[PurchaseStatus, ...]] = ("ordered", "partly_received")
STEPS: Final[Mapping[str, tuple[PurchaseStatus, ...]]] = {
    "change": OPEN,
    "receive": OPEN,
    "close": OPEN,
    "cancel": ("ordered",),
}
"""Command → the states it is allowed in."""


class PurchaseLine(Frozen):
    """Units of one stock item: how many were ordered, came, and will not come; what one costs."""

    line: int
    sku: Sku
    name: str
    warehouse: Code
    quantity: int
    received: int = 0
    cancelled: int = 0
    unit_cost: Price | None = None

    @property
    def item(self) -> StockItem:
        """Return the stock item by name."""
        return StockItem(sku=self.sku, warehouse=self.warehouse)

    @property
    def open(self) -> int:
        """Return how many units are still to come."""
        return self.quantity - self.received - self.cancelled


class PurchaseOrder(Frozen):
    """What was ordered from a supplier; costs are in the company's currency at the time."""

    id: str
    number: str
    version: int = 1
    status: PurchaseStatus = "ordered"
    supplier: Code
    currency: Currency
    lines: tuple[PurchaseLine, ...] = ()
    expected_on: date
    reference: str | None = None
    note: str | None = None
    ordered_at: str
    created_by: str
    receipts: int = 0
    reason: str | None = None

    @property
    def allowed(self) -> list[str]:
        """Return the commands that its state allows."""
        return [command for command, states in STEPS.items() if self.status in states]

    def days_late(self, today: date) -> int:
        """Return by how many days it is late: 0 unless something is still to come."""
        return max(0, (today - self.expected_on).days) if self.status in OPEN else 0


class Received(Frozen):
    """What came of one line; `unit_cost` is what a unit has cost."""

    line: int
    sku: Sku
    warehouse: Code
    quantity: int
    unit_cost: Price | None = None


class Receipt(Frozen):
    """One delivery under a purchase order."""

    id: str
    purchase_order_id: str
    ordinal: int
    lines: tuple[Received, ...]
    reference: str | None = None
    received_at: str
    received_by: str


def too_many_lines(limit: int = MOST_LINES) -> Invalid:
    """Return the refusal of more lines than one transaction takes."""
    words = (f"at most {limit} in one purchase order", f"一张采购单最多 {limit} 行")
    return Invalid(Fault("too_many_lines", words, "/lines", meta={"limit": limit}))


def too_much_at_once() -> Invalid:
    """Return the refusal of a change that touches more than one transaction takes."""
    words = ("change the day and the quantities in two requests", "请分两次修改日期和数量")
    return Invalid(Fault("too_many_lines", words, "/lines"))


def moved_on(order: PurchaseOrder) -> PurchaseOrder:
    """Return the order in its next version, in the state that follows from its lines."""
    came = any(line.received for line in order.lines)
    status: PurchaseStatus = "partly_received" if came else "ordered"
    if not any(line.open for line in order.lines):
        status = "received"
    return order.model_copy(update={"version": order.version + 1, "status": status})


def changed(order: PurchaseOrder, request: PurchaseChange) -> PurchaseOrder:
    """Return the order with other quantities, another day, another note; raise Invalid for what cannot be."""
    wanted = {one.line: one.quantity for one in request.lines}
    faults = _misnamed(order, request.lines)
    for index, one in enumerate(request.lines):
        line = _line(order, one.line)
        if line and one.quantity < line.received:
            words = (f"{line.received} have come already", f"已到货 {line.received}")
            pointer = f"/lines/{index}/quantity"
            faults.append(Fault("quantity_below_received", words, pointer, meta={"least": line.received}))
    lines = tuple(
        line.model_copy(update={"quantity": wanted.get(line.line, line.quantity)}) for line in order.lines
    )
    if not faults and not any(line.quantity for line in lines):
        words = ("nothing would be left; cancel the order instead", "订单将为空，请改用取消")
        faults.append(Fault("nothing_ordered", words, "/lines"))
    if faults:
        raise Invalid(*faults)
    day = request.expected_on or order.expected_on
    note = request.note if "note" in request.model_fields_set else order.note
    return moved_on(order.model_copy(update={"lines": lines, "expected_on": day, "note": note}))


def arrived(order: PurchaseOrder, arrivals: Sequence[Arrival] | None) -> dict[int, Arrival]:
    """Return by line what came: all that is open unless said; raise Invalid for more than that."""
    if arrivals is None:
        return {one.line: Arrival(line=one.line, quantity=one.open) for one in order.lines if one.open}
    faults = _misnamed(order, arrivals)
    for index, one in enumerate(arrivals):
        line = _line(order, one.line)
        if line and one.quantity > line.open:
            words = (f"only {line.open} are still to come", f"最多还有 {line.open} 待到货")
            pointer = f"/lines/{index}/quantity"
            faults.append(Fault("quantity_exceeds_ordered", words, pointer, meta={"most": line.open}))
    if faults:
        raise Invalid(*faults)
    return {one.line: one for one in arrivals}


def received(order: PurchaseOrder, came: Mapping[int, Arrival]) -> PurchaseOrder:
    """Return the order after a delivery."""
    lines = tuple(
        line.model_copy(update={"received": line.received + came[line.line].quantity})
        if line.line in came
        else line
        for line in order.lines
    )
    return moved_on(order.model_copy(update={"lines": lines, "receipts": order.receipts + 1}))


def ended(order: PurchaseOrder, status: PurchaseStatus, reason: str | None) -> PurchaseOrder:
    """Return the order closed or cancelled: what has not come will not come."""
    lines = tuple(
        line.model_copy(update={"cancelled": line.cancelled + line.open}) for line in order.lines
    )
    return order.model_copy(
        update={"version": order.version + 1, "status": status, "lines": lines, "reason": reason}
    )


def _line(order: PurchaseOrder, number: int) -> PurchaseLine | None:
    return next((line for line in order.lines if line.line == number), None)


def _misnamed(order: PurchaseOrder, said: Sequence[LineChange | Arrival]) -> list[Fault]:
    faults, seen = [], set[int]()
    for index, one in enumerate(said):
        pointer = f"/lines/{index}/line"
        if _line(order, one.line) is None:
            faults.append(Fault("unknown_line", ("there is no such line", "没有该行"), pointer))
        elif one.line in seen:
            faults.append(Fault("duplicate_line", ("this line is named twice", "该行重复"), pointer))
        seen.add(one.line)
    return faults
