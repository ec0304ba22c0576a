"""A model of one stock item: its counters, orders and queue, what is under way, who is in the midst of what."""

from collections.abc import Iterable
from typing import NamedTuple


class Rules(NamedTuple):
    """The conditions of the protocol; a test drops each in turn."""

    available: bool = True
    """What is reserved must be available at the moment of the write."""
    version: bool = True
    """A command's write needs the order's `version` as it was read."""
    settled: bool = True
    """… and its `settled`."""
    fill_order: bool = True
    """A fill needs the order as it was read, both numbers."""
    entry: bool = True
    """A queue entry is written only over what was read."""
    mark: bool = True
    """Effects are applied once, under a mark."""
    journal: bool = True
    """A command is written once, under its key."""
    count_seq: bool = True
    """A count needs the stock item's `seq` as it was read."""
    count_orders: bool = True
    """A count needs the orders it takes from as they were read."""
    release_waited: bool = True
    """A count that finds too little with the orders waits for what is being released."""
    wake_on_state: bool = True
    """Goods that lie there while somebody waits wake the filler, whichever of the two came last."""
    stamps: bool = True
    """An entry is filled only where it knows what its line knows."""
    place: bool = True
    """An entry is filled only where its line waits now, not where it waited before."""
    stamp_kept: bool = True
    """An emptied entry stays, with its stamp, as long as its line waits."""
    dequeue_waits: bool = True
    """Units leave a queue only after they have joined it."""
    reclaim: bool = True
    """Whoever falls short takes back what quotes keep beyond their time."""


class Stock(NamedTuple):
    on_hand: int
    reserved: int = 0
    available: int = 0
    backordered: int = 0
    seq: int = 0


class Order(NamedTuple):
    """An order of one line; `place` is where it waits: priority, then age."""

    status: str = "none"
    version: int = 0
    settled: int = 0
    quantity: int = 0
    reserved: int = 0
    waiting: int = 0
    shipped: int = 0
    cancelled: int = 0
    queued_at: int = 0
    place: tuple[int, int] = (5, 0)
    paid: int = 0


class Entry(NamedTuple):
    place: tuple[int, int]
    quantity: int = 0
    stamp: int = 0


class Effect(NamedTuple):
    """What a version of an order still means for stock; `marked` once applied, should it come again."""

    order: int
    version: int
    release: int
    queue: tuple[tuple[tuple[int, int], int], ...] = ()
    marked: bool = False


class Command(NamedTuple):
    """A command a client gives; commands of one `key` are the same one, sent twice."""

    kind: str
    order: int = 0
    units: int = 0
    key: str = ""
    wait: bool = False

    def __str__(self) -> str:
        whose = "" if self.kind in {"receipt", "count"} else f" {'ABC'[self.order]}"
        return f"{self.kind}{whose}{f' {self.units}' if self.units else ''}{' or wait' if self.wait else ''}"


Run = tuple[object, ...]
TODO: Run = ("todo",)
DONE: Run = ("done",)


class World(NamedTuple):
    stock: Stock
    orders: tuple[Order, ...]
    runs: tuple[Run, ...]
    entries: tuple[Entry, ...] = ()
    pending: tuple[Effect, ...] = ()
    consumer: Run | None = None
    filler: Run | None = None
    news: bool = False
    journal: frozenset[str] = frozenset()
    physical: int = 0
    """How many units really lie there."""
    over: bool = False
    """The time of all quotes is up."""
    in_order: bool = False
    """No record is lost: an order's effects come one after the other."""
    repeats: int = 0
    """How often effects may yet be delivered twice."""
    losses: int = 0
    """How often an answer may yet be lost."""
    crashes: int = 0
    """How often the filler may yet crash."""


class Refuted(AssertionError):
    """The protocol does what it must not."""


