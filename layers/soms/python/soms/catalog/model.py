"""What the company sells and how it works."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from soms.kit.fields import (
    MOST_QUANTITY,
    Amount,
    Code,
    Country,
    Currency,
    Day,
    Frozen,
    Name,
    Percent,
    Price,
    Rate,
    Request,
    Sku,
    Text,
    wrong,
)

TaxCategory = Literal["S", "Z", "E", "AE", "K", "G", "O"]
TaxCode = Annotated[str, Field(pattern=r"^[0-9]{19}$")]
"""The class of goods and services (税收分类编码) that a Chinese tax invoice names, 19 digits."""
Approver = Literal["sales_manager", "admin", "finance_manager"]
SourcingRule = Literal["default", "nearest", "fewest_splits"]
MOST_TIERS = 20
MOST_COMPONENTS = 20
MOST_RULES = 50
MOST_ENTITIES = 20
MOST_LEVELS = 3


def _not_before_valid_from(end: date | None, info: ValidationInfo) -> date | None:
    start = info.data.get("valid_from")
    if end is not None and start is not None and end < start:
        raise wrong("too_early", "must not be before valid_from", "不得早于 valid_from")
    return end


def _not_below_a(share: Decimal, info: ValidationInfo) -> Decimal:
    if share < info.data.get("abc_a_share", share):
        raise wrong("too_small", "must not be below abc_a_share", "不得小于 abc_a_share")
    return share


def _rising(levels: tuple["DunningLevel", ...]) -> tuple["DunningLevel", ...]:
    days = [one.after_days for one in levels]
    if days != sorted(set(days)):
        raise wrong("not_rising", "each level must come later than the one before", "后一级须晚于前一级")
    return levels


LastDay = Annotated[Day | None, AfterValidator(_not_before_valid_from)]
"""The last day something is valid on, at or after its `valid_from`."""


class Component(Request):
    """So many units of a product in one unit of a bundle."""

    sku: Sku
    quantity: Annotated[int, Field(strict=True, ge=1, le=MOST_QUANTITY)]


Components = Annotated[tuple[Component, ...], Field(min_length=1, max_length=MOST_COMPONENTS)]


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
    components: Components | None = None
    tax_code: TaxCode | None = None


class Product(Frozen):
    """A product as it is held; one with components is a bundle, of which these are what lies on the shelf."""

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
    stock_shards: int = 1
    active: bool = True
    category: str | None = None
    barcode: str | None = None
    cost: Price | None = None
    components: tuple[Component, ...] | None = None
    tax_code: TaxCode | None = None


class PriceListRequest(Request):
    """A price list as clients describe it; the first and the last day it is valid on are both included."""

    name: Name
    currency: Currency
    includes_tax: bool = False
    valid_from: Day | None = None
    valid_to: LastDay = None


class PriceList(Frozen):
    """Prices for some customers, in one currency, with or without tax."""

    id: Code
    version: int = 1
    name: Name
    currency: Currency
    includes_tax: bool = False
    valid_from: Day | None = None
    valid_to: date | None = None


class Tier(Request):
    """What a unit costs from a quantity on."""

    start: Annotated[int, Field(alias="from", strict=True, ge=1, le=MOST_QUANTITY)]
    unit_price: Price


class TiersRequest(Request):
    """The price of a SKU in a list as clients describe it; without tiers the list has none any more."""

    tiers: Annotated[tuple[Tier, ...], Field(max_length=MOST_TIERS)]
    valid_from: Day | None = None
    valid_to: LastDay = None


class ListPrice(Frozen):
    """The price of a SKU in a list: tiers by quantity, the lowest first."""

    price_list: Code
    sku: Sku
    version: int = 1
    tiers: tuple[Tier, ...]
    valid_from: Day | None = None
    valid_to: date | None = None


class ApprovalRule(Request):
    """When an order needs a second pair of eyes: where all of its conditions hold together.

    `discount_above` is the order's whole discount in percent of its subtotal, `margin_below` in percent of
    its net. A total is in the company's currency unless the rule names one.
    """

    id: Code
    name: Name | None = None
    total_above: Annotated[Amount, Field(ge=0)] | None = None
    currency: Currency | None = None
    discount_above: Percent | None = None
    below_list: bool = False
    margin_below: Percent | None = None
    credit_exceeded: bool = False
    new_customer: bool = False
    approvers: Annotated[tuple[Approver, ...], Field(min_length=1)] = ("sales_manager", "admin")

    @model_validator(mode="after")
    def _some_condition(self) -> "ApprovalRule":
        thresholds = (self.total_above, self.discount_above, self.margin_below)
        if all(one is None for one in thresholds) and not (
            self.below_list or self.credit_exceeded or self.new_customer
        ):
            raise wrong("no_condition", "at least one condition is needed", "至少须有一个条件")
        return self


class Address(Request):
    """Where somebody is."""

    lines: tuple[Annotated[str, Field(max_length=200)], ...] = ()
    city: Annotated[str, Field(max_length=100)] | None = None
    postal_code: Annotated[str, Field(max_length=20)] | None = None
    country: Country | None = None


class PaymentMethod(Request):
    """A method of payment beyond the usual ones; its money waits in a clearing account of its own."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
    name: Name
    offline: bool = False


