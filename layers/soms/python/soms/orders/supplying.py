"""Taking an order's lines from the warehouses that sourcing chooses, on stock as it stands now."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from soms.catalog import store as catalog
from soms.inventory import store as stock
from soms.inventory.model import StockItem
from soms.inventory.store import InsufficientStock
from soms.kit.problems import Fault, Invalid
from soms.kit.writes import Stale
from soms.orders import quantities, sourcing, splitting
from soms.orders.model import Line, Order
from soms.orders.pricing import MOST_STOCK_ITEMS, Facts, names_warehouse
from soms.orders.requests import MOST_LINES
from soms.orders.sourcing import Demand, Taken, Terms


def sourced(order: Order, facts: Facts) -> Order:
    """Return an order that is to be bound with each line taken from where the rules say; totals stay.

    Where only the company's default warehouse sends goods, nothing is read. What is reserved stays.
    """
    if not _asks_for_stock(facts) or quantities.per_item(order):
        return order
    made = splitting.whole(order)
    free = [line for line in made.lines if line.stocked and line.open and not names_warehouse(line, facts)]
    if not free:
        return order
    fixed, numbers = dict[StockItem, int](), {line.line for line in free}
    for line in made.lines:
        if line.stocked and line.line not in numbers:
            item = quantities.item_of(line).whole
            fixed[item] = fixed.get(item, 0) + line.open
    return _taken(made, [Demand(line.line, line.sku, line.open) for line in free], fixed, facts)


def added(before: Order, after: Order, facts: Facts) -> Order:
    """Return an amended order with the units that come to it taken from where the rules say."""
    if not before.is_binding or not _asks_for_stock(facts):
        return after
    wanted = [(line, _more(before, line)) for line in after.lines if line.stocked]
    free = [(line, one) for line, one in wanted if one.units > 0 and not names_warehouse(line, facts)]
    if not free:
        return after
    held, had = quantities.per_item(after), quantities.per_item(before)
    for line, one in free:
        held[quantities.item_of(line)] -= one.units
    fixed: dict[StockItem, int] = {}
    for item in {*held, *had}:
        fixed[item.whole] = fixed.get(item.whole, 0) + held.get(item, 0) - had.get(item, 0)
    return _taken(after, [one for _, one in free], fixed, facts)


@contextmanager
def as_chosen(before: Order | None, after: Order) -> Iterator[None]:
    """Let a refusal of stock that was there when a line was to be taken from it lead to another choice."""
    try:
        yield
    except InsufficientStock as refused:
        old = {line.line: line.sourcing for line in before.lines} if before else {}
        made = [line for line in after.lines if line.sourcing and line.sourcing != old.get(line.line)]
        chosen = {(line.sku, line.site) for line in made if line.sourcing and line.sourcing.wanted}
        short = {(line.sku, line.site) for line in made if line.sourcing and line.sourcing.short}
        if {(one.meta.get("sku"), one.meta.get("warehouse")) for one in refused.faults} & (chosen - short):
            raise Stale from None
        raise


def _asks_for_stock(facts: Facts) -> bool:
    return facts.settings.sourcing != "default" or facts.customer.warehouse is not None


def _more(before: Order, line: Line) -> Demand:
    """Return how many units come to a line; a line in place of another one has that one's to begin with."""
    old = before.line(line.line)
    replaced = before.line(line.replaces) if old is None and line.replaces else None
    units = line.quantity - (old.quantity if old else replaced.open if replaced else 0)
    return Demand(line.line, line.sku, units, line.site if old or replaced else None)


def _taken(order: Order, demands: Sequence[Demand], fixed: Mapping[StockItem, int], facts: Facts) -> Order:
    settings = facts.settings
    terms = sourcing.terms(
        settings.sourcing, settings.default_warehouse, facts.customer, catalog.warehouses()
    )
    available = _available(demands, terms, fixed)
    chosen = sourcing.choose(demands, available, terms) if terms.candidates else {}
    made = _apart(order, {one.line: (one, chosen[one.line]) for one in demands if one.line in chosen})
    _require_fit(made)
    return made


def _available(
    demands: Sequence[Demand], terms: Terms, fixed: Mapping[StockItem, int]
) -> dict[StockItem, int]:
    """Return what there is for these demands, without what lines take whose warehouse is given."""
    items = {
        StockItem(sku=one.sku, warehouse=name)
        for one in demands
        for name in (*terms.candidates, one.held_at)
        if name
    }
    firsts = stock.shelves(sorted(items, key=str))
    shelves = stock.together(firsts.values())
    return {shelf.item: shelf.available - fixed.get(shelf.item, 0) for shelf in shelves}


def _apart(order: Order, chosen: Mapping[int, tuple[Demand, Sequence[Taken]]]) -> Order:
    lines, more, number = list[Line](), list[Line](), order.numbered
    for line in order.lines:
        if line.line not in chosen:
            lines.append(line)
            continue
        demand, taken = chosen[line.line]
        stay = taken[0] if demand.held_at in {None, taken[0].warehouse} else None
        moved = [one for one in taken if one is not stay]
        numbers = range(number + 1, number + 1 + len(moved))
        number += len(moved)
        kept, *gone = splitting.parted(line, [one.units for one in moved], numbers) if moved else (line,)
        lines.append(_from(kept, stay) if stay else kept)
        more += [_from(one, where) for one, where in zip(gone, moved, strict=True)]
    return order.model_copy(update={"lines": (*lines, *more), "numbered": number})


def _from(line: Line, taken: Taken) -> Line:
    # A line that stays in its warehouse stays in its shard of it.
    place = line.warehouse if line.site == taken.warehouse else taken.warehouse
    return line.model_copy(update={"warehouse": place, "sourcing": taken.why})


def _require_fit(order: Order) -> None:
    items = {quantities.item_of(line) for line in order.lines if line.stocked}
    limit = MOST_STOCK_ITEMS if len(items) > MOST_STOCK_ITEMS else MOST_LINES
    if len(items) > MOST_STOCK_ITEMS or len(order.lines) > MOST_LINES:
        words = (
            f"taken from several warehouses it comes to more than {limit} lines",
            f"由多个仓库供货后超过 {limit} 行",
        )
        raise Invalid(Fault("too_many_lines", words, "/lines", meta={"limit": limit}))
