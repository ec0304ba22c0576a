"""What another system says is on hand, against what our movements say was there at that instant."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, cast

from soms.catalog import store as catalog
from soms.catalog.commands import expected
from soms.inventory import counts, movements, papers, store
from soms.inventory.counts import MOST_IN_WAREHOUSE, AcceptRequest, Count, CountLine, SnapshotRequest
from soms.inventory.model import Stock, StockItem
from soms.inventory.posting import Adjust, broke_off, go_on
from soms.inventory.rules import repeated
from soms.inventory.settling import Deed, commit, shelves, submitted
from soms.kit import aws, bodies, clock, ids
from soms.kit.access import Caller
from soms.kit.fields import Code, Request
from soms.kit.problems import DuplicateReference, Fault, Invalid, NotFound, Unavailable
from soms.kit.writes import decide

CREATED: Final = 201
OLDEST: Final = timedelta(days=31)


class _Named(Request):
    """What a snapshot can be called."""

    snapshot_id: Code


def put(reference: str, request: SnapshotRequest, caller: Caller, *, now: datetime) -> tuple[Count, bool]:
    """Compare a snapshot with our movements; return the differences and whether it is new.

    Nothing is changed. Raises DuplicateReference where the id has come with other content.
    """
    bodies.validated(_Named, {"snapshot_id": reference})

    def attempt() -> tuple[Count, bool]:
        there = aws.get(*papers.reference_key(reference), consistent=True)
        if there is None:
            return _compared(reference, request, caller, now), True
        if there["request"] != caller.command.request:
            raise DuplicateReference
        return papers.count(str(there["count_id"])), False

    return decide(attempt)


def get(reference: str) -> Count:
    """Return what a snapshot came to, or raise NotFound."""
    there = aws.get(*papers.reference_key(reference), consistent=True)
    if there is None:
        raise NotFound
    return papers.count(str(there["count_id"]))


def accept(
    reference: str, request: AcceptRequest, caller: Caller, adjust: Adjust, *, now: datetime
) -> Count:
    """Take differences for true: they are posted, or wait for approval where a limit is exceeded."""

    def attempt() -> Count:
        before = get(reference)
        if broke_off(before, caller):
            return before
        expected(caller, before.version)
        counts.require(before, "accept")
        lines = papers.lines(before.id)
        chosen = _chosen(lines, request)
        said = submitted(before.model_copy(update={"chosen": chosen}), lines, caller, now=now)
        return commit(
            before, said, Deed("snapshot.accepted", resource=("snapshot", reference)), caller, now=now
        )

    accepted = decide(attempt)
    return go_on(accepted, caller, adjust, now=now) if accepted.status == "approved" else accepted


def _compared(reference: str, request: SnapshotRequest, caller: Caller, now: datetime) -> Count:
    said, unknown = _known(request, now)
    at = clock.stamp(request.taken_at)
    unnamed = _others(request.warehouse, said, unknown) if request.complete else {}
    held = shelves(request.warehouse, sorted(said)) | unnamed
    lines = [
        line
        for sku, stock in held.items()
        if (line := _line(stock, said.get(sku), at, caller, now)) and line.variance
    ]
    # The body is part of the id, so that lines left behind by an attempt that broke off are the right ones.
    count_id = ids.derived("snp", "snapshot", reference, caller.command.request)
    many = papers.add_lines(count_id, lines)
    count = Count(
        id=count_id,
        kind="snapshot",
        status="compared",
        warehouse=request.warehouse,
        line_count=many,
        counted=many,
        matched=sum(sku in said for sku in held) - sum(line.named for line in lines),
        unknown=tuple(unknown),
        reference=reference,
        taken_at=at,
        complete=request.complete,
        request=caller.command.request,
        created_at=clock.stamp(now),
        created_by=caller.name,
    )
    deed = Deed(
        "snapshot.compared",
        resource=("snapshot", reference),
        status=CREATED,
        more=lambda writes: papers.put_reference(writes, reference, count),
    )
    return commit(None, count, deed, caller, now=now)


def _known(request: SnapshotRequest, now: datetime) -> tuple[dict[str, int], list[str]]:
    """Return what is said of SKUs that we stock, and the others; raise Invalid if nothing can be compared."""
    faults = repeated([line.sku for line in request.lines], "/lines/{}/sku")
    if request.taken_at > now:
        faults.append(Fault("in_the_future", ("must not be in the future", "不得晚于当前时间"), "/taken_at"))
    if request.taken_at < now - OLDEST:
        words = (f"at most {OLDEST.days} days ago", f"不得早于 {OLDEST.days} 天前")
        faults.append(Fault("too_long_ago", words, "/taken_at"))
    keys = [catalog.product_key(line.sku) for line in request.lines]
    warehouse, *held = aws.get_many([catalog.warehouse_key(request.warehouse), *keys], consistent=True)
    if catalog.warehouse_of(request.warehouse, warehouse) is None:
        faults.append(Fault("unknown_warehouse", ("no such warehouse", "没有该仓库"), "/warehouse"))
    if faults:
        raise Invalid(*faults)
    products = [catalog.product(item) for item in held]
    stocked = {one.sku for one in products if one and one.stocked}
    said = {line.sku: line.on_hand for line in request.lines if line.sku in stocked}
    return said, [line.sku for line in request.lines if line.sku not in stocked]


def _others(warehouse: str, said: Mapping[str, int], unknown: Sequence[str]) -> dict[str, Stock]:
    """Return what lies in a warehouse beside what was said, or raise Invalid where that is too much."""
    page = store.in_warehouse(warehouse, limit=MOST_IN_WAREHOUSE, after=None)
    if page.next_position:
        words = (
            f"more than {MOST_IN_WAREHOUSE} SKUs lie in this warehouse; send parts that are not complete",
            f"该仓库超过 {MOST_IN_WAREHOUSE} 个 SKU，请分批发送且不标 complete",
        )
        raise Invalid(Fault("too_many_lines", words, "/complete", meta={"limit": MOST_IN_WAREHOUSE}))
    found = store.together(Stock.model_validate(row) for row in page.rows)
    return {one.sku: one for one in found if one.sku not in said and one.sku not in unknown}


def _line(stock: Stock, said: int | None, at: str, caller: Caller, now: datetime) -> CountLine:
    """Return what was said (None: it was not named, so none was there) against our balance at an instant."""
    parts = [stock] if stock.shards == 1 else store.beside(store.get(stock.item))
    balances = [_balance(part, at) for part in parts]
    on_hand, seq = (sum(figures) for figures in zip(*balances, strict=True))
    return CountLine(
        sku=stock.sku,
        on_hand=on_hand,
        seq=seq,
        counted=said or 0,
        found_on_hand=on_hand,
        found_seq=seq,
        counted_at=clock.stamp(now),
        counted_by=caller.name,
        named=said is not None,
    )


def _balance(stock: Stock, at: str) -> tuple[int, int]:
    """Return what was on hand at an instant and its `seq`, as the movements tell it.

    Raises Unavailable while a movement that may belong before the instant is still on its way.
    """
    if not stock.seq:
        return 0, 0
    newest, row = movements.until(StockItem(sku=stock.sku, warehouse=stock.warehouse), at)
    # What is missing is newer than the newest movement, so it matters only where that is before the instant.
    if newest < stock.seq and (not newest or (row is not None and row["seq"] == newest)):
        raise Unavailable(retry_after=2)
    if row is None:
        return 0, 0
    return int(str(cast("Mapping[str, object]", row["balance"])["on_hand"])), int(str(row["seq"]))


def _chosen(lines: Sequence[CountLine], request: AcceptRequest) -> tuple[str, ...] | None:
    if request.skus is None:
        return None
    faults = repeated(request.skus, "/skus/{}")
    there = {line.sku for line in lines}
    for index, sku in enumerate(request.skus):
        if sku not in there:
            words = (f"{sku} does not differ", f"{sku} 没有差异")
            faults.append(Fault("no_difference", words, f"/skus/{index}", meta={"sku": sku}))
    if faults:
        raise Invalid(*faults)
    return tuple(request.skus)
