"""When goods are expected: what comes first goes to who comes first."""

from datetime import date

from soms.inventory.incoming import Expected
from soms.inventory.model import StockItem
from soms.orders.promising import promised
from soms.orders.queue import Entry

ITEM = StockItem(sku="A-1", warehouse="main")
EARLY, LATE = date(2026, 12, 1), date(2026, 12, 24)


def entry(order: str, units: int) -> Entry:
    return Entry(item=ITEM, place="", order_id=order, line=1, quantity=units, stamp=1)


def coming(*pairs: tuple[int, date | None]) -> list[Expected]:
    return [Expected(source=str(units), quantity=units, expected_on=day) for units, day in pairs]


def test_an_entry_is_filled_on_the_day_its_last_unit_comes() -> None:
    days = promised([entry("a", 3), entry("b", 3)], coming((4, EARLY), (2, LATE)))
    assert days == {("a", 1): EARLY, ("b", 1): LATE}


def test_who_is_filled_to_the_last_unit_leaves_nothing_for_the_next() -> None:
    days = promised([entry("a", 4), entry("b", 1)], coming((4, EARLY)))
    assert days == {("a", 1): EARLY, ("b", 1): None}


def test_what_comes_on_no_known_day_promises_nothing() -> None:
    days = promised([entry("a", 4), entry("b", 5)], coming((4, EARLY), (9, None)))
    assert days == {("a", 1): EARLY, ("b", 1): None}


def test_nothing_on_its_way_promises_nothing() -> None:
    assert promised([entry("a", 4), entry("b", 5)], []) == {("a", 1): None, ("b", 1): None}
