"""What has happened of each line, what is left of it, what it is worth: pure, with the identities proved."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from soms.inventory.model import StockItem
from soms.orders.model import Allowance, Group, Line, Order, Part

ZERO = Decimal(0)
AMOUNTS = ("net", "tax", "discount", "share")
Units = Mapping[int, int]
"""Line number → base units."""


def cancellable(line: Line) -> int:
    """Return how many units of a line can still be cancelled."""
    return line.open


def shippable(line: Line) -> int:
    """Return how many units of a line can be shipped: what is reserved, or open where nothing is stocked."""
    if line.charge:
        return 0
    return line.reserved if line.stocked else line.open


def returnable(line: Line) -> int:
    """Return how many units of a line can be asked to come back."""
    return line.shipped - line.returning - line.returned


def without(order: Order, units: Units, *, more_come: bool = False) -> Order:
    """Return the order without these units; charges go with the last goods, unless more goods come.

    Amounts follow what is left; of an order that is cancelled as a whole they stay as they were.
    """
    lines = tuple(_less(line, units.get(line.line, 0)) for line in order.lines)
    lines = tuple(_swallowed(line, order.invoice_policy) for line in lines)
    if not more_come and not any(line.shipped or line.open for line in lines if not line.charge):
        lines = tuple(_swallowed(_less(line, line.open), order.invoice_policy) for line in lines)
    after = order.model_copy(update={"lines": lines})
    return derived(summed(after) if any(line.in_force for line in lines) else after)


def shipped(order: Order, units: Units) -> Order:
    """Return the order after these units have left the warehouse."""
    lines = tuple(_sent(line, units.get(line.line, 0)) for line in order.lines)
    return derived(order.model_copy(update={"lines": lines, "shipments": order.shipments + 1}))


def counted(order: Order, counter: str, units: Units) -> Order:
    """Return the order with a counter of its lines moved by these units."""
    lines = tuple(
        line.model_copy(update={counter: getattr(line, counter) + units[line.line]})
        if line.line in units
        else line
        for line in order.lines
    )
    return derived(order.model_copy(update={"lines": lines}))


def came_back(order: Order, units: Units) -> Order:
    """Return the order after units that came back were credited."""
    after = counted(order, "return_credited", units)
    lines = tuple(_swallowed(line, order.invoice_policy) for line in after.lines)
    return derived(after.model_copy(update={"lines": lines}))


def allowed_on(order: Order, allowances: Mapping[int, Allowance]) -> Order:
    """Return the order after allowances were given on the price of lines, whose units stay billed."""
    lines = tuple(
        line.model_copy(update={"allowances": (*line.allowances, allowances[line.line])})
        if line.line in allowances
        else line
        for line in order.lines
    )
    return derived(order.model_copy(update={"lines": lines}))


def reserved(order: Order) -> Order:
    """Return the order with everything that is open of its stocked lines reserved."""
    lines = tuple(
        line.model_copy(update={"reserved": line.open - line.backordered}) if line.stocked else line
        for line in order.lines
    )
    return order.model_copy(update={"lines": lines})


def released(order: Order) -> Order:
    """Return the order with nothing reserved."""
    lines = tuple(line.model_copy(update={"reserved": 0}) for line in order.lines)
    return order.model_copy(update={"lines": lines})


def per_item(order: Order) -> dict[StockItem, int]:
    """Return what the order holds of each stock item."""
    held: dict[StockItem, int] = {}
    for line in order.lines:
        if line.reserved and line.warehouse:
            item = item_of(line)
            held[item] = held.get(item, 0) + line.reserved
    return held


def needed(before: Order | None, after: Order) -> dict[StockItem, int]:
    """Return by how much the order holds more (or, below zero, less) of each stock item than before."""
    had, has = per_item(before) if before else {}, per_item(after)
    changed = {item: has.get(item, 0) - had.get(item, 0) for item in had.keys() | has.keys()}
    return {item: units for item, units in sorted(changed.items(), key=lambda one: str(one[0])) if units}


def waiting(before: Order | None, order: Order, spare: Mapping[StockItem, int]) -> Order:
    """Return the order with what it takes more than is to `spare` waiting for goods; its last lines wait."""
    lines = {line.line: line for line in order.lines}
    for item, units in needed(before, order).items():
        short = units - max(spare.get(item, 0), 0)
        for line in reversed(order.lines):
            if short <= 0:
                break
            if line.reserved and line.warehouse and item_of(line) == item:
                old = before.line(line.line) if before else None
                moved = min(short, max(line.reserved - (old.reserved if old else 0), 0))
                lines[line.line] = put_off(line, moved)
                short -= moved
    return order.model_copy(update={"lines": tuple(lines.values())})


def put_off(line: Line, units: int) -> Line:
    """Return the line with so many reserved units waiting for goods; below zero with units that came."""
    counters = {"reserved": line.reserved - units, "backordered": line.backordered + units}
    return line.model_copy(update=counters)


def item_of(line: Line) -> StockItem:
    """Return the stock item that a stocked line is taken from."""
    return StockItem(sku=line.sku, warehouse=line.warehouse or "")


def of_items(order: Order, units: Units) -> dict[StockItem, int]:
    """Return what these units of lines make of each stock item; what is not stocked makes none."""
    found: dict[StockItem, int] = {}
    for line in order.lines:
        if line.line in units and line.warehouse:
            item = item_of(line)
            found[item] = found.get(item, 0) + units[line.line]
    return found


def _sent(line: Line, units: int) -> Line:
    kept = line.reserved - (units if line.stocked else 0)
    return line.model_copy(update={"shipped": line.shipped + units, "reserved": kept})


def _less(line: Line, quantity: int) -> Line:
    if not quantity:
        return line
    # What waits for goods goes first, so that what is reserved stays with the order.
    waiting = min(line.backordered, quantity)
    return line.model_copy(
        update={
            "cancelled": line.cancelled + quantity,
            "backordered": line.backordered - waiting,
            "reserved": line.reserved - (quantity - waiting if line.stocked else 0),
            "parts": agreed(line),
        }
    )


def _swallowed(line: Line, policy: str) -> Line:
    """Return the line with no more credited by hand than there is to bill (protocol, rule 10)."""
    over = line.credited + line.return_credited - _to_bill(line, policy)
    return (
        line.model_copy(update={"credited": line.credited - min(over, line.credited)}) if over > 0 else line
    )


def agreed(line: Line) -> tuple[Part, ...]:
    """Return what all units of the line were agreed at, in the order in which they came to it."""
    whole = {name: getattr(line, name) for name in AMOUNTS}
    return line.parts or (Part(quantity=line.quantity, **whole),)


def summed(order: Order) -> Order:
    """Return the order with the amounts of lines, tax groups and totals as its units in force make them."""
    lines = tuple(_in_force(line) if line.parts else line for line in order.lines)
    living = [line for line in lines if line.in_force] or lines
    groups: dict[tuple[str, Decimal, str | None], tuple[Decimal, Decimal]] = {}
    for line in living:
        key = line.tax_category, line.tax_rate, line.tax_reason
        net, tax = groups.get(key, (ZERO, ZERO))
        groups[key] = net + line.net, tax + line.tax
    made = (
        Group(category=category, rate=rate, reason=reason, net=net, tax=tax)
        for (category, rate, reason), (net, tax) in groups.items()
    )
    goods = [line for line in living if not line.charge]
    discount = sum((line.discount + line.share for line in goods), ZERO)
    net, tax = sum((line.net for line in living), ZERO), sum((line.tax for line in living), ZERO)
    sums = {
        "subtotal": sum((_due(line, order) for line in goods), ZERO) + discount,
        "discount": discount,
        "shipping": sum((_due(line, order) for line in living if line.charge), ZERO),
        "net": net,
        "tax": tax,
        "total": net + tax,
    }
    return order.model_copy(update={"lines": lines, "tax_groups": tuple(made), **sums})


def _due(line: Line, order: Order) -> Decimal:
    return line.gross if order.includes_tax else line.net


def _in_force(line: Line) -> Line:
    worth = worth_of(line, line.in_force)
    amounts = {name: getattr(worth, name) for name in AMOUNTS}
    return line.model_copy(update=amounts | {"gross": worth.net + worth.tax})


def derived(order: Order) -> Order:
    """Return the order with fulfilment, invoicing and payment as they follow from its figures."""
    goods = [line for line in order.lines if not line.charge]
    sent = sum(line.shipped for line in goods)
    if sent and sum(line.returned for line in goods) == sent:
        fulfilment = "returned"
    else:
        wanted = sum(line.in_force for line in goods)
        fulfilment = _how_far(sent, wanted, ("unfulfilled", "partial", "fulfilled"))
    # A line is invoiced by units, so that an order of nothing but gifts is invoiced, too.
    due = sum(target(line, order.invoice_policy) for line in order.lines)
    invoiced = sum(line.invoiced for line in order.lines)
    still = sum(in_full(line) for line in order.lines)
    invoicing = "none" if not invoiced else "partial" if invoiced < max(due, still) else "invoiced"
    return order.model_copy(
        update={"fulfilment": fulfilment, "invoicing": invoicing, "payment": _payment(order)}
    )


def _how_far(done: int, wanted: int, names: tuple[str, str, str]) -> str:
    return names[0] if not done else names[1] if done < wanted else names[2]


def _payment(order: Order) -> str:
    """Tell how far what is invoiced is paid; before that, how far a deposit covers the whole order.

    What was given up beside money counts as if it had been paid; without any money nothing is paid.
    """
    if not order.paid:
        return "refunded" if order.refunded else "unpaid"
    if order.paid > max(order.invoiced, exposure(order)):
        return "overpaid"
    return "paid" if order.paid + order.written_off >= (order.invoiced or exposure(order)) else "partial"


def in_full(line: Line) -> int:
    """Return how many units of a line are to be billed in the end: neither cancelled nor credited."""
    return max(line.in_force - line.credited - line.return_credited, 0)


def target(line: Line, policy: str) -> int:
    """Return how many units of a line should be billed now (protocol, rule 10)."""
    return max(_to_bill(line, policy) - line.credited - line.return_credited, 0)


def _to_bill(line: Line, policy: str) -> int:
    return line.shipped if policy == "on_shipment" and not line.charge else line.in_force


def exposure(order: Order) -> Decimal:
    """Return what the order adds to its customer's exposure in its currency; nothing before confirmation."""
    if not order.is_binding:
        return ZERO
    return sum((value(line, in_full(line)) for line in order.lines), ZERO)


