"""What a count is: what was there, what was found, and what follows from the difference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BeforeValidator, Field, model_validator

from soms.catalog.model import Settings
from soms.inventory.model import MOST_STOCK, Reason
from soms.kit.fields import Code, Frozen, Price, Request, Sku, Text, wrong
from soms.kit.problems import InvalidState

MOST_LINES: Final = 500
MOST_IN_WAREHOUSE: Final = 1000
MOST_DIFFERENCES: Final = MOST_LINES + MOST_IN_WAREHOUSE
MOST_VARIANCE: Final = 1_000_000
"""An adjustment moves no more at once."""
Kind = Literal["count", "snapshot", "adjustment"]
Status = Literal[
    "counting", "compared", "pending_approval", "approved", "partly_posted", "posted", "rejected"
]
STATES: Final[tuple[Status, ...]] = (
    *("counting", "compared", "pending_approval", "approved", "partly_posted", "posted", "rejected"),
)
STEPS: Final[Mapping[str, frozenset[Status]]] = {
    "count": frozenset({"counting"}),
    "submit": frozenset({"counting"}),
    "accept": frozenset({"compared"}),
    "approve": frozenset({"pending_approval"}),
    "reject": frozenset({"pending_approval"}),
    "post": frozenset({"approved", "partly_posted"}),
}
"""Command → the states it leads from."""
Uncounted = Literal["skip", "zero"]
Units = Annotated[int, Field(strict=True, ge=0, le=MOST_STOCK)]


def _instant(value: object) -> object:
    if not isinstance(value, (str, datetime)):
        raise wrong("not_an_instant", "an instant in RFC 3339 is needed", "须为 RFC 3339 时间")
    return value


Instant = Annotated[AwareDatetime, BeforeValidator(_instant)]


class CountRequest(Request):
    """What is to be counted where: SKUs by name, or all of a category."""

    warehouse: Code = "main"
    skus: Annotated[tuple[Sku, ...], Field(min_length=1, max_length=MOST_LINES)] | None = None
    category: Code | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> "CountRequest":
        if (self.skus is None) == (self.category is None):
            raise wrong("one_of", "give either skus or category", "skus 与 category 二选一")
        return self


class FoundRequest(Request):
    """How many units of a SKU were found."""

    counted: Units
    note: Text | None = None


class SubmitRequest(Request):
    """That counting is over, and what is to be made of lines that nobody counted."""

    uncounted: Uncounted | None = None


class SnapshotLine(Request):
    """What another system says is on hand of a SKU."""

    sku: Sku
    on_hand: Units


class SnapshotRequest(Request):
    """What another system says was on hand at an instant; where it is complete, nothing else was there."""

    warehouse: Code = "main"
    taken_at: Instant
    lines: Annotated[tuple[SnapshotLine, ...], Field(min_length=1, max_length=MOST_LINES)]
    complete: bool = False


class AcceptRequest(Request):
    """Which differences are accepted; without SKUs, all of them."""

    skus: Annotated[tuple[Sku, ...], Field(min_length=1, max_length=MOST_DIFFERENCES)] | None = None


class Trouble(Frozen):
    """Why a line could not be posted."""

    code: str
    english: str
    chinese: str


class CountLine(Frozen):
    """A SKU of a count: `on_hand` at the snapshot, `found_on_hand` at the moment when `counted` was found."""

    sku: Sku
    version: int = 1
    on_hand: int
    seq: int
    counted: int | None = None
    found_on_hand: int | None = None
    found_seq: int | None = None
    counted_at: str | None = None
    counted_by: str | None = None
    named: bool = True
    note: Text | None = None
    reason: Reason = "count"
    unit_cost: Price | None = None
    posted_seq: int | None = None
    trouble: Trouble | None = None

    @property
    def variance(self) -> int | None:
        """Return what was found more, or (below zero) less, than was on hand at that moment."""
        if self.counted is None or self.found_on_hand is None:
            return None
        return self.counted - self.found_on_hand

    @property
    def moved_since_snapshot(self) -> bool:
        """Tell whether the stock item moved between the snapshot and the moment of counting."""
        return self.found_seq is not None and self.found_seq != self.seq

    @property
    def state(self) -> str:
        """Return how far the line is."""
        if self.posted_seq is not None:
            return "posted"
        if self.trouble:
            return "failed"
        return "open" if self.counted is None else "counted"


class Count(Frozen):
    """A count, a snapshot of another system, or one adjustment that needs approval.

    `settled` counts what was noted on its lines, `chosen` are the lines that are meant (None: all),
    `submitter` and `request` are never shown.
    """

    id: str
    kind: Kind = "count"
    version: int = 1
    settled: int = 0
    status: Status = "counting"
    warehouse: Code
    line_count: int = 0
    counted: int = 0
    uncounted: Uncounted | None = None
    chosen: tuple[str, ...] | None = None
    surplus: int | None = None
    shortage: int | None = None
    value: Decimal | None = None
    currency: str | None = None
    posted: int = 0
    failed: int = 0
    note: Text | None = None
    created_at: str
    created_by: str
    submitted_at: str | None = None
    submitted_by: str | None = None
    submitter: str | None = None
    decided_at: str | None = None
    decided_by: str | None = None
    reason: Text | None = None
    reference: str | None = None
    taken_at: str | None = None
    complete: bool | None = None
    matched: int | None = None
    unknown: tuple[str, ...] | None = None
    request: str | None = None


@dataclass(frozen=True)
class Totals:
    """What variances make: units too many and too few, and what all of them are worth where that is known."""

    surplus: int
    shortage: int
    value: Decimal

    @property
    def units(self) -> int:
        """Return how many units differ, either way."""
        return self.surplus + self.shortage


def allowed(count: Count) -> list[str]:
    """Return the commands that a count's state allows."""
    return [command for command, states in STEPS.items() if count.status in states]


def require(count: Count, command: str) -> None:
    """Raise InvalidState unless the count's state allows the command."""
    if count.status not in STEPS[command]:
        raise InvalidState(command=command, state=count.status, allowed=allowed(count))


def differing(count: Count, lines: Sequence[CountLine]) -> list[CountLine]:
    """Return the lines that are meant and differ."""
    chosen = None if count.chosen is None else set(count.chosen)
    return [line for line in lines if line.variance and (chosen is None or line.sku in chosen)]


def totals(lines: Sequence[CountLine], costs: Mapping[str, Decimal]) -> Totals:
    """Add up the variances of lines, in base units; `costs` are per unit, in the company's currency."""
    found = [(line.sku, line.variance or 0) for line in lines]
    return Totals(
        surplus=sum(units for _, units in found if units > 0),
        shortage=-sum(units for _, units in found if units < 0),
        value=sum((abs(units) * costs[sku] for sku, units in found if sku in costs), Decimal(0)),
    )


def asks(kind: Kind, made: Totals, settings: Settings) -> bool:
    """Tell whether somebody else has to approve: a limit of the settings is exceeded."""
    if kind == "adjustment":
        return _exceeds(made.units, settings.adjustment_approval_above_units)
    by_units = _exceeds(made.units, settings.count_approval_above_units)
    return by_units or _exceeds(made.value, settings.count_approval_above_value)


def _exceeds(value: Decimal | int, limit: Decimal | int | None) -> bool:
    return limit is not None and value > limit
