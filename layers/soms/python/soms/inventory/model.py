"""What lies on the shelves: stock, the rule that reorders it, and alerts."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, astuple, dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from soms.kit.fields import Code, Frozen, Price, Quantity, Rate, Request, Sku, Text, wrong

MOST_STOCK = 1_000_000_000
Reason = Literal["receipt", "count", "damage", "loss", "found", "correction"]
AlertStatus = Literal["open", "acknowledged", "ordered", "snoozed", "dismissed", "resolved"]


SHARD = "~"
Shelf = Annotated[str, Field(max_length=68, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(~[0-9]{1,2})?$")]
"""A warehouse, or one shard of what it has of a hot SKU: `main`, `main~3`."""


class StockItem(Frozen):
    """One SKU in one warehouse, by name; of a hot SKU one shard, the first of which has the plain name."""

    sku: Sku
    warehouse: Shelf

    def __str__(self) -> str:
        """Write it as the journal does."""
        return f"{self.sku}@{self.warehouse}"

    @property
    def whole(self) -> "StockItem":
        """Return the stock item that this is a shard of: its first shard, which stands for all."""
        return StockItem(sku=self.sku, warehouse=self.warehouse.partition(SHARD)[0])

    @property
    def shard(self) -> int:
        """Return the number of the shard, from 0."""
        return int(self.warehouse.partition(SHARD)[2] or 0)

    def of_shard(self, number: int) -> "StockItem":
        """Return another shard of the same stock item."""
        place = f"{self.whole.warehouse}{SHARD}{number}" if number else self.whole.warehouse
        return StockItem(sku=self.sku, warehouse=place)

    @classmethod
    def named(cls, name: str) -> "StockItem":
        """Return the stock item that the journal names."""
        sku, _, warehouse = name.rpartition("@")
        return cls(sku=sku, warehouse=warehouse)


COUNTERS: Final = ("on_hand", "reserved", "available", "incoming", "backordered", "quarantine")


@dataclass(frozen=True)
class Delta:
    """By how much a write moves the counters of a stock item, in base units."""

    on_hand: int = 0
    reserved: int = 0
    backordered: int = 0
    incoming: int = 0
    quarantine: int = 0

    def counters(self) -> dict[str, int]:
        """Return every counter by name; `available` follows from two others."""
        return asdict(self) | {"available": self.on_hand - self.reserved}

    def told(self, word: str) -> list[object]:
        """Return how the journal tells it: the trade's word for the movement, then the counters' changes."""
        units = list(astuple(self))
        while units and not units[-1]:
            units.pop()
        return [word, *units]

    @classmethod
    def heard(cls, told: Sequence[object]) -> "Delta":
        """Return what the journal tells of a movement."""
        return cls(*(int(str(one)) for one in told[1:]))


class Window(Frozen):
    """The days that a demand was taken from, both included."""

    from_on: date
    to_on: date
    days: int


class Computed(Frozen):
    """What a reorder rule was computed from, and what came out; `d` and the sigmas are a day's and days'.

    `z` belongs to the service level; point = d × lead time + safety stock, in whole units.
    """

    service_level: Decimal
    z: Decimal
    d: Decimal
    sigma_d: Decimal
    lead_time_days: int
    sigma_l: Decimal
    review_days: int
    window_days: int
    window: Window
    safety_stock: Decimal
    point: int
    computed_on: date


class ReorderRule(Frozen):
    """When and how much to reorder, in base units; `computed` where demand and lead time decide it."""

    point: int
    target: int
    minimum: int = 1
    pack: int = 1
    lead_time_days: int | None = None
    supplier: str | None = None
    computed: Computed | None = None


class Stock(Frozen):
    """The counters of a stock item in base units; `seq` counts its writes, `cause` is the last entry.

    A hot SKU's units are `spread` over so many shards; `shards` is how many there have ever been.
    """

    sku: Sku
    warehouse: Shelf
    on_hand: int = 0
    reserved: int = 0
    available: int = 0
    incoming: int = 0
    backordered: int = 0
    quarantine: int = 0
    seq: int = 0
    cause: str | None = None
    rule: ReorderRule | None = None
    shards: int = 1
    spread: int = 1

    @property
    def item(self) -> StockItem:
        """Return the stock item by name."""
        return StockItem(sku=self.sku, warehouse=self.warehouse)

    def with_shards(self, others: Iterable["Stock"]) -> "Stock":
        """Return the counters of all shards together."""
        held = [self, *others]
        sums = {name: sum(getattr(one, name) for one in held) for name in (*COUNTERS, "seq")}
        return self.model_copy(update=sums)

    @property
    def position(self) -> int:
        """Return the inventory position: on hand − reserved + incoming − back-ordered."""
        return self.on_hand - self.reserved + self.incoming - self.backordered

    @property
    def is_low(self) -> bool:
        """Tell whether the position is at or below the reorder point."""
        return self.rule is not None and self.position <= self.rule.point


class AdjustmentRequest(Request):
    """A change by hand: by so many units, or to what was counted.

    `unit_cost` is what a unit that comes in has cost, in the company's currency.
    """

    warehouse: Code = "main"
    delta: Annotated[int, Field(strict=True, ge=-1_000_000, le=1_000_000)] | None = None
    counted: Annotated[int, Field(strict=True, ge=0, le=MOST_STOCK)] | None = None
    reason: Reason
    unit_cost: Annotated[Price, Field(ge=0)] | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> "AdjustmentRequest":
        if (self.delta is None) == (self.counted is None):
            raise wrong("one_of", "give either delta or counted", "delta 与 counted 二选一")
        if self.delta == 0:
            raise wrong("zero_adjustment", "nothing would change", "调整数量不能为 0")
        if self.unit_cost is not None and not (self.delta or 0) > 0:
            raise wrong("unit_cost", "only what comes in has a cost", "仅入库可填写 unit_cost")
        return self


class ComputedRequest(Request):
    """From what a reorder rule is to be computed.

    The service level is the share of reorder cycles without a shortage; the deviations are in days.
    """

    service_level: Annotated[Rate, Field(ge=Decimal("0.5"), le=Decimal("0.9999"))]
    lead_time_days: Annotated[int, Field(strict=True, ge=0, le=365)]
    lead_time_deviation_days: Annotated[Price, Field(le=365)] = Decimal(0)
    review_days: Annotated[int, Field(strict=True, ge=0, le=365)] = 7
    window_days: Annotated[int, Field(strict=True, ge=14, le=365)] = 90


class RuleRequest(Request):
    """A reorder rule as clients describe it: point and target, or what they are to be computed from."""

    warehouse: Code = "main"
    point: Annotated[int, Field(strict=True, ge=0, le=MOST_STOCK)] | None = None
    target: Annotated[int, Field(strict=True, ge=1, le=MOST_STOCK)] | None = None
    computed: ComputedRequest | None = None
    minimum: Quantity = 1
    pack: Quantity = 1
    lead_time_days: Annotated[int, Field(strict=True, ge=0, le=1000)] | None = None
    supplier: Code | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> "RuleRequest":
        by_hand = (self.point, self.target, self.lead_time_days)
        if self.computed is not None and by_hand == (None, None, None):
            return self
        if self.computed is not None or self.point is None or self.target is None:
            english = "give either computed, or point and target"
            raise wrong("one_of", english, "computed 与 point、target 二选一")
        if self.target <= self.point:
            raise wrong("target_not_above_point", "must be above point", "须大于 point")
        return self


class SnoozeRequest(Request):
    """For how long an alert is to be quiet."""

    hours: Annotated[int, Field(strict=True, ge=1, le=720)] = 24


class NoteRequest(Request):
    """Why, if anybody asks."""

    reason: Text | None = None


class Alert(Frozen):
    """Stock that ran low; one is open per SKU and warehouse."""

    id: str
    version: int = 1
    sku: Sku
    warehouse: Code
    status: AlertStatus
    position: int
    point: int
    target: int
    opened_at: str
    told_at: str | None = None
    escalated_at: str | None = None
    snoozed_until: str | None = None
    open_since: str | None = None
    purchase_order_id: str | None = None
    changed_by: str | None = None

    def waiting_since(self) -> str:
        """Return since when it has waited for somebody: since it was opened, or since it last woke."""
        return self.open_since or self.opened_at

    def at(self, moment: str) -> "Alert":
        """Return the alert as it counts at an instant: what was snoozed until then is open again."""
        if self.status != "snoozed" or self.snoozed_until is None or self.snoozed_until > moment:
            return self
        return self.model_copy(update={"status": "open", "open_since": self.snoozed_until})
