"""Reading the statements of a customer, and as clients see them."""

from dataclasses import asdict
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Final

from soms.billing.receivables import ageing, ageing_store
from soms.billing.receivables.account_statement import Statement, effect, statement
from soms.billing.receivables.ageing_moves import Filed
from soms.customers.model import Customer
from soms.kit import money
from soms.kit.problems import Fault, InvalidParameter

MOST_FILED: Final = 5000
"""How many documents a statement looks at; a longer time is asked for in parts."""


def of_customer(customer: Customer, since: date, until: date, *, also: str | None = None) -> list[Statement]:
    """Return the statements of a customer, a currency each, its own first; both days are included.

    There is one in the currency `also`, too, whether anything was owed in it or not.

    Only what was filed since the first day is read. Raises InvalidParameter where that is too much.
    """
    filed = list(islice(ageing_store.of_customer(customer.id, since), MOST_FILED + 1))
    if len(filed) > MOST_FILED:
        words = (
            f"more than {MOST_FILED} documents since then: ask for a later day",
            f"此后单据超过 {MOST_FILED} 份，请选择较晚的日期",
        )
        raise InvalidParameter(faults=[Fault("too_early", words, parameter="from")])
    within = [one for one in filed if one.day <= until]
    standing = ageing_store.before((one for one in filed if one.day > until), customer.id)
    ends = {one.currency: one for one in ageing.rows(standing, until)}
    others = {*ends, *(currency for one in within for currency in effect(one))} - {customer.currency}
    if also and also != customer.currency:
        others.add(also)
    return [_statement(one, since, until, ends, within) for one in (customer.currency, *sorted(others))]


def _statement(
    currency: str, since: date, until: date, ends: dict[str, ageing.Row], within: list[Filed]
) -> Statement:
    at_end = ends.get(currency) or ageing.nothing(currency)
    return statement(currency, since, until, at_end=at_end, filed=within)


def shown(several: list[Statement]) -> dict[str, object]:
    """Return the statement in the customer's currency, with those in others beside it."""
    first, *others = map(_shown, several)
    return {**first, "other_currencies": others}


def _shown(one: Statement) -> dict[str, object]:
    def text(value: Decimal) -> str:
        return money.text(money.rounded(value, one.currency), one.currency)

    amounts = {name: text(getattr(one, name)) for name in ("opening", "debit", "credit", "closing")}
    movements = []
    for each in one.movements:
        written = {name: text(getattr(each, name)) for name in ("debit", "credit", "balance")}
        movements.append({**asdict(each), "on": str(each.on), **written})
    ages = {name: text(value) for name, value in one.ages.items()}
    return {
        "currency": one.currency,
        "from": str(one.since),
        "to": str(one.until),
        **amounts,
        "movements": movements,
        "ageing": {**ages, "unapplied": text(one.unapplied)},
    }
