"""What keeps a month from being closed."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import islice
from typing import Final, cast
from zoneinfo import ZoneInfo

from soms.accounting import lag, ledger
from soms.accounting.model import MONTH
from soms.billing.bank import bank_lines
from soms.billing.cash import refunds
from soms.billing.periods import Periods, day_after, last_day, month_of
from soms.catalog.model import Settings
from soms.kit import aws, clock, items
from soms.kit.problems import Words
from soms.kit.settings import Setting

MOST: Final = 1000
"""How many documents on their way are counted at most."""
MOST_LINES: Final = 100
REPORT: Final = {"pk": "reconcile", "sk": "last"}
"""In the jobs: what the last proof of the books found."""
PROVED: Final[dict[str, tuple[str, Words]]] = {
    "8": ("orders_not_billed", ("orders are not billed as they should be", "有订单未按应开金额开票")),
    "11": ("quarantine", ("effects are lost, or in quarantine", "有后续影响丢失或在隔离区")),
}
"""Checks of the proof that have a code of their own; any other that fails is `books_broken`."""

ELSEWHERE: Final = frozenset({"1", "2", "3", "3b", "10", "14", "15"})
"""Checks of stock and of files: they move nothing in the books."""


@dataclass(frozen=True)
class Blocker:
    """One thing that must be settled before a month is closed, and where that is done."""

    code: str
    words: Words
    count: int
    href: str
    at: str | None = None

    def shown(self) -> dict[str, object]:
        """Return it as clients see it."""
        english, chinese = self.words
        told = {"code": self.code, "detail": english, "detail_zh": chinese, "count": self.count}
        return told | {"href": self.href} | ({"at": self.at} if self.at else {})


@dataclass(frozen=True)
class Month:
    """A month whose end is looked at, with what is known of the books just now."""

    name: str
    settings: Settings
    periods: Periods
    now: datetime

    @property
    def is_over(self) -> bool:
        """Tell whether the company's clock has passed the month's last day."""
        return self.now.astimezone(ZoneInfo(self.settings.time_zone)).date() >= day_after(self.name)

    @property
    def ended_at(self) -> str:
        """Return the moment at which the month was over."""
        zone = ZoneInfo(self.settings.time_zone)
        return clock.stamp(datetime.combine(day_after(self.name), datetime.min.time(), zone))

    @cached_property
    def report(self) -> items.Item:
        """Return what the last proof of the books found, nothing where there was none."""
        held = aws.get(Setting.JOBS, REPORT, consistent=True)
        return json.loads(str(held["report"])) if held else {}

    @cached_property
    def earlier(self) -> list[str]:
        """Return the months that must be closed before: each after one that is, else those with entries."""
        closed = self.periods.closed_through
        if closed is None:
            return sorted({month for month, _, _ in ledger.months("0", self.name) if month < self.name})
        return list(_between(closed, self.name))


Look = Callable[[Month], Blocker | None]


def found(month: Month) -> list[Blocker]:
    """Return everything that keeps a month from being closed."""
    blockers = [one for one in (look(month) for look in LOOKS) if one]
    return [*blockers, *_unproved(month)]


def _between(first: str, last: str) -> Iterator[str]:
    """Yield the months after one and before another."""
    while (first := month_of(day_after(first))) < last:
        yield first


def _not_over(month: Month) -> Blocker | None:
    if month.is_over:
        return None
    words = (f"the month ends on the day before {day_after(month.name)}", "该月份尚未结束")
    return Blocker("month_not_over", words, 1, f"/v1/periods/{month.name}")


def _earlier_open(month: Month) -> Blocker | None:
    if not month.earlier:
        return None
    words = (f"{month.earlier[0]} comes first", f"须先结 {month.earlier[0]}")
    return Blocker("earlier_month_open", words, len(month.earlier), f"/v1/periods/{month.earlier[0]}")


def _not_entered(month: Month) -> Blocker | None:
    rows = lag.missing(lag.checked(month.now), clock.stamp(month.now))
    days = (str(row.get("posted_on") or row["issued_on"]) for row in islice(rows, MOST))
    count = sum(day[:MONTH] <= month.name for day in days)
    words = ("documents are on their way into the ledger", "有单据尚未入账")
    return Blocker("documents_not_entered", words, count, "/v1/invariants") if count else None


def _unproved(month: Month) -> Iterator[Blocker]:
    """Yield what the last proof found, or that there was none since the month was over."""
    at = str(month.report.get("at", ""))
    if at < month.ended_at:
        words = ("the books were not proved since the month was over", "月末之后尚未核对账务")
        yield Blocker("not_proved", words, 1, "/v1/invariants/runs", at or None)
        return
    checks = cast("list[items.Item]", month.report["checks"])
    for check in (one for one in checks if one["failures"] and one["check"] not in ELSEWHERE):
        name, chinese = str(check["name"]), str(check["name_zh"])
        told = ("books_broken", (f"the proof found this not so: {name}", f"核对未通过：{chinese}"))
        code, words = PROVED.get(str(check["check"]), told)
        yield Blocker(code, words, int(str(check["failures"])), "/v1/invariants", at)


def _unmatched(month: Month) -> Blocker | None:
    """Look for bank lines of the month that belong to nothing yet; at most a hundred are counted."""
    page = bank_lines.listed(None, limit=MOST_LINES, after=f"{last_day(month.name)}~")
    words = ("bank lines belong to nothing yet", "有银行流水尚未核销")
    return (
        Blocker("bank_lines_unmatched", words, len(page.rows), "/v1/reconciliation/items")
        if page.rows
        else None
    )


def _refunds(month: Month) -> Blocker | None:
    """Look for refunds that were asked for in the month and wait for a second person."""
    page = refunds.listed(customer_id=None, status="requested", limit=MOST_LINES, after=f"r#{month.ended_at}")
    words = ("refunds wait to be decided", "有退款待审批")
    return (
        Blocker("refunds_waiting", words, len(page.rows), "/v1/refunds?status=requested")
        if page.rows
        else None
    )


LOOKS: Final[tuple[Look, ...]] = (_not_over, _earlier_open, _not_entered, _unmatched, _refunds)
"""Each looks for one thing."""
