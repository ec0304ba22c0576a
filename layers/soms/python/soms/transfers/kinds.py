"""What can be imported: for each kind who may, how its files are read, and how their rows are applied."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Protocol
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field

from soms.billing.bank import reconciling
from soms.billing.statements import reading, refusals
from soms.billing.statements.model import StatementLine
from soms.kit.access import FINANCE, READERS, Caller, Group
from soms.kit.fields import Code, Currency, Frozen, Request, wrong
from soms.kit.writes import AlreadyDone
from soms.transfers.model import KindName, Row, Unreadable


class Outcome(Frozen):
    """What became of rows: so many were new, so many were known."""

    new: int = 0
    known: int = 0


class Apply(Protocol):
    """Takes rows that share their facts, in one transaction.

    Raises a Problem when one of them cannot be taken: then none is. Repeated by the same caller it says what
    it said before, so that a job that broke off counts every row once.
    """

    def __call__(
        self,
        values: Sequence[Mapping[str, object]],
        facts: Mapping[str, object],
        caller: Caller,
        *,
        now: datetime,
    ) -> Outcome:
        """Take the rows."""


@dataclass(frozen=True)
class File:
    """A file as it was uploaded, and how it is to be understood."""

    content: bytes
    name: str
    source: str | None
    zone: ZoneInfo
    options: Mapping[str, object]


@dataclass(frozen=True)
class Kind:
    """One kind of import; `chunk` rows, less than a hundred, are applied in one transaction."""

    may: frozenset[Group]
    read: Callable[[File], Iterable[Row]]
    apply: Apply
    options: type[Request]
    sees: frozenset[Group] = frozenset()
    chunk: int = 40
    most_bytes: int = 20 * 1024 * 1024
    most_rows: int = 50_000
    may_be_empty: bool = False

    def is_seen_by(self, caller: Caller) -> bool:
        """Tell whether the caller may know of such imports."""
        return caller.is_any(self.may | self.sees)


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise wrong("unknown_time_zone", "an IANA time zone is needed", "须为 IANA 时区")
    return name


class ZoneOptions(Request):
    """What a file may not say itself: whose time it is in (else the company's), its account and currency."""

    time_zone: Annotated[str, Field(max_length=64), AfterValidator(_known_zone)] | None = None
    account: Code | None = None
    currency: Currency | None = None


def _lines(file: File) -> Iterator[Row]:
    try:
        told = {name: str(file.options.get(name) or "") for name in ("account", "currency")}
        # The source says whose file it is; of which format it is, it says itself.
        statements = reading.read(file.content, file.name, zone=file.zone, **told)
    except refusals.Unreadable as broken:
        raise Unreadable(broken.code, broken.words, broken.row) from broken
    for statement in statements:
        facts = statement.model_dump(mode="json", exclude={"lines"})
        for line in statement.lines:
            yield Row(id=line.id, value=line.model_dump(mode="json"), facts=facts)


def _take(
    values: Sequence[Mapping[str, object]], facts: Mapping[str, object], caller: Caller, *, now: datetime
) -> Outcome:
    lines = [StatementLine.model_validate(value) for value in values]
    try:
        taken = reconciling.take(lines, facts, caller, now=now)
    except AlreadyDone as done:
        return Outcome.model_validate(done.entry.get("facts") or {"known": len(lines)})
    return Outcome(new=taken.new, known=taken.known)


# An account on which nothing moved has a statement all the same.
_MONEY = Kind(
    may=FINANCE, sees=READERS, read=_lines, apply=_take, options=ZoneOptions, may_be_empty=True
)
KINDS: Final[dict[KindName, Kind]] = {KindName.BANK_STATEMENTS: _MONEY, KindName.SETTLEMENTS: _MONEY}
