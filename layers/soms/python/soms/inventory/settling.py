"""What all counts have in common: shelves, values, limits, and how they are written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from soms.catalog import store as catalog
from soms.catalog.model import Settings
from soms.inventory import counts, papers, store
from soms.inventory.counts import MOST_VARIANCE, Count, CountLine
from soms.inventory.model import Stock, StockItem
from soms.kit import aws, clock, journal, money
from soms.kit.access import Caller
from soms.kit.problems import Fault, Invalid
from soms.kit.writes import Writes

OK = 200


def found(
    line: CountLine, stock: Stock, counted: int, caller: Caller, *, now: datetime
) -> CountLine:
    """Return a line with what was found, and what is on hand at that moment."""
    said = {
        "version": line.version + 1,
        "counted": counted,
        "found_on_hand": stock.on_hand,
        "found_seq": stock.seq,
        "counted_at": clock.stamp(now),
        "counted_by": caller.name,
    }
    return line.model_copy(update=said)


def submitted(count: Count, lines: Sequence[CountLine], caller: Caller, *, now: datetime) -> Count:
    """Return a count with what its variances make, approved unless a limit of the settings is exceeded."""
    differing = counts.differing(count, lines)
    settings, costs = valued([line.sku for line in differing])
    made = counts.totals(differing, costs)
    said = {
        "status": "pending_approval" if counts.asks(count.kind, made, settings) else "approved",
        "surplus": made.surplus,
        "shortage": made.shortage,
        "value": rounded(made.value, settings.currency),
        "currency": settings.currency,
        "submitted_at": clock.stamp(now),
        "submitted_by": caller.name,
        "submitter": caller.principal,
    }
    return count.model_copy(update=said)


@dataclass(frozen=True)
class Deed:
    """What a command did to a count: its event, its answer, and what else it wrote."""

    event: str
    resource: tuple[str, str] | None = None
    status: int = OK
    reason: str | None = None
    more: Callable[[Writes], None] | None = None


def commit(before: Count | None, count: Count, deed: Deed, caller: Caller, *, now: datetime) -> Count:
    """Write a count in its next version, with its journal entry; return it."""
    after = count.model_copy(update={"version": before.version + 1 if before else 1})
    event = journal.Event(
        name=deed.event,
        aggregate=f"count#{after.id}",
        version=after.version,
        resource=deed.resource or ("count", after.id),
        status=deed.status,
        changes={"status": [before.status if before else None, after.status]},
        reason=deed.reason,
    )
    writes = Writes()
    journal.record(writes, event, caller, at=now)
    papers.put_count(writes, after, before=before)
    if deed.more:
        deed.more(writes)
    writes.commit()
    return after


def shelves(warehouse: str, skus: Sequence[str]) -> dict[str, Stock]:
    """Return the counters of SKUs in a warehouse as they stand now."""
    wanted = [StockItem(sku=sku, warehouse=warehouse) for sku in skus]
    held = aws.get_many((store.key(item) for item in wanted), consistent=True)
    stocks = store.together(store.stock_of(item, row) for item, row in zip(wanted, held, strict=True))
    return {one.sku: one for one in stocks}


def valued(skus: Sequence[str]) -> tuple[Settings, dict[str, Decimal]]:
    """Return the settings and what a unit of each SKU costs, where the company's currency tells."""
    held = aws.get_many([catalog.SETTINGS, *(catalog.product_key(sku) for sku in skus)])
    settings = catalog.settings_of(held[0])
    products = [one for one in map(catalog.product, held[1:]) if one]
    own = [one for one in products if one.currency == settings.currency]
    costs = {one.sku: one.cost for one in own if one.cost is not None}
    return settings, costs


def rounded(value: Decimal, currency: str) -> Decimal:
    """Return a value with the currency's digits, rounded half up; it may be larger than any amount billed."""
    return value.quantize(Decimal(1).scaleb(-money.exponent(currency)), ROUND_HALF_UP)


def require_movable(line: CountLine, pointer: str) -> None:
    """Raise Invalid for a variance that no adjustment moves."""
    if abs(line.variance or 0) > MOST_VARIANCE:
        words = (
            f"{line.sku}: {line.found_on_hand} on hand; at most {MOST_VARIANCE} can be adjusted at once",
            f"{line.sku}：在手 {line.found_on_hand}，一次最多调整 {MOST_VARIANCE}",
        )
        raise Invalid(Fault("variance_too_large", words, pointer, meta={"sku": line.sku}))
