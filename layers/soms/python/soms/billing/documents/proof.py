"""The proof that a series runs from one to its last number, without gap or repeat, its days in order."""

from collections.abc import Iterable
from datetime import date


def proof(series: str, numbers: Iterable[tuple[int, str, date]]) -> dict[str, object]:
    """Return what a series holds and what is wrong with it, from its numbers in order."""
    seen, first, last = 0, None, None
    expected, latest = 1, date.min
    missing: list[int] = []
    repeated: list[int] = []
    out_of_order: list[str] = []
    for ordinal, number, day in numbers:
        seen += 1
        first, last = first or number, number
        if ordinal < expected:
            repeated.append(ordinal)
        missing += range(expected, ordinal)
        expected = max(expected, ordinal + 1)
        if day < latest:
            out_of_order.append(number)
        latest = max(latest, day)
    return {
        "series": series,
        "count": seen,
        "first": first,
        "last": last,
        "missing": missing,
        "repeated": repeated,
        "out_of_order": out_of_order,
    }
