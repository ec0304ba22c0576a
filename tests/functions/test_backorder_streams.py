"""News of back-orders that come twice, late, or in the wrong order end as if they had come in order, once."""

from typing import Any

import pytest
from soms.inventory.model import StockItem
from soms.kit import aws
from soms.kit.settings import Setting
from soms.orders import queue

from tests.functions.test_backorders import books_hold, held, image, shelf, waiting
from tests.world import Answer, World

STUCK = "batchItemFailures"
SHELF = StockItem(sku="A-1", warehouse="main")


@pytest.fixture
def ready(world: World) -> World:
    world.product("A-1")
    return world


def news(world: World, order: str) -> list[dict[str, Any]]:
    """Return the records by which the versions of an order tell what follows from them, oldest first."""
    records = [one for one in world.records("ORDERS_TABLE") if "effects" in image(one)]
    return [one for one in records if image(one)["pk"]["S"] == order]


def queued(sku: str = "A-1") -> list[tuple[int, int]]:
    """Return the units and the stamp of every entry in the queue of a stock item."""
    rows = aws.query(Setting.INVENTORY, "pk = :pk", {":pk": f"queue#{sku}@main"}, consistent=True)
    return [(row["quantity"], row["stamp"]) for row in rows]


def amend(world: World, order: str, units: int, line: int = 1) -> None:
    body = {"lines": [{"line": line, "quantity": units}]}
    headers = {"If-Match": world.call("GET", f"/v1/orders/{order}").headers["ETag"]}
    answer = world.call("PATCH", f"/v1/orders/{order}", body, headers=headers)
    assert answer.status == 200, answer.text


def count(world: World, units: int) -> Answer:
    answer = world.call("POST", "/v1/stock/A-1/adjustments", {"counted": units, "reason": "count"})
    assert answer.status == 201, answer.text
    return answer


def test_units_that_leave_before_they_joined_fail_and_go_through_when_repeated(ready: World) -> None:
    order = waiting(ready, ready.customer(), ("A-1", 3)).body["id"]
    amend(ready, order, 1)
    joined, left = news(ready, order)

    early = ready.deliver("stock", [left])
    first = ready.deliver("stock", [joined])
    again = ready.deliver("stock", [left])

    assert [one["itemIdentifier"] for one in early[STUCK]] == [left["dynamodb"]["SequenceNumber"]]
    assert (first[STUCK], again[STUCK]) == ([], [])
    assert queued() == [(1, 2)]
    books_hold(ready)
    assert shelf(ready) == (0, 0, 0, 1)


def test_a_later_change_that_empties_the_queue_first_does_not_hide_the_earlier_one(ready: World) -> None:
    order = waiting(ready, ready.customer(), ("A-1", 3)).body["id"]
    ready.drain()
    amend(ready, order, 5)
    amend(ready, order, 2)
    _, more, fewer = news(ready, order)

    for one in (fewer, more):
        assert ready.deliver("stock", [one])[STUCK] == []

    assert queued() == [(2, 3)]
    ready.stock("A-1", 5)
    books_hold(ready)
    assert held(ready, order) == (2, 0)
    assert queued() == []


def test_goods_that_come_between_two_changes_do_not_hide_the_one_that_is_late(ready: World) -> None:
    order = waiting(ready, ready.customer(), ("A-1", 5)).body["id"]
    ready.drain()
    amend(ready, order, 7)
    amend(ready, order, 4)
    _, more, fewer = news(ready, order)
    ready.deliver("stock", [fewer])
    ready.stock("A-1", 2)
    ready.deliver("replenishment", ready.records("INVENTORY_TABLE")[-1:])
    assert held(ready, order) == (2, 2)
    assert (queued(), list(queue.of(SHELF))) == ([(0, 3)], [])

    ready.deliver("stock", [more])

    assert queued() == [(2, 3)]
    ready.stock("A-1", 2)
    books_hold(ready)
    assert held(ready, order) == (4, 0)
    assert queued() == []


def test_a_count_that_is_quicker_than_what_waits_already_loses_none_of_it(ready: World) -> None:
    ready.stock("A-1", 4)
    order = ready.order(ready.customer(), ("A-1", 4), body={"backorder": "allow"}).body["id"]
    ready.drain()
    amend(ready, order, 7)

    count(ready, 3)

    assert held(ready, order) == (3, 4)
    assert queued() == [(1, 2)]
    books_hold(ready)
    assert queued() == [(4, 2)]
    ready.stock("A-1", 9)
    books_hold(ready)
    assert held(ready, order) == (7, 0)


def test_all_news_again_from_the_first_change_nothing(ready: World) -> None:
    customer = ready.customer()
    ready.stock("A-1", 4)
    first = waiting(ready, customer, ("A-1", 6)).body["id"]
    second = waiting(ready, customer, ("A-1", 2), priority=1).body["id"]
    books_hold(ready)
    ready.stock("A-1", 3)
    amend(ready, first, 5)
    books_hold(ready)
    count(ready, 6)
    books_hold(ready)
    end = [held(ready, one) for one in (first, second)], shelf(ready), queued()

    stock = [one for one in ready.records("ORDERS_TABLE") if "effects" in image(one)]
    replenishment = [one for one in ready.records("INVENTORY_TABLE") if ready._concerns("replenishment", one)]
    for consumer, records in (("stock", stock), ("replenishment", replenishment)):
        for one in (records, records[:2], records[1:], records[::-1]):
            assert ready.deliver(consumer, one)[STUCK] == []
    books_hold(ready)

    assert ([held(ready, one) for one in (first, second)], shelf(ready), queued()) == end
    assert end[1] == (6, 6, 0, 1)


def test_a_change_of_priority_told_late_leaves_nobody_in_the_old_place(ready: World) -> None:
    customer = ready.customer()
    first = waiting(ready, customer, ("A-1", 2)).body["id"]
    second = waiting(ready, customer, ("A-1", 2)).body["id"]
    ready.drain()
    headers = {"If-Match": '"1.0"'}
    ready.call("PATCH", f"/v1/orders/{second}", {"priority": 1}, as_="sales_manager", headers=headers)

    ready.stock("A-1", 2)
    ready.deliver("replenishment", ready.records("INVENTORY_TABLE")[-1:])
    taken = held(ready, first), held(ready, second)
    ready.stock("A-1", 2)
    books_hold(ready)

    # Who is on the way from one place to another is passed over, and not forgotten.
    assert taken == ((2, 0), (0, 2))
    assert held(ready, second) == (2, 0)
    assert queued() == []
