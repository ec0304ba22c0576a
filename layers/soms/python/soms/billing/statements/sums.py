"""Amounts as people's tables write them: the whole column decides what a comma means; exact or refused."""

import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from soms.billing.statements.figures import amount
from soms.billing.statements.refusals import unreadable

_MONEY: Final = re.compile(r"^(?:[¥$€£]|[A-Z]{3}\s|元|RMB)|(?:[¥$€£元]|\s[A-Z]{3})$")
_BODY: Final = re.compile(r"[0-9][0-9.,' ]*|\.[0-9]+", re.ASCII)
_PLAIN: Final = re.compile(r"([+-]?)([0-9]+(?:\.[0-9]+)?)", re.ASCII)
_LAST: Final = re.compile(r"(.*)([.,])([0-9]*)", re.ASCII)
_SIDE: Final = re.compile(r"\s*(CR|DR)$")
_MINUS: Final = str.maketrans({"−": "-", "–": "-", "﹣": "-"})
_LONGEST: Final = 60
_GROUP: Final = 3


class Sums:
    """Reads the amounts of one file; `digits` is the most decimals that a currency in it has."""

    def __init__(self, texts: Iterable[str], *, digits: int = 2) -> None:
        points = {
            mark
            for text in texts
            if (body := _body(text)[1]) and (mark := _decimal_mark(body, digits)) is not None
        }
        self._mark = points.pop() if len(points) == 1 else None

    def read(self, text: str, row: int) -> Decimal:
        """Return the signed amount, or refuse it."""
        sign, body = _body(text)
        if not body:
            raise unreadable("bad_amount", row, text=text)
        mark = self._mark
        if mark is None and re.search(r"[.,]", body):
            raise unreadable("ambiguous_amounts", row, text=text)
        whole, _, decimals = body.partition(mark) if mark else (body, "", "")
        groups = re.split(r"[.,' ]", whole)
        grouped = len(groups) > 1
        if (grouped and not _well_grouped(groups)) or not re.fullmatch(r"[0-9]*", decimals, re.ASCII):
            raise unreadable("bad_amount", row, text=text)
        return amount(f"{sign}{''.join(groups)}{'.' if decimals else ''}{decimals}", row)


def _body(text: str) -> tuple[str, str]:
    """Return the sign and the figure without currency, or an empty figure for what is none."""
    if len(text) > _LONGEST:
        return "", ""
    if plain := _PLAIN.fullmatch(text):
        return plain[1], plain[2]
    text = unicodedata.normalize("NFKC", text).translate(_MINUS).strip()
    sign = ""
    if text.startswith("(") and text.endswith(")"):
        sign, text = "-", text[1:-1].strip()
    if side := _SIDE.search(text):
        sign, text = ("-" if side[1] == "DR" else ""), text[: side.start()]
    for _ in range(3):
        text = _MONEY.sub("", text).strip()
        if text[:1] in {"+", "-"} and not sign:
            sign, text = text[0], text[1:].strip()
        elif text[-1:] == "-" and not sign:
            sign, text = "-", text[:-1].strip()
    return sign, text if _BODY.fullmatch(text) else ""


def _decimal_mark(body: str, digits: int) -> str | None:
    """Return which mark this amount shows to be the decimal one, or None where it shows nothing."""
    last = _LAST.fullmatch(body)
    if not last:
        return None
    before, mark, decimals = last.groups()
    other = "," if mark == "." else "."
    if mark in before:
        return other  # a mark that comes twice separates thousands
    if other in before or len(decimals) != _GROUP or len(re.sub(r"[' ]", "", before)) > _GROUP:
        return mark
    if before.lstrip("0") == "":
        return mark  # 0.123 has no thousands
    # One mark before three digits: thousands, unless a currency has three decimals.
    return other if digits < _GROUP else None


def _well_grouped(groups: list[str]) -> bool:
    # 1,234,567 and the Indian 12,34,567.
    head, *middle, tail = groups
    return (
        1 <= len(head) <= _GROUP
        and len(tail) == _GROUP
        and all(len(one) in {_GROUP - 1, _GROUP} for one in middle)
    )
