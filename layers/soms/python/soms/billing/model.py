"""What is owed: immutable documents with their postings, and the small items that move."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from soms.billing.documents.instalments import Instalment, next_due
from soms.kit import money
from soms.kit.fields import Amount

MOST_REMEMBERED: Final = 40


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


class Bank(Frozen):
    """Where the seller is paid to, as papers show it."""

    name: str | None = None
    account: str | None = None
    code: str | None = None


class DocumentLine(Frozen):
    """One billed line; `discount` holds the line's own discount and its share of the order's.

    `unit_price` is with tax when the document's prices include tax. Amounts have the currency's digits.
    Exclusive: net = round(unit_price × quantity) − discount. Inclusive: gross = that, net = gross − tax.
    A line of no units is an allowance on a price, and its `unit_price` is all of it.
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
    """One leg of a balanced entry, in the document's currency unless it names one; one side is zero."""

    account: str
    currency: str | None = None
    debit: Decimal = Decimal(0)
    credit: Decimal = Decimal(0)


class Document(Frozen):
    """An invoice or a credit note, written once with all that its files show."""

    id: str
    kind: DocumentKind
    series: str
    number: str
    ordinal: int
    entity: str | None = None
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
    bank: Bank | None = None
    recorded_at: datetime


class File(Frozen):
    """A rendered file of a document: where it lies and what it must hash to (SHA-256, lower-case hex)."""

    format: str
    key: str
    sha256: str
    bytes: int


class Allocation(Frozen):
    """What settles a part of an invoice: money of a payment, or a write-off that gives the rest up.

    `amount` is in the invoice's currency, `given` what it took of the payment in the payment's own. A
    write-off names the `account` that bears it.
    """

    source: str
    kind: Literal["payment", "write_off"] = "payment"
    account: str | None = None
    amount: Amount
    given: Amount

    def split(self, amount: Decimal) -> tuple["Allocation", "Allocation | None"]:
        """Return this much of the allocation, and the rest; the given money goes in proportion."""
        if amount == self.amount:
            return self, None
        digits = -int(self.given.as_tuple().exponent)
        share, _ = money.allocate(self.given, (amount, self.amount - amount), digits)
        rest = {"amount": self.amount - amount, "given": self.given - share}
        return self.model_copy(update={"amount": amount, "given": share}), self.model_copy(update=rest)


class OpenItem(Frozen):
    """What is still owed on an invoice; `seq` counts its writes. Amounts in the document's currency.

    `allocations` are those that hold, the newest last; `paid` and `written_off` are their sums, `credited` is
    that of the `credit_notes`. `freed_from` are payments whose money it had to give back once. With
    `instalments` it is due when the next of them is. `disputed` is why the customer will not pay,
    `dunning_level` the last letter that asked for it, none by 0.
    """

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
    written_off: Decimal = Decimal(0)
    open: Decimal
    allocations: tuple[Allocation, ...] = ()
    freed_from: tuple[str, ...] = ()
    credit_notes: tuple[str, ...] = ()
    entity: str | None = None
    instalments: tuple[Instalment, ...] = ()
    disputed: str | None = None
    disputed_at: str | None = None
    promised_on: date | None = None
    promise_note: str | None = None
    dunning_level: int = 0
    dunned_on: date | None = None
    seq: int = 1

    @property
    def status(self) -> str:
        """Return `open`, or how it was closed: `paid` or `credited`."""
        if self.open > 0:
            return "open"
        return "credited" if self.credited == self.total and self.total else "paid"

    @property
    def creditable(self) -> Decimal:
        """Return what credit notes may still take off."""
        return self.total - self.credited

    def allocated(self, one: Allocation) -> "OpenItem":
        """Return the item with one more allocation, as its newest; two of one source are one."""
        old = next((held for held in self.allocations if held.source == one.source), None)
        kept = tuple(held for held in self.allocations if held is not old)
        if old:
            sums = {"amount": old.amount + one.amount, "given": old.given + one.given}
            one = one.model_copy(update=sums)
        return self._with(allocations=(*kept, one))

    def freed(self, amount: Decimal) -> tuple["OpenItem", tuple[Allocation, ...]]:
        """Return the item with so much of it open again, the newest allocations first, and what was undone.

        Raises ValueError where the allocations do not come to the amount.
        """
        kept, undone, left = list(self.allocations), list[Allocation](), amount
        while left > 0:
            if not kept:
                message = f"{self.number}: {left} more than its allocations"
                raise ValueError(message)
            newest = kept.pop()
            taken, rest = newest.split(min(left, newest.amount))
            undone.append(taken)
            left -= taken.amount
            if rest:
                kept.append(rest)
        return self._with(allocations=tuple(kept)), tuple(undone)

    def without(self, source: str, amount: Decimal | None = None) -> tuple["OpenItem", Allocation | None]:
        """Return the item without so much (all) of what one source settles, and what was undone.

        Raises ValueError where the source settles less.
        """
        held = next((one for one in self.allocations if one.source == source), None)
        if held is None:
            return self, None
        if amount is not None and amount > held.amount:
            message = f"{self.number}: {amount} is more than {held.amount}"
            raise ValueError(message)
        taken, rest = held.split(held.amount if amount is None else amount)
        kept = tuple(rest if one is held else one for one in self.allocations)
        return self._with(allocations=tuple(one for one in kept if one)), taken

    def remembering(self, payment_id: str) -> "OpenItem":
        """Return the item after money of a payment was taken back; it remembers so many payments."""
        if payment_id in self.freed_from or len(self.freed_from) == MOST_REMEMBERED:
            return self
        return self.model_copy(update={"freed_from": (*self.freed_from, payment_id)})

    def planned(self, plan: tuple[Instalment, ...]) -> "OpenItem":
        """Return the item as it falls due in instalments, which come to its total."""
        return self._with(instalments=plan)

    def credited_by(self, amount: Decimal, credit_note: str) -> "OpenItem":
        """Return the item after a credit note of this amount, which must be open."""
        return self._with(credited=self.credited + amount, credit_notes=(*self.credit_notes, credit_note))

    def noted(self, **changes: object) -> "OpenItem":
        """Return the item with what is noted of collecting it: a dispute, a promise, a letter."""
        return self.model_copy(update={**changes, "seq": self.seq + 1})

    def _with(self, **changes: object) -> "OpenItem":
        after = self.model_copy(update={**changes, "seq": self.seq + 1})
        nothing = Decimal(0).quantize(self.total)
        sums = {
            kind: sum((one.amount for one in after.allocations if one.kind == kind), nothing)
            for kind in ("payment", "write_off")
        }
        rest = after.total - after.credited - sums["payment"] - sums["write_off"]
        due_on = next_due(after.instalments, after.total - rest) if after.instalments else after.due_on
        return after.model_copy(
            update={"paid": sums["payment"], "written_off": sums["write_off"], "open": rest, "due_on": due_on}
        )


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
    """A run of numbers without gaps: the last one taken, and its day; one a kind, year and entity."""

    id: str
    document: DocumentKind | None = None
    entity: str | None = None
    last: int = 0
    last_on: date | None = None
