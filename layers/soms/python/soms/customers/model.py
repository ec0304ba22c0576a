"""Who buys: profile, terms and credit account."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from soms.catalog.model import Address
from soms.kit.fields import Amount, Code, Country, Currency, Frozen, Name, Reference, Request, Text

Kind = Literal["account", "cash"]
InvoicePolicy = Literal["on_order", "on_shipment"]


class PaymentTerms(Request):
    """When invoices fall due: days after issue or month's end, on a day of the next month, or at once."""

    kind: Literal["net", "end_of_month", "fixed_day", "prepaid"] = "net"
    days: Annotated[int, Field(strict=True, ge=0, le=365)] = 30


class Contact(Request):
    """A person at the customer's."""

    name: Name
    email: Annotated[str, Field(max_length=200)] | None = None
    phone: Annotated[str, Field(max_length=50)] | None = None
    role: Annotated[str, Field(max_length=100)] | None = None


class CustomerRequest(Request):
    """A customer as clients describe it; `cash` customers pay beforehand and have no account."""

    name: Name
    currency: Currency
    kind: Kind = "account"
    country: Country | None = None
    tax_id: Code | None = None
    email: Annotated[str, Field(max_length=200)] | None = None
    phone: Annotated[str, Field(max_length=50)] | None = None
    addresses: Annotated[tuple[Address, ...], Field(max_length=20)] = ()
    contacts: Annotated[tuple[Contact, ...], Field(max_length=20)] = ()
    payment_terms: PaymentTerms = PaymentTerms()
    credit_limit: Amount | None = None
    salesperson: Code | None = None
    segment: Code | None = None
    invoice_policy: InvoicePolicy | None = None
    external_ref: Reference | None = None
    note: Text | None = None


class CustomerChange(Request):
    """What of a customer may be changed; what is left out stays."""

    name: Name | None = None
    country: Country | None = None
    tax_id: Code | None = None
    email: Annotated[str, Field(max_length=200)] | None = None
    phone: Annotated[str, Field(max_length=50)] | None = None
    addresses: Annotated[tuple[Address, ...], Field(max_length=20)] | None = None
    contacts: Annotated[tuple[Contact, ...], Field(max_length=20)] | None = None
    payment_terms: PaymentTerms | None = None
    credit_limit: Amount | None = None
    salesperson: Code | None = None
    segment: Code | None = None
    note: Text | None = None


class Customer(Frozen):
    """A customer as it is held; `said` is the hash of what was said at its creation."""

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
    contacts: tuple[Contact, ...] = ()
    payment_terms: PaymentTerms = PaymentTerms()
    credit_limit: Amount | None = None
    salesperson: str | None = None
    segment: str | None = None
    invoice_policy: InvoicePolicy | None = None
    external_ref: Reference | None = None
    note: str | None = None
    created_at: str = ""
    created_by: str = ""
    said: str = ""


class Account(Frozen):
    """What a customer owes and may still buy on credit, in its currency; without a limit no end to it.

    `orders` counts those it ever placed, `ordered` is what they come to without what was cancelled.
    """

    customer_id: str
    exposure: Decimal = Decimal(0)
    ordered: Decimal = Decimal(0)
    orders: int = 0
    credit_available: Decimal | None = None