def value(line: Line, units: int) -> Decimal:
    """Return what the first so many units of a line are billed at, with tax."""
    due = due_of(line, units)
    return due.net + due.tax


def due_of(line: Line, units: int) -> Part:
    """Return what the first so many units of a line are billed at: their worth less the allowances on it.

    An allowance is at most what its units were billed at, and goes with that: round(allowance × due / whole).
    So what more units are billed at never falls, and an invoice is credited in full by its units.
    """
    worth = worth_of(line, units)
    if not line.allowances:
        return worth
    net, tax = (_less_allowances(name, line, units, {units: getattr(worth, name)}) for name in ("net", "tax"))
    return worth.model_copy(update={"net": net, "tax": tax})


def _less_allowances(name: str, line: Line, units: int, due: dict[int, Decimal]) -> Decimal:
    """Return one amount of what is billed, after one allowance after the other, from what it is without."""
    ends = {end for one in line.allowances for end in (one.low, one.high)}
    due |= {end: getattr(worth_of(line, end), name) for end in ends}
    digits = max(-int(amount.as_tuple().exponent) for amount in due.values())
    for one in line.allowances:
        low, high = due[one.low], due[one.high]
        whole = int((high - low).scaleb(digits))
        for at, amount in due.items() if whole else ():
            reached = int((min(max(amount, low), high) - low).scaleb(digits))
            due[at] = amount - part(getattr(one, name), reached, whole)
    return due[units]


