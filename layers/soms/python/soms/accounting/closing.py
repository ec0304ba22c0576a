"""Closing months: first nothing new is posted any more, then the closing balances are kept for ever."""

from datetime import datetime, timedelta
from typing import Final

from soms.accounting import blockers, months, trial
from soms.accounting.blockers import Month
from soms.billing import balances
from soms.billing.periods import Periods, last_day
from soms.kit import access, clock, journal
from soms.kit.access import Caller
from soms.kit.problems import Fault, Problem
from soms.kit.settings import Setting
from soms.kit.writes import AlreadyDone, Held, Rank, Stale, Writes, decide

SETTLING: Final = timedelta(seconds=60)
"""How long a month stays closing.

A command reads how far the books are closed and then writes, without a condition on it, so that closing
never refuses a payment. Who has read before the month was closing may still write into it; doors and
followers of streams run 60 seconds at most, so after that nobody can any more.
"""


class PeriodBlocked(Problem):
    """Something must be settled before the month is closed."""

    status = 409
    code = "period_blocked"
    title = ("The month cannot be closed yet", "该月份暂时不能结账")
    detail = ("Look at `errors` for what must be settled first.", "详见 errors 中须先处理的事项。")


def close(name: str, caller: Caller, *, now: datetime) -> Month:
    """Begin to close a month, or finish it once it has been closing long enough; closed it stays.

    Raises NotFound, PeriodBlocked.
    """

    def attempt() -> Month:
        month = months.load(name, now=now)
        state = months.state(name, month.periods)
        if state == "closed" or (state == "closing" and not is_due(month.periods, now)):
            return month
        _require_none(month)
        after = _finished(month, caller) if state == "closing" else _begun(month, caller)
        return Month(name, month.settings, after, now)

    return decide(attempt)


def finish_due(*, now: datetime) -> str | None:
    """Finish the month that has been closing long enough; return it, or None where there is none.

    Raises PeriodBlocked where something came up meanwhile.
    """
    periods = balances.periods()
    if not periods.closing or not is_due(periods, now):
        return None
    caller = access.system("month_end", f"{periods.closing}#{periods.seq}")
    try:
        close(periods.closing, caller, now=now)
    except AlreadyDone:
        return None
    return periods.closing


def is_due(periods: Periods, now: datetime) -> bool:
    """Tell whether the month has been closing long enough."""
    since = periods.closing_since
    return since is not None and now >= datetime.fromisoformat(since) + SETTLING


def _require_none(month: Month) -> None:
    found = blockers.found(month)
    if found:
        raise PeriodBlocked(
            faults=[
                Fault(one.code, one.words, "", meta={"count": one.count, "href": one.href}) for one in found
            ]
        )


def _begun(month: Month, caller: Caller) -> Periods:
    since = clock.stamp(month.now)
    changes = {"closing": month.name, "closing_since": since, "seq": month.periods.seq + 1}
    after = month.periods.model_copy(update=changes)
    writes = Writes()
    balances.put_periods(writes, after, before=month.periods)
    _record(writes, month, "period.closing", 1, caller)
    writes.commit()
    return after


def _finished(month: Month, caller: Caller) -> Periods:
    changes = {
        "closed_through": month.name,
        "closing": None,
        "closing_since": None,
        "seq": month.periods.seq + 1,
    }
    after = month.periods.model_copy(update=changes)
    kept = trial.snapshot_item(trial.of_day(last_day(month.name), month.periods))
    writes = Writes()
    balances.put_periods(writes, after, before=month.periods)
    writes.put(
        Setting.LEDGER,
        kept | {"closed_at": clock.stamp(month.now), "closed_by": caller.name},
        condition="attribute_not_exists(pk)",
        refused=_stale,
        rank=Rank.STATE,
    )
    _record(writes, month, "period.closed", 2, caller, sha256=str(kept["sha256"]))
    writes.commit()
    return after


def _record(
    writes: Writes, month: Month, event: str, version: int, caller: Caller, **facts: str
) -> None:
    states = {1: ["open", "closing"], 2: ["closing", "closed"]}
    journal.record(
        writes,
        journal.Event(
            name=event,
            aggregate=f"period#{month.name}",
            version=version,
            resource=("period", month.name),
            changes={"state": states[version]},
            facts=facts,
        ),
        caller,
        at=month.now,
    )


def _stale(_held: Held) -> Exception:
    return Stale()
