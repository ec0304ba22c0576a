"""Asking for overdue invoices: which letter is due, what it lists, and what is left alone."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from soms.billing.model import Frozen, OpenItem
from soms.billing.receivables.ageing import overdue
from soms.catalog.model import DunningLevel
from soms.customers.resting import rests
from soms.kit.fields import Amount

MOST_LISTED: Final = 1000
"""Invoices that a letter lists, the oldest first."""


class Demand(Frozen):
    """An overdue invoice in a letter; `level` is how often it has been asked for, this letter included."""

    invoice_id: str
    number: str
    issued_on: date
    due_on: date
    days_overdue: int
    open: Amount
    level: int


class Letter(Frozen):
    """A letter to a customer that lists all that is overdue in one currency; `total` is what it asks for.

    Its level is the highest of what it lists.
    """

    id: str
    run_id: str
    customer_id: str
    customer_name: str
    salesperson: str | None = None
    currency: str
    level: int
    as_of: date
    demands: tuple[Demand, ...]
    total: Amount
    paper_id: str
    recorded_at: str
    recorded_by: str


class Run(Frozen):
    """A run that wrote letters; `remaining` customers are left to the next one."""

    id: str
    as_of: date
    letters: int
    remaining: int
    recorded_at: str
    recorded_by: str


@dataclass(frozen=True)
class Draft:
    """What a letter would say: all that is overdue, and what of it rises, before and after."""

    customer_id: str
    currency: str
    demands: tuple[Demand, ...]
    raised: tuple[tuple[OpenItem, OpenItem], ...]

    @property
    def level(self) -> int:
        """Return the level of the letter."""
        return max(one.level for one in self.demands)

    @property
    def total(self) -> Decimal:
        """Return what it asks for."""
        return sum((one.open for one in self.demands), Decimal(0))


def next_level(item: OpenItem, levels: Sequence[DunningLevel], day: date) -> int | None:
    """Return the level at which an invoice is to be asked for on a day, None where no letter is due.

    One level follows the other: each so many days overdue as it says, and after the letter before it as many
    days as lie between the two. What is disputed, or promised for a day that has not passed, is left alone.
    """
    late, level = overdue(item, day), item.dunning_level
    if late is None or level >= len(levels) or rests(item.disputed, item.promised_on, day):
        return None
    after = levels[level].after_days
    if (day - late[0]).days < after:
        return None
    pause = after - levels[level - 1].after_days if level else 0
    if item.dunned_on and (day - item.dunned_on).days < pause:
        return None
    return level + 1


def drafts(
    items: Iterable[OpenItem], levels: Sequence[DunningLevel], day: date, *, most: int
) -> Iterator[Draft]:
    """Yield one letter a customer and currency for whom one is due; at most so many invoices rise in each."""
    groups: dict[tuple[str, str], list[OpenItem]] = {}
    for item in items:
        if overdue(item, day) and not rests(item.disputed, item.promised_on, day):
            groups.setdefault((item.customer_id, item.currency), []).append(item)
    for (customer_id, currency), several in sorted(groups.items()):
        several.sort(key=lambda one: (one.due_on, one.number))
        del several[MOST_LISTED:]
        due = [(item, level) for item in several if (level := next_level(item, levels, day))][:most]
        if due:
            raised = {item.id: item.noted(dunning_level=level, dunned_on=day) for item, level in due}
            demands = tuple(_demand(raised.get(item.id, item), day) for item in several)
            pairs = tuple((item, raised[item.id]) for item, _ in due)
            yield Draft(customer_id, currency, demands, pairs)


def _demand(item: OpenItem, day: date) -> Demand:
    since, amount = overdue(item, day) or (item.due_on, item.open)
    return Demand(
        invoice_id=item.id,
        number=item.number,
        issued_on=item.issued_on,
        due_on=since,
        days_overdue=(day - since).days,
        open=amount,
        level=item.dunning_level,
    )
