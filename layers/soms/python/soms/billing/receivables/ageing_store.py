"""Reading what is owed, which money is left, and what was filed since a day."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final, Literal
from zoneinfo import ZoneInfo

from soms.billing import balances, store
from soms.billing.documents.instalments import Instalment
from soms.billing.periods import day_after, month_of
from soms.billing.receivables.ageing import Debt, Money, Standing
from soms.billing.receivables.ageing_moves import Filed, moves
from soms.kit import aws, clock, items, money
from soms.kit.settings import Setting

Known = Literal["now", "then"]
ONE: Final = timedelta(days=1)
AFTER_ALL: Final = "~"


@dataclass(frozen=True)
class Question:
    """At the end of which company day, as the books say now or as they said then, and of whom (all: None)."""

    day: date
    today: date
    zone: ZoneInfo
    known: Known = "now"
    customer_id: str | None = None


def standing(asked: Question, *, now: datetime) -> Standing:
    """Return how things stood: what is open now, less what was filed since.

    Its cost follows what is open and what happened since the day. The indexes know of a write within a
    second; what was filed since is looked up consistently.
    """
    if asked.day >= asked.today:
        return Standing.now(_debts(asked.customer_id), money_of(asked.customer_id))
    return before(later(asked, now=now), asked.customer_id)


def before(filed: Iterable[Filed], customer_id: str | None) -> Standing:
    """Return how things stood before these documents: the last ones there are, of one customer or of all."""
    debts, left = _debts(customer_id), money_of(customer_id)
    undone = list(filed)
    moved = [move for one in undone for move in moves(one)]
    invoices = {move.id for move in moved if move.of == "invoice"}
    payments = {move.id for move in moved if move.of == "payment"}
    current = (
        Debt(one.id, one.customer_id, one.currency, one.due_on, one.open, one.total, one.instalments)
        for one in balances.open_items(sorted(invoices))
    )
    paid = balances.payments(sorted(payments)).values()
    currently = (Money(one.id, one.customer_id, one.currency, one.unapplied) for one in paid)
    return Standing.now([*debts, *current], [*left, *currently]).without(undone)


def later(asked: Question, *, now: datetime) -> list[Filed]:
    """Return what was filed after a day: posted later, or where it is asked as known then, recorded later."""
    after = datetime.combine(asked.day + ONE, time(), asked.zone)
    if asked.known == "then":
        found = _recorded(after, now)
        return [one for one in found if asked.customer_id in {None, one.customer_id}]
    if asked.customer_id:
        return list(of_customer(asked.customer_id, asked.day + ONE))
    # No document counts for a later day than it was recorded on; one day more, should the zone have changed.
    return [one for one in _recorded(after - ONE, now) if one.day > asked.day]


def of_customer(customer_id: str, since: date) -> Iterator[Filed]:
    """Yield what was filed for a customer for the days since one, by day."""
    rows = aws.query(
        Setting.DOCUMENTS,
        "customer_id = :customer AND posted_key BETWEEN :low AND :high",
        {":customer": customer_id, ":low": str(since), ":high": AFTER_ALL},
        index="by_customer",
    )
    return (Filed.model_validate(row | {"customer_id": customer_id}) for row in rows)


def _recorded(since: datetime, now: datetime) -> Iterator[Filed]:
    """Yield what was recorded since a moment, month after month and shard after shard."""
    low, month = clock.stamp(since), month_of(since.astimezone(UTC).date())
    while month <= month_of(now.astimezone(UTC).date()):
        for shard in range(store.SHARDS):
            rows = aws.query(
                Setting.DOCUMENTS,
                "recorded_shard = :shard AND recorded_key >= :low",
                {":shard": f"{month}#{shard}", ":low": low},
                index="by_recorded",
            )
            yield from (Filed.model_validate(row) for row in rows)
        month = month_of(day_after(month))


def _debts(customer_id: str | None) -> list[Debt]:
    if customer_id:
        return [_debt(row, customer_id) for row in _owing(customer_id)]
    shards = (f"due#{shard}" for shard in range(balances.SHARDS))
    rows = (row for shard in shards for row in _indexed("by_due", "due_shard", shard))
    return [_debt(row, str(row["customer_id"])) for row in rows]


def money_of(customer_id: str | None) -> list[Money]:
    """Return the payments of a customer, or of all, that have money left, as the index knows them."""
    if customer_id:
        return [_left(row, customer_id) for row in _owing(f"unapplied#{customer_id}")]
    shards = (f"payment_unapplied#{shard}" for shard in range(balances.SHARDS))
    rows = (row for shard in shards for row in _indexed("by_status", "status_shard", shard))
    return [_left(row, str(row["customer_id"])) for row in rows]


def _owing(name: str) -> Iterable[items.Item]:
    return _indexed("by_owing", "owing", name)


def _indexed(index: str, partition: str, value: str) -> Iterable[items.Item]:
    return aws.query(Setting.BILLING, f"{partition} = :value", {":value": value}, index=index)


def _debt(row: items.Item, customer_id: str) -> Debt:
    currency = str(row["currency"])
    amount, total = (money.rounded(Decimal(str(row[name])), currency) for name in ("open", "total"))
    due_on, plan = date.fromisoformat(str(row["due_on"])), row.get("instalments")
    parts = tuple(map(Instalment.model_validate, plan if isinstance(plan, list) else ()))
    return Debt(str(row["id"]), customer_id, currency, due_on, amount, total, parts)


def _left(row: items.Item, customer_id: str) -> Money:
    currency = str(row["currency"])
    amount = money.rounded(Decimal(str(row["unapplied"])), currency)
    return Money(str(row["id"]), customer_id, currency, amount)
