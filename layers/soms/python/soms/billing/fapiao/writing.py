"""What is written of a tax invoice: what the platform told, that it is sent again, which files are kept."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from soms.billing.fapiao import lifecycle, store
from soms.billing.fapiao.model import Fapiao, Format, Trouble
from soms.billing.fapiao.news import News
from soms.billing.model import File
from soms.kit import access, clock, journal
from soms.kit.access import Caller
from soms.kit.writes import AlreadyDone, Stale, Writes, decide

Now = Callable[[], datetime]
"""A clock: an answer is written down when it comes, after whatever asked for it."""
LONGEST: Final = 60
"""After at most so many minutes the sweep looks again."""
DOUBTED: Final = 6
"""So often, for an hour, it is asked whether an earlier attempt arrived after a later one was refused."""


def learn(asked: Fapiao, news: News, *, now: Now) -> Fapiao:
    """Write down what the platform told of a tax invoice as it was when it was asked.

    What was overtaken, by a later attempt or another round, changes nothing; what was issued always counts.
    """

    def attempt() -> Fapiao:
        before, at = store.get(asked.id), now()
        to = lifecycle.find(lifecycle.ANSWERS, news.answer, before)
        if to is None or (news.answer != "issued" and _turn(asked) != _turn(before)):
            return before
        code, text = news.trouble or (None, "")
        told = {
            "state": to,
            "trouble": Trouble(code=code, text=text, at=clock.stamp(at)) if code else None,
            "looks": before.looks + 1 if to == before.state else 0,
            "settled": before.settled + 1,
        }
        after = timed(before.model_copy(update={**news.changes, **told}), at)
        writes = Writes()
        store.put(writes, after, before=before)
        if to != before.state:
            record(writes, to, before, after, access.system("fapiao", f"{after.id}#{after.seq}"), now=at)
        try:
            writes.commit()
        except AlreadyDone:
            raise Stale from None
        return after

    return decide(attempt)


def record(
    writes: Writes,
    word: str,
    before: Fapiao | None,
    after: Fapiao,
    caller: Caller,
    *,
    now: datetime,
    status: int = 200,
    reason: str | None = None,
) -> None:
    """Add the journal's entry of a step; what may name a person is not told."""
    changes: dict[str, object] = {"state": [before.state if before else None, after.state]}
    for name in ("type", "number", "confirmation_number"):
        old = getattr(before, name) if before else None
        if old != getattr(after, name):
            changes[name] = [old, getattr(after, name)]
    if before and (before.title, before.tax_id) != (after.title, after.tax_id):
        changes["buyer"] = None
    event = journal.Event(
        name=f"tax_invoice.{word}",
        aggregate=f"tax_invoice#{after.id}",
        version=after.seq,
        resource=("tax_invoice", after.id),
        status=status,
        changes=changes,
        reason=reason or (after.trouble.code if after.trouble else None),
    )
    journal.record(writes, event, caller, at=now)


def timed(fapiao: Fapiao, now: datetime) -> Fapiao:
    """Return a tax invoice with when the sweep looks at it next: later and later, or never."""
    doubted = fapiao.state == "rejected" and fapiao.attempts > 1 and fapiao.looks < DOUBTED
    waits = fapiao.state in lifecycle.WAITING or fapiao.missing or doubted
    pause = timedelta(minutes=min(2**fapiao.looks, LONGEST))
    return fapiao.model_copy(update={"due_at": clock.stamp(now + pause) if waits else None})


def again(fapiao: Fapiao, *, now: Now) -> Fapiao:
    """Write down that it is sent once more, before it is; another who did that first has sent it."""

    def attempt() -> Fapiao:
        before = store.get(fapiao.id)
        to = lifecycle.find(lifecycle.COMMANDS, "resend", before)
        if to is None or _turn(before) != _turn(fapiao):
            return before
        said = {"state": to, "attempts": before.attempts + 1, "settled": before.settled + 1}
        return _replace(before, before.model_copy(update=said), now())

    return decide(attempt)


def filed(fapiao: Fapiao, kept: Mapping[Format, File], *, now: Now) -> Fapiao:
    """Write down which files are kept."""

    def attempt() -> Fapiao:
        before = store.get(fapiao.id)
        files = {**before.files, **kept}
        told = {"files": files, "settled": before.settled + 1, "looks": before.looks + 1}
        return _replace(before, before.model_copy(update=told), now())

    return decide(attempt)


def _replace(before: Fapiao, said: Fapiao, now: datetime) -> Fapiao:
    after = timed(said, now)
    writes = Writes()
    store.put(writes, after, before=before)
    writes.commit()
    return after


def _turn(fapiao: Fapiao) -> tuple[int, int]:
    return fapiao.attempts, fapiao.confirmation_round
