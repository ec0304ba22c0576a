"""What clients say of purchase orders."""

from typing import Annotated, Final

from pydantic import Field

from soms.kit.fields import MOST_QUANTITY, Code, Day, Price, Quantity, Request, Sku, Text

MOST_LINES: Final = 40
Reference = Annotated[str, Field(min_length=1, max_length=100)]


class PurchaseLineRequest(Request):
    """A line as clients describe it; without a warehouse it is the order's."""

    sku: Sku
    quantity: Quantity
    unit_cost: Price | None = None
    warehouse: Code | None = None


class PurchaseRequest(Request):
    """A purchase order as clients describe it."""

    supplier: Code
    warehouse: Code = "main"
    lines: Annotated[tuple[PurchaseLineRequest, ...], Field(min_length=1)]
    expected_on: Day
    reference: Reference | None = None
    note: Text | None = None


class LineChange(Request):
    """How many units a line is to have altogether, what has come included."""

    line: Annotated[int, Field(strict=True, ge=1)]
    quantity: Annotated[int, Field(strict=True, ge=0, le=MOST_QUANTITY)]


class PurchaseChange(Request):
    """What is to be different; what is left out stays."""

    expected_on: Day | None = None
    lines: Annotated[tuple[LineChange, ...], Field(max_length=MOST_LINES)] = ()
    note: Text | None = None


class Arrival(Request):
    """What came of a line."""

    line: Annotated[int, Field(strict=True, ge=1)]
    quantity: Quantity
    unit_cost: Price | None = None


class ReceiptRequest(Request):
    """What came; without lines, everything that was still to come."""

    lines: Annotated[tuple[Arrival, ...], Field(min_length=1, max_length=MOST_LINES)] | None = None
    reference: Reference | None = None


class CloseRequest(Request):
    """Why the rest will not come."""

    reason: Annotated[str, Field(min_length=1, max_length=1000)]