def worth_of(line: Line, units: int) -> Part:
    """Return what the first so many units of a line are worth: cumulative, so that all make the whole."""
    left, amounts = units, dict.fromkeys(AMOUNTS, ZERO)
    for one in agreed(line):
        taken = min(left, one.quantity)
        for name in AMOUNTS:
            amounts[name] += part(getattr(one, name), taken, one.quantity)
        left -= taken
    return Part(quantity=units, **amounts)


def part(amount: Decimal, quantity: int, whole: int) -> Decimal:
    """Return round(amount × quantity / whole), half up, to the digits the amount has."""
    digits = -int(amount.as_tuple().exponent)
    units = int(amount.scaleb(digits))
    rounded = (2 * abs(units) * quantity + whole) // (2 * whole)
    return Decimal(rounded if units >= 0 else -rounded).scaleb(-digits)


def check(order: Order) -> None:
    """Raise ArithmeticError unless the identities of lines and totals hold: it must not be stored."""
    wrong = [
        f"line {line.line} of {order.id}: {what}" for line in order.lines for what in _wrong(line, order)
    ]
    if wrong:
        raise ArithmeticError("; ".join(wrong))
    net = sum((line.net for line in order.lines), ZERO)
    tax = sum((line.tax for line in order.lines), ZERO)
    grouped = sum((group.tax for group in order.tax_groups), ZERO)
    if (net, tax, net + tax) != (order.net, order.tax, order.total) or tax != grouped:
        message = f"the lines of {order.id} do not add up to its totals"
        raise ArithmeticError(message)


def _wrong(line: Line, order: Order) -> Iterable[str]:
    told = line.reserved + line.backordered + line.shipped + line.cancelled
    if order.status == "confirmed" and line.stocked and told != line.quantity:
        yield f"{told} units of {line.quantity}"
    counters: Sequence[int] = (
        *(line.reserved, line.backordered, line.shipped, line.cancelled, line.returning, line.returned),
        *(line.credited, line.return_credited, line.open, returnable(line)),
        line.returned - line.return_credited,
    )
    if min(counters) < 0:
        yield "a counter is below zero"
    if sum(one.quantity for one in agreed(line)) != line.quantity:
        yield "its parts do not make the whole"
    worth = worth_of(line, line.in_force)
    if line.in_force and (worth.net, worth.tax, line.gross) != (line.net, line.tax, line.net + line.tax):
        yield "its amounts are not those of its units"
