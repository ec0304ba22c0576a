"""What is owed by age as clients see it."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from soms.billing import accounts
from soms.billing.receivables import ageing
from soms.billing.receivables.ageing import Row, Standing
from soms.customers import store as customers
from soms.kit import aws, items, money


def place(row: Row) -> str:
    """Return where in the list a row stands."""
    return f"{row.customer_id}#{row.currency}"


def named(rows: Sequence[Row]) -> list[items.Item]:
    """Return rows with the names that their customers have today."""
    keys = [customers.key(one.customer_id) for one in rows]
    names = [str(held["name"]) if held else None for held in aws.get_many(keys)]
    return [
        {"customer": {"id": row.customer_id, "name": name}, **figures(row)}
        for row, name in zip(rows, names, strict=True)
    ]


def figures(row: Row) -> dict[str, object]:
    """Return the amounts of a row by age, written with the digits of its currency."""
    amounts = {**row.ages, "total": row.total, "overdue": row.overdue, "unapplied": row.unapplied}
    return {"currency": row.currency, **{name: _text(row, value) for name, value in amounts.items()}}


def totals(rows: Sequence[Row], standing: Standing) -> list[dict[str, object]]:
    """Return the sum of each currency, and that it is what the account of receivables comes to."""
    found = []
    for currency, row in ageing.totals(rows).items():
        balance = standing.account.get(currency, Decimal(0))
        tie = {
            "account": accounts.RECEIVABLES,
            "balance": _text(row, balance),
            "difference": _text(row, row.total - balance),
        }
        found.append({**figures(row), "tie_out": tie})
    return found


def sums(standing: Standing, day: date) -> list[dict[str, object]]:
    """Return of each currency what is open, overdue and unapplied, on how many invoices of how many."""
    rows = ageing.rows(standing, day)
    found = []
    for currency, total in ageing.totals(rows).items():
        debts = [one for one in standing.debts.values() if one.open and one.currency == currency]
        late = [one for one in debts if ageing.age(one.due_on, day) != ageing.NOT_DUE]
        found.append(
            {
                "currency": currency,
                "open": _text(total, total.total),
                "overdue": _text(total, total.overdue),
                "unapplied": _text(total, total.unapplied),
                "open_invoices": len(debts),
                "overdue_invoices": len(late),
                "customers": sum(one.currency == currency and bool(one.total) for one in rows),
            }
        )
    return found


def _text(row: Row, value: Decimal) -> str:
    return money.text(money.rounded(value, row.currency), row.currency)
