"""Months of the books: which are closed, and the day a document counts for."""

from datetime import date, timedelta

from soms.billing.model import Frozen


class Periods(Frozen):
    """How far the books are closed; months are written `2026-11`.

    While a month is `closing` nothing new is posted in it any more, and what was on its way arrives.
    """

    closed_through: str | None = None
    closing: str | None = None
    closing_since: str | None = None
    seq: int = 0

    @property
    def first_open(self) -> date:
        """Return the first day that documents may still be posted on."""
        shut = self.closing or self.closed_through
        return date.min if shut is None else day_after(shut)

    def day(self, wanted: date) -> date:
        """Return the day a document counts for: the one it should, or the first one that is open."""
        return max(wanted, self.first_open)


def month_of(day: date) -> str:
    """Return the month of a day, such as `2026-11`."""
    return f"{day:%Y-%m}"


def day_after(month: str) -> date:
    """Return the first day after a month such as `2026-11`."""
    first = date.fromisoformat(f"{month}-01")
    return (first + timedelta(days=31)).replace(day=1)


def last_day(month: str) -> date:
    """Return the last day of a month such as `2026-11`."""
    return day_after(month) - timedelta(days=1)
