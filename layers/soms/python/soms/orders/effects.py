"""What follows from a changed order for stock, applied once for each version of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from soms.inventory import ledger
from soms.inventory import store as stock
from soms.inventory.model import Delta, StockItem
from soms.inventory.store import Cause
from soms.kit import access, aws, clock, journal
from soms.kit.problems import Unavailable
from soms.kit.streams import Change
from soms.kit.writes import MOST_ACTIONS, AlreadyDone, Writes, decide
from soms.orders import queue, store

CONSUMER = "stock"


@dataclass(frozen=True)
class Effect:
    """What a version of an order means for a stock item: units given back, and units that join its queue.

    `queued` maps a place in the queue to its units; below zero they leave.
    """

    item: StockItem
    released: int = 0
    queued: Mapping[str, int] = field(default_factory=dict)

    @property
    def delta(self) -> Delta:
        """Return by how much the stock item's counters move."""
        return Delta(reserved=-self.released, backordered=sum(self.queued.values()))

    @property
    def word(self) -> str:
        """Return the trade's word for the movement."""
        return "release" if self.released else "backorder" if self.delta.backordered > 0 else "unqueue"


def apply(changes: Sequence[Change]) -> None:
    """Apply the effects that each order image carries; the mark is the consumer's own journal entry."""
    for change in changes:
        image = change.new or {}
        effects = image.get("effects")
        if isinstance(effects, Mapping) and effects:
            apply_effects(str(image["id"]), int(str(image["version"])), str(image["entry"]), effects)


def apply_effects(order_id: str, version: int, entry: str, effects: Mapping[str, object]) -> None:
    """Release what a version of an order gave up and queue what it waits for; a second time changes nothing.

    Raises Unavailable where units leave a queue that they have not joined yet: it is to be tried again.
    """
    parts = list(_parts(told(effects)))
    for number, part in enumerate(parts, 1):
        # The last part has the mark by which the whole is known to be done.
        source = entry if number == len(parts) else f"{entry}#{number}"
        decide(partial(_apply, part, order_id, version, source))


def told(effects: Mapping[str, object]) -> list[Effect]:
    """Return the effects that an entry tells of, by stock item."""
    released, queued = effects.get("release") or {}, effects.get("queue") or {}
    if not isinstance(released, Mapping) or not isinstance(queued, Mapping):
        return []
    return [
        Effect(
            StockItem.named(name),
            int(str(released.get(name, 0))),
            {str(place): int(str(units)) for place, units in dict(queued.get(name, {})).items()},
        )
        for name in sorted(released.keys() | queued.keys())
    ]


def mark_of(entry: str) -> str:
    """Return the journal id by which the effects of an entry are known to have been applied."""
    return access.system(CONSUMER, entry).command.entry or ""


def _parts(effects: Iterable[Effect]) -> Iterator[list[Effect]]:
    """Cut effects into what one transaction holds beside its mark."""
    part: list[Effect] = []
    room = MOST_ACTIONS - 1
    for effect in effects:
        for piece in _pieces(effect):
            size = 1 + len(piece.queued)
            if size > room:
                yield part
                part, room = [], MOST_ACTIONS - 1
            part.append(piece)
            room -= size
    if part:
        yield part


def _pieces(effect: Effect) -> Iterator[Effect]:
    places, most = list(effect.queued.items()), MOST_ACTIONS - 2
    yield Effect(effect.item, effect.released, dict(places[:most]))
    for first in range(most, len(places), most):
        yield Effect(effect.item, queued=dict(places[first : first + most]))


def _apply(part: Sequence[Effect], order_id: str, version: int, source: str) -> None:
    caller = access.system(CONSUMER, source)
    event = journal.Event(
        name="stock.followed",
        aggregate=f"{ledger.EFFECTS}{order_id}",
        version=version,
        resource=("order", order_id),
        moved={str(one.item): one.delta.told(one.word) for one in part},
    )
    mark = journal.entry_id(caller, event.aggregate, version)
    writes = Writes()
    journal.record(writes, event, caller, at=clock.now())
    for one in part:
        cause = Cause(mark, one.word, f"order#{order_id}", CONSUMER)
        stock.move(writes, one.item, cause, one.delta, refused=stock.stale)
    _queue(writes, part, order_id, version, mark)
    try:
        writes.commit()
    except AlreadyDone:
        return


def _queue(writes: Writes, part: Sequence[Effect], order_id: str, version: int, mark: str) -> None:
    wanted = [(one.item, place, units) for one in part for place, units in one.queued.items()]
    held = aws.get_many((queue.key(item, place) for item, place, _ in wanted), consistent=True)
    found = [queue.entry_of(item, place, row) for (item, place, _), row in zip(wanted, held, strict=True)]
    pairs = [(before, units) for before, (_, _, units) in zip(found, wanted, strict=True)]
    if any(before.quantity + units < 0 for before, units in pairs):
        if journal.find(mark):
            return
        raise Unavailable
    # Only of what is used up it has to be known whether more is on its way.
    used_up = any(before.quantity + units == 0 for before, units in pairs)
    waiting = _waiting(order_id) if used_up else frozenset()
    for before, units in pairs:
        stamp = max(before.stamp, version)
        queue.write(writes, before, before.moved(units, stamp, waits=before.place in waiting))


def _waiting(order_id: str) -> frozenset[str]:
    """Return where an order waits as it stands now."""
    order = store.find(order_id)
    lines = order.lines if order else ()
    return frozenset(queue.place(order, line) for line in lines if order and line.backordered)
