"""Who buys: profile, terms and credit account."""

import re
import unicodedata
from datetime import date
from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, model_validator

from soms.catalog.model import Address
from soms.kit.fields import (
    Amount,
    Code,
    Country,
    Currency,
    Day,
    Frozen,
    Name,
    Percent,
    Reference,
    Request,
    Text,
    wrong,
)

Kind = Literal["account", "cash"]
InvoicePolicy = Literal["on_order", "on_shipment"]
Status = Literal["active", "merged", "erased"]
MOST_REFERENCES: Final = 20
MOST_INSTALMENTS: Final = 24
WHOLE: Final = 100
"""What the parts of an invoice make, in percent."""
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
_BETWEEN_DIGITS: Final = re.compile(r"[\s().\-/]")
_PHONE: Final = re.compile(r"\+?[0-9]{5,15}")


def _email(value: str) -> str:
    """Return an address that could be one: something, @, a domain with a dot."""
    if not _EMAIL.fullmatch(value):
        raise wrong("invalid_email", "an e-mail address is needed", "须为电子邮件地址")
    return value


def _phone(value: str) -> str:
    """Return a telephone number as 5 to 15 digits (E.164), with a `+` before a country code."""
    digits = _BETWEEN_DIGITS.sub("", unicodedata.normalize("NFKC", value))
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    if not _PHONE.fullmatch(digits):
        raise wrong("invalid_phone", "5 to 15 digits, or + and digits", "须为 5 至 15 位数字，可加 +")
    return digits


Email = Annotated[str, Field(max_length=200), AfterValidator(_email)]
Phone = Annotated[str, Field(max_length=50), AfterValidator(_phone)]


class TermsPart(Request):
    """So much of an invoice falls due so many days after it was issued."""

    percent: Annotated[Percent, Field(gt=0)]
    days: Annotated[int, Field(strict=True, ge=0, le=1825)]


class PaymentTerms(Request):
    """When invoices fall due: days after issue or month's end, on a day of the next month, or at once.

    With `instalments` they fall due in parts, which make 100 percent.
    """

    kind: Literal["net", "end_of_month", "fixed_day", "prepaid", "instalments"] = "net"
    days: Annotated[int, Field(strict=True, ge=0, le=365)] = 30
    parts: Annotated[tuple[TermsPart, ...], Field(max_length=MOST_INSTALMENTS)] = ()

    @model_validator(mode="after")
    def _parts_of_a_whole(self) -> "PaymentTerms":
        if (self.kind == "instalments") != bool(self.parts):
            raise wrong("required", "instalments have parts, other terms have none", "仅分期条款须列明各期")
        days = [one.days for one in self.parts]
        if days != sorted(set(days)):
            raise wrong("too_early", "each part falls due after the one before", "各期到期日须递增")
        if self.parts and sum(one.percent for one in self.parts) != WHOLE:
            raise wrong("sum_differs", "the parts must make 100 percent", "各期比例合计须为 100")
        return self


class Contact(Request):
    """A person at the customer's."""

    name: Name
    email: Email | None = None
    phone: Phone | None = None
    role: Annotated[str, Field(max_length=100)] | None = None


class Person(Frozen):
    """A person at the customer's as held."""

    name: str
    email: str | None = None
    phone: str | None = None
    role: str | None = None


class CustomerRequest(Request):
    """A customer as clients describe it; `cash` customers pay beforehand and have no account."""

    name: Name
    currency: Currency
    kind: Kind = "account"
    country: Country | None = None
    tax_id: Code | None = None
    email: Email | None = None
    phone: Phone | None = None
    addresses: Annotated[tuple[Address, ...], Field(max_length=20)] = ()
    contacts: Annotated[tuple[Contact, ...], Field(max_length=20)] = ()
    payment_terms: PaymentTerms = PaymentTerms()
    credit_limit: Amount | None = None
    credit_limit_until: Day | None = None
    price_list: Code | None = None
    salesperson: Code | None = None
    segment: Code | None = None
    region: Code | None = None
    warehouse: Code | None = None
    invoice_policy: InvoicePolicy | None = None
    entity: Code | None = None
    external_ref: Reference | None = None
    note: Text | None = None


class CustomerChange(Request):
    """What of a customer may be changed; what is left out stays."""

    name: Name | None = None
    country: Country | None = None
    tax_id: Code | None = None
    email: Email | None = None
    phone: Phone | None = None
    addresses: Annotated[tuple[Address, ...], Field(max_length=20)] | None = None
    contacts: Annotated[tuple[Contact, ...], Field(max_length=20)] | None = None
    payment_terms: PaymentTerms | None = None
    credit_limit: Amount | None = None
    credit_limit_until: Day | None = None
    price_list: Code | None = None
    salesperson: Code | None = None
    segment: Code | None = None
    region: Code | None = None
    warehouse: Code | None = None
    invoice_policy: InvoicePolicy | None = None
    entity: Code | None = None
    note: Text | None = None


class ReferenceChange(Request):
    """The name a customer has in another system; null takes it away."""

    id: Annotated[str, Field(min_length=1, max_length=100)] | None


class MergeRequest(Request):
    """Into whom a duplicate goes."""

    into: Annotated[str, Field(min_length=1, max_length=64)]


class EraseRequest(Request):
    """Why a person is erased."""

    reason: Annotated[str, Field(min_length=1, max_length=1000)]


class Customer(Frozen):
    """A customer as it is held.

    `terms` is what it is found by; `said` the hash of what was said at its creation.
    """

    id: str
    version: int = 1
    name: Name
    currency: Currency
    kind: Kind = "account"
    country: str | None = None
    tax_id: str | None = None
    email: str | None = None
    phone: str | None = None
    addresses: tuple[Address, ...] = ()
    contacts: tuple[Person, ...] = ()
    payment_terms: PaymentTerms = PaymentTerms()
    credit_limit: Amount | None = None
    credit_limit_until: Day | None = None
    price_list: str | None = None
    salesperson: str | None = None
    segment: str | None = None
    region: str | None = None
    warehouse: str | None = None
    invoice_policy: InvoicePolicy | None = None
    entity: str | None = None
    external_ref: Reference | None = None
    references: tuple[Reference, ...] = ()
    note: str | None = None
    merged_into: str | None = None
    erased_at: str | None = None
    created_at: str = ""
    created_by: str = ""
    terms: tuple[str, ...] = ()
    said: str = ""

    @property
    def status(self) -> Status:
        """Return whether the customer is there to be dealt with, or what became of it."""
        if self.erased_at:
            return "erased"
        return "merged" if self.merged_into else "active"

    def limit_has_ended(self, today: date) -> bool:
        """Tell whether the credit limit counts as nothing, because its last day is over."""
        return self.credit_limit_until is not None and self.credit_limit_until < today


class Account(Frozen):
    """What a customer owes and may still buy on credit, in its currency; without a limit no end to it.

    `orders` counts those it ever placed, `ordered` is what they come to without what was cancelled.
    """

    customer_id: str
    exposure: Decimal = Decimal(0)
    ordered: Decimal = Decimal(0)
    orders: int = 0
    credit_available: Decimal | None = None
    seq: int = 1
