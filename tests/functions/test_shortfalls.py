"""Less is found than is promised: the youngest reservations become back-orders, and their owners are told."""

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from soms.orders import shortfall

from tests.world import Answer, World


@pytest.fixture
def world() -> Iterator[World]:
    with World.opened() as made:
        made.product("A-1")
        made.stock("A-1", 10)
        yield made


def ordered(world: World, customer: str, units: int, **more: Any) -> str:
    answer = world.order(customer, ("A-1", units), **more)
    assert answer.status == 201, answer.text
    return str(answer.body["id"])


def counted(world: World, units: int, **more: Any) -> Answer:
    body = {"counted": units, "reason": "count"}
    return world.call("POST", "/v1/stock/A-1/adjustments", body, as_="warehouse", **more)


def line(world: World, order: str) -> tuple[int, int]:
    found = world.call("GET", f"/v1/orders/{order}").body["lines"][0]
    return found["reserved"], found["backordered"]


def shelf(world: World) -> tuple[int, int, int, int]:
    body = world.call("GET", "/v1/stock/A-1").body
    return body["on_hand"], body["reserved"], body["available"], body["backordered"]


def books_hold(world: World) -> None:
    world.drain()
    assert world.broken() == []


def test_the_youngest_reservations_wait_unit_by_unit(world: World) -> None:
    customer = world.customer()
    old, middle, young = (ordered(world, customer, units) for units in (4, 3, 3))
    world.drain()

    answer = counted(world, 5)

    assert answer.status == 201, answer.text
    assert answer.body["movement"]["delta"] == {"on_hand": -5, "reserved": -5, "backordered": 5}
    assert [line(world, one) for one in (old, middle, young)] == [(4, 0), (1, 2), (0, 3)]
    assert shelf(world) == (5, 5, 0, 5)
    books_hold(world)


def test_what_is_found_later_goes_to_the_older_order_first(world: World) -> None:
    customer = world.customer()
    old, young = (ordered(world, customer, units) for units in (5, 5))
    world.drain()
    counted(world, 3)
    books_hold(world)
    assert [line(world, one) for one in (old, young)] == [(3, 2), (0, 5)]

    counted(world, 6)
    books_hold(world)

    assert [line(world, one) for one in (old, young)] == [(5, 0), (1, 4)]


def test_whoever_looks_after_the_order_is_told_and_the_timeline_says_so(world: World) -> None:
    customer = world.customer(salesperson="li")
    order = ordered(world, customer, 10)
    world.drain()
    counted(world, 8)
    world.drain()
    world.deliver("replenishment", world.records("INVENTORY_TABLE"))

    told = world.sales_mail()

    number = world.call("GET", f"/v1/orders/{order}").body["number"]
    assert len(told) == 1
    assert f"order {number} of Acme" in told[0]["Message"]
    assert f"订单 {number}" in told[0]["Message"]
    assert told[0]["MessageAttributes"]["salesperson"]["Value"] == "li"
    timeline = world.call("GET", f"/v1/orders/{order}/timeline").body["data"]
    lost = next(one for one in timeline if one["event"] == "order.reservation_lost")
    assert lost["changes"] == {"lines/1/reserved": [2, 0]}
    assert lost["reason"] == "count"


def test_a_count_while_the_movements_lag_is_to_be_tried_again(world: World) -> None:
    ordered(world, world.customer(), 10)

    refused = counted(world, 8)

    assert (refused.status, refused.code) == (503, "unavailable")
    assert int(refused.headers["Retry-After"]) >= 1
    assert shelf(world) == (10, 10, 0, 0)
    books_hold(world)
    assert counted(world, 8).status == 201
    books_hold(world)


def test_what_is_just_being_released_is_not_taken_from_anybody(world: World) -> None:
    order = ordered(world, world.customer(), 10)
    world.drain()
    world.call("POST", f"/v1/orders/{order}/cancel", {})

    refused = counted(world, 8)

    assert (refused.status, refused.code) == (503, "unavailable")
    books_hold(world)
    assert counted(world, 8).status == 201
    assert shelf(world) == (8, 0, 8, 0)
    books_hold(world)


def test_too_many_orders_are_refused_and_nothing_is_half_done(world: World) -> None:
    customer = world.customer()
    orders = [ordered(world, customer, 1) for _ in range(5)]
    world.drain()

    with patch.object(shortfall, "MOST_ORDERS", 3):
        refused = counted(world, 1)

    assert (refused.status, refused.code) == (409, "too_many_reservations")
    assert {line(world, one) for one in orders} == {(1, 0)}
    books_hold(world)


def test_more_cannot_be_lost_than_lies_there(world: World) -> None:
    body = {"delta": -11, "reason": "loss"}
    refused = world.call("POST", "/v1/stock/A-1/adjustments", body)
    assert (refused.status, refused.code) == (409, "insufficient_stock")
    assert refused.body["errors"][0]["meta"]["on_hand"] == 10


def test_a_quote_that_kept_what_is_missing_keeps_less(world: World) -> None:
    customer = world.customer()
    firm = ordered(world, customer, 6)
    quote = ordered(world, customer, 4, body={"status": "draft"})
    world.call("POST", f"/v1/orders/{quote}/quote", {"valid_days": 3, "reserve": True})
    world.drain()

    assert counted(world, 7).status == 201

    assert line(world, firm) == (6, 0)
    assert line(world, quote) == (1, 0)
    assert shelf(world) == (7, 7, 0, 0)
    books_hold(world)
    world.call("POST", f"/v1/orders/{quote}/lose", {})
    books_hold(world)
    assert shelf(world) == (7, 6, 1, 0)


def test_the_same_count_sent_twice_takes_once(world: World) -> None:
    order = ordered(world, world.customer(), 10)
    world.drain()
    first = counted(world, 7, key="count")
    again = counted(world, 7, key="count")
    books_hold(world)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.body["movement"]["delta"] == first.body["movement"]["delta"]
    assert line(world, order) == (7, 3)


def test_a_line_whose_queue_is_still_on_its_way_loses_nothing(world: World) -> None:
    customer = world.customer()
    allow = {"backorder": "allow"}
    order = ordered(world, customer, 12, body=allow)
    world.deliver("ledger", stock_records(world))

    assert counted(world, 7).status == 201
    books_hold(world)

    assert line(world, order) == (7, 5)
    assert shelf(world) == (7, 7, 0, 5)
    counted(world, 12)
    books_hold(world)
    assert line(world, order) == (12, 0)


def stock_records(world: World) -> list[dict[str, Any]]:
    records = world.records("INVENTORY_TABLE")
    return [one for one in records if one["dynamodb"].get("NewImage", {}).get("kind") == {"S": "stock"}]


def test_a_posted_count_that_finds_less_than_is_promised_lets_the_youngest_wait(world: World) -> None:
    customer = world.customer()
    old, young = (ordered(world, customer, units) for units in (6, 4))
    world.drain()
    count = world.call("POST", "/v1/counts", {"warehouse": "main", "skus": ["A-1"]}, as_="warehouse").body
    path = f"/v1/counts/{count['id']}"
    world.call("PUT", f"{path}/lines/A-1", {"counted": 7}, as_="warehouse")
    world.call("POST", f"{path}/submit", {"uncounted": "skip"}, as_="warehouse")

    posted = world.call("POST", f"{path}/post", {}, as_="warehouse")

    assert posted.status == 200, posted.text
    assert posted.body["status"] == "posted"
    books_hold(world)
    assert [line(world, one) for one in (old, young)] == [(6, 0), (1, 3)]
