"""Who waits for goods, who is given what comes, and from whom is taken what is missing, as the rules have it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tests.properties.order_figures import Line, Order, Refusal

MOST_ORDERS = 40


@dataclass
class Shelf:
    """Units of a SKU; `released` are still reserved, and who waits is counted, once the streams have drained.

    `taken` are the reservations as they came: the serial number of an order, and how many units.
    """

    on_hand: int = 0
    reserved: int = 0
    released: int = 0
    backordered: int = 0
    taken: list[tuple[int, int]] = field(default_factory=list)

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved


def put_off(before: Order | None, after: Order, lacking: Mapping[str, int]) -> None:
    """Let so many units of products wait, of what comes to the order: its last lines wait."""
    left = dict(lacking)
    for line in sorted(after.lines, key=lambda one: -one.number):
        old = before.line(line.number) if before else None
        came = line.reserved - (old.reserved if old else 0)
        units = max(min(left.get(line.sku, 0), came), 0)
        line.reserved, line.backordered = line.reserved - units, line.backordered + units
        left[line.sku] = left.get(line.sku, 0) - units


def queue(orders: Iterable[Order], sku: str) -> list[tuple[Order, Line]]:
    """Return the lines that wait for a product, first who comes first: by priority, then age."""
    found = [
        (order.priority, order.placed, order.id, line.number, order, line)
        for order in orders
        if order.status == "confirmed"
        for line in order.lines
        if line.sku == sku and line.backordered
    ]
    return [(order, line) for *_, order, line in sorted(found, key=lambda one: one[:4])]


def give(orders: Iterable[Order], sku: str, shelf: Shelf) -> None:
    """Give what is available to who waits, as far as it goes, and count who still does."""
    line_up = queue(orders, sku)
    for order, line in line_up:
        units = min(shelf.available, line.backordered)
        if units > 0:
            line.backordered -= units
            line.reserved += units
            shelf.reserved += units
            shelf.taken.append((order.serial, units))
    shelf.backordered = sum(line.backordered for _, line in line_up)


def lose(orders: Iterable[Order], sku: str, shelf: Shelf, units: int) -> None:
    """Take away so many units; what orders had reserved of them is taken from the youngest reservations."""
    if shelf.on_hand < units:
        raise Refusal(409, "insufficient_stock")
    missing = max(units - shelf.available, 0)
    known, losses = {order.serial: order for order in orders}, dict[int, int]()
    left = missing
    for serial, reserved in reversed(shelf.taken):
        has = known[serial].per_sku().get(sku, 0) - losses.get(serial, 0)
        if more := max(min(reserved, has, left), 0):
            losses[serial] = losses.get(serial, 0) + more
            left -= more
    if len(losses) > MOST_ORDERS:
        raise Refusal(409, "too_many_reservations")
    if left:
        raise Refusal(503, "unavailable")
    for serial, lost in losses.items():
        shelf.backordered += _lost(known[serial], sku, lost)
    shelf.on_hand -= units
    shelf.reserved -= missing


def _lost(order: Order, sku: str, units: int) -> int:
    """Take units from the last lines of an order; return how many of them wait from now on."""
    left, bound = units, order.status == "confirmed"
    for line in sorted(order.lines, key=lambda one: -one.number):
        gone = min(left, line.reserved) if line.sku == sku else 0
        line.reserved -= gone
        line.backordered += gone if bound else 0
        left -= gone
    return units if bound else 0
