"""The trial balance of a day: from sums of months and days and the last closing, never from documents."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from soms.accounting import chart, ledger
from soms.accounting.model import Account, Sums, added
from soms.billing.periods import Periods, month_of
from soms.kit import aws, ids, items, money
from soms.kit.problems import Words
from soms.kit.settings import Setting

FIRST: Final = "0000-00"
"""Before every month."""


@dataclass(frozen=True)
class Trial:
    """What each account had when the month began, and what the month moved up to the day."""

    as_of: date
    opening: Mapping[Account, Sums]
    moved: Mapping[Account, Sums]

    @property
    def accounts(self) -> list[Account]:
        """Return the accounts that have or had anything, by currency."""
        return sorted(self.opening.keys() | self.moved.keys(), key=lambda one: (one[1], one[0]))

    def closing(self, account: Account) -> Sums:
        """Return what an account has at the end of the day."""
        return self.opening.get(account, Sums()) + self.moved.get(account, Sums())


def of_day(as_of: date, periods: Periods) -> Trial:
    """Return the trial balance at the end of a day."""
    month = month_of(as_of)
    before = _before(month)
    base = min(before, periods.closed_through) if periods.closed_through else None
    opening = snapshot(base) if base else {}
    if base != before:
        # `$` comes after the `#` that follows a month: the first row after all of the base's.
        later = ledger.months(f"{base}$" if base else FIRST, before)
        opening = added([opening, *({place: of} for _, place, of in later)])
    return Trial(as_of, opening, added({place: of} for _, place, of in ledger.days(month, str(as_of))))


def snapshot(month: str) -> dict[Account, Sums]:
    """Return the closing balances that were kept when a month was closed."""
    return balances_of(aws.get(*snapshot_key(month), consistent=True) or {})


def balances_of(held: items.Item) -> dict[Account, Sums]:
    """Return the closing balances that an item keeps."""
    rows = held.get("balances")
    found: dict[Account, Sums] = {}
    for row in rows if isinstance(rows, list) else ():
        account, currency, debit, credit = map(str, row)
        found[account, currency] = ledger.sums_of({"currency": currency, "debit": debit, "credit": credit})
    return found


def snapshot_key(month: str) -> tuple[Setting, Mapping[str, object]]:
    """Return where the closing balances of a month are kept."""
    return Setting.LEDGER, {"pk": f"closing#{month}", "sk": "closing"}


def snapshot_item(trial: Trial) -> items.Item:
    """Return what is kept of a month's end: debit and credit so far of each account, and their hash."""
    month = month_of(trial.as_of)
    balances = []
    for account, currency in trial.accounts:
        of = trial.closing((account, currency))
        balances.append([account, currency, money.text(of.debit, currency), money.text(of.credit, currency)])
    kept: items.Item = {**snapshot_key(month)[1], "month": month, "balances": balances}
    return kept | {"sha256": hash_of(kept)}


def hash_of(held: items.Item) -> str:
    """Return the hash of a month and its closing balances (SHA-256, lower-case hex)."""
    told = [held["month"], held["balances"]]
    return ids.digest(json.dumps(told, separators=(",", ":"), ensure_ascii=False))


def shown(trial: Trial, known: Mapping[str, Words]) -> dict[str, object]:
    """Return a trial balance as clients see it, currency by currency with totals."""
    currencies = sorted({currency for _, currency in trial.accounts})
    return {
        "as_of": str(trial.as_of),
        "from": str(trial.as_of.replace(day=1)),
        "currencies": [_of_currency(trial, currency, known) for currency in currencies],
    }


def _of_currency(trial: Trial, currency: str, known: Mapping[str, Words]) -> dict[str, object]:
    places = [one for one in trial.accounts if one[1] == currency]
    rows = [
        chart.named(one[0], known) | _row(trial.opening.get(one), trial.moved.get(one), currency)
        for one in places
    ]
    total = _row(_all(trial.opening, places), _all(trial.moved, places), currency)
    return {"currency": currency, "accounts": rows, "total": total}


def _row(opening: Sums | None, moved: Sums | None, currency: str) -> dict[str, object]:
    first, then = opening or Sums(), moved or Sums()
    amounts = {
        "opening": first.balance,
        "debit": then.debit,
        "credit": then.credit,
        "balance": (first + then).balance,
    }
    return {name: money.text(value, currency) for name, value in amounts.items()}


def _all(sums: Mapping[Account, Sums], places: Iterable[Account]) -> Sums:
    return sum((sums.get(place, Sums()) for place in places), Sums())


def _before(month: str) -> str:
    return month_of(date.fromisoformat(f"{month}-01") - timedelta(days=1))
