"""What the movements of a stock item add up to: units, value at moving average, shipments; exactly."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Final, Literal

from pydantic import Field

from soms.inventory.model import SHARD
from soms.kit import items, money
from soms.kit.fields import Code, Frozen, Sku

DIGITS: Final = 6
"""Decimals of a value inside: as many as a unit price has."""
DAYS_KEPT: Final = 400
MONTHS_KEPT: Final = 13
Class = Literal["A", "B", "C"]


class Figures(Frozen):
    """What the movements of a stock item up to `seq` add up to; money in the company's currency.

    Of a hot SKU `seq` counts the movements of all shards, and `parts` those of each but the first.
    `cost` is the average cost of a unit, as it was when the shelf was emptied last, or None as long as no
    cost is known; the product's own cost was assumed once, at `assumed_seq`, if at all. Days and months are
    the company's: `shipped` counts units a day, `cost_of_shipped` and `closing` (the value that was left)
    are by month. `stocked_on` is when the shelf was filled after it had been empty, `last_at` when the last
    movement was, `folded_at` when it was added.
    """

    sku: Sku
    warehouse: Code
    seq: int = 0
    parts: dict[str, int] = Field(default_factory=dict)
    units: int = 0
    value: Decimal = Decimal(0)
    cost: Decimal | None = None
    uncosted_units: int = 0
    assumed_seq: int | None = None
    assumed_cost: Decimal | None = None
    shipped: dict[str, int] = Field(default_factory=dict)
    cost_of_shipped: dict[str, Decimal] = Field(default_factory=dict)
    closing: dict[str, Decimal] = Field(default_factory=dict)
    began_on: date | None = None
    stocked_on: date | None = None
    last_in_on: date | None = None
    last_out_on: date | None = None
    last_shipped_on: date | None = None
    last_at: str | None = None
    folded_at: str | None = None
    abc: Class = "C"
    dead: bool = False


@dataclass(frozen=True)
class Terms:
    """What a fold goes by beside movements: the company's time zone, and the product's own cost if any."""

    zone: tzinfo
    standard: Decimal | None = None


def folded(figures: Figures, movements: Iterable[items.Item], terms: Terms) -> Figures:
    """Return the figures with the movements that follow on `seq`, up to the first that is missing."""
    sheet = _Sheet.opened(figures, terms)
    for row in movements:
        if int(str(row["seq"])) != sheet.at(_part(row)) + 1:
            break
        sheet.take(row)
    return sheet.closed(figures)


@dataclass
class _Sheet:
    """Figures while they are added up; money in units of 10⁻⁶."""

    terms: Terms
    seq: int
    parts: dict[str, int]
    units: int
    value: int
    cost: int | None
    uncosted: int
    last_at: str | None
    assumed: dict[str, object]
    days: dict[str, date | None]
    shipped: dict[str, int] = field(default_factory=dict)
    spent: dict[str, int] = field(default_factory=dict)
    closing: dict[str, int] = field(default_factory=dict)

    @classmethod
    def opened(cls, figures: Figures, terms: Terms) -> "_Sheet":
        return cls(
            terms=terms,
            seq=figures.seq,
            parts=dict(figures.parts),
            units=figures.units,
            value=money.units(figures.value, DIGITS),
            cost=None if figures.cost is None else money.units(figures.cost, DIGITS),
            uncosted=figures.uncosted_units,
            last_at=figures.last_at,
            assumed={"assumed_seq": figures.assumed_seq, "assumed_cost": figures.assumed_cost},
            days={name: getattr(figures, name) for name in _DAYS},
            shipped=dict(figures.shipped),
            spent=_micro(figures.cost_of_shipped),
            closing=_micro(figures.closing),
        )

    def at(self, part: str) -> int:
        """Return up to which `seq` the movements of a shard are added up."""
        return self.parts.get(part, 0) if part else self.seq - sum(self.parts.values())

    def take(self, row: items.Item) -> None:
        """Add one movement; what does not change what is on hand only counts."""
        if part := _part(row):
            self.parts[part] = self.at(part) + 1
        self.seq, self.last_at = self.seq + 1, max(self.last_at or "", str(row["at"]))
        delta = row["delta"]
        units = int(str(delta.get("on_hand", 0))) if isinstance(delta, Mapping) else 0
        if not units:
            return
        on = datetime.fromisoformat(str(row["at"])).astimezone(self.terms.zone).date()
        self.days["began_on"] = self.days["began_on"] or on
        if units > 0:
            self._come(units, row.get("unit_cost"), on)
        else:
            self._go(-units, on, shipped=row["reason"] == "ship")
        if self.units and self.cost is not None:
            self.cost = money.divided(self.value, self.units)
        self.closing[_month(on)] = self.value

    def _come(self, units: int, said: object, on: date) -> None:
        if said is not None:
            self.value += units * money.units(Decimal(str(said)), DIGITS)
            self.cost = self.cost or 0
        elif self.cost is not None and self.units:
            self.value += money.divided(self.value * units, self.units)
        elif (cost := self._without_average()) is not None:
            self.value += units * cost
            self.cost = cost
        else:
            self.uncosted += units
        if not self.units:
            self.days["stocked_on"] = on
        self.units += units
        self.days["last_in_on"] = on

    def _without_average(self) -> int | None:
        """Return what a unit is taken to cost beside an empty shelf: the last cost, or else the product's."""
        if self.cost is not None or self.terms.standard is None:
            return self.cost
        if self.assumed["assumed_seq"] not in {None, self.seq}:
            return None
        self.assumed = {"assumed_seq": self.seq, "assumed_cost": self.terms.standard}
        return money.units(self.terms.standard, DIGITS)

    def _go(self, units: int, on: date, *, shipped: bool) -> None:
        gone = money.divided(self.value * units, self.units)
        self.units -= units
        self.value -= gone
        # Their missing cost weighs on the average until none is left.
        self.uncosted = min(self.uncosted, self.units)
        self.days["last_out_on"] = on
        if shipped:
            day, month = on.isoformat(), _month(on)
            self.shipped[day] = self.shipped.get(day, 0) + units
            self.spent[month] = self.spent.get(month, 0) + gone
            self.days["last_shipped_on"] = on

    def closed(self, figures: Figures) -> Figures:
        last = max((day for day in self.days.values() if day), default=None)
        first = (last - timedelta(days=DAYS_KEPT - 1)).isoformat() if last else ""
        kept = months_to(last, MONTHS_KEPT)[0] if last else ""
        # The value that was left before the first month kept is what that month began with.
        opening = max((month for month in self.closing if month < kept), default=kept)
        return figures.model_copy(
            update={
                "seq": self.seq,
                "parts": self.parts,
                "units": self.units,
                "value": money.of_units(self.value, DIGITS),
                "cost": None if self.cost is None else money.of_units(self.cost, DIGITS),
                "uncosted_units": self.uncosted,
                "last_at": self.last_at,
                **self.assumed,
                **self.days,
                "shipped": {day: units for day, units in self.shipped.items() if day >= first},
                "cost_of_shipped": _amounts(self.spent, kept),
                "closing": _amounts(self.closing, opening),
            }
        )


def _part(row: items.Item) -> str:
    """Return the number of the shard a movement is of, empty for the first."""
    return str(row["warehouse"]).partition(SHARD)[2]


_DAYS: Final = ("began_on", "stocked_on", "last_in_on", "last_out_on", "last_shipped_on")


def months_to(last: date, count: int) -> list[str]:
    """Return so many months such as `2026-11`, the earliest first, the last that of a day."""
    ordinal = last.year * 12 + last.month - 1
    return [f"{one // 12:04d}-{one % 12 + 1:02d}" for one in range(ordinal - count + 1, ordinal + 1)]


def _month(day: date) -> str:
    return day.isoformat()[:7]


def _micro(amounts: Mapping[str, Decimal]) -> dict[str, int]:
    return {month: money.units(amount, DIGITS) for month, amount in amounts.items()}


def _amounts(micro: Mapping[str, int], first: str) -> dict[str, Decimal]:
    return {month: money.of_units(amount, DIGITS) for month, amount in micro.items() if month >= first}
