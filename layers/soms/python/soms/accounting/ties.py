"""Tie-outs: figures that two parts of the system know, side by side."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from soms.accounting import chart, explaining
from soms.accounting.model import ZERO
from soms.accounting.trial import Trial
from soms.kit import money
from soms.kit.problems import Words


@dataclass(frozen=True)
class Tie:
    """Two figures that must be the same, and the parts of the second."""

    code: str
    words: Words
    currency: str
    left: Decimal
    parts: Mapping[str, Decimal]

    def shown(self) -> dict[str, object]:
        """Return it as clients see it."""
        english, chinese = self.words
        total = sum(self.parts.values(), ZERO)
        parts = {name: money.text(value, self.currency) for name, value in self.parts.items()}
        return {
            "code": self.code,
            "name": english,
            "name_zh": chinese,
            "currency": self.currency,
            "amount": money.text(self.left, self.currency),
            "parts": parts,
            "difference": money.text(self.left - total, self.currency),
        }


def clearing(trial: Trial, known: Mapping[str, Words]) -> list[dict[str, object]]:
    """Return the clearing accounts with their balances and what explains them."""
    found, rows = [], explaining.uncleared()
    for account, currency in trial.accounts:
        if chart.method_of(account) is None:
            continue
        balance = trial.closing((account, currency)).balance
        lines = explaining.lines(account, currency, trial.as_of, rows)
        told = sum((Decimal(str(line["amount"])) for line in lines), ZERO)
        first, last = trial.as_of.replace(day=1), trial.as_of
        found.append(
            chart.named(account, known)
            | {
                "currency": currency,
                "balance": money.text(balance, currency),
                "explained_by": lines,
                "unexplained": money.text(balance - told, currency),
                "href": f"/v1/ledger/entries?account={account}&from={first}&to={last}",
            }
        )
    return found
