"""Rows of cells, from CSV; which row is the header; what a header is called."""

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Final

from soms.billing.statements.drafting import CELL, LINES
from soms.billing.statements.refusals import Unreadable, unreadable

_DELIMITERS: Final = (",", ";", "\t", "|")
_SEARCHED: Final = 200
_COLUMNS: Final = 500
_NOTHINGS: Final = "-/–—"
_NOTHING: Final = re.compile(rf"[{_NOTHINGS}\s]*")


@dataclass(frozen=True)
class Row:
    """A row with its number in the file, from 1."""

    number: int
    cells: Sequence[str]


@dataclass(frozen=True)
class Table:
    """What stands above the header, the header's names in their plain form, and the rows below it."""

    above: tuple[Row, ...]
    header: Row
    names: tuple[str, ...]
    below: tuple[Row, ...]

    def has(self, *names: str) -> bool:
        """Tell whether the header has all these names, in plain form."""
        return set(names) <= set(self.names)

    def place(self, *names: str) -> int | None:
        """Return the column of the first of these names that the header has."""
        return next((self._places[name] for name in names if name in self._places), None)

    @cached_property
    def _places(self) -> dict[str, int]:
        # The first of two columns of one name is it.
        return {name: place for place, name in reversed(tuple(enumerate(self.names)))}


Finder = Callable[[tuple[str, ...]], int]


def plain(name: str) -> str:
    """Return a header in plain form: half-width, lower case, without blanks and quotes."""
    return re.sub(r"[\s\"'`*_#]+", "", unicodedata.normalize("NFKC", name)).casefold()


def cell(row: Row, place: int | None) -> str:
    """Return the trimmed text of a cell; dashes and slashes alone stand for nothing."""
    if place is None or place >= len(row.cells):
        return ""
    text = row.cells[place].strip().removeprefix("`").strip()
    return "" if text[:1] in _NOTHINGS and _NOTHING.fullmatch(text) else text


def from_csv(text: str, score: Finder) -> Table:
    """Return the table of a CSV file whose header scores best, for the delimiter with which it does."""
    samples = [_sample(text, delimiter) for delimiter in _DELIMITERS]
    scores = [max((score(_plain(row)) for row in rows), default=0) for rows in samples]
    delimiter = _DELIMITERS[scores.index(max(scores))]
    return from_rows(_rows(text, delimiter), score)


def from_rows(rows: Iterable[Row], score: Finder) -> Table:
    """Return the table whose header is the first of the best rows among the first two hundred."""
    kept = tuple(rows)
    scores = [score(_plain(row)) for row in kept[:_SEARCHED]]
    if not scores or not max(scores):
        raise _no_header(kept[:_SEARCHED])
    at = scores.index(max(scores))
    return Table(kept[:at], kept[at], _plain(kept[at]), kept[at + 1 :])


def checked(rows: Iterable[Row]) -> Iterator[Row]:
    """Pass the rows on as long as they keep to the limits."""
    for count, row in enumerate(rows, start=1):
        if count > LINES:
            raise unreadable("too_many_lines", limit=LINES)
        if len(row.cells) > _COLUMNS:
            raise unreadable("too_many_columns", row.number, limit=_COLUMNS)
        if any(len(one) > CELL for one in row.cells):
            raise unreadable("cell_too_long", row.number, limit=CELL)
        yield row


def _rows(text: str, delimiter: str) -> Iterator[Row]:
    if "\0" in text:
        raise unreadable("damaged", what="it has zero bytes in it")
    return checked(_numbered(text, delimiter))


def _sample(text: str, delimiter: str) -> list[Row]:
    rows: list[Row] = []
    with suppress(Unreadable):  # said again if this delimiter is taken
        rows.extend(islice(_rows(text, delimiter), _SEARCHED))
    return rows


def _numbered(text: str, delimiter: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:  # a cell of more than 128 KiB
            raise unreadable("cell_too_long", number, limit=CELL) from None
        yield Row(number, cells)


def _plain(row: Row) -> tuple[str, ...]:
    return tuple(plain(one) for one in row.cells)


def _no_header(rows: Sequence[Row]) -> Exception:
    first = next((row for row in rows if any(one.strip() for one in row.cells)), None)
    found = ", ".join(one.strip() for one in first.cells if one.strip()) if first else ""
    return unreadable("no_header", found=found)
