"""Orders, lines and returns as the rules have them, amounts in minor units; knows nothing of the code."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from soms.kit.tax import PricedLine

from tests.properties import money_oracle
from tests.properties.credit_oracle import Pair, Row
from tests.properties.money_oracle import DIGITS, half_up

NAMES = ("net", "tax", "discount", "share")
USUAL = 5
BINDING = frozenset({"confirmed", "cancelled", "closed", "completed"})
Terms = Mapping[str, object]
"""What is said of waiting: `backorder`, `delivery`, `priority`."""
Rule = tuple[str, str]
"""A discount: ("percent" or "amount", how much)."""


class Refusal(Exception):
    """What the rules refuse, by status and code."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


@dataclass(frozen=True)
class Part:
    """Units that came to a line together, and what they were agreed at."""

    units: int
    net: int
    tax: int
    discount: int
    share: int


@dataclass
class Line:
    """One line of an order."""

    number: int
    sku: str
    price: Decimal
    rate: Decimal
    stocked: bool = True
    charge: bool = False
    rule: Rule | None = None
    by_hand: bool = False
    replaces: int | None = None
    parts: list[Part] = field(default_factory=list)
    cancelled: int = 0
    reserved: int = 0
    backordered: int = 0
    shipped: int = 0
    returning: int = 0
    returned: int = 0
    by_hand_credited: int = 0
    by_return: int = 0
    invoiced: int = 0
    allowances: list[tuple[int, int, Pair]] = field(default_factory=list)

    @property
    def quantity(self) -> int:
        return sum(part.units for part in self.parts)

    @property
    def in_force(self) -> int:
        return self.quantity - self.cancelled

    @property
    def open(self) -> int:
        return self.in_force - self.shipped

    @property
    def shippable(self) -> int:
        return 0 if self.charge else self.reserved if self.stocked else self.open

    @property
    def returnable(self) -> int:
        return self.shipped - self.returning - self.returned

    def worth(self, name: str, units: int) -> int:
        """Return the first units' part of an amount: part k of T is round(T × done / Q)."""
        found, left = 0, units
        for part in self.parts:
            taken = min(left, part.units)
            found += half_up(Fraction(getattr(part, name) * taken, part.units))
            left -= taken
        return found

    def gross(self, units: int) -> int:
        return self.worth("net", units) + self.worth("tax", units)

    def row(self, held: Sequence[Sequence[int]] = ()) -> Row:
        """Return the line as the oracle of credit notes has it; `held` says which invoices bill it."""
        parts = [(part.units, part.net, part.tax) for part in self.parts]
        stack = [(str(number), units) for number, units in held]
        return Row(Fraction(self.rate), parts, allowances=self.allowances, stack=stack)

    def due(self, units: int) -> int:
        """Return what the first so many units are billed at."""
        return sum(self.row().between(0, units)) if self.allowances else self.gross(units)

    @property
    def credited(self) -> int:
        return self.by_hand_credited + self.by_return

    def ever_to_bill(self, policy: str) -> int:
        return self.shipped if policy == "on_shipment" and not self.charge else self.in_force

    def to_bill(self, policy: str) -> int:
        return max(self.ever_to_bill(policy) - self.credited, 0)

    def swallow(self, policy: str) -> None:
        """Count no more as credited by hand than there is to bill."""
        most = max(self.ever_to_bill(policy) - self.by_return, 0)
        self.by_hand_credited = min(self.by_hand_credited, most)


@dataclass(frozen=True)
class Waiting:
    """What waits for approval: an order, or a change of one; the rules and who has decided which."""

    change: "Change | None"
    by: str
    rules: dict[str, bool]


