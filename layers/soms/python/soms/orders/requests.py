"""What clients say of orders: placing, amending, cancelling, shipping, returning."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, ConfigDict, Field, RootModel, field_validator, model_validator

from soms.kit.fields import (
    MOST_QUANTITY,
    Amount,
    Code,
    Currency,
    Day,
    Price,
    Quantity,
    Rate,
    Reference,
    Request,
    Sku,
    Text,
    wrong,
)
from soms.orders.model import Backorder, Delivery, Discount, HoldKind, ShipmentStatus

MOST_LINES = 500
MOST_AT_ONCE = 50
Reason = Annotated[str, Field(min_length=1, max_length=1000)]
Priority = Annotated[int, Field(strict=True, ge=1, le=9)]
"""Who comes first when goods are short: 1 before 9; within one priority the older order."""
Number = Annotated[int, Field(strict=True, ge=1)]
Count = Annotated[int, Field(strict=True, ge=0, le=MOST_QUANTITY)]


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
    """An order as clients ask for it.

    Where `backorder` is allowed, what is not in stock waits for goods, by `priority` and age; what has
    `delivery` complete leaves the warehouse only when nothing waits any more.
    """

    customer_id: Annotated[str, Field(max_length=64)] | None = None
    customer_ref: Reference | None = None
    currency: Currency | None = None
    lines: Annotated[tuple[LineRequest, ...], Field(min_length=1)]
    discount: Discount | None = None
    shipping: Shipping | None = None
    backorder: Backorder = "reject"
    delivery: Delivery = "partial"
    priority: Priority | None = None
    external_ref: Reference | None = None
    requested_on: Day | None = None
    salesperson: Code | None = None
    note: Text | None = None
    status: Literal["draft", "confirmed"] = "confirmed"

    @model_validator(mode="after")
    def _one_customer(self) -> "OrderRequest":
        if (self.customer_id is None) == (self.customer_ref is None):
            raise wrong(
                "one_of", "give either customer_id or customer_ref", "customer_id 与 customer_ref 二选一"
            )
        return self


class AnyBody(RootModel[Mapping[str, object]]):
    """A body that is looked at later, so that what is wrong with it is an answer and not a refusal."""

    model_config = ConfigDict(frozen=True)


class BatchRequest(Request):
    """Several orders, each placed for itself; the key of each follows from the key of the whole."""

    orders: Annotated[tuple[AnyBody, ...], Field(min_length=1, max_length=MOST_AT_ONCE)]


class LineChange(Request):
    """A line as it is to be: `line` with what changes of it, or a new `sku`; a quantity of 0 ends it."""

    line: Number | None = None
    sku: Sku | None = None
    quantity: Count | None = None
    unit_price: Price | None = None
    discount: Discount | None = None
    warehouse: Code | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> "LineChange":
        if (self.line is None) == (self.sku is None):
            raise wrong("one_of", "give either line or sku", "line 与 sku 二选一")
        if self.sku is not None and not self.quantity:
            raise wrong("required", "a new line needs a quantity", "新增行须有数量")
        return self

    @property
    def reprices(self) -> bool:
        """Tell whether the line is to have another price, discount or place to come from."""
        return bool(self.model_fields_set & {"unit_price", "discount", "warehouse"})


class AmendRequest(Request):
    """What of an order is to change; what is left out stays, and null takes away what may be absent."""

    lines: Annotated[tuple[LineChange, ...], Field(min_length=1, max_length=MOST_LINES)] | None = None
    discount: Discount | None = None
    shipping: Shipping | None = None
    backorder: Backorder | None = None
    delivery: Delivery | None = None
    priority: Priority | None = None
    requested_on: Day | None = None
    salesperson: Code | None = None
    note: Text | None = None
    reason: Text | None = None

    @field_validator("backorder", "delivery", "priority")
    @classmethod
    def _always_there(cls, value: object) -> object:
        if value is None:
            raise wrong("required", "cannot be taken away", "不能为空")
        return value


class Taken(Request):
    """So many units of a line."""

    line: Number
    quantity: Quantity


class Reasoned(Request):
    """Why, if anybody asks."""

    reason: Text | None = None


class Justified(Request):
    """Why; it has to be said."""

    reason: Reason


class QuoteRequest(Request):
    """Until when a quote holds, by an instant or so many days, and whether its stock is kept till then."""

    expires_at: AwareDatetime | None = None
    valid_days: Annotated[int, Field(strict=True, ge=1, le=365)] | None = None
    reserve: bool = False
    reason: Text | None = None

    @model_validator(mode="after")
    def _not_both(self) -> "QuoteRequest":
        if self.expires_at is not None and self.valid_days is not None:
            raise wrong("one_of", "give either expires_at or valid_days", "expires_at 与 valid_days 二选一")
        return self


class CancelRequest(Request):
    """What is cancelled and why; without lines the whole order."""

    reason: Text | None = None
    lines: Annotated[tuple[Taken, ...], Field(min_length=1, max_length=MOST_LINES)] | None = None


class HoldRequest(Request):
    """A hold: of which kind, and why."""

    kind: HoldKind
    reason: Reason


class ShipRequest(Request):
    """What leaves the warehouse; without lines everything that is reserved."""

    lines: Annotated[tuple[Taken, ...], Field(min_length=1, max_length=MOST_LINES)] | None = None
    carrier: Annotated[str, Field(max_length=100)] | None = None
    tracking: Annotated[str, Field(max_length=100)] | None = None


class CarrierNews(Request):
    """What a carrier tells of a shipment, and when that was."""

    status: ShipmentStatus
    occurred_at: AwareDatetime | None = None
    place: Annotated[str, Field(max_length=200)] | None = None
    note: Text | None = None

    def moment(self, now: datetime) -> datetime:
        """Return when it happened: as told, or now."""
        return self.occurred_at or now


class ReturnLine(Request):
    """Units of a line that are to come back, and why."""

    line: Number
    quantity: Quantity
    reason: Reason


class ReturnRequest(Request):
    """What is to come back."""

    lines: Annotated[tuple[ReturnLine, ...], Field(min_length=1, max_length=MOST_LINES)]
    note: Text | None = None


class ReceiveRequest(Request):
    """What came back; without lines everything that was announced."""

    lines: Annotated[tuple[Taken, ...], Field(min_length=1, max_length=MOST_LINES)] | None = None
    reason: Text | None = None


class InspectedLine(Request):
    """What becomes of each unit of a returned line."""

    line: Number
    restock: Count = 0
    scrap: Count = 0
    repair: Count = 0
    send_back: Count = 0

    @property
    def units(self) -> int:
        """Return how many units were looked at."""
        return self.restock + self.scrap + self.repair + self.send_back


class InspectRequest(Request):
    """The verdict on everything that came back."""

    lines: Annotated[tuple[InspectedLine, ...], Field(min_length=1, max_length=MOST_LINES)]
    reason: Text | None = None


class ResolveRequest(Request):
    """What is done about a return: units are credited or refunded, goods go out in exchange, or nothing."""

    resolution: Literal["credit", "refund", "exchange", "none"]
    lines: Annotated[tuple[Taken, ...], Field(min_length=1, max_length=MOST_LINES)] | None = None
    exchange: Annotated[tuple[LineRequest, ...], Field(min_length=1, max_length=MOST_LINES)] | None = None
    reason: Text | None = None

    @model_validator(mode="after")
    def _goods_of_an_exchange(self) -> "ResolveRequest":
        if (self.exchange is not None) != (self.resolution == "exchange"):
            raise wrong(
                "exchange_lines",
                "only an exchange names the goods given instead",
                "仅换货须给出 exchange 商品行",
            )
        return self
