"""Counting what lies on the shelves: a count is opened, its lines are noted, and it is submitted."""

from collections.abc import Sequence
from datetime import datetime

from soms.catalog import store as catalog
from soms.catalog.commands import expected
from soms.inventory import counts, papers, store
from soms.inventory.counts import MOST_LINES, Count, CountLine, CountRequest, FoundRequest, SubmitRequest
from soms.inventory.model import Stock, StockItem
from soms.inventory.rules import repeated, unstocked
from soms.inventory.settling import Deed, commit, found, require_movable, shelves, submitted
from soms.kit import aws, clock, ids, journal
from soms.kit.access import Caller
from soms.kit.problems import Fault, Invalid, NotFound
from soms.kit.writes import MOST_ACTIONS, Writes, decide

CREATED = 201
A_FEW = 20


def open_count(request: CountRequest, caller: Caller, *, now: datetime) -> Count:
    """Open a count: what is on hand of every SKU now is kept line by line."""
    # The body is part of the id, so that lines left behind by an attempt that broke off are the right ones.
    count_id = ids.derived("cnt", "count", caller.command.entry or "", caller.command.request)

    def attempt() -> Count:
        skus = _counted_skus(request)
        held = shelves(request.warehouse, skus)
        lines = [CountLine(sku=sku, on_hand=held[sku].on_hand, seq=held[sku].seq) for sku in skus]
        count = Count(
            id=count_id,
            warehouse=request.warehouse,
            line_count=papers.add_lines(count_id, lines),
            note=request.note,
            created_at=clock.stamp(now),
            created_by=caller.name,
        )
        return commit(None, count, Deed("count.started", status=CREATED), caller, now=now)

    return decide(attempt)


def note(
    count_id: str, sku: str, request: FoundRequest, caller: Caller, *, now: datetime
) -> tuple[Count, CountLine]:
    """Note how many units were found, against what is on hand at this moment."""

    def attempt() -> tuple[Count, CountLine]:
        count, before, stock = _line(count_id, sku)
        expected(caller, before.version)
        counts.require(count, "count")
        after = found(before, stock, request.counted, caller, now=now)
        require_movable(after, "/counted")
        after = after.model_copy(update={"note": request.note})
        event = journal.Event(
            name="count.noted",
            aggregate=f"{count_id}/{sku}",
            version=after.version,
            resource=("count_line", f"{count_id}/{sku}"),
            changes={"counted": [before.counted, after.counted]},
        )
        writes = Writes()
        journal.record(writes, event, caller, at=now)
        papers.put_line(writes, count_id, after, before=before, refused=store.stale)
        first = int(before.counted is None)
        papers.note(writes, count_id, counted=first, refused=store.stale)
        writes.commit()
        return count, after

    return decide(attempt)


def submit(count_id: str, request: SubmitRequest, caller: Caller, *, now: datetime) -> Count:
    """Close counting; the variances are approved, or wait for approval where a limit is exceeded."""

    def attempt() -> Count:
        count, lines = _closing(count_id, caller)
        uncounted = [line for line in lines if line.counted is None]
        if uncounted and request.uncounted is None:
            raise Invalid(_uncounted(uncounted))
        if uncounted and request.uncounted == "zero":
            _found_nothing(count, uncounted, caller, now)
            count, lines = _closing(count_id, caller)
        said = count.model_copy(update={"uncounted": request.uncounted})
        after = submitted(said, lines, caller, now=now)
        return commit(count, after, Deed("count.submitted"), caller, now=now)

    return decide(attempt)


def _counted_skus(request: CountRequest) -> list[str]:
    """Return the SKUs to be counted, or raise Invalid for what cannot be."""
    faults = repeated(request.skus or (), "/skus/{}")
    skus = sorted(request.skus or ())
    keys = [catalog.warehouse_key(request.warehouse), *(catalog.product_key(sku) for sku in skus)]
    warehouse, *held = aws.get_many(keys, consistent=True)
    if catalog.warehouse_of(request.warehouse, warehouse) is None:
        faults.append(Fault("unknown_warehouse", ("no such warehouse", "没有该仓库"), "/warehouse"))
    for sku, item in zip(skus, held, strict=True):
        faults += unstocked(sku, catalog.product(item), f"/skus/{(request.skus or ()).index(sku)}")
    if faults:
        raise Invalid(*faults)
    return skus if request.category is None else _of_category(request.category)


def _of_category(category: str) -> list[str]:
    page = catalog.products(category=category, active=None, limit=MOST_LINES * 2, after=None)
    skus = [one.sku for one in map(catalog.product, page.rows) if one and one.stocked]
    if not skus:
        words = ("nothing in this category is kept in stock", "该类别没有管理库存的商品")
        raise Invalid(Fault("nothing_to_count", words, "/category"))
    if len(skus) > MOST_LINES or page.next_position:
        words = (f"at most {MOST_LINES} lines at once", f"一次最多 {MOST_LINES} 行")
        raise Invalid(Fault("too_many_lines", words, "/category", meta={"limit": MOST_LINES}))
    return skus


def _line(count_id: str, sku: str) -> tuple[Count, CountLine, Stock]:
    count = papers.count(count_id)
    item = StockItem.model_construct(sku=sku, warehouse=count.warehouse)
    row, held = aws.get_many([papers.line_key(count_id, sku), store.key(item)], consistent=True)
    if row is None:
        raise NotFound
    (stock,) = store.together([store.stock_of(item, held)])
    return count, CountLine.model_validate(row), stock


def _closing(count_id: str, caller: Caller) -> tuple[Count, list[CountLine]]:
    count = papers.count(count_id)
    expected(caller, count.version)
    counts.require(count, "submit")
    return count, papers.lines(count_id)


def _uncounted(lines: Sequence[CountLine]) -> Fault:
    words = (
        f"{len(lines)} lines are not counted; say whether to skip them or to take them as zero",
        f"有 {len(lines)} 行未盘点，须说明跳过 skip 还是按零 zero 处理",
    )
    named = [line.sku for line in lines[:A_FEW]]
    return Fault("uncounted_lines", words, "/uncounted", meta={"lines": len(lines), "skus": named})


def _found_nothing(count: Count, lines: Sequence[CountLine], caller: Caller, now: datetime) -> None:
    """Note that nothing is there of what nobody counted, at this moment; what is done stays done."""
    held = shelves(count.warehouse, [line.sku for line in lines])
    noted = [(line, found(line, held[line.sku], 0, caller, now=now)) for line in lines]
    for _, after in noted:
        require_movable(after, "/uncounted")
    for start in range(0, len(noted), MOST_ACTIONS - 1):
        part = noted[start : start + MOST_ACTIONS - 1]
        writes = Writes()
        papers.note(writes, count.id, counted=len(part), refused=store.stale)
        for before, after in part:
            papers.put_line(writes, count.id, after, before=before, refused=store.stale)
        writes.commit()
