"""Figures of stock items in the inventory table, and the totals of warehouses: read, folded on, written."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from heapq import merge
from itertools import islice, takewhile
from typing import Final

from soms.inventory import movements, store
from soms.inventory.folding import Class, Figures, Terms, folded
from soms.inventory.model import StockItem
from soms.inventory.store import Key
from soms.kit import aws, clock, items, paging
from soms.kit.fields import Code, Frozen
from soms.kit.problems import Unavailable
from soms.kit.settings import Setting
from soms.kit.writes import Writes

AT_ONCE: Final = 2_000
"""So many movements are folded before the figures are written."""
MOST_REFOLDED: Final = 50_000
CLASSES: Final[tuple[Class, ...]] = ("A", "B", "C")
LAG: Final = 5
"""Seconds after which a movement that is on its way is asked for again."""


class Total(Frozen):
    """What a warehouse's figures added up to at an instant; `behind` stock items had moved on by then.

    `ruled_on` is the day on which the computed reorder rules were computed last.
    """

    warehouse: Code
    skus: int
    units: int
    value: Decimal
    uncosted_units: int
    behind: int
    as_of: str
    ruled_on: str | None = None


class TooManyMovements(Exception):
    """There are more movements than a request can fold."""


def key(item: StockItem) -> Key:
    """Return where the figures of a stock item lie."""
    return Setting.INVENTORY, {"pk": f"figures#{item.sku}", "sk": item.warehouse}


def of_item(item: StockItem, held: items.Item | None) -> Figures:
    """Return the figures an item holds; what was never folded has none."""
    return shown(held) if held else Figures(sku=item.sku, warehouse=item.warehouse)


def get(item: StockItem) -> Figures:
    """Return the figures of a stock item as they were written last."""
    return of_item(item, aws.get(*key(item), consistent=True))


def shown(row: items.Item) -> Figures:
    """Return the figures that an item or a row of the index holds."""
    return Figures.model_validate({**row, "warehouse": row["sk"]})


def of_sku(sku: str) -> list[Figures]:
    """Return the figures of a SKU in every warehouse where they were folded."""
    rows = aws.query(Setting.INVENTORY, "pk = :pk", {":pk": f"figures#{sku}"}, consistent=True)
    return [shown(row) for row in rows]


def listed(
    warehouse: str, *, abc: Class | None, dead: bool | None, limit: int, after: str | None
) -> paging.Page:
    """Return one page of a warehouse's figures by SKU, without those by day; of a class where asked."""
    shards = [
        _class_key(warehouse, one, dead=state)
        for one in CLASSES
        if abc in {None, one}
        for state in (False, True)
        if dead in {None, state}
    ]
    return paging.listed(
        Setting.INVENTORY,
        "by_class",
        shards,
        partition="class_key",
        key="sku",
        limit=limit,
        after=after,
        newest_first=False,
    )


def lines(warehouse: str) -> Iterable[items.Item]:
    """Yield the index rows of all figures of a warehouse, class by class."""
    for abc in CLASSES:
        for dead in (False, True):
            name = _class_key(warehouse, abc, dead=dead)
            yield from aws.query(
                Setting.INVENTORY, "class_key = :class", {":class": name}, index="by_class"
            )


def current(item: StockItem, terms: Terms) -> Figures:
    """Return the figures as the movements that are there make them now; nothing is written."""
    held = get(item)
    return folded(held, _following(held, store.get(item).shards), terms)


def advance(before: Figures, terms: Terms, *, shards: int = 1, now: datetime) -> Figures:
    """Fold the movements that came since and write the figures, or raise Stale: another run was quicker."""
    after = folded(before, islice(_following(before, shards), AT_ONCE), terms)
    if after.seq > before.seq:
        after = after.model_copy(update={"folded_at": clock.stamp(now)})
        writes = Writes()
        writes.put(
            Setting.INVENTORY,
            _item(after),
            condition="seq = :seq" if before.seq else "attribute_not_exists(pk)",
            values={":seq": before.seq} if before.seq else None,
            refused=store.stale,
        )
        writes.commit()
    return after


def _following(held: Figures, shards: int) -> Iterable[items.Item]:
    """Yield the movements that follow on figures; those of several shards as they happened."""
    return merge(*_streams(held, shards), key=_when)


