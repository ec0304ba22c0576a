"""Figures of stock items in the inventory table, and the totals of warehouses: read, folded on, written."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from itertools import islice
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
    return folded(held, movements.since(item, held.seq + 1), terms)


def advance(before: Figures, terms: Terms, *, now: datetime) -> Figures:
    """Fold the movements that came since and write the figures, or raise Stale: another run was quicker."""
    item = StockItem(sku=before.sku, warehouse=before.warehouse)
    after = folded(before, islice(movements.since(item, before.seq + 1), AT_ONCE), terms)
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
    stock, known = store.stock_of(item, shelf), of_item(item, held)
    if known.last_at is None or datetime.fromisoformat(known.last_at) <= end:
        start = known
    else:
        # What its cost was taken to be then is taken again, and nothing else.
        start = Figures(sku=item.sku, warehouse=item.warehouse, assumed_seq=known.assumed_seq)
        terms = Terms(terms.zone, known.assumed_cost)
    due, later = _due(movements.since(item, start.seq + 1), end)
    after = folded(start, due, terms)
    if after.seq != start.seq + len(due) or not (later or after.seq >= stock.seq):
        raise Unavailable(LAG)
    return after


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
