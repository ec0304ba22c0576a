"""The walk by the clock: folds what moved, ranks, adds up, computes rules again; ends when its time does."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import partial

from soms.catalog import store as catalog
from soms.catalog.commands import zone
from soms.catalog.model import Product, Settings
from soms.inventory import figures, measures, reordering, store
from soms.inventory.figures import Total
from soms.inventory.folding import Class, Figures, Terms
from soms.inventory.measures import Shares
from soms.inventory.model import ReorderRule, Stock, StockItem
from soms.kit import aws, clock, items
from soms.kit.settings import Setting
from soms.kit.writes import Stale

CHUNK = 50
FOLDING = 0.6
"""The share of a warehouse's time after which no more is folded, so that what is there gets ranked."""
Room = Callable[[float], bool]
"""Tells whether less than this share of the time there is has been used."""


@dataclass
class Walked:
    """What a run did; `behind` is how many stock items it left for the next one."""

    folded: int = 0
    classified: int = 0
    ruled: int = 0
    behind: int = 0


@dataclass(frozen=True)
class _Line:
    """The figures of one SKU, as far as ranking and adding up need them."""

    seq: int
    units: int
    value: Decimal
    uncosted: int
    yearly: Decimal
    last_shipped_on: date | None
    stocked_on: date | None
    folded_at: str
    abc: Class
    dead: bool


@dataclass
class _Shelf:
    """A warehouse while it is walked: its figures by SKU, what moved on since, and the computed rules."""

    warehouse: str
    lines: dict[str, _Line]
    behind: dict[str, int]
    rules: dict[str, ReorderRule]
    shards: dict[str, int]


def run(room: Room, *, now: datetime) -> Walked:
    """Walk every warehouse, each for its share of the time; what is not reached comes first the next time."""
    settings, done = catalog.settings(), Walked()
    warehouses = catalog.warehouses()
    for number, warehouse in enumerate(warehouses):
        folding, rest = ((number + part) / len(warehouses) for part in (FOLDING, 1))
        _Walk(settings, now, done).through(warehouse.id, partial(room, folding), partial(room, rest))
    return done


