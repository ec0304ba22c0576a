"""How a command's outcome is written: order, stock, credit and journal in one transaction."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from soms.customers import store as customers
from soms.customers.model import Customer
from soms.inventory import store as stock
from soms.inventory.model import Delta, StockItem
from soms.inventory.store import Cause, InsufficientStock
from soms.kit import journal
from soms.kit.access import Caller
from soms.kit.problems import merged
from soms.kit.writes import Held, Refusal, Stale, Writes
from soms.orders import keeping, quantities, queue, spreading, store, supplying
from soms.orders.model import Line, Order
from soms.orders.spreading import Looked

CREATED = 201
TOLD = (
    *("status", "total", "requested_on", "salesperson", "expires_at", "quote_version"),
    *("backorder", "delivery", "priority"),
)
COUNTERS = (
    *("quantity", "cancelled", "reserved", "backordered", "shipped"),
    *("returning", "returned", "credited", "return_credited"),
)
More = Callable[[Writes, Order], None]


def _taken(_held: Held) -> Exception:
    return Stale()


@dataclass(frozen=True)
class Deed:
    """What a command did, beside what it made of the order.

    The credit limit is respected as it is on the company's day `guarded_on`. `leaving` goes out of the
    warehouse, `places` says where in the body stock was asked for, `at_once` gives stock back in this very
    transaction and not through the streams, `more` adds what else is written and `moved` what that moves of
    stock; `taken` says what it means that a new order is there already. It looks `closely` after it was found
    short: then other shards are asked, and what is not in stock may wait for goods.
    """

    event: str
    guarded_on: date | None = None
    leaving: Mapping[StockItem, int] = field(default_factory=dict)
    places: Mapping[StockItem, Sequence[str]] = field(default_factory=dict)
    at_once: bool = False
    closely: bool = False
    reason: str | None = None
    resource: tuple[str, str] | None = None
    status: int = 200
    more: More | None = None
    taken: Refusal = _taken
    changes: Mapping[str, object] = field(default_factory=dict)
    moved: Mapping[str, object] = field(default_factory=dict)


def commit(
    before: Order | None, after: Order, deed: Deed, customer: Customer, caller: Caller, *, now: datetime
) -> Order:
    """Write what a command made of an order, and the change of its customer's exposure; return it."""
    writes = Writes()
    with supplying.as_chosen(before, after):
        looked = look(before, after, deed)
        order = write(writes, before, looked, deed, caller, now=now)
        expose(writes, customer, [(before, order)], guarded_on=deed.guarded_on)
        send(writes, order, deed)
    return order


def look(before: Order | None, after: Order, deed: Deed) -> Looked:
    """Return the order with its hot SKUs in shards; where the deed looks closely, as the shelves allow it.

    Raises InsufficientStock where it may not wait for what all shards together lack.
    """
    order = spreading.spread(before, after)
    return closer(before, order) if deed.closely and is_patient(order) else Looked(order)


def closer(before: Order | None, order: Order) -> Looked:
    """Return the order as the shelves allow it: gathered from shards, the rest waiting for goods."""
    wanted = {item: units for item, units in quantities.needed(before, order).items() if units > 0}
    shelves = stock.with_shards(wanted)
    looked = spreading.look(before, order, shelves)
    needs = {item: units for item, units in quantities.needed(before, looked.order).items() if units > 0}
    lacking = spreading.lacking(needs, looked)
    if not waits(order):
        if lacking:
            raise merged([_short(looked, item, units) for item, units in lacking.items()])
        return looked
    return replace(looked, order=quantities.waiting(before, looked.order, looked.free))


def imagined(before: Order | None, order: Order) -> Order:
    """Return an order that is only looked at, with what it would wait for."""
    return closer(before, order).order if waits(order) else order


def _short(looked: Looked, item: StockItem, units: int) -> InsufficientStock:
    return stock.short(item, units, looked.free.get(item, 0), places(looked.order, item))


def waits(order: Order) -> bool:
    """Tell whether an order would rather wait for goods than be refused."""
    return order.backorder == "allow" and order.is_binding


def is_patient(order: Order) -> bool:
    """Tell whether an order that is short may find what it lacks in other shards, or wait for it."""
    return waits(order) or spreading.is_hot(order)


def send(writes: Writes, order: Order, deed: Deed) -> None:
    """Commit; where shelves that were looked at are short all the same, they have changed since.

    Raises LookCloser where the order is short and its shelves have not been looked at.
    """
    try:
        writes.commit()
    except InsufficientStock as short:
        if not is_patient(order):
            raise
        if deed.closely:
            raise Stale from None
        raise LookCloser(short) from None


class LookCloser(Exception):
    """The order is `short` of stock, but other shards may have it, or it may wait for it."""

    def __init__(self, short: InsufficientStock) -> None:
        """Keep the refusal that it would have been otherwise."""
        super().__init__(short.code)
        self.short = short