def moved(
    world: World, rules: Rules, *, on_hand: int = 0, reserved: int = 0, backordered: int = 0
) -> World | None:
    """Return the world with the counters moved, or None where one that falls would fall below zero."""
    old = world.stock
    available = on_hand - reserved
    new = Stock(
        old.on_hand + on_hand,
        old.reserved + reserved,
        old.available + available,
        old.backordered + backordered,
        old.seq + 1,
    )
    if available < 0 and new.available < 0 and rules.available:
        return None
    if (reserved < 0 and new.reserved < 0) or (backordered < 0 and new.backordered < 0):
        return None
    due = new.available > 0 and new.backordered > 0
    noticed = due and (rules.wake_on_state or new.available > old.available)
    return world._replace(stock=new, news=world.news or noticed)


def entry_at(world: World, place: tuple[int, int]) -> Entry:
    return next((one for one in world.entries if one.place == place), Entry(place))


def with_entry(world: World, entry: Entry, *, kept: bool) -> World:
    others = [one for one in world.entries if one.place != entry.place]
    return world._replace(entries=tuple(sorted([*others, entry] if entry.quantity or kept else others)))


def with_order(world: World, number: int, order: Order) -> World:
    return world._replace(orders=(*world.orders[:number], order, *world.orders[number + 1 :]))


def with_run(world: World, number: int, run: Run) -> World:
    return world._replace(runs=(*world.runs[:number], run, *world.runs[number + 1 :]))


def same(read: Order, order: Order, *, version: bool, settled: bool) -> bool:
    """Tell whether an order is as it was read, as far as the write looks."""
    return (not version or read.version == order.version) and (not settled or read.settled == order.settled)


def waits(world: World, place: tuple[int, int]) -> bool:
    """Tell whether the line that stands at a place still waits for goods."""
    order = world.orders[place[1]]
    return order.status == "confirmed" and order.place == place and order.waiting > 0


def check(world: World) -> None:
    """Raise Refuted unless what must hold at every moment holds."""
    stock = world.stock
    owed = [one for one in world.pending if not one.marked]
    if min(stock) < 0:
        raise Refuted(f"a counter is below zero: {stock}")
    if stock.available != stock.on_hand - stock.reserved:
        raise Refuted(f"available is not on hand less reserved: {stock}")
    if stock.on_hand != world.physical:
        raise Refuted(f"{stock.on_hand} on hand, but {world.physical} lie there")
    held = sum(one.reserved for one in world.orders) + sum(one.release for one in owed)
    if stock.reserved != held:
        raise Refuted(f"{stock.reserved} reserved, but orders and releases under way hold {held}")
    if stock.backordered != sum(one.quantity for one in world.entries):
        raise Refuted(f"{stock.backordered} back-ordered, but the queue is {world.entries}")
    for number, order in enumerate(world.orders):
        _check_order(number, order, world)
    _check_queue(world, owed)


def _check_order(number: int, order: Order, world: World) -> None:
    told = order.reserved + order.waiting + order.shipped + order.cancelled
    if min(order[1:9]) < 0:
        raise Refuted(f"a counter of an order is below zero: {order}")
    if order.status == "confirmed" and told != order.quantity:
        raise Refuted(f"the line does not add up: {order}")
    if order.paid != (f"settle{number}" in world.journal):
        raise Refuted(f"a payment was overwritten: {order}")


def _check_queue(world: World, owed: Iterable[Effect]) -> None:
    queued: dict[tuple[int, int], int] = {one.place: one.quantity for one in world.entries}
    for effect in owed:
        for place, units in effect.queue:
            queued[place] = queued.get(place, 0) + units
    for order in world.orders:
        if order.status == "confirmed" and order.waiting:
            queued[order.place] = queued.get(order.place, 0) - order.waiting
    if any(queued.values()):
        raise Refuted(f"the queue and what is under way to it do not make what orders wait for: {queued}")


def check_rest(world: World) -> None:
    """Raise Refuted where nothing is under way and yet somebody waits while goods lie there."""
    resting = not (world.pending or world.consumer or world.filler or world.news)
    if not resting or any(run not in (TODO, DONE) for run in world.runs):
        return
    if world.stock.available and any(one.status == "confirmed" and one.waiting for one in world.orders):
        raise Refuted(f"nobody is awake: {world.stock.available} lie there and somebody waits")
    if any(not one.quantity for one in world.entries):
        raise Refuted(f"an empty entry stays in the queue: {world.entries}")
