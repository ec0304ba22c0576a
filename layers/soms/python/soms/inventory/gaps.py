"""Movements that were lost: told again where the journal and their neighbours tell them exactly."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import combinations, permutations

from soms.inventory import ledger, movements
from soms.inventory.model import COUNTERS, Delta, Stock, StockItem
from soms.kit import items, journal

LONGEST = timedelta(seconds=60)
"""After so long whatever began to write is over: its function has been stopped."""
MOST_TANGLED = 6
BESIDE = 16
"""So many more movements are read as entries are known: what was written meanwhile has none yet."""


@dataclass(frozen=True)
class Rebuilt:
    """One change of a stock item as its stream would have told it."""

    before: items.Item
    after: items.Item
    at: datetime


@dataclass(frozen=True)
class Lost:
    """The movements a stock item lacks: those that can be told, and how many cannot."""

    told: list[Rebuilt] = field(default_factory=list)
    untold: int = 0


@dataclass(frozen=True)
class _Entry:
    """One write to a stock item, as the journal tells it; `pinned` is its `seq` where that is known."""

    id: str
    at: datetime
    thread: str
    version: int
    follows: bool
    pinned: int | None
    moved: Delta

    def precedes(self, other: "_Entry") -> bool:
        """Tell whether it was certainly written first; what is pinned needs no telling."""
        if self.pinned or other.pinned or other.at - self.at > LONGEST:
            return True
        together = bool(self.thread) and self.thread == other.thread
        return together and not self.follows and self.version < other.version + other.follows


class _Unclear(Exception):
    """What the journal holds does not make what the stock item holds."""


def lost(held: items.Item, rows: Sequence[items.Item], *, before: datetime) -> Lost:
    """Find the movements that a stock item lacks, by the journal's rows that name it.

    Only what was written before `before` is told and counted: the rest is on its way.
    """
    stock = Stock.model_validate(held)
    item = StockItem(sku=stock.sku, warehouse=stock.warehouse)
    first = stock.seq - len(rows) + 1
    there = {int(str(one["seq"])): one for one in movements.since(item, first - BESIDE)}
    caused = {str(one["cause"]) for one in there.values()}
    entries = [_entry(row, item) for row in rows if str(row["id"]) not in caused]
    due = [one for one in entries if one.at < before]
    if not due:
        return Lost()
    missing = [seq for seq in range(max(first, 1), stock.seq + 1) if seq not in there]
    try:
        pairs = _Shelf(stock, there).fill(missing, entries)
    except _Unclear:
        return Lost(untold=len(due))
    known = journal.find_many(entry.id for entry, _, _ in pairs if entry.at < before)
    told = [
        Rebuilt(_image(old), _image(new) | cause, entry.at)
        for entry, old, new in pairs
        if entry.id in known and (cause := ledger.cause_of(known[entry.id], item))
    ]
    return Lost(told, len(due) - len(told))


class _Shelf:
    """What a stock item held after each of its writes, as far as that is known."""

    def __init__(self, stock: Stock, there: Mapping[int, items.Item]) -> None:
        self.stock, self.there = stock, there
        nothing = Stock(sku=stock.sku, warehouse=stock.warehouse)
        self.after = {0: nothing} | {seq: _balance(nothing, row) for seq, row in there.items()}

    def fill(self, missing: Sequence[int], entries: Sequence[_Entry]) -> list[tuple[_Entry, Stock, Stock]]:
        """Return what each write did whose place is certain; raise _Unclear where nothing fits."""
        found: list[tuple[_Entry, Stock, Stock]] = []
        rest = list(missing)
        for part in _parts(_placed(missing, entries)):
            seqs, rest = rest[: len(part)], rest[len(part) :]
            fitting = [(order, states) for order in _orders(part) if (states := self._walk(seqs, order))]
            if not fitting:
                raise _Unclear
            order, states = fitting[0]
            if len(fitting) == 1:
                found += [(one, *pair) for one, pair in zip(order, states, strict=True)]
            self.after[seqs[-1]] = states[-1][1]
        return found

    def _walk(self, seqs: Sequence[int], order: Sequence[_Entry]) -> list[tuple[Stock, Stock]]:
        """Return the states before and after each write in this order; nothing where it does not fit."""
        states: list[tuple[Stock, Stock]] = []
        for seq, entry in zip(seqs, order, strict=True):
            carried = states[-1][1] if states and states[-1][1].seq == seq - 1 else None
            before = self.after.get(seq - 1, carried)
            if before is None:
                return []
            after = _moved(before, entry)
            if not self._fits(after, entry):
                return []
            states.append((before, after))
        return states

    def _fits(self, after: Stock, entry: _Entry) -> bool:
        following = self.there.get(after.seq + 1)
        if min(_counters(after)) < 0:
            return False
        if after.seq == self.stock.seq:
            return entry.id == self.stock.cause and _counters(after) == _counters(self.stock)
        return following is None or _counters(after) == _start(following)


def _entry(row: items.Item, item: StockItem) -> _Entry:
    aggregate, version = str(row["aggregate"]), int(str(row["version"]))
    told, own = ledger.moved_in(row, item), aggregate == f"stock#{item}"
    moved = Delta.heard(told)
    return _Entry(
        id=str(row["id"]),
        at=datetime.fromisoformat(str(row["at_key"]).partition("#")[0]),
        thread="" if own else aggregate.replace(ledger.EFFECTS, "order#"),
        version=version,
        # What fills a back-order comes, as effects do, at some time after the command of its version.
        follows=aggregate.startswith(ledger.EFFECTS) or moved.reserved > 0 > moved.backordered,
        # Whoever changes a stock item by itself does so on the condition of the `seq` it read.
        pinned=version if own else None,
        moved=moved,
    )


def _placed(missing: Sequence[int], entries: Sequence[_Entry]) -> list[_Entry]:
    """Return the entries in the order of the missing movements: pinned at their own, others by time."""
    pinned = {one.pinned: one for one in entries if one.pinned}
    others = sorted((one for one in entries if not one.pinned), key=lambda one: (one.at, one.version))
    if len(missing) != len(entries) or not pinned.keys() <= set(missing):
        raise _Unclear
    waiting = iter(others)
    return [pinned[seq] if seq in pinned else next(waiting) for seq in missing]


def _parts(placed: Sequence[_Entry]) -> Iterator[list[_Entry]]:
    """Cut where all before was certainly written before all after."""
    part: list[_Entry] = []
    reach = 0
    for place, one in enumerate(placed):
        part.append(one)
        tangled = (later for later in range(place + 1, len(placed)) if not one.precedes(placed[later]))
        reach = max(reach, *tangled, place)
        if reach == place:
            yield part
            part = []


def _orders(part: Sequence[_Entry]) -> Iterator[list[_Entry]]:
    """Yield the orders in which a part may have been written; what is pinned stays where it is."""
    others = [one for one in part if not one.pinned]
    if len(others) > MOST_TANGLED:
        raise _Unclear
    for order in permutations(others):
        if not any(later.precedes(one) for one, later in combinations(order, 2)):
            waiting = iter(order)
            yield [one if one.pinned else next(waiting) for one in part]


def _moved(before: Stock, entry: _Entry) -> Stock:
    moved = {name: getattr(before, name) + units for name, units in entry.moved.counters().items()}
    return before.model_copy(update=moved | {"seq": before.seq + 1})


def _balance(nothing: Stock, row: items.Item) -> Stock:
    return Stock.model_validate({**nothing.model_dump(), **_part(row, "balance"), "seq": row["seq"]})


def _start(row: items.Item) -> tuple[int, ...]:
    """Return the counters before a movement."""
    balance, delta = _part(row, "balance"), _part(row, "delta")
    return tuple(int(str(balance[name])) - int(str(delta.get(name, 0))) for name in COUNTERS)


def _part(row: items.Item, name: str) -> Mapping[str, object]:
    part = row[name]
    return part if isinstance(part, Mapping) else {}


def _counters(stock: Stock) -> tuple[int, ...]:
    return tuple(getattr(stock, name) for name in COUNTERS)


def _image(stock: Stock) -> items.Item:
    return stock.model_dump(mode="json", exclude={"rule", "cause"}) | {"kind": "stock"}
