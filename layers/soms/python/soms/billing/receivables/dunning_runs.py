"""Writing the letters that are due: each customer once a run, no invoice twice at one level."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from soms.billing import balances, store
from soms.billing.paper import account_papers
from soms.billing.receivables import dunning, dunning_mail, dunning_store
from soms.billing.receivables.dunning import Draft, Letter, Run
from soms.catalog import store as catalog
from soms.catalog.commands import zone
from soms.catalog.model import DunningLevel, Settings
from soms.customers import store as customers
from soms.customers.model import Customer
from soms.kit import access, clock, ids, journal
from soms.kit.access import Caller, Command
from soms.kit.fields import Day, Request
from soms.kit.problems import Fault, Invalid
from soms.kit.writes import AlreadyDone, Writes, decide

CREATED: Final = 201
MOST_RAISED: Final = 90
"""How many invoices rise by one letter: more than that wait for the next run."""
MOST_LETTERS: Final = 200
"""How many letters one request writes."""
HOUR: Final = 9
"""The hour of the company's day from which on the daily run goes."""


class RunRequest(Request):
    """A run of dunning: as of which day, and whether it only shows what it would write."""

    as_of: Day | None = None
    dry_run: bool = False


@dataclass(frozen=True)
class Plan:
    """What a run works with: its name, its day, the levels, who runs it and when."""

    run_id: str
    day: date
    settings: Settings
    caller: Caller
    now: datetime

    @property
    def levels(self) -> Sequence[DunningLevel]:
        """Return the levels, the first one first."""
        return self.settings.dunning.levels


def plan(request: RunRequest, caller: Caller, *, now: datetime) -> Plan:
    """Return what a run on demand works with; raises Invalid for a day to come."""
    settings = catalog.settings()
    today = now.astimezone(zone(settings)).date()
    if request.as_of and request.as_of > today:
        raise Invalid(Fault("too_late", ("this day has not come yet", "日期不得晚于今天"), "/as_of"))
    run_id = ids.derived("drun", caller.command.entry or "")
    return Plan(run_id, request.as_of or today, settings, caller, now)


def drafts(planned: Plan) -> list[Draft]:
    """Return the letters that are due on the day of a run, as the index of due days knows it."""
    late = dunning_store.overdue(planned.day)
    return list(dunning.drafts(late, planned.levels, planned.day, most=MOST_RAISED))


def run(planned: Plan) -> Run:
    """Write the letters that are due, tell finance of them once, and return the run."""
    # Asked first, because a message cannot be taken back when the journal refuses the run as done.
    if done := journal.find(planned.caller.command.entry or ""):
        raise AlreadyDone(done)
    due = drafts(planned)
    written = [_write(draft, planned) for draft in due[:MOST_LETTERS]]
    return _finish(planned, written, remaining=len(due[MOST_LETTERS:]))


def daily(room: Callable[[], bool], *, now: datetime) -> int:
    """Make the run of the company's day, once it is nine there, and return how many letters it wrote.

    What there is no time for is left to the next call, which goes on with the same run.
    """
    settings = catalog.settings()
    local = now.astimezone(zone(settings))
    run_id = ids.derived("drun", "daily", str(local.date()))
    if local.hour < HOUR or not settings.dunning.levels or dunning_store.find_run(run_id):
        return 0
    caller = access.system("dunning", run_id)
    planned = Plan(run_id, local.date(), settings, caller, now)
    written = list[Letter | None]()
    for draft in drafts(planned):
        if not room():
            return _count(written)
        written.append(_write(draft, planned))
    # Another call of the same hour may be quicker.
    with suppress(AlreadyDone):
        _finish(planned, written, remaining=0)
    return _count(written)


def _count(written: Sequence[Letter | None]) -> int:
    return sum(one is not None for one in written)


def _write(draft: Draft, planned: Plan) -> Letter | None:
    """Write one letter with the levels of what it asks for; None where nothing is due any more."""

    def attempt() -> Letter | None:
        items = balances.open_items(one.invoice_id for one in draft.demands)
        found = dunning.drafts(items, planned.levels, planned.day, most=MOST_RAISED)
        current = next(iter(found), None)
        if current is None:
            return None
        customer = customers.get(current.customer_id)
        paper = account_papers.letter(current, planned.settings, customer, planned.day, planned.now)
        letter = _letter(current, customer, paper.id, planned)
        writes = Writes()
        if store.find_paper(paper.id) is None:
            store.insert_paper(writes, paper)
        for before, after in current.raised:
            balances.put_open_item(writes, after, before=before)
        dunning_store.insert_letter(writes, letter)
        event = journal.Event(
            name="dunning_letter.written",
            aggregate=f"dunning_letter#{letter.id}",
            version=1,
            resource=("dunning_letter", letter.id),
            status=CREATED,
            changes={new.id: [str(old.dunning_level), str(new.dunning_level)] for old, new in current.raised},
            facts={"customer": letter.customer_id, "currency": letter.currency, "total": str(letter.total)},
        )
        entry = ids.derived("evt", "dunning", letter.id)
        own = planned.caller.under(Command(entry=entry, request=letter.id, route="dunning"))
        journal.record(writes, event, own, at=planned.now)
        writes.commit()
        return letter

    try:
        return decide(attempt)
    except AlreadyDone:
        return None


def _letter(draft: Draft, customer: Customer, paper_id: str, planned: Plan) -> Letter:
    """Return the letter; its name follows from the first invoice that rises, and to which level."""
    first = draft.raised[0][1]
    return Letter(
        id=ids.derived("dun", first.id, str(first.dunning_level)),
        run_id=planned.run_id,
        customer_id=customer.id,
        customer_name=customer.name,
        salesperson=customer.salesperson,
        currency=draft.currency,
        level=draft.level,
        as_of=planned.day,
        demands=draft.demands,
        total=draft.total,
        paper_id=paper_id,
        recorded_at=clock.stamp(planned.now),
        recorded_by=planned.caller.name,
    )


def _finish(planned: Plan, written: Sequence[Letter | None], *, remaining: int) -> Run:
    """Tell finance of the run's letters and record it; told again only when that could not be recorded.

    What an earlier call of the run wrote, the index knows; it may not know yet what this one did.
    """
    before = dunning_store.every_letter(planned.run_id)
    letters = list({one.id: one for one in (*before, *written) if one}.values())
    if letters:
        dunning_mail.tell(letters, planned.day)

    def attempt() -> Run:
        done = Run(
            id=planned.run_id,
            as_of=planned.day,
            letters=len(letters),
            remaining=remaining,
            recorded_at=clock.stamp(planned.now),
            recorded_by=planned.caller.name,
        )
        writes = Writes()
        dunning_store.insert_run(writes, done)
        sums: dict[str, Decimal] = {}
        for one in letters:
            sums[one.currency] = sums.get(one.currency, Decimal(0)) + one.total
        event = journal.Event(
            name="dunning_run.done",
            aggregate=f"dunning_run#{done.id}",
            version=1,
            resource=("dunning_run", done.id),
            status=CREATED,
            facts={"letters": done.letters, "totals": {name: str(value) for name, value in sums.items()}},
        )
        journal.record(writes, event, planned.caller, at=planned.now)
        writes.commit()
        return done

    return decide(attempt)
