"""What is owed: immutable documents with their postings, and the small items that move."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A value that never changes once it is made."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class DocumentKind(StrEnum):
    """What a numbered document is."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


class Party(Frozen):
    """Seller or buyer as they were called when the document was issued."""

    name: str
    country: str
    tax_id: str | None = None
    address: tuple[str, ...] = ()
    city: str | None = None
    postal_code: str | None = None
    email: str | None = None
    phone: str | None = None


class DocumentLine(Frozen):
    """One billed line; `discount` holds the line's own discount and its share of the order's.

    `unit_price` is with tax when the document's prices include tax. Amounts have the currency's digits.
    Exclusive: net = round(unit_price × quantity) − discount. Inclusive: gross = that, net = gross − tax.
    """

    line: int
    sku: str
    name: str
    quantity: int
    unit: str = "pcs"
    unit_price: Decimal
    discount: Decimal = Decimal(0)
    net: Decimal
    tax_category: str
    tax_rate: Decimal
    tax_reason: str | None = None
    tax: Decimal
    gross: Decimal


class TaxGroup(Frozen):
    """The tax of one category, rate and exemption reason; the lines' taxes are its parts."""

    category: str
    rate: Decimal
    reason: str | None = None
    net: Decimal
    tax: Decimal


class Posting(Frozen):
    """One leg of a balanced entry in the document's currency; one of the two sides is zero."""

    account: str
    debit: Decimal = Decimal(0)
    credit: Decimal = Decimal(0)


class Document(Frozen):
    """An invoice or a credit note, written once with all that its files show."""

    id: str
    kind: DocumentKind
    series: str
    number: str
    ordinal: int
    order_id: str
    order_number: str
    customer_id: str
    seller: Party
    buyer: Party
    currency: str
    includes_tax: bool = False
    issued_on: date
    due_on: date
    lines: tuple[DocumentLine, ...]
    tax_groups: tuple[TaxGroup, ...]
    net: Decimal
    tax: Decimal
    total: Decimal
    postings: tuple[Posting, ...]
    invoice_id: str | None = None
    invoice_number: str | None = None
    reason: str | None = None
    payment_reference: str | None = None
    recorded_at: datetime


class File(Frozen):
    """A rendered file of a document: where it lies and what it must hash to (SHA-256, lower-case hex)."""

    format: str
    key: str
    sha256: str
    bytes: int


class OpenItem(Frozen):
    """What is still owed on an invoice; `seq` counts its writes. Amounts in the document's currency."""

    id: str
    number: str
    series: str
    order_id: str
    order_number: str
    customer_id: str
    customer_name: str
    salesperson: str | None = None
    currency: str
    issued_on: date
    due_on: date
    net: Decimal
    tax: Decimal
    total: Decimal
    credited: Decimal = Decimal(0)
    paid: Decimal = Decimal(0)
    open: Decimal
    seq: int = 1

    @property
    def status(self) -> str:
        """Return `open`, or how it was closed: `paid` or `credited`."""
        if self.open > 0:
            return "open"
        return "credited" if self.credited == self.total and self.total else "paid"


class Billed(Frozen):
    """Units of an order line that an invoice bills and no credit note took back."""

    invoice: str
    units: int


class OrderBilling(Frozen):
    """What of an order has been billed: by line which invoice bills how many units, the newest last."""

    order_id: str
    last_version: int = 0
    seq: int = 0
    held: dict[str, tuple[Billed, ...]] = {}
    invoices: tuple[str, ...] = ()
    credit_notes: tuple[str, ...] = ()

    def billed(self, line: int) -> int:
        """Return how many units of a line are billed."""
        return sum(one.units for one in self.held.get(str(line), ()))


class Series(Frozen):
    """A run of numbers without gaps: the last one taken, and its day."""

    id: str
    last: int = 0
    last_on: date | None = None
