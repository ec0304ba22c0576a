"""What is on its way to a stock item: one pointer per purchase order or transfer, the earliest first."""

from collections.abc import Iterable
from datetime import date

from soms.inventory.model import StockItem
from soms.kit import aws
from soms.kit.fields import Frozen
from soms.kit.settings import Setting
from soms.kit.writes import Writes

UNDATED = "9999-12-31"


class Expected(Frozen):
    """Units that are on their way under a document, and the day they are expected on, if there is one."""

    source: str
    quantity: int
    expected_on: date | None = None


def put(writes: Writes, item: StockItem, expected: Expected) -> None:
    """Note what is on its way; the document that says so is written in the same transaction."""
    row = expected.model_dump(mode="json", exclude_none=True)
    writes.put(Setting.INVENTORY, {**_key(item, expected), "kind": "incoming", **row})


def remove(writes: Writes, item: StockItem, expected: Expected) -> None:
    """Forget a note: everything has come, or nothing will."""
    writes.delete(Setting.INVENTORY, _key(item, expected))


def of(item: StockItem) -> Iterable[Expected]:
    """Yield what is on its way to a stock item, the earliest first, what has no day last."""
    rows = aws.query(Setting.INVENTORY, "pk = :pk", {":pk": _partition(item)}, consistent=True)
    return (Expected.model_validate(row) for row in rows)


def _key(item: StockItem, expected: Expected) -> dict[str, object]:
    day = expected.expected_on.isoformat() if expected.expected_on else UNDATED
    return {"pk": _partition(item), "sk": f"{day}#{expected.source}"}


def _partition(item: StockItem) -> str:
    return f"incoming#{item}"
