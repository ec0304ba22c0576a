"""BAI2, as American and Canadian banks send it: ledger balances and transaction details.

The package bai2 was tried and not taken: it refuses four of the five example files (type codes it does not
list, several records on a physical line, counts that a bank got wrong).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final

from soms.billing.statements.drafting import CELL, LINES, Book, Draft, Given, Head
from soms.billing.statements.figures import compact_day, currency, digits, minor, negated
from soms.billing.statements.model import LineKind, Statement
from soms.billing.statements.refusals import unreadable

_RECORD: Final = re.compile(r"\s*(01|02|03|16|49|88|98|99)[,:](.*)", re.DOTALL)
_NEXT: Final = re.compile(r"/\s+(?=(?:01|02|03|16|49|88|98|99),)")
_JOINT: Final = ",\n"
_TOLD: Final = re.compile(r"(EREF|REMI|DBNM|CRNM|DACT|CACT): ?(.*)")
_OPENING, _CLOSING = "010", "015"
_NO_MONEY: Final = "890"
_CREDIT: Final = re.compile(r"[123][0-9]{2}|9[2-5][0-9]", re.ASCII)
_DEBIT: Final = re.compile(r"[456][0-9]{2}|9[6-9][0-9]", re.ASCII)
_CHARGES: Final = {"698", "699", "661", "662", "666"}


@dataclass(frozen=True)
class _Group:
    """What the lines of a group have in common: the day they are as of, and a currency."""

    day: date
    currency: str


def statements(text: str, given: Given) -> tuple[Statement, ...]:
    """Return one statement per account record; amounts are in the currency's minor units."""
    found: list[tuple[Head, list[Draft]]] = []
    group: _Group | None = None
    kind = code = ""
    for kind, content, row in _records(text):
        fields = content.split(",")
        if kind == "02":
            group = _group(fields, row)
        elif kind in {"03", "16"} and group is None:
            raise unreadable("bad_line", row, text=content)
        elif kind == "03" and group:
            code = currency(fields[1], row) if len(fields) > 1 and fields[1].strip() else group.currency
            found.append((_head(fields, group, code, row), []))
        elif kind == "16" and group:
            if not found:
                raise unreadable("bad_line", row, text=content)
            if fields[0].strip() != _NO_MONEY:
                found[-1][1].append(_draft(fields, group, code, row))
    if not found:
        raise unreadable("no_statement")
    if kind != "99":
        raise unreadable("damaged", what="its end is missing")
    book = Book(given, "bai2", "bank")
    return tuple(book.statement(head, drafts) for head, drafts in found)


def _records(text: str) -> Iterator[tuple[str, str, int]]:
    kind, content, start = "", "", 0
    for row, physical in enumerate(text.split("\n"), start=1):
        if row > LINES * 10:
            raise unreadable("too_many_lines", limit=LINES * 10)
        for line in _NEXT.split(physical):
            match = _RECORD.fullmatch(line)
            if len(content) > CELL * 10:
                raise unreadable("cell_too_long", start, limit=CELL * 10)
            if not match:
                content += f" {line.strip()}"  # text that went on without a continuation record
                continue
            told = match[2].rstrip().removesuffix("/").rstrip()
            if match[1] == "88":
                content = content.rstrip().removesuffix("/").rstrip() + _JOINT + told.strip()
                continue
            if kind:
                yield kind, content, start
            kind, content, start = match[1], told, row
    if kind:
        yield kind, content.rstrip().removesuffix("/").rstrip(), start


def _group(fields: list[str], row: int) -> _Group:
    # Receiver, originator, status, as-of day, as-of time, currency.
    told = [*(part.strip() for part in fields), "", "", "", "", "", ""]
    if not told[3]:
        raise unreadable("no_date", row)
    return _Group(compact_day(told[3], row), currency(told[5], row) if told[5] else "USD")


def _head(fields: list[str], group: _Group, code: str, row: int) -> Head:
    head = Head(account=fields[0].strip(), currency=code, from_on=group.day, to_on=group.day)
    at = 2
    while at + 1 < len(fields):
        kind, figure = fields[at].strip(), fields[at + 1].strip()
        if kind in {_OPENING, _CLOSING} and figure:
            amount = minor(figure, digits(code), row)
            head = replace(head, opening=amount) if kind == _OPENING else replace(head, closing=amount)
        at += 3 + _funds(fields, at + 3, row)
    return head


def _funds(fields: list[str], at: int, row: int) -> int:
    """Return how many fields the funds type takes, itself included."""
    kind = fields[at].strip() if at < len(fields) else ""
    if kind == "V":
        return 3
    if kind == "S":
        return 4
    if kind == "D":
        pairs = fields[at + 1].strip() if at + 1 < len(fields) else ""
        if not re.fullmatch(r"[0-9]{1,4}", pairs, re.ASCII):
            raise unreadable("bad_line", row, text=",".join(fields))
        return 2 + 2 * int(pairs)
    return 1


def _draft(fields: list[str], group: _Group, code: str, row: int) -> Draft:
    fields = [*fields, "", ""]
    kind = fields[0].strip()
    credit = _is_credit(kind, row)
    amount = minor(fields[1], digits(code), row) if fields[1].strip() else Decimal(0)
    taken = _funds(fields, 2, row)
    rest = [*fields[2 + taken : -2], "", ""]
    valued = fields[3].strip() if fields[2].strip() == "V" else ""
    text = ",".join(rest[2:-2]).replace(_JOINT, "\n").strip()
    matches = (_TOLD.fullmatch(line.strip()) for line in text.split("\n"))
    told = {match[1]: match[2].strip() for match in matches if match}
    charged: LineKind = "fee" if kind in _CHARGES else "transfer"
    return Draft(
        booked_on=group.day,
        value_on=compact_day(valued, row) if valued else None,
        amount=amount if credit else negated(amount),
        currency=code,
        kind=charged,
        payer=told.get("DBNM" if credit else "CRNM"),
        payer_account=told.get("DACT" if credit else "CACT"),
        reference=told.get("EREF") or rest[1],
        bank_reference=rest[0],
        text="\n".join(" ".join(line.split()) for line in text.split("\n")),
    )


def _is_credit(kind: str, row: int) -> bool:
    if _CREDIT.fullmatch(kind):
        return True
    if _DEBIT.fullmatch(kind):
        return False
    raise unreadable("no_direction", row, text=kind)
