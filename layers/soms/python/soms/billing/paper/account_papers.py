"""Printing statements of account and letters that ask for payment."""

from datetime import date, datetime, timedelta
from typing import Annotated, Final, Literal

from pydantic import Field

from soms.billing import store
from soms.billing.documents import parties
from soms.billing.paper import papers
from soms.billing.paper.papers import Movement, Overdue
from soms.billing.paper.printed import Paper
from soms.billing.paper.printing import Printed
from soms.billing.receivables import account_statements
from soms.billing.receivables.account_statement import Statement
from soms.billing.receivables.dunning import Draft
from soms.catalog import store as catalog
from soms.catalog.commands import zone
from soms.catalog.model import Settings
from soms.customers.model import Customer
from soms.kit import journal
from soms.kit.access import Caller
from soms.kit.fields import Currency, Day, Request
from soms.kit.writes import Writes, decide

PAID_WITHIN: Final = timedelta(days=7)
"""How long after a letter its customer has to pay."""


class StatementPaper(Request):
    """The statement that is to be printed: of which days, both included, in which currency."""

    kind: Literal["statement"]
    since: Annotated[Day | None, Field(alias="from")] = None
    until: Annotated[Day | None, Field(alias="to")] = None
    currency: Currency | None = None


def statement(
    customer: Customer, since: date, until: date, currency: str | None, caller: Caller, *, now: datetime
) -> Printed:
    """Return the statement of account as a paper; what says the same is the same paper again.

    In a currency in which nothing was owed it is empty. Raises InvalidParameter where the time is too long.
    """
    settings = catalog.settings()
    today = now.astimezone(zone(settings)).date()

    def attempt() -> Printed:
        every = account_statements.of_customer(customer, since, until, also=currency)
        found = next(one for one in every if one.currency == (currency or customer.currency))
        paper = _statement(found, settings, customer, today, now)
        before = store.find_paper(paper.id)
        writes = Writes()
        if before is None:
            store.insert_paper(writes, paper)
        event = journal.Event(
            name="customer.paper_printed",
            aggregate=f"customer#{customer.id}",
            version=customer.version,
            resource=("paper", paper.id),
            status=201,
            changes={"paper": [None, paper.number]},
        )
        journal.record(writes, event, caller, at=now)
        writes.commit()
        return before or (paper, None)

    return decide(attempt)


def _statement(one: Statement, settings: Settings, customer: Customer, today: date, now: datetime) -> Paper:
    return papers.statement(
        papers.head(settings, customer, currency=one.currency, today=today, now=now),
        since=one.since,
        until=one.until,
        opening=one.opening,
        movements=[
            Movement(each.on, each.kind, each.number, each.debit, each.credit, each.balance)
            for each in one.movements
        ],
        closing=one.closing,
        ageing={**one.ages, "unapplied": one.unapplied},
    )


def letter(draft: Draft, settings: Settings, customer: Customer, day: date, now: datetime) -> Paper:
    """Return the letter that a draft asks for payment with."""
    return papers.dunning(
        papers.head(settings, customer, currency=draft.currency, today=day, now=now),
        level=draft.level,
        overdue=[
            Overdue(one.number, one.issued_on, one.due_on, one.days_overdue, one.open)
            for one in draft.demands
        ],
        pay_by=day + PAID_WITHIN,
        bank=parties.bank(settings),
    )
