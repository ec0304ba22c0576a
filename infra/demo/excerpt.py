"""The committed excerpt of Online Retail, row by row, and what its totals must be."""

import csv
import gzip
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

DATA = Path(__file__).parent / "data"
ROWS = DATA / "online_retail_2010-12-01_02.csv.gz"
REFERENCE = DATA / "reference.json"
ZERO = Decimal(0)


@dataclass(frozen=True)
class Row:
    """One line of an invoice as it came, in GBP; an empty customer is unknown."""

    invoice: str
    sku: str
    name: str
    quantity: int
    price: Decimal
    day: str
    customer: str
    country: str

    @property
    def amount(self) -> Decimal:
        """Return quantity × unit price in GBP, not rounded."""
        return self.quantity * self.price

    @property
    def is_cancellation(self) -> bool:
        """Tell whether the line belongs to a cancelled invoice."""
        return self.invoice.startswith("C")

    @property
    def is_sale(self) -> bool:
        """Tell whether the line counts as a sale in the reference."""
        return not self.is_cancellation and self.quantity > 0 and self.price > 0


@dataclass(frozen=True)
class Totals:
    """Sums in GBP by the definitions of the reference: net = sales + cancellations + the rest."""

    net: Decimal = ZERO
    sales: Decimal = ZERO
    cancelled: Decimal = ZERO

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(self.net + other.net, self.sales + other.sales, self.cancelled + other.cancelled)


def rows(days: int | None = None) -> tuple[Row, ...]:
    """Return the rows of the first business days, or of all, in the order of the file."""
    text = gzip.decompress(ROWS.read_bytes()).decode()
    found = tuple(_row(fields) for fields in csv.DictReader(io.StringIO(text, newline="")))
    wanted = sorted({row.day for row in found})[:days]
    return tuple(row for row in found if row.day in wanted)


def totals(lines: Iterable[Row]) -> Totals:
    """Add up rows by the definitions of the reference."""
    held = tuple(lines)
    return Totals(
        net=sum((row.amount for row in held), ZERO),
        sales=sum((row.amount for row in held if row.is_sale), ZERO),
        cancelled=sum((row.amount for row in held if row.is_cancellation), ZERO),
    )


def reference(days: int | None = None) -> Totals:
    """Return what the first business days, or all, add up to by the committed reference."""
    by_day: Mapping[str, Mapping[str, str]] = json.loads(REFERENCE.read_text())["by_day"]
    found = Totals()
    for day in sorted(by_day)[:days]:
        held = by_day[day]
        found += Totals(
            net=Decimal(held["net_total_exact"]),
            sales=Decimal(held["sales_total_exact"]),
            cancelled=Decimal(held["cancel_total_exact"]),
        )
    return found


def _row(fields: Mapping[str, str]) -> Row:
    return Row(
        invoice=fields["InvoiceNo"],
        sku=fields["StockCode"],
        name=fields["Description"].strip(),
        quantity=int(fields["Quantity"]),
        price=Decimal(fields["UnitPrice"]),
        day=fields["InvoiceDate"][:10],
        customer=fields["CustomerID"].removesuffix(".0"),
        country=fields["Country"],
    )
