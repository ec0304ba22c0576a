"""What becomes of an alert: people take it up, put it off or dismiss it; the clock wakes and escalates it."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from soms.inventory import alerts, rules
from soms.inventory.model import Alert
from soms.kit import access, clock, journal
from soms.kit.access import Caller
from soms.kit.problems import InvalidState
from soms.kit.writes import AlreadyDone, Writes, decide


def step(
    alert_id: str, command: str, caller: Caller, *, now: datetime, hours: int = 0, reason: str | None = None
) -> Alert:
    """Acknowledge, snooze or dismiss an alert, as the table of steps allows."""

    def attempt() -> Alert:
        before = alerts.get(alert_id)
        counted = before.at(clock.stamp(now))
        states, status = rules.ALERT_STEPS[command]
        if counted.status not in states:
            raise InvalidState(command=command, state=counted.status, allowed=rules.allowed(counted))
        until = clock.stamp(now + timedelta(hours=hours)) if command == "snooze" else None
        changed = {"status": status, "snoozed_until": until, "changed_by": caller.name}
        return _write(before, counted, changed, status, caller, now, reason)

    return decide(attempt)


def wake(alert_id: str, *, now: datetime) -> None:
    """Open again what was snoozed until now, so that purchasing is told of it again."""

    def attempt() -> None:
        before = alerts.get(alert_id)
        counted = before.at(clock.stamp(now))
        if counted.status == before.status:
            return
        caller = access.system("low_stock", f"{alert_id}#{before.snoozed_until}#woken")
        with suppress(AlreadyDone):
            _write(before, counted, {"snoozed_until": None, "told_at": None}, "woken", caller, now)

    decide(attempt)


def escalate(alert_id: str, *, now: datetime) -> None:
    """Note, once, that nobody took up an alert in time."""

    def attempt() -> None:
        before = alerts.get(alert_id)
        if before.status != "open" or before.escalated_at:
            return
        caller = access.system("low_stock", f"{alert_id}#escalated")
        with suppress(AlreadyDone):
            _write(before, before, {"escalated_at": clock.stamp(now)}, "escalated", caller, now)

    decide(attempt)


def _write(
    before: Alert,
    counted: Alert,
    changed: Mapping[str, object],
    word: str,
    caller: Caller,
    now: datetime,
    reason: str | None = None,
) -> Alert:
    after = counted.model_copy(update={**changed, "version": before.version + 1})
    event = journal.Event(
        name=f"alert.{word}",
        aggregate=f"alert#{before.id}",
        version=after.version,
        resource=("alert", before.id),
        changes={"status": [before.status, after.status]},
        reason=reason,
    )
    writes = Writes()
    alerts.put(writes, after, before=before)
    journal.record(writes, event, caller, at=now)
    writes.commit()
    return after
