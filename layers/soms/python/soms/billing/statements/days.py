"""Days as people's tables write them: the whole column decides whether the day or the month comes first."""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from soms.billing.statements.figures import day_of, full_year
from soms.billing.statements.refusals import unreadable

_YEAR_FIRST: Final = re.compile(
    r"([0-9]{4})[-/.年] ?([0-9]{1,2})[-/.月] ?([0-9]{1,2})(?:日|(?![0-9]))", re.ASCII
)
_COMPACT: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?![0-9])", re.ASCII)
_YEAR_LAST: Final = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})[-/.]([0-9]{4}|[0-9]{2})(?![0-9])", re.ASCII)
_DAY_NAMED: Final = re.compile(
    r"([0-9]{1,2})[-. ]+([A-Za-z]{3})[a-z]*[-., ]+([0-9]{4}|[0-9]{2})(?![0-9])", re.ASCII
)
_MONTH_NAMED: Final = re.compile(r"([A-Za-z]{3})[a-z]*[. ]+([0-9]{1,2})[., ]+([0-9]{4})(?![0-9])", re.ASCII)
_WITHOUT_YEAR: Final = re.compile(r"([0-9]{1,2})(?:[-/]|月)([0-9]{1,2})日?", re.ASCII)
_SERIAL: Final = re.compile(r"([0-9]{5})(?:\.[0-9]+)?", re.ASCII)
_SERIAL_ZERO: Final = date(1899, 12, 30)
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LAST_MONTH: Final = 12


class Days:
    """Reads the days of one column.

    `day_first` says what the source is known to do; otherwise a number above 12 somewhere in the column must.
    `until` is the year and month of a statement whose days have no year.
    """

    def __init__(
        self,
        texts: Iterable[str],
        *,
        day_first: bool | None = None,
        until: tuple[int, int] | None = None,
    ) -> None:
        self._until = until
        self._day_first = day_first
        if day_first is None:
            matches = (_YEAR_LAST.match(text.strip()) for text in texts)
            numbers = [(int(one[1]), int(one[3])) for one in matches if one]
            first = any(day > _LAST_MONTH for day, _ in numbers)
            second = any(day > _LAST_MONTH for _, day in numbers)
            self._day_first = first if first != second else None

    def read(self, text: str, row: int) -> date:
        """Return the day at the beginning of the text, or refuse it."""
        text = text.strip()
        if one := _YEAR_FIRST.match(text) or _COMPACT.match(text):
            return day_of(one[1], one[2], one[3], text, row)
        if one := _YEAR_LAST.match(text):
            return self._year_last(one, text, row)
        if one := _DAY_NAMED.match(text):
            return day_of(full_year(one[3]), _month(one[2], text, row), one[1], text, row)
        if one := _MONTH_NAMED.match(text):
            return day_of(one[3], _month(one[1], text, row), one[2], text, row)
        if one := _SERIAL.fullmatch(text):
            return _SERIAL_ZERO + timedelta(days=int(one[1]))
        if self._until and (one := _WITHOUT_YEAR.fullmatch(text)):
            year, month = self._until
            return day_of(str(year - (int(one[1]) > month)), one[1], one[2], text, row)
        raise unreadable("bad_date", row, text=text)

    def _year_last(self, one: re.Match[str], text: str, row: int) -> date:
        day_first = self._day_first
        if one[2] == ".":
            day_first = True
        if day_first is None and int(one[1]) != int(one[3]):
            raise unreadable("ambiguous_dates", row, text=text)
        day, month = (one[1], one[3]) if day_first else (one[3], one[1])
        return day_of(full_year(one[4]), month, day, text, row)


def _month(name: str, text: str, row: int) -> str:
    try:
        return str(_MONTHS.index(name.lower()) + 1)
    except ValueError:
        raise unreadable("bad_date", row, text=text) from None
