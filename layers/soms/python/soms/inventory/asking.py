"""Adjustments above the company's limit: they move nothing until somebody else approves."""

from datetime import datetime
from typing import Final

from soms.catalog import store as catalog
from soms.inventory import commands, papers, store
from soms.inventory.commands import Forego
from soms.inventory.counts import Count, CountLine
from soms.inventory.model import AdjustmentRequest, Stock
from soms.inventory.settling import Deed, commit, submitted
from soms.kit import clock, ids, items
from soms.kit.access import Caller
from soms.kit.writes import Stale, Writes, decide

ACCEPTED: Final = 202


class _Moved(Exception):
    """The stock item is not as it was when the limit was looked at."""


def adjust(
    sku: str,
    request: AdjustmentRequest,
    caller: Caller,
    *,
    now: datetime,
    forego: Forego | None = None,
) -> tuple[Stock, items.Item] | Count:
    """Change a stock item by hand, or return the paper that waits where so much needs approval."""
    limit = catalog.settings().adjustment_approval_above_units
    if limit is None:
        return commands.adjust(sku, request, caller, now=now, forego=forego)

    def attempt() -> tuple[Stock, items.Item] | Count:
        _, stock = commands.stocked(sku, request.warehouse)
        units = request.delta if request.delta is not None else (request.counted or 0) - stock.on_hand
        if abs(units) > limit:
            return _ask(stock, request, units, caller, now)

        def more(_writes: Writes, after: Stock) -> None:
            if request.counted is not None and after.seq != stock.seq + 1:
                raise _Moved

        try:
            return commands.adjust(sku, request, caller, now=now, more=more, forego=forego)
        except _Moved:
            raise Stale from None

    return decide(attempt)


def _ask(stock: Stock, request: AdjustmentRequest, units: int, caller: Caller, now: datetime) -> Count:
    line = CountLine(
        sku=stock.sku,
        on_hand=stock.on_hand,
        seq=stock.seq,
        counted=stock.on_hand + units,
        found_on_hand=stock.on_hand,
        found_seq=stock.seq,
        counted_at=clock.stamp(now),
        counted_by=caller.name,
        note=request.note,
        reason=request.reason,
        unit_cost=request.unit_cost,
    )
    paper = Count(
        id=ids.derived("adj", "adjustment", caller.command.entry or ""),
        kind="adjustment",
        warehouse=stock.warehouse,
        line_count=1,
        counted=1,
        note=request.note,
        created_at=clock.stamp(now),
        created_by=caller.name,
    )
    waiting = submitted(paper, [line], caller, now=now)

    def more(writes: Writes) -> None:
        papers.put_line(writes, paper.id, line, before=None, refused=store.stale)

    deed = Deed("adjustment.requested", status=ACCEPTED, more=more)
    return commit(None, waiting.model_copy(update={"status": "pending_approval"}), deed, caller, now=now)