class _Walk:
    def __init__(self, settings: Settings, now: datetime, done: Walked) -> None:
        self.settings, self.now, self.done = settings, now, done
        self.terms = Terms(zone(settings))
        self.today = now.astimezone(self.terms.zone).date()

    def through(self, warehouse: str, folding: Callable[[], bool], rest: Callable[[], bool]) -> None:
        """Walk one warehouse: fold while there is time for that, and do the rest while there is any."""
        shelf = self._read(warehouse)
        self._fold(shelf, folding)
        self._classify(shelf, rest)
        last, today = figures.find_total(warehouse), self.today.isoformat()
        ruled_on = last.ruled_on if last else None
        if ruled_on != today and self._rule(shelf, rest):
            ruled_on = today
        figures.put_total(self._total(shelf, ruled_on))
        self.done.behind += len(shelf.behind)

    def _read(self, warehouse: str) -> _Shelf:
        lines = {str(row["sku"]): self._line(figures.shown(row)) for row in figures.lines(warehouse)}
        shelf = _Shelf(warehouse, lines, {}, {}, {})
        for stock in store.together(_stocked(warehouse)):
            shelf.shards[stock.sku] = stock.shards
            line = lines.get(stock.sku)
            if stock.seq > (line.seq if line else 0):
                shelf.behind[stock.sku] = stock.seq
            if stock.rule and stock.rule.computed:
                shelf.rules[stock.sku] = stock.rule
        return shelf

    def _line(self, held: Figures) -> _Line:
        return _Line(
            seq=held.seq,
            units=held.units,
            value=held.value,
            uncosted=held.uncosted_units,
            yearly=measures.yearly_cost(held.cost_of_shipped, self.today),
            last_shipped_on=held.last_shipped_on,
            stocked_on=held.stocked_on,
            folded_at=held.folded_at or "",
            abc=held.abc,
            dead=held.dead,
        )

    def _fold(self, shelf: _Shelf, room: Callable[[], bool]) -> None:
        """Fold what moved on, what waited longest first."""
        lines = shelf.lines
        waiting = sorted(shelf.behind, key=lambda sku: (lines[sku].folded_at if sku in lines else "", sku))
        for chunk in _chunks(waiting):
            held = _held(chunk, shelf.warehouse)
            for before, product in held:
                if not room():
                    return
                self._advance(shelf, before, self._standard(product), room)

    def _advance(
        self, shelf: _Shelf, before: Figures, standard: Decimal | None, room: Callable[[], bool]
    ) -> None:
        terms, first = replace(self.terms, standard=standard), before.seq
        onwards = partial(figures.advance, terms=terms, shards=shelf.shards[before.sku], now=self.now)
        try:
            after = onwards(before)
            while after.seq - before.seq == figures.AT_ONCE and room():
                before, after = after, onwards(after)
            self.done.folded += after.seq > first
        except Stale:
            # Another run was quicker: what it made of them counts here, too.
            after = figures.get(StockItem(sku=before.sku, warehouse=before.warehouse))
        if after.seq:
            shelf.lines[after.sku] = self._line(after)
        if after.seq >= shelf.behind[after.sku]:
            del shelf.behind[after.sku]

    def _standard(self, product: Product | None) -> Decimal | None:
        """Return the product's own cost, where it is in the company's currency."""
        return product.cost if product and product.currency == self.settings.currency else None

    def _classify(self, shelf: _Shelf, room: Callable[[], bool]) -> None:
        shares = Shares(self.settings.abc_a_share, self.settings.abc_b_share)
        classes = measures.classes({sku: line.yearly for sku, line in shelf.lines.items()}, shares)
        after_days = self.settings.dead_stock_after_days
        for sku, line in shelf.lines.items():
            dead = measures.is_dead(
                line.units, line.last_shipped_on, line.stocked_on, self.today, after_days
            )
            if (line.abc, line.dead) != (classes[sku], dead) and room():
                figures.classify(StockItem(sku=sku, warehouse=shelf.warehouse), classes[sku], dead=dead)
                self.done.classified += 1

    def _total(self, shelf: _Shelf, ruled_on: str | None) -> Total:
        lines = shelf.lines.values()
        return Total(
            warehouse=shelf.warehouse,
            skus=len(lines),
            units=sum(line.units for line in lines),
            value=measures.total(line.value for line in lines),
            uncosted_units=sum(line.uncosted for line in lines),
            behind=len(shelf.behind),
            as_of=clock.stamp(self.now),
            ruled_on=ruled_on,
        )

    def _rule(self, shelf: _Shelf, room: Callable[[], bool]) -> bool:
        """Compute every computed rule again; tell whether there was time for all."""
        for chunk in _chunks(sorted(shelf.rules)):
            for held, _ in _held(chunk, shelf.warehouse):
                if not room():
                    return False
                item = StockItem(sku=held.sku, warehouse=held.warehouse)
                seen = shelf.rules[held.sku]
                self.done.ruled += reordering.recompute(item, seen, held, now=self.now, terms=self.terms)
        return True


def _stocked(warehouse: str) -> Iterator[Stock]:
    """Yield the stock of a warehouse as its index tells it, page after page."""
    rows = aws.query(
        Setting.INVENTORY, "warehouse = :warehouse", {":warehouse": warehouse}, index="by_warehouse"
    )
    # Alerts lie in the same index.
    return (Stock.model_validate(row) for row in rows if row["kind"] == "stock")


def _held(skus: Sequence[str], warehouse: str) -> Iterable[tuple[Figures, Product | None]]:
    """Return the figures and the product of each SKU."""
    wanted = [StockItem(sku=sku, warehouse=warehouse) for sku in skus]
    keys = [key for item in wanted for key in (figures.key(item), catalog.product_key(item.sku))]
    held = aws.get_many(keys, consistent=True)
    pairs: Iterable[tuple[StockItem, items.Item | None, items.Item | None]] = zip(
        wanted, held[::2], held[1::2], strict=True
    )
    return [(figures.of_item(item, one), catalog.product(product)) for item, one, product in pairs]


def _chunks(skus: Sequence[str]) -> Iterator[Sequence[str]]:
    return (skus[start : start + CHUNK] for start in range(0, len(skus), CHUNK))
