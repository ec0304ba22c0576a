"""What the rules of billing and crediting say, in fractions of a minor unit; shares no code with the kernel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from tests.properties.money_oracle import half_up, largest_remainder

Pair = tuple[int, int]
"""Net and tax in minor units."""
Told = dict[int, tuple[int, int, int]]
"""What a document says by line: units, net, tax."""


@dataclass
class Row:
    """A line of an order: units that came together with net and tax, and what happened to them."""

    rate: Fraction
    parts: list[tuple[int, int, int]]
    cancelled: int = 0
    shipped: int = 0
    by_hand: int = 0
    by_return: int = 0
    allowances: list[tuple[int, int, Pair]] = field(default_factory=list)
    stack: list[tuple[str, int]] = field(default_factory=list)

    @property
    def quantity(self) -> int:
        return sum(units for units, _, _ in self.parts)

    @property
    def billed(self) -> int:
        return sum(units for _, units in self.stack)

    def due(self, units: int, which: int, depth: int | None = None) -> int:
        """Return net (0) or tax (1) of the first so many units, after the first so many allowances."""
        depth = len(self.allowances) if depth is None else depth
        if not depth:
            done, amount = 0, 0
            for several, *amounts in self.parts:
                taken = min(max(units - done, 0), several)
                amount += half_up(Fraction(amounts[which] * taken, several))
                done += several
            return amount
        low, high, pair = self.allowances[depth - 1]
        here, bottom, top = (self.due(one, which, depth - 1) for one in (units, low, high))
        inside = min(max(here, bottom), top) - bottom
        return here - (half_up(Fraction(pair[which] * inside, top - bottom)) if top > bottom else 0)

    def between(self, low: int, high: int) -> Pair:
        net, tax = (self.due(high, which) - self.due(low, which) for which in (0, 1))
        return net, tax

    def place(self, invoice: str) -> tuple[int, int] | None:
        low = 0
        for name, units in self.stack:
            if name == invoice:
                return low, low + units
            low += units
        return None


@dataclass
class Ledger:
    """An order, its invoices and its credit notes."""

    rows: dict[int, Row]
    by_shipment: bool
    invoices: list[str] = field(default_factory=list)
    left: dict[str, int] = field(default_factory=dict)

    def wanted(self, row: Row) -> int:
        whole = row.shipped if self.by_shipment else row.quantity - row.cancelled
        return max(whole - row.by_hand - row.by_return, 0)

    def swallow(self) -> None:
        """Count no more as credited by hand than there is to bill."""
        for row in self.rows.values():
            whole = row.shipped if self.by_shipment else row.quantity - row.cancelled
            row.by_hand = max(min(row.by_hand, whole - row.by_return), 0)

    def bill(self, names: Sequence[str]) -> list[tuple[str | None, Told]]:
        """Return the documents that are due, and count them: the invoice, then credits, the newest first."""
        made: list[tuple[str | None, Told]] = []
        new: Told = {}
        due_back: dict[str, Told] = {}
        for number, row in self.rows.items():
            wanted = self.wanted(row)
            if wanted > row.billed:
                new[number] = (wanted - row.billed, *row.between(row.billed, wanted))
            while row.billed > wanted:
                name, units = row.stack.pop()
                taken = min(units, row.billed + units - wanted)
                high = row.billed + units
                due_back.setdefault(name, {})[number] = (taken, *row.between(high - taken, high))
                if units > taken:
                    row.stack.append((name, units - taken))
                    break
        if new:
            made.append((None, new))
            self.invoices.append(names[0])
            self.left[names[0]] = _total(new)
            for number, (units, _, _) in new.items():
                self.rows[number].stack.append((names[0], units))
        for name in sorted(due_back, key=self.invoices.index, reverse=True):
            made.append((name, due_back[name]))
            self.left[name] -= _total(due_back[name])
        return made

    def credit_units(self, invoice: str, number: int, units: int) -> Told:
        """Credit units from the top of what is billed of a line."""
        row = self.rows[number]
        high = row.billed
        told = {number: (units, *row.between(high - units, high))}
        name, held = row.stack.pop()
        if held > units:
            row.stack.append((name, held - units))
        row.by_hand += units
        self.left[invoice] -= _total(told)
        return told

    def allow(self, invoice: str, amount: int) -> Told:
        """Credit an amount on the price of what an invoice bills."""
        told = spread(self.rows, invoice, amount)
        for number, (_, net, tax) in told.items():
            row = self.rows[number]
            row.allowances.append((*(row.place(invoice) or (0, 0)), (net, tax)))
        self.left[invoice] -= amount
        return told


def left(rows: Mapping[int, Row], invoice: str) -> dict[int, Pair]:
    """Return net and tax that an invoice still has of each line."""
    places = {number: row.place(invoice) for number, row in rows.items()}
    return {number: rows[number].between(*place) for number, place in places.items() if place}


def spread(rows: Mapping[int, Row], invoice: str, amount: int) -> Told:
    """Spread an amount over what an invoice has: by what is left of lines, with the tax that is in it."""
    have = left(rows, invoice)
    shares = largest_remainder(amount, [Fraction(sum(pair)) for pair in have.values()])
    gross = dict(zip(have, shares, strict=True))
    told: Told = {}
    for rate in dict.fromkeys(rows[number].rate for number in have):
        members = [number for number in have if rows[number].rate == rate]
        floors = [max(gross[number] - have[number][0], 0) for number in members]
        tops = [min(gross[number], have[number][1]) for number in members]
        whole = sum(gross[number] for number in members)
        tax = whole - half_up(Fraction(whole) / (1 + rate))
        tax = min(max(tax, sum(floors)), sum(tops))
        rooms = [Fraction(top - floor) for floor, top in zip(floors, tops, strict=True)]
        more = largest_remainder(tax - sum(floors), rooms)
        for number, floor, extra in zip(members, floors, more, strict=True):
            if gross[number]:
                told[number] = (0, gross[number] - floor - extra, floor + extra)
    return told


def _total(told: Told) -> int:
    return sum(net + tax for _, net, tax in told.values())
