"""Workbooks of Excel 2007 and later: the text of their cells, numbers as they are written, nothing computed.

python-calamine was tried and not taken: it gives binary floats, and a sheet of two cells, the first and the
last there can be, makes it ask for half a terabyte and abort the process.
"""

import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Context, Decimal
from io import BytesIO
from typing import Final
from xml.etree.ElementTree import Element
from zlib import error as zlib_error

from soms.billing.statements.drafting import LINES
from soms.billing.statements.markup import Reader
from soms.billing.statements.refusals import unreadable
from soms.billing.statements.tables import Row, checked

# What zipfile raises for broken, encrypted and strangely packed archives: it has no one name for it.
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib_error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OSError,
    ValueError,
)
_SHARED: Final = "xl/sharedStrings.xml"
_UNPACKED: Final = 60_000_000
_TEXTS: Final = 1_000_000
_MEMBERS: Final = 2_000
_ENTRY: Final = b"PK\x01\x02"
_CHUNK: Final = 1 << 16
_COLUMNS: Final = 256
_ROW: Final = re.compile(r"[0-9]{1,7}", re.ASCII)
_PLACE: Final = re.compile(r"([A-Z]{1,3})[0-9]*", re.ASCII)
_NUMBER: Final = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?([eE][-+]?[0-9]{1,2})?", re.ASCII)
# Excel keeps what is typed as a binary float; fifteen digits are what it shows and what was typed.
_SHOWN: Final = Context(prec=15)


def sheets(content: bytes) -> Iterator[list[Row]]:
    """Yield the rows of each sheet, in the order of the workbook."""
    if content.count(_ENTRY) > _MEMBERS:
        raise unreadable("unpacks_too_large", limit=_UNPACKED // 1_000_000)
    members = _Members(content)
    book = Reader("", _ignore).read(members.read("xl/workbook.xml"))
    if any(one.get("date1904") in {"1", "true"} for one in book.iter("workbookPr")):
        raise unreadable("dates_from_1904")
    shared = _shared(members.read(_SHARED)) if members.has(_SHARED) else []
    for path in _paths(book, members):
        yield list(checked(_rows(members.read(path), shared)))


@contextmanager
def _whole() -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise unreadable("damaged", what=str(error) or type(error).__name__) from None


class _Members:
    """The files in the archive; what is unpacked is counted meanwhile, whatever the archive says."""

    def __init__(self, content: bytes) -> None:
        with _whole():
            self._archive = zipfile.ZipFile(BytesIO(content))
        self._names = set(self._archive.namelist())
        self._left = _UNPACKED

    def has(self, name: str) -> bool:
        return name in self._names

    def read(self, name: str) -> bytes:
        if not self.has(name):
            raise unreadable("unknown_format")
        parts = []
        with _whole(), self._archive.open(name) as member:
            while part := member.read(_CHUNK):
                self._left -= len(part)
                if self._left < 0:
                    raise unreadable("unpacks_too_large", limit=_UNPACKED // 1_000_000)
                parts.append(part)
        return b"".join(parts)


def _paths(book: Element, members: _Members) -> Iterator[str]:
    relations = Reader("", _ignore).read(members.read("xl/_rels/workbook.xml.rels"))
    targets = {one.get("Id", ""): one.get("Target", "") for one in relations.iter("Relationship")}
    for sheet in book.iter("sheet"):
        relation = next((value for name, value in sheet.items() if name.rpartition("}")[2] == "id"), "")
        target = targets.get(relation, "")
        path = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
        if members.has(path) and "/worksheets/" in path:
            yield path


def _shared(content: bytes) -> list[str]:
    texts: list[str] = []

    def take(_: Element, piece: Element) -> None:
        texts.append(_text(piece))
        if len(texts) > _TEXTS:
            raise unreadable("too_many_lines", limit=_TEXTS)

    Reader("si", take).read(content)
    return texts


def _rows(content: bytes, shared: list[str]) -> Iterator[Row]:
    rows: list[Row] = []

    def take(_: Element, piece: Element) -> None:
        number = piece.get("r", "")
        place = int(number) if _ROW.fullmatch(number) else len(rows) + 1
        rows.append(Row(place, _cells(piece, shared)))
        if len(rows) > LINES:
            raise unreadable("too_many_lines", limit=LINES)

    Reader("row", take).read(content)
    return iter(rows)


def _cells(row: Element, shared: list[str]) -> list[str]:
    cells: list[str] = []
    for one in row.iterfind("c"):
        place = _column(one.get("r", ""), len(cells))
        if place >= _COLUMNS:
            break
        cells.extend([""] * (place - len(cells)))
        cells.append(_value(one, shared))
    return cells


def _column(reference: str, following: int) -> int:
    match = _PLACE.fullmatch(reference)
    if not match:
        return following
    column = 0
    for letter in match[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    return max(column - 1, following)


def _value(one: Element, shared: list[str]) -> str:
    kind, value = one.get("t", "n"), one.findtext("v") or ""
    if kind == "s":
        index = int(value) if _ROW.fullmatch(value) else -1
        return shared[index] if 0 <= index < len(shared) else ""
    if kind == "inlineStr":
        inline = one.find("is")
        return _text(inline) if inline is not None else ""
    return number(value) if kind == "n" else value


def number(text: str) -> str:
    """Return a number of a workbook in full, without an exponent, as the workbook shows it."""
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        return text
    plain = f"{_SHOWN.create_decimal(Decimal(text)):f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _text(element: Element) -> str:
    # A phonetic run repeats the text in another script.
    return "".join((part.text or "") for child in element if child.tag != "rPh" for part in child.iter("t"))


def _ignore(_: Element, __: Element) -> None:
    """Hand nothing over: the whole is small."""
