"""Amounts and days as programs write them: one way, exact, or refused."""

import re
from calendar import monthrange
from datetime import date
from decimal import Decimal
from typing import Final

from soms.billing.statements.refusals import unreadable
from soms.kit.money import EXACT, exponent, known

_AMOUNT: Final = re.compile(r"([+-]?)([0-9]*)(?:[.]([0-9]*))?", re.ASCII)
_ISO: Final = re.compile(r"\s*([0-9]{4})-([0-9]{2})-([0-9]{2})(?![0-9])", re.ASCII)
_LONG: Final = re.compile(r"\s*([0-9]{4})([0-9]{2})([0-9]{2})", re.ASCII)
_SHORT: Final = re.compile(r"\s*([0-9]{2})([0-9]{2})([0-9]{2})(?![0-9])", re.ASCII)
_WHOLE: Final = 15
_DECIMALS: Final = 12


def amount(text: str, row: int | None = None) -> Decimal:
    """Return the exact amount written with a decimal point (or none), digits kept as given."""
    text = text.strip()
    found = _AMOUNT.fullmatch(text)
    if not found or not (found[2] or found[3]):
        raise unreadable("bad_amount", row, text=text)
    whole, decimals = found[2].lstrip("0"), found[3] or ""
    if len(whole) > _WHOLE or len(decimals) > _DECIMALS:
        raise unreadable("amount_too_large", row, text=text)
    value = Decimal(f"{found[1]}{whole or '0'}{'.' if decimals else ''}{decimals}")
    return value or value.copy_abs()


def with_comma(text: str, row: int | None = None) -> Decimal:
    """Return the exact amount written with a decimal comma, as SWIFT does."""
    if "." in text:
        raise unreadable("bad_amount", row, text=text)
    return amount(text.replace(",", "."), row)


def negated(value: Decimal) -> Decimal:
    """Return the amount with the other sign, exact in any decimal context; zero has none."""
    return value.copy_negate() if value else value


def minor(text: str, digits: int, row: int | None = None) -> Decimal:
    """Return the amount of a whole number of minor units."""
    if not re.fullmatch(r"[+-]?[0-9]{1,20}", text.strip(), re.ASCII):
        raise unreadable("bad_amount", row, text=text)
    whole = amount(text, row)
    return EXACT.scaleb(whole, -digits)


def currency(text: str, row: int | None = None) -> str:
    """Return the ISO 4217 code in capitals; three letters are enough, for old statements have old ones."""
    code = text.strip().upper()
    if not re.fullmatch(r"[A-Z]{3}", code, re.ASCII):
        raise unreadable("bad_currency", row, text=text)
    return code


def digits(code: str) -> int:
    """Return how many decimals the currency has, two where it is not known any more."""
    return exponent(code) if known(code) else 2


def iso_day(text: str, row: int | None = None) -> date:
    """Return the day at the beginning of an ISO date or time, as it is written there."""
    found = _ISO.match(text)
    if not found:
        raise unreadable("bad_date", row, text=text)
    return day_of(found[1], found[2], found[3], text, row)


def day_of(year: str, month: str, day: str, text: str, row: int | None = None) -> date:
    """Return that day of the calendar, or refuse it."""
    try:
        return date(int(year), int(month), int(day))
    except (ValueError, OverflowError):
        raise unreadable("bad_date", row, text=text) from None


def bank_day(digits: str, row: int | None = None) -> date:
    """Return the day of YYMMDD; banks that count 30 days a month mean the last of February by its 30th."""
    year, month, day = full_year(digits[:2]), digits[2:4], digits[4:6]
    if month == "02" and day in {"29", "30"}:
        day = str(monthrange(int(year), 2)[1])
    return day_of(year, month, day, digits, row)


def compact_day(text: str, row: int | None = None) -> date:
    """Return the day of YYYYMMDD or YYMMDD at the beginning of a text."""
    found = _LONG.match(text) or _SHORT.match(text)
    if not found:
        raise unreadable("bad_date", row, text=text)
    return day_of(full_year(found[1]), found[2], found[3], text, row)


def full_year(year: str) -> str:
    """Return a year of two digits in full: 80 to 99 are of the last century."""
    if len(year) > len("99"):
        return year
    return f"19{year}" if year >= "80" else f"20{year}"
