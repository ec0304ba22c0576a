"""Rows between a kind and its job: kept as lines of JSON, in chunks, as a sample, as a file of errors."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from pydantic import Field

from soms.kit.fields import Frozen
from soms.transfers.model import FEW, Counts, Row, RowError

_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)*")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_ADDED: Final = ("_status", "_code", "_message_en", "_message_zh")


class Kept(Frozen):
    """A row as it waits to be applied; `of` is the place of its facts, `twice` that the file repeats it."""

    row: int
    of: int
    value: Mapping[str, object]
    error: RowError | None = None
    twice: bool = False

    @property
    def is_good(self) -> bool:
        """Tell whether there is anything to apply."""
        return self.error is None and not self.twice


class Head(Frozen):
    """The first line of what is kept: the facts that rows share."""

    facts: tuple[Mapping[str, object], ...] = ()
    rows: int = 0
    counts: Counts = Field(default_factory=Counts)


@dataclass(frozen=True)
class Chunk:
    """Rows that follow one another and share their facts."""

    rows: Sequence[Kept]
    facts: Mapping[str, object]

    @property
    def last(self) -> int:
        """Return the number of its last row."""
        return self.rows[-1].row


def numbered(rows: Iterable[Row]) -> tuple[Head, list[Kept]]:
    """Give rows numbers from 1 in the order of the file, and mark what the file repeats."""
    facts: list[Mapping[str, object]] = []
    seen: set[str] = set()
    kept: list[Kept] = []
    for number, row in enumerate(rows, start=1):
        if not facts or facts[-1] != row.facts:
            facts.append(row.facts)
        twice = row.error is None and row.id in seen
        seen |= set() if row.error else {row.id}
        error = row.error and row.error.model_copy(update={"row": number})
        kept.append(Kept(row=number, of=len(facts) - 1, value=row.value, error=error, twice=twice))
    failed, repeated = sum(one.error is not None for one in kept), sum(one.twice for one in kept)
    good = len(kept) - failed - repeated
    counts = Counts(rows=len(kept), ok=good, failed=failed, duplicate=repeated)
    return Head(facts=tuple(facts), rows=len(kept), counts=counts), kept


def written(head: Head, kept: Iterable[Kept]) -> bytes:
    """Write rows as lines of JSON, the facts they share first."""
    lines = (one.model_dump_json(exclude_defaults=True) for one in (head, *kept))
    return "".join(f"{line}\n" for line in lines).encode()


def read(lines: Iterator[bytes]) -> tuple[Head, Iterator[Kept]]:
    """Read what `written` wrote, row by row as they are needed."""
    head = Head.model_validate(json.loads(next(lines)))
    return head, (Kept.model_validate(json.loads(line)) for line in lines)


def chunks(head: Head, kept: Iterator[Kept], *, after: int, size: int) -> Iterator[Chunk]:
    """Yield the rows behind row `after` in chunks of at most `size` that share their facts."""
    chunk: list[Kept] = []
    for one in kept:
        if one.row <= after:
            continue
        if chunk and (len(chunk) == size or chunk[0].of != one.of):
            yield Chunk(chunk, head.facts[chunk[0].of])
            chunk = []
        chunk.append(one)
    if chunk:
        yield Chunk(chunk, head.facts[chunk[0].of])


def sample(begin: bytes) -> list[dict[str, object]]:
    """Tell the first rows and what would happen to each, from the beginning of what is kept."""
    whole = begin[: begin.rfind(b"\n") + 1].splitlines()
    if not whole:
        return []
    head, kept = read(iter(whole))
    return [
        {"row": one.row, "outcome": _outcome(one), "value": one.value, "facts": head.facts[one.of]}
        for one in islice(kept, FEW)
    ]


def errors_file(kept: Iterable[Kept], errors: Mapping[int, RowError], whole: Iterable[RowError]) -> bytes:
    """Return the rows that were refused, and what is wrong with the whole file, as CSV for Excel."""
    refused = [(one, error) for one in kept if (error := one.error or errors.get(one.row))]
    names = dict.fromkeys(name for one, _ in refused for name in one.value)
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["_row", *map(_safe, names), *_ADDED])
    for error in whole:
        table.writerow([_text(error.row), *("" for _ in names), *_told(error)])
    for one, error in refused:
        table.writerow([one.row, *(_safe(_text(one.value.get(name))) for name in names), *_told(error)])
    # With a byte order mark, so that Excel takes it for UTF-8.
    return text.getvalue().encode("utf-8-sig")


def _outcome(one: Kept) -> str:
    if one.error:
        return "refused"
    return "repeated" if one.twice else "taken"


def _told(error: RowError) -> list[str]:
    return ["failed", *map(_safe, (error.code, error.message_en, error.message_zh))]


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _safe(text: str) -> str:
    """Keep a spreadsheet from running what a stranger wrote: only numbers may begin with a sign."""
    return f"'{text}" if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text
