"""What follows from a changed order for stock, applied once for each version of it."""

from collections.abc import Mapping, Sequence

from soms.inventory import store as stock
from soms.inventory.model import Delta, StockItem
from soms.inventory.store import Cause
from soms.kit import access, clock, journal
from soms.kit.streams import Change
from soms.kit.writes import AlreadyDone, Writes, decide

CONSUMER = "stock"


def apply(changes: Sequence[Change]) -> None:
    """Apply the effects that each order image carries; the mark is the consumer's own journal entry."""
    for change in changes:
        image = change.new or {}
        effects = image.get("effects")
        if isinstance(effects, Mapping) and effects:
            apply_effects(str(image["id"]), int(str(image["version"])), str(image["entry"]), effects)


def apply_effects(order_id: str, version: int, entry: str, effects: Mapping[str, object]) -> None:
    """Release what a version of an order gave up; a second time changes nothing."""
    released = effects.get("release")
    if not isinstance(released, Mapping) or not released:
        return
    caller = access.system(CONSUMER, entry)
    event = journal.Event(
        name="stock.released",
        aggregate=f"stock-effects#{order_id}",
        version=version,
        resource=("order", order_id),
        moved={name: Delta(reserved=-int(str(units))).told("release") for name, units in released.items()},
    )
    mark = journal.entry_id(caller, event.aggregate, version)
    cause = Cause(mark, "release", f"order#{order_id}", CONSUMER)

    def attempt() -> None:
        writes = Writes()
        journal.record(writes, event, caller, at=clock.now())
        for name, units in released.items():
            sku, _, warehouse = str(name).rpartition("@")
            stock.release(writes, StockItem(sku=sku, warehouse=warehouse), int(str(units)), cause)
        try:
            writes.commit()
        except AlreadyDone:
            return

    decide(attempt)


def mark_of(entry: str) -> str:
    """Return the journal id by which the effects of an entry are known to have been applied."""
    return access.system(CONSUMER, entry).command.entry or ""
