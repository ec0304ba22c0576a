"""Times of providers, and on which day of the company's zone they fall."""

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from soms.billing.statements.figures import day_of
from soms.billing.statements.refusals import unreadable

CHINA: Final = timezone(timedelta(hours=8))
_MOMENT: Final = re.compile(
    r"([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})"
    r"(?:[T ]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]*)?)?\s*(Z|UTC|[+-][0-9]{2}:?[0-9]{2})?)?",
    re.ASCII,
)
_DAY: Final = 86_400
_SERIAL: Final = re.compile(r"([0-9]{5}(?:\.[0-9]{1,12})?)", re.ASCII)


def day(text: str, zone: ZoneInfo, *, said_in: tzinfo = UTC, row: int | None = None) -> date:
    """Return the company's day of a moment written in `said_in` unless it says its offset itself.

    A date without a time is that day. A number of days since 1900, as workbooks have them, is read, too.
    """
    text = text.strip()
    if _SERIAL.fullmatch(text):
        moment = datetime(1899, 12, 30, tzinfo=said_in) + timedelta(seconds=int(Decimal(text) * _DAY))
        return moment.astimezone(zone).date()
    found = _MOMENT.fullmatch(text)
    if not found:
        raise unreadable("bad_date", row, text=text)
    on = day_of(found[1], found[2], found[3], text, row)
    if found[4] is None:
        return on
    try:
        time = int(found[4]), int(found[5]), int(found[6] or 0)
        moment = datetime(on.year, on.month, on.day, *time, tzinfo=_offset(found[7], said_in))
        return moment.astimezone(zone).date()
    except (ValueError, OverflowError):
        raise unreadable("bad_date", row, text=text) from None


def _offset(text: str | None, said_in: tzinfo) -> tzinfo:
    if text is None:
        return said_in
    if text in {"Z", "UTC"}:
        return UTC
    digits = text.replace(":", "")
    minutes = int(digits[1:3]) * 60 + int(digits[3:5])
    return timezone(timedelta(minutes=minutes if text[0] == "+" else -minutes))