class DunningLevel(Request):
    """A letter that asks for payment: from how many days overdue on it is written."""

    after_days: Annotated[int, Field(strict=True, ge=1, le=365)]


class Dunning(Request):
    """How overdue invoices are asked for, one level after the other; without levels nobody is written to."""

    levels: Annotated[tuple[DunningLevel, ...], Field(max_length=MOST_LEVELS), AfterValidator(_rising)] = (
        DunningLevel(after_days=7),
        DunningLevel(after_days=21),
        DunningLevel(after_days=45),
    )


class WriteOffLimits(Request):
    """How much of an invoice each role may write off, in the company's currency; None is any amount."""

    finance: Annotated[Amount, Field(ge=0)] | None = Decimal(0)
    finance_manager: Annotated[Amount, Field(ge=0)] | None = None


Series = Annotated[str, Field(pattern=r"^[A-Z]{1,8}$")]
"""What the numbers of a kind of document begin with, the year behind it."""


class Entity(Request):
    """A company of the house that invoices its own customers, in series of its own."""

    id: Code
    name: Name
    tax_id: Code | None = None
    address: Address = Address(country="CN")
    invoice_series: Series
    credit_note_series: Series


class SettingsRequest(Request):
    """How the company works; what is left out keeps its default.

    Of the cost of all that is shipped, what makes the first `abc_a_share` is in class A, up to `abc_b_share`
    in B. Amounts are in the company's currency. Up to `write_off_tolerance` whoever records a payment may
    write off what it leaves open of an invoice; above `refund_approval_above` a second person decides.
    """

    name: Name = "SOMS"
    tax_id: Code | None = None
    email: Annotated[str, Field(max_length=200)] | None = None
    phone: Annotated[str, Field(max_length=50)] | None = None
    address: Address = Address(country="CN")
    bank_name: Annotated[str, Field(max_length=100)] | None = None
    bank_account: Annotated[str, Field(max_length=64)] | None = None
    bank_code: Annotated[str, Field(max_length=64)] | None = None
    time_zone: Annotated[str, Field(max_length=64)] = "Asia/Shanghai"
    currency: Currency = "CNY"
    includes_tax: bool = False
    invoice_policy: Literal["on_order", "on_shipment"] = "on_order"
    invoice_series: Series = "INV"
    credit_note_series: Series = "CN"
    entities: Annotated[tuple[Entity, ...], Field(max_length=MOST_ENTITIES)] = ()
    default_warehouse: Code = "main"
    sourcing: SourcingRule = "default"
    escalate_alerts_after_hours: Annotated[int, Field(ge=1, le=720)] = 24
    approval_rules: Annotated[tuple[ApprovalRule, ...], Field(max_length=MOST_RULES)] = ()
    credit_hold_after_days: Annotated[int, Field(strict=True, ge=0, le=365)] | None = None
    quote_valid_days: Annotated[int, Field(strict=True, ge=1, le=365)] = 30
    dead_stock_after_days: Annotated[int, Field(strict=True, ge=1, le=3650)] = 180
    abc_a_share: Rate = Decimal("0.80")
    abc_b_share: Annotated[Rate, AfterValidator(_not_below_a), Field(validate_default=True)] = Decimal("0.95")
    adjustment_approval_above_units: Annotated[int, Field(strict=True, ge=0)] | None = None
    count_approval_above_units: Annotated[int, Field(strict=True, ge=0)] | None = None
    count_approval_above_value: Annotated[Amount, Field(ge=0)] | None = None
    payment_methods: Annotated[tuple[PaymentMethod, ...], Field(max_length=20)] = ()
    refund_approval_above: Annotated[Amount, Field(ge=0)] | None = None
    write_off_limits: WriteOffLimits = WriteOffLimits()
    write_off_tolerance: Annotated[Amount, Field(ge=0)] = Decimal(0)
    dunning: Dunning = Dunning()


class Settings(SettingsRequest):
    """The settings in force."""

    model_config = Frozen.model_config
    version: int = 0

    def entity(self, entity_id: str | None) -> Entity | None:
        """Return one of the entities, or None where the company itself is meant."""
        return next((one for one in self.entities if one.id == entity_id), None)


class WarehouseRequest(Request):
    """A warehouse as clients describe it; the lower its priority, the sooner it is taken from."""

    name: Name
    region: Code | None = None
    country: Country | None = None
    priority: Annotated[int, Field(ge=0, le=1000)] = 100
    active: bool = True


class Warehouse(Frozen):
    """A place where stock lies."""

    id: Code
    version: int = 0
    name: Name
    region: str | None = None
    country: str | None = None
    priority: int = 100
    active: bool = True


def category_of(rate: Decimal, said: TaxCategory | None) -> TaxCategory:
    """Return the tax category: the one said, or else standard for a rate and zero-rated without one."""
    return said or ("S" if rate else "Z")
