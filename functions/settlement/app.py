"""Billing stream → orders: what is invoiced and paid is written onto the order."""

from collections.abc import Iterator, Mapping, Sequence

from soms.billing import settling
from soms.kit import clock, streams


def _orders(image: Mapping[str, object]) -> Iterator[str]:
    """Yield the orders that an image is about, also those that a payment has settled invoices of once."""
    if image.get("order_id"):
        yield str(image["order_id"])
    freed = image.get("freed_orders")
    yield from (map(str, freed) if isinstance(freed, list) else ())


def _settle(changes: Sequence[streams.Change]) -> None:
    for order_id in dict.fromkeys(order for change in changes for order in _orders(change.new or {})):
        settling.settle(order_id, now=clock.now())


handler = streams.follow("settlement", _settle)