def _streams(held: Figures, shards: int) -> list[Iterable[items.Item]]:
    """Return the movements of each shard that follow on figures, each up to the first that is missing."""
    item = StockItem(sku=held.sku, warehouse=held.warehouse)
    done = {number: held.parts.get(str(number), 0) for number in range(1, shards)}
    first = held.seq - sum(done.values())
    return [_in_a_row(item.of_shard(number), seq) for number, seq in ({0: first} | done).items()]


def _in_a_row(item: StockItem, seq: int) -> Iterator[items.Item]:
    rows = movements.since(item, seq + 1)
    return (row for number, row in takewhile(_is_next, enumerate(rows, seq + 1)))


def _is_next(pair: tuple[int, items.Item]) -> bool:
    return int(str(pair[1]["seq"])) == pair[0]


def _when(row: items.Item) -> str:
    return str(row["at"])


def classify(item: StockItem, abc: Class, *, dead: bool) -> None:
    """Note the class of a stock item and whether it is dead; its figures stay as they are."""
    writes = Writes()
    writes.update(
        *key(item),
        "SET abc = :abc, dead = :dead, class_key = :class_key",
        values={":abc": abc, ":dead": dead, ":class_key": _class_key(item.warehouse, abc, dead=dead)},
        condition="attribute_exists(pk)",
        refused=store.stale,
    )
    writes.commit()


def until(item: StockItem, end: datetime, terms: Terms) -> Figures:
    """Return the figures as they were at an instant, exactly: by the movements until then, folded again.

    Raises Unavailable while one of them is on its way, TooManyMovements where there are too many.
    """
    shelf, held = aws.get_many([store.key(item), key(item)], consistent=True)
    shards, known = store.beside(store.stock_of(item, shelf)), of_item(item, held)
    if known.last_at is None or datetime.fromisoformat(known.last_at) <= end:
        start = known
    else:
        # What its cost was taken to be then is taken again, and nothing else.
        start = Figures(sku=item.sku, warehouse=item.warehouse, assumed_seq=known.assumed_seq)
        terms = Terms(terms.zone, known.assumed_cost)
    due: list[list[items.Item]] = []
    for number, (rows, stock) in enumerate(zip(_streams(start, len(shards)), shards, strict=True)):
        found, later = _due(rows, end)
        reached = _reached(start, number) + len(found)
        if not later and reached < stock.seq:
            raise Unavailable(LAG)
        due.append(found)
    return folded(start, merge(*due, key=_when), terms)


def _reached(held: Figures, number: int) -> int:
    """Return up to which `seq` the movements of a shard are folded."""
    return held.parts.get(str(number), 0) if number else held.seq - sum(held.parts.values())


def _due(rows: Iterable[items.Item], end: datetime) -> tuple[list[items.Item], bool]:
    """Return the movements until an instant, and whether there is a later one."""
    due: list[items.Item] = []
    for row in rows:
        if datetime.fromisoformat(str(row["at"])) > end:
            return due, True
        if len(due) == MOST_REFOLDED:
            raise TooManyMovements
        due.append(row)
    return due, False


def find_total(warehouse: str) -> Total | None:
    """Return the totals of a warehouse as they were computed last, or None."""
    held = aws.get(*_total_key(warehouse), consistent=True)
    return Total.model_validate(held) if held else None


def put_total(total: Total) -> None:
    """Write the totals of a warehouse over the last ones."""
    table, name = _total_key(total.warehouse)
    writes = Writes()
    writes.put(table, {**name, "kind": "stock_total", **total.model_dump(mode="json", exclude_none=True)})
    writes.commit()


def _total_key(warehouse: str) -> Key:
    return Setting.JOBS, {"pk": "stock-totals", "sk": warehouse}


def _class_key(warehouse: str, abc: Class, *, dead: bool) -> str:
    return f"{warehouse}#{abc}#{'dead' if dead else 'live'}"


def _item(figures: Figures) -> items.Item:
    # Without `warehouse`, which would list it among the stock of that warehouse.
    return figures.model_dump(mode="json", exclude_none=True, exclude={"warehouse"}) | {
        **key(StockItem(sku=figures.sku, warehouse=figures.warehouse))[1],
        "kind": "figures",
        "class_key": _class_key(figures.warehouse, figures.abc, dead=figures.dead),
    }