@dataclass
class Order:
    """An order."""

    id: str
    buyer: str
    currency: str
    with_tax: bool
    policy: str
    creator: str
    status: str = "draft"
    version: int = 1
    lines: list[Line] = field(default_factory=list)
    numbered: int = 0
    rule: Rule | None = None
    expires: datetime | None = None
    holds: list[str] = field(default_factory=list)
    waiting: Waiting | None = None
    totals: dict[str, int] = field(default_factory=dict)
    held: dict[int, list[list[int]]] = field(default_factory=dict)
    invoices: list[int] = field(default_factory=list)
    billed_at: int = 0
    serial: int = 0
    placed: datetime | None = None
    backorder: str = "reject"
    delivery: str = "partial"
    priority: int = USUAL

    def line(self, number: int) -> Line | None:
        return next((line for line in self.lines if line.number == number), None)

    @property
    def would_wait(self) -> bool:
        return self.backorder == "allow" and self.status in BINDING

    def agree_on(self, terms: Terms) -> None:
        for name, value in terms.items():
            setattr(self, name, value)

    @property
    def goods(self) -> list[Line]:
        return [line for line in self.lines if not line.charge]

    @property
    def exposure(self) -> int:
        """Return Σ (quantity − cancelled − credited) × price with tax, nothing before confirmation."""
        if self.status not in BINDING:
            return 0
        return sum(line.due(max(line.in_force - line.credited, 0)) for line in self.lines)

    @property
    def billed(self) -> int:
        return sum(line.due(line.invoiced) for line in self.lines)

    def per_sku(self) -> dict[str, int]:
        held: dict[str, int] = {}
        for line in self.lines:
            held[line.sku] = held.get(line.sku, 0) + line.reserved
        return held

    def reserve(self) -> None:
        for line in self.lines:
            line.reserved = line.open - line.backordered if line.stocked else 0

    def release(self) -> None:
        for line in self.lines:
            line.reserved = 0

    def end(self, units: dict[int, int], *, charges_stay: bool = False) -> None:
        """Cancel units, first those that wait; charges go with the last goods unless others come."""
        for line in self.lines:
            gone = units.get(line.number, 0)
            line.cancelled += gone
            waited = min(line.backordered, gone)
            line.backordered -= waited
            line.reserved -= gone - waited if line.stocked else 0
        if not charges_stay and not any(line.shipped or line.open for line in self.goods):
            for line in self.lines:
                line.cancelled += line.open if line.charge else 0
        for line in self.lines:
            line.swallow(self.policy)

    def sum_up(self) -> None:
        """Add up what is in force; an order of which nothing is keeps its figures."""
        if not any(line.in_force for line in self.lines):
            return
        sums = {name: sum(line.worth(name, line.in_force) for line in self.lines) for name in NAMES}
        discount = sums["discount"] + sums["share"]
        due = {
            kind: sum(self._due(line) for line in self.lines if line.charge is kind) for kind in (True, False)
        }
        self.totals = {
            "subtotal": due[False] + discount,
            "discount": discount,
            "shipping": due[True],
            "net": sums["net"],
            "tax": sums["tax"],
            "total": sums["net"] + sums["tax"],
        }

    def _due(self, line: Line) -> int:
        return line.gross(line.in_force) if self.with_tax else line.worth("net", line.in_force)


@dataclass(frozen=True)
class Asked:
    """A line as it is asked for: a product or (without a SKU) a charge."""

    sku: str | None
    units: int = 1
    price: str | None = None
    rule: Rule | None = None
    rate: str = "0"


@dataclass(frozen=True)
class Edit:
    """A change of a line, or a new one (without a number)."""

    number: int | None
    units: int | None = None
    sku: str = ""
    price: str | None = None
    rule: Rule | None = None
    says_rule: bool = False


@dataclass(frozen=True)
class Change:
    """An amendment; `says` names what is said of the whole order."""

    edits: tuple[Edit, ...] = ()
    rule: Rule | None = None
    charge: Asked | None = None
    says: frozenset[str] = frozenset()
    terms: Terms = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """A line to be priced: its number, product, units, price and discount; `into` is the line it adds to."""

    line: Line
    units: int
    into: Line | None = None
    rule: Rule | None = None


def priced(order: Order, wanted: Sequence[Wanted], rule: Rule | None) -> list[Part]:
    """Price lines together as one document."""
    if not wanted:
        return []
    lines = tuple(_line(one) for one in wanted)
    _too_large(order, wanted, rule)
    figures = money_oracle.oracle_order(
        money_oracle.Order(lines, order.currency, order.with_tax, *_split(rule))
    )
    return [
        Part(one.units, net=net, tax=tax, discount=off, share=share)
        for one, (_, off, _, share, net, tax, _) in zip(wanted, figures.lines, strict=True)
    ]


def _line(one: Wanted) -> PricedLine:
    percent, amount = _split(one.rule)
    return PricedLine(
        unit_price=one.line.price,
        quantity=one.units,
        discount_percent=percent,
        discount_amount=amount,
        category="S" if one.line.rate else "Z",
        rate=one.line.rate,
        charge=one.line.charge,
    )


def _too_large(order: Order, wanted: Iterable[Wanted], rule: Rule | None) -> None:
    minor, together = 10 ** DIGITS[order.currency], 0
    for one in wanted:
        subtotal = half_up(Fraction(one.line.price) * one.units * minor)
        off = _off(one.rule, subtotal, minor)
        if off > subtotal:
            raise Refusal(422, "discount_too_large")
        together += 0 if one.line.charge else subtotal - off
    if _off(rule, together, minor) > together:
        raise Refusal(422, "discount_too_large")


def _off(rule: Rule | None, base: int, minor: int) -> int:
    if rule is None:
        return 0
    kind, much = rule
    return half_up(base * Fraction(much) / 100) if kind == "percent" else int(Fraction(much) * minor)


def _split(rule: Rule | None) -> tuple[Decimal | None, Decimal | None]:
    if rule is None:
        return None, None
    kind, much = rule
    return (Decimal(much), None) if kind == "percent" else (None, Decimal(much))
