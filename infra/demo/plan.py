"""What each row of the excerpt becomes: an order's line, a cancellation, or what is not taken and why."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from infra.demo.excerpt import Row

GOODS = re.compile(r"[0-9]{5}[A-Za-z]{0,2}")
MARGIN = 20
"""Units of each SKU that are left when all of the excerpt is sold."""
WATCHED = 6


class Reason(StrEnum):
    """Why something is not taken; a refusal of the system has the code of its answer."""

    WRITE_OFF = "not_a_sale"
    NO_CUSTOMER = "customer_unknown"
    NO_EARLIER_ORDER = "no_earlier_order"
    OTHER_PRICE = "other_price"
    MORE_THAN_ORDERED = "more_than_ordered"
    ORDER_NOT_TAKEN = "order_not_taken"


@dataclass(frozen=True)
class Sale:
    """One invoice that becomes one order; its rows are the order's lines, from 1."""

    invoice: str
    rows: tuple[Row, ...]

    @property
    def customer(self) -> str:
        """Return whose it is, empty for a cash customer."""
        return self.rows[0].customer


@dataclass(frozen=True)
class NotTaken:
    """Rows that do not travel, and why."""

    rows: tuple[Row, ...]
    reason: str

    @property
    def invoice(self) -> str:
        """Return the invoice that the rows are of."""
        return self.rows[0].invoice

    @property
    def amount(self) -> Decimal:
        """Return what the rows are worth in GBP."""
        return sum((row.amount for row in self.rows), Decimal(0))


@dataclass(frozen=True)
class Cancellation:
    """Units to cancel on an earlier order, by line, because one cancelled invoice says so."""

    invoice: str
    sale: str
    units: Mapping[int, int]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Reordering:
    """A best seller with the position at which purchasing wants to hear of it."""

    sku: str
    point: int
    target: int


def is_stocked(sku: str) -> bool:
    """Tell goods from service codes such as POST, DOT, M or BANK CHARGES."""
    return GOODS.fullmatch(sku) is not None


def sales(rows: Iterable[Row]) -> tuple[list[Sale], list[NotTaken]]:
    """Return the orders that the invoices become, and what of them is no sale."""
    lines: dict[str, list[Row]] = {}
    left: list[NotTaken] = []
    for row in rows:
        if row.is_cancellation:
            continue
        if row.quantity > 0 and row.price >= 0:
            lines.setdefault(row.invoice, []).append(row)
        else:
            left.append(NotTaken((row,), Reason.WRITE_OFF))
    return [Sale(invoice, tuple(held)) for invoice, held in lines.items()], left


def cancellations(
    rows: Iterable[Row], taken: Sequence[Sale], refused: Sequence[Sale] = ()
) -> tuple[list[Cancellation], list[NotTaken]]:
    """Match cancelled lines to orders, as the data has no pointer; return those matched and the others.

    A match is the first earlier order of the same customer with the same SKU at the same price and enough
    units that are not cancelled yet.
    """
    open_units = {(sale.invoice, n): row.quantity for sale in taken for n, row in enumerate(sale.rows, 1)}
    units: dict[tuple[str, str], Counter[int]] = {}
    matched: dict[tuple[str, str], list[Row]] = {}
    left: list[NotTaken] = []
    for row in rows:
        if not row.is_cancellation:
            continue
        found = _match(row, taken, refused, open_units)
        if isinstance(found, Reason):
            left.append(NotTaken((row,), found))
            continue
        sale, line = found
        open_units[sale, line] += row.quantity
        units.setdefault((row.invoice, sale), Counter())[line] -= row.quantity
        matched.setdefault((row.invoice, sale), []).append(row)
    return [Cancellation(*key, held, tuple(matched[key])) for key, held in units.items()], left


def _match(
    row: Row, taken: Sequence[Sale], refused: Sequence[Sale], open_units: Mapping[tuple[str, int], int]
) -> tuple[str, int] | Reason:
    if not row.customer:
        return Reason.NO_CUSTOMER
    earlier = _lines(row, taken)
    if not earlier:
        return Reason.ORDER_NOT_TAKEN if _lines(row, refused) else Reason.NO_EARLIER_ORDER
    priced = [(sale, line) for sale, line, held in earlier if held.price == row.price]
    if not priced:
        return Reason.OTHER_PRICE
    enough = (place for place in priced if open_units[place] >= -row.quantity)
    return next(enough, Reason.MORE_THAN_ORDERED)


def _lines(row: Row, among: Sequence[Sale]) -> list[tuple[str, int, Row]]:
    return [
        (sale.invoice, line, held)
        for sale in among
        if sale.customer == row.customer and sale.invoice < row.invoice[1:]
        for line, held in enumerate(sale.rows, 1)
        if held.sku == row.sku
    ]


def products(orders: Iterable[Sale]) -> dict[str, Row]:
    """Return a row that describes each SKU: the first with a name, or else the first."""
    found: dict[str, Row] = {}
    for sale in orders:
        for row in sale.rows:
            if row.sku not in found or (row.name and not found[row.sku].name):
                found[row.sku] = row
    return found


def opening(orders: Iterable[Sale]) -> dict[str, int]:
    """Return the units of each stocked SKU to begin with: what is sold, and a margin."""
    return {sku: units + MARGIN for sku, units in _sold(orders).items()}


def reordering(first_day: Iterable[Sale], stock: Mapping[str, int]) -> list[Reordering]:
    """Return rules for the best sellers of the first day that make them low before it ends."""
    sold = sorted(_sold(first_day).items(), key=lambda one: (-one[1], one[0]))[:WATCHED]
    return [Reordering(sku, stock[sku] - units // 2, stock[sku] + units) for sku, units in sold]


def _sold(orders: Iterable[Sale]) -> Counter[str]:
    units: Counter[str] = Counter()
    for sale in orders:
        for row in sale.rows:
            if is_stocked(row.sku):
                units[row.sku] += row.quantity
    return units
