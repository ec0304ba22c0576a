"""Reorder rules: set by hand or computed from demand, and computed again as the demand changes."""

from contextlib import suppress
from datetime import date, datetime

from soms.catalog import store as catalog
from soms.catalog.commands import zone
from soms.inventory import demand, figures, store
from soms.inventory.folding import Figures, Terms
from soms.inventory.model import ReorderRule, RuleRequest, Stock, StockItem
from soms.inventory.store import Cause
from soms.kit import access, journal
from soms.kit.access import Caller
from soms.kit.writes import AlreadyDone, Writes, decide

BY_ITSELF = "figures"
"""Who changes a computed rule when nobody asks."""


def asked(item: StockItem, request: RuleRequest, now: datetime) -> ReorderRule:
    """Return the rule that a request asks for, computed from all that was shipped until now where it says so.

    Raises Invalid where there is too little history.
    """
    rest = {"minimum": request.minimum, "pack": request.pack, "supplier": request.supplier}
    if request.computed is None:
        said = {"point": request.point, "target": request.target, "lead_time_days": request.lead_time_days}
        return ReorderRule.model_validate(said | rest)
    company = zone(catalog.settings())
    held = figures.current(item, Terms(company))
    bare = ReorderRule.model_validate({"point": 0, "target": 1} | rest)
    return demand.rule(held, request.computed, bare, now.astimezone(company).date())


def change(item: StockItem, before: Stock, rule: ReorderRule, caller: Caller, *, now: datetime) -> Stock:
    """Write a rule over the stock item that was read; whether it is low is looked at once."""
    old = before.rule.model_dump(mode="json", exclude_none=True) if before.rule else None
    event = journal.Event(
        name="stock.rule_set",
        aggregate=f"stock#{item}",
        version=before.seq + 1,
        resource=("stock", item.sku),
        changes={"rule": [old, rule.model_dump(mode="json", exclude_none=True)]},
    )
    entry = journal.entry_id(caller, event.aggregate, event.version)

    writes = Writes()
    journal.record(writes, event, caller, at=now)
    cause = Cause(entry, "rule", event.aggregate, caller.name)
    store.put_rule(writes, item, rule, cause, seq=before.seq)
    writes.commit()
    return before.model_copy(update={"rule": rule, "seq": before.seq + 1})


def recompute(item: StockItem, seen: ReorderRule, held: Figures, *, now: datetime, terms: Terms) -> bool:
    """Compute a rule again from figures; write it, and tell so, where point or target come out otherwise."""
    today = now.astimezone(terms.zone).date()
    if _otherwise(seen, held, today) is None:
        return False

    def attempt() -> bool:
        before = store.get(item)
        rule = _otherwise(before.rule, held, today)
        if rule is None:
            return False
        caller = access.system(BY_ITSELF, f"rule#{item}#{before.seq}")
        # Where only the answer was lost, it is done all the same.
        with suppress(AlreadyDone):
            change(item, before, rule, caller, now=now)
        return True

    return decide(attempt)


def _otherwise(rule: ReorderRule | None, held: Figures, today: date) -> ReorderRule | None:
    """Return a computed rule as it is today, if it can be computed and something would change."""
    if rule is None or rule.computed is None:
        return None
    asked_for = demand.again(rule.computed)
    if demand.history(held, today, asked_for.window_days).days < demand.LEAST_HISTORY:
        return None
    after = demand.rule(held, asked_for, rule, today)
    return None if (after.point, after.target) == (rule.point, rule.target) else after
