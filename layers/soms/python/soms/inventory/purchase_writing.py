"""How what became of a purchase order is written: order, stock, pointers, alerts and journal at once."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from soms.inventory import alerting, incoming, purchase, purchase_store, store
from soms.inventory.incoming import Expected
from soms.inventory.model import Alert, Delta
from soms.inventory.purchase import PurchaseLine, PurchaseOrder, Receipt
from soms.inventory.store import Cause
from soms.kit import journal
from soms.kit.access import Caller
from soms.kit.writes import MOST_ACTIONS, Writes

INCOMING: Final = "incoming"
"""The word for a movement of what is on its way."""
ALWAYS_FIT: Final = 32
"""So many lines of a new order fit into a transaction even where each answers an alert."""


@dataclass(frozen=True)
class Deed:
    """What a command did: its event, the resource it answers with, what came, which alerts it answers."""

    event: str
    resource: tuple[str, str]
    status: int = 200
    receipt: Receipt | None = None
    answered: tuple[Alert, ...] = ()
    reason: str | None = None
    changes: Mapping[str, object] = field(default_factory=dict)

    @property
    def word(self) -> str:
        """Return the trade's word for what it moves."""
        return "receipt" if self.receipt else INCOMING

    def cost(self, line: PurchaseLine) -> str | None:
        """Return what a unit of the line that came has cost, if that is known."""
        came = self.receipt.lines if self.receipt else ()
        cost: Decimal | None = next((one.unit_cost for one in came if one.line == line.line), None)
        return None if cost is None else format(cost, "f")


def commit(
    before: PurchaseOrder | None, after: PurchaseOrder, deed: Deed, caller: Caller, *, now: datetime
) -> None:
    """Write what a command made of a purchase order, or refuse more than one transaction takes."""
    aggregate = f"purchase_order#{after.id}"
    entry = journal.entry_id(caller, aggregate, after.version)
    writes = Writes()
    moved, costs = _move(writes, before, after, deed, Cause(entry, deed.word, aggregate, caller.name))
    event = journal.Event(
        name=f"purchase_order.{deed.event}",
        aggregate=aggregate,
        version=after.version,
        resource=deed.resource,
        status=deed.status,
        changes={"status": [before.status if before else None, after.status], **deed.changes},
        moved=moved,
        costs=costs,
        reason=deed.reason,
    )
    journal.record(writes, event, caller, at=now)
    if before:
        purchase_store.replace(writes, after, before=before)
    else:
        purchase_store.insert(writes, after)
    if deed.receipt:
        purchase_store.put_receipt(writes, deed.receipt)
    for alert in deed.answered:
        alerting.ordered(writes, alert, after.id, by=caller.name)
    if len(writes) > MOST_ACTIONS:
        raise purchase.too_much_at_once() if before else purchase.too_many_lines(ALWAYS_FIT)
    writes.commit()


def _move(
    writes: Writes, before: PurchaseOrder | None, after: PurchaseOrder, deed: Deed, cause: Cause
) -> tuple[dict[str, object], dict[str, str]]:
    """Move the stock of each line that changed; return what moved and what it has cost, for the journal."""
    moved, costs = dict[str, object](), dict[str, str]()
    for index, line in enumerate(after.lines):
        old = before.lines[index] if before else line.model_copy(update={"quantity": 0})
        delta = Delta(on_hand=line.received - old.received, incoming=line.open - old.open)
        if delta != Delta():
            cost = deed.cost(line)
            store.move(writes, line.item, replace(cause, unit_cost=cost), delta, refused=store.stale)
            moved[str(line.item)] = delta.told(deed.word)
            costs |= {} if cost is None else {str(line.item): cost}
        _point(writes, line, had=_coming(before, old), has=_coming(after, line))
    return moved, costs


def _coming(order: PurchaseOrder | None, line: PurchaseLine) -> Expected | None:
    if order is None or not line.open:
        return None
    return Expected(source=order.id, quantity=line.open, expected_on=order.expected_on)


def _point(writes: Writes, line: PurchaseLine, *, had: Expected | None, has: Expected | None) -> None:
    """Let the pointer of a line say what is on its way now."""
    if had and (has is None or has.expected_on != had.expected_on):
        incoming.remove(writes, line.item, had)
    if has and has != had:
        incoming.put(writes, line.item, has)
