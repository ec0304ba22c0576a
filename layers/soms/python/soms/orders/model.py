"""What was ordered: orders, their lines, shipments."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from soms.kit.fields import (
    Amount,
    Code,
    Currency,
    Frozen,
    Percent,
    Price,
    Quantity,
    Rate,
    Reference,
    Request,
    Sku,
    Text,
)

MOST_LINES = 500
Status = Literal["confirmed", "cancelled", "completed"]
ZERO = Decimal(0)


class Discount(Request):
    """A discount in percent or as an amount."""

    percent: Percent | None = None
    amount: Annotated[Amount, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> "Discount":
        if (self.percent is None) == (self.amount is None):
            context = {
                "code": "one_of",
                "en": "give either percent or amount",
                "zh": "percent 与 amount 二选一",
            }
            raise PydanticCustomError("one_of", "give either percent or amount", context)
        return self


class LineRequest(Request):
    """One line as clients ask for it; a price of one's own needs the right to give one."""

    sku: Sku
    quantity: Quantity
    unit_price: Price | None = None
    discount: Discount | None = None
    warehouse: Code | None = None
    note: Text | None = None


class Shipping(Request):
    """What carriage is charged, with its own tax rate."""

    amount: Annotated[Amount, Field(ge=0)]
    tax_rate: Rate


class OrderRequest(Request):
    """An order as clients ask for it."""

    customer_id: Annotated[str, Field(max_length=64)] | None = None
    customer_ref: Reference | None = None
    currency: Currency | None = None
    lines: Annotated[tuple[LineRequest, ...], Field(min_length=1)]
    discount: Discount | None = None
    shipping: Shipping | None = None
    backorder: Literal["reject"] = "reject"
    external_ref: Reference | None = None
    requested_on: date | None = None
    salesperson: Code | None = None
    note: Text | None = None
    status: Literal["confirmed"] = "confirmed"

    @model_validator(mode="after")
    def _one_customer(self) -> "OrderRequest":
        if (self.customer_id is None) == (self.customer_ref is None):
            context = {
                "code": "one_of",
                "en": "give either customer_id or customer_ref",
                "zh": "customer_id 与 customer_ref 二选一",
            }
            raise PydanticCustomError("one_of", "give either", context)
        return self


class Taken(Request):
    """So many units of a line."""

    line: Annotated[int, Field(strict=True, ge=1)]
    quantity: Quantity


class CancelRequest(Request):
    """What is cancelled and why; without lines the whole order."""

    reason: Text | None = None
    lines: Annotated[tuple[Taken, ...], Field(min_length=1, max_length=MOST_LINES)] | None = None


class ShipRequest(Request):
    """What leaves the warehouse; without lines everything that is reserved."""

    lines: Annotated[tuple[Taken, ...], Field(min_length=1, max_length=MOST_LINES)] | None = None
    carrier: Annotated[str, Field(max_length=100)] | None = None
    tracking: Annotated[str, Field(max_length=100)] | None = None


class Line(Frozen):
    """One line: what was agreed, frozen, and how much of it has happened, in base units."""

    line: int
    sku: str
    name: str
    quantity: int
    unit: str = "pcs"
    unit_price: Price
    price_source: str = "catalog"
    discount: Amount = ZERO
    share: Amount = ZERO
    net: Amount
    tax_rate: Rate
    tax_category: str = "S"
    tax_reason: str | None = None
    tax: Amount
    gross: Amount
    warehouse: str | None = None
    stocked: bool = True
    charge: bool = False
    note: str | None = None
    cancelled: int = 0
    reserved: int = 0
    backordered: int = 0
    shipped: int = 0
    returned: int = 0
    invoiced: int = 0
    credited: int = 0

    @property
    def open(self) -> int:
        """Return the units that are neither cancelled nor shipped."""
        return self.quantity - self.cancelled - self.shipped


class Group(Frozen):
    """The tax of one category, rate and exemption reason."""

    category: str
    rate: Rate
    reason: str | None = None
    net: Amount
    tax: Amount


class Buyer(Frozen):
    """Whose order it is."""

    id: str
    name: str


class Order(Frozen):
    """An order; `version` counts commands, `settled` every other write, `entry` is the last command's."""

    id: str
    number: str
    version: int = 1
    settled: int = 0
    status: Status = "confirmed"
    currency: str
    includes_tax: bool = False
    customer: Buyer
    lines: tuple[Line, ...]
    tax_groups: tuple[Group, ...]
    subtotal: Amount
    discount: Amount = ZERO
    shipping: Amount = ZERO
    net: Amount
    tax: Amount
    total: Amount
    invoiced: Amount = ZERO
    paid: Amount = ZERO
    fulfilment: str = "unfulfilled"
    invoicing: str = "none"
    payment: str = "unpaid"
    shipments: int = 0
    external_ref: Reference | None = None
    requested_on: date | None = None
    salesperson: str | None = None
    note: str | None = None
    invoice_policy: str = "on_order"
    placed_at: str
    created_by: str
    said: str = ""
    entry: str = ""
    stamp: int = 0


class Shipment(Frozen):
    """What left the warehouse in one go."""

    id: str
    order_id: str
    ordinal: int
    status: str = "shipped"
    lines: tuple[Taken, ...]
    carrier: str | None = None
    tracking: str | None = None
    shipped_at: str
    shipped_by: str
