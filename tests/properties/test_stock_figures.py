"""The fold of movements into figures, against an oracle in fractions, in every batching."""

import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from soms.inventory.folding import Figures, Terms, folded

SEQUENCES = 20_000 if os.environ.get("SOMS_LONG") else 2_000
ZONE = ZoneInfo("Asia/Shanghai")
NOTHING = Figures(sku="A-1", warehouse="main")
MICRO = 10**6
Row = dict[str, Any]


@dataclass
class Oracle:
    """A shelf in exact fractions; a value is rounded half up to 10⁻⁶ where it is split, and nowhere else."""

    standard: Decimal | None
    units: int = 0
    value: Fraction = Fraction(0)
    cost: Fraction | None = None
    uncosted: int = 0
    shipped: dict[str, int] = field(default_factory=dict)
    spent: dict[str, Fraction] = field(default_factory=dict)

    def move(self, row: Row, day: date) -> None:
        change = row["delta"].get("on_hand", 0)
        if change > 0:
            said = row.get("unit_cost")
            if said is not None:
                self.value += Fraction(said) * change
                self.cost = Fraction(0)
            elif self.cost is not None:
                self.value += rounded(self.value / self.units * change) if self.units else self.cost * change
            elif self.standard is not None:
                self.cost = Fraction(self.standard)
                self.value += self.cost * change
            else:
                self.uncosted += change
        elif change < 0:
            gone = rounded(self.value / self.units * -change)
            self.value -= gone
            self.uncosted = min(self.uncosted, self.units + change)
            if row["reason"] == "ship":
                key = day.isoformat()
                self.shipped[key] = self.shipped.get(key, 0) - change
                self.spent[key[:7]] = self.spent.get(key[:7], Fraction(0)) + gone
        self.units += change
        if change and self.cost is not None and self.units:
            self.cost = rounded(self.value / self.units)


def rounded(value: Fraction) -> Fraction:
    return Fraction((value * MICRO * 2 + 1) // 2, MICRO)


def movements(dice: random.Random) -> Iterator[Row]:
    """Yield movements as the ledger would hold them: never below zero, some that move nothing on hand."""
    at, units = datetime(2025, 1, 30, 15, tzinfo=UTC), 0
    for seq in range(1, dice.randint(1, 40)):
        at += timedelta(hours=dice.choice([0, 1, 7, 30, 24 * 50]))
        reason = dice.choice(["receipt", "receipt", "found", "restock", "ship", "ship", "damage", "reserve"])
        row: Row = {"warehouse": "main", "seq": seq, "reason": reason, "at": at.isoformat(), "delta": {}}
        if reason in {"ship", "damage"} and units:
            row["delta"] = {"on_hand": -dice.choice([units, dice.randint(1, units)])}
        elif reason in {"receipt", "found", "restock"}:
            row["delta"] = {"on_hand": dice.choice([1, 3, 7, dice.randint(1, 1_000_000)])}
            if reason == "receipt" and dice.random() < 0.7:
                row["unit_cost"] = str(Decimal(dice.choice([0, 1, dice.randint(0, 10**9)])).scaleb(-6))
        elif reason == "reserve":
            row["delta"] = {"reserved": 1}
        units += row["delta"].get("on_hand", 0)
        yield row


def in_batches(rows: Sequence[Row], terms: Terms, dice: random.Random) -> Figures:
    figures, start = NOTHING, 0
    while start < len(rows):
        end = start + dice.randint(1, 6)
        figures = folded(figures, rows[start:end], terms)
        start = end
    return figures


def test_the_fold_agrees_with_an_oracle_in_fractions_in_any_batching() -> None:
    seed = int(os.environ.get("SOMS_SEED", "1"))
    for number in range(SEQUENCES):
        dice = random.Random(seed * SEQUENCES + number)  # noqa: S311 not a secret
        rows = list(movements(dice))
        terms = Terms(ZONE, dice.choice([None, Decimal("2.5"), Decimal("0.333333")]))
        oracle = Oracle(terms.standard)
        for row in rows:
            oracle.move(row, datetime.fromisoformat(row["at"]).astimezone(ZONE).date())

        at_once = folded(NOTHING, rows, terms)
        piecemeal = in_batches(rows, terms, dice)

        assert piecemeal == at_once, number
        assert at_once.seq == len(rows)
        assert (at_once.units, Fraction(at_once.value)) == (oracle.units, oracle.value), number
        assert at_once.uncosted_units == oracle.uncosted, number
        assert at_once.cost == oracle.cost, number
        assert at_once.value >= 0
        assert at_once.units or not at_once.value
        kept = {day: units for day, units in oracle.shipped.items() if day in at_once.shipped}
        assert at_once.shipped == kept
        assert all(Fraction(cost) == oracle.spent[month] for month, cost in at_once.cost_of_shipped.items())
        assert kept_days(at_once, oracle), number


def kept_days(figures: Figures, oracle: Oracle) -> bool:
    """Tell whether exactly the shipments of the last 400 days are kept."""
    last = max((day for day in (figures.last_in_on, figures.last_out_on) if day), default=date(2025, 1, 1))
    since = (last - timedelta(days=399)).isoformat()
    return {day for day in oracle.shipped if day >= since} == set(figures.shipped)
