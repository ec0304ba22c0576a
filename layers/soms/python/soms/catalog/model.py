"""What the company sells and how it works."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from soms.kit.fields import Code, Country, Currency, Frozen, Name, Price, Rate, Request, Sku, Text

TaxCategory = Literal["S", "Z", "E", "AE", "K", "G", "O"]


class ProductRequest(Request):
    """A product as clients describe it; tax categories are those of EN 16931 (UNCL 5305)."""

    name: Name
    unit_price: Price
    currency: Currency
    tax_rate: Rate
    tax_category: TaxCategory | None = None
    tax_reason: Text | None = None
    unit: Annotated[str, Field(min_length=1, max_length=20)] = "pcs"
    stocked: bool = True
    active: bool = True
    category: Code | None = None
    barcode: Code | None = None
    cost: Price | None = None


class Product(Frozen):
    """A product as it is held."""

    sku: Sku
    version: int = 1
    name: Name
    unit_price: Price
    currency: Currency
    tax_rate: Rate
    tax_category: TaxCategory
    tax_reason: Text | None = None
    unit: str = "pcs"
    stocked: bool = True
    active: bool = True
    category: str | None = None
    barcode: str | None = None
    cost: Price | None = None


class Address(Request):
    """Where somebody is."""

    lines: tuple[Annotated[str, Field(max_length=200)], ...] = ()
    city: Annotated[str, Field(max_length=100)] | None = None
    postal_code: Annotated[str, Field(max_length=20)] | None = None
    country: Country | None = None


class SettingsRequest(Request):
    """How the company works; what is left out keeps its default."""

    name: Name = "SOMS"
    tax_id: Code | None = None
    email: Annotated[str, Field(max_length=200)] | None = None
    phone: Annotated[str, Field(max_length=50)] | None = None
    address: Address = Address(country="CN")
    time_zone: Annotated[str, Field(max_length=64)] = "Asia/Shanghai"
    currency: Currency = "CNY"
    includes_tax: bool = False
    invoice_policy: Literal["on_order", "on_shipment"] = "on_order"
    invoice_series: Annotated[str, Field(pattern=r"^[A-Z]{1,8}$")] = "INV"
    credit_note_series: Annotated[str, Field(pattern=r"^[A-Z]{1,8}$")] = "CN"
    default_warehouse: Code = "main"
    escalate_alerts_after_hours: Annotated[int, Field(ge=1, le=720)] = 24


class Settings(SettingsRequest):
    """The settings in force."""

    model_config = Frozen.model_config
    version: int = 0


class WarehouseRequest(Request):
    """A warehouse as clients describe it."""

    name: Name
    region: Code | None = None
    priority: Annotated[int, Field(ge=0, le=1000)] = 100


class Warehouse(Frozen):
    """A place where stock lies."""

    id: Code
    version: int = 0
    name: Name
    region: str | None = None
    priority: int = 100


def category_of(rate: Decimal, said: TaxCategory | None) -> TaxCategory:
    """Return the tax category: the one said, or else standard for a rate and zero-rated without one."""
    return said or ("S" if rate else "Z")
