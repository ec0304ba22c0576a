"""OFX 1.x (SGML) and 2.x (XML), of banks and cards: what is booked, and the ledger balance.

ofxtools was tried on real files and not taken: it refuses a file for a bank number of ten digits, for a
balance without a list, and for an empty tag, and with it half of them. ofxparse needs two HTML parsers and is
not maintained. A statement needs few tags, and both dialects have the same ones, so they are read here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from html import escape, unescape
from typing import Final

from soms.billing.statements.drafting import Book, Draft, Given, Head
from soms.billing.statements.figures import amount, compact_day, currency
from soms.billing.statements.model import LineKind, Statement
from soms.billing.statements.refusals import unreadable

_TOKEN: Final = re.compile(r"<(/?)([A-Za-z0-9_.]{1,40})>([^<]*)")
_CDATA, _CDATA_END = "<![CDATA[", "]]>"
_STATEMENTS: Final = {"STMTRS", "CCSTMTRS"}
_ROOMS: Final = _STATEMENTS | {
    "BANKACCTFROM",
    "CCACCTFROM",
    "BANKTRANLIST",
    "STMTTRN",
    "LEDGERBAL",
    "AVAILBAL",
    "PAYEE",
    "BANKACCTTO",
    "CCACCTTO",
    "CURRENCY",
    "ORIGCURRENCY",
    "BANKTRANLISTP",
    "STMTTRNP",
    "BALLIST",
    "BAL",
}
_CHARGES: Final = {"FEE", "SRVCHG"}


@dataclass
class _Room:
    """An element with elements in it: its leaves, the first of each name, and the rooms in it."""

    tag: str
    row: int
    leaves: dict[str, str] = field(default_factory=dict)
    rooms: list["_Room"] = field(default_factory=list)

    def leaf(self, *names: str) -> str:
        return next((self.leaves[name] for name in names if self.leaves.get(name)), "")

    def all(self, tag: str) -> Iterator["_Room"]:
        return (room for room in self.rooms if room.tag == tag)

    def find(self, *tags: str) -> "_Room":
        return next((room for room in self.rooms if room.tag in tags), _Room("", self.row))


def statements(text: str, given: Given) -> tuple[Statement, ...]:
    """Return the statements of the file; pending transactions are left out."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise unreadable("dtd_refused")
    if "</OFX>" not in text.upper():
        raise unreadable("damaged", what="its end is missing")
    found = [room for room in _rooms(text) if room.tag in _STATEMENTS]
    if not found:
        raise unreadable("no_statement")
    book = Book(given, "ofx", "bank")
    return tuple(book.statement(_head(one), _drafts(one)) for one in found)


def _rooms(text: str) -> list[_Room]:
    # An end tag may be missing for a leaf; a room closes with its own end or that of one around it.
    top = _Room("", 1)
    path = [top]
    row, at = 1, 0
    text = _without_cdata(text)
    for token in _TOKEN.finditer(text):
        row += text.count("\n", at, token.start())
        at = token.start()
        tag = token[2].upper()
        if token[1]:
            if any(room.tag == tag for room in path[1:]):
                while path.pop().tag != tag:
                    pass
        elif tag in _ROOMS:
            room = _Room(tag, row)
            if any(one.tag == tag for one in path):
                while path.pop().tag != tag:  # its end was forgotten
                    pass
            parent = path[-1] if tag not in _STATEMENTS else top
            parent.rooms.append(room)
            path = [*path, room] if parent is not top else [top, room]
        else:
            path[-1].leaves.setdefault(tag, " ".join(unescape(token[3]).split()))
    return top.rooms


def _without_cdata(text: str) -> str:
    parts, at = [], 0
    while (start := text.find(_CDATA, at)) >= 0:
        end = text.find(_CDATA_END, start)
        if end < 0:
            raise unreadable("damaged", what="a CDATA section does not end")
        parts += [text[at:start], escape(text[start + len(_CDATA) : end])]
        at = end + len(_CDATA_END)
    return "".join([*parts, text[at:]])


def _head(statement: _Room) -> Head:
    account = statement.find("BANKACCTFROM", "CCACCTFROM")
    listed = statement.find("BANKTRANLIST")
    ledger = statement.find("LEDGERBAL")
    code = statement.leaf("CURDEF")
    return Head(
        account=account.leaf("ACCTID"),
        currency=currency(code, statement.row) if code else "",
        from_on=_day(listed.leaf("DTSTART"), listed.row),
        to_on=_day(listed.leaf("DTEND"), listed.row) or _day(ledger.leaf("DTASOF"), ledger.row),
        closing=_amount(ledger.leaf("BALAMT"), ledger.row) if ledger.leaf("BALAMT") else None,
    )


def _drafts(statement: _Room) -> Iterator[Draft]:
    for listed in statement.all("BANKTRANLIST"):
        for one in listed.all("STMTTRN"):
            yield _draft(one)


def _draft(one: _Room) -> Draft:
    posted = _day(one.leaf("DTPOSTED"), one.row)
    if posted is None:
        raise unreadable("no_date", one.row)
    if not one.leaf("TRNAMT"):
        raise unreadable("no_amount", one.row)
    value = _amount(one.leaf("TRNAMT"), one.row)
    name, memo = one.leaf("NAME") or one.find("PAYEE").leaf("NAME"), one.leaf("MEMO")
    number = one.leaf("CHECKNUM", "REFNUM").strip("0")
    code = one.find("CURRENCY").leaf("CURSYM")
    kind: LineKind = "fee" if one.leaf("TRNTYPE").upper() in _CHARGES and value < 0 else "transfer"
    return Draft(
        booked_on=posted,
        value_on=_day(one.leaf("DTAVAIL", "VALUEDATE"), one.row),
        amount=value,
        currency=currency(code, one.row) if code else "",
        kind=kind,
        payer=name,
        payer_account=one.find("BANKACCTTO", "CCACCTTO").leaf("ACCTID"),
        reference=one.leaf("CHECKNUM", "REFNUM") if number else None,
        bank_reference=one.leaf("FITID"),
        text=memo or name,
    )


def _amount(text: str, row: int) -> Decimal:
    # The standard allows a decimal comma, and no thousands separators.
    if "," in text and "." not in text and text.count(",") == 1:
        text = text.replace(",", ".")
    return amount(text, row)


def _day(text: str, row: int) -> date | None:
    return compact_day(text, row) if text else None