def write(
    writes: Writes, before: Order | None, looked: Looked, deed: Deed, caller: Caller, *, now: datetime
) -> Order:
    """Add the order, its stock and its journal entry to the writes; return the order in its new version."""
    after, version = looked.order, before.version + 1 if before else 1
    entry = journal.entry_id(caller, f"order#{after.id}", version)
    order = queue.stamped(before, after.model_copy(update={"version": version, "entry": entry}))
    quantities.check(order)
    moves = _moves(before, order, deed)
    back = {str(item): units for item, units in moves.items() if units < 0}
    effects: dict[str, object] = {}
    if back and not deed.at_once:
        effects = {"release": {name: -units for name, units in back.items()}}
    if queued := queue.changes(before, order):
        effects["queue"] = {str(item): dict(places) for item, places in queued.items()}
    if before:
        store.replace(writes, order, effects, before=before)
    else:
        store.insert(writes, order, effects, deed.taken)
    keeping.follow(writes, before, order)
    cause = Cause(entry, deed.event, f"order#{order.id}", caller.name)
    moved = _move(writes, order, moves, deed, cause, looked.gathers)
    if deed.more:
        deed.more(writes, order)
    journal.record(writes, _event(before, order, deed, effects, moved), caller, at=now)
    return order


def expose(
    writes: Writes,
    customer: Customer,
    pairs: Iterable[tuple[Order | None, Order]],
    *,
    guarded_on: date | None,
) -> None:
    """Change the customer's exposure by what orders are worth more or less, once for all of them."""
    change, placed = quantities.ZERO, 0
    for before, after in pairs:
        change += quantities.exposure(after) - (quantities.exposure(before) if before else quantities.ZERO)
        placed += after.is_binding and not (before and before.is_binding)
    customers.expose(writes, customer, change, guarded_on=guarded_on, placed=placed)


def _moves(before: Order | None, order: Order, deed: Deed) -> dict[StockItem, int]:
    moves = quantities.needed(before, order)
    # What leaves was reserved until now; it does not come back to the shelf.
    for item, units in deed.leaving.items():
        moves[item] = moves.get(item, 0) + units
    return {item: units for item, units in moves.items() if units}


def _move(
    writes: Writes,
    order: Order,
    moves: Mapping[StockItem, int],
    deed: Deed,
    cause: Cause,
    gathers: spreading.Gathers,
) -> dict[str, object]:
    moved: dict[str, object] = {}
    for item, units in moves.items():
        if units > 0:
            pointers = deed.places.get(item.whole) or places(order, item)
            gathered = gathers.get(item, {})
            moved |= stock.gather(writes, gathered, _for(cause, "gather"))
            delta = Delta(on_hand=sum(gathered.values()), reserved=units)
            stock.reserve(writes, item, delta, _for(cause, "reserve"), pointers)
            moved[str(item)] = delta.told("reserve")
        elif deed.at_once:
            stock.release(writes, item, -units, _for(cause, "release"))
            moved[str(item)] = Delta(reserved=units).told("release")
    for item, units in deed.leaving.items():
        stock.ship(writes, item, units, _for(cause, "ship"))
        moved[str(item)] = Delta(on_hand=-units, reserved=-units).told("ship")
    return moved


def _for(cause: Cause, reason: str) -> Cause:
    return Cause(cause.entry, reason, cause.subject, cause.by)


def places(order: Order, item: StockItem) -> list[str]:
    """Return where in the body of an order a stock item was asked for."""
    numbers = [
        line.bundle.line if line.bundle else line.line
        for line in order.lines
        if line.warehouse and quantities.item_of(line) == item
    ]
    at = {line.line: index for index, line in enumerate(order.lines)}
    return [f"/lines/{at[number]}/quantity" for number in dict.fromkeys(numbers)]


def _event(
    before: Order | None,
    order: Order,
    deed: Deed,
    effects: Mapping[str, object],
    moved: Mapping[str, object],
) -> journal.Event:
    rise = quantities.exposure(order) - (quantities.exposure(before) if before else quantities.ZERO)
    return journal.Event(
        name=deed.event,
        aggregate=f"order#{order.id}",
        version=order.version,
        resource=deed.resource or ("order", order.id),
        status=deed.status,
        changes=_changes(before, order) | dict(deed.changes),
        moved={**moved, **deed.moved},
        effects=effects,
        facts={"customer": order.customer.id, "currency": order.currency, "gross": str(rise)},
        reason=deed.reason,
    )


def _changes(before: Order | None, order: Order) -> dict[str, object]:
    """Return what changed, before and after; of texts that may be personal only that they did."""
    if before is None:
        return {"total": [None, str(order.total)], "status": [None, order.status]}
    changes: dict[str, object] = {
        name: [_plain(getattr(before, name)), _plain(getattr(order, name))]
        for name in TOLD
        if getattr(before, name) != getattr(order, name)
    }
    if before.note != order.note:
        changes["note"] = None
    if [one.id for one in before.holds] != [one.id for one in order.holds]:
        changes["holds"] = [[one.kind for one in before.holds], [one.kind for one in order.holds]]
    for line in order.lines:
        changes |= _line_changes(before.line(line.line), line)
    gone = {line.line for line in before.lines} - {line.line for line in order.lines}
    return changes | {f"lines/{number}": ["there", None] for number in sorted(gone)}


def _line_changes(old: Line | None, line: Line) -> dict[str, object]:
    place = f"lines/{line.line}"
    if old is None:
        told = {"sku": line.sku, "quantity": line.quantity, "unit_price": str(line.unit_price)}
        return {place: [None, told | {"net": str(line.net)}]}
    counters: dict[str, object] = {
        f"{place}/{name}": [getattr(old, name), getattr(line, name)]
        for name in COUNTERS
        if getattr(old, name) != getattr(line, name)
    }
    amounts = {
        f"{place}/{name}": [str(getattr(old, name)), str(getattr(line, name))]
        for name in ("unit_price", "net")
        if getattr(old, name) != getattr(line, name)
    }
    return counters | amounts


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, int) else str(value)
