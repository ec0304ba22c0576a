"""Back-orders: what is not in stock waits for goods, and is given what comes, without anybody asking."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from soms.inventory import incoming
from soms.inventory.model import StockItem
from soms.kit import clock
from soms.kit.writes import Writes

from tests.world import Answer, World


@pytest.fixture
def world() -> Iterator[World]:
    with World.opened() as made:
        made.product("A-1")
        made.product("B-1")
        yield made


def waiting(world: World, customer: str, *lines: tuple[str, int], **more: Any) -> Answer:
    answer = world.order(customer, *lines, body={"backorder": "allow", **more}, as_="sales_manager")
    assert answer.status == 201, answer.text
    return answer


def line(world: World, order: str, number: int = 1) -> dict[str, Any]:
    lines = world.call("GET", f"/v1/orders/{order}").body["lines"]
    return next(one for one in lines if one["line"] == number)


def held(world: World, order: str, number: int = 1) -> tuple[int, int]:
    found = line(world, order, number)
    return found["reserved"], found["backordered"]


def shelf(world: World, sku: str = "A-1") -> tuple[int, int, int, int]:
    body = world.call("GET", f"/v1/stock/{sku}").body
    return body["on_hand"], body["reserved"], body["available"], body["backordered"]


def books_hold(world: World) -> None:
    world.drain()
    assert world.broken() == []


def test_an_order_reserves_what_there_is_and_waits_for_the_rest(world: World) -> None:
    world.stock("A-1", 4)
    order = waiting(world, world.customer(), ("A-1", 10))
    assert order.body["lines"][0]["reserved"] == 4
    assert order.body["lines"][0]["backordered"] == 6
    books_hold(world)
    assert shelf(world) == (4, 4, 0, 6)


def test_without_leave_to_wait_an_order_is_still_refused_whole(world: World) -> None:
    world.stock("A-1", 4)
    refused = world.order(world.customer(), ("A-1", 10))
    assert (refused.status, refused.code) == (409, "insufficient_stock")
    books_hold(world)
    assert shelf(world) == (4, 0, 4, 0)


def test_goods_that_come_are_given_by_priority_then_age(world: World) -> None:
    customer = world.customer()
    first = waiting(world, customer, ("A-1", 3)).body["id"]
    second = waiting(world, customer, ("A-1", 3)).body["id"]
    urgent = waiting(world, customer, ("A-1", 3), priority=1).body["id"]
    world.drain()
    world.stock("A-1", 5)
    books_hold(world)
    assert [held(world, one) for one in (urgent, first, second)] == [(3, 0), (2, 1), (0, 3)]
    world.stock("A-1", 4)
    books_hold(world)
    assert [held(world, one) for one in (urgent, first, second)] == [(3, 0), (3, 0), (3, 0)]
    assert shelf(world) == (9, 9, 0, 0)


def test_goods_that_come_before_the_queue_knows_are_given_all_the_same(world: World) -> None:
    order = waiting(world, world.customer(), ("A-1", 3)).body["id"]
    world.stock("A-1", 3)
    books_hold(world)
    assert held(world, order) == (3, 0)


def test_what_another_order_gives_up_goes_to_who_waits(world: World) -> None:
    world.stock("A-1", 5)
    customer = world.customer()
    holder = world.order(customer, ("A-1", 5)).body["id"]
    waiter = waiting(world, customer, ("A-1", 2)).body["id"]
    world.drain()
    world.call("POST", f"/v1/orders/{holder}/cancel", {})
    books_hold(world)
    assert held(world, waiter) == (2, 0)
    assert shelf(world) == (5, 2, 3, 0)


def test_a_fill_changes_the_etag_behind_the_dot_only(world: World) -> None:
    order = waiting(world, world.customer(), ("A-1", 3)).body["id"]
    world.drain()
    before = world.call("GET", f"/v1/orders/{order}").headers["ETag"]
    world.stock("A-1", 3)
    world.drain()
    after = world.call("GET", f"/v1/orders/{order}").headers["ETag"]
    assert before != after
    assert before.split(".")[0] == after.split(".")[0]
    amended = world.call("PATCH", f"/v1/orders/{order}", {"note": "n"}, headers={"If-Match": before})
    assert amended.status == 200, amended.text


def test_cancelling_takes_first_what_waits_and_leaves_the_queue(world: World) -> None:
    world.stock("A-1", 4)
    order = waiting(world, world.customer(), ("A-1", 10)).body["id"]
    cancel = {"lines": [{"line": 1, "quantity": 5}]}
    assert world.call("POST", f"/v1/orders/{order}/cancel", cancel).status == 200
    books_hold(world)
    assert held(world, order) == (4, 1)
    assert shelf(world) == (4, 4, 0, 1)
    world.call("POST", f"/v1/orders/{order}/cancel", {})
    books_hold(world)
    assert shelf(world) == (4, 0, 4, 0)


def test_an_amendment_lets_only_what_is_lacking_wait(world: World) -> None:
    world.stock("A-1", 4)
    order = waiting(world, world.customer(), ("A-1", 2)).body
    more = {"lines": [{"line": 1, "quantity": 9}]}
    preview = world.call(
        "PATCH", f"/v1/orders/{order['id']}?preview=true", more, headers={"If-Match": '"1.0"'}
    )
    assert preview.body["errors"] == []
    told = preview.body["order"]["lines"][0]
    assert (told["reserved"], told["backordered"]) == (4, 5)
    amended = world.call("PATCH", f"/v1/orders/{order['id']}", more, headers={"If-Match": '"1.0"'})
    assert amended.status == 200, amended.text
    books_hold(world)
    assert held(world, order["id"]) == (4, 5)


def test_an_order_may_be_allowed_to_wait_later(world: World) -> None:
    world.stock("A-1", 2)
    order = world.order(world.customer(), ("A-1", 2)).body["id"]
    more = {"backorder": "allow", "lines": [{"line": 1, "quantity": 5}]}
    assert world.call("PATCH", f"/v1/orders/{order}", more, headers={"If-Match": '"1.0"'}).status == 200
    books_hold(world)
    assert held(world, order) == (2, 3)


def test_a_new_priority_moves_what_waits_in_its_queue(world: World) -> None:
    customer = world.customer()
    first = waiting(world, customer, ("A-1", 2)).body["id"]
    second = waiting(world, customer, ("A-1", 2)).body["id"]
    urgent = world.call(
        "PATCH", f"/v1/orders/{second}", {"priority": 1}, as_="sales_manager", headers={"If-Match": '"1.0"'}
    )
    assert urgent.status == 200, urgent.text
    world.drain()
    world.stock("A-1", 2)
    books_hold(world)
    assert (held(world, first), held(world, second)) == ((0, 2), (2, 0))


def test_only_a_manager_lets_an_order_go_first(world: World) -> None:
    customer = world.customer()
    refused = world.order(customer, ("A-1", 2), body={"backorder": "allow", "priority": 1}, as_="sales")
    assert (refused.status, refused.code) == (403, "forbidden")
    assert refused.body["errors"][0]["pointer"] == "/priority"


def test_a_priority_is_approved_by_whoever_approves_the_rest(world: World) -> None:
    rule = {"id": "cheap", "discount_above": "40", "approvers": ["finance_manager"]}
    assert world.call("PUT", "/v1/settings", {"approval_rules": [rule]}).status == 200
    order = waiting(world, world.customer(), ("A-1", 2)).body["id"]
    change = {"priority": 1, "discount": {"percent": "50"}}
    headers = {"If-Match": '"1.0"'}
    asked = world.call(
        "PATCH", f"/v1/orders/{order}", change, as_="sales_manager", name="max", headers=headers
    )
    assert asked.body["waiting"]["kind"] == "amendment"

    approved = world.call("POST", f"/v1/orders/{order}/approve", {}, as_="finance_manager", name="fay")

    assert approved.status == 200, approved.text
    assert approved.body["priority"] == 1
    books_hold(world)


def test_what_leaves_at_once_leaves_only_complete(world: World) -> None:
    world.stock("A-1", 2)
    world.stock("B-1", 2)
    order = waiting(world, world.customer(), ("A-1", 3), ("B-1", 1), delivery="complete").body["id"]
    world.drain()
    refused = world.call("POST", f"/v1/orders/{order}/shipments", {}, as_="warehouse")
    assert (refused.status, refused.code) == (409, "incomplete_delivery")
    assert refused.body["errors"][0]["meta"] == {"line": 1, "open": 1, "backordered": 1}
    world.stock("A-1", 1)
    world.drain()
    assert world.call("POST", f"/v1/orders/{order}/shipments", {}, as_="warehouse").status == 201
    books_hold(world)
    assert shelf(world) == (0, 0, 0, 0)


def test_an_expired_quote_gives_back_before_anybody_has_to_wait(world: World) -> None:
    world.stock("A-1", 3)
    customer = world.customer()
    quote = world.order(customer, ("A-1", 3), body={"status": "draft"}).body["id"]
    assert world.call("POST", f"/v1/orders/{quote}/quote", {"valid_days": 1, "reserve": True}).status == 200
    later = clock.now() + timedelta(days=3)
    with patch.object(clock, "now", lambda: later):
        order = waiting(world, customer, ("A-1", 3)).body["id"]
    assert held(world, order) == (3, 0)
    books_hold(world)


def test_the_same_news_twice_gives_once(world: World) -> None:
    order = waiting(world, world.customer(), ("A-1", 3)).body["id"]
    world.drain()
    world.stock("A-1", 2)
    world.drain()
    world.deliver("replenishment", world.records("INVENTORY_TABLE"))
    world.deliver("stock", [one for one in world.records("ORDERS_TABLE") if "effects" in image(one)])
    books_hold(world)
    assert held(world, order) == (2, 1)


def image(record: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = record["dynamodb"].get("NewImage", {})
    return found


def test_the_order_says_when_the_goods_it_waits_for_are_expected(world: World) -> None:
    customer = world.customer()
    first = waiting(world, customer, ("A-1", 4)).body["id"]
    second = waiting(world, customer, ("A-1", 4)).body["id"]
    world.drain()
    assert line(world, first)["expected_on"] is None
    item, writes = StockItem(sku="A-1", warehouse="main"), Writes()
    for source, day, units in (("po-1", date(2030, 1, 5), 5), ("po-2", date(2030, 2, 1), 2), ("po-3", None, 9)):
        incoming.put(writes, item, incoming.Expected(source=source, quantity=units, expected_on=day))
    writes.commit()

    days = [line(world, one)["expected_on"] for one in (first, second)]

    assert days == ["2030-01-05", None]
    assert "expected_on" not in world.order(customer, ("B-1", 1), body={"status": "draft"}).body["lines"][0]


def effects_of(world: World, order: str, version: int) -> list[dict[str, Any]]:
    """Return the record with which a version of an order tells the stock consumer what it means for stock."""
    told = [one for one in world.records("ORDERS_TABLE") if image(one).get("id") == {"S": order}]
    return [one for one in told if image(one)["version"] == {"N": str(version)} and "effects" in image(one)]


def apply(world: World, order: str, version: int) -> None:
    assert world.deliver("stock", effects_of(world, order, version)) == {"batchItemFailures": []}


def wake(world: World) -> None:
    """Tell replenishment of every change of stock so far."""
    of_stock = [one for one in world.records("INVENTORY_TABLE") if image(one).get("kind") == {"S": "stock"}]
    assert world.deliver("replenishment", of_stock) == {"batchItemFailures": []}


def amend(world: World, order: str, body: dict[str, Any]) -> None:
    version = world.call("GET", f"/v1/orders/{order}").body["version"]
    answer = world.call(
        "PATCH", f"/v1/orders/{order}", body, headers={"If-Match": f'"{version}.0"'}, as_="sales_manager"
    )
    assert answer.status == 200, answer.text


def test_what_joins_the_queue_late_is_filled_though_all_the_rest_has_been(world: World) -> None:
    order = waiting(world, world.customer(), ("A-1", 3)).body["id"]
    amend(world, order, {"lines": [{"line": 1, "quantity": 5}]})
    apply(world, order, 2)
    world.stock("A-1", 2)
    wake(world)
    assert held(world, order) == (2, 3)

    apply(world, order, 1)
    world.stock("A-1", 3)
    books_hold(world)

    assert held(world, order) == (5, 0)


def test_what_joins_the_queue_late_is_filled_though_all_the_rest_has_left_it(world: World) -> None:
    order = waiting(world, world.customer(), ("A-1", 3)).body["id"]
    amend(world, order, {"lines": [{"line": 1, "quantity": 5}]})
    cancel = {"lines": [{"line": 1, "quantity": 2}]}
    assert world.call("POST", f"/v1/orders/{order}/cancel", cancel).status == 200
    for version in (2, 3, 1):
        apply(world, order, version)

    world.stock("A-1", 3)
    books_hold(world)

    assert held(world, order) == (3, 0)


def test_nothing_is_given_where_an_order_waited_before(world: World) -> None:
    order = waiting(world, world.customer(), ("A-1", 2)).body["id"]
    cancel = {"lines": [{"line": 1, "quantity": 1}]}
    assert world.call("POST", f"/v1/orders/{order}/cancel", cancel).status == 200
    amend(world, order, {"priority": 9})
    for version in (1, 3):
        apply(world, order, version)
    world.stock("A-1", 1)
    wake(world)

    apply(world, order, 2)
    books_hold(world)

    assert held(world, order) == (1, 0)
