"""Which command leads an order from which state to which, and what follows from its quantities."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final, NoReturn

from soms.kit.problems import InvalidState
from soms.orders.model import Line, Order, Status, Taken

STEPS: Final[Mapping[tuple[Status, str], Status]] = {
    ("confirmed", "cancel"): "cancelled",
    ("confirmed", "ship"): "confirmed",
}
"""(state, command) → state; what is not here is refused."""


def allowed(order: Order) -> list[str]:
    """Return the commands that the order's state and quantities allow."""
    commands = [command for state, command in STEPS if state == order.status]
    return [command for command in commands if _GUARDS[command](order)]


def require(order: Order, command: str) -> None:
    """Raise InvalidState, with what is allowed, unless the table and the quantities allow the command."""
    if (order.status, command) not in STEPS or not _GUARDS[command](order):
        refuse(order, command)


def refuse(order: Order, command: str) -> NoReturn:
    """Raise InvalidState with what is allowed."""
    raise InvalidState(command=command, state=order.status, allowed=allowed(order))


def _can_cancel(order: Order) -> bool:
    return any(cancellable(line) for line in order.lines) or not order.lines


def _can_ship(order: Order) -> bool:
    return any(shippable(line) for line in order.lines)


_GUARDS = {"cancel": _can_cancel, "ship": _can_ship}


def cancellable(line: Line) -> int:
    """Return how many units of a line can still be cancelled."""
    return line.open


def shippable(line: Line) -> int:
    """Return how many units of a line can be shipped: what is reserved, or open where nothing is stocked."""
    if line.charge:
        return 0
    return line.reserved if line.stocked else line.open


def cancelled(order: Order, taken: Sequence[Taken]) -> Order:
    """Return the order without the units taken; without anything left it is `cancelled` as a whole."""
    by_line = {one.line: one.quantity for one in taken}
    lines = tuple(_less(line, by_line.get(line.line, 0)) for line in order.lines)
    if not any(line.shipped or line.open for line in lines if not line.charge):
        lines = tuple(_less(line, line.open) for line in lines)
    gone = all(line.cancelled == line.quantity for line in lines)
    status: Status = STEPS[order.status, "cancel"] if gone else order.status
    return derived(order.model_copy(update={"lines": lines, "status": status}))


def shipped(order: Order, taken: Sequence[Taken]) -> Order:
    """Return the order after the units taken have left the warehouse."""
    by_line = {one.line: one.quantity for one in taken}
    lines = tuple(
        line.model_copy(
            update={
                "shipped": line.shipped + by_line.get(line.line, 0),
                "reserved": line.reserved - (by_line.get(line.line, 0) if line.stocked else 0),
            }
        )
        for line in order.lines
    )
    moved = {"lines": lines, "shipments": order.shipments + 1, "status": STEPS[order.status, "ship"]}
    return derived(order.model_copy(update=moved))


def _less(line: Line, quantity: int) -> Line:
    released = min(line.reserved, quantity)
    return line.model_copy(
        update={
            "cancelled": line.cancelled + quantity,
            "reserved": line.reserved - released,
            "backordered": line.backordered - (quantity - released if line.stocked else 0),
        }
    )


def derived(order: Order) -> Order:
    """Return the order with fulfilment, invoicing and payment as they follow from its figures."""
    goods = [line for line in order.lines if not line.charge]
    sent = sum(line.shipped for line in goods)
    wanted = sum(line.quantity - line.cancelled for line in goods)
    returned = sum(line.returned for line in goods)
    if sent and returned == sent:
        fulfilment = "returned"
    else:
        fulfilment = _how_far(sent, wanted, ("unfulfilled", "partial", "fulfilled"))
    due = _due(order)
    invoicing = "none" if not order.invoiced else "partial" if order.invoiced < due else "invoiced"
    return order.model_copy(
        update={"fulfilment": fulfilment, "invoicing": invoicing, "payment": _payment(order)}
    )


def _how_far(done: int, wanted: int, names: tuple[str, str, str]) -> str:
    return names[0] if not done else names[1] if done < wanted else names[2]


def _due(order: Order) -> Decimal:
    return sum((value(line, line.quantity - line.cancelled) for line in order.lines), Decimal(0))


def value(line: Line, quantity: int) -> Decimal:
    """Return the gross worth of so many units of a line: its net and its tax as cumulative parts."""
    return part(line.net, quantity, line.quantity) + part(line.tax, quantity, line.quantity)


def part(amount: Decimal, quantity: int, whole: int) -> Decimal:
    """Return round(amount × quantity / whole), half up, to the digits the amount has."""
    digits = -int(amount.as_tuple().exponent)
    units = int(amount.scaleb(digits))
    rounded = (2 * abs(units) * quantity + whole) // (2 * whole)
    return Decimal(rounded if units >= 0 else -rounded).scaleb(-digits)


def exposure(order: Order) -> Decimal:
    """Return what the order adds to its customer's exposure: the gross worth of what is not cancelled."""
    return _due(order)


def _payment(order: Order) -> str:
    if not order.paid:
        return "unpaid"
    if order.paid == order.invoiced:
        return "paid"
    return "partial" if order.paid < order.invoiced else "overpaid"


def check(order: Order) -> None:
    """Raise ArithmeticError unless the identities of lines and totals hold: it must not be stored."""
    for line in order.lines:
        counted = line.reserved + line.backordered + line.shipped + line.cancelled
        if order.status == "confirmed" and line.stocked and counted != line.quantity:
            message = f"line {line.line} of {order.id}: {counted} units of {line.quantity}"
            raise ArithmeticError(message)
        if min(line.reserved, line.backordered, line.shipped, line.cancelled) < 0:
            message = f"line {line.line} of {order.id} has a counter below zero"
            raise ArithmeticError(message)
    net = sum((line.net for line in order.lines), Decimal(0))
    tax = sum((line.tax for line in order.lines), Decimal(0))
    grouped = sum((group.tax for group in order.tax_groups), Decimal(0))
    if (net, tax, net + tax) != (order.net, order.tax, order.total) or tax != grouped:
        message = f"the lines of {order.id} do not add up to its totals"
        raise ArithmeticError(message)
