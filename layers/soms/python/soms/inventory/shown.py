"""How transfers and counts are shown: what goods cost only to those who may know."""

from collections.abc import Sequence
from decimal import Decimal

from soms.inventory import counts, settling, transit
from soms.inventory.counts import Count, CountLine
from soms.inventory.transit import Transfer, TransferLine
from soms.kit import money
from soms.kit.access import MANAGERS, READERS, Caller

Shown = dict[str, object]
COST = MANAGERS | READERS
KEPT = frozenset({"settled", "submitter", "request", "chosen"})
OF_SNAPSHOTS = frozenset({"reference", "taken_at", "complete", "matched", "unknown"})


def transfer(held: Transfer) -> Shown:
    """Show a transfer with its lines and what is still on its way."""
    return transfer_row(held) | {"lines": [_transfer_line(line) for line in held.lines]}


def transfer_row(held: Transfer) -> Shown:
    """Show a transfer as lists have it, without its lines."""
    row = held.model_dump(mode="json", by_alias=True, exclude={"lines", "settled"})
    units = {name: sum(getattr(line, name) for line in held.lines) for name in _UNITS}
    return row | units | {"allowed": transit.allowed(held)}


def count(held: Count, caller: Caller) -> Shown:
    """Show a count without its lines."""
    hidden = KEPT | (frozenset() if held.kind == "snapshot" else OF_SNAPSHOTS)
    hidden |= frozenset() if caller.is_any(COST) else {"value", "currency"}
    return held.model_dump(mode="json", exclude=set(hidden)) | {"allowed": counts.allowed(held)}


def lines(held: Count, rows: Sequence[CountLine], caller: Caller) -> list[Shown]:
    """Show lines of a count; their value at what a unit costs now."""
    differing = [line.sku for line in rows if line.variance]
    if not caller.is_any(COST) or not differing:
        return [_line(held, line, caller) for line in rows]
    settings, costs = settling.valued(differing)
    return [
        _line(held, line, caller) | {"value": _value(line, costs.get(line.sku), settings.currency)}
        for line in rows
    ]


_UNITS = ("quantity", "received", "returned", "lost", "in_transit")


def _transfer_line(line: TransferLine) -> Shown:
    return line.model_dump(mode="json") | {"in_transit": line.in_transit}


def _line(held: Count, line: CountLine, caller: Caller) -> Shown:
    trouble = line.trouble
    problem = None
    if trouble:
        detail = trouble.chinese if caller.language == "zh" else trouble.english
        problem = {"code": trouble.code, "detail": detail}
    row = {
        "sku": line.sku,
        "on_hand": line.on_hand,
        "counted": line.counted,
        "on_hand_when_counted": line.found_on_hand,
        "variance": line.variance,
        "moved_since_snapshot": line.moved_since_snapshot,
        "state": line.state,
        "counted_at": line.counted_at,
        "counted_by": line.counted_by,
        "note": line.note,
        "problem": problem,
    }
    return row | ({"named": line.named} if held.kind == "snapshot" else {"reason": line.reason})


def _value(line: CountLine, cost: Decimal | None, currency: str) -> str | None:
    """Return what a variance is worth, below zero for what is missing."""
    if cost is None or line.variance is None:
        return None
    return money.text(settling.rounded(line.variance * cost, currency), currency)
