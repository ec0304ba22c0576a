"""What is on its way: the counters, the pointers and the documents that promise it say the same."""

from collections.abc import Callable, Iterator
from typing import Final

from soms.reports.books import Books

Place = tuple[str, str]
"""A stock item and the document that brings to it."""


def _by_transfers(books: Books) -> Iterator[tuple[Place, int]]:
    for transfer in books.transfers.values():
        for sku, units in transfer.in_transit().items():
            yield (f"{sku}@{transfer.destination}", transfer.id), units


def _by_purchase_orders(books: Books) -> Iterator[tuple[Place, int]]:
    for order in books.purchases.values():
        for line in order.lines:
            yield (str(line.item), order.id), line.open


Promise = Callable[[Books], Iterator[tuple[Place, int]]]
PROMISES: Final[tuple[Promise, ...]] = (_by_transfers, _by_purchase_orders)
"""What each kind of document still brings."""


def look(books: Books) -> tuple[int, list[str]]:
    """Count what is on its way, and name what differs between counters, pointers and documents."""
    promised: dict[Place, int] = {}
    for promise in PROMISES:
        for place, units in promise(books):
            promised[place] = promised.get(place, 0) + units
    wrong = [
        f"{item}: {books.incoming.get((item, source), 0)} noted of {source}, it brings {units}"
        for (item, source) in sorted(promised.keys() | books.incoming.keys())
        if books.incoming.get((item, source), 0) != (units := promised.get((item, source), 0))
    ]
    noted: dict[str, int] = {}
    for (item, _), units in books.incoming.items():
        noted[item] = noted.get(item, 0) + units
    held = {f"{one.sku}@{one.warehouse}": one.incoming for one in books.stock}
    wrong += [
        f"{item}: incoming {held.get(item, 0)}, noted {noted.get(item, 0)}"
        for item in sorted(held.keys() | noted.keys())
        if held.get(item, 0) != noted.get(item, 0)
    ]
    return len(books.incoming), wrong + _unsteady(books)


def _unsteady(books: Books) -> list[str]:
    """Return the transfers whose lines do not add up, or whose state does not say what is on its way."""
    return [
        f"{one.id}: {one.status}, on its way {one.in_transit()}"
        for one in books.transfers.values()
        if any(units < 0 for units in one.in_transit().values())
        or (one.status in {"received", "closed"}) == bool(one.in_transit())
    ]
