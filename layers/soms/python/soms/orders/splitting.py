"""Lines whose units come from several warehouses: taken apart and put together again to the cent, pure."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from soms.orders.model import Discount, Line, Order, Part
from soms.orders.quantities import AMOUNTS, agreed, part, worth_of

ZERO = Decimal(0)
NOTHING_YET = (
    *("cancelled", "backordered", "queued_at", "shipped"),
    *("returning", "returned", "invoiced", "credited"),
)


def parted(line: Line, off: Sequence[int], numbers: Iterable[int]) -> tuple[Line, ...]:
    """Return the line without its last units, and these, portion by portion, as lines of these numbers.

    What they are worth together is what the line was worth, amount by amount.
    """
    moved = sum(off)
    stays = _stays(line, line.quantity - moved)
    whole, rest = worth_of(line, line.in_force), worth_of(stays, stays.in_force)
    gone = {name: getattr(whole, name) - getattr(rest, name) for name in AMOUNTS}
    rule, done, lines = _own_discount(line, moved), 0, [stays]
    for units, number in zip(off, numbers, strict=True):
        amounts = {name: _portion(amount, done, units, moved) for name, amount in gone.items()}
        figures = amounts | {"gross": amounts["net"] + amounts["tax"]}
        nothing = dict.fromkeys((*NOTHING_YET, "return_credited"), 0)
        named = {"line": number, "split_of": line.split_of or line.line, "quantity": units, "parts": ()}
        own: dict[str, object] = {
            "allowances": (),
            "reserved": units if line.reserved else 0,
            "discount_rule": Discount(amount=_portion(rule.amount, done, units, moved))
            if rule and rule.amount is not None
            else rule,
        }
        lines.append(line.model_copy(update=nothing | named | own | figures))
        done += units
    return tuple(lines)


def whole(order: Order) -> Order:
    """Return an order that is not bound with every line in one piece again."""
    pieces: dict[int, list[Line]] = {}
    known = {line.line for line in order.lines}
    for line in order.lines:
        root = line.split_of if line.split_of in known else None
        pieces.setdefault(root or line.line, []).append(line)
    if len(pieces) == len(order.lines):
        return order
    lines = tuple(_joined(several) if len(several) > 1 else several[0] for several in pieces.values())
    return order.model_copy(update={"lines": lines})


def _stays(line: Line, units: int) -> Line:
    held, left = [], units
    for one in agreed(line):
        taken = min(left, one.quantity)
        if taken:
            amounts = {name: part(getattr(one, name), taken, one.quantity) for name in AMOUNTS}
            held.append(Part(quantity=taken, **amounts))
        left -= taken
    reserved = line.reserved - (line.quantity - units) if line.reserved else 0
    fewer = line.model_copy(update={"quantity": units, "parts": tuple(held), "reserved": reserved})
    worth = worth_of(fewer, fewer.in_force)
    figures: dict[str, object] = {name: getattr(worth, name) for name in AMOUNTS}
    rule = line.discount_rule
    if rule and rule.amount is not None and not line.parts:
        figures["discount_rule"] = Discount(amount=part(rule.amount, units, line.quantity))
    kept = fewer.parts if line.parts else ()
    return fewer.model_copy(update=figures | {"gross": worth.net + worth.tax, "parts": kept})


def _own_discount(line: Line, moved: int) -> Discount | None:
    """Return the discount that goes with units that leave a line; an amount stays with what it was for."""
    rule = line.discount_rule
    if rule is None or rule.amount is None:
        return rule
    if line.parts:
        return None
    return Discount(amount=rule.amount - part(rule.amount, line.quantity - moved, line.quantity))


def _portion(amount: Decimal, done: int, units: int, whole: int) -> Decimal:
    return part(amount, done + units, whole) - part(amount, done, whole)


def _joined(pieces: Sequence[Line]) -> Line:
    first = pieces[0]
    sums: dict[str, object] = {
        name: sum((getattr(one, name) for one in pieces), ZERO) for name in (*AMOUNTS, "gross")
    }
    sums |= {name: sum(getattr(one, name) for one in pieces) for name in ("quantity", "reserved")}
    rules = [one.discount_rule.amount for one in pieces if one.discount_rule and one.discount_rule.amount]
    if first.discount_rule and first.discount_rule.amount is not None:
        sums["discount_rule"] = Discount(amount=sum(rules, ZERO))
    return first.model_copy(update=sums)
