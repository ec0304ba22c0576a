"""Months of the books as clients see them: a month's end on one page."""

import re
from datetime import date, datetime
from typing import Final

from soms.accounting import blockers, chart, ledger, ties, trial
from soms.accounting.blockers import Month
from soms.accounting.model import MONTH
from soms.billing.cash import collecting
from soms.billing.periods import Periods, last_day, month_of
from soms.kit import aws
from soms.kit.problems import NotFound

_NAME: Final = re.compile(r"[12][0-9]{3}-(0[1-9]|1[0-2])")


def load(name: str, *, now: datetime) -> Month:
    """Return a month with what is known of the books, or raise NotFound for what is no month."""
    if not _NAME.fullmatch(name):
        raise NotFound
    known = collecting.facts(now)
    return Month(name, known.settings, known.periods, now)


def state(name: str, periods: Periods) -> str:
    """Return whether a month is `open`, `closing` or `closed`."""
    if name == periods.closing:
        return "closing"
    # What comes before the first month that was ever closed has nothing in it, and nothing comes any more.
    return "open" if name >= str(periods.first_open)[:MONTH] else "closed"


def listed(*, now: datetime) -> list[dict[str, object]]:
    """Return the months there is anything in, and the present one, the newest first."""
    known = collecting.facts(now)
    names = {month for month, _, _ in ledger.months("0", "9999")} | {month_of(known.today)}
    if known.periods.closed_through:
        names.add(known.periods.closed_through)
    return [_summary(name, known.periods) for name in sorted(names, reverse=True)]


def page(month: Month) -> dict[str, object]:
    """Return a month's end: its state, what keeps it open, and figures side by side."""
    of, known = trial.of_day(last_day(month.name), month.periods), chart.accounts_of(month.settings)
    told = _summary(month.name, month.periods)
    is_closed = told["state"] == "closed"
    kept = aws.get(*trial.snapshot_key(month.name), consistent=True) if is_closed else None
    return told | {
        "closing_since": month.periods.closing_since if told["state"] == "closing" else None,
        "closed_at": kept["closed_at"] if kept else None,
        "closed_by": kept["closed_by"] if kept else None,
        "sha256": kept["sha256"] if kept else None,
        "blockers": [] if is_closed else [one.shown() for one in blockers.found(month)],
        # A tie needs all orders and open items, which only the proof of the books reads.
        "tie_outs": {"at": month.report.get("at"), "data": month.report.get("ties", [])},
        "clearing": ties.clearing(of, known),
        "trial_balance": trial.shown(of, known),
    }


def _summary(name: str, periods: Periods) -> dict[str, object]:
    return {
        "period": name,
        "state": state(name, periods),
        "from": str(date.fromisoformat(f"{name}-01")),
        "to": str(last_day(name)),
        "href": f"/v1/periods/{name}",
    }
