"""Bundles in orders: a line taken apart into its components to the cent, and put together again, pure."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from soms.kit import money
from soms.kit.problems import Fault, Words
from soms.orders.model import Bundle, Discount, Line, Order
from soms.orders.quantities import AMOUNTS

ZERO = Decimal(0)


def exploded(
    line: Line, parts: Sequence[Line], weights: Sequence[Decimal], currency: str, *, includes_tax: bool
) -> tuple[Line, ...]:
    """Return the components of a bundle's line with their parts of its amounts, which make up the whole.

    `parts` say which goods and how many; weights that are all 0 give way to their quantities.
    """
    ratios = weights if any(weights) else [Decimal(one.quantity) for one in parts]
    digits, rule = money.exponent(currency), line.discount_rule
    shares = {name: money.allocate(getattr(line, name), ratios, digits) for name in AMOUNTS}
    bundle = Bundle(
        sku=line.sku,
        name=line.name,
        line=line.line,
        quantity=line.quantity,
        unit_price=line.unit_price,
        list_price=line.list_price,
    )
    made = []
    for index, one in enumerate(parts):
        amounts = {name: share[index] for name, share in shares.items()}
        gross = amounts["net"] + amounts["tax"]
        due = (gross if includes_tax else amounts["net"]) + amounts["discount"] + amounts["share"]
        by_amount = rule is not None and rule.amount is not None
        own = {
            "gross": gross,
            "unit_price": _each(due, one.quantity, currency),
            "list_price": None,
            "discount_rule": Discount(amount=amounts["discount"]) if by_amount else rule,
            "bundle": bundle,
        }
        made.append(one.model_copy(update=amounts | own))
    return tuple(made)


def folded(lines: Iterable[Line]) -> list[tuple[Line, tuple[int, ...]]]:
    """Return lines as a client asked for them, each bundle as one line with the numbers of its components."""
    found: dict[int, list[Line]] = {}
    for line in lines:
        found.setdefault(line.bundle.line if line.bundle else line.line, []).append(line)
    return [(_asked(several), tuple(one.line for one in several)) for several in found.values()]


def fewer(order: Order, bundle: Bundle, left: int, place: str) -> tuple[dict[int, int], list[Fault]]:
    """Return the units that end of each line where so many of a bundle are to be left, or what is wrong."""
    components: dict[str, list[Line]] = {}
    for line in order.lines:
        if line.bundle and line.bundle.line == bundle.line:
            components.setdefault(line.sku, []).append(line)
    ends: dict[int, int] = {}
    for lines in components.values():
        each = sum(line.quantity for line in lines) // bundle.quantity
        over = sum(line.in_force for line in lines) - left * each
        if over < 0:
            return {}, [more(f"{place}/quantity")]
        for line in reversed(lines):
            units = min(line.open, over)
            over -= units
            ends |= {line.line: units} if units else {}
        if over:
            shipped = -(-sum(line.shipped for line in lines) // each)
            words = (f"{shipped} bundles are shipped already", f"已发 {shipped} 套")
            meta = {"shipped": shipped}
            return {}, [Fault("quantity_below_shipped", words, f"{place}/quantity", meta=meta)]
    return ends, []


def untouchable(place: str) -> Fault:
    """Return the fault of a change of a bundle's component, or of a bundle's agreed price."""
    words: Words = (
        "of a bundle only the quantity changes, by the line it was ordered on",
        "组合商品只能按其原订单行改数量",
    )
    return Fault("bundle_line", words, place)


def more(place: str) -> Fault:
    """Return the fault of more of a bundle on a line that is confirmed."""
    return Fault("bundle_line", ("more of a bundle is a new line", "增加组合商品须新增一行"), place)


def _each(total: Decimal, units: int, currency: str) -> Decimal:
    """Return what a unit comes to, half up to six decimals, written with the currency's digits at least."""
    price = money.divided(money.units(total, money.PRICE_DIGITS), units)
    return Decimal(money.price_text(money.of_units(price, money.PRICE_DIGITS), currency))


def _asked(lines: Sequence[Line]) -> Line:
    first = lines[0]
    if first.bundle is None:
        return first
    bundle, rule = first.bundle, first.discount_rule
    if rule and rule.amount is not None:
        amounts = (one.discount_rule.amount or ZERO for one in lines if one.discount_rule)
        rule = Discount(amount=sum(amounts, ZERO))
    said = {name: getattr(bundle, name) for name in ("line", "sku", "quantity", "unit_price")}
    return first.model_copy(update=said | {"discount_rule": rule})
