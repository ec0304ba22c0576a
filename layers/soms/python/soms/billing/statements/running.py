"""Running balances of an export: what the account had before its first line and after its last."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise

from soms.kit.money import EXACT

Told = tuple[date, Decimal, Decimal | None]


def around(lines: Sequence[Told]) -> tuple[Decimal | None, Decimal | None]:
    """Return the balances before and after lines of (day, amount, balance after it), oldest or newest first.

    None where a balance is missing. Which way the lines run is told by their days, and within one day by
    which way the balances follow from one another.
    """
    told = [(amount, balance) for _, amount, balance in lines if balance is not None]
    if not told or len(told) < len(lines):
        return None, None
    if lines[0][0] > lines[-1][0] or (lines[0][0] == lines[-1][0] and not _runs(told) and _runs(told[::-1])):
        told.reverse()
    amount, balance = told[0]
    return EXACT.subtract(balance, amount), told[-1][1]


def _runs(told: Sequence[tuple[Decimal, Decimal]]) -> bool:
    return all(EXACT.add(before[1], after[0]) == after[1] for before, after in pairwise(told))
