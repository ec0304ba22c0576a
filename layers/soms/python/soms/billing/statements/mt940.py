"""MT940 and MT942 of SWIFT: balances and lines; what field 86 says is read in `narrative`.

The package mt-940 was tried on the files of its own tests and not taken: it folds all statements of a file
into one (all balances but the last are lost), adds the reversal of a credit (RC) instead of taking it off,
makes a balance without a currency (`:62M:C020315105000,00`) 0.00 of currency "105", and refuses references
longer than 16 characters, which some banks write.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Final

from soms.billing.statements.drafting import CELL, LINES, Book, Draft, Given, Head
from soms.billing.statements.figures import bank_day, negated, with_comma
from soms.billing.statements.model import LineKind, Statement
from soms.billing.statements.narrative import Narrative, narrative
from soms.billing.statements.refusals import unreadable
from soms.kit.money import known

_TAG: Final = re.compile(r"\s?:(13D?|20|21|25P?|28C?|34F|60[FM]|61|62[FM]|64|65|86|90[CD]|NS):(.*)")
_END: Final = re.compile(r"-(\}.*|XXX)?\s*")
_BALANCE: Final = re.compile(r"([CD])([0-9]{6})([A-Z]{3})?([0-9]+(?:,[0-9]*)?)", re.ASCII)
_LINE: Final = re.compile(
    r"([0-9]{6})([0-9]{4}|\s{4})?(R?[CD]|E[CD])([A-Z])?\s?([0-9]+(?:,[0-9]*)?)([A-Z][A-Z0-9]{3})?(.*)",
    re.ASCII | re.DOTALL,
)
_NO_REFERENCE: Final = {"NONREF", "NOTPROVIDED", "KREF+", "NOREF", "N"}
_HALF_A_YEAR: Final = 6
_CHARGES: Final = {"CHG", "COM"}


@dataclass
class _Statement:
    """What has been read of one statement so far."""

    head: Head = field(default_factory=Head)
    lines: list[Draft] = field(default_factory=list)
    closed: bool = False

    def is_over(self, tag: str) -> bool:
        """Tell whether the tag begins another statement, even without a reference in front."""
        if self.closed and tag[:2] in {"25", "28", "60"}:
            return True
        return tag.startswith("60") and self.head.opening is not None

    @property
    def says_something(self) -> bool:
        return self.head != Head(number=self.head.number) or bool(self.lines)


def statements(text: str, given: Given) -> tuple[Statement, ...]:
    """Return the statements of the file, in its order."""
    found: list[_Statement] = [_Statement()]
    interim = False
    for tag, value, row in _fields(text):
        interim = interim or tag in {"13", "13D", "34F"}
        if tag == "20" or found[-1].is_over(tag):
            found.append(_Statement())
        _take(found[-1], tag, value, row)
    told = [one for one in found if one.says_something]
    if not told:
        raise unreadable("no_statement")
    interim = interim and all(one.head.opening is None for one in told)
    book = Book(given, "mt942" if interim else "mt940", "bank")
    return tuple(book.statement(one.head, one.lines) for one in told)


def _fields(text: str) -> Iterator[tuple[str, list[str], int]]:
    # A tag can be broken after its first colon.
    lines = re.sub(r"(?m)^:\n(?=[0-9]{2}[A-Z]?:)", ":", text).split("\n")
    if len(lines) > LINES * 10:
        raise unreadable("too_many_lines", limit=LINES * 10)
    tag, value, start = "", list[str](), 0
    for row, line in enumerate(lines, start=1):
        match = _TAG.fullmatch(line)
        if match or _END.fullmatch(line) or line.startswith("{1:"):
            if tag:
                yield tag, value, start
            tag, value, start = (match[1], [match[2]], row) if match else ("", [], 0)
        elif tag:
            value.append(line)
    if tag:
        yield tag, value, start


def _take(statement: _Statement, tag: str, value: list[str], row: int) -> None:
    head = statement.head
    first = value[0].strip()
    if tag[:2] == "25" and not statement.lines:
        account, code = _account(first)
        statement.head = replace(head, account=account, currency=head.currency or code)
    elif tag[:2] == "28":
        statement.head = replace(head, number=first)
    elif tag in {"60F", "60M"}:
        day, code, amount = _balance(first, row)
        statement.head = replace(head, opening=amount, from_on=day, currency=code or head.currency)
    elif tag in {"62F", "62M"}:
        day, code, amount = _balance(first, row)
        statement.head = replace(head, closing=amount, to_on=day, currency=head.currency or code)
        statement.closed = True
    elif tag == "61":
        statement.lines.extend(_line(value, row))
    elif tag in {"86", "NS", "25"} and statement.lines and not statement.closed:
        # A second :25: among the lines is a :86: that was mistyped: its text belongs to the line before.
        statement.lines[-1] = _told(statement.lines[-1], narrative(value))


def _account(text: str) -> tuple[str, str]:
    code = text[-3:]
    if known(code) and re.search(r"[0-9]/?$", text[:-3]):
        return text[:-3].rstrip("/"), code
    return text, ""


def _balance(text: str, row: int) -> tuple[date, str, Decimal]:
    match = _BALANCE.fullmatch(text)
    if not match:
        raise unreadable("bad_line", row, text=text)
    amount = with_comma(match[4], row)
    return bank_day(match[2], row), match[3] or "", amount if match[1] == "C" else negated(amount)


def _line(value: list[str], row: int) -> Iterator[Draft]:
    first, rest = value[0], value[1:]
    match = _LINE.fullmatch(first)
    if not match and rest:
        match, rest = _LINE.fullmatch(first + rest[0]), rest[1:]
    if not match:
        raise unreadable("bad_line", row, text=first)
    valued, entered, mark, _, figure, kind, references = match.groups()
    if mark.startswith("E"):
        return  # only expected, not booked
    value_on = bank_day(valued, row)
    reference, _, bank_reference = (references or "").partition("//")
    amount = with_comma(figure, row)
    signed = amount if mark in {"C", "RD"} else negated(amount)
    charged: LineKind = "fee" if kind and kind[1:] in _CHARGES and signed < 0 else "transfer"
    yield Draft(
        booked_on=_entered(value_on, (entered or "").strip(), row),
        value_on=value_on,
        amount=signed,
        kind=charged,
        reference=_reference(reference),
        bank_reference=_reference(bank_reference),
        text=" ".join(" ".join(rest).split()),
    )


def _entered(value_on: date, entered: str, row: int) -> date:
    if not entered:
        return value_on
    month, year = int(entered[:2]), value_on.year
    if value_on.month - month > _HALF_A_YEAR:
        year += 1
    elif month - value_on.month > _HALF_A_YEAR:
        year -= 1
    return bank_day(f"{year % 100:02d}{entered}", row)


def _reference(text: str) -> str | None:
    return None if text.strip() in _NO_REFERENCE else text.strip() or None


def _told(line: Draft, said: Narrative) -> Draft:
    reference = line.reference
    if reference and reference == said.account:
        reference = None  # the customer's reference only repeats who paid
    text = "\n".join(part for part in (line.text, said.text) if part)
    if len(text) > CELL:
        raise unreadable("cell_too_long", limit=CELL)
    return replace(
        line,
        kind="fee" if said.charge else line.kind,
        payer=said.name or line.payer,
        payer_account=said.account or line.payer_account,
        reference=_reference(said.reference) or reference,
        text=text,
    )
