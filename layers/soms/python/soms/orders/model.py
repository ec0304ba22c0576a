"""What was ordered: orders, their lines, holds, approvals, shipments, returns."""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from soms.inventory.model import SHARD
from soms.kit.fields import Amount, Frozen, Percent, Price, Rate, Reference, Request, wrong

Status = Literal[
    "draft",
    "quoted",
    "pending_approval",
    "confirmed",
    "closed",
    "completed",
    "cancelled",
    "expired",
    "lost",
    "discarded",
]
Backorder = Literal["reject", "allow"]
Delivery = Literal["partial", "complete"]
HoldKind = Literal["credit", "payment", "address", "fraud", "manual"]
ShipmentStatus = Literal["shipped", "in_transit", "delivered", "returned_to_sender"]
ReturnStatus = Literal["requested", "approved", "received", "inspected", "resolved", "rejected", "cancelled"]
UNBINDING: Final = frozenset({"draft", "quoted", "pending_approval", "expired", "lost", "discarded"})
"""States before confirmation: nothing is owed, billed or exposed."""
ZERO: Final = Decimal(0)
USUAL_PRIORITY: Final = 5


class Discount(Request):
    """A discount in percent or as an amount."""

    percent: Percent | None = None
    amount: Annotated[Amount, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> "Discount":
        if (self.percent is None) == (self.amount is None):
            raise wrong("one_of", "give either percent or amount", "percent 与 amount 二选一")
        return self


class Part(Frozen):
    """Units that came to a line together, and what they were agreed to be worth."""

    quantity: int
    net: Amount
    tax: Amount
    discount: Amount = ZERO
    share: Amount = ZERO


class Allowance(Frozen):
    """A price allowance on units that one invoice bills: those from `low` (exclusive) to `high` of a line.

    The units stay billed; the allowance goes with what they were billed at when it was given.
    """

    low: int
    high: int
    net: Amount
    tax: Amount


class Sourcing(Frozen):
    """Why a line is taken from its warehouse: the rule, and what it saw there and where it passed over.

    `wanted` and `available` are units as they stood then, `short` those that no warehouse had.
    """

    rule: Literal["line", "customer", "default", "nearest", "fewest_splits"]
    wanted: int = 0
    available: int = 0
    short: int = 0
    passed: Mapping[str, int] = Field(default_factory=dict)


class Bundle(Frozen):
    """The bundle that a line is a component of: how many, the client's line, and what one was agreed at."""

    sku: str
    name: str
    line: int
    quantity: int
    unit_price: Price
    list_price: Price | None = None


class Line(Frozen):
    """One line: what was agreed, frozen, and how much of it has happened, in base units.

    Amounts are those of the units in force; `share` is the line's part of the order's discount. `parts` is
    what all its units were agreed at, empty while that is the same. `split_of` is the line whose units these
    were before another warehouse was to send them; without `sourcing` it is as it was said, or the company's
    default warehouse; of a hot SKU the `warehouse` names the shard. `returning` is in returns that have not
    come back yet; `credited` was credited by hand, `return_credited` by returns; `allowances` were given on
    the price of units that stay billed, the oldest first. `backordered` waits for goods; `queued_at` is
    the version of the order whose command last changed that. A component of a `bundle` holds its part of the
    bundle's amounts, at the bundle's tax.
    """

    line: int
    sku: str
    name: str
    quantity: int
    unit: str = "pcs"
    unit_price: Price
    price_source: str = "catalog"
    price_reason: str | None = None
    list_price: Price | None = None
    discount_rule: Discount | None = None
    discount: Amount = ZERO
    share: Amount = ZERO
    net: Amount
    tax_rate: Rate
    tax_category: str = "S"
    tax_reason: str | None = None
    tax: Amount
    gross: Amount
    parts: tuple[Part, ...] = ()
    warehouse: str | None = None
    shards: int = 1
    stocked: bool = True
    charge: bool = False
    replaces: int | None = None
    split_of: int | None = None
    bundle: Bundle | None = None
    sourcing: Sourcing | None = None
    note: str | None = None
    cancelled: int = 0
    reserved: int = 0
    backordered: int = 0
    queued_at: int = 0
    shipped: int = 0
    returning: int = 0
    returned: int = 0
    invoiced: int = 0
    credited: int = 0
    return_credited: int = 0
    allowances: tuple[Allowance, ...] = ()

    @property
    def site(self) -> str | None:
        """Return the warehouse that a stocked line is taken from, whichever shard of it that is."""
        return self.warehouse.partition(SHARD)[0] if self.warehouse else None

    @property
    def open(self) -> int:
        """Return the units that are neither cancelled nor shipped."""
        return self.quantity - self.cancelled - self.shipped

    @property
    def in_force(self) -> int:
        """Return the units that are not cancelled."""
        return self.quantity - self.cancelled


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


class Hold(Frozen):
    """Why goods may not leave for the time being, and who may lift that."""

    id: str
    kind: HoldKind
    reason: str
    placed_by: str
    placed_at: str


class Asked(Frozen):
    """A rule that asks for an approval, with the figures it was decided on, and who has decided it."""

    rule: str
    name: str | None = None
    inputs: Mapping[str, str] = Field(default_factory=dict)
    approvers: tuple[str, ...]
    decided_by: str | None = None
    decided_at: str | None = None


def _read(request: object) -> object:
    return json.loads(request) if isinstance(request, str) else request


def _written(request: dict[str, object] | None) -> str | None:
    return None if request is None else json.dumps(request, ensure_ascii=False)


Said = Annotated[
    dict[str, object] | None, BeforeValidator(_read), PlainSerializer(_written, when_used="json")
]
"""A body as it was said, kept as text: tables drop what is null, which a body may mean."""


class Waiting(Frozen):
    """What waits for approval: the order itself, or an amendment (`request` as it was asked for).

    `ordinal` counts the approvals of the order, `principal` is who asked and may not decide.
    """

    ordinal: int
    kind: Literal["order", "amendment"]
    rules: tuple[Asked, ...]
    request: Said = None
    requested_by: str
    requested_at: str
    principal: str


class Order(Frozen):
    """An order; `version` counts commands, `settled` every other write, `entry` is the last command's.

    `numbered` is the highest line number ever given, `creator` the principal behind `created_by`.
    """

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
    discount_rule: Discount | None = None
    subtotal: Amount
    discount: Amount = ZERO
    shipping: Amount = ZERO
    net: Amount
    tax: Amount
    total: Amount
    invoiced: Amount = ZERO
    paid: Amount = ZERO
    written_off: Amount = ZERO
    refunded: Amount = ZERO
    fulfilment: str = "unfulfilled"
    invoicing: str = "none"
    payment: str = "unpaid"
    holds: tuple[Hold, ...] = ()
    waiting: Waiting | None = None
    quote_version: int = 0
    expires_at: str | None = None
    shipments: int = 0
    returns: int = 0
    approvals: int = 0
    numbered: int = 0
    backorder: Backorder = "reject"
    delivery: Delivery = "partial"
    priority: int = USUAL_PRIORITY
    external_ref: Reference | None = None
    requested_on: date | None = None
    salesperson: str | None = None
    note: str | None = None
    exchange_of: str | None = None
    invoice_policy: str = "on_order"
    placed_at: str
    created_by: str
    creator: str = ""
    said: str = ""
    entry: str = ""
    stamp: int = 0

    @property
    def is_binding(self) -> bool:
        """Tell whether the order was ever confirmed."""
        return self.status not in UNBINDING

    def line(self, number: int) -> Line | None:
        """Return a line by its number."""
        return next((one for one in self.lines if one.line == number), None)

    @property
    def skus(self) -> set[str]:
        """Return the SKUs of its goods, with those of the bundles that these are components of."""
        goods = [line for line in self.lines if not line.charge]
        return {line.sku for line in goods} | {line.bundle.sku for line in goods if line.bundle}


class Units(Frozen):
    """So many units of a line, as kept."""

    line: int
    quantity: int
    reason: str | None = None


class CarrierEvent(Frozen):
    """News of a shipment from its carrier."""

    status: ShipmentStatus
    occurred_at: str
    place: str | None = None
    note: str | None = None


class Shipment(Frozen):
    """What left the warehouse in one go; `version` counts the news kept of it."""

    id: str
    order_id: str
    ordinal: int
    version: int = 1
    status: ShipmentStatus = "shipped"
    lines: tuple[Units, ...]
    carrier: str | None = None
    tracking: str | None = None
    shipped_at: str
    shipped_by: str
    delivered_at: str | None = None
    events: tuple[CarrierEvent, ...] = ()


class Inspected(Frozen):
    """What became of a returned line's units."""

    line: int
    restock: int = 0
    scrap: int = 0
    repair: int = 0
    send_back: int = 0


class Return(Frozen):
    """Goods that come back: from the request to what was done about it."""

    id: str
    order_id: str
    ordinal: int
    version: int = 1
    status: ReturnStatus = "requested"
    lines: tuple[Units, ...]
    received: tuple[Units, ...] = ()
    inspected: tuple[Inspected, ...] = ()
    resolution: str | None = None
    credited: tuple[Units, ...] = ()
    exchange_order_id: str | None = None
    reason: str | None = None
    requested_at: str
    requested_by: str
