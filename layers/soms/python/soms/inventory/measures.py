"""Cover, turns, dead stock and ABC classes from the figures of stock items."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from typing import Final

from soms.inventory.folding import Class, Figures, months_to

YEAR_DAYS: Final = 365
YEAR_MONTHS: Final = 12
ARITHMETIC: Final = Context(prec=60, rounding=ROUND_HALF_UP)


@dataclass(frozen=True)
class Shares:
    """Up to which share of the cost of all that was shipped the classes A and B reach."""

    a: Decimal
    b: Decimal


def window(figures: Figures, last: date, days: int) -> tuple[date, int]:
    """Return the first of so many days up to the last, and how many: none before the first movement."""
    began = figures.began_on
    if began is None:
        return last, 0
    first = max(last - timedelta(days=days - 1), began)
    return first, max((last - first).days + 1, 0)


def daily(figures: Figures, last: date, days: int) -> list[int]:
    """Return the units shipped on each day of the window, days without a shipment as 0."""
    first, count = window(figures, last, days)
    named = ((first + timedelta(days=one)).isoformat() for one in range(count))
    return [figures.shipped.get(day, 0) for day in named]


def per_day(units: Sequence[int]) -> Decimal:
    """Return the units shipped on an average day."""
    return _ratio(Decimal(sum(units)), Decimal(len(units)), 6) or Decimal(0)


def cover_days(on_hand: int, units: Sequence[int]) -> Decimal | None:
    """Return for how many days the stock lasts at the pace of these days; None where nothing was shipped."""
    return _ratio(Decimal(on_hand * len(units)), Decimal(sum(units)), 1)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Return the exact sum of amounts."""
    with localcontext(ARITHMETIC):
        return sum(amounts, Decimal(0))


def yearly_cost(cost_of_shipped: Mapping[str, Decimal], today: date) -> Decimal:
    """Return what the units cost that were shipped in this month and the eleven before it."""
    return total(cost_of_shipped.get(month, Decimal(0)) for month in months_to(today, YEAR_MONTHS))


def turns(figures: Figures, today: date) -> Decimal | None:
    """Return how often a year the stock turns over; None where there was no value.

    The cost of what was shipped in this month and the eleven before it × 365 ÷ days, divided by the mean of
    the values at the end of each of these months (now, for this one); months and days before the first
    movement do not count.
    """
    if figures.began_on is None:
        return None
    began = figures.began_on.isoformat()[:7]
    months = [month for month in months_to(today, YEAR_MONTHS) if month >= began]
    if not months:
        return None
    first = max(date.fromisoformat(f"{months[0]}-01"), figures.began_on)
    value = total(_closing(figures, month) for month in months)
    spent, days = yearly_cost(figures.cost_of_shipped, today), (today - first).days + 1
    with localcontext(ARITHMETIC):
        return _ratio(spent * YEAR_DAYS * len(months), value * days, 2)


def is_dead(
    units: int, last_shipped_on: date | None, stocked_on: date | None, today: date, after_days: int
) -> bool:
    """Tell whether units lie there of which none was shipped for so many days, since the shelf was filled."""
    since = max((day for day in (last_shipped_on, stocked_on) if day), default=None)
    return units > 0 and since is not None and (today - since).days >= after_days


def classes(costs: Mapping[str, Decimal], shares: Shares) -> dict[str, Class]:
    """Return the class of each SKU by its share of the whole cost of what was shipped, the largest first.

    A SKU is in A as long as those before it make less than the share of A, and so for B; what ships nothing
    is in C. Of equals the earlier SKU comes first.
    """
    found: dict[str, Class] = dict.fromkeys(costs, "C")
    whole, before = total(costs.values()), Decimal(0)
    with localcontext(ARITHMETIC):
        for sku in sorted((sku for sku in costs if costs[sku]), key=lambda one: (-costs[one], one)):
            found[sku] = "A" if before < whole * shares.a else "B" if before < whole * shares.b else "C"
            before += costs[sku]
    return found


def _closing(figures: Figures, month: str) -> Decimal:
    last = max((one for one in figures.closing if one <= month), default=None)
    return figures.closing[last] if last else Decimal(0)


def _ratio(dividend: Decimal, divisor: Decimal, digits: int) -> Decimal | None:
    """Return a quotient rounded half up, or None where there is nothing to divide by."""
    if not divisor:
        return None
    with localcontext(ARITHMETIC):
        return (dividend / divisor).quantize(Decimal(1).scaleb(-digits))
